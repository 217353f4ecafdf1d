"""What the next quarter needs: kits from use and expiry, training, and what they cost by strand of funding.

The strands are those of the evaluation (Home Office and Ipsos, 9 May 2025): the initial roll-out, ongoing training, and
monitoring and supply. Prices are settings of the deployment; where one is not given, no cost is stated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import pandas as pd

from analytics.disclosure import Column, DisclosedTable, disclose_count, tabulate_cells
from analytics.findings.carrier_training import Training
from analytics.findings.kit_stock import Stock
from analytics.findings.question import Question
from analytics.kit_forecast import Predicted, predict_total
from analytics.kit_ledger import DOSES_A_KIT
from wording import _, format_count, format_date, format_number, format_quarter, join_words

__all__ = ["Needs", "find_needs", "next_quarter"]

# Settings that hold a price.
_PRICES = ("kit_price", "first_training_price", "refresher_price", "monitoring_price")
# A year holds every season; more would average over an earlier roll-out.
LEARNT_FROM_DAYS = 365
# Under four weeks a rate is a guess, and the interval from it nearly everything.
FEWEST_DAYS = 28


@dataclass(frozen=True, kw_only=True)
class Needs:
    """Kits and cost of the quarter, as tables, with a sentence for the head of the page and how it was worked out."""

    headline: str
    kits: DisclosedTable
    cost: DisclosedTable
    method: str


def next_quarter(day: date) -> tuple[date, date]:
    """First and last day of the calendar quarter after the day's own."""
    first = pd.Timestamp(day).to_period("Q") + 1
    return first.start_time.date(), first.end_time.date()


def find_needs(question: Question, *, as_of: date, stock: Stock | None, training: Training) -> Needs:
    """Needs of the next calendar quarter, learnt from the year before `as_of`."""
    first, last = next_quarter(as_of)
    days = (last - first).days + 1
    sizes, observed_days, source = _occasions_of_use(question, as_of, stock)
    enough = observed_days >= FEWEST_DAYS
    used = predict_total(sizes=sizes, observed_days=observed_days, horizon_days=days) if enough else None
    held = pd.DataFrame({"kits": [], "expires_on": pd.to_datetime([])}) if stock is None else stock.held()
    before = int(held.loc[held["expires_on"] < pd.Timestamp(first), "kits"].sum())
    within = int(held.loc[held["expires_on"].between(pd.Timestamp(first), pd.Timestamp(last)), "kits"].sum())
    total = None if used is None or stock is None else used.plus(before + within)
    quarter = format_quarter(first)
    return Needs(
        headline=_("About {kits} kits will be needed in {quarter} ({interval}).").format(
            kits=format_number(total.expected), quarter=quarter, interval=_interval(total)
        )
        if total is not None
        else "",
        kits=_kits_table(question, quarter=quarter, used=used, before=before, within=within, total=total, first=first),
        cost=_cost_table(question, as_of=as_of, training=training, total=total),
        method=_method(source=source, observed_days=observed_days, occasions=len(sizes), enough=enough),
    )


