"""What can be wrong with a deployment's geography, each as a sentence that says what to do."""

from collections.abc import Sequence
from pathlib import Path

from wording import NaloxoneWatchError, _, join_words

__all__ = [
    "BoundaryElsewhereError",
    "CrsNotMetricError",
    "DuplicateCodeError",
    "EmptyBoundaryError",
    "GeographyError",
    "MissingColumnError",
    "MissingCrsError",
    "NoOutlineError",
    "NotPolygonsError",
    "PlaceListError",
    "UnknownAreaError",
    "UnknownAuthorityError",
    "UnknownForceError",
    "UnreadableBoundaryError",
]


class GeographyError(NaloxoneWatchError):
    """The base of every error about places, boundaries and coordinates."""


class UnknownForceError(GeographyError):
    """No UK police force has this name."""

    def __init__(self, *, name: str, near_matches: Sequence[str]) -> None:
        if near_matches:
            advice = _("Did you mean {names}?").format(names=_either(near_matches))
        else:
            advice = _("Use a force's own name, such as South Wales, Police Scotland or PSNI.")
        super().__init__(
            _("There is no UK police force called “{name}”. {advice}").format(name=name.strip(), advice=advice)
        )


class UnknownAuthorityError(GeographyError):
    """A local authority code or name that is not known here."""

    def __init__(self, *, name: str, near_matches: Sequence[str]) -> None:
        if near_matches:
            advice = _("Did you mean {names}?").format(names=_either(near_matches))
        else:
            advice = _("Use a code such as W06000015 or the authority's own name.")
        super().__init__(
            _("There is no local authority “{name}” in this deployment. {advice}").format(name=name, advice=advice)
        )


class CrsNotMetricError(GeographyError):
    """The deployment's coordinate reference system does not measure in metres."""

    def __init__(self, *, crs: str) -> None:
        super().__init__(
            _(
                "The coordinate reference system “{crs}” cannot be used: distances need a projected system in metres. "
                "Set one, such as EPSG:27700 (Great Britain), EPSG:29903 (Ireland) or the local UTM zone."
            ).format(crs=crs)
        )


class UnreadableBoundaryError(GeographyError):
    """A boundary file that is missing or that no reader understands."""

    def __init__(self, *, path: Path, reason: str) -> None:
        super().__init__(
            _(
                "The boundary file {path} cannot be read: {reason}. "
                "Give a GeoPackage, a GeoJSON or a Shapefile (with its .shx, .dbf and .prj beside it)."
            ).format(path=path, reason=reason.strip().rstrip("."))
        )


class MissingCrsError(GeographyError):
    """A boundary file that does not say which coordinates it uses."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(
            _(
                "The boundary file {path} does not say which coordinate reference system it uses, so its places cannot "
                "be known. Add the .prj file, or save it again as a GeoPackage with its system set."
            ).format(path=path)
        )


class EmptyBoundaryError(GeographyError):
    """A boundary file without a single area."""

    def __init__(self, *, path: Path) -> None:
        super().__init__(
            _(
                "The boundary file {path} holds no areas, or none with the value that the settings ask for. "
                "Check the value, or export the file again with its areas."
            ).format(path=path)
        )


class NotPolygonsError(GeographyError):
    """A boundary file with points or lines where areas are needed, or areas that cannot be repaired."""

    def __init__(self, *, path: Path, row: int) -> None:
        super().__init__(
            _(
                "The boundary file {path} must hold areas (polygons) only, but its row {row} is not one. "
                "Remove the row or repair its shape."
            ).format(path=path, row=row)
        )


class MissingColumnError(GeographyError):
    """A column that the settings name but the file lacks."""

    def __init__(self, *, path: Path, column: str, columns: Sequence[str]) -> None:
        super().__init__(
            _("The file {path} has no column “{column}”. Its columns are {columns}.").format(
                path=path, column=column, columns=join_words([str(each) for each in columns]) or _("none")
            )
        )


class DuplicateCodeError(GeographyError):
    """Two areas with one code, or an area without a code."""

    def __init__(self, *, path: Path, column: str) -> None:
        super().__init__(
            _(
                "The boundary file {path} has two areas with the same “{column}”, or one without it. "
                "Every area needs its own code."
            ).format(path=path, column=column)
        )


class NoOutlineError(GeographyError):
    """Neither a force nor authorities nor an outline: nowhere to draw."""

    def __init__(self) -> None:
        super().__init__(
            _(
                "The settings do not say which area this deployment covers. Set a UK police force, "
                "local authority codes, or the file of an outline."
            )
        )


class BoundaryElsewhereError(GeographyError):
    """Boundaries that the deployment's system cannot express, or none of which lies where the deployment is."""

    def __init__(self, *, path: Path, crs: str) -> None:
        super().__init__(
            _(
                "No area of the boundary file {path} can be used with this deployment and its coordinate reference "
                "system {crs}. Check that the file, the system and the outline are of the same part of the world."
            ).format(path=path, crs=crs)
        )


class PlaceListError(GeographyError):
    """The deployment's own list of places cannot be used."""

    def __init__(self, *, path: Path, reason: str) -> None:
        super().__init__(
            _(
                "The list of places {path} cannot be used: {reason}. It needs the columns name, latitude and longitude "
                "(or name, easting_m and northing_m), and may have population."
            ).format(path=path, reason=reason.strip().rstrip("."))
        )


class UnknownAreaError(GeographyError):
    """An area code that this deployment does not have."""

    def __init__(self, *, code: str) -> None:
        super().__init__(
            _("There is no area “{code}” in this deployment. Choose one of its listed areas.").format(code=code)
        )


def _either(names: Sequence[str]) -> str:
    """ "A", "A or B", "A, B or C"."""
    *first, last = names
    return _("{names} or {last}").format(names=", ".join(first), last=last) if first else last
