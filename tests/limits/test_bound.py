"""The bounds are those of the formulas, and simulation does not beat them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.limits.bound import (
    Ground,
    flat_error,
    least_errors,
    search_threshold,
    smooth_inflation,
)

SIGMA = 0.382  # mm
WHITE = 2.5e-8  # absorbance² · mm
LONG = 40 * SIGMA


def ground(stiffness: float) -> Ground:
    return Ground(WHITE, bend=WHITE / (stiffness * SIGMA**4))


@pytest.mark.parametrize(
    ("stiffness", "factor"), [(5, 2.89), (12, 2.29), (50, 1.75), (100, 1.58), (1000, 1.28)]
)
def test_a_smooth_baseline_inflates_the_variance_as_published(stiffness, factor):
    assert smooth_inflation(stiffness) == pytest.approx(factor, abs=0.01)


def test_a_known_baseline_inflates_nothing():
    assert smooth_inflation(np.inf) == 1.0


@pytest.mark.parametrize("stiffness", [5, 50, 1000])
def test_a_long_window_has_the_bound_of_an_endless_one(stiffness):
    (error,) = least_errors(ground(stiffness), [LONG], [SIGMA], 2 * LONG)
    assert (error / flat_error(WHITE, SIGMA)) ** 2 == pytest.approx(smooth_inflation(stiffness), rel=0.005)


@pytest.mark.parametrize(("window", "factor"), [(12, 1.42), (20, 1.22), (40, 1.10)])
def test_a_flat_window_of_unknown_level_has_the_bound_of_a_constant_baseline(window, factor):
    (error,) = least_errors(Ground(WHITE), [window * SIGMA / 2], [SIGMA], window * SIGMA)
    assert (error / flat_error(WHITE, SIGMA)) ** 2 == pytest.approx(factor, abs=0.005)


def test_fine_grain_counts_as_white_noise_and_coarse_grain_as_baseline():
    flat = flat_error(WHITE, SIGMA)
    (fine,) = least_errors(Ground(WHITE / 2, ((WHITE / 2, 0.01 * SIGMA),)), [LONG], [SIGMA], 2 * LONG)
    (coarse,) = least_errors(Ground(WHITE, ((100 * WHITE, 12 * SIGMA),)), [LONG], [SIGMA], 2 * LONG)
    assert fine == pytest.approx(flat, rel=0.03)
    assert flat < coarse < 2 * flat


def test_the_bound_is_met_by_least_squares_on_drawn_profiles_and_not_beaten():
    # White noise on an unknown constant: ordinary least squares is the best there is.
    rng = np.random.default_rng(1)
    step = SIGMA / 12
    x = np.arange(0, LONG, step) + step / 2
    design = np.column_stack([np.exp(-((x - LONG / 2) ** 2) / (2 * SIGMA**2)), np.ones_like(x)])
    profiles = rng.normal(0, np.sqrt(WHITE / step), (4000, x.size))
    heights = np.linalg.lstsq(design, profiles.T, rcond=None)[0][0]
    (error,) = least_errors(Ground(WHITE), [LONG / 2], [SIGMA], LONG)
    assert heights.std() == pytest.approx(error, rel=0.04)


@pytest.mark.parametrize(
    ("false_calls", "threshold"), [(0.05, 2.37), (0.01, 2.96), (0.001, 3.65), (0.0001, 4.23)]
)
def test_the_threshold_of_a_search_is_as_published(false_calls, threshold):
    assert search_threshold(false_calls) == pytest.approx(threshold, abs=0.005)


def test_without_a_search_the_threshold_is_that_of_a_normal_distribution():
    assert search_threshold(0.05, reach=0.0) == pytest.approx(1.645, abs=1e-3)


def test_a_search_of_smooth_noise_exceeds_its_threshold_as_often_as_it_says():
    rng = np.random.default_rng(2)
    sigma, reach, count = 10, 30, 4000
    u = np.arange(-5 * sigma, 5 * sigma + 1)
    kernel = np.exp(-(u**2) / (2 * sigma**2))
    white = rng.standard_normal((count, 2 * reach + kernel.size))
    traces = np.apply_along_axis(np.convolve, 1, white, kernel / np.sqrt((kernel**2).sum()), "valid")
    share = np.mean(traces.max(axis=1) > search_threshold(0.05))
    assert share == pytest.approx(0.05, abs=0.012)


@given(
    stiffness=st.floats(1, 1e4),
    grain=st.floats(0, 10),
    length=st.floats(0.05, 3),
    place=st.floats(0.2, 0.8),
)
@settings(max_examples=25, deadline=None)
def test_whatever_is_added_the_bound_only_rises(stiffness, grain, length, place):
    places = [place * LONG]
    plain, bent = ground(stiffness), Ground(WHITE, ((grain * WHITE, length * SIGMA),), ground(stiffness).bend)
    flat = flat_error(WHITE, SIGMA)
    first, second = (least_errors(g, places, [SIGMA], LONG)[0] for g in (plain, bent))
    assert flat < first <= second * (1 + 1e-6)
    beside = least_errors(plain, [*places, 0.5 * LONG + 3 * SIGMA], [SIGMA] * 2, LONG)[0]
    assert first <= beside * (1 + 1e-6)
