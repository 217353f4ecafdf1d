"""Speed and memory of the store at a million administrations: one merge, and what every page asks.

`python -m tests.bench.bench_store [rows]` prints one line a measurement.
"""

import dataclasses
import sys
import tempfile
import threading
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path
from time import perf_counter, sleep
from typing import Any

import numpy as np

from data.filters import AccessScope, Filters
from data.schema import SETTINGS, SUBSTANCES
from data.store import Batch, open_store, write_batch
from tests.data.store_rows import KEYS, batch_of, person, repeated, settings_for

MERGE_LIMIT_S = 60.0
QUERY_LIMITS_S = {"count": 0.05, "located": 0.5, "by month": 0.5, "by area": 0.5, "missing": 0.5}
PEOPLE_AT_ONCE = 1_000


def many(rows: int, *, name: str) -> Batch:
    """Administrations over seven years and a force of 50 by 40 km, every filter's values among them."""
    generator = np.random.default_rng(1)
    few = batch_of(*(person(number) for number in range(PEOPLE_AT_ONCE)), name=name)
    batch = repeated(few, times=rows // PEOPLE_AT_ONCE)
    size = len(batch.tables["incidents"])
    days = np.array([date(2019, 1, 1) + timedelta(days=day) for day in range(2557)])
    incidents = batch.tables["incidents"].assign(
        local_date=np.sort(days[generator.integers(0, len(days), size)]),
        easting_m=280_050.0 + 100 * generator.integers(0, 500, size),
        northing_m=170_050.0 + 100 * generator.integers(0, 400, size),
        setting=np.array(SETTINGS, dtype=object)[generator.integers(0, len(SETTINGS), size)],
        small_area=np.array([f"CF{area}" for area in range(60)], dtype=object)[generator.integers(0, 60, size)],
    )
    kinds = np.array(SUBSTANCES, dtype=object)[generator.integers(0, len(SUBSTANCES), size)]
    substances = batch.tables["substances"].assign(substance=kinds)
    tables = dict(batch.tables) | {"incidents": incidents, "substances": substances}
    return dataclasses.replace(batch, tables=tables)


def resident_mb() -> float:
    """Memory of this process now; NaN where the system does not say (only Linux has /proc)."""
    status = Path("/proc/self/statm")
    return int(status.read_text().split()[1]) * 4096 / 1e6 if status.exists() else float("nan")


def timed(work: Callable[[], Any]) -> tuple[float, float]:
    """Seconds that `work` takes and megabytes that it adds at its peak."""
    before = resident_mb()
    peak = [before]
    done = threading.Event()

    def watch() -> None:
        while not done.is_set():
            peak.append(resident_mb())
            sleep(0.05)

    watcher = threading.Thread(target=watch)
    watcher.start()
    start = perf_counter()
    work()
    seconds = perf_counter() - start
    done.set()
    watcher.join()
    return seconds, max(peak) - before


def fastest(work: Callable[[], Any], repeats: int = 9) -> float:
    """Seconds of the fastest of some runs: the others measure the machine's other work."""
    return min(timed(work)[0] for _repeat in range(repeats))


def main() -> None:
    """Print the measurements."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 1_000_000
    write = sys.stdout.write
    filters = Filters(first_day=date(2019, 6, 1), last_day=date(2025, 6, 1))
    scope = AccessScope(audience="analyst")
    with tempfile.TemporaryDirectory() as folder:
        settings = settings_for(Path(folder), memory_limit="1GB")
        batch = many(rows, name="everything")
        updates = batch_of(*(person(number, edition="second") for number in range(100)), name="few")
        for title, merged in (("all new", batch), ("all the same", batch), ("100 more", updates)):
            seconds, added_mb = timed(lambda merged=merged: write_batch(settings=settings, keys=KEYS, batch=merged))
            write(
                f"merge of {rows:,} administrations, {title:12}: {seconds:6.1f} s (limit {MERGE_LIMIT_S:.0f} s), "
                f"{added_mb:,.0f} MB beside the rows\n"
            )
        with open_store(settings=settings, keys=KEYS) as store:
            asked = {"filters": filters, "scope": scope}
            questions: dict[str, Callable[[], Any]] = {
                "count": lambda: store.count_administrations(**asked),
                "located": lambda: store.located_administrations(**asked),
                "by month": lambda: store.administrations_by_month(**asked),
                "by area": lambda: store.administrations_by_area(**asked, level="small_area"),
                "missing": lambda: store.missing_fields(**asked),
            }
            for name, question in questions.items():
                limit_ms = QUERY_LIMITS_S[name] * 1000
                write(f"{name:9} of {rows:,}: {fastest(question) * 1000:7.1f} ms (limit {limit_ms:.0f} ms)\n")


if __name__ == "__main__":
    main()
