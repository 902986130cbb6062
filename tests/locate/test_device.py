"""The outline of the device around a window is found where it is plain, and never made up."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import reader
from reader.geometry import Window, from_corners, overlap
from reader.locate.device import device_around, lies_in

SAMPLES = Path(__file__).resolve().parents[2] / "samples"
TRUTH = json.loads((SAMPLES / "truth.json").read_text("utf-8"))["pictures"]
CASSETTES = [
    name
    for name, truth in TRUTH.items()
    if truth["strips"] and truth["strips"][0]["kind"] == "cassette" and name.startswith(("covid", "h", "mal"))
]
WINDOW = Window(100, 60, 0.0, 40, 10)


def card(level: float, around: float) -> np.ndarray:
    """Return a picture of a plain card of 120 by 40 px round the window, log10 of light."""
    picture = np.full((120, 200, 3), around, np.float32)
    picture[40:80, 40:160] = level
    return picture


def test_a_plain_card_round_the_window_is_its_device():
    outline = Window(99.5, 59.5, 0.0, 120, 40)
    assert device_around(card(-0.1, -0.5), WINDOW, [outline]) == outline


def test_an_outline_across_the_window_keeps_the_direction_of_flow():
    outline = Window(99.5, 59.5, np.pi / 2, 40, 120)
    device = device_around(card(-0.1, -0.5), WINDOW, [outline])
    assert device is not None
    assert (device.angle, device.length, device.width) == pytest.approx((0.0, 120, 40))


def test_an_outline_without_a_change_of_light_is_no_device():
    assert device_around(card(-0.1, -0.1), WINDOW, [Window(99.5, 59.5, 0.0, 120, 40)]) is None


@pytest.mark.parametrize(
    "outline",
    [
        Window(99.5, 59.5, 0.3, 120, 40),
        Window(160, 59.5, 0.0, 120, 40),
        Window(99.5, 59.5, 0.0, 60, 14),
    ],
    ids=["askew", "beside", "recess"],
)
def test_what_cannot_hold_the_window_is_no_device(outline):
    picture = np.random.default_rng(2).uniform(-0.8, 0, (120, 200, 3)).astype(np.float32)
    assert device_around(picture, WINDOW, [outline]) is None


def test_the_larger_of_two_plain_outlines_is_the_device_and_the_smaller_its_label():
    picture = card(-0.1, -0.5)
    picture[46:74, 50:150] = -0.4
    device = Window(99.5, 59.5, 0.0, 120, 40)
    assert device_around(picture, WINDOW, [Window(99.5, 59.5, 0.0, 100, 28), device]) == device


def test_the_outlines_of_the_samples_cassettes_are_found_where_they_were_drawn():
    shares = []
    for name in CASSETTES:
        strips = reader.read_file(SAMPLES / name, assay=TRUTH[name]["assay"]).strips
        for strip, truth in zip(strips, TRUTH[name]["strips"], strict=True):
            drawn = from_corners(np.array(truth["outline"]))
            found = None if strip.outline is None else from_corners(np.array(strip.outline))
            shares.append(0.0 if found is None else overlap(found, drawn))
    assert np.mean(np.array(shares) > 0.9) > 0.8
    assert all(share == 0 or share > 0.7 for share in shares)


def test_the_first_two_corners_of_an_outline_lie_at_the_control_end():
    (strip,) = reader.read_file(SAMPLES / "covid-positive.jpg", assay="covid-19-ag").strips
    assert strip.outline is not None
    device, window = np.array(strip.outline), np.array(strip.window)
    flow = window[2] - window[1]
    assert (device[2] - device[1]) @ flow > 0


def test_a_window_lies_in_its_device_and_neither_across_it_nor_in_its_recess():
    assert lies_in(WINDOW, Window(105, 62, 0.0, 140, 45))
    assert lies_in(WINDOW, Window(105, 62, np.pi / 2, 45, 140))
    assert not lies_in(WINDOW, Window(105, 62, 0.5, 140, 45))
    assert not lies_in(WINDOW, Window(100, 60, 0.0, 55, 16))
