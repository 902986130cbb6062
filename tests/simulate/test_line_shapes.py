"""Shapes of lines: whatever the shape, height, width and area are those of the truth, also in a picture."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import exponnorm

from reader.errors import OptionError
from reader.simulate import (
    FINE,
    QUICK,
    Band,
    Membrane,
    Scene,
    cassette,
    crop,
    membrane,
    render_light,
)
from reader.simulate.shapes import FLATTEST, LONGEST_TAIL, flat_top, flat_top_area, tailed, tailed_area

EVEN = Membrane(texture=0, streaks=0, edge_darkening=0)
X = np.arange(-30, 8, 1 / 500)
SHAPES = [
    {},
    {"sharpness": 3.5, "skew": 0.2},
    {"flat_mm": 0.9, "skew": -0.1},
    {"tail_mm": 0.25},
    {"tilt": 0.03, "bow": 0.02},
]


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _half_width(values: np.ndarray) -> float:
    return float((values >= 0.5).sum()) / 500


@given(fwhm=st.floats(0.4, 1.6), share=st.floats(0.05, FLATTEST))
def test_a_flat_top_has_the_height_width_and_area_that_it_states(fwhm, share):
    values = flat_top(X, fwhm, share * fwhm)
    assert values.max() == pytest.approx(1, abs=1e-6)
    assert _half_width(values) == pytest.approx(fwhm, abs=2.5 / 500)
    assert values.sum() / 500 == pytest.approx(flat_top_area(fwhm, share * fwhm), rel=1e-4)


@given(fwhm=st.floats(0.4, 1.6), share=st.floats(0.02, LONGEST_TAIL))
def test_a_tailed_line_has_the_height_width_and_area_that_it_states(fwhm, share):
    values = tailed(X, fwhm, share * fwhm)
    assert values.max() == pytest.approx(1, abs=1e-4)
    assert abs(X[values.argmax()]) <= 0.06 * fwhm
    assert _half_width(values) == pytest.approx(fwhm, abs=2.5 / 500)
    assert values.sum() / 500 == pytest.approx(tailed_area(fwhm, share * fwhm), rel=1e-4)


def test_a_tailed_line_is_the_density_of_a_gaussian_and_an_exponential_variable():
    values = tailed(X, 0.9, 0.3).astype(np.float64)
    density = values / (values.sum() / 500)
    mean = (X * density).sum() / 500
    variance = (((X - mean) ** 2) * density).sum() / 500
    sigma = np.sqrt(variance - 0.3**2)
    # The tail lies at negative x: towards the control end.
    expected = exponnorm.pdf(-X, 0.3 / sigma, loc=-mean - 0.3, scale=sigma)
    np.testing.assert_allclose(density, expected, atol=2e-3)


def test_a_tail_lies_towards_the_control_end():
    patch = membrane([Band("T", "test", 0.5, 0.4, tail_mm=0.3)], rng=_rng())
    absorbed = -np.log10(patch.pixels[37, :, 1] / 0.8)
    middle = round(patch.lines[0].center[0])
    assert absorbed[middle - 30 : middle].sum() > 1.1 * absorbed[middle + 1 : middle + 31].sum()


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"flat_mm": 0.5, "tail_mm": 0.1}, "more than one"),
        ({"flat_mm": 0.5, "sharpness": 3.0}, "more than one"),
        ({"tail_mm": 0.1, "skew": 0.1}, "tail and a skew"),
        ({"flat_mm": 0.9}, "flat_mm of the line T is 0.9"),
        ({"tail_mm": -0.1}, "tail_mm of the line T is -0.1"),
        ({"tail_mm": 2.0}, "tail_mm of the line T is 2"),
    ],
)
def test_shapes_that_contradict_each_other_are_refused(changes, words):
    with pytest.raises(OptionError, match=words):
        Band("T", "test", 0.5, 0.1, 0.9, **changes)


@pytest.mark.parametrize("shape", SHAPES)
def test_the_area_of_every_shape_is_that_of_the_truth(shape):
    band = Band("T", "test", 0.5, 0.3, 1.1, **shape)
    patch = membrane([band], rng=_rng(), px_per_mm=60, size_mm=(14, 0.05))
    area = -np.log10(patch.pixels[..., 1] / np.float32(0.8)).mean(0).sum() / 60
    assert area == pytest.approx(patch.lines[0].area, rel=2e-3)


def test_an_uneven_line_has_the_stated_absorbance_on_average_over_the_width():
    band = Band("T", "test", 0.50125, 0.4, ripples=((0.08, 0.3), (0.05, 2.0)))
    patch = membrane([band], rng=_rng())
    across = -np.log10(patch.pixels[:, 200, 1] / 0.8)
    assert across.mean() == pytest.approx(0.4, rel=1e-3)
    assert across.std() / across.mean() == pytest.approx(np.hypot(0.08, 0.05) / np.sqrt(2), rel=0.03)


def test_a_gap_bares_the_membrane_there_and_leaves_the_line_whole_elsewhere():
    whole = Band("T", "test", 0.50125, 0.4)
    broken = replace(whole, gaps=((0.5, 0.4),))
    seen = [membrane([band], rng=_rng()).pixels[:, 200, 1] for band in (whole, broken)]
    across = (np.arange(75) - 37) / 25
    middle, away = np.abs(across - 0.5) < 0.08, np.abs(across - 0.5) > 0.45
    np.testing.assert_allclose(seen[1][middle], 0.8, rtol=0.01)
    np.testing.assert_allclose(seen[1][away], seen[0][away], rtol=1e-3)
    assert broken.area == whole.area


def _looked_at(lines: list[Band], **view: float) -> Scene:
    """A close-up of a window without anything that disturbs, 30 px to the millimetre."""
    seen = crop(cassette(lines, membrane=EVEN), px_per_mm=30.0, angle_deg=8.0)
    return replace(seen, view=replace(seen.view, **view))


@pytest.mark.parametrize("detail", [FINE, QUICK], ids=["fine", "quick"])
@pytest.mark.parametrize("view", [{}, {"tilt_deg": 15.0, "distortion": 0.05}], ids=["level", "bent"])
@pytest.mark.parametrize("shape", SHAPES)
def test_without_a_camera_every_shape_closes_to_a_thousandth(shape, view, detail):
    control, test = (
        Band(name, role, place, od, 1.4, **shape)
        for name, role, place, od in (("C", "control", 0.3, 0.4), ("T", "test", 0.7, 0.02))
    )
    light, truth = render_light(_looked_at([control, test], **view), _rng(), detail)
    blank, _ = render_light(_looked_at([], **view), _rng(), detail)
    found = -np.log10(light[..., 1] / blank[..., 1])
    for line in truth[0].lines:
        column, row = (round(v) for v in line.center)
        near = found[row - 2 : row + 3, column - 2 : column + 3]
        # On its highest point a line is level: a pixel beside it is as good.
        assert near.max() == pytest.approx(line.od, rel=1e-3)
