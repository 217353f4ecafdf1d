"""The page Data quality without a browser: what it shows to whom, and a file from its choice to its undoing."""

import io
import re
import time
import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from data.ingest import import_stream
from data.journal import Journal
from data.keys import load_keys
from data.mapping_toml import mapping_toml
from data.quarantine import reason_sentence
from data.saved_mappings import save_mapping
from data.settings import Settings
from data.snapshots import current_version
from pages.components.import_job import ImportJob
from tests.data.importing import make_mapping, south_wales, workbook
from tests.pages.small_store import Records, write_records
from tests.pages.test_pages import text_of

PAGE = "pages/data_quality.py"
Open = Callable[..., AppTest]
Write = Callable[..., str]
REAL = '[geography]\nforce = "South Wales"\n[store]\nsynthetic = false\n'
FILE = b"""Reference,When,Lat,Lon,Patient name
A1,01/05/2025 10:00,51.481,-3.179,Zebedee Quill
A2,02/05/2025 11:10,51.482,-3.178,Yolanda Quill
A3,,51.483,-3.177,Xavier Quill
"""


def tick_generated(app: AppTest) -> AppTest:
    return app.checkbox(key="import-generated").check().run()


def upload(app: AppTest, content: bytes = FILE, name: str = "form.csv") -> AppTest:
    return app.file_uploader[0].set_value((name, content, "text/csv")).run()


def press(app: AppTest, key: str) -> AppTest:
    """Press a button and wait until the job that it began is done."""
    app.button(key=key).click().run()
    for _look in range(200):
        if not any(button.key == "stop-import" for button in app.button):
            return app
        time.sleep(0.05)
        app.run()
    raise AssertionError("the job did not end")


def keys_of(app: AppTest) -> set[str]:
    return {element.key for kind in ("button", "checkbox", "file_uploader") for element in app.get(kind) if element.key}


def test_the_analyst_sees_completeness_imports_quarantine_and_the_way_in(records: Write, open_dashboard: Open) -> None:
    records(number=120, without_place=12)
    app = open_dashboard(PAGE)
    assert not app.exception
    assert [tab.label for tab in app.tabs] == [
        "Completeness",
        "Imports",
        "Quarantine",
        "Reports to settle",
        "Bring in a file",
    ]
    said = text_of(app)
    assert "of 14 fields" in said
    assert "1 import." in said
    assert "Nothing waits in quarantine" in said
    assert "No record of this period says when it was entered" in said


@pytest.mark.parametrize("audience", ["analyst", "partner"])
def test_filters_that_match_nothing_say_so(audience: str, records: Write, open_dashboard: Open) -> None:
    records(number=40)
    app = open_dashboard(PAGE, substance="fentanyl", audience=audience)
    assert not app.exception
    assert "No administrations match these filters" in app.info[0].value
    assert bool(app.tabs) == (audience == "analyst")


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_others_see_completeness_and_freshness_alone(audience: str, records: Write, open_dashboard: Open) -> None:
    records(number=400, without_place=40)
    app = open_dashboard(PAGE, audience=audience)
    assert not app.exception
    assert not app.tabs
    assert not app.file_uploader
    said = text_of(app)
    assert "80 to 100" in said
    assert "the last import was on" in said
    assert "Quarantine" not in said
    assert "rows" not in said


@pytest.mark.usefixtures("settings")
def test_without_a_store_real_people_are_turned_away_before_a_file_can_be_chosen(open_dashboard: Open) -> None:
    app = open_dashboard(PAGE)
    assert not app.exception
    assert "Do not choose a file with real people" in app.warning[0].value
    assert not app.file_uploader
    commands = " ".join(code.value for code in app.code)
    assert "data keys --create --settings my_force.toml" in commands
    assert "synthetic = false" in commands
    assert tick_generated(app).file_uploader


