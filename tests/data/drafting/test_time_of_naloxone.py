"""When naloxone was given, in a file whose date is that of the call: by the dose's clock, past midnight where it is."""

import io
from datetime import datetime, timedelta

from data.drafting import draft_mapping
from data.ingest import import_stream
from data.mapping_toml import check_mapping
from data.reading import sample_file
from data.settings import SYNTHETIC_SOUTH_WALES, ImportSettings
from tests.data.forms import as_csv
from tests.data.importing import KEYS, make_settings, south_wales, stored

HEADINGS = ("Ref", "Call date", "Call time", "Naloxone time", "Doses", "Date entered")


def test_naloxone_is_dated_by_its_own_clock_and_not_by_the_calls(tmp_path):
    calls = [datetime(2025, 1, 1, 1, 50) + timedelta(days=n, hours=11 * n) for n in range(40)]
    given = [call + timedelta(minutes=25) for call in calls]
    rows = [
        (f"NC-{n}", f"{call:%d/%m/%Y}", f"{call:%H%M}", f"{dose:%H%M}", "1", f"{call + timedelta(2):%d/%m/%Y}")
        for n, (call, dose) in enumerate(zip(calls, given, strict=True))
    ]
    assert any(call.date() != dose.date() for call, dose in zip(calls, given, strict=True))
    sample = sample_file(source=io.BytesIO(as_csv(HEADINGS, rows)), label="a.csv", limits=ImportSettings())
    draft = draft_mapping(
        sample=sample, settings=SYNTHETIC_SOUTH_WALES, geography=south_wales(), now=datetime(2026, 1, 1)
    )
    assert "times.after" in {each.setting for each in draft.questions}
    where = make_settings(tmp_path)
    import_stream(
        stream=io.BytesIO(as_csv(HEADINGS, rows)), label="a.csv", settings=where, keys=KEYS, geography=south_wales(),
        mapping=check_mapping(draft.raw | {"synthetic": True}),
    )  # fmt: skip
    found = stored(where, "incidents")
    read = sorted(zip(found["local_date"].dt.date, found["local_hour"], strict=True))
    assert read == sorted((dose.date(), dose.hour) for dose in given)
