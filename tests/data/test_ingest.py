"""Files of every table into a real store: every row accounted for, each value where it belongs, nothing done twice."""

import csv
import io
import json
from collections import Counter
from datetime import UTC, date, datetime

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from data.ingest import (
    MissingHeadingError,
    NoRowsError,
    SyntheticMismatchError,
    import_file,
    import_frame,
    import_stream,
)
from data.mapping import Mapping, MappingError, default_mapping, mapped_fields
from data.pseudonymise import Pseudonymiser
from data.reading import source as reading
from data.report import ImportReport
from data.schema import NOT_RECORDED, OWN_TABLES, TABLES, table_named
from data.settings import AmbulanceSettings, StandardSettings, StoreSettings
from data.store import StoreMissingError, open_store
from geo.projection import from_wgs84
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales, stored, workbook

CARDIFF = (51.481, -3.179)
PARIS = (48.857, 2.352)


def sum_of_parts(report):
    """What became of each row of the file."""
    return (
        report.imported
        + report.updated
        + report.unchanged
        + report.folded
        + report.withdrawn
        + report.waiting
        + report.quarantined_rows
    )


class Importer:
    """Imports into one store, and checks with every report that no row is lost."""

    def __init__(self, folder):
        self.settings = make_settings(folder)

    def frame(self, frame, mapping=None, **options):
        return self.account(
            import_frame(frame=frame, mapping=mapping or make_mapping(), **self.deployment, **options),
            len(frame),
        )

    def stream(self, content, mapping=None, **options):
        return import_stream(stream=io.BytesIO(content), label="a.csv", mapping=mapping, **self.deployment, **options)

    @property
    def deployment(self):
        return {"settings": self.settings, "keys": KEYS, "geography": south_wales()}

    def account(self, report, rows):
        assert report.rows_in == rows
        assert report.rows_in == sum_of_parts(report)
        assert sum(each.count for each in report.reasons if each.whole_row) == report.quarantined_rows
        assert sum(each.count for each in report.reasons if not each.whole_row) == report.quarantined_fields
        return report

    def stored(self, table):
        return stored(self.settings, table)


@pytest.fixture
def importer(tmp_path, monkeypatch):
    monkeypatch.delenv("NALOXONE_WATCH_STORE", raising=False)
    return Importer(tmp_path)


def rows(**columns):
    """A frame with a reference and a time for each row, and the given columns."""
    count = max([len(column) for column in columns.values()], default=1)
    return pd.DataFrame(
        {
            "Reference": [f"R{n}" for n in range(count)],
            "When": [f"{1 + n % 28:02}/07/2024 14:0{n % 10}" for n in range(count)],
        }
        | columns
    )


def reasons(report):
    found = Counter()
    for each in report.reasons:
        found[each.reason, each.field] += each.count
    return found


def token(kind, *parts, source="test form"):
    arrays = [np.array([part], dtype=object) for part in parts]
    return Pseudonymiser(KEYS).tokens(kind=kind, source=source, parts=arrays)[0]


# --- every value where it belongs -------------------------------------------------------------------------------------


def test_each_record_keeps_its_own_values(importer, monkeypatch):
    """Across blocks, quarantined rows and repeats, no value slips into another row."""
    monkeypatch.setattr(reading, "_BLOCK_ROWS", 7)
    generator = np.random.default_rng(3)
    count = 60
    frame = rows(
        Gender=generator.choice(["M", "F", ""], count),
        Doses=generator.choice(["1", "2", "3", "x"], count),
        Lat=[f"{51.5 + n / 1000}" for n in range(count)],
        Lon=[f"{-3.4 + n / 500}" for n in range(count)],
        Drug=generator.choice(["heroin", "heroin;alcohol", "", "nitazene"], count),
        Called=["01/07/2024 10:00"] * count,
        Came=[f"01/07/2024 10:{n:02}" for n in range(count)],
    )
    frame.loc[[5, 20], "When"] = "never"
    frame.loc[33, "Reference"] = ""
    frame = pd.concat([frame, frame.iloc[[8]]], ignore_index=True)
    mapping = make_mapping(
        columns={"gender": "Gender", "doses_given": "Doses"},
        place={"x": "Lon", "y": "Lat"},
        substances={"columns": ["Drug"]},
        waits=[{"kind": "call_to_arrival", "started_at": "Called", "ended_at": "Came"}],
    )
    report = importer.frame(frame, mapping)
    assert (report.imported, report.quarantined_rows, report.unchanged) == (57, 3, 1)
    incidents = importer.stored("incidents").set_index("incident_id")
    administrations = importer.stored("administrations").set_index("administration_id")
    substances = importer.stored("substances").groupby("administration_id")["substance"].agg(set)
    waits = importer.stored("waits").set_index("incident_id")
    for n in sorted(set(range(count)) - {5, 20, 33}):
        source = frame.loc[n]
        incident = incidents.loc[token("incident_id", f"R{n}")]
        assert incident["occurred_at"] == pd.to_datetime(source["When"], dayfirst=True).tz_localize("Europe/London")
        assert (incident["local_hour"], incident["local_date"].day) == (14, 1 + n % 28)
        assert incident["local_weekday"] == pd.to_datetime(source["When"], dayfirst=True).isoweekday()
        easting_m, northing_m = from_wgs84(
            latitude=[float(source["Lat"])], longitude=[float(source["Lon"])], crs="EPSG:27700"
        )
        assert abs(incident["easting_m"] - easting_m[0]) <= 50
        assert abs(incident["northing_m"] - northing_m[0]) <= 50
        assert incident["easting_m"] % 100 == 50
        administration = administrations.loc[token("administration_id", f"R{n}")]
        assert administration["incident_id"] == token("incident_id", f"R{n}")
        assert administration["gender"] == {"M": "male", "F": "female", "": NOT_RECORDED}[source["Gender"]]
        assert str(administration["doses_given"]) == {"x": "<NA>"}.get(source["Doses"], source["Doses"]) or (
            np.isnan(administration["doses_given"]) and source["Doses"] == "x"
        )
        expected = set(source["Drug"].split(";")) if source["Drug"] else {NOT_RECORDED}
        assert substances.loc[administration.name] == expected
        wait = waits.loc[token("incident_id", f"R{n}")]
        assert wait["minutes"] == n
        assert wait["outcome"] == ("arrived" if n else "already_there")


