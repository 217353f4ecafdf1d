"""Where and when overdoses are expected: the risk that carriers should be near, with resampled surfaces for its doubt.

The independent layer (ambulance overdose calls and drug-related deaths) where there is one. Administrations happen only
where carriers already are, so coverage judged by them looks better than it is: they are used with a warning.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial import cKDTree

from analytics import density
from analytics.disclosure import Audience
from analytics.findings.ground import asked_bandwidth, asked_window
from analytics.findings.question import Question
from analytics.findings.risk_layers import RiskLayer, risk_words
from analytics.findings.week import HOURS_A_WEEK
from analytics.point_patterns import inside_window, point_pattern
from analytics.reach import hour_profiles
from wording import NaloxoneWatchError, _, format_count

__all__ = ["Risk", "RiskMissingError", "read_risk", "risk_layers_present"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SEED, RESAMPLES = 20_250_509, 200
# Cells of the risk surface: at ten minutes' reach (5 km and more) a finer cell changes nothing, and more are slower.
MOST_CELLS = 5_000
ROUND_CELLS_M = (250, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 7_500, 10_000)
# Under this many events with a place a surface is a guess; as for the heat map.
FEWEST_EVENTS = 20


_KINDS = {
    RiskLayer.CALLS: ("ambulance_overdose_call", "drug_related_death"),
    RiskLayer.INCIDENTS: ("drug_incident",),
    RiskLayer.ADMINISTRATIONS: (),
}


class RiskMissingError(NaloxoneWatchError):
    """There are too few events to say where the risk is."""

    def __init__(self, *, layer: str, events: str) -> None:
        super().__init__(
            _(
                "Where the risk is cannot be said: {events} {layer} with a place in this period and area, and {fewest}"
                " are needed. Widen the period, choose another layer of risk, or bring in overdose calls on the page"
                " “Data quality”."
            ).format(events=events, layer=layer, fewest=format_count(FEWEST_EVENTS))
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Risk:
    """Expected events of a year in each cell, with `RESAMPLES` resampled surfaces, and the events behind them.

    `surface` gives the grid; cells are those inside it, in its order: `per_year` (cells,), `resampled` (resamples,
    cells). `too_few` marks cells with too few events near. `hour` is each event's hour of the week, -1 where unknown;
    `cell` its cell; `drawn` (resamples, events) how often each was drawn.
    """

    layer: RiskLayer
    words: str
    surface: density.DensitySurface
    easting_m: Floats
    northing_m: Floats
    per_year: Floats
    resampled: NDArray[np.float32]
    too_few: NDArray[np.bool_]
    hour: Integers
    cell: Integers
    drawn: NDArray[np.uint8]
    years: float
    unlocated: int

    @property
    def events(self) -> int:
        """Events with a place inside the area."""
        return len(self.hour)

    @property
    def timed(self) -> int:
        """Of these, with a time of day."""
        return int((self.hour >= 0).sum())

    def hour_shares(self, profile: Integers) -> tuple[Floats, Floats]:
        """Each profile's share of its events by hour, (profiles, 168), and resampled; `profile` is each cell's."""
        profiles = int(profile.max(initial=0)) + 1
        known = self.hour >= 0
        index = profile[self.cell[known]] * HOURS_A_WEEK + self.hour[known]

        def counted(times: NDArray) -> Floats:
            size = profiles * HOURS_A_WEEK
            return np.bincount(index, weights=times, minlength=size).reshape(profiles, HOURS_A_WEEK)

        resampled = np.stack([counted(times) for times in self.drawn[:, known]])
        return hour_profiles(events=counted(np.ones(len(index)))), hour_profiles(events=resampled)

    def cell_at(self, easting_m: Floats, northing_m: Floats) -> Integers:
        """The nearest cell to each place."""
        centres = np.column_stack([self.easting_m, self.northing_m])
        return cKDTree(centres).query(np.column_stack([easting_m, northing_m]))[1].astype(np.int64)

    def on_grid(self, of_cells: NDArray) -> Floats:
        """Values by cell on the surface's rows and columns; NaN outside the area."""
        laid = np.full(self.surface.values_per_km2.shape, np.nan)
        laid[self.surface.inside] = of_cells
        return laid


