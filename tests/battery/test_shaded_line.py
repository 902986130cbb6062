"""A control line under the edge of a shadow is not taken for a missing one."""

from __future__ import annotations

import numpy as np
import pytest

import reader
from reader.simulate import Picture, cassette, crop, render
from tests.locate.scenes import window_of


def shaded(picture: Picture, depth: float, width: float) -> np.ndarray:
    """Darken all on one side of the control line by a share, softly over some membrane widths."""
    truth = picture.truth[0]
    window, middle = window_of(truth.window), truth.lines[0].center
    y, x = np.indices(picture.pixels.shape[:2])
    along = ((x - middle[0]) * window.flow[0] + (y - middle[1]) * window.flow[1]) / window.width
    light = 1 - depth / (1 + np.exp(along / width))
    return (picture.pixels * light[..., None]).astype(np.uint8)


def reading(control: float, depth: float) -> reader.Reading:
    picture = render(crop(cassette({"C": control, "T": 0.0}), angle_deg=90.0), np.random.default_rng(1))
    return reader.read_image(shaded(picture, depth, 0.25))


@pytest.mark.parametrize("depth", [0.3, 0.4, 0.5])
def test_a_shaded_control_line_does_not_make_a_test_invalid(depth):
    assert reading(0.25, depth).outcome in {"indeterminate", "negative"}


@pytest.mark.parametrize("depth", [0.0, 0.3])
def test_an_unused_membrane_under_the_same_shadow_has_no_coloured_bar(depth):
    assert reading(0.0, depth).outcome in {"invalid", "not_read"}
