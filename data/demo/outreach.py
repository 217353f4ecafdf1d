"""The synthetic force's list of places where naloxone and help are to be had: invented, one or two a town."""

import numpy as np
import pandas as pd

from data.demo.model import DATA_STATUS, ForceProfile, RawFile, numbered
from data.mapping import Mapping, PlaceLayout

__all__ = ["outreach_file"]

# Metres from the middle of a town: within a walk.
SPREAD_M = 700.0
# Towns of this rank or above have peer-to-peer supply too; the smaller ones a pharmacy alone.
PEER_RANK = 8
_KINDS = (
    ("Peer-to-peer naloxone", "peer_to_peer", "Mondays to Fridays 10:00 to 16:00"),
    ("Outreach van", "outreach", "Daily 18:00 to 22:00"),
    ("Pharmacy with needle exchange", "needle_exchange", "Mondays to Saturdays 09:00 to 18:00"),
)


def outreach_file(rng: np.random.Generator, *, profile: ForceProfile, source: str) -> RawFile:
    """A pharmacy in each town, and peers and a van in the larger ones."""
    rows = []
    for rank, town in enumerate(profile.places):
        for words, _kind, opening in _KINDS if rank < PEER_RANK else _KINDS[-1:]:
            east, north = rng.normal(0.0, SPREAD_M / 2, size=2)
            rows.append((words, f"{words}, {town.name}", opening, town.easting_m + east, town.northing_m + north))
    frame = pd.DataFrame(rows, columns=["Kind", "Name", "Open", "Easting", "Northing"]).round(0)
    frame.insert(0, "Number", numbered("SYN-P%03d", np.arange(1, len(frame) + 1)))
    mapping = Mapping(
        target="outreach_points",
        source=source,
        synthetic=True,
        columns={"outreach_point_id": "Number", "kind": "Kind", "name": "Name", "opening": "Open"},
        place=PlaceLayout(crs=None, x="Easting", y="Northing"),
        values={"kind": {words: kind for words, kind, _opening in _KINDS}},
    )
    return RawFile(name="outreach_points", frame=frame.assign(**{"Data status": DATA_STATUS}), mapping=mapping)
