"""The synthetic force's kit ledger: what was issued, used, returned, lost and expired; a kit is two doses.

Every kit has a row when it is issued and, unless it is still held, one when it ends. A few contradict that: no issue,
or two ends. Most of these are planted at one base.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.demo.carriers import ROLE_WORDS, DrawnCarriers
from data.demo.model import DATA_STATUS, ForceProfile, PlantedEvent, RawFile, date_texts, numbered
from data.mapping import Mapping

__all__ = ["DrawnKits", "KitUses", "draw_kits"]

UNRECONCILED_BASE, EXPIRED_KIT_BASE = "Barry", "Swansea Centre"
UNRECONCILED_SHARE, AT_PLANTED_BASE_SHARE = 0.04, 0.70
EXPIRED_HELD_SHARE, HELD_SHARE = 0.02, 0.96
# The planted expired kit; nobody noticed for three months.
PLANTED_EXPIRY = date(2026, 3, 31)
# Assumptions: a kit lasts about two years from issue; a few are lost or given back.
SHELF_LIFE_DAYS, LOST_SHARE, RETURNED_SHARE, HANDED_IN_SHARE = 720, 0.02, 0.03, 0.85
DOSES_A_KIT = 2
EVENT_WORDS = {
    "issued": "Issued",
    "used": "Used",
    "returned": "Returned",
    "lost": "Lost",
    "expired": "Expired, destroyed",
}


@dataclass(frozen=True, eq=False)
class KitUses:
    """Administrations that used kits: officer (index of the carrier), day and doses."""

    officer: NDArray[np.int64]
    day: NDArray[np.datetime64]
    doses: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class DrawnKits:
    """The ledger, what was planted in it, and the kit of each dose: (administrations, most doses), None beyond."""

    file: RawFile
    planted: tuple[PlantedEvent, ...]
    kit_of_dose: NDArray[np.object_]


@dataclass(frozen=True, eq=False)
class _Kits:
    """Kits of one fate: who had them, issued and ended when (NaT: still held), expiry, and how they ended."""

    officer: NDArray[np.int64]
    issued: NDArray[np.datetime64]
    ended: NDArray[np.datetime64]
    expires: NDArray[np.datetime64]
    fate: str


def draw_kits(
    rng: np.random.Generator, *, profile: ForceProfile, carriers: DrawnCarriers, uses: KitUses, source: str
) -> DrawnKits:
    """The ledger of a force whose carriers used kits as `uses` says."""
    kits_each = np.ceil(np.maximum(uses.doses, 1) / DOSES_A_KIT).astype(int)
    use = np.repeat(np.arange(len(kits_each)), kits_each)
    held, expired_at = _held(rng, profile, carriers)
    fates = [
        held,
        _used(rng, carriers, officer=uses.officer[use], day=uses.day[use]),
        _handed_in(rng, profile, carriers),
        _ended_early(rng, profile, carriers, share=LOST_SHARE, fate="lost"),
        _ended_early(rng, profile, carriers, share=RETURNED_SHARE, fate="returned"),
    ]
    sizes = np.array([len(kits.officer) for kits in fates])
    name = numbered("Kit %05d", 1 + rng.permutation(sizes.sum()))
    first_use = sizes[0]
    kit_of_dose = np.full((len(kits_each), int(uses.doses.max(initial=0))), None, dtype=object)
    first_kit = first_use + np.cumsum(kits_each) - kits_each
    for dose in range(kit_of_dose.shape[1]):
        given = uses.doses > dose
        kit_of_dose[given, dose] = name[first_kit[given] + dose // DOSES_A_KIT]
    ledger = _rows(fates, carriers, name)
    planted_base = UNRECONCILED_BASE if profile.kind == "south_wales" else None
    wanted = round(UNRECONCILED_SHARE * sizes.sum())
    chosen = _contradictory(rng, profile, carriers, held, wanted=wanted, planted_base=planted_base, keep=expired_at)
    ledger = _contradict(ledger, name[chosen], last_day=np.datetime64(profile.last_day))
    ledger = ledger.sort_values(["day", "kit", "event"], kind="stable", ignore_index=True)
    file = _file(profile, carriers, ledger, source)
    planted = _planted(profile, carriers, file, held, name, chosen, expired_at) if planted_base else ()
    return DrawnKits(file=file, planted=planted, kit_of_dose=kit_of_dose)


def _held(rng: np.random.Generator, profile: ForceProfile, carriers: DrawnCarriers) -> tuple[_Kits, int]:
    """Kits held on the last day, and which of them is the planted expired one (-1: none)."""
    officer = np.nonzero(rng.random(len(carriers.collar)) < HELD_SHARE)[0]
    last_day = np.datetime64(profile.last_day)
    expires = last_day + rng.integers(15, SHELF_LIFE_DAYS - 30, size=len(officer))
    late = rng.choice(len(officer), size=round(EXPIRED_HELD_SHARE * len(officer)), replace=False)
    expires[late] = last_day - rng.integers(5, 120, size=len(late))
    planted = -1
    if profile.kind == "south_wales":
        base = [place.name for place, _bcu, _share in profile.bases].index(EXPIRED_KIT_BASE)
        response = carriers.role[officer] == list(ROLE_WORDS).index("response")
        planted = int(np.nonzero((carriers.base[officer] == base) & response)[0][0])
        expires[planted] = np.datetime64(PLANTED_EXPIRY)
    issued = np.maximum(carriers.trained_on[officer], expires - np.timedelta64(SHELF_LIFE_DAYS, "D"))
    never = np.full(len(officer), np.datetime64("NaT", "D"))
    return _Kits(officer, issued, never, expires, "held"), planted


def _used(
    rng: np.random.Generator, carriers: DrawnCarriers, *, officer: NDArray[np.int64], day: NDArray[np.datetime64]
) -> _Kits:
    issued = np.maximum(carriers.trained_on[officer], day - rng.integers(10, 400, size=len(officer)))
    return _Kits(officer, issued, day, day + rng.integers(60, 320, size=len(officer)), "used")


def _handed_in(rng: np.random.Generator, profile: ForceProfile, carriers: DrawnCarriers) -> _Kits:
    """The first kits of the earliest carriers, which expired and were handed in."""
    expires = carriers.trained_on + np.timedelta64(SHELF_LIFE_DAYS, "D")
    ended = expires - rng.integers(0, 30, size=len(expires))
    officer = np.nonzero((ended < np.datetime64(profile.last_day)) & (rng.random(len(ended)) < HANDED_IN_SHARE))[0]
    return _Kits(officer, carriers.trained_on[officer], ended[officer], expires[officer], "expired")


def _ended_early(
    rng: np.random.Generator, profile: ForceProfile, carriers: DrawnCarriers, *, share: float, fate: str
) -> _Kits:
    officer = np.sort(rng.choice(len(carriers.collar), size=round(share * len(carriers.collar)), replace=False))
    issued = carriers.trained_on[officer]
    days = np.maximum((np.datetime64(profile.last_day) - issued).astype(int) - 1, 1)
    ended = issued + (rng.random(len(officer)) * np.minimum(days, SHELF_LIFE_DAYS)).astype(int)
    return _Kits(officer, issued, ended, issued + np.timedelta64(SHELF_LIFE_DAYS, "D"), fate)


def _rows(fates: Iterable[_Kits], carriers: DrawnCarriers, name: NDArray[np.object_]) -> pd.DataFrame:
    """Issue and end of every kit, in the order of `name`."""
    parts, first = [], 0
    for kits in fates:
        names = name[first : first + len(kits.officer)]
        first += len(kits.officer)
        common = {"kit": names, "officer": kits.officer, "base": carriers.base[kits.officer], "expires": kits.expires}
        parts.append(pd.DataFrame({**common, "event": "issued", "day": kits.issued}))
        if kits.fate != "held":
            parts.append(pd.DataFrame({**common, "event": kits.fate, "day": kits.ended}))
    return pd.concat(parts, ignore_index=True)


def _contradictory(
    rng: np.random.Generator,
    profile: ForceProfile,
    carriers: DrawnCarriers,
    held: _Kits,
    *,
    wanted: int,
    planted_base: str | None,
    keep: int,
) -> NDArray[np.int64]:
    """Which held kits will not reconcile, most of them at the planted base where there is one; never `keep`."""
    names = np.array([place.name for place, _bcu, _share in profile.bases], dtype=object)
    base = names[carriers.base[held.officer]]
    free = np.arange(len(base)) != keep
    here = np.nonzero((base == planted_base) & free)[0]
    elsewhere = np.nonzero((base != planted_base) & free)[0]
    at_base = min(round(AT_PLANTED_BASE_SHARE * wanted), len(here))
    at_base_chosen = rng.choice(here, size=at_base, replace=False)
    return np.concatenate([at_base_chosen, rng.choice(elsewhere, size=wanted - at_base, replace=False)])


def _contradict(ledger: pd.DataFrame, kits: NDArray[np.object_], *, last_day: np.datetime64) -> pd.DataFrame:
    """Every second kit loses its issue and is given back; the others are lost and given back as well."""
    without_issue, twice_ended = kits[::2], kits[1::2]
    issue = ledger["event"] == "issued"
    chosen = ledger[issue & ledger["kit"].isin(kits)].assign(event="returned", day=last_day - np.timedelta64(20, "D"))
    lost = chosen[chosen["kit"].isin(twice_ended)].assign(event="lost", day=last_day - np.timedelta64(40, "D"))
    kept = ledger[~(issue & ledger["kit"].isin(without_issue))]
    return pd.concat([kept, chosen, lost], ignore_index=True)


def _file(profile: ForceProfile, carriers: DrawnCarriers, ledger: pd.DataFrame, source: str) -> RawFile:
    names = np.array([place.name for place, _bcu, _share in profile.bases], dtype=object)
    half_year = ledger["expires"].dt.month.to_numpy() > 6
    frame = pd.DataFrame(
        {
            "Ledger row": np.arange(1, len(ledger) + 1),
            "Kit number": ledger["kit"].to_numpy(),
            "Collar number": carriers.collar[ledger["officer"].to_numpy()],
            "Base": names[ledger["base"].to_numpy()],
            "Event": ledger["event"].map(EVENT_WORDS).to_numpy(),
            "Event date": date_texts(ledger["day"].to_numpy()),
            "Lot": numbered("LOT-%05d", ledger["expires"].dt.year.to_numpy() * 10 + half_year),
            "Expiry date": date_texts(ledger["expires"].to_numpy()),
            "Kits": 1,
            "Data status": DATA_STATUS,
        }
    )
    mapping = Mapping(
        target="kits",
        source=source,
        extract="full",
        synthetic=True,
        columns={
            "kit_event_id": "Ledger row",
            "kit_token": "Kit number",
            "officer_token": "Collar number",
            "base": "Base",
            "event": "Event",
            "event_on": "Event date",
            "lot": "Lot",
            "expires_on": "Expiry date",
            "kits": "Kits",
        },
        values={"event": {word: event for event, word in EVENT_WORDS.items()}},
    )
    return RawFile(name="kits", frame=frame, mapping=mapping)


def _planted(
    profile: ForceProfile,
    carriers: DrawnCarriers,
    file: RawFile,
    held: _Kits,
    name: NDArray[np.object_],
    chosen: NDArray[np.int64],
    expired_at: int,
) -> tuple[PlantedEvent, ...]:
    frame = file.frame
    bases = np.array([place.name for place, _bcu, _share in profile.bases], dtype=object)
    at_base = set(name[chosen[bases[carriers.base[held.officer[chosen]]] == UNRECONCILED_BASE]])
    rows = frame.loc[frame["Kit number"].isin(at_base), "Ledger row"]
    expired_row = frame.loc[frame["Kit number"] == name[expired_at], "Ledger row"]
    return (
        PlantedEvent(
            id="kits-unreconciled",
            kind="kits_unreconciled",
            title=f"{UNRECONCILED_BASE}: kits given back that were never issued, or both lost and given back",
            expectation="First among differences: issued is not used + returned + lost + expired + held.",
            file=file.name,
            place=UNRECONCILED_BASE,
            records=tuple((str(row),) for row in rows),
            details={"base": UNRECONCILED_BASE, "kits": len(at_base)},
        ),
        PlantedEvent(
            id="expired-kit",
            kind="expired_kit",
            title=f"{EXPIRED_KIT_BASE}: a response officer still holds a kit that expired",
            expectation="Listed as expired but held.",
            file=file.name,
            place=EXPIRED_KIT_BASE,
            last_day=PLANTED_EXPIRY,
            records=tuple((str(row),) for row in expired_row),
            details={"base": EXPIRED_KIT_BASE, "expires_on": PLANTED_EXPIRY.isoformat()},
        ),
    )
