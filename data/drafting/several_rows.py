"""Files with several rows an incident: what a row stands for, and what that makes of a person's rows."""

from collections import Counter
from collections.abc import Sequence

from data.drafting.column_facts import ColumnFacts
from data.drafting.heading_match import SURE_SCORE
from data.drafting.heading_words import field_words, match_heading
from data.drafting.record_keys import incidents_in_several_rows, key_of
from data.drafting.results import FieldDraft
from data.drafting.row_kinds import RowColumns, RowKinds, tell_rows
from data.drafting.work import SHARE_WITH_KEY, Work, headings_of
from data.mapping_toml import mapping_toml
from data.values import whole_number
from wording import _, format_count, join_words, ngettext

__all__ = ["settle_rows", "tell_rows_apart"]

# Columns that a question names.
_MOST_NAMED = 3
_FEWEST_INCIDENTS = 3  # of fewer, nobody can say that a number begins anew


def tell_rows_apart(work: Work) -> None:
    """What a row stands for, and what tells people apart."""
    number = work.match("incident_id")
    if number:
        _take_number_within_incident(work, number.column)
    person = work.columns_of_person()
    if number is None and not person:
        number = work.match("administration_id")
    work.incident = _numbered(work, number.column) if number else _time_of_person(work) if person else ()
    if not work.incident:
        return
    administration, counts = work.match("administration_id"), work.match("doses_given")
    kinds = tell_rows(
        work.treated,
        RowColumns(
            incident=work.incident,
            administration=administration.column if administration else None,
            person=person,
            described=work.all_columns("gender", "age_band", "person.age", "person.date_of_birth", "described_by"),
            drugs=work.all_columns("substances", "drug_number"),
            doses=work.all_columns("dose.given_at", "dose.kit", "dose.product") + _times_of_doses(work),
            counts=counts.column if counts else None,
            officers=work.all_columns("dose.officer"),
            dose=work.column_of("dose_number"),
            nobody_twice=work.nobody_twice,
        ),
        least_filled=SHARE_WITH_KEY,
    )
    if kinds.several:
        work.kinds = kinds
        event = work.match("occurred_at")
        if event and "dose" in kinds.kinds and event.column in _times_of_doses(work):
            work.found["dose.given_at"] = (event,)


def _numbered(work: Work, number: ColumnFacts) -> tuple[ColumnFacts, ...]:
    return (number, work.day_of_number) if work.day_of_number else (number,)


def _take_number_within_incident(work: Work, incident: ColumnFacts) -> None:
    """A number that begins anew with each incident tells its people apart, and is nobody's elsewhere."""
    match = work.match("person.identifier")
    if match is None or work.match("person_number"):
        return
    incidents = {row[incident.position] for row in work.treated}
    begun = Counter(number for _incident, number in {
        (row[incident.position], whole_number(row[match.column.position])) for row in work.treated
    })  # fmt: skip
    number, times = begun.most_common(1)[0] if begun else ("", 0)
    if number.isdecimal() and len(incidents) >= _FEWEST_INCIDENTS and 2 * times > len(incidents):
        work.found["person_number"] = work.found.pop("person.identifier")


def _times_of_doses(work: Work) -> tuple[ColumnFacts, ...]:
    """When it happened, where heading or cells say that it is a dose's time: one person has a row of each."""
    event = work.match("occurred_at")
    if event is None or "time" not in event.column.kinds or "dose.given_at" in work.found:
        return ()
    words = next(each for each in field_words(work.table) if each.field == "dose.given_at")
    timed = work.timed_doses or match_heading(words, event.column.plain) >= SURE_SCORE
    return (event.column,) if timed else ()


def _time_of_person(work: Work) -> tuple[ColumnFacts, ...]:
    """When it happened stands for an incident's number where there is none, and the person is known."""
    headings = work.columns.get("occurred_at", ())
    wanted = [headings] if isinstance(headings, str) else list(headings)
    return tuple(column for heading in wanted for column in work.facts if column.heading == heading)


