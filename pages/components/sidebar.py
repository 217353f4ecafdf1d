"""The widgets at the side, and the view they make: `Filters`, an audience and how to draw. The only session state.

A view also lives in the URL, so that it can be sent. The URL decides when it brings something that this session has
not written itself (a link that was followed); otherwise the widgets do, and the URL follows them. What a URL asks for
and cannot be met is left out and said, never an error.
"""

import itertools
import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TYPE_CHECKING, TypeVar, cast

import streamlit as st

from analytics.disclosure import Audience
from analytics.findings.ambulance_calls import BEST_CLOCK, WaitOptions, clock_words, kind_words
from analytics.findings.heat_map import AreaLevel, HeatMapOptions
from analytics.findings.layers import EVENT_KINDS, Layer
from analytics.findings.risk_layers import RiskLayer
from analytics.findings.week import HOURS_A_WEEK, day_words
from analytics.findings.words import setting_words
from data.filters import STREET_MAP_SETTINGS, Filters, InvalidFilterError
from wording import _, format_number, format_period, format_share, join_words

if TYPE_CHECKING:
    # The name of a type alone: other pages need not load the finding.
    from analytics.findings.changes import Earlier

__all__ = [
    "BANDWIDTHS_M",
    "Offered",
    "View",
    "chosen_place",
    "clicked_point",
    "describe_view",
    "draw_filters",
    "draw_hour_controls",
    "draw_map_controls",
    "draw_panel_choice",
    "draw_place_controls",
    "draw_wait_controls",
    "in_quarters",
    "offered_to_reader",
    "read_view",
    "session_object",
    "set_widgets",
    "shown_before",
]

T = TypeVar("T")

# Two years show a force's lasting places; one, at 1 or 2 administrations a week, is mostly chance.
DEFAULT_DAYS = 730
DEFAULT_QUARTERS = 8
# Under 200 m the stored places (snapped to 100 m) would be drawn, over 20 km a force is one blot; METHODS A.
BANDWIDTHS_M = (200.0, 20_000.0)

_LISTS = {"bcu": "bcus", "authority": "authorities", "area": "small_areas", "substance": "substances"}
_WAIT_EXTRAS = ("as_intervals", "recalled")
# What a period is compared with: as long before it, the same days a year before, or days of the reader's choice.
EARLIER = ("before", "year", "chosen")
# Share of the expected administrations that the places hold together.
SHARES = (0.1, 0.25, 0.5)
DEFAULT_SHARE = 0.25
# The day chosen where the whole week is; Monday is 1.
_WHOLE_WEEK = 0
# What the heat map shows where no layer is chosen.
_ADMINISTRATIONS = "administrations"
# Stands for the layer that suits the page best.
_BEST_LAYER = "best"
# Numbers of alerts and panels; which of them there are the page knows.
_PLAIN_NAME = re.compile(r"[A-Za-z0-9_-]{1,30}")
_PANEL_ID = re.compile(r"[A-Za-z0-9_.-]{1,80}")
_WRITTEN = "written_queries"
_PERIOD_IN_USE = "period_in_use"
_EARLIER_IN_USE = "earlier_period_in_use"
_DEFAULT_PERIOD = "default_period"


