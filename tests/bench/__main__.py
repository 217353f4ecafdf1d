"""`make bench`: every benchmark in this folder, one after the other, each beside its peers in the same run."""

import importlib
import os
import sys
from pathlib import Path


def main() -> None:
    """Run each bench_*.py's main(), or those whose subjects are named: `python -m tests.bench density import`."""
    wanted = sys.argv[1:]
    sys.argv = sys.argv[:1]  # the benchmarks' own options are for running them alone
    sys.stdout.write(
        f"load average {os.getloadavg()[0]:.2f} on {os.cpu_count()} cores\n" if hasattr(os, "getloadavg") else ""
    )
    for path in sorted(Path(__file__).parent.glob("bench_*.py")):
        subject = path.stem.removeprefix("bench_")
        if not wanted or subject in wanted:
            sys.stdout.write(f"\n{subject}\n")
            importlib.import_module(f"tests.bench.{path.stem}").main()


if __name__ == "__main__":
    main()
