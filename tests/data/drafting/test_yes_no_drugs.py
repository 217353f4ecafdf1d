"""A column of yes and no for each drug: the draft and the import give exactly the drugs that the file was made from."""

import io
import random
from collections import Counter
from datetime import datetime

import pytest

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping import MappingError, load_mapping
from data.mapping_toml import check_mapping, mapping_toml
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import as_csv
from tests.data.importing import KEYS, make_settings, south_wales, stored

# Headings as published files have them, and what a yes stands for.
DRUGS = {
    "Heroin": "heroin",
    "Suspected Fentanyl (Y/N)": "fentanyl",
    "Cocaine/Crack": "cocaine",
    "Opioid: Y/N": "other_opioid",
    "Benzodiazepines": "benzodiazepine",
    "Alcohol involved": "alcohol",
    "Meth/Amphetamine": "other",
}
# No drugs, whatever they say yes to.
OTHERS = ("Other", "Methadone program", "Police on scene")
HEADINGS = ["Reference", "When", "Doses given", *DRUGS, *OTHERS]


def people(count, strange=0):
    """Rows, and the drugs of each; of `strange` of the people one answer is on no list."""
    draw = random.Random(11)
    rows, truth = [], []
    for n in range(count):
        taken = {heading: draw.random() < 0.3 for heading in DRUGS}
        cells = {
            h: draw.choice(("Y", "Yes", "1")) if yes else draw.choice(("N", "No", "", "Unknown"))
            for h, yes in taken.items()
        }
        if n < strange:
            cells["Heroin"], taken["Heroin"] = "perhaps", False
        others = [draw.choice("YN") for _other in OTHERS]
        rows.append([f"R{n:04}", f"{n % 28 + 1:02}/07/2024 {n % 24}:15", "1", *cells.values(), *others])
        truth.append(tuple(sorted(DRUGS[h] for h, yes in taken.items() if yes)) or ("not_recorded",))
    return rows, Counter(truth)


def drafted(rows, headings=HEADINGS):
    sample = sample_file(source=io.BytesIO(as_csv(headings, rows)), label="a.csv", limits=ImportSettings())
    return draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 7, 1)
    )


def test_drugs_in_columns_of_yes_and_no_are_read_exactly(tmp_path):
    rows, truth = people(150, strange=6)
    draft = drafted(rows)
    assert draft.raw["substances"] == {"yes_no": DRUGS, "certainty": "suspected"}
    assert {each.heading for each in draft.unused} == set(OTHERS)
    file = tmp_path / "m.toml"
    file.write_text(mapping_toml(draft.raw | {"synthetic": True}), encoding="utf-8")
    mapping = load_mapping(file)
    assert mapping == check_mapping(draft.raw | {"synthetic": True})
    where = make_settings(tmp_path)
    report = import_stream(
        stream=io.BytesIO(as_csv(HEADINGS, rows)), label="a.csv", mapping=mapping, settings=where, keys=KEYS,
        geography=south_wales(),
    )  # fmt: skip
    assert (report.imported, report.quarantined_fields) == (150, 6)
    taken = stored(where, "substances").groupby("administration_id")
    assert Counter(tuple(sorted(each)) for each in taken["substance"].agg(list)) == truth


def test_words_that_the_import_does_not_know_can_be_named():
    rows, _truth = people(60, strange=5)
    draft = drafted(rows)
    [unknown] = draft.unknown_values
    assert (unknown.field, unknown.heading, unknown.cells) == ("substance_taken", "Heroin", 5)
    check_mapping(draft.raw | {"values": {"substance_taken": {"perhaps": "yes"}}})
    with pytest.raises(MappingError, match="heroine is not one of"):
        check_mapping(draft.raw | {"substances": {"yes_no": {"Heroin": "heroine"}}})
    with pytest.raises(MappingError, match="no substance could be read"):
        check_mapping(draft.raw | {"substances": {"certainty": "suspected"}})


def test_a_column_of_names_and_columns_of_yes_and_no_are_read_together():
    rows = [[f"R{n}", f"{n + 1:02}/07/2024 10:00", "1", ("Heroin", "Spice")[n % 2], "YN"[n % 2]] for n in range(20)]
    draft = drafted(rows, ["Reference", "When", "Doses given", "Drug", "Alcohol"])
    assert draft.raw["substances"] == {"columns": ["Drug"], "yes_no": {"Alcohol": "alcohol"}}
