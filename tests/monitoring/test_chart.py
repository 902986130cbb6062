"""The control chart on simulated lots whose truth is known."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from service.monitoring.chart import REFERENCE, SMALLEST_REFERENCE, Chart, chart_of, limits_of

LOTS = 300
TESTS = 200


def lot(rng: np.random.Generator, tests: int = TESTS, spread: float = 0.1) -> np.ndarray:
    return rng.normal(1.0, spread, REFERENCE + tests)


def first_drift(chart: Chart) -> int | None:
    """Tests after the reference until the mean first leaves its limits."""
    return next((k for k, point in enumerate(chart.points[REFERENCE:], 1) if point.drift), None)


def test_few_steady_lots_ever_raise_an_alarm() -> None:
    rng = np.random.default_rng(11)
    charts = [chart_of(lot(rng).tolist()) for _ in range(LOTS)]
    assert np.mean([first_drift(chart) is not None for chart in charts]) < 0.2
    judged = [point.beyond for chart in charts for point in chart.points[REFERENCE:]]
    assert 0.001 < np.mean(judged) < 0.005


def test_one_odd_test_in_a_hundred_makes_hardly_more_alarms() -> None:
    rng = np.random.default_rng(12)
    charts = []
    for _ in range(LOTS):
        values = lot(rng)
        values[rng.random(len(values)) < 0.01] = 0.05
        charts.append(chart_of(values.tolist()))
    assert np.mean([first_drift(chart) is not None for chart in charts]) < 0.25


@pytest.mark.parametrize(("shift", "most_tests"), [(-1.0, 25), (-1.5, 9), (-2.0, 6), (2.0, 6)])
def test_a_shift_is_found_within_a_few_tests(shift: float, most_tests: int) -> None:
    rng = np.random.default_rng(13)
    delays = []
    for _ in range(LOTS):
        values = lot(rng)
        values[REFERENCE:] += shift * 0.1
        delays.append(first_drift(chart_of(values.tolist())) or TESTS)
    assert np.median(delays) <= most_tests


def test_a_slow_drift_is_found_before_the_line_has_lost_a_quarter() -> None:
    rng = np.random.default_rng(14)
    fade = np.concatenate([np.zeros(REFERENCE), np.linspace(0, 0.5, TESTS)])
    found = [first_drift(chart_of((lot(rng) - fade).tolist())) or TESTS for _ in range(100)]
    losses = [fade[REFERENCE + tests - 1] for tests in found]
    assert np.quantile(losses, 0.9) < 0.25


def test_a_lot_that_fades_says_lower_and_since_when() -> None:
    rng = np.random.default_rng(15)
    values = [*lot(rng, 40).tolist(), *rng.normal(0.7, 0.1, 30).tolist()]
    chart = chart_of(values)
    assert chart.state == "lower"
    assert chart.drifted_at is not None
    assert REFERENCE + 40 <= chart.drifted_at <= REFERENCE + 50


def test_a_drift_lasts_until_the_mean_is_back_at_the_centre() -> None:
    rng = np.random.default_rng(19)
    lowered = [*lot(rng, 40).tolist(), *rng.normal(0.75, 0.1, 60).tolist()]
    recovered = [*lowered, *rng.normal(1.0, 0.1, 60).tolist()]
    faded, back = chart_of(lowered), chart_of(recovered)
    assert faded.state == "lower"
    assert faded.drifted_at is not None
    assert faded.drifted_at < REFERENCE + 60
    assert (back.state, back.drifted_at) == ("single", None)


def test_a_single_test_without_its_control_line_is_marked_and_makes_no_drift() -> None:
    values = lot(np.random.default_rng(16), 40).tolist()
    values[60] = 0.0
    chart = chart_of(values)
    assert chart.state == "single"
    assert [k for k, point in enumerate(chart.points) if point.beyond] == [60]


@pytest.mark.parametrize("tests", [0, 1, SMALLEST_REFERENCE - 1])
def test_too_few_tests_have_no_limits(tests: int) -> None:
    chart = chart_of([1.0] * tests)
    assert chart.state == "few"
    assert chart.limits is None
    assert len(chart.points) == tests


def test_between_the_smallest_and_the_whole_reference_there_are_limits_and_no_verdict_on_drift() -> None:
    chart = chart_of(lot(np.random.default_rng(17)).tolist()[:25])
    assert chart.limits is not None
    assert all(point.reference for point in chart.points)


def test_a_gross_outlier_in_the_reference_does_not_widen_the_limits() -> None:
    values = lot(np.random.default_rng(18), 0).tolist()
    clean = limits_of(values)
    soiled = limits_of([*values[:10], 5.0, *values[10:]])
    assert soiled.sigma < 1.3 * clean.sigma
    assert abs(soiled.centre - clean.centre) < 0.2 * clean.sigma


def test_values_without_any_spread_keep_the_error_of_measurement_as_limits() -> None:
    chart = chart_of([0.3] * 60, floor=0.01)
    assert chart.limits is not None
    assert chart.limits.low < 0.27
    assert chart.state == "steady"


def test_the_spread_is_the_mean_moving_range_over_d2() -> None:
    values = [9.8, 10.1, 10.3, 9.9, 10.0, 10.2, 9.7, 10.4, 10.1, 9.9]
    ranges = [abs(b - a) for a, b in pairwise(values)]
    limits = limits_of(values)
    assert limits.sigma == pytest.approx(np.mean(ranges) / 1.128)
    assert limits.centre == pytest.approx(np.mean(values))
    assert limits.factor > 3


@given(st.lists(st.floats(-5, 5), max_size=80), st.integers(SMALLEST_REFERENCE, 60))
def test_any_values_give_a_chart_of_finite_numbers(values: list[float], reference: int) -> None:
    chart = chart_of(values, reference=reference, floor=1e-4)
    assert len(chart.points) == len(values)
    for point in chart.points:
        assert all(np.isfinite(v) for v in (point.mean, point.low, point.high) if v is not None)


@given(st.lists(st.floats(0.1, 1), min_size=40, max_size=60), st.floats(0.1, 10))
def test_the_verdict_does_not_depend_on_the_unit(values: list[float], unit: float) -> None:
    rounded = [round(value, 3) for value in values]
    scaled = chart_of([value * unit for value in rounded], floor=0.001 * unit)
    assert scaled.state == chart_of(rounded, floor=0.001).state
