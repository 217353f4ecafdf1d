"""What administrations are compared with: addresses, residents, overdose calls, drug incidents, or the even surface.

None of them is the truth about overdoses. Addresses and residents say where people live; calls are made only where
somebody calls; drug incidents are found where police look.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from analytics.density import DensitySurface
from analytics.findings.question import Question
from analytics.hotspots import denominator_cells
from data.store import Populations
from geo.areas import OUTSIDE, Geography
from wording import NaloxoneWatchError, _

__all__ = ["EVENT_KINDS", "Layer", "LayerMissingError", "layer_caveat", "layer_cells", "layer_points", "layer_words"]

Floats = NDArray[np.float64]


class Layer(StrEnum):
    """A comparison layer."""

    ADDRESSES = "addresses"
    RESIDENTS = "residents"
    CALLS = "calls"
    INCIDENTS = "incidents"
    EVEN = "even"


EVENT_KINDS = {Layer.CALLS: ("ambulance_overdose_call", "drug_related_death"), Layer.INCIDENTS: ("drug_incident",)}
"""Kinds of event that each layer is made of. Calls and deaths do not wait for a carrier, so they are one layer."""


class LayerMissingError(NaloxoneWatchError):
    """The store or the map has nothing of the layer in this period and area."""

    def __init__(self, *, layer: Layer) -> None:
        sentence = (
            _("No addresses are known here: the postcode directory covers Great Britain and Northern Ireland.")
            if layer is Layer.ADDRESSES
            else _("An even spread is not a layer of events. Choose another comparison.")
            if layer is Layer.EVEN
            else _(
                "No residents with a place or an area are in the store. Bring them in on the page “Data quality”, or"
                " choose another comparison."
            )
            if layer is Layer.RESIDENTS
            else _(
                "There are no {layer} with a place in this period and area. Bring them in on the page “Data quality”,"
                " or choose another comparison."
            )
        )
        super().__init__(sentence.format(layer=layer_words()[layer]))


def layer_words(*, deaths: bool = True) -> dict[Layer, str]:
    """What each layer is called inside a sentence; without `deaths` where the audience is not shown them by place."""
    return {
        Layer.ADDRESSES: _("addresses"),
        Layer.RESIDENTS: _("residents"),
        Layer.CALLS: _("overdose calls and drug-related deaths") if deaths else _("overdose calls"),
        Layer.INCIDENTS: _("drug incidents"),
        Layer.EVEN: _("an even spread over the area"),
    }


def layer_caveat(question: Question, layer: Layer) -> str:
    """What a comparison with the layer can and cannot show."""
    caveat = {
        Layer.ADDRESSES: _(
            "Addresses say where people live, not where they spend the day: a town centre can stand out for that alone."
        ),
        Layer.RESIDENTS: _(
            "Residents are counted where they sleep, not where they spend the day. Those of an area are spread over its"
            " addresses."
        ),
        Layer.CALLS: _(
            "Calls and deaths do not depend on police, but a call needs somebody who calls, and some are not overdoses."
        ),
        Layer.INCIDENTS: _(
            "Drug incidents are recorded where police look for them: where they patrol more, both layers rise together."
            " Those known by month alone count where the whole month is in the period."
        ),
        Layer.EVEN: _(
            "Against an even spread every town stands out: this says only that administrations are not spread evenly."
        ),
    }[layer]
    if layer is not Layer.RESIDENTS:
        return caveat
    year = question.store.populations(last_day=question.filters.last_day).year
    return caveat if year is None else _("{caveat} They are those of {year}.").format(caveat=caveat, year=year)


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
    # Residents that were spread come in parts: the parts are added up and given out where a whole one is reached.
    times = np.diff(np.rint(np.cumsum(weight)).astype(np.int64), prepend=0)
    return np.repeat(easting_m, times), np.repeat(northing_m, times)


def _weighted_points(question: Question, layer: Layer) -> tuple[Floats, Floats, Floats]:
    """Points and how many stand at each."""
    if layer is Layer.ADDRESSES and question.geography.has_addresses:
        geography = question.geography
        row, column = np.nonzero(geography.addresses)
        easting_m, northing_m = geography.grid.easting_m[column], geography.grid.northing_m[row]
        return easting_m, northing_m, geography.addresses[row, column].astype(np.float64)
    if layer is Layer.RESIDENTS:
        people = question.store.populations(last_day=question.filters.last_day)
        residents = _residents(question.geography, people)
        if residents[0].size:
            return residents
    if layer in EVENT_KINDS:
        events = question.store.risk_events(filters=question.filters, scope=question.scope, kinds=EVENT_KINDS[layer])
        if events.easting_m.size:
            return events.easting_m, events.northing_m, np.ones(events.easting_m.size)
    raise LayerMissingError(layer=layer)


def _residents(geography: Geography, people: Populations) -> tuple[Floats, Floats, Floats]:
    """Where residents live: at their point, or spread over the addresses of the smallest area they are known by."""
    located = np.isfinite(people.easting_m)
    parts = [(people.easting_m[located], people.northing_m[located], people.persons[located])]
    waiting = ~located
    for level in ("small_area", "authority", "bcu"):
        codes = getattr(people, level)
        known = waiting & np.array([code is not None and code not in ("", OUTSIDE) for code in codes], dtype=bool)
        if known.any():
            parts.append(_spread(geography, level, codes[known], people.persons[known]))
        waiting &= ~known
    easting_m, northing_m, weight = (np.concatenate(each) for each in zip(*parts, strict=True))
    return easting_m, northing_m, weight


def _spread(
    geography: Geography, level: str, codes: NDArray[np.object_], persons: Floats
) -> tuple[Floats, Floats, Floats]:
    """The residents of areas over the cells of each: by addresses, or evenly where an area has none.

    An area that holds no cell's middle has them at its own.
    """
    grid, everywhere = geography.grid, geography.inside | (geography.addresses > 0)
    row, column = np.nonzero(everywhere)
    easting_m, northing_m = grid.easting_m[column], grid.northing_m[row]
    addresses = geography.addresses[row, column].astype(np.float64)
    labels = getattr(geography.label_area(easting_m=easting_m, northing_m=northing_m), level)
    areas, index = np.unique(codes.astype(str), return_inverse=True)
    residents = np.bincount(index, weights=persons)
    parts = []
    for area, count in zip(areas, residents, strict=True):
        cells = np.flatnonzero(labels == area)
        if not cells.size:
            middle_m = geography.centroid_of_area(area)
            parts.append((np.array(middle_m[:1]), np.array(middle_m[1:]), np.array([count])))
            continue
        share = addresses[cells] if addresses[cells].any() else np.ones(cells.size)
        lived_in = share > 0
        weight = count * share[lived_in] / share.sum()
        parts.append((easting_m[cells[lived_in]], northing_m[cells[lived_in]], weight))
    easting_m, northing_m, weight = (np.concatenate(each) for each in zip(*parts, strict=True))
    return easting_m, northing_m, weight
