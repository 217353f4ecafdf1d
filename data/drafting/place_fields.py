"""Where it happened: coordinates, postcodes or names of areas, and the settings that a new place needs."""

import re
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from data.drafting.column_facts import ColumnFacts
from data.drafting.geocoded import read_how_found
from data.drafting.heading_match import LIKELY_SCORE, SURE_SCORE, Match
from data.drafting.heading_words import ABODES
from data.drafting.places import (
    InexactPlaces,
    PlaceGuess,
    guess_by_register,
    guess_place,
    guess_point,
    inexact_places,
    says_moved,
)
from data.drafting.second_files import STREET_SOURCE
from data.drafting.work import Work, distinct_texts
from data.mapping import FORM_TABLE, mapped_fields
from data.mapping_toml import mapping_toml
from data.places import AREA_LEVELS, AreaNames, locate_sites
from data.quality.file_points import RAW_X, RAW_Y, points_of_file
from data.quality.named_areas import middles_by_name
from data.values import Texts, is_nothing, parse_numbers, plain_value
from geo.cities import nearest_city
from wording import _, format_count, format_share, join_words

__all__ = ["choose_areas", "choose_coordinates", "read_place"]

# Points of street-level files stand for the streets around them.
_STREET_POINTS_M = 250
# Of a column of areas so many of the different names are the deployment's.
_SHARE_OF_AREAS = 0.6
# Where so many places lie elsewhere in areas whose middles others have, a heading of areas is wrong of them.
_SHARE_ELSEWHERE = 0.1
# Two columns whose headings say nothing are coordinates where nearly all of so many lie in or near the force.
_SHARE_IN_FORCE, _FEWEST_COORDINATES = 0.9, 10
# A metre or two, in degrees.
_SAME_COORDINATE = 2e-5
_AREAS = (
    r"zip(?: code)?|postal code|(?:census )?tract|fips|geoid|lsoa|msoa|data ?zone|fsa|zcta|precinct|"
    r"county|counties|ward|district|town|city|borough|municipality|parish|neighbou?rhood|beat|sector|zone|area|region"
)


def choose_areas(work: Work) -> None:
    """Of the columns that may hold one kind of area, the one whose areas are the deployment's own."""
    precision = work.match("location_precision_m")
    if precision and precision.column.kinds and not precision.cells_fit:
        # "Exact" and "approximate" are no metres.
        del work.found["location_precision_m"]
    levels = [level for level in AREA_LEVELS if work.match(level)]
    if work.geography is None or not levels:
        return
    names = AreaNames(work.geography)
    held = {each.column.position for several in work.found.values() for each in several}
    others = [column for column in work.facts if column.position not in held and _may_name_areas(column)]
    for level in levels:
        named = work.found[level][0].column
        if names.has(level) and others and _share_known(work, named, level, names) < _SHARE_OF_AREAS:
            shares = [_share_known(work, column, level, names) for column in others]
            best = int(np.argmax(shares))
            if shares[best] >= _SHARE_OF_AREAS:
                match = Match(column=others[best], score=LIKELY_SCORE, cells_fit=True, alternatives=(named.heading,))
                work.found[level] = (match,)


def choose_coordinates(work: Work) -> None:
    """Of columns with the same coordinates, as map services set their own beside a source's, those whose headings tell
    that the places were moved.
    """
    twins: dict[str, tuple[Match, ...]] = {}
    for name in ("place.x", "place.y"):
        match = work.match(name)
        if match is None or says_moved(match.column.plain):
            return
        numbers = parse_numbers(work.cells(match.column), decimal=match.column.decimal)[0]
        for other in work.facts:
            if says_moved(other.plain) and other.kinds & match.column.kinds & {"degrees", "metres"}:
                of_other = parse_numbers(work.cells(other), decimal=other.decimal)[0]
                if (
                    np.isclose(numbers, of_other, rtol=0, atol=_SAME_COORDINATE, equal_nan=True).mean()
                    >= _SHARE_IN_FORCE
                ):
                    twins[name] = (replace(match, column=other),)
    if len(twins) > 1:
        work.found |= twins