def settle_rows(work: Work) -> None:
    """What several rows of a person are; where two people could be taken for one, the reader is asked."""
    kinds = work.kinds
    if kinds is None:
        _ask_of_alike_rows(work)
        _ask_of_unread(work)
        return
    found = [each for each in kinds.kinds if each == "substance" or len(work.raw.get("doses", ())) == 1]
    found = [each for each in found if each != "substance" or "substances" in work.raw]
    unsure = kinds.told_by in ("description", "nothing")
    if kinds.dose_number and "dose" in found:
        # Also where rows are not folded yet: then the answer to what a row is, is all that lacks.
        work.columns["dose_id"] = key_of(work, kinds.dose_number)
        work.used.add(kinds.dose_number.position)
        work.drafts.append(
            FieldDraft(
                field="dose_id",
                headings=(kinds.dose_number.heading,),
                confidence="likely",
                why=_("it numbers the doses of each person"),
            )
        )
    if unsure and found:
        _ask_who_is_who(work, kinds, found)
    elif found:
        work.raw["rows"] = found[0] if len(found) == 1 else found
        work.drafts.append(
            FieldDraft(
                field="rows",
                headings=headings_of(kinds.key),
                confidence="likely" if work.told_by_cells() else "sure",
                why=_("{rows}; those of one person differ in: {kinds}").format(
                    rows=incidents_in_several_rows(kinds), kinds=join_words([_kind_words()[each] for each in found])
                ),
            )
        )
        _ask_of_count(work, kinds, found)
    elif kinds.left:
        work.ask(
            "rows",
            _(
                "{rows} of the sample, and no drug, dose or person tells these rows apart. {differ} Rows that read the "
                "same are passed over, and others wait. Say what a row is: a drug, a dose or an officer's report. If "
                "they are of several people, add what tells these apart to the key of an administration."
            ).format(rows=incidents_in_several_rows(kinds), differ=_where_they_differ(work, kinds.key)),
            "person", "substance", "dose", "officer",
            in_mapping=_("rows, or columns.administration_id"),
        )  # fmt: skip
    if found:
        _settle_repeats(work, kinds, found, unsure=unsure)
        _ask_of_number(work, kinds, found)
    elif not kinds.left:
        _ask_of_alike_rows(work)
    if kinds.shared:
        _ask_one_or_two(work, kinds)


def _ask_who_is_who(work: Work, kinds: RowKinds, found: Sequence[str]) -> None:
    """Nothing is folded on a guess: one row of each key goes in, and the others wait until this is answered."""
    if not kinds.left:
        return
    telling = [column.heading for column in kinds.key if column not in work.incident]
    alike = (
        _("Of people at one incident who are alike in {headings}, nobody can say whose row is whose.").format(
            headings=join_words([f"“{heading}”" for heading in telling])
        )
        if telling
        else _("Nothing says whether the rows of an incident are one person or several.")
    )
    work.ask(
        "rows",
        _(
            "{rows} of the sample, and neither a number nor a name tells people apart. {alike} As it stands, one "
            "row of each goes in and the others wait. If each is one person, say what a row is: {kinds}."
        ).format(
            rows=incidents_in_several_rows(kinds),
            alike=alike,
            kinds=join_words([_one_words()[each] for each in found]),
        ),
        *dict.fromkeys(("person", _as_toml(found), '"substance"', '"dose"', '"officer"')),
        in_mapping=f"rows = {_as_toml(found)}",
    )


def _ask_of_count(work: Work, kinds: RowKinds, found: Sequence[str]) -> None:
    counts = work.match("doses_given")
    if "dose" in found and counts and kinds.counts == "unsure":
        work.ask(
            "doses",
            _("Is “{heading}” the number of doses of each entry, as it is read, or of the person in all?").format(
                heading=counts.column.heading
            ),
            in_mapping=_("if in all, doses_given under [columns], and no count under [[doses]]"),
        )


def _settle_repeats(work: Work, kinds: RowKinds, found: Sequence[str], *, unsure: bool) -> None:
    """Rows alike in every column are one row written twice, or so many doses: where a column counts them, it says."""
    if "dose" not in found or kinds.dose_number or not kinds.repeated:
        return
    if kinds.repeats_counted and not unsure:
        work.raw["repeats"] = "doses"
        return
    line = 'repeats = "doses"'
    _ask_of_repeats(work, kinds.repeated, in_mapping=f"rows = {_as_toml(found)} and {line}" if unsure else line)


def _ask_of_unread(work: Work) -> None:
    """Rows that read the same, and differ in columns that are not read, may be people or doses all the same."""
    read = [column for column in work.facts if column.position in work.used]
    rows = {tuple(row) for row in work.treated}
    alike = len(rows) - len({tuple(row[column.position] for column in read) for row in rows})
    if not read or not alike:
        return
    work.ask(
        "rows",
        ngettext(
            "{count} row of the sample says the same as another in all that is read. {differ} As it stands it is the "
            "same row written twice. If it is another person or one more dose, read the column that says so.",
            "{count} rows of the sample say the same as others in all that is read. {differ} As it stands they are the "
            "same rows written twice. If they are other people or more doses, read the column that says so.",
            alike,
        ).format(count=format_count(alike), differ=_where_they_differ(work, read)),
        in_mapping=_("rows, dose_id, or columns.administration_id"),
    )


