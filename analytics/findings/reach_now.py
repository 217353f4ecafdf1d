"""Risk, carriers and travel brought together: who could be where in time, in each hour of the week, as things stand.

This is what the coverage page's findings share; it holds undisclosed numbers and is never drawn itself.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from analytics.carriers import unavailability
from analytics.findings.coverage_risk import Risk, RiskMissingError, read_risk
from analytics.findings.question import Question
from analytics.findings.risk_layers import RiskLayer
from analytics.findings.week import HOURS_A_WEEK
from analytics.findings.workforce import Workforce, read_workforce
from analytics.reach import HourlyReach, reach_by_hour
from data.settings import TravelSettings
from geo.roads import network_minutes, read_roads
from geo.travel import straight_line_minutes
from wording import _, format_number

__all__ = ["ReachNow", "find_reach_now", "is_night", "travel_minutes", "travel_words"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class ReachNow:
    """`minutes` (2, bases, cells), day then night; `speed_of_hour` (168,) tells which.

    `catchment` is each cell's nearest base, -1 without bases; `reach` is None without a roster, and everything about
    risk None where there is too little of it (`risk_missing` then says why).
    """

    layer: RiskLayer | None
    within_minutes: float
    force: Workforce
    risk: Risk | None
    risk_missing: str
    minutes: Floats
    catchment: Integers
    speed_of_hour: Integers
    reach: HourlyReach | None
    hour_share: Floats
    resampled_hour_share: Floats

    def __repr__(self) -> str:
        """The same question has one: what depends on it is kept under this name."""
        return f"ReachNow({self.layer})"

    @property
    def in_reach(self) -> NDArray[np.bool_]:
        """Whether a base's carriers get there in time, shape (2, bases, cells)."""
        return self.minutes <= self.within_minutes

    @property
    def week_share(self) -> Floats:
        """Share of each cell's risk-hours that somebody on shift covers, shape (cells,)."""
        return np.einsum("hc,ch->c", self.reach.covered, self.hour_share[self.catchment])

    @property
    def busy_probability(self) -> float:
        """q: the share of the week, by risk, that a ready carrier is not on shift."""
        weight = self.risk.per_year @ self.hour_share[self.catchment]
        return unavailability(on_shift=self.force.roster, ready=self.force.ready, hour_weight=weight).probability

    @property
    def risk_arguments(self) -> dict[str, object]:
        """What the methods of `analytics.reach` want to know of the risk."""
        return {
            "events_per_year": self.risk.per_year,
            "hour_share": self.hour_share,
            "resampled_events_per_year": self.risk.resampled,
            "resampled_hour_share": self.resampled_hour_share,
            "profile": self.catchment,
        }


