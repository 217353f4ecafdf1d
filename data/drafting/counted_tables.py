"""Tables of counts, such as a monthly return: a row for each month and place with numbers, and no record in them."""

import re
from collections.abc import Collection, Sequence

from data.drafting.column_facts import ColumnFacts

__all__ = ["is_table_of_counts"]

# When it was, in headings of such tables; a day is a record's.
_PERIOD = re.compile(r"\b(?:months?|quarters?|years?|financial year|periods?|fy)\b")
_COUNT = re.compile(
    r"\b(?:uses?|used|counts?|numbers?|totals?|administrations?|deployments?|incidents?|deaths?|doses?|cases|calls|"
    r"saves|kits|n)\b"
)
# What says that a row is of somebody, or of one event.
_OF_A_RECORD = frozenset(["time", "date", "excel", "clock", "degrees", "metres", "postcode", "point", "gridref"])
_FIELDS_OF_A_RECORD = ("incident_id", "administration_id", "person", "gender", "age_band", "dose.officer", "dose.kit")
# Rows of one month and place are one, but for slips.
_SHARE_APART = 0.95


def is_table_of_counts(facts: Sequence[ColumnFacts], rows: Sequence[Sequence[str]], found: Collection[str]) -> bool:
    """Whether a file has no key, no day and no person, but months or years, and counts beside them.

    `found` are the fields that its headings name.
    """
    periods = [each for each in facts if "month" in each.kinds or _PERIOD.search(each.plain)]
    if any(
        each.kinds & (_OF_A_RECORD - ({"metres", "excel"} if "number" in each.kinds else set()))
        for each in facts
        if each not in periods
    ):
        return False
    if any(name.startswith(_FIELDS_OF_A_RECORD) for name in found):
        return False
    counts = [
        each for each in facts if "number" in each.kinds and each not in periods and _COUNT.search(each.plain)
        and not each.decimals
    ]  # fmt: skip
    if not (periods and counts and rows):
        return False
    told_by = [each for each in facts if each not in counts]
    apart = {tuple(row[each.position].casefold() for each in told_by) for row in rows}
    return len(apart) >= _SHARE_APART * len(rows)