def _occasions_of_use(question: Question, as_of: date, stock: Stock | None) -> tuple[Sequence[int], int, str]:
    """Kits used on each occasion of the last year, the days looked at, and where that comes from."""
    begin = as_of - timedelta(days=LEARNT_FROM_DAYS - 1)
    if stock is not None and (stock.counted["event"] == "used").any():
        ledger = stock.counted
        at = stock.account.home
        ledger = ledger[np.isin(at, stock.shown)]
        begin = max(begin, pd.Timestamp(ledger["event_on"].min()).date()) if ledger["event_on"].notna().any() else begin
        uses = ledger[(ledger["event"] == "used") & (ledger["event_on"] >= pd.Timestamp(begin))]
        kits = uses["kits"].fillna(1)
        # Kits that one officer used on one day were used on one occasion.
        named = uses["officer"].notna()
        together = kits[named].groupby([uses["officer"][named], uses["event_on"][named]]).sum()
        sizes = np.concatenate([together.to_numpy(), kits[~named].to_numpy()]).astype(int)
        return list(sizes), (as_of - begin).days + 1, _("the ledger's uses")
    # Days after the last record are days of which nothing is known yet, not days without a use.
    first_record, last_record = question.store.period()
    until = min(as_of, last_record)
    begin = max(until - timedelta(days=LEARNT_FROM_DAYS - 1), first_record)
    doses = question.store.doses_given(first_day=begin, last_day=until, scope=question.scope)
    kits = np.ceil(doses["doses"].fillna(1).clip(lower=1) / DOSES_A_KIT).astype(int)
    source = _("the doses of administrations, since the ledger records no use (a dose not recorded counts as one)")
    return list(np.repeat(kits, doses["administrations"].astype(int))), (until - begin).days + 1, source


def _kits_table(
    question: Question,
    *,
    quarter: str,
    used: Predicted | None,
    before: int,
    within: int,
    total: Predicted | None,
    first: date,
) -> DisclosedTable:
    known = [
        (_("Expired, or will have by {date}").format(date=format_date(first)), before),
        (_("Expire in the quarter"), within),
    ]
    shown = [
        (name, disclose_count(kits, audience=question.audience, thresholds=question.thresholds)) for name, kits in known
    ]
    rows: list[tuple[str, ...]] = []
    if used is not None:
        rows.append((_("Will be used"), format_number(used.expected), _interval(used)))
    if total is None:
        # Without a ledger nobody has counted: a nought here would say that no kit expires.
        rows += [(name, _("not known"), "") for name in (*dict(known), _("Kits needed"))]
    else:
        # A count that is held back would follow from the total and the others.
        if all(count.shown for _name, count in shown):
            rows += [(name, count.text, _("counted")) for name, count in shown]
        rows.append((_("Kits needed"), format_number(total.expected), _interval(total)))
    return tabulate_cells(
        columns=(
            Column(heading=_("{quarter}").format(quarter=quarter)),
            Column(heading=_("Kits"), numeric=True),
            Column(heading=_("95 % interval"), numeric=True),
        ),
        rows=rows if total is not None or used is not None else [],
        caption="",
    )


def _interval(predicted: Predicted) -> str:
    return _("{lower} to {upper}").format(
        lower=format_count(round(predicted.lower)), upper=format_count(round(predicted.upper))
    )


def _cost_table(question: Question, *, as_of: date, training: Training, total: Predicted | None) -> DisclosedTable:
    supply = question.settings.supply
    first, last = next_quarter(as_of)
    trainees = _new_carriers(training, as_of=as_of, days=(last - first).days + 1)
    due = int(training.lapsed.sum()) + int(training.lapsing(as_of, last).sum())
    held_back = not disclose_count(due, audience=question.audience, thresholds=question.thresholds).shown
    refreshers = None if held_back or not training.known else Predicted(due, due, due, 0.95)
    initial, ongoing, monitoring = _("Initial roll-out"), _("Training"), _("Monitoring and supply")
    lines = [
        (initial, _("First training of new carriers"), trainees, supply.first_training_price),
        (initial, _("First kits of new carriers"), trainees, supply.kit_price),
        (ongoing, _("Refreshers due or overdue by the quarter's end"), refreshers, supply.refresher_price),
        (monitoring, _("Kits for use and expiry"), total, supply.kit_price),
        (monitoring, _("Monitoring of supply, one quarter"), Predicted(1, 1, 1, 0.95), supply.monitoring_price),
    ]
    prices = {name: getattr(supply, name) for name in _PRICES}
    lacking = [name for name, price in prices.items() if price is None]
    if len(lacking) == len(prices):
        return tabulate_cells(
            columns=_cost_columns()[:3],
            rows=[(strand, what, _number(number)) for strand, what, number, _price in lines],
            caption=_no_prices(lacking),
        )
    costs = [None if number is None or price is None else number.times(price) for _s, _w, number, price in lines]
    rows = [
        (strand, what, _number(number), _money(price, supply.currency), _cost(cost, supply.currency))
        for (strand, what, number, price), cost in zip(lines, costs, strict=True)
    ]
    for strand in (initial, ongoing, monitoring):
        of_strand = [cost for line, cost in zip(lines, costs, strict=True) if line[0] == strand]
        if len(of_strand) > 1:
            rows.append((strand, _("together"), "", "", _cost(_sum(of_strand), supply.currency)))
    rows.append((_("All strands"), "", "", "", _cost(_sum(costs), supply.currency)))
    wide = _("Prices are those of the settings. Sums of intervals are on the wide side.")
    return tabulate_cells(columns=_cost_columns(), rows=rows, caption=_no_prices(lacking) if lacking else wide)


