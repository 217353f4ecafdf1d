"""An independent layer as a heat map of its own: its points, its days, its words, and what no wall may show."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics import density
from analytics.findings.heat_map import HeatMapOptions, Picture, find_heat_map
from analytics.findings.layers import Layer
from analytics.findings.mapped_events import layer_periods
from analytics.findings.question import Question
from data.filters import AccessScope, Filters
from data.ingest import import_frame
from data.keys import Keys
from data.mapping import Mapping
from data.settings import Settings
from data.store import open_store
from geo.areas import Geography

KEYS = Keys(store_key="s" * 48, pseudonym_key=b"p" * 48)
YEARS = Filters(first_day=date(2024, 1, 1), last_day=date(2026, 12, 31))
CARDIFF, SWANSEA, LONDON = (-3.1790, 51.4810), (-3.9430, 51.6210), (-0.1, 51.5)


def event(number: int, place: tuple[float, float] | None, *, kind: str, when: str) -> tuple[object, ...]:
    # Steps of about 200 m, so that no point stands for an area.
    east = None if place is None else round(place[0] + 0.003 * (number % 7), 5)
    north = None if place is None else round(place[1] + 0.002 * (number // 7), 5)
    return f"{kind}-{number}", kind, when, east, north


EVENTS = [
    *(event(number, CARDIFF, kind="drug_incident", when="2025-05") for number in range(40)),
    *(event(number, SWANSEA, kind="drug_incident", when="2025-06") for number in range(40, 60)),
    *(event(number, None, kind="drug_incident", when="2025-05") for number in range(60, 63)),
    event(63, LONDON, kind="drug_incident", when="2025-05"),
    *(event(number, CARDIFF, kind="ambulance_overdose_call", when="2025-03-04") for number in range(25)),
    *(event(number, CARDIFF, kind="drug_related_death", when="2025-02-01") for number in range(6)),
]


@pytest.fixture
def asked(demo_settings: Settings, south_wales: Geography, tmp_path: Path) -> Iterator[Callable[..., Question]]:
    """A question about a store that holds calls, deaths and drug incidents, and no administration."""
    store = demo_settings.store.model_copy(update={"folder": tmp_path / "store"})
    settings = demo_settings.model_copy(update={"store": store})
    frame = pd.DataFrame(EVENTS, columns=["key", "kind", "when", "lon", "lat"], dtype=object)
    mapping = Mapping.model_validate(
        {
            "target": "risk_events",
            "source": "test",
            "synthetic": True,
            "columns": {"risk_event_id": "key", "kind": "kind", "occurred_at": "when"},
            "times": {"formats": ["%Y-%m-%d", "%Y-%m"]},
            "place": {"x": "lon", "y": "lat", "location_precision_m": 100},
        }
    )
    report = import_frame(frame=frame, mapping=mapping, settings=settings, keys=KEYS, geography=south_wales)
    assert report.imported == len(EVENTS)
    with open_store(settings=settings, keys=KEYS) as opened:

        def ask(audience: str = "analyst", filters: Filters = YEARS) -> Question:
            return Question(
                store=opened,
                geography=south_wales,
                settings=settings,
                filters=filters,
                scope=AccessScope(audience=audience),
            )

        yield ask


def test_each_layer_has_its_own_days_and_a_month_reaches_to_its_end(asked) -> None:
    assert layer_periods(asked().store) == {
        Layer.CALLS: (date(2025, 2, 1), date(2025, 3, 4)),
        Layer.INCIDENTS: (date(2025, 5, 1), date(2025, 6, 30)),
    }


def test_drug_incidents_are_a_surface_of_their_own_days_that_never_speaks_of_administrations(
    asked, south_wales
) -> None:
    found = find_heat_map(asked(), options=HeatMapOptions(), layer=Layer.INCIDENTS)
    assert found.picture is Picture.SURFACE
    assert found.title == "Drug incidents recorded by police"
    assert "60 drug incidents with a place, 1 May 2025 to 30 June 2025." in found.counted
    assert "3 without a place" in found.counted
    assert "1 outside the force" in found.counted
    assert "not a map of overdoses" in found.caveat
    assert "Cardiff" in found.headline
    said = (found.title, found.headline, found.counted, found.method, found.caveat, found.surface.unit)
    assert not [sentence for sentence in said if "administration" in sentence.lower()]
    # The surface holds the 60 over the 61 days that the two files cover, not over the three years looked at.
    surface = density.kernel_density(
        easting_m=found.points.easting_m,
        northing_m=found.points.northing_m,
        window=south_wales.outline,
        bandwidth_m=found.bandwidth_m,
        cell_m=found.surface.cell_m,
    )
    most_per_km2 = np.nanmax(surface.values_per_km2)
    assert most_per_km2 / YEARS.years < found.surface.limits[-1] < most_per_km2 * 365.25 / 61
    assert np.nansum(surface.values_per_km2) * surface.cell_area_km2 == pytest.approx(60, rel=1e-6)


@pytest.mark.parametrize("level", ["bcu", "authority", "small_area"])
def test_every_area_level_adds_up_to_all_events(asked, level: str) -> None:
    found = find_heat_map(asked(), options=HeatMapOptions(level=level), layer=Layer.INCIDENTS)
    assert sum(count.value for count in found.areas.counts) == 64


def test_days_that_the_layer_does_not_cover_are_named(asked) -> None:
    april = Filters(first_day=date(2025, 4, 1), last_day=date(2025, 4, 30))
    found = find_heat_map(asked(filters=april), options=HeatMapOptions(), layer=Layer.INCIDENTS)
    assert found.empty
    assert "those imported cover 1 May 2025 to 30 June 2025" in found.headline
    # Half of May: nobody knows which of its incidents fell in it.
    half = Filters(first_day=date(2025, 5, 1), last_day=date(2025, 5, 15))
    assert find_heat_map(asked(filters=half), options=HeatMapOptions(), layer=Layer.INCIDENTS).empty


def test_deaths_are_never_on_the_wall(asked) -> None:
    for audience, number in (("analyst", 31), ("partner", 31), ("meeting", 25)):
        found = find_heat_map(asked(audience), options=HeatMapOptions(), layer=Layer.CALLS)
        assert f"{number} overdose calls" in found.counted
        told = " ".join((found.title, found.headline, found.counted, found.surface.unit))
        assert ("death" in told) == (audience != "meeting")
    assert not find_heat_map(asked("partner"), options=HeatMapOptions(), layer=Layer.CALLS).points.easting_m.size


def test_filters_that_a_layer_cannot_know_are_said_not_to_apply(asked) -> None:
    heroin = Filters(first_day=YEARS.first_day, last_day=YEARS.last_day, substances=("heroin",))
    found = find_heat_map(asked(filters=heroin), options=HeatMapOptions(), layer=Layer.INCIDENTS)
    assert "60 drug incidents" in found.counted
    assert "do not apply" in found.caveat
