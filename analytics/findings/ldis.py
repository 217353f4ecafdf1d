"""A record of an alert or a panel for the Local Drug Information System: no person, no exact place, every part named.

Each part is a row with its name, its value and its meaning; the JSON holds the same under the same names. The schema's
version changes with any name or meaning. README lists the names.
"""

import json
from datetime import datetime

from analytics.disclosure import Column, DisclosedTable, tabulate_cells
from analytics.findings.panel import Panel
from analytics.findings.question import Question
from wording import _

__all__ = ["LDIS_SCHEMA", "ldis_json", "ldis_record"]

LDIS_SCHEMA = "naloxone-watch-ldis-1"


def ldis_record(question: Question, panel: Panel, *, now: datetime) -> DisclosedTable:
    """The record as rows of name, value and meaning, at the precision of the question's audience."""
    scene, alert = panel.scene, panel.scene.alert
    substances, response = panel.section("substances").table, panel.section("response").table
    parts = [
        ("schema", LDIS_SCHEMA, _("Name and version of this record's schema")),
        ("id", scene.id, _("Number of the alert or panel")),
        ("made_at", now.isoformat(timespec="minutes"), _("When this record was made, with offset")),
        ("force", question.settings.force, _("Police force")),
        ("synthetic", "yes" if question.store.synthetic else "no", _("Whether the records are invented")),
        ("kind", "alert" if alert else "reported", _("Raised from records, or reported by people and not confirmed")),
        ("status", alert.status if alert else _("reported, not confirmed"), _("What has become of it")),
        ("first_day", scene.first_day.isoformat(), _("First day, ISO 8601")),
        ("last_day", scene.last_day.isoformat(), _("Last day, ISO 8601")),
        ("areas", "; ".join(scene.area_codes), _("Codes of the small areas")),
        ("place", scene.place, _("The place in words")),
        ("headline", scene.headline, _("What was seen, with its chance; it does not show a cause")),
        ("administrations", panel.administrations.text, _("Police naloxone administrations in these areas and days")),
        ("streams", "; ".join(alert.streams) if alert else "", _("Independent streams in the same areas and days")),
        *(
            (f"substance_{number}", "; ".join(row), _("Substance; how sure; people, who may count under several"))
            for number, row in enumerate(substances.rows, start=1)
        ),
        *(
            (f"response_{number}", "; ".join(row), _("Doses or condition; people"))
            for number, row in enumerate(response.rows, start=1)
        ),
        ("caveat", panel.caveat, _("What this record cannot show")),
    ]
    columns = [Column(heading=heading) for heading in ("name", "value", "meaning")]
    return tabulate_cells(columns=columns, rows=parts, caption="")


def ldis_json(record: DisclosedTable, *, marks: tuple[str, ...]) -> bytes:
    """The record as JSON: its marks, and name to value; meanings are in README."""
    values = {name: value for name, value, _meaning in record.rows}
    return json.dumps({"marks": list(marks), **values}, ensure_ascii=False, indent=2).encode("utf-8")
