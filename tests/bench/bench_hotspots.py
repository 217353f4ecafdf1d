"""Does the hotspot page say what it should? Planted places and look-alikes over many synthetic forces, then pure noise.

No store is made: the synthetic force's own file is read straight. A place is called where a hotspot lies at it, is
beyond chance under the addresses, and lasts. `python -m tests.bench.bench_hotspots 50 200` takes some minutes; without
numbers a tenth of that is run.
"""

import sys
from collections import Counter
from time import perf_counter

import numpy as np
import pandas as pd
from shapely import Point

from analytics import density, hotspots
from analytics.point_patterns import inside_window
from data.demo import generate
from data.geography import open_geography
from data.settings import SYNTHETIC_SOUTH_WALES
from geo.areas import Geography

FIRST_QUARTER = pd.Timestamp("2024-07-01")
QUARTERS = 8
NEAR_M = 500.0
"""How far a hotspot may be from a planted middle and still be at it: the spread of the planted addresses."""

NOISE_EVENTS = 112
"""What South Wales had by the end of 2024."""


def address_points(geography: Geography) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Cells with addresses: eastings, northings, how many."""
    row, column = np.nonzero(geography.addresses)
    return geography.grid.easting_m[column], geography.grid.northing_m[row], geography.addresses[row, column]


def judge(
    points: np.ndarray, quarter: np.ndarray, geography: Geography, *, simulations: int
) -> tuple[hotspots.Hotspots, list[str]]:
    """The hotspots of points (n, 2), and what the strip of quarters says of each."""
    window = geography.outline
    located = {"easting_m": points[:, 0], "northing_m": points[:, 1]}
    choice = density.select_bandwidth(**located, window=window, location_precision_m=100)
    cell_m = hotspots.hotspot_cell_m(window=window, bandwidth_m=choice.metres)
    drawing = {"window": window, "bandwidth_m": choice.metres, "cell_m": cell_m}
    surface = density.kernel_density(**located, **drawing)
    easting_m, northing_m, weight = address_points(geography)
    found = hotspots.find_hotspots(
        surface=surface,
        **located,
        window=window,
        years=QUARTERS / 4,
        denominator=hotspots.denominator_cells(
            surface=surface, easting_m=easting_m, northing_m=northing_m, weights=weight
        ),
        resamples=0,
        simulations=simulations,
        seed=1,
    )
    stays = hotspots.above_share(hotspots=found, surface=surface, **located, period=quarter)
    return found, [hotspots.trend(stays=row) for row in stays]


def called(seed: int, geography: Geography, *, simulations: int) -> dict[str, bool]:
    """Which planted places and look-alikes of one force are called."""
    force = generate(seed=seed, geography=geography)
    frame = force.file("administrations").frame
    day = pd.to_datetime(frame["Date"], format="%d/%m/%Y")
    kept = frame["Easting"].notna() & (day >= FIRST_QUARTER) & (frame["Person treated"] != "Officer")
    kept &= ~frame["Kind of place"].isin(["Custody", "Hospital"])
    points = np.floor(frame.loc[kept, ["Easting", "Northing"]].to_numpy(float) / 100) * 100 + 50
    after = day[kept]
    quarter = ((after.dt.year - FIRST_QUARTER.year) * 12 + after.dt.month - FIRST_QUARTER.month).to_numpy() // 3
    inside = inside_window(window=geography.outline, easting_m=points[:, 0], northing_m=points[:, 1])
    found, trends = judge(points[inside], quarter[inside], geography, simulations=simulations)
    sure = [
        spot.outline
        for spot, word in zip(found.hotspots, trends, strict=True)
        if spot.beyond_chance and word == "lasting"
    ]
    return {
        event.id: any(outline.distance(Point(event.easting_m, event.northing_m)) <= NEAR_M for outline in sure)
        for event in force.planted
        if event.kind in ("lasting_place", "look_alike")
    }


def noise_is_called(seed: int, geography: Geography, *, simulations: int) -> bool:
    """Whether a map of points drawn from the addresses has a hotspot beyond chance."""
    generator = np.random.default_rng(seed)
    easting_m, northing_m, weight = address_points(geography)
    cell = generator.choice(weight.size, NOISE_EVENTS, p=weight / weight.sum())
    points = np.column_stack([easting_m[cell], northing_m[cell]])
    inside = inside_window(window=geography.outline, easting_m=points[:, 0], northing_m=points[:, 1])
    found, _trends = judge(points[inside], np.zeros(int(inside.sum())), geography, simulations=simulations)
    return any(spot.beyond_chance for spot in found.hotspots)


def main() -> None:
    """Print the shares."""
    forces, maps = (int(argument) for argument in sys.argv[1:3]) if len(sys.argv) > 2 else (5, 20)
    write = sys.stdout.write
    geography = open_geography(SYNTHETIC_SOUTH_WALES)
    start = perf_counter()
    calls: Counter[str] = Counter()
    for seed in range(forces):
        calls += Counter({name: int(is_called) for name, is_called in called(seed, geography, simulations=199).items()})
    lasting = sum(count for name, count in calls.items() if name.startswith("lasting")) / (3 * forces)
    alike = sum(count for name, count in calls.items() if name.startswith("look")) / (2 * forces)
    write(f"{forces} forces: {lasting:.1%} of lasting places called, {alike:.1%} of look-alikes; {dict(calls)}\n")
    wrong = sum(noise_is_called(seed, geography, simulations=199) for seed in range(maps))
    write(f"{maps} maps of noise: {wrong / maps:.1%} have a hotspot beyond chance\n")
    write(f"{perf_counter() - start:.0f} s\n")


if __name__ == "__main__":
    main()
