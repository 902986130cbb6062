"""A small picture in which nothing is called is seen on a finer grid, and its strips lie where they lay."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

import reader
from reader.again.enlarged import SMALL_PX, enlarged
from reader.photo import open_array
from reader.simulate import cassette, crop, render


def small(pixels, long_side):
    factor = long_side / max(pixels.shape[:2])
    return cv2.resize(pixels, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)


@pytest.mark.parametrize("kind", [np.uint8, np.uint16])
def test_a_small_picture_is_seen_on_a_finer_grid_with_its_light_where_it_was(kind):
    x = np.linspace(0, np.iinfo(kind).max, 120)
    ramp = np.repeat(np.tile(x, (40, 1))[..., None], 3, axis=2).astype(kind)
    again = enlarged(open_array(ramp))
    assert again is not None
    assert again.photo.pixels.shape == (80, 240, 3)
    assert again.photo.pixels.dtype == kind
    assert again.pixel == 2.0
    middle = np.interp((np.arange(240) + 0.5) / 2 - 0.5, np.arange(120), x)
    step = x[1]
    assert np.abs(again.photo.pixels[20, :, 0] - middle).max() < 0.02 * step + 2


def test_a_picture_of_ordinary_size_is_not_enlarged():
    assert enlarged(open_array(np.zeros((60, SMALL_PX + 1, 3), np.uint8))) is None


def soft_and_small(test: float, seed: int) -> np.ndarray:
    """Simulate a crop whose window is some ten pixels wide."""
    seen = crop(cassette({"C": 0.3, "T": test}), angle_deg=90.0, margin_mm=(1.2, 2.2))
    pixels = render(seen, np.random.default_rng(seed)).pixels
    soft = cv2.GaussianBlur(small(pixels, 54), (0, 0), 0.75)
    grain = np.random.default_rng(seed).normal(0.0, 1.5, soft.shape)
    return np.clip(soft + grain, 0, 255).astype(np.uint8)


@pytest.mark.parametrize(("test", "seed"), [(0.0, 0), (0.15, 1), (0.0, 3), (0.05, 4)])
def test_a_soft_window_of_ten_pixels_is_called(test, seed):
    reading = reader.read_image(soft_and_small(test, seed))
    assert reading.outcome is (reader.Outcome.POSITIVE if test else reader.Outcome.NEGATIVE)
    assert "low-resolution" in reading.strips[0].flags


def test_a_strip_seen_on_a_finer_grid_lies_where_it_is_in_the_picture(monkeypatch):
    pixels = soft_and_small(0.15, 1)
    (strip,) = reader.read_image(pixels).strips
    monkeypatch.setattr("reader.pipeline.enlarged", lambda _: None)
    (before,) = reader.read_image(pixels).strips
    assert before.outcome is reader.Outcome.NOT_READ
    assert np.abs(np.subtract(strip.window, before.window)).max() < 3.0
    assert strip.quality["width_px"] == pytest.approx(before.quality["width_px"], abs=2.5)
    for line, same in zip(strip.lines, before.lines, strict=True):
        assert line.center == pytest.approx(same.center, abs=1.0)


def test_a_window_with_too_few_pixels_of_the_file_stays_unread():
    seen = crop(cassette({"C": 0.3, "T": 0.15}), angle_deg=90.0, margin_mm=(5.0, 5.0))
    reading = reader.read_image(small(render(seen, np.random.default_rng(1)).pixels, 40))
    assert reading.outcome is reader.Outcome.NOT_READ
