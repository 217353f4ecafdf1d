"""Two periods, and two layers, compared on the synthetic force."""

from datetime import date

import numpy as np
import pytest
import shapely

from analytics.disclosure import OUTSIDE_CLASS, DisclosureError, Thresholds, disclose_outlines
from analytics.findings.changes import earlier_filters, find_changes
from analytics.findings.compared_places import find_compared_places
from analytics.findings.layers import Layer, layer_cells, layer_points
from data.filters import Filters

PERIOD = {"first_day": date(2024, 7, 1), "last_day": date(2026, 6, 30)}


@pytest.fixture(scope="module")
def changes(ask):
    return find_changes(ask(**PERIOD), earlier="before")


def test_the_earlier_period_is_as_long_and_ends_the_day_before() -> None:
    odd = Filters(first_day=date(2025, 3, 5), last_day=date(2026, 6, 30))
    before = earlier_filters(odd, "before")
    assert before.days == odd.days
    assert (odd.first_day - before.last_day).days == 1
    # Whole quarters before whole quarters, though not as many days.
    before = earlier_filters(Filters(**PERIOD), "before")
    assert (before.first_day, before.last_day) == (date(2022, 7, 1), date(2024, 6, 30))
    assert before.in_whole_quarters() == before
    february = Filters(first_day=date(2025, 2, 1), last_day=date(2025, 2, 28))
    year_before = earlier_filters(february, "year")
    assert (year_before.first_day, year_before.last_day) == (date(2024, 2, 1), date(2024, 2, 29))


def test_any_two_periods_can_be_compared_and_others_see_whole_quarters(ask) -> None:
    chosen = (date(2023, 2, 10), date(2023, 11, 20))
    changes = find_changes(ask(**PERIOD), earlier=chosen)
    assert "in the earlier period, 10 February 2023 to 20 November 2023" in changes.counted
    assert "times as many a year" in changes.headline
    partners = find_changes(ask(audience="partner", **PERIOD), earlier=chosen)
    assert "in the earlier period, 1 January 2023 to 31 December 2023" in partners.counted
    later = find_changes(ask(first_day=date(2023, 1, 1), last_day=date(2023, 6, 30)), earlier=(date(2024, 1, 1),) * 2)
    assert "the earlier period must end before the other begins" in later.headline


def test_changes_say_the_whole_force_and_both_periods(changes, ask) -> None:
    question = ask(**PERIOD)
    counts = [
        question.store.located_administrations(filters=filters, scope=question.scope).easting_m.size
        for filters in (question.filters, earlier_filters(question.filters, "before"))
    ]
    assert f"{counts[0]} administrations with a place" in changes.counted
    assert f"{counts[1]} in the earlier period" in changes.counted
    assert f"{counts[0] / counts[1]:.1f} times as many a year" in changes.headline
    assert "carriers" in changes.caveat


def test_the_map_of_changes_rises_and_falls_in_different_places(changes) -> None:
    rise, fall = (np.where(each.classes == OUTSIDE_CLASS, 0, each.classes) for each in (changes.rise, changes.fall))
    assert rise.any()
    assert fall.any()
    assert not (rise.astype(bool) & fall.astype(bool)).any()
    # One scale for both: the limits of the one that reaches less far are the first of the other's.
    shorter, longer = sorted((changes.rise.limits, changes.fall.limits), key=len)
    assert longer[: len(shorter)] == shorter


@pytest.mark.parametrize(
    ("chosen", "earlier", "words"),
    [
        ({"first_day": date(2022, 5, 1), "last_day": date(2023, 4, 30)}, "before", "begins before the records do"),
        ({"first_day": date(2023, 7, 1), "last_day": date(2025, 6, 30)}, "year", "overlap"),
        ({"first_day": date(2026, 6, 29), "last_day": date(2026, 6, 30)}, "before", "Too few to compare"),
    ],
)
def test_periods_that_cannot_be_compared_say_what_to_do(ask, chosen, earlier, words) -> None:
    changes = find_changes(ask(**chosen), earlier=earlier)
    assert words in changes.headline
    assert changes.rise is changes.fall is None
    assert changes.outlines.names == ()