def _cost_columns() -> tuple[Column, ...]:
    return (
        Column(heading=_("Funding strand")),
        Column(heading=_("What for")),
        Column(heading=_("Number"), numeric=True),
        Column(heading=_("Price each"), numeric=True),
        Column(heading=_("Cost"), numeric=True),
    )


def _no_prices(lacking: Sequence[str]) -> str:
    return _("No price is assumed: state {names} under [supply] in the settings, and the costs appear here.").format(
        names=join_words(lacking)
    )


def _new_carriers(training: Training, *, as_of: date, days: int) -> Predicted | None:
    """Carriers who will be trained for the first time, from the sessions of the last year."""
    trained = training.carriers["trained_on"].dropna()
    trained = trained[trained <= pd.Timestamp(as_of)]
    if trained.empty:
        return None
    begin = max(as_of - timedelta(days=LEARNT_FROM_DAYS - 1), trained.min().date())
    observed_days = (as_of - begin).days + 1
    if observed_days < FEWEST_DAYS:
        return None
    sessions = trained[trained >= pd.Timestamp(begin)].value_counts()
    return predict_total(sizes=sessions.to_numpy(), observed_days=observed_days, horizon_days=days)


def _sum(costs: Sequence[Predicted | None]) -> Predicted | None:
    if any(cost is None for cost in costs):
        return None
    parts = [cost for cost in costs if cost is not None]
    return Predicted(
        sum(part.expected for part in parts), sum(part.lower for part in parts), sum(part.upper for part in parts), 0.95
    )


def _number(number: Predicted | None) -> str:
    if number is None:
        return _("not known")
    if number.lower == number.upper:
        return format_count(round(number.expected))
    return _("{number} ({interval})").format(number=format_number(number.expected), interval=_interval(number))


def _money(amount: float | None, currency: str) -> str:
    if amount is None:
        return _("no price")
    return currency + (format_count(round(amount)) if amount == round(amount) else f"{amount:,.2f}")


def _cost(cost: Predicted | None, currency: str) -> str:
    if cost is None:
        return _("not known")
    if cost.lower == cost.upper:
        return currency + format_count(round(cost.expected))
    return _("{amount} ({lower} to {upper})").format(
        amount=currency + format_count(round(cost.expected)),
        lower=currency + format_count(round(cost.lower)),
        upper=currency + format_count(round(cost.upper)),
    )


def _method(*, source: str, observed_days: int, occasions: int, enough: bool) -> str:
    if not enough:
        return _("The records reach back less than {days} days: too little to forecast from.").format(days=FEWEST_DAYS)
    return _(
        "Use is a Gamma-Poisson forecast from {source}: {occasions} occasions in {days} days, taken to go on alike; "
        "more carriers or new drugs would change it. A kit that is used shortly before it expires is in both lines, so "
        "the sum is rather too high than too low."
    ).format(source=source, occasions=format_count(occasions), days=format_count(observed_days))
