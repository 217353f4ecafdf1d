"""Where to put carriers: maximum covering, maximum expected covering and p-median, solved to a proven gap.

With demand points i of weight w_i (expected risk events), sites j, x_j carriers at site j, n_sites in all, and N_i the
sites within reach of i, n_i = sum_{j in N_i} x_j:
    maximum covering            max sum_i w_i [n_i >= 1]                          (Church & ReVelle 1974)
    maximum expected covering   max sum_i w_i (1 - q^n_i)                         (Daskin 1983)
    p-median                    min sum_i w_i min_{j: x_j > 0} t_ij               (ReVelle & Swain 1970)
q is the chance that a carrier there is unavailable, the same for each and independent: see
`analytics.carriers.unavailability`. Several carriers may share a site unless told otherwise; a second one then still
adds q - q^2 of the demand within its reach.

Each is an integer programme for HiGHS. A greedy plan is its starting point, so there is a plan at any moment; the
linear relaxation, then branch and bound, make the gap a proof and not a hope. The expected covering gains
w_i (1 - q) q^(k-1) from the k-th carrier within reach; as these fall with k, only x need be integer. The p-median first
gets a Lagrangian bound (Cornuejols, Fisher & Nemhauser 1977) and interchange of sites (Teitz & Bart 1968), which close
most sites before the programme is built. Reach is a distance, or minutes where a travel matrix is given; the objective
of the p-median is weight times the same unit.
"""

import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from enum import StrEnum

import highspy
import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.spatial.distance import cdist

from wording import NaloxoneWatchError, _, format_count, format_share

__all__ = [
    "ImpossiblePlanError",
    "Method",
    "Plan",
    "Progress",
    "SiteCoverage",
    "StopReason",
    "evaluate_sites",
    "maximum_coverage",
    "maximum_expected_coverage",
    "p_median",
]

# Chance that a carrier is unavailable where shifts do not say: off duty 128 of the week's 168 hours, for a week of 40
# hours. An assumption, to be shown as one wherever it is used.
_BUSY_PROBABILITY = 128 / 168
# Seconds. A planner waits 20 at the most, and the step under way when the time is up may take two.
_TIME_LIMIT_S = 18.0
# Of the time left. The solver looks at its clock between steps that may take a second on a large problem.
_SOLVER_SHARE = 0.9
# Subgradient steps for the p-median's bound, and how they shorten: within 0.2 % of the optimum on 2,000 x 300.
_BOUND_STEPS = 600
_FIRST_STEP = 1.5
_STEP_MEMORY = 0.5
_IDLE_STEPS = 20
_STEPS_PER_INTERCHANGE = 100
# Seconds between two reports of progress.
_REPORT_EVERY_S = 0.2
# Of the demand. Gains from carriers beyond the one that adds this little are bounded from above as one.
_SMALLEST_GAIN = 1e-9
# Relative. Distances are compared with the reach up to rounding.
_REACH_TOLERANCE = 1e-12
# Relative. A gap under it is the solver's own arithmetic.
_GAP_TOLERANCE = 1e-8


class ImpossiblePlanError(NaloxoneWatchError):
    """The plan asked for cannot exist, or its inputs do not fit together."""


class Method(StrEnum):
    """Which question a plan answers."""

    MAXIMUM_COVERAGE = "maximum coverage"
    MAXIMUM_EXPECTED_COVERAGE = "maximum expected coverage"
    P_MEDIAN = "p-median"


class StopReason(StrEnum):
    """Why the search ended."""

    OPTIMUM = "optimum"
    GAP = "gap"
    TIME = "time"
    ASKED = "asked"


@dataclass(frozen=True)
class Progress:
    """The search as it stands: best objective, proven bound on any plan, relative gap between them."""

    objective: float
    bound: float
    gap: float
    seconds: float


@dataclass(frozen=True)
class SiteCoverage:
    """What a set of sites does, whatever it was chosen for; weights in the unit of the demand.

    `covered` has a carrier within reach, `expected_covered` an available one (sum w (1 - q^n)); `travel` is the sum of
    weight times distance or minutes to the nearest; `carriers_in_reach` is n_i, shape (demand,).
    """

    total: float
    covered: float
    expected_covered: float
    travel: float
    carriers_in_reach: NDArray[np.int64]


