"""A window is found in a plain device though no outline closes around it, as in grey, equalised pictures."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

import reader
from reader.geometry import Window, overlap
from reader.locate.device import plain_devices
from reader.simulate import cassette, random_camera, random_light, render, scene

CASES = range(8)


@cache
def equalised(case: int, test: float) -> np.ndarray:
    """Photograph a cassette, and make the picture grey and its contrast the same everywhere."""
    rng = np.random.default_rng((17, case))
    device = cassette({"C": float(rng.uniform(0.3, 0.8)), "T": test * float(rng.uniform(0.7, 1.3))})
    light, camera = random_light(rng), random_camera(rng)
    photo = render(scene([device], size_px=(640, 640), fill=0.93, light=light, camera=camera), rng)
    grey = cv2.cvtColor(photo.pixels, cv2.COLOR_RGB2GRAY)
    flat = cv2.createCLAHE(4.0, (8, 8)).apply(grey)
    return np.repeat(np.asarray(flat)[..., None], 3, axis=2)


@pytest.mark.parametrize(("test", "wrong"), [(0.35, "negative"), (0.0, "positive")])
def test_a_grey_equalised_picture_of_a_cassette_is_mostly_read_and_never_wrongly(test, wrong):
    outcomes = [reader.read_image(equalised(case, test)).outcome for case in CASES]

    right = {"negative": "positive", "positive": "negative"}[wrong]
    assert wrong not in outcomes
    assert sum(outcome == right for outcome in outcomes) >= len(CASES) // 2


def test_the_device_is_told_with_the_window_that_was_found_in_it():
    picture = equalised(0, 0.35)

    strips = reader.read_image(picture).strips

    assert len(strips) == 1
    assert strips[0].outline is not None


def test_plain_devices_are_the_distinct_outlines_that_stand_out_on_all_sides():
    picture = np.full((300, 400, 3), -0.6, np.float32)
    picture[60:160, 40:340] = -0.1
    device, copy = Window(189.5, 109.5, 0.0, 300, 100), Window(191, 110, 0.0, 296, 99)
    nothing, narrow = Window(190, 230, 0.0, 200, 80), Window(189.5, 109.5, 0.0, 300, 40)

    found = plain_devices(picture, [copy, nothing, narrow, device])

    assert len(found) == 1
    assert overlap(found[0], device) > 0.9
