"""Logs as people keep them: a date once a day, a number once an incident; filled only where the rows speak for it."""

import io
import random
from datetime import datetime, timedelta

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping_toml import check_mapping
from data.preview import preview_rows
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import as_csv
from tests.data.importing import KEYS, make_settings, south_wales, stored

HEADINGS = ["Date", "Time", "Incident no", "Patient no", "Postcode", "Sex", "Sprays"]


def events(count, seed):
    """Incidents of one to three people at random times, in order: the truth, one row a person."""
    rng, when = random.Random(seed), datetime(2024, 1, 1, 8)
    rows = []
    for n in range(count):
        when += timedelta(hours=rng.choice((2, 5, 9, 40)), minutes=rng.randrange(60))
        rows += [
            [f"{when:%d %B %Y}", f"{when:%H:%M}", f"NX{n:04}", str(person), "CF10 1AA", rng.choice("MF"), "1"]
            for person in range(1, rng.choice((1, 1, 2, 3)) + 1)
        ]
    return rows


def once(rows, *columns):
    """The rows with a column's cell blank where it repeats the one above."""
    shown = [list(row) for row in rows]
    for column in columns:
        for number in range(1, len(rows)):
            shown[number][column] = "" if rows[number][column] == rows[number - 1][column] else rows[number][column]
    return shown


def drafted(rows):
    sample = sample_file(source=io.BytesIO(as_csv(HEADINGS, rows)), label="log.csv", limits=ImportSettings())
    draft = draft_mapping(sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales())
    return sample, draft


def test_a_log_with_dates_and_numbers_once_is_read_whole(tmp_path):
    rows = events(60, seed=1)
    shown = once(rows, 0, 2)
    first = next(n for n in range(20, len(shown)) if shown[n][0])
    shown[first:first] = [["Total for month", "", "", "", "", "", "20"], [""] * 7, HEADINGS]
    sample, draft = drafted(shown)
    # Both are filled, and what they are is asked.
    assert draft.raw["file"]["fill_down"] == ["Date", "Incident no"]
    asked = [each.sentence for each in draft.questions if each.setting == "file.fill_down"]
    for place, sentence in zip((0, 2), asked, strict=True):
        assert f"is blank in {sum(not row[place] for row in once(rows, 0, 2))} rows" in sentence
    assert not [each for each in draft.questions if each.setting in ("times.formats", "columns.incident_id")]
    mapping = check_mapping(draft.raw | {"synthetic": True})
    settings = make_settings(tmp_path)
    shown_rows = preview_rows(mapping=mapping, sample=sample, settings=settings, geography=south_wales()).rows
    assert not any(row.waits for row in shown_rows)
    report = import_stream(
        stream=io.BytesIO(as_csv(HEADINGS, shown)), label="log.csv", mapping=mapping, settings=settings, keys=KEYS,
        geography=south_wales(),
    )  # fmt: skip
    assert (report.rows_in, report.imported, report.quarantined_rows) == (len(rows) + 2, len(rows), 2)
    assert {each.reason for each in report.reasons} == {"looks_like_total", "repeats_headings"}
    blank = sum(not row[0] or not row[2] for row in once(rows, 0, 2))
    assert (report.counts.filled_down, report.rows["filled_down"].rows) == (blank, blank)
    incidents, people = stored(settings, "incidents"), stored(settings, "administrations")
    people = people[["incident_id"]].merge(incidents, on="incident_id")
    want = sorted(f"{datetime.strptime(row[0] + row[1], '%d %B %Y%H:%M')}" for row in rows)
    found = people["occurred_at"].dt.tz_convert("Europe/London")
    assert sorted(found.dt.tz_localize(None).astype(str)) == want
    assert len(incidents) == len({row[2] for row in rows})


def test_blanks_that_may_mean_not_known_are_left_blank():
    rows = events(150, seed=2)
    rng = random.Random(3)
    unknown = [list(row) for row in rows]
    for row in unknown[1:]:
        row[0] = "" if rng.random() < 0.2 else row[0]
    assert "fill_down" not in drafted(unknown)[1].raw.get("file", {})
    # The same for a number, where the date is in every row.
    unknown = [list(row) for row in rows]
    for row in unknown[1:]:
        row[2] = "" if rng.random() < 0.2 else row[2]
    assert "fill_down" not in drafted(unknown)[1].raw.get("file", {})
    # And for a file that is out of order.
    shuffled = rows[:]
    rng.shuffle(shuffled)
    assert "fill_down" not in drafted(once(shuffled, 0))[1].raw.get("file", {})


def test_what_is_written_once_an_incident_and_once_a_person_is_filled_together_and_asked_once():
    rng = random.Random(3)
    rows = [row for row in events(80, seed=3) for _dose in range(rng.choice((1, 2)))]
    keys = [(row[2], row[3]) for row in rows]
    shown = [list(row) for row in rows]
    for place, row in enumerate(shown):
        if place and keys[place][0] == keys[place - 1][0]:
            row[0] = row[1] = row[2] = row[4] = ""
            if keys[place] == keys[place - 1]:
                row[3] = row[5] = ""
    _sample, draft = drafted(shown)
    filled = ["Incident no", "Date", "Time", "Postcode", "Patient no", "Sex"]
    assert draft.raw["file"]["fill_down"] == filled
    assert len([each for each in draft.questions if each.setting == "file.fill_down"]) == 2
    # A sex that is blank in rows of its own, and not below the same person, stays not known.
    for row in rows[::7]:
        row[5] = ""
    _sample, draft = drafted(once(rows, 2))
    assert draft.raw["file"]["fill_down"] == ["Incident no"]
