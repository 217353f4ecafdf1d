"""All drug incidents from a street-level file: what is read, what is set aside, and where it stands afterwards."""

from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from analytics.disclosure import Audience
from analytics.findings.compared_places import find_compared_places
from analytics.findings.layers import Layer, layer_points
from analytics.findings.question import Question
from data.filters import AccessScope, Filters
from data.ingest import import_file
from data.keys import Keys
from data.mapping import load_mapping
from data.settings import Settings
from data.store import open_store
from geo.areas import Geography

KEYS = Keys(store_key="s" * 48, pseudonym_key=b"p" * 48)
MAPPING = Path(__file__).parents[2] / "examples" / "police_uk" / "mapping.toml"
HEADINGS = "Crime ID,Month,Reported by,longitude,latitude,Crime type"


def crime(number: int, *, longitude: str = "-3.179", latitude: str = "51.481", kind: str = "Drugs") -> str:
    return f"{number:064x},2025-05,South Wales Police,{longitude},{latitude},{kind}"


@pytest.fixture
def street_file(tmp_path: Path) -> Path:
    rows = [crime(number) for number in range(20)]
    rows += [crime(100, longitude="", latitude=""), crime(101, kind="Burglary"), crime(102, longitude="-0.1")]
    rows.append(",2025-05,South Wales Police,-3.179,51.481,Anti-social behaviour")
    file = tmp_path / "2025-05-south-wales-street.csv"
    file.write_text("\n".join([HEADINGS, *rows]), encoding="utf-8")
    return file


def test_drug_incidents_become_a_layer(
    street_file: Path, demo_settings: Settings, south_wales: Geography, tmp_path: Path
) -> None:
    store_settings = demo_settings.store.model_copy(
        update={"folder": tmp_path / "store", "synthetic": False, "open_real_on_loopback": True}
    )
    settings = demo_settings.model_copy(update={"store": store_settings})
    report = import_file(
        path=street_file, mapping=load_mapping(MAPPING), settings=settings, keys=KEYS, geography=south_wales
    )
    # The burglary waits in quarantine, as the mapping declares; anti-social behaviour even lacks a key.
    assert (report.rows_in, report.imported, report.quarantined_rows) == (24, 22, 2)
    assert [(each.reason, each.count) for each in report.reasons] == [("left_out_by_mapping", 2)]
    assert any("Nothing needs to be corrected" in line for line in report.lines())
    filters = Filters(first_day=date(2025, 5, 1), last_day=date(2025, 5, 31))
    with open_store(settings=settings, keys=KEYS) as store:
        # Rows left out on purpose wait for nobody.
        assert store.freshness().rows_quarantined == 0
        question = Question(
            store=store,
            geography=south_wales,
            settings=settings,
            filters=filters,
            scope=AccessScope(audience=str(Audience.ANALYST)),
        )
        easting_m, northing_m = layer_points(question, Layer.INCIDENTS)
        assert easting_m.size == 21
        events = store.risk_events(filters=filters, scope=question.scope, kinds=["drug_incident"])
        assert events.unlocated == 1
        # A month has no weekday and no hour, and lies in a period only as a whole.
        times = store._frame("SELECT DISTINCT time_precision, local_hour, local_weekday FROM records.risk_events", [])
        assert times.astype(object).where(times.notna(), None).values.tolist() == [["month", None, None]]
        part = replace(filters, last_day=date(2025, 5, 30))
        assert store.risk_events(filters=part, scope=question.scope, kinds=["drug_incident"]).easting_m.size == 0
        # Cardiff Centre on the British grid, snapped to 100 m.
        assert (abs(easting_m - 318_150) < 200).sum() == (abs(northing_m - 176_500) < 300).sum() == 20
        found = find_compared_places(question, layer=Layer.INCIDENTS)
        assert found.headline.startswith("Too few to compare")
        assert "0 administrations with a place and 20 drug incidents" in found.counted
