"""The deployment's settings: one TOML file, read once, checked whole, frozen.

Force, nation, time zone, CRS, areas and thresholds belong here and not in the code: another force, another nation or
another country is another file. Without a file the settings are the synthetic South Wales.
"""

import os
import tomllib
from datetime import date
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_validator

from data.validation import validation_problems
from wording import NaloxoneWatchError, _

__all__ = [
    "AgreementSettings",
    "AmbulanceSettings",
    "DisclosureSettings",
    "GeographySettings",
    "HeatMapSettings",
    "ImportSettings",
    "PrivacySettings",
    "Settings",
    "SettingsError",
    "SpikeSettings",
    "StandardSettings",
    "StoreSettings",
    "SupplySettings",
    "TravelSettings",
    "default_config_folder",
    "default_store_folder",
    "load_settings",
]

SETTINGS_VARIABLE = "NALOXONE_WATCH_SETTINGS"
STORE_VARIABLE = "NALOXONE_WATCH_STORE"

Audience = Literal["analyst", "partner", "meeting"]


class SettingsError(NaloxoneWatchError):
    """The settings file cannot be used; the sentence names the file, the setting and what it may hold."""


def default_config_folder() -> Path:
    """The user's configuration folder for this program: settings and key files."""
    if os.name == "nt":
        return Path(os.environ.get("APPDATA", Path.home())) / "naloxone-watch"
    return Path(os.environ.get("XDG_CONFIG_HOME", Path.home() / ".config")) / "naloxone-watch"


def default_store_folder() -> Path:
    """The user's data folder for this program: the encrypted store, never the repository."""
    if os.name == "nt":
        return Path(os.environ.get("LOCALAPPDATA", Path.home())) / "naloxone-watch" / "store"
    return Path(os.environ.get("XDG_DATA_HOME", Path.home() / ".local" / "share")) / "naloxone-watch" / "store"


class _Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class GeographySettings(_Section):
    """Where the force is. Derived from postcodes by force name or authorities unless files say otherwise.

    A file is a GeoPackage, GeoJSON or Shapefile in any stated CRS; relative paths start at the settings file.
    """

    crs: str = "EPSG:27700"
    force: str | None = None
    authorities: tuple[str, ...] = ()
    outline_file: Path | None = None
    small_areas_file: Path | None = None
    small_areas_code: str = "code"
    small_areas_name: str = "name"
    authorities_file: Path | None = None
    authorities_code: str = "code"
    authorities_name: str = "name"
    places_file: Path | None = None
    bcus: dict[str, tuple[str, ...]] = Field(default_factory=dict)


class StoreSettings(_Section):
    """Where the encrypted store is and what it may hold."""

    folder: Path | None = None
    synthetic: bool = True
    # Until sign-in exists, a store of real records opens only on this machine and only where this says so.
    open_real_on_loopback: bool = False
    snapshots_kept: int = Field(default=5, ge=1, le=100)
    # DuckDB's share: with it an import of 1,000,000 rows peaks at 2.8 GB in all; a larger store spills, encrypted.
    memory_limit: str = "800MB"


class PrivacySettings(_Section):
    """What happens to a record before it touches the disk."""

    # 100 m keeps the heat map's smallest bandwidth (200 m) meaningful and no stored point is a front door.
    snap_m: float = Field(default=100.0, ge=1, le=10_000)


class DisclosureSettings(_Section):
    """Thresholds of disclosure control: see analytics.disclosure."""

    smallest_count_shown: int = Field(default=5, ge=3, le=20)
    flagged_under: int = Field(default=20, ge=5)
    averages_from: int = Field(default=8, ge=5)
    partner_bandwidth_m: float = Field(default=500.0, ge=200)
    partner_classes: int = Field(default=7, ge=2, le=7)


class HeatMapSettings(_Section):
    """When a smooth map is drawn at all."""

    # Under this many located administrations a bandwidth cannot be chosen by the data and a surface is a guess.
    fewest_for_surface: int = Field(default=20, ge=5)