def test_people_become_tokens_and_bands(importer):
    frame = rows(
        Name=["O'BRIEN, Siân", "Sian OBrien", "Sian OBrien", "Unknown", ""],
        DOB=["01/07/1980", "1980-07-01", "", "", "02/07/99"],
        Age=["", "", "17", "200", ""],
    )
    frame["When"] = "01/07/2024 10:00"
    mapping = make_mapping(person={"name": "Name", "date_of_birth": "DOB", "age": "Age"})
    report = importer.frame(frame, mapping)
    found = importer.stored("administrations").set_index("administration_id")
    found = found.loc[[token("administration_id", f"R{n}") for n in range(5)]]
    tokens = found["person_token"].tolist()
    assert tokens[0] == tokens[1]
    assert tokens[2] not in (None, tokens[0])
    assert [each is None or each is pd.NA or each != each for each in tokens[3:]] == [True, True]
    assert found["age_band"].tolist() == ["35_44", "35_44", "under_18", NOT_RECORDED, "18_24"]
    assert reasons(report) == {("age_implausible", "age_band"): 1}


def test_two_people_at_one_incident_share_its_row(importer):
    frame = rows(
        Incident=["I1", "I1", "I2"],
        Setting=["", "home", "street"],
        Lat=["", "51.5", "51.5"],
        Lon=["", "-3.2", "-3.2"],
        Minutes=["12", "12", "9"],
    )
    frame.loc[1, "When"] = "01/07/2024 14:30"
    mapping = make_mapping(
        columns={"incident_id": "Incident", "administration_id": ["Incident", "Reference"], "setting": "Setting"},
        place={"x": "Lon", "y": "Lat"},
        waits=[{"kind": "call_to_arrival", "minutes": "Minutes"}],
    )
    report = importer.frame(frame, mapping)
    assert (report.imported, report.counts.conflicting_incidents, report.counts.waits) == (3, 1, 2)
    incidents = importer.stored("incidents").set_index("incident_id")
    shared = incidents.loc[token("incident_id", "I1")]
    assert len(incidents) == 2
    assert (shared["setting"], shared["location_source"]) == ("home", "coordinates")
    assert shared["occurred_at"] == pd.Timestamp("2024-07-01 13:00", tz="UTC")
    assert len(importer.stored("administrations")) == 3


def test_doses_stand_side_by_side_or_in_a_file_of_their_own(importer):
    frame = rows(Officer=["PC 1", "PC 1", ""], Kit=["K1", "", ""], Second=["", "pc-2", ""], Role=["PCSO", "", ""])
    mapping = make_mapping(
        doses=[{"officer": "Officer", "kit": "Kit", "officer_role": "Role"}, {"officer": "Second"}],
    )
    importer.frame(frame, mapping)
    administrations = importer.stored("administrations").set_index("administration_id")
    assert administrations.loc[token("administration_id", "R1"), "doses_given"] == 2
    doses = importer.stored("doses")
    assert sorted(doses["sequence"]) == [1, 1, 2]
    assert doses["officer_token"].nunique() == 2
    assert set(doses["officer_role"]) == {"pcso", NOT_RECORDED}
    own = Mapping.model_validate(
        {
            "target": "doses",
            "source": "dose log",
            "parent_source": "test form",
            "synthetic": True,
            "columns": {
                "dose_id": ["Reference", "No"],
                "administration_id": "Reference",
                "sequence": "No",
                "officer_token": "Officer",
            },
        }
    )
    report = importer.frame(pd.DataFrame({"Reference": ["R0", "R2"], "No": ["3", "1"], "Officer": ["PC1", ""]}), own)
    assert report.imported == 2
    doses = importer.stored("doses")
    third = doses[doses["sequence"] == 3].iloc[0]
    assert third["administration_id"] == token("administration_id", "R0")
    assert third["officer_token"] == doses[doses["sequence"] == 1].iloc[0]["officer_token"]


def test_substances_in_several_columns_with_their_own_certainty(importer):
    frame = rows(
        One=["Heroin", "glue", "", "benzos"],
        Sure=["confirmed", "suspected", "", "perhaps"],
        Two=["alcohol", "", "", "Benzodiazepine"],
        Too=["", "", "", "confirmed"],
    )
    mapping = make_mapping(substances={"columns": ["One", "Two"], "certainty_columns": ["Sure", "Too"]})
    report = importer.frame(frame, mapping)
    assert reasons(report) == {("value_unknown", "substance"): 1, ("value_unknown", "certainty"): 1}
    found = importer.stored("substances")
    of_row = {
        n: set(
            found[found["administration_id"] == token("administration_id", f"R{n}")][
                ["substance", "certainty"]
            ].itertuples(index=False, name=None)
        )
        for n in range(4)
    }
    assert of_row == {
        0: {("heroin", "confirmed"), ("alcohol", NOT_RECORDED)},
        1: {(NOT_RECORDED, NOT_RECORDED)},
        2: {(NOT_RECORDED, NOT_RECORDED)},
        3: {("benzodiazepine", NOT_RECORDED)},
    }


def test_one_column_of_certainties_beside_columns_of_yes_and_no_is_told_of_once(importer):
    frame = rows(Heroin=["yes", "no", "yes", ""], Alcohol=["", "yes", "yes", ""], Sure=["confirmed", "", "perhaps", ""])
    drugs = {"yes_no": {"Heroin": "heroin", "Alcohol": "alcohol"}, "certainty_columns": ["Sure"]}
    report = importer.frame(frame, make_mapping(substances=drugs))
    assert reasons(report) == {("value_unknown", "certainty"): 1}


