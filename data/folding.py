"""Several rows of a file into one administration: one row a substance, a dose or an officer's report.

Rows fold by the administration's key. Of each field the first recorded value stands; of the place the most exact; of
the time the earliest. Substances and doses are united. Two people never become one: a row of the same key that states
another name, date of birth, age or gender, or another day, is left out, for quarantine. Two officers' reports of one
administration are both kept, and their doses are not added up until a person has said whether they are the same.

Rows of a second file fold by the row that joins, whose key stands in the administration's place while they do.
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.mapping import Mapping
from data.pieces import known_where
from data.places import NAMED_AREAS
from data.pseudonymise import Pseudonymiser
from data.quality.file_points import RAW_AREA, RAW_X, RAW_Y
from data.records import NO_SUBSTANCE, PAIR_MARK, SUBSTANCE_MARK, doses_of_each
from data.schema import NOT_RECORDED

__all__ = ["MOST_DOSES", "Folded", "fold", "rows_of_later_doses", "with_piece_ids"]

Positions = NDArray[np.int64]
Mask = NDArray[np.bool_]

# What tells two people apart, each hashed but the gender.
_IDENTITY = ("identity_number", "identity_name", "identity_birth", "identity_age", "identity_range", "gender")
# A row dated further from the first one's day than this is of another event: an incident may go past midnight.
_SAME_EVENT = pd.Timedelta(days=1)
_PLACE = (
    *("easting_m", "northing_m", "location_precision_m", "location_source", "small_area", "authority", "bcu"),
    *("outside", RAW_X, RAW_Y, RAW_AREA, *NAMED_AREAS.values()),
)
_PLACE_RANK = {"coordinates": 0, "postcode": 1, "area": 2, "none": 3}
_TIME = ("occurred_at", "time_precision", "local_date", "local_hour", "local_weekday")
_TIME_RANK = {"minute": 0, "hour": 1, "day": 2, "month": 3}
# The administration that a second file's rows name, while the row that joins is in its place.
_NAMED = "named_administration"
# What rows of one record differ in by right, so that a difference is no disagreement.
_OWN = frozenset({
    "row_hash", "row_id", "dose_id", "piece_id", "substances", "drugs_token", "withdrawn", "doses_given", "recorded_at",
})  # fmt: skip
_DOSE_CONTENT = (
    *("dose0_given_at", "dose0_officer_token", "dose0_kit_token", "dose0_product", "dose0_count"),
    "dose0_officer_role",
)
_DOSE_PRESENT = re.compile(r"dose\d+_present")
# The schema's bound for doses of one administration; more rows than that are a key that does not tell people apart.
MOST_DOSES = 20


@dataclass(frozen=True, kw_only=True)
class Folded:
    """Records made of rows, one an administration, and what several rows added to them.

    `pieces` are the rows that went in; `other_people` and `other_days` are the row numbers of those left out. `doses`
    and `reports` are None where the file records none singly. `disagreeing` counts records whose rows
    disagree, in the rows `disagreeing_rows`.
    """

    records: pd.DataFrame
    pieces: pd.DataFrame
    doses: pd.DataFrame | None
    reports: pd.DataFrame | None
    other_people: Positions
    other_days: Positions
    disagreeing: int
    earlier: pd.DataFrame | None = None
    disagreeing_rows: Positions


def with_piece_ids(records: pd.DataFrame, *, mapping: Mapping, pseudonymiser: Pseudonymiser) -> pd.DataFrame:
    """The rows with a piece_id, by which a row is known again: its own key, else what its kind of row is told by."""
    if mapping.joins:
        named = {_NAMED: records["administration_id"]} if "administration_id" in records else {}
        records = _with(records, **named, administration_id=records["join_id"])
    if "row_id" in records:
        return _with(records, piece_id=records["row_id"])
    kinds = mapping.kinds_of_row
    told_by = ["administration_id"]
    told_by += ["substances"] if "substance" in kinds else []
    told_by += ["drugs_token"] if "substance" in kinds and "drugs_token" in records else []
    told_by += [name for name in _dose_columns(records) if "dose" in kinds]
    told_by += ["dose0_officer_token"] if "officer" in kinds and "dose0_officer_token" not in told_by else []
    frame = records[told_by].copy()
    frame["which"] = records.groupby(pseudonymiser.row_hashes(frame), sort=False).cumcount().to_numpy()
    return _with(records, piece_id=pd.array(pseudonymiser.row_hashes(frame), dtype="string[pyarrow]"))


def _with(frame: pd.DataFrame, **columns: object) -> pd.DataFrame:
    """The frame with more columns; a million rows are not copied for it."""
    more = frame.copy(deep=False)
    for name, column in columns.items():
        more[name] = column
    return more


def _dose_columns(records: pd.DataFrame) -> list[str]:
    """What a file may tell the doses of a person apart by."""
    return [name for name in ("dose_id", *_DOSE_CONTENT) if name in records]


def _dose_identity(rows: pd.DataFrame, kinds: Sequence[str], *, repeats: str) -> pd.DataFrame:
    """What tells one dose of a person from another: its number, else its content.

    Where a row is a dose and neither a number, a time nor a kit tells it apart, rows that say the same are as many
    doses as stand beside one drug: a join of drugs and doses has each dose once for every drug. Where the mapping's
    `repeats` are doses, two of one time or kit are two.
    """
    if "dose_id" in rows:
        numbered = rows["dose_id"].notna()
        content = {name: rows[name].astype(object).mask(numbered, None) for name in _DOSE_CONTENT if name in rows}
        identity = rows[["administration_id", "dose_id"]].assign(**content)
    else:
        identity = rows[["administration_id", *_dose_columns(rows)]].copy()
    if "dose" not in kinds and identity.shape[1] > 1:
        return identity
    certain = np.zeros(len(rows), dtype=bool)
    for name in ("dose_id", *(() if repeats == "doses" else ("dose0_given_at", "dose0_kit_token"))):
        if name in rows:
            certain |= rows[name].notna().to_numpy(dtype=bool)
    beside = identity.astype(object).where(identity.notna(), "")
    if "drugs_token" in rows:
        beside["drugs_token"] = rows["drugs_token"].astype(object).fillna("")
    which = beside.groupby(list(beside.columns), sort=False).cumcount().to_numpy()
    return identity.assign(which=np.where(certain, 0, which))


def fold(pieces: pd.DataFrame, *, mapping: Mapping, pseudonymiser: Pseudonymiser) -> Folded:
    """Fold rows (by row number, those of earlier imports first) with `piece_id` into records.

    Withdrawn rows take no part in a record that has others, and make it withdrawn where it has none.
    """
    pieces = _without_withdrawn(pieces)
    codes, _keys = pd.factorize(pieces["administration_id"])
    people, days = _misplaced(pieces, codes)
    other_people, other_days = pieces.index.to_numpy()[people], pieces.index.to_numpy()[days & ~people]
    if (people | days).any():
        pieces = pieces[~(people | days)]
    # Records that this file adds nothing to stay as they are.
    if (pieces.index <= 0).any():
        pieces = pieces[pieces["administration_id"].isin(pieces.loc[pieces.index > 0, "administration_id"])]
    codes, keys = pd.factorize(pieces["administration_id"])
    first = _first_of_each(codes, len(keys), np.ones(len(pieces), dtype=bool), None)
    groups = _Groups(pieces=pieces, codes=codes, first=first)
    records, disagreeing, disagreeing_rows = groups.records()
    records["row_hash"] = pseudonymiser.tokens(kind="folded", parts=[groups.joined("row_hash")])
    kinds = mapping.kinds_of_row
    doses = reports = None
    if "substances" in pieces:
        records["substances"] = pd.array(groups.substances(), dtype="string[pyarrow]")
    if "dose" in kinds or "officer" in kinds:
        repeats = "doses" if mapping.doses_by_content else mapping.repeats
        doses = _doses(pieces, kinds, pseudonymiser, repeats=repeats)
        if mapping.joins:
            # All doses of a table of doses count: no officer reports them a second time.
            doses["join_id"] = doses["administration_id"]
            unsigned = doses.drop(columns="officer_token", errors="ignore")
            _none, given = _reports(pieces, unsigned, codes, len(keys), kinds, pseudonymiser)
        else:
            reports, given = _reports(pieces, doses, codes, len(keys), kinds, pseudonymiser)
        records["doses_given"] = given
    elif mapping.says_how_many_doses and "doses_given" not in records:
        slots = [name for name in records if _DOSE_PRESENT.fullmatch(name)]
        each = [doses_of_each(records, name.removesuffix("present")) for name in slots]
        recorded = records[slots].any(axis=1).to_numpy(dtype=bool)
        records["doses_given"] = np.where(recorded, np.sum(each, axis=0), np.nan)
    if mapping.joins:
        records = records.drop(columns="administration_id").rename(columns={_NAMED: "administration_id"})
    return Folded(
        records=records,
        pieces=pieces,
        doses=doses,
        reports=reports,
        other_people=other_people,
        other_days=other_days,
        disagreeing=disagreeing,
        disagreeing_rows=disagreeing_rows,
    )


def rows_of_later_doses(folded: Folded, *, mapping: Mapping) -> Positions:
    """Rows of doses given after the ambulance came to a person whose wait, from an earlier dose, is known.

    Such a row's own wait would end before it starts, with nothing wrong in it.
    """
    if mapping.joins or len(mapping.waits) != 1 or "wait0_started_at" not in folded.pieces:
        return np.empty(0, dtype=np.int64)
    pieces = folded.pieces
    of_record = folded.records.set_index("administration_id").reindex(pieces["administration_id"])
    later = pieces["wait0_started_at"].to_numpy() > of_record["wait0_started_at"].to_numpy()
    known = of_record["wait0_minutes"].notna().to_numpy() & pieces["wait0_minutes"].isna().to_numpy()
    return pieces.index.to_numpy()[later & known]


def _without_withdrawn(pieces: pd.DataFrame) -> pd.DataFrame:
    if "withdrawn" not in pieces or not pieces["withdrawn"].any():
        return pieces
    some_left = (~pieces["withdrawn"].astype(bool)).groupby(pieces["administration_id"].to_numpy()).transform("any")
    return pieces[~(pieces["withdrawn"].astype(bool) & some_left.to_numpy())]


def _first_of_each(codes: Positions, groups: int, wanted: Mask, otherwise: Positions | None) -> Positions:
    """The position of the first wanted row of each group; `otherwise` where a group has none."""
    found = np.full(groups, -1, dtype=np.int64) if otherwise is None else otherwise.copy()
    positions = np.flatnonzero(wanted)[::-1]
    found[codes[positions]] = positions  # the last assignment stands, and that is the first row
    return found


def _misplaced(pieces: pd.DataFrame, codes: Positions) -> tuple[Mask, Mask]:
    """Rows of another person, and rows of another day, than the record that their key was first given to."""
    several = int(codes.max(initial=-1)) + 1
    first = _first_of_each(codes, several, np.ones(len(pieces), dtype=bool), None)
    days = np.zeros(len(pieces), dtype=bool)
    if "local_date" in pieces:
        started = pieces["local_date"].to_numpy()[first][codes]
        days = np.abs(pieces["local_date"].to_numpy() - started) > _SAME_EVENT.to_timedelta64()
    values = {
        name: pd.factorize(pieces[name].astype(object).where(known_where(pieces[name]), None), use_na_sentinel=True)[0]
        for name in _IDENTITY
        if name in pieces
    }
    unlike = np.zeros(several, dtype=bool)
    for column in values.values():
        known = column >= 0
        stated = _first_of_each(codes, several, known, first)
        differs = known & (column != column[stated][codes])
        unlike[codes[differs]] = True
    people = np.zeros(len(pieces), dtype=bool)
    if unlike.any():
        at = np.flatnonzero(unlike[codes])
        at = at[np.argsort(codes[at], kind="stable")]
        for group in np.split(at, np.flatnonzero(np.diff(codes[at])) + 1):
            people[_others(group, values)] = True
    return people, days


def _others(group: Positions, values: dict[str, NDArray[np.int64]]) -> list[int]:
    """Rows of a key with several people that are not surely of the first person."""
    person: dict[str, int] = {}
    others = []
    for row in group:
        stated = {name: int(column[row]) for name, column in values.items() if column[row] >= 0}
        contradicts = any(person.get(name, value) != value for name, value in stated.items())
        shares = any(person.get(name) == value for name, value in stated.items())
        if person and (contradicts or not shares):
            others.append(int(row))
        else:
            person = stated | person
    return others


@dataclass(frozen=True, kw_only=True)
class _Groups:
    """Rows, the number of the record that each belongs to, and each record's first row."""

    pieces: pd.DataFrame
    codes: Positions
    first: Positions

    def records(self) -> tuple[pd.DataFrame, int, Positions]:
        """One row a record, how many records have rows that disagree about a field, and the file's rows that do."""
        if len(self.first) == len(self.pieces):
            return self._take(self.pieces.columns, None), 0, np.empty(0, dtype=np.int64)
        place = self._best("location_source", _PLACE_RANK)
        time = self._earliest() if "time_precision" in self.pieces else self.first
        chosen: dict[str, object] = {}
        differs = np.zeros(len(self.pieces), dtype=bool)
        slots = {name.split("_", 1)[0] for name in self.pieces if name.startswith(("wait", "dose"))} - {"doses"}
        by_slot = {slot: self._slot(slot) for slot in sorted(slots) if f"{slot}_present" in self.pieces}
        for name in self.pieces.columns:
            column = self.pieces[name]
            slot = name.split("_", 1)[0]
            if name in _PLACE:
                rows = self._exact(place) if name in (RAW_X, RAW_Y, RAW_AREA) else place
            elif name in _TIME:
                rows = time
            elif slot in by_slot:
                rows = by_slot[slot]
            else:
                known = known_where(column)
                rows = _first_of_each(self.codes, len(self.first), known, self.first)
                if name not in _OWN and not name.startswith("identity_"):
                    values = pd.factorize(column)[0]
                    differs |= known & (values != values[rows][self.codes])
            chosen[name] = column.array.take(rows)
        numbers = self.pieces.index.to_numpy()
        of_this_file = _first_of_each(self.codes, len(self.first), numbers > 0, self.first)
        index = pd.Index(numbers[of_this_file], name=self.pieces.index.name)
        records = len(np.unique(self.codes[differs]))
        return pd.DataFrame(chosen, index=index), records, numbers[differs & (numbers > 0)]

    def _take(self, names: Sequence[str], rows: Positions | None) -> pd.DataFrame:
        return self.pieces[list(names)].copy() if rows is None else self.pieces[list(names)].take(rows)

    def _best(self, name: str, ranks: dict[str, int]) -> Positions:
        """The first row of the best rank."""
        rows = self.first
        if name not in self.pieces:
            return rows
        ranked = self.pieces[name].astype(object).map(ranks).fillna(len(ranks)).to_numpy(dtype=np.int64)
        for rank in sorted(set(ranks.values()), reverse=True):
            rows = _first_of_each(self.codes, len(self.first), ranked == rank, rows)
        return rows

    def _exact(self, place: Positions) -> Positions:
        """Rows of this file with the place of the rows `place`: those of earlier imports have no exact coordinates."""
        wanted = self.pieces.index.to_numpy() > 0
        for name in ("easting_m", "northing_m"):
            metres = self.pieces[name].to_numpy(dtype=float)
            wanted &= metres == metres[place][self.codes]
        return _first_of_each(self.codes, len(self.first), wanted, place)

    def _earliest(self) -> Positions:
        """The earliest of the times that are known most exactly."""
        precision = self.pieces["time_precision"].astype(object).map(_TIME_RANK).to_numpy(dtype=np.int64)
        order = np.lexsort((self.pieces["occurred_at"].to_numpy(), precision))
        rows = np.empty(len(self.first), dtype=np.int64)
        rows[self.codes[order[::-1]]] = order[::-1]
        return rows

    def _slot(self, slot: str) -> Positions:
        """The row whose dose or wait of that number stands: the first that has one; of waits, the first with a length.

        Where the rows' waits start at several times, as at doses, the earliest is the one that the person waited from.
        """
        present = self.pieces[f"{slot}_present"].to_numpy(dtype=bool)
        rows = _first_of_each(self.codes, len(self.first), present, self.first)
        if f"{slot}_minutes" in self.pieces:
            timed = present & self.pieces[f"{slot}_minutes"].notna().to_numpy()
            rows = _first_of_each(self.codes, len(self.first), timed, rows)
            if f"{slot}_started_at" in self.pieces:
                order = np.argsort(self.pieces[f"{slot}_started_at"].to_numpy(), kind="stable")
                order = order[timed[order]]
                rows[self.codes[order[::-1]]] = order[::-1]
        return rows

    def joined(self, name: str) -> NDArray[np.object_]:
        """The texts of each record's rows, sorted, in one: the same whichever order they come in."""
        found = np.empty(len(self.first), dtype=object)
        for record, texts in enumerate(self._by_record(name)):
            found[record] = " ".join(sorted(texts))
        return found

    def substances(self) -> NDArray[np.object_]:
        """The substances of each record, each once, with the certainty that it is first stated with."""
        known: dict[tuple[str, ...], str] = {}
        found = np.empty(len(self.first), dtype=object)
        for record, texts in enumerate(self._by_record("substances")):
            several = tuple(texts)
            if several not in known:
                known[several] = _united(several)
            found[record] = known[several]
        return found

    def _by_record(self, name: str) -> Iterator[NDArray[np.object_]]:
        """One column's texts, a record at a time, in the order of the rows."""
        texts = self.pieces[name].to_numpy(dtype=object)
        order = np.argsort(self.codes, kind="stable")
        bounds = np.flatnonzero(np.diff(self.codes[order], prepend=-1, append=-1))
        for start, end in pairwise(bounds):
            yield texts[order[start:end]]


