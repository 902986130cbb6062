"""Which end is the control's: it may be unknown, but what is called known must be right."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import reader
from reader.simulate import cassette, for_assay, render, scene


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


UPSIDE = pytest.mark.parametrize("turned", [0, 2], ids=["upright", "upside down"])


def outcome_of(lines: dict[str, float], turned: int, assay: str = "generic", letters: Any = "right") -> str:
    device = for_assay(assay, lines, brand="COVID-19 Ag", letters=letters, wells=2)
    made = render(scene([device], size_px=(900, 1200)), np.random.default_rng(1))
    return reader.read_image(np.rot90(made.pixels, turned), assay=assay).outcome.value


@UPSIDE
@pytest.mark.parametrize("letters", ["right", "left", "none"])
def test_a_lone_line_where_the_control_belongs_is_called(letters: str, turned: int):
    assert outcome_of({"C": 0.4, "T": 0.0}, turned, letters=letters) == "negative"


@UPSIDE
def test_a_lone_line_at_what_seems_the_sample_end_is_left_open_without_letters(turned: int):
    assert outcome_of({"C": 0.0, "T": 0.4}, turned, letters="none") == "indeterminate"


@UPSIDE
@pytest.mark.parametrize("letters", ["right", "left"])
def test_a_lone_line_beside_the_letter_t_makes_the_test_invalid(letters: str, turned: int):
    assert outcome_of({"C": 0.0, "T": 0.4}, turned, letters=letters) == "invalid"


@UPSIDE
def test_two_test_lines_without_the_control_make_the_test_invalid(turned: int):
    assert outcome_of({"Pf": 0.4, "Pan": 0.3}, turned, "malaria-pf-pan") == "invalid"


@UPSIDE
def test_a_comparison_with_the_control_line_is_called_where_letters_name_it(turned: int):
    assert outcome_of({"C": 0.28, "T": 0.42}, turned, "lh") == "positive"
    assert outcome_of({"C": 0.42, "T": 0.15}, turned, "lh") == "negative"
