"""What makes a record a pseudonym before anything touches the disk: keyed hashes, age bands, snapped places.

A token is BLAKE2b with the store's pseudonym key (RFC 7693), 128 bits as hexadecimal, separated by what it stands for,
so that an officer's token never equals a person's. This is the only module that reads the key. Names are brought to one
form before they are hashed: "O'BRIEN, Siân" and "Sian OBrien" are one person.
"""

import hashlib
import re
import unicodedata
from collections.abc import Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.keys import Keys
from data.schema import AGE_BANDS, NOT_RECORDED
from data.values import whole_number

__all__ = ["Pseudonymiser", "age_bands", "normalise_code", "normalise_name", "snap_to_cells", "years_between"]

_TOKEN_BYTES = 16
# Where the bands after the first begin, in years; the bands themselves are the schema's.
_BAND_STARTS = (18, 25, 35, 45, 55, 65)
# Older than anyone has lived (122): a slip of the keyboard.
_OLDEST_YEARS = 125

_APOSTROPHES = re.compile(r"['\u2019\u2018\u02bc`\u00b4]")
_NOT_WORDS = re.compile(r"[^\w]+|_")
_TITLES = frozenset({"mr", "mrs", "ms", "miss", "mx", "dr", "sir", "dame", "prof", "professor", "rev", "revd"})
# What officers write where there is no name. All such people would otherwise become one.
# fmt: off
_NO_NAME = frozenset({
    "unknown", "unk", "nk", "not", "known", "na", "n", "a", "k", "none", "nil", "null", "recorded", "given",
    "provided", "provide", "give", "stated", "disclosed", "obtained", "available", "unidentified", "unnamed",
    "declined", "refused", "withheld", "anonymous", "tbc", "tba", "no", "name", "names", "details", "person",
    "male", "female", "man", "woman", "adult", "youth", "surname", "forename", "first", "last", "to",
})
# fmt: on
_NO_NAME_STARTS = ("unknown", "unidentified", "anonymous")


class Pseudonymiser:
    """Makes tokens with the store's key; never shows it."""

    def __init__(self, keys: Keys) -> None:
        # BLAKE2b takes at most 64 bytes of key; hashing first keeps the whole of a longer one.
        self._key = hashlib.blake2b(keys.pseudonym_key, digest_size=64).digest()

    def tokens(self, *, kind: str, parts: Sequence[NDArray[np.object_]], source: str = "") -> NDArray[np.object_]:
        """A token for each row of `parts` (arrays of text, one a component); None where any component is empty.

        `kind` (such as "incident_id") and `source` separate tokens of different things from each other.
        """
        prefix = f"{kind}\x1f{source}\x1f".encode("utf-8", "surrogatepass")
        start = hashlib.blake2b(prefix, digest_size=_TOKEN_BYTES, key=self._key)

        def token(text: str) -> str:
            # A copy of what all have in common takes half as long as hashing the whole.
            digest = start.copy()
            digest.update(text.encode("utf-8", "surrogatepass"))
            return digest.hexdigest()

        if len(parts) == 1:
            codes, distinct = pd.factorize(parts[0])
            found = np.empty(len(distinct) + 1, dtype=object)  # the last is that of what is missing, whose code is -1
            found[:-1] = [token(f"{len(text)}:{text}") if text else None for text in distinct]
            return found[codes]
        found = np.empty(len(parts[0]), dtype=object)
        # Lengths keep ("ab", "c") apart from ("a", "bc").
        found[:] = [
            token("".join([f"{len(part)}:{part}" for part in row])) if all(row) else None
            for row in zip(*parts, strict=True)
        ]
        return found

    def token(self, *, kind: str, parts: Sequence[str]) -> str:
        """One token, for a single value such as a heading."""
        return str(self.tokens(kind=kind, parts=[np.array([part or " "], dtype=object) for part in parts])[0])

    def person_tokens(self, *, names: NDArray[np.object_], births: pd.Series) -> NDArray[np.object_]:
        """Tokens of people by normalised name and date of birth (NaT where not known); None where there is no name."""
        born = births.dt.strftime("%Y-%m-%d").fillna("-").to_numpy(dtype=object)
        return self.tokens(kind="person_token", source="name", parts=[names, born])

    def row_hashes(self, frame: pd.DataFrame) -> NDArray[np.object_]:
        """A keyed hash of each row's content, to tell a changed row from an unchanged one."""
        hash_key = hashlib.blake2b(b"row", key=self._key, digest_size=8).hexdigest()
        columns = [pd.util.hash_array(_hashable(frame[name]), hash_key=hash_key) for name in frame.columns]
        content = np.column_stack(columns).tobytes() if columns else b""
        width = 8 * len(columns)
        found = np.empty(len(frame), dtype=object)
        found[:] = [
            hashlib.blake2b(content[i * width : (i + 1) * width], digest_size=_TOKEN_BYTES, key=self._key).hexdigest()
            for i in range(len(frame))
        ]
        return found