@dataclass(frozen=True)
class Plan:
    """The best plan found.

    `sites` are 0-based, sorted, one entry a carrier (a shared site appears more than once), locked ones included.
    `objective` is the method's own; `bound` is proven: no plan does better; `gap` is |bound - objective| / |objective|,
    0 at the optimum and infinite where nothing was proven in time.
    """

    method: Method
    sites: tuple[int, ...]
    objective: float
    bound: float
    gap: float
    stopped: StopReason
    seconds: float
    coverage: SiteCoverage

    @property
    def sentence(self) -> str:
        """How good the plan is known to be."""
        if self.gap == 0:
            return _("No other plan does better.")
        if math.isinf(self.gap):
            return _("The best plan found so far; how much better another could be is not known yet.")
        return _("The best plan found so far; no plan can do better by more than {gap}.").format(
            gap=format_share(self.gap, decimals=2)
        )


@dataclass(frozen=True)
class _Problem:
    weight: NDArray[np.float64]  # (demand,)
    travel: NDArray[np.float64]  # (demand, sites), infinite where not known
    within: NDArray[np.bool_]  # (demand, sites)
    n_sites: int
    locked: NDArray[np.int64]  # carriers that stay, by site
    busy: float
    share_sites: bool


@dataclass(frozen=True)
class _Model:
    """Minimise cost . v with the first columns the carriers at each site; rows are lower <= matrix v <= upper."""

    cost: NDArray[np.float64]
    column_lower: NDArray[np.float64]
    column_upper: NDArray[np.float64]
    matrix: sparse.csc_matrix
    row_lower: NDArray[np.float64]
    row_upper: NDArray[np.float64]
    sites: int


def maximum_coverage(
    *,
    demand_weight: ArrayLike,
    demand_easting_m: ArrayLike,
    demand_northing_m: ArrayLike,
    site_easting_m: ArrayLike,
    site_northing_m: ArrayLike,
    n_sites: int,
    reach_m: float,
    locked_sites: Sequence[int] = (),
    busy_probability: float = _BUSY_PROBABILITY,
    share_sites: bool = True,
    travel_minutes: ArrayLike | None = None,
    reach_minutes: float | None = None,
    time_limit_s: float = _TIME_LIMIT_S,
    gap_target: float = 0.0,
    on_progress: Callable[[Progress], bool] | None = None,
) -> Plan:
    """The sites that put the most demand within reach of at least one carrier (Church & ReVelle 1974).

    Args:
        demand_weight: expected risk events at each demand point, shape (demand,), not negative.
        demand_easting_m: metres, shape (demand,).
        demand_northing_m: metres, shape (demand,).
        site_easting_m: metres, shape (sites,).
        site_northing_m: metres, shape (sites,).
        n_sites: carriers to place, the locked ones among them.
        reach_m: straight-line metres within which a carrier covers; the limit itself counts.
        locked_sites: sites that stay, one entry a carrier.
        busy_probability: q, from 0 up to below 1; here only for the expected covering reported beside.
        share_sites: whether several carriers may stand at one site.
        travel_minutes: minutes from each site to each demand point, shape (sites, demand), NaN where not reachable;
            takes the place of coordinates, and `reach_minutes` that of `reach_m`.
        reach_minutes: minutes within which a carrier covers.
        time_limit_s: seconds after which the best so far is returned.
        gap_target: relative gap at which to stop; 0 to prove the optimum.
        on_progress: told how the search stands a few times a second, in the calling thread; True stops it.

    Raises:
        ImpossiblePlanError: the inputs do not fit together, or no such plan exists.
    """
    problem = _problem(
        demand_weight=demand_weight,
        demand_m=(demand_easting_m, demand_northing_m),
        site_m=(site_easting_m, site_northing_m),
        n_sites=n_sites,
        reach_m=reach_m,
        locked_sites=locked_sites,
        busy_probability=busy_probability,
        share_sites=share_sites,
        travel_minutes=travel_minutes,
        reach_minutes=reach_minutes,
    )
    search = _Search(time_limit_s, gap_target, on_progress)
    return _best_covering(problem, busy=0.0, method=Method.MAXIMUM_COVERAGE, search=search)


