"""Who could be there in time, hour by hour: the share of risk within reach, what is left out, and what a change gains.

A place is within reach in an hour when an available carrier on shift then needs no more than the stated minutes.
Expected risk events of a year at place c in hour h are e_c s_p(c),h, with e_c the year's events there (from a risk
surface) and s_p,h the hour's share of them in the profile p of the place: one for all, where place and hour are taken
as independent, or one for each part of the area (`hour_profiles`). Intervals hold 95 % and come from resampled
surfaces, each with its own e_c (and s_p,h, where given).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike, NDArray

from analytics.estimate import Estimate
from wording import NaloxoneWatchError, _, format_interval, format_number

__all__ = [
    "CoverageGain",
    "GainVerdict",
    "GapRows",
    "HourlyReach",
    "RosterGap",
    "UncoveredRisk",
    "UnusableReachError",
    "hour_profiles",
    "reach_by_hour",
    "roster_gaps",
    "uncovered_risk",
    "what_if_gain",
]

_LIMITS = (0.025, 0.975)
# Draws of a year's count for each resampled surface.
_YEARS_PER_RESAMPLE = 50
# Events' worth of weight that the hours of the whole have in a part's profile, and an even week in the whole's: a part
# with 20 events cannot tell its own hours of 168 from everybody's, one with 200 can.
_BORROWED_EVENTS = 20.0
# Share of an area's risk without a carrier from which an hour counts as one of its gap: most of it.
_GAP_SHARE = 0.5


class UnusableReachError(NaloxoneWatchError):
    """Travel, roster and risk do not fit together."""


@dataclass(frozen=True)
class HourlyReach:
    """`carriers_in_reach`, shape (hours, places), and `on_shift`, carriers on shift by hour, shape (hours,)."""

    carriers_in_reach: NDArray[np.int32]
    on_shift: NDArray[np.int64]
    within_minutes: float

    @property
    def covered(self) -> NDArray[np.bool_]:
        """Whether anyone is within reach, shape (hours, places)."""
        return self.carriers_in_reach > 0

    def expected_cover(self, *, busy_probability: float) -> NDArray[np.float64]:
        """The chance that someone within reach is free, 1 - q^n, shape (hours, places)."""
        return 1.0 - busy_probability ** self.carriers_in_reach.astype(float)


@dataclass(frozen=True)
class GapRows:
    """Rows of one table, largest uncovered risk first; `area` and `hour` are -1 where the row is of all of them.

    `events` a year expected, `uncovered` of them without a carrier in reach, `reach` the share within reach; each with
    its limits.
    """

    area: NDArray[np.int64]
    hour: NDArray[np.int64]
    events: NDArray[np.float64]
    uncovered: NDArray[np.float64]
    uncovered_lower: NDArray[np.float64]
    uncovered_upper: NDArray[np.float64]
    reach: NDArray[np.float64]
    reach_lower: NDArray[np.float64]
    reach_upper: NDArray[np.float64]


@dataclass(frozen=True)
class UncoveredRisk:
    """Uncovered risk in all, by hour, by area, and by both."""

    overall: GapRows
    by_hour: GapRows
    by_area: GapRows
    by_area_and_hour: GapRows


@dataclass(frozen=True)
class RosterGap:
    """An area and the hours of the week in which most of its risk is out of reach, though not in every hour.

    `hours` rising; `uncovered` events a year in these hours without a carrier in reach, with its interval.
    """

    area: int
    hours: tuple[int, ...]
    uncovered: Estimate


class GainVerdict(StrEnum):
    """What a change does to the risk within reach."""

    GAIN = "gain"
    LOSS = "loss"
    INSIDE_NOISE = "inside the noise"


@dataclass(frozen=True)
class CoverageGain:
    """A change set side by side with now.

    `now` and `then` are shares of risk within reach, `gain` the difference in expected events a year, with the
    interval of the risk surface; `year_lower` to `year_upper` is what a single year may show, chance included.
    """

    now: Estimate
    then: Estimate
    gain: Estimate
    year_lower: int
    year_upper: int
    verdict: GainVerdict
    seed: int

    @property
    def sentence(self) -> str:
        """The gain in words, and plainly when it is inside the noise."""
        words = {
            "events": format_number(abs(self.gain.value)),
            "interval": format_interval(*sorted((abs(self.gain.lower), abs(self.gain.upper)))),
        }
        if self.verdict is GainVerdict.GAIN:
            return _("{events} more expected events a year within reach ({interval}).").format(**words)
        if self.verdict is GainVerdict.LOSS:
            return _("{events} fewer expected events a year within reach ({interval}).").format(**words)
        return _(
            "Inside the noise: {events} expected events a year more, of which one year may show from {least} to {most}."
        ).format(events=format_number(self.gain.value), least=self.year_lower, most=self.year_upper)


def reach_by_hour(
    *,
    travel_minutes: ArrayLike,
    within_minutes: float,
    on_shift: ArrayLike,
    carrier_site: ArrayLike | None = None,
    speed_of_hour: ArrayLike | None = None,
) -> HourlyReach:
    """How many available carriers could be at each place in time, in each hour.

    Args:
        travel_minutes: minutes from each site to each place, shape (sites, places), or (speeds, sites, places) where
            night and day differ; NaN where there is no way.
        within_minutes: the time that counts as in reach; the limit itself counts.
        on_shift: True where an available carrier is rostered, shape (hours, carriers).
        carrier_site: the row of `travel_minutes` each carrier starts from, shape (carriers,); the carrier's own number
            where not given.
        speed_of_hour: which of the speeds holds in each hour, shape (hours,); needed with three dimensions.

    Raises:
        UnusableReachError: shapes that differ, a site that does not exist, or a time that is not above zero.
    """
    travel = np.asarray(travel_minutes, dtype=float)
    roster = np.asarray(on_shift, dtype=bool)
    if travel.ndim == 2 and speed_of_hour is None:
        travel = travel[None]
        speed = np.zeros(len(roster), dtype=np.int64)
    elif travel.ndim == 3 and speed_of_hour is not None:
        speed = np.asarray(speed_of_hour, dtype=np.int64)
    else:
        raise UnusableReachError(_("Travel at several speeds needs to say which holds in each hour, and only then."))
    site = np.arange(roster.shape[-1]) if carrier_site is None else np.asarray(carrier_site, dtype=np.int64)
    speeds, sites, places = travel.shape
    fits = roster.ndim == 2 and site.shape == roster.shape[1:] and speed.shape == roster.shape[:1]
    if not fits or np.any((site < 0) | (site >= sites)) or np.any((speed < 0) | (speed >= speeds)):
        raise UnusableReachError(
            _("Roster, carriers and travel do not fit together: one column a carrier, one row an hour.")
        )
    if not within_minutes > 0:
        raise UnusableReachError(_("The minutes that count as within reach must be above zero."))
    # Carriers at one site reach the same places: counted by site first, it is one product of small matrices.
    carriers_at_site = np.zeros((len(roster), sites), dtype=np.float32)
    np.add.at(carriers_at_site.T, site, roster.T.astype(np.float32))
    in_reach = np.empty((len(roster), places), dtype=np.int32)
    for number in range(speeds):
        hours = speed == number
        in_reach[hours] = carriers_at_site[hours] @ (travel[number] <= within_minutes).astype(np.float32)
    return HourlyReach(carriers_in_reach=in_reach, on_shift=roster.sum(axis=1), within_minutes=float(within_minutes))


def uncovered_risk(
    *,
    cover: ArrayLike,
    events_per_year: ArrayLike,
    hour_share: ArrayLike,
    area: ArrayLike,
    resampled_events_per_year: ArrayLike,
    resampled_hour_share: ArrayLike | None = None,
    hour_group: ArrayLike | None = None,
    profile: ArrayLike | None = None,
) -> UncoveredRisk:
    """Expected risk events a year that nobody could reach in time, with intervals: the gap tables.

    Args:
        cover: shape (hours, places): `HourlyReach.covered`, or the chance of cover `HourlyReach.expected_cover`.
        events_per_year: expected risk events a year at each place, shape (places,).
        hour_share: each hour's share of the events, shape (hours,), summing to one; or (profiles, hours) with
            `profile`.
        area: number of each place's area from 0, -1 for none, shape (places,).
        resampled_events_per_year: the same surface from resampled events, shape (resamples, places).
        resampled_hour_share: their hours' shares, shape (resamples, hours) or (resamples, profiles, hours);
            `hour_share` where not given.
        hour_group: number of the group each hour belongs to from 0, shape (hours,), to join hours into bands; each hour
            by itself where not given.
        profile: the row of `hour_share` that holds at each place, shape (places,).

    Raises:
        UnusableReachError: shapes that differ, negative risk, or hour shares that do not sum to one.
    """
    risk = _risk(cover, events_per_year, hour_share, resampled_events_per_year, resampled_hour_share, profile)
    hours, places = risk.shape
    place_area = np.asarray(area, dtype=np.int64)
    group = np.arange(hours) if hour_group is None else np.asarray(hour_group, dtype=np.int64)
    if place_area.shape != (places,) or group.shape != (hours,) or group.min() < 0:
        raise UnusableReachError(_("Areas need one number a place and groups of hours one number an hour, from 0."))
    missed = 1.0 - np.asarray(cover, dtype=np.float32)
    membership = np.zeros((hours, int(group.max()) + 1))
    membership[np.arange(hours), group] = 1.0

    def by_group(places_in: NDArray[np.bool_]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Events and uncovered events by (surface, group of hours); the first surface is the one observed."""
        return risk.by_hour(None, places_in) @ membership, risk.by_hour(missed, places_in) @ membership

    areas = np.arange(int(place_area.max(initial=-1)) + 1)
    # Every place is in one area or in none, so all of them together are the sum.
    outside = by_group(place_area < 0)
    each_area = [by_group(place_area == number) for number in areas]
    everywhere = tuple(sum(parts) for parts in zip(outside, *each_area, strict=True))
    nowhere = np.zeros((len(risk.surfaces), 0))
    whole = [tuple(part.sum(axis=1, keepdims=True) for part in pair) for pair in each_area]
    groups = np.arange(membership.shape[1])

    def joined(pairs: list, which: int) -> NDArray[np.float64]:
        return np.concatenate([nowhere, *(pair[which] for pair in pairs)], axis=1)

    return UncoveredRisk(
        overall=_rows(np.array([-1]), np.array([-1]), *(part.sum(axis=1, keepdims=True) for part in everywhere)),
        by_hour=_rows(np.full(len(groups), -1), groups, *everywhere),
        by_area=_rows(areas, np.full(len(areas), -1), joined(whole, 0), joined(whole, 1)),
        by_area_and_hour=_rows(
            np.repeat(areas, len(groups)), np.tile(groups, len(areas)), joined(each_area, 0), joined(each_area, 1)
        ),
    )


