"""What a window's lines and ground say about its being a membrane."""

from __future__ import annotations

import pytest

from reader.geometry import Window
from reader.locate.hypothesis import Hypothesis
from tests.measure.clear import found


def hypothesis(heights: tuple[float, ...] = (0.3,), tint: float = 0.02) -> Hypothesis:
    """Describe a clean window with lines of these heights on a ground of this tint."""
    lines = tuple(found(place=0.5 + k, height=height) for k, height in enumerate(heights))
    return Hypothesis(Window(0, 0, 0, 200, 40), 1.0, lines, mottle=0.005, ground=0.01, tint=tint)


def test_a_line_on_a_clean_white_ground_lies_on_a_membrane():
    assert hypothesis().membrane > 0.99


@pytest.mark.parametrize(
    ("heights", "repeated"),
    [
        ((0.30, 0.301, 0.302, 0.303), True),
        ((0.30, 0.301, 0.302), False),
        ((0.40, 0.30, 0.25, 0.20), False),
        ((0.01, 0.01, 0.01, 0.01), False),
    ],
    ids=["four alike", "three alike", "four unlike", "faint marks"],
)
def test_many_bars_of_one_strength_are_no_lines(heights, repeated):
    assert (hypothesis(heights).membrane == 0) is repeated


@pytest.mark.parametrize(("tint", "white"), [(0.1, True), (0.27, True), (0.45, False)])
def test_a_coloured_ground_is_no_membrane(tint, white):
    assert (hypothesis(tint=tint).membrane > 0.5) is white