def maximum_expected_coverage(
    *,
    demand_weight: ArrayLike,
    demand_easting_m: ArrayLike,
    demand_northing_m: ArrayLike,
    site_easting_m: ArrayLike,
    site_northing_m: ArrayLike,
    n_sites: int,
    reach_m: float,
    locked_sites: Sequence[int] = (),
    busy_probability: float = _BUSY_PROBABILITY,
    share_sites: bool = True,
    travel_minutes: ArrayLike | None = None,
    reach_minutes: float | None = None,
    time_limit_s: float = _TIME_LIMIT_S,
    gap_target: float = 0.0,
    on_progress: Callable[[Progress], bool] | None = None,
) -> Plan:
    """The sites that put the most demand within reach of an available carrier (MEXCLP, Daskin 1983).

    Arguments and errors as `maximum_coverage`; `busy_probability` is the q of the objective, sum w (1 - q^n). With
    q = 0 the two are one.
    """
    problem = _problem(
        demand_weight=demand_weight,
        demand_m=(demand_easting_m, demand_northing_m),
        site_m=(site_easting_m, site_northing_m),
        n_sites=n_sites,
        reach_m=reach_m,
        locked_sites=locked_sites,
        busy_probability=busy_probability,
        share_sites=share_sites,
        travel_minutes=travel_minutes,
        reach_minutes=reach_minutes,
    )
    search = _Search(time_limit_s, gap_target, on_progress)
    return _best_covering(problem, busy=problem.busy, method=Method.MAXIMUM_EXPECTED_COVERAGE, search=search)


def p_median(
    *,
    demand_weight: ArrayLike,
    demand_easting_m: ArrayLike,
    demand_northing_m: ArrayLike,
    site_easting_m: ArrayLike,
    site_northing_m: ArrayLike,
    n_sites: int,
    reach_m: float,
    locked_sites: Sequence[int] = (),
    busy_probability: float = _BUSY_PROBABILITY,
    share_sites: bool = True,
    travel_minutes: ArrayLike | None = None,
    reach_minutes: float | None = None,
    time_limit_s: float = _TIME_LIMIT_S,
    gap_target: float = 0.0,
    on_progress: Callable[[Progress], bool] | None = None,
) -> Plan:
    """The sites that make the weighted travel to the nearest carrier least (ReVelle & Swain 1970).

    Arguments and errors as `maximum_coverage`; reach and `busy_probability` serve only the coverage reported beside,
    and every demand point must be reachable from every site.
    """
    problem = _problem(
        demand_weight=demand_weight,
        demand_m=(demand_easting_m, demand_northing_m),
        site_m=(site_easting_m, site_northing_m),
        n_sites=n_sites,
        reach_m=reach_m,
        locked_sites=locked_sites,
        busy_probability=busy_probability,
        share_sites=share_sites,
        travel_minutes=travel_minutes,
        reach_minutes=reach_minutes,
    )
    if not np.all(np.isfinite(problem.travel)):
        raise ImpossiblePlanError(
            _("Some places cannot be reached from some sites, so travel has no sum: take these out or use coverage.")
        )
    search = _Search(time_limit_s, gap_target, on_progress)
    return _best_median(problem, search)


def evaluate_sites(
    *,
    demand_weight: ArrayLike,
    demand_easting_m: ArrayLike,
    demand_northing_m: ArrayLike,
    site_easting_m: ArrayLike,
    site_northing_m: ArrayLike,
    sites: Sequence[int],
    reach_m: float,
    busy_probability: float = _BUSY_PROBABILITY,
    travel_minutes: ArrayLike | None = None,
    reach_minutes: float | None = None,
) -> SiteCoverage:
    """What a given choice of sites does, to set beside the best plan; arguments and errors as `maximum_coverage`.

    Args:
        sites: the choice, one entry a carrier.
    """
    problem = _problem(
        demand_weight=demand_weight,
        demand_m=(demand_easting_m, demand_northing_m),
        site_m=(site_easting_m, site_northing_m),
        n_sites=len(sites),
        reach_m=reach_m,
        locked_sites=sites,
        busy_probability=busy_probability,
        share_sites=True,
        travel_minutes=travel_minutes,
        reach_minutes=reach_minutes,
    )
    return _coverage_of(problem, problem.locked)


class _Search:
    """The limits of one search and its clock."""

    def __init__(self, time_limit_s: float, gap_target: float, on_progress: Callable[[Progress], bool] | None) -> None:
        self.gap_target = gap_target
        self.asked = False
        self._limit_s = time_limit_s
        self._on_progress = on_progress
        self._started = time.monotonic()
        self._reported = -math.inf

    def seconds(self) -> float:
        return time.monotonic() - self._started

    def left_s(self) -> float:
        return max(self._limit_s - self.seconds(), 0.0)

    def close_enough(self, objective: float, bound: float) -> bool:
        return _gap(objective, bound) <= self.gap_target

    def must_stop(self, objective: float, bound: float) -> bool:
        """Report where the search stands, if a report is due; True once it was asked to stop or its time is up."""
        if self._on_progress is not None and time.monotonic() - self._reported >= _REPORT_EVERY_S:
            self._reported = time.monotonic()
            progress = Progress(objective, bound, _gap(objective, bound), self.seconds())
            self.asked = bool(self._on_progress(progress)) or self.asked
        return self.asked or self.left_s() <= 0


