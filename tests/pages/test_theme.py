"""Colours that can be told from each other: WCAG 2.1's contrast (success criteria 1.4.3 and 1.4.11).

What stands in the page's own text is measured in a browser (tests/browser/test_pages.py); here are maps and charts.
"""

from itertools import pairwise

import numpy as np
import pytest

from pages.components import charts, theme
from pages.components.theme import AREA_RAMP, DENSITY_RAMP

WHITE = "#ffffff"


def luminance(colour: str) -> float:
    """WCAG's relative luminance."""
    channels = np.array([int(colour[place : place + 2], 16) for place in (1, 3, 5)]) / 255
    linear = np.where(channels <= 0.03928, channels / 12.92, ((channels + 0.055) / 1.055) ** 2.4)
    return float(linear @ [0.2126, 0.7152, 0.0722])


def contrast(one: str, other: str) -> float:
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def test_the_measure_agrees_with_the_standards_own_examples() -> None:
    # Black on white is the largest contrast there is; #777777 is known to fail beside white and #767676 to pass.
    assert contrast("#000000", WHITE) == pytest.approx(21)
    assert contrast("#777777", WHITE) < 4.5 < contrast("#767676", WHITE)


@pytest.mark.parametrize("colour", [theme.TEXT, theme.MUTED, theme.ACCENT, *charts.ENDING_COLOURS.values()])
def test_words_in_charts_and_maps_can_be_read(colour: str) -> None:
    assert contrast(colour, WHITE) >= 4.5
    assert contrast(theme.LABELS["color"], WHITE) >= 4.5


@pytest.mark.parametrize(
    ("line", "ground"),
    [
        (theme.LINE, theme.LAND),
        (theme.LINE, theme.SEA),
        (theme.HATCH, theme.LAND),
        (theme.HATCH, WHITE),
        (theme.ACCENT, theme.LAND),
        (theme.TEXT, AREA_RAMP[1]),
    ],
)
def test_lines_stand_out_from_what_they_lie_on(line: str, ground: str) -> None:
    assert contrast(line, ground) >= 3


@pytest.mark.parametrize("ramp", [DENSITY_RAMP, AREA_RAMP])
def test_each_class_is_darker_than_the_one_before(ramp: tuple[str, ...]) -> None:
    for paler, darker in pairwise(ramp):
        assert contrast(paler, darker) >= 1.2
        assert luminance(paler) > luminance(darker)
