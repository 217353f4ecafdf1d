"""The map of an hour, or of the whole week: risk that somebody on shift is near, and risk that nobody is."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Point, Polygon, union_all

from analytics.contiguous_areas import contiguous_areas
from analytics.density import density_classes
from analytics.disclosure import (
    Audience,
    DisclosedOutlines,
    DisclosedSurface,
    disclose_count,
    disclose_outlines,
    disclose_surface,
)
from analytics.findings.question import Question
from analytics.findings.reach_now import ReachNow
from analytics.findings.week import hour_words
from wording import _, format_number, format_share

__all__ = ["ReachMap", "find_reach_map"]

# Share of a cell's risk over the week that must be in reach for the cell to be drawn so: most of it.
_MOST = 0.5
_MOST_CLASSES = 4
# Metres around a base that mark it on a map of a whole force.
_BASE_M = 450.0


@dataclass(frozen=True, kw_only=True)
class ReachMap:
    """Risk as classes, `near` and `far` from anyone on shift with one set of limits; None where there is no risk.

    `edge` is the edge of what is in reach, `bases` the bases with five carriers or more. `sentence` says the share.
    """

    sentence: str
    near: DisclosedSurface | None
    far: DisclosedSurface | None
    far_words: str
    edge: DisclosedOutlines
    bases: DisclosedOutlines


def find_reach_map(question: Question, *, now: ReachNow, hour: int | None) -> ReachMap:
    """The map for one hour of the week, or the whole week; without a roster, of what any base is near to."""
    bases = _bases(question, now)
    if now.risk is None:
        nothing = disclose_outlines(
            names=(), outlines=(), events=(), marked=(), about=(), thresholds=question.thresholds
        )
        return ReachMap(sentence=now.risk_missing, near=None, far=None, far_words="", edge=nothing, bases=bases)
    in_reach, sentence, far_words = _in_reach(question, now, hour)
    per_km2 = np.where(now.risk.too_few, 0.0, now.risk.per_year / now.risk.surface.cell_area_km2)
    limits = _few_limits(density_classes(values=per_km2, most=6))
    if hour is not None and now.reach is not None and question.audience is not Audience.ANALYST:
        in_reach, left_out = _without_small_bases(question, now, hour)
        per_km2 = np.where(left_out, 0.0, per_km2)
        if left_out.any():
            sentence = _(
                "{sentence} Where only bases with fewer than {number} carriers are near, nothing is drawn."
            ).format(sentence=sentence, number=question.thresholds.smallest_count_shown)
    near, far = (
        _surface(question, now, np.where(chosen, per_km2, 0.0), limits) if (per_km2 * chosen > 0).any() else None
        for chosen in (in_reach, ~in_reach)
    )
    shapes = _edge(now, in_reach)
    return ReachMap(
        sentence=sentence,
        near=near,
        far=far,
        far_words=far_words,
        edge=disclose_outlines(
            names=[far_words] * len(shapes),
            outlines=shapes,
            events=[now.risk.events] * len(shapes),
            marked=[False] * len(shapes),
            about=[sentence] * len(shapes),
            thresholds=question.thresholds,
        ),
        bases=bases,
    )


def _in_reach(question: Question, now: ReachNow, hour: int | None) -> tuple[NDArray[np.bool_], str, str]:
    """Which cells are in reach, a sentence on how much of the risk that is, and what the others are called."""
    minutes = format_number(now.within_minutes)
    if not now.force.site_names:
        nowhere = np.zeros(len(now.risk.per_year), dtype=bool)
        return nowhere, _("No base with a place is recorded: the map shows the risk alone."), _("no base recorded")
    if now.reach is None:
        near = now.in_reach.any(axis=(0, 1))
        share = format_share(float(now.risk.per_year @ near / now.risk.per_year.sum()))
        told = _("{share} of the risk is within {minutes} minutes of a base; who is on shift there is not recorded.")
        return near, told.format(share=share, minutes=minutes), _("too far from every base")
    if hour is None:
        weekly = now.week_share
        share = format_share(float(now.risk.per_year @ weekly / now.risk.per_year.sum()))
        told = _("Over the week {share} of the risk is within {minutes} minutes of a carrier on shift.")
        return weekly >= _MOST, told.format(share=share, minutes=minutes), _("nobody in reach for most of its risk")
    near = now.reach.covered[hour]
    weight = now.risk.per_year * now.hour_share[now.catchment, hour]
    told = _("{hour}: {share} of the risk is within {minutes} minutes of a carrier on shift; {carriers} on shift.")
    sentence = told.format(
        hour=hour_words(hour),
        share=format_share(float(weight @ near / weight.sum())),
        minutes=minutes,
        carriers=disclose_count(
            int(now.reach.on_shift[hour]), audience=question.audience, thresholds=question.thresholds
        ).text,
    )
    return near, sentence, _("nobody on shift in reach")


def _without_small_bases(question: Question, now: ReachNow, hour: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What the larger bases reach in the hour, and what is left out: there the map would be one person's shift."""
    near = now.in_reach[now.speed_of_hour[hour]]
    small = now.force.small_sites(fewest=question.thresholds.smallest_count_shown)
    working = now.force.at_site(now.force.on_shift[hour]) > 0
    covered = near[working & ~small].any(axis=0)
    return covered, near[small].any(axis=0) & ~covered


