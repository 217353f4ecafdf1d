"""What a map draws, before a browser sees it: places, classes, hatching, and nothing that calls out."""

import io
import json

import folium
import folium.plugins
import numpy as np
import pytest
import shapely
from branca.colormap import LinearColormap
from numpy.typing import NDArray
from PIL import Image

from analytics.disclosure import (
    OUTSIDE_CLASS,
    TOO_FEW_CLASS,
    Audience,
    DisclosedSurface,
    Thresholds,
    disclose_breakdown,
)
from geo.projection import from_wgs84, to_wgs84
from pages.components.map_layers import MapLayers, area_layers, density_layers
from pages.components.maps import MapCallsOutError, _OfflineMap, assert_offline
from pages.components.theme import AREA_RAMP, DENSITY_RAMP, pick_colours

BRITISH = "EPSG:27700"
LIMITS = (0.02, 0.05, 0.1, 0.2, 0.5, 1.0)


def square(code: str, west: float) -> dict[str, object]:
    shape = shapely.box(west, 51.0, west + 1, 52.0)
    return {"type": "Feature", "properties": {"code": code, "name": code.upper()}, "geometry": shape.__geo_interface__}


AREAS = {"type": "FeatureCollection", "features": [square(code, west) for west, code in enumerate("abcd")]}


def surface(classes: NDArray[np.uint8], *, x0_m: float, y0_m: float, cell_m: float = 250.0) -> DisclosedSurface:
    return DisclosedSurface(
        classes=classes, limits=LIMITS, unit="per km2", x0_m=x0_m, y0_m=y0_m, cell_m=cell_m, bandwidth_m=1_000.0
    )


def pixels(layers: MapLayers) -> NDArray[np.uint8]:
    assert layers.image
    return np.asarray(Image.open(io.BytesIO(layers.image.png)).convert("RGBA"))


def drawn_at(layers: MapLayers) -> NDArray[np.float64]:
    """Easting and northing of every painted pixel's centre."""
    assert layers.image
    painted = pixels(layers)[..., 3] > 0
    (south, west), (north, east) = layers.image.bounds
    row, column = np.nonzero(painted)
    height, width = painted.shape
    stretched = np.arcsinh(np.tan(np.radians([north, south])))
    vertical = stretched[0] + (row + 0.5) / height * (stretched[1] - stretched[0])
    easting, northing = from_wgs84(
        latitude=np.degrees(np.arctan(np.sinh(vertical))),
        longitude=west + (column + 0.5) / width * (east - west),
        crs=BRITISH,
    )
    return np.stack([easting, northing])


@pytest.mark.parametrize("corner", ["south-west", "south-east", "north-west", "north-east"])
@pytest.mark.parametrize(("x0_m", "y0_m"), [(240_000.0, 164_000.0), (180_000.0, 800_000.0), (560_000.0, 280_000.0)])
def test_one_event_in_a_corner_is_drawn_within_100_m_of_its_place(corner: str, x0_m: float, y0_m: float) -> None:
    rows, columns = 200, 350
    classes = np.zeros((rows, columns), dtype=np.uint8)
    row = 4 if "south" in corner else rows - 5
    column = 4 if "west" in corner else columns - 5
    classes[row - 2 : row + 3, column - 2 : column + 3] = 6
    drawn = drawn_at(density_layers(surface(classes, x0_m=x0_m, y0_m=y0_m), areas=AREAS, crs=BRITISH, alt="Map")).mean(
        axis=1
    )
    place = np.array([x0_m + (column + 0.5) * 250, y0_m + (row + 0.5) * 250])
    assert np.hypot(*(drawn - place)) < 100