def _united(texts: tuple[str, ...]) -> str:
    pairs: dict[str, str] = {}
    for text in texts:
        if text != NO_SUBSTANCE:
            for pair in text.split(SUBSTANCE_MARK):
                pairs.setdefault(pair.split(PAIR_MARK)[0], pair)
    if len(pairs) > 1:
        pairs.pop(NOT_RECORDED, None)
    return SUBSTANCE_MARK.join(pairs.values()) or NO_SUBSTANCE


def _doses(pieces: pd.DataFrame, kinds: Sequence[str], pseudonymiser: Pseudonymiser, *, repeats: str) -> pd.DataFrame:
    """Each dose once, in order of time, with the columns of the schema's table that the file fills."""
    rows = pieces[pieces["dose0_present"].to_numpy(dtype=bool)]
    named = {name: name.removeprefix("dose0_") for name in rows if name.startswith("dose0_")}
    doses = rows[["administration_id", *named]].rename(columns=named).drop(columns="present")
    doses["dose_id"] = pseudonymiser.row_hashes(_dose_identity(rows, kinds, repeats=repeats))
    doses["row_hash"] = rows["row_hash"]
    if "count" in doses:
        doses = _each_dose(doses, pseudonymiser)
    doses = doses.drop_duplicates("dose_id")
    if "given_at" in doses:
        doses = doses.sort_values("given_at", kind="stable")
    number = doses.groupby("administration_id", sort=False).cumcount() + 1
    return doses.assign(sequence=number.where(number <= MOST_DOSES).astype("Int16"))


