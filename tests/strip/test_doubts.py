"""Where one strip of a picture is told to be a pattern, none beside it is called."""

from __future__ import annotations

import pytest

from reader.reading import Analyte, Outcome, StripReading
from reader.strip import without_patterns
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
