"""What the filter by kind of place leaves out of a count, in one sentence, so that a smaller count is not a loss."""

from dataclasses import replace

from analytics.disclosure import Audience
from analytics.findings.question import Question
from analytics.findings.words import setting_words
from wording import _, format_count, join_words, ngettext

__all__ = ["left_out_by_setting"]


def left_out_by_setting(question: Question, count: int) -> str:
    """The sentence beside `count` administrations; "" where nothing is left out.

    The number is the analyst's: to others a few could be worked out.
    """
    chosen, words = question.filters.settings, setting_words()
    if not chosen or set(chosen) == set(words):
        return ""
    names = join_words([words[name].lower() for name in words if name not in chosen])
    if question.audience is not Audience.ANALYST:
        return _("The filter by kind of place leaves out: {settings}.").format(settings=names)
    everywhere = question.store.count_administrations(
        filters=replace(question.filters, settings=()), scope=question.scope
    )
    number = everywhere.administrations - count
    if not number:
        return ""
    return ngettext(
        "The filter by kind of place leaves out {count} more ({settings}).",
        "The filter by kind of place leaves out {count} more ({settings}).",
        number,
    ).format(count=format_count(number), settings=names)
