"""The synthetic force: seeded, at true scale, made as files that are imported like any other."""

from data.demo.force import (
    DEFAULT_SEED,
    MILESTONES,
    QUIET_ADMINISTRATIONS,
    DemoOutcome,
    DemoSizeError,
    PlantedEvent,
    PlantedFileError,
    RawFile,
    SyntheticForce,
    generate,
    make_demo,
    planted_events,
    planted_truth,
    quiet_settings,
)

__all__ = [
    "DEFAULT_SEED",
    "MILESTONES",
    "QUIET_ADMINISTRATIONS",
    "DemoOutcome",
    "DemoSizeError",
    "PlantedEvent",
    "PlantedFileError",
    "RawFile",
    "SyntheticForce",
    "generate",
    "make_demo",
    "planted_events",
    "planted_truth",
    "quiet_settings",
]
