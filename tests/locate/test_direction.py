"""Wells and print on a device show which end of its window is the control's."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from reader.geometry import Window
from reader.locate.direction import MOST, MOST_PRINT, direction_odds, direction_signs
from reader.locate.edges import edge_maps
from reader.simulate import cassette, render, scene
from reader.view import View
from tests.locate import scenes

WINDOW = Window(400, 150, 0.0, 120, 30)  # control end left, sample end right


def plain() -> np.ndarray:
    return np.full((300, 800, 3), 200, np.uint8)


def test_print_and_well_speak_for_the_control_end_in_either_direction():
    picture = scenes.cassette_picture()
    view, window = View(picture.pixels), scenes.window_of(picture.truth[0].window)
    assert direction_odds(view, window) > 1
    assert direction_odds(view, window.reversed()) == pytest.approx(-direction_odds(view, window), abs=0.3)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("wells", [1, 2])
def test_a_well_is_seen_without_any_print(wells, seed):
    device = cassette({"C": 0.4, "T": 0.0}, letters="none", wells=wells)
    picture = render(scene([device], size_px=scenes.SIZE, fill=0.9), np.random.default_rng(seed))
    window = scenes.window_of(picture.truth[0].window)
    assert direction_signs(View(picture.pixels), window).well_vote >= 0
    assert direction_odds(View(picture.pixels), window) > -0.5


@pytest.mark.parametrize("axes", [(18, 18), (30, 18), (15, 15)])
def test_a_round_or_oval_hole_on_the_axis_is_a_well_and_not_print(axes):
    pixels = plain()
    cv2.ellipse(pixels, (590, 150), axes, 0, 0, 360, (120, 120, 120), -1)
    signs = direction_signs(View(pixels), WINDOW)
    assert signs.well_vote > 0.5
    assert abs(signs.print_vote) < 0.2


@pytest.mark.parametrize("shape", ["square", "off the axis", "letters"])
def test_what_is_no_hole_on_the_axis_is_no_well(shape):
    pixels = plain()
    if shape == "square":
        cv2.rectangle(pixels, (570, 130), (610, 170), (120, 120, 120), -1)
    elif shape == "off the axis":
        cv2.circle(pixels, (590, 185), 15, (120, 120, 120), -1)
    else:
        cv2.putText(pixels, "CST", (540, 165), cv2.FONT_HERSHEY_SIMPLEX, 1.4, (40, 40, 40), 4)
    assert direction_signs(View(pixels), WINDOW).well_vote == pytest.approx(0.0, abs=0.05)


def test_print_alone_never_outweighs_what_is_known_of_designs():
    pixels = plain()
    for row in range(110, 200, 12):
        cv2.putText(pixels, "MMMMMMMM", (190, row), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (0, 0, 0), 1)
    odds = direction_odds(View(pixels), WINDOW)
    assert 1 < odds <= MOST_PRINT < MOST


def test_a_plain_surface_does_not_vote():
    assert direction_odds(View(plain()), Window(400, 150, 0.3, 80, 20)) == pytest.approx(0.0, abs=1e-3)


def test_a_dipstick_on_a_dark_table_does_not_vote_by_what_lies_on_the_table():
    pixels = np.full((300, 800, 3), 40, np.uint8)
    cv2.putText(pixels, "TABLE", (160, 120), cv2.FONT_HERSHEY_SIMPLEX, 1, (220, 220, 220), 3)
    pixels[135:165, 50:750] = 220
    assert direction_odds(View(pixels), WINDOW) == 0.0


def test_a_window_at_the_border_is_not_judged_by_what_is_not_seen():
    picture = scenes.crop_picture()
    odds = direction_odds(View(picture.pixels), scenes.window_of(picture.truth[0].window))
    assert abs(odds) <= MOST


def test_edges_of_a_picture_full_of_edges_are_taken():
    noise = np.random.default_rng(1).integers(0, 256, (300, 400), np.uint8)
    threads = cv2.getNumThreads()
    cv2.setNumThreads(1)
    try:
        (edges,) = edge_maps(noise, [(8, 20)])
    finally:
        cv2.setNumThreads(threads)
    assert set(np.unique(edges)) == {0, 255}
    assert 0.2 < (edges > 0).mean() < 0.8
