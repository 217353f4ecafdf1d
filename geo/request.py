"""What a deployment's settings say about its geography."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from geo.boundaries import BoundaryFile, OutlineFile
from geo.errors import NoOutlineError
from geo.projection import check_metric_crs

__all__ = ["GeographyRequest"]


@dataclass(frozen=True)
class GeographyRequest:
    """Which area a deployment covers and whose boundaries it uses: hashable, so that it can key a cache.

    crs: a projected system in metres. force: a UK police force's name. authority_codes: local authorities (codes or
    names), instead of all of a force's. The files replace what would be derived; the outline may also be given as a
    bare path. bcus: groups of authorities (codes or names) by name, as pairs or as a mapping. places_file: the
    deployment's own places (CSV). cell_m: cell of the rasters; chosen by size where not set. small_area_cell_m: side
    of the squares that serve as small areas where there are no postcodes.

    Raises NoOutlineError if it names no area at all, CrsNotMetricError for a system that is not in metres.
    """

    crs: str = "EPSG:27700"
    force: str | None = None
    authority_codes: tuple[str, ...] = ()
    outline_file: OutlineFile | Path | None = None
    authorities_file: BoundaryFile | None = None
    bcus_file: BoundaryFile | None = None
    small_areas_file: BoundaryFile | None = None
    bcus: tuple[tuple[str, tuple[str, ...]], ...] = ()
    places_file: Path | None = None
    cell_m: float | None = None
    small_area_cell_m: float = 1_000.0

    def __post_init__(self) -> None:
        groups = self.bcus.items() if isinstance(self.bcus, Mapping) else self.bcus
        object.__setattr__(self, "bcus", tuple((str(name), tuple(members)) for name, members in groups))
        object.__setattr__(self, "authority_codes", tuple(self.authority_codes))
        if isinstance(self.outline_file, str | Path):
            object.__setattr__(self, "outline_file", OutlineFile(path=Path(self.outline_file)))
        check_metric_crs(self.crs)
        if not (self.force or self.authority_codes or self.outline_file or self.authorities_file):
            raise NoOutlineError
