"""What a kit ledger says that cannot be: each row by its number, what it contradicts, and nothing put right.

A kit with a number is issued, and then used, returned, lost or written off once; it may be issued again after that. Its
rows are followed in order of day. Of rows of one day the one that fits comes first, since a ledger states no time, and
a row without a day stands where it contradicts nothing if there is such a place. Kits counted without a number are
followed as a stock: no more can end than were issued.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from wording import _

__all__ = ["CONTRADICTIONS", "contradiction_words", "event_words", "find_contradictions"]

# In the order in which they are listed: what cannot be counted, what breaks the account, what is only misdated.
CONTRADICTIONS = (
    "count_unusable",
    "event_unknown",
    "no_kits",
    "several_kits",
    "never_issued",
    "ended_twice",
    "issued_twice",
    "too_many",
    "before_issue",
    "expiry_before_issue",
    "expiry_differs",
    "unknown_officer",
)
_COLUMNS = ["row", "kind", "other"]


class _Entry(NamedTuple):
    """A row of one kit: its number, what happened, and on which day (None: not recorded)."""

    row: int
    event: str
    day: Any


def find_contradictions(ledger: pd.DataFrame) -> pd.DataFrame:
    """Every row of a ledger that contradicts another or itself.

    Args:
        ledger: one row an entry, index 0, 1, ...; columns kit (any value that tells kits apart, missing without a
            number), base, event, event_on, expires_on, kits, count_unusable (bool) and officer_unknown (bool).

    Returns:
        row and other (index of `ledger`; other is -1 where no second row is part of it) and kind, one of
        CONTRADICTIONS; in order of row.
    """
    days = {name: ledger[name].astype("datetime64[ns]") for name in ("event_on", "expires_on")}
    ledger = ledger.assign(**days)
    issued = (ledger["event"] == "issued").to_numpy()
    own = {
        "count_unusable": ledger["count_unusable"].to_numpy(dtype=bool),
        "event_unknown": ledger["event"].isna().to_numpy(),
        "no_kits": (ledger["kits"] == 0).to_numpy(),
        "several_kits": (ledger["kit"].notna() & (ledger["kits"].fillna(1) > 1)).to_numpy(),
        "expiry_before_issue": issued & (ledger["expires_on"] < ledger["event_on"]).to_numpy(),
        "unknown_officer": ledger["officer_unknown"].to_numpy(dtype=bool),
    }
    found = [(int(row), kind, -1) for kind, which in own.items() for row in np.flatnonzero(which)]
    usable = ledger[~own["count_unusable"] & ~own["event_unknown"] & ~own["no_kits"]]
    numbered = usable[usable["kit"].notna()]
    found += _differing_expiries(numbered)
    for entries in _suspicious(numbered):
        found += _follow_kit(entries)
    for _base, rows in usable[usable["kit"].isna()].groupby("base", dropna=False, sort=False):
        found += _follow_stock(rows)
    frame = pd.DataFrame(found, columns=_COLUMNS)
    order = frame["kind"].map(CONTRADICTIONS.index)
    return frame.assign(order=order).sort_values(["row", "order"], ignore_index=True)[_COLUMNS]


def _suspicious(numbered: pd.DataFrame) -> Iterator[list[_Entry]]:
    """The entries of each kit that is not simply issued once and ended at most once, not before."""
    is_issue = (numbered["event"] == "issued").to_numpy()
    kit = numbered["kit"]
    issues = pd.Series(is_issue, index=numbered.index).groupby(kit).transform("sum")
    ends = pd.Series(~is_issue, index=numbered.index).groupby(kit).transform("sum")
    day = numbered["event_on"]
    issued_on = day.where(is_issue).groupby(kit).transform("max")
    ended_on = day.where(~is_issue).groupby(kit).transform("min")
    chosen = numbered[~((issues == 1) & (ends <= 1) & ~(ended_on < issued_on))]
    by_kit: dict[object, list[_Entry]] = {}
    days = [None if pd.isna(each) else each for each in chosen["event_on"]]
    for row, number, event, on in zip(chosen.index, chosen["kit"], chosen["event"], days, strict=True):
        by_kit.setdefault(number, []).append(_Entry(int(row), str(event), on))
    return iter(by_kit.values())


def _differing_expiries(numbered: pd.DataFrame) -> list[tuple[int, str, int]]:
    """Rows that give a kit another expiry date than its first row that has one."""
    dated = numbered[numbered["expires_on"].notna()]
    first = dated["expires_on"].groupby(dated["kit"]).transform("first")
    # A kit that came back and was issued again keeps its date: it is the same box.
    wrong = dated[dated["expires_on"] != first]
    first_row = dict(zip(dated["kit"][::-1], dated.index[::-1], strict=True))
    return [(int(row), "expiry_differs", int(first_row[kit])) for row, kit in wrong["kit"].items()]


def _follow_kit(entries: list[_Entry]) -> list[tuple[int, str, int]]:
    """Walk through one kit's entries in order of day."""
    found: list[tuple[int, str, int]] = []
    issues = [entry.row for entry in entries if entry.event == "issued"]
    held, last_end, last_issue = False, -1, -1
    for row, event, _day in _in_order(entries):
        if event == "issued":
            if held:
                found.append((row, "issued_twice", last_issue))
            held, last_issue = True, row
        elif held:
            held, last_end = False, row
        elif last_end >= 0:
            found.append((row, "ended_twice", last_end))
        else:
            found.append((row, "before_issue", issues[0]) if issues else (row, "never_issued", -1))
            last_end = row
    return found


