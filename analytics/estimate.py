"""A number with its interval."""

from dataclasses import dataclass

__all__ = ["Estimate"]


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval; NaN where it cannot be estimated."""

    value: float
    lower: float
    upper: float
