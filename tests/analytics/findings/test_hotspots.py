"""The hotspot page's finding on the synthetic force: against its own file, what was planted, and what may be shown."""

import re
from datetime import date

import pytest
import shapely

from analytics.findings.back_test import find_back_test
from analytics.findings.ground import place_names
from analytics.findings.hotspots import HotspotMap, HotspotOptions, find_hotspots
from analytics.findings.layers import Layer, LayerMissingError

PERIOD = {"first_day": date(2024, 7, 1), "last_day": date(2026, 6, 30)}
PLANTED = ("Cardiff Centre", "Swansea Centre", "Neath")


class StoppedError(Exception):
    """Somebody stopped the work."""


@pytest.fixture(scope="module")
def found(ask) -> HotspotMap:
    return find_hotspots(ask(**PERIOD), options=HotspotOptions())


@pytest.fixture(scope="module")
def for_partners(ask) -> HotspotMap:
    return find_hotspots(ask(audience="partner", **PERIOD), options=HotspotOptions(bandwidth_m=300.0))


def column(found: HotspotMap, heading: str) -> list[str]:
    place = [each.heading for each in found.table.columns].index(heading)
    return [row[place] for row in found.table.rows]


def test_each_count_is_that_of_the_places_inside_the_outline(found, ask) -> None:
    question = ask(**PERIOD)
    located = question.store.located_administrations(filters=question.filters, scope=question.scope)
    inside = [
        shapely.contains_xy(outline, located.easting_m, located.northing_m).sum() for outline in found.outlines.outlines
    ]
    assert column(found, "n") == [str(count) for count in inside]
    assert min(inside) >= 5
    areas_km2 = [outline.area / 1e6 for outline in found.outlines.outlines]
    assert [float(text) for text in column(found, "km²")] == pytest.approx(areas_km2, rel=0.05)


def test_a_point_is_called_by_its_place_and_the_town_around_it(ask) -> None:
    # Llandaff is a part of Cardiff; Penarth lies as near to its middle, in another authority; Neath is a town itself.
    points = {"easting_m": [315_600.0, 318_500.0, 275_200.0], "northing_m": [178_000.0, 171_700.0, 197_500.0]}
    assert place_names(ask(**PERIOD), **points) == [
        "Llandaff in Cardiff (CF5)",
        "Penarth near Cardiff (CF64)",
        "Neath (SA11)",
    ]


def test_planted_lasting_places_are_named_and_the_look_alike_is_not(found) -> None:
    lasting = found.headline.split("Lasting and beyond chance:")[1]
    assert all(place in lasting for place in PLANTED)
    assert "Gorseinon" not in lasting
    strips = dict(zip(column(found, "Place"), column(found, "Quarters"), strict=True))
    for name, strip in strips.items():
        assert len(strip) == 8
        if any(place in name for place in PLANTED):
            assert strip.count("■") >= 6
        if "Gorseinon" in name:
            assert strip.count("■") <= 2


def test_what_qualifies_the_finding_stands_with_it(found) -> None:
    assert re.search(r"\d+ administrations with a place, 1 July 2024 to 30 June 2026", found.counted)
    assert "Under 5 administrations there is no such place" in found.short
    assert "only where carriers are" in found.caveat
    assert "200 resampled" in found.method
    assert "999 maps" in found.method
    assert "addresses" in found.method
    assert re.search(r"bandwidth [\d,]+ m", found.method)
    assert all(re.match(r"[\d.]+ \([\d.]+ to [\d.]+\)", rate) for rate in column(found, "Per km² per year (95 %)"))


def test_the_back_test_names_what_beat_the_map(found) -> None:
    rows = {(row[0], row[1]): float(row[2].split(" ")[0]) for row in found.back_test.table.rows}
    ours, addresses = "This map's method", "Map of addresses"
    beaten = [share for share in ("1 %", "2 %", "5 %") if rows[share, addresses] > rows[share, ours]]
    said = re.search(r"Map of addresses did better at ([\d %,and]+) of", found.back_test.sentence)
    assert (re.findall(r"\d", said[1]) if said else []) == [share[0] for share in beaten]


