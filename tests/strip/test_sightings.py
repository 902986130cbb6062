"""Lines that several windows of one strip saw are one line, with the doubt about the window in it."""

from __future__ import annotations

import pytest

from reader.geometry import Window
from reader.locate.hypothesis import Candidate, Hypothesis
from reader.strip.sightings import Sighting, best_window, gather, share
from tests.measure.clear import found

WIDTH = 100.0
CONTROL, TEST, LENGTH = 1.6, 3.4, 5.0  # widths from the whole window's start


def hypothesis(start: float, length: float, *places: float, weight: float) -> Hypothesis:
    """Look at a rectangle by its start and length along the strip, in widths, with lines at these places."""
    window = Window((start + length / 2) * WIDTH, 0.0, 0.0, length * WIDTH, WIDTH)
    lines = tuple(found(place=p - start, to_end=min(p - start, start + length - p)) for p in places)
    return Hypothesis(window, 0.0, lines, mottle=0.003, ground=0.005, tint=0.02, weight=weight)


def seen(*hypotheses: Hypothesis) -> list[Sighting]:
    return sorted(gather(Candidate(hypotheses, odds=3.0, close_up=False)), key=lambda s: s.along)


def test_a_line_that_two_windows_saw_is_one_line():
    both = seen(
        hypothesis(0.0, LENGTH, CONTROL, TEST, weight=0.6),
        hypothesis(0.5, LENGTH - 0.5, CONTROL, TEST, weight=0.4),
    )
    assert [s.along / WIDTH + LENGTH / 2 for s in both] == pytest.approx([CONTROL, TEST])
    assert all(s.present > 0.9 for s in both)


def test_a_line_that_only_an_unlikely_window_saw_is_improbable():
    (_, test) = seen(
        hypothesis(0.0, LENGTH, CONTROL, weight=0.8), hypothesis(0.0, LENGTH, CONTROL, TEST, weight=0.2)
    )
    assert test.present < 0.1


@pytest.mark.parametrize(("end", "least", "most"), [(0.2, 0.9, 1.0), (1.0, 0.0, 0.3)])
def test_a_window_that_ends_at_a_line_is_not_heard_about_it(end, least, most):
    blind = hypothesis(0.0, TEST + end, CONTROL, weight=0.55)
    (_, test) = seen(blind, hypothesis(0.0, LENGTH, CONTROL, TEST, weight=0.45))
    assert least <= test.present <= most


def test_the_window_that_holds_all_probable_lines_is_measured():
    cut = hypothesis(0.0, TEST - 0.5, CONTROL, weight=0.3)
    whole = hypothesis(0.0, LENGTH, CONTROL, TEST, weight=0.7)
    candidate = Candidate((cut, whole), odds=3.0, close_up=False)
    assert best_window(candidate, gather(candidate)) is whole


def test_a_sighting_is_placed_in_a_window_that_runs_the_other_way():
    h = hypothesis(0.0, LENGTH, CONTROL, TEST, weight=1.0)
    places = [share(s, h.window, h.window.reversed()).place for s in seen(h)]
    assert places == pytest.approx([1 - CONTROL / LENGTH, 1 - TEST / LENGTH])