def read_place(work: Work) -> None:
    """Coordinates in two columns or one, and postcodes; without either, a column of areas."""
    x, y, postcode = (work.match(f"place.{name}") for name in ("x", "y", "postcode"))
    place: dict[str, Any] = {}
    if not (x or y or any(map(_holds_points, work.facts))):
        x, y = _unnamed_coordinates(work)
    if x and y:
        cells = [work.cells(match.column) for match in (x, y)]
        guess = guess_place(
            x.column,
            y.column,
            cells,
            decimal=x.column.decimal,
            crs=work.settings.geography.crs,
            geography=work.geography,
        )
        of_guess = cells[::-1] if guess.x != x.column.heading else cells
        guess = guess_by_register(guess, of_guess, decimal=x.column.decimal, geography=work.geography)
        place = {"crs": guess.crs or work.settings.geography.crs, "x": guess.x, "y": guess.y}
        if guess.location_precision_m:
            place["location_precision_m"] = guess.location_precision_m
        by_heading = {match.column.heading: match for match in (x, y)}
        for name in ("x", "y"):
            work.use(f"place.{name}", by_heading[place[name]], why=guess.why, doubt=not guess.sure)
        if not guess.sure:
            _ask_of_place(work, guess)
        swapped = guess.x != x.column.heading
        inexact = inexact_places(
            [x.column, y.column],
            cells[::-1] if swapped else cells,
            decimal=x.column.decimal,
            degrees="degrees" in x.column.kinds | y.column.kinds,
        )
        of_row = cells[::-1] if swapped else cells
        _settle_inexact(work, place, inexact, _name_areas(work, place, *of_row, decimal=x.column.decimal))
    elif point := next((each for each in work.facts if _holds_points(each)), None):
        place = _point(work, point)
    elif x or y:
        work.ask("place", _("One coordinate was found and not the other. Which columns are they?"))
    if "x" in place or "point" in place:
        read_how_found(work)
    if postcode:
        place["postcode"] = postcode.column.heading
        work.use("place.postcode", postcode)
    if place and work.raw["source"] == STREET_SOURCE:
        place["location_precision_m"] = _STREET_POINTS_M
    if not place:
        _read_area_by_name(work)
    work.raw["place"] = place


def _unnamed_coordinates(work: Work) -> tuple[Match, Match] | tuple[None, None]:
    """Two columns side by side that no heading names and whose numbers lie in the force: asked about."""
    if work.geography is None or work.table not in (FORM_TABLE, "risk_events"):
        return None, None
    crs = work.settings.geography.crs
    for x, y in pairwise(work.facts):
        both = (x, y)
        if (
            y.position != x.position + 1
            or work.used & {x.position, y.position}
            or not any(x.kinds & y.kinds & {kind} for kind in ("degrees", "metres"))
            or min(x.distinct, y.distinct) < _FEWEST_COORDINATES
            or any(re.search(rf"\b(?:{ABODES})\b", each.plain) for each in both)
        ):
            continue
        cells = [work.cells(each) for each in both]
        guess = guess_place(x, y, cells, decimal=x.decimal, crs=crs, geography=work.geography)
        if guess.share_inside >= _SHARE_IN_FORCE and ("degrees" in x.kinds or guess.crs == crs):
            work.ask(
                "place.x",
                _(
                    "Are “{first}” and “{second}” the coordinates of where it happened? {share} of them lie in or near "
                    "the area of the settings, and their headings do not say what they are."
                ).format(first=x.heading, second=y.heading, share=format_share(guess.share_inside)),
            )
            return Match(column=x, score=LIKELY_SCORE, cells_fit=True), Match(
                column=y, score=LIKELY_SCORE, cells_fit=True
            )
    return None, None


