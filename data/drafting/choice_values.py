"""Values of closed lists: what the words of a column mean, and whether the column is the field's at all."""

import re
from collections import Counter
from collections.abc import Set
from dataclasses import replace

from data import schema
from data.drafting.coded_headings import codes_of
from data.drafting.column_facts import ColumnFacts
from data.drafting.finding_words import finding_of
from data.drafting.heading_match import LIKELY_SCORE, SURE_SCORE, Match
from data.drafting.results import UnknownValues
from data.drafting.work import Work
from data.mapping import SubstanceLayout, mapped_fields
from data.value_words import SAY_ALIVE, band_of_range, certain_words, may_be_shown, translate, whole_words, yes_no_means
from data.values import Texts, is_nothing, known_choices, meaning_of, plain_value, whole_number
from wording import _, format_count, format_share, ngettext

__all__ = ["drop_doubtful", "read_values", "words_of_names"]

# A column of which more values than this are strange is something else.
_SHARE_UNKNOWN = 0.5
# The same of a column whose heading tells nothing of the field.
_SHARE_UNKNOWN_OUTCOMES = 0.1
# Headings that only their words tell the meaning of.
_OF_ANYTHING = frozenset({"outcome", "result", "role", "status"})
# Of a column whose heading only may be a person's, fewer different texts are no names.
_SHARE_OF_NAMES_THAT_DIFFER = 0.1
_LABEL = re.compile(
    r"(?:(?:patient|person|subject|casualty|victim|individual)\W{0,3})?(?:[a-z]|\d{1,2})", re.IGNORECASE
)
_SHARE_LABELS = 0.95
# Words of forms in two languages: "Yes / Oui" says no officer's name.
_ANSWERS = frozenset({
    "yes", "no", "y", "n", "true", "false", "oui", "non", "ja", "nein", "nee", "nej", "ie", "ydy", "oes", "nac", "oedd",
    "nage", "naddo", "na", "do", "tá", "níl", "sea", "ní", "hea", "sí", "si", "sim", "não", "tak", "nie", "1", "0",
    "x", "ticked", "checked", "✓", "✔",
})  # fmt: skip
# One word in so many rows names nobody who gave it.
_FEWEST_OF_ONE_WORD = 10
_MOST_PEOPLE = 20


def drop_doubtful(work: Work) -> None:
    """A column taken for a field by half its heading, and of whose values few are known, is not that field's."""
    fields = {f"wait.{name}": ("waits", name) for name in ("outcome",)}
    fields |= {f"dose.{name}": ("doses", name) for name in ("officer_role",)}
    fields |= {"certainty": ("substances", "certainty")}
    if _has_respondents(work):
        work.found.pop("person.name", None)
    for name in ("person.name", "person.first_name", "person.last_name"):
        # "Patient homeless" has a word for people in it, and is no name: few people share one.
        held = work.found.get(name, ())
        labels = tuple(match for match in held if _are_labels(work, match.column))
        kept = tuple(match for match in held if match not in labels and _may_be_names(match))
        if labels:
            # "A" and "B" tell the people of one incident apart, and would make one person of all that are called so.
            work.found.setdefault("person_number", labels[:1])
        work.found = {each: matches for each, matches in work.found.items() if each != name}
        if kept:
            work.found[name] = kept
    _tell_who_died(work)
    _tell_outcome_from_condition(work)
    _drop_answers_for_officers(work)
    _take_numbers_of_recipients(work)
    for name, matches in list(work.found.items()):
        table, plain = fields.get(name, ("", name))
        about = schema.table_named(table).field(plain) if table else mapped_fields(work.table).get(plain)
        if about is None or not about.values or name == "kind":
            continue
        kept = tuple(
            match if known else replace(match, cells_fit=False)
            for match in matches
            if (known := _values_known(work, about, match.column))
            or (match.score >= SURE_SCORE and match.column.plain not in _OF_ANYTHING)
        )
        if kept:
            work.found[name] = kept
        else:
            del work.found[name]


def _drop_answers_for_officers(work: Work) -> None:
    """ "Officer gave" with one word in every row, or with yes and no, names no officer."""
    kept = []
    for match in work.found.pop("dose.officer", ()):
        texts = {plain_value(text) for text in work.cells(match.column) if not is_nothing(text)}
        words = {word for text in texts for word in text.split("_")}
        same = len(texts) == 1 and match.column.looked_at >= _FEWEST_OF_ONE_WORD
        if not texts or not (words <= _ANSWERS or (same and not any(map(str.isdigit, "".join(texts))))):
            kept.append(match)
    if kept:
        work.found["dose.officer"] = tuple(kept)


