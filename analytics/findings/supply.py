"""Kits and training: what does not reconcile, what expires, whose refresher has lapsed, what the next quarter needs.

Everything is as of one day, so that a meeting's figures can be made again. To others than the analyst bases with small
counts stand together, and no kit, carrier or administration stands alone.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.disclosure import (
    Audience,
    Column,
    DisclosedCount,
    DisclosedTable,
    disclose_breakdown,
    disclose_count,
    disclose_list,
    tabulate_cells,
)
from analytics.findings.carrier_training import Training, read_training
from analytics.findings.kit_explanations import Explanation, digest_of_difference
from analytics.findings.kit_needs import Needs, find_needs
from analytics.findings.kit_stock import Stock, base_name, day_of, read_stock, source_row
from analytics.findings.kit_use import KitUse, find_kit_use
from analytics.findings.question import Question
from data.quality.kit_contradictions import contradiction_words
from wording import _, format_count, format_date, join_words, ngettext

__all__ = ["Difference", "Supply", "SupplyOptions", "find_supply", "next_meeting", "supply_day"]

SOON_DAYS = 90


@dataclass(frozen=True)
class SupplyOptions:
    """The day that everything is as of, and the explanations that stand."""

    as_of: date
    explanations: tuple[Explanation, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Difference:
    """A base whose kits do not reconcile: `name` says how many, `explanation` stands for it, or None.

    `seen` is the number of the explanation that was the last, also where it is about other rows by now.
    """

    base: str
    name: str
    subject: str
    digest: str
    seen: int
    explanation: Explanation | None


@dataclass(frozen=True, kw_only=True)
class Supply:
    """The page's figures, tables and sentences, ready for one audience."""

    headline: str
    figures: tuple[tuple[str, str], ...]
    counted: str
    missing: tuple[str, ...]
    account_sentence: str
    account: DisclosedTable
    differences: DisclosedTable
    open_differences: tuple[Difference, ...]
    contradictions: DisclosedTable
    by_base: tuple[tuple[str, str, DisclosedTable], ...]
    expired: DisclosedTable
    lapsed: DisclosedTable
    use: KitUse
    needs: Needs


def supply_day(question: Question) -> date:
    """The day to look at: today while the view reaches to the newest administrations, else the view's last day.

    Kits expire whether or not records come in. Synthetic records stand still: there it is their newest day.
    """
    chosen = question.filters.last_day
    if chosen < question.store.period()[1]:
        return chosen
    today = datetime.now(ZoneInfo(question.settings.time_zone)).date()
    newest = question.store.newest_supply_day(not_after=today) if question.store.synthetic else today
    return max(chosen, newest or chosen)


def next_meeting(question: Question, *, as_of: date) -> tuple[date, bool]:
    """The first meeting after the day, and whether the settings name it."""
    supply = question.settings.supply
    if supply.meeting is None:
        return (pd.Timestamp(as_of) + pd.DateOffset(months=supply.meeting_every_months)).date(), False
    first, day, step = pd.Timestamp(supply.meeting), pd.Timestamp(as_of), supply.meeting_every_months
    apart = (day.year - first.year) * 12 + day.month - first.month
    steps = apart // step
    while first + pd.DateOffset(months=steps * step) <= day:
        steps += 1
    return (first + pd.DateOffset(months=steps * step)).date(), True


