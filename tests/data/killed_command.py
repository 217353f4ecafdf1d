"""Run by test_killed_import: for each line "file seconds" on stdin forks the whole import command and kills it in time.

Prints the command's exit code. Forking spares each of many commands the start of Python and its libraries.
"""

import os
import signal
import sys
import time
from pathlib import Path

from data.__main__ import main
from data.store.connection import encryption_extension


def run() -> None:
    """The command's arguments but for the file are this program's own."""
    encryption_extension()  # checked once, not by each of the forks
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        file, seconds = line.rstrip("\n").rsplit(" ", 1)
        child = os.fork()
        if child == 0:
            with Path(os.devnull).open("w") as nowhere:
                os.dup2(nowhere.fileno(), sys.stdout.fileno())
                os._exit(main(["import", file, *sys.argv[1:]]))
        time.sleep(float(seconds))
        # Not waited for yet, so the process id is still the command's, ended or not.
        os.kill(child, signal.SIGKILL)
        _child, status = os.waitpid(child, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    run()
