"""The example of a file with a row for each drug and dose: its own draft, and right to the person and dose."""

import io
import tomllib
from collections import Counter
from datetime import datetime
from pathlib import Path

from data.drafting import draft_mapping
from data.geography import open_geography
from data.ingest import import_stream
from data.mapping import load_mapping
from data.mapping_toml import check_mapping
from data.reading import sample_file
from data.settings import ImportSettings, StoreSettings, load_settings
from data.values import plain_value
from tests.data.forms import as_csv
from tests.data.importing import KEYS, stored
from tests.data.open_data import AGES, DRUGS, drug_and_dose, invented_people

EXAMPLE = Path(__file__).parents[2] / "examples" / "drug_and_dose"
# From the synthetic force to the middle of the example's state.
MOVED = (-10.8, -74.0)


def test_the_example_is_its_files_draft_with_two_corrections():
    settings = load_settings(EXAMPLE / "settings.toml")
    headings, rows = drug_and_dose(invented_people(400), moved=MOVED)
    draft = draft_mapping(
        sample=sample_file(source=io.BytesIO(as_csv(headings, rows)), label="a.csv", limits=ImportSettings()),
        settings=settings,
        geography=open_geography(settings),
        now=datetime(2026, 7, 1),
    )
    known = tomllib.loads((EXAMPLE / "mapping.toml").read_text(encoding="utf-8"))
    drafted = draft.raw | {"source": known["source"]}
    drafted["place"] = drafted["place"] | {"location_precision_m": known["place"]["location_precision_m"]}
    values = {
        name: {plain_value(word): value for word, value in words.items()} for name, words in drafted["values"].items()
    }
    for name, words in values.items():
        assert words.items() <= {plain_value(word): value for word, value in known["values"][name].items()}.items()
    assert check_mapping(drafted | {"values": {}}) == check_mapping(known | {"values": {}})
    assert not draft.unknown_values
    assert not draft.settings_toml


def test_the_example_counts_every_person_dose_and_drug_once(tmp_path):
    settings = load_settings(EXAMPLE / "settings.toml").model_copy(
        update={"store": StoreSettings(folder=tmp_path / "store")}
    )
    people = invented_people(300, seed=5, alike=True)
    report = import_stream(
        stream=io.BytesIO(as_csv(*drug_and_dose(people, moved=MOVED))),
        label="a.csv",
        mapping=load_mapping(EXAMPLE / "mapping.toml").model_copy(update={"synthetic": True}),
        settings=settings,
        keys=KEYS,
        geography=open_geography(settings),
    )
    treated = [each for each in people if each.treated]
    administrations = stored(settings, "administrations")
    assert report.imported == len(administrations) == len(treated)
    assert report.quarantined_fields == 0
    assert len(stored(settings, "doses")) == sum(each.doses_given or 0 for each in treated)
    assert Counter(administrations["age_band"]) == Counter(AGES[each.age] for each in treated)
    found = Counter(stored(settings, "substances")["substance"])
    assert found == Counter(name for each in treated for name in each.substances)
    incidents = stored(settings, "incidents")
    assert set(incidents["location_precision_m"]) == {25_000.0}
    assert len(incidents) == len({each.incident for each in treated})


def test_the_example_knows_every_published_word():
    mapping = load_mapping(EXAMPLE / "mapping.toml")
    words = {plain_value(word): value for word, value in mapping.values["substance"].items()}
    for written, meant in DRUGS.items():
        assert words.get(plain_value(written), plain_value(written)) in (meant, "unknown")
    ages = {plain_value(word): value for word, value in mapping.values["age_band"].items()}
    assert {plain_value(written): meant for written, meant in AGES.items()} == ages