def test_a_file_goes_in_by_trial_and_confirmation_and_out_again(settings: Settings, open_dashboard: Open) -> None:
    app = upload(tick_generated(open_dashboard(PAGE)))
    assert not app.exception
    assert "Quill" not in text_of(app)
    press(app, "try-import")
    assert current_version(settings.store_folder) is None
    assert "3 rows in = 2 imported" in text_of(app)
    press(app, "confirm-import")
    assert not app.exception
    assert current_version(settings.store_folder) is not None
    said = text_of(app)
    assert "3 rows in = 2 imported" in said
    assert "2 administrations" in said
    assert not any(path.is_file() and b"Quill" in path.read_bytes() for path in settings.store_folder.rglob("*"))
    version = current_version(settings.store_folder)
    app.button(key="undo-last-confirm").click().run()
    assert any("Say why first" in each.value for each in app.error)
    assert current_version(settings.store_folder) == version
    next(box for box in app.text_input if box.label == "Why").set_value("the wrong month")
    app.button(key="undo-last-confirm").click().run()
    assert not app.exception
    said = text_of(app)
    assert "No police naloxone administrations have been imported yet" in said
    assert "Undone: “naloxone form”" in said
    assert "Taken out: 2 incidents and 2 administrations" in said
    assert "3 rows about administrations, brought in on" in said
    assert "Why: the wrong month" in said
    entry = Journal(folder=settings.store_folder, keys=load_keys(store_folder=settings.store_folder)).entries()[-1]
    assert entry.purpose == "the wrong month"
    assert str(entry.details["import_id"]) not in said


