"""Give the lines that were seen the names of the lines that the assay has.

Knows nothing of pixels: places are shares of the window's length from its left end, and each line that
was seen carries the probability that it is one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reader.interpret.assay import Assay, LineSpec
from reader.interpret.flow import WINDOW_ERROR, weigh_lone_line

__all__ = ["Assignment", "NamedLine", "SeenLine", "assign"]

ABSENT = 0.004  # probability of a line at a place where nothing at all was seen
PRESENT = 0.5
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
    lone_test : float
        Probability that the only line there is a test line without a control; 0 when there are more.
    """

    lines: tuple[NamedLine, ...]
    reverse: bool
    known: bool
    lone_test: float


def assign(assay: Assay, seen: Sequence[SeenLine], *, odds: float, sigma: float) -> Assignment:
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
    """
    reverse, lone_test = _direction(assay, seen, odds)
    turned = [_turn(line) for line in seen] if reverse else list(seen)
    name = _open_ended if assay.open_ended else _by_place
    lines = name(assay, sorted(turned, key=lambda line: line.place), sigma)
    if reverse:
        lines = [NamedLine(n.name, n.role, 1 - n.place, n.sigma, n.present, n.unexpected) for n in lines]
    known = abs(odds) >= KNOWN_ODDS and reverse == (odds < 0)
    return Assignment(tuple(lines), reverse, known, lone_test)


def _turn(line: SeenLine) -> SeenLine:
    return SeenLine(1 - line.place, line.sigma, line.present, line.control)


def _direction(assay: Assay, seen: Sequence[SeenLine], odds: float) -> tuple[bool, float]:
    """Return whether the control end is the right one, and how probably a lone line is a test line."""
    there = [line for line in seen if max(line.present, line.control) > PRESENT]
    if len(there) == 1:
        lone = weigh_lone_line(assay, there[0].place, odds)
        return lone.odds < 0, lone.test
    fits = [_fit(assay, lines) for lines in (seen, [_turn(line) for line in seen])]
    return FIT_WEIGHT * (fits[0] - fits[1]) + odds < 0, 0.0


def _fit(assay: Assay, seen: Sequence[SeenLine]) -> float:
    """Score how well the lines seen lie where the assay has lines."""
    expected = assay.controls[0]
    if assay.open_ended:
        control = max(seen, key=lambda line: line.control, default=None)
    else:
        control = _control_of(assay, seen)
    if control is None:
        return -1.0
    score = -abs(control.place - expected.position)
    if assay.open_ended:
        others = [line for line in seen if line is not control and line.present > PRESENT]
        return score + sum(0.2 * (line.place > control.place) for line in others)
    shift = control.place - expected.position
    for line in seen:
        if line is control or line.present <= PRESENT:
            continue
        near = min((abs(line.place - shift - s.position) / s.tolerance for s in assay.tests), default=9.0)
        score += max(0.0, 1.0 - near)
    return score


def _open_ended(assay: Assay, seen: Sequence[SeenLine], sigma: float) -> list[NamedLine]:
    """Name lines C, T1, T2, … : the control is the first sure line from the control end."""
    expected = assay.controls[0]
    there = [line for line in seen if line.present > PRESENT or line.control > PRESENT]
    if not there:
        absent = NamedLine(
            expected.name, "control", expected.position, sigma, _nearest(seen, expected.position)
        )
        test = assay.tests[0]
        return [absent, NamedLine(test.name, "test", test.position, sigma, ABSENT)]
    # What may be no line at all is not taken for the control where another one surely is a line.
    control = next((line for line in there if max(line.present, line.control) > SURE), there[0])
    lines = [
        NamedLine(
            expected.name, "control", control.place, control.sigma, max(control.present, control.control)
        )
    ]
    tests = [line for line in there if line is not control]
    doubtful = max((line for line in seen if line not in there), key=lambda line: line.present, default=None)
    if not tests:
        if doubtful is not None and doubtful.present > ABSENT:
            tests = [doubtful]
        else:
            place = control.place + TEST_OFFSET
            if place > 1 - NEAREST_PLACE:
                place = max(control.place - TEST_OFFSET, NEAREST_PLACE)
            tests = [SeenLine(place, control.sigma, ABSENT, 0.0)]
    for k, line in enumerate(tests, start=1):
        name = "T" if len(tests) == 1 else f"T{k}"
        lines.append(NamedLine(name, "test", line.place, line.sigma, line.present))
    return lines


def _nearest(seen: Sequence[SeenLine], place: float) -> float:
    return max((line.present for line in seen if abs(line.place - place) < 0.2), default=ABSENT)


def _by_place(assay: Assay, seen: Sequence[SeenLine], sigma: float) -> list[NamedLine]:
    """Name lines by where the assay has them, counted from the control line that was found."""
    anchor = assay.controls[0]
    control = _control_of(assay, seen)
    shift = 0.0 if control is None else control.place - anchor.position
    free = list(seen)
    lines: list[NamedLine] = []
    for spec in sorted(assay.lines, key=lambda s: s.role != "control"):
        match = control if spec is anchor else _match(spec, shift, free)
        if match is not None:
            free.remove(match)
            present = max(match.present, match.control) if spec.role == "control" else match.present
            lines.append(NamedLine(spec.name, spec.role, match.place, match.sigma, present))
        else:
            place = min(max(spec.position + shift, NEAREST_PLACE), 1 - NEAREST_PLACE)
            lines.append(NamedLine(spec.name, spec.role, place, sigma, ABSENT))
    lines += [
        NamedLine("?", "test", line.place, line.sigma, line.present, unexpected=True)
        for line in free
        if line.present > PRESENT
    ]
    return sorted(lines, key=lambda line: line.place)


def _control_of(assay: Assay, seen: Sequence[SeenLine]) -> SeenLine | None:
    """Return the line that can be the control: where it belongs, and with the others where they belong."""
    anchor = assay.controls[0]
    there = [line for line in seen if max(line.present, line.control) > PRESENT]
    near = [line for line in there if abs(line.place - anchor.position) <= anchor.tolerance + WINDOW_ERROR]

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
