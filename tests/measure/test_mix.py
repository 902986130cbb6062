"""Faint lines are measured in the mix of colours in which the membrane is quietest."""

from __future__ import annotations

import numpy as np
import pytest

from reader.measure.membrane import measure_lines
from reader.measure.mix import quiet_mix
from reader.simulate import Band, Membrane
from tests.measure.patches import GOLD, SIGMA, light_of, patch_of_light, place

CONTROL, TEST = 0.32, 0.68
CLEAR = (place(CONTROL), SIGMA)
FAINT = (place(TEST), SIGMA)
COARSE = Membrane(texture=0.012)


def patch(seed: int, control: float = 0.4, **options: object):
    lines = [Band("C", "control", CONTROL, control), Band("T", "test", TEST, 0.0)]
    return patch_of_light(light_of(lines, seed, **options))


def test_red_is_taken_away_where_the_grain_of_the_membrane_is_most_of_the_noise():
    mix = quiet_mix(patch(1, look=COARSE, noise=0.002), CLEAR, [FAINT[0]], GOLD)
    assert mix is not None
    assert mix[0] < -0.3 < 0.3 < mix[1]


def test_a_clear_line_is_as_high_in_the_mix_as_in_green():
    seen = patch(2)
    mix = quiet_mix(seen, CLEAR, [FAINT[0]], GOLD)
    assert mix is not None
    heights = [measure_lines(seen, [CLEAR], weights).lines[0].height for weights in (GOLD, mix)]
    assert heights[1] == pytest.approx(heights[0], rel=0.02)


def test_blanks_scatter_less_in_the_mix_than_in_green():
    scatter = []
    for chosen in (False, True):
        heights = []
        for seed in range(60):
            seen = patch(seed, look=COARSE, noise=0.003)
            mix = quiet_mix(seen, CLEAR, [FAINT[0]], GOLD) if chosen else GOLD
            assert mix is not None
            heights.append(measure_lines(seen, [FAINT], mix, [(CLEAR[0], 1.5 * SIGMA)]).lines[0].height)
        scatter.append(np.std(heights))
    assert scatter[1] < 0.75 * scatter[0]


def test_a_faint_control_line_does_not_show_the_colour_well_enough():
    assert quiet_mix(patch(3, control=0.03), CLEAR, [FAINT[0]], GOLD) is None


def test_too_little_free_membrane_does_not_show_its_noise():
    everywhere = [place(p) for p in np.linspace(0.05, 0.95, 12)]
    assert quiet_mix(patch(4), CLEAR, everywhere, GOLD) is None
