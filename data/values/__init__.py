"""Text cells into values of the schema: choices, numbers, times, days and free texts, a column at a time.

Each function returns the values and which cells could not be read. An empty cell, or one that says nothing was recorded
("NULL", "not known"), is missing and not an error. Nothing here remembers or reports a cell's text.

`plain` compares texts; `choices`, `numbers` and `texts` read a column each. Times are read in three steps: `formats`
are those that a mapping may name, `written_times` brings all ways of writing to wall clocks, with `clocks` for times of
day in a column of their own, and `moments` puts them on the deployment's clock.
"""

from data.values.choices import known_choices, meaning_of, parse_choices, parse_substances
from data.values.clocks import past_midnight, times_of_day
from data.values.formats import (
    EXCEL_FORMATS,
    NUMBER_FORMATS,
    UNIX_FORMATS,
    is_clock_format,
    is_excel_date,
    is_time_format,
    is_unix_time,
)
from data.values.moments import Moments, parse_days, parse_moments
from data.values.numbers import (
    is_counted_doses,
    is_least_number,
    is_rounded_number,
    parse_numbers,
    says_unknown_number,
)
from data.values.plain import Texts, is_nothing, kind_of_value, plain_forms, plain_value, whole_number
from data.values.texts import holds_personal_data, parse_listed, parse_texts
from data.values.written_times import two_digit_years

__all__ = [
    "EXCEL_FORMATS",
    "NUMBER_FORMATS",
    "UNIX_FORMATS",
    "Moments",
    "Texts",
    "holds_personal_data",
    "is_clock_format",
    "is_counted_doses",
    "is_excel_date",
    "is_least_number",
    "is_nothing",
    "is_rounded_number",
    "is_time_format",
    "is_unix_time",
    "kind_of_value",
    "known_choices",
    "meaning_of",
    "parse_choices",
    "parse_days",
    "parse_listed",
    "parse_moments",
    "parse_numbers",
    "parse_substances",
    "parse_texts",
    "past_midnight",
    "plain_forms",
    "plain_value",
    "says_unknown_number",
    "times_of_day",
    "two_digit_years",
    "whole_number",
]
