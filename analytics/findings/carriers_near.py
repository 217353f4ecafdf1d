"""Carriers rostered near a place in an hour of the week: as planned, never live, and not for dispatch.

Single carriers, without a name or number, for the force's own analyst; to others how many a base has, from five.
"""

import re
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.carriers import VALID_MONTHS
from analytics.disclosure import Audience, Column, DisclosedTable, disclose_count, hold_back, tabulate_cells
from analytics.findings.question import Question
from analytics.findings.reach_now import is_night, travel_minutes, travel_words
from analytics.findings.week import HOURS_A_WEEK, hour_words
from analytics.findings.words import role_words
from analytics.findings.workforce import Workforce, read_workforce, roster_imported
from geo.postcodes import look_up_postcodes
from geo.projection import from_wgs84
from wording import NaloxoneWatchError, _, format_count, format_date, format_number, ngettext

__all__ = ["CarriersNear", "Near", "PointUnknownError", "find_carriers_near", "find_point", "point_at"]

# The nearest so many are listed; a longer list is no help within the minutes it is about.
MOST_LISTED = 25
# Minutes by road are not looked for beyond this.
_LONGEST_MINUTES = 60.0


class PointUnknownError(NaloxoneWatchError):
    """What was typed is no place of this area."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "No such postcode or place is known here. Type a whole postcode, a town, or latitude and longitude such"
                " as 51.48, -3.18; or click the map."
            )
        )


@dataclass(frozen=True, kw_only=True)
class Near:
    """A place in metres and what to call it."""

    easting_m: float
    northing_m: float
    words: str


@dataclass(frozen=True, kw_only=True)
class CarriersNear:
    """The list with its heading, which says what it is and is not."""

    heading: str
    planned: str
    table: DisclosedTable
    note: str


def find_point(question: Question, text: str) -> Near:
    """The place that was typed: a postcode, latitude and longitude, or a name. Raises PointUnknownError."""
    asked = " ".join(text.split())
    degrees = re.fullmatch(r"(-?\d{1,2}(?:\.\d+)?)\s*[,; ]\s*(-?\d{1,3}(?:\.\d+)?)", asked)
    if degrees:
        return point_at(question, latitude=float(degrees[1]), longitude=float(degrees[2]))
    places = question.geography.places
    named = places[places["name"].str.casefold() == asked.casefold()]
    if len(named):
        place = named.sort_values("rank").iloc[0]
        return Near(easting_m=float(place["easting_m"]), northing_m=float(place["northing_m"]), words=place["name"])
    found = look_up_postcodes(postcodes=pd.Series([asked]), crs=question.geography.crs).iloc[0]
    if not found["found"]:
        raise PointUnknownError
    return Near(easting_m=float(found["easting_m"]), northing_m=float(found["northing_m"]), words=asked.upper())


def point_at(question: Question, *, latitude: float, longitude: float) -> Near:
    """A point of the map, called by the nearest place. Raises PointUnknownError."""
    east, north = (
        float(part) for part in from_wgs84(latitude=latitude, longitude=longitude, crs=question.geography.crs)
    )
    if not (np.isfinite(east) and np.isfinite(north)):
        raise PointUnknownError
    name = question.geography.nearest_place(easting_m=east, northing_m=north).name[0]
    return Near(easting_m=east, northing_m=north, words=_("the point near {place}").format(place=name))


def find_carriers_near(question: Question, *, near: Near, hour: int) -> CarriersNear:
    """Who is rostered near the place in the hour of the week, the nearest first."""
    force = read_workforce(question)
    imported = roster_imported(question)
    night = bool(is_night(question.settings.travel, np.array([hour % 24]))[0])
    minutes = (
        travel_minutes(
            question,
            from_easting_m=force.site_easting_m,
            from_northing_m=force.site_northing_m,
            to_easting_m=np.array([near.easting_m]),
            to_northing_m=np.array([near.northing_m]),
            longest_minutes=_LONGEST_MINUTES,
        )[int(night), :, 0]
        if force.site_names
        else np.empty(0)
    )
    words = {"place": near.words, "hour": hour_words(hour)}
    if force.roster is None:
        return CarriersNear(
            heading=_("Bases near {place}").format(**words),
            planned=_("No roster is recorded: nobody can be said to be on shift. These are carriers in date, by base."),
            table=_by_base(question, force, minutes, force.ready),
            note=travel_words(question.settings.travel),
        )
    on_shift = force.roster[hour] & force.chain.steps[0].left
    day = _("an unknown day") if imported is None else format_date(imported)
    planned = _("From the roster imported on {day}: planned, not live, not for dispatch.").format(day=day)
    listed = (
        _single(force, minutes, on_shift, hour)
        if question.audience is Audience.ANALYST
        else _by_base(question, force, minutes, on_shift & force.ready)
    )
    return CarriersNear(
        heading=_("Carriers rostered near {place}, {hour}").format(**words),
        planned=planned,
        table=listed,
        note=travel_words(question.settings.travel),
    )


def _single(force: Workforce, minutes: NDArray, on_shift: NDArray[np.bool_], hour: int) -> DisclosedTable:
    placed = np.flatnonzero(on_shift & (force.site >= 0))
    time = minutes[force.site[placed]]
    order = np.lexsort((~force.ready[placed], np.nan_to_num(time, nan=np.inf)))
    known = order[np.isfinite(time[order])]
    roles = role_words()
    rows = [
        (
            _minutes(time[index]),
            str(force.base[placed[index]]),
            roles.get(str(force.role[placed[index]]), roles["other"]),
            _kit_state(force, placed[index]),
            _training_state(force, placed[index]),
            _shift_end(force, placed[index], hour),
        )
        for index in known[:MOST_LISTED]
    ]
    left = len(placed) - len(rows)
    return tabulate_cells(
        columns=(
            Column(heading=_("Minutes"), numeric=True),
            Column(heading=_("Base")),
            Column(heading=_("Role")),
            Column(heading=_("Kit")),
            Column(heading=_("Training")),
            Column(heading=_("Shift ends")),
        ),
        rows=rows,
        caption=ngettext("{count} more is farther away.", "{count} more are farther away.", left).format(
            count=format_count(left)
        )
        if left
        else "",
    )


def _minutes(minutes: float) -> str:
    """Whole minutes and tenths below ten: next door is no fraction of a second."""
    return format_number(round(minutes, 1))


def _by_base(question: Question, force: Workforce, minutes: NDArray, who: NDArray[np.bool_]) -> DisclosedTable:
    counts = force.at_site(who)
    # Whether one of a handful works now is one person's shift.
    small = force.small_sites(fewest=question.thresholds.smallest_count_shown)
    hidden = small & (question.audience is not Audience.ANALYST)
    order = [site for site in np.argsort(np.nan_to_num(minutes, nan=np.inf)) if np.isfinite(minutes[site])]
    rows = [
        (
            _minutes(minutes[site]),
            force.site_names[site],
            hold_back()
            if hidden[site]
            else disclose_count(int(counts[site]), audience=question.audience, thresholds=question.thresholds),
        )
        for site in order[:MOST_LISTED]
    ]
    return tabulate_cells(
        columns=(
            Column(heading=_("Minutes"), numeric=True),
            Column(heading=_("Base")),
            Column(heading=_("Carriers in date"), numeric=True),
        ),
        rows=rows,
        caption="",
    )


def _kit_state(force: Workforce, carrier: int) -> str:
    chain = force.chain
    if not chain.steps[1].known:
        return _("not recorded")
    if not chain.steps[1].left[carrier]:
        return _("none")
    if chain.kit_undated[carrier]:
        return _("held, expiry not recorded")
    day = format_date(force.kit_expires_on[carrier].astype(object))
    if chain.kit_expired[carrier]:
        return _("expired {day}").format(day=day)
    return _("in date to {day}").format(day=day)


def _training_state(force: Workforce, carrier: int) -> str:
    if force.chain.training_lapsed[carrier]:
        return _("lapsed, over {months} months ago").format(months=VALID_MONTHS)
    return _("in date") if force.refreshers_known else _("refresher not recorded")


def _shift_end(force: Workforce, carrier: int, hour: int) -> str:
    own = force.roster[:, carrier]
    for step in range(1, HOURS_A_WEEK):
        if not own[(hour + step) % HOURS_A_WEEK]:
            return hour_words((hour + step) % HOURS_A_WEEK)
    return _("not recorded")
