"""Heights and areas of lines on simulated membranes are right, and their errors honest."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.measure.forward import FAINT
from reader.measure.lines import Patch
from reader.measure.membrane import LineFit, MembraneFit, measure_lines
from reader.simulate import LABELS, Band, Membrane
from tests.measure.patches import (
    FWHM_MM,
    GOLD,
    PLAIN,
    PX_PER_MM,
    REAL,
    SIGMA,
    SIZE_MM,
    light_of,
    patch_of_light,
    place,
)

CONTROL, TEST = 0.32, 0.68  # positions
LEVELS = (0.02, 0.05, 0.1, 0.2, 0.4, 0.6)
PLACES = [(place(CONTROL), SIGMA), (place(TEST), SIGMA)]


def two_lines(od: float, *, fwhm_mm: float = FWHM_MM) -> list[Band]:
    return [Band("C", "control", CONTROL, 0.4, fwhm_mm), Band("T", "test", TEST, od, fwhm_mm)]


def fit_of(lines: list[Band], seed: int = 0, **options: object) -> MembraneFit:
    return measure_lines(patch_of_light(light_of(lines, seed, **options)), PLACES, GOLD)


@cache
def blanks() -> tuple[LineFit, ...]:
    """Measure the place of an absent test line on 320 membranes with grain, streaks and noise."""
    return tuple(fit_of(two_lines(0.0), seed).lines[1] for seed in range(1000, 1320))


@cache
def levels(od: float) -> tuple[LineFit, ...]:
    return tuple(fit_of(two_lines(od), seed).lines[1] for seed in range(40))


# --- truth ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("od", LEVELS)
def test_on_an_even_membrane_height_area_place_and_width_are_the_truth_to_a_thousandth(od):
    line = fit_of(two_lines(od), look=PLAIN, noise=0.0).lines[1]
    assert line.height == pytest.approx(od, rel=1e-3)
    assert line.area / PX_PER_MM == pytest.approx(two_lines(od)[1].area, rel=1e-3)
    assert line.place == pytest.approx(TEST * SIZE_MM[0] * PX_PER_MM, abs=0.02)
    assert line.sigma == pytest.approx(FWHM_MM / 2.3548 * PX_PER_MM, rel=1e-3)


@pytest.mark.parametrize("od", LEVELS)
def test_the_gain_of_height_and_area_is_one_within_two_percent(od):
    # 40 membranes: their mean is known to 0.00015, which is 0.7 % of the faintest level.
    mean = np.mean([line.height for line in levels(od)])
    area = np.mean([line.area / PX_PER_MM for line in levels(od)])
    assert mean / od == pytest.approx(1.0, abs=0.02)
    assert area / two_lines(od)[1].area == pytest.approx(1.0, abs=0.02)


def test_gain_does_not_depend_on_the_level():
    slope, offset = np.polyfit(LEVELS, [np.mean([x.height for x in levels(od)]) for od in LEVELS], 1)
    assert slope == pytest.approx(1.0, abs=0.005)
    assert offset == pytest.approx(0.0, abs=0.0005)


def test_the_mean_height_of_an_absent_line_is_zero_within_its_error():
    heights = np.array([line.height for line in blanks()])
    assert abs(heights.mean()) < 2.0 * heights.std(ddof=1) / np.sqrt(len(heights))
    assert abs(heights.mean()) < 2e-4


def test_the_error_of_an_absent_line_is_honest():
    t = np.array([line.height / line.height_sigma for line in blanks()])
    assert 0.8 < t.std(ddof=1) < 1.2
    assert np.mean(np.abs(t) > 3) < 0.02


@pytest.mark.parametrize("od", [0.02, 0.1, 0.6])
def test_the_error_of_a_present_line_is_honest(od):
    t = np.array([(line.height - od) / line.height_sigma for line in levels(od)])
    area = two_lines(od)[1].area
    u = np.array([(line.area / PX_PER_MM - area) / (line.area_sigma / PX_PER_MM) for line in levels(od)])
    assert 0.6 < t.std(ddof=1) < 1.4
    # Nothing tells how sharp these pictures are; the area of a strong line may be more than is seen.
    assert (0.5 if od <= FAINT else 0.0) < u.std(ddof=1) < 1.4


def test_an_absent_line_stays_where_and_as_wide_as_it_was_expected():
    moves = [abs(line.place - TEST * SIZE_MM[0] * PX_PER_MM) for line in blanks()]
    widths = [line.sigma / (SIGMA * SIZE_MM[1] * PX_PER_MM) for line in blanks()]
    assert np.mean(np.array(moves) > 0.01) < 0.02
    assert np.quantile(widths, [0.01, 0.99]) == pytest.approx([1.0, 1.0], abs=0.01)


# --- what is given need not be exact --------------------------------------------------------------


@pytest.mark.parametrize("fwhm_mm", [0.6, 1.2])
@pytest.mark.parametrize("od", [0.05, 0.6])
def test_a_line_of_another_width_than_expected_is_measured_with_its_own(fwhm_mm, od):
    fits = [fit_of(two_lines(od, fwhm_mm=fwhm_mm), seed).lines[1] for seed in range(20)]
    assert np.mean([x.height for x in fits]) / od == pytest.approx(1.0, abs=0.02)
    area = two_lines(od, fwhm_mm=fwhm_mm)[1].area
    assert np.mean([x.area / PX_PER_MM for x in fits]) / area == pytest.approx(1.0, abs=0.03)


@pytest.mark.parametrize("shift", [-0.8, -0.3, 0.3, 0.8])
def test_a_line_beside_its_expected_place_is_found(shift):
    places = [(x + shift * s, s) for x, s in PLACES]
    line = measure_lines(patch_of_light(light_of(two_lines(0.1), 3)), places, GOLD).lines[1]
    assert line.place == pytest.approx(TEST * SIZE_MM[0] * PX_PER_MM, abs=0.5)
    assert abs(line.height - 0.1) < 3 * line.height_sigma


def test_an_absent_line_does_not_wander_to_its_neighbour():
    lines = [Band("C", "control", 0.4, 0.5), Band("T", "test", 0.58, 0.0)]  # 2.9 mm apart
    patch = patch_of_light(light_of(lines, 5))
    fit = measure_lines(patch, [(place(0.4), SIGMA), (place(0.58), SIGMA)], GOLD)
    assert abs(fit.lines[1].height) < 4 * fit.lines[1].height_sigma
    assert fit.lines[1].place == pytest.approx(0.58 * SIZE_MM[0] * PX_PER_MM, abs=1.0)


@pytest.mark.parametrize("od", [0.0, 0.02, 0.1])
def test_lines_close_to_each_other_do_not_disturb_each_other(od):
    positions, ods = (0.15, 0.32, 0.50, 0.68, 0.85), (0.4, 0.2, od, 0.05, 0.1)
    lines = [Band(f"L{k}", "test", p, a) for k, (p, a) in enumerate(zip(positions, ods, strict=True))]
    fits = [
        measure_lines(patch_of_light(light_of(lines, seed)), [(place(p), SIGMA) for p in positions], GOLD)
        for seed in range(30)
    ]
    t = np.array([[(x.height - a) / x.height_sigma for x, a in zip(f.lines, ods, strict=True)] for f in fits])
    assert 0.7 < t.std() < 1.4
    assert np.abs(t.mean(axis=0)).max() < 0.6


def test_all_lines_absent_is_measured_as_such():
    t = []
    for seed in range(30):
        fit = fit_of([Band("C", "control", CONTROL, 0.0)], seed)
        t += [line.height / line.height_sigma for line in fit.lines]
    assert np.abs(t).max() < 4


# --- invariance -----------------------------------------------------------------------------------


def assert_same(first: MembraneFit, second: MembraneFit) -> None:
    for a, b in zip(first.lines, second.lines, strict=True):
        assert abs(a.height - b.height) <= max(0.005 * a.height, 0.05 * a.height_sigma)
        assert b.height_sigma == pytest.approx(a.height_sigma, rel=0.1)


@pytest.mark.parametrize("exposure", [0.5, 0.8, 1.5])
def test_heights_do_not_change_with_exposure(exposure):
    light = light_of(two_lines(0.05), 7)
    measured = [measure_lines(patch_of_light(x), PLACES, GOLD) for x in (light, light * exposure)]
    assert_same(*measured)


def test_heights_do_not_change_with_white_balance():
    light = light_of(two_lines(0.05), 7)
    tinted = light * np.array([1.2, 0.9, 0.7], np.float32)
    for weights in (GOLD, (1 / 3, 1 / 3, 1 / 3)):
        assert_same(
            measure_lines(patch_of_light(light), PLACES, weights),
            measure_lines(patch_of_light(tinted), PLACES, weights),
        )


def test_heights_do_not_change_when_the_membrane_is_mirrored():
    light = light_of(two_lines(0.05), 7)
    turned = [(SIZE_MM[0] / SIZE_MM[1] - x, s) for x, s in PLACES]
    upright = measure_lines(patch_of_light(light), PLACES, GOLD)
    for mirrored, places in ((light[::-1], PLACES), (light[:, ::-1], turned)):
        assert_same(upright, measure_lines(patch_of_light(np.ascontiguousarray(mirrored)), places, GOLD))


def test_a_gradient_of_light_does_not_change_heights():
    even, lit = (fit_of(two_lines(0.05), 7, gradient=g) for g in ((0.0, 0.0), (0.4, 0.2)))
    for a, b in zip(even.lines, lit.lines, strict=True):
        assert b.height == pytest.approx(a.height, abs=a.height_sigma)


def test_haze_does_not_raise_an_absent_line():
    hazy = Membrane(haze=0.05)
    heights = [fit_of(two_lines(0.0), seed, look=hazy).lines[1].height for seed in range(40)]
    assert abs(np.mean(heights)) < 2.5 * np.std(heights) / np.sqrt(len(heights))


@pytest.mark.parametrize("px_per_mm", [8.0, 40.0])
def test_heights_do_not_depend_on_the_scale(px_per_mm):
    fits = [fit_of(two_lines(0.1), seed, px_per_mm=px_per_mm).lines[1] for seed in range(12)]
    assert np.mean([x.height for x in fits]) == pytest.approx(0.1, abs=0.002)
    area = two_lines(0.1)[1].area
    assert np.mean([x.area / px_per_mm for x in fits]) == pytest.approx(area, rel=0.03)


@pytest.mark.parametrize("label", ["blue-latex", "carbon", "gold"])
def test_a_line_is_measured_in_the_mix_of_channels_that_is_asked_for(label):
    lines = [Band("C", "control", CONTROL, 0.2, label=label)]
    light = light_of(lines, look=PLAIN, noise=0.0)
    for channel in range(3):
        weights = tuple(float(k == channel) for k in range(3))
        line = measure_lines(patch_of_light(light), PLACES[:1], weights).lines[0]
        assert line.height == pytest.approx(0.2 * LABELS[label][channel], abs=1e-3)


# --- what the picture does not show ---------------------------------------------------------------


def test_a_line_near_the_end_of_the_membrane_has_a_larger_error():
    lines = [Band("C", "control", 0.5, 0.1), Band("T", "test", 0.94, 0.1)]
    patch = patch_of_light(light_of(lines, 2))
    inner, outer = measure_lines(patch, [(place(0.5), SIGMA), (place(0.94), SIGMA)], GOLD).lines
    assert outer.height_sigma > 1.3 * inner.height_sigma
    assert abs(outer.height - 0.1) < 4 * outer.height_sigma


@pytest.mark.parametrize("position", [-0.2, 0.0, 1.0, 1.2])
def test_a_line_beyond_the_membrane_has_an_error_as_large_as_any_line(position):
    fit = measure_lines(patch_of_light(light_of(two_lines(0.1))), [(place(position), SIGMA)], GOLD)
    assert abs(fit.lines[0].height) < 3 * fit.lines[0].height_sigma
    assert fit.lines[0].height_sigma > 0.01


def test_two_lines_asked_for_at_one_place_are_not_told_apart():
    patch = patch_of_light(light_of(two_lines(0.1)))
    fit = measure_lines(patch, [PLACES[0], PLACES[0]], GOLD)
    assert sum(line.height for line in fit.lines) == pytest.approx(0.4, abs=0.02)
    assert min(line.height_sigma for line in fit.lines) > 0.1


def test_what_lies_beyond_the_picture_is_unknown_and_does_not_disturb_the_rest():
    patch = patch_of_light(light_of(two_lines(0.1), 4))
    cut = patch.log_light.copy()
    cut[:, 360:] = np.nan
    whole, part = (
        measure_lines(replace(patch, log_light=light), PLACES, GOLD) for light in (patch.log_light, cut)
    )
    assert np.isnan(part.profile[360:]).all()
    assert np.isnan(part.baseline[360:]).all()
    assert np.isfinite(part.profile[50:350]).all()
    assert part.lines[0].height == pytest.approx(whole.lines[0].height, abs=whole.lines[0].height_sigma)


def test_a_window_altogether_beyond_the_picture_has_finite_lines_that_say_nothing():
    patch = Patch(np.full((64, 300, 3), np.nan, np.float32), 64, 300, 0, 0)
    for line in measure_lines(patch, PLACES, GOLD).lines:
        assert np.isfinite([line.height, line.height_sigma, line.area, line.area_sigma]).all()
        assert abs(line.height) < 3 * line.height_sigma


def test_no_places_give_no_lines_but_a_profile_and_a_noise():
    fit = measure_lines(patch_of_light(light_of(two_lines(0.1))), [], GOLD)
    assert fit.lines == ()
    assert fit.noise > 0
    assert len(fit.profile) == len(fit.baseline) == 400


def test_the_profile_is_the_baseline_and_the_lines():
    patch = patch_of_light(light_of(two_lines(0.3), look=PLAIN, noise=0.0))
    fit = measure_lines(patch, PLACES, GOLD)
    x = np.arange(400) + 0.5
    lines = sum(a.height * np.exp(-((x - a.place) ** 2) / (2 * a.sigma**2)) for a in fit.lines)
    known = np.isfinite(fit.profile)
    assert fit.profile[known] == pytest.approx((fit.baseline + lines)[known], abs=2e-3)


def test_the_margins_of_a_patch_are_not_part_of_the_window():
    inner = patch_of_light(light_of(two_lines(0.1), 6))
    fits = []
    for margin in (-2.0, -0.5):
        framed = np.full((inner.rows + 20, inner.columns + 60, 3), margin, np.float32)
        framed[10:-10, 30:-30] = inner.log_light
        fits.append(measure_lines(Patch(framed, inner.rows, inner.columns, 10, 30), PLACES, GOLD).lines)
    # Of the margins no more is seen than how sharp their edges are.
    for a, b in zip(*fits, strict=True):
        assert a.height == pytest.approx(b.height, rel=1e-4)
        assert a.area == pytest.approx(b.area, rel=1e-3)


def test_a_rim_within_the_window_that_is_named_as_a_mark_does_not_disturb():
    light = light_of(two_lines(0.1), 3)
    start = round(0.86 * light.shape[1])
    light[:, start : start + 12] *= 0.4
    light[:, start + 12 :] *= 0.7
    mark = ((start + 6) / light.shape[0], 0.1)
    marked = measure_lines(patch_of_light(light), PLACES, GOLD, [mark])
    control, test = marked.lines
    assert control.height == pytest.approx(0.4, abs=0.01)
    assert test.height == pytest.approx(0.1, abs=4 * test.height_sigma)
    assert test.height_sigma < 0.005
    assert np.isnan(marked.profile[start:]).all()


def test_a_rim_at_an_end_that_nobody_named_does_not_disturb():
    light = light_of(two_lines(0.1), 3)
    shade = 1 - 0.6 * np.exp(-np.arange(light.shape[1]) / 12)
    light *= (shade * shade[::-1])[:, None].astype(np.float32)
    fit = measure_lines(patch_of_light(light), PLACES, GOLD)
    assert fit.lines[0].height == pytest.approx(0.4, abs=0.01)
    assert fit.lines[1].height == pytest.approx(0.1, abs=4 * fit.lines[1].height_sigma)
    assert fit.lines[1].height_sigma < 0.01


def test_noise_is_the_spread_of_a_height_on_line_free_membrane():
    noises = [fit_of(two_lines(0.1), seed, look=REAL).noise for seed in range(20)]
    spread = np.std([line.height for line in blanks()])
    assert np.mean(noises) == pytest.approx(spread, rel=0.25)


@settings(max_examples=60)
@given(
    rows=st.integers(16, 40),
    columns=st.integers(8, 120),
    seed=st.integers(0, 2**32 - 1),
    contrast=st.sampled_from([0.0, 1e-6, 0.1, 3.0]),
    places=st.lists(st.tuples(st.floats(-1, 8), st.floats(0.03, 0.4)), max_size=6),
)
def test_whatever_the_patch_shows_all_numbers_are_finite_and_errors_positive(
    rows, columns, seed, contrast, places
):
    rng = np.random.default_rng(seed)
    light = (contrast * rng.standard_normal((rows + 4, columns + 6, 3))).astype(np.float32)
    light[rng.random((rows + 4, columns + 6)) < 0.01 * contrast] = np.nan
    fit = measure_lines(Patch(light, rows, columns, 2, 3), places, GOLD)
    assert len(fit.lines) == len(places)
    assert np.isfinite(fit.noise)
    assert fit.noise > 0
    for line in fit.lines:
        assert np.isfinite([line.place, line.sigma, line.height, line.area]).all()
        assert line.height_sigma > 0
        assert line.area_sigma > 0


def test_a_dark_scratch_on_the_flank_of_a_clear_line_is_left_out():
    light = light_of(two_lines(0.3))
    x = np.arange(light.shape[1]) / PX_PER_MM
    scratch = CONTROL * SIZE_MM[0] - 2.2 * FWHM_MM / 2.3548
    scratched = light * np.where(np.abs(x - scratch) < 0.1, 0.16, 1.0)[None, :, None]
    control, test = measure_lines(patch_of_light(scratched), PLACES, GOLD).lines
    assert control.height == pytest.approx(0.4, abs=0.005)
    assert test.height == pytest.approx(0.3, abs=0.005)
    # Taken for noise, the scratch would make both errors eighty times as large.
    assert max(control.height_sigma, test.height_sigma) < 0.002


def test_the_shade_of_the_rims_leaves_the_error_of_a_line_between_them_as_it_is():
    x = (np.arange(SIZE_MM[0] * PX_PER_MM) + 0.5) / PX_PER_MM / SIZE_MM[1]
    shade = 0.03 * (np.exp(-x / 0.4) + np.exp(-x[::-1] / 0.5))
    errors = []
    for shaded in (0.0, shade):
        light = light_of(two_lines(0.0), 11) * 10.0 ** (-np.reshape(shaded + 0 * x, (1, -1, 1)))
        # What surrounds the window is seen, so that its ends are rims.
        patch = patch_of_light(np.pad(light, ((8, 8), (8, 8), (0, 0)), mode="edge"))
        closed = Patch(patch.log_light, patch.rows - 16, patch.columns - 16, 8, 8)
        errors.append(measure_lines(closed, PLACES, GOLD).lines[1].height_sigma)
    assert errors[1] < 1.15 * errors[0]
