"""Making a deployment's geography: what its own files say first, the rest from the postcode directory.

Three ways, by settings alone: a UK force without files (land, authorities and districts from addresses), an area with
official boundaries (which replace what would be derived), and an outline where no postcode is known (squares).
"""

from dataclasses import dataclass
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from numpy.typing import NDArray
from scipy import ndimage
from shapely.geometry.base import BaseGeometry

from geo.boundaries import BoundaryFile, OutlineFile, only_polygons, read_areas, read_outline
from geo.districts import superseded_districts
from geo.errors import BoundaryElsewhereError, UnknownAuthorityError
from geo.geography import Geography
from geo.grid import Grid, cell_of_points, count_in_cells, grid_for_window, polygon_mask
from geo.labels import AreaIndex
from geo.land import WIDE_REACH_M, land_around, merge_specks, nearest_address, polygons_of_labels
from geo.places import gather_places
from geo.police_forces import Authority, authority_table, find_authorities, find_force, police_forces
from geo.postcodes import directory_coordinates, letter_boxes, read_directory
from geo.projection import to_wgs84
from geo.request import GeographyRequest

__all__ = ["derive_geography"]

# Cell sizes of the rasters (m): the finest whose grid stays under the limit. South Wales 100, Police Scotland 250.
_CELL_SIZES_M = (100.0, 200.0, 250.0, 500.0, 1_000.0, 2_000.0)
_MOST_CELLS = 5_000_000
# Empty ground kept around the area while land is drawn (m): more than any reach, so that land never meets the edge.
_DRAWING_MARGIN_M = WIDE_REACH_M + 1_000.0
# Authorities whose box of postcodes comes this close (m) to one of the area's are neighbours, and take part.
_NEIGHBOUR_M = 2_000.0
# Roughly a degree of latitude (m); it only widens the box in which addresses are looked for.
_DEGREE_M = 111_000.0
# A postcode district with fewer addresses than this inside the area joins its neighbours: it is the tip of a district
# of the force next door, and too few to be an area of its own.
_FEWEST_ADDRESSES = 25
# Early postcodes, nearly all of them gone, were placed to 100 m only; among those in use one in ten thousand looks so.
_COARSE_M = 100
# Simplification of derived borders (cells): enough to turn the cells' steps into lines.
_SIMPLIFY_CELLS = 1.0
# Above this number the squares are made coarser: scanning more would not finish.
_MOST_SQUARES = 10_000
# Empty ground kept around the outline in the rasters (m), for blur and for smoothing.
_RASTER_MARGIN_M = 1_000.0
# Blur of the footprint (cells), so that addresses read as streets; gain before the logarithm; and the quantile of
# built-up cells from which the footprint is at full strength. Chosen by eye.
_FOOTPRINT_BLUR_CELLS = 1.5
_FOOTPRINT_GAIN = 8.0
_FOOTPRINT_FULL_QUANTILE = 0.995

_DISTRICTS, _SQUARES, _FROM_FILE = "postcode districts", "squares", "boundary file"


@dataclass(frozen=True)
class _Addresses:
    """Distinct postcode locations in and around the area, in metres on the deployment's system."""

    easting_m: NDArray[np.float64]
    northing_m: NDArray[np.float64]
    authority: NDArray[np.object_]
    district: NDArray[np.object_]

    def only(self, chosen: NDArray[np.bool_]) -> "_Addresses":
        return _Addresses(
            easting_m=self.easting_m[chosen],
            northing_m=self.northing_m[chosen],
            authority=self.authority[chosen],
            district=self.district[chosen],
        )