def _take_numbers_of_recipients(work: Work) -> None:
    """ "Recipient" with 1 and 2 in it is no type: the number of the person, where one incident has several."""
    match, incident = work.match("recipient_type"), work.match("incident_id")
    numbers = [whole_number(text) for text in work.cells(match.column) if not is_nothing(text)] if match else []
    if match is None or not numbers or not all(n.isdecimal() and int(n) <= _MOST_PEOPLE for n in numbers):
        return
    del work.found["recipient_type"]
    if incident is None or work.match("person_number"):
        return
    pairs = set(zip(work.cells(incident.column), map(whole_number, work.cells(match.column)), strict=True))
    if len(pairs) > len({number for number, _person in pairs}):
        work.found["person_number"] = (replace(match, score=LIKELY_SCORE, cells_fit=True),)


def _has_respondents(work: Work) -> bool:
    """Whether "Name" is whoever filled the form in: online forms put it behind their times and "Email"."""
    plain = {column.plain for column in work.facts}
    match = work.match("person.name")
    return bool(match) and match.column.plain == "name" and {"completion time", "email"} <= plain


def _tell_who_died(work: Work) -> None:
    """A column of how awake people were, or of how a wait ended, that says of some that they died: it says who lived.

    It stays what its heading makes it too where its other words are known as such. Without any clock of the ambulance,
    how people were left is no end of a wait.
    """
    fields = mapped_fields(work.table)
    alive, condition = fields.get("alive_at_handover"), fields.get("condition_after")
    clocks = any(name in work.found for name in ("wait.minutes", "wait.started_at", "wait.ended_at"))
    ends = schema.table_named("waits").field("outcome")
    for name, about in (("condition_after", condition), ("wait.outcome", ends)):
        match = work.match(name)
        if alive is None or about is None or match is None or "alive_at_handover" in work.found:
            continue
        counts = Counter(text for text in work.cells(match.column) if not is_nothing(text))
        words = certain_words(alive, yes_no={})
        by_what_else = {plain_value(word): word for word in SAY_ALIVE}
        died = {text for text in counts if meaning_of(text, words) == "died"}
        if not died or not _values_known(work, alive, match.column, share_unknown=_SHARE_UNKNOWN_OUTCOMES):
            continue
        work.found["alive_at_handover"] = (replace(match, score=min(match.score, LIKELY_SCORE), cells_fit=True),)
        _known, unknown = translate(about, counts.keys() - died, yes_no={})
        others = counts.total() - sum(counts[text] for text in died)
        if sum(counts[text] for text in unknown) > _SHARE_UNKNOWN * others and (name != "wait.outcome" or not clocks):
            del work.found[name]
        if any(meaning_of(text, by_what_else) for text in counts):
            work.ask(
                "columns.alive_at_handover",
                ngettext(
                    "“{heading}” says in {count} row that somebody died. It is read as whether people were alive when "
                    "police handed them over: those awake, taken away or gone count as alive. Is it so?",
                    "“{heading}” says in {count} rows that somebody died. It is read as whether people were alive when "
                    "police handed them over: those awake, taken away or gone count as alive. Is it so?",
                    sum(counts[text] for text in died),
                ).format(heading=match.column.heading, count=format_count(sum(counts[text] for text in died))),
            )


def _tell_outcome_from_condition(work: Work) -> None:
    """An outcome or a result is how awake somebody was, whether they lived, or how sure a finding is: by its words."""
    match, fields = work.match("condition_after"), mapped_fields(work.table)
    if not match or _values_known(work, fields["condition_after"], match.column):
        return
    others = {name: fields[name] for name in ("taken_to_hospital", "alive_at_handover")}
    if "substances" in work.found:
        others["certainty"] = schema.table_named("substances").field("certainty")
    for name, about in others.items():
        if name not in work.found and _values_known(work, about, match.column, share_unknown=_SHARE_UNKNOWN_OUTCOMES):
            # Nothing but its words says so.
            work.found[name] = (replace(match, score=min(match.score, LIKELY_SCORE)),)
            del work.found["condition_after"]
            return
    if match.column.plain in _OF_ANYTHING:
        del work.found["condition_after"]


def _values_known(
    work: Work, about: schema.Field, column: ColumnFacts, *, share_unknown: float = _SHARE_UNKNOWN
) -> bool:
    cells = [text for text in work.cells(column) if not is_nothing(text)]
    counts = Counter(cells)
    _known, unknown = _translated(about, column, counts)
    return sum(counts[text] for text in unknown) <= share_unknown * len(cells)


