"""Gather the lines that a strip's hypotheses saw, each with its probability over all of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reader.geometry import Window
from reader.interpret.assign import SeenLine
from reader.locate.hypothesis import Candidate, Hypothesis
from reader.measure.evidence import CLEAR_TINT, PLAUSIBLE, control_height_probability, line_probability
from reader.measure.lines import END_TRIM, FoundLine, is_flank
from reader.strip.findings import SAME_LINE

__all__ = ["Sighting", "best_window", "gather", "place_along", "share"]

SURE = 0.9  # setting of a line that is surely no rim
MOST_BLIND = 0.6  # weight of windows that need not be heard: some must have seen the line
SHARPEN = 5.0  # slope on the log-odds of averaged probabilities: averaging blurs them
EVEN = 0.61  # averaged probability at which presence and absence of a test line are equally likely


@dataclass(frozen=True, slots=True)
class Sighting:
    """A line that one or more hypotheses saw, by its place along the first one's axis (px)."""

    along: float
    sigma_px: float
    present: float
    control: float
    line: FoundLine


def gather(candidate: Candidate) -> list[Sighting]:
    """Collect the lines that the hypotheses saw; each with its probability over all of them."""
    first = candidate.hypotheses[0].window
    found: list[Sighting] = []
    for h in candidate.hypotheses:
        control = h.control
        if control is None:
            continue
        aspect = h.window.length / h.window.width
        for line in h.lines:
            is_control = line is control
            if any(is_flank(line, other) for other in h.lines):
                continue
            p = h.control_probability if is_control else h.membrane * _beside_control(line, control, aspect)
            along = place_along(h.window, line.place / aspect, first)
            twin = next(
                (k for k, s in enumerate(found) if abs(s.along - along) < SAME_LINE * first.width), None
            )
            present = h.weight * p
            as_control = present if is_control else 0.0
            if twin is None:
                found.append(Sighting(along, line.sigma * h.window.width, present, as_control, line))
            else:
                s = found[twin]
                found[twin] = replace(s, present=s.present + present, control=s.control + as_control)
    found = [replace(s, present=min(s.present / (1 - _blind(candidate, s)), 1.0)) for s in found]
    return [replace(s, present=_sharpen(s.present, EVEN), control=_sharpen(s.control, 0.5)) for s in found]


def _blind(candidate: Candidate, seen: Sighting) -> float:
    """Return the weight of the windows that hold a line, but so near to an end that none is looked for there.

    Where others see one as coloured as a label, and well set, so that it is no rim, these say nothing.
    """
    if seen.line.tint < CLEAR_TINT or seen.line.plausible < SURE:
        return 0.0
    first = candidate.hypotheses[0].window
    weight = 0.0
    for h in candidate.hypotheses:
        apart = seen.along - place_along(h.window, 0.5, first)
        within = (h.window.length / 2 - abs(apart)) / h.window.width
        weight += h.weight * (0 < within < END_TRIM)
    return min(weight, MOST_BLIND)


def _beside_control(line: FoundLine, control: FoundLine, aspect: float) -> float:
    """Return how probable a line is that is not the likeliest control.

    Beside a line on a membrane less is asked of it than of a line by itself: where the likeliest control
    is a mere ripple, or lies on no membrane, it must lie on one itself.
    """
    marked = control.plausible * control_height_probability(control.height)
    on_membrane = max(marked, line.plausible) / PLAUSIBLE
    return min(on_membrane, 1.0) * line_probability(line, control, aspect)


def place_along(window: Window, place: float, axis: Window) -> float:
    """Project a place of one window on the axis of another, px from its centre."""
    x, y = window.at(place)
    u = axis.flow
    return (x - axis.x) * u[0] + (y - axis.y) * u[1]


def _sharpen(p: float, even: float) -> float:
    p = min(max(p, 1e-3), 1 - 1e-3)
    odds = SHARPEN * (math.log(p / (1 - p)) - math.log(even / (1 - even)))
    return 1 / (1 + math.exp(-odds))


def best_window(candidate: Candidate, seen: Sequence[Sighting]) -> Hypothesis:
    """Return the weightiest hypothesis that holds all probable lines, or else the weightiest."""
    first = candidate.hypotheses[0].window
    probable = [s for s in seen if s.present > 0.5]
    for h in candidate.hypotheses:
        centre = place_along(h.window, 0.5, first)
        if all(abs(s.along - centre) < 0.5 * h.window.length - s.sigma_px for s in probable):
            return h
    return candidate.hypotheses[0]


def share(seen: Sighting, axis: Window, window: Window) -> SeenLine:
    """Return a seen line by its share of the chosen window's length."""
    centre = place_along(window, 0.5, axis)
    same_way = axis.flow[0] * window.flow[0] + axis.flow[1] * window.flow[1] > 0
    offset = (seen.along - centre) / window.length * (1 if same_way else -1)
    place = min(max(0.5 + offset, 0.0), 1.0)
    return SeenLine(place, seen.sigma_px / window.length, seen.present, seen.control)