def derive_geography(request: GeographyRequest, *, cache_folder: Path) -> Geography:
    """Make the geography that a request asks for. Raises the errors of geo.errors."""
    members = _members(request)
    official = _official_authorities(request, members)
    outline = _official_outline(request, official)
    around = _addresses_around(request, members=members, outline=outline, cache_folder=cache_folder)
    if outline is None:
        outline, authorities, districts = _from_addresses(around, members, request)
    else:
        authorities, districts = _within_outline(around, outline, members, request)
    if official is not None:
        authorities = official
    own = around.only(shapely.contains_xy(outline, around.easting_m, around.northing_m))
    grid = _grid(request, outline, margin_m=_RASTER_MARGIN_M)
    counts = count_in_cells(grid=grid, easting_m=own.easting_m, northing_m=own.northing_m)
    places = gather_places(outline=outline, crs=request.crs, own_list=request.places_file, cache_folder=cache_folder)
    if request.small_areas_file is not None:
        kind, small_areas = _FROM_FILE, _areas_of_file(request.small_areas_file, outline, request.crs)
    elif len(districts):
        kind, small_areas = _DISTRICTS, districts
    else:
        kind, small_areas = _SQUARES, _squares(outline, side_m=request.small_area_cell_m, crs=request.crs)
    small_areas = _with_middles(small_areas, own, grid)
    return Geography(
        crs=request.crs,
        outline=outline,
        authorities=_with_middles(authorities, own, grid),
        bcus=_with_middles(_command_units(request, authorities, outline), own, grid),
        small_areas=small_areas if kind == _FROM_FILE else _named_after_places(small_areas, places),
        small_area_kind=kind,
        places=places,
        grid=grid,
        addresses=counts.clip(0, np.iinfo(np.uint16).max).astype(np.uint16),
        footprint=_footprint(counts),
    )


def _members(request: GeographyRequest) -> tuple[Authority, ...]:
    """The local authorities the request names; none where an outline alone says where it is."""
    force = find_force(request.force) if request.force else None
    if not request.authority_codes:
        return force.authorities if force else ()
    if force is None and request.authorities_file is not None:
        # Elsewhere in the world, authorities are what the file says they are.
        return tuple(Authority(code=code, name=code) for code in request.authority_codes)
    everywhere = tuple(authority for each in police_forces() for authority in each.authorities)
    return find_authorities(request.authority_codes, among=force.authorities if force else everywhere)


def _official_authorities(request: GeographyRequest, members: tuple[Authority, ...]) -> gpd.GeoDataFrame | None:
    if request.authorities_file is None:
        return None
    areas = read_areas(request.authorities_file, crs=request.crs)
    missing = [member.code for member in members if member.code not in set(areas["code"])]
    if missing:
        raise UnknownAuthorityError(name=missing[0], near_matches=areas["code"].head(3).tolist())
    return areas[areas["code"].isin([member.code for member in members])] if members else areas


def _official_outline(request: GeographyRequest, official: gpd.GeoDataFrame | None) -> BaseGeometry | None:
    if isinstance(request.outline_file, OutlineFile):
        return read_outline(request.outline_file, crs=request.crs)
    return only_polygons(official.union_all()) if official is not None else None


def _addresses_around(
    request: GeographyRequest, *, members: tuple[Authority, ...], outline: BaseGeometry | None, cache_folder: Path
) -> _Addresses:
    """The addresses of the area and of its neighbours, one for each location."""
    table = letter_boxes()
    if outline is None:
        near = table[_close(table, table[table["authority_code"].isin([member.code for member in members])])]
    else:
        x0, y0, x1, y1 = outline.bounds
        latitude, longitude = to_wgs84(easting_m=[x0, x0, x1, x1], northing_m=[y0, y1, y0, y1], crs=request.crs)
        sides = {"west": longitude.min(), "south": latitude.min(), "east": longitude.max(), "north": latitude.max()}
        near = table[_close(table, pd.DataFrame([sides]))]
    rows = read_directory(letters=set(near["letter"]), cache_folder=cache_folder)
    rows = _in_use(rows[rows["authority"].isin(near["authority_code"])])
    easting_m, northing_m = directory_coordinates(rows, crs=request.crs)
    return _Addresses(
        easting_m=easting_m,
        northing_m=northing_m,
        authority=rows["authority"].to_numpy(dtype=object),
        district=rows["district"].to_numpy(dtype=object),
    )


