"""Text cells into values of the schema: choices, numbers, times, days and free texts, a column at a time.

Each function returns the values and which cells could not be read. An empty cell, or one that says nothing was recorded
("NULL", "not known"), is missing and not an error. Nothing here remembers or reports a cell's text.
"""

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.schema import YES_NO, Field
from data.time_texts import MONTHS, clock_in_words, time_in_words

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
    "plain_forms",
    "plain_value",
    "says_unknown_number",
    "times_of_day",
    "two_digit_years",
    "whole_number",
]

Texts = NDArray[np.object_]

_YES = ("y", "yes", "true", "t", "1", "ticked", "checked")
_NO = ("n", "no", "false", "f", "0")
# What forms hold where nothing was recorded, in plain form.
# fmt: off
_NOTHING = frozenset({
    "unknown", "unk", "not_known", "nk", "not_recorded", "not_stated", "not_given", "none", "none_given",
    "none_recorded", "none_stated", "n_k", "n_a", "na", "not_applicable", "null", "nil", "nan", "nat", "blank", "?",
    "-", "--", ".", "tbc",
})
# fmt: on
# Everyday ways of writing the schema's values; a mapping's own come first.
_OTHER_WORDS: dict[str, dict[str, str]] = {
    "gender": {"m": "male", "f": "female", "man": "male", "woman": "female", "non_binary": "other", "x": "other"},
    "age_band": {"65": "65_and_over", "over_65": "65_and_over", "65_plus": "65_and_over", "under_18s": "under_18"},
    "alive_at_handover": {**dict.fromkeys(_YES, "yes"), **dict.fromkeys(_NO, "died"), "dead": "died", "alive": "yes"},
    "substance": {
        "benzo": "benzodiazepine",
        "benzos": "benzodiazepine",
        "benzodiazepines": "benzodiazepine",
        "nitazenes": "nitazene",
        "opioid": "other_opioid",
        "opioids": "other_opioid",
        "opiate": "other_opioid",
        "opiates": "other_opioid",
        "crack": "cocaine",
        "crack_cocaine": "cocaine",
    },
    "condition_before": {"non_responsive": "non_responsive", "unresponsive": "non_responsive"},
    "condition_after": {"conscious_and_responsive": "conscious", "unresponsive": "non_responsive"},
}

# What MySQL and PostgreSQL write for NULL; without its stroke it would read as "no".
_DATABASE_NULL = "\\n"
_NOT_ALPHANUMERIC = re.compile(r"[\W_]+")
# The code of a list behind its word, as in "Naloxone (7242)".
_CODE_BEHIND = re.compile(r"[(\[](?=[^)\]]{0,19}\d)[\w.:-]{1,20}[)\]]$")
# Shorter words of one language are too often words of another, too.
_SHORTEST_OTHER_WORD = 3

# Before any police carried naloxone, and after Excel's own zero (1899-12-30, 1900-01-00): a slip, not a time.
_EARLIEST_YEAR = 1990

_ISO_DATE = re.compile(r"\d{4}-?\d{2}-?\d{2}(?:$|[T ])")
_OFFSET = re.compile(r"\d{4}-?\d{2}-?\d{2}[T ].*(?:[Zz]|[+-]\d{2}(?::?\d{2})?)$")
# "2017/01/05 07:00:00+00", "2018-1-5 07:00 UTC" and "5/1/2019, 7:00 AM", as exports of databases and maps have them.
_YEAR_FIRST = re.compile(r"(\d{4})[/.-](\d{1,2})[/.-](\d{1,2})(?=$|[T ])")
_NAMED_UTC = re.compile(r" ?(?:UTC|GMT)$")
# RFC 5322: "Mon, 25 Nov 2019 08:00:00 GMT".
_INTERNET_DATE = re.compile(r"[A-Za-z]{3}, \d{1,2} [A-Za-z]{3} \d{4} \d\d:\d\d:\d\d (?:GMT|UTC|[+-]\d{4})")
# "03/05/2023 08:00:00+00". Without its seconds, "08:00-09" may be a span of time.
_SHORT_WITH_OFFSET = re.compile(
    r"(\d{1,2})([/.-])(\d{1,2})\2(\d{4})[T ](\d\d:\d\d:\d\d(?:\.\d+)?) ?([Zz]|[+-]\d\d(?::?\d\d)?)", re.ASCII
)
# "+00", as databases write it, which strptime's %z does not read.
_HOURS_OF_OFFSET = re.compile(r"(\d ?)([+-]\d\d)(?![\d:])", re.ASCII)
# As web pages and as .NET write them: "Mon Jan 03 2022 21:05:00 GMT-0500 (Eastern Standard Time)", and milliseconds
# since 1970 in UTC, "/Date(1641250800000-0500)/", whose offset is that of whoever wrote it down.
_SCRIPT_DATE = re.compile(
    r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d\d) (\d{4}) (\d\d:\d\d:\d\d) GMT([+-]\d{4})(?: \(.*\))?", re.ASCII
)
_NET_DATE = re.compile(r"\\?/?Date\((\d{12,13})(?:[+-]\d{4})?\)\\?/?", re.ASCII)
# What all of these have, and hardly any other.
_UNTIDY = re.compile(r",|Date\(|GMT[+-]|\d{4}[/.-]\d|\d{4}[T ]\d\d:\d\d:\d\d[\d.]* ?[Zz+-]")
_COMMA_AFTER_DATE = re.compile(r"^(\d{1,4}[/.-]\d{1,2}[/.-]\d{1,4}),\s*")
_FOUR_DIGITS = re.compile(r"(?<!\d)\d{4}(?!\d)")
# Years that a nanosecond clock of 64 bits cannot hold are read as the nearest that it can: both are implausible.
_FIRST_YEAR_HELD, _LAST_YEAR_HELD = 1678, 2261
_TWO_DIGIT_YEAR = re.compile(
    r"(?:^|\D)\d{1,2}(?:\D\d{1,2}\D|(?:st|nd|rd|th)?\W{0,2}(?:of )?[A-Za-z]{3,9}\W{0,2})\d{2}(?:\D|$)"
)
_CLOCKS = ("%H:%M:%S", "%H:%M", "%H.%M", "%H%M", "%I:%M %p", "%I:%M%p", "%I:%M:%S %p", "%H:%M:%S.%f")
_DAY_FIRST = ("%d/%m/%Y", "%d-%m-%Y", "%d.%m.%Y", "%d %B %Y", "%d %b %Y", "%d-%b-%Y", "%d/%m/%y", "%d-%b-%y")
_MONTH_FIRST = ("%m/%d/%Y", "%m-%d-%Y", "%m.%d.%Y", "%B %d, %Y", "%b %d, %Y", "%B %d %Y", "%m/%d/%y", "%Y %b %d")

