"""What may be a line too faint to be called one is seen; what is none is not suspected."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reader.measure.faint import hides_faint_line
from reader.measure.lines import Patch
from tests.measure.clear import found

ROWS, COLUMNS, SIDE, END = 32, 160, 8, 19
CONTROL = found(place=1.2, sigma=0.1)
NOISE = 0.006  # absorbance of one sample: 0.001 in the mean over the width


def membrane(*bands: np.ndarray, noise: float = NOISE, seed: int = 0) -> Patch:
    """Draw a membrane with a control line and other absorbances, each of shape (rows, columns)."""
    rng = np.random.default_rng(seed)
    light = -bar(CONTROL.place, 0.3) - sum(bands, np.zeros((1, 1)))
    light = light + rng.normal(0, noise, (ROWS, COLUMNS))
    around = np.pad(light, ((SIDE, SIDE), (END, END)), constant_values=-0.6)
    return Patch(np.repeat(around[:, :, None], 3, axis=2).astype(np.float32), ROWS, COLUMNS, SIDE, END)


def bar(place: float, height: float, sigma: float = CONTROL.sigma) -> np.ndarray:
    x = (np.arange(COLUMNS) + 0.5) / ROWS
    return height * np.exp(-((x - place) ** 2) / (2 * sigma**2))[None, :]


def suspected(*bands: np.ndarray, **options: object) -> bool:
    return hides_faint_line(membrane(*bands, **options), CONTROL, ())


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
    assert hides_faint_line(patch, CONTROL, ())
    assert not hides_faint_line(patch, CONTROL, (found(place=2.6, sigma=0.1, height=0.2),))


def test_too_little_of_a_membrane_tells_nothing():
    patch = membrane(bar(2.6, 0.02))
    unseen = np.full_like(patch.log_light, np.nan)
    assert not hides_faint_line(replace(patch, log_light=unseen), CONTROL, ())
    bars = tuple(found(place=place, sigma=0.2) for place in (0.5, 2.0, 2.9, 3.8, 4.7))
    assert not hides_faint_line(patch, CONTROL, bars)
