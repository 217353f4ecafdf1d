"""Whether a file's numbers are those of records that a store has: told by tokens, so that no number is kept."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from data.pseudonymise import Pseudonymiser, normalise_code
from data.store import Store
from data.values import Texts, is_nothing, whole_number

__all__ = ["KnownNumbers", "known_numbers"]

# More people than this share with several records: their number is no record's.
_SHARE_WITH_SEVERAL = 0.02


@dataclass(frozen=True, kw_only=True)
class KnownNumbers:
    """What a store knows of columns of a file: each answer is a share of their different numbers."""

    store: Store
    pseudonymiser: Pseudonymiser

    def incidents(self, source: str, texts: Texts) -> float:
        """The share that are incidents' of a source, in either way in which a mapping may spell a key."""
        plain = sorted({_plain(text) for text in texts if not is_nothing(text)})
        if not plain:
            return 0.0
        spellings = (plain, sorted({normalise_code(text) for text in plain}))
        tokens = [self._tokens("incident_id", source, [np.array(each, dtype=object)]) for each in spellings]
        return max(self.store.count_incidents(list(each)) for each in tokens) / len(plain)

    def administrations(self, source: str, parts: Sequence[Texts], *, codes: Sequence[bool]) -> float:
        """The share that are keys of administrations of a source, made of some columns, each a code or as it is."""
        spelt = [
            np.array([normalise_code(text) if code else _plain(text) for text in part], dtype=object)
            for part, code in zip(parts, codes, strict=True)
        ]
        filled = np.all([[not is_nothing(text) for text in part] for part in parts], axis=0)
        tokens = pd.unique(self._tokens("administration_id", source, [each[filled] for each in spelt]))
        if not len(tokens):
            return 0.0
        return self.store.count_numbered_administrations(list(tokens)) / len(tokens)

    def people(self, source: str, texts: Texts) -> float:
        """The share that are people's with one record of a source; 0 where more than a few have several."""
        numbers = np.array(sorted({normalise_code(text) for text in texts if not is_nothing(text)}), dtype=object)
        if not len(numbers):
            return 0.0
        tokens = self._tokens("person_token", "identifier", [numbers])
        once, several = self.store.count_numbered_people(source, list(tokens))
        return 0.0 if several > _SHARE_WITH_SEVERAL * once else once / len(numbers)

    def times_doses(self, source: str) -> bool:
        """Whether records of a source have times of doses of their own."""
        return self.store.times_doses(source)

    def _tokens(self, kind: str, source: str, parts: Sequence[Texts]) -> Texts:
        return self.pseudonymiser.tokens(kind=kind, source=source, parts=list(parts))


def known_numbers(store: Store, pseudonymiser: Pseudonymiser) -> KnownNumbers:
    """The questions put to a store."""
    return KnownNumbers(store=store, pseudonymiser=pseudonymiser)


def _plain(text: str) -> str:
    return " ".join(whole_number(text).split())
