"""Whether a file's numbers are those of incidents that a store has: told by tokens, so that no number is kept."""

from collections.abc import Callable

import numpy as np

from data.pseudonymise import Pseudonymiser, normalise_code
from data.store import Store
from data.values import Texts, is_nothing, whole_number

__all__ = ["KnownNumbers", "known_numbers"]

# Of a source's name and a column's cells: the share of its different numbers that are incidents' of that source.
KnownNumbers = Callable[[str, Texts], float]


def known_numbers(store: Store, pseudonymiser: Pseudonymiser) -> KnownNumbers:
    """The question put to a store, for both ways in which a mapping may spell a key."""

    def share(source: str, texts: Texts) -> float:
        plain = sorted({" ".join(whole_number(text).split()) for text in texts if not is_nothing(text)})
        if not plain:
            return 0.0
        spellings = (plain, sorted({normalise_code(text) for text in plain}))
        tokens = [
            pseudonymiser.tokens(kind="incident_id", source=source, parts=[np.array(each, dtype=object)])
            for each in spellings
        ]
        return max(store.count_incidents(list(each)) for each in tokens) / len(plain)

    return share
