"""Files of a force as the detectors of suspicious data meet them: clean ones of any size, with traps laid into them."""

import numpy as np
import pandas as pd

from data.mapping import Mapping
from tests.data.importing import make_mapping

__all__ = ["FIRST_DAY", "MAPPING", "clean_file", "daily_dates", "entered_again"]

FIRST_DAY = pd.Timestamp("2022-01-03")
# Middles of towns of the force, away from its coast and border (latitude, longitude).
TOWNS = np.array(
    [
        (51.505, -3.190),
        (51.502, -3.248),
        (51.602, -3.342),
        (51.746, -3.378),
        (51.507, -3.578),
        (51.650, -3.959),
        (51.664, -3.922),
        (51.663, -3.806),
        (51.609, -3.658),
        (51.715, -3.445),
    ]
)

MAPPING: Mapping = make_mapping(
    columns={"gender": "Gender", "age_band": "Age", "doses_given": "Doses", "recorded_at": "Entered"},
    place={"x": "Lon", "y": "Lat"},
    person={"name": "Name"},
)


def clean_file(
    rows: int, *, seed: int = 1, days: int = 730, at_hostels: float = 0.2, outbreak: int = 0
) -> pd.DataFrame:
    """A file without any trap: evenly spread days, more in the evening, towns of different size, a few addresses that
    repeat (`at_hostels` of the rows, at five of them or more in a long file), and a real cluster of `outbreak` rows in
    four days of one town.
    """
    generator = np.random.default_rng(seed)
    day = np.sort(generator.integers(0, days, rows))
    town = generator.choice(len(TOWNS), rows, p=np.arange(len(TOWNS), 0, -1) / 55)
    if outbreak:
        some = generator.choice(rows, outbreak, replace=False)
        day[some], town[some] = days // 2 + generator.integers(0, 4, outbreak), 6
    minute = (generator.beta(2.5, 1.5, rows) * 1_440).astype(int)
    when = FIRST_DAY + pd.to_timedelta(day, unit="D") + pd.to_timedelta(minute, unit="min")
    place = TOWNS[town] + generator.normal(0, (0.006, 0.009), (rows, 2))
    hostels = TOWNS[:5] + generator.normal(0, 0.004, (5, 2))
    there = generator.random(rows) < at_hostels
    # In a long file there are more houses, so that no few of them hold a good part of it.
    house = np.arange(there.sum()) % (rows // 300 + 1)
    place[there] = hostels[generator.integers(0, 5, int(there.sum()))] + 0.002 * house[:, None]
    return pd.DataFrame(
        {
            "Reference": [f"R{number:06}" for number in range(rows)],
            "When": when.strftime("%Y-%m-%d %H:%M"),
            "Lat": [f"{each:.6f}" for each in place[:, 0]],
            "Lon": [f"{each:.6f}" for each in place[:, 1]],
            "Gender": generator.choice(["Male", "Female", ""], rows, p=[0.68, 0.27, 0.05]),
            "Age": generator.choice(["18-24", "25-34", "35-44", "45-54", ""], rows, p=[0.15, 0.25, 0.3, 0.2, 0.1]),
            "Doses": generator.choice(["1", "2", "3"], rows, p=[0.5, 0.4, 0.1]),
            "Name": [f"Person Number{number:05}" if generator.random() < 0.7 else "" for number in range(rows)],
            "Entered": (when + pd.to_timedelta(generator.exponential(1_000, rows) + 20, unit="min")).strftime(
                "%Y-%m-%d %H:%M"
            ),
        }
    )


def daily_dates(frame: pd.DataFrame) -> pd.Series:
    """The local day of each row."""
    return pd.to_datetime(frame["When"], format="mixed").dt.normalize()


def entered_again(
    frame: pd.DataFrame,
    *,
    first: str,
    last: str,
    times: str = "same",
    places: str = "same",
    seed: int = 2,
) -> tuple[pd.DataFrame, int]:
    """The file with the rows from `first` to `last` appended under other keys, and how many they are.

    `times`: same, hour later, to fives, to the hour, dates. `places`: same, moved (by one offset), random (each by up
    to 500 m), rounded (two decimals of a degree), none.
    """
    days = daily_dates(frame)
    copy = frame[(days >= first) & (days <= last)].copy()
    when = pd.to_datetime(copy["When"])
    copy["Reference"] = [f"COPY{len(frame)}-{number}" for number in range(len(copy))]
    copy["Name"] = ""
    copy["When"] = {
        "same": when.dt.strftime("%Y-%m-%d %H:%M"),
        "hour later": (when + pd.Timedelta(hours=1)).dt.strftime("%Y-%m-%d %H:%M"),
        "to fives": when.dt.floor("5min").dt.strftime("%Y-%m-%d %H:%M"),
        "to the hour": when.dt.strftime("%Y-%m-%d %H:00"),
        "dates": when.dt.strftime("%Y-%m-%d"),
    }[times]
    generator = np.random.default_rng(seed)
    late_min = pd.to_timedelta(np.random.default_rng([seed, 1]).exponential(2_000, len(copy)) + 30, unit="min")
    copy["Entered"] = (when + late_min).dt.strftime("%Y-%m-%d %H:%M")
    lat, lon = copy["Lat"].astype(float), copy["Lon"].astype(float)
    if places == "moved":
        lat, lon = lat + 0.004, lon - 0.003
    elif places == "random":
        lat = lat + generator.uniform(-0.0045, 0.0045, len(copy))
        lon = lon + generator.uniform(-0.007, 0.007, len(copy))
    decimals = 2 if places == "rounded" else 6
    copy["Lat"] = "" if places == "none" else lat.map(lambda each: f"{each:.{decimals}f}")
    copy["Lon"] = "" if places == "none" else lon.map(lambda each: f"{each:.{decimals}f}")
    return pd.concat([frame, copy], ignore_index=True), len(copy)
