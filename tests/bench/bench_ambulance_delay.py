"""The ambulance page at 1,000,000 timed waits: the finding made anew, and the page's rerun on the server.

`python -m tests.bench.bench_ambulance_delay` makes a store of its own in a temporary folder and prints one line a
measurement. The rerun is the real page's script in Streamlit's own runner, without a browser.
"""

import os
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from streamlit.testing.v1 import AppTest

from data.settings import load_settings
from tests.pages.small_store import Records, write_records

WAITS = 1_000_000
LIMIT_SECONDS = 1.0
RERUNS = 5
ROOT = Path(__file__).parents[2]


def main() -> None:
    """Print the measurements."""
    write = sys.stdout.write
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NALOXONE_WATCH_STORE"] = str(Path(folder) / "store")
        os.environ["XDG_CONFIG_HOME"] = str(Path(folder) / "config")
        start = perf_counter()
        write_records(load_settings(), Records(number=WAITS, with_waits=True))
        write(f"store of {WAITS:,} waits written in {perf_counter() - start:.0f} s\n")
        app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=600)
        app.switch_page("pages/ambulance_delay.py")
        start = perf_counter()
        app.run()
        write(f"page opened first, {WAITS:,} waits: {perf_counter() - start:.1f} s\n")
        if app.exception or app.error:
            raise SystemExit(f"the page failed: {[*app.exception, *app.error]}")
        seconds = []
        for _rerun in range(RERUNS):
            start = perf_counter()
            app.run()
            seconds.append(perf_counter() - start)
        write(
            f"page rerun, {WAITS:,} waits: {median(seconds):.2f} s, slowest {max(seconds):.2f} s (limit "
            f"{LIMIT_SECONDS:.0f} s)\n"
        )


if __name__ == "__main__":
    main()
