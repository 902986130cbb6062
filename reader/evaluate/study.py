"""An evaluation as a whole, and the document that programs read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from reader._version import __version__
from reader.evaluate.answers import Answer
from reader.evaluate.intervals import Kappa, Share
from reader.evaluate.labels import Label
from reader.evaluate.misses import MissGroup, groups_of
from reader.evaluate.numbers import Case, Numbers, numbers_by, numbers_of
from reader.evaluate.strengths import Scale, scales_of

__all__ = ["BREAKDOWNS", "Study", "document", "study_of"]

BREAKDOWNS = ("source", "kind")  # columns of the labels by which the numbers are broken down


@dataclass(frozen=True, slots=True)
class Study:
    """All numbers of an evaluation, and its misses.

    Attributes
    ----------
    assay : str
        With which the pictures were read.
    cases : tuple of Case
        Every labelled picture, in the order of the labels.
    numbers : Numbers
        Of all that count.
    by : mapping of str to mapping of str to Numbers
        The same for each value of each of `BREAKDOWNS` that the labels have.
    scales : tuple of Scale
        Sensitivity by line strength.
    misses : tuple of MissGroup
        What was not read as expected.
    """

    assay: str
    cases: tuple[Case, ...]
    numbers: Numbers
    by: Mapping[str, Mapping[str, Numbers]]
    scales: tuple[Scale, ...]
    misses: tuple[MissGroup, ...]

    @property
    def left_out(self) -> tuple[Case, ...]:
        """Pictures that are no part of the numbers."""
        return tuple(case for case in self.cases if case.label.left_out)


def study_of(labels: Sequence[Label], answers: Sequence[Answer], assay: str) -> Study:
    """Put labels and answers together.

    Parameters
    ----------
    labels : sequence of Label
        What was expected.
    answers : sequence of Answer
        What was read, in the same order.
    assay : str
        With which.
    """
    cases = tuple(Case(label, answer) for label, answer in zip(labels, answers, strict=True))
    by = {column: numbers for column in BREAKDOWNS if len(numbers := numbers_by(cases, column)) > 1}
    return Study(assay, cases, numbers_of(cases), by, scales_of(cases), groups_of(cases))


def document(study: Study) -> dict[str, Any]:
    """Return everything as one JSON document, schema ``lfa-evaluation/1``; what is not defined is null."""
    return {
        "schema": "lfa-evaluation/1",
        "software": {"name": "lfa-reader", "version": __version__},
        "assay": study.assay,
        **_numbers(study.numbers),
        "by": {
            column: {name: _numbers(numbers) for name, numbers in values.items()}
            for column, values in study.by.items()
        },
        "sensitivity_by_strength": {
            scale.key: [
                {
                    "bin": b.name,
                    "middle": _rounded(b.middle),
                    "tests": _rounded(b.positive.whole),
                    "positive": _share(b.positive),
                    "wrong": _rounded(b.wrong),
                    "no_call": _rounded(b.no_call),
                }
                for b in scale.bins
            ]
            for scale in study.scales
        },
        "misses": [
            {
                "path": case.label.path,
                "line": case.label.row,
                "expected": case.label.expected,
                "read": case.answer.outcome.value,
                "group": group.title,
                "flags": list(case.answer.flags),
                "error": case.answer.error or None,
            }
            for group in study.misses
            for case in group.cases
        ],
        "left_out": [
            {
                "path": case.label.path,
                "why": case.label.left_out,
                "expected": case.label.expected,
                "read": case.answer.outcome.value,
            }
            for case in study.left_out
        ],
    }


def _numbers(numbers: Numbers) -> dict[str, Any]:
    confusion: dict[str, dict[str, float | None]] = {}
    for (expected, read), count in sorted(numbers.confusion.items()):
        confusion.setdefault(expected.value, {})[read.value] = _rounded(count)
    return {
        "pictures": numbers.pictures,
        "tests": _rounded(numbers.tests),
        "confusion": confusion,
        "shares": {name: _share(value) for name, value in numbers.shares.items()},
        "kappa": _kappa(numbers.kappa),
        "kappa_called": _kappa(numbers.kappa_called),
    }


def _share(value: Share) -> dict[str, Any]:
    return {
        "value": _rounded(value.value),
        "interval": [_rounded(value.low), _rounded(value.high)],
        "part": _rounded(value.part),
        "of": _rounded(value.whole),
    }


def _kappa(value: Kappa) -> dict[str, Any]:
    return {
        "value": _rounded(value.value),
        "sigma": _rounded(value.sigma),
        "interval": [_rounded(value.low), _rounded(value.high)],
    }


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 4) + 0.0