def test_an_import_that_was_stopped_needs_no_new_trial(
    settings: Settings, open_dashboard: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    app = press(upload(tick_generated(open_dashboard(PAGE))), "try-import")
    tell = ImportJob._tell

    def stop_at_once(job: ImportJob, share: float, sentence: str) -> None:
        job.stop()
        tell(job, share, sentence)

    with monkeypatch.context() as pressed:
        pressed.setattr(ImportJob, "_tell", stop_at_once)
        press(app, "confirm-import")
    assert current_version(settings.store_folder) is None
    assert "Stopped" in text_of(app)
    press(app, "confirm-import")
    assert "3 rows in = 2 imported" in text_of(app)
    assert current_version(settings.store_folder) is not None


@pytest.mark.usefixtures("settings")
def test_records_that_a_file_lacks_go_only_from_its_days_and_are_told_before(open_dashboard: Open) -> None:
    days = [f"B{n},{day:02}/05/2025 10:00,51.481,-3.179,Q{n},1" for n, day in enumerate((1, 2, 3, 20, 21, 22))]
    heading = "Reference,When,Lat,Lon,Patient name,Naloxone doses"
    whole = "\n".join([heading, *days]).encode()
    part = "\n".join([heading, days[0], days[2]]).encode()
    app = press(press(upload(tick_generated(open_dashboard(PAGE)), whole), "try-import"), "confirm-import")
    upload(app, part)
    for kind, gone in (("everything", 4), ("its_days", 1)):
        box = next(box for box in app.selectbox if box.label == "Which records does it hold?")
        press(box.set_value(kind).run(), "try-import")
        assert app.button(key="confirm-import").label == f"Import: {gone} withdrawn"
        assert any(f"{gone} record" in each.value and "would be withdrawn" in each.value for each in app.warning)
    assert "its_days" in text_of(app)


def test_a_changed_mapping_needs_a_new_trial(settings: Settings, open_dashboard: Open) -> None:
    app = press(upload(tick_generated(open_dashboard(PAGE))), "try-import")
    assert "confirm-import" in keys_of(app)
    next(box for box in app.text_input if box.label == "Source").set_value("another form").run()
    assert "confirm-import" not in keys_of(app)
    assert "try-import" in keys_of(app)
    assert current_version(settings.store_folder) is None


def test_reports_of_the_same_doses_are_settled_once_and_stay_settled(settings: Settings, open_dashboard: Open) -> None:
    reports = b"""Ref,When,Collar,Doses
B1,2026-05-01 10:00,PC 3001,2
B1,2026-05-01 10:00,PC 3002,3
B2,2026-05-03 12:10,PC 3001,1
"""
    mapping = make_mapping(
        source="officer reports",
        rows="officer",
        columns={"administration_id": "Ref", "occurred_at": "When", "doses_given": "Doses"},
        doses=[{"officer": "Collar", "given_at": "When"}],
    )
    keys = load_keys(store_folder=settings.store_folder, create=True)

    def bring_in(content: bytes) -> None:
        import_stream(
            stream=io.BytesIO(content),
            label="reports.csv",
            mapping=mapping,
            settings=settings,
            keys=keys,
            geography=south_wales(),
        )

    bring_in(reports)
    app = open_dashboard(PAGE)
    assert not app.exception
    assert "1 administration has doses reported by more than one officer" in text_of(app)
    # What counts until somebody decides is offered first.
    offered = next(box for box in app.selectbox if box.label == "Report to count")
    assert offered.options[offered.index].endswith(": 3 doses")
    same = next(button for button in app.button if button.label == "Same doses: count once")
    app.button(key=same.key).click().run()
    assert not app.exception
    assert "Settled. It stays so" in text_of(app)
    said = text_of(app.run())
    assert "No reports of doses wait to be settled" in said
    assert "The same doses, counted once" in said
    again = next(box for box in app.selectbox if box.label == "Decide again on")
    again.select_index(0).run()
    next(button for button in app.button if button.label == "Different doses: add up").click().run()
    assert not app.exception
    said = text_of(open_dashboard(PAGE))
    assert "Different doses, added up" in said
    assert "The same doses, counted once" not in said
    bring_in(reports + b"B3,2026-05-04 13:10,PC 3001,1\n")
    assert "No reports of doses wait to be settled" in text_of(open_dashboard(PAGE))
    # Two more whose reports agree are settled by one word.
    agreeing = (f"B{n},2026-05-0{n} 13:10,PC {officer},2" for n in (5, 6) for officer in (3001, 3002))
    bring_in(reports + "\n".join(agreeing).encode() + b"\n")
    app = open_dashboard(PAGE)
    said = text_of(app)
    assert "In 2 of them all reports state the same number of doses" in said
    # Each of the four can be looked at, by the time that the form gives and the row where it stands.
    assert said.count("5 May 2026, 13:10") == said.count("6 May 2026, 13:10")
    assert all(f"row {row} of the file" in said for row in (4, 5, 6, 7))
    next(box for box in app.checkbox if box.label.startswith("They are the same doses")).check().run()
    next(button for button in app.button if button.label == "Count each of these once").click().run()
    assert not app.exception
    app = open_dashboard(PAGE)
    assert "No reports of doses wait to be settled" in text_of(app)
    newest = next(box for box in app.selectbox if box.label == "Import")
    assert "7 rows of 1 May 2026 to 6 May 2026, 2 of them new" in newest.options[0]
    next(box for box in app.text_input if box.label == "Why").set_value("a slip")
    app.button(key="undo-confirm").click().run()
    # A second press must not take back the import before it.
    assert next(box for box in app.text_input if box.label == "Why").value == ""
    app.button(key="undo-confirm").click().run()
    assert any("Say why first" in each.value for each in app.error)


@pytest.mark.usefixtures("settings")
def test_rows_without_the_records_that_they_add_to_wait_and_look_so(open_dashboard: Open) -> None:
    places = "Date,Collar number,Postcode\n" + "".join(f"{n}/05/2026,PC 30{n},CF10 1EP\n" for n in range(1, 8))
    app = upload(tick_generated(open_dashboard(PAGE)), places.encode(), "places.csv")
    assert "It adds to other records" in {box.label for box in app.checkbox}
    assert any("The store has no records yet that this file could add to" in each.value for each in app.warning)
    press(app, "try-import")
    assert any("7 rows wait for the records that they add to" in each.value for each in app.warning)
    press(app, "confirm-import")
    assert not app.exception
    assert any("7 rows wait for the records that they add to" in each.value for each in app.warning)
    waits = "7 rows wait for the records that they belong to"
    assert waits in text_of(app)
    forms = "Ref,When,Drug,Collar\n" + "".join(f"B{n},{n}/05/2026 10:00,heroin,PC 30{n}\n" for n in range(1, 8))
    app = upload(tick_generated(open_dashboard(PAGE)), forms.encode())
    press(press(app, "try-import"), "confirm-import")
    assert waits not in text_of(app)
    next(box for box in app.text_input if box.label == "Why").set_value("too early")
    app.button(key="undo-last-confirm").click().run()
    assert "7 rows of other files had found their records there and wait for them again." in text_of(app)


@pytest.mark.usefixtures("settings")
def test_the_first_rows_are_shown_in_words_and_dates_without_an_hour(open_dashboard: Open) -> None:
    days = [f"{1 + n % 28:02}/{1 + n // 28:02}/2025" for n in range(60)]
    lines = [f"A{n},{day},58,Non-responsive,CF10 1EP,{day}" for n, day in enumerate(days)]
    # The first key once more with another condition: what a row is would let both in.
    again = lines[0].replace("Non-responsive", "Conscious")
    content = "\n".join(["Reference,Date,Age,Condition before naloxone,Postcode,Date entered", *lines, again])
    app = upload(tick_generated(open_dashboard(PAGE)), content.encode())
    assert not app.exception
    preview = next(each.value for each in app.get("html") if "<table" in each.value and "Row 1" in each.value)
    assert "When naloxone was given</td><td>1 January 2025</td>" in preview
    assert "Time of entry</td><td>1 January 2025</td>" in preview
    assert "55 to 64" in preview
    assert "non responsive" in preview
    assert "Local authority</td><td>Cardiff" in preview
    assert "00:00" not in preview
    assert "_" not in preview.replace("_id", "")
    press(app, "try-import")
    assert any("1 row would wait" in each.value and "“What is a row?”" in each.value for each in app.warning)


@pytest.mark.usefixtures("settings")
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x81\x00", "neither a workbook nor text"),
        (b"PK\x03\x04 no zip", "damaged"),
        (b"Reference,When\n", "has headings and no rows"),
    ],
)
def test_a_file_that_is_no_table_is_refused_by_name(content: bytes, says: str, open_dashboard: Open) -> None:
    app = upload(tick_generated(open_dashboard(PAGE)), content, "odd.csv")
    assert not app.exception
    assert says in app.error[0].value
    assert "odd.csv" in app.error[0].value


