"""Records that may be there twice under different keys: single ones, and whole blocks of days.

Nothing is removed or added up: two people can be treated at one time and place. A block of days that was entered twice
is found by what its copies share (the minute, or the day with the place or the person's details), however the places
of the second copy were moved, rounded or made random, and whichever of the two has the finer times.
"""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date, timedelta

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from data.quality.blocks import Block, find_blocks
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

_MINUTES_AN_HOUR, _MINUTES_A_DAY = 60, 1_440
# A second entry says the same of the person, but for a field that was edited now and then.
_FEWEST_DETAILS_KNOWN, _LEAST_ALIKE = 5, 0.4
# Times are cut or rounded to fives, tens, quarters or halves of an hour.
_ROUNDED_TO_MIN = (30, 15, 10, 5)
# Doubles that are some minutes apart, by rounding; and the most that is cut off.
_ROUNDED_MIN, _CUT_MIN = 15, max(_ROUNDED_TO_MIN)
# What is said of a block's times and places holds for so many of its doubles.
_NEARLY_ALL = 0.9
# More equal values than this are no sign of a second entry: thousands of rows of one minute.
_MOST_PAIRS = 500_000


def event_frame(records: pd.DataFrame, *, key: str) -> pd.DataFrame:
    """One row an event (the first of each `key`): what two entries of one event would share.

    Columns row (number in the file, 0 for stored events), key, day, minute (since 1970 UTC, -1 where only the day is
    known), recorded (the minute of its entry, -1 where that is not known), people (how many records it has), easting_m,
    northing_m, area, person and the details. Rows known only to the month are left out.
    """
    # Numbered by first appearance, as the events are.
    people = np.bincount(pd.factorize(records[key])[0])
    events = records[~records[key].duplicated()]
    if "time_precision" in events:
        dated = events["time_precision"].isin(["minute", "hour", "day"]).to_numpy()
        events, people = events[dated], people[dated]
    minutes = _utc_minutes(events["occurred_at"])
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
            "minute": np.where((events["time_precision"] == "day").to_numpy(), -1, minutes),
            "midnight": _is_midnight(events, minutes),
            "people": people,
            "recorded": _utc_minutes(events["recorded_at"]) if "recorded_at" in events else -1,
            **metres,
            "area": events.get("small_area", nothing).to_numpy(dtype=object),
            "person": events.get("person_token", nothing).to_numpy(dtype=object),
            **{name: events[name].to_numpy(dtype=object) for name in EVENT_DETAILS if name in events},
        }
    )


def _utc_minutes(instants: pd.Series) -> Ints:
    """Whole minutes since 1970 UTC, -1 where there is none."""
    minutes = instants.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy().astype("datetime64[m]")
    return np.where(np.isnat(minutes), -1, minutes.astype(np.int64))


def _is_midnight(events: pd.DataFrame, minutes: Ints) -> NDArray[np.bool_]:
    """Whether a time, if more than its hour is known, is exactly midnight where it happened (in a zone that is whole
    hours from UTC), and so perhaps none.
    """
    if "local_hour" not in events:
        return np.zeros(len(events), dtype=bool)
    exact = (events["time_precision"] == "minute").to_numpy(dtype=bool)
    return exact & (events["local_hour"] == 0).fillna(False).to_numpy(dtype=bool) & (minutes % 60 == 0)