def hour_profiles(*, events: ArrayLike) -> NDArray[np.float64]:
    """Each part's shares of its events by hour, from counts of shape (..., profiles, hours); rows sum to one.

    (n_ph + k s_h) / (n_p + k): a part's own hours, with k events' worth of the hours of all parts together, and these
    likewise with an even week; k = 20.
    """
    counted = np.asarray(events, dtype=float)
    hours = counted.shape[-1]
    whole = counted.sum(axis=-2, keepdims=True)
    even = np.full(hours, 1.0 / hours)

    def borrowed(own: NDArray[np.float64], others: NDArray[np.float64]) -> NDArray[np.float64]:
        return (own + _BORROWED_EVENTS * others) / (own.sum(axis=-1, keepdims=True) + _BORROWED_EVENTS)

    return borrowed(counted, borrowed(whole, even))


def roster_gaps(
    *,
    cover: ArrayLike,
    events_per_year: ArrayLike,
    hour_share: ArrayLike,
    area: ArrayLike,
    resampled_events_per_year: ArrayLike,
    resampled_hour_share: ArrayLike | None = None,
    profile: ArrayLike | None = None,
) -> tuple[RosterGap, ...]:
    """Areas and the hours in which nobody on shift could reach most of their risk, largest first.

    Only places that somebody reaches in some hour of the week: the others lie too far from every base, and no roster
    helps there. Arguments and errors as `uncovered_risk`.
    """
    risk = _risk(cover, events_per_year, hour_share, resampled_events_per_year, resampled_hour_share, profile)
    covered, place_area = np.asarray(cover, dtype=np.float32), np.asarray(area, dtype=np.int64)
    if place_area.shape != (risk.shape[1],):
        raise UnusableReachError(_("Areas need one number a place and groups of hours one number an hour, from 0."))
    within, missed = covered.any(axis=0), 1.0 - covered
    gaps = []
    for number in range(int(place_area.max(initial=-1)) + 1):
        here = within & (place_area == number)
        weight = risk.surfaces[0, here]
        if not weight.sum() > 0:
            continue
        hours = np.flatnonzero(missed[:, here] @ weight >= _GAP_SHARE * weight.sum())
        if len(hours):
            lost = risk.by_hour(missed, here)[:, hours].sum(axis=1)
            gaps.append(RosterGap(area=number, hours=tuple(hours.tolist()), uncovered=_estimate(lost)))
    return tuple(sorted(gaps, key=lambda gap: -gap.uncovered.value))


