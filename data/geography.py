"""The geography that the deployment's settings ask for, and the map that is drawn on it."""

from pathlib import Path

from data.settings import Settings
from geo.areas import BoundaryFile, Geography, GeographyRequest, load_geography
from geo.basemap import Basemap, load_basemap

__all__ = ["geography_request", "open_basemap", "open_geography"]


def geography_request(settings: Settings) -> GeographyRequest:
    """What `settings` say about places, as geo asks for it. Raises geo.errors.GeographyError."""
    chosen = settings.geography
    return GeographyRequest(
        crs=chosen.crs,
        force=chosen.force,
        authority_codes=chosen.authorities,
        outline_file=chosen.outline_file,
        authorities_file=_boundary(chosen.authorities_file, chosen.authorities_code, chosen.authorities_name),
        small_areas_file=_boundary(chosen.small_areas_file, chosen.small_areas_code, chosen.small_areas_name),
        bcus=tuple(chosen.bcus.items()),
        places_file=chosen.places_file,
    )


def open_geography(settings: Settings, *, cache_folder: Path | None = None) -> Geography:
    """The deployment's geography; from the cache after the first time. Raises geo.errors.GeographyError."""
    return load_geography(geography_request(settings), cache_folder=cache_folder)


def open_basemap(settings: Settings, geography: Geography, *, cache_folder: Path | None = None) -> Basemap:
    """The base map of `geography`, which these settings gave; from the cache after the first time."""
    return load_basemap(geography_request(settings), geography=geography, cache_folder=cache_folder)


def _boundary(path: Path | None, code_column: str, name_column: str) -> BoundaryFile | None:
    return BoundaryFile(path=path, code_column=code_column, name_column=name_column) if path else None