def suspected_repeats(
    events: pd.DataFrame, *, stored: pd.DataFrame | None, snap_m: float
) -> tuple[list[QualityWarning], Ints]:
    """Warnings of blocks of days entered twice, of the same time and place, and of the same person and day.

    `events` and `stored` (of other keys) are frames of event_frame. A pair is told of once, in the first that fits.
    Also returns the rows whose midnight the blocks tell to be a date without a time.
    """
    table = _numbered(events if stored is None or stored.empty else pd.concat([events, stored], ignore_index=True))
    del events
    warnings: list[QualityWarning] = []
    dates = [np.empty(0, dtype=np.int64)]
    details = table["details"].to_numpy()
    blocks = [
        block
        for block in find_blocks(table, details=[name for name in EVENT_DETAILS if name in table])
        if not _of_other_people(details[block.pairs["first"]], details[block.pairs["second"]])
    ]
    blocks = _of_one_rounding(blocks, table["day"].to_numpy(), table["minute"].to_numpy())
    blocks = _overlapping_as_one(blocks, table["day"].to_numpy())
    table["told"] = table.index.isin(np.concatenate([[], *(block.pairs["second"] for block in blocks)]))
    for block in blocks:
        block = _with_the_same_minutes(block, table) if block.time == "day" else block
        warnings.append(_block_warning(table, block, snap_m))
        dates.append(_midnights_without_time(table, block))
        table = table.assign(told=table["told"] | table.index.isin(block.pairs["second"]))
    # The rest of a million wide rows would be copied with each step.
    table = table[["row", "day", "minute", "place", "details", "told"]].assign(person=pd.factorize(table["person"])[0])
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
    return warnings, np.concatenate(dates)


# --- what can be compared ---------------------------------------------------------------------------------------------