def _settle_inexact(work: Work, place: dict[str, Any], inexact: InexactPlaces | None, share_elsewhere: float) -> None:
    """Places that their headings call inexact are taken so, and a person asked how inexact: but for areas' places of
    which a share lies elsewhere than at the middles.
    """
    if inexact is None or (inexact.of_areas and share_elsewhere >= _SHARE_ELSEWHERE):
        return
    precision_m = round(max(inexact.precision_m, place.get("location_precision_m", 0.0)))
    place["location_precision_m"] = precision_m
    headings = join_words([f"“{place[name]}”" for name in ("x", "y", "point") if name in place])
    sentence = (
        _(
            "{headings}: these are places of areas, not of what happened. They are taken to be known to {precision} m:"
            " they count in areas that are as wide, and are left out of the smooth map. Name columns with the exact"
            " places, if there are any, or give half the distance between the middles of such areas."
        )
        if inexact.of_areas
        else _(
            "{headings}: these places are not exact, as the heading says. How far may they be from the true ones? They"
            " are taken to be known to {precision} m: the map is smoothed over twice that at least, and beyond 1,000 m"
            " they are left out of it and count in their areas alone."
        )
    )
    choices = sorted({precision_m, *inexact.choices_m})
    work.ask(
        "place.location_precision_m",
        sentence.format(headings=headings, precision=format_count(precision_m)),
        *(str(each) for each in choices),
    )


def _point(work: Work, column: ColumnFacts) -> dict[str, Any]:
    found = guess_point(column, work.cells(column), crs=work.settings.geography.crs, geography=work.geography)
    guess = found.place
    work.use("place.point", Match(column=column, score=SURE_SCORE, cells_fit=True), why=guess.why, doubt=not guess.sure)
    if not guess.sure:
        _ask_of_place(work, guess)
    place: dict[str, Any] = {"crs": found.crs, "point": column.heading}
    if found.swapped:
        place["swapped"] = True
    inexact = inexact_places([column], found.cells, decimal=".", degrees=found.degrees)
    of_row = found.cells[::-1] if found.swapped else found.cells
    _settle_inexact(work, place, inexact, _name_areas(work, place, *of_row, decimal="."))
    return place


def _name_areas(work: Work, place: dict[str, Any], x: Texts, y: Texts, *, decimal: str) -> float:
    """A column of areas of any kind, where points that come again are their middles: it tells the import which are.

    Also the share of the places that lie elsewhere in such areas; 0 where no column tells any middle.
    """
    read = {heading for level, heading in work.columns.items() if level in AREA_LEVELS}
    named = [
        each
        for each in work.facts
        if each.heading in read or (each.position not in work.used and _may_name_areas(each))
    ]
    if work.geography is None or not named:
        return 0.0
    x_of_row, y_of_row = (parse_numbers(each, decimal=decimal)[0] for each in (x, y))
    easting_m, _northing_m, bad = locate_sites(
        x=x_of_row, y=y_of_row, unreadable=np.isnan(x_of_row), crs=place["crs"], geography=work.geography
    )
    records = pd.DataFrame(
        {
            RAW_X: x_of_row,
            RAW_Y: y_of_row,
            "location_source": np.where(np.isfinite(easting_m) & ~bad, "coordinates", "none"),
            "incident_id": _incidents(work),
        }
    )
    given = points_of_file(records, place["crs"], work.geography)
    if given is None:
        return 0.0
    names = AreaNames(work.geography)
    own = [level for level in AREA_LEVELS if level in mapped_fields(work.table) and names.has(level)]
    for column in named:
        known = (level for level in own if _share_known(work, column, level, names) >= _SHARE_OF_AREAS)
        level = next(known, None)
        texts = [None if is_nothing(text) else plain_value(text) for text in work.cells(column)[given.rows]]
        found = middles_by_name(given, texts, own=level is not None)
        if found is None:
            continue
        if column.heading not in read:
            if level and level not in work.columns:
                work.columns[level] = column.heading
            else:
                place["area"] = column.heading
            work.use(
                level if level and "area" not in place else "place.area",
                Match(column=column, score=LIKELY_SCORE, cells_fit=True),
                why=_("the points that come again and again are the only such ones of its areas"),
            )
        return float(given.counts[found.others].sum() / given.counts.sum())
    return 0.0


def _incidents(work: Work) -> Texts:
    """What numbers the incidents, as one text a row; the row itself where nothing does."""
    chosen = work.columns.get("incident_id") or work.columns.get("administration_id") or []
    parts = chosen if isinstance(chosen, list) else [chosen]
    headings = {text for part in parts for text in (part.values() if isinstance(part, dict) else [part])}
    columns = [work.cells(column) for column in work.facts if column.heading in headings]
    rows = [str(number) for number in range(len(work.sample.rows))]
    found = np.empty(len(rows), dtype=object)
    found[:] = ["|".join(cells) for cells in zip(*columns, strict=True)] if columns else rows
    return found


