"""What a change of carriers does to reach, hour by hour: added, moved, made ready, or kits put in cars.

Nobody's own roster is made up and nobody is picked out. The chance that a place has nobody within reach in an hour is a
product over those who could be there:
    those who stay as they are   0 or 1, from the roster
    k of a base's n people       C(n - m, k) / C(n, k), with m of the n on shift then: any k are as likely as any other
    k carriers added             (1 - p)^k, with p the share of the present carriers who are on shift then
    a car with a kit             0: it is taken to be crewed at every hour
The second is the hypergeometric chance of drawing none of the m; it serves people who move (k of a base's n end within
reach, the others do not) and people who are made ready (k of the n who are not).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln

from wording import NaloxoneWatchError, _

__all__ = ["ImpossibleChangeError", "Team", "chance_of_nobody", "cover_after"]

Floats = NDArray[np.float64]


class ImpossibleChangeError(NaloxoneWatchError):
    """A change asks for more people than there are, or does not fit the sites."""


@dataclass(frozen=True)
class Team:
    """`people` of one base, of whom `on_shift` are on shift in each hour, shape (hours,), and where some of them stand.

    `stands` pairs a site with how many of the people, whichever they are, start from there; the rest do not count.
    """

    people: int
    on_shift: NDArray[np.int64]
    stands: tuple[tuple[int, int], ...]


def chance_of_nobody(*, people: int, on_shift: ArrayLike, drawn: ArrayLike) -> Floats:
    """The chance that of `drawn` people, any of `people`, none is among the `on_shift`; the two broadcast."""
    m, k = np.broadcast_arrays(np.asarray(on_shift, dtype=float), np.asarray(drawn, dtype=float))
    possible = people - m >= k
    free = np.where(possible, people - m, k)
    log = gammaln(free + 1) - gammaln(free - k + 1) + gammaln(people - k + 1) - gammaln(people + 1)
    return np.where(possible, np.exp(log), 0.0)


def cover_after(
    *,
    in_reach: ArrayLike,
    speed_of_hour: ArrayLike,
    on_shift_at_site: ArrayLike,
    teams: Sequence[Team] = (),
    added: ArrayLike | None = None,
    added_chance: ArrayLike | None = None,
    cars: ArrayLike | None = None,
) -> Floats:
    """The chance that somebody is within reach, shape (hours, places).

    Args:
        in_reach: whether a site reaches a place in time, shape (speeds, sites, places).
        speed_of_hour: which of the speeds holds in each hour, shape (hours,).
        on_shift_at_site: those on shift who stay as they are, none of them in a team, shape (hours, sites).
        teams: those whose place or readiness changes.
        added: new carriers at each site, shape (sites,).
        added_chance: the chance that one of them is on shift, shape (hours,).
        cars: cars with a kit at each site, shape (sites,).

    Raises:
        ImpossibleChangeError: more people moved than there are, or shapes that differ.
    """
    reach, speed = np.asarray(in_reach, dtype=bool), np.asarray(speed_of_hour, dtype=np.int64)
    staying = np.asarray(on_shift_at_site, dtype=np.float32)
    _speeds, sites, places = reach.shape
    new, with_kit = (np.zeros(sites) if each is None else np.asarray(each, dtype=float) for each in (added, cars))
    chance = np.zeros(len(speed)) if added_chance is None else np.asarray(added_chance, dtype=float)
    if staying.shape != (len(speed), sites) or chance.shape != speed.shape or {new.shape, with_kit.shape} != {(sites,)}:
        raise ImpossibleChangeError(_("Sites, hours and the change do not fit together."))
    if any(sum(number for _site, number in team.stands) > team.people for team in teams) or np.any(new < 0):
        raise ImpossibleChangeError(_("The change takes more carriers from a base than it has. Choose fewer."))
    nobody = np.empty((len(speed), places))
    for number in np.unique(speed):
        hours, near = speed == number, reach[number]
        weight = near.astype(np.float32)
        left = ((staying[hours] @ weight) == 0) & ((with_kit @ weight) == 0)
        chances = left * (1.0 - chance[hours, None]) ** (new @ weight)
        for team in teams:
            here = np.zeros(places, dtype=np.int64)
            for site, count in team.stands:
                here += count * near[site]
            table = chance_of_nobody(
                people=team.people, on_shift=team.on_shift[hours, None], drawn=np.arange(team.people + 1)
            )
            chances *= table[:, here]
        nobody[hours] = chances
    return 1.0 - nobody