def _numbered(table: pd.DataFrame) -> pd.DataFrame:
    """The events with their details as one number (-1 where they tell nothing) and their cell as another."""
    stated = table.reindex(columns=EVENT_DETAILS).astype("string").replace(NOT_RECORDED, pd.NA)
    # A detail that only the file or only the store has would make every pair differ; where one of them says hardly
    # anything of a person, it differs from none, and the other's events can still be told from one another.
    for part in (table["row"] > 0, table["row"] == 0):
        told = stated[part.to_numpy()].notna().any()
        if told.sum() >= _FEWEST_DETAILS:
            stated = stated.loc[:, told]
    recorded = stated.notna().sum(axis=1).to_numpy()
    codes = (
        stated.fillna("").groupby(list(stated.columns), sort=False).ngroup().to_numpy()
        if len(stated.columns)
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
    return _later_of_each(table, _codes(table, ["day", "person"], table["person"] >= 0))


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
    if len(pairs) > 1 and not rows[pairs["first"]].any():
        return _("each repeats one that is stored")
    named = [
        _("{later} repeats {earlier}").format(later=format_count(rows[later]), earlier=format_count(rows[earlier]))
        if rows[earlier]
        else _("{later} repeats one that is stored").format(later=format_count(rows[later]))
        for earlier, later in pairs[["first", "second"]].head(ROWS_QUOTED // 2).to_numpy()
    ]
    more = len(pairs) - len(named)
    return join_words([*named, _("{count} more").format(count=format_count(more))] if more > 0 else named)


# --- blocks of days ---------------------------------------------------------------------------------------------------


def _of_other_people(first: Ints, second: Ints) -> bool:
    """Whether most doubles are of people who differ: two of one incident each time, and no second entry."""
    known = (first >= 0) & (second >= 0)
    return bool(known.sum() >= _FEWEST_DETAILS_KNOWN and (first == second)[known].mean() < _LEAST_ALIKE)


def _of_one_rounding(blocks: Sequence[Block], days: Ints, minutes: Ints) -> list[Block]:
    """The blocks; those of the same days whose doubles are some minutes apart are one, with one entry rounded."""
    kept: list[Block] = []
    near: list[Block] = []
    for block in blocks:
        few_minutes = block.time in ("minute", "offset") and block.offset_min <= _ROUNDED_MIN and not block.days_apart
        (near if few_minutes else kept).append(block)
    groups: list[list[Block]] = []
    last = -1
    for block in sorted(near, key=lambda each: days[each.pairs["second"]].min()):
        of_block = days[block.pairs["second"]]
        if groups and of_block.min() <= last:
            groups[-1].append(block)
        else:
            groups.append([block])
        last = max(last, int(of_block.max()))
    for group in groups:
        pairs = pd.concat([each.pairs for each in group], ignore_index=True)
        if len(group) > 1:
            pairs = _with_a_rounded_one(pairs, minutes)
        kept.append(group[0] if len(group) == 1 else Block(time="minute", offset_min=0, pairs=pairs))
    return kept


def _overlapping_as_one(blocks: Sequence[Block], days: Ints) -> list[Block]:
    """The blocks; those whose doubles are told alike and whose days overlap are one."""
    kept: list[Block] = []
    for block in blocks:
        of_block = days[block.pairs["second"]]
        for place, other in enumerate(kept):
            alike = (block.time, block.offset_min, block.days_apart) == (other.time, other.offset_min, other.days_apart)
            of_other = days[other.pairs["second"]]
            if alike and of_block.min() <= of_other.max() and of_other.min() <= of_block.max():
                pairs = pd.concat([other.pairs, block.pairs], ignore_index=True).drop_duplicates("second")
                kept[place] = replace(other, pairs=pairs.reset_index(drop=True))
                break
        else:
            kept.append(block)
    return kept


def _entries_of_each(pairs: pd.DataFrame) -> int:
    """How many entries most of the doubled records have: two, or more where copies were copied too."""
    first_of = dict(zip(pairs["second"].tolist(), pairs["first"].tolist(), strict=True))
    entries: dict[int, int] = {}
    for row in first_of:
        origin, seen = row, set()
        while origin in first_of and origin not in seen:
            seen.add(origin)
            origin = first_of[origin]
        entries[origin] = entries.get(origin, 1) + 1
    return int(np.median(list(entries.values())))


def _with_the_same_minutes(block: Block, table: pd.DataFrame) -> Block:
    """The block of days with its doubles of the same minute and place: where some times are lost, others are kept."""
    days = table["day"].to_numpy()[block.pairs["second"]]
    apart = (
        ~table.index.isin(block.pairs.to_numpy().ravel())
        & ~table["told"]
        & table["day"].between(days.min(), days.max())
    )
    rest = table[apart].reset_index(names="position")
    known = (rest["minute"] >= 0) & (rest["place"] >= 0)
    pairs = _later_of_each(rest, _codes(rest, ["minute", "place"], known))
    details = rest["details"].to_numpy()[pairs.to_numpy()]
    alike = (details[:, 0] == details[:, 1]) | (details < 0).any(axis=1)
    position = rest["position"].to_numpy()
    more = pd.DataFrame({name: position[pairs.loc[alike, name].to_numpy()] for name in ("first", "second")})
    return replace(block, pairs=pd.concat([block.pairs, more], ignore_index=True))


def _with_a_rounded_one(pairs: pd.DataFrame, minutes: Ints) -> pd.DataFrame:
    """Without pairs of chance: where nearly all doubles have one time on a five, ten or quarter, those that do not."""
    for step_min in _ROUNDED_TO_MIN:
        rounded = (minutes[pairs.to_numpy()] % step_min == 0).any(axis=1)
        if rounded.mean() > _NEARLY_ALL:
            return pairs[rounded].reset_index(drop=True)
    return pairs


def _block_warning(table: pd.DataFrame, block: Block, snap_m: float) -> QualityWarning:
    rows = table["row"].to_numpy()
    first, second = (block.pairs[name].to_numpy() for name in ("first", "second"))
    days = table["day"].to_numpy()[second]
    untimed = (table["minute"] < 0).to_numpy() | table["midnight"].eq(True).to_numpy()
    hours, minutes = divmod(block.offset_min, 60)
    offset = (
        ngettext("exactly {count} minute apart", "exactly {count} minutes apart", block.offset_min)
        if minutes
        else ngettext("exactly {count} hour apart", "exactly {count} hours apart", hours)
    )
    shared = {
        "minute": _minutes_compared(table["minute"].to_numpy()[first], table["minute"].to_numpy()[second]),
        "offset": offset.format(count=format_count(block.offset_min if minutes else hours)),
        "hour": _("in the same hours, one of the two to the hour only"),
        "day": _("on the same days, at least one of the two without a time")
        if untimed[first].any() or untimed[second].any()
        else _("on the same days, at other times"),
    }
    times = _entries_of_each(block.pairs)
    sentence = (
        _(
            "The days {period} seem to be there twice: {count} records repeat others under different keys, {shared}, "
            "{places}."
        )
        if times == 2
        else _(
            "The days {period} seem to be there {times} times: {count} records repeat others under different keys, "
            "{shared}, {places}."
        )
    ).format(
        times=format_count(times),
        period=format_period(_date(days.min()), _date(days.max())),
        count=format_count(len(block.pairs)),
        shared=_days_compared(block.days_apart) if block.days_apart else shared[block.time],
        places=_places_compared(table, first, second, snap_m),
    )
    people = int(table["people"].to_numpy()[second].sum())
    if people > len(block.pairs):
        sentence += " " + _("With them {people} people are counted once more.").format(people=format_count(people))
    in_file = table["day"].to_numpy()[rows > 0]
    if rows[first].min() > 0 and np.ptp(days) >= _NEARLY_ALL * np.ptp(in_file):
        advice = _(
            "They lie all through the file. All are kept and count. Where one person has several rows, one for each "
            "drug, dose or officer, say so in the mapping (rows); only if the file was entered twice, take one out."
        )
    else:
        advice = _(
            "All are kept and count. Take the second copy out at the source, with the days just before and after it "
            "where these are doubled too, and import again."
        )
    return make_warning(kind="doubled_days", rows=rows[second], sentence=sentence, advice=advice)


def _midnights_without_time(table: pd.DataFrame, block: Block) -> Ints:
    """The rows of the file at midnight to the minute, where the block's doubles share the day and one of them no time.

    Of two at midnight the second entry is the date: the first may have happened then.
    """
    at_midnight = table["midnight"].eq(True).to_numpy() & (table["minute"] >= 0).to_numpy()
    untimed = at_midnight | (table["minute"] < 0).to_numpy()
    first, second = (block.pairs[name].to_numpy() for name in ("first", "second"))
    if block.time != "day" or (untimed[first] | untimed[second]).mean() < _NEARLY_ALL:
        return np.empty(0, dtype=np.int64)
    dates = np.where(at_midnight[second], second, np.where(untimed[second], -1, first))
    dates = dates[dates >= 0]
    rows = table["row"].to_numpy()[dates[at_midnight[dates]]]
    return rows[rows > 0]


def _days_compared(days_apart: int) -> str:
    return ngettext(
        "exactly {count} day apart, as if their dates were wrong",
        "exactly {count} days apart, as if their dates were wrong",
        days_apart,
    ).format(count=format_count(days_apart))


def _minutes_compared(first: Ints, second: Ints) -> str:
    apart_min = np.abs(first - second)[(first >= 0) & (second >= 0)]
    near = apart_min[apart_min < _CUT_MIN]
    if not len(near) or (near == 0).mean() > _NEARLY_ALL:
        to_the_hour = (first % _MINUTES_AN_HOUR == 0).all() and (second % _MINUTES_AN_HOUR == 0).all()
        return _("in the same hours") if to_the_hour and len(near) else _("at the same minutes")
    return ngettext(
        "at times up to {count} minute apart, as if one of the two were rounded",
        "at times up to {count} minutes apart, as if one of the two were rounded",
        int(near.max()),
    ).format(count=format_count(int(near.max())))


def _places_compared(table: pd.DataFrame, first: Ints, second: Ints, snap_m: float) -> str:
    metres = table[["easting_m", "northing_m"]].to_numpy(dtype=float)
    moves = metres[second] - metres[first]
    known = moves[np.isfinite(moves).all(axis=1)]
    if not len(known):
        return _("their places not known")
    apart_m = np.hypot(*known.T)
    if np.median(apart_m) == 0 and (apart_m == 0).mean() > _NEARLY_ALL:
        return _("at the same places")
    middle = np.median(known, axis=0)
    if (np.hypot(*(known - middle).T) <= 1.5 * snap_m).mean() > _NEARLY_ALL and np.hypot(*middle) > 1.5 * snap_m:
        return _("all moved by about {metres} m").format(metres=format_number(float(np.hypot(*middle))))
    if np.median(apart_m) == 0:
        return _("most of them in the same {metres} m").format(metres=format_number(snap_m))
    return _("at places {metres} m apart at the median").format(metres=format_number(float(np.median(apart_m))))


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=int(day))