def _in_order(entries: list[_Entry]) -> Iterator[_Entry]:
    """The kit's entries by day; within a day, and for those without one, the entry that fits the kit's state first."""
    dated = sorted((entry for entry in entries if entry.day is not None), key=lambda entry: entry.day)
    days = [list(each) for _day, each in groupby(dated, key=lambda entry: entry.day)]
    waiting = [entry for entry in entries if entry.day is None]
    held = False
    while days or waiting:
        today = days[0] if days else waiting
        fitting = [entry for entry in (*today, *waiting) if (entry.event == "issued") != held]
        chosen = (fitting or today)[0]
        (today if chosen in today else waiting).remove(chosen)
        if days and not days[0]:
            days.pop(0)
        held = chosen.event == "issued"
        yield chosen


def _follow_stock(rows: pd.DataFrame) -> list[tuple[int, str, int]]:
    """Rows of a base by which more kits without a number have ended than were issued there."""
    is_issue = (rows["event"] == "issued").to_numpy()
    # Of one day the issues come first; a row without a day comes last if it ends kits and first if it issues them.
    day = rows["event_on"].fillna(pd.Timestamp.max).mask(rows["event_on"].isna() & is_issue, pd.Timestamp.min)
    order = np.lexsort((~is_issue, day.to_numpy()))
    change = np.where(is_issue, 1, -1) * rows["kits"].fillna(1).to_numpy()
    stock, found = 0.0, []
    for place in order:
        stock += change[place]
        if stock < 0:
            found.append((int(rows.index[place]), "too_many", -1))
            stock = 0.0
    return found


def event_words() -> dict[str, str]:
    """What happened to a kit, in a sentence."""
    return {
        "issued": _("issued"),
        "used": _("used"),
        "returned": _("returned"),
        "lost": _("lost"),
        "expired": _("written off as expired"),
    }


def contradiction_words(kind: str, *, event: str | None, other_event: str | None, other: str) -> tuple[str, str]:
    """What is wrong with a row, and what to do; `other` says where the row that it contradicts is."""
    if kind == "ended_twice" and event == other_event == "used":
        what, advice = (_("used twice: {other} says so already."), _("Correct the kit number of one of them."))
    else:
        what, advice = {
            "count_unusable": (
                _("the number of kits is negative or no number, so the row is not counted."),
                _("Correct the number."),
            ),
            "event_unknown": (
                _("it does not say what happened to the kit, so the row is not counted."),
                _("Correct the event, or add its word under [values.event] in the mapping."),
            ),
            "no_kits": (
                _("it speaks of no kits, so it changes nothing."),
                _("Correct the number, or leave the row out."),
            ),
            "several_kits": (
                _("one kit number stands for several kits."),
                _("Give each kit its number, or leave the number out."),
            ),
            "never_issued": (_("{event}, but never issued."), _("Enter its issue, or correct the kit number.")),
            "ended_twice": (_("{event} after it was {other_event} ({other})."), _("Correct the row that is wrong.")),
            "issued_twice": (
                _("issued again while it was still held ({other})."),
                _("Enter what became of it in between."),
            ),
            "too_many": (
                _("{event}, but by then more kits had ended here than were issued."),
                _("Enter the missing issue."),
            ),
            "before_issue": (_("{event} before it was issued ({other})."), _("Correct one of the two dates.")),
            "expiry_before_issue": (_("it expired before it was issued."), _("Correct one of the two dates.")),
            "expiry_differs": (_("another expiry date than before ({other})."), _("Correct one of the two.")),
            "unknown_officer": (
                _("the officer is not among the trained carriers."),
                _("Import their training, or correct the number."),
            ),
        }[kind]
    words = event_words()
    known = {"event": words.get(event or "", ""), "other_event": words.get(other_event or "", ""), "other": other}
    return what.format(**known), advice
