"""Cells into values: against Python's own datetime and zoneinfo, and against what forms really hold."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.schema import TABLES, table_named
from data.values import (
    kind_of_value,
    known_choices,
    meaning_of,
    parse_choices,
    parse_days,
    parse_moments,
    parse_numbers,
    parse_substances,
    parse_texts,
    plain_forms,
    times_of_day,
    two_digit_years,
)

LONDON = "Europe/London"
FIELDS = {field.name: field for table in TABLES for field in table.fields}


def column(*texts):
    array = np.empty(len(texts), dtype=object)
    array[:] = texts
    return array


def moments(*texts, clocks=None, formats=(), day_first=True, file_zone=LONDON, local_zone=LONDON):
    return parse_moments(
        column(*texts),
        clocks=None if clocks is None else column(*clocks),
        formats=formats,
        day_first=day_first,
        file_zone=file_zone,
        local_zone=local_zone,
    )[0]


def utc(year, month, day, hour=0, minute=0, second=0):
    return pd.Timestamp(year, month, day, hour, minute, second, tz="UTC")


# --- choices ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("field", [field for field in FIELDS.values() if field.values], ids=lambda field: field.name)
def test_every_value_of_the_schema_is_known_in_any_case_and_spacing(field):
    written = [form(value) for value in field.values for form in (str, str.upper, lambda v: f" {v.replace('_', ' ')} ")]
    expected = [value for value in field.values for _form in range(3)]
    found, wrong = parse_choices(column(*(text.strip() for text in written)), field=field, own={})
    assert list(found) == expected
    assert not wrong.any()


def test_yes_and_no_as_forms_hold_them_and_nothing_recorded():
    texts = column("Y", "yes", "TRUE", "1", "N", "No", "false", "0", "", "N/A", "NULL", "not known", "-", "?")
    found, wrong = parse_choices(texts, field=FIELDS["tried_to_wake"], own={})
    assert list(found) == ["yes"] * 4 + ["no"] * 4 + ["not_recorded"] * 6
    assert not wrong.any()


def test_the_mappings_own_values_come_first():
    field = FIELDS["gender"]
    found, wrong = parse_choices(column("1", "2", "F ", "m", "robot"), field=field, own={"1": "male", "M": "female"})
    assert list(found) == ["male", "not_recorded", "female", "female", "not_recorded"]
    assert list(wrong) == [False, True, False, False, True]


def test_a_choice_without_not_recorded_is_missing_instead():
    found, wrong = parse_choices(column("issued", "", "eaten"), field=FIELDS["event"], own={})
    assert list(found.codes) == [0, -1, -1]
    assert list(wrong) == [False, False, True]


@pytest.mark.parametrize(
    ("text", "expected", "wrong"),
    [
        ("Heroin", ("heroin",), False),
        ("heroin; Cocaine", ("heroin", "cocaine"), False),
        ("heroin/benzos, alcohol", ("heroin", "benzodiazepine", "alcohol"), False),
        ("Heroin and crack cocaine", ("heroin", "cocaine"), False),
        ("heroin + HEROIN", ("heroin",), False),
        ("heroin, glue", ("heroin",), True),
        ("glue", (), True),
        ("unknown", (), False),
        ("", (), False),
        ("black/tar", ("heroin",), False),
    ],
)
def test_several_substances_in_one_cell(text, expected, wrong):
    found, bad = parse_substances(
        column(text, "heroin"),
        field=table_named("substances").field("substance"),
        own={"Black/Tar": "heroin"},
        separators=(";", "/", ",", "+", " and "),
    )
    assert found[0] == expected
    assert list(bad) == [wrong, False]


# --- numbers and texts ------------------------------------------------------------------------------------------------


@given(st.floats(-1e9, 1e9, allow_subnormal=False), st.sampled_from([".", ","]))
def test_a_number_is_read_back(number, decimal):
    (found,), (unreadable,), (outside,) = parse_numbers(column(repr(number).replace(".", decimal)), decimal=decimal)
    assert found == number
    assert not unreadable
    assert not outside


def test_numbers_that_are_none_or_not_allowed():
    texts = column("3", "3.0", "3.5", "-1", "21", "", "NULL", "three", "nan", "inf", "0x10", "1_000", "1,5", "٣", "1e1")
    numbers, unreadable, outside = parse_numbers(texts, minimum=0, maximum=20, whole=True)
    assert list(np.nan_to_num(numbers, nan=-9)) == [3, 3, -9, -9, -9, -9, -9, 3, -9, -9, -9, -9, -9, 3, 10]
    assert [texts[i] for i in np.flatnonzero(outside)] == ["3.5", "-1", "21"]
    assert [texts[i] for i in np.flatnonzero(unreadable)] == ["inf", "0x10", "1_000", "1,5"]


def test_numbers_in_words_ages_with_their_unit_and_thousands():
    texts = column(
        "Three", "two sprays", "Two (2)", "two (3)", "52 years", "52 y/o", "52yo", "20 months", "1,234,567.5"
    )
    assert np.nan_to_num(parse_numbers(texts)[0], nan=-9).tolist() == [3, 2, 2, -9, 52, 52, 52, 1, 1_234_567.5]
    assert np.nan_to_num(parse_numbers(column("434,229", "12,34"))[0], nan=-9).tolist() == [434_229, -9]
    assert parse_numbers(column("434,229"), decimal=",")[0].tolist() == [434.229]


@pytest.mark.parametrize(
    ("text", "means"),
    [
        ("Homme / Male", "male"),
        ("Male (9906003)", "male"),
        ("Male/Female", None),
        # The other side speaks of another value on the list.
        ("Male / not female", None),
        ("Male (see note)", None),
    ],
)
def test_a_cell_in_two_languages_or_with_its_code_says_what_its_known_part_says(text, means):
    assert meaning_of(text, known_choices(table_named("administrations").field("gender"), {})) == means


@pytest.mark.parametrize("part", ["1", "1,000", "one ", "(1", "a/", "y", "1 years "])
def test_a_long_cell_is_told_at_once(part):
    text = part * 10_000
    assert plain_forms(text)
    assert np.isnan(parse_numbers(column(f"{text}x"))[0]).all()


@pytest.mark.parametrize(
    "text",
    [
        "born 01/02/1980",
        "1980-02-01",
        "ann@example.org",
        "07700 900123",
        "943 476 5919",
        *("14 March 1971", "14th of mar. 71", "14-Mar-1971", "14MAR1971", "March 14, 1971", "14 Mawrth 1971"),
        *("Sept 3 1980", "19710314", "14031971", "1af o Ebrill 1980"),
        *("PC 1234 Quagmire", "ps12", "DC-4711", "Sgt. 88", "collar no. 1234", "1234 PC", "T/DC 9", "PCSO 7001"),
        "x" * 61,
        "a\x00b",
        "line\nbreak",
    ],
)
def test_a_text_that_looks_like_personal_data_is_not_stored(text):
    found, wrong = parse_texts(column(text, "Cardiff Bay"), own={})
    assert list(found) == [None, "Cardiff Bay"]
    assert list(wrong) == [True, False]


@pytest.mark.parametrize(
    "text",
    [
        *("Nyxoid 1.8 mg nasal spray", "Prenoxad 1 mg/ml injection", "LOT-20271", "24A1234", "20271130", "Bay 4"),
        *("Marchwood 2", "Queen's Drive", "DS Smith House", "Unit 12, Mayfield", "CPS1234", "Station 71"),
    ],
)
def test_the_name_of_a_product_a_lot_or_a_station_is_stored(text):
    found, wrong = parse_texts(column(text), own={})
    assert (found[0], wrong[0]) == (text, False)


def test_texts_are_kept_with_single_spaces_or_replaced_by_the_mapping():
    found, wrong = parse_texts(column("  Cardiff  Bay ", "n/a", "", "CB1", "2021/22"), own={"cb1": "Cardiff Bay"})
    assert list(found) == ["Cardiff Bay", None, None, "Cardiff Bay", "2021/22"]
    assert not wrong.any()


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *(("", "empty"), ("12", "number"), ("-1.5e3", "number"), ("14:05", "time"), ("01/02/1980", "date")),
        *(("Ann", "text"), ("1980-02-01 10:00", "date"), ("12 doses", "text"), ("1 234,5", "number")),
    ],
)
def test_the_kind_of_a_value(text, kind):
    assert kind_of_value(text) == kind


# --- times ------------------------------------------------------------------------------------------------------------

FORMS = [
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%dT%H:%M",
    "%d/%m/%Y %H:%M",
    "%d/%m/%Y %H:%M:%S",
    "%d-%m-%Y %H:%M",
    "%d.%m.%Y %H:%M",
    "%d %B %Y %H:%M",
    "%d-%b-%Y %H:%M",
    "%d/%m/%Y %I:%M %p",
    "%d/%m/%y %H:%M",
]
MINUTES = st.datetimes(datetime(1991, 1, 1), datetime(2036, 12, 31)).map(lambda t: t.replace(second=0, microsecond=0))
# Nights on which the clocks change, in Britain, in the United States and on Lord Howe Island (by half an hour).
CHANGES = [datetime(2024, 3, 31), datetime(2024, 10, 27), datetime(2024, 3, 10), datetime(2024, 11, 3)]
CHANGES += [datetime(2024, 10, 6), datetime(2024, 4, 7)]
NIGHT_MINUTES = st.builds(
    lambda day, minutes: day + timedelta(minutes=minutes), st.sampled_from(CHANGES), st.integers(0, 239)
)


def first_real_moment(wall, zone):
    """What a wall clock means by the rule: the earlier of two; after a gap, its first moment."""
    moment = wall.replace(tzinfo=ZoneInfo(zone), fold=0)
    if moment.astimezone(UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None) == wall:
        return moment.astimezone(UTC)
    before, after = (wall.replace(tzinfo=ZoneInfo(zone), fold=fold).utcoffset() for fold in (0, 1))
    gap = after - before
    # The clocks went from `edge` straight to `edge + gap`; search the minute at which the offset changes.
    low = (wall - gap).replace(tzinfo=UTC) - before
    while low.astimezone(ZoneInfo(zone)).utcoffset() == before:
        low += timedelta(minutes=1)
    return low


def test_clocks_that_skip_half_an_hour_skip_no_more():
    found = moments("2024-10-06 02:00", "2024-10-06 02:29:59", file_zone="Australia/Lord_Howe", local_zone="UTC")
    assert list(found.nonexistent) == [True, True]
    assert list(found.instants) == list(found.later_instants) == [utc(2024, 10, 5, 15, 30)] * 2


@settings(max_examples=200, deadline=None)
@given(
    walls=st.lists(MINUTES | NIGHT_MINUTES, min_size=1, max_size=5),
    form=st.sampled_from(FORMS),
    zone=st.sampled_from([LONDON, "America/New_York", "Australia/Lord_Howe", "UTC"]),
)
def test_common_forms_in_any_zone_against_zoneinfo(walls, form, zone):
    found = moments(*(wall.strftime(form) for wall in walls), file_zone=zone, local_zone=zone)
    assert not found.unreadable.any()
    assert [each.to_pydatetime() for each in found.instants] == [first_real_moment(wall, zone) for wall in walls]
    assert set(found.precision) == {"minute"}


def test_the_night_the_clocks_go_back_and_the_night_they_go_forward():
    found = moments("2024-10-27 01:30", "2024-10-27 02:30", "2024-03-31 01:30", "2024-03-31 03:00")
    assert list(found.instants) == [
        utc(2024, 10, 27, 0, 30),
        utc(2024, 10, 27, 2, 30),
        utc(2024, 3, 31, 1, 0),
        utc(2024, 3, 31, 2, 0),
    ]
    assert list(found.ambiguous) == [True, False, False, False]
    assert list(found.nonexistent) == [False, False, True, False]
    assert found.later_instants[0] == utc(2024, 10, 27, 1, 30)
    assert found.local[2] == pd.Timestamp(2024, 3, 31, 2, 0)


def test_an_offset_says_everything():
    found = moments("2024-10-27T01:30:00Z", "2024-10-27 01:30+01:00", "20241027T0130-0500", "2024-07-01 12:00:00.5+00")
    assert list(found.instants) == [
        utc(2024, 10, 27, 1, 30),
        utc(2024, 10, 27, 0, 30),
        utc(2024, 10, 27, 6, 30),
        utc(2024, 7, 1, 12) + pd.Timedelta("500ms"),
    ]
    assert not found.ambiguous.any()
    assert found.local[3] == pd.Timestamp(2024, 7, 1, 13, 0, 0, 500_000)
    stated = moments("27/10/2024 01:30 +0100", formats=["%d/%m/%Y %H:%M %z"])
    assert stated.instants[0] == utc(2024, 10, 27, 0, 30)


def test_a_date_alone_is_a_day_where_it_happened():
    for text in ("2024-07-01", "01/07/2024", "1 July 2024", "20240701"):
        found = moments(text, file_zone="UTC")
        assert found.precision[0] == "day"
        assert found.local[0] == pd.Timestamp(2024, 7, 1)
        assert found.instants[0] == utc(2024, 6, 30, 23)
    assert moments("2024-07-01T14").precision[0] == "hour"


def test_a_date_and_a_time_of_day_in_two_columns():
    clocks = ("14:05", "14:05:30", "1405", "2:05 pm", "", "soon", "14.05")
    found, bad = parse_moments(
        column(*["01/07/2024"] * 7),
        clocks=column(*clocks),
        formats=(),
        day_first=True,
        file_zone=LONDON,
        local_zone=LONDON,
    )
    expected = [utc(2024, 7, 1, 13, 5)] * 7
    expected[1] = utc(2024, 7, 1, 13, 5, 30)
    expected[4] = expected[5] = utc(2024, 6, 30, 23)
    assert list(found.instants) == expected
    assert list(found.precision) == ["minute"] * 4 + ["day"] * 2 + ["minute"]
    assert list(bad) == [False] * 5 + [True, False]


def test_the_day_or_the_month_comes_first_as_the_mapping_says():
    assert moments("03/04/2024 10:00").local[0] == pd.Timestamp(2024, 4, 3, 10)
    assert moments("03/04/2024 10:00", day_first=False).local[0] == pd.Timestamp(2024, 3, 4, 10)
    assert moments("03/04/2024 10:00", formats=["%m/%d/%Y %H:%M"]).local[0] == pd.Timestamp(2024, 3, 4, 10)
    assert moments("25/12/2024 10:00", day_first=False).unreadable[0]
    assert moments("03/04/2024 10:00:00+01").instants[0] == utc(2024, 4, 3, 9)
    assert moments("25/12/2024 10:00:00+00", day_first=False).unreadable[0]
    assert moments("03/04/2024 10:00-09").unreadable[0]


def test_each_cell_may_have_its_own_form():
    texts = ["01/07/2024 14:05", "2024-07-01 14:05", "1 July 2024 14:05", "01/07/24 14:05", "2024-07-01T13:05Z"]
    assert list(moments(*texts).instants) == [utc(2024, 7, 1, 13, 5)] * 5


@pytest.mark.parametrize(
    "text",
    ["yesterday", "2024", "2024-13-01", "31/02/2024", "45474.5", "12", "99/99/9999", "2024-07-01 25:00", "13:30"],
)
def test_what_is_no_time_is_unreadable(text):
    found = moments(text, "2024-07-01")
    assert list(found.unreadable) == [True, False]
    assert found.instants.isna().tolist() == [True, False]


def test_empty_is_missing_and_excels_zero_is_implausible():
    found = moments("", "NULL", "1899-12-30", "01/01/1900 00:00", "1990-01-01")
    assert not found.unreadable.any()
    assert list(found.implausible) == [False, False, True, True, False]
    assert found.instants.notna().tolist() == [False] * 4 + [True]


def test_days_and_two_digit_years():
    days, wrong = parse_days(column("01/02/1980", "1980-02-01", "01/02/80", "", "x"), formats=(), day_first=True)
    assert list(days[:2]) == [pd.Timestamp(1980, 2, 1)] * 2
    assert list(wrong) == [False, False, False, False, True]
    assert list(two_digit_years(column("01/02/80", "01/02/1980", "1980-02-01", "1-2-80"))) == [True, False, False, True]


@pytest.mark.parametrize(
    "dates",
    [
        ("2019-01-15T00:00:00.000", "2019-07-15T00:00:00.000"),
        ("2019-01-15T05:00:00.000Z", "2019-07-15T04:00:00.000Z"),  # New York's midnight
        ("2019-01-15T00:00:00.000Z", "2019-07-15T00:00:00.000Z"),
        ("01/15/2019 12:00:00 AM", "07/15/2019 12:00:00 AM"),
    ],
)
def test_dates_that_a_system_writes_with_midnights_clock_take_the_time_beside_them(dates):
    zone = "America/New_York"
    read = moments(*dates, clocks=("13:45:00", ""), day_first=False, file_zone=zone, local_zone=zone)
    assert list(read.local) == [pd.Timestamp("2019-01-15 13:45"), pd.Timestamp("2019-07-15")]
    assert list(read.instants) == [
        datetime(2019, 1, 15, 13, 45, tzinfo=ZoneInfo(zone)),
        datetime(2019, 7, 15, tzinfo=ZoneInfo(zone)),
    ]
    assert list(read.precision) == ["minute", "day"]


def test_a_time_of_day_beside_full_times_changes_nothing():
    read = moments("2019-01-15T08:30:00Z", "2019-01-16T00:00:00Z", clocks=("13:45", "13:45"))
    assert list(read.local) == [pd.Timestamp("2019-01-15 08:30"), pd.Timestamp("2019-01-16")]


def test_a_workbooks_time_of_day_may_carry_excels_day_zero():
    spans, bad = times_of_day(column("1899-12-31 14:05:00", "14:05"))
    assert list(spans) == [pd.Timedelta("14:05:00")] * 2
    assert not bad.any()


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2017/01/05 07:00:00+00", "2017-01-05 07:00"),
        ("2017/1/5 07:00:00", "2017-01-05 14:00"),
        ("2017/01/05", "2017-01-05 07:00"),
        ("2018-01-05 07:00:00 UTC", "2018-01-05 07:00"),
        ("01/05/2018 12:00:00 AM", "2018-01-05 07:00"),
        ("1/5/2018 1:05:30 PM", "2018-01-05 20:05:30"),
        ("5/1/2019, 7:00 AM", "2019-05-01 14:00"),
        ("2018 Jan 05 12:00:00 AM", "2018-01-05 07:00"),
        ("Mon, 25 Nov 2019 08:00:00 GMT", "2019-11-25 08:00"),
        ("Mon, 1 Jul 2019 08:00:00 +0100", "2019-07-01 07:00"),
        ("03/05/2023 08:00:00+00", "2023-03-05 08:00"),
        ("3-5-2023 08:00:00 -0700", "2023-03-05 15:00"),
        ("03/05/2023 08:00:00.123Z", "2023-03-05 08:00:00.123"),
    ],
)
def test_times_as_databases_and_web_services_write_them(text, expected):
    moments, _clocks = parse_moments(
        np.array([text, "2020-06-01 10:00"], dtype=object),
        formats=(),
        day_first=False,
        file_zone="America/Phoenix",
        local_zone="America/Phoenix",
    )
    assert moments.instants[0] == pd.Timestamp(expected, tz="UTC")
    assert not moments.unreadable.any()


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.datetimes(datetime(1990, 1, 2), datetime(2090, 1, 1)), min_size=1, max_size=5),
    st.sampled_from([("excel", datetime(1899, 12, 30)), ("excel-1904", datetime(1904, 1, 1))]),
    st.sampled_from(".,"),
)
def test_excels_numbers_are_the_days_since_its_first(times, counted_from, decimal):
    """Excel's own rule: whole days since its first day, and the time of day as a share of the day."""
    form, first = counted_from
    times = [each.replace(microsecond=0) for each in times]
    texts = [repr((each - first) / timedelta(days=1)).replace(".", decimal) for each in times]
    found = moments(*texts, formats=(form,), file_zone="UTC", local_zone="UTC")
    within = [each.year >= 1990 and 32_874 <= (each - first).days < 73_051 for each in times]
    assert [each.to_pydatetime() for each, fits in zip(found.local, within, strict=True) if fits] == [
        each for each, fits in zip(times, within, strict=True) if fits
    ]


