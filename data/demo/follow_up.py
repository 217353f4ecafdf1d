"""The synthetic force's follow-up log: what was done for each person after naloxone.

South Wales works to 72 hours. Half consent and 85 % are contacted in time; who then engages is an assumption.
"""

import numpy as np
import pandas as pd

from data.demo.model import DATA_STATUS, ForceProfile, RawFile, existing_local_times, moment_texts
from data.demo.records import KEY_COLUMNS, DrawnCases
from data.mapping import Mapping

__all__ = ["follow_up_file"]

CONSENT_SHARE, IN_TIME_SHARE, ENGAGED_SHARE, FOLLOW_UP_HOURS = 0.50, 0.85, 0.6, 72
# A team could not follow up more than this; it keeps the stress force's log in proportion.
MOST_FOLLOWED_UP = 10_000


def follow_up_file(
    rng: np.random.Generator,
    *,
    profile: ForceProfile,
    cases: DrawnCases,
    source: str,
    parent_source: str,
    time_zone: str,
) -> RawFile:
    """Referral, 72-hour clock, contact, consent and engagement after the latest administrations to the public."""
    public = np.nonzero(~cases.where("officer"))[0][-MOST_FOLLOWED_UP:]
    moment, size = cases.moment[public], len(public)
    referred = moment + rng.integers(30, 600, size=size).astype("timedelta64[m]")
    due = moment + np.timedelta64(FOLLOW_UP_HOURS * 60, "m")
    in_time = rng.random(size) < IN_TIME_SHARE
    hours = np.where(in_time, rng.uniform(12, FOLLOW_UP_HOURS - 1, size), rng.uniform(FOLLOW_UP_HOURS + 2, 336, size))
    contacted = moment + (hours * 60).astype("timedelta64[m]")
    consents = rng.random(size) < CONSENT_SHARE
    engaged = consents & (rng.random(size) < ENGAGED_SHARE)
    answer = contacted + rng.integers(5, 60, size=size).astype("timedelta64[m]")
    everyone = np.ones(size, dtype=bool)
    steps = (
        ("Referred", everyone, referred),
        ("Contact due", everyone, due),
        ("Contacted", everyone, contacted),
        ("Consented", consents, answer),
        ("Declined", ~consents, answer),
        ("Engaged", engaged, contacted + rng.integers(3, 30, size=size).astype("timedelta64[D]")),
    )
    extract = np.datetime64(profile.extract_day, "m")
    parts = []
    for step, happens, at in steps:
        kept = happens & (at <= extract)
        rows = public[kept]
        parts.append(
            pd.DataFrame(
                {
                    "Occurrence number": cases.occurrence[rows],
                    "Person number": cases.person_number[rows],
                    "Step": step,
                    "At": moment_texts(existing_local_times(at[kept], time_zone=time_zone)),
                    "Due": moment_texts(existing_local_times(due[kept], time_zone=time_zone)),
                    "Data status": DATA_STATUS,
                }
            )
        )
    frame = pd.concat(parts).sort_values(["Occurrence number", "Person number"], kind="stable", ignore_index=True)
    mapping = Mapping(
        target="follow_up",
        source=source,
        parent_source=parent_source,
        synthetic=True,
        columns={
            "follow_up_id": (*KEY_COLUMNS, "Step"),
            "administration_id": KEY_COLUMNS,
            "step": "Step",
            "at": "At",
            "due_at": "Due",
        },
        values={
            "step": {
                "Referred": "referred",
                "Contact due": "contact_due",
                "Contacted": "contacted",
                "Consented": "consented",
                "Declined": "declined",
                "Engaged": "engaged",
            }
        },
    )
    return RawFile(name="follow_up", frame=frame, mapping=mapping)
