"""What every page starts with: `open_page()` checks access, draws navigation and sidebar, and hands over the context.

With a folder named pages/, a check that stands in dashboard.py alone is skipped by whoever opens another page's URL
first; so each page calls this. The only cache of the screen is here: results of findings and of drawing are pure and
are kept by snapshot version, filters, reader, options and settings, and shared between readers with the same key.
"""

import inspect
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from html import escape
from pathlib import Path
from typing import Any, NoReturn, Protocol, TypeVar
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import streamlit as st

from analytics.disclosure import Audience
from analytics.findings.import_history import find_doubled_days
from analytics.findings.layers import layer_words
from analytics.findings.mapped_events import layer_periods
from analytics.findings.question import Question
from analytics.findings.releases import as_released
from analytics.findings.words import setting_words, substance_words
from data.filters import AccessScope, Filters
from data.geography import open_basemap, open_geography
from data.journal import Journal
from data.keys import load_keys
from data.releases import ReleaseRegister
from data.settings import Settings, load_settings
from data.snapshots import current_version
from data.store import Store, open_store
from geo.areas import Geography
from pages.components.beginning import DATA_QUALITY_PAGE, show_beginning, show_layers_alone
from pages.components.import_steps import keep_uploads_in_memory, leave_import
from pages.components.map_layers import Ground
from pages.components.navigation import draw_navigation
from pages.components.sidebar import (
    Offered,
    View,
    describe_view,
    draw_filters,
    draw_map_controls,
    draw_place_controls,
    draw_wait_controls,
    in_quarters,
    offered_to_reader,
    read_view,
)
from pages.components.theme import apply_theme
from wording import NaloxoneWatchError, _, format_period, set_language

__all__ = ["NotOnLoopbackError", "PageContext", "open_page"]

T = TypeVar("T")

# A heat map with its drawn layers is 2 to 6 MB: the memory stays under 400 MB.
MOST_KEPT = 64
# The snapshot in use and the one before: a run that began before a switch still reads the old one.
STORES_KEPT = 2
# Seconds between two steps of a progress bar; each is also a moment at which a run can be stopped.
_TOLD_EVERY_S = 0.1
HEAT_MAP_PAGE = "pages/heat_map.py"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class NotOnLoopbackError(NaloxoneWatchError):
    """Real records were about to be served to other machines."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "This store holds real records and the dashboard listens to other machines. Start it on this machine"
                " only: --server.address 127.0.0.1."
            )
        )


@dataclass
class _Kept:
    """Pure results by key, the least recently used dropped first; one computation a key, however many wait."""

    results: OrderedDict[str, Any] = field(default_factory=OrderedDict)
    busy: dict[str, threading.Lock] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def get(self, key: str, make: Callable[[], T]) -> T:
        with self.guard:
            lock = self.busy.setdefault(key, threading.Lock())
        with lock:
            with self.guard:
                if key in self.results:
                    self.results.move_to_end(key)
                    return self.results[key]
            result = make()
            with self.guard:
                self.results[key] = result
                while len(self.results) > MOST_KEPT:
                    self.busy.pop(self.results.popitem(last=False)[0], None)
            return result

    def holds(self, key: str) -> bool:
        """Whether a result is there already."""
        with self.guard:
            return key in self.results

    def key_of(self, result: object) -> str:
        """The key of a result; one that has been dropped since is known by its address, as it lives on its page."""
        with self.guard:
            return next((key for key, kept in self.results.items() if kept is result), f"at {id(result)}")


@dataclass(frozen=True, kw_only=True)
class PageContext:
    """One run of one page: what it asks with, and where it shows what it was told."""

    question: Question
    view: View
    offered: Offered
    ground: Ground
    key: str

    @property
    def audience(self) -> Audience:
        """Who is looking."""
        return self.view.audience

    @property
    def synthetic(self) -> bool:
        """Whether the records are invented."""
        return self.question.store.synthetic

    @property
    def link(self) -> str:
        """The address that reproduces this view."""
        view = replace(self.view, filters=self.question.filters)
        query = urlencode(view.query(self.offered, dated=True), doseq=True)
        return f"{st.context.url}?{query}"

    @property
    def described(self) -> str:
        """The view in words, for an export, with the period that was counted: others' is of whole quarters."""
        return describe_view(replace(self.view, filters=self.question.filters), self.offered)

    def find(self, finding: Callable[..., T], **options: object) -> T:
        """Ask a finding (analytics.findings), or take its answer from memory; a slow one shows how far it is."""

        def ask() -> T:
            with _progress() as tell:
                slow = "on_progress" in inspect.signature(finding).parameters
                return finding(self.question, **options, **({"on_progress": tell} if slow else {}))

        with _errors_shown():
            return _kept().get(self._key_of(finding, options), ask)

    def ask(self, finding: Callable[..., T], *about: object) -> T:
        """Ask what must not be kept, since it reads what people write."""
        with _errors_shown():
            return finding(self.question, *about)

    def find_slowly(self, finding: Callable[..., T], **options: object) -> T:
        """`find` for what takes seconds: it can be stopped, and then begins again only when it is asked to."""
        if _kept().holds(self._key_of(finding, options)):
            return self.find(finding, **options)
        place = st.empty()
        with place.container():
            stopped = st.button(_("Stop"), key=f"stop-{finding.__name__}")
        if stopped:
            with place.container():
                st.info(_("Stopped: nothing was worked out. Change the filters, or go on with these."))
                st.button(_("Go on"), key=f"go-on-{finding.__name__}")
            st.stop()
        found = self.find(finding, **options)
        place.empty()
        return found

    def _key_of(self, finding: Callable[..., object], options: Mapping[str, object]) -> str:
        return f"{finding.__module__}.{finding.__qualname__}|{sorted(options.items())!r}|{self.key}"

    def draw(self, drawing: Callable[..., T], found: object, **options: object) -> T:
        """Render a finding over the base map (`drawing(found, ground=..., **options)`), or take it from memory."""
        found_key = _kept().key_of(found)
        key = f"{drawing.__module__}.{drawing.__qualname__}|{sorted(options.items())!r}|{found_key}"
        with _errors_shown():
            return _kept().get(key, lambda: drawing(found, ground=self.ground, **options))

    def show_link(self) -> None:
        """The address that reproduces this view, to be copied."""
        with st.popover(_("Link to this view")):
            st.markdown(_("Whoever opens this address on this machine sees the same:"))
            st.code(self.link, language=None)

    def show_doubled_days(self) -> None:
        """A way to what is said of days that seem to be in the store twice, where there are any."""
        if sentence := self.find(find_doubled_days):
            st.page_link(DATA_QUALITY_PAGE, label=sentence, query_params=self.view.query(self.offered))

    def nothing_to_show(self, sentence: str) -> None:
        """Say why there is nothing here and what to do, and end the page."""
        st.info(sentence)
        st.stop()


