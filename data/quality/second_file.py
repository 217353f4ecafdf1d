"""A file that may tell a second time of events that are there: a list of places, of clocks or of outcomes.

Such a file shares neither time, place nor details with the records it belongs to, only the day and, where it says so,
who was there. Whether that is more than chance is asked of the file itself: how many of its rows would find the same if
they lay some weeks earlier or later? Whole weeks keep weekends among weekends.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy import stats

from data.quality.warnings import QualityWarning, make_warning
from data.store import OTHER_WEEKS, StoredEvidence
from wording import _, format_count, ngettext

__all__ = ["people_of", "suspected_second_file"]

Ints = NDArray[np.int64]
Mask = NDArray[np.bool_]

_SHIFTS_DAYS = [7 * week for week in range(-OTHER_WEEKS, OTHER_WEEKS + 1) if week]
# Two events of one officer on one day are rare, and so is a fifth of a file that does so for no reason. Chance must
# give no more than a third of it, and so many hardly ever.
_FEWEST_ROWS, _LEAST_SHARE, _TIMES_CHANCE, _CHANCE = 5, 0.2, 3.0, 1e-4
# Without anybody to tell events by, nearly all of the file must fall on the days of stored events, one for one, and in
# other weeks three times as many must not. Of 20 weeks to compare with, six standard deviations are beyond doubt.
_FEWEST_DATED, _SHARE_ON_DAYS, _FEWER_MISSES, _DEVIATIONS = 20, 0.9, 3.0, 6.0


def people_of(records: pd.DataFrame) -> pd.Series:
    """The tokens of the officers and of the person of each record, by row number; those not recorded are left out."""
    names = [name for name in records if name == "person_token" or name.endswith("_officer_token")]
    if not names:
        return pd.Series(dtype=object)
    return pd.concat([records[name].dropna().astype(object) for name in names])


def suspected_second_file(
    records: pd.DataFrame, stored: StoredEvidence, *, doubled: list[QualityWarning]
) -> list[QualityWarning]:
    """A warning where many records, by row number, seem to tell of stored events under keys of their own.

    Not where most of these were told of already, as `doubled` days.
    """
    records = records[~records["incident_id"].duplicated()]
    days = records["local_date"].to_numpy().astype("datetime64[D]").astype(np.int64)
    rows = records.index.to_numpy(dtype=np.int64)
    found, chance = _same_people(records, days, stored.people)
    kind = "officer"
    if not _unlikely(found, chance):
        found, chance = _same_days(days, stored.days)
        kind = "day"
    told = np.zeros(len(rows), dtype=bool)
    for first, last in (run for warning in doubled for run in warning.row_runs):
        told |= (rows >= first) & (rows <= last)
    if not found.any() or told[found].mean() > 0.5:
        return []
    count = int(found.sum())
    sentence = (
        ngettext(
            "{count} of {rows} events has the day and the officer or person of a record that is there under another "
            "key; in other weeks it would be about {chance}.",
            "{count} of {rows} events have the day and the officer or person of records that are there under other "
            "keys; in other weeks it would be about {chance}.",
            count,
        )
        if kind == "officer"
        else ngettext(
            "{count} of {rows} events falls on the day of a record that is there under another key, one for one; in "
            "other weeks it would be about {chance}.",
            "{count} of {rows} events fall on the days of records that are there under other keys, one for one; in "
            "other weeks it would be about {chance}.",
            count,
        )
    )
    return [
        make_warning(
            kind="second_file",
            rows=rows[found],
            sentence=sentence.format(
                count=format_count(count), rows=format_count(len(rows)), chance=format_count(round(chance))
            ),
            advice=_(
                "If the file adds to records that are there, such as places or ambulance clocks, say so with joins in "
                "its mapping; as it is, these events count twice."
            ),
        )
    ]


def _same_people(records: pd.DataFrame, days: Ints, known: pd.DataFrame) -> tuple[Mask, float]:
    """Records of the day of a stored event of the same officer or person, and how many other weeks give."""
    people = people_of(records)
    found = np.zeros(len(records), dtype=bool)
    if people.empty or known.empty:
        return found, 0.0
    place = pd.Series(np.arange(len(records)), index=records.index)[people.index].to_numpy()
    codes, tokens = pd.factorize(people)
    stored_codes = pd.Index(tokens).get_indexer(known["token"])
    pairs = np.unique(_pair(known["day"].to_numpy(dtype=np.int64), stored_codes)[stored_codes >= 0])

    def matches(shift: int) -> Mask:
        wanted = _pair(days[place] + shift, codes)
        nearest = pairs[np.minimum(np.searchsorted(pairs, wanted), len(pairs) - 1)]
        here = np.zeros(len(records), dtype=bool)
        here[place[nearest == wanted]] = True
        return here

    if len(pairs):
        found = matches(0)
    # Of too few there is nothing to compare with other weeks.
    if not _enough(found, 0.0):
        return found, 0.0
    return found, float(np.mean([matches(shift).sum() for shift in _SHIFTS_DAYS]))


def _pair(days: Ints, codes: Ints) -> Ints:
    """One number for a day and a code."""
    return days * 2**32 + codes


def _enough(found: Mask, chance: float) -> bool:
    return bool(found.sum() >= max(_FEWEST_ROWS, _LEAST_SHARE * len(found), _TIMES_CHANCE * chance))


def _unlikely(found: Mask, chance: float) -> bool:
    return _enough(found, chance) and bool(stats.poisson.sf(int(found.sum()) - 1, chance) < _CHANCE)


def _same_days(days: Ints, known: pd.DataFrame) -> tuple[Mask, float]:
    """Records that fall on the days of stored events, each on one of its own, where other weeks give far fewer."""
    nothing = np.zeros(len(days), dtype=bool)
    if len(days) < _FEWEST_DATED or known.empty:
        return nothing, 0.0
    counts = known.set_index("day")["events"]
    each, of_each = np.unique(days, return_counts=True)

    def missing(shift: int) -> float:
        """The share without an event of its own, of those that lie in the time of the stored ones."""
        within = (each + shift >= counts.index.min()) & (each + shift <= counts.index.max())
        shared = np.minimum(of_each, counts.reindex(each + shift, fill_value=0).to_numpy())[within].sum()
        return 1 - float(shared) / max(int(of_each[within].sum()), 1)

    number = pd.Series(days).groupby(days).cumcount().to_numpy()
    found = number < counts.reindex(days, fill_value=0).to_numpy()
    misses = float((~found).mean())
    usual = np.array([missing(shift) for shift in _SHIFTS_DAYS])
    if (
        misses > 1 - _SHARE_ON_DAYS
        or _FEWER_MISSES * misses > usual.mean()
        or usual.mean() - misses < _DEVIATIONS * max(float(usual.std()), 1 / len(days))
    ):
        return nothing, 0.0
    return found, float(1 - usual.mean()) * len(days)
