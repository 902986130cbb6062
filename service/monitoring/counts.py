"""Tests by day, site, kit and more; positivity; and how often and why a test gave no result."""

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Literal

from reader import Share, share

__all__ = ["BY", "By", "Rates", "Reason", "Tally", "grouped", "rates", "reasons", "week_of"]

By = Literal["all", "day", "week", "month", "site", "assay", "lot", "operator"]


@dataclass(frozen=True, slots=True)
class Tally:
    """A number of tests that are alike in all that is counted here.

    Attributes
    ----------
    day : str
        ``YYYY-MM-DD``, in UTC.
    site, assay : str
        Where, and which kit.
    lot, operator : str
        As the sender named them; empty where it did not.
    machine : str
        Outcome that the machine gave.
    person : str
        Outcome that a person gave later; empty where none has.
    flags : tuple of str
        The machine's warnings.
    number : int
        How many.
    """

    day: str
    site: str
    assay: str
    lot: str
    operator: str
    machine: str
    person: str
    flags: tuple[str, ...]
    number: int

    @property
    def outcome(self) -> str:
        """The outcome that counts: the person's where there is one."""
        return self.person or self.machine


@dataclass(frozen=True, slots=True)
class Rates:
    """What became of some tests; every share with Wilson's 95 % interval.

    Attributes
    ----------
    key : str
        What these tests have in common; empty where that is not known.
    tests, reviewed : int
        Number of tests, and of those a person has looked at.
    positivity : Share
        Positive tests of those that say positive or negative.
    indeterminate, invalid : Share
        Of the tests that could be read.
    not_read : Share
        Tests that the machine could not read of all tests, whatever a person said later: it tells of the
        pictures.
    """

    key: str
    tests: int
    reviewed: int
    positivity: Share
    indeterminate: Share
    invalid: Share
    not_read: Share


@dataclass(frozen=True, slots=True)
class Reason:
    """A warning that stands beside an outcome, and how many of the tests with that outcome carry it."""

    outcome: str
    flag: str
    of: Share


def week_of(day: str) -> str:
    """Return the Monday of a day's week.

    Examples
    --------
    >>> week_of("2026-11-22")
    '2026-11-16'
    """
    moment = dt.date.fromisoformat(day)
    return (moment - dt.timedelta(days=moment.weekday())).isoformat()


BY: dict[By, Callable[[Tally], str]] = {
    "all": lambda _: "",
    "day": lambda tally: tally.day,
    "week": lambda tally: week_of(tally.day),
    "month": lambda tally: tally.day[:7],
    "site": lambda tally: tally.site,
    "assay": lambda tally: tally.assay,
    "lot": lambda tally: tally.lot,
    "operator": lambda tally: tally.operator,
}
"""What tests may have in common."""


def grouped(tallies: Iterable[Tally], by: By) -> dict[str, list[Tally]]:
    """Return the tests by what they have in common, in its order."""
    groups: dict[str, list[Tally]] = {}
    for tally in tallies:
        groups.setdefault(BY[by](tally), []).append(tally)
    return dict(sorted(groups.items()))


def rates(tallies: Iterable[Tally], key: str = "") -> Rates:
    """Count what became of some tests.

    Parameters
    ----------
    tallies : iterable of Tally
        The tests.
    key : str
        What they have in common.
    """
    final: Counter[str] = Counter()
    tests = reviewed = unread = 0
    for tally in tallies:
        final[tally.outcome] += tally.number
        tests += tally.number
        reviewed += tally.number if tally.person else 0
        unread += tally.number if tally.machine == "not_read" else 0
    told = tests - final["not_read"]
    return Rates(
        key,
        tests,
        reviewed,
        positivity=share(final["positive"], final["positive"] + final["negative"]),
        indeterminate=share(final["indeterminate"], told),
        invalid=share(final["invalid"], told),
        not_read=share(unread, tests),
    )


def reasons(tallies: Iterable[Tally], outcomes: Iterable[str] = ("not_read", "invalid")) -> list[Reason]:
    """Count the warnings beside what the machine gave no result for, the most frequent first.

    Parameters
    ----------
    tallies : iterable of Tally
        The tests.
    outcomes : iterable of str
        Outcomes of the machine to explain.

    Notes
    -----
    A test may carry several warnings, so that the shares of one outcome need not add up to one.
    """
    wanted = tuple(outcomes)
    whole: Counter[str] = Counter()
    part: Counter[tuple[str, str]] = Counter()
    for tally in tallies:
        whole[tally.machine] += tally.number
        for flag in set(tally.flags):
            part[tally.machine, flag] += tally.number
    found = [
        Reason(outcome, flag, share(number, whole[outcome]))
        for (outcome, flag), number in part.items()
        if outcome in wanted
    ]
    return sorted(found, key=lambda reason: (wanted.index(reason.outcome), -reason.of.part, reason.flag))
