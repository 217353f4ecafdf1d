"""Completeness, delay of entry, imports and quarantine of a store whose every row is written here."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pandas as pd
import pytest

from analytics.findings.data_quality import find_data_quality
from analytics.findings.import_history import find_doubled_days, find_import_history
from analytics.findings.overview import find_overview
from analytics.findings.question import Question
from data.filters import AccessScope, Filters
from data.ingest import import_frame
from data.quarantine import reason_sentence
from data.settings import Settings
from data.store import open_store
from tests.data.importing import KEYS, make_mapping, make_settings, south_wales
from tests.data.quality.files import MAPPING as MAPPING_OF_FORCE
from tests.data.quality.files import clean_file, entered_again

Ask = Callable[..., Question]
MAPPING = make_mapping(
    columns={"gender": "Gender", "recorded_at": "Entered"}, place={"postcode": "Postcode"}, person={"age": "Age"}
)


def rows(first_day: str, number: int, *, late_days: int = 0, gender: str = "Male", prefix: str = "") -> pd.DataFrame:
    """`number` rows, one a day, entered `late_days` later."""
    days = pd.date_range(first_day, periods=number)
    return pd.DataFrame(
        {
            "Reference": [f"{prefix}{day:%Y%m%d}" for day in days],
            "When": [f"{day:%Y-%m-%d} {8 + day.day % 13:02}:{7 * day.day % 60:02}" for day in days],
            "Entered": [f"{day + pd.Timedelta(days=late_days):%Y-%m-%d} 23:30" for day in days],
            "Gender": gender,
            "Postcode": "CF10 1EP",
            "Age": "34",
        }
    )


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Settings:
    monkeypatch.setenv("NALOXONE_WATCH_STORE_KEY", KEYS.store_key)
    return make_settings(tmp_path)


@pytest.fixture
def bring_in(settings: Settings) -> Callable[[pd.DataFrame], None]:
    def bring(frame: pd.DataFrame) -> None:
        import_frame(frame=frame, mapping=MAPPING, settings=settings, keys=KEYS, geography=south_wales())

    return bring


@pytest.fixture
def ask_store(settings: Settings) -> Ask:
    def asked(audience: str = "analyst", first: date = date(2025, 1, 1), last: date = date(2025, 12, 31)) -> Question:
        return Question(
            store=open_store(settings=settings, keys=KEYS),
            geography=south_wales(),
            settings=settings,
            filters=Filters(first_day=first, last_day=last),
            scope=AccessScope(audience=audience),
        )

    return asked


def test_each_month_says_which_share_has_each_field(bring_in: Callable[[pd.DataFrame], None], ask_store: Ask) -> None:
    january, march = rows("2025-01-01", 8), rows("2025-03-01", 10)
    january.loc[:1, "Gender"] = ""
    march.loc[:6, "Age"] = ""
    march.loc[9, ["Postcode", "Entered"]] = ""
    bring_in(pd.concat([january, march]))
    found = find_data_quality(ask_store())
    shares = {
        name: tuple(cell.text for cell in row)
        for name, row in zip(found.coverage.names, found.coverage.shares, strict=True)
    }
    assert found.coverage.starts == (date(2025, 1, 1), date(2025, 2, 1), date(2025, 3, 1))
    assert [count.value for count in found.coverage.wholes] == [8, 0, 10]
    assert shares["Gender"] == ("75", "", "100")
    assert shares["Age"] == ("100", "", "30")
    assert shares["Location"] == ("100", "", "90")
    assert shares["Time of entry"] == ("100", "", "90")
    assert shares["Substance"] == ("0", "", "0")
    assert found.for_analyst
    assert "18 administrations" in found.headline


def test_long_periods_are_shown_by_quarter(bring_in: Callable[[pd.DataFrame], None], ask_store: Ask) -> None:
    bring_in(rows("2022-01-01", 1000))
    found = find_data_quality(ask_store(first=date(2022, 1, 1), last=date(2024, 9, 26)))
    assert found.coverage.step == "quarter"
    assert [count.value for count in found.coverage.wholes][:3] == [90, 91, 92]
    assert sum(count.value or 0 for count in found.coverage.wholes) == 1000


@pytest.mark.parametrize("audience", ["partner", "meeting"])
def test_others_see_fifths_of_the_shortest_period_with_enough_and_no_delay(
    audience: str, bring_in: Callable[[pd.DataFrame], None], ask_store: Ask
) -> None:
    spring = rows("2025-04-01", 40)
    spring.loc[:2, "Gender"] = ""
    bring_in(pd.concat([rows("2025-01-01", 9), spring]))
    found = find_data_quality(ask_store(audience))
    gender = found.coverage.shares[found.coverage.names.index("Gender")]
    assert [cell.text for cell in gender] == ["not shown", "80 to 100"]
    assert found.coverage.step == "quarter"
    bring_in(pd.concat([rows("2025-07-01", 9), rows("2025-10-01", 9)]))
    by_year = find_data_quality(ask_store(audience)).coverage
    assert (by_year.step, by_year.starts) == ("year", (date(2025, 1, 1),))
    assert [count.value for count in by_year.wholes] == [67]
    assert not found.for_analyst
    assert found.delays.rows == ()
    history = find_import_history(ask_store(audience))
    assert (history.imports.rows, history.quarantine.rows, history.waiting.rows) == ((), (), ())


def test_too_few_for_others_to_be_told_which_field_is_rarest(
    bring_in: Callable[[pd.DataFrame], None], ask_store: Ask
) -> None:
    frame = rows("2025-01-01", 60)
    frame.loc[:3, "Gender"] = ""
    bring_in(frame)
    assert "Too few" in find_data_quality(ask_store("partner")).headline
    assert "Least recorded: Kind of place" in find_data_quality(ask_store()).headline


def test_the_delay_is_counted_in_days_and_by_quarter(bring_in: Callable[[pd.DataFrame], None], ask_store: Ask) -> None:
    without = rows("2025-09-01", 4, prefix="x")
    without["Entered"] = ""
    early = rows("2025-10-01", 2, late_days=-1, prefix="y")
    bring_in(
        pd.concat(
            [
                rows("2025-02-01", 20, late_days=0),
                rows("2025-05-01", 20, late_days=3),
                rows("2025-06-01", 10, late_days=40),
                without,
                early,
            ]
        )
    )
    found = find_data_quality(ask_store())
    by_quarter = {row[0]: row[1:] for row in found.delays.rows}
    assert by_quarter["January to March 2025"][:3] == ("20", "0 (0 to 0)", "0 (0 or more)")
    spring = by_quarter["April to June 2025"]
    # Ranks 10 and 21 of 30 bound a median.
    assert spring[:2] == ("30", "3 (3 to 40)")
    assert spring[2].startswith("40 (")
    assert [cell.split(" (")[0] for cell in spring[3:]] == ["0 %", "67 %", "67 %"]
    assert by_quarter["All"][0] == "52"
    assert "52 of 56 administrations" in found.delay_sentence
    assert "2 were entered on a day before their event" in found.delay_sentence


def test_records_without_a_time_of_entry_say_what_to_map(
    bring_in: Callable[[pd.DataFrame], None], ask_store: Ask
) -> None:
    frame = rows("2025-01-01", 5)
    frame["Entered"] = ""
    bring_in(frame)
    found = find_data_quality(ask_store())
    assert "“Time of entry”" in found.delay_sentence
    assert found.delays.rows == ()


def test_quarantine_says_where_and_what_to_do_and_is_healed_by_the_next_import(
    bring_in: Callable[[pd.DataFrame], None], ask_store: Ask
) -> None:
    secret = "Someone Special"
    frame = rows("2025-01-01", 30)
    frame.loc[11:28, "When"] = secret
    frame.loc[2, "Age"] = "two hundred"
    bring_in(frame)
    history = find_import_history(ask_store())
    assert secret not in repr(history)
    whole, alone = history.quarantine.rows
    assert whole[1:4] == ("Whole row", "B (2)", "When naloxone was given")
    assert "Correct it" in whole[4]
    assert whole[5:] == ("18", "12 to 29")
    assert (alone[1], alone[5:]) == ("Field alone", ("1", "3"))
    assert "18 rows wait whole; 1 field" in history.quarantine_sentence
    assert history.imports.rows[0][2:4] == ("Administrations", "test form")
    assert history.imports.rows[0][5:7] == ("30", "12")

    bring_in(rows("2025-01-01", 30))
    healed = find_import_history(ask_store())
    assert healed.quarantine.rows == ()
    assert healed.quarantine_sentence == "Nothing waits in quarantine."
    assert len(healed.imports.rows) == len(healed.undoable) == 2
    # Who: the account that runs the tests, as the journal has it.
    assert {row[1] for row in healed.imports.rows} != {"not recorded"}
    # Two more of one minute that bring nothing new are told apart where one of them is to be undone.
    for age in ("40", "50"):
        bring_in(rows("2025-01-01", 30).assign(Age=age))
    undoable = find_import_history(ask_store()).undoable
    assert len({each.name for each in undoable}) == len(undoable) == 4


def test_days_entered_twice_stay_told_to_analysts_after_the_import(settings: Settings, ask_store: Ask) -> None:
    doubled, copies = entered_again(clean_file(700, seed=8), first="2022-09-05", last="2022-09-18")
    # The same days once more in another file: the warning is of one kind and of two imports.
    for frame in (doubled, pd.concat([doubled, clean_file(1, seed=3).assign(Reference="another")])):
        import_frame(frame=frame, mapping=MAPPING_OF_FORCE, settings=settings, keys=KEYS, geography=south_wales())
    history = find_import_history(ask_store())
    assert history.warnings_sentence.startswith("2 things looked suspicious")
    for source, about, sentence, count, listed in history.warnings.rows:
        assert source.startswith("test form, ")
        assert about == "Administrations"
        assert "twice" in sentence
        assert count == str(copies)
        assert listed == f"701 to {700 + copies}"
    period = {"first": date(2022, 1, 1), "last": date(2023, 12, 31)}
    assert find_overview(ask_store(**period)).freshness.endswith(
        "1 kind of possible error was found in the files that came in: see “Data quality”."
    )
    assert find_doubled_days(ask_store()).startswith(f"{copies} records seemed to be there twice")
    for audience in ("partner", "meeting"):
        assert find_doubled_days(ask_store(audience)) == ""
        told = find_import_history(ask_store(audience))
        assert (told.warnings_sentence, told.warnings.rows) == ("", ())
        assert "possible error" not in find_overview(ask_store(audience, **period)).freshness


def test_an_import_without_warnings_tells_of_none(bring_in: Callable[[pd.DataFrame], None], ask_store: Ask) -> None:
    bring_in(rows("2025-01-01", 10))
    history = find_import_history(ask_store())
    assert (history.warnings_sentence, history.warnings.rows) == ("", ())
    assert "suspicious" not in find_overview(ask_store()).freshness


@pytest.mark.parametrize("wrong", [0, 3])
def test_rows_that_the_mapping_leaves_out_are_not_to_be_corrected(
    wrong: int, settings: Settings, ask_store: Ask
) -> None:
    frame = rows("2025-01-01", 30).assign(Kind=["Naloxone"] * 20 + ["Other"] * 10)
    frame.loc[: wrong - 1, "When"] = "never"
    mapping = MAPPING.model_copy(update={"only": {"Kind": ("Naloxone",)}})
    import_frame(frame=frame, mapping=mapping, settings=settings, keys=KEYS, geography=south_wales())
    history = find_import_history(ask_store())
    sentence = history.quarantine_sentence
    # Rows in, new, changed, as before, folded, withdrawn, set aside, left out, waiting; and records that are gone.
    assert [int(number) for number in history.imports.rows[0][5:] if number] == [
        30, 20 - wrong, 0, 0, 0, 0, wrong, 10, 0, 0,
    ]  # fmt: skip

    def found(reason: str) -> str:
        sentence = reason_sentence(reason, on_page=True)
        return sentence[0].upper() + sentence[1:]

    runs = [(row[3], *row[-2:]) for row in history.quarantine_rows.table().rows]
    unreadable = [(found("time_unreadable"), "1", "3")] if wrong else []
    assert sorted(runs) == sorted([*unreadable, (found("left_out_by_mapping"), "21", "30")])
    told = "10 rows were left out by the mapping: see “Data quality”."
    assert find_overview(ask_store()).freshness.endswith(
        f"3 rows wait in quarantine and {told}" if wrong else f". {told}"
    )
    assert "10 rows were left out, as the mapping says" in sentence
    assert ("Correct them" in sentence) == bool(wrong)
    assert (f"{wrong} rows wait whole" in sentence) == bool(wrong)
