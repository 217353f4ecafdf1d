"""One person has one token however the name is written, and nobody else has it; nothing but tokens comes out."""

import hashlib
from datetime import date

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.keys import Keys
from data.pseudonymise import (
    Pseudonymiser,
    age_bands,
    normalise_code,
    normalise_name,
    snap_to_cells,
    years_between,
)
from data.schema import AGE_BANDS
from tests.data.importing import KEYS

PSEUDONYMISER = Pseudonymiser(KEYS)


def column(*texts):
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def token(*parts, kind="incident_id", source="a", keys=KEYS):
    return Pseudonymiser(keys).tokens(kind=kind, source=source, parts=[column(part) for part in parts])[0]


@pytest.mark.parametrize(
    "written",
    [
        "Siân O'Brien-Ŵyn",
        "SIÂN O\u2019BRIEN-ŴYN",
        "sian obrien wyn",
        "  Sian   O`Brien\u00a0Wyn ",
        "O'BRIEN-WYN, Siân",
        "O'Brien-Wyn , Sian",
        "Mrs. Siân O'Brien-Wyn",
        "Sia\u0302n O'Brien-W\u0302yn",
        "S\u200bian OBrien Wyn",
        "\uff33\uff29\uff21\uff2e O'Brien Wyn",
    ],
)
def test_one_name_written_many_ways(written):
    assert normalise_name(written) == "sian obrien wyn"


def test_names_that_differ_stay_apart():
    names = ["Person 0042", "Person 0043", "Ann Lee", "Lee Ann", "Ann B Lee", "Anne Lee", "Ann", "J Smith", "K Smith"]
    assert len({normalise_name(name) for name in names}) == len(names)


@pytest.mark.parametrize(
    "written",
    [
        *("", "  ", "-", "?", "Unknown", "UNKNOWN MALE", "unknown male 2", "Not known", "N/A", "n/k", "Refused", "TBC"),
        *(
            "not given",
            "Name unknown",
            "Unidentified female",
            "Mr",
            "NULL",
            "declined to provide name",
            "no name given",
        ),
    ],
)
def test_no_name_is_no_person(written):
    assert normalise_name(written) == ""
    assert PSEUDONYMISER.person_tokens(
        names=column(""), births=pd.Series([pd.NaT], dtype="datetime64[ns]")
    ).tolist() == [None]


@given(st.text(max_size=30))
def test_normalising_again_changes_nothing(name):
    once = normalise_name(name)
    assert once == once.strip()
    assert normalise_name(once) == once


def test_a_birth_date_tells_namesakes_apart_and_joins_records():
    births = pd.Series(pd.to_datetime(["1980-01-02", "1980-01-02", "1981-01-02", None]))
    tokens = PSEUDONYMISER.person_tokens(names=column("ann lee", "ann lee", "ann lee", "ann lee"), births=births)
    assert tokens[0] == tokens[1]
    assert len(set(tokens)) == 3


def test_tokens_are_keyed_hashes_that_nothing_else_shares():
    tokens = [
        token("AB", "C"),
        token("A", "BC"),
        token("ABC"),
        token("AB", "C", kind="administration_id"),
        token("AB", "C", source="b"),
        token("AB", "C", keys=Keys(store_key="x" * 43, pseudonym_key=b"another key of the tests, long enough")),
        token("1:A", "2:BC"),
    ]
    assert len(set(tokens)) == len(tokens)
    assert all(len(each) == 32 and set(each) <= set("0123456789abcdef") for each in tokens)
    unkeyed = {hashlib.new(name, b"ABC").hexdigest() for name in ("md5", "sha256", "blake2b")}
    assert not any(each in digest for each in tokens for digest in unkeyed)


_TWO_PARTS = st.tuples(st.text(min_size=1, max_size=4), st.text(min_size=1, max_size=4))


@given(st.lists(_TWO_PARTS, min_size=2, max_size=2, unique=True))
def test_different_parts_never_share_a_token(pairs):
    one, other = pairs
    assert token(*one) != token(*other)


def test_a_key_with_an_empty_part_is_no_key():
    parts = [column("A", "", "B"), column("1", "2", "")]
    assert [each is None for each in PSEUDONYMISER.tokens(kind="k", parts=parts)] == [False, True, True]


