"""Speed of the heat map page on the server, the browser left out: first, again from memory, and another view.

`python -m tests.bench.bench_pages` prints one line a measurement; the rows are drawn at random around six places.
"""

import logging
import os
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

from streamlit.testing.v1 import AppTest

from data.settings import load_settings
from pages.components import context
from tests.pages.small_store import Records, write_records

ROOT = Path(__file__).parents[2]
# Rows, seconds for another view (its finding computed), seconds for the same view again.
LIMITS = ((100_000, 1.5, 0.3), (1_000_000, 4.0, 0.3))


def _seconds(work: Callable[[], object]) -> float:
    start = perf_counter()
    work()
    return perf_counter() - start


def _measure(rows: int, most_uncached: float, most_cached: float) -> None:
    write_records(load_settings(), Records(number=rows))
    for kept in (context._settings, context._store, context._kept):
        kept.clear()
    app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=300)
    app.switch_page("pages/heat_map.py")
    first = _seconds(app.run)
    cached = sorted(_seconds(app.run) for _run in range(7))[3]
    app.multiselect(key="bcu").set_value(["Mid Glamorgan"])
    uncached = _seconds(app.run)
    sys.stdout.write(
        f"heat map page, {rows:,} rows: first {first:.2f} s; again {cached:.3f} s (at most {most_cached});"
        f" another view {uncached:.2f} s (at most {most_uncached})\n"
    )


def main() -> None:
    """Each size in a store of its own."""
    logging.disable(logging.WARNING)
    for rows, most_uncached, most_cached in LIMITS:
        with tempfile.TemporaryDirectory() as folder:
            os.environ["NALOXONE_WATCH_STORE"] = str(Path(folder) / "store")
            os.environ["XDG_CONFIG_HOME"] = str(Path(folder) / "config")
            _measure(rows, most_uncached, most_cached)


if __name__ == "__main__":
    main()
