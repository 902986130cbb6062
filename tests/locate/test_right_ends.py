"""A rectangle that ends at a line, or beyond the rim or join at which another ends, loses to the other."""

from __future__ import annotations

import numpy as np

from reader.geometry import Window
from reader.locate.ends import with_right_ends
from reader.locate.hypothesis import Hypothesis
from reader.measure.lines import FoundLine
from tests.measure.clear import GOLD, found

WIDTH = 100.0
CONTROL = 1.0  # widths from the true window's start
LENGTH = 5.0
GREY = np.array([0.2, 0.2, 0.2])


def hypothesis(start: float, length: float, *lines: FoundLine) -> Hypothesis:
    """Look at a rectangle by its start and length along the strip, in widths."""
    window = Window((start + length / 2) * WIDTH, 0.0, 0.0, length * WIDTH, WIDTH)
    return Hypothesis(window, 0.0, lines, mottle=0.003, ground=0.005, tint=0.02)


def control(start: float, **changes: object) -> FoundLine:
    return found(place=CONTROL - start, to_end=CONTROL - start, **changes)


def scores(*hypotheses: Hypothesis) -> list[float]:
    return [h.score for h in with_right_ends(hypotheses)]


def test_a_rectangle_that_ends_at_a_faint_control_line_is_marked_down():
    faint = {"height": 0.05, "colour": np.array([0.04, 0.06, 0.05]), "least": 0.7, "uneven": 0.2, "step": 0.2}
    whole = hypothesis(0.0, LENGTH, control(0.0, **faint))
    cut = hypothesis(CONTROL, LENGTH - CONTROL)
    assert whole.control is not None
    assert whole.control.quality < -0.75
    kept, marked = scores(whole, cut)
    assert kept == 0
    assert marked < -1


def test_a_rectangle_that_spans_the_join_at_which_another_ends_is_marked_down():
    pad = 1.4
    join = found(place=pad, height=0.15, colour=0.75 * GREY, to_end=pad, frame=0.4, plausible=0.0)
    whole = hypothesis(0.0, LENGTH, control(0.0))
    both = hypothesis(-pad, LENGTH + pad - 0.5, control(-pad), join)
    kept, marked = scores(whole, both)
    assert kept > marked


def test_the_densest_test_line_is_no_join():
    dense = found(place=3.5, height=1.2, colour=6 * GREY, to_end=1.5, frame=0.6, plausible=0.0)
    whole = hypothesis(0.0, LENGTH, control(0.0), dense)
    cut = hypothesis(0.0, 3.5, control(0.0))
    kept, _ = scores(whole, cut)
    assert kept == 0


def test_a_rectangle_that_takes_in_a_grey_rim_is_marked_down_and_the_one_that_ends_there_is_not():
    rim = found(place=LENGTH, height=0.3, colour=1.5 * GREY, to_end=0.8, frame=0.4, plausible=0.3)
    right = hypothesis(0.0, LENGTH, control(0.0))
    beyond = hypothesis(0.0, LENGTH + 0.8, control(0.0, colour=GOLD), rim)
    kept, marked = scores(right, beyond)
    assert kept == 0
    assert marked < 0


def test_a_rectangle_that_ends_at_a_coloured_line_beside_a_pad_is_marked_down():
    beside_a_pad = found(place=3.6, to_end=1.4, step=0.42, plausible=0.99)
    whole = hypothesis(0.0, LENGTH, control(0.0), beside_a_pad)
    cut = hypothesis(0.0, 3.5, control(0.0))
    kept, marked = scores(whole, cut)
    assert kept == 0
    assert marked < -1


def test_a_rectangle_that_ends_at_a_grey_bar_beside_another_level_is_not_marked_down():
    join = found(place=3.6, to_end=1.4, step=0.42, plausible=0.99, colour=GREY)
    whole = hypothesis(0.0, LENGTH, control(0.0, colour=1.5 * GREY), join)
    cut = hypothesis(0.0, 3.5, control(0.0, colour=1.5 * GREY))
    _, kept = scores(whole, cut)
    assert kept == 0