@pytest.mark.usefixtures("settings")
def test_a_mapping_is_saved_and_offered_for_the_next_file(open_dashboard: Open, tmp_path: Path) -> None:
    app = upload(tick_generated(open_dashboard(PAGE)))
    app.text_input(key="mapping-name").set_value("<our form>").run()
    app.button(key="save-mapping").click().run()
    assert "A mapping's name is letters" in app.error[0].value
    assert "try-import" in keys_of(app)
    app.text_input(key="mapping-name").set_value("our form").run()
    app.button(key="save-mapping").click().run()
    assert (tmp_path / "config" / "naloxone-watch" / "mappings" / "our form.toml").is_file()
    again = upload(tick_generated(open_dashboard(PAGE)))
    start = next(box for box in again.selectbox if box.label == "How is it read?")
    assert "our form" in start.options
    start.set_value("our form").run()
    assert not again.exception
    assert "3 rows in = 2 imported" in text_of(press(again, "try-import"))


@pytest.mark.usefixtures("settings")
def test_settings_for_real_records_ask_for_keys_first(
    open_dashboard: Open, other_settings: Callable[[str], None]
) -> None:
    other_settings(REAL + "open_real_on_loopback = true\n")
    app = open_dashboard(PAGE)
    assert "python -m data keys --create" in app.error[0].value
    assert not app.file_uploader
    assert not any("data demo" in code.value for code in app.code)


def test_settings_for_real_records_and_a_synthetic_store_are_told_apart(
    settings: Settings, open_dashboard: Open, other_settings: Callable[[str], None]
) -> None:
    write_records(settings, Records(number=40))
    other_settings(REAL + "open_real_on_loopback = true\n")
    app = open_dashboard(PAGE)
    assert any("holds synthetic ones" in error.value for error in app.error)
    assert not app.file_uploader