def _few_limits(limits: tuple[float, ...]) -> tuple[float, ...]:
    """At most four of the classes' limits, lowest and highest among them: they stand twice in the legend."""
    kept = np.unique(np.linspace(0, len(limits) - 1, min(len(limits), _MOST_CLASSES)).round().astype(int))
    return tuple(limits[index] for index in kept)


def _surface(question: Question, now: ReachNow, values: NDArray, limits: tuple[float, ...]) -> DisclosedSurface:
    surface = now.risk.surface
    west_m, south_m, _east_m, _north_m = surface.bounds_m
    laid = now.risk.on_grid(values)
    return disclose_surface(
        values_per_km2_year=laid,
        too_few=np.zeros(laid.shape, dtype=bool),
        anything_near=np.zeros(laid.shape, dtype=bool),
        limits=limits,
        unit=_("{layer} per km² per year").format(layer=now.risk.words),
        x0_m=west_m,
        y0_m=south_m,
        cell_m=surface.cell_m,
        bandwidth_m=surface.bandwidth_m,
        audience=question.audience,
        thresholds=question.thresholds,
    )


def _edge(now: ReachNow, in_reach: NDArray[np.bool_]) -> list[Polygon | MultiPolygon]:
    """The areas in reach, their steps of cells rounded."""
    surface = now.risk.surface
    mask = now.risk.on_grid(in_reach) == 1.0
    found = [area.outline for area in contiguous_areas(mask, grid=surface.grid)]
    if not found:
        return []
    cell_m = surface.cell_m
    smooth = union_all(found).buffer(cell_m).buffer(-1.6 * cell_m).buffer(0.6 * cell_m).simplify(cell_m / 5)
    return [smooth]


def _bases(question: Question, now: ReachNow) -> DisclosedOutlines:
    force = now.force
    ready = force.at_site(force.ready)
    kept = np.flatnonzero(ready >= question.thresholds.smallest_count_shown)
    return disclose_outlines(
        names=[
            _("{base}: {count} carriers in date").format(base=force.site_names[index], count=ready[index])
            for index in kept
        ],
        outlines=[
            Point(force.site_easting_m[index], force.site_northing_m[index]).buffer(_BASE_M, quad_segs=4)
            for index in kept
        ],
        events=ready[kept].tolist(),
        marked=[True] * len(kept),
        about=[""] * len(kept),
        thresholds=question.thresholds,
    )
