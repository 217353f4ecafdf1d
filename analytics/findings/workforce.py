"""Who carries on a day, as far as the records can tell: carriers with training, kit, base and roster.

What is not recorded is named and left open. A roster is the typical week where there is one, else one dated week as it
was planned; where there is neither nobody is said to be on shift.
"""

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.carriers import CarrierChain, carrier_chain
from analytics.findings.question import Question
from analytics.findings.week import HOURS_A_WEEK
from wording import _, format_count, format_date, ngettext

__all__ = ["Workforce", "read_workforce", "roster_imported"]

Booleans = NDArray[np.bool_]
Integers = NDArray[np.int64]
Floats = NDArray[np.float64]

NO_SITE = -1


@dataclass(frozen=True, kw_only=True, eq=False)
class Workforce:
    """Carriers on `as_of`, one entry each; `site` is an index into the bases, NO_SITE where the base has no place.

    `roster`, shape (168, carriers), says who is rostered in each hour of the week; None without shifts.
    """

    as_of: date
    role: NDArray[np.object_]
    base: NDArray[np.object_]
    bcu: NDArray[np.object_]
    site: Integers
    site_names: tuple[str, ...]
    site_easting_m: Floats
    site_northing_m: Floats
    chain: CarrierChain
    refreshers_known: bool
    kit_expires_on: NDArray[np.datetime64]
    roster: Booleans | None
    roster_words: str
    missing: tuple[str, ...]

    @property
    def ready(self) -> Booleans:
        """Who may carry, whatever the shift."""
        return self.chain.ready

    @property
    def on_shift(self) -> Booleans | None:
        """Ready and rostered, shape (168, carriers)."""
        return None if self.roster is None else self.roster & self.ready

    def small_sites(self, *, fewest: int) -> Booleans:
        """Bases with fewer carriers in date than may be told, (bases,): when one of a handful works is private."""
        ready = self.at_site(self.ready)
        return (ready > 0) & (ready < fewest)

    def at_site(self, who: Booleans) -> Integers:
        """How many of those marked, shape (..., carriers), belong to each base: (..., bases)."""
        member = np.zeros((len(self.site), len(self.site_names)), dtype=np.int64)
        placed = self.site != NO_SITE
        member[np.flatnonzero(placed), self.site[placed]] = 1
        return who.astype(np.int64) @ member


def read_workforce(question: Question) -> Workforce:
    """Everyone who has a role on the last day of the question's period."""
    store, as_of = question.store, question.filters.last_day
    frame = store.carriers(scope=question.scope, as_of=as_of)
    roster, roster_words = _roster(question, frame)
    refreshed, expires = _days(frame["refreshed_on"]), _days(frame["kit_expires_on"])
    holders_known = store.names_holders_of_kits()
    chain = carrier_chain(
        as_of=as_of,
        trained_on=_days(frame["trained_on"]),
        refreshed_on=None if np.isnat(refreshed).all() else refreshed,
        holds_kit=frame["holds_kit"].to_numpy(bool) if holders_known else None,
        kit_expires_on=expires if holders_known and not np.isnat(expires).all() else None,
        on_shift=None if roster is None else roster.any(axis=0),
    )
    names, easting_m, northing_m, site = _sites(question, frame)
    lost = int((site == NO_SITE).sum())
    missing = [] if len(frame) else [_("Carriers are not recorded: bring them in on the page “Data quality”.")]
    if lost:
        missing.append(
            ngettext(
                "{count} carrier's base has no place, so nobody is reached from there.",
                "{count} carriers' base has no place, so nobody is reached from there.",
                lost,
            ).format(count=format_count(lost))
        )
    return Workforce(
        as_of=as_of,
        role=frame["role"].to_numpy(object),
        base=frame["base"].to_numpy(object),
        bcu=_bcus(question, frame, site, easting_m, northing_m),
        site=site,
        site_names=names,
        site_easting_m=easting_m,
        site_northing_m=northing_m,
        chain=chain,
        refreshers_known=not np.isnat(refreshed).all(),
        kit_expires_on=expires,
        roster=roster,
        roster_words=roster_words,
        missing=(*missing, *(chain.missing if len(frame) else ())),
    )


def roster_imported(question: Question) -> date | None:
    """The day on which shifts came in last; None where none ever did."""
    imports = question.store.imports()
    moments = imports.loc[imports["target"] == "shifts", "imported_at"]
    return None if moments.empty else moments.max().date()


