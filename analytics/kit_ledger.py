"""Accounts of naloxone kits: what became of every kit that was issued, by base, and which kits are held when.

For each base, in kits,

    difference = issued - used - returned - lost - expired - held

where `held` is worked out from the rows and not from the difference. A kit with a number has net = issued - ended and
is held where net >= 1, once; kits counted without a number are held as far as their base's net is above 0. So the
difference is 0 unless rows contradict each other, whatever their dates say: net < 0 is a kit that ended unissued or
twice, net > 1 one that was issued while it was held. The differences of the bases add up to that of the force.

A kit is two doses. It ends at the base that issued it, also where it went elsewhere with its officer.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from wording import NaloxoneWatchError, _

__all__ = [
    "DOSES_A_KIT",
    "EVENTS",
    "DoseMatch",
    "HeldKits",
    "KitAccount",
    "Mismatch",
    "UnusableLedgerError",
    "account_for_kits",
    "match_doses",
    "unmet_resupply",
]

EVENTS = ("issued", "used", "returned", "lost", "expired")
# Home Office and Ipsos, Police carriage of naloxone: process evaluation, 9 May 2025: one kit is two doses.
DOSES_A_KIT = 2


# Days that a ledger's day of use may lie from the administration's: the end of a night shift, or the desk's next day.
NEAR_DAYS = 1


class UnusableLedgerError(NaloxoneWatchError):
    """The ledger's columns do not fit together."""


@dataclass(frozen=True, eq=False)
class HeldKits:
    """What is held, shape (parts,): `base` (index of the account's bases), `kits`, expiry (NaT: not recorded).

    `row` is the issue that says who holds a kit with a number, -1 for kits counted without one.
    """

    base: NDArray[np.int64]
    kits: NDArray[np.int64]
    expires_on: NDArray[np.datetime64]
    row: NDArray[np.int64]

    def between(self, first: np.datetime64 | None, last: np.datetime64, *, bases: int) -> NDArray[np.int64]:
        """Kits by base whose last day of use is from `first` (None: however early) to `last`, both included."""
        chosen = self.expires_on <= last
        if first is not None:
            chosen &= self.expires_on >= first
        return self.where(chosen, bases=bases)

    def where(self, chosen: NDArray[np.bool_], *, bases: int) -> NDArray[np.int64]:
        """Kits by base of the chosen parts, shape (bases,)."""
        return np.bincount(self.base[chosen], weights=self.kits[chosen], minlength=bases).astype(np.int64)


@dataclass(frozen=True, eq=False)
class KitAccount:
    """The account by base: `counts` of each of EVENTS, shape (bases, 5), and `held` (bases,), in kits.

    `home` is the base that each row counts at, shape (rows,), and `moved` says whether the row itself names another.
    """

    bases: tuple[str, ...]
    counts: NDArray[np.int64]
    held: NDArray[np.int64]
    home: NDArray[np.int64]
    moved: NDArray[np.bool_]
    stock: HeldKits

    @property
    def difference(self) -> NDArray[np.int64]:
        """Kits by base that were issued and are not accounted for; negative where more are than were issued."""
        return self.counts[:, 0] - self.counts[:, 1:].sum(axis=1) - self.held


