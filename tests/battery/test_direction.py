"""Which end is the control's: it may be unknown, but what is called known must be right."""

from __future__ import annotations

import numpy as np
import pytest

import reader
from reader.simulate import cassette, render, scene


@pytest.mark.parametrize(
    "turned", [0, 1, 2, 3], ids=["upright", "to the left", "upside down", "to the right"]
)
@pytest.mark.parametrize("seed", range(3))
def test_a_direction_that_is_called_known_is_the_true_one(seed: int, turned: int):
    made = render(scene([cassette({"C": 0.45, "T": 0.15})], size_px=(900, 1200)), np.random.default_rng(seed))
    (truth,) = made.truth
    control, test = (np.array(line.center) for line in truth.lines)
    (strip,) = reader.read_image(np.rot90(made.pixels, turned)).strips
    first, second = (line for line in strip.lines if line.detected)
    assert first.center is not None
    assert second.center is not None
    flow = np.subtract(second.center, first.center)
    for _ in range(turned):
        flow = np.array((-flow[1], flow[0]))
    assert strip.orientation == "assumed" or flow @ (test - control) > 0


@pytest.mark.parametrize("turned", [0, 2], ids=["upright", "upside down"])
@pytest.mark.parametrize(
    ("lines", "outcome"), [({"C": 0.4, "T": 0.0}, "negative"), ({"C": 0.0, "T": 0.4}, "indeterminate")]
)
def test_a_lone_line_is_called_only_where_the_device_does_not_place_it_at_the_sample_end(
    lines, outcome, turned
):
    made = render(
        scene([cassette(lines, brand="COVID-19 Ag")], size_px=(900, 1200)), np.random.default_rng(1)
    )
    assert reader.read_image(np.rot90(made.pixels, turned)).outcome.value == outcome
