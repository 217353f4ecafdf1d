"""What tests of several folders share: the synthetic South Wales, made once a worker."""

from collections.abc import Iterator
from datetime import date

import hypothesis
import pytest
from xdist.scheduler import LoadScopeScheduling

from analytics.findings.question import Question
from data.demo import DemoOutcome, make_demo
from data.filters import AccessScope, Filters
from data.geography import open_geography
from data.keys import Keys
from data.settings import SYNTHETIC_SOUTH_WALES, Settings
from data.store import Store, open_store
from geo.areas import Geography

KEYS = Keys(store_key="s" * 48, pseudonym_key=b"p" * 48)
# What takes longest goes first, so that at the end no worker waits for another; in order of measured CPU time.
LONGEST = (
    "browser",
    "tests/data/test_leaks.py",
    "tests/pages/test_pages.py",
    "tests/data/test_ingest.py",
    "tests/data/drafting/test_rows.py",
    "tests/data/test_folding.py",
    "tests/data/store/test_joining.py",
    "tests/analytics/findings/test_alerts.py",
    "tests/data/demo/test_force.py",
    "tests/data/test_traps_combined.py",
    "tests/data/quality/test_checks.py",
    "tests/analytics/findings/test_coverage.py",
    "tests/pages/test_places.py",
    "tests/pages/test_data_quality.py",
    "tests/data/store/test_survival.py",
    "tests/data/store/test_undoing.py",
    "tests/data/test_cli.py",
    "tests/pages/test_coverage.py",
    "tests/analytics/findings/test_panel.py",
    "tests/data/store/test_writing.py",
    "tests/analytics/findings/test_ambulance_delay.py",
    "tests/data/test_killed_import.py",
    "tests/data/test_pieces.py",
    "tests/analytics/test_density.py",
    "tests/analytics/findings/test_data_quality.py",
    "tests/geo/test_areas.py",
    "tests/data/quality/test_blocks.py",
    "tests/test_architecture.py",
)
# How long an example takes says how busy the machine is, not whether it is right.
hypothesis.settings.register_profile("suite", deadline=None)
hypothesis.settings.load_profile("suite")


def together(nodeid: str) -> str:
    """What a test goes with: its file, or all that need a browser."""
    file = nodeid.split("::")[0]
    return "browser" if "browser/" in file else file


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    order = {scope: place for place, scope in enumerate(LONGEST)}
    items.sort(key=lambda item: order.get(together(item.nodeid), len(order)))


class ByFile(LoadScopeScheduling):
    """Each file's tests go to one worker, and all that need a browser: what they share is then made once."""

    def _split_scope(self, nodeid: str) -> str:
        return together(nodeid)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
    # The order is that of the items, not of how many there are in a file.
    config.option.loadscopereorder = False
    return ByFile(config, log)


@pytest.fixture(scope="session")
def south_wales() -> Geography:
    return open_geography(SYNTHETIC_SOUTH_WALES)


@pytest.fixture(scope="session")
def demo_settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    folder = tmp_path_factory.mktemp("south_wales")
    store = SYNTHETIC_SOUTH_WALES.store.model_copy(update={"folder": folder})
    return SYNTHETIC_SOUTH_WALES.model_copy(update={"store": store})


@pytest.fixture(scope="session")
def demo(demo_settings: Settings, south_wales: Geography) -> DemoOutcome:
    with pytest.MonkeyPatch.context() as patch:
        # A module that has a store of its own may be at work already, and the environment's store wins.
        patch.delenv("NALOXONE_WATCH_STORE", raising=False)
        return make_demo(settings=demo_settings, keys=KEYS, geography=south_wales)


@pytest.fixture(scope="session")
def demo_store(demo_settings: Settings, demo: DemoOutcome) -> Iterator[Store]:
    assert demo.planted_file.is_file()
    with open_store(settings=demo_settings, keys=KEYS) as store:
        yield store


@pytest.fixture(scope="session")
def ask(demo_store: Store, demo_settings: Settings, south_wales: Geography):
    """A question about the synthetic force: `ask(audience="partner", first_day=..., bcus=...)`."""

    def asked(*, audience: str = "analyst", **chosen) -> Question:
        period = {"first_day": date(2022, 4, 14), "last_day": date(2026, 6, 30)}
        return Question(
            store=demo_store,
            geography=south_wales,
            settings=demo_settings,
            filters=Filters(**{**period, **chosen}),
            scope=AccessScope(audience=audience),
        )

    return asked
