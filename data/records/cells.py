"""The cells of one column of a block, and what is made of each distinct text in it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.pseudonymise import normalise_code
from data.values import Texts, is_nothing

__all__ = ["Cells", "Columns", "Mask", "anything_filled", "code_of", "mapped"]

Mask = NDArray[np.bool_]
# The columns of the records in the making, by name.
Columns = dict[str, object]


@dataclass(frozen=True, kw_only=True)
class Cells:
    """One column of the block: its texts, one a row, and its position in the file (0 = first)."""

    texts: Texts
    position: int


def mapped(texts: Texts, function: Callable[[str], object]) -> Texts:
    """`function` of each text, called once for each distinct one."""
    codes, distinct = pd.factorize(texts)
    table = np.empty(len(distinct), dtype=object)
    table[:] = [function(text) for text in distinct]
    return table[codes]


def anything_filled(columns: Sequence[Cells]) -> Mask:
    """The rows in which any of the columns says something."""
    filled = [mapped(cells.texts, lambda text: not is_nothing(text)).astype(bool) for cells in columns]
    return np.any(filled, axis=0)


def code_of(text: str) -> str:
    """A number of a person or a thing, of which letters and digits count; "" for what says that there is none."""
    return "" if is_nothing(text) else normalise_code(text)
