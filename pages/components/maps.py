"""Maps that need no internet: folium through streamlit-folium, with Leaflet served from its wheel on this machine.

What a map draws was rendered before (pages.components.map_layers); a rerun only puts the parts together.
"""

import importlib.util
import re
from collections.abc import Iterable
from html import escape
from pathlib import Path
from typing import Any, ClassVar

import folium
import numpy as np
import shapely
import streamlit as st
import streamlit.components.v1 as components
from branca.element import MacroElement
from folium.features import GeoJson, GeoJsonTooltip
from folium.map import CustomPane
from folium.raster_layers import ImageOverlay
from folium.template import Template
from streamlit_folium import st_folium

from analytics.disclosure import DisclosedPoints
from geo.basemap import PlaceLabel
from geo.projection import LatLonBounds, to_wgs84
from pages.components.map_layers import DENSITY_OPACITY, Ground, Legend, MapLayers
from pages.components.theme import ACCENT, HATCH, LAND, LINE, SEA, TEXT, show_small
from wording import NaloxoneWatchError, _, format_count

__all__ = ["MapCallsOutError", "assert_offline", "show_legend", "show_map"]

# 5,000 circles take a browser 10 s; 1,500 are there at once. Beyond, the sentence says so and the density remains.
MOST_POINTS = 1_500
MAP_HEIGHT_PX = 560
# What a click tells: the name of what was clicked, and where, so that a second click on the same is news.
CLICKED = ("last_object_clicked_tooltip", "last_object_clicked")
_LEAFLET = Path(next(iter(importlib.util.find_spec("xstatic.pkg.leaflet").submodule_search_locations))) / "data"
# Serves the wheel's folder at component/<name>/; relative to the map's own frame, so a base path is honoured.
_SERVED = components.declare_component("leaflet", path=str(_LEAFLET))
# Leaflet's own style is in it: by a link it would come later than the map, which until then lies elsewhere on the page,
# and a click in that moment would miss what it was meant for.
_STYLE = f"""
<style>
{(_LEAFLET / "leaflet.css").read_text(encoding="utf-8")}
#map_div {{height: 100vh !important; width: 100vw !important}}
.leaflet-container {{background: {SEA}; font-family: "Source Sans", "Source Sans Pro", sans-serif}}
.leaflet-container path:focus {{outline: none}}
.place {{position: absolute; font-weight: 600; font-size: 13px; line-height: 17px; color: {TEXT}; white-space: nowrap;
  width: max-content; text-shadow: 0 0 3px #fff, 0 0 3px #fff, 0 0 3px #fff, 0 0 5px #fff}}
.place.left {{display: flex; flex-direction: row-reverse}}
.rank {{font-size: 12px; color: #fff; background: {TEXT}; border-radius: 9px; padding: 1px 5px; margin: 0 3px 0 0;
  text-shadow: none}}
path.few {{fill: url(#few); fill-opacity: 1}}
</style>
"""
# "1. Cardiff Centre", or a name alone.
_NUMBERED = re.compile(r"(?:(\d+)\. )?(.*)", re.DOTALL)
_DASHED = "display: inline-block; width: 2rem; vertical-align: middle; margin-right: .4rem; border-top: 2.2px dashed"
_PATTERN = f"""
<svg width="0" height="0" style="position: absolute" aria-hidden="true"><defs>
<pattern id="few" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">
<line x1="0" y1="0" x2="0" y2="6" stroke="{HATCH}" stroke-width="2.2"/></pattern></defs></svg>
"""


class MapCallsOutError(NaloxoneWatchError):
    """A map held an element that would load something from outside this machine."""

    def __init__(self, elements: list[str]) -> None:
        super().__init__(
            _("The map is not shown: {elements} would ask for something on the internet.").format(
                elements=", ".join(elements)
            )
        )


