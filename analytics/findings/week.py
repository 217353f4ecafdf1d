"""Hours of the week in words: 0 is Monday 00:00."""

from collections.abc import Sequence

from wording import _, format_count, join_words, ngettext

__all__ = ["HOURS_A_WEEK", "day_words", "hour_words", "hours_words"]

HOURS_A_WEEK, _HOURS_A_DAY, _DAYS = 168, 24, 7
# So many stretches of a set of hours are named; more would be no sentence.
_MOST_STRETCHES = 3


def day_words() -> tuple[str, ...]:
    """Monday to Sunday."""
    return (_("Monday"), _("Tuesday"), _("Wednesday"), _("Thursday"), _("Friday"), _("Saturday"), _("Sunday"))


def hour_words(hour: int) -> str:
    """One hour: "Friday 23:00"."""
    return _("{day} {time}").format(day=day_words()[hour // _HOURS_A_DAY], time=_clock(hour))


def hours_words(hours: Sequence[int]) -> str:
    """A set of hours: "Friday and Saturday 23:00 to 07:00"; only the longest stretches where there are many.

    More than half of the week is told by the hours that are not in it.
    """
    if len(hours) == HOURS_A_WEEK:
        return _("every hour of the week")
    if not hours:
        return _("no hour of the week")
    if len(hours) > HOURS_A_WEEK // 2:
        return _("every hour but {hours}").format(hours=hours_words(sorted(set(range(HOURS_A_WEEK)) - set(hours))))
    stretches: dict[tuple[int, int], list[int]] = {}
    for start, length in _stretches(set(hours)):
        stretches.setdefault((start % _HOURS_A_DAY, length), []).append(start // _HOURS_A_DAY)
    ranked = sorted(stretches.items(), key=lambda item: -item[0][1] * len(item[1]))
    named = ranked[:_MOST_STRETCHES]
    words = [_stretch_words(first, length, sorted(days)) for (first, length), days in named]
    left = len(hours) - sum(length * len(days) for (_first, length), days in named)
    if left:
        words.append(ngettext("{count} more hour", "{count} more hours", left).format(count=format_count(left)))
    return join_words(words)


def _stretches(hours: set[int]) -> list[tuple[int, int]]:
    """First hour and length of each unbroken stretch; the week is a circle."""
    found = []
    for start in sorted(hour for hour in hours if (hour - 1) % HOURS_A_WEEK not in hours):
        length = 1
        while (start + length) % HOURS_A_WEEK in hours:
            length += 1
        found.append((start, length))
    return found


def _stretch_words(first: int, length: int, days: list[int]) -> str:
    names = day_words()
    whole = _("every day") if len(days) == _DAYS else join_words([names[day] for day in days])
    if length < _HOURS_A_DAY:
        return _("{days} {first} to {last}").format(days=whole, first=_clock(first), last=_clock(first + length))
    # Longer than a day: the end needs its day too.
    ends = [_("{day} {time}").format(day=names[_day(day, first + length)], time=_clock(first + length)) for day in days]
    return join_words(
        [
            _("{day} {first} to {last}").format(day=names[day], first=_clock(first), last=end)
            for day, end in zip(days, ends, strict=True)
        ]
    )


def _day(start: int, hours: int) -> int:
    return (start + hours // _HOURS_A_DAY) % _DAYS


def _clock(hour: int) -> str:
    return f"{hour % _HOURS_A_DAY:02d}:00"
