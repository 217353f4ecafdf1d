"""Administrations beside an independent layer: where they are rarer or more frequent than it would have them.

The logarithm of the ratio of two densities with one oversmoothing bandwidth, judged by relabelling
(analytics.relative_risk): tolerance contours point by point, and areas beyond chance over all points. Where the layer
is there and administrations are not, people may overdose without police naloxone: no carrier near, the ambulance first,
or nothing recorded. The map cannot tell which.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import ndimage
from shapely import Polygon, contains_xy, get_parts, prepare

from analytics import hotspots
from analytics.contiguous_areas import CellArea
from analytics.density import DensitySurface
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedOutlines,
    DisclosedSurface,
    DisclosedTable,
    disclose_count,
    disclose_outlines,
    disclose_rate,
    disclose_surface,
    tabulate_cells,
)
from analytics.findings.ground import asked_window, place_names
from analytics.findings.layers import Layer, LayerMissingError, layer_caveat, layer_points, layer_words
from analytics.findings.question import Question
from analytics.point_patterns import Grid, Window, inside_window
from analytics.relative_risk import FEWEST_EVENTS, RelativeRisk, oversmoothing_bandwidth_m, relative_risk
from wording import _, format_count, format_number, format_period, join_words, ngettext

__all__ = ["ComparedPlaces", "find_compared_places"]

Progress = Callable[[float, str], None]
Floats = NDArray[np.float64]

SEED, RELABELLINGS = 20_250_509, 999
PLACES_NAMED = 3
FEWEST_EXPECTED = 1.0
# Lower limits of the map's classes: so many times as many, or as few, as the layer would have.
RATIO_LIMITS = (1.5, 2.0, 3.0, 5.0, 10.0)
# Cells drawn along each cell judged: a cell of a kilometre would be seen.
FINER = 4


@dataclass(frozen=True, kw_only=True)
class ComparedPlaces:
    """The comparison: sentences, outlines (marked where administrations are rarer), and a row an outline.

    `contours` are the tolerance contours, marked likewise. `more` and `fewer` hold how many times as many, and as few,
    administrations there are as the layer would have: for the analyst alone, since a single one can move the ratio. No
    outlines where nothing differs or nothing can be compared; `headline` says which.
    """

    headline: str
    counted: str
    method: str
    caveat: str
    readings: str
    outlines: DisclosedOutlines
    contours: DisclosedOutlines
    more: DisclosedSurface | None
    fewer: DisclosedSurface | None
    table: DisclosedTable


def find_compared_places(
    question: Question, *, layer: Layer | None, on_progress: Progress | None = None
) -> ComparedPlaces:
    """Administrations against a layer, overdose calls and deaths where none is named; `on_progress` cancels."""
    tell = on_progress or (lambda _share, _what: None)
    tell(0.02, _("Reading administrations"))
    layer = layer or Layer.CALLS
    window = asked_window(question)
    located = question.store.located_administrations(filters=question.filters, scope=question.scope)
    cases = _inside(located.easting_m, located.northing_m, window)
    try:
        controls = _inside(*layer_points(question, layer), window)
    except LayerMissingError as error:
        return _nothing(question, layer, len(cases[0]), 0, str(error))
    if not len(controls[0]):
        return _nothing(
            question,
            layer,
            len(cases[0]),
            0,
            _(
                "None of the {layer} lies in this area. Check the coordinate system under [place] in the mapping that"
                " imported them, or choose another comparison."
            ).format(layer=layer_words()[layer]),
        )
    if min(len(cases[0]), len(controls[0])) < FEWEST_EVENTS:
        return _nothing(
            question,
            layer,
            len(cases[0]),
            len(controls[0]),
            _(
                "Too few to compare: 5 administrations with a place and 5 of the other layer are needed in this area."
                " Choose a longer period, or take a filter away."
            ),
        )
    risk = _compare(cases, controls, window, tell)
    return _answer(question, layer, risk, cases, controls, window)


def _inside(easting_m: Floats, northing_m: Floats, window: Window) -> tuple[Floats, Floats]:
    inside = inside_window(window=window, easting_m=easting_m, northing_m=northing_m)
    return easting_m[inside], northing_m[inside]


def _compare(
    cases: tuple[Floats, Floats], controls: tuple[Floats, Floats], window: Window, tell: Progress
) -> RelativeRisk:
    bandwidth_m = oversmoothing_bandwidth_m(
        easting_m=np.concatenate([cases[0], controls[0]]),
        northing_m=np.concatenate([cases[1], controls[1]]),
        window=window,
        events=float(np.sqrt(len(cases[0]) * len(controls[0]))),
    )
    return relative_risk(
        case_easting_m=cases[0],
        case_northing_m=cases[1],
        control_easting_m=controls[0],
        control_northing_m=controls[1],
        window=window,
        bandwidth_m=bandwidth_m,
        cell_m=hotspots.hotspot_cell_m(window=window, bandwidth_m=bandwidth_m),
        relabellings=RELABELLINGS,
        seed=SEED,
        progress=lambda share: tell(0.1 + 0.85 * share, _("Dealing the two layers' labels anew")),
    )


def _nothing(question: Question, layer: Layer, cases: int, controls: int, headline: str) -> ComparedPlaces:
    return ComparedPlaces(
        headline=headline,
        counted=_counted(question, layer, cases, controls),
        method="",
        caveat=layer_caveat(question, layer),
        readings="",
        outlines=_no_outlines(question),
        contours=_no_outlines(question),
        more=None,
        fewer=None,
        table=tabulate_cells(columns=(), rows=(), caption=""),
    )


def _no_outlines(question: Question) -> DisclosedOutlines:
    return disclose_outlines(names=(), outlines=(), events=(), marked=(), about=(), thresholds=question.thresholds)


def _counted(question: Question, layer: Layer, cases: int, controls: int) -> str:
    count = {"audience": question.audience, "thresholds": question.thresholds}
    return _("{cases} administrations with a place and {controls} {layer}, {period}.").format(
        cases=disclose_count(cases, **count).text,
        controls=disclose_count(controls, **count).text,
        layer=layer_words()[layer],
        period=format_period(question.filters.first_day, question.filters.last_day),
    )


def _in_area(area: CellArea, surface: DensitySurface, points: tuple[Floats, Floats]) -> int:
    mask = np.zeros(surface.values_per_km2.shape, dtype=bool)
    mask[area.cells] = True
    row, column, within = surface.grid.indices(*points)
    return int(np.count_nonzero(mask[row, column] & within))


def _answer(
    question: Question,
    layer: Layer,
    risk: RelativeRisk,
    cases: tuple[Floats, Floats],
    controls: tuple[Floats, Floats],
    window: Window,
) -> ComparedPlaces:
    fewest = question.thresholds.smallest_count_shown
    found = []
    for rarer, areas in ((True, risk.areas_lower), (False, risk.areas_higher)):
        for area in areas:
            counts = _in_area(area, risk.surface, cases), _in_area(area, risk.surface, controls)
            if _can_be_shown(counts, rarer, risk, fewest):
                found.append((area, rarer, *counts))
    found.sort(key=lambda item: (not item[1], -item[3]))
    middles = [area.outline.representative_point() for area, *_rest in found]
    places = place_names(
        question, easting_m=[middle.x for middle in middles], northing_m=[middle.y for middle in middles]
    )
    names = [_("{rank}. {place}").format(rank=rank, place=place) for rank, place in enumerate(places, start=1)]
    rare = [place.rsplit(" (", 1)[0] for place, item in zip(places, found, strict=True) if item[1]]
    words = layer_words()[layer]
    return ComparedPlaces(
        headline=_headline(words, rare),
        counted=_counted(question, layer, risk.cases, risk.controls),
        method=_(
            "Ratio of two densities with one bandwidth of {metres} m; an area is outlined where labels dealt anew"
            " {relabellings} times differ as much too seldom (false discovery rate 5 %). Dashed: tolerance contours,"
            " inside which one labelling in twenty or fewer differs as much at each point by itself; of many points"
            " some do so by chance."
        ).format(
            metres=format_number(risk.surface.bandwidth_m, significant=3), relabellings=format_count(RELABELLINGS)
        ),
        caveat=" ".join(
            (
                layer_caveat(question, layer),
                _("Administrations happen only where carriers are."),
                _("It compares shares of each layer: it cannot show how many overdoses there were."),
            )
        ),
        readings=_(
            "Likely readings where administrations are rare: no carrier was near; the ambulance came first; police were"
            " not called; or it was not recorded. Carriers' shifts and ambulance records can tell which."
        )
        if rare
        else "",
        outlines=disclose_outlines(
            names=names,
            outlines=[item[0].outline for item in found],
            events=[item[3] if item[1] else item[2] for item in found],
            marked=[item[1] for item in found],
            about=[
                _("administrations are rarer than {layer} would have them").format(layer=words)
                if item[1]
                else _("administrations are more frequent than {layer} would have them").format(layer=words)
                for item in found
            ],
            thresholds=question.thresholds,
        ),
        contours=_contours(question, risk, cases, controls, window),
        more=_ratios(question, layer, risk, 1.0, window),
        fewer=_ratios(question, layer, risk, -1.0, window),
        table=_table(question, layer, risk, found, names),
    )


def _can_be_shown(counts: tuple[int, int], rarer: bool, risk: RelativeRisk, fewest: int) -> bool:
    """Whether an area with `counts` of administrations and of the layer rests on enough.

    What makes the area must be 5 or more: the layer where administrations are rare, else administrations. And where the
    layer would have less than one administration, there is nothing to be rarer than.
    """
    expected = counts[1] / risk.controls * risk.cases
    return counts[rarer] >= fewest and (not rarer or expected >= FEWEST_EXPECTED)


def _contours(
    question: Question,
    risk: RelativeRisk,
    cases: tuple[Floats, Floats],
    controls: tuple[Floats, Floats],
    window: Window,
) -> DisclosedOutlines:
    """The tolerance contours that rest on enough, as areas."""
    fewest = question.thresholds.smallest_count_shown
    kept = []
    for rarer, areas in ((True, risk.contours_lower), (False, risk.contours_higher)):
        parts = [part for area in areas for part in get_parts(area.intersection(window))]
        # The window's edge cuts slivers off, which nobody would see; what only touches it is a line.
        for area in (part for part in parts if part.area >= risk.surface.cell_m**2):
            counts = _points_in(area, cases), _points_in(area, controls)
            if _can_be_shown(counts, rarer, risk, fewest):
                kept.append((area, counts[rarer], rarer))
    return disclose_outlines(
        names=[""] * len(kept),
        outlines=[area for area, _count, _rarer in kept],
        events=[count for _area, count, _rarer in kept],
        marked=[rarer for _area, _count, rarer in kept],
        about=[""] * len(kept),
        thresholds=question.thresholds,
    )


def _points_in(area: Polygon, points: tuple[Floats, Floats]) -> int:
    """How many points lie in the area; residents are a million, so those far from it are left out first."""
    west_m, south_m, east_m, north_m = area.bounds
    near = (points[0] >= west_m) & (points[0] <= east_m) & (points[1] >= south_m) & (points[1] <= north_m)
    prepare(area)
    return int(contains_xy(area, points[0][near], points[1][near]).sum())


def _ratios(
    question: Question, layer: Layer, risk: RelativeRisk, sign: float, window: Window
) -> DisclosedSurface | None:
    """How many times as many (sign 1) or as few (-1) administrations there are, as classes, where it can be judged."""
    grid, judged = risk.surface.grid, ~np.isnan(risk.log_ratio)
    # A smooth ratio is drawn on finer cells than it is judged on, up to the window's edge.
    row, column = ndimage.distance_transform_edt(~judged, return_distances=False, return_indices=True)
    finer = {"zoom": FINER, "grid_mode": True, "mode": "nearest"}
    log_ratio = ndimage.zoom(risk.log_ratio[row, column], order=1, **finer)
    near_judged = ndimage.zoom((judged | ~risk.surface.inside).astype(np.uint8), order=0, **finer).astype(bool)
    times = np.where(near_judged, np.exp(np.clip(sign * log_ratio, -20, 20)), 0.0)
    fine = Grid(grid.west_m, grid.south_m, grid.cell_m / FINER, grid.columns * FINER, grid.rows * FINER)
    easting_m, northing_m = (each.ravel() for each in np.meshgrid(fine.easting_m, fine.northing_m))
    inside = inside_window(window=window, easting_m=easting_m, northing_m=northing_m).reshape(times.shape)
    limits = [limit for limit in RATIO_LIMITS if limit <= times[inside].max(initial=0.0)]
    if question.audience is not Audience.ANALYST or not limits:
        return None
    nowhere = np.zeros(times.shape, dtype=bool)
    return disclose_surface(
        values_per_km2_year=np.where(inside, times, np.nan),
        too_few=nowhere,
        anything_near=nowhere,
        limits=limits,
        unit=_("administrations, as a multiple of what {layer} would have").format(layer=layer_words()[layer]),
        x0_m=fine.west_m,
        y0_m=fine.south_m,
        cell_m=fine.cell_m,
        bandwidth_m=risk.surface.bandwidth_m,
        audience=question.audience,
        thresholds=question.thresholds,
    )


def _headline(words: str, rare: list[str]) -> str:
    if not rare:
        return _("Nowhere are administrations rarer than {layer} would have them, beyond chance.").format(layer=words)
    return ngettext(
        "In {count} place, around {places}, administrations are rarer than {layer} would have them, beyond chance.",
        "In {count} places, chiefly around {places}, administrations are rarer than {layer} would have them, beyond"
        " chance.",
        len(rare),
    ).format(count=format_count(len(rare)), places=join_words(list(dict.fromkeys(rare))[:PLACES_NAMED]), layer=words)


def _table(
    question: Question,
    layer: Layer,
    risk: RelativeRisk,
    found: list[tuple[CellArea, bool, int, int]],
    names: list[str],
) -> DisclosedTable:
    shown = {"audience": question.audience, "thresholds": question.thresholds}
    rows = []
    for name, (area, rarer, cases, controls) in zip(names, found, strict=True):
        expected = controls / risk.controls * risk.cases
        count, others = disclose_count(cases, **shown), disclose_count(controls, **shown)
        ratio = disclose_rate(cases, expected, unit="", **shown)
        rows.append(
            (
                name,
                _("rarer") if rarer else _("more frequent"),
                count,
                others,
                format_number(expected) if others.shown else others,
                ratio.text if cases else "0",
                format_number(area.area_km2),
            )
        )
    return tabulate_cells(
        columns=(
            Column(heading=_("Place")),
            Column(heading=_("Administrations are")),
            Column(heading="n", numeric=True),
            Column(heading=_("Of the layer: {layer}").format(layer=layer_words()[layer]), numeric=True),
            Column(heading=_("Administrations expected"), numeric=True),
            Column(heading=_("Ratio (95 %)"), numeric=True),
            Column(heading=_("km²"), numeric=True),
        ),
        rows=rows,
        caption="",
    )
