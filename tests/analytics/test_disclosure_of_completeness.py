"""Completeness by month, against an adversary who knows every month's number and the sums over all months."""

import itertools
from datetime import date

import pytest

from analytics.disclosure import Audience, DisclosedGrid, Thresholds, disclose_completeness, tabulate_grid

STARTS = (date(2025, 1, 1), date(2025, 4, 1), date(2025, 7, 1), date(2025, 10, 1))


def completeness(missing: list[int], administrations: list[int], audience: Audience) -> DisclosedGrid:
    return disclose_completeness(
        names=["Age"],
        starts=STARTS[: len(missing)],
        step="quarter",
        missing=[missing],
        administrations=administrations,
        audience=audience,
        thresholds=Thresholds(),
    )


@pytest.mark.parametrize("administrations", [(25, 26), (25, 31), (3, 25), (12, 30), (25, 4, 29)])
def test_no_small_number_can_be_worked_out(administrations: tuple[int, ...]) -> None:
    """Every table is grouped with all others that look the same and have the same sum."""
    alike: dict[tuple[object, ...], list[tuple[int, ...]]] = {}
    shown = {
        (index, part): completeness([part], [number], Audience.PARTNER).shares[0][0].text
        for index, number in enumerate(administrations)
        for part in range(number + 1)
    }
    for missing in itertools.product(*(range(number + 1) for number in administrations)):
        key = (sum(missing), *(shown[index, part] for index, part in enumerate(missing)))
        alike.setdefault(key, []).append(missing)
    assert len(alike) > 10
    for tables in alike.values():
        for index, number in enumerate(administrations):
            possible = {missing[index] for missing in tables}
            # Where all or none of a month lack it, its share tells nothing but how many there were.
            one = min(possible)
            assert len(possible) > 1 or one in (0, number) or 5 <= one <= number - 5, tables[:3]


def test_the_analyst_sees_every_share_and_the_ends_are_exact() -> None:
    shown = completeness([0, 1, 399, 400], [400] * 4, Audience.ANALYST)
    assert [cell.text for cell in shown.shares[0]] == ["100", "99", "1", "0"]
    assert shown.note == ""


def test_a_month_without_administrations_has_no_share() -> None:
    shown = completeness([0, 3], [0, 30], Audience.ANALYST)
    assert [cell.value for cell in shown.shares[0]] == [None, 0.9]
    assert shown.shares[0][0].text == ""


def test_others_see_fifths_and_are_told() -> None:
    shown = completeness([2, 8, 20, 24], [40, 40, 40, 24], Audience.MEETING)
    table = tabulate_grid(shown, heading="Field", format_start=str)
    assert table.rows[0] == ("Age", "80 to 100", "80 to 100", "40 to 60", "not shown")
    assert table.rows[-1] == ("Administrations", "40", "40", "40", "24")
    assert "fewer than 25 administrations" in table.caption
    assert [column.numeric for column in table.columns] == [False, True, True, True, True]
