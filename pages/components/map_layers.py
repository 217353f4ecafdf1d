"""What maps draw, rendered once: areas with their fills, a density as one image, hatching, and still pictures.

A density is drawn here, on the server, as one image in web Mercator, so its classes and its legend are the same at
every zoom. Layers take types of analytics.disclosure and nothing else about people; the context keeps them, and
pages.components.maps puts them on a map.
"""

import base64
import io
import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

from analytics.disclosure import (
    NOTHING_CLASS,
    OUTSIDE_CLASS,
    TOO_FEW_CLASS,
    DisclosedBreakdown,
    DisclosedOutlines,
    DisclosedSurface,
)
from analytics.findings.heat_map import AreaLevel, HeatMap
from geo.basemap import Basemap
from geo.projection import LatLonBounds, to_wgs84, warp_to_mercator
from pages.components.theme import AREA_RAMP, DENSITY_RAMP, HATCH, LAND, LINE, SEA, TEXT, pick_colours
from wording import _, format_count, format_number

if TYPE_CHECKING:
    # Names of types alone: a page loads the finding that it draws, not those of every page.
    from analytics.findings.ambulance_delay import AmbulanceDelay
    from analytics.findings.changes import Changes
    from analytics.findings.compared_places import ComparedPlaces
    from analytics.findings.hotspots import HotspotMap

__all__ = [
    "DENSITY_OPACITY",
    "Ground",
    "Legend",
    "MapLayers",
    "RasterLayer",
    "area_layers",
    "cells_as_geojson",
    "change_layers",
    "compared_layers",
    "density_layers",
    "heat_map_layers",
    "heat_map_thumbnail",
    "hotspot_layers",
    "limit_words",
    "median_wait_layers",
    "outline_layers",
    "outlines_as_geojson",
    "over_signed",
    "static_map",
]

# A browser's image is at most this long; finer than half a cell it is anyway not (geo.projection).
LONGEST_SIDE_PX = 1_800
DENSITY_OPACITY = 0.88
EDGE_BLUR_CELLS = 0.8
# Lower limits of classes of minutes: a standard of 7 or 8 minutes lies in the lowest two.
MINUTE_LIMITS = (0, 7, 10, 15, 20, 30, 45, 60)
# Lower limits of classes of counts: whole numbers that people use. Classes without an area in them are left out.
COUNT_LIMITS = (1, 5, 10, 20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 50_000, 100_000)


