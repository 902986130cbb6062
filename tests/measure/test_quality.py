"""Each fault of a picture raises its flag, and a good picture raises none."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from reader.colour import srgb_encode
from reader.flags import FLAGS
from reader.geometry import Window
from reader.measure.quality import Quality, assess

WIDTH, LENGTH = 60, 300
WINDOW = Window(249.5, 149.5, 0.0, LENGTH, WIDTH)
FLAT = np.zeros(LENGTH)


def picture(level: float = 0.5, around: float = 0.75, seed: int = 0) -> np.ndarray:
    """Lay a membrane of this linear light on plastic, with a little noise so that codes are mixed."""
    light = np.full((300, 500, 3), around)
    light[120:180, 100:400] = level
    codes = srgb_encode(light) * 255 + np.random.default_rng(seed).normal(0, 0.7, light.shape)
    return np.clip(np.rint(codes), 0, 255).astype(np.uint8)


def judged(pixels: np.ndarray, window: Window = WINDOW, **measured: object) -> Quality:
    given = {"noise": 0.002, "baseline": FLAT, "jpeg_quality": 92, "lean": 0.0, **measured}
    return assess(pixels, window, **given)


def test_a_good_picture_raises_no_flag():
    assert judged(picture()).flags == ()


def test_what_was_measured_elsewhere_is_passed_on():
    values = judged(picture(), noise=0.004, jpeg_quality=80).values
    assert values["noise"] == 0.004
    assert values["jpeg_quality"] == 80
    assert values["width_px"] == WIDTH
    assert values["clipped"] == 0
    assert values["light"] == pytest.approx(0.5, abs=0.02)


@pytest.mark.parametrize(("width", "flag"), [(4.0, "too-small"), (10.0, "low-resolution")])
def test_a_small_window_is_flagged(width, flag):
    assert flag in judged(picture(), Window(249.5, 149.5, 0.0, 5 * width, width)).flags


@pytest.mark.parametrize(("level", "flag"), [(0.004, "too-dark"), (0.03, "noisy")])
def test_a_dark_membrane_is_flagged(level, flag):
    assert flag in judged(picture(level, around=0.1)).flags


def test_an_over_exposed_membrane_is_flagged():
    quality = judged(np.full((300, 500, 3), 255, np.uint8))
    assert "clipped" in quality.flags
    assert quality.values["clipped"] == 1.0


def test_one_white_spot_is_glare():
    pixels = picture()
    cv2.ellipse(pixels, (250, 150), (50, 25), 0, 0, 360, (255, 255, 255), -1)
    flags = judged(pixels).flags
    assert "glare" in flags
    assert "clipped" not in flags


def test_many_small_white_specks_are_not_glare():
    pixels = picture()
    specks = np.random.default_rng(1).random((300, 500)) < 0.08
    pixels[specks] = 255
    assert "glare" not in judged(pixels).flags


def test_compression_that_swallows_a_narrow_line_leaves_a_wide_one():
    wide, narrow = WINDOW, replace(WINDOW, length=WINDOW.length / 2, width=WINDOW.width / 2)
    assert "heavy-jpeg" in judged(picture(), narrow, jpeg_quality=30).flags
    assert "heavy-jpeg" not in judged(picture(), wide, jpeg_quality=30).flags


def test_a_narrow_line_shows_that_a_picture_with_soft_edges_is_sharp():
    blurred = cv2.GaussianBlur(picture(), (0, 0), 12.0)
    assert "blurred" in judged(blurred).flags
    assert not {"blurred", "soft"} & set(judged(blurred, narrowest=0.05).flags)


@pytest.mark.parametrize("share", [0.4, 0.6, 0.8])
def test_blur_is_the_same_in_less_light(share):
    blurred = cv2.GaussianBlur(picture(), (0, 0), 4.0)
    darker = np.rint(blurred * share).astype(np.uint8)
    assert judged(darker).values["blur"] == pytest.approx(judged(blurred).values["blur"], rel=0.07)


def test_strong_compression_is_flagged_and_none_is_not():
    assert "heavy-jpeg" in judged(picture(), jpeg_quality=20).flags
    assert "heavy-jpeg" not in judged(picture(), jpeg_quality=None).flags
    assert judged(picture(), jpeg_quality=None).values["jpeg_quality"] is None


def test_grain_is_flagged():
    assert "noisy" in judged(picture(), noise=0.05).flags


def test_a_bowed_baseline_is_a_stain_and_a_straight_one_is_not():
    x = np.linspace(-1, 1, LENGTH)
    assert "stained" in judged(picture(), baseline=0.5 * x**2).flags
    assert "stained" not in judged(picture(), baseline=0.5 * x).flags


@pytest.mark.parametrize("baseline", [np.full(LENGTH, np.nan), np.zeros(3)])
def test_an_unknown_baseline_is_no_stain(baseline):
    assert "stained" not in judged(picture(), baseline=baseline).flags


@pytest.mark.parametrize("lean", [-0.4, 0.4])
def test_lines_that_lean_are_a_slant(lean):
    assert "tilted" in judged(picture(), lean=lean).flags


@pytest.mark.parametrize("sigma_widths", [0.2, 0.3, 0.4])
def test_a_blurred_edge_is_flagged(sigma_widths):
    blurred = cv2.GaussianBlur(picture(0.2, 0.9), (0, 0), sigma_widths * WIDTH)
    assert {"soft", "blurred"} & set(judged(blurred).flags)


def test_the_blur_is_measured_in_membrane_widths():
    for sigma in (3.0, 5.0, 7.0):
        blur = judged(cv2.GaussianBlur(picture(), (0, 0), sigma)).values["blur"]
        assert blur == pytest.approx(sigma / WIDTH, abs=0.03)


def test_a_shadow_edge_is_flagged_and_a_smooth_gradient_is_not():
    light = np.full((300, 500, 3), 0.75)
    light[120:180, 100:400] = 0.5
    edge, ramp = light.copy(), light * np.linspace(1.0, 0.6, 500)[None, :, None]
    edge[:, 260:] *= 0.4
    encoded = [np.rint(srgb_encode(x) * 255).astype(np.uint8) for x in (edge, ramp)]
    assert "shadow-edge" in judged(encoded[0]).flags
    assert "shadow-edge" not in judged(encoded[1]).flags


def test_16_bit_pictures_are_judged_like_8_bit_ones():
    pixels = picture()
    eight, sixteen = judged(pixels), judged(pixels.astype(np.uint16) * 257)
    assert eight.flags == sixteen.flags
    for name, value in eight.values.items():
        assert sixteen.values[name] == pytest.approx(value, rel=1e-3)


@pytest.mark.parametrize("angle", [0.0, 0.3, np.pi / 2, np.pi])
def test_a_window_at_the_border_or_beyond_is_judged_without_a_crash(angle):
    for x, y in ((0, 0), (499, 299), (250, 0)):
        quality = judged(picture(), Window(x, y, angle, LENGTH, WIDTH))
        assert set(quality.flags) <= set(FLAGS)
        assert all(value is None or np.isfinite(value) for value in quality.values.values())


def test_a_blur_that_leaves_no_edge_is_a_blur_too():
    light = np.full((300, 500, 3), 0.5)
    light[:, 230:250] = 0.1
    pixels = np.rint(srgb_encode(light) * 255).astype(np.uint8)
    assert "blurred" not in judged(pixels).flags
    assert "blurred" in judged(cv2.GaussianBlur(pixels, (0, 0), 0.7 * WIDTH)).flags
