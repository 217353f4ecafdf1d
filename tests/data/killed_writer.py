"""Run by test_store_survival: forks a writer for each line "edition seconds" on stdin and kills it after so long.

Prints the writer's exit code. Forking spares each of many writers the start of Python and its libraries.
"""

import os
import signal
import sys
import time
from pathlib import Path

from data.store import write_batch
from tests.data.store_rows import KEYS, batch_of, person, settings_for


def main() -> None:
    folder = Path(sys.argv[1])
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        edition, seconds = line.rsplit(" ", 1)
        child = os.fork()
        if child == 0:
            people = [person(number, edition=edition) for number in range(1, 41)]
            write_batch(settings=settings_for(folder), keys=KEYS, batch=batch_of(*people, name=edition))
            os._exit(0)
        time.sleep(float(seconds))
        # Not waited for yet, so the process id is still the writer's, ended or not.
        os.kill(child, signal.SIGKILL)
        _child, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
