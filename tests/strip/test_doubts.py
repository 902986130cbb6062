"""What is seen beside the lines, or instead of them, forbids a call."""

from __future__ import annotations

import numpy as np
import pytest

from reader.geometry import Window
from reader.interpret import load_assay
from reader.interpret.assign import Assignment, NamedLine
from reader.locate.hypothesis import Candidate, Hypothesis
from reader.measure.lines import FoundLine
from reader.reading import Analyte, Outcome, StripReading
from reader.strip import without_patterns
from reader.strip.doubts import doubt
from reader.strip.findings import Findings
from tests.measure.clear import found
from tests.unit.test_reading import strip


def held(*strips: StripReading) -> list[Outcome]:
    return [s.outcome for s in without_patterns(strips)]


def called(outcome: Outcome, *flags: str) -> StripReading:
    return strip(outcome=outcome, flags=flags, analytes={"target": Analyte(outcome, confidence=0.99)})


@pytest.mark.parametrize("outcome", [Outcome.POSITIVE, Outcome.NEGATIVE])
def test_what_is_found_beside_a_pattern_is_not_called(outcome):
    _, beside = without_patterns((called(Outcome.INDETERMINATE, "patterned"), called(outcome)))
    assert beside.outcome is Outcome.INDETERMINATE
    assert "patterned" in beside.flags
    assert "pattern" in beside.summary
    assert beside.analytes["target"] == Analyte(Outcome.INDETERMINATE)


@pytest.mark.parametrize("outcome", [Outcome.INVALID, Outcome.NOT_READ])
def test_what_is_no_call_stays_as_it_is_beside_a_pattern(outcome):
    assert held(called(Outcome.INDETERMINATE, "patterned"), called(outcome))[1] is outcome


def test_without_a_pattern_nothing_changes():
    strips = (called(Outcome.POSITIVE), called(Outcome.NEGATIVE))
    assert without_patterns(strips) is strips


@pytest.mark.parametrize(
    ("no_calls", "outcome"),
    [(2, Outcome.NEGATIVE), (3, Outcome.INDETERMINATE), (7, Outcome.INDETERMINATE)],
    ids=["one of three", "one of four", "one of eight"],
)
def test_what_looks_like_a_test_among_many_things_that_do_not_is_not_called(no_calls, outcome):
    others = [called(Outcome.INVALID)] * no_calls
    assert held(*others, called(Outcome.NEGATIVE)) == [Outcome.INVALID] * no_calls + [outcome]


def test_two_used_tests_beside_three_unused_ones_are_called():
    outcomes = [Outcome.POSITIVE, *[Outcome.INVALID] * 3, Outcome.NEGATIVE]
    assert held(*map(called, outcomes)) == outcomes


WIDTH = 100.0


def hypothesis(length: float, *lines: FoundLine, weight: float = 1.0) -> Hypothesis:
    """Look at a rectangle of this length (widths) that begins where all others do."""
    window = Window(length * WIDTH / 2, 0.0, 0.0, length * WIDTH, WIDTH)
    return Hypothesis(window, 0.0, lines, mottle=0.003, ground=0.005, tint=0.02, weight=weight)


def findings(*hypotheses: Hypothesis, lines: tuple[NamedLine, ...] = ()) -> Findings:
    """Put together what doubts are about; the first rectangle is the one that was measured."""
    return Findings(
        Candidate(hypotheses, odds=3.0, close_up=True),
        hypotheses[0],
        load_assay("generic"),
        Assignment(lines, reverse=False, known=False, without_control=0.0),
        fit=None,
        quality=None,
        step=1.0,
        coloured=True,
        faint=False,
        foreign=None,
    )


def without_lines(*bars: FoundLine) -> Findings:
    """Put together what is found out about a membrane on which bars, but no lines were found."""
    return findings(hypothesis(5.0, *bars))


GREY = np.array([0.2, 0.2, 0.2])


@pytest.mark.parametrize(
    ("bar", "held"),
    [
        (found(), True),
        (found(colour=GREY), False),
        (found(colour=GREY, height=1.3, frame=0.1), True),
        (found(frame=0.1), False),
        (found(full=0.5), False),
    ],
    ids=["coloured", "grey as a shade", "darker than any shade", "at the end of the frame", "half a bar"],
)
def test_a_bar_that_is_no_shade_makes_an_invalid_test_indeterminate(bar, held):
    reason = doubt(without_lines(bar), (), Outcome.INVALID)
    assert (reason is not None) == held