def test_layers_come_from_where_they_should(ask, demo, south_wales) -> None:
    question = ask()
    easting_m, _northing_m = layer_points(question, Layer.CALLS)
    assert easting_m.size == len(demo.force.file("risk_events").frame)
    assert layer_points(question, Layer.ADDRESSES)[0].size == south_wales.addresses.sum()
    assert layer_cells(question, Layer.EVEN, None) is None


def test_areas_without_administrations_are_outlined_by_their_addresses(ask) -> None:
    question = ask(**PERIOD)
    found = find_compared_places(question, layer=Layer.ADDRESSES)
    assert "administrations are rarer than addresses would have them" in found.headline
    assert "no carrier was near" in found.readings
    easting_m, northing_m = layer_points(question, Layer.ADDRESSES)
    located = question.store.located_administrations(filters=question.filters, scope=question.scope)
    for outline, row in zip(found.outlines.outlines, found.table.rows, strict=True):
        assert row[2] == f"{shapely.contains_xy(outline, located.easting_m, located.northing_m).sum():,}"
        assert row[3] == f"{shapely.contains_xy(outline, easting_m, northing_m).sum():,}"
        ratio = float(row[2]) / float(row[4])
        assert (ratio < 1) == (row[1] == "rarer")


def test_tolerance_contours_surround_what_is_beyond_chance_and_the_map_says_how_much(ask) -> None:
    found = find_compared_places(ask(**PERIOD), layer=Layer.ADDRESSES)
    assert set(found.contours.marked) == {True, False}
    assert "tolerance contours" in found.method
    # What survives the correction for many points is inside a contour of its own direction, but for cells' corners and
    # what lies beyond the force.
    cell_m = 4 * found.more.cell_m
    window = ask().geography.outline
    for outline, rarer in zip(found.outlines.outlines, found.outlines.marked, strict=True):
        around = shapely.union_all(
            [each for each, same in zip(found.contours.outlines, found.contours.marked, strict=True) if same == rarer]
        )
        assert window.covers(around.buffer(-1))
        assert around.buffer(cell_m).covers(outline)
    assert found.more.limits[0] == found.fewer.limits[0] == 1.5
    more, fewer = (np.where(each.classes == OUTSIDE_CLASS, 0, each.classes) for each in (found.more, found.fewer))
    assert not (more.astype(bool) & fewer.astype(bool)).any()


def test_partners_see_contours_that_rest_on_five_and_no_ratios(ask) -> None:
    question = ask(audience="partner", **PERIOD)
    found = find_compared_places(question, layer=Layer.ADDRESSES)
    assert found.more is found.fewer is None
    located = question.store.located_administrations(filters=question.filters, scope=question.scope)
    for contour, rarer in zip(found.contours.outlines, found.contours.marked, strict=True):
        assert rarer or shapely.contains_xy(contour, located.easting_m, located.northing_m).sum() >= 5


def test_partners_read_fewer_than_5_where_administrations_are_rare(ask) -> None:
    found = find_compared_places(ask(audience="partner", **PERIOD), layer=Layer.ADDRESSES)
    small = [row[2] for row in found.table.rows if not row[2].isdigit()]
    assert set(small) <= {"fewer than 5"}
    assert all(int(row[2]) == 0 or int(row[2]) >= 5 for row in found.table.rows if row[2].isdigit())


@pytest.mark.parametrize("layer", [Layer.INCIDENTS, Layer.EVEN])
def test_a_layer_without_events_is_a_sentence(ask, layer) -> None:
    found = find_compared_places(ask(**PERIOD), layer=layer)
    assert "choose another comparison" in found.headline.lower()
    assert found.outlines.names == ()


def test_an_area_of_four_is_outlined_for_nobody() -> None:
    with pytest.raises(DisclosureError):
        disclose_outlines(
            names=["1. Anywhere"],
            outlines=[shapely.box(0, 0, 1, 1)],
            events=[4],
            marked=[True],
            about=[""],
            thresholds=Thresholds(),
        )