def test_a_whole_number_of_excels_is_a_day_and_other_numbers_are_no_dates():
    found = moments("45658", "45658.5", "2024", "123456", formats=("excel",))
    assert list(found.precision[:2]) == ["day", "minute"]
    assert list(found.unreadable) == [False, False, True, True]
    assert list(moments("45658").unreadable) == [True]


@settings(max_examples=30, deadline=None)
@given(
    # Tables of zones with all changes of the clocks end in 2037.
    st.lists(st.datetimes(datetime(1990, 1, 2), datetime(2037, 1, 1)), min_size=1, max_size=5),
    st.sampled_from([("unix", 1, ""), ("unix-ms", 1_000, ""), ("unix", 1, ".0")]),
    st.sampled_from([LONDON, "America/New_York"]),
)
def test_numbers_since_1970_are_those_moments_in_utc(times, form, zone):
    name, parts, ending = form
    times = [each.replace(microsecond=0, tzinfo=UTC) for each in times]
    found = moments(*(f"{int(each.timestamp()) * parts}{ending}" for each in times), formats=(name,), local_zone=zone)
    assert [each.to_pydatetime() for each in found.instants] == times
    wall = [each.astimezone(ZoneInfo(zone)).replace(tzinfo=None) for each in times]
    assert [each.to_pydatetime() for each in found.local] == wall
    assert moments("20240701", "12345678901", "1.5e9", formats=(name,)).unreadable[1:].all()


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 1_439), min_size=1, max_size=20), st.sampled_from(["", ".0"]))
def test_clocks_without_their_leading_zeros_are_hours_and_minutes(minutes, ending):
    """Some clock of the column has hundreds, so that 45 is 00:45; of ones and tens alone nobody knows."""
    minutes = [*minutes, 1_439]
    spans, bad = times_of_day(column(*(f"{each // 60 * 100 + each % 60}{ending}" for each in minutes)))
    assert not bad.any()
    assert [each.total_seconds() / 60 for each in spans] == minutes
    assert times_of_day(column("7", "14", "24", "45"))[1].all()
    spans, bad = times_of_day(column("7", "14", "24", "09:30"), formats=("%H", "%d/%m/%Y"))
    assert list(bad) == [False, False, True, False]
    assert [each.total_seconds() / 60 for each in spans.dropna()] == [420, 840, 570]
    spans, bad = times_of_day(column("2007hrs", "13:11 hrs", "45 hrs"))
    assert not bad.any()
    assert [each.total_seconds() / 60 for each in spans] == [1207, 791, 45]


