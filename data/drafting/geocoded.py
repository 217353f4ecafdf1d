"""A column whose words say how each place was found: at the roof, along the street, in the middle of a town.

Every geocoder writes one beside its coordinates. The words are read as metres, and a person is asked.
"""

import re
from collections import Counter

from data.drafting.column_facts import ColumnFacts
from data.drafting.heading_match import LIKELY_SCORE, Match
from data.drafting.work import Work
from data.mapping import mapped_fields
from data.values import is_nothing, plain_value
from wording import _, format_count, join_words, ngettext

__all__ = ["read_how_found"]

_FIELD = "location_precision_m"
_SAYS_HOW_EXACT = re.compile(
    r"\b(?:geocod\w*|accuracy|precision|match (?:type|level|quality)|coord\w* (?:type|quality))\b"
)
# A house is known to the least that is stored; an interpolated number to the length of a block of houses; a street to
# the streets around, as in street-level files; a town, a ZIP or "approximate" of a geocoder to a small town's width.
_HOUSE_M, _BLOCK_M, _STREET_M, _ABOUT_M, _AREA_M = 50, 100, 250, 500, 5_000
# Words that only a geocoder writes.
_GEOCODERS = frozenset({
    "rooftop", "range_interpolated", "interpolated", "interpolation", "geometric_center", "geometric_centre",
    "centroid", "point_address", "pointaddress", "street_segment", "parcel",
})  # fmt: skip
_WORDS = {
    word: metres
    for metres, words in (
        (
            _HOUSE_M,
            "rooftop exact exact_match parcel point point_address pointaddress address gps house street_address"
            " streetaddress building premise premises subpremise sub_address",
        ),
        (_BLOCK_M, "range_interpolated interpolated interpolation block street_segment"),
        (_STREET_M, "street street_name streetname route intersection road nearest"),
        (_ABOUT_M, "approximate approx estimated inexact"),
        (
            _AREA_M,
            "geometric_center geometric_centre centroid city town locality county zip zip_code postal postal_code"
            " postcode postcode_district ward district area region municipality",
        ),
    )
    for word in words.split()
}
# So many of the rows have words that are known.
_SHARE_KNOWN = 0.9


def read_how_found(work: Work) -> None:
    """The precision of each place from a column of such words, where no column states it in metres."""
    if _FIELD in work.columns or _FIELD not in mapped_fields(work.table):
        return
    for column in work.facts:
        if column.position in work.used or "category" not in column.kinds or "yes_no" in column.kinds:
            continue
        if words := _words(work, column):
            _use(work, column, words)
            return


def _words(work: Work, column: ColumnFacts) -> dict[str, int]:
    """The words of the column with their metres; empty where it says nothing of the kind."""
    counts = Counter(plain_value(text) for text in work.cells(column) if not is_nothing(text))
    of_geocoder = bool(_GEOCODERS & counts.keys())
    if not (of_geocoder or _SAYS_HOW_EXACT.search(column.plain)):
        return {}
    known = {word: _WORDS[word] for word in counts if word in _WORDS}
    if len(known) < 2 or sum(counts[word] for word in known) < _SHARE_KNOWN * counts.total():
        return {}
    return {word: _AREA_M if of_geocoder and metres == _ABOUT_M else metres for word, metres in known.items()}


def _use(work: Work, column: ColumnFacts, words: dict[str, int]) -> None:
    work.columns[_FIELD] = column.heading
    work.raw["values"] = work.raw.get("values", {}) | {_FIELD: {word: str(metres) for word, metres in words.items()}}
    work.use(
        _FIELD,
        Match(column=column, score=LIKELY_SCORE, cells_fit=True),
        why=_("its words say how each place was found"),
    )
    vague = [word for word, metres in words.items() if metres == _AREA_M]
    rows = sum(plain_value(text) in vague for text in work.cells(column))
    if rows:
        work.ask(
            f"values.{_FIELD}",
            ngettext(
                "“{heading}” says how each place was found. {words} ({count} row) is taken for the middle of an area,"
                " known to {metres} m and left out of the smooth map. Is it so?",
                "“{heading}” says how each place was found. {words} ({count} rows) are taken for middles of areas,"
                " known to {metres} m and left out of the smooth map. Is it so?",
                rows,
            ).format(
                heading=column.heading,
                words=join_words([f"“{word}”" for word in vague]),
                count=format_count(rows),
                metres=format_count(_AREA_M),
            ),
            in_mapping=_("the metres under [values.location_precision_m]"),
        )