def test_a_bare_membrane_without_lines_stays_invalid():
    assert doubt(without_lines(), (), Outcome.INVALID) is None


CONTROL = found(place=1.2, to_end=1.2)


@pytest.mark.parametrize(
    ("test", "weight", "held"),
    [
        (found(place=2.8, height=0.12, to_end=1.4), 0.2, True),
        (found(place=2.8, height=0.12, to_end=1.4), 0.05, False),
        (found(place=2.8, height=0.12, to_end=1.4, colour=GREY), 0.2, False),
        (found(place=1.25, height=0.12, to_end=1.25), 0.2, False),
    ],
    ids=["a line", "in an unlikely window", "grey", "the control line"],
)
def test_a_line_at_which_the_measured_window_ends_forbids_negative(test, weight, held):
    cut = hypothesis(2.9, CONTROL, weight=1 - weight)
    whole = hypothesis(4.2, CONTROL, test, weight=weight)
    named = NamedLine("C", "control", 1.2 / 2.9, 0.04, 0.99)
    reason = doubt(findings(cut, whole, lines=(named,)), (), Outcome.NEGATIVE)
    assert (reason is not None) == held


@pytest.mark.parametrize(
    ("outcome", "held"), [(Outcome.NEGATIVE, True), (Outcome.POSITIVE, False), (Outcome.INVALID, False)]
)
def test_a_line_where_the_kit_has_none_forbids_negative(outcome, held):
    lines = (
        NamedLine("C", "control", 0.3, 0.04, 0.99),
        NamedLine("?", "test", 0.9, 0.04, 0.99, unexpected=True),
    )
    reason = doubt(findings(hypothesis(4.2, CONTROL), lines=lines), (), outcome)
    assert (reason is not None and "kit has none" in reason) == held


@pytest.mark.parametrize(
    ("test", "held"),
    [
        (found(place=2.8, sigma=0.05, height=0.2, colour=GREY), True),
        (found(place=2.8, sigma=0.12, height=0.2, colour=GREY), False),
        (found(place=2.8, sigma=0.05, height=0.2), False),
    ],
    ids=["a groove", "as wide as a line", "of the label's colour"],
)
def test_a_groove_beside_a_coloured_line_is_not_called_a_line(test, held):
    named = (NamedLine("C", "control", 1.2 / 4.2, 0.04, 0.99), NamedLine("T", "test", 2.8 / 4.2, 0.04, 0.99))
    window = hypothesis(4.2, CONTROL, test)
    reason = doubt(findings(window, lines=named), (), Outcome.POSITIVE)
    assert (reason is not None) == held


RIM = {"place": 3.6, "to_end": 0.6, "frame": 0.3, "colour": np.array([0.17, 0.24, 0.2]), "height": 0.2}


@pytest.mark.parametrize(
    ("change", "held"),
    [
        ({}, True),
        ({"to_end": 1.5}, False),
        ({"frame": 0.8}, False),
        ({"colour": np.array([0.0, 0.2, 0.1])}, False),
    ],
    ids=["a rim", "well inside", "the sides go on", "of a dye's colour"],
)
def test_a_positive_that_rests_on_what_may_be_a_rim_is_not_called(change, held):
    named = (NamedLine("C", "control", 1.2 / 4.2, 0.04, 0.99), NamedLine("T", "test", 3.6 / 4.2, 0.04, 0.99))
    window = hypothesis(4.2, CONTROL, found(**{**RIM, **change}))
    reason = doubt(findings(window, lines=named), (), Outcome.POSITIVE)
    assert (reason is not None and "rim" in reason) == held


def test_a_negative_whose_window_spans_two_materials_is_not_called():
    joint = found(place=2.8, to_end=1.4, height=0.2, step=1.5, plausible=0.1)
    named = (NamedLine("C", "control", 1.2 / 4.2, 0.04, 0.99), NamedLine("T", "test", 3.5 / 4.2, 0.04, 0.01))
    assert doubt(findings(hypothesis(4.2, CONTROL, joint), lines=named), (), Outcome.NEGATIVE) is not None
    even = found(place=2.8, to_end=1.4, height=0.02, step=1.5, plausible=0.1)
    assert doubt(findings(hypothesis(4.2, CONTROL, even), lines=named), (), Outcome.NEGATIVE) is None