def _each_dose(doses: pd.DataFrame, pseudonymiser: Pseudonymiser) -> pd.DataFrame:
    """Entries that stand for several doses as so many doses; where rows of one entry disagree, the most that is stated.

    An entry that states no number is one dose.
    """
    most = doses.groupby("dose_id", sort=False)["count"].transform("max")
    doses = doses.assign(count=most.fillna(1).astype(int)).drop_duplicates("dose_id")
    doses = doses.loc[doses.index.repeat(doses["count"])].reset_index(drop=True).drop(columns="count")
    parts = doses[["dose_id"]].assign(which=doses.groupby("dose_id", sort=False).cumcount())
    return doses.assign(dose_id=pseudonymiser.row_hashes(parts))


def _reports(
    pieces: pd.DataFrame,
    doses: pd.DataFrame,
    codes: Positions,
    groups: int,
    kinds: Sequence[str],
    pseudonymiser: Pseudonymiser,
) -> tuple[pd.DataFrame, NDArray[np.float64]]:
    """Officers' reports that may speak of the same doses, and the doses of each record until somebody has decided.

    Without such reports all doses count; with them, the report of the most.
    """
    number = pd.Series(codes, index=pieces["administration_id"].to_numpy()).groupby(level=0).first()
    stated = pieces.get("doses_given", pd.Series(np.nan, index=pieces.index)).astype(float).to_numpy()
    most_stated = np.full(groups, np.nan)
    np.fmax.at(most_stated, codes, stated)
    single = doses.assign(record=number.reindex(doses["administration_id"]).to_numpy())
    counted = np.bincount(single["record"], minlength=groups).astype(float)
    recorded = np.zeros(groups, dtype=bool)
    recorded[codes[pieces["dose0_present"].to_numpy(dtype=bool)]] = True
    given = np.fmax(most_stated, np.where(recorded, counted, np.nan)) if "dose" in kinds else most_stated
    columns = ["report_id", "administration_id", "officer_token", "doses", "given_at", "row_hash"]
    if "officer_token" not in doses:
        return pd.DataFrame(columns=columns), np.minimum(given, MOST_DOSES)
    by_officer = pd.DataFrame(
        {
            "administration_id": pieces["administration_id"].to_numpy(dtype=object),
            "record": codes,
            "officer_token": pieces["dose0_officer_token"].to_numpy(dtype=object),
            "stated": stated,
            "row_hash": pieces["row_hash"].to_numpy(dtype=object),
        }
    ).dropna(subset="officer_token")
    by_officer = by_officer.groupby(["record", "officer_token"], sort=False, as_index=False).agg(
        {"administration_id": "first", "stated": "max", "row_hash": "first"}
    )
    singly = single.groupby(["record", "officer_token"], sort=False, as_index=False).agg(
        **{"singly": ("dose_id", "size"), **({"given_at": ("given_at", "min")} if "given_at" in single else {})}
    )
    reports = by_officer.merge(singly, on=["record", "officer_token"], how="left")
    # One officer's rows are that officer's doses where each row is a dose, and one report otherwise.
    reports["doses"] = reports["singly"] if "dose" in kinds else reports["stated"].fillna(1)
    if "officer" in kinds and "dose" in kinds:
        reports["doses"] = reports[["stated", "singly"]].max(axis=1)
    doubtful = _doubtful(reports, single, kinds, groups)
    reports = reports[doubtful[reports["record"]]]
    most = reports.groupby("record")["doses"].max()
    given[most.index.to_numpy(dtype=np.int64)] = most.to_numpy(dtype=float)
    parts = [reports["administration_id"].to_numpy(dtype=object), reports["officer_token"].to_numpy(dtype=object)]
    reports = reports.assign(
        report_id=pseudonymiser.tokens(kind="report_id", parts=parts), doses=reports["doses"].clip(upper=MOST_DOSES)
    )
    return reports[[name for name in columns if name in reports]], np.minimum(given, MOST_DOSES)


def _doubtful(reports: pd.DataFrame, doses: pd.DataFrame, kinds: Sequence[str], groups: int) -> Mask:
    """Records whose officers may report the same doses: any two reports, or two doses of one time by two officers."""
    doubtful = np.zeros(groups, dtype=bool)
    if "officer" in kinds:
        officers = np.bincount(reports["record"], minlength=groups)
        doubtful = officers > 1
    elif "given_at" in doses:
        timed = doses.dropna(subset=["given_at", "officer_token"])
        at_once = timed.groupby(["record", "given_at"])["officer_token"].nunique()
        doubtful[at_once[at_once > 1].index.get_level_values("record").to_numpy(dtype=np.int64)] = True
    return doubtful