@dataclass(frozen=True, kw_only=True)
class Offered:
    """What can be chosen: codes with their names, days with records, audiences, levels of area, what can be mapped.

    `administrations` is whether there are any; `layers` are those that stand beside them, or that are there alone.
    """

    first_day: date
    last_day: date
    names: Mapping[str, Mapping[str, str]]
    audiences: tuple[Audience, ...]
    levels: Mapping[AreaLevel, str]
    wait_kind: str
    administrations: bool = True
    layers: tuple[Layer, ...] = ()

    @property
    def mapped(self) -> tuple[str, ...]:
        """What the heat map can show, by the name in a link; what it shows first stands first."""
        return (*((_ADMINISTRATIONS,) if self.administrations else ()), *map(str, self.layers))

    def seen_by(self, audience: Audience) -> "Offered":
        """The same to others than the analyst: whole quarters, since the last day is somebody's; areas of one level."""
        if audience is Audience.ANALYST:
            return self
        whole = Filters(first_day=self.first_day, last_day=self.last_day).in_whole_quarters()
        levels = dict(itertools.islice(self.levels.items(), 1))
        return replace(self, first_day=whole.first_day, last_day=whole.last_day, levels=levels)

    @property
    def default_period(self) -> tuple[date, date]:
        """The last two years of the records, or all of them where there are fewer."""
        return max(self.first_day, self.last_day - timedelta(days=DEFAULT_DAYS - 1)), self.last_day

    @property
    def default_earlier(self) -> tuple[date, date]:
        """The year before the default period, as far as there are records."""
        last_day = max(self.default_period[0] - timedelta(days=1), self.first_day)
        return max(self.first_day, last_day - timedelta(days=364)), last_day


@dataclass(frozen=True, kw_only=True)
class View:
    """What is looked at, for whom and how; `ignored` says what the URL asked for in vain."""

    filters: Filters
    audience: Audience
    options: HeatMapOptions
    waits: WaitOptions
    points: bool
    mapped: Layer | None = None
    layer: Layer | None = None
    earlier: "Earlier" = "before"
    share: float = DEFAULT_SHARE
    risk: RiskLayer | None = None
    hour: int | None = None
    panel: str = ""
    ignored: tuple[str, ...] = ()

    def query(self, offered: Offered, *, dated: bool = False) -> dict[str, str | list[str]]:
        """The URL's query for this view: what differs from the default. `dated` names the default period's days too,
        for a link that still shows the same when newer records have come in.
        """
        filters = self.filters
        query: dict[str, str | list[str]] = {}
        if dated or (filters.first_day, filters.last_day) != offered.default_period:
            query |= {"from": filters.first_day.isoformat(), "to": filters.last_day.isoformat()}
        for name, attribute in _LISTS.items():
            if values := getattr(filters, attribute):
                query[name] = list(values)
        if set(filters.settings) != set(STREET_MAP_SETTINGS):
            query["setting"] = list(filters.settings)
        if self.audience is not offered.audiences[0]:
            query["audience"] = str(self.audience)
        if self.options.level != next(iter(offered.levels)):
            query["level"] = self.options.level
        if self.options.bandwidth_m is not None:
            query["bandwidth"] = f"{self.options.bandwidth_m:g}"
        if self.points:
            query["points"] = "1"
        if (mapped := str(self.mapped or _ADMINISTRATIONS)) != offered.mapped[0]:
            query["mapped"] = mapped
        if self.layer is not None:
            query["against"] = str(self.layer)
        if isinstance(self.earlier, tuple):
            query |= dict(zip(("earlier_from", "earlier_to"), map(date.isoformat, self.earlier), strict=True))
        elif self.earlier != EARLIER[0]:
            query["earlier"] = self.earlier
        if self.share != DEFAULT_SHARE:
            query["share"] = f"{self.share:g}"
        if self.risk is not None:
            query["risk"] = str(self.risk)
        if self.hour is not None:
            query["hour"] = str(self.hour)
        if self.panel:
            query["panel"] = self.panel
        if self.waits.kind != offered.wait_kind:
            query["wait"] = str(self.waits.kind)
        if self.waits.clock != BEST_CLOCK:
            query["clock"] = self.waits.clock
        query |= {name: "1" for name in _WAIT_EXTRAS if getattr(self.waits, name)}
        return query


def offered_to_reader(offered: Offered) -> Offered:
    """What this run's reader can choose: to be asked before `read_view`."""
    asked, is_new = _asked()
    audience = asked.get("audience", [""])[0] if is_new else st.session_state.get("audience")
    return offered.seen_by(Audience(audience) if audience in offered.audiences else offered.audiences[0])