# Days since 30 December 1899.
_EXCEL_DATE = re.compile(r"\d{5}(?:[.,]\d+)?", re.ASCII)
_EXCEL_1990, _EXCEL_2100 = 32_874, 73_051
# Formats that are not strptime's: the numbers that a workbook keeps for dates, and the day that stands for 0. Excel on
# old Macs counts from 1904.
EXCEL_FORMATS = {"excel": "1899-12-30", "excel-1904": "1904-01-01"}
# Web maps and databases count from 1970 in UTC: seconds have 9 or 10 digits from 1990 on, milliseconds three more.
UNIX_FORMATS = {
    "unix": (1, re.compile(r"(\d{9,10})(?:\.0+)?", re.ASCII)),
    "unix-ms": (1_000, re.compile(r"(\d{12,13})(?:\.0+)?", re.ASCII)),
}
_UNIX_1990, _UNIX_2100 = 631_152_000, 4_102_444_800
NUMBER_FORMATS = (*EXCEL_FORMATS, *UNIX_FORMATS)
_SECONDS_A_DAY = 86_400
# A time of day as a workbook keeps it: a share of the day.
_SHARE_OF_DAY = re.compile(r"0?[.,]\d+|0|1")
_CLOCK_WITH_POINT = re.compile(r"\d{1,2}\.\d\d")
_WHOLE_FLOAT = re.compile(r"(\d+)\.0+")
# "930" for 09:30, "45" for 00:45: a spreadsheet took the zeros in front. One of hundreds tells how all are meant.
_HOURS_BEHIND = re.compile(r"(?<=\d) ?(?:hours|hrs?|h)\.?$", re.IGNORECASE)
# "16h", "16 hrs": a full hour, and no minutes past midnight.
_WHOLE_HOURS = re.compile(r"^((?:[01]?\d|2[0-3])) ?(?:hours|hrs?|h)\.?$", re.IGNORECASE | re.ASCII)
# The same, and "9 pm": what follows the hour says that there are no minutes.
_HOUR_ALONE = re.compile(r"(?:[01]?\d|2[0-3]) ?(?:h(?:(?:ou)?rs?)?|[ap]\.? ?m)\.?", re.IGNORECASE | re.ASCII)
_BARE_CLOCK, _HUNDREDS = re.compile(r"\d{1,4}(?:\.0)?", re.ASCII), re.compile(r"\d{3,4}(?:\.0)?", re.ASCII)
# Parts of a date or time that a format writes without anything between them, and how many digits each has.
_UNDIVIDED = re.compile(r"(?:%[YmdHMSyIj]){2,}")
_DIGITS_OF_PART = {"%Y": 4, "%j": 3}
_LEAST_NUMBER = re.compile(r"(\d+) ?\+|(\d+) or more|(?:>=|\u2265) ?(\d+)", re.IGNORECASE)
# "2 x 1.8mg", "1.8 mg x 2", "2 doses": so many doses, whatever each of them is.
_STRENGTH = r"\d+(?:[.,]\d+)? ?(?:mg|mcg|ug)\b"
_COUNTED_DOSES = re.compile(
    rf"(\d{{1,2}}) ?[x*\u00d7] ?{_STRENGTH}.*|{_STRENGTH} ?[x*\u00d7] ?(\d{{1,2}})"
    r"|(\d{1,2}) ?x? ?(?:doses?|sprays?|actuations?)",
    re.IGNORECASE,
)
_NUMBER_WORDS = {"single_dose": "1", "multiple_doses": "2+", "multiple_dose": "2+"}
_TO_TWELVE = ("one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve")
# "Two", "two sprays", "Two (2)".
_NUMBER_IN_WORDS = re.compile(
    rf"({'|'.join(_TO_TWELVE)})(?:[ -](?:doses?|sprays?|actuations?|kits?))?(?: ?[(\[]?(\d{{1,2}})[)\]]?)?",
    re.IGNORECASE,
)
# "52 years", "52 yrs old", "52y", "52 y/o", and of infants months.
_YEARS_OLD = re.compile(
    r"(\d{1,3}) ?(?:y(?:ea)?rs?\.?|years?|y ?/? ?o|y)(?:[ -]?(?:old|of age))?\.?|(\d{1,2}) ?(?:months?|mths?)(?: old)?",
    re.IGNORECASE | re.ASCII,
)
_MONTHS_A_YEAR = 12
_THOUSANDS = re.compile(r"[+-]?\d{1,3}(?:,\d{3})+(?:\.\d*)?", re.ASCII)
# "Given unknown doses", "number not recorded"; a text with a digit says a number.
_UNKNOWN_NUMBER = re.compile(
    r"(?:^|_)(?:unk|unknown|unsure|unclear|uncertain|(?:not|never)_(?:known|recorded|stated|sure|noted))(?:_|$)"
)
_WHOLE = re.compile(r"\d+$")
_NUMBER = re.compile(r"[+-]?(\d+(?:\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_ROUNDED_NUMBER = re.compile(r"\d(?:[.,]\d+)?[eE]\+\d{2,3}", re.ASCII)

# "2024-07-01" and "2024-07-01T14": longer texts have minutes.
_ISO_DAY_LENGTH, _ISO_HOUR_LENGTH = 10, 13
_ISO_PRECISIONS = {_ISO_DAY_LENGTH: "day", _ISO_HOUR_LENGTH: "hour"}
# Cells looked at to guess the form of the others.
_SAMPLE = 200

# A category, a station or a product fits; a remark about a person does not and would be stored as it stands.
_LONGEST_TEXT = 60
_MONTH = (
    r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec"
    r"|ionawr|chwef|mawrth|ebrill|mai|mehef|gorff|awst|medi|hydref|tach|rhag)[^\W\d_]*"
)
_DAY_OF_MONTH = r"(?<!\d)\d{1,2}(?:st|nd|rd|th|af|il|ydd|fed|eg|ain)?"
_RANK = r"(?:p\.?c|p\.?s|d\.?c|d\.?s|d\.?i|t/?dc|spc|sc|pcso|csi|sgt|sergeant|insp|inspector|constable|officer|collar)"
# Dates of birth, telephone and NHS numbers, e-mail addresses, collar numbers: never part of a category's name.
_PERSONAL = re.compile(
    r"@|\d{1,4}[/.\-]\d{1,2}[/.\-]\d{1,4}|(?:\d[ \-]?){9,}"
    # 14 March 1971, 14-Mar-71, 14MAR1971; March 14, 1971; 19710314, 14031971 (lots of today start with 20).
    rf"|{_DAY_OF_MONTH}\W*(?:of\s+|o\s+)?{_MONTH}\W*(?:\d{{4}}|\d{{2}})(?!\d)"
    rf"|\b{_MONTH}\W+{_DAY_OF_MONTH}\W+\d{{2,4}}(?!\d)"
    r"|(?<!\d)(?:19\d\d(?:0[1-9]|1[0-2])(?:[0-2]\d|3[01])|(?:[0-2]\d|3[01])(?:0[1-9]|1[0-2])19\d\d)(?!\d)"
    rf"|\b{_RANK}\.?\W*(?:no\W*|number\W*)?\d{{1,6}}(?!\d)|(?<!\d)\d{{2,6}}\W*{_RANK}\b",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class Moments:
    """Times of one column. All arrays have one entry a row; NaT where the cell is empty or unusable.

    `instants` are UTC; `local` the wall clock of the deployment; `precision` "minute", "hour", "day" or "month".
    `ambiguous` marks local times that came twice as the clocks went back (the earlier is taken) and `nonexistent` those
    that the clocks skipped (the first moment after the gap is taken). `implausible` marks times before 1990.
    """

    instants: pd.Series
    local: pd.Series
    precision: NDArray[np.object_]
    unreadable: NDArray[np.bool_]
    implausible: NDArray[np.bool_]
    ambiguous: NDArray[np.bool_]
    nonexistent: NDArray[np.bool_]
    later_instants: pd.Series

    def without(self, rows: NDArray[np.bool_]) -> "Moments":
        """The same without the times of these rows."""
        return replace(
            self,
            instants=self.instants.mask(rows),
            local=self.local.mask(rows),
            later_instants=self.later_instants.mask(rows),
        )


def plain_value(text: str) -> str:
    """A value without case, spaces or punctuation, as values are compared; punctuation alone stays as it is."""
    folded = unicodedata.normalize("NFKC", text).casefold().strip()
    if folded == _DATABASE_NULL:
        return "null"
    return _NOT_ALPHANUMERIC.sub("_", folded).strip("_") or folded


def plain_forms(text: str) -> tuple[str, ...]:
    """The plain forms by which a cell may be known: as it stands, without the code of "Naloxone (7242)", and either
    side of "Male / Homme", as forms in two languages have it, unless one side says yes and the other no."""
    forms = [plain_value(text)]
    stripped = text.strip()
    if stripped.endswith((")", "]")):
        forms.append(plain_value(_CODE_BEHIND.sub("", stripped)))
    sides = [plain_value(side) for side in stripped.split("/")] if stripped.count("/") == 1 else []
    if all(sides) and not (set(sides) & set(_YES) and set(sides) & set(_NO)):
        forms += sides
    return tuple(dict.fromkeys((forms[0], *filter(None, forms[1:]))))


def is_nothing(text: str) -> bool:
    """Whether a cell is empty or says that nothing was recorded."""
    # No such word begins or ends with a digit, and most codes, dates and numbers do.
    return not text or not (text[0].isdigit() or text[-1].isdigit() or plain_value(text) not in _NOTHING)


def is_excel_date(text: str) -> bool:
    """Whether a cell is the number that Excel keeps for a date of 1990 to 2099, such as 45658.5."""
    return bool(_EXCEL_DATE.fullmatch(text)) and _EXCEL_1990 <= float(text.replace(",", ".")) < _EXCEL_2100


def whole_number(text: str) -> str:
    """A text without the ".0" that spreadsheets and data frames add to whole numbers."""
    found = _WHOLE_FLOAT.fullmatch(text.strip())
    return found[1] if found else text


def is_rounded_number(text: str) -> bool:
    """Whether a cell is a long number that a spreadsheet has cut to its first digits, such as 6.24E+11."""
    return bool(_ROUNDED_NUMBER.fullmatch(text))


def is_unix_time(text: str, form: str) -> bool:
    """Whether a cell may be a time of 1990 to 2099 counted from 1970, by one of UNIX_FORMATS."""
    parts_of_a_second, pattern = UNIX_FORMATS[form]
    found = pattern.fullmatch(text)
    return found is not None and _UNIX_1990 <= int(found[1]) / parts_of_a_second < _UNIX_2100


def is_least_number(text: str) -> bool:
    """Whether a cell gives the least that a number can be, such as "2+" or "3 or more"."""
    return bool(_LEAST_NUMBER.fullmatch(_NUMBER_WORDS.get(plain_value(text), text).strip()))


def says_unknown_number(text: str) -> bool:
    """Whether words that stand for a number say that nobody knows or noted it."""
    return bool(_UNKNOWN_NUMBER.search(plain_value(text)))


def is_time_format(form: str) -> bool:
    """Whether times can be read by a format: strptime's, or one of NUMBER_FORMATS."""
    try:
        _by_format(form)(np.array(["2001-02-03"], dtype=object))
    except (ValueError, re.error):
        return False
    return True


def is_clock_format(form: str) -> bool:
    """Whether a format is that of a time of day without a date, such as %H for hours alone."""
    codes = set(re.findall("%(.)", form))
    return form not in NUMBER_FORMATS and bool(codes & set("HI")) and codes <= set("HIMSpf%")


def kind_of_value(text: str) -> str:
    """What a cell looks like: empty, number, date, time or text; all that is ever kept of an unusable cell."""
    stripped = text.strip()
    if not stripped:
        return "empty"
    if re.fullmatch(r"[+-]?[\d .,]*\d[\d .,]*(?:[eE][+-]?\d+)?", stripped):
        return "number"
    if re.fullmatch(r"\d{1,2}[:.]\d{2}(?:[:.]\d{2})?", stripped):
        return "time"
    if re.match(r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}", stripped):
        return "date"
    return "text"


def known_choices(field: Field, own: Mapping[str, str]) -> dict[str, str]:
    """Every plain form that is understood for `field`, with the value it means; the mapping's `own` come first."""
    known = dict.fromkeys(_NOTHING, "")
    if set(YES_NO) <= set(field.values):
        known |= dict.fromkeys(_YES, "yes") | dict.fromkeys(_NO, "no")
    known |= _OTHER_WORDS.get(field.name, {})
    known |= {plain_value(value): value for value in field.values}
    return known | {plain_value(raw): value for raw, value in own.items()}


def meaning_of(text: str, known: Mapping[str, str], *, languages: bool = True) -> str | None:
    """What a cell means by words in plain form: its own, else that before a code, else that of one of two languages.

    None where it is on no list, or where its two sides say different things ("Survived / later died").
    """
    plain, *others = plain_forms(text)
    if plain in known:
        return known[plain]
    others = others if languages else [form for form in others if plain.startswith(f"{form}_") and "/" not in text]
    values = {known[form] for form in others if form in known}
    strange = {word for form in others if form not in known for word in form.split("_")}
    against = {known[word] for word in strange if len(word) >= _SHORTEST_OTHER_WORD and known.get(word)} - values
    return values.pop() if len(values) == 1 and not against else None


def parse_choices(texts: Texts, *, field: Field, own: Mapping[str, str]) -> tuple[pd.Categorical, NDArray[np.bool_]]:
    """The schema's values for `texts` (the default where missing or not understood), and which were not understood."""
    known = known_choices(field, own)
    codes, distinct = pd.factorize(texts)
    values = list(field.values)
    default = values.index(field.default) if field.default else -1
    found = [meaning_of(text, known) if text else "" for text in distinct]
    table = np.array([values.index(each) if each else default for each in found], dtype=int)
    wrong = np.array([each is None for each in found], dtype=bool)
    return pd.Categorical.from_codes(table[codes].tolist(), categories=values), wrong[codes]


def parse_substances(
    texts: Texts, *, field: Field, own: Mapping[str, str], separators: Sequence[str]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """The substances of each cell as a tuple of values, and in which cells one was not understood."""
    known = known_choices(field, own)
    split = re.compile("|".join(re.escape(each) for each in separators), re.IGNORECASE) if separators else None
    codes, distinct = pd.factorize(texts)
    found = np.empty(len(distinct), dtype=object)
    wrong = np.zeros(len(distinct), dtype=bool)
    for index, text in enumerate(distinct):
        whole = known.get(plain_value(text)) if text else ""
        items = (
            [whole]
            if whole is not None or split is None
            else [meaning_of(e, known, languages=False) for e in split.split(text) if e.strip()]
        )
        found[index] = tuple(dict.fromkeys(item for item in items if item))
        wrong[index] = None in items
    return found[codes], wrong[codes]


def parse_numbers(
    texts: Texts,
    *,
    decimal: str = ".",
    minimum: float = -np.inf,
    maximum: float = np.inf,
    whole: bool = False,
) -> tuple[NDArray[np.float64], NDArray[np.bool_], NDArray[np.bool_]]:
    """Numbers (NaN where missing or unusable), which cells are no number, and which are outside what is allowed.

    Of whole numbers "2+" is the least that it can be (see is_least_number), and "2 x 1.8mg" is 2. "Three" and
    "52 years" are numbers, and with a decimal point the commas of "434,229" divide thousands.
    """
    codes, distinct = pd.factorize(texts)
    plain = [_least_number(text) if whole else text for text in distinct]
    numbers = np.array([float(_as_python(text, decimal) or "nan") for text in plain], dtype=float)
    missing = np.array([is_nothing(text) for text in distinct], dtype=bool)
    unreadable = ~np.isfinite(numbers) & ~missing
    outside = np.isfinite(numbers) & ((numbers < minimum) | (numbers > maximum))
    if whole:
        outside |= np.isfinite(numbers) & (numbers != np.round(numbers))
    numbers = np.where(outside | unreadable | missing, np.nan, numbers)
    return numbers[codes], unreadable[codes], outside[codes]


def is_counted_doses(text: str) -> bool:
    """Whether a cell says how many doses of a strength were given, such as "2 x 1.8mg"."""
    return bool(_COUNTED_DOSES.fullmatch(text.strip()))


def _least_number(text: str) -> str:
    text = _NUMBER_WORDS.get(plain_value(text), text)
    found = _LEAST_NUMBER.fullmatch(text.strip()) or _COUNTED_DOSES.fullmatch(text.strip())
    return next(filter(None, found.groups())) if found else text


def _as_python(text: str, decimal: str) -> str:
    """The number as Python writes it, "" for what is none: only digits, sign, point and exponent make a number."""
    if decimal == "." and _NUMBER.fullmatch(text):
        return text
    compact = text.replace("\u2212", "-").replace("\u00a0", "").replace(" ", "")
    if decimal == ",":
        compact = compact.replace(".", "").replace(",", ".")
    elif _THOUSANDS.fullmatch(compact):
        compact = compact.replace(",", "")
    return compact if _NUMBER.fullmatch(compact) else _in_figures(text)


def _in_figures(text: str) -> str:
    """The figures of a number or an age in words, "" for what is none."""
    if found := _YEARS_OLD.fullmatch(text.strip()):
        return found[1] or str(int(found[2]) // _MONTHS_A_YEAR)
    found = _NUMBER_IN_WORDS.fullmatch(text.strip())
    number = str(_TO_TWELVE.index(found[1].lower()) + 1) if found else ""
    return number if found and found[2] in (None, number) else ""


def parse_texts(texts: Texts, *, own: Mapping[str, str]) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Texts to be stored as they stand (None where missing), and which must not be: too long, or like personal data.

    `own` (the mapping's values) replaces a text by another, or lets one through.
    """
    known = {plain_value(raw): value for raw, value in own.items()}
    codes, distinct = pd.factorize(texts)
    found = np.empty(len(distinct), dtype=object)
    wrong = np.zeros(len(distinct), dtype=bool)
    for index, text in enumerate(distinct):
        plain = plain_value(text)
        if plain in known:
            found[index] = known[plain] or None
        elif not text or plain in _NOTHING:
            found[index] = None
        elif len(text) > _LONGEST_TEXT or holds_personal_data(text) or not text.isprintable():
            wrong[index] = True
        else:
            found[index] = " ".join(text.split())
    return found[codes], wrong[codes]


def holds_personal_data(text: str) -> bool:
    """Whether a text holds a date, a collar, telephone or NHS number or an e-mail address. Names it cannot tell."""
    return bool(_PERSONAL.search(text))


def parse_listed(
    texts: Texts, *, own: Mapping[str, str], find: Callable[[str], str | None]
) -> tuple[NDArray[np.object_], NDArray[np.bool_]]:
    """Texts of a list that a nation or a deployment keeps (None where missing or not in it), and which are not in it.

    `own` (the mapping's values) adds to the list what it names, in either form; `find` gives a text's listed form.
    """
    named = {plain_value(value): value for value in own.values()} | {plain_value(raw): own[raw] for raw in own}
    codes, distinct = pd.factorize(texts)
    found = np.empty(len(distinct), dtype=object)
    wrong = np.zeros(len(distinct), dtype=bool)
    for index, text in enumerate(distinct):
        plain = plain_value(text)
        if plain in named:
            found[index] = named[plain] or None
        elif text and plain not in _NOTHING:
            found[index] = find(text) if len(text) <= _LONGEST_TEXT else None
            wrong[index] = found[index] is None
    return found[codes], wrong[codes]


def parse_moments(
    texts: Texts,
    *,
    formats: Sequence[str],
    day_first: bool,
    file_zone: str,
    local_zone: str,
    clocks: Texts | None = None,
    next_day: NDArray[np.bool_] | None = None,
) -> tuple[Moments, NDArray[np.bool_]]:
    """Times from cells of date and time, or from `texts` as dates and `clocks` as times of day.

    A time without an offset is a wall clock's in `file_zone`. A date alone is that day where the event happened
    (`local_zone`), with precision "day", and a month alone its first day, with precision "month". `next_day` says
    which `clocks` are of the day after that of their dates. Of the `formats` those of a time of day alone are for
    `clocks`. Returns the times, and which `clocks` could not be read (they leave a day).
    """
    walls, precision, unreadable, aware = _parse_walls(texts, formats, day_first)
    bad_clocks = np.zeros(len(texts), dtype=bool)
    if clocks is not None:
        since_midnight, bad_clocks = times_of_day(clocks, formats=formats)
        if next_day is not None:
            since_midnight = since_midnight.mask(next_day, since_midnight + pd.Timedelta(days=1))
        walls, precision, aware = _without_midnight(walls, precision, aware, local_zone)
        dated = (precision == "day") & since_midnight.notna().to_numpy()
        walls = walls.mask(dated, walls + since_midnight)
        precision = np.where(dated, np.where(_hours_alone(clocks, formats), "hour", "minute"), precision)
    early = (walls.dt.year < _EARLIEST_YEAR).to_numpy()
    walls = walls.mask(early)
    instants, later, ambiguous, nonexistent = _localised(walls, file_zone, skip=aware)
    if aware.any():
        instants = instants.mask(aware, walls.dt.tz_localize("UTC"))
        later = later.mask(aware, instants)
    only_day = np.isin(precision, ("day", "month")) & walls.notna().to_numpy()
    if only_day.any() and file_zone != local_zone:
        days, _later, _ambiguous, _nonexistent = _localised(walls, local_zone, skip=~only_day)
        instants = instants.mask(only_day, days)
        later = later.mask(only_day, days)
    local = instants.dt.tz_convert(local_zone).dt.tz_localize(None)
    moments = Moments(
        instants=instants,
        local=local,
        precision=precision,
        unreadable=unreadable,
        implausible=early,
        ambiguous=ambiguous & ~only_day,
        nonexistent=nonexistent & ~only_day,
        later_instants=later,
    )
    return moments, bad_clocks


def parse_days(texts: Texts, *, formats: Sequence[str], day_first: bool) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Days (naive midnights; NaT where missing or unusable), and which cells are no date.

    Years before 1678 or after 2261 become these, for the caller to find implausible.
    """
    walls, _precision, unreadable, _aware = _parse_walls(texts, formats, day_first)
    return walls.dt.normalize(), unreadable


def two_digit_years(texts: Texts) -> NDArray[np.bool_]:
    """Which dates are written with a year of two digits, whose century is a guess."""
    return _contain(_TWO_DIGIT_YEAR, texts)


def _without_midnight(
    walls: pd.Series, precision: NDArray[np.object_], aware: NDArray[np.bool_], local_zone: str
) -> tuple[pd.Series, NDArray[np.object_], NDArray[np.bool_]]:
    """The days of a column of dates whose system writes midnight behind each of them, the local one or that of UTC."""
    timed = (precision == "minute") & walls.notna().to_numpy()
    local = walls.mask(aware, walls.dt.tz_localize("UTC").dt.tz_convert(local_zone).dt.tz_localize(None))
    for days in (local, walls):
        if timed.any() and (days == days.dt.normalize())[timed].all():
            return days, np.where(timed, "day", precision), aware & ~timed
    return walls, precision, aware


def past_midnight(
    clocks: Texts, earlier: Texts, *, longest: pd.Timedelta, formats: Sequence[str] = ()
) -> NDArray[np.bool_]:
    """Which `clocks` are past midnight: before the `earlier` ones, and the next day no longer than `longest` after."""
    (later, _bad), (first, _bad_first) = (times_of_day(each, formats=formats) for each in (clocks, earlier))
    return ((later < first) & (later + pd.Timedelta(days=1) - first <= longest)).to_numpy()


def times_of_day(texts: Texts, *, formats: Sequence[str] = ()) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Times of day as spans since midnight (NaT where missing or unusable), and which cells are no time of day.

    Those of the `formats` that have no date are tried first.
    """
    codes, distinct = pd.factorize(texts)
    # A workbook gives a time of day with a date before it where the cell's format lacks one.
    parts = pd.Series([text.split(" ")[-1] if _ISO_DATE.match(text) else text for text in distinct], dtype=object)
    found = pd.Series(pd.NaT, index=parts.index, dtype="datetime64[ns]")
    for form in filter(is_clock_format, formats):
        found = found.fillna(pd.to_datetime(parts, format=form, errors="coerce"))
    parts = parts.str.replace(_WHOLE_HOURS, r"\1:00", regex=True).str.replace(_HOURS_BEHIND, "", regex=True)
    shares = _shares_of_a_day(parts.mask(found.notna(), ""))
    bare = parts.str.fullmatch(_BARE_CLOCK) & shares.isna()
    padded = parts.str.removesuffix(".0").str.zfill(4)
    parts = parts.mask(bare, padded if (bare & parts.str.fullmatch(_HUNDREDS)).any() else "")
    for form in _CLOCKS:
        found = found.fillna(pd.to_datetime(parts[found.isna() & shares.isna()], format=form, errors="coerce"))
    written = parts[found.isna() & shares.isna()].map(clock_in_words)
    found = found.fillna(pd.to_datetime(written, format="%H:%M:%S", errors="coerce"))
    spans = (found - found.dt.normalize()).fillna(shares)
    found = found.fillna(pd.Timestamp(0) + shares)
    missing = np.array([is_nothing(text) for text in distinct], dtype=bool)
    unreadable = found.isna().to_numpy() & ~missing
    return spans.take(codes).reset_index(drop=True), unreadable[codes]


def _hours_alone(texts: Texts, formats: Sequence[str]) -> NDArray[np.bool_]:
    """Which times of day give the hour and no minutes: by their form, or by a format that has none."""
    codes, distinct = pd.factorize(texts)
    alone = pd.Series(distinct, dtype=object).str.fullmatch(_HOUR_ALONE).to_numpy(dtype=bool)
    for form in formats:
        if is_clock_format(form) and "%M" not in form:
            alone |= pd.to_datetime(pd.Series(distinct), format=form, errors="coerce").notna().to_numpy()
    return alone[codes]


def _shares_of_a_day(texts: pd.Series) -> pd.Series:
    """Times of day that a workbook gave as shares of the day, where all with a point in them are: 0.5 is noon.

    "0.30" alone may be half past midnight, so some must have other than two decimals.
    """
    shares = texts.str.fullmatch(_SHARE_OF_DAY)
    pointed = texts.str.contains(r"[.,]", regex=True)
    certain = shares & pointed & ~texts.str.fullmatch(_CLOCK_WITH_POINT)
    if not certain.any() or (pointed & ~shares).any():
        return pd.Series(pd.NaT, index=texts.index, dtype="timedelta64[ns]")
    days = pd.to_numeric(texts.where(shares).str.replace(",", "."), errors="coerce") % 1.0
    return pd.to_timedelta((days * _SECONDS_A_DAY).round(), unit="s")


def _parse_walls(
    texts: Texts, formats: Sequence[str], day_first: bool
) -> tuple[pd.Series, NDArray[np.object_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Wall clock times, their precision, which cells are unreadable, and which are UTC because they had an offset."""
    codes, distinct = pd.factorize(texts)
    walls = np.full(len(distinct), np.datetime64("NaT"), dtype="datetime64[ns]")
    precision = np.full(len(distinct), "minute", dtype=object)
    aware = np.zeros(len(distinct), dtype=bool)
    waiting = np.fromiter((not is_nothing(text) for text in distinct), dtype=bool, count=len(distinct))

    def settle(read: Callable[[Texts], pd.Series], candidates: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Read the candidates; those that could be read are no longer waiting."""
        rows = np.flatnonzero(candidates)
        settled = np.zeros(len(distinct), dtype=bool)
        if rows.size:
            found = read(distinct[rows]).to_numpy()
            good = ~np.isnat(found)
            walls[rows[good]] = found[good]
            settled[rows[good]] = True
            waiting[rows[good]] = False
        return settled

    for form in formats:
        if is_clock_format(form):
            continue
        settled = settle(_by_format(form), waiting)
        precision[settled] = _precision_of(form)
        if form in EXCEL_FORMATS:
            precision[settled & _matches(_WHOLE, distinct)] = "day"
        aware |= settled & ("%z" in form or form in UNIX_FORMATS)
    iso = _matches(_ISO_DATE, distinct)
    ends_in_utc = np.fromiter((text.endswith(("UTC", "GMT")) for text in distinct), dtype=bool, count=len(distinct))
    odd = waiting & (ends_in_utc | (~iso & _contain(_UNTIDY, distinct)))
    if odd.any():
        distinct = distinct.copy()
        distinct[odd] = [_tidied(text, day_first) for text in distinct[odd]]
        iso = _matches(_ISO_DATE, distinct)
    iso &= waiting
    if iso.any():
        offset = iso & _matches(_OFFSET, distinct)
        aware |= settle(_utc_iso, offset)
        settled = settle(_naive_iso, iso & ~offset)
        lengths = np.fromiter(map(len, distinct), dtype=int, count=len(distinct))
        precision[settled & (lengths <= _ISO_DAY_LENGTH)] = "day"
        precision[settled & (lengths == _ISO_HOUR_LENGTH)] = "hour"
    for form in _common_forms(day_first, sample=distinct[waiting][:_SAMPLE]):
        if not waiting.any():
            break
        settled = settle(_by_format(form), waiting)
        precision[settled] = _precision_of(form)
    if waiting.any():
        written = {text: time_in_words(text, day_first=day_first) for text in distinct[waiting]}
        settled = settle(lambda cells: _naive_iso(np.array([written[text] for text in cells], dtype=object)), waiting)
        for row in np.flatnonzero(settled):
            precision[row] = _ISO_PRECISIONS.get(len(written[distinct[row]]), "minute")
    if waiting.any():
        rows = np.flatnonzero(waiting)
        _read_far_years(distinct, rows, formats, day_first, walls=walls, precision=precision, waiting=waiting)
    return pd.Series(walls[codes]), precision[codes], waiting[codes], aware[codes]


def _tidied(text: str, day_first: bool) -> str:
    """A time as databases and web services write it, brought nearer to ISO 8601 or a common form."""
    if _INTERNET_DATE.fullmatch(text):
        try:
            return parsedate_to_datetime(text).isoformat()
        except ValueError:
            return text
    if found := _SCRIPT_DATE.fullmatch(text):
        month, day, year, clock, offset = found.groups()
        return f"{year}-{MONTHS.index(month.lower()) + 1:02}-{day}T{clock}{offset}" if month.lower() in MONTHS else text
    if found := _NET_DATE.fullmatch(text):
        return datetime.fromtimestamp(int(found[1]) // 1_000, UTC).isoformat()
    if found := _SHORT_WITH_OFFSET.fullmatch(text):
        day, month = found.group(*((1, 3) if day_first else (3, 1)))
        return f"{found[4]}-{int(month):02}-{int(day):02}T{found[5]}{found[6]}"
    text = _NAMED_UTC.sub("Z", text) if _YEAR_FIRST.match(text) else text
    return _COMMA_AFTER_DATE.sub(r"\1 ", _YEAR_FIRST.sub(_hyphened, text))


def _hyphened(year_first: re.Match[str]) -> str:
    year, month, day = year_first.groups()
    return f"{year}-{int(month):02}-{int(day):02}"


def _read_far_years(
    distinct: Texts,
    rows: NDArray[np.intp],
    formats: Sequence[str],
    day_first: bool,
    *,
    walls: NDArray[np.datetime64],
    precision: NDArray[np.object_],
    waiting: NDArray[np.bool_],
) -> None:
    """Times such as 2999-01-01, which have a known form and a year that cannot be held, become the nearest held."""
    far, texts = [], []
    for row in rows:
        years = [int(each) for each in _FOUR_DIGITS.findall(distinct[row])]
        beyond = [year for year in years if not _FIRST_YEAR_HELD <= year <= _LAST_YEAR_HELD]
        if len(beyond) == 1:
            far.append((row, beyond[0]))
            texts.append(distinct[row].replace(f"{beyond[0]:04}", "2000", 1))
    if not far:
        return
    near = np.empty(len(texts), dtype=object)
    near[:] = texts
    _walls, found_precision, unreadable, _aware = _parse_walls(near, formats, day_first)
    for (row, year), form, bad in zip(far, found_precision, unreadable, strict=True):
        if not bad:
            held = _LAST_YEAR_HELD if year > _LAST_YEAR_HELD else _FIRST_YEAR_HELD
            walls[row], precision[row], waiting[row] = np.datetime64(f"{held}-01-01"), form, False


def _common_forms(day_first: bool, *, sample: Texts) -> Iterator[str]:
    """The common forms, those that fit most of the sample first: a form that fits all saves trying the others."""
    if not len(sample):
        return
    dates = _DAY_FIRST if day_first else _MONTH_FIRST
    clocks = ("%H:%M", "%H:%M:%S", "%I:%M %p", "%I:%M:%S %p")
    unfit: dict[str, int] = {}
    for form in [*(f"{day} {clock}" for day in dates for clock in clocks), *dates]:
        unfit[form] = int(_by_format(form)(sample).isna().sum())
        if not unfit[form]:
            yield form
    yield from sorted(filter(unfit.get, unfit), key=unfit.__getitem__)


def _by_format(form: str) -> Callable[[Texts], pd.Series]:
    if form in EXCEL_FORMATS:
        return lambda cells: _excel_times(cells, pd.Timestamp(EXCEL_FORMATS[form]))
    if form in UNIX_FORMATS:
        return lambda cells: _unix_times(cells, *UNIX_FORMATS[form])
    if "%z" in form:
        return lambda cells: _naive_utc(
            pd.to_datetime(
                pd.Series(cells).replace(_HOURS_OF_OFFSET, r"\1\g<2>00", regex=True),
                format=form,
                errors="coerce",
                utc=True,
            )
        )
    if _UNDIVIDED.search(form):
        # Where nothing divides the parts, too few digits would be shared out among them: 117 as 11:07.
        whole = re.compile(re.sub("%.", ".+?", _UNDIVIDED.sub(_all_digits, re.escape(form))) + "$", re.ASCII)
        return lambda cells: _strptime(np.array([text if whole.match(text) else "" for text in cells], object), form)
    return lambda cells: _strptime(cells, form)


def _all_digits(run: re.Match[str]) -> str:
    """As many digits as the undivided parts of a format have."""
    return rf"(?<!\d)\d{{{sum(_DIGITS_OF_PART.get(part, 2) for part in re.findall('%.', run[0]))}}}"


def _strptime(cells: Texts, form: str) -> pd.Series:
    return pd.to_datetime(pd.Series(cells, dtype=object), format=form, errors="coerce").astype("datetime64[ns]")


def _unix_times(cells: Texts, parts_of_a_second: int, form: re.Pattern[str]) -> pd.Series:
    """Times of numbers that count from 1970, to the second."""
    found = [form.fullmatch(text) for text in cells]
    seconds = np.array([int(each[1]) // parts_of_a_second if each else -1 for each in found], dtype=float)
    return pd.to_datetime(pd.Series(np.where(seconds < 0, np.nan, seconds)), unit="s").astype("datetime64[ns]")


def _excel_times(cells: Texts, day_zero: pd.Timestamp) -> pd.Series:
    """Times of Excel's numbers, to the second: a share of a day is not exact."""
    # What would not be a date from 1990 on, by either count, is some other number.
    numbers = [float(text.replace(",", ".")) if _EXCEL_DATE.fullmatch(text) else np.nan for text in cells]
    seconds = np.round(np.array(numbers) * _SECONDS_A_DAY)
    return day_zero + pd.to_timedelta(pd.Series(seconds), unit="s")


def _utc_iso(cells: Texts) -> pd.Series:
    return _naive_utc(pd.to_datetime(pd.Series(cells), format="ISO8601", errors="coerce", utc=True))


def _naive_iso(cells: Texts) -> pd.Series:
    return pd.to_datetime(pd.Series(cells), format="ISO8601", errors="coerce").astype("datetime64[ns]")


def _naive_utc(moments: pd.Series) -> pd.Series:
    return moments.dt.tz_localize(None).astype("datetime64[ns]")


def _precision_of(form: str) -> str:
    if form in NUMBER_FORMATS:
        return "minute"
    if re.search(r"%[MXcTRr]", form):
        return "minute"
    if re.search(r"%[HI]", form):
        return "hour"
    return "day" if re.search(r"%[djxcD]", form) else "month"


def _matches(pattern: re.Pattern[str], texts: Texts) -> NDArray[np.bool_]:
    return np.fromiter(map(bool, map(pattern.match, texts)), dtype=bool, count=len(texts))


def _contain(pattern: re.Pattern[str], texts: Texts) -> NDArray[np.bool_]:
    return np.fromiter(map(bool, map(pattern.search, texts)), dtype=bool, count=len(texts))


def _localised(
    walls: pd.Series, zone: str, *, skip: NDArray[np.bool_]
) -> tuple[pd.Series, pd.Series, NDArray[np.bool_], NDArray[np.bool_]]:
    """UTC instants of wall clocks (the earlier where a time came twice, and the later), and which were odd."""
    plain = walls.mask(skip)
    instants = plain.dt.tz_localize(zone, ambiguous="NaT", nonexistent="NaT")
    odd = (instants.isna() & plain.notna()).to_numpy()
    later = instants
    ambiguous = nonexistent = np.zeros(len(walls), dtype=bool)
    if odd.any():
        summer = np.ones(len(walls), dtype=bool)
        earlier = plain.dt.tz_localize(zone, ambiguous=summer, nonexistent="NaT")
        nonexistent = odd & earlier.isna().to_numpy()
        ambiguous = odd & ~nonexistent
        # pandas' own shift_forward is half an hour off where the clocks skip half an hour.
        gaps = {wall: _end_of_gap(wall, ZoneInfo(zone)) for wall in plain[nonexistent].unique()}
        ends = plain.where(nonexistent).map(gaps).astype("datetime64[ns, UTC]")
        later = plain.dt.tz_localize(zone, ambiguous=~summer, nonexistent="NaT").dt.tz_convert("UTC").fillna(ends)
        return earlier.dt.tz_convert("UTC").fillna(ends), later, ambiguous, nonexistent
    return instants.dt.tz_convert("UTC"), later.dt.tz_convert("UTC"), ambiguous, nonexistent


def _end_of_gap(wall: pd.Timestamp, zone: ZoneInfo) -> pd.Timestamp:
    """The moment (to the second) at which the clocks skipped the wall clock time `wall`."""
    before, after = (wall.to_pydatetime().replace(tzinfo=zone, fold=fold).utcoffset() for fold in (0, 1))
    utc_wall = wall.floor("s").tz_localize("UTC")
    low, high = utc_wall - after - pd.Timedelta(seconds=1), utc_wall - before
    while high - low > pd.Timedelta(seconds=1):
        middle = (low + (high - low) / 2).floor("s")
        if middle.to_pydatetime().astimezone(zone).utcoffset() == before:
            low = middle
        else:
            high = middle
    return high