def find_supply(question: Question, *, options: SupplyOptions) -> Supply:
    """Everything about kits and training as of the day of `options`."""
    as_of, ours = options.as_of, question.audience is Audience.ANALYST
    # A reader who may not see small counts sees the whole force: two choices of BCU would give a base away.
    bcus = tuple(sorted({*question.scope.bcus, *(question.filters.bcus if ours else ())}))
    everyone = read_training(question, as_of=as_of, bcus=())
    training = read_training(question, as_of=as_of, bcus=bcus) if bcus else everyone
    stock = read_stock(question, as_of=as_of, bcu_of_base=everyone.bcu_of_base, bcus=bcus)
    has_kits = len(stock.counted) > 0
    meeting, is_set = next_meeting(question, as_of=as_of)
    periods = _periods(as_of, meeting)
    differences = _differences(stock, options.explanations)
    use = find_kit_use(question, as_of=as_of, stock=stock if has_kits else None, training=everyone, bcus=bcus)
    needs = find_needs(question, as_of=as_of, stock=stock if has_kits else None, training=training)
    by_base = _ByBase.count(stock, training, as_of=as_of, meeting=meeting, periods=periods)
    account = _account_table(question, by_base, stock)
    counts = _Counts(question, stock=stock, training=training, differences=differences, as_of=as_of, meeting=meeting)
    return Supply(
        headline=_headline(counts, meeting, has_kits=has_kits, needs=needs),
        figures=_figures(counts, meeting, has_kits=has_kits, has_training=training.known),
        counted=_counted(question, stock, as_of=as_of, meeting=meeting, is_set=is_set, bcus=bcus),
        missing=(*_missing(stock), *training.missing, *use.missing),
        account_sentence=_account_sentence(by_base) if account.rows else "",
        account=account,
        differences=_differences_table(question, stock, differences),
        open_differences=differences if ours else (),
        contradictions=_contradictions_table(question, stock),
        by_base=_base_tables(question, by_base, periods, unexplained=_unexplained(stock, differences)),
        expired=_expired_table(question, stock, as_of),
        lapsed=training.listed(question),
        use=use,
        needs=needs,
    )


# What is late or will be ----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Period:
    """When kits expire: heading of the column, first and last day of use (None: however early, or late)."""

    heading: str
    first: date | None
    last: date | None


def _periods(as_of: date, meeting: date) -> tuple[_Period, ...]:
    """Disjoint periods, one column each: what expires before the meeting need not be within 90 days, or the reverse."""
    soon = as_of + timedelta(days=SOON_DAYS)
    ends = sorted(
        [
            (meeting - timedelta(days=1), _("Before {date}").format(date=format_date(meeting))),
            (soon, _("By {date}").format(date=format_date(soon))),
        ]
    )
    columns = [_Period(_("Expired"), None, as_of - timedelta(days=1))]
    begin = as_of
    for end, heading in ends:
        columns.append(_Period(heading, begin, end))
        begin = end + timedelta(days=1)
    return (*columns, _Period(_("Later"), begin, None))


def _kits_in(held: pd.DataFrame, period: _Period) -> pd.Series:
    """Which parts of the stock are good until a day of the period."""
    chosen = held["expires_on"].notna()
    if period.first is not None:
        chosen &= held["expires_on"] >= pd.Timestamp(period.first)
    if period.last is not None:
        chosen &= held["expires_on"] <= pd.Timestamp(period.last)
    return chosen


class _Counts:
    """The force's own numbers, as they may be shown."""

    def __init__(
        self,
        question: Question,
        *,
        stock: Stock,
        training: Training,
        differences: Sequence[Difference],
        as_of: date,
        meeting: date,
    ) -> None:
        held = stock.held()
        day_before = meeting - timedelta(days=1)

        def kits(first: date | None, last: date) -> int:
            return int(held.loc[_kits_in(held, _Period("", first, last)), "kits"].sum())

        self.numbers = {
            "expired": kits(None, as_of - timedelta(days=1)),
            "meeting": kits(as_of, day_before),
            "soon": kits(as_of, as_of + timedelta(days=SOON_DAYS)),
            "unreconciled": sum(_unexplained(stock, differences).values()),
            "lapsed": int(training.lapsed.sum()),
            "lapsing": int(training.lapsing(as_of, day_before).sum()),
            "held": int(held["kits"].sum()),
            "carriers": len(training.carriers),
        }
        self.texts = {name: _count(question, number).text for name, number in self.numbers.items()}
        # What expires between the meeting and the 90 days, where that is small, would follow from the two.
        self.nested = _count(question, abs(self.numbers["soon"] - self.numbers["meeting"])).shown


def _count(question: Question, number: int) -> DisclosedCount:
    return disclose_count(number, audience=question.audience, thresholds=question.thresholds)