def _days(column: pd.Series) -> NDArray[np.datetime64]:
    return column.to_numpy().astype("datetime64[D]")


def _roster(question: Question, frame: pd.DataFrame) -> tuple[Booleans | None, str]:
    """Who is rostered in each hour of the week, and where that comes from."""
    number = frame["officer"].to_numpy(float)
    typical = question.store.typical_hours()
    if len(typical):
        table = _table(typical["officer"], typical["hour_of_week"])
        return _of_carriers(table, number), _("the roster of a typical week")
    dated = question.store.dated_shifts()
    if dated.empty:
        return None, ""
    monday, shifts = _one_week(dated, question.filters.last_day)
    # A shift counts in an hour where it covers the middle of it.
    first = np.ceil((shifts["starts_at"] - monday) / pd.Timedelta(hours=1) - 0.5).astype(int).to_numpy()
    behind = np.ceil((shifts["ends_at"] - monday) / pd.Timedelta(hours=1) - 0.5).astype(int).to_numpy()
    first, behind = first.clip(0, HOURS_A_WEEK), behind.clip(0, HOURS_A_WEEK)
    length = behind - first
    hour = np.repeat(first - (np.cumsum(length) - length), length) + np.arange(length.sum())
    table = _table(shifts["officer"].repeat(length), pd.Series(hour))
    week = _("the dated roster of the week from {day}").format(day=format_date(monday.date()))
    return _of_carriers(table, number), week


def _table(officer: pd.Series, hour: pd.Series) -> Booleans:
    table = np.zeros((HOURS_A_WEEK, int(officer.max(skipna=True)) + 1 if len(officer) else 1), dtype=bool)
    table[hour.to_numpy(int), officer.to_numpy(int)] = True
    return table


def _of_carriers(table: Booleans, number: Floats) -> Booleans:
    known = np.isfinite(number) & (number < table.shape[1])
    return table[:, np.where(known, number, 0).astype(int)] & known


def _one_week(dated: pd.DataFrame, day: date) -> tuple[pd.Timestamp, pd.DataFrame]:
    """The week, Monday to Sunday, that holds the day; else the last planned one before it, else the first after."""
    monday = pd.Timestamp(day - timedelta(days=day.weekday()))
    starts = dated["starts_at"].dt.normalize()
    weeks = np.unique(starts - pd.to_timedelta(starts.dt.weekday, unit="D"))
    before = weeks[weeks <= np.datetime64(monday)]
    chosen = pd.Timestamp(before[-1] if len(before) else weeks[0])
    inside = (dated["ends_at"] > chosen) & (dated["starts_at"] < chosen + pd.Timedelta(days=7))
    return chosen, dated[inside]


def _sites(question: Question, frame: pd.DataFrame) -> tuple[tuple[str, ...], Floats, Floats, Integers]:
    """Bases with a place: that of their carriers, else that of the named place; and each carrier's base."""
    places = question.geography.places
    known = {
        str(name).casefold(): (east, north)
        for name, east, north in zip(places["name"], places["easting_m"], places["northing_m"], strict=True)
    }
    names, easting_m, northing_m = [], [], []
    site = np.full(len(frame), NO_SITE, dtype=np.int64)
    for name, rows in frame.groupby("base", sort=True).indices.items():
        own = frame[["easting_m", "northing_m"]].to_numpy(float)[rows]
        own = own[np.isfinite(own).all(axis=1)]
        east, north = np.median(own, axis=0) if len(own) else known.get(str(name).casefold(), (np.nan, np.nan))
        if np.isfinite(east) and np.isfinite(north):
            site[rows] = len(names)
            names.append(str(name))
            easting_m.append(east)
            northing_m.append(north)
    return tuple(names), np.array(easting_m), np.array(northing_m), site


def _bcus(
    question: Question, frame: pd.DataFrame, site: Integers, easting_m: Floats, northing_m: Floats
) -> NDArray[np.object_]:
    """Each carrier's command unit: the place of the base decides, else what the register says."""
    said = frame["bcu"].fillna("").to_numpy(object)
    if not len(easting_m):
        return said
    labels = question.geography.label_area(easting_m=easting_m, northing_m=northing_m).bcu
    codes = {*question.geography.bcus["code"]}
    placed = np.where(site == NO_SITE, "", labels[site])
    return np.where(np.isin(placed, list(codes)), placed, said)
