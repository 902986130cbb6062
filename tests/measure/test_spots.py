"""What glare and stains cover of a line does not count; what they hide altogether is not known."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import reader
from reader.measure.lines import Patch
from reader.measure.membrane import LineFit, MembraneFit, measure_lines
from reader.measure.spots import hides, seen_share, without_spots
from reader.reading import Outcome
from reader.simulate import Band, Picture, crop, for_assay, render
from tests.measure.patches import GOLD, PX_PER_MM, SIGMA, SIZE_MM, light_of, patch_of_light, place

CONTROL, TEST = 0.32, 0.68  # positions
OD = {"C": 0.4, "T": 0.1}
PLACES = [(place(CONTROL), SIGMA), (place(TEST), SIGMA)]
MIDDLE, END = SIZE_MM[1] / 2, SIZE_MM[1]
C_MM, T_MM = CONTROL * SIZE_MM[0], TEST * SIZE_MM[0]
WHITE = (4.0, 4.0, 4.0)  # times the light
BLOOD = (0.9, 0.5, 0.3)
ASSAY = "covid-19-ag"


def light(seed: int = 0, *, lines: list[Band] | None = None) -> NDArray[np.float32]:
    bands = [Band("C", "control", CONTROL, OD["C"]), Band("T", "test", TEST, OD["T"])]
    return light_of(bands if lines is None else lines, seed)


def spotted(
    clean: NDArray[np.float32],
    middle_mm: tuple[float, float],
    radius_mm: tuple[float, float],
    factor: tuple[float, float, float],
) -> Patch:
    """Lay an ellipse, as sharp as the lens shows it, that brightens or darkens what lies under it."""
    rows, columns = clean.shape[:2]
    y, x = np.mgrid[:rows, :columns] / PX_PER_MM
    inside = ((x - middle_mm[0]) / radius_mm[0]) ** 2 + ((y - middle_mm[1]) / radius_mm[1]) ** 2 < 1
    cover = cv2.GaussianBlur(inside.astype(np.float32), (0, 0), 1.2)[..., None]
    return patch_of_light(np.minimum(clean * (1 + cover * (np.array(factor, np.float32) - 1)), 1.0))


def fit_of(patch: Patch) -> MembraneFit:
    return measure_lines(without_spots(patch, GOLD), PLACES, GOLD)


def off(fit: LineFit, od: float) -> float:
    return abs(fit.height - od) / fit.height_sigma


@pytest.mark.parametrize(
    ("middle_mm", "radius_mm", "factor"),
    [
        ((T_MM, 0.0), (1.2, MIDDLE), WHITE),  # glare over half of the test line
        ((T_MM, 0.0), (0.9, 1.2), (1.4, 1.4, 1.4)),  # a milky reflection over less than half of it
        ((C_MM, END), (1.0, 1.1), WHITE),  # glare over a third of the control line
        ((T_MM + 0.3, END), (0.6, 1.2), BLOOD),  # blood on the test line
        ((8.0, MIDDLE), (0.5, 0.5), BLOOD),  # blood between the lines
        ((T_MM - 0.5, 1.0), (0.1, 0.4), (0.2, 0.2, 0.2)),  # a hair beside the line
    ],
)
def test_what_a_spot_covers_of_a_line_does_not_count(middle_mm, radius_mm, factor):
    fits = [fit_of(spotted(light(seed), middle_mm, radius_mm, factor)).lines for seed in range(8)]
    for k, od in enumerate(OD.values()):
        departures = [off(lines[k], od) for lines in fits]
        assert np.sqrt(np.mean(np.square(departures))) < 1.6
        assert max(departures) < 3
        assert max(lines[k].height_sigma for lines in fits) < 0.02 * od + 0.003


def test_fewer_pixels_make_a_larger_error():
    clean = measure_lines(patch_of_light(light()), PLACES, GOLD).lines[1]
    half = fit_of(spotted(light(), (T_MM, 0.0), (1.2, MIDDLE), WHITE)).lines[1]
    assert half.height_sigma > 1.2 * clean.height_sigma


def test_a_line_wholly_under_glare_is_unknown_and_not_absent():
    patch = without_spots(spotted(light(), (T_MM, MIDDLE), (0.8, 3.0), WHITE), GOLD)
    control, test = measure_lines(patch, PLACES, GOLD).lines
    assert hides(patch, test.place, test.sigma)
    assert test.height_sigma >= 1.0
    assert off(control, OD["C"]) < 3
    assert not hides(patch, control.place, control.sigma)


@pytest.mark.parametrize(
    "band",
    [
        Band("C", "control", CONTROL, 0.4),
        Band("C", "control", CONTROL, 0.8, ripples=((0.15, 0.0), (0.1, 1.0))),
        Band("C", "control", CONTROL, 0.6, tilt=0.2),
        Band("C", "control", CONTROL, 0.6, bow=0.2),
        Band("C", "control", CONTROL, 0.6, gaps=((0.5, 0.6),)),
    ],
)
def test_membranes_and_lines_as_they_are_have_no_spots(band):
    for seed in range(6):
        patch = patch_of_light(light(seed, lines=[band]))
        assert without_spots(patch, GOLD) is patch


def test_an_over_exposed_membrane_is_no_spot():
    brighter = np.linspace(2.6, 1.0, 400)[None, :, None]
    patch = patch_of_light(np.minimum(light(lines=[]) * brighter, 1.0))
    assert without_spots(patch, GOLD) is patch


def test_what_is_clipped_in_a_channel_that_is_not_measured_is_no_spot():
    patch = spotted(light(), (T_MM, MIDDLE), (0.8, 3.0), (4.0, 1.0, 1.0))
    assert without_spots(patch, GOLD) is patch
    assert without_spots(patch, (1 / 3, 1 / 3, 1 / 3)) is not patch


def test_a_patch_of_which_nothing_is_seen_has_no_spots():
    patch = Patch(np.full((64, 300, 3), np.nan, np.float32), 64, 300, 0, 0)
    assert without_spots(patch, GOLD) is patch
    assert seen_share(patch, 100.0, 5.0) == 1.0


def test_the_given_patch_is_not_changed():
    patch = spotted(light(), (T_MM, 0.0), (1.2, MIDDLE), WHITE)
    before = patch.log_light.copy()
    without_spots(patch, GOLD)
    np.testing.assert_array_equal(patch.log_light, before)


@cache
def photographed() -> Picture:
    return render(crop(for_assay(ASSAY, OD), px_per_mm=20.0), np.random.default_rng(3))


@pytest.mark.parametrize("along_mm", [0.5, 0.8, 1.2])
@pytest.mark.parametrize("across_mm", [1.2, 2.5])
def test_a_picture_with_glare_over_the_test_line_is_not_called(across_mm, along_mm):
    # Often the window is taken to end at the glare.
    picture = photographed()
    x, y = picture.truth[0].lines[1].center
    rows, columns = picture.pixels.shape[:2]
    down, along = (np.mgrid[:rows, :columns].T - [y, x]).T / 20.0
    cover = ((down / along_mm) ** 2 + (along / across_mm) ** 2 < 1).astype(np.float32)
    cover = cv2.GaussianBlur(cover, (0, 0), 1.2)[..., None]
    mirrored = np.clip(picture.pixels * (1 - cover) + 300 * cover, 0, 255).astype(np.uint8)
    reading = reader.read_image(mirrored, assay=ASSAY)
    assert reading.outcome not in {Outcome.NEGATIVE, Outcome.POSITIVE}
    assert "glare" in reading.strips[0].flags