def _headline(counts: _Counts, meeting: date, *, has_kits: bool, needs: Needs) -> str:
    """One sentence that a chair can read out."""
    numbers, texts = counts.numbers, counts.texts
    parts = []
    if has_kits:
        parts.append(
            ngettext(
                "{count} kit expires before the next meeting on {date}",
                "{count} kits expire before the next meeting on {date}",
                numbers["meeting"],
            ).format(count=texts["meeting"], date=format_date(meeting))
        )
        parts.append(
            ngettext(
                "{count} has expired and is still held", "{count} have expired and are still held", numbers["expired"]
            ).format(count=texts["expired"])
        )
    if numbers["unreconciled"]:
        parts.append(
            ngettext("{count} does not reconcile", "{count} do not reconcile", numbers["unreconciled"]).format(
                count=texts["unreconciled"]
            )
        )
    if numbers["lapsed"]:
        parts.append(
            ngettext(
                "{count} carrier's refresher has lapsed", "{count} carriers' refreshers have lapsed", numbers["lapsed"]
            ).format(count=texts["lapsed"])
        )
    if not parts:
        if numbers["carriers"]:
            return _("No carrier's refresher has lapsed, as far as the records tell; they name no kits.")
        return _("The records name neither kits nor carriers.")
    sentence = _("{parts}.").format(parts=join_words(parts))
    return " ".join(filter(None, (sentence[0].upper() + sentence[1:], needs.headline)))


def _figures(counts: _Counts, meeting: date, *, has_kits: bool, has_training: bool) -> tuple[tuple[str, str], ...]:
    """The few numbers that matter, each with what it stands for."""
    texts, figures = counts.texts, []
    if has_kits:
        figures.append(
            (texts["meeting"], _("kits expire before the meeting on {date}").format(date=format_date(meeting)))
        )
        if counts.nested:
            about = _("kits expire within {days} days, of {held} that are held")
            figures.append((texts["soon"], about.format(days=SOON_DAYS, held=texts["held"])))
        figures += [
            (texts["expired"], _("kits have expired and are still held")),
            (texts["unreconciled"], _("kits do not reconcile and are not explained")),
        ]
    if has_training:
        figures.append(
            (texts["lapsed"], _("refreshers have lapsed, of {count} carriers").format(count=texts["carriers"]))
        )
    return tuple(figures)


def _counted(
    question: Question, stock: Stock, *, as_of: date, meeting: date, is_set: bool, bcus: tuple[str, ...]
) -> str:
    """How many rows, as of when, and what was left out."""
    del question
    sentences = [
        ngettext(
            "As of {date}, from {count} row of the kit ledger.",
            "As of {date}, from {count} rows of the kit ledger.",
            len(stock.rows),
        ).format(date=format_date(as_of), count=format_count(len(stock.rows)))
    ]
    if not is_set:
        sentences.append(
            _("No meeting is named in the settings: {date} is assumed (meeting under [supply]).").format(
                date=format_date(meeting)
            )
        )
    if stock.later:
        sentences.append(
            ngettext(
                "{count} row is dated later and left out.", "{count} rows are dated later and left out.", stock.later
            ).format(count=format_count(stock.later))
        )
    if bcus:
        sentences.append(_("Only bases in {bcus}.").format(bcus=join_words(bcus)))
    sentences.append(_("Filters by area, substance and kind of place do not apply to kits."))
    return " ".join(sentences)


def _missing(stock: Stock) -> list[str]:
    """What the ledger does not say, and how to bring it in."""
    if stock.rows.empty:
        return [
            _(
                "No kit ledger has been imported: nothing can be said of stock, expiry or reconciliation. Bring it in "
                "on the page “Data quality”: it is about “Kits”."
            )
        ]
    found = []
    held = stock.held()
    undated = int(held.loc[held["expires_on"].isna(), "kits"].sum())
    if undated:
        found.append(
            ngettext(
                "{count} held kit has no expiry date, so it is counted neither as good nor as expired.",
                "{count} held kits have no expiry date, so they are counted neither as good nor as expired.",
                undated,
            ).format(count=format_count(undated))
        )
    if stock.rows["kit"].isna().all():
        found.append(
            _("The ledger has no kit numbers: kits are counted as a stock of their base, and none is followed singly.")
        )
    if stock.rows["officer"].isna().all():
        found.append(_("The ledger names no officers, so it cannot tell who holds a kit (map officer_token)."))
    return found


