"""Sites and operators that differ: from what they were, and from the others at the same time."""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from reader import Share, share, wilson
from service.monitoring.counts import BY, Tally

__all__ = ["Difference", "Drift", "Measure", "difference", "drifts"]

FEWEST = 20  # tests lately; of fewer, a single one may look like much
# Two-sided 99.8 %: what charts of hospitals take for a difference to look into, for with a dozen sites and
# three measures 95 % would always find one.
Z998 = 3.090232

Measure = Literal["positivity", "invalid", "not_read"]
# Of what the machine said and the outcome that counts: whether a test counts in a share, and as what.
_MEASURES: dict[Measure, Callable[[str, str], bool | None]] = {
    "positivity": lambda _, final: final == "positive" if final in {"positive", "negative"} else None,
    "invalid": lambda _, final: final == "invalid" if final != "not_read" else None,
    "not_read": lambda machine, _: machine == "not_read",
}
# Number of tests by site or operator, whether of late, the machine's outcome, and the one that counts.
_Counted = Counter[tuple[str, bool, str, str]]


@dataclass(frozen=True, slots=True)
class Difference:
    """The difference of two shares with its 99.8 % interval; None where one of them does not exist."""

    value: float
    low: float
    high: float

    @property
    def clear(self) -> int:
        """-1 when surely below zero, 1 when surely above, else 0."""
        return (self.low > 0) - (self.high < 0)


@dataclass(frozen=True, slots=True)
class Drift:
    """How one site or operator did lately.

    Attributes
    ----------
    key : str
        Which.
    measure : str
        What is compared.
    lately, before, others : Share
        The share lately, the same earlier, and that of all others lately.
    from_before, from_others : Difference or None
        Lately less earlier, and less the others.
    """

    key: str
    measure: Measure
    lately: Share
    before: Share
    others: Share
    from_before: Difference | None
    from_others: Difference | None

    @property
    def clear(self) -> bool:
        """True when someone should look into it: a positivity that differs, more tests without a result."""
        if self.lately.whole < FEWEST:
            return False
        found = {d.clear for d in (self.from_before, self.from_others) if d is not None}
        return 1 in found or (-1 in found and self.measure == "positivity")


def difference(a: Share, b: Share, z: float = Z998) -> Difference | None:
    """Return a − b with its interval.

    Notes
    -----
    Method 10 of R. G. Newcombe, Stat. Med. 17 (1998) 873, built from Wilson's intervals; his example of
    56 of 70 less 48 of 80 gives 0.0524 to 0.3339 at 95 %. The 99.8 % of funnel plots: D. J. Spiegelhalter,
    Stat. Med. 24 (2005) 1185.

    Examples
    --------
    >>> found = difference(share(56, 70), share(48, 80), z=1.959964)
    >>> round(found.low, 4), round(found.high, 4)
    (0.0524, 0.3339)
    """
    if a.value is None or b.value is None:
        return None
    (low_a, high_a), (low_b, high_b) = wilson(a.part, a.whole, z), wilson(b.part, b.whole, z)
    value = a.value - b.value
    low = value - math.hypot(a.value - low_a, high_b - b.value)
    high = value + math.hypot(high_a - a.value, b.value - low_b)
    return Difference(value, low, high)


def drifts(tallies: Sequence[Tally], by: Literal["site", "operator"], since: str) -> list[Drift]:
    """Compare every site, or operator, with itself and with the others; the clear ones come first.

    Parameters
    ----------
    tallies : sequence of Tally
        The tests; those without a name for the site or operator only count among the others.
    by : {"site", "operator"}
        What to compare.
    since : str
        Day on which "lately" begins.
    """
    counted = _counted(tallies, by, since)
    keys = sorted({key for key, *_ in counted} - {""})
    found = [_drift(counted, key, measure) for key in keys for measure in _MEASURES]
    return sorted(found, key=lambda drift: (not drift.clear, drift.key))


def _counted(tallies: Iterable[Tally], by: Literal["site", "operator"], since: str) -> _Counted:
    """Count the tests by all that matters here: few numbers, however many tests there are."""
    counted: _Counted = Counter()
    for tally in tallies:
        counted[BY[by](tally), tally.day >= since, tally.machine, tally.outcome] += tally.number
    return counted


def _drift(counted: _Counted, key: str, measure: Measure) -> Drift:
    lately = _share(counted, measure, lambda name, late: name == key and late)
    before = _share(counted, measure, lambda name, late: name == key and not late)
    others = _share(counted, measure, lambda name, late: name != key and late)
    return Drift(key, measure, lately, before, others, difference(lately, before), difference(lately, others))


def _share(counted: _Counted, measure: Measure, wanted: Callable[[str, bool], bool]) -> Share:
    part = whole = 0
    for (key, late, machine, outcome), number in counted.items():
        hit = _MEASURES[measure](machine, outcome) if wanted(key, late) else None
        if hit is not None:
            whole += number
            part += number if hit else 0
    return share(part, whole)
