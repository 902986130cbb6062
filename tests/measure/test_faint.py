"""What may be a line too faint to be called one is seen, and plain where it is; what is none is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reader.measure.faint import FaintLine, find_faint_line
from reader.measure.lines import Patch
from tests.measure.clear import found

ROWS, COLUMNS, SIDE, END = 32, 160, 8, 19
TINT = np.array([0.9, 1.0, 1.1])  # of all that is drawn: no picture in colour is grey to the last digit
CONTROL = found(place=1.2, sigma=0.1, colour=0.3 * TINT)
NOISE = 0.006  # absorbance of one sample: 0.001 in the mean over the width


def membrane(*bands: np.ndarray, noise: float = NOISE, seed: int = 0) -> Patch:
    """Draw a membrane with a control line and other absorbances, each of shape (rows, columns)."""
    rng = np.random.default_rng(seed)
    light = -bar(CONTROL.place, 0.3) - sum(bands, np.zeros((1, 1)))
    light = light + rng.normal(0, noise, (ROWS, COLUMNS))
    return framed(np.multiply.outer(light, TINT))


def framed(light: np.ndarray) -> Patch:
    around = np.pad(light, ((SIDE, SIDE), (END, END), (0, 0)), constant_values=-0.6)
    return Patch(around.astype(np.float32), ROWS, COLUMNS, SIDE, END)


def bar(place: float, height: float, sigma: float = CONTROL.sigma) -> np.ndarray:
    x = (np.arange(COLUMNS) + 0.5) / ROWS
    return height * np.exp(-((x - place) ** 2) / (2 * sigma**2))[None, :]


def suspect(*bands: np.ndarray, **options: object) -> FaintLine | None:
    return find_faint_line(membrane(*bands, **options), CONTROL, ())


def suspected(*bands: np.ndarray, **options: object) -> bool:
    return suspect(*bands, **options) is not None


@pytest.mark.parametrize("seed", range(5))
def test_a_line_at_the_limit_of_the_eye_is_suspected(seed):
    assert suspected(bar(2.6, 0.012), seed=seed)


@pytest.mark.parametrize("seed", range(20))
def test_a_bare_membrane_is_not_suspected(seed):
    assert not suspected(seed=seed)


def test_what_is_within_the_noise_is_not_suspected():
    assert not suspected(bar(2.6, 0.012), noise=10 * NOISE)


def test_a_bulge_much_wider_than_the_control_line_is_not_suspected():
    assert not suspected(bar(2.6, 0.03, sigma=0.8))


def test_a_spot_on_a_part_of_the_width_is_not_suspected():
    spot = np.where(np.arange(ROWS)[:, None] < ROWS // 2, bar(2.6, 0.03), 0)
    assert not suspected(spot)


@pytest.mark.parametrize("place", [1.7, 4.6])
def test_what_lies_at_the_control_line_or_at_a_rim_is_not_suspected(place):
    assert not suspected(bar(place, 0.02))


def test_nothing_is_suspected_beside_a_bar_that_hides_it():
    patch = membrane(bar(2.6, 0.2))
    assert find_faint_line(patch, CONTROL, ()) is not None
    assert find_faint_line(patch, CONTROL, (found(place=2.6, sigma=0.1, height=0.2),)) is None


def test_too_little_of_a_membrane_tells_nothing():
    patch = membrane(bar(2.6, 0.02))
    unseen = np.full_like(patch.log_light, np.nan)
    assert find_faint_line(replace(patch, log_light=unseen), CONTROL, ()) is None
    bars = tuple(found(place=place, sigma=0.2) for place in (0.5, 2.0, 2.9, 3.8, 4.7))
    assert find_faint_line(patch, CONTROL, bars) is None


@pytest.mark.parametrize("seed", range(5))
def test_a_line_that_lacks_nothing_but_strength_is_plain_where_it_lies(seed):
    faint = suspect(bar(2.6, 0.012), noise=NOISE / 3, seed=seed)
    assert faint is not None
    assert faint.plain
    assert faint.place == pytest.approx(2.6, abs=0.05)


def test_what_is_wider_than_the_control_line_is_suspected_but_not_plain():
    wide = suspect(bar(2.6, 0.012, sigma=0.22), noise=NOISE / 3)
    assert wide is not None
    assert not wide.plain


def test_what_fades_across_the_width_is_suspected_but_not_plain():
    fading = np.linspace(0.3, 1.7, ROWS)[:, None] * bar(2.6, 0.015)
    faint = suspect(fading, noise=NOISE / 3)
    assert faint is not None
    assert not faint.plain


def test_a_faint_bar_of_another_colour_than_the_control_lines_is_not_plain():
    rng = np.random.default_rng(0)
    light = -np.multiply.outer(bar(1.2, 1.0)[0], [0.0, 0.3, 0.2]) - np.multiply.outer(
        bar(2.6, 1.0)[0], [0.02, 0.01, 0]
    )
    noisy = light[None] + rng.normal(0, NOISE / 3, (ROWS, COLUMNS, 3))
    faint = find_faint_line(framed(noisy), found(place=1.2, sigma=0.1, colour=np.array([0.0, 0.3, 0.2])), ())
    assert faint is not None
    assert not faint.plain


def test_what_no_eye_could_see_is_not_plain():
    faint = suspect(bar(2.6, 0.005), noise=NOISE / 10)
    assert faint is not None
    assert not faint.plain


def test_in_a_grey_picture_nothing_is_plain():
    patch = membrane(bar(2.6, 0.012), noise=NOISE / 3)
    grey = replace(patch, log_light=patch.log_light.mean(axis=2, keepdims=True).repeat(3, axis=2))
    faint = find_faint_line(grey, CONTROL, ())
    assert faint is not None
    assert not faint.plain


def test_a_faint_bar_where_the_texture_changes_is_not_plain():
    patch = membrane(bar(2.6, 0.012), noise=NOISE / 3)
    light = patch.log_light.copy()
    pad = np.random.default_rng(1).normal(0, 8 * NOISE, (ROWS, 40, 1)).astype(np.float32)
    light[SIDE : SIDE + ROWS, END + 88 : END + 128] += pad - pad.mean(axis=0)
    joined = find_faint_line(replace(patch, log_light=light), CONTROL, ())
    assert joined is None or not joined.plain
