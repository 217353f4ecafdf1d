"""Kits in use: administrations whose doses do not match the ledger, and resupply that was asked for and not met."""

from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics.disclosure import Audience, Column, DisclosedTable, disclose_count, disclose_list
from analytics.findings.carrier_training import Training
from analytics.findings.kit_stock import Stock, base_name, day_of
from analytics.findings.question import Question
from analytics.kit_ledger import DOSES_A_KIT, DoseMatch, Mismatch, match_doses, unmet_resupply
from wording import _, format_count, format_period, ngettext

__all__ = ["KitUse", "find_kit_use"]

# Nobody reads a longer list; a shorter period shows the rest.
MOST_LISTED = 1_000


@dataclass(frozen=True, kw_only=True)
class KitUse:
    """Two lists with a sentence each, and what the records cannot tell."""

    doses_sentence: str
    doses: DisclosedTable
    resupply_sentence: str
    resupply: DisclosedTable
    missing: tuple[str, ...]


def find_kit_use(
    question: Question, *, as_of: date, stock: Stock | None, training: Training, bcus: tuple[str, ...]
) -> KitUse:
    """The administrations of the view's period, up to the day, in `bcus` (all where there are none), by the ledger."""
    filters = question.filters
    last_day = min(filters.last_day, as_of)
    first_day = min(filters.first_day, last_day)
    scope = replace(question.scope, bcus=bcus)
    uses = question.store.kit_uses(first_day=first_day, last_day=last_day, scope=scope)
    given = question.store.doses_given(first_day=first_day, last_day=last_day, scope=scope)
    administrations = int(given["administrations"].sum())
    match, unclaimed = None, 0
    if stock is not None:
        used = stock.counted[stock.counted["event"] == "used"].reset_index(drop=True)
        match = match_doses(uses, used)
        # Without a choice of BCU: a kit of one may have been used in another.
        in_period = used["event_on"].between(pd.Timestamp(first_day), pd.Timestamp(last_day))
        unclaimed = 0 if bcus else int(in_period[match.unclaimed].sum())
    missing = []
    if match is not None and administrations and len(match.administration) == 0:
        missing.append(
            _(
                "The administrations name neither kits nor officers, so their doses cannot be matched one by one. Map "
                "officer and kit under [[doses]] and import them again."
            )
        )
    resupply_sentence, resupply = _resupply(question, uses=uses, stock=stock, training=training, as_of=as_of)
    return KitUse(
        doses_sentence=_doses_sentence(question, match, administrations=administrations, unclaimed=unclaimed),
        doses=_doses_table(question, match, uses),
        missing=tuple(missing),
        resupply_sentence=resupply_sentence,
        resupply=resupply,
    )


def _doses_sentence(question: Question, match: DoseMatch | None, *, administrations: int, unclaimed: int) -> str:
    if match is None:
        return _("Without a kit ledger, doses cannot be matched.")
    wrong = int((match.mismatch != Mismatch.NONE).sum())
    every = ngettext(
        "All doses of {all} administration from {period} match the ledger.",
        "All doses of {all} administrations from {period} match the ledger.",
        len(match.administration),
    )
    period = format_period(question.filters.first_day, question.filters.last_day)
    if question.audience is not Audience.ANALYST:
        # The ledger knows all settings: beside the number of the view, theirs would tell of the few in custody.
        every = (
            _("All doses of the administrations from {period} match the ledger.")
            if not wrong
            else _("Of the administrations from {period}, {count} do not match the ledger.")
        )
    parts = [
        (
            every
            if not wrong or question.audience is not Audience.ANALYST
            else ngettext(
                "Of {all} administration from {period}, {count} does not match the ledger.",
                "Of {all} administrations from {period}, {count} do not match the ledger.",
                wrong,
            )
        ).format(
            count=_shown(question, wrong),
            all=_shown(question, len(match.administration)),
            period=period,
        )
    ]
    apart = administrations - len(match.administration)
    if apart > 0:
        parts.append(
            ngettext(
                "Besides, {count} names neither kit nor officer and cannot be matched.",
                "Besides, {count} name neither kit nor officer and cannot be matched.",
                apart,
            ).format(count=_shown(question, apart))
        )
    if unclaimed:
        parts.append(
            ngettext(
                "According to the ledger {count} kit was used that no administration names.",
                "According to the ledger {count} kits were used that no administration names.",
                unclaimed,
            ).format(count=_shown(question, unclaimed))
        )
    return " ".join(parts)


def _shown(question: Question, number: int) -> str:
    return disclose_count(number, audience=question.audience, thresholds=question.thresholds).text


def _doses_table(question: Question, match: DoseMatch | None, uses: pd.DataFrame) -> DisclosedTable:
    """Administrations that do not match, the gravest first."""
    rows, wrong = [], 0
    if match is not None:
        words, gravity = _mismatch_words(), list(Mismatch)
        order = np.argsort([gravity.index(kind) for kind in match.mismatch], kind="stable")
        order = order[match.mismatch[order] != Mismatch.NONE]
        wrong = len(order)
        first = order[:MOST_LISTED]
        about = uses.drop_duplicates("administration").set_index("administration").loc[match.administration[first]]
        for index, administration in zip(first, about.to_dict("records"), strict=True):
            named = int(match.kits_named[index])
            rows.append(
                (
                    day_of(administration["local_date"]),
                    administration["small_area"] or administration["bcu"] or _("not recorded"),
                    format_count(int(match.doses[index])),
                    format_count(named) if named else _("none"),
                    format_count(int(match.kits_used[index])),
                    words[match.mismatch[index]],
                )
            )
    return disclose_list(
        columns=(
            Column(heading=_("Given on")),
            Column(heading=_("Area")),
            Column(heading=_("Doses"), numeric=True),
            Column(heading=_("Kits named"), numeric=True),
            Column(heading=_("Kits in the ledger"), numeric=True),
            Column(heading=_("What does not match")),
        ),
        rows=rows,
        audience=question.audience,
        caption=_cut_short(wrong),
    )


