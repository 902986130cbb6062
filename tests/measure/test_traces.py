"""Lines too faint for the search are measured beside clear ones, and found by that measurement."""

from __future__ import annotations

import numpy as np
import pytest

from reader.measure.lines import Patch
from reader.measure.membrane import measure_lines
from reader.measure.traces import find_trace, measure_faint
from reader.simulate import Band
from tests.measure.patches import GOLD, SIGMA, light_of, patch_of_light, place

CONTROL, TEST = 0.32, 0.68  # positions
CLEAR = (place(CONTROL), SIGMA)
FAINT = (place(TEST), SIGMA)
EXPECTED = (FAINT[0] - 3 * SIGMA, FAINT[0] + 3 * SIGMA)  # a kit's place and what it tolerates


def patch_with(od: float, seed: int = 0, **changes: object) -> Patch:
    lines = [Band("C", "control", CONTROL, 0.4), Band("T", "test", TEST, od, **changes)]
    return patch_of_light(light_of(lines, seed))


def trace_in(patch: Patch, within: tuple[float, float] = EXPECTED):
    return find_trace(patch, CLEAR, [], GOLD, within)


@pytest.mark.parametrize("seed", range(6))
def test_a_line_at_the_limit_of_the_eye_is_found_in_its_place(seed):
    trace = trace_in(patch_with(0.01, seed))
    assert trace is not None
    assert trace.like_line
    assert trace.snr > 3.65
    assert trace.place == pytest.approx(FAINT[0], abs=SIGMA)


def test_a_search_over_blank_membranes_finds_next_to_nothing():
    traces = [trace_in(patch_with(0.0, seed)) for seed in range(100, 300)]
    found = sum(trace is not None and trace.snr > 3.65 for trace in traces)
    assert found <= 2  # expected: one in a thousand


def test_a_grey_band_is_no_line_beside_a_gold_control():
    trace = trace_in(patch_with(0.015, label="carbon"))
    assert trace is not None
    assert trace.snr > 3.65
    assert not trace.like_line


def test_a_line_of_little_hue_is_told_from_a_shadow_where_the_noise_allows():
    purple = (0.63, 1.0, 1.0)
    lines = [Band("C", "control", CONTROL, 0.4, colour=purple), Band("T", "test", TEST, 0.015, colour=purple)]
    clean, noisy = (trace_in(patch_of_light(light_of(lines, 4, noise=noise))) for noise in (0.01, 0.12))
    assert clean is not None
    assert clean.like_line
    assert noisy is None or not noisy.like_line


def test_what_crosses_only_half_of_the_membrane_is_no_line():
    whole, half = (
        light_of([Band("C", "control", CONTROL, 0.4), Band("T", "test", TEST, od)], 2) for od in (0, 0.03)
    )
    half[: len(half) // 2] = whole[: len(half) // 2]
    trace = trace_in(patch_of_light(half))
    assert trace is not None
    assert not trace.like_line


def test_nothing_is_looked_for_beside_a_clear_line():
    near = (CLEAR[0] - 2 * SIGMA, CLEAR[0] + 2 * SIGMA)
    assert trace_in(patch_with(0.02), near) is None


def test_a_faint_line_measured_beside_a_clear_one_is_as_high_as_with_it():
    patch = patch_with(0.01, 5)
    together = measure_lines(patch, [CLEAR, FAINT], GOLD).lines[1]
    (beside,) = measure_faint(patch, [FAINT], [CLEAR], GOLD)
    assert beside is not None
    assert beside.height == pytest.approx(together.height, abs=2 * together.height_sigma)


def test_blanks_beside_a_clear_line_of_another_shape_are_zero_on_average_with_honest_errors():
    scores = []
    for seed in range(160):
        lines = [Band("C", "control", CONTROL, 0.6, sharpness=3.0, skew=0.2), Band("T", "test", TEST, 0.0)]
        (fit,) = measure_faint(patch_of_light(light_of(lines, seed)), [FAINT], [CLEAR], GOLD)
        assert fit is not None
        scores.append(fit.height / fit.height_sigma)
    assert abs(np.mean(scores)) < 0.25
    assert 0.75 < np.std(scores) < 1.2


def test_what_lies_too_near_to_a_clear_line_is_not_measured_so():
    near = (CLEAR[0] + 5 * SIGMA, SIGMA)
    assert measure_faint(patch_with(0.0), [near, FAINT], [CLEAR], GOLD)[0] is None


def test_beside_a_grey_control_line_a_trace_cannot_be_told_from_a_shadow_unless_the_label_is_grey():
    lines = [
        Band("C", "control", CONTROL, 0.4, label="carbon"),
        Band("T", "test", TEST, 0.02, label="carbon"),
    ]
    patch = patch_of_light(light_of(lines, 3))
    for coloured in (True, False):
        trace = find_trace(patch, CLEAR, [], GOLD, EXPECTED, coloured=coloured)
        assert trace is not None
        assert trace.like_line is not coloured
