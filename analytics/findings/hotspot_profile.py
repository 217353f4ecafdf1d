"""Who, when and what at a place with repeated administrations, beside the rest of the force.

Each share has an exact binomial 95 % interval (Clopper & Pearson 1934). To others than the analyst a number of 1 to 4
is held back here, and then beside it too: the rest of the force would give it back by subtraction.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from analytics import delay
from analytics.disclosure import (
    Audience,
    Column,
    DisclosedCount,
    DisclosedTable,
    disclose_breakdown,
    disclose_centile,
    disclose_share,
    hold_back,
    tabulate_cells,
)
from analytics.estimate import binomial_interval
from analytics.findings.question import Question
from analytics.findings.words import substance_words
from data.schema import NOT_RECORDED
from wording import _, format_count

__all__ = ["find_profile", "read_profiles"]

Mask = NDArray[np.bool_]

# Wait outcomes whose clock ran, as analytics.delay names them.
_ENDINGS = {"arrived": "arrived", "left_before": "left", "declined": "declined"}
# Substances named less often than this in the whole force make no row of their own.
_FEWEST_NAMED = 5


@dataclass(frozen=True, kw_only=True)
class _Topic:
    """One thing to count: its name, its categories in words, and each administration's category (by index)."""

    name: str
    categories: tuple[str, ...]
    index: NDArray[np.int64]


def read_profiles(question: Question) -> pd.DataFrame:
    """Every located administration of the question with what a profile counts (see Store.administration_profiles)."""
    ambulance = question.settings.ambulance
    return question.store.administration_profiles(
        filters=question.filters, scope=question.scope, kind=ambulance.kind, clocks=ambulance.clocks
    )


def find_profile(question: Question, *, frame: pd.DataFrame, here: Mask) -> DisclosedTable:
    """The administrations of `frame` that are `here`, shape (n,), beside the others."""
    rows: list[tuple[object, ...]] = [
        (_("Administrations"), format_count(int(here.sum())), *_rest_count(question, here))
    ]
    for topic in (*_topics(question, frame), *_substances(frame)):
        rows += _topic_rows(question, topic, here)
    rows.append(_wait_row(question, frame, here))
    return tabulate_cells(
        columns=(
            Column(heading=_("What")),
            Column(heading=_("Here (95 %)"), numeric=True),
            Column(heading=_("Rest of force (95 %)"), numeric=True),
        ),
        rows=rows,
        caption=_(
            "Shares of all administrations with a place, those not recorded among them. Substances as recorded, several"
            " a person. Previous police contact is contact for any reason."
        ),
    )


def _rest_count(question: Question, here: Mask) -> tuple[DisclosedCount]:
    """The rest's number, which alone would give nothing away, protected like any other."""
    parts = disclose_breakdown(
        codes=("here", "rest"),
        names=("", ""),
        counts=(int(here.sum()), int((~here).sum())),
        audience=question.audience,
        thresholds=question.thresholds,
    )
    return (parts.counts[1],)