class _OfflineMap(folium.Map):
    """A folium map whose only script is Leaflet's, from this machine; its style is in the page (`_STYLE`)."""

    default_js: ClassVar = [("leaflet", f"../{_SERVED.name}/leaflet.js")]
    default_css: ClassVar = []


class _Names(MacroElement):
    """Names as text with a halo: no icon, no focus, nothing to click, and none cut by the map's edge.

    A found area's number and name stand beside its outline, which they would hide, or inside where it is wide enough.
    Where there is no room for the name the number stands alone, as it always shows. A place's name that would touch
    one of these, a larger place's or a control is left out until the map is zoomed in far enough for both.
    """

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        (map => {
            const gap = {{ this.gap_px }}, edge = 4, small = 60;
            const labels = {{ this.labels | tojson }}.map(({html, south, west, north, east}) => ({
                corners: [[north, west], [south, east]],
                element: L.marker([(south + north) / 2, (west + east) / 2], {
                    icon: L.divIcon({html, className: "", iconSize: [0, 0]}),
                    pane: "names", interactive: false, keyboard: false
                }).addTo(map).getElement().firstChild
            }));
            const touch = (one, other, apart) =>
                one.left - apart < other.right && other.left - apart < one.right &&
                one.top - apart < other.bottom && other.top - apart < one.bottom;
            const arrange = () => {
                const room = map.getSize(), frame = map.getContainer().getBoundingClientRect();
                const taken = [...map.getContainer().querySelectorAll(".leaflet-control")].map(control => {
                    const {left, top, right, bottom} = control.getBoundingClientRect();
                    return {left: left - frame.left, top: top - frame.top,
                            right: right - frame.left, bottom: bottom - frame.top};
                });
                const area = ({corners}) => {
                    const [first, last] = corners.map(corner => map.latLngToContainerPoint(corner));
                    return {left: first.x, top: first.y, right: last.x, bottom: last.y};
                };
                const put = ({element}, within, box) => {
                    element.style.left = `${box.left - (within.left + within.right) / 2}px`;
                    element.style.top = `${box.top - (within.top + within.bottom) / 2}px`;
                    element.style.visibility = "visible";
                    taken.push(box);
                };
                const at = ({element}, x, y) => ({
                    left: x, top: y, right: x + element.offsetWidth, bottom: y + element.offsetHeight
                });
                const found = labels.filter(label => label.element.classList.contains("found"));
                const outlines = found.map(area).filter(box => box.right - box.left < small);
                const beside = (label, within) => {
                    const width = label.element.offsetWidth, height = label.element.offsetHeight;
                    const x = (within.left + within.right - width) / 2, y = (within.top + within.bottom - height) / 2;
                    // Above or below, the number is over the outline's middle and the name to one of its sides.
                    const number = label.element.querySelector(".rank")?.offsetWidth ?? width;
                    const ends = [x + (width - number) / 2, x - (width - number) / 2];
                    return [
                        ...(within.right - within.left > width + 2 * edge ? [[x, y]] : []),
                        [within.right + edge, y], [within.left - width - edge, y],
                        ...ends.map(left => [left, within.top - height - edge]),
                        ...ends.map(left => [left, within.bottom + edge]),
                    ].map(([left, top]) => at(label, left, top));
                };
                const fits = box => box.left >= 0 && box.right <= room.x && box.top >= 0 && box.bottom <= room.y;
                const free = box => fits(box) && [...taken, ...outlines].every(other => !touch(box, other, 1));
                found.forEach(label => {
                    const within = area(label), name = label.element.querySelector(".name");
                    name.hidden = false;
                    let box = beside(label, within).find(free);
                    if (!box) {
                        name.hidden = label.element.firstChild !== name;
                        const boxes = beside(label, within);
                        box = boxes.find(free) || boxes[0];
                    }
                    // The number stands next to its outline.
                    label.element.classList.toggle("left", box.left + box.right < within.left + within.right - 1);
                    put(label, within, box);
                });
                labels.filter(label => !found.includes(label)).forEach(label => {
                    const within = area(label), {offsetWidth: width, offsetHeight: height} = label.element;
                    const x = Math.min(Math.max(within.left - width / 2, edge), room.x - width - edge);
                    const y = Math.min(Math.max(within.top - height / 2, edge), room.y - height - edge);
                    const box = at(label, x, y);
                    const seen = within.left >= 0 && within.left <= room.x && within.top >= 0 && within.top <= room.y;
                    const clear = outlines.every(other => !touch(box, other, 1));
                    if (seen && clear && taken.every(other => !touch(box, other, gap))) put(label, within, box);
                    else label.element.style.visibility = "hidden";
                });
            };
            map.on("zoomend moveend", arrange);
            new ResizeObserver(arrange).observe(map.getContainer());
        })({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self, labels: Iterable[PlaceLabel], ranks: Iterable[tuple[str, LatLonBounds]] = ()) -> None:
        super().__init__()
        self._name = "Names"
        self.gap_px = 14
        found = [(_NUMBERED.fullmatch(name).groups(), bounds) for name, bounds in ranks]
        known = {name for (_rank, name), _bounds in found}
        self.labels = [
            *(_label(_found(rank, name), bounds) for (rank, name), bounds in found),
            *(
                _label(f'<div class="place">{escape(label.name)}</div>', ((label.latitude, label.longitude),) * 2)
                for label in labels
                if label.name not in known
            ),
        ]


class _Wheel(MacroElement):
    """The mouse wheel scrolls the page, also over the map, until the map is pressed; then it zooms, while over it."""

    _template = Template(
        """
        {% macro script(this, kwargs) %}
        (map => {
            map.getContainer().addEventListener("pointerdown", () => map.scrollWheelZoom.enable());
            map.getContainer().addEventListener("pointerleave", () => map.scrollWheelZoom.disable());
        })({{ this._parent.get_name() }});
        {% endmacro %}
        """
    )

    def __init__(self) -> None:
        super().__init__()
        self._name = "Wheel"


def _found(rank: str | None, name: str) -> str:
    number = f'<span class="rank">{escape(rank)}</span>' if rank else ""
    return f'<div class="place found">{number}<span class="name">{escape(name)}</span></div>'


def _label(html: str, bounds: LatLonBounds) -> dict[str, str | float]:
    (south, west), (north, east) = bounds
    return {"html": html, "south": south, "west": west, "north": north, "east": east}


def show_map(
    layers: MapLayers,
    *,
    ground: Ground,
    key: str,
    points: DisclosedPoints | None = None,
    chosen: str = "",
    closer: bool = False,
) -> str | None:
    """Draw the map, its legend and its sources; the name of the area that was clicked last, or None.

    `chosen` names the outline that is drawn strongly; choosing another does not draw the map anew. `closer` shows the
    outlines and what is around them rather than the whole force.
    """
    left_off = 0
    drawn = _OfflineMap(
        tiles=None,
        control_scale=True,
        max_zoom=18,
        min_zoom=5,
        zoom_snap=0.25,
        scrollWheelZoom=False,
        attributionControl=False,
    )
    root = drawn.get_root()
    root.header.add_child(folium.Element(_STYLE))
    root.html.add_child(folium.Element(_PATTERN))
    panes = {
        "areas": 350,
        "footprint": 360,
        "lines": 370,
        "density": 380,
        "few": 390,
        "outlines": 400,
        "contours": 405,
        "points": 610,
        "names": 620,
    }
    for name, height in panes.items():
        CustomPane(name, z_index=height, pointer_events=name in ("areas", "outlines")).add_to(drawn)
    GeoJson(
        layers.areas,
        style_function=_area_style,
        tooltip=GeoJsonTooltip(["name"], labels=False, sticky=True),
        pane="areas",
        zoom_on_click=False,
    ).add_to(drawn)
    ImageOverlay(ground.footprint.uri, ground.footprint.bounds, pane="footprint", alt="").add_to(drawn)
    GeoJson(ground.basemap.outline, style_function=_line_style, pane="lines", interactive=False).add_to(drawn)
    if layers.image:
        ImageOverlay(
            layers.image.uri, layers.image.bounds, opacity=DENSITY_OPACITY, pane="density", alt=layers.alt
        ).add_to(drawn)
    if layers.hatched:
        GeoJson(layers.hatched, style_function=_few_style, pane="few", interactive=False).add_to(drawn)
    if layers.outlines:
        GeoJson(
            layers.outlines,
            style_function=_outline_style,
            tooltip=GeoJsonTooltip(["name"], labels=False, sticky=True),
            pane="outlines",
            zoom_on_click=False,
        ).add_to(drawn)
    if layers.contours:
        GeoJson(layers.contours, style_function=_contour_style, pane="contours", interactive=False).add_to(drawn)
    if points is not None and points.easting_m.size > 0:
        left_off = _add_points(drawn, points, ground.crs)
    near = _bounds_of(layers.outlines) if closer and layers.outlines else ground.basemap.bounds
    drawn.fit_bounds(near, padding=(6, 6))
    _Names(ground.basemap.labels, layers.ranks).add_to(drawn)
    _Wheel().add_to(drawn)
    assert_offline(drawn)
    with st.container(key=f"nw-map-{key}"):
        clicked = st_folium(
            drawn,
            key=key,
            height=MAP_HEIGHT_PX,
            use_container_width=True,
            returned_objects=list(CLICKED),
            feature_group_to_add=_chosen_outline(layers.outlines, chosen) if layers.outlines and chosen else None,
        )
    if left_off:
        show_small(_("{count} places with fewer administrations are not drawn.").format(count=format_count(left_off)))
    return (clicked.get("last_object_clicked_tooltip") or "").strip() or None


def _bounds_of(outlines: dict[str, Any]) -> LatLonBounds:
    """The corners of all outlines, with as much again on each side for what people know them by."""
    shapes = [shapely.geometry.shape(feature["geometry"]) for feature in outlines["features"]]
    west, south, east, north = (float(side) for side in shapely.total_bounds(shapes))
    aside, above = (east - west) / 2, (north - south) / 2
    return (south - above, west - aside), (north + above, east + aside)


def show_legend(legend: Legend, *, attribution: str) -> None:
    """The classes with their values and the unit, what is hatched, and whose map it is."""
    swatches = [
        f'<div><span class="swatch" style="background:{colour}"></span><span class="limit">{escape(limit)}</span></div>'
        for colour, limit in zip(legend.colours, legend.limits, strict=True)
    ]
    parts = (swatches[: legend.falling], swatches[legend.falling :])
    classes = "".join(
        f'<div class="classes {kind}">{"".join(part)}</div>'
        for kind, part in zip(("falling", "rising"), parts, strict=True)
        if part
    )
    few = f'<div class="few"><span class="swatch"></span>{escape(legend.hatched)}</div>' if legend.hatched else ""
    dashed = "".join(
        f'<div><span style="{_DASHED} {colour}"></span>{escape(words)}</div>' for colour, words in legend.dashed
    )
    st.html(
        f'<div class="nw-legend" role="group" aria-label="{escape(_("Legend"))}">{classes}'
        f"<div>{escape(legend.unit)}</div>{few}{dashed}</div>"
        f'<p class="nw-small">{escape(attribution)}</p>'
    )


def assert_offline(drawn: folium.Map) -> None:
    """Raise MapCallsOutError where the map has an element that would call out, or that nobody checked for it."""
    calling = [type(element).__name__ for element in _walk(drawn) if _calls_out(element)]
    if calling:
        raise MapCallsOutError(calling)


# Elements that were watched in a browser without a network; others (markers with icons, popups, colour maps, plugins)
# load jQuery, fonts or d3 from the internet, and then leave an empty frame.
_CHECKED = {
    "_OfflineMap",
    "CustomPane",
    "ElementAddToElement",
    "FitBounds",
    "GeoJson",
    "GeoJsonStyleMapper",
    "GeoJsonTooltip",
    "ImageOverlay",
    "_Names",
    "_Wheel",
}


def _calls_out(element: Any) -> bool:
    links = [link for _name, link in [*getattr(element, "default_js", []), *getattr(element, "default_css", [])]]
    if isinstance(element, ImageOverlay) and not str(element.url).startswith("data:"):
        return True
    return type(element).__name__ not in _CHECKED or any("//" in link for link in links)


def _walk(element: Any) -> list[Any]:
    return [element, *(found for child in element._children.values() for found in _walk(child))]


def _area_style(feature: dict[str, Any]) -> dict[str, Any]:
    style = {"color": LINE, "weight": 1, "fillColor": feature["properties"]["fill"], "fillOpacity": 1}
    return {**style, "className": "few"} if feature["properties"]["held"] else style


def _line_style(_feature: dict[str, Any]) -> dict[str, Any]:
    return {"color": LINE, "weight": 1.8, "fill": False}


def _outline_style(feature: dict[str, Any]) -> dict[str, Any]:
    colour = feature["properties"]["fill"]
    # One that is not to be seen through still is to be clicked anywhere inside: a fill of "none" would let clicks by.
    seen = colour != "none"
    return {"color": TEXT, "weight": 1.2, "fillColor": colour if seen else LAND, "fillOpacity": 0.75 if seen else 0}


def _contour_style(feature: dict[str, Any]) -> dict[str, Any]:
    return {"color": feature["properties"]["colour"], "weight": 2.2, "dashArray": "7 5", "fill": False}


def _chosen_style(_feature: dict[str, Any]) -> dict[str, Any]:
    return {"color": TEXT, "weight": 4, "fill": False}


def _chosen_outline(outlines: dict[str, Any], chosen: str) -> folium.FeatureGroup:
    """The outline of the chosen area alone, to be laid over a map that is there already."""
    group = folium.FeatureGroup(name="chosen")
    for feature in outlines["features"]:
        if feature["properties"]["name"] == chosen:
            GeoJson(feature, style_function=_chosen_style, pane="outlines", interactive=False).add_to(group)
    return group


def _few_style(_feature: dict[str, Any]) -> dict[str, Any]:
    return {"stroke": True, "color": HATCH, "weight": 0.6, "className": "few"}


def _point_style(feature: dict[str, Any]) -> dict[str, Any]:
    return {"radius": feature["properties"]["radius"], "pane": "points", "interactive": False}


def _add_points(drawn: folium.Map, points: DisclosedPoints, crs: str) -> int:
    """Draw the places with the most administrations; how many places are left off."""
    places, counts = np.unique(np.stack([points.easting_m, points.northing_m], axis=1), axis=0, return_counts=True)
    most = np.argsort(-counts, kind="stable")[:MOST_POINTS]
    left_off, places, counts = len(places) - len(most), places[most], counts[most]
    latitude, longitude = to_wgs84(easting_m=places[:, 0], northing_m=places[:, 1], crs=crs)
    features = [
        {
            "type": "Feature",
            "properties": {"radius": 4 + min(float(np.sqrt(count)) - 1, 5)},
            "geometry": {"type": "Point", "coordinates": [round(float(east), 5), round(float(north), 5)]},
        }
        for north, east, count in zip(latitude, longitude, counts, strict=True)
    ]
    GeoJson(
        {"type": "FeatureCollection", "features": features},
        marker=folium.CircleMarker(color="#ffffff", weight=1.5, fill_color=ACCENT, fill_opacity=0.9),
        style_function=_point_style,
    ).add_to(drawn)
    return left_off