@dataclass(frozen=True, kw_only=True)
class RasterLayer:
    """A PNG and where it lies."""

    png: bytes
    bounds: LatLonBounds

    @property
    def uri(self) -> str:
        """The image inside its own address."""
        return f"data:image/png;base64,{base64.b64encode(self.png).decode()}"


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What lies under every map of one deployment: its base map, and its metres."""

    basemap: Basemap
    crs: str

    @property
    def footprint(self) -> RasterLayer:
        """Where it is built up, in grey."""
        return RasterLayer(png=self.basemap.footprint_png, bounds=self.basemap.footprint_bounds)

    def areas(self, level: AreaLevel) -> dict[str, Any]:
        """The GeoJSON of one level of area, with code and name of each."""
        basemap = self.basemap
        return {"bcu": basemap.bcus, "authority": basemap.authorities, "small_area": basemap.small_areas}[level]


@dataclass(frozen=True, kw_only=True)
class Legend:
    """Classes with their limits in words, the unit, whether anything is hatched, and dashed lines by colour.

    A class has its lower limit, but the first, `falling` ones theirs on the other side: they fall away from zero.
    """

    colours: tuple[str, ...]
    limits: tuple[str, ...]
    unit: str
    hatched: str
    dashed: tuple[tuple[str, str], ...] = ()
    falling: int = 0


@dataclass(frozen=True, kw_only=True)
class MapLayers:
    """All that a map draws over the base map: areas (GeoJSON with each area's fill), image, hatching, points.

    `outlines` are areas that were found, not given; `ranks` are their names, number first, with the corners of each;
    `contours` are areas whose edge alone is drawn, dashed.
    """

    areas: dict[str, Any]
    image: RasterLayer | None
    hatched: dict[str, Any] | None
    legend: Legend
    alt: str
    outlines: dict[str, Any] | None = None
    ranks: tuple[tuple[str, LatLonBounds], ...] = ()
    contours: dict[str, Any] | None = None


def heat_map_layers(heat_map: HeatMap, *, ground: Ground, level: AreaLevel) -> MapLayers:
    """The heat map's surface over pale areas, or its counts by area where there is no surface."""
    alt = _("Map: {title}. The table beside it has the numbers by area.").format(title=heat_map.title)
    if heat_map.surface is None:
        return area_layers(heat_map.areas, areas=ground.areas(level), unit=heat_map.events, alt=alt)
    return density_layers(heat_map.surface, areas=ground.areas(level), crs=ground.crs, alt=alt)


def heat_map_thumbnail(heat_map: HeatMap, *, ground: Ground, level: AreaLevel) -> bytes:
    """The heat map as a still picture (PNG)."""
    return static_map(heat_map_layers(heat_map, ground=ground, level=level), ground=ground)


def density_layers(surface: DisclosedSurface, *, areas: dict[str, Any], crs: str, alt: str) -> MapLayers:
    """A density as one image of flat classes with smooth edges, and hatching where there are too few."""
    classes = _smoothed(surface.classes)
    place = {"x0_m": surface.x0_m, "y0_m": surface.y0_m, "cell_m": surface.cell_m, "crs": crs}
    image, bounds = warp_to_mercator(values=classes, **place, smooth=True, longest_side_px=LONGEST_SIDE_PX)
    index = np.nan_to_num(np.rint(image), nan=NOTHING_CLASS).astype(np.uint8)
    colours = pick_colours(DENSITY_RAMP, len(surface.limits))
    return MapLayers(
        areas=_filled(areas, {}, set()),
        image=RasterLayer(png=_png_of_classes(index, colours), bounds=bounds),
        hatched=cells_as_geojson(surface.classes == TOO_FEW_CLASS, surface, crs),
        legend=Legend(
            colours=colours,
            limits=tuple(map(limit_words, surface.limits)),
            unit=surface.unit,
            hatched=_("too few to say"),
        ),
        alt=alt,
    )


def area_layers(breakdown: DisclosedBreakdown, *, areas: dict[str, Any], unit: str, alt: str) -> MapLayers:
    """Counts of `unit` by area in classes; an area whose count is held back is hatched, one without any stays pale."""
    counts = dict(zip(breakdown.codes, breakdown.counts, strict=True))
    values = {code: count.value for code, count in counts.items() if count.value is not None}
    most = max(values.values(), default=0)
    classes = {code: int(np.searchsorted(COUNT_LIMITS, value, side="right")) for code, value in values.items()}
    used = sorted({found for found in classes.values() if found})
    colours = dict(zip(used, pick_colours(AREA_RAMP, len(used)), strict=True)) if used else {}
    held = {code for code, count in counts.items() if not count.shown}
    return MapLayers(
        areas=_filled(areas, {code: colours[found] for code, found in classes.items() if found}, held),
        image=None,
        hatched=None,
        legend=Legend(
            colours=tuple(colours.values()),
            limits=tuple(_count_class(found, most) for found in used),
            unit=unit,
            hatched=_("not shown, too few") if held else "",
        ),
        alt=alt,
    )


def median_wait_layers(found: "AmbulanceDelay", *, ground: Ground, level: AreaLevel) -> MapLayers:
    """The median wait by area in classes of minutes; an area with too few is hatched, one without any stays pale."""
    medians = {
        code: estimate.value
        for code, estimate in zip(found.areas.codes, found.area_medians, strict=True)
        if estimate.value is not None
    }
    classes = {code: int(np.searchsorted(MINUTE_LIMITS, value, side="right")) for code, value in medians.items()}
    used = sorted(set(classes.values()))
    colours = dict(zip(used, pick_colours(AREA_RAMP, len(used)), strict=True)) if used else {}
    held = {code for code in found.areas.codes if code not in medians}
    return MapLayers(
        areas=_filled(ground.areas(level), {code: colours[each] for code, each in classes.items()}, held),
        image=None,
        hatched=None,
        legend=Legend(
            colours=tuple(colours.values()),
            limits=tuple(_minute_class(each, max(medians.values())) for each in used),
            unit=_("minutes, median wait"),
            hatched=_("too few to say") if held else "",
        ),
        alt=_("Map of the median wait for the ambulance by area; the table beside it has the numbers."),
    )


def hotspot_layers(found: "HotspotMap", *, ground: Ground, level: AreaLevel) -> MapLayers:
    """The places where administrations repeat, by whether chance could do it."""
    return outline_layers(
        found.outlines,
        ground=ground,
        level=level,
        sure=_("beyond chance"),
        unsure=_("chance could do it"),
        alt=_("Map of places with repeated police naloxone administrations; the table has their numbers."),
    )


def compared_layers(found: "ComparedPlaces", *, ground: Ground, level: AreaLevel) -> MapLayers:
    """Where administrations are rarer or more frequent than another layer would have them, with tolerance contours."""
    layers = outline_layers(
        found.outlines,
        ground=ground,
        level=level,
        sure=_("administrations rarer, beyond chance"),
        unsure=_("more frequent, beyond chance"),
        alt=_("Map of places where administrations differ from the other layer; the table has their numbers."),
    )
    words = {
        True: (AREA_RAMP[6], _("p = 0.05, rarer")),
        False: (DENSITY_RAMP[6], _("p = 0.05, more frequent")),
    }
    contours = outlines_as_geojson(found.contours, crs=ground.crs)
    for feature, marked in zip(contours["features"], found.contours.marked, strict=True):
        feature["properties"]["colour"] = words[marked][0]
    if found.more or found.fewer:
        layers = over_signed(
            layers,
            found.more,
            found.fewer,
            ground=ground,
            above=limit_words,
            below=lambda limit: limit_words(1 / limit),
        )
    used = tuple(words[marked] for marked in (True, False) if marked in found.contours.marked)
    return replace(
        layers,
        contours=contours if contours["features"] else None,
        legend=replace(layers.legend, dashed=used),
    )


def change_layers(found: "Changes", *, ground: Ground, level: AreaLevel) -> MapLayers:
    """The difference of two periods as one image, red for a rise, blue for a fall, and what is beyond chance."""
    layers = outline_layers(
        found.outlines,
        ground=ground,
        level=level,
        sure="",
        unsure="",
        alt=_("Map of the change in police naloxone administrations; the table has the places beyond chance."),
    )
    return over_signed(
        layers,
        found.rise,
        found.fall,
        ground=ground,
        above=lambda limit: _("+{number}").format(number=limit_words(limit)),
        below=lambda limit: limit_words(-limit),
    )


def over_signed(
    layers: MapLayers,
    more: DisclosedSurface | None,
    fewer: DisclosedSurface | None,
    *,
    ground: Ground,
    above: Callable[[float], str],
    below: Callable[[float], str],
) -> MapLayers:
    """Outlines, no longer filled, over one image: red classes of `more`, blue ones of `fewer`; limits in words.

    The limits of both begin alike, so the same shade of red and of blue is the same distance from no difference.
    """
    for feature in layers.outlines["features"] if layers.outlines else ():
        feature["properties"]["fill"] = "none"
    drawn = more or fewer
    if drawn is None:
        return layers
    rise, fall = (
        np.zeros(drawn.classes.shape) if each is None else np.where(each.classes == OUTSIDE_CLASS, 0, each.classes)
        for each in (more, fewer)
    )
    place = {"x0_m": drawn.x0_m, "y0_m": drawn.y0_m, "cell_m": drawn.cell_m, "crs": ground.crs}
    image, bounds = warp_to_mercator(
        values=_blurred(rise.astype(float) - fall, drawn.classes != OUTSIDE_CLASS),
        **place,
        smooth=True,
        longest_side_px=LONGEST_SIDE_PX,
    )
    red, blue = ([] if each is None else each.limits for each in (more, fewer))
    most = max(len(red), len(blue))
    reds, blues = pick_colours(DENSITY_RAMP, most)[: len(red)], pick_colours(AREA_RAMP, most)[: len(blue)]
    # The palette counts rises first, then falls.
    signed = np.nan_to_num(np.rint(image))
    index = np.where(signed >= 0, signed, len(reds) - signed).astype(np.uint8)
    return replace(
        layers,
        image=RasterLayer(png=_png_of_classes(index, (*reds, *blues)), bounds=bounds),
        legend=Legend(
            colours=(*blues[::-1], *reds),
            limits=(*(below(limit) for limit in blue[::-1]), *(above(limit) for limit in red)),
            unit=drawn.unit,
            hatched="",
            falling=len(blues),
        ),
    )


def outline_layers(
    outlines: DisclosedOutlines, *, ground: Ground, level: AreaLevel, sure: str, unsure: str, alt: str
) -> MapLayers:
    """Areas that were found, over pale ground: dark where they are sure, pale where not, each with its number."""
    colours = (AREA_RAMP[1], AREA_RAMP[5])
    features = outlines_as_geojson(outlines, crs=ground.crs)["features"]
    for feature, marked in zip(features, outlines.marked, strict=True):
        feature["properties"]["fill"] = colours[marked]
    words = {colours[True]: sure, colours[False]: unsure}
    used = [colour for colour in words if colour in {colours[marked] for marked in outlines.marked}]
    return MapLayers(
        areas=_filled(ground.areas(level), {}, set()),
        image=None,
        hatched=None,
        legend=Legend(colours=tuple(used), limits=tuple(words[colour] for colour in used), unit="", hatched=""),
        alt=alt,
        outlines={"type": "FeatureCollection", "features": features} if features else None,
        ranks=tuple(
            (name.rsplit(" (", 1)[0], _corners(feature["geometry"]))
            for name, feature in zip(outlines.names, features, strict=True)
        ),
    )


def outlines_as_geojson(outlines: DisclosedOutlines, *, crs: str) -> dict[str, Any]:
    """The outlines in degrees (RFC 7946), with name and what is said of each."""

    def to_degrees(metres: NDArray[np.float64]) -> NDArray[np.float64]:
        latitude, longitude = to_wgs84(easting_m=metres[:, 0], northing_m=metres[:, 1], crs=crs)
        return np.stack([longitude, latitude], axis=1).round(5)

    features = [
        {
            "type": "Feature",
            "properties": {"name": name, "about": about},
            "geometry": json.loads(shapely.to_geojson(shapely.orient_polygons(shapely.transform(outline, to_degrees)))),
        }
        for name, about, outline in zip(outlines.names, outlines.about, outlines.outlines, strict=True)
    ]
    return {"type": "FeatureCollection", "features": features}


def limit_words(limit: float) -> str:
    """A round limit of a class without noughts behind it: "0.05", "1.5", "20"."""
    return format_number(limit, significant=1 if float(f"{limit:.0e}") == limit else 2)


def _corners(geometry: dict[str, Any]) -> LatLonBounds:
    west, south, east, north = (float(side) for side in shapely.geometry.shape(geometry).bounds)
    return (south, west), (north, east)


def _minute_class(found: int, most: float) -> str:
    """A class of medians in words: "15 to 20"; above the last limit "60 or more", and where it is never reached too."""
    first = format_count(MINUTE_LIMITS[found - 1])
    if found < len(MINUTE_LIMITS):
        return _("{first} to {last}").format(first=first, last=format_count(MINUTE_LIMITS[found]))
    words = _("{first} or more, or not reached") if math.isinf(most) else _("{first} or more")
    return words.format(first=first)


def _filled(areas: dict[str, Any], fills: dict[str, str], held: set[str]) -> dict[str, Any]:
    """The areas with the fill of each."""
    features = [
        {
            "type": "Feature",
            "geometry": feature["geometry"],
            "properties": {
                "name": feature["properties"]["name"],
                "fill": fills.get(feature["properties"]["code"], LAND),
                "held": feature["properties"]["code"] in held,
            },
        }
        for feature in areas["features"]
    ]
    return {"type": "FeatureCollection", "features": features}


def _count_class(found: int, most: int) -> str:
    """A class of counts in words: "5 to 9"; the last one ends at the largest count."""
    first = COUNT_LIMITS[found - 1]
    last = min(most, COUNT_LIMITS[found] - 1) if found < len(COUNT_LIMITS) else most
    if first >= last:
        return format_count(first)
    return _("{first} to {last}").format(first=format_count(first), last=format_count(last))


def _smoothed(classes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Classes as numbers, blurred by less than a cell, so that cells' steps become lines; NaN where none is said."""
    return _blurred(classes.astype(float), ~np.isin(classes, (TOO_FEW_CLASS, OUTSIDE_CLASS)))


def _blurred(values: NDArray[np.float64], known: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Values blurred among the cells that are known alone: it moves no class across the force's edge."""
    weight = ndimage.gaussian_filter(known.astype(float), EDGE_BLUR_CELLS)
    total = ndimage.gaussian_filter(np.where(known, values, 0.0), EDGE_BLUR_CELLS)
    return np.where(known, total / np.maximum(weight, np.finfo(float).tiny), np.nan)


def _png_of_classes(index: NDArray[np.uint8], colours: tuple[str, ...]) -> bytes:
    image = Image.fromarray(index)
    image.putpalette([0, 0, 0, *(value for colour in colours for value in bytes.fromhex(colour[1:]))])
    return _png(image, transparency=NOTHING_CLASS)


def _png(image: Image.Image, **options: Any) -> bytes:
    written = io.BytesIO()
    image.save(written, "PNG", **options)
    return written.getvalue()


def cells_as_geojson(cells: NDArray[np.bool_], surface: DisclosedSurface, crs: str) -> dict[str, Any] | None:
    """The marked cells as one rounded shape in degrees; None where none is marked."""
    if not cells.any():
        return None
    padded = np.pad(cells, ((0, 0), (1, 1)))
    row, first = np.nonzero(padded[:, 1:] & ~padded[:, :-1])
    _row, last = np.nonzero(~padded[:, 1:] & padded[:, :-1])
    cell_m = surface.cell_m
    runs = shapely.box(
        surface.x0_m + first * cell_m,
        surface.y0_m + row * cell_m,
        surface.x0_m + last * cell_m,
        surface.y0_m + (row + 1) * cell_m,
    )
    # Grown, shrunk and grown back: the steps of the cells become curves, and single cells stay.
    shape = shapely.union_all(runs).buffer(cell_m).buffer(-1.2 * cell_m).buffer(0.2 * cell_m).simplify(cell_m / 4)

    def to_degrees(metres: NDArray[np.float64]) -> NDArray[np.float64]:
        latitude, longitude = to_wgs84(easting_m=metres[:, 0], northing_m=metres[:, 1], crs=crs)
        return np.stack([longitude, latitude], axis=1).round(5)

    return json.loads(shapely.to_geojson(shapely.transform(shape, to_degrees)))


def static_map(layers: MapLayers, *, ground: Ground, width_px: int = 900, names: int = 8) -> bytes:
    """The same picture as a PNG that cannot be moved: for the overview, made from the same layers."""
    frame = _Frame.around(ground.basemap.bounds, width_px=2 * width_px)
    picture = Image.new("RGBA", frame.size, SEA)
    pen = ImageDraw.Draw(picture)
    for feature in layers.areas["features"]:
        frame.draw(pen, feature["geometry"], fill=feature["properties"]["fill"], line=LINE, width=2)
    frame.lay(picture, ground.footprint, opacity=1.0)
    if layers.image:
        frame.lay(picture, layers.image, opacity=DENSITY_OPACITY)
    held = [feature["geometry"] for feature in layers.areas["features"] if feature["properties"]["held"]]
    frame.hatch(picture, [*held, *([layers.hatched] if layers.hatched else [])])
    for feature in ground.basemap.outline["features"]:
        frame.draw(pen, feature["geometry"], fill=None, line=LINE, width=3)
    width, height = frame.size
    font = ImageFont.load_default(size=2 * 20)
    written: list[shapely.Polygon] = []
    for label in ground.basemap.labels[:names]:
        place = frame.pixel(label.longitude, label.latitude)
        box = shapely.box(*pen.textbbox(place, label.name, font=font, anchor="mm", stroke_width=5))
        # A name that would touch a larger place's, or be cut, is left out.
        if any(box.intersects(other) for other in written) or not box.within(shapely.box(0, 0, width, height)):
            continue
        written.append(box)
        pen.text(place, label.name, font=font, anchor="mm", fill=TEXT, stroke_width=5, stroke_fill="#ffffff")
    return _png(picture.convert("RGB").resize((width // 2, height // 2), Image.Resampling.LANCZOS))


@dataclass(frozen=True, kw_only=True)
class _Frame:
    """A picture's size in pixels and the web Mercator square it shows."""

    size: tuple[int, int]
    west: float
    north: float
    per_pixel: float

    @classmethod
    def around(cls, bounds: LatLonBounds, *, width_px: int) -> "_Frame":
        (south, west), (north, east) = bounds
        left, right, top, bottom = _x(west), _x(east), _y(north), _y(south)
        margin = 0.02 * (right - left)
        per_pixel = (right - left + 2 * margin) / width_px
        height_px = 2 * round((bottom - top + 2 * margin) / per_pixel / 2)
        return cls(size=(width_px, height_px), west=left - margin, north=top - margin, per_pixel=per_pixel)

    def pixel(self, longitude: float, latitude: float) -> tuple[float, float]:
        return (_x(longitude) - self.west) / self.per_pixel, (_y(latitude) - self.north) / self.per_pixel

    def lay(self, picture: Image.Image, layer: RasterLayer, *, opacity: float) -> None:
        (south, west), (north, east) = layer.bounds
        left, top = self.pixel(west, north)
        right, bottom = self.pixel(east, south)
        image = Image.open(io.BytesIO(layer.png)).convert("RGBA")
        image = image.resize((max(1, round(right - left)), max(1, round(bottom - top))), Image.Resampling.BILINEAR)
        image.putalpha(image.getchannel("A").point(lambda alpha: round(alpha * opacity)))
        cover = Image.new("RGBA", picture.size)
        cover.paste(image, (round(left), round(top)))
        picture.alpha_composite(cover)

    def hatch(self, picture: Image.Image, geometries: list[dict[str, Any]]) -> None:
        mask = Image.new("L", picture.size)
        for geometry in geometries:
            self.draw(ImageDraw.Draw(mask), geometry, fill=255, line=None, width=0)
        rows, columns = np.ogrid[: picture.height, : picture.width]
        stripes = ((rows + columns) % 16 < 3) & (np.asarray(mask) > 0)
        picture.paste(HATCH, mask=Image.fromarray(stripes.astype(np.uint8) * 255))

    def draw(
        self, pen: ImageDraw.ImageDraw, geometry: dict[str, Any], *, fill: Any, line: str | None, width: int
    ) -> None:
        shape = shapely.geometry.shape(geometry)
        for polygon in getattr(shape, "geoms", [shape]):
            ring = [self.pixel(*position) for position in polygon.exterior.coords]
            if fill is not None:
                pen.polygon(ring, fill=fill)
            if line is not None:
                pen.line([*ring, ring[0]], fill=line, width=width)


def _x(longitude: float) -> float:
    return math.radians(longitude)


def _y(latitude: float) -> float:
    """Downwards, as pixels go; web Mercator on the unit sphere."""
    return -math.asinh(math.tan(math.radians(latitude)))