def read_view(offered: Offered) -> View:
    """The view of this run, from the URL where it is new and from the widgets otherwise; the URL then says the same."""
    asked, is_new = _asked()
    ignored = _take_from_url(asked, offered) if is_new else ()
    _keep_state(offered)
    view = _view_from_state(offered, ignored)
    query = view.query(offered)
    written = st.session_state.get(_WRITTEN, set())
    st.session_state[_WRITTEN] = written | {_as_text(query)}
    if _as_text(asked) != _as_text(query):
        st.query_params.from_dict(query)
    return view


def _asked() -> tuple[dict[str, list[str]], bool]:
    """The URL's query, and whether it is one that this session has not written itself."""
    asked = {name: st.query_params.get_all(name) for name in st.query_params}
    return asked, bool(asked) and _as_text(asked) not in st.session_state.get(_WRITTEN, set())


def draw_filters(offered: Offered) -> None:
    """The widgets that choose whose records: period, areas, substance, setting, and who is looking."""
    st.date_input(
        _("Period"),
        value=offered.default_period,
        min_value=offered.first_day,
        max_value=offered.last_day,
        format="DD/MM/YYYY",
        key="period",
        help=_("Both days count. Type a date or choose it."),
    )
    _choose("bcu", offered, _("Whole force"))
    _choose("authority", offered, _("All"))
    _choose("area", offered, _("All"))
    _choose("substance", offered, _("All"))
    _choose("setting", offered, _("All but custody and hospital"))
    if len(offered.audiences) > 1:
        st.selectbox(_("Shown to"), offered.audiences, format_func=_audience_words().get, key="audience")


def draw_map_controls(offered: Offered) -> None:
    """The widgets that choose what the heat map shows and how: areas counted, bandwidth, single places."""
    if len(offered.mapped) > 1:
        words = {_ADMINISTRATIONS: _("Police naloxone administrations"), **_layer_words()}
        st.selectbox(_("On the map"), offered.mapped, format_func=words.get, key="mapped")
    st.selectbox(_("Count by"), list(offered.levels), format_func=offered.levels.get, key="level")
    _draw_bandwidth()
    if st.session_state["audience"] == Audience.ANALYST:
        st.toggle(_("Show single places"), key="points")


def _draw_bandwidth() -> None:
    st.selectbox(
        _("Bandwidth"),
        ("rule", "metres"),
        format_func={"rule": _("Chosen from the data"), "metres": _("In metres")}.get,
        key="bandwidth_by",
        help=_("How far around each administration the map spreads it. Wider is smoother and surer, and blurs places."),
    )
    if st.session_state["bandwidth_by"] == "metres":
        least, most = BANDWIDTHS_M
        st.number_input(_("Metres"), min_value=least, max_value=most, step=100.0, format="%.0f", key="bandwidth")


def draw_place_controls(chosen: Sequence[str], offered: Offered) -> None:
    """The widgets of the pages about places, those that are `chosen`: bandwidth, layer, earlier, share."""
    if "layer" in chosen:
        words = _layer_words()
        st.selectbox(_("Compared with"), list(words), format_func=words.get, key="against")
    if "earlier" in chosen:
        words = {
            "before": _("As long before"),
            "year": _("The same days a year before"),
            "chosen": _("Other days"),
        }
        st.selectbox(_("Earlier period"), EARLIER, format_func=words.get, key="earlier")
        if st.session_state["earlier"] == "chosen":
            st.date_input(
                _("Days of the earlier period"),
                min_value=offered.first_day,
                max_value=offered.last_day,
                format="DD/MM/YYYY",
                key="earlier_period",
                help=_("Both days count. It must end before the other period begins."),
            )
    # Places at several levels inside each other would tell others than the analyst what lies between two outlines.
    if "share" in chosen and st.session_state["audience"] == Audience.ANALYST:
        st.selectbox(
            _("Places hold"),
            SHARES,
            format_func=lambda share: _("{share} of what the density expects").format(share=format_share(share)),
            key="share",
            help=_(
                "The smallest area that holds this share. Less: fewer, denser places. More of the recorded "
                "administrations lie there, for the density spreads each over the ground around it."
            ),
        )
    if "risk" in chosen:
        words = {
            _BEST_LAYER: _("What suits the page best"),
            RiskLayer.CALLS: _("Overdose calls and deaths"),
            RiskLayer.INCIDENTS: _("Drug incidents"),
            RiskLayer.ADMINISTRATIONS: _("Administrations"),
        }
        st.selectbox(_("Risk taken from"), list(words), format_func=words.get, key="risk")
    if "bandwidth" in chosen:
        _draw_bandwidth()


