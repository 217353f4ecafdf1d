"""Whether a file adds to records of another one, and under whose name its records are kept."""

from typing import Any

from data import schema
from data.drafting.heading_match import Match, ambulance_file, police_reference
from data.drafting.work import Work
from data.mapping import FORM_TABLE, mapped_fields
from wording import _

__all__ = ["STREET_SOURCE", "ask_for_parent", "find_joins", "source_name"]

# Public street-level files.
STREET_SOURCE = "data.police.uk"
_STREET_HEADINGS = frozenset({"crime id", "falls within", "crime type"})
# Whose name a file's records are kept under where nobody says better.
_SOURCES = {
    "administrations": "naloxone form",
    "carriers": "carriers",
    "shifts": "roster",
    "kits": "kit ledger",
    "requests": "carrier requests",
    "follow_up": "follow-up",
    "risk_events": "risk events",
    "waits": "ambulance clocks",
    "populations": "populations",
}


def ask_for_parent(work: Work) -> None:
    """Ask about a file that says where and who, and nothing of anybody treated: it may add to other records."""
    own = mapped_fields(FORM_TABLE).keys() - schema.table_named("incidents").names - {"recorded_at", "officer_area"}
    of_people = ("person.", "substances", "dose.count", "dose.product", "dose.kit")
    if work.known_sources and not any(name in own or name.startswith(of_people) for name in work.found):
        work.ask(
            "joins",
            _(
                "Nothing here tells of a person who was treated. Does the file add places or times to records that"
                " are in the store already? Then set joins to incidents, parent_source to their source, and [match]"
                " to the columns of day and officer; else each row becomes an administration of its own."
            ),
            "incidents",
        )


def find_joins(work: Work) -> dict[str, Any]:
    """Whether the file adds to records that came from another: ambulance clocks, or no time of its own."""
    clocks = work.match("wait.ended_at") or work.match("wait.minutes") or work.match("call_category_before")
    ambulance = ambulance_file(work.facts) and clocks is not None
    event = work.match("occurred_at")
    timeless = not (event and event.cells_fit) and not any(each.kinds & {"time", "date"} for each in work.facts)
    key = _police_key(work) if ambulance else work.match("incident_id") or work.match("administration_id")
    if not (ambulance or timeless) or not key:
        return {}
    work.found["incident_id"] = (key,)
    work.found.pop("occurred_at", None)
    work.found.pop("administration_id", None)
    own = mapped_fields(FORM_TABLE).keys() - schema.table_named("incidents").names
    about_people = any(name in own for name in work.found if name != "recorded_at")
    joins = "administrations" if timeless and (about_people or "substances" in work.found) else "incidents"
    no_place_for = (
        ("dose.", "person.") if joins == "administrations" else ("dose.", "person.", "substances", "certainty")
    )
    work.found = {
        name: matches
        for name, matches in work.found.items()
        if not name.startswith(no_place_for) and (joins == "administrations" or name not in own)
    }
    found = {"joins": joins}
    others = [each for each in work.known_sources if each != source_name(work, found)]
    # Without a name that is known, the one that a form's own draft gives it.
    found["parent_source"] = (*others, _SOURCES[FORM_TABLE])[0]
    if len(others) != 1:
        work.ask(
            "parent_source",
            _("Under which source were the records imported that this file adds to? Name it as parent_source."),
            *others,
        )
    return found


def _police_key(work: Work) -> Match | None:
    """The police's number in an ambulance service's file, else its only number."""
    if named := police_reference(work.facts):
        return named
    match = work.match("incident_id")
    if match:
        work.ask(
            "columns.incident_id",
            _("Is “{heading}” the police's number? Without it the clocks find no record.").format(
                heading=match.column.heading
            ),
        )
    return match


def source_name(work: Work, joins: dict[str, Any]) -> str:
    """Whose name the file's records are kept under."""
    plain = {column.plain for column in work.facts}
    if plain >= _STREET_HEADINGS:
        return STREET_SOURCE
    if joins:
        return "ambulance CAD" if ambulance_file(work.facts) else "joined file"
    return "Niche" if any(each.startswith(("niche", "occurrence")) for each in plain) else _SOURCES[work.table]
