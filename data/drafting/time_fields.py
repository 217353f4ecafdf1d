"""The columns of times: when it happened, a date with its time of day, and how all of them are written."""

import re
from collections.abc import Sequence
from typing import Any

import pandas as pd

from data.drafting.clock_columns import CLOCK_WORDS, clocks_of_doses, hour_forms, is_clock, is_day
from data.drafting.column_facts import ColumnFacts
from data.drafting.form_words import OTHER_TIMES
from data.drafting.heading_match import LIKELY_SCORE, Match
from data.drafting.times import TimesGuess, guess_times
from data.drafting.work import Work, headings_of
from data.mapping import MONTHS_ALLOWED_IN, mapped_fields
from data.time_texts import month_forms
from data.values import parse_moments
from wording import _, format_count, ngettext

__all__ = ["clock_beside", "day_of", "lacks_date", "read_time_of_event", "read_times", "readable_time", "time_headings"]

# Headings of a call, and of when naloxone was given; and how many rows must have the latter.
_CALL = r"(?:call|called|999|alarm|received|reported)"
_TIME_GIVEN = (
    r"(?:naloxone|narcan|nyxoid|administration|administered)(?: (?:given|used|administered))?(?: at)? time|"
    r"time (?:of )?(?:naloxone|narcan|nyxoid|administration|administered|given)(?: (?:given|used|administered))?"
)
_SHARE_TIMED = 0.9
_CLOCKS = tuple(
    re.compile(rf"\b(?:{words})\b")
    for words in ("incident|event|occurr[a-z]+|offence", "naloxone|narcan|nyxoid|dose|given|administ[a-z]+|used", _CALL)
)
# Days whose clock is mostly blank are days.
_SHARE_WITH_CLOCK = 0.5
_STARTS = re.compile(r"(?:shift |duty |roster(?:ed)? )?(?:starts?|from|begins?|on)")
# Days that are all the first of as many months are no accident.
_FEWEST_MONTHS = 3
# Of so many months in so many rows, they are read as months; of fewer, where the heading says month.
_MONTHS_BEYOND_DOUBT, _ROWS_BEYOND_DOUBT = 4, 12


def read_time_of_event(work: Work) -> None:
    """The time of the event; asked for where no heading names it."""
    if "occurred_at" not in mapped_fields(work.table):
        return
    match = work.match("occurred_at")
    if match is None:
        times = [column for column in work.facts if column.kinds & {"time", "date"}]
        if not times:
            work.ask("columns.occurred_at", _("Which column says when it happened? None looks like a date."))
            return
        match = Match(column=times[0], score=0.4, cells_fit=True, alternatives=headings_of(times[1:4]))
        work.found["occurred_at"] = (match,)
        work.ask("columns.occurred_at", _("Is “{heading}” when it happened?").format(heading=match.column.heading))
    work.columns["occurred_at"] = _of_doses(work, match) or _of_naloxone(work, match) or time_headings(work, match)
    work.use("occurred_at", match, headings=work.columns["occurred_at"])
    read = work.columns["occurred_at"]
    rivals = [heading for heading in match.rivals if heading not in ([read] if isinstance(read, str) else read)]
    if rivals or (match.score < LIKELY_SCORE and match.alternatives):
        work.ask(
            "columns.occurred_at",
            _("Is “{heading}” when naloxone was given? Other columns hold times too.").format(
                heading=match.column.heading
            ),
            match.column.heading,
            *(rivals or match.alternatives),
        )


def _of_naloxone(work: Work, call: Match) -> list[str]:
    """The date of a call and the time of day at which naloxone was given, where a file has it; else nothing."""
    if call.column.kinds & {"time"} or not re.search(rf"\b{_CALL}\b", call.column.plain):
        return []
    given = [
        each
        for each in work.facts
        if "clock" in each.kinds and each.filled >= _SHARE_TIMED and re.fullmatch(_TIME_GIVEN, each.plain)
    ]
    clock = clock_beside(work, call.column)
    if not given or not clock or clock in given or "date" not in call.column.kinds:
        return []
    work.raw["times"] = {"after": clock.heading}
    work.used |= {given[0].position, clock.position}
    work.time_columns.append(call.column)
    work.ask(
        "times.after",
        _(
            "The date is that of the call, and the time is when naloxone was given: a time before the call's, under "
            "“{heading}”, is read as the next day's. Is it so?"
        ).format(heading=clock.heading),
    )
    return [call.column.heading, given[0].heading]


