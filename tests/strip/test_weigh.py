"""What looks like a line must measurably be one, and a doubt that lines share is counted once."""

from __future__ import annotations

import pytest

from reader.interpret.assign import NamedLine
from reader.interpret.verdict import Evidence
from reader.measure.membrane import LineFit
from reader.strip.weigh import weigh

SIGMA = 0.002


def line(
    name: str, present: float, height: float, sigma: float = SIGMA, **changes: object
) -> tuple[NamedLine, LineFit]:
    role = "control" if name == "C" else "test"
    named = NamedLine(name, role, 0.3, 0.02, present, **changes)
    return named, LineFit(100.0, 4.0, height, sigma, 10 * height, 10 * sigma)


def evidence(*lines: tuple[NamedLine, LineFit]) -> dict[str, Evidence]:
    return weigh(lines)


CONTROL = line("C", 0.999, 0.4)


def test_plain_lines_keep_their_probabilities():
    seen = evidence(CONTROL, line("T", 0.98, 0.1))
    assert seen["C"].present == pytest.approx(0.999, abs=1e-6)
    assert seen["T"].present == pytest.approx(0.98 / 0.999, abs=1e-6)
    assert (seen["T"].height, seen["T"].sigma) == (0.1, SIGMA)


@pytest.mark.parametrize("height", [-0.01, 0.0])
def test_a_line_whose_height_is_not_positive_is_hardly_there(height):
    assert evidence(CONTROL, line("T", 0.98, height))["T"].present < 0.02


@pytest.mark.parametrize(("snr", "least", "most"), [(-0.5, 0.0, 0.02), (1.0, 0.49, 0.51), (4.0, 0.97, 0.99)])
def test_a_test_line_must_stand_out_of_its_own_error(snr, least, most):
    assert least <= evidence(CONTROL, line("T", 0.98, snr * SIGMA))["T"].present <= most


def test_a_poor_measurement_does_not_rule_a_seen_line_out():
    assert evidence(CONTROL, line("T", 0.98, 0.2 * SIGMA))["T"].present == pytest.approx(0.5, abs=0.01)


def test_a_doubt_about_the_membrane_that_all_lines_share_is_counted_once():
    shared = evidence(line("C", 0.8, 0.4), line("T", 0.8, 0.1))
    assert shared["C"].present == pytest.approx(0.8)
    assert shared["T"].present == pytest.approx(1.0)


def test_where_the_control_line_is_missing_test_lines_keep_their_own_probability():
    assert evidence(line("C", 0.2, 0.4), line("T", 0.8, 0.1))["T"].present == pytest.approx(0.8)


def test_a_control_line_as_faint_as_shading_counts_only_beside_a_plain_test_line():
    faint = line("C", 0.99, 0.02)
    assert evidence(faint, line("T", 0.01, 0.0))["C"].present < 0.5
    assert evidence(faint, line("T", 0.99, 0.2))["C"].present > 0.95


def test_unexpected_lines_are_no_evidence():
    assert set(evidence(CONTROL, line("X1", 0.99, 0.2, unexpected=True))) == {"C"}


def test_where_even_a_plain_line_would_drown_in_the_error_its_absence_is_not_known():
    assert "T" not in evidence(CONTROL, line("T", 0.004, 0.0, sigma=1.1))
    assert "T" in evidence(CONTROL, line("T", 0.004, 0.0, sigma=0.03))
    assert evidence(CONTROL, line("T", 0.99, 0.9, sigma=0.08))["T"].present > 0.95