class Begin(Protocol):
    """What a page draws where there are no records; `question` is None where there is no store either."""

    def __call__(self, *, settings: Settings, geography: Geography, question: Question | None) -> None: ...


def open_page(
    *,
    title: str,
    map_controls: bool = False,
    wait_controls: bool = False,
    place_controls: Sequence[str] = (),
    without_records: Begin | None = None,
    layers_alone: bool = False,
) -> PageContext:
    """A page's first statement: its name, the look, the access check, navigation, sidebar; then the context.

    Where the page cannot go on (no store, no key, no access) it says why and what to do, and ends. `without_records`
    draws what the page can do where there are none yet; a page with `layers_alone` goes on where the store has no
    administration but an independent layer.
    """
    st.set_page_config(page_title=_("{title} · Naloxone Watch").format(title=title), layout="wide")
    apply_theme()
    keep_uploads_in_memory()
    if without_records is None:
        leave_import()
    with _errors_shown(title):
        settings = _settings()
        set_language(settings.language)
        version = current_version(settings.store_folder)
        if version is None:
            _begin(title, settings, None, without_records)
        store = _store(settings.store_folder, version)
        _check_address(synthetic=store.synthetic)
        if store.is_empty and not (layers_alone and layer_periods(store)):
            _begin(title, settings, store, without_records)
        return _open_context(settings, store, map_controls, wait_controls, place_controls)


def _open_context(
    settings: Settings, store: Store, map_controls: bool, wait_controls: bool, place_controls: Sequence[str]
) -> PageContext:
    with _preparing():
        geography, ground = _geography(), _ground()
    offered = _kept().get(f"offered|{store.version}|{settings!r}", lambda: _offered(store, geography, settings))
    with st.sidebar:
        st.html(_heading(settings, store.synthetic))
        links = st.container(gap=None)
        offered = offered_to_reader(offered)
        view = read_view(offered)
        with links:
            draw_navigation(view.query(offered), audience=view.audience)
        st.divider()
        draw_filters(offered)
        if map_controls:
            draw_map_controls(offered)
        if wait_controls:
            draw_wait_controls(offered)
        draw_place_controls(place_controls, offered)
    if store.synthetic:
        st.html(_mark())
    if not offered.administrations:
        show_layers_alone(settings)
    for sentence in view.ignored:
        st.warning(sentence)
    scope = AccessScope(audience=str(view.audience))
    filters = view.filters if view.audience is Audience.ANALYST else in_quarters(view.filters, offered)
    if filters != view.filters:
        st.sidebar.caption(_("This audience sees whole quarters: the page says which."))
    first_day, last_day = offered.default_period
    question = as_released(
        Question(
            store=store,
            geography=geography,
            settings=settings,
            filters=filters,
            scope=scope,
            register=_register(settings.store_folder),
        ),
        default=in_quarters(Filters(first_day=first_day, last_day=last_day), offered),
    )
    if question.filters.placed:
        st.sidebar.caption(_("The few administrations without a place are left out for this audience."))
    return PageContext(
        question=question,
        view=view,
        offered=offered,
        ground=ground,
        key=f"{store.version}|{question.filters!r}|{scope!r}|{settings!r}",
    )