def test_each_class_has_its_legends_colour_and_nothing_else_is_painted() -> None:
    classes = np.repeat(np.repeat(np.arange(7, dtype=np.uint8)[None], 20, axis=0), 20, axis=1)
    layers = density_layers(surface(classes, x0_m=300_000, y0_m=180_000), areas=AREAS, crs=BRITISH, alt="Map")
    painted = pixels(layers)
    found = {tuple(colour[:3]) for colour in painted.reshape(-1, 4) if colour[3]}
    assert found == {tuple(bytes.fromhex(colour[1:])) for colour in layers.legend.colours}
    assert set(np.unique(painted[..., 3])) == {0, 255}
    assert layers.legend.limits == ("0.02", "0.05", "0.1", "0.2", "0.5", "1")


def test_where_there_are_too_few_nothing_is_painted_and_the_place_is_hatched() -> None:
    classes = np.full((40, 40), 3, dtype=np.uint8)
    classes[10:20, 10:20] = TOO_FEW_CLASS
    classes[:, 30:] = OUTSIDE_CLASS
    layers = density_layers(surface(classes, x0_m=300_000, y0_m=180_000), areas=AREAS, crs=BRITISH, alt="Map")
    hatched = shapely.geometry.shape(layers.hatched)
    middle = to_wgs84(easting_m=303_750, northing_m=183_750, crs=BRITISH)
    assert hatched.contains(shapely.Point(middle[1], middle[0]))
    easting, northing = drawn_at(layers)
    in_hatch = (easting > 302_750) & (easting < 304_750) & (northing > 182_750) & (northing < 184_750)
    assert not in_hatch.any()
    assert easting.max() < 300_000 + 30.6 * 250


def test_areas_that_are_held_back_are_hatched_alike() -> None:
    def layers(counts: list[int]) -> MapLayers:
        breakdown = disclose_breakdown(
            codes=list("abcd"),
            names=list("ABCD"),
            counts=counts,
            audience=Audience.MEETING,
            thresholds=Thresholds(),
        )
        return area_layers(breakdown, areas=AREAS, unit="people", alt="Map")

    one, four = layers([40, 1, 12, 0]), layers([40, 4, 12, 0])
    held = [feature["properties"]["held"] for feature in one.areas["features"]]
    assert held[1]
    assert one == four
    assert "not shown" in one.legend.hatched
    assert json.dumps(one.areas) == json.dumps(four.areas)


@pytest.mark.parametrize("ramp", [DENSITY_RAMP, AREA_RAMP])
@pytest.mark.parametrize("number", range(1, 8))
def test_ramps_darken_steadily(ramp: tuple[str, ...], number: int) -> None:
    linear = [
        [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in rgb]
        for rgb in ([part / 255 for part in bytes.fromhex(colour[1:])] for colour in pick_colours(ramp, number))
    ]
    light = [0.2126 * red + 0.7152 * green + 0.0722 * blue for red, green, blue in linear]
    assert light == sorted(light, reverse=True)
    assert len(set(light)) == number


@pytest.mark.parametrize(
    "element",
    [
        folium.Marker([51, -3]),
        folium.Marker([51, -3], icon=folium.Icon()),
        folium.Popup("words"),
        folium.TileLayer("OpenStreetMap"),
        folium.TileLayer("https://tiles.example/{z}/{x}/{y}.png", attr="someone"),
        folium.raster_layers.ImageOverlay("https://example.org/a.png", [[0, 0], [1, 1]]),
        folium.plugins.HeatMap([[51, -3]]),
        folium.plugins.MarkerCluster(),
        LinearColormap(["white", "red"]),
        folium.CircleMarker([51, -3], popup=folium.Popup("words")),
    ],
    ids=lambda element: type(element).__name__,
)
def test_a_map_that_would_call_out_is_refused(element: object) -> None:
    drawn = _OfflineMap(tiles=None)
    assert_offline(drawn)
    drawn.add_child(element)
    with pytest.raises(MapCallsOutError, match="internet"):
        assert_offline(drawn)


def test_a_plain_folium_map_is_refused() -> None:
    with pytest.raises(MapCallsOutError):
        assert_offline(folium.Map(tiles=None))