def _where_they_differ(work: Work, alike: Sequence[ColumnFacts]) -> str:
    """The columns in which most rows differ that are alike in others."""
    groups: dict[tuple[str, ...], list[Sequence[str]]] = {}
    for row in {tuple(row) for row in work.treated}:
        groups.setdefault(tuple(row[column.position] for column in alike), []).append(row)
    several = [rows for rows in groups.values() if len(rows) > 1]
    differing = {
        column: sum(len({row[column.position] for row in rows}) > 1 for rows in several)
        for column in work.facts
        if column not in alike
    }
    most = sorted((column for column in differing if differing[column]), key=lambda each: -differing[each])
    headings = [f"“{column.heading}”" for column in most[:_MOST_NAMED]]
    return _("They differ in {headings}.").format(headings=join_words(headings)) if headings else ""


def _ask_of_alike_rows(work: Work) -> None:
    """Where rows differ in nothing, some may be doses all the same, if no column counts these or numbers them: one that
    says 1 in every row does not.
    """
    repeated = sum(count - 1 for count in Counter(map(tuple, work.treated)).values())
    counts = work.column_of("doses_given")
    one_each = counts is not None and {row[counts.position] for row in work.treated} == {"1"}
    counted = "doses_given" in work.columns or any("count" in dose for dose in work.raw.get("doses", ()))
    unsaid = one_each or (not counted and not work.match("administration_id"))
    if unsaid and repeated > (1 - SHARE_WITH_KEY) * len(work.treated):
        line = 'rows = "dose", repeats = "doses", [[doses]]'
        if counts is not None and one_each:
            line += f' count = "{counts.heading}"'
        _ask_of_repeats(work, repeated, in_mapping=line)


def _ask_of_repeats(work: Work, repeated: int, *, in_mapping: str) -> None:
    work.ask(
        "repeats",
        ngettext(
            "{count} row of the sample repeats another in every column. It is read as the same row written twice. "
            "If it is one more dose, say that a row is one dose and that one that repeats another is one more.",
            "{count} rows of the sample repeat another in every column. They are read as the same rows written twice. "
            "If each is one more dose, say that a row is one dose and that one that repeats another is one more.",
            repeated,
        ).format(count=format_count(repeated)),
        "same", "doses",
        in_mapping=in_mapping,
    )  # fmt: skip


def _ask_of_number(work: Work, kinds: RowKinds, found: Sequence[str]) -> None:
    """A column of 1, 2, 3 for each person may count doses or number them: two officers may report one and two."""
    if kinds.either is None:
        return
    heading = kinds.either.heading
    if kinds.either == kinds.dose_number:
        if "dose" in found:
            work.ask(
                "columns.dose_id",
                _(
                    "“{heading}” reads 1, 2 and so on for each person, so it is taken to number the doses. If it says "
                    "how many doses each row stands for, say so."
                ).format(heading=heading),
                in_mapping=_("no dose_id, and doses_given under [columns]"),
            )
        return
    work.ask(
        "columns.doses_given",
        _(
            "“{heading}” is read as how many doses there were, though it reads 1, 2 and so on for each person. If it "
            "numbers the doses, it is the number of the dose, and each row is one dose."
        ).format(heading=heading),
        in_mapping=_("{line} under [columns], and not doses_given").format(
            line=mapping_toml({"dose_id": key_of(work, kinds.either)}).strip()
        ),
    )


def _ask_one_or_two(work: Work, kinds: RowKinds) -> None:
    together = (*work.incident, *kinds.described)
    work.ask(
        "columns.administration_id",
        ngettext(
            "{count} incident has several numbers under “{heading}” for people who are described alike. Each "
            "number counts as a person. If it is one person treated twice, make the key of an administration of "
            "{together}.",
            "{count} incidents have several numbers under “{heading}” for people who are described alike. Each "
            "number counts as a person. If it is one person treated twice, make the key of an administration of "
            "{together}.",
            kinds.shared,
        ).format(
            count=format_count(kinds.shared),
            heading=kinds.key[0].heading,
            together=join_words([f"“{heading}”" for heading in headings_of(together)]),
        ),
        kinds.key[0].heading,
        *([" + ".join(headings_of(together))] if together else ()),
        in_mapping=mapping_toml({"administration_id": [key_of(work, each) for each in together]}).strip(),
    )


def _kind_words() -> dict[str, str]:
    return {"substance": _("drugs"), "dose": _("doses"), "officer": _("officers' reports")}


def _one_words() -> dict[str, str]:
    return {
        "substance": _("one drug of a person"),
        "dose": _("one dose of a person"),
        "officer": _("one officer's report on a person"),
    }


def _as_toml(texts: Sequence[str]) -> str:
    quoted = [f'"{text}"' for text in texts]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"
