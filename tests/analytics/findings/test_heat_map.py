"""The heat map finding against a plain recount of the synthetic force's own file."""

import re
from dataclasses import replace
from datetime import date

import numpy as np
import pytest
from scipy import ndimage

from analytics.disclosure import OUTSIDE_CLASS, TOO_FEW_CLASS
from analytics.findings.heat_map import HeatMapOptions, Picture, find_heat_map

EVERY_SETTING = ("street", "home", "custody", "hospital", "other", "not_recorded")
RULE = HeatMapOptions()


@pytest.fixture(scope="module")
def heat_map(ask):
    return find_heat_map(ask(), options=RULE)


def test_the_whole_force_is_a_surface_with_its_numbers(heat_map, ask) -> None:
    assert heat_map.picture is Picture.SURFACE
    assert heat_map.located.value == ask().store.count_administrations(filters=ask().filters, scope=ask().scope).located
    assert f"{heat_map.located.value} administrations with a place" in heat_map.counted
    assert "14 April 2022 to 30 June 2026" in heat_map.counted
    assert f"{heat_map.bandwidth_m:,.0f} m" in heat_map.method
    assert "edge-corrected (Diggle)" in heat_map.method
    assert "not a map of all overdoses" in heat_map.caveat


def test_areas_add_up_to_every_administration(heat_map, demo) -> None:
    frame = demo.force.file("administrations").frame
    everyone = 205
    assert len(frame) > everyone  # officers given naloxone are in the file and not in the counts
    counts = [count.value for count in heat_map.areas.counts]
    assert sum(counts) == heat_map.areas.total.value
    with_custody = heat_map.areas.total.value
    assert 0 < with_custody <= everyone


def test_all_settings_give_the_published_total(ask) -> None:
    everything = find_heat_map(ask(settings=EVERY_SETTING), options=RULE)
    assert everything.areas.total.value == 205


def test_the_surface_integrates_to_the_located_administrations_a_year(ask) -> None:
    """Classes bound the values: the least and the most that they allow must enclose events per year."""
    question = ask()
    heat_map = find_heat_map(question, options=HeatMapOptions(bandwidth_m=2_000.0))
    surface = heat_map.surface
    inside = ~np.isin(surface.classes, (OUTSIDE_CLASS, TOO_FEW_CLASS))
    limits = np.array([0.0, *surface.limits])
    least = limits[surface.classes[inside]].sum() * (surface.cell_m / 1000) ** 2
    assert 0 < least <= heat_map.located.value / question.filters.years


def test_every_area_level_has_the_same_total(ask) -> None:
    totals = {
        level: find_heat_map(ask(), options=HeatMapOptions(level=level)).areas.total.value
        for level in ("bcu", "authority", "small_area")
    }
    assert len(set(totals.values())) == 1


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_others_get_no_points_no_small_counts_and_no_fine_bandwidth(ask, audience) -> None:
    heat_map = find_heat_map(ask(audience=audience), options=HeatMapOptions(bandwidth_m=250.0, level="small_area"))
    assert heat_map.points.easting_m.size == 0
    assert heat_map.bandwidth_m >= 500
    assert all(not count.shown or count.value == 0 or count.value >= 5 for count in heat_map.areas.counts)
    assert any(not count.shown for count in heat_map.areas.counts)
    names = heat_map.areas.names[:-1]
    assert list(names) == sorted(names)


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_total_minus_mapped_gives_others_no_small_number(ask, audience) -> None:
    """A reader subtracts whatever whole numbers the page prints from each other."""
    for first, last in (((2024, 6, 27), (2026, 6, 26)), ((2023, 1, 1), (2025, 12, 31)), ((2025, 1, 1), (2025, 12, 31))):
        heat_map = find_heat_map(ask(audience=audience, first_day=date(*first), last_day=date(*last)), options=RULE)
        numbers = [int(found) for found in re.findall(r"^\d+", heat_map.counted)]
        numbers += [int(found) for found in re.findall(r"map: (\d+)", heat_map.counted)]
        assert numbers
        for number in numbers:
            assert not 0 < heat_map.areas.total.value - number < 5


def test_a_few_are_a_list_for_the_analyst_and_a_sentence_for_others(ask) -> None:
    period = {"first_day": date(2022, 4, 14), "last_day": date(2022, 9, 30)}
    analyst = find_heat_map(ask(**period), options=RULE)
    assert analyst.picture is Picture.LIST
    assert analyst.surface is None
    assert len(analyst.listed.rows) == analyst.areas.total.value > 0
    assert "Too few for a smooth map" in analyst.headline
    meeting = find_heat_map(ask(audience="meeting", **period), options=RULE)
    assert meeting.listed.rows == ()


def test_no_administrations_is_said_not_drawn(ask) -> None:
    nothing = find_heat_map(ask(first_day=date(2020, 1, 1), last_day=date(2020, 12, 31)), options=RULE)
    assert nothing.empty
    assert nothing.headline == "None recorded; police may not have been called."


def test_a_bcu_is_mapped_on_its_own_ground(ask, south_wales) -> None:
    code = south_wales.bcus["code"].iloc[0]
    part = find_heat_map(ask(bcus=(code,)), options=RULE)
    whole = find_heat_map(ask(), options=RULE)
    bcu_km2 = south_wales.bcus.geometry.iloc[0].area / 1e6
    if part.surface is None:
        pytest.fail("the first BCU has too few administrations for a surface")
    inside_km2 = (part.surface.classes != OUTSIDE_CLASS).sum() * (part.surface.cell_m / 1000) ** 2
    assert inside_km2 == pytest.approx(bcu_km2, rel=0.02)
    assert part.located.value < whole.located.value


def test_progress_is_told_to_the_end(ask) -> None:
    told: list[float] = []
    find_heat_map(ask(), options=RULE, on_progress=lambda share, _what: told.append(share))
    assert told == sorted(told)
    assert told[-1] == 1.0


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_where_a_single_administration_was_does_not_show(ask, audience) -> None:
    """The analyst's hatching stands only where something was; to others it stands wherever little is published."""
    analyst = find_heat_map(ask(), options=RULE).surface
    other = find_heat_map(ask(audience=audience), options=HeatMapOptions(bandwidth_m=500.0)).surface
    assert other.bandwidth_m >= analyst.bandwidth_m
    assert (other.classes == TOO_FEW_CLASS).sum() > 2 * (analyst.classes == TOO_FEW_CLASS).sum()
    # What is left blank lies in the rim of something published, never in a gap of the hatching far from it.
    published = ndimage.binary_dilation(np.isin(other.classes, range(1, 8)), iterations=12)
    assert not ((other.classes == 0) & ~published).any()


@pytest.mark.parametrize("audience", ["analyst", "partner"])
def test_squares_without_any_are_not_listed_and_nothing_else_is_left_out(ask, audience) -> None:
    question = ask(audience=audience)
    of_squares = replace(question, geography=replace(question.geography, small_area_kind="squares"))
    every, listed = (find_heat_map(each, options=HeatMapOptions(level="small_area")) for each in (question, of_squares))
    with_any = [place for place, count in enumerate(every.areas.counts) if count.value != 0]
    assert 0 < len(with_any) < len(every.areas.codes)
    assert listed.areas.codes == tuple(every.areas.codes[place] for place in with_any)
    assert listed.area_rates == tuple(every.area_rates[place] for place in with_any)
    assert listed.areas.total == every.areas.total
    assert set(listed.areas_table.rows) <= set(every.areas_table.rows)
    assert listed.areas.note.startswith("Squares without any are not listed.")