# Tables by base -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, eq=False)
class _ByBase:
    """Counts by base: `account` the five events, held and difference, `expiry` the periods and no date, `training`
    carriers, lapsed, lapsing before the meeting and without a date of training.
    """

    names: tuple[str, ...]
    account: NDArray[np.int64]
    expiry: NDArray[np.int64]
    training: NDArray[np.int64]

    @classmethod
    def count(
        cls, stock: Stock, training: Training, *, as_of: date, meeting: date, periods: Sequence[_Period]
    ) -> "_ByBase":
        """Every base that the ledger or the register names."""
        names = tuple(sorted({*stock.bases, *training.carriers["base"].fillna("").map(base_name)}))
        at = np.array([names.index(name) for name in stock.bases], dtype=np.int64)
        account = np.zeros((len(names), 7), dtype=np.int64)
        of_base = stock.account.counts[stock.shown], stock.account.held[stock.shown], stock.difference
        account[at] = np.column_stack(of_base)
        held = stock.held()
        row_of = pd.Series(at, index=stock.shown, dtype=np.int64)
        expiry = np.zeros((len(names), len(periods) + 1), dtype=np.int64)
        for column, which in enumerate([*(_kits_in(held, period) for period in periods), held["expires_on"].isna()]):
            np.add.at(expiry[:, column], row_of.reindex(held.loc[which, "at"]).to_numpy(), held.loc[which, "kits"])
        which = (
            np.ones(len(training.carriers), dtype=bool),
            training.lapsed,
            training.lapsing(as_of, meeting - timedelta(days=1)),
            training.carriers["trained_on"].isna().to_numpy(),
        )
        return cls(names, account, expiry, np.column_stack([training.by_base(each, names) for each in which]))


def _account_table(question: Question, by_base: _ByBase, stock: Stock) -> DisclosedTable:
    """The account by base and for the force; to others than the analyst the force alone, where nothing in it is small.

    With the sum on both sides, a number that is held back could be worked out from the rest of its row.
    """
    total = by_base.account.sum(axis=0)
    rows = [(_("Force"), *(format_count(int(count)) for count in total))]
    caption = _("Issued = used + returned + lost + expired + held, in kits of two doses.")
    if question.audience is Audience.ANALYST:
        rows = [
            *(
                (name, *map(format_count, row))
                for name, row in zip(by_base.names, by_base.account.tolist(), strict=True)
            ),
            *rows,
        ]
        caption = " ".join(filter(None, (caption, _moved(stock))))
    elif any(not _count(question, abs(int(count))).shown for count in total):
        rows, caption = [], _("Too few kits to show their account to this audience.")
    headings = (_("Issued"), _("Used"), _("Returned"), _("Lost"), _("Expired"), _("Held"), _("Difference"))
    return tabulate_cells(
        columns=(Column(heading=_("Base")), *(Column(heading=heading, numeric=True) for heading in headings)),
        rows=rows if len(stock.counted) else [],
        caption=caption if len(stock.counted) else "",
    )


def _account_sentence(by_base: _ByBase) -> str:
    """The force's account in words; the table that it stands over may be shown."""
    issued, *ended, held, difference = (int(count) for count in by_base.account.sum(axis=0))
    words = (_("{count} used"), _("{count} returned"), _("{count} lost"), _("{count} expired"), _("{count} held"))
    parts = join_words(
        [word.format(count=format_count(count)) for word, count in zip(words, (*ended, held), strict=True)]
    )
    sentence = _("In the force {issued} kits were issued; {parts} make {sum}: {result}.")
    result = _("it adds up") if not difference else _difference_words(difference)
    return sentence.format(issued=format_count(issued), parts=parts, sum=format_count(sum(ended) + held), result=result)