def _close(boxes: pd.DataFrame, others: pd.DataFrame) -> NDArray[np.bool_]:
    """Which boxes (in degrees) lie within the neighbours' distance of any of the others."""
    more_north = _NEIGHBOUR_M / _DEGREE_M
    more_east = more_north / np.cos(np.radians(others["north"].to_numpy()))
    west, south, east, north = (boxes[side].to_numpy()[:, None] for side in ("west", "south", "east", "north"))
    return (
        (west <= others["east"].to_numpy() + more_east)
        & (east >= others["west"].to_numpy() - more_east)
        & (south <= others["north"].to_numpy() + more_north)
        & (north >= others["south"].to_numpy() - more_north)
    ).any(axis=1)


def _in_use(rows: pd.DataFrame) -> pd.DataFrame:
    """Rows of the directory worth drawing from: one a location, placed better than to 100 m, of districts in use."""
    coarse = (rows["easting"] % _COARSE_M == 0) & (rows["northing"] % _COARSE_M == 0)
    rows = rows[~coarse].drop_duplicates(["easting", "northing", "district"])
    gone = superseded_districts(
        easting=rows["easting"].to_numpy(), northing=rows["northing"].to_numpy(), district=rows["district"].to_numpy()
    )
    return rows[~rows["district"].isin(gone)].drop_duplicates(["easting", "northing"])


