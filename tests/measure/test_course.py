"""Lines that run bowed or aslant are measured as if they ran straight across; straight ones are left."""

from __future__ import annotations

import numpy as np
import pytest

from reader.interpret import load_assay
from reader.measure.course import course, straightened
from reader.measure.lines import Patch
from reader.measure.membrane import MembraneFit, measure_lines
from reader.simulate import Band
from reader.strip.look import measured_lines
from tests.measure.patches import GOLD, PX_PER_MM, SIGMA, SIZE_MM, light_of, patch_of_light, place

CONTROL, TEST = 0.32, 0.68  # positions
PLACES = [(place(CONTROL), SIGMA), (place(TEST), SIGMA)]
# mm per mm, and mm per mm²: 3 and 11 degrees; a third of a line's width at the sides, and more.
COURSES = [(0.052, 0.0), (0.2, 0.0), (0.0, 0.12), (0.0, 0.3), (-0.1, -0.15)]


def patch_with(tilt: float, bow: float, od: float = 0.4, seed: int = 0, **options: float) -> Patch:
    bands = [
        Band("C", "control", CONTROL, od, tilt=tilt, bow=bow),
        Band("T", "test", TEST, od / 4, tilt=tilt, bow=bow),
    ]
    return patch_of_light(light_of(bands, seed, **options))


def lines_of(fit: MembraneFit) -> list[tuple[float, float, float]]:
    return [(line.place, line.sigma, line.height) for line in fit.lines]


def course_of(patch: Patch) -> tuple[float, float] | None:
    return course(patch, lines_of(measure_lines(patch, PLACES, GOLD)), GOLD)


@pytest.mark.parametrize(("tilt", "bow"), COURSES)
def test_the_course_of_the_lines_is_found(tilt, bow):
    found = course_of(patch_with(tilt, bow))
    assert found is not None
    assert found[0] / (PX_PER_MM * SIZE_MM[1]) == pytest.approx(tilt, abs=0.02)
    assert found[1] / (PX_PER_MM * SIZE_MM[1] ** 2) == pytest.approx(bow, abs=0.025)


@pytest.mark.parametrize(("tilt", "bow"), COURSES)
def test_bowed_and_tilted_lines_are_measured_to_one_percent(tilt, bow):
    # As they run, the heights lack up to 4 %.
    assay = load_assay("covid-19-ag")
    fits = [measured_lines(patch_with(tilt, bow, seed=seed), PLACES, assay) for seed in range(6)]
    control, test = np.mean([[line.height for line in fit.lines] for fit in fits], axis=0)
    assert control == pytest.approx(0.4, rel=0.005)
    assert test == pytest.approx(0.1, rel=0.01)
    place_mm = np.mean([fit.lines[0].place for fit in fits]) / PX_PER_MM
    assert place_mm == pytest.approx(CONTROL * SIZE_MM[0], abs=0.02)


def test_straight_lines_are_left_exactly_as_they_are():
    kept = 0
    for seed in range(40):
        patch = patch_with(0.0, 0.0, seed=seed)
        kept += straightened(patch, lines_of(measure_lines(patch, PLACES, GOLD)), GOLD) is patch
    assert kept == 40


@pytest.mark.parametrize("ripples", [((0.1, 0.3),), ((0.0, 0.0), (0.1, 1.0))])
def test_uneven_lines_are_not_bowed_ones(ripples):
    patch = patch_of_light(light_of([Band("C", "control", CONTROL, 0.4, ripples=ripples)]))
    assert straightened(patch, lines_of(measure_lines(patch, PLACES[:1], GOLD)), GOLD) is patch


def test_a_gap_in_a_bowed_line_does_not_hide_its_course():
    patch = patch_of_light(light_of([Band("C", "control", CONTROL, 0.4, bow=0.2, gaps=((0.4, 0.5),))]))
    found = course(patch, lines_of(measure_lines(patch, PLACES[:1], GOLD)), GOLD)
    assert found is not None
    assert found[1] / (PX_PER_MM * SIZE_MM[1] ** 2) == pytest.approx(0.2, abs=0.05)


def test_faint_lines_show_no_course():
    assert course_of(patch_with(0.1, 0.2, od=0.04)) is None


def test_lines_at_the_end_of_the_picture_or_beyond_show_no_course():
    patch = patch_with(0.1, 0.2)
    assert course(patch, [(5.0, 9.6, 0.4), (398.0, 9.6, 0.4), (-30.0, 9.6, 0.4)], GOLD) is None
    unseen = Patch(np.full_like(patch.log_light, np.nan), patch.rows, patch.columns, 0, 0)
    assert course(unseen, [(128.0, 9.6, 0.4)], GOLD) is None
    assert course(patch, [], GOLD) is None


def test_two_strips_side_by_side_are_not_one_line():
    light = light_of([Band("C", "control", CONTROL, 0.4)])
    light[light.shape[0] // 2 :] = np.roll(light[light.shape[0] // 2 :], 30, axis=1)
    assert course_of(patch_of_light(light)) is None


def test_what_lies_beyond_the_picture_stays_unknown():
    patch = patch_with(0.0, 0.2)
    light = patch.log_light.copy()
    light[:, 370:] = np.nan
    cut = Patch(light, patch.rows, patch.columns, 0, 0)
    straight = straightened(cut, lines_of(measure_lines(cut, PLACES, GOLD)), GOLD)
    assert straight is not cut
    assert np.isnan(straight.log_light[:, 380:]).all()
    assert np.isfinite(straight.log_light[:, :355]).all()