def _base_tables(
    question: Question, by_base: _ByBase, periods: Sequence[_Period], *, unexplained: dict[str, int]
) -> tuple[tuple[str, str, DisclosedTable], ...]:
    """Expiry and training by base, each table with its title and a name for its file.

    To others than the analyst one table of columns of which none follows from the others, each protected as it stands
    beside its total.
    """
    expiry_headings = [*(period.heading for period in periods), _("No expiry date")]
    if question.audience is Audience.ANALYST:
        training_headings = (
            _("Carriers"),
            _("Refresher lapsed"),
            _("Lapses before the meeting"),
            _("Training undated"),
        )
        return (
            (
                _("When held kits expire"),
                "kits_by_expiry",
                _columns(question, by_base.names, expiry_headings, by_base.expiry),
            ),
            (
                _("Refresher training"),
                "training_by_base",
                _columns(question, by_base.names, training_headings, by_base.training),
            ),
        )
    late = by_base.expiry[:, :-2].sum(axis=1)
    still_open = np.array([unexplained.get(name, 0) for name in by_base.names], dtype=np.int64)
    # Not how many carriers: the page of coverage holds some back that a sum over other columns would not.
    counts = np.column_stack([by_base.account[:, 5], late, still_open, by_base.training[:, 1]])
    soon = max(period.last for period in periods if period.last is not None)
    headings = (
        _("Kits held"),
        _("Expired or will have by {date}").format(date=format_date(soon)),
        _("Kits that do not reconcile, unexplained"),
        _("Refresher lapsed"),
    )
    return (
        (
            _("Kits and carriers by base"),
            "kits_and_carriers_by_base",
            _columns(question, by_base.names, headings, counts),
        ),
    )


def _columns(
    question: Question, names: tuple[str, ...], headings: Sequence[str], counts: NDArray[np.int64]
) -> DisclosedTable:
    """Columns of counts by base with their totals; columns without any count are left out."""
    kept = np.flatnonzero(counts.any(axis=0))
    breakdowns = [
        disclose_breakdown(
            codes=names,
            names=names,
            counts=counts[:, column].tolist(),
            audience=question.audience,
            thresholds=question.thresholds,
        )
        for column in kept
    ]
    rows = [(name, *(each.counts[index] for each in breakdowns)) for index, name in enumerate(names)]
    return tabulate_cells(
        columns=(Column(heading=_("Base")), *(Column(heading=headings[column], numeric=True) for column in kept)),
        rows=[*rows, (_("Force"), *(each.total for each in breakdowns))] if breakdowns else [],
        caption=" ".join(dict.fromkeys(each.note for each in breakdowns if each.note)),
    )


def _moved(stock: Stock) -> str:
    moved = int(stock.account.moved[np.isin(stock.account.home, stock.shown)].sum())
    if not moved:
        return ""
    return ngettext(
        "{count} row names another base than the one that issued the kit, and counts at the latter.",
        "{count} rows name another base than the one that issued the kit, and count at the latter.",
        moved,
    ).format(count=format_count(moved))


# Differences and contradictions -----------------------------------------------------------------------------------


def _differences(stock: Stock, explanations: Sequence[Explanation]) -> tuple[Difference, ...]:
    """Bases whose kits do not reconcile, the largest difference first, with the explanation that stands for it."""
    standing = {explanation.subject: explanation for explanation in explanations}
    keys = stock.rows["kit_event_id"].to_numpy()
    found = []
    order = np.argsort(-np.abs(stock.difference), kind="stable")
    for index in order[stock.difference[order] != 0]:
        base = stock.account.bases[stock.shown[index]]
        difference = int(stock.difference[index])
        behind = stock.named[(stock.named["base"] == base) | (stock.named["other_base"] == base)]
        subject, digest = digest_of_difference(
            base=base, difference=difference, rows=[str(keys[row]) for row in behind["row"]]
        )
        explanation = standing.get(subject)
        found.append(
            Difference(
                base=base_name(base),
                name=_("{base}: {what}").format(base=base_name(base), what=_difference_words(difference)),
                subject=subject,
                digest=digest,
                seen=explanation.number if explanation else 0,
                explanation=explanation if explanation and explanation.digest == digest else None,
            )
        )
    return tuple(found)


