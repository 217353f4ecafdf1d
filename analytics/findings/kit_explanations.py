"""Explanations of differences in the kit ledger: who explained which, when and why, and who took it back.

They are entries of the journal, so nothing of them can be changed afterwards. An explanation is about a base's
difference as it stood: the journal keeps a digest of the rows behind it, and when these change the difference is open
again. The subject is a digest too: the journal holds no value of a record.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from analytics.disclosure import Audience, DisclosureError
from analytics.findings.question import Question
from data.journal import Journal, operating_system_user
from data.keys import Keys, load_keys
from wording import NaloxoneWatchError, _

__all__ = [
    "Explanation",
    "NoReasonError",
    "digest_of_difference",
    "explain_difference",
    "read_explanations",
    "take_back_explanation",
]

_SUBJECT = "supply"
EXPLAINED, TAKEN_BACK = "explain difference", "take back explanation"
# Characters of a reason: a sentence or three.
LONGEST_REASON = 500


class NoReasonError(NaloxoneWatchError):
    """An explanation without a reason, or with too long a one."""


@dataclass(frozen=True)
class Explanation:
    """The explanation that stands for a base; `digest` is that of the rows it is about."""

    subject: str
    digest: str
    who: str
    at: datetime
    reason: str
    number: int


def digest_of_difference(*, base: str, difference: int, rows: Sequence[str]) -> tuple[str, str]:
    """The journal's subject for a base, and the digest of its difference with the keys of the rows behind it."""
    subject = f"{_SUBJECT}/{hashlib.sha256(base.encode()).hexdigest()[:16]}"
    content = "\x1f".join([base, str(difference), *sorted(rows)])
    return subject, hashlib.sha256(content.encode()).hexdigest()


def read_explanations(question: Question, *, keys: Keys | None = None) -> tuple[Explanation, ...]:
    """The explanation that stands for each base, in the deployment's time zone.

    Whether there is one counts for every audience; what it says is the analyst's.
    """
    latest = {entry.subject: entry for entry in _journal(question, keys).entries(subject=_SUBJECT)}
    zone = ZoneInfo(question.settings.time_zone)
    return tuple(
        Explanation(
            subject=str(subject),
            digest=str(entry.details["digest"]),
            who=entry.who,
            at=entry.at.astimezone(zone),
            reason=entry.purpose,
            number=entry.number,
        )
        for subject, entry in latest.items()
        if entry.action == EXPLAINED
    )


def explain_difference(
    question: Question, *, subject: str, digest: str, reason: str, seen: int = 0, keys: Keys | None = None
) -> None:
    """Journal why a difference is as it is; `seen` is the number of the explanation that was seen before it (0: none).

    Raises NoReasonError, DisclosureError for others than the analyst, JournalConflictError where somebody was faster.
    """
    plain = " ".join(reason.split())
    if not plain or len(plain) > LONGEST_REASON:
        raise NoReasonError(
            _("Say in up to {number} characters what became of the kits; nothing was kept.").format(
                number=LONGEST_REASON
            )
        )
    _write(question, action=EXPLAINED, subject=subject, digest=digest, reason=plain, seen=seen, keys=keys)


def take_back_explanation(question: Question, *, explanation: Explanation, keys: Keys | None = None) -> None:
    """Journal that an explanation no longer holds: its difference is open again.

    Raises DisclosureError for others than the analyst, JournalConflictError where somebody changed it since.
    """
    _write(
        question,
        action=TAKEN_BACK,
        subject=explanation.subject,
        digest=explanation.digest,
        reason="",
        seen=explanation.number,
        keys=keys,
    )


def _write(
    question: Question, *, action: str, subject: str, digest: str, reason: str, seen: int, keys: Keys | None
) -> None:
    if question.audience is not Audience.ANALYST:
        raise DisclosureError(_("Only the force's own analysts explain differences."))
    journal = _journal(question, keys)
    # An explanation that was taken back is an entry that came after the one seen, and no reason to stop.
    last = journal.entries(subject=subject, most=1)
    after = last[0].number if last and last[0].action == TAKEN_BACK else seen
    journal.record(
        action=action,
        who=operating_system_user(),
        purpose=reason,
        details={"digest": digest},
        subject=subject,
        after=after,
    )


def _journal(question: Question, keys: Keys | None) -> Journal:
    folder = question.settings.store_folder
    return Journal(folder=folder, keys=keys or load_keys(store_folder=folder))