def test_settings_for_real_records_take_a_file_at_once_and_open_on_it(
    open_dashboard: Open, other_settings: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NALOXONE_WATCH_STORE_KEY", "k" * 43)
    monkeypatch.setenv("NALOXONE_WATCH_PSEUDONYM_KEY", "p" * 43)
    other_settings(REAL + "open_real_on_loopback = true\n")
    app = upload(open_dashboard(PAGE))
    assert not app.checkbox
    press(press(app, "try-import"), "confirm-import")
    assert not app.exception
    assert not app.error
    said = text_of(app)
    assert "2 administrations" in said
    assert "SYNTHETIC" not in said


@pytest.mark.usefixtures("settings")
def test_a_file_is_forgotten_on_the_way_to_another_page(open_dashboard: Open) -> None:
    app = upload(tick_generated(open_dashboard(PAGE)))
    steps = app.session_state["import_steps"]
    assert steps.file_id
    assert steps.kept
    app.switch_page("dashboard.py").run()
    assert not steps.file_id
    assert not steps.kept


@pytest.mark.usefixtures("settings")
def test_every_part_of_a_mapping_is_corrected_on_screen(open_dashboard: Open) -> None:
    form = b"""Reference,When,Lat,Lon,Collar,Minutes,Spare
A1,01/05/2025 10:00,51.481,-3.179,3001,7,x
A2,02/05/2025 11:10,51.482,-3.178,3002,9,y
"""
    app = upload(tick_generated(open_dashboard(PAGE)), form)

    def box(kind: str, label: str) -> Any:
        return next(each for each in app.get(kind) if each.label.startswith(label))

    def mapping() -> dict[str, Any]:
        return tomllib.loads(next(code.value for code in app.code if "[columns]" in code.value))

    paths = ["doses.1.officer", "waits.1.minutes", "doses.1.kit"]
    more = box("multiselect", "Add a field")
    more.set_value([path for path in paths if any(f"({path})" in option for option in more.options)]).run()
    for label, heading in (("Dose 1: number", "Collar"), ("Dose 1: kit", "Spare"), ("Ambulance 1: minutes", "Minutes")):
        box("selectbox", label).set_value(heading).run()
    assert mapping()["doses"] == [{"officer": "Collar", "kit": "Spare"}]
    box("selectbox", "Ambulance 1: whose clock").set_value("police_log").run()
    assert mapping()["waits"][0].items() >= {"minutes": "Minutes", "clock": "police_log"}.items()
    box("number_input", "How far the true places").set_value(500.0).run()
    box("selectbox", "Points that many rows share").set_value("areas").run()
    assert mapping()["place"].items() >= {"location_precision_m": 500.0, "shared_points": "areas"}.items()
    for label in ("Dose 1: number", "Dose 1: kit", "Longitude", "Latitude"):
        box("selectbox", label).set_value("").run()
    box("selectbox", "Order of day and month").set_value(False).run()
    box("selectbox", "Which records does it hold?").set_value("its_days").run()
    assert not app.exception
    changed = mapping()
    assert "doses" not in changed
    assert "x" not in changed.get("place", {})
    assert changed["times"]["day_first"] is False
    assert (changed["extract"], changed["covers"]) == ("full", "its_days")
    assert any("columns are not read" in expander.label for expander in app.expander)
    box("multiselect", "When naloxone was given").set_value([]).run()
    assert "“When naloxone was given”" in app.error[0].value


@pytest.mark.usefixtures("settings")
def test_the_sheet_and_the_row_of_the_headings_are_chosen_on_screen(open_dashboard: Open) -> None:
    rows = [["Reference", "When"], *([f"A{number}", f"0{number}/05/2025 10:00"] for number in range(1, 6))]
    content = workbook({"Notes": [["Read me", "Please"]], "Records": [["Title", None], [None, None], *rows]})
    app = upload(tick_generated(open_dashboard(PAGE)), content, "form.xlsx")
    assert next(box for box in app.selectbox if box.label == "Sheet").value == "Records"
    assert "Of its 2 sheets 1 looks like records" in text_of(app)
    headings = next(box for box in app.number_input if box.label == "Row with the headings")
    assert headings.value == 3
    headings.set_value(2).run()
    assert app.error
    next(box for box in app.number_input if box.label == "Row with the headings").set_value(3).run()
    assert not app.exception
    assert "5 rows in = 5 imported" in text_of(press(app, "try-import"))


@pytest.mark.usefixtures("settings")
def test_the_sheet_is_the_readers_choice_where_none_looks_like_records(open_dashboard: Open) -> None:
    content = workbook({"Notes": [["Read me", "Please"], ["a", "b"]], "More": [["Colour"], ["red"]]})
    app = upload(tick_generated(open_dashboard(PAGE)), content, "form.xlsx")
    assert next(box for box in app.selectbox if box.label == "Sheet").value is None
    assert "None of its sheets looks like records" in app.error[0].value


@pytest.mark.usefixtures("settings")
def test_two_rows_of_headings_and_dates_written_once_go_through_the_form(open_dashboard: Open) -> None:
    times = [("01/05/2025", 9), ("", 11), ("", 12), ("02/05/2025", 8), ("", 10), ("", 13)]
    rows = [f"I{number},{day},{hour}:05,1,M" for number, (day, hour) in enumerate(times)]
    content = "\n".join(["Incident,,,Casualty,", "No,Date,Time,No,Sex", *rows]).encode()
    app = upload(tick_generated(open_dashboard(PAGE)), content)
    assert next(box for box in app.number_input if box.label.startswith("Rows of headings")).value == 2
    found = tomllib.loads(next(code.value for code in app.code if "[columns]" in code.value))
    wanted = {"header_row": 2, "header_rows": 2, "fill_down": ["Incident Date"]}
    assert found["file"].items() >= wanted.items()
    assert "6 rows in = 6 imported" in text_of(press(app, "try-import"))
    next(box for box in app.multiselect if box.label.startswith("A blank cell is that")).set_value([]).run()
    assert "6 rows in = 2 imported" in text_of(press(app, "try-import"))


@pytest.mark.usefixtures("settings")
def test_decimal_commas_are_read_as_drafted_and_the_mark_can_be_chosen(open_dashboard: Open) -> None:
    rows = [f"A{number};0{number}/05/2025;10:00;51,48{number}5;-3,17{number}5;1,0" for number in range(1, 9)]
    content = "\n".join(["Return for May", "", "Reference;Date;Time;Latitude;Longitude;Doses", *rows]).encode("cp1252")
    app = upload(tick_generated(open_dashboard(PAGE)), content)

    def mark() -> Any:
        return next(box for box in app.selectbox if box.label == "Decimal mark")

    assert mark().value == ","
    assert "Places: 8 with coordinates" in text_of(press(app, "try-import"))
    mark().set_value(".").run()
    assert "8 with none" in text_of(press(app, "try-import"))


@pytest.mark.usefixtures("settings")
def test_keys_of_several_columns_fixed_values_and_what_a_row_is_are_chosen_on_screen(open_dashboard: Open) -> None:
    """What comes of the boxes is the mapping that a person would type."""
    form = b"""Ref,Person,When,Drug,Given no,Doses,Collar
R-1,1,01/05/2025 10:00,Heroin,7,1,PC 3001
R-1,1,01/05/2025 10:00,Alcohol,7,1,PC 3001
R-2,1,02/05/2025 11:10,Heroin,8,2,PC 3002
R-2,2,02/05/2025 11:10,Heroin,9,1,PC 3002
"""
    app = upload(tick_generated(open_dashboard(PAGE)), form)

    def box(kind: str, label: str) -> Any:
        return next(each for each in app.get(kind) if each.label.startswith(label))

    def add(*paths: str) -> None:
        more = box("multiselect", "Add a field")
        chosen = [option for option in more.options if any(option.endswith(f"({path})") for path in paths)]
        more.set_value([*more.value, *(option.rpartition("(")[2].rstrip(")") for option in chosen)]).run()

    def mapping() -> dict[str, Any]:
        return tomllib.loads(next(code.value for code in app.code if "[columns]" in code.value))

    box("selectbox", "What is a row?").set_value(("substance", "dose")).run()
    needed = {"dose_id", "recording_force", "setting", "administration_id", "incident_id", "doses.1.count"}
    add(*needed - mapping()["columns"].keys())
    box("multiselect", "Administration").set_value(["Ref", "Person"]).run()
    box("selectbox", "Administration: “Ref” is compared").set_value("code").run()
    box("multiselect", "Number of the dose").set_value(["Given no"]).run()
    box("selectbox", "Dose 1: how many").set_value("Doses").run()
    box("selectbox", "Force that recorded").set_value("\0").run()
    box("text_input", "Force that recorded the incident, in every row").set_value("South Wales Police").run()
    box("selectbox", "Kind of place").set_value("\0").run()
    box("selectbox", "Kind of place, in every row").set_value("home").run()
    box("selectbox", "A row that repeats").set_value("doses").run()
    assert not app.exception
    found = mapping()
    assert found["rows"] == ["substance", "dose"]
    assert found["repeats"] == "doses"
    assert found["columns"]["administration_id"] == [{"code": "Ref"}, "Person"]
    assert found["columns"]["dose_id"] == "Given no"
    assert found["columns"]["recording_force"] == {"fixed": "South Wales Police"}
    assert found["columns"]["setting"] == {"fixed": "home"}
    assert found["doses"][0]["count"] == "Doses"
    press(app, "try-import")
    assert "4 rows in = 3 imported" in text_of(app)
    assert app.button(key="confirm-import").label == "Import: 3 new"
    box("selectbox", "Force that recorded").set_value("").run()
    box("selectbox", "Administration: “Ref” is compared").set_value("").run()
    assert "recording_force" not in mapping()["columns"]
    assert mapping()["columns"]["administration_id"] == ["Ref", "Person"]


@pytest.mark.usefixtures("settings")
def test_rows_that_count_are_chosen_by_the_words_of_a_column(open_dashboard: Open) -> None:
    cells = ["Given by us"] * 4 + ["No"] * 4 + ["Left at scene"] * 3 + ["Ask Zebedee Quill"]
    rows = [f"K{n},{n + 1:02}/05/2025 10:00,51.48{n % 10},-3.179,{cell}" for n, cell in enumerate(cells)]
    content = "\n".join(("Reference,When,Lat,Lon,Naloxone given", *rows)).encode()
    app = upload(tick_generated(open_dashboard(PAGE)), content)
    assert not app.exception
    assert "all the same" in text_of(app)
    assert "It is settled under “Rows count by the words of”" in text_of(app)
    columns = next(box for box in app.multiselect if box.label == "Rows count by the words of")
    columns.set_value(["Naloxone given"]).run()
    words = next(box for box in app.multiselect if box.label.startswith("Under “Naloxone given”"))
    # What is rare and on no list may be anybody's name.
    assert [each.split(" (")[0] for each in words.options] == [
        "Given by us",
        "No",
        "Left at scene",
        "anything that is not empty",
    ]
    words.set_value(["Given by us"]).run()
    assert "Of 12 rows looked at 4 count; 8 are left out." in text_of(app)
    assert "all the same" not in text_of(app)
    press(app, "try-import")
    assert "12 rows in = 4 imported" in text_of(app)
    press(app, "confirm-import")
    assert "12 rows in = 4 imported" in text_of(app)
    assert "4 administrations" in text_of(app)


@pytest.mark.usefixtures("settings")
def test_what_the_source_took_back_is_settled_in_a_box_that_its_question_names(open_dashboard: Open) -> None:
    states = ["Final"] * 9 + ["Voided", "Duplicate", "Draft"]
    rows = [f"K{n},{n + 1:02}/05/2025 10:00,51.48{n % 10},-3.179,{state}" for n, state in enumerate(states)]
    app = upload(tick_generated(open_dashboard(PAGE)), "\n".join(("Ref,When,Lat,Lon,Record status", *rows)).encode())

    def box(label: str) -> Any:
        return next(each for each in app.multiselect if each.label.startswith(label))

    columns = box("Rows are withdrawn by the words of")
    assert f"“draft”). It counts all the same. Should it not? It is settled under “{columns.label}”" in text_of(app)
    assert columns.options[0] == "Record status"
    words = box("Under “Record status”, rows are withdrawn")
    assert [each.split(" (")[0] for each in words.options] == ["Draft", "Duplicate", "Voided"]
    assert words.value == ["Duplicate", "Voided"]
    assert "12 rows in = 10 imported + 0 updated + 0 unchanged + 2 withdrawn" in text_of(press(app, "try-import"))
    box("Under “Record status”, rows are withdrawn").set_value(["Draft", "Duplicate", "Voided"]).run()
    assert "3 withdrawn" in text_of(press(app, "try-import"))
    box("Rows are withdrawn by the words of").set_value([]).run()
    assert "12 rows in = 12 imported" in text_of(press(app, "try-import"))


@pytest.mark.usefixtures("settings")
def test_a_kept_mapping_for_other_files_is_marked_and_says_so_when_chosen(open_dashboard: Open) -> None:
    other = make_mapping(source="dose log", columns={"occurred_at": "Logged", "administration_id": "Our number"})
    save_mapping("Dose log", mapping_toml(other))
    app = upload(tick_generated(open_dashboard(PAGE)))
    choice = next(box for box in app.selectbox if box.label == "How is it read?")
    assert choice.options == ["As drafted from the file", "Dose log (none of its columns is in this file)"]
    choice.set_value("Dose log").run()
    assert "None of the columns that “Dose log” reads is in this file" in app.error[0].value
    assert "Words that are on no list yet" not in text_of(app)


@pytest.mark.usefixtures("settings")
def test_lines_for_a_mapping_are_shown_as_they_must_be_written_and_their_box_is_named(open_dashboard: Open) -> None:
    places = [(51.4812, -3.1794)] * 24 + [(51.45 + n / 977, -3.24 + n / 831) for n in range(76)]
    rows = [
        f"K{n},{n % 28 + 1:02}/{n % 12 + 1:02}/2025 {n % 23:02}:{n % 53:02},{x},{y}" for n, (x, y) in enumerate(places)
    ]
    app = upload(tick_generated(open_dashboard(PAGE)), "\n".join(("Ref,When,Lat,Lon", *rows)).encode())
    said = text_of(press(app, "try-import"))
    assert "24 of 100 places are points that stand for areas" in said
    assert all(line in said for line in ("[place]", 'shared_points = "places"', "small_areas_file in the section"))
    box = next(each for each in app.selectbox if each.label.startswith("Points that many rows share"))
    assert f"On this page shared_points is the box “{box.label}” above." in said


@pytest.mark.usefixtures("settings")
def test_what_midnights_are_is_answered_in_a_box_once_a_trial_has_asked(open_dashboard: Open) -> None:
    times = ["00:00"] * 12 + [f"{1 + n % 22:02}:{n % 53 + 3:02}" for n in range(108)]
    rows = [f"K{n},{n % 28 + 1:02}/{n % 12 + 1:02}/2025 {time},NULL" for n, time in enumerate(times)]
    app = upload(tick_generated(open_dashboard(PAGE)), "\n".join(("Ref,When,Setting", *rows)).encode())

    def box() -> Any:
        return next((each for each in app.selectbox if each.label == "Midnights are"), None)

    assert box() is None
    said = text_of(press(app, "try-import"))
    assert "On this page midnights is the box “Midnights are” above." in said
    assert "“Kind of place” (120)" in said
    box().select("times").run()
    assert "12 of 120 times" not in text_of(press(app, "try-import"))
    assert box().value == "times"


@pytest.mark.usefixtures("settings")
def test_totals_and_repeated_headings_wait_for_nobody(open_dashboard: Open) -> None:
    rows = [f"T{n},{n:02}/05/2025 10:00,51.481,-3.17{n},2" for n in range(1, 7)]
    log = ["Reference,When,Lat,Lon,Doses", *rows[:3], "Total,,,,6", "Reference,When,Lat,Lon,Doses", *rows[3:]]
    log[2] = log[2].replace("T2,02/05/2025 10:00", "T2,NULL")
    app = upload(tick_generated(open_dashboard(PAGE)), "\n".join(log).encode())
    press(app, "try-import")
    said = text_of(app)
    assert "8 rows in = 5 imported + 0 updated + 0 unchanged + 1 quarantined + 2 left out as totals or headings" in said
    # A word for nothing, in a field by the name that its box has.
    assert "“When naloxone was given” (1)" in said
    assert "occurred_at" not in said
    press(app, "confirm-import")
    assert "5 administrations" in text_of(app)
    said = text_of(open_dashboard(PAGE))
    assert "2 rows were set aside as totals or repeated headings" in said
    assert "1 row waits whole" in said
    said = text_of(open_dashboard())
    assert "2 rows were set aside as totals or headings" in said
    assert "1 row waits in quarantine" in said


def test_what_to_do_names_boxes_that_are_there_and_no_setting() -> None:
    # Only the reasons that name a setting of the mapping have another sentence for the page.
    reasons = ("time_missing", "time_unreadable", "time_in_future", "excel_date", "not_a_number", "words_for_number")
    reasons += ("value_unknown", "text_not_stored", "coordinates_unusable", "area_unknown", "key_repeated")
    drawn = "".join(file.read_text(encoding="utf-8") for file in Path("pages/components").glob("*.py"))
    for reason in reasons:
        said, by_hand = reason_sentence(reason, on_page=True), reason_sentence(reason)
        assert said != by_hand
        assert "[" not in said
        assert all(f'_("{box}")' in drawn for box in re.findall("“(.+?)”", said)), said
