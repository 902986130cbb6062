"""The scan gives the amplitude of a line at every place, unbiased, with a known variance."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.measure.scan import LineScan

COUNT = 200
X = np.arange(COUNT)
EVERYWHERE = np.ones(COUNT, np.float32)


def line(center: float, sigma: float, height: float = 1.0) -> np.ndarray:
    return height * np.exp(-((X - center) ** 2) / (2 * sigma**2))


@pytest.mark.parametrize("sigma", [1.2, 3.0, 8.0])
@pytest.mark.parametrize("height", [-0.1, 0.02, 0.7])
def test_the_amplitude_at_a_line_is_its_height(sigma, height):
    scan = LineScan(EVERYWHERE, sigma)
    assert scan.amplitudes(line(90, sigma, height)[None])[0, 90] == pytest.approx(height, rel=1e-4)


@settings(max_examples=40)
@given(level=st.floats(-2, 2), slope=st.floats(-0.02, 0.02), center=st.integers(40, 160))
def test_level_and_slope_do_not_change_the_amplitude(level, slope, center):
    scan = LineScan(EVERYWHERE, 4.0)
    profile = line(center, 4.0, 0.3) + level + slope * X
    assert scan.amplitudes(profile[None])[0, center] == pytest.approx(0.3, abs=2e-3)


def test_a_straight_profile_has_no_amplitude_anywhere():
    profile = 0.3 - 0.004 * X
    assert np.abs(LineScan(EVERYWHERE, 5.0).amplitudes(profile[None])).max() < 1e-3


def test_on_white_noise_the_amplitude_has_mean_zero_and_the_variance_that_is_promised():
    scan = LineScan(EVERYWHERE, 3.0)
    noise = np.random.default_rng(0).standard_normal((4000, COUNT))
    t = scan.amplitudes(noise)[:, 20:-20:12] * np.sqrt(scan.information[20:-20:12])
    assert abs(t.mean()) < 4 / np.sqrt(t.size)
    assert t.std() == pytest.approx(1.0, abs=0.03)


def test_unknown_samples_do_not_count():
    weights = EVERYWHERE.copy()
    weights[95:99] = 0
    scan = LineScan(weights, 4.0)
    profile = line(90, 4.0, 0.2)
    spoilt = np.where(weights > 0, profile, 55.0)
    assert scan.amplitudes(spoilt[None])[0, 90] == pytest.approx(0.2, abs=1e-3)


def test_where_one_flank_is_out_of_sight_nothing_is_measured():
    weights = EVERYWHERE.copy()
    weights[:100] = 0
    scan = LineScan(weights, 4.0)
    assert scan.information[99] == 0
    assert scan.amplitudes(line(99, 4.0)[None])[0, 99] == 0
    assert scan.information[150] > 0


def test_a_line_explains_all_of_itself_and_nothing_of_a_step():
    scan = LineScan(EVERYWHERE, 4.0)
    assert scan.explained(line(90, 4.0, 0.1), 90) == pytest.approx(1.0, abs=1e-6)
    assert scan.explained((X > 90) * 0.1, 90) < 0.1
    assert scan.explained(np.zeros(COUNT), 90) == pytest.approx(0.0, abs=1.0)


@pytest.mark.parametrize("place", [-50, 0, COUNT - 1, COUNT + 50])
def test_explained_is_a_share_at_the_ends_and_beyond(place):
    assert 0 <= LineScan(EVERYWHERE, 4.0).explained(line(90, 4.0), place) <= 1


def test_each_profile_is_scanned_on_its_own():
    scan = LineScan(EVERYWHERE, 4.0)
    rows = np.stack([line(60, 4.0, 0.1), line(120, 4.0, 0.2)])
    together = scan.amplitudes(rows)
    for k in range(2):
        assert together[k] == pytest.approx(scan.amplitudes(rows[k : k + 1])[0])