class StandardSettings(_Section):
    """One ambulance response standard of the deployment's own; `share` is 0 for a mean, 0.9 for a 90th centile."""

    category: str
    measure: Literal["mean", "centile", "share within"]
    minutes: float = Field(gt=0, le=360)
    minutes_from: float | None = Field(default=None, gt=0)
    share: float = Field(default=0.0, ge=0, le=1)
    first_day: date
    last_day: date | None = None
    source: str = Field(min_length=1)


class AgreementSettings(_Section):
    """An agreement with the ambulance trust on how these calls are answered, and the first day it held."""

    name: str
    first_day: date


class AmbulanceSettings(_Section):
    """How waits for the ambulance are read: which clock, against which standard."""

    kind: Literal["call_to_arrival", "naloxone_to_arrival"] = "call_to_arrival"
    # The first that has a time speaks for a call: a control room's clock before a log, a log before a memory.
    clocks: tuple[Literal["ambulance_cad", "police_log", "officer_estimate", "not_recorded"], ...] = Field(
        default=("ambulance_cad", "police_log", "officer_estimate", "not_recorded"), min_length=1
    )
    # Where any are given they stand in place of the built-in ones (analytics.response_standards).
    standards: tuple[StandardSettings, ...] = ()
    agreements: tuple[AgreementSettings, ...] = ()
    half_life_minutes: float = Field(default=40.0, gt=0, le=1_440)
    half_life_source: str = (
        "Home Office and Ipsos, Police carriage of naloxone: process evaluation, 9 May 2025; product literature says "
        "1.3 to 1.4 hours"
    )
    # Distinct postcode locations per km2 in the 3 km square around a place; a town of 10,000 has about this many.
    rural_below_addresses_per_km2: float = Field(default=25.0, gt=0)


class TravelSettings(_Section):
    """How far a carrier gets in time: straight line at these speeds, or along a road network where one is named."""

    # An assumption: naloxone should be there well before England's slowest ambulance tenth (15 minutes, category 1).
    within_minutes: float = Field(default=10.0, ge=1, le=120)
    # Assumptions for a response car in towns and on main roads between them; a force knows its own.
    day_speed_km_h: float = Field(default=40.0, ge=5, le=150)
    night_speed_km_h: float = Field(default=50.0, ge=5, le=150)
    night_from_hour: int = Field(default=22, ge=0, le=23)
    night_to_hour: int = Field(default=6, ge=0, le=23)
    # Road distance over straight-line distance: see geo.travel.
    detour_factor: float = Field(default=1.3, ge=1, le=3)
    # GraphML, or a GeoPackage of edges; see geo.roads.
    road_graph_file: Path | None = None
    road_graph_layer: str | None = None


class SpikeSettings(_Section):
    """What makes an alert; see analytics.alert_rules. The defaults are the calibrated ones (README)."""

    max_radius_m: float = Field(default=8_000.0, ge=0, le=100_000)
    max_window_days: int = Field(default=7, ge=1, le=28)
    min_cases: int = Field(default=3, ge=2, le=50)
    # 999 could not speak of more than 2.7 years.
    replicates: int = Field(default=9_999, ge=999, le=99_999)
    alert_recurrence_days: float = Field(default=365.0, ge=30, le=9_999)
    watch_recurrence_days: float = Field(default=100.0, ge=7, le=9_999)
    history_days: int = Field(default=730, ge=182, le=3_653)
    seed: int = Field(default=20_250_509, ge=0)


class SupplySettings(_Section):
    """The partnership's meetings, and what kits and training cost; no price is assumed where none is given."""

    # Any one meeting: the others follow every so many months. Without one, the next is so long after the day looked at.
    meeting: date | None = None
    meeting_every_months: int = Field(default=2, ge=1, le=24)
    currency: str = Field(default="£", max_length=4)
    # Prices of one kit, one person's first training, one refresher, and a quarter's monitoring of supply.
    kit_price: float | None = Field(default=None, ge=0)
    first_training_price: float | None = Field(default=None, ge=0)
    refresher_price: float | None = Field(default=None, ge=0)
    monitoring_price: float | None = Field(default=None, ge=0)


