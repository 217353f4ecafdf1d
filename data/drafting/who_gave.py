"""Who gave the naloxone of a file that does not say it is the police's: asked where rows may be of others."""

import re
from collections import Counter
from itertools import chain

from data.drafting.column_facts import ColumnFacts
from data.drafting.heading_match import Match, speaks_of_naloxone
from data.drafting.heading_words import plain_words
from data.drafting.second_files import named_for_naloxone
from data.drafting.services import POLICE, column_of_givers, is_service, names_others, says_services, service_of
from data.drafting.treated import NOT_GIVEN, only_line
from data.drafting.work import Work
from data.values import is_nothing, plain_value
from wording import _, format_share, join_words

__all__ = ["ask_who_gave"]

# "Given by officer", "Police administered", "Donné par agent", with yes or no in it.
_BY_POLICE = re.compile(
    r"\b(?:given|administered|provided) by (?:an? |the )?(?:police|officers?|pd|deput(?:y|ies)|sheriffs?)\b"
    r"|\b(?:police|officers?|pd|deput(?:y|ies)|sheriffs?) (?:has |have )?(?:given|gave|give|administered)\b"
    r"|\bpar (?:un |une |l |le |la |les )?(?:agente?s?|polic\w+|gendarmes?)\b"
)
_YES_IN_ANY_LANGUAGE = frozenset({
    "yes", "y", "true", "t", "1", "x", "ticked", "checked", "✓", "✔", "oui", "ja", "ydy", "oes", "do", "oedd", "tá",
    "sea", "sí", "si", "sim", "tak",
})  # fmt: skip
_NO_IN_ANY_LANGUAGE = frozenset({
    "no", "n", "false", "f", "0", "non", "nein", "nee", "nej", "na", "nac", "naddo", "nage", "níl", "ní", "hea", "não",
    "nie",
})  # fmt: skip
# Whose record a row is, which may tell who gave naloxone.
_AGENCY = re.compile(
    r"(?:(?:responding|response|reporting|treating|attending) )?(?:agency|service|organi[sz]ation|responder|provider)"
    r"(?: (?:type|category))?"
)
# Rarer words could be anybody's.
_OFTEN = 3
# Where others gave naloxone in more of the rows than this, to leave them out would leave next to nothing.
_MOST_BY_OTHERS = 0.8


def ask_who_gave(work: Work) -> None:
    """Police naloxone administrations are shown: a file that does not say who gave it may be of paramedics too."""
    if other := work.match("given_by_others"):
        _ask_of_others(work, other)
        return
    if by_police := _column_of_police_or_not(work):
        _ask_of_rows_without_police(work, by_police)
        return
    if by := column_of_givers(work):
        if by.heading not in work.raw.get("only", {}):
            said = _("“{heading}” says who gave naloxone{words}, and all of its rows count as the police's.")
            _ask_of_services(work, by, said)
        return
    if (
        not named_for_naloxone(work.sample.label, work.known_sources)
        and not speaks_of_naloxone(work.facts)
        and not any(each.setting == "joins" for each in work.questions)
    ):
        work.ask(
            "target",
            _(
                "Nothing in the file speaks of naloxone, and each row counts as a police naloxone administration. Is it"
                " a list of overdose calls, deaths or offences? Then say that it is about these."
            ),
            in_mapping=_("{line}; “map --table risk_events” drafts it so").format(line='target = "risk_events"'),
        )
        return
    agencies = [each for each in work.facts if _AGENCY.fullmatch(each.plain) and says_services(work, each)]
    if of_others := next((each for each in agencies if _names_others_often(work, each)), None):
        said = _("“{heading}” names services{words}, and all of its rows count as the police's.")
        _ask_of_services(work, of_others, said)
        return
    words = chain.from_iterable(map(service_of, work.cells(each)) for each in agencies)
    told = [*(column.plain for column in work.facts), plain_words(work.sample.label), *words]
    of_naloxone = any(name in work.found for name in ("naloxone_given", "doses_given"))
    constables = any(each.plain.startswith("pc") for each in work.all_columns("dose.officer"))
    if of_naloxone and not constables and not any(POLICE.search(each) for each in told):
        work.ask(
            "only",
            _(
                "Nothing in the file says who gave naloxone: police, paramedics or others. All of its rows count as"
                " the police's. If it has others' too, leave these out at the source."
            ),
        )


