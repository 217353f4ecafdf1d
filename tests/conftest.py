"""What tests of several folders share: the synthetic South Wales, made once a worker."""

from collections.abc import Iterator
from datetime import date

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


class ByFile(LoadScopeScheduling):
    """Each file's tests go to one worker, and all that need a browser: what they share is then made once."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.split("::")[0]
        return "browser" if "browser/" in file else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> ByFile:
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
