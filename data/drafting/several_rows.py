"""Files with several rows an incident: which rows are of people treated, and what a row stands for."""

from collections.abc import Sequence

from data.drafting.column_facts import ColumnFacts
from data.drafting.heading_match import SURE_SCORE, Match
from data.drafting.record_keys import incidents_in_several_rows, key_of
from data.drafting.results import FieldDraft
from data.drafting.row_kinds import RowColumns, RowKinds, tell_rows
from data.drafting.work import SHARE_WITH_KEY, Work, headings_of
from data.mapping_toml import mapping_toml
from data.values import is_nothing, plain_value
from wording import _, format_count, format_share, join_words, ngettext

__all__ = ["leave_out_untreated", "settle_rows", "tell_rows_apart"]

# How a file says that naloxone was given, in plain form.
_GIVEN = frozenset({"y", "yes", "true", "t", "1"})


def leave_out_untreated(work: Work) -> None:
    """Where a column says whether naloxone was given at all, only rows that say so are of an administration."""
    match = work.match("naloxone_given")
    if match is None or match.score < SURE_SCORE or not match.cells_fit:
        _leave_out_unnumbered(work)
        return
    cells = [plain_value(text) for text in work.cells(match.column)]
    given = sorted(set(cells) & _GIVEN)
    # Ones alone may be doses.
    if not given or (set(given) == {"1"} and "0" not in cells):
        return
    if _says_both_of_a_person(work, cells):
        work.ask(
            "only",
            _(
                "“{heading}” says yes in some rows of one person and not in others, so no row is left out. People "
                "of whom no row says yes count too: take them out at the source, or by [only]."
            ).format(heading=match.column.heading),
        )
        return
    work.raw["only"] = {match.column.heading: given}
    work.treated = [row for row, cell in zip(work.sample.rows, cells, strict=True) if cell in given]
    left_out = len(cells) - len(work.treated)
    work.use("only", match, why=_("rows in which nobody was given naloxone are left out"))
    if left_out:
        work.ask(
            "only",
            ngettext(
                "{count} row of the sample does not say yes under “{heading}”. Such rows are left out: they are of "
                "no administration.",
                "{count} rows of the sample do not say yes under “{heading}”. Such rows are left out: they are of "
                "no administration.",
                left_out,
            ).format(count=format_count(left_out), heading=match.column.heading),
        )


def _says_both_of_a_person(work: Work, cells: Sequence[str]) -> bool:
    """Whether rows of one person say yes and no: to leave those out would lose what they say of drugs."""
    person, number = work.columns_of_person(), work.match("incident_id")
    key = (*person, *((number.column,) if number else ()))
    answers: dict[tuple[str, ...], set[bool]] = {}
    for row, cell in zip(work.sample.rows, cells, strict=True):
        answers.setdefault(tuple(row[column.position] for column in key), set()).add(cell in _GIVEN)
    both = sum(len(each) > 1 for each in answers.values())
    return bool(person) and both > (1 - SHARE_WITH_KEY) * len(answers)


def _leave_out_unnumbered(work: Work) -> None:
    """Many rows without the number of an administration and without a dose are of people who were given none."""
    match = work.match("administration_id")
    if match is None or work.match("incident_id") is None or match.score < SURE_SCORE:
        return
    filled = [row for row in work.sample.rows if not is_nothing(row[match.column.position])]
    if not filled or len(filled) >= SHARE_WITH_KEY * len(work.sample.rows):
        return
    of_doses = work.all_columns("doses_given", "dose.given_at", "dose.officer", "dose.kit", "dose.product")
    without = [row for row in work.sample.rows if is_nothing(row[match.column.position])]
    dosed = sum(any(not is_nothing(row[each.position]) for each in of_doses) for row in without)
    if not of_doses or dosed > (1 - SHARE_WITH_KEY) * len(without):
        return
    if _says_both_of_a_person(work, ["" if is_nothing(text) else "yes" for text in work.cells(match.column)]):
        work.ask(
            "only",
            _(
                "“{heading}” is filled in some rows of one person and empty in others, so no row is left out. "
                "People without any number count too: take them out at the source, or by [only]."
            ).format(heading=match.column.heading),
        )
        return
    work.raw["only"] = {match.column.heading: ["*"]}
    work.treated = filled
    work.use("only", match, why=_("rows without a number of an administration are left out"))
    work.ask(
        "only",
        _(
            "“{heading}” is empty in {share} of the rows. They are left out, as of people who were given no "
            "naloxone. If they were given some, take the line out of [only]."
        ).format(heading=match.column.heading, share=format_share(1 - len(filled) / max(len(work.sample.rows), 1))),
    )


def tell_rows_apart(work: Work) -> None:
    """What a row stands for, and what tells people apart."""
    number = work.match("incident_id")
    person = work.columns_of_person()
    if number is None and not person:
        number = work.match("administration_id")
    work.incident = (number.column,) if number else _time_of_person(work) if person else ()
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
            doses=work.all_columns("dose.given_at", "dose.kit", "dose.product"),
            counts=counts.column if counts else None,
            officers=work.all_columns("dose.officer"),
        ),
        least_filled=SHARE_WITH_KEY,
    )
    if kinds.several:
        work.kinds = kinds


