"""The membrane of a dipstick is told from its printed labels, on which lettered bars look like lines."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import reader
from reader.geometry import Window
from reader.locate.dipstick import SHORTEST, unprinted_parts
from reader.locate.hypothesis import patch_of
from reader.view import View

WIDTH, TOP, LEFT = 60, 190, 60  # px of a strip along the picture, 12 px/mm
PINK, BLUE, INK = (0.74, 0.5, 0.64), (0.4, 0.6, 0.78), (0.05, 0.05, 0.05)
Colour = tuple[float, float, float]


def picture(
    *, start: int = 560, membrane: float = 0.74, strength: float = 1.0, test: bool = True
) -> np.ndarray:
    """Draw a printed dipstick on a grey table.

    From `start` to 800 px along it lies its membrane, between a label with lettered bars and one with arrows,
    with a test line 50 px from the label, if there is one, and the control line 50 px farther.
    """
    rng = np.random.default_rng(5)
    canvas = np.full((440, 1200, 3), 0.42, np.float32)
    canvas[TOP : TOP + WIDTH, LEFT:1140] = 0.8
    canvas[TOP : TOP + WIDTH, start:800] = membrane
    for x in range(LEFT + 4, 160, 24):
        canvas[TOP : TOP + WIDTH, x : x + 16] = INK
    for k, colour in enumerate((PINK, BLUE, PINK)):
        lettered(canvas, 230 + 80 * k, colour)
    for y in (TOP + 15, TOP + 30, TOP + 45):
        cv2.arrowedLine(canvas, (860, y), (1000, y), INK, 3)
    for place, colour in [(start + 100, BLUE), (start + 50, PINK)][: 1 + test]:
        line = np.exp(-0.5 * ((np.arange(1200) - place) / 5) ** 2)[:, None] * (np.array(colour) - 0.74)
        canvas[TOP : TOP + WIDTH] += (strength * line).astype(np.float32)
    soft = cv2.GaussianBlur(canvas, (0, 0), 1.2) + rng.normal(0, 0.004, canvas.shape)
    return np.asarray(np.clip(soft, 0, 1) * 255, np.uint8)


def lettered(canvas: np.ndarray, left: int, colour: Colour) -> None:
    """Print a bar across the strip with white letters cut out of it: two A and a part of a third."""
    letters = np.zeros((WIDTH, 40), np.uint8)
    for start in (-14, 12, 38):
        strokes = np.array([(36, 0), (4, 11), (36, 22), (24, 18), (24, 4)]) + np.array([0, start])
        cv2.polylines(letters, [strokes], isClosed=False, color=1, thickness=5)
    bar = np.where(letters[..., None] > 0, 0.8, np.array(colour))
    canvas[TOP : TOP + WIDTH, left : left + 40] = bar


@pytest.mark.parametrize("turns", [0, 1])
def test_a_printed_dipstick_is_read_by_the_lines_of_its_membrane(turns):
    reading = reader.read_image(np.ascontiguousarray(np.rot90(picture(start=590), turns)))

    (strip,) = reading.strips
    assert reading.outcome == "positive"
    places = sorted(line.center[turns] for line in strip.lines if line.detected)
    expected = (640, 690) if turns == 0 else (1199 - 690, 1199 - 640)
    assert places == pytest.approx(expected, abs=6)


@pytest.mark.parametrize("membrane", [0.74, 0.6, 0.5])
@pytest.mark.parametrize("strength", [0.5, 1.0])
@pytest.mark.parametrize("start", [560, 600, 620])
def test_a_test_line_beside_a_joint_of_pads_is_never_called_absent(start, membrane, strength):
    reading = reader.read_image(picture(start=start, membrane=membrane, strength=strength))

    assert reading.outcome != "negative"


@pytest.mark.parametrize("membrane", [0.74, 0.5])
def test_lettered_bars_are_not_taken_for_lines_where_those_are_faint(membrane):
    reading = reader.read_image(picture(start=620, membrane=membrane, strength=0.25, test=False))

    bars = [230 + 80 * k + 20 for k in range(3)]
    called = [line for s in reading.strips for line in s.lines if s.outcome == "positive"]
    assert not any(abs(line.center[0] - bar) < 15 for line in called for bar in bars)


def test_what_lies_between_prints_are_the_parts_of_a_strip():
    view = View(picture())
    whole = Window(600, TOP + WIDTH / 2 - 0.5, 0.0, 1080, WIDTH)

    parts = unprinted_parts(patch_of(view, whole), whole)

    assert any(part.x - part.length / 2 < 560 and 800 < part.x + part.length / 2 < 870 for part in parts)
    assert all(part.length >= SHORTEST * WIDTH for part in parts)


def test_a_plain_membrane_with_lines_is_one_part():
    membrane = Window(680, TOP + WIDTH / 2 - 0.5, 0.0, 240, WIDTH)

    assert unprinted_parts(patch_of(View(picture()), membrane), membrane) == [membrane]