def _cut_short(rows: int) -> str:
    if rows <= MOST_LISTED:
        return ""
    return _("The first {most} of {rows}. Choose a shorter period to see others.").format(
        most=format_count(MOST_LISTED), rows=format_count(rows)
    )


def _mismatch_words() -> dict[str, str]:
    return {
        Mismatch.NOT_IN_LEDGER: _("a kit that was used is not used in the ledger"),
        Mismatch.TOO_MANY_DOSES: _("more doses than its kits hold, at {number} each").format(number=DOSES_A_KIT),
        Mismatch.KIT_OVERUSED: _("its kit gave more than {number} doses in all").format(number=DOSES_A_KIT),
        Mismatch.OTHER_DAY: _("the ledger dates the use more than a day away"),
    }


def _resupply(
    question: Question, *, uses: pd.DataFrame, stock: Stock | None, training: Training, as_of: date
) -> tuple[str, DisclosedTable]:
    """Sentence and list of kits that were asked for after an administration and not issued since."""
    asked = uses[uses["resupply_needed"].fillna(False).astype(bool)].sort_values("officer", na_position="last")
    asked = asked.drop_duplicates("administration").assign(kits=asked["resupply_kits"].fillna(1).clip(lower=1))
    asked = asked.sort_values(["local_date", "administration"]).reset_index(drop=True)
    issues = pd.DataFrame({"event_on": [], "kits": [], "officer": []}) if stock is None else stock.counted
    if stock is not None:
        issues = issues[issues["event"] == "issued"]
    unmet = unmet_resupply(asked[["local_date", "kits", "officer"]], issues)
    carriers = training.carriers.dropna(subset=["officer"]).drop_duplicates("officer").set_index("officer")
    still_open = asked.assign(unmet=unmet)[unmet > 0] if stock is not None else asked[:0].assign(unmet=0.0)
    holds = still_open["officer"].map(_what_is_held(carriers, as_of)).fillna(_("none recorded"))
    # Whoever has nothing to use comes first, then whoever waits longest.
    still_open = still_open.assign(holds=holds, without=holds != _("yes"))
    still_open = still_open.sort_values(["without", "local_date"], ascending=[False, True], kind="stable")
    base = still_open["officer"].map(carriers["base"].fillna("")).map(base_name, na_action="ignore")
    listed = still_open.assign(base=base.fillna(_("not among the carriers")))[:MOST_LISTED]
    table = disclose_list(
        columns=(
            Column(heading=_("Asked on")),
            Column(heading=_("Base")),
            Column(heading=_("Kits asked for"), numeric=True),
            Column(heading=_("Not issued since"), numeric=True),
            Column(heading=_("Days waiting"), numeric=True),
            Column(heading=_("Holds a kit in date")),
        ),
        rows=[
            (
                day_of(row["local_date"]),
                row["base"],
                format_count(int(row["kits"])),
                format_count(int(row["unmet"])),
                format_count((pd.Timestamp(as_of) - row["local_date"]).days),
                row["holds"],
            )
            for row in listed.to_dict("records")
        ],
        audience=question.audience,
        caption=_cut_short(len(still_open)),
    )
    sentence = _resupply_sentence(
        question, unmet=unmet, without=int(still_open["without"].sum()), has_ledger=stock is not None
    )
    return sentence, table


def _resupply_sentence(question: Question, *, unmet: NDArray[np.float64], without: int, has_ledger: bool) -> str:
    asked, unknown = len(unmet), int(np.isnan(unmet).sum())
    if not asked:
        return _("No administration of the period says that kits are needed again.")
    requests = ngettext(
        "Kits were asked for after {count} administration", "Kits were asked for after {count} administrations", asked
    ).format(count=_shown(question, asked))
    if not has_ledger:
        return _("{requests}; without a kit ledger it is not known whether they came.").format(requests=requests)
    sentence = _(
        "{requests}; {count} of these requests have not been met by an issue to the officer since, and behind "
        "{without} of them is an officer without a kit in date."
    ).format(requests=requests, count=_shown(question, int((unmet > 0).sum())), without=_shown(question, without))
    if unknown:
        sentence += " " + ngettext(
            "Of {count} the officer is not named, so the ledger cannot tell.",
            "Of {count} the officers are not named, so the ledger cannot tell.",
            unknown,
        ).format(count=_shown(question, unknown))
    return sentence


def _what_is_held(carriers: pd.DataFrame, as_of: date) -> pd.Series:
    """Whether each carrier, by number, holds a kit in date."""
    expires_on, holds = carriers["kit_expires_on"], carriers["holds_kit"].to_numpy(dtype=bool)
    words = np.select(
        [~holds, expires_on.isna(), expires_on >= pd.Timestamp(as_of)],
        [_("none recorded"), _("yes, without a date"), _("yes")],
        _("only an expired one"),
    )
    return pd.Series(words, index=carriers.index, dtype=object)
