"""Middles of areas that the file names beside them, among true places with hostels: exact rows, against the truth."""

from functools import cache

import numpy as np
import pandas as pd
import pytest

from data.ingest import import_frame
from data.mapping import Mapping
from data.places import NAMED_AREAS
from data.quality.file_points import RAW_AREA, RAW_X, RAW_Y
from data.quality.places import settle_area_points
from tests.data.drafting.test_draft import drafted
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales, stored
from tests.data.quality.test_crowded import homes
from tests.data.quality.test_places import rows_of


@cache
def beats():
    """The beats of the force by code: somebody's areas that the deployment does not know, and their middles."""
    areas = south_wales().small_areas
    middles = areas[["easting_m", "northing_m"]].to_numpy() + np.random.default_rng(9).normal(0, 400, (len(areas), 2))
    names = [f"Beat {number}" for number in range(len(areas))]
    return dict(zip(areas["code"], names, strict=True)), dict(zip(names, middles, strict=True))


def file_of(rows, share, *, generator, moved_m=0.0, hostels=0, at_hostels=0.1):
    """Measured places with the beat of each and some hostels; of a share of the rows the middle of its beat instead.

    Also whether each row has the middle, and whether other rows of its beat have it too: one alone nobody can tell.
    """
    metres = homes(rows, generator=generator) + generator.normal(0, 8, (rows, 2))
    if hostels:
        some = generator.random(rows) < at_hostels
        metres[some] = homes(hostels, generator=generator)[generator.integers(0, hostels, int(some.sum()))]
    of_code, middles = beats()
    label = south_wales().label_area(easting_m=metres[:, 0], northing_m=metres[:, 1]).small_area
    beat = np.array([of_code.get(str(code)) for code in label], dtype=object)
    moved = (generator.random(rows) < share) & ~pd.isna(beat)
    metres[moved] = np.array([middles[name] for name in beat[moved]]).reshape(-1, 2)
    metres[moved] += generator.uniform(-moved_m, moved_m, (int(moved.sum()), 2)) / np.sqrt(2)
    held = pd.Series(beat[moved]).value_counts()
    return metres.round(), beat, moved, moved & (pd.Series(beat).map(held).fillna(0) > 1).to_numpy()


def settled(metres, beat=None, *, own=None, known_m=100.0, shared_points=None, before=()):
    records = pd.DataFrame(
        {
            RAW_X: metres[:, 0],
            RAW_Y: metres[:, 1],
            "location_source": "coordinates",
            "location_precision_m": known_m,
            "incident_id": [str(number) for number in range(len(metres))],
        },
        index=np.arange(1, len(metres) + 1),
    )
    named = {name: each for name, each in ((RAW_AREA, beat), (NAMED_AREAS["small_area"], own)) if each is not None}
    records, found = settle_area_points(
        records.assign(**named),
        crs="EPSG:27700",
        geography=south_wales(),
        known_points_m=np.array(before, dtype=float).reshape(-1, 3),
        stations_m=np.empty((0, 2)),
        snap_m=100.0,
        shared_points=shared_points,
    )
    return records["location_precision_m"].to_numpy(), {each.kind: each for each in found}


def numbers(rows):
    return set((np.flatnonzero(rows) + 1).tolist())


@pytest.mark.parametrize(("share", "moved_m"), [(0.2, 0.0), (0.5, 0.0), (0.4, 4.0), (0.95, 4.0)])
def test_middles_are_told_by_the_column_that_names_their_areas(share, moved_m):
    metres, beat, _moved, known = file_of(700, share, generator=np.random.default_rng(5), moved_m=moved_m)
    precision_m, found = settled(metres, beat)
    assert ((precision_m > 1_000) == known).all()
    assert set(found) == {"area_points"}
    assert rows_of(found["area_points"]) == numbers(known)
    assert "the areas that the file names" in found["area_points"].sentence
    assert 'shared_points = "places"' in found["area_points"].setting
    assert (settled(metres, beat, shared_points="places")[0] == 100).all()


