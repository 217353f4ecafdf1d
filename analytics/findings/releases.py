"""What others than the analyst are shown, as it may be released: one base, whole quarters, and beside earlier views.

Others count the same administrations on every page: where only a few of a view have no place in an area of the force,
those are left out of it, or the numbers of two pages would tell them by subtraction. And a view is shown only if its
numbers, beside those of the views that were shown before, give back no number of 1 to 4 (analytics.releases): in all,
by the areas that others see and by quarter, however many views are put together. Each view shown is in the register.

Beyond it: breakdowns by anything else, such as the hour; numbers of the same view before and after an import, since
records that come late are no reason to take a view away; and the deployment's default view, which is always shown. All
views are compared as today's records have them.
"""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace

import numpy as np
import pandas as pd

from analytics.disclosure import Audience, is_small
from analytics.findings.ground import AreaLevel, area_frame
from analytics.findings.question import Question
from analytics.findings.words import setting_words, substance_words
from analytics.releases import recovers_small_number
from data.filters import STREET_MAP_SETTINGS, Filters
from data.journal import JournalConflictError
from data.releases import Release
from wording import NaloxoneWatchError, _, format_count, format_date, format_period, join_words

__all__ = ["MOST_RELEASES", "ViewHeldBackError", "as_released", "level_for_others", "other_filters"]

# More views than a partnership looks at in years. Beside 50 a new one takes 0.05 s, at 100,000 records a second.
MOST_RELEASES = 50
# What narrows a view, one kind at a time: narrower views of one kind together can leave a few of a wider one.
_NARROWING = (("first_day", "last_day"), ("bcus", "authorities", "small_areas"), ("substances",), ("settings",))


class ViewHeldBackError(NaloxoneWatchError):
    """A view that, beside views shown before, would tell of 1 to 4 administrations."""


def level_for_others(question: Question) -> AreaLevel | None:
    """The one level of areas that others than the analyst see: two, one inside the other, tell what lies between."""
    levels: tuple[AreaLevel, ...] = ("authority", "bcu", "small_area")
    return next((level for level in levels if len(area_frame(question, level))), None)


def as_released(question: Question, *, default: Filters) -> Question:
    """The question as its audience may have it answered; the view is in the register then. The analyst's stays.

    `default` is the view that opens where nothing is chosen, in whole quarters like the question's own. Raises
    ViewHeldBackError.
    """
    if question.audience is Audience.ANALYST:
        return question
    first = replace(question, filters=_one_base(question, default))
    _register(first, always=True)
    return replace(question, filters=other_filters(question, question.filters))


def other_filters(question: Question, filters: Filters) -> Filters:
    """Filters of which a finding tells the question's audience too, such as an earlier period: they are released.

    Raises ViewHeldBackError.
    """
    if question.audience is Audience.ANALYST:
        return filters
    asked = replace(question, filters=_one_base(question, filters.in_whole_quarters()))
    _register(asked, always=False)
    return asked.filters


def _one_base(question: Question, filters: Filters) -> Filters:
    """Without the administrations that have no place in an area of the force, where they are few."""
    every, placed = (replace(filters, placed=only) for only in (False, True))
    counts = [
        question.store.count_administrations(filters=each, scope=question.scope).administrations
        for each in (every, placed)
    ]
    few = is_small(counts[0] - counts[1], question.thresholds) and counts[1] >= question.thresholds.smallest_count_shown
    return placed if few else every


def _register(question: Question, *, always: bool) -> None:
    if question.register is None:
        return
    while True:
        releases, last = question.register.read()
        if any((each.filters, each.bcus) == (question.filters, question.scope.bcus) for each in releases):
            return
        if not always:
            _check(question, releases)
        try:
            question.register.record(filters=question.filters, scope=question.scope, after=last)
        except JournalConflictError:
            # Another reader's view came in between: this one has to be looked at beside it too.
            continue
        return


def _check(question: Question, releases: Sequence[Release]) -> None:
    views = _Views(question, releases)
    if len(releases) < MOST_RELEASES:
        if not views.recover(range(len(releases))):
            return
        # The newest that is enough by itself is the one to name.
        alone = next((number for number in reversed(range(len(releases))) if views.recover([number])), None)
        beside = (
            _("the view of {view}, shown on {date}").format(
                view=_in_words(question, releases[alone].filters), date=format_date(releases[alone].at.date())
            )
            if alone is not None
            else _("the {count} views shown before").format(count=format_count(len(releases)))
        )
        raise ViewHeldBackError(
            _(
                "This view cannot be shown to this audience: beside {beside}, it would tell of fewer than {number}"
                " administrations by subtraction. Choose that view again, or take all filters away; or ask the force's"
                " analyst, who sees every view."
            ).format(beside=beside, number=question.thresholds.smallest_count_shown)
        )
    raise ViewHeldBackError(
        _(
            "Others have been shown {count} different views, the most that are kept apart. Choose one of them, or ask"
            " the force's analyst to forget some that reached nobody: python -m data releases."
        ).format(count=format_count(len(releases)))
    )


class _Views:
    """Earlier releases and the question's view, last, as sets of today's administrations."""

    def __init__(self, question: Question, releases: Sequence[Release]) -> None:
        self._filters = [*(each.filters for each in releases), question.filters]
        self._thresholds = question.thresholds
        frame = question.store.administrations_by_view(
            views=[*((each.filters, each.scope) for each in releases), (question.filters, question.scope)],
            level=level_for_others(question),
        )
        self._views = np.array([frame[f"view_{number}"].to_numpy(bool) for number in range(len(self._filters))])
        self._counts = frame["administrations"].to_numpy(np.int64)
        self._parts = [pd.factorize(frame[name], use_na_sentinel=False)[0] for name in ("area", "quarter")]

    def recover(self, earlier: Sequence[int]) -> bool:
        """Whether the question's view and those `earlier` ones together give back a number of 1 to 4."""
        chosen = [*earlier, len(self._filters) - 1]
        return recovers_small_number(
            views=self._views[chosen],
            counts=self._counts,
            parts=self._parts,
            families=_families([self._filters[number] for number in chosen]),
            thresholds=self._thresholds,
        )


def _families(filters: Sequence[Filters]) -> list[tuple[int, list[int]]]:
    """Each view with those that differ from it in one kind of filter only."""
    families = []
    for names in _NARROWING:
        rest = [
            tuple(getattr(each, item.name) for item in fields(Filters) if item.name not in (*names, "placed"))
            for each in filters
        ]
        for whole, wide in enumerate(rest):
            within = [number for number, narrow in enumerate(rest) if number != whole and narrow == wide]
            if within:
                families.append((whole, within))
    return families


def _in_words(question: Question, filters: Filters) -> str:
    """Filters as a sentence names them: "1 July 2024 to 30 June 2026, Home and Street or public place"."""
    chosen: list[tuple[Mapping[str, str], Sequence[str]]] = []
    areas: tuple[tuple[AreaLevel, Sequence[str]], ...] = (
        ("bcu", filters.bcus),
        ("authority", filters.authorities),
        ("small_area", filters.small_areas),
    )
    for level, codes in areas:
        frame = area_frame(question, level)
        chosen.append((dict(zip(frame["code"], frame["name"], strict=True)), codes))
    chosen.append((substance_words(), filters.substances))
    if set(filters.settings) != set(STREET_MAP_SETTINGS):
        chosen.append((setting_words(), filters.settings))
    parts = [join_words([words.get(code, code) for code in codes]) for words, codes in chosen if codes]
    parts = parts or [_("the whole force without filters")]
    return ", ".join((format_period(filters.first_day, filters.last_day), *parts))
