"""Intervals and kappa against the tables of the textbooks."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.evaluate.intervals import Kappa, kappa, share


@pytest.mark.parametrize(
    ("part", "whole", "low", "high"),
    [(81, 263, 0.2553, 0.3662), (15, 148, 0.0624, 0.1605), (0, 20, 0.0, 0.1611), (1, 29, 0.0061, 0.1718)],
)
def test_intervals_are_those_of_newcombe_1998_table_1_method_3(part, whole, low, high):
    found = share(part, whole)
    assert found.value == pytest.approx(part / whole)
    assert (found.low, found.high) == pytest.approx((low, high), abs=5e-5)


@given(st.floats(0, 1), st.floats(0.1, 1e4))
def test_an_interval_holds_its_share_and_stays_between_none_and_all(p, whole):
    found = share(p * whole, whole)
    assert 0 <= found.low <= found.value <= found.high <= 1


def test_no_tests_have_no_share():
    assert share(0, 0).value is None


def test_kappa_is_that_of_fleiss_statistical_methods_for_rates_and_proportions_table_13_1():
    # 100 subjects: psychotic, neurotic, organic; kappa 0.676 with standard error 0.088.
    rows = {"p": (75, 1, 4), "n": (5, 4, 1), "o": (0, 0, 10)}
    found = kappa({(a, b): n for a, row in rows.items() for b, n in zip("pno", row, strict=True)})
    assert found.value == pytest.approx(0.676, abs=5e-4)
    assert found.sigma == pytest.approx(0.088, abs=5e-4)
    assert (found.low, found.high) == pytest.approx((0.505, 0.848), abs=5e-4)


def test_raters_who_always_agree_have_a_kappa_of_one_and_independent_ones_of_none():
    assert kappa({("a", "a"): 5, ("b", "b"): 7}) == Kappa(1.0, 0.0, 1.0, 1.0)
    assert kappa({(a, b): 10.0 for a in "xy" for b in "xy"}).value == pytest.approx(0)


@pytest.mark.parametrize("table", [{}, {("a", "a"): 9}], ids=["no tests", "one category"])
def test_kappa_is_undefined_without_differences(table):
    assert kappa(table).value is None


def test_half_as_many_tests_have_an_error_larger_by_the_root_of_two():
    table = {("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}
    half = kappa({pair: n / 2 for pair, n in table.items()})
    assert half.value == pytest.approx(kappa(table).value)
    assert half.sigma == pytest.approx(kappa(table).sigma * 2**0.5)
