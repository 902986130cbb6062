"""The shadow of a rim is left out; membrane is not."""

from __future__ import annotations

import numpy as np
import pytest

from reader.measure.rims import between_rims

STEPS = 80
CLEAR = np.ones(STEPS, bool)


def wavy(seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    return 0.02 * np.sin(np.arange(STEPS) / 12) + rng.normal(0, 0.002, STEPS)


@pytest.mark.parametrize("length", [1.5, 3.0])
def test_a_shadow_at_either_end_is_left_out(length):
    shade = 0.3 * np.exp(-np.arange(STEPS) / length)
    part = between_rims(wavy() + shade + shade[::-1], CLEAR, 3, (15, 15))
    assert shade[part.start] < 0.1
    assert shade[::-1][part.stop - 1] < 0.1
    assert part.stop - part.start > 0.6 * STEPS


def test_a_shadow_that_falls_evenly_and_then_ends_is_left_out_to_its_end():
    profile = wavy()
    profile[:8] += 0.04 * np.arange(8, 0, -1)
    assert 6 <= between_rims(profile, CLEAR, 3, (15, 15)).start <= 9


def test_a_membrane_without_rims_is_whole():
    parts = [between_rims(wavy(seed), CLEAR, 3, (15, 15)) for seed in range(40)]
    assert np.mean([p.stop - p.start for p in parts]) > 0.98 * STEPS


def test_what_lies_beyond_the_reach_of_a_shadow_is_kept():
    profile = wavy()
    profile[:30] += 0.3
    assert between_rims(profile, CLEAR, 3, (15, 15)) == slice(0, STEPS)


def test_a_line_is_not_a_rim():
    profile = wavy()
    profile[5:15] += 0.3
    clear = CLEAR.copy()
    clear[2:18] = False
    assert between_rims(profile, clear, 3, (15, 15)) == slice(0, STEPS)


@pytest.mark.parametrize("count", [1, 4, 8])
def test_too_short_a_profile_is_kept_whole(count):
    assert between_rims(np.zeros(count), np.ones(count, bool), 2, (3, 3)) == slice(0, count)
