"""Did earlier maps foretell where the next administrations were? Beside last period's counts and the addresses.

PAI is how many times better than chance the flagged part of the area did; PEI the share of the best that any choice of
as much area could have done (analytics.prediction). All records up to the period's last day are used: the test asks
about the method, and needs history.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from shapely import MultiPolygon, Polygon

from analytics import density
from analytics.disclosure import Audience, Column, DisclosedTable, tabulate_cells
from analytics.findings.ground import asked_window
from analytics.findings.layers import Layer, layer_cells, layer_words
from analytics.findings.question import Question
from analytics.hotspots import BackTest, BackTestScore, TooShortHistoryError, back_test
from wording import _, format_count, format_interval, format_number, format_share, join_words, ngettext

__all__ = ["BackTestFinding", "back_test_cell_m", "find_back_test"]

SEED = 20_250_509
# About a neighbourhood: what outreach or a patrol can be sent to.
COARSEST_CELL_M = 500.0
# So many cells make up 1 % of the area at least, or flagging would be a matter of rounding.
CELLS_IN_SMALLEST_SHARE = 20
SMALLEST_SHARE = 0.01
# Baselines within this of the surface are as good as it: PAI is not told to more than two figures.
AS_GOOD = 1.005


@dataclass(frozen=True, kw_only=True)
class BackTestFinding:
    """The back-test in a sentence and a table; the table has no rows where nothing can be estimated."""

    sentence: str
    table: DisclosedTable
    method: str


def back_test_cell_m(*, window: Polygon | MultiPolygon) -> float:
    """Metres of a cell: 500, or less where 1 % of the area would be under 20 cells."""
    return float(min(COARSEST_CELL_M, np.sqrt(window.area * SMALLEST_SHARE / CELLS_IN_SMALLEST_SHARE)))


def find_back_test(question: Question) -> BackTestFinding:
    """Fit on months 1 to t, score months t + 1 to t + 3, for every t; addresses, where known, are the second baseline.

    Not calls or incidents, whatever the map is compared with: those of the months scored would tell the answer.
    """
    layer = Layer.ADDRESSES if question.geography.has_addresses else Layer.EVEN
    if question.store.is_empty:
        return _not_estimable(question, 0)
    first_record, _last = question.store.period()
    history = replace(question.filters, first_day=min(first_record, question.filters.last_day))
    events = question.store.dated_administrations(filters=history, scope=question.scope)
    window = asked_window(question)
    if not events.day.size:
        return _not_estimable(question, 0)
    cell_m = back_test_cell_m(window=window)
    points = {"easting_m": events.easting_m, "northing_m": events.northing_m}
    snap_m, stated_m = question.settings.privacy.snap_m, events.location_precision_m
    precision_m = float(np.quantile(np.where(np.isnan(stated_m), snap_m, stated_m), 0.9))
    try:
        grid = density.kernel_density(**points, window=window, bandwidth_m=3 * cell_m, cell_m=cell_m)
        result = back_test(
            **points,
            month=_month_numbers(events.day),
            window=window,
            cell_m=cell_m,
            location_precision_m=precision_m,
            denominator=layer_cells(replace(question, filters=history), layer, grid),
            seed=SEED,
        )
    except (TooShortHistoryError, density.NoEventsError):
        return _not_estimable(question, 0)
    if not result.estimable:
        return _not_estimable(question, result.events)
    return BackTestFinding(
        sentence=_sentence(result, layer), table=_table(result, layer), method=_method(question, result, cell_m)
    )


def _month_numbers(day: NDArray[np.datetime64]) -> NDArray[np.int64]:
    return day.astype("datetime64[M]").astype(np.int64)


def _not_estimable(question: Question, events: int) -> BackTestFinding:
    count = format_count(events) if question.audience is Audience.ANALYST else _("too few")
    return BackTestFinding(
        sentence=_(
            "Whether maps like this one foretell anything is not estimable: {count} administrations could be scored,"
            " and 20 are needed after a first year."
        ).format(count=count),
        table=tabulate_cells(columns=(), rows=(), caption=""),
        method="",
    )


def _names(layer: Layer) -> dict[str, str]:
    words = layer_words()
    return {
        "surface": _("This map's method"),
        "last period": _("Counts of the three months before"),
        "denominator": _("Chance") if layer is Layer.EVEN else _("Map of {layer}").format(layer=words[layer]),
    }


def _sentence(result: BackTest, layer: Layer) -> str:
    """What the surface scored at 1 % of the area, and by whom it was beaten, if by anyone."""
    scores = {(score.method, score.area_share): score for score in result.scores}
    shares = sorted({score.area_share for score in result.scores})
    ours = scores["surface", shares[0]]
    told = _(
        "Tested on the months that followed: the densest {share} of earlier maps held {pai} times as many later"
        " administrations as chance would give it ({interval})."
    ).format(
        share=format_share(shares[0]),
        pai=format_number(ours.pai),
        interval=format_interval(ours.pai_lower, ours.pai_upper),
    )
    better = []
    for method, name in _names(layer).items():
        beaten = [share for share in shares if scores[method, share].pai > AS_GOOD * scores["surface", share].pai]
        if method != "surface" and beaten:
            better.append(
                _("{name} did better at {shares} of the area").format(
                    name=name, shares=join_words([format_share(share) for share in beaten])
                )
            )
    if not better:
        return _("{told} Neither baseline did better.").format(told=told)
    return _("{told} But: {better}.").format(told=told, better=join_words(better))


def _table(result: BackTest, layer: Layer) -> DisclosedTable:
    names = _names(layer)
    rows = [
        (format_share(score.area_share), names[score.method], *_accuracy(score))
        for score in sorted(result.scores, key=lambda score: score.area_share)
    ]
    return tabulate_cells(
        columns=(
            Column(heading=_("Area flagged")),
            Column(heading=_("By")),
            Column(heading=_("PAI (95 %)"), numeric=True),
            Column(heading=_("PEI (95 %)"), numeric=True),
        ),
        rows=rows,
        caption="",
    )


def _accuracy(score: BackTestScore) -> tuple[str, str]:
    def text(value: float, lower: float, upper: float) -> str:
        return _("{value} ({interval})").format(value=format_number(value), interval=format_interval(lower, upper))

    return text(score.pai, score.pai_lower, score.pai_upper), text(score.pei, score.pei_lower, score.pei_upper)


def _about(question: Question, events: int) -> str:
    """How many were scored; to others in tens, since the months scored are those of no view and overlap many."""
    if question.audience is Audience.ANALYST:
        return format_count(events)
    return _("About {count}").format(count=format_count(10 * round(events / 10)))


def _method(question: Question, result: BackTest, cell_m: float) -> str:
    origins = ngettext("once", "{count} times", result.origins).format(count=result.origins)
    return _(
        "{count} administrations scored, {origins} in the three months after a map was made, in cells of {metres} m."
        " PAI: times better than chance; PEI: share of the best possible. All records up to the last day of the period"
        " are used."
    ).format(
        count=_about(question, result.events),
        origins=origins,
        metres=format_number(cell_m, significant=3),
    )