def _from_addresses(
    around: _Addresses, members: tuple[Authority, ...], request: GeographyRequest
) -> tuple[BaseGeometry, gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Outline, authorities and postcode districts of the member authorities."""
    codes = [member.code for member in members]
    own = around.only(_among(around.authority, codes))
    window = shapely.box(own.easting_m.min(), own.northing_m.min(), own.easting_m.max(), own.northing_m.max())
    grid = _grid(request, window, margin_m=_DRAWING_MARGIN_M)
    counts = count_in_cells(grid=grid, easting_m=around.easting_m, northing_m=around.northing_m)
    land = land_around(addresses=counts, cell_m=grid.cell_m)
    # Members come first, so that a label below their number is one of the area's own authorities.
    known = [*codes, *sorted(set(around.authority) - set(codes))]
    authority = _nearest_label(around, around.authority, known, grid)
    authority = merge_specks(labels=np.where(land, authority, -1), cell_m=grid.cell_m)
    mine = (authority >= 0) & (authority < len(codes))
    authorities, districts = _draw(
        authority=np.where(mine, authority, -1),
        own=own,
        names={m.code: m.name for m in members},
        grid=grid,
        request=request,
    )
    return only_polygons(shapely.coverage_union_all(authorities.geometry.to_numpy())), authorities, districts


def _within_outline(
    around: _Addresses, outline: BaseGeometry, members: tuple[Authority, ...], request: GeographyRequest
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Authorities and postcode districts inside a given outline; both empty where it holds no addresses."""
    own = around.only(shapely.contains_xy(outline, around.easting_m, around.northing_m))
    codes = [member.code for member in members] or _frequent(own.authority)
    names = {code: authority_table().at[code, "authority"] for code in codes if code in authority_table().index}
    own = own.only(_among(own.authority, list(names)))
    if not own.easting_m.size:
        return _no_areas(request.crs), _no_areas(request.crs)
    grid = _grid(request, outline, margin_m=_RASTER_MARGIN_M)
    # A little more than the outline, so that cutting the areas along it leaves no gap.
    wide = polygon_mask(grid=grid, polygon=outline.buffer(3 * grid.cell_m))
    authority = np.where(wide, _nearest_label(own, own.authority, list(names), grid), -1)
    authority = merge_specks(labels=authority, cell_m=grid.cell_m)
    drawn = _draw(authority=authority, own=own, names=names, grid=grid, request=request)
    authorities, districts = (_cut(areas, outline) for areas in drawn)
    return authorities, districts


def _draw(
    *, authority: NDArray[np.int32], own: _Addresses, names: dict[str, str], grid: Grid, request: GeographyRequest
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame]:
    """Polygons of authorities and districts from labelled cells, nested exactly: both are made of the same pieces."""
    codes = list(names)
    kept = _frequent(own.district)
    chosen = own.only(_among(own.district, kept))
    district = _nearest_label(chosen, chosen.district, kept, grid)
    district = merge_specks(labels=np.where(authority >= 0, district, -1), cell_m=grid.cell_m)
    pieces = np.where(authority >= 0, authority * len(kept) + district, -1)
    found, shapes = polygons_of_labels(labels=pieces, grid=grid, tolerance_m=_SIMPLIFY_CELLS * grid.cell_m)
    frame = gpd.GeoDataFrame(
        {"authority": found // len(kept), "district": found % len(kept)}, geometry=shapes, crs=request.crs
    )
    authorities = frame.dissolve("authority", method="coverage")
    districts = frame.dissolve("district", method="coverage")
    return (
        _areas([codes[i] for i in authorities.index], [names[codes[i]] for i in authorities.index], authorities),
        _areas([kept[i] for i in districts.index], [kept[i] for i in districts.index], districts),
    )


def _nearest_label(
    addresses: _Addresses, values: NDArray[np.object_], known: list[str], grid: Grid
) -> NDArray[np.int32]:
    """For each cell, the position in `known` of the value of its nearest address."""
    row, column = cell_of_points(grid=grid, easting_m=addresses.easting_m, northing_m=addresses.northing_m)
    labels = np.full(grid.shape, -1, dtype=np.int32)
    label = pd.Index(known).get_indexer(values)
    labels[row[row >= 0], column[row >= 0]] = label[row >= 0]
    return labels[nearest_address(occupied=labels >= 0)]


def _among(values: NDArray[np.object_], chosen: list[str]) -> NDArray[np.bool_]:
    """Which values are among the chosen ones (by hashing: numpy sorts text, which takes seconds for Scotland)."""
    return pd.Series(values).isin(chosen).to_numpy()


def _frequent(values: NDArray[np.object_]) -> list[str]:
    """The values that occur often enough to be an area, sorted; all of them if none does."""
    counts = pd.Series(values).value_counts()
    often = counts.index[counts >= _FEWEST_ADDRESSES]
    return sorted(often if len(often) else counts.index)


def _grid(request: GeographyRequest, window: BaseGeometry, *, margin_m: float) -> Grid:
    if request.cell_m is not None:
        return grid_for_window(window=window, cell_m=request.cell_m, margin_m=margin_m)
    west, south, east, north = window.bounds
    surface_m2 = (east - west + 2 * _DRAWING_MARGIN_M) * (north - south + 2 * _DRAWING_MARGIN_M)
    fitting = [cell_m for cell_m in _CELL_SIZES_M if surface_m2 / cell_m**2 <= _MOST_CELLS]
    return grid_for_window(window=window, cell_m=fitting[0] if fitting else _CELL_SIZES_M[-1], margin_m=margin_m)


def _command_units(request: GeographyRequest, authorities: gpd.GeoDataFrame, outline: BaseGeometry) -> gpd.GeoDataFrame:
    if request.bcus_file is not None:
        return _areas_of_file(request.bcus_file, outline, request.crs)
    if not request.bcus:
        return _no_areas(request.crs)
    among = [Authority(code=row.code, name=row.name) for row in authorities[["code", "name"]].itertuples(name="Row")]
    names = [name for name, _members in request.bcus]
    shapes = []
    for _name, wanted in request.bcus:
        codes = [each.code for each in find_authorities(wanted, among=among)]
        shapes.append(only_polygons(authorities[authorities["code"].isin(codes)].union_all()))
    return gpd.GeoDataFrame({"code": names, "name": names}, geometry=shapes, crs=request.crs)


def _squares(outline: BaseGeometry, *, side_m: float, crs: str) -> gpd.GeoDataFrame:
    """Squares cut along the outline, named by the column and row of their south-west corner ("E712N4331")."""
    while outline.area / side_m**2 > _MOST_SQUARES:
        side_m *= 2
    grid = grid_for_window(window=outline, cell_m=side_m)
    row, column = (each.ravel() for each in np.indices(grid.shape))
    west, south = grid.x0_m + column * side_m, grid.y0_m + row * side_m
    code = [f"E{e:.0f}N{n:.0f}" for e, n in zip(np.round(west / side_m), np.round(south / side_m), strict=True)]
    squares = gpd.GeoDataFrame(
        {"code": code, "name": code}, geometry=shapely.box(west, south, west + side_m, south + side_m), crs=crs
    )
    return _cut(squares, outline)


def _cut(areas: gpd.GeoDataFrame, outline: BaseGeometry) -> gpd.GeoDataFrame:
    """The areas' parts inside an outline; what lies outside it, or has no surface left, is dropped."""
    shapely.prepare(outline)
    shapes = areas.geometry.to_numpy()
    crossing = ~shapely.contains_properly(outline, shapes)
    shapes[crossing] = [only_polygons(shape) for shape in shapely.intersection(shapes[crossing], outline)]
    cut = areas.set_geometry(gpd.GeoSeries(shapes, index=areas.index, crs=areas.crs))
    return cut[cut.geometry.area > 0].reset_index(drop=True)


def _areas_of_file(file: BoundaryFile, outline: BaseGeometry, crs: str) -> gpd.GeoDataFrame:
    """The areas of a file (perhaps of the whole country) whose middle lies in the outline, whole."""
    areas = read_areas(file, crs=crs)
    mine = areas[areas.representative_point().within(outline)].reset_index(drop=True)
    if mine.empty:
        raise BoundaryElsewhereError(path=file.path, crs=crs)
    return mine


def _with_middles(areas: gpd.GeoDataFrame, own: _Addresses, grid: Grid) -> gpd.GeoDataFrame:
    """Areas with the number of their addresses and with their middle: of the addresses, or of the surface."""
    position = AreaIndex(areas=areas, grid=grid).position(easting_m=own.easting_m, northing_m=own.northing_m)
    within = position >= 0
    count = np.bincount(position[within], minlength=len(areas))
    middles = {}
    for column, values, surface in (
        ("easting_m", own.easting_m, areas.centroid.x.to_numpy()),
        ("northing_m", own.northing_m, areas.centroid.y.to_numpy()),
    ):
        total = np.bincount(position[within], weights=values[within], minlength=len(areas))
        middles[column] = np.divide(total, count, out=surface.copy(), where=count > 0)
    return gpd.GeoDataFrame(
        {"code": areas["code"].to_numpy(), "name": areas["name"].to_numpy(), "addresses": count, **middles},
        geometry=areas.geometry.to_numpy(),
        crs=areas.crs,
    )


def _named_after_places(areas: gpd.GeoDataFrame, places: pd.DataFrame) -> gpd.GeoDataFrame:
    """Areas whose name says where they are: "CF10, Cardiff"."""
    if places.empty:
        return areas
    offset = shapely.STRtree(shapely.points(places[["easting_m", "northing_m"]]))
    nearest = offset.nearest(shapely.points(areas[["easting_m", "northing_m"]]))
    return areas.assign(name=areas["code"] + ", " + places["name"].to_numpy()[nearest])


def _footprint(counts: NDArray[np.int64]) -> NDArray[np.float32]:
    """How built-up each cell is, 0 to 1: the logarithm of blurred address counts."""
    blurred = np.log1p(_FOOTPRINT_GAIN * ndimage.gaussian_filter(counts.astype(np.float32), _FOOTPRINT_BLUR_CELLS))
    built_up = blurred[counts > 0]
    full = np.quantile(built_up, _FOOTPRINT_FULL_QUANTILE) if built_up.size else 1.0
    return (blurred / full).clip(0, 1).astype(np.float32)


def _areas(codes: list[str], names: list[str], shapes: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": codes, "name": names}, geometry=shapes.geometry.to_numpy(), crs=shapes.crs)


def _no_areas(crs: str) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame({"code": [], "name": []}, geometry=[], crs=crs)