def account_for_kits(
    *,
    kit: ArrayLike,
    base: Sequence[str],
    event: Sequence[str],
    day: ArrayLike,
    expires_on: ArrayLike,
    kits: ArrayLike,
) -> KitAccount:
    """Reconcile a ledger.

    Args:
        kit: number of the kit in each row, NaN where the row has none, shape (rows,).
        base: base in each row, "" where not recorded.
        event: one of EVENTS in each row.
        day: day of the row, datetime64, NaT where not recorded; orders the rows of a kit.
        expires_on: expiry in each row, datetime64, NaT where not recorded.
        kits: how many kits the row speaks of; NaN is one.

    Raises:
        UnusableLedgerError: columns that differ in length, an unknown event, or fewer than no kits.
    """
    columns = (kit, base, event, day, expires_on, kits)
    if len({len(np.asarray(column)) for column in columns}) != 1:
        raise UnusableLedgerError(_("The columns of the kit ledger differ in length: give one value for every row."))
    rows = pd.DataFrame(
        {
            "kit": np.asarray(kit, dtype=float),
            "base": np.asarray(base, dtype=object),
            "event": np.asarray(event, dtype=object),
            "day": np.asarray(day, dtype="datetime64[ns]"),
            "expires_on": np.asarray(expires_on, dtype="datetime64[ns]"),
            "kits": np.nan_to_num(np.asarray(kits, dtype=float), nan=1.0),
        }
    )
    if not rows["event"].isin(EVENTS).all() or (rows["kits"] < 0).any():
        raise UnusableLedgerError(_("A row of the kit ledger has an unknown event or a negative number of kits."))
    home = _home_bases(rows)
    bases = tuple(sorted(set(home)))
    at_base = pd.Series(home).map({name: index for index, name in enumerate(bases)}).to_numpy(dtype=np.int64)
    rows["home"], rows["issue"] = at_base, (rows["event"] == EVENTS[0])
    stock = _join(
        [_held_numbered(rows[rows["kit"].notna() & (rows["kits"] > 0)]), *_held_counted(rows[rows["kit"].isna()])]
    )
    counts = np.zeros((len(bases), len(EVENTS)), dtype=np.int64)
    np.add.at(counts, (at_base, rows["event"].map(EVENTS.index).to_numpy(dtype=np.int64)), rows["kits"].astype(int))
    return KitAccount(
        bases=bases,
        counts=counts,
        held=stock.where(np.ones(len(stock.base), dtype=bool), bases=len(bases)),
        home=at_base,
        moved=((home != rows["base"]) & (rows["base"] != "")).to_numpy(dtype=bool),
        stock=stock,
    )


def _home_bases(rows: pd.DataFrame) -> NDArray[np.object_]:
    """The base that each row counts at: that of the issue that it ends, else its own.

    A kit's first end belongs to its first issue, its second to its second, and surplus ends to the last. A number that
    stands for several kits is followed as one box, at the base that it was first issued to.
    """
    numbered = rows[rows["kit"].notna() & (rows["kits"] > 0)].sort_values("day", kind="stable")
    by_kit = numbered.groupby("kit")
    rank = numbered.groupby(["kit", numbered["event"] == EVENTS[0]]).cumcount()
    issues = numbered[numbered["event"] == EVENTS[0]]
    base_of_issue = pd.Series(
        issues["base"].array, index=pd.MultiIndex.from_arrays([issues["kit"], rank[issues.index]])
    )
    last = numbered["kit"].map(issues.groupby("kit").size()).to_numpy(dtype=float) - 1
    is_single = (by_kit["kits"].transform("max") <= 1).to_numpy(dtype=bool)
    belongs_to = np.nan_to_num(np.where(is_single, np.minimum(rank.to_numpy(), last), 0)).astype(np.int64)
    keys = pd.MultiIndex.from_arrays([numbered["kit"], belongs_to])
    found = base_of_issue.reindex(keys).to_numpy(dtype=object)
    home = rows["base"].to_numpy(dtype=object).copy()
    place = rows.index.get_indexer(numbered.index)
    home[place] = np.where(pd.isna(found), home[place], found)
    return home


def _held_numbered(rows: pd.DataFrame) -> HeldKits:
    """Kits with numbers: held where more were issued than ended, a single kit at most once."""
    change = rows["kits"].where(rows["issue"], -rows["kits"])
    net = change.groupby(rows["kit"]).sum()
    single = rows["kits"].groupby(rows["kit"]).max() <= 1
    held = net.where(~single, net.clip(upper=1)).clip(lower=0)
    held = held[held > 0]
    ordered = rows.assign(row=rows.index).sort_values("day", kind="stable")
    issues = ordered[ordered["issue"]].drop_duplicates("kit", keep="last").set_index("kit").reindex(held.index)
    # A kit's expiry may stand in another of its rows.
    known = ordered["expires_on"].groupby(ordered["kit"]).last().reindex(held.index)
    return HeldKits(
        base=issues["home"].to_numpy(dtype=np.int64),
        kits=held.to_numpy(dtype=np.int64),
        expires_on=issues["expires_on"].fillna(known).to_numpy().astype("datetime64[D]"),
        row=issues["row"].to_numpy(dtype=np.int64),
    )