def _layer_words() -> dict[str, str]:
    return {
        _BEST_LAYER: _("What suits the page best"),
        Layer.ADDRESSES: _("Addresses"),
        Layer.RESIDENTS: _("Residents"),
        Layer.CALLS: _("Overdose calls and deaths"),
        Layer.INCIDENTS: _("Drug incidents"),
        Layer.EVEN: _("An even spread"),
    }


def draw_hour_controls() -> None:
    """The widgets that choose the whole week or one hour of it."""
    left, right = st.columns([1, 1.6])
    with left:
        days = (_("Whole week"), *day_words())
        st.selectbox(_("When"), range(len(days)), format_func=days.__getitem__, key="reach_day")
    with right:
        st.slider(
            _("Hour"), 0, 23, format="%d:00", key="reach_hour", disabled=st.session_state["reach_day"] == _WHOLE_WEEK
        )


def draw_panel_choice(titles: Mapping[str, str]) -> str:
    """The widget that chooses one of the panels, by number with their titles; which is chosen."""
    asked = st.session_state["panel"]
    if asked not in titles:
        if asked:
            st.warning(_("The panel of this link is not one that this store shows you. Choose one from the list."))
        st.session_state["panel"] = next(iter(titles))
    return str(st.selectbox(_("Panel"), list(titles), format_func=titles.get, key="panel"))


def draw_wait_controls(offered: Offered) -> None:
    """The widgets that choose which wait: what is timed, whose clock, the map's areas, and two extras of the chart."""
    kinds, clocks = kind_words(), {BEST_CLOCK: _("The best there is for each call"), **clock_words()}
    st.selectbox(_("Time"), list(kinds), format_func=kinds.get, key="wait")
    st.selectbox(_("Clock"), list(clocks), format_func=clocks.get, key="clock")
    st.selectbox(_("Map by"), list(offered.levels), format_func=offered.levels.get, key="level")
    st.toggle(
        _("Recorded minutes as intervals"),
        key="as_intervals",
        help=_(
            "A wait written down as 8 minutes may have been 7.5 or 8.5: the band then shows how far that can matter."
        ),
    )
    st.toggle(_("What interviewees recalled"), key="recalled")


def chosen_place(names: Sequence[str], *, picture: str, listed: str) -> str:
    """Which of `names` was chosen last, on the map with the key `picture` or in the widget with the key `listed`.

    To be asked before either is drawn; the first where none was chosen. `names` must not be empty.
    """
    state = st.session_state
    click = state.get(picture) or {}
    clicked = (click.get("last_object_clicked_tooltip") or "").strip()
    where = f"{clicked}|{click.get('last_object_clicked')}"
    if clicked in names and where != state.get(f"{picture}_click"):
        state[listed] = clicked
    state[f"{picture}_click"] = where
    if state.get(listed) not in names:
        state[listed] = names[0]
    return str(state[listed])


def shown_before(key: str, now: int) -> int:
    """What stood under `key` when the page was last drawn (`now`, the first time); `now` is kept for the next time.

    A form that is sent belongs to the page as its reader saw it, not to what has come since.
    """
    before = int(st.session_state.get(key, now))
    st.session_state[key] = now
    return before


def clicked_point(picture: str) -> tuple[float, float] | None:
    """Latitude and longitude of the last click on the map with the key `picture`; None before the first."""
    click = (st.session_state.get(picture) or {}).get("last_object_clicked") or {}
    return (float(click["lat"]), float(click["lng"])) if {"lat", "lng"} <= set(click) else None


