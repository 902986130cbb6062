"""Weigh where a lone line lies against what the device shows of the direction of flow.

A lone line is nearly always the control line, so it also tells the direction; only when the device shows
plainly that it lies at the sample end, or beside the letter of the test line, may it be a test line whose
control line is missing.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reader.interpret.assay import Assay, LineSpec

__all__ = ["WITHOUT_CONTROL", "LetterPlaces", "Lone", "weigh_lone_line", "window_error"]

# Window lengths by which the ends of a found window may be off. A bare strip has no window: its membrane ends
# at pads, which a picture may show a third of its length too early or too late.
WINDOW_ERROR, STRIP_ERROR = 0.10, 0.25
# Share of tests that show a test line but no control line. An assumption, set high: users' tests are
# invalid in 0.2 to 3 of 100, and most of those show no line at all, having got too little sample.
WITHOUT_CONTROL = 0.01
ASTRAY = 0.05  # share of lines that lie anywhere: kits of other layouts, windows found wrongly
# Window lengths from a letter to its line: root mean square 0.065, at most 0.12, on 28 photos of ten kits.
LETTER_ERROR = 0.07
LETTER_REACH = 2.5 * LETTER_ERROR  # within which a line stands beside its letter
ASTRAY_FROM_LETTER = (
    0.005  # share of lines anywhere but beside their letter: half a line in a hundred devices
)


@dataclass(frozen=True, slots=True)
class LetterPlaces:
    """Where the letters beside a window say that its lines are.

    Attributes
    ----------
    reverse : bool
        True when by the letters the control end is the right one.
    control, test : float or None
        Shares of the window's length from its left end, within 0..1 where the window shows the line's
        place; None for a letter that was not read.

    Examples
    --------
    >>> LetterPlaces(False, 0.3, 0.65).beside_control(0.36)
    True
    """

    reverse: bool
    control: float | None = None
    test: float | None = None

    def seen_from(self, *, reverse: bool) -> LetterPlaces:
        """Return the places from the left end or the right; none from the end that is not the control's."""
        if reverse is not self.reverse:
            return LetterPlaces(reverse)
        if not reverse:
            return self
        control, test = (None if place is None else 1 - place for place in (self.control, self.test))
        return LetterPlaces(reverse, control, test)

    @property
    def shows_control(self) -> bool:
        """Whether the window shows all of the control line's place, as far as the letters tell."""
        return self.control is None or LETTER_ERROR < self.control < 1 - LETTER_ERROR

    def beside_control(self, place: float) -> bool:
        """Tell whether a line may be the control's by its letter, if that was read and its place is shown.

        Letters that stand askew stand so by the same amount: with both read, each has the nearer lines.
        """
        if self.control is None or not self.shows_control:
            return True
        half = 0.0 if self.test is None else abs(self.test - self.control) / 2
        return abs(place - self.control) <= max(LETTER_REACH, half)


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


def window_error(assay: Assay) -> float:
    """Return by how much lines may lie off their places because the window's ends do, window lengths."""
    return STRIP_ERROR if assay.kind == "strip" else WINDOW_ERROR


def weigh_lone_line(assay: Assay, place: float, odds: float, letters: LetterPlaces | None = None) -> Lone:
    """Apply Bayes' rule to the four cases: control or test line, control end left or right.

    Parameters
    ----------
    assay : Assay
        Where control and test lines lie.
    place : float
        0..1 from the left end of the window.
    odds : float
        Natural log-odds that the left end is the control's, from the device alone.
    letters : LetterPlaces, optional
        What the letters beside the window say.

    Examples
    --------
    >>> from reader.interpret import load_assay
    >>> generic = load_assay("generic")
    >>> weigh_lone_line(generic, 0.3, 0.0).odds > 2
    True
    >>> round(weigh_lone_line(generic, 0.8, 6.0).test, 1)
    0.2
    >>> weigh_lone_line(generic, 0.65, 8.0, LetterPlaces(False, 0.3, 0.65)).test > 0.8
    True
    """
    left = 1 / (1 + math.exp(-odds))
    letters = letters or LetterPlaces(reverse=False)
    control, test = [], []
    error = window_error(assay)
    for share, at, said in (
        (left, place, letters.seen_from(reverse=False)),
        (1 - left, 1 - place, letters.seen_from(reverse=True)),
    ):
        control.append((1 - WITHOUT_CONTROL) * share * _density(assay.controls, at, said.control, error))
        test.append(WITHOUT_CONTROL * share * _density(assay.tests, at, said.test, error))
    ends = [sum(cases) for cases in zip(control, test, strict=True)]
    return Lone(math.log(ends[0] / ends[1]), sum(test) / sum(ends))


def _density(specs: Sequence[LineSpec], place: float, letter: float | None, error: float) -> float:
    """Return the probability density, per window length, of a line of this role lying at a place."""
    if letter is not None:
        return ASTRAY_FROM_LETTER + (1 - ASTRAY_FROM_LETTER) * _normal(place - letter, LETTER_ERROR)
    # A profile's tolerance bounds where its line may lie: about two standard deviations.
    total = sum(_normal(place - s.position, math.hypot(s.tolerance / 2, error)) for s in specs)
    return ASTRAY + (1 - ASTRAY) * total / len(specs)


def _normal(distance: float, sigma: float) -> float:
    return math.exp(-((distance / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))