def test_a_name_or_key_that_slipped_into_a_text_is_not_stored(importer):
    frame = rows(
        Name=["Quill Zebra", "", "Barry", ""],
        Area=["Cardiff Bay", "with ZEBRA, Quill", "Barry", "nx 0000-03"],
        Ward=["W1", "W1", "W2", "W3"],
    )
    frame["Reference"] = [f"NX{n:06}" for n in range(4)]
    mapping = make_mapping(
        columns={"administration_id": ["Reference", "Area"], "recorded_at": "When"},
        doses=[{"product": "Area"}, {"product": "Ward"}],
        person={"name": "Name"},
    )
    report = importer.frame(frame, mapping)
    assert reasons(report) == {("text_not_stored", "product"): 2}
    found = importer.stored("doses").set_index("sequence")["product"]
    assert sorted(found.loc[1].dropna()) == ["Barry", "Cardiff Bay"]
    assert sorted(found.loc[2]) == ["W1", "W1", "W2", "W3"]


SLIPPED = ["Zebedee Quagmire", "PC 1234 QUAGMIRE", "14 March 1971", "Quagmire", "1234", "Police", "Category 9", "C"]


def test_what_is_in_no_list_of_forces_categories_or_areas_is_not_stored(importer):
    slipped = [[*SLIPPED[n:], *SLIPPED[:n]] for n in range(3)]
    frame = rows(
        Force=[
            "south wales constabulary",
            "South Wales",
            "Gwent",
            "devon & cornwall police",
            "BTP",
            "n/a",
            *slipped[0],
        ],
        Before=["CATEGORY 1", "c2", "Cat 5", "red", "amber  2", "Omega", *slipped[1]],
        Area=["Cardiff", "CF10", "w06000015", "Mid Glamorgan", "Ely Bridge", "Station 7", *slipped[2]],
    )
    mapping = make_mapping(
        columns={"recording_force": "Force", "call_category_before": "Before", "officer_area": "Area"},
        values={
            "recording_force": {"BTP": "British Transport Police"},
            "call_category_before": {"Omega": "Omega"},
            "officer_area": {"7": "Station 7", "Ely Bridge": "Ely"},
        },
    )
    report = importer.frame(frame, mapping)
    fields = ("recording_force", "call_category_before", "officer_area")
    assert reasons(report) == {("value_unknown", field): len(SLIPPED) for field in fields}
    assert "Say what it means ([values])" in "\n".join(report.lines())
    incidents, administrations = importer.stored("incidents"), importer.stored("administrations")
    assert sorted(incidents["recording_force"].dropna()) == [
        *("British Transport Police", "Devon & Cornwall", "Gwent", "South Wales Police", "South Wales Police")
    ]
    assert sorted(incidents["call_category_before"].dropna()) == [
        *("Amber 2", "Category 1", "Category 2", "Category 5", "Omega", "Red")
    ]
    areas = administrations["officer_area"].dropna()
    assert sorted(areas) == ["CF10", "Cardiff", "Ely", "Mid Glamorgan", "Station 7", "W06000015"]


def test_a_category_of_the_deployments_own_standards_is_known(importer):
    standard = StandardSettings(
        category="Priority Alpha", measure="mean", minutes=8, first_day=date(2020, 1, 1), source="A test"
    )
    importer.settings = importer.settings.model_copy(update={"ambulance": AmbulanceSettings(standards=(standard,))})
    report = importer.frame(rows(After=["priority alpha"]), make_mapping(columns={"call_category_after": "After"}))
    assert (report.quarantined_fields, importer.stored("incidents")["call_category_after"][0]) == (0, "Priority Alpha")


# --- places -----------------------------------------------------------------------------------------------------------


def test_places_by_coordinates_postcode_and_area(importer):
    frame = rows(
        Lat=[str(CARDIFF[0]), "", "", "", "", "0", str(PARIS[0]), "north", "95", "51.5"],
        Lon=[str(CARDIFF[1]), "", "", "", "", "0", str(PARIS[1]), "-3.1", "-3.1", ""],
        Postcode=["", "CF10 1EP", "cf99zz", "CF10", "", "", "", "", "", ""],
        Authority=["", "", "", "", "Swansea", "", "", "", "Atlantis", ""],
    )
    mapping = make_mapping(columns={"authority": "Authority"}, place={"x": "Lon", "y": "Lat", "postcode": "Postcode"})
    report = importer.frame(frame, mapping)
    counts = report.counts
    assert (counts.located, counts.area_only, counts.unlocated, counts.outside) == (3, 2, 5, 1)
    assert (counts.without_coordinates, counts.zero_coordinates) == (7, 1)
    assert reasons(report) == {
        ("coordinates_unusable", "place"): 3,
        ("postcode_unknown", "place"): 1,
        ("area_unknown", "authority"): 1,
    }
    found = importer.stored("incidents").set_index("incident_id")
    found = found.loc[[token("incident_id", f"R{n}") for n in range(10)]].reset_index()
    assert found["location_source"].tolist() == [
        *("coordinates", "postcode", "none", "area", "area", "none", "coordinates", "none", "none", "none")
    ]
    assert found.loc[[0, 1, 3], "small_area"].tolist() == ["CF10"] * 3
    assert found.loc[[0, 1, 3], "bcu"].tolist() == ["Cardiff and the Vale"] * 3
    assert found.loc[4, ["authority", "bcu"]].tolist() == ["W06000011", "Swansea Neath Port Talbot"]
    assert found.loc[6, ["small_area", "authority", "bcu"]].tolist() == ["outside"] * 3
    assert found.loc[[0, 6], "location_precision_m"].tolist() == [100, 100]
    assert found["easting_m"].notna().tolist() == [True, True] + [False] * 4 + [True] + [False] * 3


def test_precision_is_never_finer_than_the_grid_or_the_file(importer):
    frame = rows(Lat=["51.4816"] * 3, Lon=["-3.1791"] * 3, Within=["10", "500", ""])
    mapping = make_mapping(
        columns={"location_precision_m": "Within"}, place={"x": "Lon", "y": "Lat", "location_precision_m": 250}
    )
    importer.frame(frame, mapping)
    found = importer.stored("incidents").set_index("incident_id")["location_precision_m"]
    assert [found[token("incident_id", f"R{n}")] for n in range(3)] == [100, 500, 250]


