"""The words a user sees: translation, numbers, dates, and the base of every error sentence.

The lowest layer: everything may import it, it imports nothing of the project. Sentences are translated by gettext
from the catalogues under `locale/`; the language belongs to the deployment's settings (`set_language`).
"""

from wording.errors import NaloxoneWatchError
from wording.formats import (
    format_count,
    format_date,
    format_day_of_month,
    format_interval,
    format_moment,
    format_month,
    format_month_name,
    format_months,
    format_number,
    format_period,
    format_quarter,
    format_share,
    join_words,
)
from wording.translation import _, ngettext, set_language

__all__ = [
    "NaloxoneWatchError",
    "_",
    "format_count",
    "format_date",
    "format_day_of_month",
    "format_interval",
    "format_moment",
    "format_month",
    "format_month_name",
    "format_months",
    "format_number",
    "format_period",
    "format_quarter",
    "format_share",
    "join_words",
    "ngettext",
    "set_language",
]