def _held_counted(rows: pd.DataFrame) -> list[HeldKits]:
    """Kits counted without numbers, by base and expiry date.

    What has ended is taken from the kits of its own date; without one, from the undated and then from the latest, so
    that what has expired or soon will is rather too much than too little.
    """
    parts = []
    for base, each in rows.groupby("home"):
        left = each[each["issue"]].groupby("expires_on", dropna=False)["kits"].sum().to_dict()
        ended = each[~each["issue"]].groupby("expires_on", dropna=False)["kits"].sum().to_dict()
        owed = 0.0
        for expiry, kits in ended.items():
            taken = min(kits, left.get(expiry, 0.0)) if not pd.isna(expiry) else 0.0
            left |= {expiry: left[expiry] - taken} if taken else {}
            owed += kits - taken
        for expiry in sorted(left, key=lambda day: (not pd.isna(day), 0 if pd.isna(day) else -day.value)):
            taken = min(owed, left[expiry])
            left[expiry] -= taken
            owed -= taken
        kept = {expiry: kits for expiry, kits in left.items() if kits > 0}
        parts.append(
            HeldKits(
                base=np.full(len(kept), base, dtype=np.int64),
                kits=np.array(list(kept.values()), dtype=np.int64),
                expires_on=pd.to_datetime(list(kept)).to_numpy().astype("datetime64[D]"),
                row=np.full(len(kept), -1, dtype=np.int64),
            )
        )
    return parts


def _join(parts: Sequence[HeldKits]) -> HeldKits:
    return HeldKits(*(np.concatenate([getattr(part, name) for part in parts]) for name in HeldKits.__annotations__))


class Mismatch(StrEnum):
    """How an administration and the ledger disagree, the gravest first."""

    NOT_IN_LEDGER = "not in ledger"
    TOO_MANY_DOSES = "too many doses"
    KIT_OVERUSED = "kit overused"
    OTHER_DAY = "other day"
    NONE = "none"


@dataclass(frozen=True, eq=False)
class DoseMatch:
    """Administrations against the ledger, shape (administrations,), and ledger rows that none of them claims.

    `kits_named` are those that the form names (0: it names none, and its officers' rows of the day were looked at),
    `kits_used` those of the ledger. Administrations that name neither kit nor officer cannot be matched and are left
    out. `unclaimed` indexes the ledger's rows; it is empty where no form names a kit.
    """

    administration: NDArray[np.int64]
    doses: NDArray[np.float64]
    kits_named: NDArray[np.int64]
    kits_used: NDArray[np.int64]
    mismatch: NDArray[np.object_]
    unclaimed: NDArray[np.int64]