def set_widgets(values: Mapping[str, object]) -> None:
    """Give widgets the values of something that was saved; in a callback, so before they are drawn."""
    st.session_state.update(values)


def session_object(key: str, make: Callable[[], T]) -> T:
    """An object of this session's own, made when it is first asked for: a search that goes on between two runs."""
    if key not in st.session_state:
        st.session_state[key] = make()
    return cast(T, st.session_state[key])


def in_quarters(filters: Filters, offered: Offered) -> Filters:
    """What others than the analyst see of a view: whole quarters. The default stays two years: eight quarters.

    Widened at both ends it would be nine, with too few records before them to compare with.
    """
    if (filters.first_day, filters.last_day) != offered.default_period or filters.first_day == offered.first_day:
        return filters.in_whole_quarters()
    return filters.last_quarters(DEFAULT_QUARTERS)


def describe_view(view: View, offered: Offered) -> str:
    """The view in words, for an export: "1 July 2024 to 30 June 2026; BCU: Mid Glamorgan; ..."."""
    filters, parts = view.filters, [format_period(view.filters.first_day, view.filters.last_day)]
    headings = _headings()
    for name, attribute in _LISTS.items():
        if codes := getattr(filters, attribute):
            values = join_words([offered.names[name].get(code, code) for code in codes])
            parts.append(_("{what}: {values}").format(what=headings[name], values=values))
    if offered.names["setting"]:
        words = setting_words()
        settings = join_words([words[code] for code in filters.settings])
        parts.append(_("{what}: {values}").format(what=headings["setting"], values=settings))
    parts.append(_("{what}: {values}").format(what=_("Shown to"), values=_audience_words()[view.audience]))
    return "; ".join(parts)


def _audience_words() -> dict[Audience, str]:
    return {
        Audience.ANALYST: _("Force analyst"),
        Audience.PARTNER: _("Partner agency"),
        Audience.MEETING: _("Meeting, projected"),
    }


def _headings() -> dict[str, str]:
    return {
        "bcu": _("BCU"),
        "authority": _("Local authority"),
        "area": _("Small area"),
        "substance": _("Substance"),
        "setting": _("Kind of place"),
    }


def _choose(name: str, offered: Offered, everything: str) -> None:
    names = offered.names[name]
    if names:
        st.multiselect(_headings()[name], list(names), format_func=names.get, key=name, placeholder=everything)


def _as_text(query: Mapping[str, str | Sequence[str]]) -> str:
    """One text for one query, whatever its order."""
    items = ((name, [values] if isinstance(values, str) else list(values)) for name, values in query.items())
    return repr(sorted(items))


def _keep_state(offered: Offered) -> None:
    """Give every widget its value again: Streamlit drops the state of a widget that the page before did not draw."""
    state = st.session_state
    for key, default in _defaults(offered).items():
        state[key] = state.get(key, default)
    # Another snapshot may no longer offer what was chosen from the last one; a widget refuses a value not offered.
    for name in (*_LISTS, "setting"):
        state[name] = [code for code in state[name] if code in offered.names[name]]
    if state["audience"] not in offered.audiences:
        state["audience"] = offered.audiences[0]
    if state["level"] not in offered.levels:
        state["level"] = next(iter(offered.levels))
    if state["mapped"] not in offered.mapped:
        state["mapped"] = offered.mapped[0]
    # Newer records move the default period, and with it everyone who has not chosen another.
    if state["period"] == state.get(_DEFAULT_PERIOD):
        state["period"] = offered.default_period
    state[_DEFAULT_PERIOD] = offered.default_period
    state["period"] = tuple(min(max(day, offered.first_day), offered.last_day) for day in state["period"])
    state["earlier_period"] = tuple(
        min(max(day, offered.first_day), offered.last_day) for day in state["earlier_period"]
    )
    for name, in_use in (("period", _PERIOD_IN_USE), ("earlier_period", _EARLIER_IN_USE)):
        if len(state[name]) == 2:
            state[in_use] = state[name]


