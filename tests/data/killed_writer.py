"""Run by test_store: forks a writer for each line on stdin and prints its process id, so that the test can kill it."""

import os
import sys
from pathlib import Path

from data.store import write_batch
from tests.data.store_rows import KEYS, batch_of, person, settings_for


def main() -> None:
    folder = Path(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        edition = line.strip()
        child = os.fork()
        if child == 0:
            people = [person(number, edition=edition) for number in range(1, 41)]
            write_batch(settings=settings_for(folder), keys=KEYS, batch=batch_of(*people, name=edition))
            os._exit(0)
        sys.stdout.write(f"{child}\n")
        sys.stdout.flush()
        _child, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
