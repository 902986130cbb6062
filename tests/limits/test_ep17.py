"""Limits of blank, detection and quantitation, on heights whose limits are known."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reader.limits.ep17 import coverage_factor, limits_of

SD = 0.001
LADDER = (0.0, 0.004, 0.008, 0.016)


def heights(gain=lambda a: a, *, relative: float = 0.0, bias: float = 0.0, count: int = 20_000):
    rng = np.random.default_rng(7)
    noise = rng.standard_normal(count)
    return {a: bias + gain(a) + math.hypot(SD, relative * a) * noise for a in LADDER}


def test_the_coverage_factor_is_that_of_the_guideline():
    # EP17-A2: 60 results of 4 samples.
    assert coverage_factor(60, 4) == pytest.approx(1.645 / (1 - 1 / (4 * 56)))


def test_normal_heights_have_the_limits_of_the_guideline():
    found = limits_of(heights())
    assert found.blank == pytest.approx(1.645 * SD, rel=0.02)
    assert found.detection == pytest.approx(3.29 * SD, rel=0.02)
    assert found.quantitation == pytest.approx(5.0 * SD, rel=0.02)
    assert found.search == pytest.approx(5.29 * SD, rel=0.02)
    assert found.gain == pytest.approx(1.0, abs=0.01)


def test_a_bias_moves_the_limit_of_blank_but_not_what_can_be_detected():
    found = limits_of(heights(bias=0.002))
    assert found.bias == pytest.approx(0.002, abs=1e-4)
    assert found.blank == pytest.approx(0.002 + 1.645 * SD, rel=0.02)
    assert found.detection == pytest.approx(3.29 * SD, rel=0.03)


def test_what_halves_the_lines_doubles_the_limits():
    found = limits_of(heights(lambda a: a / 2))
    assert found.detection == pytest.approx(2 * 3.29 * SD, rel=0.03)
    assert found.gain == pytest.approx(0.5, abs=0.01)


def test_lines_that_never_show_are_never_detected():
    found = limits_of(heights(lambda _: 0.0))
    assert math.isinf(found.detection)
    assert math.isinf(found.quantitation)
    assert math.isinf(found.search)


def test_an_error_that_grows_with_the_line_raises_the_limit_of_quantitation_most():
    even, growing = limits_of(heights()), limits_of(heights(relative=0.15))
    assert growing.quantitation > 1.3 * even.quantitation
    assert growing.detection < 1.3 * even.detection


def test_an_error_of_a_fifth_or_more_can_never_be_quantified():
    assert math.isinf(limits_of(heights(relative=0.3)).quantitation)