def match_doses(doses: pd.DataFrame, used: pd.DataFrame) -> DoseMatch:
    """Compare the doses that forms state with the kits that the ledger says were used.

    Args:
        doses: one row a dose: administration, local_date, doses_given (NaN: as many as there are rows), given_at,
            kit and officer (numbers, NaN where not named).
        used: one row a use in the ledger, index 0, 1, ...: event_on, kits, kit and officer numbered alike.

    An administration mismatches where a kit that it names, or any kit of its officers within a day, was not used
    according to the ledger; where its doses are more than its kits hold (two each); where a kit gave more than two
    doses in all; or where the ledger dates the use more than a day away.
    """
    named = doses[doses["kit"].notna()].drop_duplicates(["administration", "kit"])
    by_kit = named.merge(used.dropna(subset=["kit"]).drop_duplicates("kit"), on="kit", how="left")
    apart = (by_kit["local_date"] - by_kit["event_on"]).abs() > pd.Timedelta(days=NEAR_DAYS)
    # A dose that two officers report has one time and one kit, and is one dose.
    given = doses[doses["kit"].notna()]
    timed = given["given_at"].notna()
    each_dose = pd.concat([given[timed].drop_duplicates(["kit", "given_at"]), given[~timed]])
    overused = each_dose.groupby("kit").size() > DOSES_A_KIT
    groups = by_kit.assign(
        absent=by_kit["kits"].isna(), apart=apart, overused=by_kit["kit"].map(overused).fillna(False).astype(bool)
    ).groupby("administration")
    with_kits = pd.DataFrame(
        {
            "kits_named": groups.size(),
            "kits_used": groups.size() - groups["absent"].sum(),
            "absent": groups["absent"].any(),
            "apart": groups["apart"].any(),
            "overused": groups["overused"].any(),
        }
    )
    by_officer = _uses_near(doses[~doses["administration"].isin(with_kits.index)], used)
    found = pd.concat([with_kits, by_officer]).sort_index()
    stated = doses.groupby("administration")["doses_given"].first()
    counted = stated.fillna(doses.groupby("administration").size()).reindex(found.index)
    held = found["kits_named"].where(found["kits_named"] > 0, found["kits_used"]) * DOSES_A_KIT
    mismatch = np.select(
        [found["absent"], counted > held, found["overused"], found["apart"]], list(Mismatch)[:-1], Mismatch.NONE
    )
    claimed = used["kit"].isin(named["kit"]) | used["kit"].isna()
    return DoseMatch(
        administration=found.index.to_numpy(dtype=np.int64),
        doses=counted.to_numpy(dtype=float),
        kits_named=found["kits_named"].to_numpy(dtype=np.int64),
        kits_used=found["kits_used"].to_numpy(dtype=np.int64),
        mismatch=mismatch,
        unclaimed=np.flatnonzero(~claimed) if len(named) else np.empty(0, dtype=np.int64),
    )


def _uses_near(doses: pd.DataFrame, used: pd.DataFrame) -> pd.DataFrame:
    """Administrations that name officers and no kit, with the kits that these used within a day of them."""
    officers = doses[doses["officer"].notna()].drop_duplicates(["administration", "officer"])
    pairs = officers.merge(used.dropna(subset=["officer", "event_on"]), on="officer", how="left")
    near = (pairs["local_date"] - pairs["event_on"]).abs() <= pd.Timedelta(days=NEAR_DAYS)
    kits_used = pairs["kits"].fillna(1).where(near, 0).groupby(pairs["administration"]).sum()
    return pd.DataFrame(
        {"kits_named": 0, "kits_used": kits_used, "absent": kits_used == 0, "apart": False, "overused": False}
    )


def unmet_resupply(requests: pd.DataFrame, issues: pd.DataFrame) -> NDArray[np.float64]:
    """Kits that were asked for after an administration and not issued to the officer since, shape (requests,).

    Args:
        requests: local_date, kits (asked for) and officer (NaN: not named), one row a request.
        issues: event_on, kits and officer of the ledger's issues.

    The issues of an officer on or after a request's day meet the earliest request first. NaN where nobody is named:
    then the ledger cannot tell.
    """
    unmet = np.full(len(requests), np.nan)
    named = issues[issues["officer"].isin(requests["officer"].dropna())].sort_values("event_on")
    left: dict[float, list[list[float]]] = {}
    # An issue without a day may have come after any request.
    days = named["event_on"].to_numpy().astype("datetime64[D]").astype(float)
    days[named["event_on"].isna()] = np.inf
    for officer, day, kits in zip(named["officer"], days, named["kits"].fillna(1), strict=True):
        left.setdefault(officer, []).append([day, kits])
    asked_on = requests["local_date"].to_numpy().astype("datetime64[D]").astype(float)
    officers, wanted = requests["officer"].to_numpy(dtype=float), requests["kits"].to_numpy(dtype=float)
    for place in np.argsort(asked_on, kind="stable"):
        if np.isnan(officers[place]):
            continue
        unmet[place] = wanted[place]
        for issue in left.get(officers[place], []):
            if issue[0] >= asked_on[place]:
                taken = min(issue[1], unmet[place])
                unmet[place] -= taken
                issue[1] -= taken
    return unmet
