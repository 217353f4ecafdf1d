"""One cache for the whole run: the directory is read once, and each geography is built once."""

from pathlib import Path

import pytest

from geo.areas import Geography, GeographyRequest, load_geography

SOUTH_WALES = GeographyRequest(
    force="South Wales",
    bcus={
        "Cardiff and the Vale": ("Cardiff", "W06000014"),
        "Mid Glamorgan": ("Bridgend", "Rhondda Cynon Taf", "Merthyr Tydfil"),
        "Swansea Neath Port Talbot": ("Swansea", "Neath Port Talbot"),
    },
)


@pytest.fixture(scope="session")
def cache_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("geography")


@pytest.fixture(scope="session")
def south_wales(cache_folder: Path) -> Geography:
    return load_geography(SOUTH_WALES, cache_folder=cache_folder)
