"""Sensitivity against how strong the test line is: as it was measured, and as people said."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from reader.evaluate.answers import Answer
from reader.evaluate.intervals import Share, share
from reader.evaluate.numbers import Case
from reader.reading import Outcome

__all__ = ["Bin", "Scale", "scales_of"]

SNR_ENDS = (3.0, 5.0, 10.0, 20.0, 50.0)  # standard errors of noise: not told from none, barely, plainly there
HEIGHT_ENDS = (0.01, 0.02, 0.05, 0.1, 0.2)  # absorbance: an eye's limit is 0.01, anyone sees 0.05
MOST_VALUES = 6  # of a person's scale that are shown one by one
NOT_MEASURED = "not measured"


@dataclass(frozen=True, slots=True)
class Bin:
    """Positive tests whose lines are about as strong.

    Attributes
    ----------
    name : str
        Its range or value.
    middle : float or None
        Median strength of its tests; None where strength is no number.
    positive : Share
        Those read as positive: the sensitivity.
    wrong, no_call : float
        Numbers of tests read as negative or invalid, and without a call.
    """

    name: str
    middle: float | None
    positive: Share
    wrong: float
    no_call: float


@dataclass(frozen=True, slots=True)
class Scale:
    """One way to tell how strong lines are, with its bins from weak to strong.

    Attributes
    ----------
    key, title, unit : str
        Name in documents; heading; what an axis shows.
    bins : tuple of Bin
        Empty ones are left out; what was not measured comes last.
    least : float
        Strength from which on an axis shows differences.
    """

    key: str
    title: str
    unit: str
    bins: tuple[Bin, ...]
    least: float = -math.inf


def scales_of(cases: Sequence[Case]) -> tuple[Scale, ...]:
    """Sort the positive tests by the strength of their strongest test line.

    Parameters
    ----------
    cases : sequence of Case
        Those that are left out do not count, nor do those that are not expected to be positive.

    Returns
    -------
    tuple of Scale
        By height over its own noise, by absorbance, and by the labels' own strength where they give one.
        What was measured holds for called and uncalled lines alike, but for a line in a window that was not
        found nothing was measured.
    """
    cases = [c for c in cases if not c.label.left_out and c.label.expected is Outcome.POSITIVE]
    if not cases:
        return ()
    scales = [
        Scale(
            "snr",
            "by height over noise",
            "height of the test line over its noise",
            _measured(cases, lambda answer: answer.snr, SNR_ENDS),
            least=1.0,
        ),
        Scale(
            "height",
            "by absorbance",
            "measured absorbance of the test line",
            _measured(cases, lambda answer: answer.height, HEIGHT_ENDS),
            least=0.003,
        ),
    ]
    said = [case for case in cases if case.label.strength]
    if said:
        scales.append(Scale("strength", "by labelled strength", "strength in the labels", _said(said)))
    return tuple(scales)


def _measured(
    cases: Sequence[Case], value: Callable[[Answer], float | None], ends: Sequence[float]
) -> tuple[Bin, ...]:
    known = [(case, v) for case in cases if (v := value(case.answer)) is not None]
    unknown = [case for case in cases if value(case.answer) is None]
    bins = _ranges(known, ends)
    return (*bins, _bin(NOT_MEASURED, unknown)) if unknown else bins


def _said(cases: Sequence[Case]) -> tuple[Bin, ...]:
    known = [(case, v) for case in cases if (v := _number(case.label.strength)) is not None]
    if len(known) < len(cases):
        names = sorted({case.label.strength for case in cases})
        return tuple(_bin(name, [c for c in cases if c.label.strength == name]) for name in names)
    values = sorted(v for _, v in known)
    if len(set(values)) > MOST_VALUES:
        return _ranges(known, sorted({values[len(values) * k // MOST_VALUES] for k in range(1, MOST_VALUES)}))
    single = ((v, [c for c, other in known if other == v]) for v in sorted(set(values)))
    return tuple(_bin(f"{v:g}", inside, [v]) for v, inside in single)


def _ranges(known: Sequence[tuple[Case, float]], ends: Sequence[float]) -> tuple[Bin, ...]:
    """Sort tests into the ranges between some ends, and leave out empty ones."""
    bins = []
    for low, high in pairwise((-math.inf, *ends, math.inf)):
        inside = [(case, v) for case, v in known if low <= v < high]
        if inside:
            bins.append(_bin(_range(low, high), [c for c, _ in inside], [v for _, v in inside]))
    return tuple(bins)


def _bin(name: str, cases: Sequence[Case], values: Sequence[float] = ()) -> Bin:
    def weight(*outcomes: Outcome) -> float:
        return sum(case.label.weight for case in cases if case.answer.outcome in outcomes)

    total = sum(case.label.weight for case in cases)
    uncalled = sum(case.label.weight for case in cases if not case.answer.called)
    return Bin(
        name,
        median(values) if values else None,
        share(weight(Outcome.POSITIVE), total),
        weight(Outcome.NEGATIVE, Outcome.INVALID),
        uncalled,
    )


def _range(low: float, high: float) -> str:
    if math.isinf(low):
        return f"< {high:g}"
    return f"≥ {low:g}" if math.isinf(high) else f"{low:g} – {high:g}"


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