def read_values(work: Work) -> None:
    """Values of closed lists into [values]; others are counted, and shown only where they are plainly categories.

    A column that was taken for a field by half its heading, and of whose values few are known, is not that field.
    """
    values: dict[str, dict[str, str]] = dict(work.raw.get("values", {}))
    names = words_of_names(work)
    of = {
        name: {column for about, column in work.choice_columns if about.name == name}
        for name in ("substance", "certainty")
    }
    findings = of["substance"] & of["certainty"]
    for about, column in work.choice_columns:
        cells = work.cells(column)
        known_whole = whole_words(about) if about.name == "substance" else frozenset()
        texts = _items(cells, known_whole) if known_whole else [text for text in cells if not is_nothing(text)]
        counts = Counter(texts)
        known, unknown = _translated(about, column, counts)
        if column in findings:
            part = 0 if about.name == "substance" else 1
            counts = Counter(text for text in cells if not is_nothing(text))
            known = {plain_value(text).replace("_", " "): read[part] for text in counts if (read := finding_of(text))}
            unknown = [text for text in counts if finding_of(text) is None]
        if about.name == "age_band":
            known = _without_read_ages(known, counts)
        if known:
            values[about.name] = values.get(about.name, {}) | known
        if about.name == "age_band":
            _tell_lost_ages(work, column, counts)
        if unknown:
            held = {text: counts[text] for text in unknown}
            work.unknown.append(
                UnknownValues(
                    field=about.name,
                    heading=column.heading,
                    distinct=len(unknown),
                    cells=sum(held.values()),
                    shown=may_be_shown(held, filled=sum(counts.values()), names=names),
                )
            )
    work.raw["values"] = values


def _translated(about: schema.Field, column: ColumnFacts, counts: Counter[str]) -> tuple[dict[str, str], list[str]]:
    """What a column's texts mean, and those that stay unknown; codes mean what the heading says."""
    codes = codes_of(column.heading)
    coded = [text for text in counts if plain_value(whole_number(text)) in codes]
    yes_no = yes_no_means(about.name, column.plain)
    known, unknown = translate(about, [text for text in counts if text not in coded], yes_no=yes_no)
    words = known_choices(about, certain_words(about, yes_no=yes_no))
    for text in coded:
        if value := words.get(plain_value(codes[plain_value(whole_number(text))])):
            known[plain_value(text).replace("_", " ")] = value
        else:
            unknown.append(text)
    return known, unknown


def _without_read_ages(known: dict[str, str], counts: Counter[str]) -> dict[str, str]:
    """Words for ages but for the years and ranges that an import reads by itself; "60+" and "60" are one word."""
    bands = {text: band for text in counts if (band := band_of_range(text))}
    lost = {plain_value(text) for text, band in bands.items() if band == schema.NOT_RECORDED}
    read = {plain_value(text) for text in bands} - lost
    left = {text: band for text, band in known.items() if plain_value(text) not in read}
    return left | {text: schema.NOT_RECORDED for text in left if plain_value(text) in lost}


def _tell_lost_ages(work: Work, column: ColumnFacts, counts: Counter[str]) -> None:
    lost = sum(count for text, count in counts.items() if band_of_range(text) == schema.NOT_RECORDED)
    if lost:
        work.advice.append(
            _(
                "In {share} of the cells of “{heading}” the range of ages lies across two of the bands that are "
                "kept: those ages are stored as not recorded. Ages in years or dates of birth would be kept."
            ).format(share=format_share(lost / max(sum(counts.values()), 1)), heading=column.heading)
        )


def words_of_names(work: Work) -> set[str]:
    """The words of every name in the sample: a value that has one is a name in the wrong column."""
    columns = [
        match.column
        for name, matches in work.found.items()
        if name.startswith("person.") or "officer" in name
        for match in matches
        if "name" in match.column.kinds
    ]
    return {word for column in columns for cell in work.cells(column) for word in plain_value(cell).split("_")}


def _are_labels(work: Work, column: ColumnFacts) -> bool:
    """Whether people are called by a letter or a number alone, as in "A", "2" or "Patient B"."""
    cells = [text for text in work.cells(column) if not is_nothing(text)]
    return bool(cells) and sum(bool(_LABEL.fullmatch(text.strip())) for text in cells) >= _SHARE_LABELS * len(cells)


def _may_be_names(match: Match) -> bool:
    column = match.column
    return match.score >= SURE_SCORE or column.distinct >= _SHARE_OF_NAMES_THAT_DIFFER * column.looked_at


def _items(cells: Texts, known_whole: Set[str]) -> list[str]:
    """The single substances of cells that may hold several, each cell whole where it is known whole."""
    split = re.compile("|".join(re.escape(each) for each in SubstanceLayout(columns=("-",)).separators), re.IGNORECASE)
    return [
        item.strip()
        for cell in cells
        if not is_nothing(cell)
        for item in ([cell] if plain_value(cell) in known_whole else split.split(cell))
        if item.strip()
    ]
