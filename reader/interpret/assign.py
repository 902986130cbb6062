"""Give the lines that were seen the names of the lines that the assay has.

Knows nothing of pixels: places are shares of the window's length from its left end, and each line that
was seen carries the probability that it is one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reader.interpret.assay import Assay, LineSpec
from reader.interpret.flow import WITHOUT_CONTROL, LetterPlaces, weigh_lone_line, window_error

__all__ = ["Assignment", "NamedLine", "SeenLine", "assign"]

ABSENT = 0.004  # probability of a line at a place where nothing at all was seen
PRESENT = 0.5
# A less probable line was seen where the noise is highest: measured there, nothing would be something.
DOUBTFUL = 0.15
SURE = 0.9
KNOWN_ODDS = 2.0  # natural log-odds from the device: 29 of 29 real and 92 of 92 simulated cassettes are right
FIT_WEIGHT = 2.0  # natural log-odds for a control line one window length nearer to its place
TEST_OFFSET = 0.36  # window lengths from control to test line: the median of single-line kits
NEAREST_PLACE = 0.12  # of the window's length: no expected line lies nearer to its end


@dataclass(frozen=True, slots=True)
class SeenLine:
    """A line as it was seen in the picture.

    Attributes
    ----------
    place : float
        0..1 from the left end of the window.
    sigma : float
        Gaussian sigma, window lengths.
    present : float
        Probability that it is a line of the test.
    control : float
        Probability that it is the line that looks most like a control line.
    """

    place: float
    sigma: float
    present: float
    control: float


@dataclass(frozen=True, slots=True)
class NamedLine:
    """An expected or found line, with where to measure it and how probable it is."""

    name: str
    role: str
    place: float
    sigma: float
    present: float
    unexpected: bool = False


@dataclass(frozen=True, slots=True)
class Assignment:
    """Names for all lines, and the direction of flow that they were given for.

    Attributes
    ----------
    lines : tuple of NamedLine
        In order from the control end; places still from the left end.
    reverse : bool
        True when the control end is the right one.
    known : bool
        True when the picture shows the direction.
    without_control : float
        Probability that lines are there and the control line is not.
    """

    lines: tuple[NamedLine, ...]
    reverse: bool
    known: bool
    without_control: float


def assign(
    assay: Assay,
    seen: Sequence[SeenLine],
    *,
    odds: float,
    sigma: float,
    letters: LetterPlaces | None = None,
) -> Assignment:
    """Name the lines of a strip.

    Parameters
    ----------
    assay : Assay
        The profile; an open-ended one takes all lines that are there.
    seen : sequence of SeenLine
        What was found, in any order.
    odds : float
        Natural log-odds that the left end is the control's, from what the device shows; 0 for nothing.
    sigma : float
        Line sigma to expect where nothing was seen, window lengths.
    letters : LetterPlaces, optional
        What the letters beside the window say; `odds` include them.
    """
    letters = letters or LetterPlaces(reverse=False)
    reverse, without = _direction(assay, seen, odds, letters)
    ordered = sorted([_turn(line) for line in seen] if reverse else seen, key=lambda line: line.place)
    said = letters.seen_from(reverse=reverse)
    control = _control(assay, ordered, said) if without <= PRESENT else None
    name = _open_ended if assay.open_ended else _by_place
    lines = name(assay, ordered, control, sigma, said)
    if reverse:
        lines = [NamedLine(n.name, n.role, 1 - n.place, n.sigma, n.present, n.unexpected) for n in lines]
    known = abs(odds) >= KNOWN_ODDS and reverse == (odds < 0)
    return Assignment(tuple(lines), reverse, known, without)


def _turn(line: SeenLine) -> SeenLine:
    return SeenLine(1 - line.place, line.sigma, line.present, line.control)


def _there(seen: Sequence[SeenLine]) -> list[SeenLine]:
    return [line for line in seen if max(line.present, line.control) > PRESENT]


def _direction(
    assay: Assay, seen: Sequence[SeenLine], odds: float, letters: LetterPlaces
) -> tuple[bool, float]:
    """Return whether the control end is the right one, and how probably the control line is missing."""
    there = _there(seen)
    if len(there) == 1:
        lone = weigh_lone_line(assay, there[0].place, odds, letters)
        # A window that does not show where the control line lies leaves it open whether that is missing.
        return lone.odds < 0, lone.test if letters.shows_control else min(lone.test, PRESENT)
    ways = [(seen, letters.seen_from(reverse=False))]
    ways.append(([_turn(line) for line in seen], letters.seen_from(reverse=True)))
    fits = [_fit(assay, lines, said) for lines, said in ways]
    left = FIT_WEIGHT * (fits[0] - fits[1]) + odds
    missing = [bool(there) and _control(assay, lines, said) is None for lines, said in ways]
    share = 1 / (1 + math.exp(-left))
    return left < 0, share * missing[0] + (1 - share) * missing[1]


def _fit(assay: Assay, seen: Sequence[SeenLine], letters: LetterPlaces) -> float:
    """Score how well the lines seen lie where the assay has lines."""
    expected = assay.controls[0]
    if assay.open_ended:
        control = max(seen, key=lambda line: line.control, default=None)
        if control is None:
            return -1.0
        others = [line for line in seen if line is not control and line.present > PRESENT]
        return sum(0.2 * (line.place > control.place) for line in others) - abs(
            control.place - expected.position
        )
    control = _control_of(assay, seen, letters)
    shift = _shift(assay, control, letters)
    # A control line in its place counts as much as a test line in its own.
    score = math.log(WITHOUT_CONTROL) / FIT_WEIGHT if control is None else 1.0 - abs(shift)
    for line in seen:
        if line is control or line.present <= PRESENT:
            continue
        near = min((abs(line.place - shift - s.position) / s.tolerance for s in assay.tests), default=9.0)
        score += max(0.0, 1.0 - near)
    return score


def _shift(assay: Assay, control: SeenLine | None, letters: LetterPlaces) -> float:
    """Return by how much the lines of an assay lie off their places: its control line, or else its letter."""
    place = control.place if control is not None else letters.control
    return 0.0 if place is None else place - assay.controls[0].position


def _control(assay: Assay, seen: Sequence[SeenLine], letters: LetterPlaces) -> SeenLine | None:
    return _first_of(seen, letters) if assay.open_ended else _control_of(assay, seen, letters)


def _first_of(seen: Sequence[SeenLine], letters: LetterPlaces) -> SeenLine | None:
    """Return the line that must be the control: the first from its end, or the one beside its letter."""
    near = [line for line in _there(seen) if letters.beside_control(line.place)]
    origin = 0.0 if letters.control is None else letters.control
    near.sort(key=lambda line: abs(line.place - origin))
    # What may be no line at all is not taken for the control where another one surely is a line.
    return next((line for line in near if max(line.present, line.control) > SURE), near[0] if near else None)


def _open_ended(
    assay: Assay,
    seen: Sequence[SeenLine],
    control: SeenLine | None,
    sigma: float,
    letters: LetterPlaces,
) -> list[NamedLine]:
    """Name lines C, T1, T2, … from the control end."""
    expected = assay.controls[0]
    tests = [line for line in _there(seen) if line is not control]
    if control is None:
        place = _inside(expected.position if letters.control is None else letters.control)
        others = [line for line in seen if line not in tests]
        lines = [NamedLine(expected.name, "control", place, sigma, _nearest(others, place))]
        if not tests:
            spec = assay.tests[0]
            return [*lines, NamedLine(spec.name, "test", spec.position, sigma, ABSENT)]
    else:
        present = max(control.present, control.control)
        lines = [NamedLine(expected.name, "control", control.place, control.sigma, present)]
        tests = tests or [_likeliest_test(seen, control)]
    for k, line in enumerate(tests, start=1):
        name = "T" if len(tests) == 1 else f"T{k}"
        lines.append(NamedLine(name, "test", line.place, line.sigma, line.present))
    return lines


def _likeliest_test(seen: Sequence[SeenLine], control: SeenLine) -> SeenLine:
    """Return the likeliest of what may be a test line; or where to look for one, if nothing was seen."""
    doubtful = max((s for s in seen if s is not control), key=lambda line: line.present, default=None)
    if doubtful is not None and doubtful.present > ABSENT:
        return doubtful
    place = control.place + TEST_OFFSET
    if place > 1 - NEAREST_PLACE:
        place = max(control.place - TEST_OFFSET, NEAREST_PLACE)
    return SeenLine(place, control.sigma, ABSENT, 0.0)


def _inside(place: float) -> float:
    return min(max(place, NEAREST_PLACE), 1 - NEAREST_PLACE)


def _nearest(seen: Sequence[SeenLine], place: float) -> float:
    return max((line.present for line in seen if abs(line.place - place) < 0.2), default=ABSENT)


def _by_place(
    assay: Assay,
    seen: Sequence[SeenLine],
    control: SeenLine | None,
    sigma: float,
    letters: LetterPlaces,
) -> list[NamedLine]:
    """Name lines by where the assay has them, counted from the control line that was found."""
    anchor = assay.controls[0]
    shift = _shift(assay, control, letters)
    free = list(seen)
    lines: list[NamedLine] = []
    for spec in sorted(assay.lines, key=lambda s: s.role != "control"):
        match = control if spec is anchor else _match(spec, shift, free)
        place, present = _inside(spec.position + shift), ABSENT
        if match is not None:
            free.remove(match)
            present = max(match.present, match.control) if spec.role == "control" else match.present
        if match is not None and present > DOUBTFUL:
            lines.append(NamedLine(spec.name, spec.role, match.place, match.sigma, present))
        else:
            lines.append(NamedLine(spec.name, spec.role, place, sigma, present))
    lines += [
        NamedLine("?", "test", line.place, line.sigma, line.present, unexpected=True)
        for line in free
        if line.present > PRESENT
    ]
    return sorted(lines, key=lambda line: line.place)


def _control_of(assay: Assay, seen: Sequence[SeenLine], letters: LetterPlaces) -> SeenLine | None:
    """Return the line that can be the control: where it belongs, and with the others where they belong."""
    anchor = assay.controls[0]
    there = _there(seen)
    if len(there) == 1 and letters.control is None:
        # Wherever it lies, it was weighed to be the control line rather than a test line without one.
        return there[0]
    if letters.control is not None and letters.shows_control:
        near = [line for line in there if letters.beside_control(line.place)]
    else:
        reach = anchor.tolerance + window_error(assay)
        near = [line for line in there if abs(line.place - anchor.position) <= reach]

    def fit(line: SeenLine) -> tuple[int, float]:
        shift = line.place - anchor.position
        others = [other for other in there if other is not line]
        placed = sum(
            any(abs(other.place - shift - spec.position) <= spec.tolerance for spec in assay.tests)
            for other in others
        )
        return placed, -abs(shift)

    return max(near, key=fit, default=None)


def _match(spec: LineSpec, shift: float, free: Sequence[SeenLine]) -> SeenLine | None:
    """Return the most probable free line within the tolerance of a place."""
    near = [line for line in free if abs(line.place - shift - spec.position) <= spec.tolerance]
    return max(near, key=lambda line: line.present, default=None)
