"""The words of every output: outcomes, heights and flags, said the same way everywhere."""

from __future__ import annotations

import math
from collections.abc import Iterable
from types import MappingProxyType

from reader.flags import FLAGS, explain
from reader.reading import Analyte, Line, Outcome, Reading, StripReading

__all__ = [
    "OUTCOME_WORDS",
    "analyte_text",
    "flag_text",
    "flagged_strips",
    "height_text",
    "line_text",
    "outcome_word",
    "with_sigma",
]

OUTCOME_WORDS = MappingProxyType(
    {
        Outcome.POSITIVE: "positive",
        Outcome.NEGATIVE: "negative",
        Outcome.INVALID: "invalid",
        Outcome.INDETERMINATE: "indeterminate",
        Outcome.NOT_READ: "not read",
        Outcome.MULTIPLE: "several results",
    }
)


def outcome_word(outcome: Outcome) -> str:
    """Return the word that people read for an outcome.

    Examples
    --------
    >>> outcome_word(Outcome.NOT_READ)
    'not read'
    """
    return OUTCOME_WORDS[outcome]


def with_sigma(value: float | None, sigma: float | None) -> str:
    """Return a value with its standard error, to three decimals, or four when the error is smaller.

    Parameters
    ----------
    value, sigma : float or None
        Dimensionless; None when unknown.

    Returns
    -------
    str
        ``"unknown"`` when there is no value.

    Examples
    --------
    >>> with_sigma(0.3121, 0.0031)
    '0.312 ± 0.003'
    >>> with_sigma(-0.0001, None)
    '0.000'
    """
    if value is None or not math.isfinite(value):
        return "unknown"
    if sigma is None or not math.isfinite(sigma):
        return _fixed(value, 3)
    digits = 3 if sigma >= 0.0005 or sigma == 0 else 4
    return f"{_fixed(value, digits)} ± {_fixed(sigma, digits)}"


def height_text(line: Line) -> str:
    """Return a line's height with its standard error."""
    return with_sigma(line.height, line.height_sigma)


def line_text(line: Line) -> str:
    """Return a line in a few words: name, height and whether it is absent.

    Examples
    --------
    >>> line_text(Line("T", "test", False, None, None, 0.001, 0.002, None, None, 0.5))
    'T 0.001 ± 0.002, absent'
    """
    return f"{line.name} {height_text(line)}" + ("" if line.detected else ", absent")


def analyte_text(name: str, analyte: Analyte) -> str:
    """Return an analyte's result in a few words.

    Examples
    --------
    >>> analyte_text("Pf", Analyte(Outcome.POSITIVE, confidence=0.998, ratio=0.41, ratio_sigma=0.02))
    'Pf: positive (confidence 99.8 %, test to control 0.41 ± 0.02)'
    """
    notes = []
    if analyte.confidence is not None:
        notes.append(f"confidence {_percent(analyte.confidence)}")
    if analyte.ratio is not None:
        sigma = "" if analyte.ratio_sigma is None else f" ± {_fixed(analyte.ratio_sigma, 2)}"
        notes.append(f"test to control {_fixed(analyte.ratio, 2)}{sigma}")
    if analyte.concentration is not None:
        notes.append(f"concentration {analyte.concentration:.3g}")
    return f"{name}: {outcome_word(analyte.outcome)}" + (f" ({', '.join(notes)})" if notes else "")


def flag_text(code: str) -> str:
    """Return what a flag means and what to do, or its bare code when this version does not know it."""
    return explain(code) if code in FLAGS else code


def flagged_strips(reading: Reading) -> list[tuple[str, tuple[int, ...]]]:
    """Collect the flags that a person is warned of, each once, with the strips that carry it.

    Parameters
    ----------
    reading : Reading
        What the picture says.

    Returns
    -------
    list of (str, tuple of int)
        Rejecting flags first, then in order of appearance; no strip numbers for the picture's own.
        Technical flags, which say nothing of the picture or the test, are left out.
    """
    found: dict[str, list[int]] = {code: [] for code in reading.flags}
    for strip in reading.strips:
        _note(found, strip)
    told = [code for code in found if not (code in FLAGS and FLAGS[code].technical)]
    told.sort(key=lambda code: not (code in FLAGS and FLAGS[code].rejecting))
    return [(code, tuple(found[code])) for code in told]


def _note(found: dict[str, list[int]], strip: StripReading) -> None:
    for code in _unique(strip.flags):
        found.setdefault(code, []).append(strip.id)


def _unique(codes: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(codes))


def _fixed(value: float, digits: int) -> str:
    return f"{round(value, digits) + 0.0:.{digits}f}"


def _percent(share: float) -> str:
    # A measurement never gives certainty, so neither 0 nor 100 % is ever printed.
    return "> 99.9 %" if share > 0.999 else f"{100 * share:.1f} %"
