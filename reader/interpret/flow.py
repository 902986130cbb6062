"""Weigh where a lone line lies against what the device shows of the direction of flow.

A lone line is nearly always the control line, so it also tells the direction; only when the device shows
plainly that it lies at the sample end may it be a test line whose control line is missing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reader.interpret.assay import Assay, LineSpec

__all__ = ["WINDOW_ERROR", "Lone", "weigh_lone_line"]

WINDOW_ERROR = 0.10  # window lengths by which the ends of a found window may be off
# Share of tests that show a test line but no control line. An assumption, set high: users' tests are
# invalid in 0.2 to 3 of 100, and most of those show no line at all, having got too little sample.
WITHOUT_CONTROL = 0.01
ASTRAY = 0.05  # share of lines that lie anywhere: kits of other layouts, windows found wrongly


@dataclass(frozen=True, slots=True)
class Lone:
    """What a lone line and the device say together.

    Attributes
    ----------
    odds : float
        Natural log-odds that the left end is the control's.
    test : float
        Probability that the line is a test line.
    """

    odds: float
    test: float


def weigh_lone_line(assay: Assay, place: float, odds: float) -> Lone:
    """Apply Bayes' rule to the four cases: control or test line, control end left or right.

    Parameters
    ----------
    assay : Assay
        Where control and test lines lie.
    place : float
        0..1 from the left end of the window.
    odds : float
        Natural log-odds that the left end is the control's, from the device alone.

    Examples
    --------
    >>> from reader.interpret import load_assay
    >>> generic = load_assay("generic")
    >>> weigh_lone_line(generic, 0.3, 0.0).odds > 2
    True
    >>> round(weigh_lone_line(generic, 0.8, 6.0).test, 1)
    0.2
    """
    left = 1 / (1 + math.exp(-odds))
    control, test = [
        [left * _density(specs, place), (1 - left) * _density(specs, 1 - place)]
        for specs in (assay.controls, assay.tests)
    ]
    cases = [
        [(1 - WITHOUT_CONTROL) * share for share in control],
        [WITHOUT_CONTROL * share for share in test],
    ]
    ends = [sum(case[side] for case in cases) for side in (0, 1)]
    return Lone(math.log(ends[0] / ends[1]), sum(cases[1]) / sum(ends))


def _density(specs: Sequence[LineSpec], place: float) -> float:
    """Return the probability density, per window length, of a line of this role lying at a place."""
    total = 0.0
    for spec in specs:
        # A profile's tolerance bounds where its line may lie: about two standard deviations.
        sigma = math.hypot(spec.tolerance / 2, WINDOW_ERROR)
        normal = math.exp(-(((place - spec.position) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))
        total += normal / len(specs)
    return ASTRAY + (1 - ASTRAY) * total
