"""Residents as a layer: imported, spread over the addresses of their area, counted once, or missed."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analytics.density import kernel_density
from analytics.findings.layers import Layer, LayerMissingError, layer_caveat, layer_cells, layer_points
from analytics.findings.question import Question
from data.filters import AccessScope, Filters
from data.ingest import import_frame
from data.keys import Keys
from data.mapping import default_mapping
from data.settings import Settings
from data.store import open_store
from geo.areas import Geography

KEYS = Keys(store_key="s" * 48, pseudonym_key=b"p" * 48)
# A town's district, one without the authority named, a whole authority, and a village as a point (longitude, latitude).
PEOPLE = [
    ("CF10", "CF10", None, None, None, 9_001, 2021),
    ("SA1", "SA1", None, None, None, 20_000, 2021),
    ("Bridgend", None, "Bridgend", None, None, 140_000, 2021),
    ("point", None, None, -3.38, 51.75, 500, 2021),
    ("CF10 before", "CF10", None, None, None, 7_000, 2011),
]
HEADINGS = ["population_id", "small_area", "authority", "longitude", "latitude", "persons", "year"]


@pytest.fixture
def asked(demo_settings: Settings, south_wales: Geography, tmp_path: Path) -> Iterator[Callable[..., Question]]:
    store = demo_settings.store.model_copy(update={"folder": tmp_path / "store"})
    settings = demo_settings.model_copy(update={"store": store})
    mapping = default_mapping("populations", HEADINGS).model_copy(update={"synthetic": True})
    frame = pd.DataFrame([*PEOPLE, ("nobody", "CF10", None, None, None, None, 2021)], columns=HEADINGS)
    report = import_frame(frame=frame, mapping=mapping, settings=settings, keys=KEYS, geography=south_wales)
    assert (report.imported, report.quarantined_rows) == (5, 1)
    assert report.reasons[0].reason == "number_missing"
    with open_store(settings=settings, keys=KEYS) as opened:

        def ask(last_day: date) -> Question:
            return Question(
                store=opened,
                geography=south_wales,
                settings=settings,
                filters=Filters(first_day=date(2010, 1, 1), last_day=last_day),
                scope=AccessScope(audience="analyst"),
            )

        yield ask


def test_residents_live_at_their_point_or_at_their_areas_addresses(asked, south_wales) -> None:
    easting_m, northing_m = layer_points(asked(date(2026, 6, 30)), Layer.RESIDENTS)
    assert easting_m.size == 9_001 + 20_000 + 140_000 + 500
    labels = south_wales.label_area(easting_m=easting_m, northing_m=northing_m)
    here = labels.small_area == "CF10"
    assert here.sum() == pytest.approx(9_001, abs=1)
    codes = dict(zip(south_wales.authorities["name"], south_wales.authorities["code"], strict=True))
    assert (labels.authority == codes["Bridgend"]).sum() == pytest.approx(140_000, abs=1)
    # As many people as addresses have them: the same share in every cell of the district.
    row = np.floor((northing_m[here] - south_wales.grid.y0_m) / south_wales.grid.cell_m).astype(int)
    column = np.floor((easting_m[here] - south_wales.grid.x0_m) / south_wales.grid.cell_m).astype(int)
    people = np.zeros(south_wales.grid.shape)
    np.add.at(people, (row, column), 1)
    addresses = south_wales.addresses[people > 0]
    assert people[people > 0] == pytest.approx(9_001 / addresses.sum() * addresses, abs=1.01)


def test_one_year_counts_the_latest_that_is_not_after_the_period(asked) -> None:
    assert layer_points(asked(date(2015, 6, 30)), Layer.RESIDENTS)[0].size == 7_000
    assert layer_points(asked(date(2010, 6, 30)), Layer.RESIDENTS)[0].size == 7_000
    assert "They are those of 2021" in layer_caveat(asked(date(2024, 6, 30)), Layer.RESIDENTS)
    assert "spread over its addresses" in layer_caveat(asked(date(2024, 6, 30)), Layer.RESIDENTS)


def test_residents_are_a_denominator(asked, south_wales) -> None:
    surface = kernel_density(
        easting_m=[318_000.0], northing_m=[176_000.0], window=south_wales.outline, bandwidth_m=3_000.0, cell_m=1_000.0
    )
    cells = layer_cells(asked(date(2026, 6, 30)), Layer.RESIDENTS, surface)
    assert cells.shape == surface.values_per_km2.shape
    assert cells.sum() == pytest.approx(169_501, rel=0.01)


def test_without_residents_a_sentence_says_what_to_import(ask) -> None:
    with pytest.raises(LayerMissingError, match=r"No residents .* Bring them in on the page “Data quality”"):
        layer_points(ask(), Layer.RESIDENTS)
