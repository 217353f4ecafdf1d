"""What administrations are compared with: addresses, overdose calls, drug incidents, or the even surface.

None of them is the truth about overdoses. Addresses say where people live; calls are made only where somebody calls;
drug incidents are found where police look.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analytics.density import DensitySurface
from analytics.findings.question import Question
from analytics.hotspots import denominator_cells
from wording import NaloxoneWatchError, _

__all__ = ["Layer", "LayerMissingError", "layer_caveat", "layer_cells", "layer_points", "layer_words"]

Floats = NDArray[np.float64]


class Layer(StrEnum):
    """A comparison layer."""

    ADDRESSES = "addresses"
    CALLS = "calls"
    INCIDENTS = "incidents"
    EVEN = "even"


# Kinds of event that each layer is made of. Calls and deaths do not wait for a carrier, so they are one layer.
_KINDS = {Layer.CALLS: ("ambulance_overdose_call", "drug_related_death"), Layer.INCIDENTS: ("drug_incident",)}


class LayerMissingError(NaloxoneWatchError):
    """The store or the map has nothing of the layer in this period and area."""

    def __init__(self, *, layer: Layer) -> None:
        sentence = (
            _("No addresses are known here: the postcode directory covers Great Britain and Northern Ireland.")
            if layer is Layer.ADDRESSES
            else _("An even spread is not a layer of events. Choose another comparison.")
            if layer is Layer.EVEN
            else _(
                "There are no {layer} with a place in this period and area. Import them into the table risk_events, or"
                " choose another comparison."
            )
        )
        super().__init__(sentence.format(layer=layer_words()[layer]))


def layer_words() -> dict[Layer, str]:
    """What each layer is called inside a sentence."""
    return {
        Layer.ADDRESSES: _("addresses"),
        Layer.CALLS: _("overdose calls and drug-related deaths"),
        Layer.INCIDENTS: _("drug incidents"),
        Layer.EVEN: _("an even spread over the area"),
    }


def layer_caveat(layer: Layer) -> str:
    """What a comparison with the layer can and cannot show."""
    return {
        Layer.ADDRESSES: _(
            "Addresses say where people live, not where they spend the day: a town centre can stand out for that alone."
        ),
        Layer.CALLS: _(
            "Calls and deaths do not depend on police, but a call needs somebody who calls, and some are not overdoses."
        ),
        Layer.INCIDENTS: _(
            "Drug incidents are recorded where police look for them: where they patrol more, both layers rise together."
        ),
        Layer.EVEN: _(
            "Against an even spread every town stands out: this says only that administrations are not spread evenly."
        ),
    }[layer]


def layer_cells(question: Question, layer: Layer, surface: DensitySurface) -> Floats | None:
    """What of the layer lies in each cell of the surface, shape (rows, columns); None for the even spread.

    Raises LayerMissingError where there is nothing of it, EmptyDenominatorError where none lies in the area.
    """
    if layer is Layer.EVEN:
        return None
    easting_m, northing_m, weight = _weighted_points(question, layer)
    return denominator_cells(surface=surface, easting_m=easting_m, northing_m=northing_m, weights=weight)


def layer_points(question: Question, layer: Layer) -> tuple[Floats, Floats]:
    """Eastings and northings of the layer's events, one by one. Raises LayerMissingError, for the even spread too."""
    easting_m, northing_m, weight = _weighted_points(question, layer)
    times = weight.astype(np.int64)
    return np.repeat(easting_m, times), np.repeat(northing_m, times)


def _weighted_points(question: Question, layer: Layer) -> tuple[Floats, Floats, Floats]:
    """Points and how many stand at each."""
    if layer is Layer.ADDRESSES and question.geography.has_addresses:
        geography = question.geography
        row, column = np.nonzero(geography.addresses)
        easting_m, northing_m = geography.grid.easting_m[column], geography.grid.northing_m[row]
        return easting_m, northing_m, geography.addresses[row, column].astype(np.float64)
    if layer in _KINDS:
        events = question.store.risk_events(filters=question.filters, scope=question.scope, kinds=_KINDS[layer])
        if events.easting_m.size:
            return events.easting_m, events.northing_m, np.ones(events.easting_m.size)
    raise LayerMissingError(layer=layer)