def _ask_of_services(work: Work, column: ColumnFacts, said: str) -> None:
    """Whether to leave out the rows in which a column names others than the police."""
    words = _words_of_services(work, column)
    of_police = [word for word in words if POLICE.search(word)]
    named = _(" ({words})").format(words=join_words([f"“{each}”" for each in words])) if words else ""
    work.ask(
        "only",
        f"{said.format(heading=column.heading, words=named)} {_('Leave out those that others treated.')}",
        in_mapping=_("the police's words, as in {line}").format(line=only_line(column, of_police or ["police"])),
    )


def _names_others_often(work: Work, column: ColumnFacts) -> bool:
    return sum(names_others(service_of(text)) for text in work.cells(column)) >= _OFTEN


def _words_of_services(work: Work, column: ColumnFacts) -> list[str]:
    """What a column calls those who gave naloxone: frequent words that are made of services' names alone."""
    counts = Counter(service_of(text) for text in work.cells(column) if not is_nothing(text))
    return sorted(text for text, cells in counts.items() if cells >= _OFTEN and is_service(text))


def _column_of_police_or_not(work: Work) -> ColumnFacts | None:
    """A column that says by yes and no, or by a tick, whether police gave naloxone."""
    for column in work.facts:
        words = {word for text in work.cells(column) if not is_nothing(text) for word in plain_value(text).split("_")}
        answers = words and words <= _YES_IN_ANY_LANGUAGE | _NO_IN_ANY_LANGUAGE
        if answers and _BY_POLICE.search(column.plain):
            return column
    return None


def _ask_of_rows_without_police(work: Work, column: ColumnFacts) -> None:
    """Rows in which the column does not say that police gave naloxone; where all do, nothing is left to ask."""
    cells = [plain_value(row[column.position]) for row in work.treated]
    yes = [bool(cell) and set(cell.split("_")) <= _YES_IN_ANY_LANGUAGE for cell in cells]
    share = 1 - sum(yes) / max(len(yes), 1)
    given = work.match("naloxone_given")
    # Whether naloxone was given at all is asked about before.
    if not share or not any(yes) or (given and given.column is column):
        return
    by_police = sorted({cell for cell, said in zip(cells, yes, strict=True) if said})
    work.ask(
        "only",
        _(
            "“{heading}” does not say in {share} of the rows that police gave naloxone, and all rows count as the "
            "police's. Leave out those that others treated."
        ).format(heading=column.heading, share=format_share(share)),
        in_mapping=only_line(column, by_police),
    )


def _ask_of_others(work: Work, match: Match) -> None:
    """Naloxone that others gave too, as it says in words, or by yes and no: police may have given more after it."""
    cells = [plain_value(row[match.column.position]) for row in work.treated]
    by_police = sorted({cell for cell in cells if is_nothing(cell) or cell in NOT_GIVEN})
    share = sum(cell not in by_police for cell in cells) / max(len(cells), 1)
    if not share:
        return
    if share > _MOST_BY_OTHERS:
        # A column that is filled nearly always says something else: who gave the first dose, or a name.
        work.ask(
            "only",
            _(
                "“{heading}” speaks of others who gave naloxone in {share} of the rows, and all rows count as the "
                "police's. Is it a file of naloxone that police gave? If not, do not import it."
            ).format(heading=match.column.heading, share=format_share(share)),
        )
        return
    work.ask(
        "only",
        _(
            "“{heading}” says in {share} of the rows that others gave naloxone. These rows count as the police's too, "
            "as of people to whom police gave some as well. If police gave them none, leave them out."
        ).format(heading=match.column.heading, share=format_share(share)),
        in_mapping=only_line(match.column, by_police),
    )
