"""One cache for all runs of the same code: the directory is read once, and each geography is built once."""

import shutil
from pathlib import Path

import pytest

from geo.areas import Geography, GeographyRequest, load_geography
from geo.cache import fingerprint

SOUTH_WALES = GeographyRequest(
    force="South Wales",
    bcus={
        "Cardiff and the Vale": ("Cardiff", "W06000014"),
        "Mid Glamorgan": ("Bridgend", "Rhondda Cynon Taf", "Merthyr Tydfil"),
        "Swansea Neath Port Talbot": ("Swansea", "Neath Port Talbot"),
    },
)


@pytest.fixture(scope="session")
def cache_folder(pytestconfig: pytest.Config) -> Path:
    """pytest's own cache, under the fingerprint of code and data: a change of either starts afresh."""
    root = pytestconfig.cache.mkdir("geography")
    current = root / fingerprint()[:16]
    for other in root.iterdir():
        if other != current:
            shutil.rmtree(other, ignore_errors=True)
    return current


@pytest.fixture(scope="session")
def south_wales(cache_folder: Path) -> Geography:
    return load_geography(SOUTH_WALES, cache_folder=cache_folder)