def test_parts_that_nothing_divides_need_all_their_digits():
    found = moments("01/02/2023 117", "01/02/2023 1117", formats=("%d/%m/%Y %H%M",))
    assert list(found.unreadable) == [True, False]
    assert list(moments("2023010111", "202301011159", formats=("%Y%m%d%H%M",)).unreadable) == [True, False]


def test_doses_of_a_strength_are_counted_where_a_whole_number_belongs():
    texts = column("2 x 1.8mg", "1 X 1.8 mg IN", "1.8mg x 3", "4 doses", "1.8mg", "2 x nothing")
    numbers, unreadable, _outside = parse_numbers(texts, whole=True)
    assert list(numbers[:4]) == [2, 1, 3, 4]
    assert list(unreadable) == [False] * 4 + [True] * 2
    assert parse_numbers(texts)[1].all()


def test_the_least_that_a_whole_number_can_be_is_taken():
    numbers, unreadable, outside = parse_numbers(column("2+", "3 or more", ">=4", "5", "two+"), whole=True)
    assert numbers[:4].tolist() == [2, 3, 4, 5]
    assert unreadable.tolist() == [False] * 4 + [True]
    assert not outside.any()
    assert parse_numbers(column("2+"))[1].all()


def test_shares_of_a_day_are_times_only_where_they_cannot_be_clocks():
    spans, bad = times_of_day(column("0.5", "0.770833333333333", "0", "14:05", ""))
    assert [str(each).split()[-1] for each in spans[:4]] == ["12:00:00", "18:30:00", "00:00:00", "14:05:00"]
    assert not bad.any()
    # Half past midnight with a point, as some write it.
    assert [each.total_seconds() for each in times_of_day(column("0.30", "14.05"))[0]] == [1_800, 50_700]


def test_a_databases_null_is_nothing_and_not_no():
    field = table_named("administrations").field("taken_to_hospital")
    found, wrong = parse_choices(np.array(["\\N", "N", "\\n "], dtype=object), field=field, own={})
    assert list(found) == ["not_recorded", "no", "not_recorded"]
    assert not wrong.any()


def test_the_dates_of_web_pages_and_of_net_are_read_with_their_offsets():
    written = (
        "Mon Jan 03 2022 21:05:00 GMT-0500 (Eastern Standard Time)",
        "Sat Jul 02 2022 00:00:00 GMT+0100 (British Summer Time)",
        "Tue Jan 04 2022 02:05:00 GMT+0000",
        "/Date(1641250800000)/",
        "/Date(1641250800000+0500)/",
        "\\/Date(1641250800000-0500)\\/",
    )
    expected = [utc(2022, 1, 4, 2, 5), utc(2022, 7, 1, 23), utc(2022, 1, 4, 2, 5), *[utc(2022, 1, 3, 23)] * 3]
    assert list(moments(*written).instants) == expected
    assert moments("Mon Foo 03 2022 21:05:00 GMT-0500").unreadable.all()
