"""An answer that rests on there being no test line is not given where a very faint one is suspected."""

from __future__ import annotations

import numpy as np
import pytest

import reader
from reader.simulate import cassette, crop, render


def reading(test_line: float) -> reader.Reading:
    picture = render(crop(cassette({"C": 0.4, "T": test_line}), angle_deg=90.0), np.random.default_rng(1))
    return reader.read_image(picture.pixels)


@pytest.fixture
def suspicion(monkeypatch):
    monkeypatch.setattr("reader.strip.hides_faint_line", lambda *_: True)


def test_a_clean_negative_is_called_negative():
    seen = reading(0.0)
    assert seen.outcome == "negative"
    assert "faint-line" not in seen.strips[0].flags


@pytest.mark.usefixtures("suspicion")
def test_a_suspected_line_forbids_negative_and_is_flagged():
    (strip,) = reading(0.0).strips
    assert strip.outcome == "indeterminate"
    assert "faint-line" in strip.flags
    assert all(a.outcome == "indeterminate" and a.confidence is None for a in strip.analytes.values())


@pytest.mark.usefixtures("suspicion")
def test_beside_a_clear_test_line_a_suspected_one_changes_nothing():
    (strip,) = reading(0.2).strips
    assert strip.outcome == "positive"
    assert "faint-line" not in strip.flags