def _preparing() -> AbstractContextManager[None]:
    return st.spinner(_("Preparing the map of the force. The first time takes some seconds."))


def _heading(settings: Settings, synthetic: bool) -> str:
    mark = f" · <strong>{_('SYNTHETIC DATA')}</strong>" if synthetic else ""
    return f'<div class="nw-head">{_("Naloxone Watch")}</div><p class="nw-small">{escape(settings.force)}{mark}</p>'


def _mark() -> str:
    return f'<span class="nw-mark">{_("SYNTHETIC DATA")}</span>'


def _check_address(*, synthetic: bool) -> None:
    """Real records stay on this machine. Raises NotOnLoopbackError."""
    if not synthetic and st.get_option("server.address") not in LOOPBACK:
        raise NotOnLoopbackError


def _begin(title: str, settings: Settings, store: Store | None, without_records: Begin | None) -> NoReturn:
    """The page where there is nothing yet: what can be done here, or else what to do first."""
    _check_address(synthetic=settings.store.synthetic)
    with st.sidebar:
        st.html(_heading(settings, settings.store.synthetic))
        draw_navigation({}, audience=Audience(settings.audience))
    st.title(title)
    st.markdown(
        _("There are no records yet.")
        if store is None
        else _("No police naloxone administrations have been imported yet.")
    )
    for layer, period in (layer_periods(store) if store else {}).items():
        words = layer_words(deaths=settings.audience != Audience.MEETING)[layer]
        st.markdown(_("In the store are {layer}, {period}.").format(layer=words, period=format_period(*period)))
        st.page_link(HEAT_MAP_PAGE, label=_("See them on the heat map"), query_params={"mapped": layer})
    if without_records is None or settings.audience != Audience.ANALYST:
        show_beginning(settings)
        st.stop()
    today = datetime.now(ZoneInfo(settings.time_zone)).date()
    with _preparing():
        geography = _geography()
    without_records(
        settings=settings,
        geography=geography,
        question=store
        and Question(
            store=store,
            geography=geography,
            settings=settings,
            filters=Filters(first_day=today, last_day=today),
            scope=AccessScope(audience=settings.audience),
        ),
    )
    st.stop()


def _offered(store: Store, geography: Geography, settings: Settings) -> Offered:
    layers, administrations = layer_periods(store), not store.is_empty
    periods = [store.period()] if administrations else list(layers.values())
    frames = {"bcu": geography.bcus, "authority": geography.authorities, "area": geography.small_areas}
    names = {name: dict(zip(frame["code"], frame["name"], strict=True)) for name, frame in frames.items()}
    levels = {
        "authority": (_("Local authority"), names["authority"]),
        "bcu": (_("BCU"), names["bcu"]),
        "small_area": (_("Small area"), names["area"]),
    }
    widest = list(Audience).index(Audience(settings.audience))
    return Offered(
        first_day=min(first for first, _last in periods),
        last_day=max(last for _first, last in periods),
        names={
            **names,
            "substance": substance_words() if administrations else {},
            "setting": setting_words() if administrations else {},
        },
        audiences=tuple(Audience)[widest:],
        levels={level: label for level, (label, areas) in levels.items() if areas},
        wait_kind=settings.ambulance.kind,
        administrations=administrations,
        layers=tuple(layers),
    )


@contextmanager
def _errors_shown(title: str = "") -> Iterator[None]:
    """Show a named error as its sentence, under `title` where the page has none yet, and end the page.

    Anything else is a fault and goes to the log.
    """
    try:
        yield
    except NaloxoneWatchError as error:
        if title:
            st.title(title)
        st.error(str(error))
        st.stop()


@contextmanager
def _progress() -> Iterator[Callable[[float, str], None]]:
    """A function that shows how far a slow finding is; the bar goes when it is done."""
    place = st.empty()
    told_at = 0.0

    def tell(share: float, what: str) -> None:
        nonlocal told_at
        if time.monotonic() - told_at >= _TOLD_EVERY_S:
            told_at = time.monotonic()
            place.progress(min(max(share, 0.0), 1.0), text=what)

    try:
        yield tell
    finally:
        place.empty()


@st.cache_resource
def _kept() -> _Kept:
    return _Kept()


@st.cache_resource
def _settings() -> Settings:
    return load_settings()


@st.cache_resource(show_spinner=False)
def _geography() -> Geography:
    return open_geography(_settings())


@st.cache_resource(show_spinner=False)
def _ground() -> Ground:
    geography = _geography()
    return Ground(basemap=open_basemap(_settings(), geography), crs=geography.crs)


@st.cache_resource(show_spinner=False)
def _register(folder: Path) -> ReleaseRegister:
    return ReleaseRegister(Journal(folder=folder, keys=load_keys(store_folder=folder)))


@st.cache_resource(max_entries=STORES_KEPT, show_spinner=False, on_release=lambda store: store.close())
def _store(folder: Path, version: str) -> Store:
    return open_store(settings=_settings(), keys=load_keys(store_folder=folder), version=version)
