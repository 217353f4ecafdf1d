"""What others than the analyst may be shown of the synthetic force, one view after another."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from analytics.findings.ambulance_calls import WaitOptions
from analytics.findings.ambulance_delay import find_ambulance_delay
from analytics.findings.changes import find_changes
from analytics.findings.heat_map import HeatMapOptions, find_heat_map
from analytics.findings.overview import find_overview
from analytics.findings.question import Question
from analytics.findings.releases import MOST_RELEASES, ViewHeldBackError, as_released, other_filters
from data.filters import AccessScope, Filters
from data.journal import Journal
from data.releases import ReleaseRegister
from data.schema import SETTINGS, SUBSTANCES
from data.store import Store
from tests.analytics.test_releases import attack
from tests.conftest import KEYS

DEFAULT = Filters(first_day=date(2024, 7, 1), last_day=date(2026, 6, 30))
Ask = Callable[..., Question]


class Records:
    """The records that any view holds, one by one, as the attack wants them."""

    def __init__(self, store: Store, views: list[Filters]) -> None:
        scope = AccessScope(audience="partner")
        frame = store.administrations_by_view(views=[(each, scope) for each in views], level="authority")
        frame = frame.loc[frame.index.repeat(frame["administrations"])]
        self.area = frame["area"].factorize(use_na_sentinel=False)[0]
        self.quarter = frame["quarter"].factorize()[0]
        self.views = [frame[f"view_{number}"].to_numpy(bool) for number in range(len(views))]


@pytest.fixture
def partner(ask: Ask, tmp_path: Path) -> Callable[..., Question]:
    """A partner's question, with a register of this test's own, before it is released."""
    register = ReleaseRegister(Journal(folder=tmp_path, keys=KEYS))

    def asked(**chosen) -> Question:
        period = {"first_day": DEFAULT.first_day, "last_day": DEFAULT.last_day}
        return replace(ask(audience="partner", **{**period, **chosen}), register=register)

    return asked


def shown(question: Question) -> bool:
    try:
        as_released(question, default=DEFAULT)
    except ViewHeldBackError:
        return False
    return True


def released(question: Question) -> list[Filters]:
    return [each.filters for each in question.register.read()[0]]


def some_views(store: Store, seed: int) -> Iterator[dict[str, object]]:
    """What a curious reader asks for: quarters, areas, settings and substances, alone and together."""
    random, choices = np.random.default_rng(seed), store.choices()
    offered = {
        "bcus": choices.bcus,
        "authorities": choices.authorities,
        "settings": SETTINGS,
        "substances": SUBSTANCES,
        "small_areas": choices.small_areas,
    }
    for _number in range(30):
        chosen: dict[str, object] = {}
        for name in random.choice(list(offered), random.integers(0, 3), replace=False):
            values = [value for value in offered[name] if value is not None]
            chosen[name] = tuple(
                random.choice(values, random.integers(1, 1 + len(values) // 2), replace=False).tolist()
            )
        if random.random() < 0.5:
            year, quarter = 2023 + random.integers(3), random.integers(4)
            whole = Filters(
                first_day=date(year, 3 * quarter + 1, 1), last_day=date(year + random.integers(2), 12, 1)
            ).in_whole_quarters()
            chosen |= {"first_day": whole.first_day, "last_day": whole.last_day}
        yield chosen


@pytest.mark.parametrize("seed", range(3))
def test_a_partner_who_asks_for_anything_recovers_nobody(
    seed: int, partner: Callable[..., Question], demo_store: Store
) -> None:
    asked = list(some_views(demo_store, seed))
    count = sum(shown(partner(**chosen)) for chosen in asked)
    assert 3 < count < len(asked)
    views = released(partner())
    records = Records(demo_store, views)
    assert attack(records, records.views) == []
    # The same reader without the register.
    everything = [DEFAULT, *(partner(**chosen).filters for chosen in asked)]
    records = Records(demo_store, everything)
    assert attack(records, records.views)


def test_the_views_are_the_sets_that_pages_count(partner: Callable[..., Question], demo_store: Store) -> None:
    scope = AccessScope(audience="partner")
    views = [partner(**chosen).filters for chosen in some_views(demo_store, 7)]
    views += [replace(each, placed=True) for each in views]
    frame = demo_store.administrations_by_view(views=[(each, scope) for each in views], level=None)
    for number, each in enumerate(views):
        count = demo_store.count_administrations(filters=each, scope=scope).administrations
        assert frame["administrations"][frame[f"view_{number}"]].sum() == count


def test_the_default_is_in_the_register_first_whatever_is_asked_for(partner: Callable[..., Question]) -> None:
    shown(partner(bcus=("Mid Glamorgan",)))
    first = released(partner())[0]
    assert (first.first_day, first.last_day, first.bcus) == (DEFAULT.first_day, DEFAULT.last_day, ())


def test_a_view_is_written_down_once_and_shown_again(partner: Callable[..., Question]) -> None:
    for _time in range(3):
        assert shown(partner(bcus=("Mid Glamorgan",)))
    assert len(released(partner())) == 2


def test_the_analyst_sees_all_and_nothing_is_written_down(partner: Callable[..., Question]) -> None:
    question = replace(partner(settings=SETTINGS), scope=AccessScope(audience="analyst"))
    assert as_released(question, default=DEFAULT) is question
    assert released(question) == []


def test_a_view_that_would_tell_says_beside_which_and_what_to_choose(partner: Callable[..., Question]) -> None:
    # Two administrations more than the street map's.
    with pytest.raises(ViewHeldBackError) as error:
        as_released(partner(settings=SETTINGS), default=DEFAULT)
    assert "the view of 1 July 2024 to 30 June 2026, the whole force without filters, shown on" in str(error.value)
    assert "take all filters away" in str(error.value)
    assert shown(partner())


def test_after_an_analyst_forgets_a_view_another_is_shown(partner: Callable[..., Question]) -> None:
    assert shown(partner(bcus=("Mid Glamorgan",)))
    assert not shown(partner(settings=("street",)))
    for each in partner().register.read()[0]:
        partner().register.forget(each.number, purpose="a try of the software")
    narrow = partner(settings=("street",))
    # The default is written down again before it, as it is always shown.
    assert not shown(narrow)
    assert len(released(narrow)) == 1


def test_there_is_an_end_to_different_views(partner: Callable[..., Question]) -> None:
    question = partner()
    last = 0
    for number in range(MOST_RELEASES - 1):
        filters = replace(DEFAULT, small_areas=(f"nowhere {number}",))
        last = question.register.record(filters=filters, scope=question.scope, after=last)
    with pytest.raises(ViewHeldBackError, match="50 different views"):
        as_released(partner(bcus=("Mid Glamorgan",)), default=DEFAULT)
    assert shown(partner())


def test_every_page_counts_the_same_administrations_of_a_view(partner: Callable[..., Question]) -> None:
    question = as_released(partner(), default=DEFAULT)
    overview = find_overview(question)
    number = overview.administrations.text
    assert question.filters.placed
    assert f"{number} administrations with a place" in find_heat_map(question, options=HeatMapOptions()).counted
    assert f"{number} administrations," in find_ambulance_delay(question, options=WaitOptions()).counted
    changes = find_changes(question, earlier="before")
    assert f"{number} administrations with a place" in changes.counted
    # And of the period before, on both pages that speak of it.
    before = overview.change.split(" ", 1)[0]
    assert f"; {before} in the earlier period" in changes.counted


def test_an_earlier_period_is_a_release_too(partner: Callable[..., Question]) -> None:
    question = as_released(partner(), default=DEFAULT)
    find_overview(question)
    assert [each.last_day for each in released(question)] == [date(2026, 6, 30), date(2024, 6, 30)]


def test_without_a_register_filters_of_others_are_whole_quarters_of_one_base(ask: Ask) -> None:
    question = ask(audience="partner", first_day=DEFAULT.first_day, last_day=DEFAULT.last_day)
    filters = other_filters(question, replace(DEFAULT, last_day=date(2026, 5, 9)))
    assert filters == replace(DEFAULT, placed=True)
    analyst = replace(question, scope=AccessScope(audience="analyst"))
    assert other_filters(analyst, question.filters) == question.filters
