"""Places that stand for areas are counted in them, are on no smooth map, and the page says how many are not and why."""

from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.disclosure import Audience
from analytics.findings.heat_map import HeatMapOptions, Picture, find_heat_map
from analytics.findings.question import Question
from data.filters import AccessScope, Filters
from data.ingest import import_frame
from data.store import open_store
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales
from tests.data.quality.files import MAPPING, clean_file

# Six far-apart points, each the middle of nothing but what another source calls an area.
POINTS = [("51.62", "-3.95"), ("51.66", "-3.80"), ("51.55", "-3.60"), ("51.50", "-3.24"), ("51.64", "-3.42")]


@pytest.fixture
def draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """A function that imports a frame and gives its heat map."""
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)

    def found(frame: pd.DataFrame, mapping=MAPPING, audience: Audience = Audience.ANALYST):
        settings = make_settings(tmp_path)
        geography = south_wales()
        import_frame(frame=frame, mapping=mapping, settings=settings, keys=KEYS, geography=geography)
        with open_store(settings=settings, keys=KEYS) as store:
            question = Question(
                store=store,
                geography=geography,
                settings=settings,
                filters=Filters(first_day=date(2022, 1, 1), last_day=date(2023, 12, 31)),
                scope=AccessScope(audience=str(audience)),
            )
            return find_heat_map(question, options=HeatMapOptions())

    return found


def at_points(frame: pd.DataFrame, rows: int) -> pd.DataFrame:
    """The file with its first `rows` rows on the five points."""
    moved = frame.copy()
    moved.loc[: rows - 1, ["Lat", "Lon"]] = [POINTS[number % 5] for number in range(rows)]
    return moved


def test_a_file_of_middles_alone_gives_areas_and_no_surface(draw):
    found = draw(at_points(clean_file(120, seed=41), 120))
    assert found.picture is Picture.AREAS
    assert found.surface is None
    assert found.located.text == "0"
    assert "120 known only by area, or by one point that stands for it" in found.counted
    assert "how to say that they are real places" in found.counted
    assert sum(found.areas.counts[number].value or 0 for number in range(len(found.areas.counts))) == 120


def test_places_known_less_well_than_the_bandwidth_are_left_out_and_counted(draw):
    frame = clean_file(200, seed=42)
    frame["Within"] = "100"
    frame.loc[np.arange(0, 200, 20), "Within"] = "900"
    frame.loc[np.arange(1, 200, 40), "Within"] = "5000"
    mapping = make_mapping(columns={"location_precision_m": "Within"}, place={"x": "Lon", "y": "Lat"})
    found = draw(frame, mapping)
    assert found.picture is Picture.SURFACE
    assert found.bandwidth_m < 900
    assert "185 administrations with a place" in found.counted
    assert "5 known only by area" in found.counted
    assert "10 whose place is known less well than the bandwidth" in found.counted
