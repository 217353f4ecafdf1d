"""Ambulance clocks of a row: two times, or minutes, and the outcome; a wait that cannot be is set aside."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from data.mapping import WaitLayout, clocks_of, plain_heading
from data.records.cells import Cells, Columns, anything_filled
from data.records.fields import read_values
from data.records.numbers import read_numbers
from data.records.times import LONGEST_WAIT_MINUTES, read_moments
from data.records.work import BlockWork
from data.schema import NOT_RECORDED, WAIT_OUTCOMES, table_named
from data.values import Moments

__all__ = ["read_waits", "settle_wait_table"]


def read_waits(work: BlockWork, columns: Columns) -> None:
    """The waits side by side, each field with the wait's number: "wait0_minutes"."""
    for number, layout in enumerate(work.mapping.waits):
        columns |= {f"wait{number}_{name}": values for name, values in _wait(work, layout).items()}


def settle_wait_table(work: BlockWork, columns: Columns) -> None:
    """The same rules for a file that is a table of waits, whose fields were read."""
    started, ended = (work.mapping.headings_of(name) for name in ("started_at", "ended_at"))
    told_of = (*ended, *work.mapping.headings_of("minutes"))
    cells = work.cells(told_of[0]) if told_of else None
    _settle(work, columns, work.moments.get("ended_at"), cells, one_day=_share_a_day(started, ended))


def _wait(work: BlockWork, layout: WaitLayout) -> Columns:
    """One clock of the form; `present` where the form says anything of it."""
    started, ended = ((each,) if isinstance(each, str) else each for each in (layout.started_at, layout.ended_at))
    columns: Columns = {}
    told_by = (*clocks_of(started), *clocks_of(ended), *filter(None, (layout.minutes, layout.outcome)))
    end_moments = None
    if started:
        columns["started_at"] = read_moments(work, "started_at", started).instants.array
    if ended:
        end_moments = read_moments(work, "ended_at", ended)
        columns["ended_at"] = end_moments.instants.array
    if layout.minutes:
        columns["minutes"] = read_numbers(work, "minutes", work.cells(layout.minutes))
    if layout.outcome:
        columns["outcome"] = read_values(work, table_named("waits").field("outcome"), layout.outcome)
    columns["present"] = anything_filled([work.cells(heading) for heading in told_by])
    told_of = ended[0] if ended else layout.minutes
    cells = work.cells(told_of) if told_of else None
    _settle(work, columns, end_moments, cells, one_day=_share_a_day(started, ended))
    return columns


def _share_a_day(started: Sequence[str], ended: Sequence[str]) -> bool:
    """Whether two clocks have one column of dates: the day of the call, which an arrival past midnight has too."""
    return len(started) > 1 and len(ended) > 1 and plain_heading(started[0]) == plain_heading(ended[0])


def _settle(
    work: BlockWork, columns: Columns, end_moments: Moments | None, cells: Cells | None, *, one_day: bool
) -> None:
    """Minutes from the two times (else as stated) and the outcome; one that cannot be is set aside.

    An end that came twice as the clocks went back is taken the second time where the first is before the start.
    Where both clocks share the `one_day` that is written, an end before the start is the next day's, if the wait
    is then one that can be.
    """
    count = len(work.rows)
    minutes = np.asarray(columns.get("minutes", np.full(count, np.nan)), dtype=float)
    if "started_at" in columns and end_moments is not None:
        start = pd.Series(columns["started_at"])
        end = end_moments.instants
        second = (end < start).to_numpy() & end_moments.ambiguous
        end = end.mask(second, end_moments.later_instants)
        if one_day:
            next_day = end + pd.Timedelta(days=1)
            past = (end < start) & (next_day - start <= pd.Timedelta(minutes=LONGEST_WAIT_MINUTES))
            work.note("waits_past_midnight", past.to_numpy())
            end = end.mask(past, next_day)
        timed = ((end - start).dt.total_seconds() / 60).to_numpy()
        minutes = np.where(np.isfinite(timed), timed, minutes)
        columns["ended_at"] = end.array
    negative, too_long = minutes < 0, minutes > LONGEST_WAIT_MINUTES
    unusable = negative | too_long
    work.set_aside(negative, field="minutes", reason="wait_negative", cells=cells)
    work.set_aside(too_long, field="minutes", reason="wait_too_long", cells=cells)
    minutes = np.where(unusable, np.nan, minutes)
    zero = minutes == 0
    stated = pd.Series(columns.get("outcome", pd.Categorical([NOT_RECORDED] * count, categories=list(WAIT_OUTCOMES))))
    # "Not called" beside two clocks that are the same is no ambulance that was there.
    there = zero & stated.isin([NOT_RECORDED, "arrived", "already_there"]).to_numpy()
    minutes = np.where(zero & ~there, np.nan, minutes)
    stated = stated.mask(there, "already_there")
    stated = stated.mask((stated == NOT_RECORDED).to_numpy() & (minutes > 0), "arrived")
    columns["minutes"], columns["outcome"] = minutes, stated.array
    if "ended_at" in columns:
        columns["ended_at"] = pd.Series(columns["ended_at"]).mask(unusable).array
