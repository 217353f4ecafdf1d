"""An import that runs beside the page: how far it is, a way to stop it, and what came of it.

A page's own run ends with every click; an import must not. So it has a thread of its own, and the page looks in on it.
When it is told to stop it ends at its next step, and the store is as it was: a snapshot counts whole or not at all.
"""

import logging
import threading
import time
import traceback
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from data.report import ImportReport
from data.snapshots import current_version
from wording import NaloxoneWatchError, _

__all__ = ["ImportJob", "ImportStoppedError", "UnexpectedImportError", "running_import", "without_values"]

T = TypeVar("T")
Progress = Callable[[float, str], None]

_LOG = logging.getLogger(__name__)

# The import into each store: a page that is loaded anew, and any other window, finds it here.
_RUNNING: dict[Path, "ImportJob"] = {}


class ImportStoppedError(NaloxoneWatchError):
    """The reader stopped an import before it was done."""

    def __init__(self) -> None:
        super().__init__(_("Stopped. The store is as it was before."))


class UnexpectedImportError(NaloxoneWatchError):
    """A fault of the program while it read a file."""

    def __init__(self, *, kind: str) -> None:
        super().__init__(
            _(
                "The file met a fault of this program ({kind}), and nothing was written. Where it happened is in the "
                "program's log; please report those lines. They hold nothing of the file."
            ).format(kind=kind)
        )


class ImportJob:
    """One import or dry run; `run` is called with a function that it tells how far it is."""

    def __init__(self, *, folder: Path, dry_run: bool, run: Callable[[Progress], ImportReport]) -> None:
        self.dry_run = dry_run
        self.share = 0.0
        self.sentence = _("Reading the file.")
        self._began_at = time.monotonic()
        self._folder = folder
        self._version = current_version(folder)
        self._stop = threading.Event()
        one = ThreadPoolExecutor(max_workers=1, thread_name_prefix="import")
        self._future: Future[ImportReport] = one.submit(run, self._tell)
        one.shutdown(wait=False)
        if not dry_run:
            _RUNNING[folder] = self

    @property
    def running(self) -> bool:
        """Whether it has not ended yet."""
        return not self._future.done()

    @property
    def seconds(self) -> int:
        """How long it has run."""
        return int(time.monotonic() - self._began_at)

    @property
    def stopping(self) -> bool:
        """Whether it was told to end."""
        return self._stop.is_set()

    def stop(self) -> None:
        """End at the next step."""
        self._stop.set()

    def report(self) -> ImportReport:
        """What came of it, waiting for it. Raises NaloxoneWatchError, ImportStoppedError among them."""
        return _result(self._future)

    def _tell(self, share: float, sentence: str) -> None:
        # Once the new snapshot counts there is nothing to stop any more.
        if self._stop.is_set() and current_version(self._folder) == self._version:
            raise ImportStoppedError
        self.share, self.sentence = min(max(share, 0.0), 1.0), sentence


def running_import(folder: Path) -> ImportJob | None:
    """The import into the store in `folder` that is under way in this program, whoever began it."""
    job = _RUNNING.get(folder)
    return job if job is not None and job.running else None


def without_values(call: Callable[[], T]) -> T:
    """The result of `call`; a fault in it is logged by its place alone, since its message may quote a record.

    Raises NaloxoneWatchError.
    """
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="file") as one:
        return _result(one.submit(call))


def _result(future: Future[T]) -> T:
    error = future.exception()
    if error is None:
        return future.result()
    if isinstance(error, NaloxoneWatchError):
        raise error
    kind = type(error).__name__
    _LOG.log(
        logging.ERROR,
        "unexpected %s while a file was read:\n%s",
        kind,
        "".join(traceback.format_tb(error.__traceback__)),
    )
    raise UnexpectedImportError(kind=kind)
