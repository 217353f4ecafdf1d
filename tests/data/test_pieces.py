"""What is kept of folded rows: read again, every type of column says what it said, and files may come in parts."""

import random

import numpy as np
import pandas as pd
import pytest

from data.pieces import contents_of_pieces, pieces_from_store, pieces_to_store
from data.schema import NOT_RECORDED
from data.store import RecordNotFoundError, erase
from tests.data.importing import KEYS, make_mapping
from tests.data.test_ingest import Importer

TEXTS = ["plain", 'a "quoted" one', "back\\slash", "line\nbreak\ttab\x01", "Ŵyddgrug 😀", "", "null", None]
MOMENTS = pd.to_datetime(
    ["2024-07-01 13:00", "2024-10-27 00:59:59.123456", None, "1969-12-31 23:59:59", "2261-01-01", None, None, None],
    utc=True,
    format="ISO8601",
)


def rows(**columns):
    """Eight rows with a column of every type that a record has."""
    count = len(TEXTS)
    frame = pd.DataFrame(
        {
            "piece_id": pd.array([f"piece {n}" for n in range(count)], dtype="string[pyarrow]"),
            "administration_id": pd.array([f"record {n // 2}" for n in range(count)], dtype="string[pyarrow]"),
            "row_hash": pd.array([f"hash {n}" for n in range(count)], dtype="string[pyarrow]"),
            "text": pd.array(TEXTS, dtype="string[pyarrow]"),
            "moment": MOMENTS.as_unit("ns"),
            "whole_moment": MOMENTS.floor("s").as_unit("ns"),
            "day": pd.to_datetime(["2024-07-01", None, "1900-01-01", *["2024-02-29"] * 5]).as_unit("ns"),
            "hour": pd.array([0, 23, None, 5, 6, 7, 8, 9], dtype="Int16"),
            "number": [0.1 + 0.2, -1e-7, 1e300, 123456789.125, np.nan, 0.0, 329550.0, -0.5],
            "choice": pd.Categorical(
                ["street", NOT_RECORDED, "home", *["other"] * 5], categories=["street", "home", "other", NOT_RECORDED]
            ),
            "clock": pd.Categorical(["a", None, *["b"] * 6], categories=["a", "b"]),
            "flag": [True, False] * 4,
            "never_said": pd.array([None] * count, dtype="string[pyarrow]"),
            "raw_x": np.arange(count, dtype=float),
            "withdrawn": [False] * 7 + [True],
        },
        index=pd.RangeIndex(1, count + 1, name="row_number"),
    )
    return frame.assign(**columns)


def stored(pieces, **origin):
    """The rows as the store gives them back."""
    kept = pieces_to_store(pieces, **({"import_id": "first"} | origin))
    content = contents_of_pieces(pieces)
    # Made in two parts, as a large table is written.
    parts = [content(np.arange(3)), content(np.arange(3, len(pieces)))]
    return kept.astype(object).assign(content=[text for part in parts for text in part.to_pylist()])


def test_rows_of_every_type_come_back_as_they_were():
    pieces = rows()
    again = pieces_from_store(stored(pieces), like=pieces)
    assert again.index.tolist() == list(range(-7, 1))
    expected = pieces.set_axis(again.index).assign(raw_x=np.nan)
    pd.testing.assert_frame_equal(again, expected, check_exact=True)


def test_imports_with_other_columns_are_read_together():
    first, second = rows(), rows(more="said").drop(columns=["text", "hour"])
    both = pd.concat([stored(first), stored(second)])
    again = pieces_from_store(both, like=pd.concat([first, rows(more="said")]))
    assert again["number"].iloc[8:].equals(again["number"].iloc[:8].set_axis(again.index[8:]))
    assert again["text"].iloc[8:].isna().all()
    assert again["text"].iloc[:7].tolist() == TEXTS[:7]
    assert again["more"].fillna("-").tolist() == ["-"] * 8 + ["said"] * 8
    # A word that this program no longer knows is not recorded.
    fewer = first.assign(choice=first["choice"].cat.set_categories(["home", NOT_RECORDED]).fillna(NOT_RECORDED))
    assert pieces_from_store(stored(first), like=fewer)["choice"].tolist() == [
        *[NOT_RECORDED, NOT_RECORDED, "home"],
        *[NOT_RECORDED] * 5,
    ]


def test_a_row_says_which_file_it_was_read_from_however_often_it_is_folded_again():
    first = stored(rows())
    earlier = first[["row_number", "read_by"]]
    again = pd.concat([pieces_from_store(first, like=rows()), rows()])
    # A few rows of each were left out on the way.
    again = again[~again.index.isin([-7, -2, 4])]
    kept = pieces_to_store(again, import_id="second", earlier=earlier)
    assert kept["position"].tolist() == again.index.tolist()
    assert kept["row_number"].tolist() == [2, 3, 4, 5, 7, 8, 1, 2, 3, 5, 6, 7, 8]
    assert kept["read_by"].astype(object).tolist() == ["first"] * 6 + ["second"] * 7


@pytest.fixture
def importer(monkeypatch):
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    return Importer