def _of_doses(work: Work, event: Match) -> str | list[str]:
    """The clock of the first of a person's doses, where each has one and the event's is a call's; else nothing."""
    clocks, day = clocks_of_doses(work), event.column
    dated = clocks and "time" in clocks[0].kinds
    if not clocks or day in clocks or not (dated or is_day(work, day)):
        return ""
    work.found["dose.given_at"] = tuple(Match(column=each, score=LIKELY_SCORE, cells_fit=True) for each in clocks)
    work.used |= {each.position for each in clocks}
    called = clock_beside(work, day)
    if not re.search(rf"\b{_CALL}\b", day.plain) and (called not in (None, *clocks) or not is_day(work, day)):
        return ""
    first = clocks[0]
    work.time_columns.append(first if dated else day)
    sentence = _(
        "“{first}” is taken for when naloxone was given, and each filled time of “{first}” to “{last}” for a dose."
    ).format(first=first.heading, last=clocks[-1].heading)
    if called not in (None, *clocks) and not dated:
        work.used.add(called.position)
        work.raw["times"] = {"after": called.heading}
        sentence += " " + _("A time before the call's, under “{heading}”, is read as the next day's.").format(
            heading=called.heading
        )
    work.ask("columns.occurred_at", f"{sentence} {_('Is it so?')}")
    return first.heading if dated else [day.heading, first.heading]


def time_headings(work: Work, match: Match) -> str | list[str]:
    """The heading of a time, or those of its date and its time of day."""
    column = match.column
    if "clock" not in column.kinds or column.kinds & {"date", "excel"}:
        work.time_columns.append(column)
    if not column.kinds or ("time" in column.kinds and not is_day(work, column)):
        return column.heading
    if "clock" in column.kinds and not column.kinds & {"date", "excel"}:
        day = _day_of(work, column)
        if day is None:
            return column.heading
        work.used.add(day.position)
        work.time_columns.append(day)
        _note_hours(work, column)
        return [day.heading, column.heading]
    clock = clock_beside(work, column) or _clock_elsewhere(work, match)
    if clock is None:
        return column.heading
    work.used.add(clock.position)
    _note_hours(work, clock)
    return [column.heading, clock.heading]


def _clock_elsewhere(work: Work, match: Match) -> ColumnFacts | None:
    """The clock of a file whose events have days alone, wherever it stands, if it is of nothing else; asked about."""
    event = work.match("occurred_at")
    if event is None or event.column is not match.column or not is_day(work, event.column):
        return None
    days = [each for each in work.facts if is_day(work, each) and each is not event.column]
    read = {
        each.column.position
        for name, matches in work.found.items()
        for each in matches
        if name not in ("occurred_at", "dose.given_at") and each.score >= LIKELY_SCORE
    }
    clocks = [
        each
        for each in work.facts
        if is_clock(work, each)
        and each.filled >= _SHARE_WITH_CLOCK
        and each.position not in work.used | read
        and not re.search(rf"\b(?:{OTHER_TIMES})\b", each.plain)
        and _partner(work, each, days, word=CLOCK_WORDS, other="date") is None
    ]
    # The event's own before naloxone's, and these before the call's.
    clocks.sort(
        key=lambda each: next((at for at, words in enumerate(_CLOCKS) if words.search(each.plain)), len(_CLOCKS))
    )
    if not clocks:
        return None
    work.ask(
        "columns.occurred_at",
        _("“{clock}” is read as the time of day of “{day}”. Is it when it happened?").format(
            clock=clocks[0].heading, day=event.column.heading
        ),
        *headings_of(clocks[1:]),
    )
    return clocks[0]