def risk_layers_present(question: Question) -> tuple[RiskLayer, ...]:
    """The layers with enough events to draw, the one that says most first."""
    return tuple(layer for layer in RiskLayer if len(_read(question, layer)) >= FEWEST_EVENTS)


def _kinds(question: Question, layer: RiskLayer) -> tuple[str, ...]:
    """The kinds of event of a layer; deaths are never shown by place on the wall."""
    return tuple(kind for kind in _KINDS[layer] if _with_deaths(question) or kind != "drug_related_death")


def _with_deaths(question: Question) -> bool:
    return question.audience is not Audience.MEETING


def _read(question: Question, layer: RiskLayer) -> pd.DataFrame:
    kinds = _kinds(question, layer)
    return question.store.timed_events(filters=question.filters, scope=question.scope, kinds=kinds)


def read_risk(question: Question, *, layer: RiskLayer | None) -> Risk:
    """The risk by the layer asked for, else by the best there is. Raises RiskMissingError."""
    if layer is None:
        layer = next(iter(risk_layers_present(question)), RiskLayer.CALLS)
    window, events = asked_window(question), _read(question, layer)
    words = risk_words(deaths=_with_deaths(question))[layer]
    inside = inside_window(
        window=window, easting_m=events["easting_m"].to_numpy(float), northing_m=events["northing_m"].to_numpy(float)
    )
    events = events[inside]
    if len(events) < FEWEST_EVENTS:
        few = question.thresholds.smallest_count_shown
        hidden = question.audience is not Audience.ANALYST and 0 < len(events) < few
        told = _("fewer than {number}").format(number=few) if hidden else format_count(len(events))
        raise RiskMissingError(layer=words, events=told)
    easting_m, northing_m = (events[name].to_numpy(float) for name in ("easting_m", "northing_m"))
    bandwidth_m, _reason = asked_bandwidth(
        question,
        easting_m=easting_m,
        northing_m=northing_m,
        location_precision_m=np.full(len(events), question.settings.privacy.snap_m),
        window=window,
        bandwidth_m=None,
    )
    finest_m = np.sqrt(window.area / MOST_CELLS)
    cell_m = float(next((cell for cell in ROUND_CELLS_M if cell >= finest_m), finest_m))
    # A surface cannot show what is finer than its cells.
    maker = density.SurfaceMaker.of(window=window, bandwidth_m=max(bandwidth_m, cell_m), cell_m=cell_m)
    pattern = point_pattern(easting_m=easting_m, northing_m=northing_m, window=window)
    surface = maker.surface(pattern)
    cells, years = surface.inside, question.filters.years
    a_year = surface.cell_area_km2 / years
    generator = np.random.default_rng(SEED)
    drawn = np.stack(
        [
            np.bincount(generator.integers(len(events), size=len(events)), minlength=len(events))
            for _resample in range(RESAMPLES)
        ]
    )
    resampled = [
        maker.surface(replace(pattern, weights=times.astype(float))).values_per_km2[cells] * a_year for times in drawn
    ]
    doubt = density.density_uncertainty(surface=surface, easting_m=easting_m, northing_m=northing_m, window=window)
    across, up = np.meshgrid(surface.easting_m, surface.northing_m)
    centres = np.column_stack([across[cells], up[cells]])
    unlocated = (
        question.store.risk_events(
            filters=question.filters, scope=question.scope, kinds=_kinds(question, layer)
        ).unlocated
        if _KINDS[layer]
        else question.store.count_administrations(filters=question.filters, scope=question.scope).unlocated
    )
    return Risk(
        layer=layer,
        words=words,
        surface=surface,
        easting_m=centres[:, 0],
        northing_m=centres[:, 1],
        per_year=surface.values_per_km2[cells] * a_year,
        resampled=np.stack(resampled).astype(np.float32),
        too_few=doubt.masked[cells],
        hour=events["hour_of_week"].fillna(-1).to_numpy().astype(np.int64),
        cell=cKDTree(centres).query(np.column_stack([easting_m, northing_m]))[1].astype(np.int64),
        drawn=np.minimum(drawn, 255).astype(np.uint8),
        years=years,
        unlocated=unlocated,
    )
