"""Which local authorities each UK police force covers.

`police_forces.csv` holds one row a local authority (codes of April 2025). England and Wales follow the Office for
National Statistics' police force areas; in Scotland and Northern Ireland every authority is in the one force.
"""

import difflib
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import pandas as pd

from geo.errors import UnknownAuthorityError, UnknownForceError

__all__ = [
    "Authority",
    "PoliceForce",
    "authority_table",
    "find_authorities",
    "find_force",
    "force_of_authority",
    "police_forces",
]

_FACTS = Path(__file__).with_name("police_forces.csv")
_NATIONS = {"E": "England", "W": "Wales", "S": "Scotland", "N": "Northern Ireland"}
# Words that people add to or leave out of a force's name; "City of London" and "West Midlands" keep theirs.
_EMPTY_WORDS = frozenset({"police", "constabulary", "service", "force", "the", "of", "and"})
# Names in use that share no word with the name in the table.
_OTHER_NAMES = {"northern ireland": "PSNI", "met": "Metropolitan Police"}


@dataclass(frozen=True)
class Authority:
    """A local authority: its code (such as W06000015) and its name."""

    code: str
    name: str


@dataclass(frozen=True)
class PoliceForce:
    """A territorial police force of the UK: its name, nation and local authorities."""

    name: str
    nation: str
    authorities: tuple[Authority, ...]

    @property
    def authority_codes(self) -> tuple[str, ...]:
        """The codes of its local authorities."""
        return tuple(authority.code for authority in self.authorities)


@cache
def authority_table() -> pd.DataFrame:
    """One row a UK local authority, indexed by code: authority (its name) and police_force."""
    return pd.read_csv(_FACTS, index_col="authority_code", encoding="utf-8")


@cache
def police_forces() -> tuple[PoliceForce, ...]:
    """The 45 territorial police forces of the UK, by name."""
    return tuple(
        PoliceForce(
            name=str(name),
            nation=_NATIONS[rows.index[0][0]],
            authorities=tuple(Authority(code=code, name=row) for code, row in rows["authority"].items()),
        )
        for name, rows in authority_table().groupby("police_force")
    )


def find_force(name: str) -> PoliceForce:
    """The force of this name; case, "Police" and "Constabulary" do not matter.

    Raises UnknownForceError, with the nearest names, if there is none.
    """
    forces = {_plain(force.name): force for force in police_forces()}
    wanted = _plain(name)
    if wanted in _OTHER_NAMES:
        wanted = _plain(_OTHER_NAMES[wanted])
    if wanted in forces:
        return forces[wanted]
    near = difflib.get_close_matches(wanted, forces, n=3, cutoff=0.6)
    containing = [plain for plain in forces if wanted and wanted in plain and plain not in near]
    raise UnknownForceError(name=name, near_matches=[forces[plain].name for plain in [*near, *containing][:3]])


def force_of_authority(code: str) -> PoliceForce:
    """The force that covers the local authority `code`. Raises UnknownAuthorityError."""
    if code not in authority_table().index:
        raise UnknownAuthorityError(name=code, near_matches=difflib.get_close_matches(code, authority_table().index))
    return find_force(authority_table().at[code, "police_force"])


def find_authorities(codes_or_names: Iterable[str], *, among: Iterable[Authority]) -> tuple[Authority, ...]:
    """The authorities of `among` that these codes or names mean, in order. Raises UnknownAuthorityError."""
    by_key = {key: each for each in among for key in (each.code.casefold(), each.name.casefold())}
    found = []
    for wanted in codes_or_names:
        key = wanted.strip().casefold()
        if key not in by_key:
            near = difflib.get_close_matches(key, by_key, n=3, cutoff=0.7)
            raise UnknownAuthorityError(name=wanted, near_matches=[by_key[each].name for each in near])
        found.append(by_key[key])
    return tuple(found)


def _plain(name: str) -> str:
    """A name without case, punctuation and the words that people add or leave out."""
    words = "".join(letter if letter.isalnum() else " " for letter in name.casefold()).split()
    return " ".join(word for word in words if word not in _EMPTY_WORDS)
