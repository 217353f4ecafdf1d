"""A deployment's geography: outline, authorities, command units, small areas, places and where the addresses are.

`load_geography` makes it from a `GeographyRequest` (settings, not code) and keeps it on disk. In the UK it comes from
the ONS postcode directory (OGL v3); boundary files win where the deployment has them; elsewhere an outline is enough:
small areas are then squares and the denominator is uniform.
"""

import dataclasses
import glob
import hashlib
import json
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from geo.boundaries import BoundaryFile, OutlineFile
from geo.cache import default_cache_folder, find_entry, fingerprint, make_entry
from geo.derive import derive_geography
from geo.geography import LAYERS, NOT_LOCATED, OUTSIDE, AreaLabels, Geography, NearestPlaces
from geo.grid import Grid
from geo.request import GeographyRequest

__all__ = [
    "NOT_LOCATED",
    "OUTSIDE",
    "AreaLabels",
    "BoundaryFile",
    "Geography",
    "GeographyRequest",
    "NearestPlaces",
    "OutlineFile",
    "geography_key",
    "load_geography",
]

_FACTS, _OUTLINE, _PLACES, _RASTERS = "facts.json", "outline.wkb", "places.parquet", "rasters.npz"


def load_geography(request: GeographyRequest, *, cache_folder: Path | None = None) -> Geography:
    """The geography a request asks for, from the cache where it was made before from the same files and versions.

    The cache is `cache_folder`, or the folder named by NALOXONE_WATCH_CACHE, or the user's own cache folder. Raises the
    errors of geo.errors: an unknown force or authority, a boundary file or a list of places that cannot be used.
    """
    root = default_cache_folder() if cache_folder is None else cache_folder
    folder = root / f"geography-{geography_key(request)}"
    if find_entry(folder):
        return _read(folder)
    geography = derive_geography(request, cache_folder=root)
    make_entry(folder, write_files=lambda staging: _write(geography, staging))
    return geography


def geography_key(request: GeographyRequest) -> str:
    """What names a derived result in the cache: the request, its files by content, versions of data and code."""
    wanted = json.dumps(dataclasses.asdict(request), default=_contents, sort_keys=True)
    return hashlib.sha256(f"{fingerprint()} {wanted}".encode()).hexdigest()[:32]


def _contents(path: Path) -> str:
    """A hash of a file and of what lies beside it under the same name: a Shapefile is several files."""
    digest = hashlib.sha256(path.name.encode())
    for part in sorted(path.parent.glob(f"{glob.escape(path.stem)}.*")):
        digest.update(part.name.encode())
        digest.update(part.read_bytes())
    return digest.hexdigest()


def _write(geography: Geography, folder: Path) -> None:
    for layer in LAYERS:
        getattr(geography, layer).to_parquet(folder / f"{layer}.parquet", index=False)
    (folder / _OUTLINE).write_bytes(shapely.to_wkb(geography.outline))
    geography.places.to_parquet(folder / _PLACES, index=False)
    np.savez_compressed(folder / _RASTERS, addresses=geography.addresses, footprint=geography.footprint)
    facts = {
        "crs": geography.crs,
        "small_area_kind": geography.small_area_kind,
        "grid": dataclasses.asdict(geography.grid),
    }
    (folder / _FACTS).write_text(json.dumps(facts), encoding="utf-8")


def _read(folder: Path) -> Geography:
    facts = json.loads((folder / _FACTS).read_text(encoding="utf-8"))
    authorities, bcus, small_areas = (gpd.read_parquet(folder / f"{layer}.parquet") for layer in LAYERS)
    with np.load(folder / _RASTERS, allow_pickle=False) as rasters:
        addresses, footprint = rasters["addresses"], rasters["footprint"]
    return Geography(
        crs=facts["crs"],
        outline=shapely.from_wkb((folder / _OUTLINE).read_bytes()),
        authorities=authorities,
        bcus=bcus,
        small_areas=small_areas,
        small_area_kind=facts["small_area_kind"],
        places=pd.read_parquet(folder / _PLACES),
        grid=Grid(**facts["grid"]),
        addresses=addresses,
        footprint=footprint,
    )