def normalise_name(name: str) -> str:
    """A name in one form: without case, accents, punctuation or titles, given names first; "" where there is none."""
    letters = name.casefold() if name.isascii() else _without_marks(name)
    surname, comma, given = letters.partition(",")
    ordered = f"{given} {surname}" if comma else surname
    words = [word for word in _NOT_WORDS.sub(" ", _APOSTROPHES.sub("", ordered)).split() if word not in _TITLES]
    if not words or set(words) <= _NO_NAME or words[0] in _NO_NAME_STARTS:
        return ""
    return " ".join(words)


def _without_marks(name: str) -> str:
    """Letters without case, accents and invisible characters."""
    decomposed = unicodedata.normalize("NFKD", name).casefold()
    # Folding case can bring back marks, as of the Turkish dotted capital I.
    again = unicodedata.normalize("NFKD", decomposed)
    return "".join(each for each in again if not unicodedata.combining(each) and unicodedata.category(each) != "Cf")


def normalise_code(code: str) -> str:
    """A kit, collar or person number in one form: letters and digits only, without case.

    A number alone loses what spreadsheets take from it or add to it: "00123", "123" and "123.0" are one.
    """
    plain = "".join(each for each in whole_number(unicodedata.normalize("NFKC", code).casefold()) if each.isalnum())
    return plain.lstrip("0") or "0" if plain.isdecimal() else plain


def age_bands(years: NDArray[np.float64]) -> tuple[pd.Categorical, NDArray[np.bool_]]:
    """The schema's band for each age in years (NaN: not recorded), and which ages no living person has."""
    impossible = (years < 0) | (years > _OLDEST_YEARS)
    known = np.isfinite(years) & ~impossible
    codes = np.full(len(years), AGE_BANDS.index(NOT_RECORDED))
    codes[known] = np.searchsorted(_BAND_STARTS, years[known], side="right")
    return pd.Categorical.from_codes(codes.tolist(), categories=list(AGE_BANDS)), impossible


def years_between(*, born: pd.Series, on: pd.Series) -> NDArray[np.float64]:
    """Completed years from one day to another (both naive datetimes); NaN where either is not known."""
    before_birthday = (on.dt.month * 100 + on.dt.day) < (born.dt.month * 100 + born.dt.day)
    return (on.dt.year - born.dt.year - before_birthday).where(born.notna() & on.notna()).to_numpy(dtype=float)


def snap_to_cells(metres: NDArray[np.float64], *, snap_m: float) -> NDArray[np.float64]:
    """Each coordinate moved to the middle of its cell of `snap_m`; NaN stays NaN."""
    return (np.floor(metres / snap_m) + 0.5) * snap_m


def _hashable(column: pd.Series) -> object:
    """Values as hash_array takes them, of a type that does not depend on the other rows."""
    if isinstance(column.dtype, pd.DatetimeTZDtype):
        return column.dt.tz_convert("UTC").dt.tz_localize(None).to_numpy()
    if isinstance(column.dtype, pd.CategoricalDtype):
        return column.array
    if pd.api.types.is_numeric_dtype(column.dtype) and not pd.api.types.is_bool_dtype(column.dtype):
        return column.to_numpy(dtype="float64", na_value=np.nan)
    return column.to_numpy()
