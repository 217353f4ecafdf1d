"""Pages run against a real encrypted store in a folder of its own; only the browser is left out (see tests/browser)."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from data.settings import Settings, load_settings
from pages.components import context
from tests.pages.small_store import Records, write_records

ROOT = Path(__file__).parents[2]
# A full suite shares two cores with other tests; a page that takes this long is broken, not slow.
TIMEOUT_S = 60


def forget_stores() -> None:
    """Drop what the pages keep of a store; the geography, the same for every test, stays."""
    for kept in (context._settings, context._store, context._kept):
        kept.clear()


@pytest.fixture
def other_settings(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """Use a settings file with the given text from now on."""
    assert settings.store_folder.is_relative_to(tmp_path)

    def use(text: str) -> None:
        file = tmp_path / "settings.toml"
        file.write_text(text, encoding="utf-8")
        monkeypatch.setenv("NALOXONE_WATCH_SETTINGS", str(file))
        st.cache_resource.clear()

    yield use
    st.cache_resource.clear()


@pytest.fixture
def settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Settings]:
    """The synthetic South Wales with a store and keys of this test's own."""
    monkeypatch.setenv("NALOXONE_WATCH_STORE", str(tmp_path / "store"))
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    monkeypatch.delenv("NALOXONE_WATCH_SETTINGS", raising=False)
    forget_stores()
    yield load_settings()
    forget_stores()


@pytest.fixture
def records(settings: Settings) -> Callable[..., str]:
    """Write records of the given number and kind into the test's store."""
    return lambda **chosen: write_records(settings, Records(**chosen))


@pytest.fixture
def open_dashboard() -> Callable[..., AppTest]:
    """Open a page with a URL's query, as a browser would: the overview first where another page is asked for."""

    def opened(page: str = "dashboard.py", **query: str | list[str]) -> AppTest:
        app = AppTest.from_file(str(ROOT / "dashboard.py"), default_timeout=TIMEOUT_S)
        if page != "dashboard.py":
            app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        return app.run()

    return opened