FULL_FORM = {
    "rows": ["substance", "dose"],
    "columns": {
        "administration_id": "Reference",
        "gender": "Sex",
        "setting": "Where",
        "recorded_at": "Entered",
        "condition_before": "Before",
        "recovery_position": "Recovery",
    },
    "person": {"name": "Name", "date_of_birth": "Born"},
    "place": {"x": "Lon", "y": "Lat"},
    "substances": {"columns": ["Drug"]},
    "doses": [{"officer": "Officer", "given_at": "Dose time", "kit": "Kit", "product": "Product"}],
    "waits": [{"kind": "call_to_arrival", "clock": "ambulance_cad", "started_at": "Called", "ended_at": "Arrived"}],
}


def full_form(chance, people):
    """Rows by drug and dose, of which each leaves some of what is known of its person unsaid."""
    table = []
    for n in range(people):
        day, minute = f"{1 + n % 27:02}/07/2024", chance.randrange(20, 50)
        known = {
            "Sex": chance.choice(["M", "F"]),
            "Where": chance.choice(["Street", "Home"]),
            "Before": "Unconscious",
            "Recovery": chance.choice(["Y", "N"]),
            "Entered": f"{day} 23:{minute}:07",
            "Name": f"Sam Quillfeather{n}",
            "Born": f"05/03/19{60 + n}",
            "Lat": f"{51.5 + n / 1000}",
            "Lon": "-3.2",
            "Called": f"{day} 14:{minute}",
            "Arrived": f"{day} 15:{minute - 7}",
        }
        for drug in chance.sample(["heroin", "alcohol", "cocaine"], chance.randrange(1, 4)):
            for dose in range(chance.randrange(1, 3)):
                said = {name: value if chance.random() < 0.7 else "" for name, value in known.items()}
                said |= {"Called": known["Called"], "Arrived": known["Arrived"]}
                table.append(
                    {"Reference": f"R{n}", "When": f"{day} 14:{minute}", "Drug": drug, "Officer": f"PC {n}"}
                    | {"Dose time": f"{day} 14:{minute + dose}", "Kit": f"K{n}{dose}", "Product": 'Nyxoid "1.8"'}
                    | said
                )
    return pd.DataFrame(table)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_file_in_parts_makes_the_records_of_the_whole(importer, tmp_path, seed):
    chance = random.Random(seed)
    form, layout = full_form(chance, 20), make_mapping(**FULL_FORM)
    whole, parted = (importer(tmp_path / name) for name in ("whole", "parted"))
    whole.frame(form, layout)
    # Each record's first row comes first, as it does in the whole file; the others in two parts.
    part = np.array([0 if first else chance.randrange(3) for first in ~form["Reference"].duplicated()])
    ordered = form.iloc[np.argsort(part, kind="stable")]
    for number in range(3):
        parted.frame(form[part == number], layout)
    reordered = importer(tmp_path / "reordered")
    reordered.frame(ordered, layout)
    for table in ("incidents", "administrations", "substances", "doses", "waits", "pieces"):
        apart = ["import_id", "confirmed_by", "position", "row_number", "read_by", "fields", "content"]
        found, expected = (each.stored(table).drop(columns=apart, errors="ignore") for each in (parted, reordered))
        key = found.columns[0]
        found, expected = (each.sort_values(key, ignore_index=True) for each in (found, expected))
        pd.testing.assert_frame_equal(found, expected)
    assert len(parted.stored("pieces")) == len(whole.stored("pieces")) == len(form)
    # Every row can still be found in the file that it came in.
    pieces, imports = parted.stored("pieces"), parted.stored("imports").sort_values("version")["import_id"].tolist()
    for number, read_by in enumerate(imports):
        numbers = pieces.loc[pieces["read_by"] == read_by, "row_number"]
        assert sorted(numbers) == list(range(1, int((part == number).sum()) + 1))


def test_an_erased_officer_is_in_no_row_that_is_kept_and_later_rows_still_fold(importer, tmp_path):
    form, layout = full_form(random.Random(3), 6), make_mapping(**FULL_FORM)
    halves = importer(tmp_path)
    for start in (0, 1, 2):
        halves.frame(form[start::4], layout)
    doses = halves.stored("doses").dropna(subset="officer_token")
    officer = doses["officer_token"].value_counts().index[0]
    kept = ("pieces", "past_pieces")
    assert all(halves.stored(table)["content"].str.contains(officer).any() for table in kept)
    before = halves.stored("administrations").set_index("administration_id").drop(columns="confirmed_by")
    erase(settings=halves.settings, keys=KEYS, token=officer, purpose="asked to")
    assert not any(halves.stored(table)["content"].str.contains(officer).any() for table in kept)
    with pytest.raises(RecordNotFoundError):
        erase(settings=halves.settings, keys=KEYS, token=officer, purpose="asked to")
    after = halves.stored("administrations").set_index("administration_id").drop(columns="confirmed_by")
    pd.testing.assert_frame_equal(after, before)
    assert halves.frame(form[3::4], layout).quarantined_rows == 0
    assert len(halves.stored("pieces")) == len(form)
