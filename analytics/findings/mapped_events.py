"""What a heat map is made of: administrations, or an independent layer's events, each under a name of its own."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
from numpy.typing import NDArray

from analytics.disclosure import Audience
from analytics.findings.ground import AreaLevel
from analytics.findings.layers import EVENT_KINDS, Layer, layer_words
from analytics.findings.question import Question
from data.filters import STREET_MAP_SETTINGS, Filters
from data.store import Store
from wording import _, format_period

__all__ = ["MappedEvents", "layer_periods", "read_administrations", "read_layer_events"]

Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MappedEvents:
    """Events of one kind and the words for them; `events` = with a place + `area_only` + `unlocated`.

    `words` is what they are called inside a sentence, `none` the sentence where there are none. Places, shape (n,), in
    metres, their precision NaN where it is not known. `filters` is the period that they are counted over.
    """

    title: str
    words: str
    none: str
    caveat: str
    filters: Filters
    easting_m: Floats
    northing_m: Floats
    location_precision_m: Floats
    events: int
    area_only: int
    by_area: Mapping[str, int]
    left_out_by_setting: int

    @property
    def located(self) -> int:
        """How many have a place."""
        return len(self.easting_m)

    @property
    def unlocated(self) -> int:
        """How many have neither a place nor an area."""
        return self.events - self.located - self.area_only


def layer_periods(store: Store) -> dict[Layer, tuple[date, date]]:
    """The layers of which something has a place, each with its first and last day; a month counts to its end."""
    held = store.risk_event_periods()
    periods = {}
    for layer, kinds in EVENT_KINDS.items():
        rows = held[held["kind"].isin(kinds) & (held["located"] > 0)]
        if len(rows):
            periods[layer] = (rows["first_day"].min().date(), rows["last_day"].max().date())
    return periods


def read_administrations(question: Question, *, level: AreaLevel) -> MappedEvents:
    """The question's administrations."""
    store, asked = question.store, {"filters": question.filters, "scope": question.scope}
    count, places = store.count_administrations(**asked), store.located_administrations(**asked)
    counted = store.administrations_by_area(**asked, level=level)
    everywhere = store.count_administrations(filters=replace(question.filters, settings=()), scope=question.scope)
    return MappedEvents(
        title=_("Where police gave naloxone"),
        words=_("administrations"),
        none=_("None recorded; police may not have been called."),
        caveat=_("Administrations happen only where carriers are: this is not a map of all overdoses."),
        filters=question.filters,
        easting_m=places.easting_m,
        northing_m=places.northing_m,
        location_precision_m=places.location_precision_m,
        events=count.administrations,
        area_only=count.area_only,
        by_area=dict(zip(counted["area"], counted["administrations"].astype(int), strict=True)),
        left_out_by_setting=everywhere.administrations - count.administrations,
    )


def read_layer_events(question: Question, *, layer: Layer, level: AreaLevel) -> MappedEvents:
    """A layer's events in the part of the question's period that its imports cover.

    A feed of one month would otherwise be spread over the years that the page looks at.
    """
    deaths = question.audience is not Audience.MEETING  # deaths are never shown by place on the wall
    kinds = tuple(kind for kind in EVENT_KINDS[layer] if deaths or kind != "drug_related_death")
    words = layer_words(deaths=deaths)[layer]
    asked, covered = question.filters, layer_periods(question.store).get(layer)
    if covered is None or covered[0] > asked.last_day or covered[1] < asked.first_day:
        filters = asked
    else:
        filters = replace(asked, first_day=max(covered[0], asked.first_day), last_day=min(covered[1], asked.last_day))
    events = question.store.risk_event_places(filters=filters, scope=question.scope, kinds=kinds)
    located = events["located"].to_numpy(bool)
    places = {
        name: events[name].to_numpy(np.float64)[located] for name in ("easting_m", "northing_m", "location_precision_m")
    }
    return MappedEvents(
        title=_title(layer, deaths=deaths),
        words=words,
        none=_("There are no {events} in this period and area.").format(events=words)
        if covered is None
        else _("There are no {events} in this period and area; those imported cover {period}.").format(
            events=words, period=format_period(*covered)
        ),
        caveat=_caveat(question, layer),
        filters=filters,
        **places,
        events=len(events),
        area_only=int(events["area_only"].sum()),
        by_area={str(area): int(number) for area, number in events[level].fillna("").value_counts().items()},
        left_out_by_setting=0,
    )


def _title(layer: Layer, *, deaths: bool) -> str:
    if layer is Layer.INCIDENTS:
        return _("Drug incidents recorded by police")
    return _("Overdose calls and drug-related deaths") if deaths else _("Overdose calls")


def _caveat(question: Question, layer: Layer) -> str:
    """What the map of a layer is not, and which filters cannot apply to it."""
    caveat = (
        _(
            "Drug incidents are recorded where police look for them: this is not a map of overdoses, nor of naloxone."
            " Those known by month alone count where the whole month is in the period."
        )
        if layer is Layer.INCIDENTS
        else _(
            "A call needs somebody who calls, and some are not overdoses: this is not a map of all overdoses, nor of"
            " naloxone."
        )
    )
    if not question.filters.substances and set(question.filters.settings) == set(STREET_MAP_SETTINGS):
        return caveat
    return _("{caveat} Substance and kind of place are not known of them, so those filters do not apply.").format(
        caveat=caveat
    )
