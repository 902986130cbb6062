"""The window of a device without a strip is found by what stands about it; nothing else is taken for one."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import reader
from reader.colour import brightest
from reader.geometry import overlap
from reader.locate.empty import empty_windows
from reader.locate.find import find_strips
from reader.locate.outlines import propose_outlined
from reader.view import View
from tests.locate import scenes

BLACK = (14, 12, 16)


def with_hole(angle: float = 0.0, colour: tuple[int, int, int] = BLACK) -> tuple[np.ndarray, object]:
    """Simulate a cassette through whose window something dark is seen, with the camera's grain."""
    picture = scenes.cassette_picture(angle)
    truth = picture.truth[0]
    pixels = np.array(picture.pixels)
    cv2.fillPoly(pixels, [np.round(np.array(truth.window)).astype(np.int32)], colour)
    grain = np.random.default_rng(3).normal(0.0, 2.0, pixels.shape)
    soft = cv2.GaussianBlur(pixels, (0, 0), 0.8) + grain
    return np.clip(soft, 0, 255).astype(np.uint8), truth


def holes(pixels: np.ndarray) -> list:
    view = View(pixels)
    return empty_windows(view, propose_outlined(brightest(view.small)))


@pytest.mark.parametrize("angle", [0.0, 90.0, 180.0, 33.0])
def test_a_device_without_a_strip_is_invalid_and_says_so(angle):
    pixels, truth = with_hole(angle)
    (strip,) = reader.read_image(pixels).strips
    assert strip.outcome is reader.Outcome.INVALID
    assert {"no-control-line", "no-strip-in-window"} <= set(strip.flags)
    assert all(not line.detected and line.height is None for line in strip.lines)
    (candidate,) = find_strips(View(pixels))
    assert overlap(candidate.hypotheses[0].window, scenes.window_of(truth.window)) > 0.7


def test_a_device_without_a_strip_is_not_looked_at_in_other_ways(monkeypatch):
    monkeypatch.setattr("reader.pipeline.turned_back", lambda *_: pytest.fail("it was turned"))
    assert reader.read_image(with_hole()[0]).outcome is reader.Outcome.INVALID


def test_a_membrane_in_deep_shade_is_not_taken_for_a_hole():
    assert holes(with_hole(colour=(110, 107, 111))[0]) == []


def test_a_membrane_that_is_soaked_with_blood_is_not_taken_for_a_hole():
    assert holes(with_hole(colour=(140, 14, 16))[0]) == []


def test_a_dark_box_without_a_letter_and_a_well_is_no_window():
    pixels = np.full((600, 800, 3), 225, np.uint8)
    cv2.rectangle(pixels, (300, 270), (500, 330), BLACK, -1)
    assert holes(cv2.GaussianBlur(pixels, (0, 0), 0.8)) == []


def test_a_well_alone_makes_no_dark_box_a_window():
    pixels = np.full((600, 800, 3), 225, np.uint8)
    cv2.rectangle(pixels, (300, 270), (500, 330), BLACK, -1)
    cv2.circle(pixels, (600, 300), 30, (120, 120, 120), -1)
    assert holes(cv2.GaussianBlur(pixels, (0, 0), 0.8)) == []
