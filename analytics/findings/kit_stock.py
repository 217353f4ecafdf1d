"""The kit ledger as of a day: the account by base, what contradicts itself in it, what is held and when it expires."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.findings.question import Question
from analytics.kit_ledger import KitAccount, account_for_kits
from data.quality.kit_contradictions import find_contradictions
from wording import _, format_date

__all__ = ["Stock", "base_name", "day_of", "read_stock", "source_row"]


@dataclass(frozen=True, eq=False)
class Stock:
    """A ledger's rows up to the day, those of them that count, their account, and where each kit's base is.

    `rows` holds every row, `counted` those with an event and a number of kits (index as in the account), `named` the
    contradictions of `rows` with the base of each, `shown` which of the account's bases the reader asked for, `later`
    how many rows are dated after the day.
    """

    rows: pd.DataFrame
    counted: pd.DataFrame
    account: KitAccount
    named: pd.DataFrame
    shown: NDArray[np.int64]
    later: int

    @property
    def bases(self) -> tuple[str, ...]:
        """The bases that the reader asked for, as on screen."""
        return tuple(base_name(self.account.bases[index]) for index in self.shown)

    @property
    def difference(self) -> NDArray[np.int64]:
        """Kits that do not reconcile, by base of `bases`."""
        return self.account.difference[self.shown]

    def held(self) -> pd.DataFrame:
        """What is held at the bases that were asked for: base, kits, expires_on, and the holder's row (-1: none)."""
        stock = self.account.stock
        frame = pd.DataFrame(
            {"at": stock.base, "kits": stock.kits, "expires_on": stock.expires_on.astype("datetime64[ns]")}
        ).assign(row=stock.row)
        return frame[frame["at"].isin(self.shown)].reset_index(drop=True)


def read_stock(question: Question, *, as_of: date, bcu_of_base: dict[str, str], bcus: tuple[str, ...]) -> Stock:
    """The ledger as of a day, for the bases in `bcus` (all where there are none); some rows may not count."""
    ledger = question.store.kit_ledger()
    is_later = ledger["event_on"] > pd.Timestamp(as_of)
    rows = ledger[~is_later].reset_index(drop=True)
    counted = rows[rows["event"].notna() & ~rows["count_unusable"]]
    account = account_for_kits(
        kit=counted["kit"],
        base=list(counted["base"].fillna("")),
        event=list(counted["event"]),
        day=counted["event_on"],
        expires_on=counted["expires_on"],
        kits=counted["kits"],
    )
    shown = [index for index, base in enumerate(account.bases) if not bcus or bcu_of_base.get(base) in bcus]
    named = _with_bases(find_contradictions(rows), rows=rows, counted=counted, account=account)
    return Stock(
        rows=rows,
        counted=counted.reset_index(drop=True),
        account=account,
        named=named[named["base"].isin([account.bases[index] for index in shown]) | (not bcus)],
        shown=np.array(shown, dtype=np.int64),
        later=int(is_later.sum()),
    )


def _with_bases(named: pd.DataFrame, *, rows: pd.DataFrame, counted: pd.DataFrame, account: KitAccount) -> pd.DataFrame:
    """Each contradiction with the base at which its row counts (its own base where it does not), and the other's."""
    own = rows["base"].fillna("")
    home = own.copy()
    home.loc[counted.index] = [account.bases[index] for index in account.home]
    return named.assign(
        base=home.reindex(named["row"]).to_numpy(),
        other_base=[
            home[other] if other >= 0 else home[row] for row, other in zip(named["row"], named["other"], strict=True)
        ],
    )


def base_name(base: str) -> str:
    """A base on screen."""
    return base or _("Base not recorded")


def day_of(day: object) -> str:
    """A day on screen, also one that is not recorded."""
    return _("not recorded") if pd.isna(day) else format_date(pd.Timestamp(day).date())


def source_row(row: Mapping[str, Any] | pd.Series) -> str:
    """Where a record stands at its source: "row 17, import of 3 March 2026"."""
    imported = day_of(row["imported_on"])
    if pd.isna(row["row_number"]):
        return _("row not known, import of {date}").format(date=imported)
    return _("row {number}, import of {date}").format(number=int(row["row_number"]), date=imported)
