"""Refreshers: whose has lapsed, whose will before the next meeting, and whose is due in a quarter."""

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.carriers import VALID_MONTHS, carrier_chain
from analytics.disclosure import Column, DisclosedTable, disclose_list
from analytics.findings.kit_stock import base_name, day_of, source_row
from analytics.findings.question import Question
from analytics.findings.words import role_words
from wording import _, format_count, format_date, ngettext

__all__ = ["Training", "read_training"]

Booleans = NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Training:
    """Everyone with a role on the day, one row each; `lapsed` is (people,), where refreshers are `known` at all;
    `missing` says what is not recorded.
    """

    carriers: pd.DataFrame
    lapsed: Booleans
    lapses_on: pd.Series
    known: bool
    missing: tuple[str, ...]

    @property
    def bcu_of_base(self) -> dict[str, str]:
        """The command unit that the register gives each base."""
        known = self.carriers.dropna(subset=["base", "bcu"])
        return dict(zip(known["base"], known["bcu"], strict=True))

    def lapsing(self, first: date, last: date) -> Booleans:
        """Whose training ends from `first` to `last`, both included."""
        return self.lapses_on.between(pd.Timestamp(first), pd.Timestamp(last)).to_numpy()

    def by_base(self, which: Booleans, bases: tuple[str, ...]) -> NDArray[np.int64]:
        """How many of those marked belong to each of `bases` (as on screen)."""
        counts = self.carriers.loc[which, "base"].fillna("").map(base_name).value_counts()
        return counts.reindex(list(bases), fill_value=0).to_numpy(dtype=np.int64)

    def listed(self, question: Question) -> DisclosedTable:
        """Whoever's refresher has lapsed, the longest first: for the force's own analysts."""
        rows = self.carriers.assign(lapses_on=self.lapses_on)[self.lapsed].sort_values(["lapses_on", "base", "officer"])
        words = role_words()
        return disclose_list(
            columns=(
                Column(heading=_("Base")),
                Column(heading=_("Role")),
                Column(heading=_("First trained")),
                Column(heading=_("Last refresher")),
                Column(heading=_("Valid until")),
                Column(heading=_("Kit held")),
                Column(heading=_("Register")),
            ),
            rows=[
                (
                    base_name(row["base"] or ""),
                    words.get(row["role"], row["role"]),
                    day_of(row["trained_on"]),
                    day_of(row["refreshed_on"]),
                    day_of(row["lapses_on"]),
                    _("yes") if row["holds_kit"] else _("none recorded"),
                    source_row(row),
                )
                for _index, row in rows.iterrows()
            ],
            audience=question.audience,
            caption=ngettext(
                "Training counts for {months} month. The row is that of the training register, where the name stands.",
                "Training counts for {months} months. The row is that of the training register, where the name stands.",
                VALID_MONTHS,
            ).format(months=VALID_MONTHS),
            held_back=_("Single carriers are shown only to the force's own analysts."),
        )


def read_training(question: Question, *, as_of: date, bcus: tuple[str, ...]) -> Training:
    """The register as of a day, for carriers whose base is in `bcus` (all where there are none)."""
    carriers = question.store.carriers(scope=question.scope, as_of=as_of)
    if bcus:
        carriers = carriers[carriers["bcu"].isin(bcus)].reset_index(drop=True)
    refreshed = carriers["refreshed_on"]
    chain = carrier_chain(
        as_of=as_of,
        trained_on=_days(carriers["trained_on"]),
        refreshed_on=None if refreshed.isna().all() else _days(refreshed),
    )
    # A register keeps the last refresher only: of who came to one after the day nothing earlier is known. A refresher
    # that was planned for later when the register came in has not happened yet.
    came_later = (refreshed > pd.Timestamp(as_of)) & (refreshed <= carriers["imported_on"])
    latest = carriers[["trained_on", "refreshed_on"]].where(carriers[["trained_on", "refreshed_on"]] <= str(as_of))
    last = latest.astype("datetime64[ns]").max(axis=1)
    last = last.mask(came_later)
    lapses_on = last + pd.DateOffset(months=VALID_MONTHS) if refreshed.notna().any() else last.where(last.isna())
    missing, known = [], bool(refreshed.notna().any())
    if carriers.empty:
        missing.append(
            _(
                "No training register has been imported: nothing can be said of refreshers. Bring it in on the page "
                "“Data quality”: it is about “Carriers”."
            )
        )
    elif refreshed.isna().all():
        missing.append(
            _(
                "The training register has no refresher dates: nobody is counted as lapsed. Map the column of the last "
                "refresher to refreshed_on and import the register again."
            )
        )
    if came_later.any():
        missing.append(
            ngettext(
                "{count} carrier had a refresher after {date}: the register does not say how it stood then.",
                "{count} carriers had a refresher after {date}: the register does not say how it stood then.",
                int(came_later.sum()),
            ).format(count=format_count(int(came_later.sum())), date=format_date(as_of))
        )
    lapsed = chain.training_lapsed & ~came_later.to_numpy(dtype=bool)
    return Training(carriers=carriers, lapsed=lapsed, lapses_on=lapses_on, known=known, missing=tuple(missing))


def _days(column: pd.Series) -> NDArray[np.datetime64]:
    return column.to_numpy().astype("datetime64[D]")