def test_coordinates_in_another_system_with_decimal_commas(importer):
    easting_m, northing_m = from_wgs84(latitude=[CARDIFF[0]], longitude=[CARDIFF[1]], crs="EPSG:27700")
    mercator = rows(Lat=["51,481"], Lon=["-3,179"])
    importer.frame(mercator, make_mapping(place={"x": "Lon", "y": "Lat"}, file={"decimal": ","}))
    grid = rows(E=[f"{easting_m[0]:.0f}"], N=[f"{northing_m[0]:.0f}"]).assign(Reference="G")
    importer.frame(grid, make_mapping(place={"crs": "EPSG:27700", "x": "E", "y": "N"}))
    found = importer.stored("incidents")
    assert found["easting_m"].nunique() == found["northing_m"].nunique() == 1


# --- waits ------------------------------------------------------------------------------------------------------------


def test_waits_that_are_zero_negative_too_long_or_open(importer):
    frame = rows(
        Called=["01/07/2024 10:00"] * 6 + [""],
        Came=["01/07/2024 10:12", "01/07/2024 10:00", "01/07/2024 09:59", "01/07/2024 16:01", "", "soon", ""],
        How=["", "", "", "", "left before", "", ""],
    )
    mapping = make_mapping(
        waits=[
            {
                "kind": "call_to_arrival",
                "clock": "police_log",
                "started_at": "Called",
                "ended_at": "Came",
                "outcome": "How",
            }
        ]
    )
    report = importer.frame(frame, mapping)
    counts = report.counts
    assert (counts.waits, counts.waits_zero, counts.waits_negative, counts.waits_too_long) == (6, 1, 1, 1)
    assert reasons(report) == {
        ("wait_negative", "minutes"): 1,
        ("wait_too_long", "minutes"): 1,
        ("not_a_time", "ended_at"): 1,
    }
    found = importer.stored("waits").set_index("incident_id")
    found = found.loc[[token("incident_id", f"R{n}") for n in range(6)]]
    assert found["outcome"].tolist() == [
        *("arrived", "already_there", NOT_RECORDED, NOT_RECORDED, "left_before", NOT_RECORDED)
    ]
    assert found["minutes"].fillna(-1).tolist() == [12, 0, -1, -1, -1, -1]
    assert found["ended_at"].notna().tolist() == [True, True, False, False, False, False]
    assert set(found["clock"]) == {"police_log"}


def test_a_clock_past_midnight_beside_the_one_date_is_the_next_days(importer):
    frame = rows(Day=["30/06/2024"] * 3, Called=["23:36", "14:10", "23:59"], Came=["8", "1405", "130"])
    mapping = make_mapping(
        waits=[{"kind": "call_to_arrival", "started_at": ["Day", "Called"], "ended_at": ["Day", "Came"]}]
    )
    report = importer.frame(frame, mapping)
    assert (report.counts.waits_past_midnight, report.counts.waits_negative) == (2, 1)
    assert report.rows["waits_past_midnight"].row_numbers == (1, 3)
    assert sorted(importer.stored("waits")["minutes"].dropna()) == [32, 91]


def test_a_time_before_the_clock_that_it_comes_after_is_the_next_days(importer):
    frame = rows(
        Day=["30/10/2024", "31/12/2024", "05/11/2024", "06/11/2024", "07/11/2024"],
        Called=["2355", "23:40", "12:27", "12:27", ""],
        Given=["0004", "00:10", "12:57", "12:20", "00:05"],
    )
    when = {"occurred_at": ["Day", "Given"], "administration_id": "Reference"}
    report = importer.frame(frame, make_mapping(columns=when, times={"after": "Called"}))
    found = importer.stored("incidents")["local_date"].dt.strftime("%d/%m/%Y")
    # Twelve minutes past noon is not the next day's, seven minutes before a call: the clocks disagree.
    assert sorted(found) == sorted(["31/10/2024", "01/01/2025", "05/11/2024", "06/11/2024", "07/11/2024"])
    assert report.rows["events_past_midnight"].row_numbers == (1, 2)
    with pytest.raises(ValueError, match="after"):
        make_mapping(times={"after": "Called"})


@pytest.mark.parametrize(("said", "minutes", "outcome"), [("not called", None, "not_called"), ("", 0, "already_there")])
def test_two_clocks_alike_are_an_ambulance_that_was_there_unless_words_say_otherwise(importer, said, minutes, outcome):
    frame = rows(Called=["27/06/2024 01:50"], Came=["27/06/2024 01:50"], How=[said])
    wait = {"kind": "call_to_arrival", "started_at": "Called", "ended_at": "Came", "outcome": "How"}
    importer.frame(frame, make_mapping(waits=[wait]))
    found = importer.stored("waits").iloc[0]
    assert found["outcome"] == outcome
    assert pd.isna(found["minutes"]) if minutes is None else found["minutes"] == minutes


def test_an_arrival_in_the_hour_that_came_twice_is_never_before_the_call(importer):
    frame = rows(Called=["27/10/2024 01:50"], Came=["27/10/2024 01:10"])
    mapping = make_mapping(waits=[{"kind": "call_to_arrival", "started_at": "Called", "ended_at": "Came"}])
    report = importer.frame(frame, mapping)
    assert report.counts.waits_negative == 0
    assert report.counts.ambiguous_times == 2
    assert importer.stored("waits")["minutes"].tolist() == [20]


def test_a_blank_clock_beside_a_date_is_no_dose_and_no_wait(importer):
    frame = rows(
        Day=["01/07/2024"] * 5,
        Called=["10:00", "", "10:00", "", "soon"],
        Came=["10:12", "", "", "", "10:10"],
        How=["", "not called", "left before", "", ""],
        First=["10:01", "10:01", "", "unknown", "10:01"],
        Second=["10:04", "", "", "", ""],
    )
    wait = {"kind": "call_to_arrival", "started_at": ["Day", "Called"], "ended_at": ["Day", "Came"], "outcome": "How"}
    doses = [{"given_at": ["Day", "First"]}, {"given_at": ["Day", "Second"]}]
    report = importer.frame(frame, make_mapping(waits=[wait], doses=doses))
    doses_of = importer.stored("doses").groupby("administration_id").size()
    names = [token("administration_id", f"R{n}") for n in range(5)]
    assert [int(doses_of.get(name, 0)) for name in names] == [2, 1, 0, 0, 1]
    waits = importer.stored("waits").set_index("incident_id").reindex([token("incident_id", f"R{n}") for n in range(5)])
    assert waits["minutes"].fillna(-1).tolist() == [12, -1, -1, -1, -1]
    assert waits["started_at"].isna().tolist() == [False, True, False, True, True]
    assert (report.counts.waits_zero, report.counts.waits_negative) == (0, 0)
    assert reasons(report) == {("not_a_time_of_day", "started_at"): 1}


