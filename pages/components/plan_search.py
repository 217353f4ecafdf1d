"""A search for the best plan that runs beside the page: how far it is, a stop that keeps the best so far, the result.

A page's own run ends with every click; a search must not.
"""

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from threading import Event

from analytics.coverage import Progress
from analytics.findings.carrier_plan import BestPlan

__all__ = ["PlanSearch"]

_Search = Callable[[Callable[[Progress], bool]], BestPlan]


class PlanSearch:
    """One reader's searches: at most one at a time, and the best of each question asked so far."""

    def __init__(self) -> None:
        self.found: dict[str, BestPlan] = {}
        self.progress: Progress | None = None
        self._key = ""
        self._stop = Event()
        self._future: Future[BestPlan] | None = None

    @property
    def running(self) -> bool:
        """Whether a search is under way or has a result that was not taken yet."""
        return self._future is not None

    def start(self, key: str, search: _Search) -> None:
        """Begin the search that answers the question `key`; one under way is stopped and forgotten."""
        self._stop.set()
        stop = self._stop = Event()
        self._key, self.progress = key, None

        def tell(progress: Progress) -> bool:
            if not stop.is_set():
                self.progress = progress
            return stop.is_set()

        one = ThreadPoolExecutor(max_workers=1, thread_name_prefix="plan")
        self._future = one.submit(search, tell)
        one.shutdown(wait=False)

    def stop(self) -> None:
        """End at the next step, with the best so far."""
        self._stop.set()

    def take(self) -> bool:
        """Keep the result where there is one, and say so. Raises what the search raised."""
        if self._future is None or not self._future.done():
            return False
        future, self._future = self._future, None
        self.found[self._key] = future.result()
        return True
