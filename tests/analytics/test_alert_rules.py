"""A day's score: the scan on the right exposure, and nothing that is not known yet, silent, late or a roll-out."""

import numpy as np
import pytest
from scipy import stats

from analytics.alert_rules import (
    AlertRules,
    AreaSeries,
    FoundCluster,
    TooLittleHistoryError,
    agreement,
    carrier_exposure,
    merge_clusters,
    score_day,
    score_days,
    weekly_band,
)
from analytics.scan import space_time_scan

RULES = AlertRules(replicates=999, seed=7)
SIDE, DAYS = 5, 400
EASTING_M, NORTHING_M = (axis.ravel() * 4_000.0 for axis in np.meshgrid(np.arange(SIDE), np.arange(SIDE)))


def series(
    *more: tuple[int, int, int], background: int = 60, carriers: np.ndarray | None = None, **chosen
) -> AreaSeries:
    """Sixty events spread evenly over 400 days and 25 areas, each known on its day, and `more`: area, day, recorded."""
    day = np.linspace(0, DAYS - 8, background).astype(int)
    area = (np.arange(background) * 7) % SIDE**2
    rows = [*zip(area.tolist(), day.tolist(), day.tolist(), strict=True), *more]
    columns = np.array(rows).T
    return AreaSeries(
        area=columns[0],
        day=columns[1],
        recorded_day=columns[2],
        easting_m=EASTING_M,
        northing_m=NORTHING_M,
        first_day=0,
        carrier_days=carriers,
        **{"delay_known": False, **chosen},
    )


CLUSTER = [(12, 396, 396), (12, 397, 397), (13, 398, 398), (12, 399, 399), (12, 399, 399)]


def test_without_carriers_delay_or_gap_it_is_the_plain_scan() -> None:
    given = series(*CLUSTER)
    score = score_day(given, day=399, rules=RULES)
    plain = space_time_scan(
        location_index=given.area,
        day=given.day,
        count=np.ones(len(given.day)),
        easting_m=EASTING_M,
        northing_m=NORTHING_M,
        model="expectation",
        max_radius_m=RULES.max_radius_m,
        max_window_days=RULES.max_window_days,
        min_cases=RULES.min_cases,
        replicates=RULES.replicates,
        seed=RULES.seed,
        today=399,
        first_day=0,
    )
    (found,) = score.found
    assert (found.locations, found.first_day, found.observed) == (plain[0].locations, 396, plain[0].observed)
    assert found.expected == pytest.approx(plain[0].expected)
    assert found.recurrence_days == pytest.approx(plain[0].recurrence_days)
    assert found.is_alert
    assert found.volume_is_up is False
    assert score == score_day(given, day=399, rules=RULES)


def test_a_record_counts_from_the_day_it_was_entered() -> None:
    late = [(area, day, day if place < 2 else 405) for place, (area, day, _entered) in enumerate(CLUSTER)]
    given = series(*late)
    assert score_day(given, day=399, rules=RULES).found == ()
    (found,) = score_day(given, day=399, rules=RULES, known_day=405).found
    assert found.observed == 4


def test_no_day_looks_ahead() -> None:
    given = series(*CLUSTER, *[(3, day, day) for day in range(402, 409)])
    cut = series(*CLUSTER)
    whole = [score for score in score_days(given, first_day=390, last_day=408, rules=RULES) if score.day <= 399]
    assert whole == list(score_days(cut, first_day=390, last_day=399, rules=RULES))


def test_days_that_are_not_all_in_yet_are_expected_to_hold_less() -> None:
    """Half the records come on the day and half five days later: of a young day half is expected."""
    day = np.arange(0, 392, 4)
    recorded = day + np.where(np.arange(len(day)) % 2, 5, 0)
    area = np.arange(len(day)) % SIDE**2
    cluster = np.array(CLUSTER).T
    given = AreaSeries(
        area=np.append(area, cluster[0]),
        day=np.append(day, cluster[1]),
        recorded_day=np.append(recorded, cluster[2]),
        delay_known=True,
        easting_m=EASTING_M,
        northing_m=NORTHING_M,
        first_day=0,
    )
    young = score_day(given, day=399, rules=RULES).found[0]
    old = score_day(given, day=399, rules=RULES, known_day=420).found[0]
    assert young.observed == old.observed
    assert young.locations == old.locations
    assert young.expected == pytest.approx(old.expected / 2, rel=0.05)


def test_a_silent_feed_suspends_and_is_left_out_of_what_is_usual() -> None:
    spoken = series(*CLUSTER)
    silent = series(background=300)
    heard = (silent.day < 200) | (silent.day > 240)
    gap = AreaSeries(
        **{**vars(silent), **{name: getattr(silent, name)[heard] for name in ("area", "day", "recorded_day")}}
    )
    during = score_day(gap, day=239, rules=RULES)
    assert during.suspended is not None
    assert during.suspended.first_day <= 201
    assert during.found == ()
    after = score_day(gap, day=300, rules=RULES)
    assert after.suspended is None
    assert [(one.first_day <= 201, one.last_day >= 240) for one in after.gaps] == [(True, True)]
    assert score_day(spoken, day=399, rules=RULES).gaps == ()


def test_what_a_gap_leaves_out_raises_what_is_usual() -> None:
    def expected(first: int, last: int) -> float:
        even = series(*CLUSTER, background=300)
        kept = (even.day < first) | (even.day > last)
        cut = AreaSeries(
            **{**vars(even), **{name: getattr(even, name)[kept] for name in ("area", "day", "recorded_day")}}
        )
        return score_day(cut, day=399, rules=RULES).found[0].expected

    # A tenth of the year's records is missing, and so is a tenth of its days: the rate is as before.
    assert expected(200, 239) == pytest.approx(expected(-2, -1), rel=0.06)


