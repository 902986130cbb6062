"""What a search of a straightened window finds, and how it describes it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.measure.lines import ROWS, FoundLine, Patch, find_lines
from reader.measure.texture import texture
from reader.simulate import LABELS, Band, Membrane
from tests.measure.patches import PLAIN, SIZE_MM, light_of, patch_of_light

PX_PER_MM = ROWS / SIZE_MM[1]
SIDE, END = 8, 19


def seen(lines: list[Band], seed: int = 0, **options: object) -> tuple[FoundLine, ...]:
    return find_lines(patch(lines, seed, **options))


def patch(lines: list[Band], seed: int = 0, **options: object) -> Patch:
    return framed(light_of(lines, seed, px_per_mm=PX_PER_MM, **options))


def framed(light: np.ndarray) -> Patch:
    """Put darker plastic around a window."""
    inner = patch_of_light(light)
    around = np.pad(inner.log_light, ((SIDE, SIDE), (END, END), (0, 0)), constant_values=-0.6)
    return replace(inner, log_light=around, side=SIDE, end=END)


def band(position: float, od: float, **shape: object) -> Band:
    return Band("L", "test", position, od, **shape)


@pytest.mark.parametrize("label", LABELS)
def test_lines_of_every_label_are_found_strongest_first_where_they_lie(label):
    lines = [band(0.3, 0.4, label=label), band(0.5, 0.05, label=label), band(0.7, 0.15, label=label)]
    found = [line for line in seen(lines) if line.height > 0.02 * min(LABELS[label])]
    assert [round(x.place * SIZE_MM[1] / SIZE_MM[0], 2) for x in found[:3]] == pytest.approx(
        [0.3, 0.7, 0.5], abs=0.011
    )


def test_the_height_is_that_in_the_search_mix():
    strongest = seen([band(0.3, 0.4)], look=PLAIN, noise=0)[0]
    r, g, b = LABELS["gold"]
    assert strongest.height == pytest.approx(0.4 * (r / 4 + g / 2 + b / 4), rel=0.15)


def test_a_line_has_its_labels_colour():
    for label, colour in LABELS.items():
        found = seen([band(0.4, 0.3, label=label)])[0].colour
        assert found / found.max() == pytest.approx(np.array(colour) / max(colour), abs=0.05)


@pytest.mark.parametrize("fwhm_mm", [0.5, 0.7, 1.0, 1.4])
@pytest.mark.parametrize("od", [0.05, 0.4])
def test_the_width_of_a_line_is_found_between_the_steps_of_the_search(fwhm_mm, od):
    found = seen([band(0.4, od, fwhm_mm=fwhm_mm)], look=PLAIN, noise=0.001)[0]
    assert found.sigma * SIZE_MM[1] * 2.355 == pytest.approx(fwhm_mm, rel=0.1)


def test_an_even_membrane_without_lines_has_none():
    assert seen([], look=PLAIN, noise=0) == ()


def test_on_blank_membrane_nothing_stands_out_of_its_noise():
    for seed in range(20):
        assert all(line.snr < 6 for line in seen([], seed))


def test_at_most_six_lines_are_returned():
    many = [band(0.05 + 0.09 * k, 0.2, fwhm_mm=0.5) for k in range(11)]
    assert len(seen(many)) == 6


def test_what_is_taken_out_leaves_no_second_line_behind():
    (only,) = seen([band(0.5, 0.6)], look=PLAIN, noise=0.001)
    assert only.height > 0.3


def test_a_whole_line_is_full_even_and_alike_on_both_sides():
    line = seen([band(0.4, 0.2)])[0]
    assert line.full == 1.0
    assert line.least > 0.8
    assert line.uneven < 0.1
    assert line.step < 0.1
    assert line.explained > 0.9
    assert abs(line.slope) < 0.03
    assert line.bend < 0.03


def test_a_line_over_half_the_width_is_not_full():
    half = patch([band(0.4, 0.2)], look=PLAIN, noise=0.002)
    blank = patch([], look=PLAIN, noise=0.002)
    light = half.log_light.copy()
    light[: SIDE + ROWS // 2] = blank.log_light[: SIDE + ROWS // 2]
    line = find_lines(replace(half, log_light=light))[0]
    assert line.least < 0.2
    assert line.uneven > 0.5
    assert line.quality < seen([band(0.4, 0.2)])[0].quality - 0.5


def test_the_rim_of_something_darker_is_not_like_a_line():
    light = light_of([], look=PLAIN, px_per_mm=PX_PER_MM)
    light[:, 80:] *= 0.6
    rim = find_lines(framed(light))
    assert all(line.step > 0.5 or line.height < 0.02 for line in rim)


@pytest.mark.parametrize("tilt", [-0.15, 0.15])
def test_the_lean_of_a_line_is_measured(tilt):
    line = seen([band(0.4, 0.3, tilt=tilt)], look=PLAIN, noise=0.002)[0]
    assert line.slope == pytest.approx(tilt, abs=0.06)


def test_to_end_is_the_distance_to_the_nearer_end():
    for position, distance in ((0.25, 4.0), (0.7, 4.8)):
        line = seen([band(position, 0.3)])[0]
        assert line.to_end * SIZE_MM[1] == pytest.approx(distance, abs=0.2)


def test_lines_are_found_when_a_third_of_the_window_is_beyond_the_picture():
    whole = patch([band(0.3, 0.3)])
    light = whole.log_light.copy()
    light[:, END + 115 :] = np.nan
    found = find_lines(replace(whole, log_light=light))
    assert found[0].place * SIZE_MM[1] / SIZE_MM[0] == pytest.approx(0.3, abs=0.01)


def test_nothing_is_found_where_the_picture_shows_nothing():
    whole = patch([band(0.3, 0.3)])
    assert find_lines(replace(whole, log_light=np.full_like(whole.log_light, np.nan))) == ()


def test_at_a_line_the_sides_of_the_window_go_on_and_at_the_rim_of_its_end_they_do_not():
    whole = patch([band(0.3, 0.4)])
    light = whole.log_light.copy()
    end = END + round(0.7 * whole.columns)
    light[:, end:] = light[0, 0]
    light[SIDE:-SIDE, end : end + 4] = -1.0
    found = find_lines(replace(whole, log_light=light))
    line, rim = (
        min(found, key=lambda x: abs(x.place * ROWS - column))
        for column in (0.3 * whole.columns, end - END + 2)
    )
    assert line.frame > 0.8
    assert rim.frame < 0.4


def test_where_nothing_is_seen_beside_the_membrane_its_sides_tell_nothing():
    assert find_lines(patch_of_light(light_of([band(0.3, 0.4)], px_per_mm=PX_PER_MM)))[0].frame == 1.0


def test_mottle_tells_print_from_membrane_and_relief_tells_a_ramp():
    mottle, relief = texture(patch([band(0.3, 0.4)], look=Membrane(texture=0.015)))
    assert mottle < 0.04
    assert 0.02 < relief < 0.25
    light = light_of([], px_per_mm=PX_PER_MM)
    checks = (np.indices(light.shape[:2]) // 5).sum(axis=0) % 2
    assert texture(framed(light * (0.2 + 0.8 * checks[..., None])))[0] > 0.06
    ramp = np.logspace(0, -1.5, light.shape[1])[None, :, None]
    assert texture(framed(light * ramp))[1] > 0.3


def test_texture_of_what_is_not_seen_is_endless():
    unseen = Patch(np.full((ROWS, 100, 3), np.nan, np.float32), ROWS, 100, 0, 0)
    assert texture(unseen) == (np.inf, np.inf)


@settings(max_examples=60)
@given(
    columns=st.integers(16, 200),
    contrast=st.sampled_from([0.0, 1e-6, 0.05, 3.0]),
    seed=st.integers(0, 2**32 - 1),
)
def test_whatever_a_patch_shows_what_is_found_is_finite_and_inside(columns, contrast, seed):
    rng = np.random.default_rng(seed)
    light = (contrast * rng.standard_normal((ROWS + 16, columns + 38, 3))).astype(np.float32)
    light[:, rng.random(columns + 38) < 0.05] = np.nan
    for line in find_lines(Patch(light, ROWS, columns, 8, 19)):
        numbers = (line.place, line.height, line.snr, line.block_snr, line.full, line.least, line.quality)
        assert np.isfinite(numbers).all()
        assert 0 < line.place < columns / ROWS
        assert line.to_end >= 0


@pytest.mark.parametrize("drift", [-0.01, 0.01])
def test_uneven_light_makes_no_step_at_a_faint_line(drift):
    light = light_of([band(0.5, 0.03)], px_per_mm=PX_PER_MM, look=PLAIN, noise=0)
    fall = drift * np.arange(light.shape[1]) / ROWS
    line = find_lines(framed(light * 10 ** fall[None, :, None]))[0]
    assert line.step < 0.1


def test_the_join_of_two_materials_is_a_step_however_the_light_falls():
    light = light_of([], px_per_mm=PX_PER_MM, look=PLAIN, noise=0)
    x = np.arange(light.shape[1])
    middle = len(x) // 2
    dark = 0.02 * x / ROWS + 0.1 * (x > middle) + 0.1 * np.exp(-(((x - middle) / 3) ** 2))
    assert find_lines(framed(light * 10 ** -dark[None, :, None]))[0].step > 0.4
