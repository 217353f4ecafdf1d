"""What the coverage map draws: risk in reach in blue, risk out of reach in red and hatched, the edge, the bases."""

from dataclasses import replace

from analytics.disclosure import NOTHING_CLASS, OUTSIDE_CLASS
from analytics.findings.ground import AreaLevel
from analytics.findings.reach_map import ReachMap
from pages.components.map_layers import (
    Ground,
    MapLayers,
    cells_as_geojson,
    limit_words,
    outline_layers,
    outlines_as_geojson,
    over_signed,
)
from pages.components.theme import TEXT
from wording import _

__all__ = ["reach_layers"]


def reach_layers(found: ReachMap, *, ground: Ground, level: AreaLevel) -> MapLayers:
    """The layers of one hour's map; its tables have the numbers."""
    layers = outline_layers(
        found.bases,
        ground=ground,
        level=level,
        sure="",
        unsure="",
        alt=_("Map of risk within reach of carriers on shift and of risk that is not; the tables have the numbers."),
    )
    layers = over_signed(layers, found.far, found.near, ground=ground, above=limit_words, below=limit_words)
    for feature in layers.outlines["features"] if layers.outlines else ():
        feature["properties"]["fill"] = TEXT
    edge = outlines_as_geojson(found.edge, crs=ground.crs)
    for feature in edge["features"]:
        feature["properties"]["colour"] = TEXT
    hatched = None
    if found.far is not None:
        uncovered = (found.far.classes != NOTHING_CLASS) & (found.far.classes != OUTSIDE_CLASS)
        hatched = cells_as_geojson(uncovered, found.far, ground.crs)
    unit = ""
    if found.near:
        unit = _("{unit}; blue in reach, red and hatched not").format(unit=found.near.unit)
    elif found.far:
        unit = _("{unit}; red and hatched: not in reach").format(unit=found.far.unit)
    return replace(
        layers,
        # Names of bases would hide those of places; a base says its own when it is pointed at.
        ranks=(),
        hatched=hatched,
        contours=edge if edge["features"] else None,
        legend=replace(
            layers.legend,
            unit=unit,
            hatched=found.far_words if hatched else "",
            dashed=((TEXT, _("edge of what is in reach")),) if edge["features"] else (),
        ),
    )