def test_the_pseudonymiser_shows_no_key():
    secret = KEYS.pseudonym_key.decode()
    assert secret not in repr(PSEUDONYMISER)
    assert all(secret not in repr(value) for value in vars(PSEUDONYMISER).values())


def test_row_hashes_change_with_any_cell_and_with_nothing_else():
    frame = pd.DataFrame(
        {
            "text": column("a", None, "c"),
            "number": [1.0, np.nan, 3.0],
            "whole": pd.array([1, None, 3], dtype="Int16"),
            "choice": pd.Categorical(["yes", "no", "yes"], categories=["yes", "no", "not_recorded"]),
            "moment": pd.to_datetime(["2024-01-01 10:00", None, "2024-01-03 11:00"], utc=True),
        }
    )
    hashes = PSEUDONYMISER.row_hashes(frame)
    assert len(set(hashes)) == 3
    assert [PSEUDONYMISER.row_hashes(frame.iloc[[row]])[0] for row in range(3)] == list(hashes)
    assert list(PSEUDONYMISER.row_hashes(frame.iloc[[2, 0]])) == [hashes[2], hashes[0]]
    others = {
        "text": "z",
        "number": 9.0,
        "whole": 9,
        "choice": "not_recorded",
        "moment": pd.Timestamp("2024-01-01 10:01", tz="UTC"),
    }
    for name, value in others.items():
        changed = frame.copy()
        changed.loc[0, name] = value
        found = PSEUDONYMISER.row_hashes(changed)
        assert found[0] != hashes[0], name
        assert list(found[1:]) == list(hashes[1:])
    reordered = frame.assign(choice=frame["choice"].cat.reorder_categories(["not_recorded", "no", "yes"]))
    assert list(PSEUDONYMISER.row_hashes(reordered)) == list(hashes)


def band_by_hand(born, on):
    years = on.year - born.year - ((on.month, on.day) < (born.month, born.day))
    if years < 18:
        return "under_18"
    if years >= 65:
        return "65_and_over"
    return next(f"{low}_{high}" for low, high in ((18, 24), (25, 34), (35, 44), (45, 54), (55, 64)) if years <= high)


@given(
    born=st.dates(date(1920, 1, 1), date(2026, 1, 1)),
    on=st.dates(date(1990, 1, 1), date(2026, 12, 31)),
)
def test_a_band_is_that_of_the_completed_years(born, on):
    years = years_between(born=pd.Series(pd.to_datetime([born])), on=pd.Series(pd.to_datetime([on])))
    bands, impossible = age_bands(years)
    assert impossible[0] == (born > on)
    assert bands[0] == ("not_recorded" if born > on else band_by_hand(born, on))


def test_bands_are_the_schemas_and_no_age_is_not_recorded():
    bands, impossible = age_bands(np.array([np.nan, -1, 0, 17.0, 18, 24, 25, 64, 65, 125, 126]))
    assert list(bands) == [
        *("not_recorded", "not_recorded", "under_18", "under_18", "18_24", "18_24", "25_34", "55_64", "65_and_over"),
        *("65_and_over", "not_recorded"),
    ]
    assert list(np.flatnonzero(impossible)) == [1, 10]
    assert tuple(bands.categories) == AGE_BANDS


@given(
    st.floats(-1e7, 1e7),
    st.sampled_from([1.0, 10.0, 100.0, 250.0]),
)
def test_a_snapped_place_is_the_middle_of_its_cell(metres, snap_m):
    (snapped,) = snap_to_cells(np.array([metres]), snap_m=snap_m)
    assert abs(snapped - metres) <= snap_m / 2 * (1 + 1e-9)
    assert snapped / snap_m % 1 == pytest.approx(0.5)
    assert np.isnan(snap_to_cells(np.array([np.nan]), snap_m=snap_m))


def test_codes_lose_case_spaces_and_punctuation():
    assert {normalise_code(each) for each in ("PC 1234", "pc-1234", "PC1234")} == {"pc1234"}


def test_numbers_lose_what_spreadsheets_take_from_them_or_add():
    assert {normalise_code(each) for each in ("0123", "123", "123.0", " 00123 ", "123.000")} == {"123"}
    assert normalise_code("000") == "0"
    assert len({normalise_code(each) for each in ("123", "1230", "12.3", "PC 0123", "PC 123", "123.05")}) == 6 - 1
    assert normalise_code("12.3") == normalise_code("123")