def what_if_gain(
    *,
    cover_now: ArrayLike,
    cover_then: ArrayLike,
    events_per_year: ArrayLike,
    hour_share: ArrayLike,
    resampled_events_per_year: ArrayLike,
    resampled_hour_share: ArrayLike | None = None,
    profile: ArrayLike | None = None,
    seed: int = 1,
) -> CoverageGain:
    """What a change of carriers, kits or sites adds to the risk within reach.

    Both are scored on the same surfaces, so what the surface does not know cancels. The verdict is "inside the noise"
    where the interval holds no gain, or where a single year's count of events gained less events lost may well show
    none: each surface's gains and losses are drawn as Poisson counts.

    Args:
        cover_now: shape (hours, places), as `uncovered_risk`.
        cover_then: the same after the change.
        events_per_year: as `uncovered_risk`; so are the next four.
        hour_share: shape (hours,) or (profiles, hours).
        resampled_events_per_year: shape (resamples, places).
        resampled_hour_share: shape (resamples, hours) or (resamples, profiles, hours).
        profile: shape (places,).
        seed: of the drawn years; the same seed gives the same answer.

    Raises:
        UnusableReachError: as `uncovered_risk`.
    """
    risk = _risk(cover_now, events_per_year, hour_share, resampled_events_per_year, resampled_hour_share, profile)
    now, then = np.asarray(cover_now, dtype=np.float32), np.asarray(cover_then, dtype=np.float32)
    if then.shape != now.shape:
        raise UnusableReachError(_("Cover now and after the change must be of the same hours and places."))
    total = risk.surfaces.sum(axis=1, dtype=float)

    def events(cover: NDArray[np.float32]) -> NDArray[np.float64]:
        return risk.by_hour(cover, np.ones(len(risk.profile), dtype=bool)).sum(axis=1)

    covered_now, covered_then = events(now), events(then)
    won, lost = events(np.maximum(then - now, 0)), events(np.maximum(now - then, 0))
    rng = np.random.default_rng(seed)
    shape = (_YEARS_PER_RESAMPLE, len(won) - 1)
    years = rng.poisson(won[1:], shape) - rng.poisson(lost[1:], shape)
    year_lower, year_upper = (int(part) for part in np.quantile(years, _LIMITS, method="inverted_cdf"))
    gain = _estimate(won - lost)
    if gain.lower > 0 and year_lower > 0:
        verdict = GainVerdict.GAIN
    elif gain.upper < 0 and year_upper < 0:
        verdict = GainVerdict.LOSS
    else:
        verdict = GainVerdict.INSIDE_NOISE
    return CoverageGain(
        now=_estimate(covered_now / total),
        then=_estimate(covered_then / total),
        gain=gain,
        year_lower=year_lower,
        year_upper=year_upper,
        verdict=verdict,
        seed=seed,
    )


