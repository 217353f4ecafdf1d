"""Waits that cannot be, or hardly: negative, of no length, longer than any shift allows, rounded to fives."""

from collections.abc import Iterator, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.quality.times import heaped_on_fives
from data.quality.warnings import QualityWarning, make_warning
from wording import _, format_count, ngettext

__all__ = ["suspicious_waits"]

# Some ambulances are there before the police ask; a fifth of them is a clock that was filled in twice.
_SHARE_OF_ZERO = 0.2


def suspicious_waits(records: pd.DataFrame, *, entries: pd.DataFrame, clocks: Sequence[str]) -> list[QualityWarning]:
    """Warnings about the waits of `records`, and about those that were set aside (in the quarantine's `entries`).

    `clocks` says whose clock each wait of a form is; empty for a file of waits.
    """
    return [*_impossible(entries), *_zero(records), *_rounded(records, clocks), *_twice(records)]


def _impossible(entries: pd.DataFrame) -> Iterator[QualityWarning]:
    """Waits that were set aside; the row went in without them."""
    for reason in ("wait_negative", "wait_too_long"):
        rows = entries.loc[entries["reason"] == reason, "row_number"].to_numpy(dtype=np.int64)
        if not len(rows):
            continue
        sentences = {
            "wait_negative": ngettext(
                "{count} wait ends before it starts.", "{count} waits end before they start.", len(rows)
            ),
            "wait_too_long": ngettext(
                "{count} wait is longer than 6 hours.", "{count} waits are longer than 6 hours.", len(rows)
            ),
        }
        yield make_warning(
            kind=reason,
            rows=rows,
            sentence=sentences[reason].format(count=format_count(len(rows))),
            advice=_("They count in no wait. Correct one of the two times at the source."),
        )


def _minutes(records: pd.DataFrame) -> Iterator[NDArray[np.float64]]:
    """The minutes of each clock of a form, or of a file of waits."""
    names = ["minutes", *(f"wait{number}_minutes" for number in range(len(records.columns)))]
    for name in names:
        if name in records:
            yield records[name].to_numpy(dtype=float, na_value=np.nan)


def _zero(records: pd.DataFrame) -> Iterator[QualityWarning]:
    every = list(_minutes(records))
    if not every:
        return
    zero = np.sum([minutes == 0 for minutes in every], axis=0)
    count, waits = int(zero.sum()), int(np.isfinite(every).sum())
    if not count:
        return
    yield make_warning(
        kind="wait_zero",
        rows=records.index.to_numpy()[zero > 0],
        count=count,
        sentence=ngettext(
            "{count} wait of {waits} with both times lasts no time; it counts as already there.",
            "{count} waits of {waits} with both times last no time; they count as already there.",
            count,
        ).format(count=format_count(count), waits=format_count(waits)),
        advice=_("That many are more likely one time filled in twice, or dates without a time.")
        if count >= _SHARE_OF_ZERO * waits
        else _("Check that both times were noted."),
    )


def _rounded(records: pd.DataFrame, clocks: Sequence[str]) -> Iterator[QualityWarning]:
    words = {
        "ambulance_cad": _("waits by the control room's clock"),
        "police_log": _("waits by the police log"),
        "officer_estimate": _("waits by officers' estimates"),
    }
    for number, minutes in enumerate(_minutes(records)):
        above = np.where(minutes > 0, minutes, np.nan)
        what = words.get(clocks[number], _("waits")) if number < len(clocks) else _("waits")
        yield from heaped_on_fives(records.index.to_numpy(), above, kind="waits_on_fives", what=what)


def _twice(records: pd.DataFrame) -> Iterator[QualityWarning]:
    """Rows of a file of waits that time the same thing of one incident by one clock again."""
    if "wait_id" not in records:
        return
    told_by = [name for name in ("incident_id", "kind", "clock") if name in records]
    again = records.duplicated(told_by).to_numpy()
    if again.any():
        count = int(again.sum())
        yield make_warning(
            kind="wait_twice",
            rows=records.index.to_numpy()[again],
            sentence=ngettext(
                "{count} row times an incident that another row has timed by the same clock.",
                "{count} rows time incidents that other rows have timed by the same clock.",
                count,
            ).format(count=format_count(count)),
            advice=_("All are kept. Take the second log of an incident out at the source, or name its own clock."),
        )
