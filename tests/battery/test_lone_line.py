"""A negative rests on its one line being a control line; where that is in doubt, so is the answer."""

from __future__ import annotations

from functools import cache

import cv2
import numpy as np
import pytest

import reader
from reader.reading import Outcome
from reader.simulate import cassette, crop, render, scene


@cache
def pixels(test_line: float, *, whole: bool = False) -> np.ndarray:
    device = cassette({"C": 0.4, "T": test_line})
    seen = scene([device], size_px=(560, 700), fill=0.9) if whole else crop(device, angle_deg=90.0)
    return render(seen, np.random.default_rng(1)).pixels


@pytest.fixture
def shadow(monkeypatch):
    monkeypatch.setattr("reader.strip.doubts.is_fine_shadow", lambda _: True)


@pytest.fixture
def coloured(monkeypatch):
    monkeypatch.setattr("reader.strip.doubts.COLOURED", -1.0)


@pytest.mark.usefixtures("shadow")
def test_a_lone_line_that_may_be_a_shadow_makes_no_negative():
    (strip,) = reader.read_image(pixels(0.0)).strips
    assert strip.outcome is Outcome.INDETERMINATE
    assert "groove" in strip.summary


@pytest.mark.usefixtures("shadow")
def test_two_fine_grey_lines_are_called():
    assert reader.read_image(pixels(0.2)).outcome is Outcome.POSITIVE


@pytest.mark.usefixtures("shadow")
def test_a_picture_without_colours_does_not_tell_a_shadow_from_a_line():
    grey = cv2.cvtColor(pixels(0.0), cv2.COLOR_RGB2GRAY)
    assert reader.read_image(grey).outcome is Outcome.NEGATIVE


@pytest.mark.usefixtures("coloured")
def test_a_lone_line_on_a_coloured_thing_makes_no_negative():
    (strip,) = reader.read_image(pixels(0.0, whole=True)).strips
    assert strip.outcome is Outcome.INDETERMINATE
    assert "coloured" in strip.summary


@pytest.mark.usefixtures("coloured")
@pytest.mark.parametrize(
    ("test_line", "whole", "outcome"), [(0.2, True, Outcome.POSITIVE), (0.0, False, Outcome.NEGATIVE)]
)
def test_a_second_line_or_a_window_that_was_cut_out_is_called_on_any_ground(test_line, whole, outcome):
    assert reader.read_image(pixels(test_line, whole=whole)).outcome is outcome