def _note_hours(work: Work, clock: ColumnFacts) -> None:
    """Formats for a column of hours alone, so that no time has minutes that nobody wrote."""
    if forms := hour_forms(work, clock):
        times = work.raw.setdefault("times", {})
        times["formats"] = list(dict.fromkeys((*times.get("formats", ()), *forms)))


def readable_time(work: Work, name: str) -> Match | None:
    """The column of a time; one of times of day alone is of no use without a date."""
    match = work.match(name)
    if match is None or not lacks_date(work, match):
        return match
    work.ask(
        name,
        _("“{heading}” holds times of day, and no column holds their dates. It is not read.").format(
            heading=match.column.heading
        ),
    )
    return None


def lacks_date(work: Work, match: Match) -> bool:
    """Whether a column has times of day alone, and no column their dates."""
    kinds = match.column.kinds
    return "clock" in kinds and not kinds & {"time", "date", "excel"} and _day_of(work, match.column) is None


def day_of(work: Work, column: ColumnFacts) -> ColumnFacts | None:
    """The column of plain dates that a time is read from: itself, or that beside its time of day."""
    if "clock" in column.kinds and not column.kinds & {"date", "excel"}:
        return _day_of(work, column)
    return column if is_day(work, column) else None


def clock_beside(work: Work, column: ColumnFacts) -> ColumnFacts | None:
    """The column of times of day that belongs to one of dates."""
    clocks = [each for each in work.facts if is_clock(work, each)]
    # A column of hours alone says less than one of clocks.
    clocks.sort(key=lambda each: "clock" not in each.kinds)
    found = _partner(work, column, clocks, word="date", other=CLOCK_WORDS)
    shift = work.match("starts_at")
    if found is None and shift and shift.column is column:
        # A roster's "Start" stands beside the day of the shift.
        return next((each for each in clocks if _STARTS.fullmatch(each.plain)), None)
    return found


def _day_of(work: Work, column: ColumnFacts) -> ColumnFacts | None:
    """The column of dates that a column of times of day belongs to: its own, else the event's."""
    event = work.match("occurred_at") or work.match("starts_at")
    days = [each for each in work.facts if is_day(work, each)]
    own = _partner(work, column, days, word=CLOCK_WORDS, other="date")
    return own or (event.column if event and is_day(work, event.column) else None)


def _partner(
    work: Work, column: ColumnFacts, columns: Sequence[ColumnFacts], *, word: str, other: str
) -> ColumnFacts | None:
    """The column that holds the other half of a time: of the same name but for one word, or next to it."""
    named = re.sub(rf"\b{word}\b", other, column.plain)
    free = [each for each in columns if each is not column]
    same = next((each for each in free if named != column.plain and re.fullmatch(named, each.plain)), None)
    plain = [
        each
        for each in free
        if re.fullmatch(rf"{other}(?: (?:24|0 23))*|(?:{other} )?(?:incident|occurrence|event|day)", each.plain)
        # “Time” that belongs to “Date” says nothing of the day of entry; several clocks may share a day.
        and (other == "date" or each.position not in work.used or _is_of_event(work, column))
    ]
    beside = [
        each
        for each in free
        if each.position == column.position + 1
        and re.search(rf"\b{other}\b", each.plain)
        and each.position not in work.used
    ]
    return same or next(iter(plain), None) or next(iter(beside), None)


def _is_of_event(work: Work, column: ColumnFacts) -> bool:
    event = work.match("occurred_at") or work.match("starts_at")
    return event is not None and column in (event.column, day_of(work, event.column))