def _defaults(offered: Offered) -> dict[str, object]:
    return {
        "period": offered.default_period,
        **{name: [] for name in _LISTS},
        "setting": [],
        "audience": offered.audiences[0],
        "level": next(iter(offered.levels)),
        "bandwidth_by": "rule",
        "bandwidth": 1_000.0,
        "points": False,
        "mapped": offered.mapped[0],
        "against": _BEST_LAYER,
        "earlier": EARLIER[0],
        "earlier_period": offered.default_earlier,
        "share": DEFAULT_SHARE,
        "risk": _BEST_LAYER,
        "reach_day": _WHOLE_WEEK,
        "reach_hour": 0,
        "panel": "",
        "wait": offered.wait_kind,
        "clock": BEST_CLOCK,
        **dict.fromkeys(_WAIT_EXTRAS, False),
    }


def _view_from_state(offered: Offered, ignored: tuple[str, ...]) -> View:
    """The frozen view; while only one end of a new period is chosen, the last whole period stays."""
    state = st.session_state
    first_day, last_day = state.get(_PERIOD_IN_USE, offered.default_period)
    filters = Filters(
        first_day=first_day,
        last_day=last_day,
        settings=tuple(state["setting"]) or STREET_MAP_SETTINGS,
        **{attribute: tuple(state[name]) for name, attribute in _LISTS.items()},
    )
    audience = Audience(state["audience"])
    return View(
        filters=filters,
        audience=audience,
        options=HeatMapOptions(
            bandwidth_m=float(state["bandwidth"]) if state["bandwidth_by"] == "metres" else None,
            level=state["level"],
        ),
        waits=WaitOptions(
            kind=state["wait"],
            clock=state["clock"],
            level=state["level"],
            **{name: bool(state[name]) for name in _WAIT_EXTRAS},
        ),
        points=bool(state["points"]) and audience is Audience.ANALYST,
        mapped=None if state["mapped"] == _ADMINISTRATIONS else Layer(state["mapped"]),
        layer=None if state["against"] == _BEST_LAYER else Layer(state["against"]),
        earlier=state["earlier"] if state["earlier"] != "chosen" else state[_EARLIER_IN_USE],
        share=state["share"] if audience is Audience.ANALYST else DEFAULT_SHARE,
        risk=None if state["risk"] == _BEST_LAYER else RiskLayer(state["risk"]),
        hour=None if state["reach_day"] == _WHOLE_WEEK else 24 * (state["reach_day"] - 1) + state["reach_hour"],
        panel=state["panel"],
        ignored=ignored,
    )


def _take_from_url(asked: Mapping[str, list[str]], offered: Offered) -> tuple[str, ...]:
    """Put what the URL asks for into the widgets' state, all else to its default; say what cannot be met."""
    state = st.session_state
    for key in (*_defaults(offered), _PERIOD_IN_USE, _EARLIER_IN_USE):
        state.pop(key, None)
    ignored: list[str] = []
    if beyond := _asked_beyond(asked, offered):
        ignored.append(beyond)
    for name in asked:
        try:
            state.update(_asked_state(name, asked, offered))
        except InvalidFilterError as error:
            if str(error) not in ignored:
                ignored.append(str(error))
    return tuple(ignored)