def _time_of_person(work: Work) -> tuple[ColumnFacts, ...]:
    """When it happened stands for an incident's number where there is none, and the person is known."""
    headings = work.columns.get("occurred_at", ())
    wanted = [headings] if isinstance(headings, str) else list(headings)
    return tuple(column for heading in wanted for column in work.facts if column.heading == heading)


def settle_rows(work: Work) -> None:
    """What several rows of a person are; where two people could be taken for one, the reader is asked."""
    kinds = work.kinds
    if kinds is None:
        return
    found = [each for each in kinds.kinds if each == "substance" or len(work.raw.get("doses", ())) == 1]
    found = [each for each in found if each != "substance" or "substances" in work.raw]
    if kinds.dose_number and "dose" in found:
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
    if kinds.told_by in ("description", "nothing") and found:
        _ask_who_is_who(work, kinds, found)
    elif found:
        work.raw["rows"] = found[0] if len(found) == 1 else found
        work.drafts.append(
            FieldDraft(
                field="rows",
                headings=headings_of(kinds.key),
                confidence="sure",
                why=_("{rows}; those of one person differ in: {kinds}").format(
                    rows=incidents_in_several_rows(kinds), kinds=join_words([_kind_words()[each] for each in found])
                ),
            )
        )
        _ask_of_doses(work, kinds, found)
    elif kinds.left:
        work.ask(
            "rows",
            _(
                "{rows} of the sample, and no drug, dose or person tells these rows apart. Rows that read the same "
                "are passed over, and others wait. If they are of several people, name what tells these apart in "
                "administration_id; if each is a drug, a dose or an officer's report, say so in rows."
            ).format(rows=incidents_in_several_rows(kinds)),
            "person", "substance", "dose", "officer",
        )  # fmt: skip
    if kinds.shared:
        _ask_one_or_two(work, kinds)
    if other := work.match("given_by_others"):
        _ask_who_gave(work, other)


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
            "row of each goes in and the others wait. If each is one person, write rows = {answer}."
        ).format(rows=incidents_in_several_rows(kinds), alike=alike, answer=_as_toml(found)),
        *dict.fromkeys(("person", _as_toml(found), '"substance"', '"dose"', '"officer"')),
    )


def _ask_of_doses(work: Work, kinds: RowKinds, found: Sequence[str]) -> None:
    counts = work.match("doses_given")
    if "dose" in found and counts and kinds.counts == "unsure":
        work.ask(
            "doses",
            _(
                "Is “{heading}” the number of doses of each entry, as it is read, or of the person in all? If in "
                "all, write it as doses_given under [columns], and not as count under [[doses]]."
            ).format(heading=counts.column.heading),
        )
    if "dose" in found and kinds.repeated and not kinds.dose_number:
        work.ask(
            "repeats",
            ngettext(
                "{count} row of the sample repeats another in every column. It is read as the same row written "
                "twice. If it is one more dose, write repeats = \"doses\".",
                "{count} rows of the sample repeat another in every column. They are read as the same rows written "
                "twice. If each is one more dose, write repeats = \"doses\".",
                kinds.repeated,
            ).format(count=format_count(kinds.repeated)),
            "same", "doses",
        )  # fmt: skip


def _ask_one_or_two(work: Work, kinds: RowKinds) -> None:
    together = (*work.incident, *kinds.described)
    work.ask(
        "columns.administration_id",
        ngettext(
            "{count} incident has several numbers under “{heading}” for people who are described alike. Each "
            "number counts as a person. If it is one person treated twice, write {line} under [columns].",
            "{count} incidents have several numbers under “{heading}” for people who are described alike. Each "
            "number counts as a person. If it is one person treated twice, write {line} under [columns].",
            kinds.shared,
        ).format(
            count=format_count(kinds.shared),
            heading=kinds.key[0].heading,
            line=mapping_toml({"administration_id": [key_of(work, each) for each in together]}).strip(),
        ),
        kinds.key[0].heading,
        *([" + ".join(headings_of(together))] if together else ()),
    )


def _ask_who_gave(work: Work, match: Match) -> None:
    filled = work.filled(match.column)
    if not filled:
        return
    work.ask(
        "only",
        _(
            "“{heading}” names others who gave naloxone in {share} of the rows. These count as the police's. To "
            "leave them out, add {line} under [only]."
        ).format(
            heading=match.column.heading,
            share=format_share(filled),
            line=mapping_toml({match.column.heading: [""]}).strip(),
        ),
    )


def _kind_words() -> dict[str, str]:
    return {"substance": _("drugs"), "dose": _("doses"), "officer": _("officers' reports")}


def _as_toml(texts: Sequence[str]) -> str:
    quoted = [f'"{text}"' for text in texts]
    return quoted[0] if len(quoted) == 1 else f"[{', '.join(quoted)}]"