def read_times(work: Work) -> None:
    """How the dates of all columns of times are written, where the import does not know it by itself."""
    columns = list(dict.fromkeys(work.time_columns))
    if not columns:
        return
    abroad = work.settings.nation == "elsewhere" and work.settings.time_zone.startswith("America/")
    guess = guess_times(
        [work.cells(column) for column in columns],
        usually_day_first=not abroad,
        now=work.now,
        months=work.table in MONTHS_ALLOWED_IN,
    )
    times: dict[str, Any] = work.raw.get("times", {})
    forms = _of_months(work, guess)
    if any(re.search(r"\b(?:utc|zulu)\b", column.plain) for column in columns):
        times["time_zone"] = "UTC"
    if formats := dict.fromkeys((*times.get("formats", ()), *forms, *guess.formats)):
        times["formats"] = list(formats)
    if not guess.day_first:
        times["day_first"] = False
    work.raw["times"] = times
    if guess.asked:
        work.ask(
            "times.day_first",
            _("Does the day come first in dates, as in 1/7 for 1 July? {why}.").format(why=_sentence(guess.why)),
            "true", "false",
        )  # fmt: skip
    if guess.excel_asked:
        work.ask(
            "times.formats",
            _("Its dates are a workbook's own numbers. Are they counted from 1900, or from 1904 as on old Macs?"),
            "excel", "excel-1904",
        )  # fmt: skip
    if guess.unreadable:
        work.ask("times.formats", _unreadable(guess), in_mapping='formats = ["%d %B %Y, %I.%M%p"]')


def _of_months(work: Work, guess: TimesGuess) -> tuple[str, ...]:
    """Formats that read dates which are all the first of a month as months; asked about, with or without any."""
    column = work.column_of("occurred_at")
    if column is None or work.columns.get("occurred_at") != column.heading:
        return ()
    cells = work.cells(column)
    moments, _bad = parse_moments(
        cells,
        formats=guess.formats,
        day_first=guess.day_first,
        file_zone=work.settings.time_zone,
        local_zone=work.settings.time_zone,
    )
    if "month" in moments.precision:
        if work.table != "risk_events":
            work.ask(
                "columns.occurred_at",
                _(
                    "“{heading}” gives the month alone: each record counts in its month, and in no alert. Is there a "
                    "column, or another export, with the days?"
                ).format(heading=column.heading),
            )
        return ()
    # Midnight may be that of the deployment, or of UTC.
    for times in (moments.local.dropna(), moments.instants.dropna()):
        months = times.nunique()
        if (times != times.dt.normalize()).any() or (times.dt.day != 1).any() or months < _FEWEST_MONTHS:
            continue
        forms: tuple[str, ...] = ()
        named = "month" in column.plain.split() and not {"date", "day", "time"} & set(column.plain.split())
        plainly = months >= _MONTHS_BEYOND_DOUBT and len(times) >= _ROWS_BEYOND_DOUBT
        if work.table in MONTHS_ALLOWED_IN and (named or plainly):
            texts = pd.unique(cells[moments.instants.notna().to_numpy()])
            forms = month_forms(texts, day_first=guess.day_first)
        asked = (
            _(
                "“{heading}” is the first of a month in all of its rows, which says the month and not the day. It is "
                "read so: each record counts in its month, and in no alert. Is there a column, or another export, with "
                "the days? If they are days after all, take the line out."
            )
            if forms
            else _(
                "“{heading}” is the first of a month in all of its rows, which says the month and not the day. "
                "Imported so, every record counts as one of the first of its month, and its weekday, alerts and "
                "spikes mean nothing. Is there a column, or another export, with the days?"
            )
        ).format(heading=column.heading)
        work.ask("times.formats" if forms else "columns.occurred_at", asked)
        return forms
    return ()


def _unreadable(guess: TimesGuess) -> str:
    """That times are in no known form, how they look, and how to say what form that is."""
    sentences = [
        ngettext(
            "{count} cell of its dates and times is in no known form.",
            "{count} cells of its dates and times are in no known form.",
            guess.unreadable,
        ).format(count=format_count(guess.unreadable)),
        _("Most look like “{look}” (9 for a digit, abc for a word).").format(look=guess.look) if guess.look else "",
        _(
            "Say which form that is, part by part. Day, month by name, year, then a 12-hour clock, as in 31 December "
            "2025, 4.05pm, is {named}; day, month and year as numbers, then a 24-hour clock, as in 31/12/2025 16:05, "
            "is {numbers}."
        ).format(named="%d %B %Y, %I.%M%p", numbers="%d/%m/%Y %H:%M"),
    ]
    return " ".join(filter(None, sentences))


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]
