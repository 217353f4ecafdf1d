"""Files of a force with any choice of traps laid into them, and what a report must say of each: every kind, every row.

The truth is known from how the file was made; nothing here asks the program. Traps that concern single rows take rows
that no other trap has; those of whole files (times, places, formats, several rows a record) stand across them.
"""

import csv
import io
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from data.mapping import Mapping
from tests.data.importing import workbook
from tests.data.quality.files import TOWNS, clean_file

__all__ = ["FORMATS", "LEVELS", "Laid", "as_file", "lay", "mappings"]

# What can be chosen of each trap; the first is a file without it.
LEVELS = {
    "rows": ("a person", "a drug", "a dose", "a drug and dose", "an officer", "composed key"),
    "people": ("one", "two"),
    "times": ("minutes", "on fives", "07:00Z", "midnight", "some midnights", "weeks of dates"),
    "places": (
        *("exact", "middles", "two decimals", "one point", "swapped", "other system"),
        *("moved middles", "middles of beats"),
    ),
    "stray": ("none", "some"),
    "block": ("none", "moved", "dates"),
    "same moment": ("none", "some"),
    "same person": ("none", "some"),
    "waits": ("right", "impossible", "on fives"),
    "batch": ("none", "some"),
    "crowded day": ("none", "some"),
    "silence": ("none", "some"),
    "words": ("none", "some"),
    "taken back": ("none", "some"),
    "bad rows": ("none", "some"),
    "import": ("first", "later", "full", "joins", "table"),
}
FORMATS = ("utf-8", "BOM, decimal commas", "Windows-1252, tabs", "UTF-16, bars", "sheet of texts", "typed sheet")
_EVENTS, _DAYS = 400, 400
_DRUGS = ("heroin", "alcohol", "cocaine", "methadone")
_MIDDLES = np.array([(51.62, -3.95), (51.66, -3.80), (51.55, -3.60), (51.48, -3.20), (51.64, -3.42), (51.74, -3.36)])
_DEFAULT = (51.621453, -3.943712)
# Three beats of each large town, two of each smaller one, one of the smallest.
_WITHIN_A_TOWN = np.array([(0.0051, 0.0013), (-0.0047, -0.0067), (-0.0045, 0.0081)])
_BEATS = [(town + _WITHIN_A_TOWN[:beats]) for town, beats in zip(TOWNS, (3, 3, 3, 3, 2, 2, 2, 1, 1, 1), strict=True)]
_BEATS = np.vstack(_BEATS)
_CROWDED, _BATCH = pd.Timestamp("2022-12-05"), "2023-12-20"
_BLOCK = (pd.Timestamp("2022-04-04"), pd.Timestamp("2022-04-24"))
# Of fewer, where some times are lost, so few can be compared that single repeats elsewhere in the file explain them.
_FEWEST_OF_A_BLOCK = 16
_DATED = (pd.Timestamp("2022-10-03"), pd.Timestamp("2022-11-20"))
_SILENCE = (pd.Timestamp("2022-08-01"), pd.Timestamp("2022-08-21"))
_PLACE_KINDS = ("area_points", "rounded_points", "crowded_point", "swapped_coordinates", "wrong_crs", "outside_force")
_PLACE_KINDS += ("zero_coordinates", "swapped_rows", "longitude_without_minus", "scattered_points")
_WAIT_KINDS = ("wait_negative", "wait_zero", "wait_too_long", "waits_on_fives")


@dataclass(kw_only=True)
class Laid:
    """One or more files in the order in which they come; of the last (and of the second but last, where it `joins`) the
    report is checked: `warnings` has the rows of each kind, `moment` those of events of one moment that must and
    those that may be told, `sums` what becomes of the rows."""

    choice: dict[str, str]
    before: pd.DataFrame | None
    file: pd.DataFrame
    warnings: dict[str, list[int]]
    sums: dict[str, int]
    moment: dict[str, tuple[list[int], list[int]]]
    joining: pd.DataFrame | None = None
    joining_warnings: dict[str, list[int]] = field(default_factory=dict)
    joining_sums: dict[str, int] = field(default_factory=dict)