def _unexplained(stock: Stock, differences: Sequence[Difference]) -> dict[str, int]:
    """Kits that do not reconcile at each base whose difference nobody has explained."""
    explained = {each.base for each in differences if each.explanation is not None}
    return {
        base: abs(int(kits))
        for base, kits in zip(stock.bases, stock.difference, strict=True)
        if kits and base not in explained
    }


def _difference_words(difference: int) -> str:
    kits = abs(difference)
    if difference > 0:
        sentence = ngettext(
            "{count} kit was issued and is not accounted for",
            "{count} kits were issued and are not accounted for",
            kits,
        )
    else:
        sentence = ngettext(
            "{count} kit more was accounted for than issued", "{count} kits more were accounted for than issued", kits
        )
    return sentence.format(count=format_count(kits))


def _differences_table(question: Question, stock: Stock, differences: Sequence[Difference]) -> DisclosedTable:
    """Each base's difference and its explanation, open ones first."""
    ordered = sorted(differences, key=lambda each: each.explanation is not None)
    return disclose_list(
        columns=(Column(heading=_("Difference")), Column(heading=_("Explanation"))),
        rows=[(each.name, _explained(each.explanation)) for each in ordered],
        audience=question.audience,
        caption="" if ordered else _("Every kit that was issued is accounted for.") if len(stock.counted) else "",
        held_back=_("Differences of single bases are shown only to the force's own analysts."),
    )


def _explained(explanation: Explanation | None) -> str:
    if explanation is None:
        return _("open")
    return _("{reason} ({who}, {date})").format(
        reason=explanation.reason, who=explanation.who, date=format_date(explanation.at.date())
    )


def _contradictions_table(question: Question, stock: Stock) -> DisclosedTable:
    """Each row that contradicts another or itself, where it stands and what to do."""
    named = stock.named[["row", "kind", "other"]]
    involved = sorted({*named["row"], *named["other"]} - {-1})
    entries = dict(zip(involved, stock.rows.loc[involved].to_dict("records"), strict=True))
    rows = []
    for row, kind, other in named.itertuples(index=False):
        entry, second = entries[row], entries.get(other)
        words = contradiction_words(
            kind,
            event=entry["event"],
            other_event=None if second is None else second["event"],
            other="" if second is None else source_row(second),
        )
        rows.append((source_row(entry), base_name(entry["base"] or ""), day_of(entry["event_on"]), " ".join(words)))
    return disclose_list(
        columns=(
            Column(heading=_("Where")),
            Column(heading=_("Base")),
            Column(heading=_("Dated")),
            Column(heading=_("What is wrong")),
        ),
        rows=rows,
        audience=question.audience,
        caption=_(
            "Row 1 is the first under the headings. Nothing is put right here: correct the ledger at its source and "
            "import it again."
        )
        if rows
        else _("No row of the ledger contradicts another.")
        if len(stock.rows)
        else "",
        held_back=_("Single rows of the ledger are shown only to the force's own analysts."),
    )


def _expired_table(question: Question, stock: Stock, as_of: date) -> DisclosedTable:
    """Kits that have expired and are still held, the longest expired first."""
    held = stock.held()
    expired = held[held["expires_on"] < pd.Timestamp(as_of)].sort_values(["expires_on", "at"])
    rows = []
    for _index, part in expired.iterrows():
        entry = stock.counted.loc[part["row"]] if part["row"] >= 0 else None
        rows.append(
            (
                base_name(stock.account.bases[part["at"]]),
                day_of(part["expires_on"]),
                format_count(int(part["kits"])),
                _("not recorded") if entry is None or not entry["lot"] else str(entry["lot"]),
                _("counted without a number") if entry is None else source_row(entry),
            )
        )
    return disclose_list(
        columns=(
            Column(heading=_("Base")),
            Column(heading=_("Expired after")),
            Column(heading=_("Kits"), numeric=True),
            Column(heading=_("Lot")),
            Column(heading=_("Issue in the ledger")),
        ),
        rows=rows,
        audience=question.audience,
        caption="" if rows else _("No held kit has expired, as far as the ledger has dates."),
        held_back=_("Single kits are shown only to the force's own analysts."),
    )