class ImportSettings(_Section):
    """Limits that protect the machine from a damaged or hostile file."""

    largest_file_mb: int = Field(default=1024, ge=1)
    # A workbook is read whole; a million rows of ten columns unpack to some 300 MB.
    largest_workbook_mb: int = Field(default=500, ge=1)
    most_rows: int = Field(default=5_000_000, ge=1)
    most_columns: int = Field(default=2_000, ge=10)
    # Characters; rows and cells longer than these are slips of an export, or meant to fill the memory.
    longest_row: int = Field(default=10_000_000, ge=10_000)
    longest_cell: int = Field(default=10_000, ge=100)


class Settings(_Section):
    """Everything a deployment decides."""

    force: str = "South Wales Police"
    nation: Literal["england", "wales", "scotland", "northern_ireland", "elsewhere"] = "wales"
    time_zone: str = "Europe/London"
    language: str = "en_GB"
    audience: Audience = "analyst"
    geography: GeographySettings = GeographySettings()
    store: StoreSettings = StoreSettings()
    privacy: PrivacySettings = PrivacySettings()
    disclosure: DisclosureSettings = DisclosureSettings()
    heat_map: HeatMapSettings = HeatMapSettings()
    ambulance: AmbulanceSettings = AmbulanceSettings()
    travel: TravelSettings = TravelSettings()
    spikes: SpikeSettings = SpikeSettings()
    supply: SupplySettings = SupplySettings()
    imports: ImportSettings = ImportSettings()

    @field_validator("time_zone")
    @classmethod
    def _time_zone_exists(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError) as error:
            raise ValueError("not a time zone name such as Europe/London") from error
        return value

    @property
    def store_folder(self) -> Path:
        """The environment's store folder, else the file's, else the user's data folder."""
        chosen = os.environ.get(STORE_VARIABLE)
        return Path(chosen) if chosen else self.store.folder or default_store_folder()


SYNTHETIC_SOUTH_WALES = Settings(
    geography=GeographySettings(
        force="South Wales",
        places_file=Path(__file__).parent / "south_wales_places.csv",
        bcus={
            "Cardiff and the Vale": ("Cardiff", "Vale of Glamorgan"),
            "Mid Glamorgan": ("Bridgend", "Merthyr Tydfil", "Rhondda Cynon Taf"),
            "Swansea Neath Port Talbot": ("Swansea", "Neath Port Talbot"),
        },
    )
)


def load_settings(path: Path | None = None) -> Settings:
    """Settings from `path`, else from the file the environment names, else from the user's configuration folder.

    Where none of these exists the settings are the synthetic South Wales. Raises SettingsError.
    """
    named = os.environ.get(SETTINGS_VARIABLE)
    chosen = path or (Path(named) if named else default_config_folder() / "settings.toml")
    if not chosen.is_file():
        if path or named:
            raise SettingsError(_("The settings file {file} does not exist.").format(file=chosen))
        return SYNTHETIC_SOUTH_WALES
    try:
        raw = tomllib.loads(chosen.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(
            _("The settings file {file} is not valid TOML: {detail}.").format(file=chosen, detail=error)
        ) from error
    try:
        settings = Settings.model_validate(raw)
    except ValidationError as error:
        raise SettingsError(
            _("The settings file {file} has settings that cannot be used: {problems}.").format(
                file=chosen, problems=validation_problems(error)
            )
        ) from error
    return _resolve_paths(settings, chosen.parent)


def _resolve_paths(settings: Settings, folder: Path) -> Settings:
    """Relative paths in the file start at the file, wherever the program was started."""
    geography = settings.geography
    files = {
        name: folder / value
        for name in ("outline_file", "small_areas_file", "authorities_file", "places_file")
        if (value := getattr(geography, name)) is not None
    }
    store = settings.store.model_copy(
        update={"folder": folder / settings.store.folder if settings.store.folder else None}
    )
    roads = settings.travel.road_graph_file
    travel = settings.travel.model_copy(update={"road_graph_file": folder / roads if roads else None})
    return settings.model_copy(
        update={"geography": geography.model_copy(update=files), "store": store, "travel": travel}
    )