class _People:
    """The people of a file, one row each, with the truth about them in columns of a leading underscore."""

    def __init__(self, choice, seed):
        self.choice, self.random = choice, np.random.default_rng(seed)
        # More people in the same days, so that a silence and a block are long ones.
        people = clean_file(_EVENTS, seed=seed, days=_DAYS, at_hostels=0.1)
        people["Lat"], people["Lon"] = _towns_of_any_size(people)
        people["_when"] = _apart(_without_silence(pd.to_datetime(people["When"])))
        people["_entered"] = people["_when"] + (pd.to_datetime(people["Entered"]) - pd.to_datetime(people["When"]))
        people["Name"] = [f"Zoë Müller{n:04}" if name else "" for n, name in enumerate(people["Name"])]
        people["Person"], people["Status"], people["_dated"], people["_copy"] = "1", "", "", ""
        people["Wait"] = [str(each) for each in self.random.integers(4, 40, len(people))]
        people["Officer"] = [f"PC {1000 + n % 97}" for n in range(len(people))]
        people["_incident"] = np.arange(len(people))
        self.people = people
        if choice["silence"] == "some":
            day = self.day
            self.people = people[(day < _SILENCE[0]) | (day > _SILENCE[1])].reset_index(drop=True)
        inside = self.day.between(_BLOCK[0] - pd.Timedelta(days=21), _BLOCK[1] + pd.Timedelta(days=21))
        self.block = _BLOCK[0], max(_BLOCK[1], self.day[self.day >= _BLOCK[0]].iloc[_FEWEST_OF_A_BLOCK - 1])
        # Single traps stay clear of the block and of the day that is to be crowded.
        self.free = list(self.random.permutation(np.flatnonzero(~inside & (self.day != _CROWDED))))
        self.truth = {}

    @property
    def day(self):
        return self.people["_when"].dt.normalize()

    def take(self, count):
        """People whom no other trap of single rows has."""
        return [self.free.pop() for _number in range(count)]

    def add(self, frame):
        first = len(self.people)
        self.people = pd.concat([self.people, frame], ignore_index=True)
        return list(range(first, len(self.people)))

    def copy_of(self, some, name, **changes):
        """New records of the same events under other keys."""
        again = self.people.loc[some].copy().assign(Name="", _copy=name, **changes)
        again["Reference"] = [f"{name}{each}" for each in again["Reference"]]
        again["Officer"] = [f"PC {5000 + each}" for each in again["_incident"]]
        # A multiple of twelve: as many drugs and doses as the event has.
        again["_incident"] = again["_incident"] + 12_000 * (1 + ("block", "moment", "person").index(name))
        return again


def _towns_of_any_size(people):
    """Places of which no two towns have the same spread, as scattered middles of areas would have."""
    points = people[["Lat", "Lon"]].astype(float).to_numpy()
    town = np.argmin(((points[:, None] - TOWNS) ** 2).sum(axis=2), axis=1)
    spread = np.column_stack([0.4 + 0.13 * np.arange(len(TOWNS)), 1.5 - 0.11 * np.arange(len(TOWNS))])
    # Within the force, rounded as well.
    points = TOWNS[town] + np.clip((points - TOWNS[town]) * spread[town], (-0.015, -0.02), (0.015, 0.02))
    return [f"{each:.6f}" for each in points[:, 0]], [f"{each:.6f}" for each in points[:, 1]]


