"""A view shows parts of a photo in linear light, whatever its size and depth."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

from reader.colour import srgb_encode
from reader.geometry import Window
from reader.view import DARK, View


def photo(height: int, width: int) -> tuple[np.ndarray, np.ndarray]:
    """Make a photo whose linear light is a plane, and that light."""
    rows, columns = np.indices((height, width))
    light = np.dstack([0.2 + 0.6 * columns / width, 0.2 + 0.6 * rows / height, np.full((height, width), 0.5)])
    return np.rint(srgb_encode(light) * 255).astype(np.uint8), light


@pytest.mark.parametrize("size", [(120, 90), (600, 800), (1500, 2000)])
def test_light_is_what_was_encoded_at_every_picture_size(size):
    pixels, light = photo(*size)
    window = Window(size[1] / 2, size[0] / 2, 0.0, size[1] * 0.8, size[0] * 0.4)
    seen = View(pixels).linear(window, 64, 32)
    for row, column in ((0, 0), (31, 63), (16, 20)):
        x, y = window.at((column + 0.5) / 64, (row + 0.5) / 32)
        assert seen[row, column] == pytest.approx(light[round(y), round(x)], abs=0.01)


def test_looking_closely_or_from_afar_shows_the_same_light():
    pixels, _ = photo(1500, 2000)
    view = View(pixels)
    window = Window(1000, 700, 0.7, 800, 300)
    coarse, fine = view.linear(window, 40, 15), view.linear(window, 400, 150)
    assert coarse == pytest.approx(fine.reshape(15, 10, 40, 10, 3).mean(axis=(1, 3)), abs=0.005)


@pytest.mark.parametrize("size", [(2000, 2600), (2600, 2000), (2001, 2599)])
def test_a_smaller_copy_of_a_large_photo_shows_the_same_light(size):
    pixels, light = photo(*size)
    view = View(pixels)
    window = Window(size[1] / 2, size[0] / 2, 0.3, 900, 300)
    for step in (1, 3, 9):
        columns, rows = 900 // step, 300 // step
        seen = view.linear(window, columns, rows, shapes=True)
        for row, column in ((0, 0), (rows - 1, columns - 1), (rows // 2, columns // 3)):
            x, y = window.at((column + 0.5) / columns, (row + 0.5) / rows)
            assert seen[row, column] == pytest.approx(light[round(y), round(x)], abs=0.004)


def test_16_bit_photos_show_the_light_of_8_bit_ones():
    pixels, _ = photo(700, 900)
    window = Window(450, 350, 0.2, 300, 90)
    deep = View(pixels.astype(np.uint16) * 257)
    assert deep.linear(window, 100, 30) == pytest.approx(View(pixels).linear(window, 100, 30), abs=1e-3)
    assert deep.small.dtype == np.uint8
    assert deep.small == pytest.approx(View(pixels).small, abs=1)


@pytest.mark.parametrize(("size", "long_side"), [((1500, 2000), 800), ((100, 64), 256), ((400, 300), 400)])
def test_the_search_picture_has_a_bounded_size(size, long_side):
    view = View(np.full((*size, 3), 128, np.uint8))
    assert max(view.small.shape[:2]) == long_side
    assert view.scale == pytest.approx(long_side / max(size))
    assert view.log_small.shape == view.small.shape


@pytest.mark.parametrize("size", [(3024, 4032), (1999, 2399), (2448, 3264)])
def test_the_search_picture_is_an_average_over_areas(size):
    # A fine, oblique grating shows what is skipped, as moire, and what is blurred.
    rows, columns = np.indices(size)
    wave = 128 + 90 * np.sin(columns / 7 + rows / 11) + 20 * np.sin(2.2 * columns + 1.9 * rows)
    pixels = np.dstack([wave] * 3).astype(np.uint8)
    small = View(pixels).small.astype(float)
    averaged = cv2.resize(pixels, small.shape[1::-1], interpolation=cv2.INTER_AREA).astype(float)
    assert np.abs(small - averaged).mean() < 1.0
    assert np.diff(small, axis=1).std() == pytest.approx(np.diff(averaged, axis=1).std(), rel=0.05)


def test_log_light_is_the_logarithm_of_the_light_and_a_little_more():
    pixels, _ = photo(200, 300)
    window = Window(150, 100, 0.0, 100, 40)
    view = View(pixels)
    expected = np.log10(view.linear(window, 50, 20) + DARK)
    assert view.log_light(window, 50, 20) == pytest.approx(expected, abs=1e-6)
    assert np.isfinite(View(np.zeros((50, 50, 3), np.uint8)).log_small).all()


@pytest.mark.parametrize("window", [Window(-5, 20, 0.0, 40, 20), Window(5000, 0, 1.0, 40, 20)])
def test_beyond_the_picture_there_is_no_light(window):
    pixels, _ = photo(60, 80)
    seen = View(pixels).linear(window, 40, 20)
    assert np.isnan(seen[:, 0]).all()
    assert seen.shape == (20, 40, 3)


def test_a_view_leaves_its_photo_alone():
    pixels, _ = photo(900, 1200)
    before = pixels.copy()
    pixels.flags.writeable = False
    view = View(pixels)
    view.log_light(Window(600, 450, math.pi / 3, 500, 200), 50, 20)
    view.log_small.sum()
    assert (pixels == before).all()