def find_reach_now(
    question: Question, *, layer: RiskLayer | None, on_progress: Callable[[float, str], None] | None = None
) -> ReachNow:
    """Reach as things stand; `on_progress` cancels by raising. Raises what reading a road network raises."""
    tell = on_progress or (lambda _share, _what: None)
    tell(0.05, _("Reading carriers, kits and rosters"))
    force, travel = read_workforce(question), question.settings.travel
    tell(0.15, _("Drawing where and when overdoses are expected"))
    try:
        risk, risk_missing = read_risk(question, layer=layer), ""
    except RiskMissingError as error:
        risk, risk_missing = None, str(error)
    speed_of_hour = is_night(travel, np.arange(HOURS_A_WEEK) % 24).astype(np.int64)
    bases = len(force.site_names)
    if risk is None or not bases:
        nothing = np.empty((0, 0))
        return ReachNow(
            layer=layer,
            within_minutes=travel.within_minutes,
            force=force,
            risk=risk,
            risk_missing=risk_missing,
            minutes=np.empty((2, bases, 0)),
            catchment=np.empty(0, dtype=np.int64),
            speed_of_hour=speed_of_hour,
            reach=None,
            hour_share=nothing,
            resampled_hour_share=nothing,
        )
    tell(0.8, _("Working out who could be where"))
    minutes = travel_minutes(
        question,
        from_easting_m=force.site_easting_m,
        from_northing_m=force.site_northing_m,
        to_easting_m=risk.easting_m,
        to_northing_m=risk.northing_m,
    )
    # The nearest base as the crow flies too where none is in time: a catchment is a matter of belonging.
    crow = np.hypot(force.site_easting_m[:, None] - risk.easting_m, force.site_northing_m[:, None] - risk.northing_m)
    catchment = np.argmin(np.where(np.isnan(minutes[0]), 1e6 + crow, minutes[0]), axis=0)
    shares, resampled = risk.hour_shares(catchment)
    # A base without any cell of its own has a row too.
    pad = bases - len(shares)
    shares = np.pad(shares, ((0, pad), (0, 0)), constant_values=1 / HOURS_A_WEEK)
    resampled = np.pad(resampled, ((0, 0), (0, pad), (0, 0)), constant_values=1 / HOURS_A_WEEK)
    on_shift = force.on_shift
    reach = None
    if on_shift is not None:
        placed = force.site >= 0
        reach = reach_by_hour(
            travel_minutes=minutes,
            within_minutes=travel.within_minutes,
            on_shift=on_shift[:, placed],
            carrier_site=force.site[placed],
            speed_of_hour=speed_of_hour,
        )
    return ReachNow(
        layer=layer,
        within_minutes=travel.within_minutes,
        force=force,
        risk=risk,
        risk_missing="",
        minutes=minutes,
        catchment=catchment,
        speed_of_hour=speed_of_hour,
        reach=reach,
        hour_share=shares,
        resampled_hour_share=resampled,
    )


def is_night(travel: TravelSettings, hour_of_day: Integers) -> NDArray[np.bool_]:
    """Whether the night's speed holds, shape as given; the night may reach over midnight."""
    first, last = travel.night_from_hour, travel.night_to_hour
    after, before = hour_of_day >= first, hour_of_day < last
    return after & before if first < last else after | before


def travel_minutes(
    question: Question,
    *,
    from_easting_m: Floats,
    from_northing_m: Floats,
    to_easting_m: Floats,
    to_northing_m: Floats,
    longest_minutes: float | None = None,
) -> Floats:
    """Minutes by day and by night, shape (2, starts, destinations): by road where a network is named, else straight.

    By road NaN where it takes longer than `longest_minutes`, by default the time that counts as in reach.
    """
    travel = question.settings.travel
    ways = {
        "from_easting_m": from_easting_m,
        "from_northing_m": from_northing_m,
        "to_easting_m": to_easting_m,
        "to_northing_m": to_northing_m,
        "detour_factor": travel.detour_factor,
    }
    speeds = (travel.day_speed_km_h, travel.night_speed_km_h)
    if travel.road_graph_file is None:
        return np.stack([straight_line_minutes(**ways, speed_km_h=speed) for speed in speeds])
    roads = read_roads(travel.road_graph_file, crs=question.geography.crs, layer=travel.road_graph_layer)
    return np.stack(
        [
            network_minutes(
                roads=roads,
                **ways,
                speed_km_h=speed,
                stated_speed_share=speed / max(speeds),
                longest_minutes=travel.within_minutes if longest_minutes is None else longest_minutes,
            )
            for speed in speeds
        ]
    )


def travel_words(travel: TravelSettings) -> str:
    """How travel was taken, said beside whatever rests on it."""
    words = {
        "factor": format_number(travel.detour_factor),
        "day": format_number(travel.day_speed_km_h),
        "night": format_number(travel.night_speed_km_h),
        "first": f"{travel.night_from_hour:02d}:00",
        "last": f"{travel.night_to_hour:02d}:00",
    }
    if travel.road_graph_file is None:
        return _(
            "Minutes are a straight line x {factor} at {day} km/h ({night} km/h from {first} to {last}), not by road."
        ).format(**words)
    return _(
        "Minutes are along the road network of the settings, at {day} km/h where it states no speed, {night} km/h from"
        " {first} to {last}."
    ).format(**words)