def _without_silence(when):
    """The same times with the first of each four days on one of these, so that no silence is chance's."""
    days = ((when - when.min()) // pd.Timedelta("1D")).to_numpy()
    for start in range(0, days.max() - 3, 4):
        if not ((days >= start) & (days < start + 4)).any():
            after = np.flatnonzero(days >= start)[0]
            days[after], when = start + 2, when.where(when.index != after, when.min() + pd.Timedelta(days=start + 2))
    return when.sort_values(ignore_index=True)


def _apart(when):
    """Times of day none of which is a whole hour, and no two in the same five minutes of one day."""
    taken, apart = set(), []
    for minute in ((when - when.min().normalize()) // pd.Timedelta("1min")).to_list():
        moment = minute + 2 * (minute % 5 == 0)
        while moment // 5 in taken or moment % 1440 < 60 or moment % 60 < 5:
            moment = moment - moment % 1440 + (moment + 7) % 1440
        taken.add(moment // 5)
        apart.append(moment)
    return when.min().normalize() + pd.to_timedelta(pd.Series(apart, index=when.index), unit="min")


def lay(choice, seed):
    """The files of a choice of one level a trap, and the truth about them."""
    made = _People(choice, seed)
    people = made.people
    if choice["people"] == "two":
        some = made.take(15)
        inside = np.flatnonzero(made.day.between(*made.block))[::6]
        second = people.loc[sorted([*some, *inside])].assign(Person="2", Name="", Gender="Female", Age="18-24")
        made.people.loc[second.index, ["Gender", "Age"]] = ["Male", "45-54"]
        made.add(second)
        made.people = made.people.sort_values(["_when", "Person"], kind="stable")
        moved = {old: new for new, old in enumerate(made.people.index)}
        made.free = [moved[each] for each in made.free]
        made.people = made.people.reset_index(drop=True)
    _single_people(made)
    _places_of_people(made)
    _again(made)
    _times(made)
    _stray(made)
    _waits(made)
    return _files(made)


def _single_people(made):
    """Traps of a few people's cells, and a day that is no day of theirs."""
    people, choice = made.people, made.choice
    if choice["crowded day"] == "some":
        # From days that have others, so that none becomes silent.
        day = made.day[made.free]
        some = day[day.duplicated() & (people.loc[made.free, "Person"] == "1")].index[:26].to_list()
        made.free = [each for each in made.free if each not in some]
        taken = set((people.loc[made.day == _CROWDED, "_when"] - _CROWDED) // pd.Timedelta("5min"))
        clocks = [
            next(at for at in range(127 + 43 * n, 170 + 43 * n, 6) if at // 5 not in taken) for n in range(len(some))
        ]
        people.loc[some, "_when"] = [_CROWDED + pd.Timedelta(minutes=at) for at in clocks]
        people.loc[some, "_entered"] = people.loc[some, "_when"] + pd.Timedelta(days=1)
        people.loc[some, "Officer"] = [f"PC {3000 + n}" for n in range(len(some))]
    if choice["batch"] == "some":
        some = made.take(16)
        people.loc[some, "_entered"] = [pd.Timestamp(f"{_BATCH} 10:{n + 11}") for n in range(len(some))]
    if choice["words"] == "some":
        some = made.take(6)
        people.loc[some, "Gender"] = ["NULL", "N/A", "None Given", "Femlae", "Femlae", "Zebra"]
    if choice["taken back"] == "some":
        # From days that have others, so that none becomes silent.
        some = [each for each in made.free if (made.day == made.day[each]).sum() > 1]
        some = made.day[some].drop_duplicates().index[:4].to_list()
        made.free = [each for each in made.free if each not in some]
        people.loc[some, "Status"] = "Cancelled"


def _places_of_people(made):
    """Where each was, as the source has it: one point for many, before anybody enters days again."""
    if made.choice["places"] == "one point":
        some = made.take(90)
        made.people.loc[some, ["Lat", "Lon"]] = [f"{each:.6f}" for each in _DEFAULT]
    elif made.choice["places"] == "moved middles":
        made.people["Lat"], made.people["Lon"] = _moved_middles(made.people, made.random)
    elif made.choice["places"] == "middles of beats":
        # Measured places, of which none comes again.
        points = made.people[["Lat", "Lon"]].astype(float) + made.random.normal(0, 0.0004, (len(made.people), 2))
        made.people["Lat"], made.people["Lon"] = ([f"{each:.6f}" for each in points[name]] for name in points)
        made.people["_at_middle"] = made.random.random(len(made.people)) < 0.45


def _moved_middles(people, random):
    """A place for each anywhere within 700 m of the middle nearest to it."""
    middles = _MIDDLES[_nearest(people, _MIDDLES)]
    turn, out = random.uniform(0, 2 * np.pi, len(middles)), np.sqrt(random.random(len(middles)))
    points = middles + np.column_stack([0.0063 * out * np.cos(turn), 0.0101 * out * np.sin(turn)])
    return ([f"{each:.6f}" for each in points[:, n]] for n in (0, 1))


def _nearest(people, points):
    """The number of the point nearest to each."""
    places = people[["Lat", "Lon"]].astype(float).to_numpy()
    return np.argmin(((places[:, None] - points) ** 2).sum(axis=2), axis=1)


def _again(made):
    """Days and single events entered again under other keys."""
    choice = made.choice
    known = [each for each in made.free if made.people.loc[each, "Gender"] and made.people.loc[each, "Age"]]
    if choice["places"] == "middles of beats":
        # Of two points of a beat that come twice either could be its middle.
        known = [each for each in known if made.people.loc[each, "_at_middle"]]
    if choice["same moment"] == "some":
        some = [known.pop() for _each in range(5)]
        made.people.loc[some, "_single"] = True
        made.add(made.copy_of(some, "moment"))
        made.free = [each for each in made.free if each not in some]
    if choice["same person"] == "some":
        some = [known.pop() for _each in range(2)]
        made.free = [each for each in made.free if each not in some]
        made.people.loc[some, "Name"] = ["Jo Bloggs", "Al Bloggs"]
        again = made.copy_of(some, "person")
        again["Name"] = ["Jo Bloggs", "Al Bloggs"]
        again["_when"] = again["_when"].dt.normalize() + pd.Timedelta(hours=3, minutes=7)
        # At the other end of the force.
        west = again["Lon"].astype(float) < -3.5
        again["Lat"] = np.where(west, "51.505111", "51.663111")
        again["Lon"] = np.where(west, ["-3.190222", "-3.180222"], ["-3.931222", "-3.921222"])
        made.add(again)
    if choice["block"] != "none":
        of_block = np.flatnonzero(made.day.between(*made.block))
        again = made.copy_of(of_block, "block")
        lat, lon = again["Lat"].astype(float), again["Lon"].astype(float)
        if choice["block"] == "moved":
            again["Lat"], again["Lon"] = lat + 0.004, lon - 0.003
            # By hand, and not loaded twice with the minutes of their entry.
            late_min = pd.Series(made.random.exponential(2_000, len(again)) + 30, index=again.index).round()
            again["_entered"] = again["_when"] + pd.to_timedelta(late_min, unit="min")
        else:
            again["Lat"] = lat + made.random.uniform(-0.0045, 0.0045, len(again))
            again["Lon"] = lon + made.random.uniform(-0.007, 0.007, len(again))
            again["_dated"] = "plain"
        again["Lat"], again["Lon"] = ([f"{each:.6f}" for each in again[name]] for name in ("Lat", "Lon"))
        if choice["places"] == "moved middles":
            # Moved anew each time.
            again["Lat"], again["Lon"] = _moved_middles(again, made.random)
        made.add(again)


def _times(made):
    people, level = made.people, made.choice["times"]
    if level in ("07:00Z", "midnight"):
        people["_dated"] = "clock"
    elif level == "some midnights":
        some = (made.random.random(len(people)) < 0.3) & ~people["_copy"].isin(["moment", "person"]).to_numpy()
        some &= people.get("_single", pd.Series(index=people.index, dtype=object)).isna().to_numpy()
        people.loc[some & (people["_dated"] == "").to_numpy(), "_dated"] = "clock"
    elif level == "weeks of dates":
        once = people.get("_single", pd.Series(index=people.index, dtype=object)).isna()
        people.loc[made.day.between(*_DATED) & (people["_copy"] == "") & once, "_dated"] = "clock"
    elif level == "on fives":
        people["_when"] = people["_when"].dt.floor("5min")
    when = people["_when"]
    form = "%Y-%m-%dT07:00:00Z" if level == "07:00Z" else "%Y-%m-%d 00:00"
    people["When"] = when.dt.strftime("%Y-%m-%d %H:%M")
    people.loc[people["_dated"] == "clock", "When"] = when.dt.strftime(form)
    people.loc[people["_dated"] == "plain", "When"] = when.dt.strftime("%Y-%m-%d")
    people["Entered"] = people["_entered"].dt.strftime("%Y-%m-%d %H:%M")


def _stray(made):
    """All places of the file's own kind, and a few that are none: swapped, nought, without their minus, in Paris."""
    people, level = made.people, made.choice["places"]
    if level == "middles":
        middles = _MIDDLES[_nearest(people, _MIDDLES)]
        people["Lat"], people["Lon"] = ([f"{each:.5f}" for each in middles[:, n]] for n in (0, 1))
    elif level == "two decimals":
        people["Lat"], people["Lon"] = ([f"{float(each):.2f}" for each in people[name]] for name in ("Lat", "Lon"))
    beat = _nearest(people, _BEATS)
    people["Beat"] = [f"Beat {number:02}" for number in beat]
    if level == "middles of beats":
        middles = people["_at_middle"].to_numpy(dtype=bool)
        people.loc[middles, ["Lat", "Lon"]] = [[f"{each:.5f}" for each in point] for point in _BEATS[beat[middles]]]
    people["_stray"] = ""
    if made.choice["stray"] == "some":
        some = made.take(6)
        people.loc[some, "_stray"] = ["swapped", "swapped", "zero", "zero", "west", "abroad"]
        swapped, zero, west, abroad = some[:2], some[2:4], some[4], some[5]
        people.loc[swapped, ["Lat", "Lon"]] = people.loc[swapped, ["Lon", "Lat"]].to_numpy()
        people.loc[zero, ["Lat", "Lon"]] = "0"
        people.loc[west, "Lon"] = people.loc[west, "Lon"].removeprefix("-")
        people.loc[abroad, ["Lat", "Lon"]] = ["48.857123", "2.352345"]


def _waits(made):
    people, level = made.people, made.choice["waits"]
    if level == "impossible":
        people.loc[made.take(5), "Wait"] = ["-4", "-7", "0", "0", "500"]
    elif level == "on fives":
        some = made.random.random(len(people)) < 0.7
        people.loc[some, "Wait"] = [str(5 * (1 + int(each) // 5)) for each in people.loc[some, "Wait"]]


# --- rows of people ---------------------------------------------------------------------------------------------------

_COLUMNS = ["Reference", "Person", "When", "Gender", "Age", "Doses", "Name", "Entered", "Status", "Officer", "Drug"]
_COLUMNS += ["Dose no", "Count", "Dose time", "Lat", "Lon", "Beat", "Wait"]
# What a row of the form is where a table of their own has the doses.
_WITHOUT_DOSES = {"a dose": "a person", "an officer": "a person", "a drug and dose": "a drug"}


def _rows_of_form(choice):
    rows = choice["rows"]
    return _WITHOUT_DOSES.get(rows, rows) if choice["import"] == "table" else rows


def _rows_of(people, choice):
    """The file's rows, each with the number of its person in `_person`: as many as the form has for each."""
    kinds, rows = _rows_of_form(choice), []
    for number, person in enumerate(people.to_dict("records")):
        several = 1 + person["_incident"] % 3 if not person["Status"] else 1
        drugs = [_DRUGS[(person["_incident"] + n) % 4] for n in range(several if "drug" in kinds else 1)]
        doses = several if kinds == "a dose" else 2 if kinds == "a drug and dose" and several == 3 else 1
        officers = 2 if kinds == "an officer" and several == 2 else 1
        for drug in drugs:
            for dose in range(doses):
                for officer in range(officers):
                    row = person | {"Drug": drug, "Dose no": f"{dose + 1}", "Count": "1", "_person": number}
                    row["Dose time"] = f"{person['_when'] + pd.Timedelta(minutes=1 + dose):%Y-%m-%d %H:%M}"
                    if officer:
                        row["Officer"] = "PC 77"
                    rows.append(row)
    return pd.DataFrame(rows)


def mappings(choice, *, decimal="."):
    """The mapping of the form, and that of the file that adds to it (None where none does)."""
    kinds, later = _rows_of_form(choice), choice["import"]
    key = [{"code": "Officer"}, {"day": "When"}] if kinds == "composed key" else ["Reference"]
    columns = {"occurred_at": "When", "gender": "Gender", "age_band": "Age", "recorded_at": "Entered"}
    columns |= {"incident_id": key, "administration_id": [*key, "Person"]}
    place = {"x": "Lon", "y": "Lat"}
    if choice["places"] == "swapped":
        place = {"x": "Lat", "y": "Lon"}
    elif choice["places"] == "other system":
        place["crs"] = "EPSG:27700"
    elif choice["places"] == "middles of beats":
        place["area"] = "Beat"
    common = {"synthetic": True, "target": "administrations", "file": {"decimal": decimal}}
    located = {"place": place, "waits": [{"kind": "call_to_arrival", "clock": "ambulance_cad", "minutes": "Wait"}]}
    doses = [{"officer": "Officer"}]
    if kinds == "a dose":
        doses = [{"officer": "Officer", "given_at": "Dose time"}]
    elif kinds == "a drug and dose":
        columns["dose_id"] = "Dose no"
        doses = [{"officer": "Officer", "count": "Count"}]
    elif later == "table":
        doses = []
    else:
        columns["doses_given"] = "Doses"
    form = common | {
        "source": "form",
        "rows": {"a drug": "substance", "a dose": "dose", "a drug and dose": ["substance", "dose"]}
        .get(kinds, "officer" if kinds == "an officer" else "person"),
        "columns": columns,
        "person": {"name": "Name"},
        "substances": {"columns": ["Drug"]},
        "doses": doses,
        "withdrawn": {"Status": ["Cancelled"]},
        "extract": "full" if later == "full" else "incremental",
    }  # fmt: skip
    if later == "table":
        table = common | {"source": "doses", "parent_source": "form", "joins": "administrations", "rows": "dose"}
        columns = {name: columns[name] for name in ("incident_id", "administration_id")} | {"dose_id": "Dose no"}
        table |= {"columns": columns, "doses": [{"given_at": "Dose time"}]}
        return Mapping.model_validate(form | located), Mapping.model_validate(table)
    if later != "joins":
        return Mapping.model_validate(form | located), None
    second = common | located | {"source": "places", "parent_source": "form", "joins": "incidents"}
    return Mapping.model_validate(form), Mapping.model_validate(second | {"columns": {"incident_id": key}})


# --- files and truth --------------------------------------------------------------------------------------------------


def _files(made):
    """The file, what came before it, what comes after it, and the truth of each."""
    choice, people = made.choice, made.people
    rows = _rows_of(people, choice)
    quarantined, repeated = [], 0
    good = rows
    if choice["bad rows"] == "some":
        lost = rows.drop_duplicates("_person").set_index("_person").loc[made.take(6)].reset_index()
        no_key, no_time, other = lost[:2], lost[2:4], lost[4:6]
        bad = [
            no_key.assign(**{"Officer" if choice["rows"] == "composed key" else "Reference": ""}),
            # A reference of its own, and no day that it could have been.
            no_time.assign(When="never", Reference=["NEVER1", "NEVER2"]),
            other.assign(Name="Somebody Else", Gender="Female", Age="18-24", Drug="cannabis"),
        ]
        named = other["_person"].to_list()
        rows.loc[rows["_person"].isin(named), ["Name", "Gender", "Age"]] = ["", "Male", "45-54"]
        again = rows.loc[rows["_person"].isin(made.take(3))].drop_duplicates("_person")
        repeated = len(again)
        good = rows
        rows = pd.concat([rows, *bad, again], ignore_index=True)
        quarantined = list(range(len(good) + 1, len(good) + 7))
    first_row = good.groupby("_person").apply(lambda own: int(own.index[0]) + 1, include_groups=False)
    people["_row"] = first_row.reindex(range(len(people))).to_numpy()
    before, sums = _before(made, good)
    sums |= {"rows_in": len(rows), "quarantined_rows": len(quarantined), "unchanged": sums["unchanged"] + repeated}
    truth = _truth(made, good)
    events = people.sort_values("_row").drop_duplicates("_incident")
    moment = _same_moment(events, choice)
    laid = Laid(choice=choice, before=before, file=rows[_COLUMNS], warnings=truth, moment=moment, sums=sums)
    if choice["import"] == "table":
        _table_of_doses(laid, people)
    elif choice["import"] == "joins":
        laid.warnings = {kind: found for kind, found in truth.items() if kind not in (*_PLACE_KINDS, *_WAIT_KINDS)}
        incidents = people.drop_duplicates("_incident").sample(frac=1, random_state=1).reset_index(drop=True)
        extra = incidents[:4].copy()
        extra["Reference"], extra["Officer"] = [f"X{n}" for n in range(4)], [f"PC {8000 + n}" for n in range(4)]
        extra[["_stray", "Wait", "_copy"]] = ["", "17", ""]
        # A place that came twice would be as good a middle of a beat.
        like = incidents[(incidents["_stray"] == "") & incidents.get("_at_middle", pd.Series(True, incidents.index))]
        of_place = [*like.columns.intersection(["Lat", "Lon", "Beat", "_at_middle"])]
        extra[of_place] = like[of_place].iloc[:4].to_numpy()
        listed = pd.concat([incidents, extra], ignore_index=True)
        listed["_row"] = np.arange(1, len(listed) + 1)
        laid.joining = listed[["Reference", "When", "Officer", "Lat", "Lon", "Beat", "Wait"]]
        laid.joining_warnings = _of_places(listed, choice) | _of_waits(listed, listed, choice)
        laid.joining_sums = {"rows_in": len(listed), "imported": len(incidents), "waiting": 4}
    return laid


def _table_of_doses(laid, people):
    """A second file with a row for each dose, of which some are of records that are not there yet."""
    known = people[people["Status"] == ""]
    extra = known[:4].assign(Reference=[f"X{n}" for n in range(4)], Officer=[f"PC {8000 + n}" for n in range(4)])
    rows = [
        person | {"Dose no": f"{dose + 1}", "Dose time": f"{person['_when'] + pd.Timedelta(minutes=1 + dose):%F %H:%M}"}
        for person in pd.concat([known, extra]).to_dict("records")
        for dose in range(1 + person["_incident"] % 3)
    ]
    table = pd.DataFrame(rows).sample(frac=1, random_state=1)
    laid.joining = table[["Reference", "Person", "When", "Officer", "Dose no", "Dose time"]]
    waiting = int(table["Reference"].str.startswith("X").sum())
    laid.joining_sums = {"rows_in": len(table), "imported": len(known), "waiting": waiting}
    laid.joining_sums["folded"] = len(table) - len(known) - waiting


def _before(made, good):
    """The file that came before (None for none) and what becomes of this one's good rows."""
    people, kind = made.people, made.choice["import"]
    records = people["_row"].notna().sum()
    withdrawn = int((people["Status"] != "").sum())
    sums = {"imported": records - withdrawn, "updated": 0, "unchanged": 0, "folded": len(good) - records}
    sums |= {"withdrawn": withdrawn, "withdrawn_gone": 0, "waiting": 0}
    if kind not in ("later", "full"):
        return None, sums
    if made.choice["places"] == "middles of beats":
        # A middle that came once before and comes again now would be a change of both.
        made.free = [each for each in made.free if not people.loc[each, "_at_middle"]]
    new, changed = made.take(12), made.take(30)
    several = good["_person"].value_counts()
    earlier = good[(good["Status"] == "") & ~good["_person"].isin(new)].copy()
    if _rows_of_form(made.choice) in ("a person", "composed key"):
        changed = changed[:5]
        earlier.loc[earlier["_person"].isin(changed), "Doses"] = "9"
    else:
        changed = [each for each in changed if several[each] > 1][:5]
        last = good[good["_person"].isin(changed)].drop_duplicates("_person", keep="last").index
        earlier = earlier[~earlier.index.isin(last)]
    sums |= {"imported": len(new), "updated": len(changed)}
    sums |= {"unchanged": records - withdrawn - len(new) - len(changed)}
    if kind == "full":
        earlier = pd.concat([earlier, _gone(made, good)], ignore_index=True)
        # A row whose record nobody can tell may be any of them.
        sums["withdrawn_gone"] = 0 if made.choice["bad rows"] == "some" else 6
    return earlier[_COLUMNS], sums


def _gone(made, good):
    """Rows of six records that the source no longer has: of others, at other times and places of the same days."""
    gone = good[good["_person"].isin(made.take(6))].drop_duplicates("_person")
    gone = gone.assign(Reference=[f"G{n}" for n in range(6)], Officer=[f"PC {7000 + n}" for n in range(6)])
    gone["Dose time"] = [f"{each[:10]} 04:{n + 11}" for n, each in enumerate(gone["When"])]
    timed = (gone["_dated"] == "").to_numpy()
    gone.loc[timed, "When"] = [f"{each[:10]} {1 + n:02}:{11 + 7 * n}" for n, each in enumerate(gone["When"][timed])]
    if made.choice["places"] == "middles of beats":
        gone["Lat"] = [f"{float(each) + 0.0009:.6f}" for each in gone["Lat"]]
    return gone.assign(Name="", Gender="", Age="")


def _truth(made, good):
    """The rows of each warning that must come: the first row of each record, of each incident where it is of events."""
    people, choice = made.people, made.choice
    events = people.sort_values("_row").drop_duplicates("_incident")
    found = {}
    found["dates_only"] = people.loc[people["_dated"] == "clock", "_row"]
    timed = events[events["_dated"] == ""]
    if choice["times"] == "on fives":
        found["times_on_fives"] = timed.loc[timed["_when"].dt.minute % 5 == 0, "_row"]
    if choice["crowded day"] == "some":
        found["crowded_day"] = events.loc[events["_when"].dt.normalize() == _CROWDED, "_row"]
    if choice["batch"] == "some":
        found["batch_entry"] = events.loc[events["_entered"].dt.normalize() == _BATCH, "_row"]
    if choice["silence"] == "some":
        day = events["_when"].dt.normalize()
        edges = day[day < _SILENCE[0]].max(), day[day > _SILENCE[1]].min()
        found["silent_days"] = events.loc[day.isin(edges), "_row"]
    found["doubled_days"] = events.loc[events["_copy"] == "block", "_row"]
    found["same_person_and_day"] = events.loc[events["_copy"] == "person", "_row"]
    for kind, words in (
        ("placeholder_words", ["NULL", "N/A", "None Given"]),
        ("unknown_value", ["Femlae"]),
        ("unlisted_value", ["Zebra"]),
    ):
        found[kind] = good.index[good["Gender"].isin(words)] + 1
    found |= _of_places(people, choice)
    found |= _of_waits(people, good.assign(_row=good.index + 1), choice)
    return {kind: sorted(int(row) for row in rows) for kind, rows in found.items() if len(rows)}


def _same_moment(events, choice):
    """The rows entered again that must be told as such, and those that may be: by chance others agree as well.

    None must be where hundreds share the day, or the five minutes, and the place, or where no place is known.
    """
    dated = choice["times"] in ("07:00Z", "midnight")
    known = choice["import"] != "joins" and choice["places"] != "other system"
    shared = dated and (not known or choice["places"] in ("middles", "two decimals"))
    entered_again = events.loc[events["_copy"] == "moment", "_row"]
    must = entered_again[:0] if shared or (choice["times"] == "on fives" and not known) else entered_again
    may = _agreeing(events, choice) if dated or len(must) < len(entered_again) else must
    kind = "same_time" if choice["import"] == "joins" else "same_time_and_place"
    return {kind: tuple([int(row) for row in rows] for rows in (must, may))}


def _agreeing(events, choice):
    """The rows that agree with an earlier one in the time and place, to where they are snapped to, and in the details
    of the person where the time is but a day; those of a block are told as such."""
    told_by, placed = ["When"], choice["import"] != "joins" and choice["places"] != "other system"
    if choice["times"] != "on fives":
        told_by += ["Gender", "Age", *(["Doses"] if _tells_doses(choice) else [])]
    known = events[(events["_copy"] != "block") & (events[["Gender", "Age"]] != "").any(axis=1)]
    pairs = known.merge(known, on=told_by, suffixes=("", " before"))
    pairs = pairs[pairs["_row before"] < pairs["_row"]]
    if placed:
        apart = pairs[["Lat", "Lon"]].astype(float) - pairs[["Lat before", "Lon before"]].astype(float).to_numpy()
        pairs = pairs[(apart["Lat"].abs() < 0.0013) & (apart["Lon"].abs() < 0.0021)]
    return pairs["_row"].drop_duplicates()


def _tells_doses(choice):
    return choice["rows"] not in ("a dose", "a drug and dose") and choice["import"] != "table"


def _of_places(people, choice):
    """Rows by what is wrong with their place."""
    level, row, stray = choice["places"], people["_row"], people["_stray"]
    located = stray != "zero"
    found = {"zero_coordinates": row[~located]}
    if level == "swapped":
        found["swapped_coordinates"] = row[located & (stray != "swapped")]
        found["outside_force"] = found["swapped_coordinates"]
    elif level == "other system":
        found["wrong_crs"] = found["outside_force"] = row[located]
    else:
        found |= {"swapped_rows": row[stray == "swapped"], "longitude_without_minus": row[stray == "west"]}
        found["outside_force"] = row[located & (stray != "")]
        if level == "moved middles":
            found["scattered_points"] = row[located]
        elif level == "middles of beats":
            # One of a single incident is a place like any other.
            at_middle = people[people["_at_middle"].eq(True) & (stray == "")]
            incidents = at_middle.groupby(["Lat", "Lon"])["_incident"].transform("nunique")
            found["area_points"] = row[incidents.index[incidents > 1]]
        elif level == "middles":
            found["area_points"] = row[located]
        elif level == "two decimals":
            found["rounded_points"] = row[located & (stray != "abroad")]
        elif level == "one point":
            at = people[["Lat", "Lon"]].eq([f"{each:.6f}" for each in _DEFAULT]).all(axis=1)
            found["crowded_point"] = row[at]
    return {kind: sorted(int(each) for each in rows) for kind, rows in found.items() if len(rows)}


def _of_waits(people, rows, choice):
    """Rows by what is wrong with their wait; one that was set aside is so in each row of its record."""
    minutes = people["Wait"].astype(int)
    found = {"wait_zero": people.loc[minutes == 0, "_row"]}
    stated = rows["Wait"].astype(int)
    found |= {"wait_negative": rows.loc[stated < 0, "_row"], "wait_too_long": rows.loc[stated > 360, "_row"]}
    if choice["waits"] == "on fives":
        found["waits_on_fives"] = people.loc[(minutes > 0) & (minutes % 5 == 0), "_row"]
    return {kind: sorted(int(each) for each in some) for kind, some in found.items() if len(some)}


def as_file(frame, *, form):
    """The file's bytes in one of FORMATS."""
    cells = frame.to_numpy(dtype=object)
    if form == "sheet of texts":
        return workbook({"Returns": [["Naloxone returns"], [], list(frame), *cells.tolist()]})
    if form == "typed sheet":
        return workbook({"Returns": [list(frame), *[[*map(_typed, frame, row)] for row in cells]]})
    separator, encoding = {
        "utf-8": (",", "utf-8"),
        "BOM, decimal commas": (";", "utf-8-sig"),
        "Windows-1252, tabs": ("\t", "cp1252"),
        "UTF-16, bars": ("|", "utf-16"),
    }[form]
    if "decimal commas" in form:
        frame = frame.assign(**{name: frame[name].str.replace(".", ",") for name in ("Lat", "Lon") if name in frame})
    text = io.StringIO()
    writer = csv.writer(text, delimiter=separator)
    writer.writerow(frame.columns)
    writer.writerows(frame.to_numpy().tolist())
    return text.getvalue().encode(encoding)


def _typed(name, cell):
    """A cell as a workbook holds it: numbers for numbers, dates for times that are more than dates."""
    if name in ("Lat", "Lon", "Wait", "Doses") and cell:
        return float(cell)
    if name == "Entered":
        return pd.Timestamp(cell).to_pydatetime()
    return cell
