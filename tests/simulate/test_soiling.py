"""What is on a membrane and no line: absorbs as stated, where stated, and takes no dice unless asked for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reader.simulate import Band, Mark, Membrane, Stain, cassette, crop, membrane, render_light
from reader.simulate.membranes import grain
from reader.simulate.soiling import BLOOD, FIBRE_CONTRAST, SCRATCH, draw_fibres

PLAIN = Membrane((0.8, 0.8, 0.8), texture=0, streaks=0, edge_darkening=0)
ROUGH = Membrane()


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _absorbed(look: Membrane) -> np.ndarray:
    return -np.log10(membrane([], rng=_rng(), look=look).pixels.astype(np.float64) / 0.8)


@pytest.mark.parametrize("side", ["sample", "control"])
def test_a_stain_lies_behind_its_front_on_the_side_from_which_it_came(side):
    found = _absorbed(replace(PLAIN, stains=(Stain((0.01, 0.06, 0.1), 0.4, 0.4, side),)))
    behind, before = (found[37, -5], found[37, 5]) if side == "sample" else (found[37, 5], found[37, -5])
    np.testing.assert_allclose(behind, (0.01, 0.06, 0.1), rtol=1e-3)
    np.testing.assert_allclose(before, 0, atol=1e-5)
    np.testing.assert_allclose(found[37, 160, 2], 0.05, rtol=0.05)  # 0.4 of 16 mm at 25 px/mm


def test_a_tide_mark_is_darkest_at_the_front():
    found = _absorbed(replace(PLAIN, stains=(Stain(BLOOD, 0.5, 0.4, edge=0.8),)))[37, :, 2]
    assert abs(int(found.argmax()) - 200) < 12
    assert found.max() > 1.2 * found[-1]


def test_the_front_of_a_stain_waves_across_the_strip():
    waved = Stain((0.1, 0.1, 0.1), 0.5, 0.3, waves=((0.5, 1 / 3, 0.0),))
    found = _absorbed(replace(PLAIN, stains=(waved,)))[..., 1]
    fronts = (found > 0.05).argmax(1)
    assert np.ptp(fronts) == pytest.approx(2 * 0.5 * 25, abs=2)


def test_a_mark_covers_its_width_and_nothing_else():
    mark = Mark((4.0, 0.0), (8.0, 0.0), (12.0, 0.0), 0.4, (0.3, 0.2, 0.1))
    found = _absorbed(replace(PLAIN, marks=(mark,)))
    np.testing.assert_allclose(found[37, 200], (0.3, 0.2, 0.1), rtol=1e-3)
    assert (found[:, 200, 0] > 0.15).sum() / 25 == pytest.approx(0.4, abs=0.05)
    np.testing.assert_allclose(found[:, [80, 320]], 0, atol=1e-5)


def test_a_scratch_is_brighter_than_the_membrane():
    mark = Mark((4.0, -1.0), (4.0, -1.0), (12.0, 1.0), 0.2, SCRATCH)
    assert _absorbed(replace(PLAIN, marks=(mark,))).min() == pytest.approx(SCRATCH[0], rel=0.02)


def test_a_ghost_is_grey_and_no_line_of_the_truth():
    ghost = Band("ghost", "test", 0.50125, 0.02, 0.6, label="carbon")
    look = replace(PLAIN, ghosts=(ghost,))
    np.testing.assert_allclose(_absorbed(look)[37, 200], 0.02, rtol=1e-3)
    _, truth = render_light(crop(cassette({"C": 0.4, "T": 0.0}, membrane=look)), _rng())
    assert [(line.name, line.present) for line in truth[0].lines] == [("C", True), ("T", False)]


def test_fibres_are_as_many_as_asked_for_and_leave_the_mean():
    field = draw_fibres((150, 750), 1.0, 40.0, _rng(3))
    assert 0.001 < field.std() < FIBRE_CONTRAST
    assert abs(field.mean()) < 0.3 * field.std()
    assert not draw_fibres((150, 750), 0.0, 40.0, _rng(3)).any()


def test_what_is_not_asked_for_takes_no_dice():
    soiled = replace(
        ROUGH,
        ghosts=(Band("ghost", "test", 0.5, 0.01, label="carbon"),),
        stains=(Stain(BLOOD, 0.5),),
        marks=(Mark((1, 0), (2, 1), (3, 0)),),
    )
    states = []
    for look in (ROUGH, soiled, replace(ROUGH, fibres=1.0)):
        rng = _rng(4)
        grain(look, (40, 200), 25.0, rng)
        states.append(rng.bit_generator.state)
    assert states[0] == states[1]
    assert states[0] != states[2]