def test_waits_stated_in_minutes_and_a_file_of_waits(importer):
    importer.frame(
        rows(Wait=["7", "-3", "361", "0", "", "ages"]),
        make_mapping(waits=[{"kind": "naloxone_to_arrival", "minutes": "Wait"}]),
    )
    assert sorted(importer.stored("waits")["minutes"].dropna()) == [0, 7]
    log = pd.DataFrame(
        {
            "wait_id": ["1", "2", "3", "4"],
            "incident_id": ["R0", "R1", "R2", "R3"],
            "kind": ["call to arrival"] * 4,
            "clock": ["ambulance CAD"] * 4,
            "started_at": ["2024-07-01 10:00"] * 4,
            "ended_at": ["2024-07-01 10:05", "2024-07-01 09:00", "2024-07-01 10:00", ""],
            "outcome": ["", "", "", "declined"],
        }
    )
    mapping = default_mapping("waits", list(log)).model_copy(
        update={"synthetic": True, "source": "CAD", "parent_source": "test form"}
    )
    report = importer.frame(log, mapping)
    assert (report.imported, report.counts.waits_negative, report.counts.waits_zero) == (4, 1, 1)
    found = importer.stored("waits")
    found = found[found["source"] == "CAD"].set_index("incident_id")
    found = found.loc[[token("incident_id", f"R{n}") for n in range(4)]]
    assert found["outcome"].tolist() == ["arrived", NOT_RECORDED, "already_there", "declined"]
    assert set(found["kind"]) == {"call_to_arrival"}


def test_words_for_numbers_are_the_mappings(importer):
    unknown = ["Given unknown doses", "unknown", "not known", "N/K", "number not recorded"]
    frame = rows(Doses=["Single Dose", "multiple doses", "3", "2+", "several", "1 or 2", *unknown])
    mapping = make_mapping(
        columns={"doses_given": "Doses"}, values={"doses_given": {"single dose": "1", "Multiple doses": "2"}}
    )
    report = importer.frame(frame, mapping)
    assert reasons(report) == {("words_for_number", "doses_given"): 1, ("not_a_number", "doses_given"): 1}
    text = "\n".join(report.lines())
    assert "2 cells hold a word for nothing" in text
    assert 'read as not recorded: "doses_given" (2)' in text
    assert "[values.doses_given]" in text.split("What could not be used")[1]
    assert report.rows["least_numbers"].row_numbers == (4,)
    assert sorted(importer.stored("administrations")["doses_given"].dropna()) == [1, 2, 2, 3]
    with pytest.raises(ValueError, match="a number stands for each word"):
        make_mapping(columns={"doses_given": "Doses"}, values={"doses_given": {"one": "a dose"}})


# --- keys, repeats, updates -------------------------------------------------------------------------------------------


def test_rows_without_key_or_time_wait_whole(importer):
    frame = rows(Doses=["1"] * 6)
    frame["Reference"] = ["A", "", "n/a", "B", "C", "D"]
    frame["When"] = ["01/07/2024 10:00", "01/07/2024 10:00", "01/07/2024 10:00", "", "soon", "01/01/1900"]
    report = importer.frame(frame, make_mapping(columns={"doses_given": "Doses"}))
    assert (report.imported, report.quarantined_rows, report.quarantined_fields) == (1, 5, 0)
    by_reason = {}
    for each in report.reasons:
        by_reason.setdefault(each.reason, []).extend(each.row_numbers)
    assert {name: sorted(numbers) for name, numbers in by_reason.items()} == {
        "key_missing": [2, 3],
        "time_missing": [4],
        "time_unreadable": [5],
        "time_implausible": [6],
    }
    held = importer.stored("quarantine")
    assert held["whole_row"].all()
    assert sorted(held["row_number"]) == [2, 3, 4, 5, 6]
    # A row whose key could be read keeps it, hashed, so that a corrected file heals it.
    assert sorted(held.loc[held["record_id"].isna(), "row_number"]) == [2, 3]


def test_a_time_after_the_import_waits_whole_and_no_other_time_or_date_of_it_is_kept(importer):
    frame = rows(Entered=["02/07/2024 10:00"] * 8)
    frame["When"] = [
        *("01/07/2024 10:00", "01/07/2042 10:00", "2999-01-01", "01/01/1066 10:00", "1066-01-01T10:00:00Z"),
        *("2024-06-30 23:30", "2024-07-02 11:00", "0000-00-00"),
    ]
    frame.loc[0, "Entered"] = "02/07/2124 10:00"
    as_of = datetime(2024, 7, 2, 10, 30, tzinfo=UTC)
    report = importer.frame(frame, make_mapping(columns={"recorded_at": "Entered"}), as_of=as_of)
    assert reasons(report) == {
        ("time_in_future", "occurred_at"): 2,
        ("time_implausible", "occurred_at"): 2,
        ("time_unreadable", "occurred_at"): 1,
        ("time_in_future", "recorded_at"): 1,
    }
    assert (report.imported, report.quarantined_rows, report.quarantined_fields) == (3, 5, 1)
    assert (report.first_day, report.last_day, report.counts.future_times) == (date(2024, 6, 30), date(2024, 7, 2), 0)
    assert importer.stored("administrations")["recorded_at"].notna().sum() == 2
    assert "more than a day after the import" in "\n".join(report.lines())
    later = rows().assign(When="2024-07-03 11:29")
    assert importer.frame(later, as_of=as_of).counts.future_times == 1


