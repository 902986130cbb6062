"""Laying a window level, and finding room for labels."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.report.panel import straightened
from reader.report.placement import Box, place
from reader.report.sheet import blank, plain, text_size, wrap, write


@pytest.mark.parametrize("degrees", [0, 37, 90, 180, 215, 270])
def test_a_straightened_window_runs_from_the_control_end_at_the_left(made, degrees):
    window = made.turned(made.LEVEL, degrees)
    rows, cols = np.mgrid[0:600, 0:1000]
    along = np.subtract(window[3], window[0]) / 400.0
    position = ((cols - window[0][0]) * along[0] + (rows - window[0][1]) * along[1]) / 400.0
    picture = np.repeat(np.clip(40 + 160 * position, 0, 255)[:, :, None], 3, axis=2).astype(np.uint8)
    level = straightened(picture, window, 200, 30).astype(float).mean(axis=(0, 2))
    assert np.allclose(level, np.linspace(40, 200, 200), atol=2.5)


def test_what_lies_outside_the_picture_is_grey(made):
    level = straightened(np.zeros((20, 20, 3), np.uint8), made.LEVEL, 50, 10)
    assert (level == 150).all()


def test_a_label_stands_where_its_anchor_points_when_there_is_room():
    box = place((40, 10), [((100, 100), (1.0, 0.0))], [], Box(0, 0, 200, 200), step=5)
    assert box == Box(100, 95, 140, 105)


def test_a_label_moves_away_from_what_it_must_not_cover():
    wall = Box(100, 0, 120, 200).corners
    box = place((40, 10), [((100, 100), (1.0, 0.0))], [wall], Box(0, 0, 200, 200), step=5)
    assert box is not None
    assert box.x0 >= 120


def test_there_is_no_place_where_there_is_no_room():
    assert place((40, 10), [((100, 100), (1.0, 0.0))], [], Box(0, 0, 50, 50), step=5) is None


def test_a_box_in_the_corner_beside_a_slanted_window_does_not_overlap_it():
    diamond = ((50.0, 0.0), (100.0, 50.0), (50.0, 100.0), (0.0, 50.0))
    assert not Box(0, 0, 20, 20).overlaps(diamond)
    assert Box(0, 0, 30, 30).overlaps(diamond)
    assert Box(45, 45, 55, 55).overlaps(diamond)


sides = st.floats(-100, 100, allow_nan=False)
boxes = st.tuples(sides, sides, st.floats(1, 50), st.floats(1, 50)).map(
    lambda b: Box(b[0], b[1], b[0] + b[2], b[1] + b[3])
)


@given(boxes, boxes)
def test_overlap_is_mutual_and_agrees_with_the_areas(a, b):
    shared = min(a.x1, b.x1) > max(a.x0, b.x0) and min(a.y1, b.y1) > max(a.y0, b.y0)
    assert a.overlaps(b.corners) == b.overlaps(a.corners) == shared


@given(st.lists(boxes, max_size=6), sides, sides)
def test_a_place_that_is_found_is_free_and_within_bounds(obstacles, x, y):
    bounds = Box(-120, -120, 120, 120)
    shapes = [box.corners for box in obstacles]
    found = place((30, 8), [((x, y), (0.6, 0.8)), ((x, y), (-0.6, -0.8))], shapes, bounds, step=6)
    if found is not None:
        assert found.within(bounds)
        assert not any(found.overlaps(shape) for shape in shapes)


def test_wrapped_text_keeps_every_word_and_fits():
    text = "The read window is too small in the picture to measure its lines."
    rows = wrap(text, 20, 200)
    assert " ".join(rows) == text
    assert len(rows) > 1
    assert all(text_size(row, 20)[0] <= 200 for row in rows)


def test_text_that_is_cut_short_says_so():
    assert wrap("one two three four five", 20, 60, most=2)[-1].endswith("...")


def test_characters_that_the_font_lacks_are_spelled():
    assert plain("0.3 ± 0.1 − µ × é 検") == "0.3 ± 0.1 - u x e ?"


@pytest.mark.parametrize("at", [(-500, -500), (-20, 5), (85, 35), (500, 500), (10, 10)])
def test_text_may_hang_over_any_edge(at):
    sheet = blank(100, 50, "#ffffff")
    write(sheet, at, "positive", 20, "#000000")
    assert sheet.shape == (50, 100, 3)
    assert (sheet < 128).any() == (at in {(-20, 5), (85, 35), (10, 10)})
