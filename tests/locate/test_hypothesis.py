"""What a window's lines and ground say about its being a membrane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reader.colour import srgb_encode
from reader.geometry import Window
from reader.locate.hypothesis import Hypothesis, look_at
from reader.view import View
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


@pytest.mark.parametrize("cut_out", [True, False])
def test_uneven_light_along_a_window_is_print_only_where_nobody_cut_the_window_out(cut_out):
    shaded = replace(hypothesis(), ground=0.3, cut_out=cut_out)
    assert (shaded.membrane > 0.9) is cut_out


def test_a_line_that_leans_is_no_mottle():
    y, x = np.mgrid[0:60, 0:300].astype(float)
    leaning = np.exp(-(((x - 100 - 0.2 * (y - 30)) / 5) ** 2) / 2) * (np.abs(y - 30) < 22)
    light = 0.8 * 10 ** (-1.0 * leaning[..., None] * np.array([0.3, 1.0, 0.8]))
    grain = np.random.default_rng(0).normal(0, 0.004, light.shape)
    view = View((255 * srgb_encode(np.clip(light + grain, 0, 1))).astype(np.uint8))
    seen = look_at(view, Window(149.5, 29.5, 0.0, 260, 44))
    assert len(seen.lines) == 1
    assert seen.mottle < 0.01