def test_a_date_of_training_in_another_millennium_is_set_aside(importer):
    frame = pd.DataFrame({"carrier_id": list("abc"), "trained_on": ["2999-01-01", "1066-10-14", "2024-02-29"]})
    report = importer.frame(frame, default_mapping("carriers", list(frame)).model_copy(update={"synthetic": True}))
    assert reasons(report) == {("date_implausible", "trained_on"): 2}
    assert importer.stored("carriers")["trained_on"].dropna().tolist() == [pd.Timestamp(2024, 2, 29)]


def test_a_repeat_is_unchanged_and_a_different_row_with_its_key_waits(importer):
    frame = rows(Doses=["1", "2", "2", "3"])
    frame["Reference"] = ["A", "B", "B", "A"]
    frame["When"] = "01/07/2024 10:00"
    report = importer.frame(frame, make_mapping(columns={"doses_given": "Doses"}))
    assert (report.imported, report.unchanged, report.quarantined_rows) == (2, 1, 1)
    held = importer.stored("quarantine").iloc[0]
    assert (held["reason"], held["row_number"], held["first_row"]) == ("key_repeated", 4, 1)
    assert "1 row repeats an earlier one in all that is read" in "\n".join(report.lines())


def test_the_same_file_twice_changes_nothing_and_a_changed_row_updates(importer):
    frame = rows(Doses=["1", "x", "3"], Drug=["heroin", "", "alcohol"], Wait=["1", "2", "-3"])
    frame.loc[3] = ["", "01/07/2024 10:00", "1", "", ""]
    mapping = make_mapping(
        columns={"doses_given": "Doses"},
        substances={"columns": ["Drug"]},
        waits=[{"kind": "call_to_arrival", "minutes": "Wait"}],
    )
    first = importer.frame(frame, mapping)
    assert (first.imported, first.quarantined_rows, first.quarantined_fields) == (3, 1, 2)
    before = {name: importer.stored(name) for name in ("administrations", "substances", "waits", "quarantine")}
    again = importer.frame(frame, mapping)
    assert (again.imported, again.updated, again.unchanged, again.version) == (0, 0, 3, first.version)
    for name, expected in before.items():
        pd.testing.assert_frame_equal(importer.stored(name), expected)
    frame.loc[1, ["Doses", "Drug"]] = ["2", "heroin;nitazene"]
    third = importer.frame(frame, mapping)
    assert (third.imported, third.updated, third.unchanged, third.quarantined_fields) == (0, 1, 2, 1)
    substances = importer.stored("substances").groupby("administration_id")["substance"].agg(set)
    assert substances[token("administration_id", "R1")] == {"heroin", "nitazene"}
    assert len(importer.stored("administrations")) == 3
    assert (
        importer.stored("administrations")
        .set_index("administration_id")
        .loc[token("administration_id", "R1"), "doses_given"]
        == 2
    )


def test_the_order_of_rows_and_what_else_is_in_the_file_do_not_matter(importer):
    frame = rows(Gender=["M", "F", "", "M"], Doses=["1", "", "2", "3"])
    mapping = make_mapping(columns={"gender": "Gender", "doses_given": "Doses"})
    importer.frame(frame, mapping)
    report = importer.frame(frame.iloc[[2, 0]].assign(Other="x"), mapping)
    assert (report.imported, report.updated, report.unchanged) == (0, 0, 2)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    cells=st.lists(
        st.tuples(
            st.sampled_from(["A", "B", "C", "", "N/A"]),
            st.sampled_from(["2024-07-01 10:00", "2024-07-02", "31/03/2024 01:30", "", "never", "1900-01-01"])
            | st.text(max_size=8),
            st.text(max_size=20),
            st.text(st.sampled_from("0123456789.,-e "), max_size=6),
        ),
        min_size=1,
        max_size=8,
    )
)
def test_whatever_the_cells_hold_no_row_is_lost(tmp_path_factory, cells):
    importer = Importer(tmp_path_factory.mktemp("any"))
    text = io.StringIO()
    writer = csv.writer(text, quoting=csv.QUOTE_ALL)
    writer.writerow(["Reference", "When", "Any", "Number"])
    writer.writerows([cell.replace("\x00", "") for cell in row] for row in cells)
    mapping = make_mapping(
        columns={"gender": "Any", "doses_given": "Number", "recorded_at": "Any", "bcu": "Any"},
        person={"name": "Any", "date_of_birth": "Any", "age": "Number"},
        place={"x": "Number", "y": "Number", "postcode": "Any"},
        substances={"columns": ["Any"]},
        waits=[{"kind": "call_to_arrival", "minutes": "Number", "outcome": "Any"}],
    )
    try:
        report = importer.stream(text.getvalue().encode("utf-8", "replace"), mapping)
    except NoRowsError:
        assert not any("".join(row).strip() for row in cells)
    else:
        importer.account(report, len(cells) - report.counts.blank_rows)
        again = importer.stream(text.getvalue().encode("utf-8", "replace"), mapping)
        assert (again.imported, again.updated, again.quarantined_rows) == (0, 0, report.quarantined_rows)


# --- files, tables, settings ------------------------------------------------------------------------------------------


def test_a_workbook_and_a_csv_of_the_same_form_are_the_same_records(importer):
    sheet = [
        ["Reference", "When", "Doses", "Lat", "Lon"],
        ["R1", datetime(2024, 7, 1, 13, 30), 2, 51.5, -3.2],
        ["R2", datetime(2024, 7, 2, 0, 15), None, None, None],
    ]
    mapping = make_mapping(columns={"doses_given": "Doses"}, place={"x": "Lon", "y": "Lat"})
    report = importer.stream(workbook({"Form": sheet}), mapping)
    assert report.imported == 2
    text = "Lon;Lat;Doses;When;Reference\r\n-3.2;51.5;2;01/07/2024 13:30;R1\r\n;;;2/7/2024 00:15;R2\r\n"
    for encoding in ("utf-8", "utf-8-sig", "cp1252", "utf-16"):
        report = importer.stream(text.encode(encoding), mapping)
        assert (report.imported, report.updated, report.unchanged) == (0, 0, 2)