# ------------------------------------------------------------------------------------------------------- the inputs


def _problem(
    *,
    demand_weight: ArrayLike,
    demand_m: tuple[ArrayLike, ArrayLike],
    site_m: tuple[ArrayLike, ArrayLike],
    n_sites: int,
    reach_m: float,
    locked_sites: Sequence[int],
    busy_probability: float,
    share_sites: bool,
    travel_minutes: ArrayLike | None,
    reach_minutes: float | None,
) -> _Problem:
    weight = np.asarray(demand_weight, dtype=float)
    if weight.ndim != 1 or weight.size == 0 or not np.all(np.isfinite(weight)) or np.any(weight < 0):
        raise ImpossiblePlanError(_("There is no risk to cover, or some of it is negative: choose a layer of risk."))
    if not 0 <= busy_probability < 1:
        raise ImpossiblePlanError(_("The chance that a carrier is unavailable must be from 0 to below 1."))
    travel, reach = _travel(demand_m, site_m, reach_m, travel_minutes, reach_minutes)
    if travel.shape[0] != len(weight) or travel.shape[1] == 0:
        raise ImpossiblePlanError(_("Places, their risk and the travel to them differ in number, or there is no site."))
    sites = travel.shape[1]
    kept = np.asarray(locked_sites, dtype=np.int64)
    if np.any((kept < 0) | (kept >= sites)):
        raise ImpossiblePlanError(_("A site that is to stay is not among the sites: choose it from the list."))
    locked = np.bincount(kept, minlength=sites)
    if n_sites < max(1, len(kept)):
        raise ImpossiblePlanError(
            _("{locked} carriers are to stay but only {number} are to be placed: allow more or release some.").format(
                locked=format_count(len(kept)), number=format_count(n_sites)
            )
        )
    if not share_sites and (n_sites > sites or locked.max() > 1):
        raise ImpossiblePlanError(
            _("{number} carriers do not fit on {sites} sites with one each: let them share a site.").format(
                number=format_count(n_sites), sites=format_count(sites)
            )
        )
    return _Problem(
        weight=weight,
        travel=travel,
        within=travel <= reach * (1 + _REACH_TOLERANCE),
        n_sites=int(n_sites),
        locked=locked,
        busy=float(busy_probability),
        share_sites=share_sites,
    )


def _travel(
    demand_m: tuple[ArrayLike, ArrayLike],
    site_m: tuple[ArrayLike, ArrayLike],
    reach_m: float,
    travel_minutes: ArrayLike | None,
    reach_minutes: float | None,
) -> tuple[NDArray[np.float64], float]:
    if (travel_minutes is None) != (reach_minutes is None):
        raise ImpossiblePlanError(_("Travel in minutes needs a reach in minutes, and the other way round: give both."))
    if travel_minutes is not None and reach_minutes is not None:
        minutes = np.asarray(travel_minutes, dtype=float)
        return np.where(np.isnan(minutes), np.inf, minutes).T, float(reach_minutes)
    demand, sites = (np.column_stack([np.asarray(part, dtype=float) for part in pair]) for pair in (demand_m, site_m))
    if not (np.all(np.isfinite(demand)) and np.all(np.isfinite(sites))):
        raise ImpossiblePlanError(_("Some places or sites have no coordinates: leave them out."))
    return cdist(demand, sites), float(reach_m)


def _coverage_of(problem: _Problem, carriers: NDArray[np.int64]) -> SiteCoverage:
    in_reach = problem.within @ carriers
    nearest = problem.travel[:, carriers > 0].min(axis=1)
    reachable = np.isfinite(nearest) | (problem.weight == 0)
    return SiteCoverage(
        total=float(problem.weight.sum()),
        covered=float(problem.weight[in_reach > 0].sum()),
        expected_covered=_expected(problem.weight, in_reach, problem.busy),
        travel=float(problem.weight[problem.weight > 0] @ nearest[problem.weight > 0]) if reachable.all() else math.inf,
        carriers_in_reach=in_reach,
    )


def _expected(weight: NDArray[np.float64], in_reach: NDArray[np.int64], busy: float) -> float:
    return float(np.sum(weight * (1.0 - busy ** in_reach.astype(float))))


# ------------------------------------------------------------------------------------------------------- the models