def _topics(question: Question, frame: pd.DataFrame) -> tuple[_Topic, ...]:
    """What each administration has in exactly one way."""
    hour, weekday = frame["local_hour"].to_numpy(float), frame["local_weekday"].to_numpy(float)
    doses, times = frame["doses_given"].to_numpy(float), frame["times"].to_numpy(float)
    unknown, yes, no = _("Not recorded"), _("Yes"), _("No")
    topics = [
        _Topic(
            name=_("Time of day"),
            categories=(
                _("00:00 to 05:59"),
                _("06:00 to 11:59"),
                _("12:00 to 17:59"),
                _("18:00 to 23:59"),
                unknown,
            ),
            index=_indexed(hour // 6, 4),
        ),
        _Topic(
            name=_("Day of the week"),
            categories=(_("Monday to Thursday"), _("Friday to Sunday"), unknown),
            index=_indexed(np.where(np.isfinite(weekday), weekday >= 5, np.nan), 2),
        ),
        _Topic(
            name=_("Doses"),
            categories=(_("None or one"), _("Two"), _("Three or more"), unknown),
            index=_indexed(np.clip(doses, 1, 3) - 1, 3),
        ),
        _Topic(
            name=_("Person given naloxone more than once"),
            categories=(yes, no, unknown),
            index=_indexed(np.where(np.isfinite(times), times < 2, np.nan), 2),
        ),
        _Topic(
            name=_("Previous police contact, any reason"),
            categories=(yes, no, unknown),
            index=_chosen(frame["previous_police_contact"], ("yes", "no")),
        ),
    ]
    if question.audience is not Audience.MEETING:  # deaths are never shown by place on the wall
        topics.append(
            _Topic(
                name=_("Alive at handover"),
                categories=(yes, _("Died"), unknown),
                index=_chosen(frame["alive_at_handover"], ("yes", "died")),
            )
        )
    contacted = frame["contacted"].map({True: "yes", False: "no"}).fillna(NOT_RECORDED)
    topics.append(
        _Topic(
            name=_("Reached by follow-up"),
            categories=(yes, _("Not yet"), _("No follow-up recorded")),
            index=_chosen(contacted, ("yes", "no")),
        )
    )
    return tuple(topics)


def _substances(frame: pd.DataFrame) -> list[_Topic]:
    """One topic a substance and certainty, since a person can have taken several; those often named in the force."""
    words = substance_words()
    certainties = {
        "suspected": _("suspected"),
        "confirmed": _("confirmed"),
        "found_not_opioid": _("found not to be an opioid"),
        NOT_RECORDED: _("certainty not recorded"),
    }
    named = frame["substances"].map(lambda pairs: frozenset(pairs) if isinstance(pairs, np.ndarray | list) else ())
    counts = pd.Series([pair for pairs in named for pair in pairs], dtype=object).value_counts()
    topics = []
    for pair in counts.index[counts >= _FEWEST_NAMED]:
        substance, certainty = pair.split(":")
        about = words[substance] if substance == NOT_RECORDED else f"{words[substance]}, {certainties[certainty]}"
        has = np.array([pair in pairs for pairs in named], dtype=bool)
        topics.append(_Topic(name=_("Substance"), categories=(about,), index=np.where(has, 0, 1).astype(np.int64)))
    return topics


def _indexed(values: NDArray[np.float64], categories: int) -> NDArray[np.int64]:
    """Whole numbers from 0; what is not known gets the number after the last category."""
    return np.where(np.isfinite(values), values, categories).astype(np.int64)


def _chosen(values: pd.Series, choices: Sequence[str]) -> NDArray[np.int64]:
    order = {choice: index for index, choice in enumerate(choices)}
    return values.map(order).fillna(len(choices)).to_numpy(np.int64)


def _topic_rows(question: Question, topic: _Topic, here: Mask) -> list[tuple[object, ...]]:
    """A row a category; one that is held back on either side is held back on both."""
    width = max(len(topic.categories), 2)
    sides = [np.bincount(topic.index[side], minlength=width) for side in (here, ~here)]
    shown = [
        disclose_breakdown(
            codes=[str(number) for number in range(width)],
            names=[""] * width,
            counts=[int(count) for count in counts],
            audience=question.audience,
            thresholds=question.thresholds,
        ).counts
        for counts in sides
    ]
    rows = []
    for number, category in enumerate(topic.categories):
        if not any(counts[number] for counts in sides):
            continue
        both = all(counts[number].shown for counts in shown)
        cells = [
            _share(question, int(counts[number]), int(counts.sum())) if both else _held(side[number])
            for counts, side in zip(sides, shown, strict=True)
        ]
        rows.append((_("{what}: {values}").format(what=topic.name, values=category), *cells))
    return rows


def _held(count: DisclosedCount) -> DisclosedCount | object:
    return hold_back() if count.shown else count


def _share(question: Question, part: int, whole: int) -> object:
    lower, upper = binomial_interval(part, whole)
    return disclose_share(
        part / whole if whole else np.nan,
        float(lower),
        float(upper),
        cases=whole,
        audience=question.audience,
        thresholds=question.thresholds,
    )


def _wait_row(question: Question, frame: pd.DataFrame, here: Mask) -> tuple[object, ...]:
    """The median wait on each side, one wait an incident."""
    return (
        _("Median wait for the ambulance"),
        *(_median_wait(question, frame[side].drop_duplicates("incident_number")) for side in (here, ~here)),
    )


def _median_wait(question: Question, frame: pd.DataFrame) -> object:
    minutes = frame["minutes"].to_numpy(float)
    ran = frame["outcome"].isin(list(_ENDINGS)).to_numpy() & ~(minutes <= 0)
    arrived_untimed = (frame["outcome"] == "arrived").to_numpy() & np.isnan(minutes)
    ran &= ~arrived_untimed
    # When someone left is often not known; put at the latest it can have been, it moves no arrival.
    known = np.where(np.isnan(minutes[ran]), delay.LONGEST_PLAUSIBLE_MINUTES, minutes[ran])
    summary = delay.summarise_waits(minutes=known, outcome=frame["outcome"][ran].map(_ENDINGS).to_numpy(dtype=object))
    if isinstance(summary, delay.CallsOnly):
        return disclose_centile(
            np.nan,
            np.nan,
            np.nan,
            text="",
            share=0.5,
            cases=0,
            audience=question.audience,
            thresholds=question.thresholds,
        )
    median = summary.median
    if question.audience is not Audience.ANALYST:
        least = question.thresholds.smallest_count_shown
        median = delay.without_last_arrivals(quantile=median, curve=summary.curve, least=least)
    return disclose_centile(
        median.minutes,
        median.lower,
        median.upper,
        text=median.sentence,
        share=median.share,
        cases=summary.curve.timed,
        audience=question.audience,
        thresholds=question.thresholds,
    )
