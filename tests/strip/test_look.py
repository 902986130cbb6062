"""A line too faint for the search is measured; what the search saw, and took for none, is left open."""

from __future__ import annotations

import numpy as np
import pytest

from reader.geometry import Window
from reader.interpret import load_assay
from reader.interpret.assign import SeenLine
from reader.locate.direction import Direction
from reader.locate.hypothesis import Hypothesis
from reader.measure.lines import Patch
from reader.strip.look import Look
from tests.measure.clear import found

ROWS, COLUMNS = 64, 400
CONTROL, TEST, SIGMA = 110.5 / ROWS, 270.5 / ROWS, 8.0 / ROWS  # membrane widths


def membrane(test: float) -> Patch:
    """Draw a strong control line and a test line of some absorbance in grain of 0.01 a sample."""
    x, grain = np.arange(COLUMNS), np.random.default_rng(0).normal(0, 0.01, (ROWS, COLUMNS, 3))
    lines = [h * np.exp(-((x - m) ** 2) / (2 * 8.0**2)) for m, h in ((110, 0.4), (270, test))]
    light = grain - np.multiply.outer(sum(lines), (0.3, 1.0, 0.8))
    return Patch(light.astype(np.float32), ROWS, COLUMNS, 0, 0)


def told(*bars, present: float = 0.0, faithful: bool = True):
    control = found(place=CONTROL, sigma=SIGMA, height=0.35, to_end=CONTROL)
    window = Window(COLUMNS / 2, ROWS / 2, 0.0, COLUMNS, ROWS)
    best = Hypothesis(window, 0.0, (control, *bars), mottle=0.003, ground=0.005, tint=0.02)
    look = Look(best, load_assay("generic"), Direction(), membrane(0.013), membrane(0.0), faithful)
    share = ROWS / COLUMNS
    seen = [
        SeenLine(CONTROL * share, SIGMA * share, 0.0, 1.0),
        SeenLine(TEST * share, SIGMA * share, present, 0.0),
    ]
    naming, _, faint = look.all_lines(seen if bars else seen[:1])
    return max(line.present for line in naming.lines if line.role == "test"), faint


@pytest.fixture
def bar():
    return found(place=TEST, sigma=SIGMA, height=0.013, snr=2.0, to_end=COLUMNS / ROWS - TEST)


def test_what_the_search_did_not_see_is_told_by_its_strength():
    present, faint = told()
    assert present > 0.9
    assert faint


def test_what_the_search_took_for_no_line_is_left_open(bar):
    present, _ = told(bar, present=0.05)
    assert present == pytest.approx(0.5)


def test_what_the_search_was_inclined_to_take_for_a_line_stays_as_probable(bar):
    present, _ = told(bar, present=0.7)
    assert present == pytest.approx(0.7)


def test_no_line_is_told_by_its_strength_alone_in_a_picture_that_leaves_traces_of_its_own():
    present, _ = told(faithful=False)
    assert present < 0.5