def _best_covering(problem: _Problem, *, busy: float, method: Method, search: _Search) -> Plan:
    def value(candidate: NDArray[np.int64]) -> float:
        return _expected(problem.weight, problem.within @ candidate, busy)

    weight, within = _merged_demand(problem)
    # A second carrier at a site covers nothing more unless the first may be busy, or every site is taken.
    sharing = problem.share_sites and (busy > 0 or problem.n_sites > within.shape[1])
    most = np.maximum(np.full(within.shape[1], problem.n_sites if sharing else 1), problem.locked)

    def improved(candidate: NDArray[np.int64]) -> NDArray[np.int64]:
        return _swapped_covering(weight, within, problem, candidate, most, busy, search)

    carriers = improved(_greedy_covering(weight, within, problem, most, busy))
    bound = float(weight.sum())
    if not search.close_enough(value(carriers), bound):
        model = _covering_model(weight, within, problem, most, busy)
        carriers, bound = _solve(model, carriers, value, improved, bound, search, sign=-1.0)
    return _plan(method, problem, carriers, value(carriers), max(bound, value(carriers)), search)


def _merged_demand(problem: _Problem) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Demand that the same sites reach is one point; what none reaches cannot be covered and is left out."""
    reachable = problem.within.any(axis=1) & (problem.weight > 0)
    within, weight = problem.within[reachable], problem.weight[reachable]
    _packed, first, group = np.unique(np.packbits(within, axis=1), axis=0, return_index=True, return_inverse=True)
    return np.bincount(group.ravel(), weight, minlength=len(first)), within[first]


def _greedy_covering(
    weight: NDArray[np.float64],
    within: NDArray[np.bool_],
    problem: _Problem,
    most: NDArray[np.int64],
    busy: float,
) -> NDArray[np.int64]:
    carriers = problem.locked.copy()
    reaching = within.astype(float)
    while carriers.sum() < problem.n_sites:
        gain = (weight * busy ** (reaching @ carriers)) @ reaching
        # Where nothing more is to be gained, an empty site comes before a taken one.
        gain = np.where(carriers < most, gain + _SMALLEST_GAIN * (carriers == 0), -np.inf)
        carriers[np.argmax(gain)] += 1
    return carriers


def _swapped_covering(
    weight: NDArray[np.float64],
    within: NDArray[np.bool_],
    problem: _Problem,
    carriers: NDArray[np.int64],
    most: NDArray[np.int64],
    busy: float,
    search: _Search,
) -> NDArray[np.int64]:
    """Move one carrier at a time, always the best move, as long as that covers more."""
    reaching = within.astype(float)
    while search.left_s() > 0:
        movable, room = np.flatnonzero(carriers > problem.locked), np.flatnonzero(carriers < most)
        if not (len(movable) and len(room)):
            break
        in_reach = reaching @ carriers
        gained = (weight * (1 - busy) * busy**in_reach) @ reaching[:, room]
        # What the last carrier within reach adds, and, where both sites reach a place, that it is not lost after all.
        last = np.where(in_reach > 0, weight * (1 - busy) * busy ** np.maximum(in_reach - 1, 0), 0.0)
        leaving = reaching[:, movable]
        kept = (leaving * (last * (1 - busy))[:, None]).T @ reaching[:, room]
        change = gained[None, :] - (last @ leaving)[:, None] + kept
        out, into = np.unravel_index(np.argmax(change), change.shape)
        if change[out, into] <= _GAP_TOLERANCE * weight.sum():
            break
        carriers = carriers.copy()
        carriers[movable[out]] -= 1
        carriers[room[into]] += 1
    return carriers


def _covering_model(
    weight: NDArray[np.float64],
    within: NDArray[np.bool_],
    problem: _Problem,
    most: NDArray[np.int64],
    busy: float,
) -> _Model:
    demand, sites = within.shape
    levels = 1 if busy == 0 else min(problem.n_sites, math.ceil(math.log(_SMALLEST_GAIN) / math.log(busy)))
    reachable_carriers = np.minimum(within @ most.astype(float), problem.n_sites)
    # One column for the k-th carrier within reach of each demand point, as far as there can be one.
    point, level = np.nonzero(reachable_carriers[:, None] > np.arange(levels))
    gain = weight[point] * (1.0 - busy) * busy ** level.astype(float)
    upper = np.ones(len(point))
    if busy > 0:
        last = level == levels - 1
        upper[last] = np.maximum(reachable_carriers[point[last]] - levels + 1, 1.0)
    counted = sparse.csr_matrix((np.ones(len(point)), (point, np.arange(len(point)))), shape=(demand, len(point)))
    placed = sparse.hstack([sparse.csr_matrix(np.ones((1, sites))), sparse.csr_matrix((1, len(point)))])
    covered = sparse.hstack([sparse.csr_matrix(-within.astype(float)), counted])
    return _Model(
        cost=np.concatenate((np.zeros(sites), -gain)),
        column_lower=np.concatenate((problem.locked.astype(float), np.zeros(len(point)))),
        column_upper=np.concatenate((most.astype(float), upper)),
        matrix=sparse.vstack([placed, covered]).tocsc(),
        row_lower=np.concatenate(([problem.n_sites], np.full(demand, -highspy.kHighsInf))),
        row_upper=np.concatenate(([problem.n_sites], np.zeros(demand))),
        sites=sites,
    )


def _best_median(problem: _Problem, search: _Search) -> Plan:
    sites = problem.travel.shape[1]
    # A second carrier at a site shortens nothing: the search is for the sites to open, the rest stay where they are
    # locked or, with every site open, share the first.
    sharing = np.maximum(problem.locked - 1, 0)
    to_open = min(problem.n_sites - int(sharing.sum()), sites)
    sharing[0] += problem.n_sites - int(sharing.sum()) - to_open

    def value(candidate: NDArray[np.int64]) -> float:
        return float(problem.weight @ problem.travel[:, candidate > 0].min(axis=1))

    opened = _interchanged(problem, _greedy_median(problem, to_open), search)
    opened, bound, closed = _lagrangian(problem, opened, value, search)
    if not (search.close_enough(value(opened), bound) or search.must_stop(value(opened), bound)):
        kept = np.flatnonzero(~closed | (opened > 0))
        # With p of m sites open the nearest open one is among the nearest few: each place is tied to its nearest
        # `choices` sites or to a stand-in as near as the next, which keeps the bound a bound. Where the best plan needs
        # a stand-in, twice the choices are looked at.
        choices = min(len(kept), max(10, math.ceil(2 * sites / to_open)))
        while True:
            model = _median_model(problem, kept, to_open, choices)
            start = opened[kept]
            # Interchange has done its part before, and might leave the kept sites.
            found, bound = _solve(
                model,
                start,
                lambda at: value(_spread(at, kept, sites)),
                lambda at: at,
                bound,
                search,
                sign=1.0,
            )
            opened = _spread(found, kept, sites)
            finished = search.close_enough(value(opened), bound) or search.must_stop(value(opened), bound)
            if finished or choices == len(kept):
                break
            choices = min(len(kept), 2 * choices)
    best = value(opened)
    return _plan(Method.P_MEDIAN, problem, opened + sharing, best, min(bound, best), search)


def _spread(chosen: NDArray[np.int64], kept: NDArray[np.int64], sites: int) -> NDArray[np.int64]:
    everywhere = np.zeros(sites, dtype=np.int64)
    everywhere[kept] = chosen
    return everywhere


def _greedy_median(problem: _Problem, to_open: int) -> NDArray[np.int64]:
    opened = (problem.locked > 0).astype(np.int64)
    nearest = problem.travel[:, opened > 0].min(axis=1, initial=np.inf)
    while opened.sum() < to_open:
        total = problem.weight @ np.minimum(problem.travel, nearest[:, None])
        best = np.argmin(np.where(opened == 0, total, np.inf))
        opened[best] = 1
        nearest = np.minimum(nearest, problem.travel[:, best])
    return opened


def _interchanged(problem: _Problem, opened: NDArray[np.int64], search: _Search) -> NDArray[np.int64]:
    """Swap one open site for one closed as long as that shortens the travel (Teitz & Bart 1968)."""
    weight, travel = problem.weight[:, None], problem.travel
    while opened.sum() < len(opened) and search.left_s() > 0:
        inside, outside = np.flatnonzero(opened), np.flatnonzero(opened == 0)
        by_nearness = np.argsort(travel[:, inside], axis=1)[:, :2]
        nearest = np.take_along_axis(travel[:, inside], by_nearness, axis=1)
        first = nearest[:, :1]
        second = nearest[:, 1:] if len(inside) > 1 else np.full_like(first, np.inf)
        gained = (weight * np.maximum(first - travel[:, outside], 0.0)).sum(axis=0)
        lost = weight * np.maximum(np.minimum(second, travel[:, outside]) - first, 0.0)
        served = sparse.csr_matrix(
            (np.ones(len(travel)), (by_nearness[:, 0], np.arange(len(travel)))), shape=(len(inside), len(travel))
        )
        change = served @ lost - gained
        change[problem.locked[inside] > 0] = np.inf
        out, into = np.unravel_index(np.argmin(change), change.shape)
        if change[out, into] >= -_GAP_TOLERANCE * float(np.sum(weight * first)):
            break
        opened = opened.copy()
        opened[[inside[out], outside[into]]] = 0, 1
    return opened


def _lagrangian(
    problem: _Problem,
    opened: NDArray[np.int64],
    value: Callable[[NDArray[np.int64]], float],
    search: _Search,
) -> tuple[NDArray[np.int64], float, NDArray[np.bool_]]:
    """Better sites, a proven lower bound on the travel, and the sites that no better plan opens.

    Serving each place once is priced instead of required: for any prices u, sum_i u_i + the least sums of
    sum_i min(w_i t_ij - u_i, 0) over as many sites as are to open is at most the optimum. Subgradient steps raise it.
    A site is closed for good where opening it in place of the worst chosen one lifts the bound above the best plan.
    """
    cost = problem.weight[:, None] * problem.travel
    sites, to_open = cost.shape[1], int(opened.sum())
    free = problem.locked == 0
    prices = np.partition(cost, min(1, sites - 1), axis=1)[:, min(1, sites - 1)]
    best_bound, best_worth, step, idle = -math.inf, np.zeros(sites), _FIRST_STEP, 0
    direction = np.zeros(len(cost))
    best = value(opened)
    for count in range(1, _BOUND_STEPS + 1):
        reduced = np.minimum(cost - prices[:, None], 0.0)
        worth = reduced.sum(axis=0)
        chosen = np.lexsort((worth, free))[:to_open]
        bound = float(prices.sum() + worth[chosen].sum())
        idle = 0 if bound > best_bound else idle + 1
        if bound > best_bound:
            best_bound, best_worth = bound, worth
        if idle >= _IDLE_STEPS:
            step, idle = step / 2, 0
        if count % _STEPS_PER_INTERCHANGE == 0:
            candidate = np.zeros(sites, dtype=np.int64)
            candidate[chosen] = 1
            opened = min(opened, _interchanged(problem, candidate, search), key=value)
            best = value(opened)
        served_too_often = 1.0 - np.count_nonzero(reduced[:, chosen], axis=1)
        direction = served_too_often + _STEP_MEMORY * direction
        length = float(direction @ direction)
        if length == 0 or search.close_enough(best, best_bound) or search.must_stop(best, best_bound):
            break
        prices = prices + step * max(best - bound, 0.0) / length * direction
    worst_chosen = np.sort(best_worth[free])[max(to_open - int((~free).sum()) - 1, 0)] if free.any() else 0.0
    closed = free & (best_bound + best_worth - worst_chosen > best * (1 + _GAP_TOLERANCE))
    return opened, min(best_bound, best), closed


def _median_model(problem: _Problem, kept: NDArray[np.int64], to_open: int, choices: int) -> _Model:
    travel = problem.travel[:, kept]
    demand, sites = travel.shape
    order = np.argsort(travel, axis=1, kind="stable")
    pairs = demand * choices
    point, site = np.repeat(np.arange(demand), choices), order[:, :choices].ravel()
    cost = problem.weight[point] * travel[point, site]
    stand_ins = demand if choices < sites else 0
    if stand_ins:
        farther = problem.weight * np.take_along_axis(travel, order[:, choices : choices + 1], axis=1).ravel()
        cost, point = np.concatenate((cost, farther)), np.concatenate((point, np.arange(demand)))
    columns = pairs + stand_ins
    each_served = sparse.csr_matrix((np.ones(columns), (point, np.arange(columns))), shape=(demand, columns))
    open_sites = sparse.csr_matrix((-np.ones(pairs), (np.arange(pairs), site)), shape=(pairs, sites))
    from_open = sparse.hstack([sparse.identity(pairs), sparse.csr_matrix((pairs, stand_ins))])
    placed = sparse.csr_matrix(np.ones((1, sites)))
    return _Model(
        cost=np.concatenate((np.zeros(sites), cost)),
        column_lower=np.concatenate(((problem.locked[kept] > 0).astype(float), np.zeros(columns))),
        column_upper=np.ones(sites + columns),
        matrix=sparse.bmat([[placed, None], [None, each_served], [open_sites, from_open]]).tocsc(),
        row_lower=np.concatenate(([to_open], np.ones(demand), np.full(pairs, -highspy.kHighsInf))),
        row_upper=np.concatenate(([to_open], np.ones(demand), np.zeros(pairs))),
        sites=sites,
    )


# ------------------------------------------------------------------------------------------------------- the solver


def _solve(
    model: _Model,
    best: NDArray[np.int64],
    value: Callable[[NDArray[np.int64]], float],
    improved: Callable[[NDArray[np.int64]], NDArray[np.int64]],
    bound: float,
    search: _Search,
    *,
    sign: float,
) -> tuple[NDArray[np.int64], float]:
    """The best carriers by site and the tightest bound; `value` is sign times the model's cost.

    The relaxation comes first: its bound is close, it is quick, and it can be stopped at any step. Rounded and
    `improved` by swaps, it is mostly within half a per cent of the optimum.
    """
    pick, tightest = (max, min) if sign < 0 else (min, max)
    for relaxed in (True, False):
        if search.close_enough(value(best), bound) or search.must_stop(value(best), bound):
            break
        highs = highspy.Highs()
        highs.setOptionValue("output_flag", False)
        highs.setOptionValue("time_limit", _SOLVER_SHARE * search.left_s())
        highs.setOptionValue("mip_rel_gap", float(search.gap_target))
        highs.setOptionValue("mip_abs_gap", 0.0)
        highs.passModel(_linear_programme(model, relaxed=relaxed))
        if not relaxed:
            highs.setSolution(model.sites, np.arange(model.sites, dtype=np.int32), best.astype(float))
        _watch(highs, search, value(best), bound, sign)
        highs.run()
        info = highs.getInfo()
        if not relaxed:
            bound = tightest(bound, sign * info.mip_dual_bound)
        elif highs.getModelStatus() == highspy.HighsModelStatus.kOptimal:
            bound = tightest(bound, sign * info.objective_function_value)
        if info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible:
            found = _rounded(np.array(highs.getSolution().col_value[: model.sites]), int(model.row_lower[0]))
            best = pick(best, improved(found), key=value)
    return best, bound


def _rounded(carriers: NDArray[np.float64], number: int) -> NDArray[np.int64]:
    """Whole carriers, `number` in all: the largest fractions go up. Limits hold, as they are whole themselves."""
    whole = np.floor(carriers + 1e-6).astype(np.int64)
    up = np.argsort(whole - carriers, kind="stable")[: max(number - int(whole.sum()), 0)]
    whole[up] += 1
    return whole


def _watch(highs: highspy.Highs, search: _Search, objective: float, bound: float, sign: float) -> None:
    kinds = highspy.cb.HighsCallbackType
    pick, tightest = (max, min) if sign < 0 else (min, max)

    def told(kind: object, _message: str, state: object, control: object, _data: object) -> None:
        now, proven = objective, bound
        if kind == kinds.kCallbackMipInterrupt:
            now, proven = sign * state.mip_primal_bound, tightest(bound, sign * state.mip_dual_bound)
        control.user_interrupt = search.must_stop(pick(now, objective), proven)

    highs.setCallback(told, None)
    for kind in (kinds.kCallbackSimplexInterrupt, kinds.kCallbackIpmInterrupt, kinds.kCallbackMipInterrupt):
        highs.startCallback(kind)


def _linear_programme(model: _Model, *, relaxed: bool) -> highspy.HighsLp:
    programme = highspy.HighsLp()
    programme.num_col_ = len(model.cost)
    programme.num_row_ = model.matrix.shape[0]
    programme.col_cost_ = model.cost
    programme.col_lower_ = model.column_lower
    programme.col_upper_ = model.column_upper
    programme.row_lower_ = model.row_lower
    programme.row_upper_ = model.row_upper
    programme.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    programme.a_matrix_.start_ = model.matrix.indptr
    programme.a_matrix_.index_ = model.matrix.indices
    programme.a_matrix_.value_ = model.matrix.data
    if not relaxed:
        whole = [highspy.HighsVarType.kInteger] * model.sites
        programme.integrality_ = whole + [highspy.HighsVarType.kContinuous] * (len(model.cost) - model.sites)
    return programme


def _gap(objective: float, bound: float) -> float:
    if not (math.isfinite(objective) and math.isfinite(bound)):
        return math.inf
    apart = abs(bound - objective)
    if apart <= _GAP_TOLERANCE * max(abs(objective), abs(bound)):
        return 0.0
    return apart / abs(objective) if objective else math.inf


def _plan(
    method: Method,
    problem: _Problem,
    carriers: NDArray[np.int64],
    objective: float,
    bound: float,
    search: _Search,
) -> Plan:
    gap = _gap(objective, bound)
    if gap == 0:
        stopped, bound = StopReason.OPTIMUM, objective
    elif search.asked:
        stopped = StopReason.ASKED
    else:
        stopped = StopReason.GAP if gap <= search.gap_target else StopReason.TIME
    return Plan(
        method=method,
        sites=tuple(int(site) for site in np.repeat(np.arange(len(carriers)), carriers)),
        objective=objective,
        bound=bound,
        gap=gap,
        stopped=stopped,
        seconds=search.seconds(),
        coverage=_coverage_of(problem, carriers),
    )
