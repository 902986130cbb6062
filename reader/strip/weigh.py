"""Join what the search saw of a strip's lines with what the measurement says of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reader.interpret.assign import NamedLine
from reader.interpret.verdict import Evidence
from reader.measure.evidence import control_height_probability
from reader.measure.membrane import LineFit
from reader.strip.findings import PLAIN, PRESENT

__all__ = ["weigh"]

CONTROL_SNR = 3.0  # standard errors above blank membrane at which a control line is even odds
SHOWN_SNR = 1.0  # standard errors above blank membrane at which a test line is even odds
NOTHING_THERE = 0.01  # probability that is left to a line whose measured height is not even positive


def weigh(lines: Sequence[tuple[NamedLine, LineFit]]) -> dict[str, Evidence]:
    """Return the evidence for each expected line: what looks like a line must measurably be one.

    Parameters
    ----------
    lines : sequence of (NamedLine, LineFit)
        All lines as they were named and measured. Unexpected ones are no evidence, and neither are absent
        ones where even a plain line would drown in the error: those remain unknown.

    Returns
    -------
    dict of str to Evidence
        Test lines with their probability given that the control line is one. Whether they lie on a membrane
        at all is one doubt, which both hold; a verdict that multiplies them must not count it twice.
    """
    # Beside a plainer line a faint one has been told from shading; by itself it has only its height.
    beside = any(n.role == "test" and n.present > PRESENT and f.height > PLAIN for n, f in lines)
    expected = [(n, f) for n, f in lines if not n.unexpected]
    controls = {n.name: _control(n, f, beside=beside) for n, f in expected if n.role == "control"}
    tests = {n.name: _test(n, f) for n, f in expected if n.role != "control" and _measured(n, f)}
    there = min((e.present for e in controls.values()), default=1.0)
    if there > 0.5:
        tests = {name: replace(e, present=min(e.present / there, 1.0)) for name, e in tests.items()}
    return controls | tests


def _control(named: NamedLine, fit: LineFit, *, beside: bool) -> Evidence:
    """``beside`` tells that a plain test line is there to compare the control line with."""
    present = _positive(named, fit) * _exceeds(fit, CONTROL_SNR)
    present *= 1.0 if beside else control_height_probability(fit.height)
    return Evidence(present, fit.height, fit.height_sigma)


def _test(named: NamedLine, fit: LineFit) -> Evidence:
    present = _positive(named, fit)
    # A poor measurement does not show that there is none, either.
    present = max(present * _exceeds(fit, SHOWN_SNR), min(present, 0.5))
    return Evidence(present, fit.height, fit.height_sigma)


def _measured(named: NamedLine, fit: LineFit) -> bool:
    return named.present > 0.5 or fit.height_sigma < PLAIN


def _positive(named: NamedLine, fit: LineFit) -> float:
    return named.present if fit.height > 0 else min(named.present, NOTHING_THERE)


def _exceeds(fit: LineFit, snr: float) -> float:
    """Return how probably a line stands out of blank membrane by more than so many standard errors."""
    return 0.5 * math.erfc(-(fit.height / fit.blank_sigma - snr) / math.sqrt(2))