def _read_area_by_name(work: Work) -> None:
    """A column of names of the deployment's areas, where the file has neither coordinates nor postcodes."""
    levels = [level for level in AREA_LEVELS if level in mapped_fields(work.table)]
    if work.geography is None or not levels or any(level in work.columns for level in levels):
        return
    names = AreaNames(work.geography)
    named = [column for column in work.facts if column.position not in work.used and _may_name_areas(column)]
    for level in levels:
        for column in named:
            if names.has(level) and (share := _share_known(work, column, level, names)) >= _SHARE_OF_AREAS:
                work.columns[level] = column.heading
                work.use(
                    level,
                    Match(column=column, score=LIKELY_SCORE, cells_fit=True),
                    why=_("{share} of its values are names of such areas").format(share=format_share(share)),
                )
                return
    if area := next((column for column in named if re.search(rf"\b(?:{_AREAS})\b", column.plain)), None):
        work.ask(
            "place",
            _(
                "Is “{heading}” where it happened? Its names are no areas of the settings, and the file has "
                "neither coordinates nor postcodes: its records would be on no map. Name an outline with these "
                "areas in the settings, or give the file coordinates."
            ).format(heading=area.heading),
        )


def _may_name_areas(column: ColumnFacts) -> bool:
    return bool(
        column.kinds & {"category", "name", "key"}
        and "yes_no" not in column.kinds
        and ("number" not in column.kinds or re.search(rf"\b(?:{_AREAS})\b", column.plain))
        and not re.search(rf"\b(?:{ABODES})\b", column.plain)
    )


def _share_known(work: Work, column: ColumnFacts, level: str, names: AreaNames) -> float:
    """The share of a column's different values that are areas of the deployment."""
    texts = np.array(distinct_texts(work.cells(column)), dtype=object)
    codes, _wrong = names.find(level, texts, own={})
    return float(np.mean([code is not None for code in codes])) if len(texts) else 0.0


def _ask_of_place(work: Work, guess: PlaceGuess) -> None:
    if guess.possible:
        names = join_words([f"{each.name} ({each.crs})" for each in guess.possible])
        work.ask(
            "place.crs",
            _("The places lie in the settings' area on {names}, and on no usual system. Is that theirs?").format(
                names=names
            )
            if guess.crs
            else _(
                "On which system are the coordinates? They lie in the settings' area on each of these: {names}."
            ).format(names=names),
            *(each.crs for each in guess.possible),
        )
        return
    if guess.crs is None:
        work.ask(
            "place.crs",
            _("On which system are the coordinates? On none of the known ones do they lie in the settings' area."),
        )
        return
    if guess.middle is None:
        return
    city = nearest_city(latitude=guess.middle[0], longitude=guess.middle[1])
    work.advice.append(
        _(
            "{share} of the places lie in or near the area of the settings ({force}); most lie around {city}. A "
            "new place needs settings of its own: its time zone, a system in metres and an outline."
        ).format(share=format_share(guess.share_inside), force=work.settings.force, city=city.name)
    )
    if city.time_zone != work.settings.time_zone:
        work.ask(
            "times.time_zone",
            _("Are the times those of {zone}? The settings say another time zone.").format(zone=city.time_zone),
            city.time_zone, work.settings.time_zone, "UTC",
            in_mapping=_("time_zone under [times], or in the settings"),
        )  # fmt: skip
    home = city.country == "GB"
    work.settings_toml = mapping_toml(
        {
            "force": _("name of the police force"),
            "nation": work.settings.nation if home else "elsewhere",
            "time_zone": city.time_zone,
        }
    ) + "\n".join(
        [
            "",
            "[geography]",
            f'crs = "{"EPSG:27700" if home else guess.utm_crs}"',
            f'outline_file = "outline.geojson"      # {_("the boundary of the force or the city, as a polygon")}',
            "",
            "[store]",
            'folder = "store"',
            "synthetic = false",
            "open_real_on_loopback = true",
            "",
        ]
    )


def _holds_points(column: ColumnFacts) -> bool:
    return "point" in column.kinds and not re.search(rf"\b(?:{ABODES})\b", column.plain)
