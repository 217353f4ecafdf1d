"""Dates and times as people write them: the moments that strptime or a person reads from them, and nothing else."""

from datetime import datetime

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from data.values import parse_moments, times_of_day, two_digit_years


def read(*texts, day_first=True):
    """The local time and precision of each text; None where it cannot be read."""
    moments, _bad = parse_moments(
        np.array(texts, dtype=object), formats=(), day_first=day_first, file_zone="Europe/London",
        local_zone="Europe/London",
    )  # fmt: skip
    return [
        None if bad else (str(when), precision)
        for when, precision, bad in zip(moments.local, moments.precision, moments.unreadable, strict=True)
    ]


@pytest.mark.parametrize(
    ("text", "when", "precision"),
    [
        ("8 May 2024, 4.05pm", "2024-05-08 16:05:00", "minute"),
        ("8 May 2024 4.05 p.m.", "2024-05-08 16:05:00", "minute"),
        ("8th May 2024, 12.05am", "2024-05-08 00:05:00", "minute"),
        ("Sat 8 May 24", "2024-05-08 00:00:00", "day"),
        ("Wednesday, 8th of May '24 at 16.05", "2024-05-08 16:05:00", "minute"),
        ("08/May/2024", "2024-05-08 00:00:00", "day"),
        ("08/05/2024 1605hrs", "2024-05-08 16:05:00", "minute"),
        ("08/05/2024, 16.05 hours", "2024-05-08 16:05:00", "minute"),
        ("May 8th, 2024 4:05:30 pm", "2024-05-08 16:05:30", "minute"),
        ("8 May 2024 4pm", "2024-05-08 16:00:00", "hour"),
        ("2024-05-08 16.05", "2024-05-08 16:05:00", "minute"),
        ("1605 08/05/2024", "2024-05-08 16:05:00", "minute"),
        ("16.05 hrs on Wednesday 8 May 2024", "2024-05-08 16:05:00", "minute"),
        ("08/05/2024 16h05", "2024-05-08 16:05:00", "minute"),
        ("16h05, 8 May 2024", "2024-05-08 16:05:00", "minute"),
        ("08/05/2024 16.05 hrs", "2024-05-08 16:05:00", "minute"),
        ("08/05/2024 16h", "2024-05-08 16:00:00", "hour"),
    ],
)
def test_what_people_write_is_read(text, when, precision):
    assert read(text) == [(when, precision)]


def test_what_is_no_time_or_could_be_several_is_not_read():
    assert read("2105 2024", "1605 08/05", "905 08/05/2024") == [None] * 3
    texts = ("31 Foo 2024", "8 Mayor 2024", "8 May 2024 25.10", "8 May 2024 16.05pm", "30 February 2024, 4pm")
    assert read(*texts, "8 May 2024 117", "8 May 2024 teatime", "8 May") == [None] * 8
    # The order of numbers is the mapping's, also where the clock is odd.
    assert read("08/05/2024 4.05pm", day_first=False) == [("2024-08-05 16:05:00", "minute")]
    assert read("12/13/2024 4.05pm") == [None]


def test_clocks_beside_a_date():
    texts = ["4.05pm", "4 PM", "12 am", "12.30 p.m.", "1605hrs", "16h05", "16.05 hrs", "16h", "13pm", "4ish"]
    spans, bad = times_of_day(np.array(texts, object))
    assert [str(span)[7:12] for span in spans[:8]] == [
        *("16:05", "16:00", "00:00", "12:30", "16:05", "16:05", "16:05", "16:00"),
    ]
    assert list(bad) == [False] * 8 + [True] * 2


@pytest.mark.parametrize("space", ["", " "])
def test_an_offset_is_read_however_it_is_written(space):
    form = f"%m/%d/%Y %H:%M:%S{space}%z"
    texts = [f"05/21/2024 08:00:00{space}{offset}" for offset in ("+00", "+0000", "+00:00", "Z", "-07", "-07:00")]
    moments, _bad = parse_moments(
        np.array([*texts, f"05/21/2024 08:00:00{space}+0"], dtype=object), formats=(form,), day_first=False,
        file_zone="Europe/London", local_zone="UTC",
    )  # fmt: skip
    assert [str(each)[11:16] for each in moments.instants[:6]] == ["08:00"] * 4 + ["15:00"] * 2
    assert list(moments.unreadable) == [False] * 6 + [True]


FORMS = ("%d %B %Y, %I.%M%p", "%A %d %b %Y %H.%M", "%d/%b/%Y %H%Mhrs", "%a %d %B %y at %I:%M %p", "%d-%m-%y %H.%Mhrs")


@given(st.datetimes(datetime(1990, 1, 2), datetime(2068, 12, 1)), st.sampled_from(FORMS))
def test_each_is_what_strptime_reads_by_its_form(when, form):
    text = when.strftime(form)
    moments, _bad = parse_moments(
        np.array([text], dtype=object), formats=(), day_first=True, file_zone="UTC", local_zone="UTC"
    )
    assert moments.local[0] == datetime.strptime(text, form)


def test_a_century_is_a_guess_where_the_month_has_its_name_too():
    texts = ["8 May 49", "08-May-49", "8th of May 49", "8 May 1949", "May 8 1949", "08/May/1949"]
    assert list(two_digit_years(np.array(texts, dtype=object))) == [True] * 3 + [False] * 3