def test_partners_see_no_small_count_and_no_way_back_to_one(for_partners) -> None:
    assert for_partners.outlines.names
    assert all(int(count) >= 5 for count in column(for_partners, "n"))
    assert "hotspot" not in for_partners.headline.lower()
    assert "the finest that this audience may see" in for_partners.method
    hidden = ("not shown", "fewer than 5")
    held = 0
    for profile in for_partners.profiles:
        whole = int(profile.rows[0][1])
        for what, here, rest in profile.rows[1:-1]:
            assert (here in hidden) == (rest in hidden), what
            held += here in hidden
            if here not in hidden:
                count = round(float(here.split(" ")[0]) / 100 * whole)
                assert count == 0 or count >= 5
    assert held > 0


def test_deaths_are_not_shown_by_place_on_the_wall(ask) -> None:
    walls = find_hotspots(ask(audience="meeting", **PERIOD), options=HotspotOptions(layer=Layer.EVEN))
    assert not any("Died" in row[0] for profile in walls.profiles for row in profile.rows)


def test_a_profile_counts_the_records_at_the_place(found, ask) -> None:
    question = ask(**PERIOD)
    frame = question.store.administration_profiles(
        filters=question.filters, scope=question.scope, kind="call_to_arrival", clocks=["ambulance_cad"]
    )
    here = shapely.contains_xy(found.outlines.outlines[0], frame["easting_m"], frame["northing_m"])
    shares = {row[0]: row[1:] for row in found.profiles[0].rows}
    assert shares["Administrations"] == (str(here.sum()), str((~here).sum()))
    for word, answer in (("Yes", "yes"), ("No", "no")):
        asked = frame["previous_police_contact"] == answer
        told = shares[f"Previous police contact, any reason: {word}"]
        assert [float(text.split(" ")[0]) for text in told] == [
            round(100 * asked[side].mean()) for side in (here, ~here)
        ]


def test_under_five_there_is_none_and_the_shortfall_is_said(ask) -> None:
    everything = ask()
    days = everything.store.dated_administrations(filters=everything.filters, scope=everything.scope).day
    few = ask(last_day=sorted(days)[2].item())
    count = few.store.count_administrations(filters=few.filters, scope=few.scope).located
    assert 0 < count < 5
    found = find_hotspots(few, options=HotspotOptions(bandwidth_m=1_000.0))
    assert found.outlines.names == found.table.rows == found.profiles == ()
    assert f"{5 - count} more would be needed" in found.short


def test_without_administrations_the_page_says_so(ask) -> None:
    found = find_hotspots(
        ask(first_day=date(2020, 1, 1), last_day=date(2020, 12, 31)), options=HotspotOptions(layer=Layer.ADDRESSES)
    )
    assert found.empty
    assert "None recorded" in found.headline
    assert "not estimable" in found.back_test.sentence


def test_a_layer_that_is_not_there_says_what_to_do(ask) -> None:
    with pytest.raises(LayerMissingError, match="Bring them in on the page"):
        find_hotspots(ask(**PERIOD), options=HotspotOptions(layer=Layer.INCIDENTS))


def test_progress_rises_and_stops_the_work(ask) -> None:
    told: list[float] = []

    def tell(share: float, _what: str) -> None:
        told.append(share)
        if share > 0.3:
            raise StoppedError

    with pytest.raises(StoppedError):
        find_hotspots(ask(**PERIOD), options=HotspotOptions(), on_progress=tell)
    assert told == sorted(told)


def test_the_back_test_scores_the_whole_history(ask) -> None:
    short = find_back_test(ask(first_day=date(2026, 1, 1), last_day=date(2026, 6, 30)))
    long = find_back_test(ask())
    assert short == long
    assert {row[1] for row in long.table.rows} == {
        "This map's method",
        "Counts of the three months before",
        "Map of addresses",
    }


def test_a_smaller_share_finds_denser_places_and_says_so(found, ask) -> None:
    dense = find_hotspots(ask(**PERIOD), options=HotspotOptions(share=0.1))
    assert "the smallest area that holds 10 %" in dense.method
    areas = [sum(outline.area for outline in each.outlines.outlines) for each in (dense, found)]
    assert 0 < areas[0] < areas[1]
    assert dense.back_test == found.back_test