def test_rows_of_another_width_wait_and_the_others_go_in(importer, tmp_path):
    file = tmp_path / "records.csv"
    file.write_text("Reference,When,Note\nR1,2024-07-01,a\nR2,2024-07-01,a,b\nR3\n\nR4,2024-07-01,\n", encoding="utf-8")
    report = importer.account(import_file(path=file, mapping=make_mapping(), **importer.deployment), 4)
    assert (report.imported, report.quarantined_rows, report.counts.blank_rows) == (2, 2, 1)
    assert report.reasons[0].row_numbers == (2, 3)
    assert report.counts.columns_not_read == 1


@pytest.mark.parametrize("table", [t for t in TABLES if t.name not in OWN_TABLES], ids=lambda t: t.name)
def test_every_table_takes_a_file_with_its_own_field_names(importer, table):
    example = {"TIMESTAMPTZ": "2024-07-01 10:00", "DATE": "2024-07-01", "VARCHAR": "Example"}
    columns = {}
    for name, field in mapped_fields(table.name).items():
        value = (
            f"{max(7, field.minimum):g}"
            if field.minimum is not None
            else field.values[0]
            if field.values
            else example[field.type]
        )
        value = "PC 1234" if field.token else value
        listed = {"recording_force": "Gwent", "call_category_before": "Red", "call_category_after": "Amber 1"}
        listed |= {"authority": "Cardiff", "small_area": "CF10", "bcu": "Mid Glamorgan", "officer_area": "Swansea"}
        columns[name] = listed.get(name, value)
    frame = pd.DataFrame([columns, columns])
    for name, field in mapped_fields(table.name).items():
        if field.token and field.required:
            frame[name] = ["one", "two"]
    mapping = default_mapping(table.name, list(frame)).model_copy(update={"synthetic": True})
    report = importer.frame(frame, mapping)
    # Rows that belong to something wait for it.
    waits = table.name in ("substances", "doses", "waits", "follow_up")
    assert (report.waiting if waits else report.imported, report.quarantined_fields) == (2, 0)
    found = importer.stored(table.name)
    assert len(found) == 2
    for name, field in mapped_fields(table.name).items():
        if name in found and name != "location_precision_m":
            assert found[name].notna().all(), name
            assert (found[name] != NOT_RECORDED).all(), name
            if field.token:
                assert not found[name].isin(["PC 1234", "one", "two"]).any()
    again = importer.frame(frame, mapping)
    assert (again.waiting if waits else again.unchanged) == 2


def test_a_dry_run_reports_the_same_and_writes_nothing(importer):
    frame = rows(Doses=["1", "x"])
    mapping = make_mapping(columns={"doses_given": "Doses"})
    dry = importer.frame(frame, mapping, dry_run=True)
    assert not importer.settings.store_folder.exists() or not any(importer.settings.store_folder.iterdir())
    with pytest.raises(StoreMissingError):
        open_store(settings=importer.settings, keys=KEYS)
    real = importer.frame(frame, mapping)
    assert (dry.imported, dry.quarantined_fields, dry.reasons) == (real.imported, real.quarantined_fields, real.reasons)
    assert not dry.changed
    assert real.changed
    frame.loc[0, "Doses"] = "3"
    assert importer.frame(frame, mapping, dry_run=True).updated == 1
    assert importer.frame(frame, mapping, dry_run=True).updated == 1


def test_real_rows_never_meet_synthetic_ones(importer):
    with pytest.raises(SyntheticMismatchError, match="takes no records of real people"):
        importer.frame(rows(), make_mapping(synthetic=False))
    with pytest.raises(SyntheticMismatchError, match="takes no records of real people"):
        importer.stream(b"incident_id,occurred_at\nA,2024-07-01\n")
    folder = importer.settings.store.folder
    importer.settings = importer.settings.model_copy(update={"store": StoreSettings(folder=folder, synthetic=False)})
    with pytest.raises(SyntheticMismatchError, match="holds real records"):
        importer.frame(rows())
    assert importer.stream(b"incident_id,occurred_at\nA,2024-07-01\n").imported == 1


def test_headings_that_are_missing_or_double_are_named_by_the_mappings_own_words(importer):
    content = b"Reference,Ann Lee,WHEN \nR1,2024-07-01,2024-07-01\n"
    assert importer.stream(content, make_mapping()).imported == 1
    with pytest.raises(MissingHeadingError, match="3 columns, and none with the heading “Doses”") as error:
        importer.stream(content, make_mapping(columns={"doses_given": "Doses"}))
    assert "Ann Lee" not in str(error.value)
    with pytest.raises(MissingHeadingError, match="columns 1 and 3"):
        importer.stream(b"When,Reference,when\n,,\n", make_mapping())
    with pytest.raises(NoRowsError):
        importer.stream(b"Reference,When\n\n,\n", make_mapping())
    real = importer.settings.store.model_copy(update={"synthetic": False})
    importer.settings = importer.settings.model_copy(update={"store": real})
    with pytest.raises(MappingError, match="own field names"):
        importer.stream(b"Reference,When\nA,B\n")


def test_times_are_local_where_it_happened_and_the_file_may_be_in_utc(importer):
    frame = rows().assign(When="2024-07-01 23:30")
    importer.frame(frame, make_mapping(times={"time_zone": "UTC"}))
    found = importer.stored("incidents").iloc[0]
    assert found["occurred_at"] == pd.Timestamp("2024-07-01 23:30", tz="UTC")
    assert (found["local_date"].date(), found["local_hour"]) == (date(2024, 7, 2), 0)


def test_a_cell_longer_than_the_settings_allow_is_set_aside(importer):
    longest = importer.settings.imports.longest_cell
    frame = rows(Name=["n" * longest, "n" * (longest + 1)])
    report = importer.frame(frame, make_mapping(person={"name": "Name"}))
    assert reasons(report) == {("cell_too_long", "person"): 1}
    assert importer.stored("quarantine")["value_length"].tolist() == [longest + 1]
    assert importer.stored("administrations")["person_token"].notna().sum() == 1


