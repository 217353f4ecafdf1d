"""What can stand for the risk of an overdose, and what each is called."""

from enum import StrEnum

from wording import _

__all__ = ["RiskLayer", "risk_words"]


class RiskLayer(StrEnum):
    """What stands for the risk of an overdose, the one that says most first."""

    CALLS = "calls"
    INCIDENTS = "incidents"
    ADMINISTRATIONS = "administrations"


def risk_words(*, deaths: bool = True) -> dict[RiskLayer, str]:
    """What each layer is called inside a sentence; without `deaths` where the audience is not shown them by place."""
    return {
        RiskLayer.CALLS: _("overdose calls and drug-related deaths") if deaths else _("overdose calls"),
        RiskLayer.INCIDENTS: _("drug incidents"),
        RiskLayer.ADMINISTRATIONS: _("police naloxone administrations"),
    }
