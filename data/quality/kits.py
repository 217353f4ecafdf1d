"""What a file of the kit ledger contradicts: itself, or what the store holds already; each row by its number."""

import numpy as np
import pandas as pd

from data.keys import Keys
from data.quality.kit_contradictions import contradiction_words, find_contradictions
from data.quality.warnings import QualityWarning, make_warning
from data.settings import Settings
from data.store import stored_ledger
from wording import _, format_count, format_date, ngettext

__all__ = ["LEDGER_TABLE", "kit_warnings"]

LEDGER_TABLE = "kits"
# More would hide what else a report says; the page of kits lists every one.
_MOST_SINGLY = 100
# What one row says wrongly by itself is told once, with all its rows.
_OWN_KINDS = (
    "count_unusable",
    "event_unknown",
    "no_kits",
    "several_kits",
    "expiry_before_issue",
    "unknown_officer",
)
_DAYS = ("event_on", "expires_on")


def kit_warnings(
    *, records: pd.DataFrame, entries: pd.DataFrame, source: str, is_full: bool, settings: Settings, keys: Keys
) -> tuple[QualityWarning, ...]:
    """A warning for each contradiction that a row of the file is part of. Nothing is changed.

    `records` are the file's rows by row number, `entries` the quarantine's about them. Stored rows that the file brings
    again, or that a full extract of the same `source` replaces, are left out.
    """
    stored, carriers = stored_ledger(settings=settings, keys=keys)
    ledger = _together(records, entries, stored=stored, carriers=carriers, source=source, is_full=is_full)
    warnings: list[QualityWarning] = []
    more: list[int] = []
    alike: dict[str, list[int]] = {}
    for row, kind, other in find_contradictions(ledger).itertuples(index=False):
        in_file = [place for place in (row, other) if place >= 0 and ledger.at[place, "in_file"]]
        if not in_file:
            continue
        number = int(ledger.at[in_file[0], "row_number"])
        if kind in _OWN_KINDS:
            alike.setdefault(kind, []).append(number)
        elif len(warnings) == _MOST_SINGLY:
            more.append(number)
        else:
            warnings.append(_warning(ledger, row, kind, other, number=number))
    for kind, rows in alike.items():
        what, advice = contradiction_words(kind, event=None, other_event=None, other="")
        sentence = _("Kit ledger: {what}").format(what=what)
        warnings.append(make_warning(kind=f"kit_{kind}", rows=rows, sentence=sentence, advice=advice))
    if more:
        sentence = ngettext(
            "Kit ledger: {count} more row contradicts another.",
            "Kit ledger: {count} more rows contradict another.",
            len(more),
        ).format(count=format_count(len(more)))
        advice = _("The page “Kits and training” lists every one.")
        warnings.append(make_warning(kind="kit_contradictions", rows=more, sentence=sentence, advice=advice))
    return tuple(warnings)


def _warning(ledger: pd.DataFrame, row: int, kind: str, other: int, *, number: int) -> QualityWarning:
    """One row of the file that contradicts another, or that a stored row contradicts."""
    what, advice = contradiction_words(
        kind,
        event=_known(ledger.at[row, "event"]),
        other_event=_known(ledger.at[other, "event"]) if other >= 0 else None,
        other=_place_of(ledger.loc[other]) if other >= 0 else "",
    )
    sentence = _("Kit ledger: {what}").format(what=what)
    if not ledger.at[row, "in_file"]:
        sentence = _("Kit ledger, {place}: {what}").format(place=_place_of(ledger.loc[row]), what=what)
    return make_warning(kind=f"kit_{kind}", rows=[number], sentence=sentence, advice=advice)


def _together(
    records: pd.DataFrame,
    entries: pd.DataFrame,
    *,
    stored: pd.DataFrame,
    carriers: frozenset[str],
    source: str,
    is_full: bool,
) -> pd.DataFrame:
    """The ledger as it will be: stored rows that stay, then the file's."""
    unusable = entries.loc[entries["field"] == "kits", "row_number"]
    officer = _column(records, "officer_token")
    fresh = pd.DataFrame(
        {
            "row_number": records.index.to_numpy(),
            "in_file": True,
            "kit": _column(records, "kit_token"),
            "base": _column(records, "base"),
            "event": _column(records, "event"),
            "event_on": _column(records, "event_on"),
            "expires_on": _column(records, "expires_on"),
            "kits": _column(records, "kits").astype(float),
            "count_unusable": records.index.isin(unusable),
            "officer_unknown": bool(carriers) & officer.notna() & ~officer.isin(carriers),
            "imported_on": pd.NaT,
        }
    ).reset_index(drop=True)
    if len(stored):
        kept = stored[~stored["kit_event_id"].isin(records["kit_event_id"])]
        kept = kept[kept["source"] != source] if is_full else kept
        kept = kept.rename(columns={"kit_token": "kit"}).assign(in_file=False)
        fresh = pd.DataFrame({name: [*kept[name], *fresh[name]] for name in fresh})
    for name in (*_DAYS, "imported_on"):
        fresh[name] = pd.to_datetime(fresh[name]).astype("datetime64[ns]")
    return fresh


def _column(records: pd.DataFrame, name: str) -> pd.Series:
    """A column of the file as plain values; missing in every row where the file does not fill it."""
    if name not in records:
        return pd.Series(None, index=range(len(records)), dtype=object)
    values = records[name].reset_index(drop=True)
    if name in (*_DAYS, "kits"):
        return values
    values = values.astype(object)
    return values.where(values.notna(), None)


def _known(event: object) -> str | None:
    return None if pd.isna(event) else str(event)


def _place_of(row: pd.Series) -> str:
    """Where a row stands: in this file, or in an import of another day."""
    if row["in_file"]:
        return _("row {number}").format(number=int(row["row_number"]))
    if not np.isfinite(row["row_number"]) or pd.isna(row["imported_on"]):
        return _("a row imported before")
    return _("row {number} of the import of {date}").format(
        number=int(row["row_number"]), date=format_date(pd.Timestamp(row["imported_on"]).date())
    )