def test_the_report_says_what_to_do_and_knows_the_row_and_column(importer):
    frame = rows(Doses=["1", "forty", "2", "999"], Sex=["F", "F", "blue", "F"])
    report = importer.frame(frame, make_mapping(columns={"doses_given": "Doses", "gender": "Sex"}))
    text = "\n".join(report.lines())
    assert "4 rows in = 4 imported + 0 updated + 0 unchanged + 0 quarantined." in text
    assert "Column C (3): doses_given, a text, 1 time: there are words where a number belongs." in text
    assert "Column D (4): gender, a text, 1 time: the mapping does not know this value." in text
    assert "Row: 3." in text
    assert text.count("What could not be used in the table (row 1 is the first row under the headings):") == 1
    assert "forty" not in text
    assert "blue" not in text
    held = report.to_json()["reasons"]
    assert {(each["column_number"], *each["row_runs"]) for each in held} == {(3, (2, 2)), (3, (4, 4)), (4, (3, 3))}


def test_every_count_of_rows_says_which_rows_and_the_whole_list_goes_through_json(importer):
    """Of 3,000 rows each has its own fate, drawn by lot and known."""
    fates = np.random.default_rng(11).choice(
        ["plain", "repeat", "no place", "twice", "skipped", "left out", "no key"], 3_000
    )
    fates[0] = "plain"
    frame = rows(Lat=["51.5"] * 3_000, Lon=["-3.2"] * 3_000, Kind=["Naloxone"] * 3_000)
    frame.loc[fates == "no place", ["Lat", "Lon"]] = ""
    frame.loc[fates == "twice", "When"] = "29/10/2023 01:30"
    frame.loc[fates == "skipped", "When"] = "31/03/2024 01:30"
    frame.loc[fates == "left out", "Kind"] = "Other"
    frame.loc[fates == "no key", "Reference"] = ""
    for row in np.flatnonzero(fates == "repeat"):
        frame.loc[row] = frame.loc[0]
    mapping = make_mapping(place={"x": "Lon", "y": "Lat"}, only={"Kind": ("Naloxone",)})
    report = importer.frame(frame, mapping, dry_run=True)

    def of(fate):
        return list(np.flatnonzero(fates == fate) + 1)

    def singly(found):
        return [row for first, last in found.row_runs for row in range(first, last + 1)]

    names = {
        "repeat": "identical_rows", "no place": "unlocated", "twice": "ambiguous_times", "skipped": "nonexistent_times",
    }  # fmt: skip
    for again in (report, ImportReport.from_json(json.loads(json.dumps(report.to_json())))):
        assert {name: singly(again.rows[name]) for name in names.values()} == {
            name: of(fate) for fate, name in names.items()
        }
        held = {each.reason: singly(each) for each in again.reasons}
        assert held == {"left_out_by_mapping": of("left out"), "key_missing": of("no key")}
    text = "\n".join(report.lines())
    left_out = len(of("left out"))
    assert f"+ {len(of('no key'))} quarantined + {left_out} left out by the mapping." in text
    repeats = next(line for line in report.lines() if "repeat an earlier one in all that is read" in line)
    assert repeats.split("Rows: ")[1].startswith(f"{of('repeat')[0]}")
    assert " and " in repeats.split("Rows: ")[1]


def test_the_report_of_one_row_is_in_the_singular_and_of_none_says_so(importer):
    one = rows(Lat=["51.5"], Lon=["-3.2"], Wait=["5"])
    mapping = make_mapping(place={"x": "Lon", "y": "Lat"}, waits=[{"kind": "call_to_arrival", "minutes": "Wait"}])
    report = importer.frame(one, mapping)
    text = "\n".join(report.lines())
    assert "1 row in = 1 imported" in text
    assert "Places: 1 with coordinates or a postcode." in text
    assert "\n1 wait for an ambulance." in text
    assert "could be used" not in text
    assert "row 1 is" not in text
    assert report.usable
    # What has no coordinates cannot have them swapped.
    elsewhere = importer.frame(rows(Post=["PE30 1NE"]), make_mapping(place={"postcode": "Post"}))
    assert "lie outside the force. Perhaps these are another force's" in "\n".join(elsewhere.lines())
    useless = importer.frame(one.assign(When="never"), mapping)
    assert not useless.usable
    assert "No row could be used" in "\n".join(useless.lines())


def test_places_that_lie_mostly_outside_the_force_suggest_what_is_wrong(importer):
    frame = rows(Lat=["51.48", "51.5", "51.62"], Lon=["-3.18", "-3.2", "-3.94"])
    right = importer.frame(frame, make_mapping(place={"x": "Lon", "y": "Lat"}), dry_run=True)
    assert "swapped" not in "\n".join(right.lines())
    swapped = importer.frame(frame, make_mapping(place={"x": "Lat", "y": "Lon"}), dry_run=True)
    assert swapped.counts.outside == 3
    assert "with x and y swapped (EPSG:4326), 100" in "\n".join(swapped.lines())


def test_excels_own_numbers_for_dates_are_told_apart(importer):
    frame = rows(Entered=["45658.5", "12345", "45474", "02/07/2024 10:00"], DOB=["29221", "12", "", "01/02/1980"])
    frame["When"] = ["01/07/2024 10:00", "45658.5", "45474", "123456"]
    mapping = make_mapping(columns={"recorded_at": "Entered"}, person={"date_of_birth": "DOB"})
    report = importer.frame(frame, mapping)
    assert reasons(report) == {
        ("excel_date", "occurred_at"): 2,
        ("time_unreadable", "occurred_at"): 1,
        ("excel_date", "recorded_at"): 1,
        ("not_a_date", "age_band"): 1,
    }
    assert "looks like an Excel date number" in "\n".join(report.lines())


def test_a_workbook_of_headings_alone_has_no_rows(importer):
    with pytest.raises(NoRowsError, match="has headings and no rows"):
        importer.stream(workbook({"Form": [["Reference", "When"]]}), make_mapping())


def test_progress_grows_until_the_switch(importer):
    told = []
    importer.frame(rows(Doses=["1"] * 5), on_progress=lambda share, sentence: told.append((share, sentence)))
    shares = [share for share, _sentence in told]
    assert shares == sorted(shares)
    # The last word comes before the new snapshot is switched to, when it can still be stopped; the end is the report.
    assert 0.5 < shares[-1] < 1.0
    assert all(sentence for _share, sentence in told)


def test_the_schema_lists_where_quarantine_keeps_the_first_row():
    assert table_named("quarantine").field("first_row").type == "BIGINT"
