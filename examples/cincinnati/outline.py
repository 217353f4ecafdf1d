"""Make the city's outline as GeoJSON from its published boundary rings.

    python examples/cincinnati/outline.py city_boundary_rings.csv outline.geojson

The rings file has the columns ring, lon, lat (degrees). A ring inside another is a hole, one inside a hole is
land again.
"""

import csv
import json
import sys
from pathlib import Path

import shapely


def read_rings(path: Path) -> list[shapely.Polygon]:
    """Each ring of the file as a polygon."""
    rings: dict[str, list[tuple[float, float]]] = {}
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            rings.setdefault(row["ring"], []).append((float(row["lon"]), float(row["lat"])))
    return [shapely.Polygon(points) for points in rings.values()]


def make_outline(rings: list[shapely.Polygon]) -> shapely.Geometry:
    """The city: the area that lies inside an odd number of rings."""
    outline = shapely.Polygon()
    for ring in sorted(rings, key=lambda each: each.area, reverse=True):
        outline = outline.symmetric_difference(shapely.make_valid(ring))
    return outline


def main() -> None:
    """Read the rings named first, write the outline named second."""
    if len(sys.argv) != 3:
        sys.exit("Usage: python outline.py city_boundary_rings.csv outline.geojson")
    rings_file, outline_file = map(Path, sys.argv[1:])
    outline = make_outline(read_rings(rings_file))
    feature = {"type": "Feature", "properties": {"name": "Cincinnati"}, "geometry": shapely.geometry.mapping(outline)}
    outline_file.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}), encoding="utf-8")
    parts = len(shapely.get_parts(outline))
    sys.stdout.write(f"Wrote {outline_file}: {parts} {'part' if parts == 1 else 'parts'}.\n")


if __name__ == "__main__":
    main()