def test_a_place_beside_a_middle_stays_one_when_the_file_comes_again():
    metres, beat, moved, known = file_of(700, 0.4, generator=np.random.default_rng(6))
    at_middle = np.flatnonzero(known)[0]
    metres[np.flatnonzero(~moved & (beat == beat[at_middle]))[0]] = metres[at_middle] // 100 * 100 + 50
    precision_m, _found = settled(metres, beat)
    assert ((precision_m > 1_000) == known).all()
    # As they are stored: in the middle of their cell.
    before = np.column_stack([metres[known] // 100 * 100 + 50, precision_m[known]])
    assert (settled(metres, beat, before=before)[0] == precision_m).all()


@pytest.mark.parametrize(("hostels", "at_hostels"), [(1, 0.05), (3, 0.1), (12, 0.2), (30, 0.2)])
def test_hostels_are_no_middles_of_the_beats_that_they_stand_in(hostels, at_hostels):
    wrong = []
    for seed in range(2):
        made = {"generator": np.random.default_rng(seed), "hostels": hostels, "at_hostels": at_hostels}
        metres, beat, _moved, _known = file_of(600, 0.0, **made)
        assert (settled(metres, beat)[0] == 100).all()
        # Nor beside middles, where they are at most asked about.
        metres, beat, moved, known = file_of(600, 0.4, **made)
        precision_m, found = settled(metres, beat)
        wrong.append(((precision_m > 1_000) & ~moved).mean())
        asked = rows_of(found["crowded_point"]) if "crowded_point" in found else set()
        assert numbers(known & (precision_m == 100)) <= asked
    assert max(wrong) < 0.01


def test_the_draft_names_the_column_and_none_where_nothing_is_at_middles():
    for share, expected in ((0.4, "Patch"), (0.0, None)):
        metres, beat, _moved, _known = file_of(500, share, generator=np.random.default_rng(2), hostels=3)
        rows = [
            [f"R{i}", f"{1 + i % 28:02}/03/2025 09:15", f"{x:.0f}", f"{y:.0f}", beat[i] or "", f"Team {i % 20}"]
            for i, (x, y) in enumerate(metres)
        ]
        draft = drafted(["Reference", "Date and time", "Easting", "Northing", "Patch", "Team"], rows)
        assert draft.mapping().place.area == expected


@pytest.mark.parametrize("elsewhere", [0.0, 0.5])
def test_points_decide_over_a_heading_that_speaks_of_areas(elsewhere):
    """All at the middles, as "City" says, or half of them exact; known to some kilometres, or some to 100 m."""
    metres, beat, _moved, _known = file_of(500, 1.0 - elsewhere, generator=np.random.default_rng(8))
    rows = [
        [f"R{i}", f"{1 + i % 28:02}/03/2025 09:15", f"{x:.0f}", f"{y:.0f}", beat[i] or ""]
        for i, (x, y) in enumerate(metres)
    ]
    draft = drafted(["Reference", "Date and time", "City Easting", "City Northing", "City"], rows)
    precision = any(each.setting == "place.location_precision_m" for each in draft.questions)
    assert precision == (elsewhere == 0)
    assert (draft.mapping().place.location_precision_m is not None) == precision
    assert (draft.mapping().place.area == "City") == (elsewhere > 0)


@pytest.mark.parametrize("exact", [0, 40])
def test_few_rows_at_the_middles_of_the_deployments_own_areas_are_told_by_their_names(exact):
    """Nearly all rows of each area at one point; a few are exact, and stay so."""
    generator = np.random.default_rng(11)
    areas = south_wales().small_areas
    middles = areas[["easting_m", "northing_m"]].to_numpy() + generator.normal(0, 300, (len(areas), 2))
    which = generator.choice(12 if not exact else 40, 60 if not exact else 600)
    homes_m = homes(exact, generator=generator) if exact else np.empty((0, 2))
    code = south_wales().label_area(easting_m=homes_m[:, 0], northing_m=homes_m[:, 1]).small_area if exact else []
    metres = np.vstack([middles[which], homes_m]).round()
    codes = np.array([*areas["code"].to_numpy()[which], *code], dtype=object)
    precision_m, found = settled(metres, own=codes)
    assert set(found) == {"area_points"}
    known = np.isin(code, codes[: len(which)])
    assert (precision_m[: len(which)] > 1_000).all()
    assert (precision_m[len(which) :][known] == 100).all()


def test_a_second_files_places_are_looked_at_with_their_own_row_numbers(tmp_path, monkeypatch):
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    settings = make_settings(tmp_path)
    metres, beat, _moved, known = file_of(400, 0.4, generator=np.random.default_rng(3))
    forms = pd.DataFrame({"Reference": [f"F{i}" for i in range(400)], "Log": [f"L{i}" for i in range(400)]})
    forms["When"] = [f"2025-{1 + i % 12:02}-{1 + i % 28:02} 10:{i % 60:02}" for i in range(400)]
    mapping = make_mapping(columns={"incident_id": "Log"})
    options = {"settings": settings, "keys": KEYS, "geography": south_wales()}
    import_frame(frame=forms, mapping=mapping, **options)
    order = np.random.default_rng(1).permutation(400)
    places = pd.DataFrame(
        {"Log": [f"L{i}" for i in order], "E": metres[order, 0], "N": metres[order, 1], "Patch": beat[order]}
    )
    second = Mapping.model_validate(
        {
            "target": "administrations",
            "joins": "incidents",
            "source": "places",
            "parent_source": "test form",
            "synthetic": True,
            "columns": {"incident_id": "Log"},
            "place": {"crs": "EPSG:27700", "x": "E", "y": "N", "area": "Patch"},
        }
    )
    report = import_frame(frame=places, mapping=second, **options)
    (warning,) = report.warnings
    assert (warning.kind, rows_of(warning)) == ("area_points", numbers(known[order]))
    assert report.imported == 400
    counted = stored(settings, "counted")
    assert counted["area_only"].sum() == known.sum()
    assert counted["located"].sum() == (~known).sum()


def test_rows_that_the_file_says_are_inexact_are_none_to_ask_about():
    metres = homes(300, generator=np.random.default_rng(5))
    metres[:75] = metres[0]
    there = (metres == metres[0]).all(axis=1)
    assert settled(metres)[1]["crowded_point"].count == there.sum()
    assert "crowded_point" not in settled(metres, known_m=np.where(there, 5_000.0, 100.0))[1]


@pytest.mark.parametrize(("step_m", "some"), [(1_000, 1.0), (1_000, 0.05)])
def test_rounded_places_are_told_as_rounded_and_not_as_areas(step_m, some):
    generator = np.random.default_rng(4)
    metres = homes(1_500, generator=generator) + generator.normal(0, 8, (1_500, 2))
    rounded = generator.random(1_500) < some
    metres[rounded] = (metres[rounded] / step_m).round() * step_m
    precision_m, found = settled(metres.round())
    assert set(found) == {"rounded_points"}
    assert rows_of(found["rounded_points"]) == numbers(rounded)
    assert precision_m[rounded] == pytest.approx(step_m / np.sqrt(2))
    assert "whole kilometres" in found["rounded_points"].sentence
