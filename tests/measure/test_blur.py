"""A window's edges tell the blur of a picture, and what it takes from strong lines is given back."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.measure.blur import Blur, edge_blur
from reader.measure.forward import FAINT, Gain, gain
from reader.measure.lines import Patch
from reader.measure.membrane import LineFit, measure_lines
from reader.simulate import Band
from tests.measure.patches import FWHM_MM, GOLD, PLAIN, SIZE_MM, light_of, place

SIGMA_MM = FWHM_MM / 2.3548
HOUSING, MARGIN_MM = 0.5, 0.75  # linear light of the plastic around the membrane, of which so much is seen
POSITIONS = (0.32, 0.68)


def framed(ods: tuple[float, float], blur_mm: float, px_per_mm: float = 25.0, seed: int = 0) -> Patch:
    """Simulate a membrane in its window, blurred together."""
    lines = [Band(name, "test", p, od) for name, p, od in zip("CT", POSITIONS, ods, strict=True)]
    inner = light_of(lines, look=PLAIN, noise=0.0, px_per_mm=px_per_mm)
    rows, columns = inner.shape[:2]
    margin = round(MARGIN_MM * px_per_mm)
    beyond = margin + math.ceil(4 * blur_mm * px_per_mm)  # so that no border of the picture is blurred in
    light = np.full((rows + 2 * beyond, columns + 2 * beyond, 3), HOUSING, np.float32)
    light[beyond:-beyond, beyond:-beyond] = inner
    if blur_mm:
        light = cv2.GaussianBlur(light, (0, 0), blur_mm * px_per_mm)
    cut = slice(beyond - margin, margin - beyond or None)
    light = light[cut, cut]
    light *= 1 + 0.005 * np.random.default_rng(seed).standard_normal(light.shape)
    return Patch(np.log10(light).astype(np.float32), rows, columns, margin, margin)


def line_of(
    od: float, blur_mm: float, px_per_mm: float = 25.0, seed: int = 0, *, patch: Patch | None = None
) -> LineFit:
    """Measure a line beside another one, as a faint line of absorbance 1 and no blur would be."""
    sigma = math.hypot(SIGMA_MM, blur_mm)
    seen = framed((0.4, od), blur_mm, px_per_mm, seed) if patch is None else patch
    fit = measure_lines(seen, [(place(p), sigma / SIZE_MM[1]) for p in POSITIONS], GOLD).lines[1]
    peak, unit = SIGMA_MM / sigma, SIGMA_MM * math.sqrt(2 * math.pi) * px_per_mm
    return replace(
        fit,
        height=fit.height / peak,
        height_sigma=fit.height_sigma / peak,
        area=fit.area / unit,
        area_sigma=fit.area_sigma / unit,
    )


# --- the blur ------------------------------------------------------------------------------------


@pytest.mark.parametrize("px_per_mm", [8.0, 25.0, 40.0])
@pytest.mark.parametrize("blur_mm", [0.1, 0.2, 0.3])
def test_the_edges_of_a_window_tell_its_blur_to_a_tenth(blur_mm, px_per_mm):
    blur = edge_blur(framed((0.4, 0.1), blur_mm, px_per_mm))
    assert blur is not None
    assert blur.sigma / px_per_mm == pytest.approx(blur_mm, rel=0.1)
    assert blur.error >= 0.1


def test_a_sharp_window_has_no_blur_to_speak_of():
    blur = edge_blur(framed((0.4, 0.1), 0.0))
    assert blur is not None
    assert blur.sigma < 1.5


def test_one_soft_edge_does_not_make_a_picture_soft():
    patch = framed((0.4, 0.1), 0.1)
    light = patch.log_light.copy()
    shade = np.clip(np.arange(patch.side)[:, None, None] / patch.side, 0.0, 1.0)
    light[: patch.side] = light[patch.side] * (1 - shade) + light[0] * shade
    blur = edge_blur(replace(patch, log_light=light[::-1]))
    assert blur is not None
    assert blur.sigma == pytest.approx(2.5, rel=0.15)


def test_where_nothing_is_seen_around_a_window_its_blur_is_unknown():
    patch = framed((0.4, 0.1), 0.2)
    inner = patch.log_light[patch.side : -patch.side, patch.end : -patch.end]
    assert edge_blur(Patch(inner, patch.rows, patch.columns, 0, 0)) is None
    beyond = np.full_like(patch.log_light, np.nan)
    beyond[patch.side : -patch.side, patch.end : -patch.end] = inner
    assert edge_blur(replace(patch, log_light=beyond)) is None


def test_a_window_as_bright_as_what_surrounds_it_tells_no_blur():
    assert edge_blur(Patch(np.full((96, 300, 3), -0.3, np.float32), 64, 240, 16, 30)) is None


# --- what it takes from lines, and gets back -----------------------------------------------------


@pytest.mark.parametrize("px_per_mm", [8.0, 25.0, 40.0])
@pytest.mark.parametrize("blur_mm", [0.05, 0.1, 0.2])
@pytest.mark.parametrize("od", [0.2, 0.4, 0.8])
def test_strong_lines_in_soft_pictures_are_measured_to_one_percent(od, blur_mm, px_per_mm):
    # Without the model the last of them lack 4 % of their height and 8 % of their area.
    line = line_of(od, blur_mm, px_per_mm)
    assert line.height == pytest.approx(od, abs=0.01 * od + 0.0005)
    assert line.area == pytest.approx(od, abs=0.015 * od + 0.0005)


@pytest.mark.parametrize("blur_mm", [0.3, 0.38])
@pytest.mark.parametrize("od", [0.4, 0.8, 1.2])
def test_lines_as_narrow_as_the_blur_are_measured_within_what_their_errors_say(od, blur_mm):
    line = line_of(od, blur_mm)
    assert abs(line.height - od) < 2.5 * line.height_sigma
    assert abs(line.area - od) < 2.5 * line.area_sigma
    assert line.height_sigma < 0.1 * od


@pytest.mark.parametrize("blur_mm", [0.1, 0.3])
def test_stronger_lines_stay_stronger(blur_mm):
    strengths = np.linspace(0.06, 1.2, 39)
    heights, areas = np.array([(x.height, x.area) for x in (line_of(od, blur_mm) for od in strengths)]).T
    assert (np.diff(heights) > 0).all()
    assert (np.diff(areas) > 0).all()


def test_two_lines_of_one_strength_in_a_soft_picture_have_the_ratio_one():
    sigma = math.hypot(SIGMA_MM, 0.25)
    fit = measure_lines(framed((0.7, 0.7), 0.25), [(place(p), sigma / SIZE_MM[1]) for p in POSITIONS], GOLD)
    assert fit.lines[1].height / fit.lines[0].height == pytest.approx(1.0, abs=0.003)
    assert fit.lines[1].area / fit.lines[0].area == pytest.approx(1.0, abs=0.005)


def test_where_the_blur_is_unknown_strong_lines_stay_as_they_are_but_have_larger_errors():
    patch = framed((0.4, 0.8), 0.1)
    inner = patch.log_light[patch.side : -patch.side, patch.end : -patch.end]
    known, unknown = (
        line_of(0.8, 0.1, patch=p) for p in (patch, Patch(inner, patch.rows, patch.columns, 0, 0))
    )
    assert unknown.area < known.area
    assert abs(unknown.area - 0.8) < 2 * unknown.area_sigma
    assert unknown.area_sigma > 0.01


@settings(max_examples=60, deadline=None)
@given(height=st.floats(-1.0, FAINT), sigma=st.floats(0.5, 30.0), blur=st.none() | st.floats(0.0, 30.0))
def test_faint_lines_are_never_changed(height, sigma, blur):
    assert gain(height, sigma, None if blur is None else Blur(blur, 0.15)) == Gain()


@settings(max_examples=60, deadline=None)
@given(height=st.floats(FAINT, 2.5), sigma=st.floats(0.5, 30.0), blur=st.floats(0.0, 30.0))
def test_blur_only_ever_takes_from_lines(height, sigma, blur):
    given_back = gain(height, sigma, Blur(blur, 0.15))
    assert given_back.height >= 1.0
    assert given_back.area >= 1.0
    assert 0 <= given_back.height_error < given_back.height
    assert 0 <= given_back.area_error < given_back.area


def test_the_gain_undoes_a_blur_that_was_computed_finely():
    x = np.linspace(-60.0, 60.0, 4801)
    for sigma, blur, od in ((8.0, 3.0, 0.3), (8.0, 6.0, 0.9), (6.0, 2.0, 1.0)):
        psf = np.exp(-(x**2) / (2 * blur**2))
        light = np.convolve(1 - 10 ** (-od * np.exp(-(x**2) / (2 * sigma**2))), psf / psf.sum(), "same")
        seen = -np.log10(1 - light)
        height, area = seen.max(), float(np.trapezoid(seen, x))
        back = gain(height, area / height / math.sqrt(2 * math.pi), Blur(blur, 0.1))
        assert height * back.height == pytest.approx(od * sigma / math.hypot(sigma, blur), rel=2e-3)
        assert area * back.area == pytest.approx(od * sigma * math.sqrt(2 * math.pi), rel=2e-3)
