"""The numbers of an evaluation: what was expected against what was read.

A picture is right only when it was read as expected. No-calls (indeterminate, not read, several results)
are no wrong calls, but they are not right either, unless no result was expected.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from reader.evaluate.answers import CALLS, Answer
from reader.evaluate.intervals import Kappa, Share, kappa, share
from reader.evaluate.labels import EXPECTED, Label
from reader.reading import Outcome

__all__ = ["SHARES", "Case", "Numbers", "is_right", "numbers_by", "numbers_of"]

# What each share says, in the order in which they are shown.
SHARES: Mapping[str, str] = {
    "right": "read as expected",
    "sensitivity": "sensitivity: positives read as positive",
    "specificity": "specificity: negatives read as negative",
    "invalid_caught": "invalid tests read as invalid",
    "called": "called at all, of those with a result",
    "right_among_called": "right among the called",
    "sensitivity_called": "sensitivity among the called",
    "specificity_called": "specificity among the called",
    "wrong": "called but wrong",
}
NO_CALL = "no call"


@dataclass(frozen=True, slots=True)
class Case:
    """A labelled picture and what was read in it."""

    label: Label
    answer: Answer


@dataclass(frozen=True, slots=True)
class Numbers:
    """How well some tests were read.

    Attributes
    ----------
    pictures : int
        Of these tests.
    tests : float
        Their number: pictures of one physical test count once.
    confusion : mapping of (Outcome, Outcome) to float
        Number of tests by what was expected and what was read.
    shares : mapping of str to Share
        One for each of `SHARES`.
    kappa, kappa_called : Kappa
        Agreement beyond chance; no-calls are a category of their own in the first, left out of the second.
    """

    pictures: int
    tests: float
    confusion: Mapping[tuple[Outcome, Outcome], float]
    shares: Mapping[str, Share]
    kappa: Kappa
    kappa_called: Kappa


def is_right(case: Case) -> bool:
    """Tell whether a picture was read as expected; where no result was expected, any no-call is right."""
    if case.label.expected is Outcome.NOT_READ:
        return not case.answer.called
    return case.answer.outcome is case.label.expected


def numbers_of(cases: Sequence[Case]) -> Numbers:
    """Count what was expected against what was read.

    Parameters
    ----------
    cases : sequence of Case
        Those that are left out by their label do not count.
    """
    counted = [case for case in cases if not case.label.left_out and case.label.expected is not None]
    confusion: dict[tuple[Outcome, Outcome], float] = {}
    for case in counted:
        expected, read = case.label.expected or Outcome.NOT_READ, case.answer.outcome
        confusion[expected, read] = confusion.get((expected, read), 0.0) + case.label.weight
    return Numbers(
        len(counted),
        sum(confusion.values()),
        confusion,
        _shares(confusion),
        kappa(_merged(confusion.items())),
        kappa(_merged((pair, n) for pair, n in confusion.items() if pair[1] in CALLS)),
    )


def numbers_by(cases: Sequence[Case], column: str) -> Mapping[str, Numbers]:
    """Return the numbers for each value of ``source`` or ``kind``, sorted; empty if nothing is named."""
    values = sorted({getattr(case.label, column) for case in cases if not case.label.left_out})
    if values in ([], [""]):
        return {}
    return {v: numbers_of([c for c in cases if getattr(c.label, column) == v]) for v in values}


def _shares(confusion: Mapping[tuple[Outcome, Outcome], float]) -> Mapping[str, Share]:
    def total(expected: Iterable[Outcome], read: Iterable[Outcome] = tuple(Outcome)) -> float:
        rows, columns = set(expected), set(read)
        return sum(n for (a, b), n in confusion.items() if a in rows and b in columns)

    def same(outcome: Outcome, *, called: bool) -> Share:
        read = CALLS if called else tuple(Outcome)
        return share(total([outcome], [outcome]), total([outcome], read))

    hits = sum(total([outcome], [outcome]) for outcome in CALLS)
    rightly_uncalled = total([Outcome.NOT_READ], set(Outcome) - set(CALLS))
    called, everything = total(EXPECTED, CALLS), total(EXPECTED)
    return {
        "right": share(hits + rightly_uncalled, everything),
        "sensitivity": same(Outcome.POSITIVE, called=False),
        "specificity": same(Outcome.NEGATIVE, called=False),
        "invalid_caught": same(Outcome.INVALID, called=False),
        "called": share(total(CALLS, CALLS), total(CALLS)),
        "right_among_called": share(hits, called),
        "sensitivity_called": same(Outcome.POSITIVE, called=True),
        "specificity_called": same(Outcome.NEGATIVE, called=True),
        "wrong": share(called - hits, everything),
    }


def _merged(pairs: Iterable[tuple[tuple[Outcome, Outcome], float]]) -> Mapping[tuple[str, str], float]:
    """Take all outcomes without a result for one category."""
    merged: dict[tuple[str, str], float] = {}
    for pair, count in pairs:
        first, second = (outcome.value if outcome in CALLS else NO_CALL for outcome in pair)
        merged[first, second] = merged.get((first, second), 0.0) + count
    return merged
