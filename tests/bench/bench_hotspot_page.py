"""Speed of the hotspot page on the server at 2,000 points: first with everything worked out, then again from memory.

200 resampled maps, 999 maps by chance, 8 quarters, three bandwidths, profiles and back-test, on the South Wales grid.
`python -m tests.bench.bench_hotspot_page` prints wall and processor seconds: on a busy machine only the latter tell.
"""

import logging
import os
import sys
import tempfile
from pathlib import Path
from time import perf_counter, process_time

from streamlit.testing.v1 import AppTest

from data.settings import load_settings
from tests.pages.small_store import Records, write_records

ROOT = Path(__file__).parents[2]
POINTS = 2_000
MOST_S, MOST_CACHED_S = 8.0, 0.3
RUNS = 7


def _run(app: AppTest) -> tuple[float, float]:
    wall, processor = perf_counter(), process_time()
    app.run()
    return perf_counter() - wall, process_time() - processor


def main() -> None:
    """One store, the heat map first so that the base map is there, then the hotspot page."""
    logging.disable(logging.WARNING)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["NALOXONE_WATCH_STORE"] = str(Path(folder) / "store")
        os.environ["XDG_CONFIG_HOME"] = str(Path(folder) / "config")
        write_records(load_settings(), Records(number=POINTS))
        app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=300)
        app.switch_page("pages/heat_map.py")
        _run(app)
        app.switch_page("pages/hotspots.py")
        first = _run(app)
        again = sorted(_run(app) for _again in range(RUNS))[RUNS // 2]
    sys.stdout.write(
        f"hotspot page, {POINTS:,} points: {first[0]:.1f} s, of the processor {first[1]:.1f} s (at most {MOST_S:g});"
        f" again {again[0]:.3f} s, of the processor {again[1]:.3f} s (at most {MOST_CACHED_S:g})\n"
    )


if __name__ == "__main__":
    main()
