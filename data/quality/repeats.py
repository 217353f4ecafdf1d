"""Records that may be there twice under different keys: single ones, and whole blocks of days.

Nothing is removed or added up: two people can be treated at one time and place. A block of days that was entered twice
is found by what its copies share (the minute, or the day with the place or the person's details), however the places
of the second copy were moved, rounded or made random, and whichever of the two has the finer times.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats
from scipy.spatial import cKDTree

from data.quality.warnings import ROWS_QUOTED, QualityWarning, make_warning
from data.schema import NOT_RECORDED
from wording import _, format_count, format_number, format_period, join_words, ngettext

__all__ = ["EVENT_DETAILS", "event_frame", "suspected_repeats"]

Ints = NDArray[np.int64]

# What a form says of a person, and two entries of one event would both say.
EVENT_DETAILS = (
    "gender",
    "age_band",
    "doses_given",
    "condition_before",
    "condition_after",
    "alive_at_handover",
    "taken_to_hospital",
)
# Details tell events apart where at least two are recorded and two random events agree less often than this.
_FEWEST_DETAILS, _DETAILS_AGREE = 2, 0.25

# Coincidences that chance gives are left alone: fewer than three times what is expected, or likely enough. People who
# live at one address make real pairs of the same day, so that days must be less likely than minutes.
_MINUTE_CHANCE, _SAME_MINUTE_CHANCE, _DAY_CHANCE, _TIMES_CHANCE = 0.05, 0.01, 0.01, 3.0
# Times to the hour agree once in 24; in a few rows one moment must not pass for a habit.
_CLOCKS_AGREE, _FEWEST_FOR_A_HABIT = 1 / 24, 20

# A block: so many pairs on so many different days. A real cluster has many records on a few days and near each other,
# but not every record of a week with a double; without equal minutes or equal details a week of doubles is asked for.
_FEWEST_PAIRS, _FEWEST_DAYS, _FEWEST_DAYS_BY_PLACE = 5, 3, 7
_LEAST_SHARE_PAIRED, _LEAST_SHARE_BY_PLACE = 0.5, 0.85
# Published places are moved at random by up to some hundred metres, in the country farther.
_MOVED_UP_TO_M = 1_000.0
# The same search with the copy taken from other days shows what chance does; a block must beat it twice over.
_OTHER_DAYS = (-14, -7, -2, -1, 1, 2, 7, 14)
_MINUTES_A_DAY = 1_440
# A file with more candidates is too dense for them to tell anything: a hundred records a day for years, or thousands of
# one minute.
_MOST_PAIRS = 500_000
_MOST_BLOCKS = 5
# A copy that was appended stands in one piece, with few rows between that are not of it.
_ROWS_BETWEEN, _SHARE_IN_ONE_PIECE = 10, 0.8
# Each block is found by one of these, the surest first.
_WAYS = ("minute", "hour_apart", "hour", "day")


def event_frame(records: pd.DataFrame, *, key: str) -> pd.DataFrame:
    """One row an event (the first of each `key`): what two entries of one event would share.

    Columns row (number in the file, 0 for stored events), key, day, minute (since 1970 UTC, -1 where only the day is
    known), easting_m, northing_m, area, person and the details. Rows known only to the month are left out.
    """
    events = records[~records[key].duplicated()]
    if "time_precision" in events:
        events = events[events["time_precision"].isin(["minute", "hour", "day"]).to_numpy()]
    instants = events["occurred_at"].dt.tz_convert("UTC").dt.tz_localize(None)
    minutes = instants.to_numpy().astype("datetime64[m]").astype(np.int64)
    nothing = pd.Series(np.full(len(events), None), index=events.index, dtype=object)
    metres = {
        name: events[name].to_numpy(dtype=float) if name in events else np.full(len(events), np.nan)
        for name in ("easting_m", "northing_m")
    }
    return pd.DataFrame(
        {
            "row": events.index.to_numpy(dtype=np.int64),
            "key": events[key].to_numpy(dtype=object),
            "day": events["local_date"].to_numpy().astype("datetime64[D]").astype(np.int64),
            "minute": np.where((events["time_precision"] == "minute").to_numpy(), minutes, -1),
            "midnight": _is_midnight(events, minutes),
            **metres,
            "area": events.get("small_area", nothing).to_numpy(dtype=object),
            "person": events.get("person_token", nothing).to_numpy(dtype=object),
            **{name: events[name].to_numpy(dtype=object) for name in EVENT_DETAILS if name in events},
        }
    )


def _is_midnight(events: pd.DataFrame, minutes: Ints) -> NDArray[np.bool_]:
    """Whether a time is exactly midnight where it happened (in a zone that is whole hours from UTC)."""
    if "local_hour" not in events:
        return np.zeros(len(events), dtype=bool)
    return (events["local_hour"] == 0).fillna(False).to_numpy(dtype=bool) & (minutes % 60 == 0)


def suspected_repeats(events: pd.DataFrame, *, stored: pd.DataFrame | None, snap_m: float) -> list[QualityWarning]:
    """Warnings of blocks of days entered twice, of the same time and place, and of the same person and day.

    `events` and `stored` (of other keys) are frames of event_frame. A pair is told of once, in the first that fits.
    """
    table = _numbered(events if stored is None or stored.empty else pd.concat([events, stored], ignore_index=True))
    warnings: list[QualityWarning] = []
    for block in _blocks(table, snap_m):
        warnings.append(_block_warning(table, block, snap_m))
        table = table.assign(told=table["told"] | table.index.isin(block.pairs["second"]))
    for kind, find in (
        ("same_time_and_place", _same_time_and_place),
        ("same_person_and_day", _same_person_and_day),
        ("same_time", _same_time),
    ):
        rest = table[~table["told"]].reset_index(names="position")
        pairs = find(rest)
        if len(pairs):
            warnings.append(_pairs_warning(kind, rest, pairs))
            table.loc[rest["position"].to_numpy()[pairs["second"]], "told"] = True
    return warnings


# --- what can be compared ---------------------------------------------------------------------------------------------


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """The events with their details as one number (-1 where they tell nothing) and their cell as another."""
    columns = [name for name in EVENT_DETAILS if name in table]
    recorded = np.zeros(len(table), dtype=np.int64)
    for name in columns:
        recorded += (table[name].notna() & (table[name] != NOT_RECORDED)).to_numpy()
    codes = (
        table[columns].astype("string").fillna("").groupby(columns, sort=False).ngroup().to_numpy()
        if columns
        else np.full(len(table), -1)
    )
    details = np.where(recorded >= _FEWEST_DETAILS, codes, -1)
    shares = np.unique(details[details >= 0], return_counts=True)[1] / max((details >= 0).sum(), 1)
    if (shares**2).sum() > _DETAILS_AGREE:
        details = np.full(len(table), -1)
    placed = np.isfinite(table["easting_m"].to_numpy(dtype=float))
    cells = table.groupby(["easting_m", "northing_m"], sort=False, dropna=False).ngroup().to_numpy()
    areas = pd.factorize(table["area"])[0]
    # Where there are no coordinates the area stands for the place, with a number of its own.
    place = np.where(placed, cells, np.where(areas >= 0, len(table) + areas, -1))
    return table.assign(details=details, place=place, key=pd.factorize(table["key"])[0], told=False)


def _pairs(table: pd.DataFrame, left: Ints, right: Ints) -> pd.DataFrame:
    """Pairs of rows whose values are equal: different events, at least one of this file, each pair once, the row that
    comes later in the file second."""
    if _pairs_to_come(left, right) > _MOST_PAIRS:
        return pd.DataFrame({"first": [], "second": []}, dtype=np.int64)
    first = pd.DataFrame({"value": left, "first": np.arange(len(table))})
    second = pd.DataFrame({"value": right, "second": np.arange(len(table))})
    found = first[first["value"] >= 0].merge(second[second["value"] >= 0], on="value")[["first", "second"]]
    rows, keys = table["row"].to_numpy(), table["key"].to_numpy()
    one, other = found["first"].to_numpy(), found["second"].to_numpy()
    fits = (keys[one] != keys[other]) & ((rows[one] > 0) | (rows[other] > 0)) & (one != other)
    found = found[fits]
    # Stored events have the number 0, so that they come first.
    swap = rows[found["first"]] > rows[found["second"]]
    one, other = found["first"].to_numpy(), found["second"].to_numpy()
    ordered = pd.DataFrame({"first": np.where(swap, other, one), "second": np.where(swap, one, other)})
    return ordered.drop_duplicates(ignore_index=True)


def _pairs_to_come(left: Ints, right: Ints) -> int:
    """How many pairs of equal values there are."""
    ours, counts = np.unique(left[left >= 0], return_counts=True)
    theirs, others = np.unique(right[right >= 0], return_counts=True)
    _shared, here, there = np.intersect1d(ours, theirs, assume_unique=True, return_indices=True)
    return int((counts[here].astype(np.float64) * others[there]).sum())


# --- single repeats ---------------------------------------------------------------------------------------------------


def _same_time_and_place(table: pd.DataFrame) -> pd.DataFrame:
    """Each later event of the same minute and place, or the same day, place and details where only days are known."""
    minutes = _codes(table, ["minute", "place"], (table["minute"] >= 0) & (table["place"] >= 0))
    by_minute = _later_of_each(table, minutes)
    known = (table["details"] >= 0) & (table["place"] >= 0)
    days = _codes(table, ["day", "place", "details"], known)
    by_day = _later_of_each(table, days)
    only_day = (table["minute"].to_numpy()[by_day["first"]] < 0) | (table["minute"].to_numpy()[by_day["second"]] < 0)
    found = [
        by_minute[: len(by_minute) * _unlikely(len(by_minute), _minutes_by_chance(table), _MINUTE_CHANCE)],
        by_day[only_day][: len(by_day) * _unlikely(int(only_day.sum()), _days_by_chance(table), _DAY_CHANCE)],
    ]
    return pd.concat(found, ignore_index=True)


def _same_person_and_day(table: pd.DataFrame) -> pd.DataFrame:
    person = pd.Series(pd.factorize(table["person"])[0], index=table.index)
    codes = _codes(table.assign(person=person), ["day", "person"], person >= 0)
    return _later_of_each(table, codes)


def _same_time(table: pd.DataFrame) -> pd.DataFrame:
    """Each later event of the same minute, wherever it was: in a sparse file two of them are two entries of one.

    Full hours tell nothing: a day's few events that were noted to the hour may well share one.
    """
    minutes = np.where(table["minute"] % 60 == 0, -1, table["minute"])
    pairs = _later_of_each(table, minutes)
    known = table[minutes >= 0]
    return pairs[: len(pairs) * _unlikely(len(pairs), _minutes_by_chance(known.assign(place=0)), _SAME_MINUTE_CHANCE)]


def _codes(table: pd.DataFrame, columns: list[str], known: pd.Series) -> Ints:
    """A number for each combination of `columns` among the known rows, -1 elsewhere."""
    codes = np.full(len(table), -1, dtype=np.int64)
    if known.any():
        codes[known.to_numpy()] = table.loc[known, columns].groupby(columns, sort=False).ngroup().to_numpy()
    return codes


def _later_of_each(table: pd.DataFrame, codes: Ints) -> pd.DataFrame:
    """Each row of this file that shares its code with an earlier event, and the first event with that code."""
    order = np.argsort(table["row"].to_numpy(), kind="stable")
    order = order[codes[order] >= 0]
    first = pd.Series(order).groupby(codes[order], sort=False).transform("first").to_numpy(dtype=np.int64)
    later = (first != order) & (table["row"].to_numpy()[order] > 0)
    return pd.DataFrame({"first": first[later], "second": order[later]})


def _unlikely(found: int, expected: float, chance: float) -> bool:
    """Whether chance would hardly give so many pairs."""
    return found > _TIMES_CHANCE * expected and bool(stats.poisson.sf(found - 1, expected) < chance)


def _minutes_by_chance(table: pd.DataFrame) -> float:
    """Pairs of one place that share a minute by chance, with the clock times as they are (heaped on some)."""
    known = table[(table["minute"] >= 0) & (table["place"] >= 0)]
    if known.empty:
        return 0.0
    clocks = (known["minute"] % _MINUTES_A_DAY).value_counts().to_numpy() / len(known)
    agree = float((clocks**2).sum())
    if len(known) < _FEWEST_FOR_A_HABIT:
        agree = min(agree, _CLOCKS_AGREE)
    return _pair_count(known["place"].to_numpy()) * agree / _span_days(known)


def _days_by_chance(table: pd.DataFrame) -> float:
    """Pairs of one place and the same details that share a day by chance."""
    known = table[(table["details"] >= 0) & (table["place"] >= 0)]
    if known.empty:
        return 0.0
    return _pair_count(_codes(known, ["place", "details"], known["day"] > -np.inf)) / _span_days(known)


def _pair_count(codes: Ints) -> float:
    counts = np.bincount(codes[codes >= 0]).astype(float)
    return float((counts * (counts - 1) / 2).sum())


def _span_days(table: pd.DataFrame) -> int:
    return int(table["day"].max() - table["day"].min()) + 1


def _pairs_warning(kind: str, table: pd.DataFrame, pairs: pd.DataFrame) -> QualityWarning:
    count = len(pairs)
    sentences = {
        "same_time_and_place": ngettext(
            "{count} row has the time and place of another under a different key: {pairs}.",
            "{count} rows have the time and place of others under different keys: {pairs}.",
            count,
        ),
        "same_time": ngettext(
            "{count} row has the very minute of another under a different key, at another place: {pairs}.",
            "{count} rows have the very minutes of others under different keys, at other places: {pairs}.",
            count,
        ),
        "same_person_and_day": ngettext(
            "{count} row has the person and day of another under a different key: {pairs}.",
            "{count} rows have the person and day of others under different keys: {pairs}.",
            count,
        ),
    }
    return make_warning(
        kind=kind,
        rows=table["row"].to_numpy()[pairs["second"]],
        sentence=sentences[kind].format(count=format_count(count), pairs=_named_pairs(table, pairs)),
        advice=_(
            "All are kept and count. If one is a second entry, take it out at the source; two people are no repeat."
        ),
    )


def _named_pairs(table: pd.DataFrame, pairs: pd.DataFrame) -> str:
    rows = table["row"].to_numpy()
    named = [
        _("{later} repeats {earlier}").format(later=format_count(rows[later]), earlier=format_count(rows[earlier]))
        if rows[earlier]
        else _("{later} repeats one that is stored").format(later=format_count(rows[later]))
        for earlier, later in pairs[["first", "second"]].head(ROWS_QUOTED // 2).to_numpy()
    ]
    more = len(pairs) - len(named)
    return join_words([*named, _("{count} more").format(count=format_count(more))] if more > 0 else named)


# --- blocks of days ---------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class _Block:
    """A run of days in which most events have a double; `way` is what the doubles share."""

    way: str
    pairs: pd.DataFrame
    score: float


def _blocks(table: pd.DataFrame, snap_m: float) -> Iterator[_Block]:
    """Blocks, the surest way first; events of one that was found are left out of the search for the next."""
    free = np.ones(len(table), dtype=bool)
    dense = _pair_count(table["day"].to_numpy() - int(table["day"].min())) > _MOST_PAIRS if len(table) else True
    for way in _WAYS:
        if dense and way in ("hour", "day"):
            continue
        for _number in range(_MOST_BLOCKS):
            block = _best_block(table[free].reset_index(drop=True), way, snap_m)
            if block is None:
                break
            positions = np.flatnonzero(free)
            pairs = pd.DataFrame({name: positions[block.pairs[name]] for name in ("first", "second")})
            free[pairs.to_numpy().ravel()] = False
            yield _Block(**(vars(block) | {"pairs": pairs}))


def _best_block(table: pd.DataFrame, way: str, snap_m: float) -> _Block | None:
    """The best run of days, where it is one that chance does not give."""
    best = None
    if len(table) < 2 * _FEWEST_PAIRS:
        return None
    for by_place in (False, True):
        matched = _matches(table, way, 0, by_place=by_place, snap_m=snap_m)
        if len(matched) < _FEWEST_PAIRS:
            continue
        least_share = _LEAST_SHARE_BY_PLACE if by_place else _LEAST_SHARE_PAIRED
        block = _best_run(table, way, matched, least_share)
        fewest_days = _FEWEST_DAYS_BY_PLACE if by_place else _FEWEST_DAYS
        days = table["day"].to_numpy()[block.pairs["second"]]
        if len(block.pairs) < _FEWEST_PAIRS or len(np.unique(days)) < fewest_days:
            continue
        by_chance = max(
            _best_run(table, way, _matches(table, way, lag, by_place=by_place, snap_m=snap_m), least_share).score
            for lag in _OTHER_DAYS
        )
        if block.score > 2 * by_chance and (best is None or block.score > best.score):
            best = block
    return best


def _matches(table: pd.DataFrame, way: str, lag: int, *, by_place: bool, snap_m: float) -> pd.DataFrame:
    """Pairs of events that could be two entries of one, `lag` days apart, each event in one pair at most."""
    minute = table["minute"].to_numpy()
    timed = minute >= 0
    if way in ("minute", "hour_apart"):
        if by_place:
            return pd.DataFrame({"first": [], "second": []}, dtype=np.int64)
        later = np.where(timed, minute + lag * _MINUTES_A_DAY + (60 if way == "hour_apart" else 0), -1)
        return _one_to_one(table, _pairs(table, later, np.where(timed, minute, -1)), None)
    if way == "hour":
        whole = timed & (minute % 60 == 0)
        left = np.where(whole, minute // 60 + lag * 24, -1)
        right = np.where(timed & ~whole, minute // 60, -1)
    else:
        # A copy may have come with its dates alone, each at midnight, among rows that have their times.
        untimed = ~timed | table["midnight"].eq(True).to_numpy(dtype=bool)
        day = table["day"].to_numpy() - int(table["day"].min()) + 100
        left, right = np.where(untimed, day + lag, -1), day
    pairs = _pairs(table, left, right)
    metres = table[["easting_m", "northing_m"]].to_numpy(dtype=float)
    apart_m = np.hypot(*(metres[pairs["first"]] - metres[pairs["second"]]).T)
    if by_place:
        moved = _common_move(metres[pairs["second"]] - metres[pairs["first"]], snap_m)
        fits = (apart_m <= _MOVED_UP_TO_M) | moved
        return _one_to_one(table, pairs[fits], np.where(moved, 0.0, apart_m)[fits])
    details = table["details"].to_numpy()
    same = (details[pairs["first"]] >= 0) & (details[pairs["first"]] == details[pairs["second"]])
    return _one_to_one(table, pairs[same], np.nan_to_num(apart_m[same], nan=np.inf))


def _common_move(moves_m: NDArray[np.float64], snap_m: float) -> NDArray[np.bool_]:
    """Which pairs are moved by the one offset that most share, to within what snapping changes."""
    common = np.zeros(len(moves_m), dtype=bool)
    known = np.flatnonzero(np.isfinite(moves_m).all(axis=1))
    if len(known) >= _FEWEST_PAIRS:
        tree = cKDTree(moves_m[known])
        near = tree.query_ball_point(moves_m[known], r=1.5 * snap_m, return_length=True)
        centre = moves_m[known][int(np.argmax(near))]
        common[known] = np.hypot(*(moves_m[known] - centre).T) <= 1.5 * snap_m
    return common


def _one_to_one(table: pd.DataFrame, pairs: pd.DataFrame, cost: NDArray[np.float64] | None) -> pd.DataFrame:
    """The cheapest pairs such that no event is in two; of equals, copies stand farthest apart in the file."""
    rows = table["row"].to_numpy()
    apart = rows[pairs["second"]] - rows[pairs["first"]]
    order = np.lexsort((-apart, np.zeros(len(pairs)) if cost is None else cost))
    used: set[int] = set()
    kept = []
    for first, second in pairs.to_numpy()[order]:
        if first not in used and second not in used:
            used |= {first, second}
            kept.append((first, second))
    return pd.DataFrame(np.array(kept, dtype=np.int64).reshape(-1, 2), columns=["first", "second"])


def _best_run(table: pd.DataFrame, way: str, matched: pd.DataFrame, least_share: float) -> _Block:
    """The run of days with the most paired events beyond `least_share` of all (the largest sum of a segment)."""
    days = table["day"].to_numpy()
    start = int(days.min())
    events = np.bincount(days - start)
    paired = np.bincount(np.concatenate([days[matched[name]] for name in matched]) - start, minlength=len(events))
    gain = paired - least_share * events
    best = (0.0, 0, -1)
    total, since = 0.0, 0
    for day, value in enumerate(gain):
        if total <= 0:
            total, since = 0.0, day
        total += value
        if total > best[0]:
            best = (total, since, day)
    score, first, last = best
    inside = (days[matched["second"]] >= start + first) & (days[matched["second"]] <= start + last)
    return _Block(way=way, pairs=_entered_in_a_row(table, matched[inside]), score=score)


def _entered_in_a_row(table: pd.DataFrame, pairs: pd.DataFrame) -> pd.DataFrame:
    """Without pairs that chance gave on the days beside the block, where the copy stands in one piece in the file."""
    ordered = pairs.sort_values("second")
    rows = table["row"].to_numpy()[ordered["second"]]
    piece = np.cumsum(np.diff(rows, prepend=rows[:1]) > _ROWS_BETWEEN)
    sizes = np.bincount(piece) if len(piece) else np.zeros(1, dtype=np.int64)
    if sizes.max() >= _SHARE_IN_ONE_PIECE * len(pairs):
        ordered = ordered[piece == int(sizes.argmax())]
    return ordered.sort_index().reset_index(drop=True)


def _block_warning(table: pd.DataFrame, block: _Block, snap_m: float) -> QualityWarning:
    rows = table["row"].to_numpy()
    first, second = (block.pairs[name].to_numpy() for name in ("first", "second"))
    days = table["day"].to_numpy()[second]
    shared = {
        "minute": _("at the same minutes"),
        "hour_apart": _("exactly one hour apart"),
        "hour": _("in the same hours, one of the two to the hour only"),
        "day": _("on the same days, at least one of the two without a time"),
    }
    sentence = _(
        "The days {period} seem to be there twice: {count} records repeat others under different keys, {shared}, "
        "{places}."
    ).format(
        period=format_period(_date(days.min()), _date(days.max())),
        count=format_count(len(block.pairs)),
        shared=shared[block.way],
        places=_places_compared(table, first, second, snap_m),
    )
    return make_warning(
        kind="doubled_days",
        rows=rows[second],
        sentence=sentence,
        advice=_("All are kept and count. Take the second copy out at the source and import again."),
    )


def _places_compared(table: pd.DataFrame, first: Ints, second: Ints, snap_m: float) -> str:
    metres = table[["easting_m", "northing_m"]].to_numpy(dtype=float)
    moves = metres[second] - metres[first]
    known = moves[np.isfinite(moves).all(axis=1)]
    if not len(known):
        return _("their places not known")
    apart_m = np.hypot(*known.T)
    if np.median(apart_m) == 0 and (apart_m == 0).mean() > 0.9:
        return _("at the same places")
    middle = np.median(known, axis=0)
    if (np.hypot(*(known - middle).T) <= 1.5 * snap_m).mean() > 0.9 and np.hypot(*middle) > 1.5 * snap_m:
        return _("all moved by about {metres} m").format(metres=format_number(float(np.hypot(*middle))))
    return _("at places {metres} m apart at the median").format(metres=format_number(float(np.median(apart_m))))


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))