@dataclass(frozen=True)
class _Risk:
    """Observed first, then resampled: `surfaces` (1 + resamples, places), `shares` (1 + resamples, profiles, hours)."""

    surfaces: NDArray[np.float32]
    shares: NDArray[np.float64]
    profile: NDArray[np.int64]

    @property
    def shape(self) -> tuple[int, int]:
        return self.shares.shape[2], self.surfaces.shape[1]

    def by_hour(self, part: NDArray[np.float32] | None, places_in: NDArray[np.bool_]) -> NDArray[np.float64]:
        """Events of the chosen places by (surface, hour), or of each only the `part` of shape (hours, places)."""
        total = np.zeros((len(self.surfaces), self.shares.shape[2]))
        for number in np.unique(self.profile[places_in]):
            here = places_in & (self.profile == number)
            surface = self.surfaces[:, here]
            events = surface.sum(axis=1, dtype=float)[:, None] if part is None else surface @ part[:, here].T
            total += events * self.shares[:, number]
        return total


def _risk(
    cover: ArrayLike,
    events_per_year: ArrayLike,
    hour_share: ArrayLike,
    resampled_events_per_year: ArrayLike,
    resampled_hour_share: ArrayLike | None,
    profile: ArrayLike | None,
) -> _Risk:
    observed, share = np.asarray(events_per_year, dtype=float), np.asarray(hour_share, dtype=float)
    resampled = np.asarray(resampled_events_per_year, dtype=float)
    shares = (
        np.broadcast_to(share, (len(resampled), *share.shape))
        if resampled_hour_share is None
        else np.asarray(resampled_hour_share, dtype=float)
    )
    of_place = np.zeros(len(observed), dtype=np.int64) if profile is None else np.asarray(profile, dtype=np.int64)
    if (share.ndim == 2) != (profile is not None) or shares.shape != (len(resampled), *share.shape):
        raise UnusableReachError(_("Hours' shares need one row for all places, or one a profile and each place's."))
    if share.ndim == 1:
        share, shares = share[None], shares[:, None]
    fits = np.shape(cover) == (share.shape[-1], len(observed)) and resampled.shape[1:] == observed.shape
    if not fits or len(resampled) == 0:
        raise UnusableReachError(_("Cover, risk and resampled risk must be of the same hours and places."))
    if of_place.shape != observed.shape or np.any((of_place < 0) | (of_place >= len(share))):
        raise UnusableReachError(_("Hours' shares need one row for all places, or one a profile and each place's."))
    surfaces, shares = np.vstack([observed, resampled]), np.concatenate([share[None], shares])
    if not np.all(np.isfinite(surfaces)) or np.any(surfaces < 0) or not np.all(surfaces.sum(axis=1) > 0):
        raise UnusableReachError(_("There is no risk to cover, or some of it is negative: choose a layer of risk."))
    if np.any(shares < 0) or not np.allclose(shares.sum(axis=2), 1.0, atol=1e-6):
        raise UnusableReachError(_("The hours' shares of the risk must sum to one."))
    return _Risk(surfaces=surfaces.astype(np.float32), shares=shares, profile=of_place)


def _rows(
    area: NDArray[np.int64], hour: NDArray[np.int64], events: NDArray[np.float64], uncovered: NDArray[np.float64]
) -> GapRows:
    """Columns are rows of the table; the first row of each array is observed, the rest resampled."""
    # Where no event is expected there is no share to reach.
    reach = 1.0 - np.divide(uncovered, events, out=np.full_like(events, np.nan), where=events > 0)
    lower, upper = np.quantile(uncovered[1:], _LIMITS, axis=0)
    reach_lower, reach_upper = np.quantile(reach[1:], _LIMITS, axis=0)
    order = np.argsort(-uncovered[0], kind="stable")
    columns = (area, hour, events[0], uncovered[0], lower, upper, reach[0], reach_lower, reach_upper)
    return GapRows(*(column[order] for column in columns))


def _estimate(values: NDArray[np.float64]) -> Estimate:
    lower, upper = (float(part) for part in np.quantile(values[1:], _LIMITS))
    return Estimate(value=float(values[0]), lower=lower, upper=upper)
