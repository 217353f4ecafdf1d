"""Where it happened: coordinates, a postcode and areas as the file has them; `data.places` makes the place of them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from data.places import AREA_LEVELS, Places, locate_rows, locate_sites
from data.points import parse_points
from data.records.cells import Cells, Columns, Mask, mapped
from data.records.identifying_texts import gives_away
from data.records.numbers import read_numbers
from data.records.work import BlockWork
from data.values import Texts, is_nothing, parse_numbers, plain_value

__all__ = ["area_as_written", "read_place"]

# Nations whose grid references have two letters; elsewhere on these islands one letter is the Irish grid's.
_ON_THE_BRITISH_GRID = ("england", "wales", "scotland")


@dataclass(frozen=True, kw_only=True)
class _Coordinates:
    """Numbers (NaN where there are none), which cells were none, and how exact their form is (NaN: it does not say).

    Problems are told of `cells`, the first column; None where the file has no coordinates.
    """

    x: NDArray[np.float64]
    y: NDArray[np.float64]
    unreadable: Mask
    by_form_m: NDArray[np.float64]
    cells: Cells | None


def read_place(work: BlockWork, columns: Columns) -> None:
    """The place of each row with its areas; for a table of sites, their position alone."""
    rules, layout = work.rules, work.mapping.place
    if rules.has_place:
        places = _located(work, _area_codes(work, columns))
        columns |= {name: places.frame[name].array for name in places.frame}
        if work.coordinates and AREA_LEVELS.keys() & work.mapping.columns.keys():
            columns |= places.named
        columns["outside"] = places.outside
        return
    if "easting_m" in work.mapping.table.names and (layout.point or (layout.x and layout.y)):
        found = _coordinates(work)
        easting_m, northing_m, bad = locate_sites(
            x=found.x,
            y=found.y,
            unreadable=found.unreadable,
            crs=layout.crs or rules.geography.crs,
            geography=rules.geography,
        )
        work.set_aside(bad, field="place", reason="coordinates_unusable", cells=found.cells)
        columns |= {"easting_m": easting_m, "northing_m": northing_m}
    columns |= {name: codes for name, codes in _area_codes(work, columns).items() if name in work.mapping.columns}


def area_as_written(work: BlockWork, heading: str) -> Texts:
    """The area of any kind under `heading`, in plain form; None where there is none."""
    return mapped(work.cells(heading).texts, lambda text: None if is_nothing(text) else plain_value(text))


def _located(work: BlockWork, areas: dict[str, Texts]) -> Places:
    rules, layout = work.rules, work.mapping.place
    found = _coordinates(work)
    postcode = work.cells(layout.postcode) if layout.postcode else None
    work.coordinates = (found.x, found.y) if found.cells else None
    places = locate_rows(
        x=found.x,
        y=found.y,
        unreadable=found.unreadable,
        crs=layout.crs or rules.geography.crs,
        postcodes=mapped(postcode.texts, lambda text: "" if is_nothing(text) else text)
        if postcode
        else np.full(len(work.rows), "", dtype=object),
        areas=areas,
        stated_precision_m=np.fmax(_stated_precision_m(work), found.by_form_m),
        snap_m=rules.settings.privacy.snap_m,
        geography=rules.geography,
        names=rules.area_names,
    )
    work.set_aside(places.bad_coordinates, field="place", reason="coordinates_unusable", cells=found.cells)
    work.set_aside(places.bad_postcodes, field="place", reason="postcode_unknown", cells=postcode)
    work.notes.counts["zero_coordinates"] += int(places.zero.sum())
    return places


def _coordinates(work: BlockWork) -> _Coordinates:
    """Coordinates of one column or of two; those of a file that has neither are NaN."""
    layout, unsaid = work.mapping.place, np.full(len(work.rows), np.nan)
    if layout.point:
        cells = work.cells(layout.point)
        points = parse_points(
            cells.texts,
            crs=layout.crs or work.rules.geography.crs,
            swapped=layout.swapped,
            irish=work.rules.settings.nation not in _ON_THE_BRITISH_GRID,
        )
        return _Coordinates(
            x=points.x, y=points.y, unreadable=points.unreadable, by_form_m=points.precision_m, cells=cells
        )
    if not (layout.x and layout.y):
        return _Coordinates(
            x=unsaid, y=unsaid, unreadable=np.zeros(len(unsaid), dtype=bool), by_form_m=unsaid, cells=None
        )
    columns = [work.cells(layout.x), work.cells(layout.y)]
    decimal = work.mapping.file.decimal
    (x, bad_x, _outside_x), (y, bad_y, _outside_y) = (parse_numbers(each.texts, decimal=decimal) for each in columns)
    return _Coordinates(x=x, y=y, unreadable=bad_x | bad_y, by_form_m=unsaid, cells=columns[0])


def _stated_precision_m(work: BlockWork) -> NDArray[np.float64]:
    """How far the places may be from the true ones, by a column of the file, else by the mapping; NaN: unsaid."""
    stated = work.mapping.place.location_precision_m
    precision_m = np.full(len(work.rows), np.nan if stated is None else stated)
    headings = work.mapping.headings_of("location_precision_m")
    if not headings:
        return precision_m
    field = work.rules.fields["location_precision_m"]
    cells = work.cells(headings[0])
    numbers = read_numbers(work, field.name, cells, minimum=field.minimum, maximum=field.maximum)
    return np.where(np.isfinite(numbers), numbers, precision_m)


def _area_codes(work: BlockWork, columns: Columns) -> dict[str, Texts]:
    """The areas that the file itself names, as codes of the deployment's areas; None where none."""
    codes: dict[str, Texts] = {}
    for level in AREA_LEVELS:
        headings = work.mapping.headings_of(level)
        if level in columns:
            codes[level] = np.asarray(columns[level], dtype=object)
        elif headings:
            codes[level] = _named_areas(work, level, work.cells(headings[0]))
        else:
            codes[level] = np.full(len(work.rows), None, dtype=object)
    return codes


def _named_areas(work: BlockWork, level: str, cells: Cells) -> Texts:
    names = work.rules.area_names
    found, wrong = names.find(level, cells.texts, own=work.rules.own_values(level))
    wrong |= gives_away(work, found)
    work.set_aside(wrong, field=level, reason="area_unknown", cells=cells)
    if wrong.any():
        known = names.words(level)
        work.notes.words.note_unknown(rows=work.rows[wrong], texts=cells.texts[wrong], field=level, known=known)
    return np.where(wrong, None, found)
