"""Where a very faint test line is suspected, negative is not answered; where it is plain, it counts."""

from __future__ import annotations

import numpy as np
import pytest

import reader
from reader.measure.faint import FaintLine
from reader.measure.lines import FoundLine, Patch
from reader.simulate import cassette, crop, render, scene


def reading(test_line: float) -> reader.Reading:
    picture = render(crop(cassette({"C": 0.4, "T": test_line}), angle_deg=90.0), np.random.default_rng(1))
    return reader.read_image(picture.pixels)


@pytest.fixture
def suspicion(monkeypatch):
    monkeypatch.setattr("reader.strip.look.find_faint_line", lambda *_, **__: FaintLine(2.6, plain=False))


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


@pytest.fixture
def plain_line(monkeypatch):
    """Take what lies as far from one end as the control line from the other for a plain faint line."""

    def mirrored(patch: Patch, control: FoundLine, _: object, **__: bool) -> FaintLine:
        return FaintLine(patch.columns / patch.rows - control.place, plain=True)

    monkeypatch.setattr("reader.strip.look.find_faint_line", mirrored)


@pytest.mark.usefixtures("plain_line")
def test_a_line_too_faint_for_the_search_is_called_and_flagged_when_it_lacks_nothing_but_strength():
    (strip,) = reading(0.007).strips
    test = next(line for line in strip.lines if line.role == "test")
    assert strip.outcome == "positive"
    assert "faint-line" in strip.flags
    assert test.detected
    # In the mean of the channels a gold line has 0.57 of its height in green.
    assert 0.5 * 0.57 * 0.007 < test.height < 0.01


@pytest.mark.usefixtures("plain_line")
def test_a_plain_faint_line_that_measures_nothing_is_only_suspected():
    (strip,) = reading(0.0).strips
    assert strip.outcome == "indeterminate"
    assert "faint-line" in strip.flags


@pytest.mark.parametrize("test_line", [0.15, 0.3])
def test_a_control_line_as_faint_as_shading_counts_beside_a_plain_test_line(test_line):
    seen = scene([cassette({"C": 0.03, "T": test_line})], size_px=(600, 800), fill=0.9)
    (strip,) = reader.read_image(render(seen, np.random.default_rng(1)).pixels).strips
    assert strip.outcome == "positive"
    assert "weak-control" in strip.flags