@pytest.mark.parametrize(("factor", "raised"), [(1.0, True), (30.0, False)])
def test_more_carriers_explain_more_administrations(factor: float, raised: bool) -> None:
    carriers = np.full((DAYS, SIDE**2), 4.0)
    carriers[393:, [11, 12, 13]] *= factor
    found = score_day(series(*CLUSTER, carriers=carriers), day=399, rules=RULES).found
    assert any(cluster.is_alert for cluster in found) is raised


def test_volume_up_everywhere_is_said_by_the_cross_check() -> None:
    everywhere = [(area, day, day) for day in range(393, 400) for area in range(SIDE**2) if (area + day) % 2]
    score = score_day(series(*everywhere), day=399, rules=RULES)
    assert score.found[0].is_alert
    assert score.found[0].volume_is_up is True


def test_a_quiet_force_with_one_event_never_alerts() -> None:
    """METHODS C: an all-zero baseline plus one event, wherever and whenever it comes."""
    for area in range(0, SIDE**2, 6):
        one = series((area, 300, 300), background=1)
        scores = list(score_days(one, first_day=295, last_day=310, rules=RULES))
        assert len(scores) == 16
        assert not any(score.found for score in scores)


def test_too_short_a_history_is_said() -> None:
    with pytest.raises(TooLittleHistoryError, match="90 days of records"):
        score_day(series(), day=90, rules=RULES)
    assert [score.day for score in score_days(series(), first_day=0, last_day=92, rules=RULES)] == [91, 92]


def test_an_ongoing_cluster_is_one() -> None:
    scores = list(score_days(series(*CLUSTER), first_day=390, last_day=405, rules=RULES))
    groups = merge_clusters(scores)
    assert len(groups) == 1
    days = [day for day, _cluster in groups[0]]
    assert days == sorted(days)
    assert days[0] <= 399


def test_clusters_that_share_no_day_are_two() -> None:
    def found(first_day: int, last_day: int) -> FoundCluster:
        cluster = score_day(series(*CLUSTER), day=399, rules=RULES).found[0]
        return FoundCluster(**{**vars(cluster), "first_day": first_day, "last_day": last_day})

    base = score_day(series(*CLUSTER), day=399, rules=RULES)

    def scored(day: int, cluster: FoundCluster) -> object:
        return type(base)(**{**vars(base), "day": day, "found": (cluster,)})

    groups = merge_clusters([scored(10, found(8, 10)), scored(11, found(9, 11)), scored(30, found(28, 30))])
    assert [[day for day, _cluster in group] for group in groups] == [[10, 11], [30]]


# Beside the scan ------------------------------------------------------------------------------------------------


def test_agreement_is_the_predictive_probability() -> None:
    stream = series(*[(12, day, day) for day in range(396, 399)])
    events, expected, agrees = agreement(stream, locations=(12,), first_day=396, last_day=399, rules=RULES)
    before = int(((stream.area == 12) & (stream.day < 396)).sum())
    assert events == 3
    assert expected == pytest.approx((before + 0.5) / 396 * 4)
    # Gamma-Poisson by integrating the rate out.
    rate = stats.gamma(before + 0.5, scale=1 / 396).rvs(200_000, random_state=1)
    assert agrees is bool((stats.poisson(rate * 4).sf(2)).mean() <= 0.05)
    assert agrees
    nothing = agreement(series(), locations=(12,), first_day=396, last_day=399, rules=RULES)
    assert (nothing[0], nothing[2]) == (0, False)


def test_carriers_are_shared_out_whole_and_near_their_base() -> None:
    exposure = carrier_exposure(
        day=np.array([0, 1, 1]),
        base_easting_m=np.array([0.0, 0.0, np.nan]),
        base_northing_m=np.array([0.0, 0.0, np.nan]),
        carriers=np.array([10.0, 20.0, 5.0]),
        easting_m=EASTING_M,
        northing_m=NORTHING_M,
        days=3,
    )
    assert exposure.sum(axis=1) == pytest.approx([10, 25, 0])
    assert exposure[0].argmax() == 0
    # Two areas 4 km and 0 km away differ as the Gaussian of 10 km does.
    assert exposure[0, 1] / exposure[0, 0] == pytest.approx(np.exp(-0.5 * 0.4**2))
    assert exposure[1].min() >= 5 / SIDE**2


def test_the_weekly_band_is_the_gamma_poisson_limit_of_the_year_before() -> None:
    given = series(background=400)
    band = weekly_band(given, locations=None, last_day=399, weeks_shown=1)
    start = 400 - 57 * 7
    week = (given.day[given.day >= start] - start) // 7
    counts = np.bincount(week, minlength=57)
    before = counts[0:52].sum()
    assert band.counts.tolist() == [counts[56]]
    assert band.expected[0] == pytest.approx((0.5 + before) / 52)
    assert band.limit[0] == stats.nbinom.ppf(0.99, 0.5 + before, 52 / 53)
    assert np.isnan(weekly_band(given, locations=[3], last_day=399, weeks_shown=57).expected[:56]).all()
    short = weekly_band(given, locations=None, last_day=300, weeks_shown=26)
    assert np.isnan(short.expected).all()
    assert np.isnan(short.limit).all()
    assert not short.alarm.any()