def _asked_state(name: str, asked: Mapping[str, list[str]], offered: Offered) -> dict[str, object]:
    """The widgets' state that one part of the URL's query asks for; InvalidFilterError where it cannot be met."""
    text = asked[name][0] if asked[name] else ""
    if name in ("from", "to"):
        return {"period": _asked_period(asked, offered, ("from", "to"), offered.default_period)}
    if name in ("earlier_from", "earlier_to"):
        ends = _asked_period(asked, offered, ("earlier_from", "earlier_to"), offered.default_earlier)
        return {"earlier": "chosen", "earlier_period": ends}
    if name in (*_LISTS, "setting"):
        codes = [code for code in asked[name] if code]
        if any(code not in offered.names[name] for code in codes):
            raise InvalidFilterError(
                _("{what}: the link asks for one that these records do not have, so it was left open.").format(
                    what=_headings()[name]
                )
            )
        return {name: codes}
    if name == "audience" and text in list(offered.audiences):
        return {"audience": Audience(text)}
    if name == "audience" and text in list(Audience):
        raise InvalidFilterError(_("The link is for an audience that this deployment does not show records to."))
    if name == "level" and text in offered.levels:
        return {"level": text}
    if name == "mapped" and text in offered.mapped:
        return {"mapped": text}
    if name == "mapped" and text in (_ADMINISTRATIONS, *EVENT_KINDS):
        raise InvalidFilterError(
            _("The link is for a map of {what}, of which this store has none: another stands here.").format(
                what=_layer_words().get(text, _("Police naloxone administrations"))
            )
        )
    if name in ("points", *_WAIT_EXTRAS) and text in ("0", "1"):
        return {name: text == "1"}
    if name == "against" and text in list(Layer):
        return {"against": Layer(text)}
    if name == "earlier" and text in EARLIER:
        return {"earlier": text}
    if name == "share" and text in [f"{share:g}" for share in SHARES]:
        return {"share": float(text)}
    if name == "risk" and text in list(RiskLayer):
        return {"risk": RiskLayer(text)}
    if name == "hour" and text.isdecimal() and int(text) < HOURS_A_WEEK:
        return {"reach_day": 1 + int(text) // 24, "reach_hour": int(text) % 24}
    if name == "panel" and _PANEL_ID.fullmatch(text):
        return {"panel": text}
    if name == "wait" and text in kind_words():
        return {"wait": text}
    if name == "clock" and text in (BEST_CLOCK, *clock_words()):
        return {"clock": text}
    if name == "bandwidth":
        return {"bandwidth_by": "metres", "bandwidth": _asked_bandwidth(text)}
    # Only a plain name is said again: a link is written by anybody, and a sentence is shown as Markdown.
    if not _PLAIN_NAME.fullmatch(name):
        raise InvalidFilterError(_("A part of the link could not be read and was left out."))
    raise InvalidFilterError(
        _("The link asks for something under “{name}” that this version does not know, so it was left out.").format(
            name=name
        )
    )


def _asked_beyond(asked: Mapping[str, list[str]], offered: Offered) -> str:
    """That a period in the URL goes on where there are no records, and so was cut; empty where it does not."""
    try:
        days = [date.fromisoformat(asked[name][0]) for name in ("from", "to") if name in asked]
    except ValueError:
        return ""
    if all(offered.first_day <= day <= offered.last_day for day in days):
        return ""
    if len(days) == 2 and (days[1] < offered.first_day or days[0] > offered.last_day):
        return ""
    return _("The link's period goes beyond the records, so it was cut to those: they cover {period}.").format(
        period=format_period(offered.first_day, offered.last_day)
    )


def _asked_bandwidth(text: str) -> float:
    least, most = BANDWIDTHS_M
    try:
        metres = float(text)
    except ValueError:
        metres = math.nan
    if not least <= metres <= most:
        raise InvalidFilterError(
            _("The link's bandwidth is not a number from {least} to {most} metres, so the rule chose one.").format(
                least=format_number(least, significant=3), most=format_number(most, significant=3)
            )
        )
    return metres


def _asked_period(
    asked: Mapping[str, list[str]], offered: Offered, names: tuple[str, str], default: tuple[date, date]
) -> tuple[date, date]:
    try:
        first_day, last_day = (
            date.fromisoformat(asked[name][0]) if name in asked else day
            for name, day in zip(names, default, strict=True)
        )
        period = Filters(first_day=first_day, last_day=last_day)
    except ValueError as error:
        raise InvalidFilterError(_("The link's period is not two dates such as 2025-05-09.")) from error
    if period.last_day < offered.first_day or period.first_day > offered.last_day:
        raise InvalidFilterError(
            _("The link's period has no records; they cover {period}.").format(
                period=format_period(offered.first_day, offered.last_day)
            )
        )
    return max(period.first_day, offered.first_day), min(period.last_day, offered.last_day)
