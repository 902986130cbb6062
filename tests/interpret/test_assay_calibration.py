"""From signal to concentration: exact inside the calibrated range, nothing outside."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.interpret import Calibration, concentration
from reader.interpret.calibration import expected_signal

FOUR_PL = Calibration(
    "t", "any", "ratio", "4pl", {"a": 0.0, "b": 1.2, "c": 20.0, "d": 2.0}, (), (1.0, 200.0), "ng/mL"
)
FALLING = Calibration(
    "t", "any", "ratio", "4pl", {"a": 1.5, "b": 0.9, "c": 30.0, "d": 0.02}, (), (2.0, 300.0), "ng/mL"
)
LOG_LINEAR = Calibration("t", "any", "height", "loglinear", {"a": 0.05, "b": 0.1}, (), (1.0, 1000.0), "IU/L")
POINTS = ((1.0, 0.02), (10.0, 0.1), (50.0, 0.35), (500.0, 0.5))
PCHIP = Calibration("t", "any", "height", "pchip", {}, POINTS, (1.0, 500.0), "ng/mL")
PCHIP_FALLING = Calibration(
    "t", "any", "height", "pchip", {}, tuple((x, 1 - y) for x, y in POINTS), (5.0, 100.0), "ng/mL"
)
CURVES = [FOUR_PL, FALLING, LOG_LINEAR, PCHIP, PCHIP_FALLING]


def test_four_parameters_give_half_the_span_at_their_midpoint():
    assert expected_signal(FOUR_PL, 20.0) == pytest.approx(1.0)
    assert concentration(FOUR_PL, 1.0) == pytest.approx(20.0)


def test_a_log_linear_curve_rises_by_its_slope_each_decade():
    assert expected_signal(LOG_LINEAR, 100.0) == pytest.approx(0.25)
    assert concentration(LOG_LINEAR, 0.25) == pytest.approx(100.0)


@pytest.mark.parametrize(("value", "signal"), POINTS)
def test_a_monotone_curve_goes_through_its_points(value, signal):
    assert expected_signal(PCHIP, value) == pytest.approx(signal)
    assert concentration(PCHIP, signal) == pytest.approx(value)


@pytest.mark.parametrize("curve", CURVES)
@given(where=st.floats(0.0, 1.0))
def test_a_concentration_inside_the_range_comes_back(curve, where):
    low, high = curve.limits
    value = min(high, max(low, math.exp(math.log(low) + where * math.log(high / low))))
    assert concentration(curve, expected_signal(curve, value)) == pytest.approx(value, rel=1e-6)


@pytest.mark.parametrize("curve", CURVES)
@given(signal=st.floats(-1.0, 4.0))
def test_nothing_is_stated_outside_the_range(curve, signal):
    ends = sorted(expected_signal(curve, limit) for limit in curve.limits)
    value = concentration(curve, signal)
    if ends[0] <= signal <= ends[1]:
        assert curve.limits[0] <= value <= curve.limits[1] * (1 + 1e-12)
    else:
        assert value is None


@pytest.mark.parametrize("curve", CURVES)
def test_the_ends_of_the_range_belong_to_it(curve):
    for limit in curve.limits:
        assert concentration(curve, expected_signal(curve, limit)) == limit
