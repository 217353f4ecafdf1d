"""Ambulance response standards by nation and date: data with sources, and the functions that pick from them.

A standard belongs to the day of the call. Where it changed, a series breaks: figures before and after answer to
different standards and are never joined. Deployments may add to `RESPONSE_STANDARDS` or pass a list of their own.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from wording import NaloxoneWatchError, _, format_date, format_number, format_share

__all__ = [
    "RESPONSE_STANDARDS",
    "Measure",
    "Nation",
    "NoStandardError",
    "ResponseStandard",
    "StandardPeriod",
    "describe_standard",
    "standard_periods",
    "standards_on",
    "target_for",
]


class Nation(StrEnum):
    """Whose ambulance service answers."""

    ENGLAND = "England"
    WALES = "Wales"
    SCOTLAND = "Scotland"
    NORTHERN_IRELAND = "Northern Ireland"


class Measure(StrEnum):
    """What a standard sets a number of minutes for."""

    MEAN = "mean"
    CENTILE = "centile"
    SHARE_WITHIN = "share within"


@dataclass(frozen=True)
class ResponseStandard:
    """One published standard.

    `share` is of one: the centile, or the least share to be reached within `minutes`; 0.5 for a median; 0 for a mean.
    `minutes_from` is the lower end where a range was published and `minutes` its upper end; both days are included and
    `last_day` is None while the standard stands. `source` names the document.
    """

    nation: Nation
    category: str
    measure: Measure
    minutes: float
    share: float
    first_day: date
    last_day: date | None
    source: str
    minutes_from: float | None = None

    def holds_on(self, day: date) -> bool:
        """Whether the standard applies to a call of `day`."""
        return self.first_day <= day and (self.last_day is None or day <= self.last_day)


@dataclass(frozen=True)
class StandardPeriod:
    """Days, both included, over which the same standards hold; none where no standard is listed."""

    first_day: date
    last_day: date
    standards: tuple[ResponseStandard, ...]


class NoStandardError(NaloxoneWatchError):
    """No standard is listed for a nation and a day."""

    def __init__(self, nation: Nation, day: date) -> None:
        super().__init__(
            _("No ambulance response standard is listed for {nation} on {day}: add one in the settings.").format(
                nation=_nation_name(nation), day=format_date(day)
            )
        )


_ENGLAND_SOURCE = "Handbook to the NHS Constitution for England; House of Commons Library, debate pack CDP-2025-0042"
_WALES_OLD_SOURCE = "Welsh Government, Ambulance services in Wales: red calls, October 2015 to June 2025"
_WALES_NEW_SOURCE = (
    "Welsh Government, written statement of 30 June 2025, New ambulance performance framework and national handover "
    "taskforce"
)
_SCOTLAND_SOURCE = (
    "Scottish Ambulance Service, Board measurement framework 2025-26 (28 May 2025), as given in its answer FOI 25-405 "
    "on fixed target times"
)
_NORTHERN_IRELAND_SOURCE = (
    "Northern Ireland Ambulance Service, clinical response model of 12 November 2019, Response categories explained"
)

_WALES_CHANGE = date(2025, 7, 1)

# The first standard listed for a nation and day leads: its minutes are drawn on the curve by default.
RESPONSE_STANDARDS: tuple[ResponseStandard, ...] = (
    ResponseStandard(Nation.ENGLAND, "Category 1", Measure.MEAN, 7, 0.0, date(2018, 4, 1), None, _ENGLAND_SOURCE),
    ResponseStandard(Nation.ENGLAND, "Category 1", Measure.CENTILE, 15, 0.9, date(2018, 4, 1), None, _ENGLAND_SOURCE),
    ResponseStandard(Nation.ENGLAND, "Category 2", Measure.MEAN, 18, 0.0, date(2018, 4, 1), None, _ENGLAND_SOURCE),
    ResponseStandard(Nation.ENGLAND, "Category 2", Measure.CENTILE, 40, 0.9, date(2018, 4, 1), None, _ENGLAND_SOURCE),
    ResponseStandard(
        Nation.WALES,
        "Red",
        Measure.SHARE_WITHIN,
        8,
        0.65,
        date(2015, 10, 1),
        _WALES_CHANGE - timedelta(days=1),
        _WALES_OLD_SOURCE,
    ),
    ResponseStandard(Nation.WALES, "Red", Measure.MEAN, 8, 0.0, _WALES_CHANGE, None, _WALES_NEW_SOURCE, minutes_from=6),
    ResponseStandard(
        Nation.WALES, "Purple", Measure.MEAN, 8, 0.0, _WALES_CHANGE, None, _WALES_NEW_SOURCE, minutes_from=6
    ),
    ResponseStandard(Nation.SCOTLAND, "Purple", Measure.CENTILE, 7, 0.5, date(2025, 4, 1), None, _SCOTLAND_SOURCE),
    ResponseStandard(Nation.SCOTLAND, "Purple", Measure.CENTILE, 20, 0.95, date(2025, 4, 1), None, _SCOTLAND_SOURCE),
    ResponseStandard(Nation.SCOTLAND, "Red", Measure.CENTILE, 8, 0.5, date(2025, 4, 1), None, _SCOTLAND_SOURCE),
    ResponseStandard(Nation.SCOTLAND, "Red", Measure.CENTILE, 24, 0.95, date(2025, 4, 1), None, _SCOTLAND_SOURCE),
    ResponseStandard(
        Nation.NORTHERN_IRELAND, "Category 1", Measure.MEAN, 8, 0.0, date(2019, 11, 12), None, _NORTHERN_IRELAND_SOURCE
    ),
    ResponseStandard(
        Nation.NORTHERN_IRELAND,
        "Category 1",
        Measure.CENTILE,
        15,
        0.9,
        date(2019, 11, 12),
        None,
        _NORTHERN_IRELAND_SOURCE,
    ),
)


def standards_on(
    *,
    nation: Nation,
    day: date,
    category: str | None = None,
    standards: Sequence[ResponseStandard] = RESPONSE_STANDARDS,
) -> tuple[ResponseStandard, ...]:
    """The standards that a call of `day` answers to, in listed order; empty where none is listed.

    Args:
        nation: where the incident is (targets follow the place).
        day: local date of the call.
        category: only this call category.
        standards: a deployment's own list.
    """
    return tuple(
        standard
        for standard in standards
        if standard.nation == nation and standard.holds_on(day) and category in (None, standard.category)
    )


def target_for(
    *,
    nation: Nation,
    day: date,
    category: str | None = None,
    standards: Sequence[ResponseStandard] = RESPONSE_STANDARDS,
) -> ResponseStandard:
    """The leading standard for a call of `day`.

    Raises:
        NoStandardError: none is listed for the nation, day and category.
    """
    found = standards_on(nation=nation, day=day, category=category, standards=standards)
    if not found:
        raise NoStandardError(nation, day)
    return found[0]


def standard_periods(
    *, nation: Nation, first_day: date, last_day: date, standards: Sequence[ResponseStandard] = RESPONSE_STANDARDS
) -> tuple[StandardPeriod, ...]:
    """The days from `first_day` to `last_day` cut where the standards change: a series is never joined across a cut."""
    mine = [standard for standard in standards if standard.nation == nation]
    starts = {standard.first_day for standard in mine}
    starts |= {standard.last_day + timedelta(days=1) for standard in mine if standard.last_day is not None}
    cuts = [first_day, *sorted(day for day in starts if first_day < day <= last_day)]
    ends = [day - timedelta(days=1) for day in cuts[1:]] + [last_day]
    return tuple(
        StandardPeriod(first, last, standards_on(nation=nation, day=first, standards=standards))
        for first, last in zip(cuts, ends, strict=True)
    )


def describe_standard(standard: ResponseStandard) -> str:
    """A standard in words: "Wales, Red: 65 % within 8 minutes, to 30 June 2025"."""
    minutes = format_number(standard.minutes, significant=1 if standard.minutes < 10 else 2)
    if standard.minutes_from is not None:
        minutes = _("{low} to {high}").format(low=format_number(standard.minutes_from, significant=1), high=minutes)
    if standard.measure is Measure.MEAN:
        rule = _("{minutes} minutes on average").format(minutes=minutes)
    elif standard.measure is Measure.SHARE_WITHIN or standard.share != 0.5:
        rule = _("{share} within {minutes} minutes").format(share=format_share(standard.share), minutes=minutes)
    else:
        rule = _("half within {minutes} minutes").format(minutes=minutes)
    days = (
        _("from {day}").format(day=format_date(standard.first_day))
        if standard.last_day is None
        else _("to {day}").format(day=format_date(standard.last_day))
    )
    return _("{nation}, {category}: {rule}, {days}").format(
        nation=_nation_name(standard.nation), category=standard.category, rule=rule, days=days
    )


def _nation_name(nation: Nation) -> str:
    return {
        Nation.ENGLAND: _("England"),
        Nation.WALES: _("Wales"),
        Nation.SCOTLAND: _("Scotland"),
        Nation.NORTHERN_IRELAND: _("Northern Ireland"),
    }[nation]
