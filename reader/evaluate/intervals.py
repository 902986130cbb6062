"""Shares and agreement with their intervals, for weighted counts.

Weights are those of physical tests: n photos of one test weigh 1/n each, as they are taken for wholly
dependent, and the number of tests is the sum of the weights.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

__all__ = ["Z95", "Kappa", "Share", "kappa", "share", "wilson"]

Z95 = 1.959964  # two-sided 95 % quantile of the normal distribution


@dataclass(frozen=True, slots=True)
class Share:
    """A part of a whole, with its 95 % interval.

    Attributes
    ----------
    part, whole : float
        Numbers of tests.
    value : float or None
        0..1; None when there is nothing to share.
    low, high : float or None
        Wilson's score interval.
    """

    part: float
    whole: float
    value: float | None
    low: float | None
    high: float | None


def share(part: float, whole: float) -> Share:
    """Return a share with Wilson's score interval.

    Parameters
    ----------
    part, whole : float
        Numbers of tests; need not be whole numbers.
    """
    if whole <= 0:
        return Share(part, whole, None, None, None)
    return Share(part, whole, min(max(part / whole, 0.0), 1.0), *wilson(part, whole))


def wilson(part: float, whole: float, z: float = Z95) -> tuple[float, float]:
    """Return Wilson's score interval of a share.

    Parameters
    ----------
    part, whole : float
        Numbers of tests; need not be whole numbers, but there must be some.
    z : float
        Two-sided quantile of the normal distribution; that of 95 % by default.

    Notes
    -----
    E. B. Wilson, J. Am. Stat. Assoc. 22 (1927) 209; method 3 of R. G. Newcombe, Stat. Med. 17 (1998) 857,
    whose table gives 0.2553 to 0.3662 for 81 of 263.

    Examples
    --------
    >>> [round(end, 4) for end in wilson(81, 263)]
    [0.2553, 0.3662]
    """
    p, z2 = min(max(part / whole, 0.0), 1.0), z**2
    middle = p + z2 / (2 * whole)
    half = z * math.sqrt(p * (1 - p) / whole + z2 / (4 * whole**2))
    low, high = (middle - half) / (1 + z2 / whole), (middle + half) / (1 + z2 / whole)
    # At the ends, rounding leaves a trace on the wrong side.
    return min(max(low, 0.0), p), max(min(high, 1.0), p)


@dataclass(frozen=True, slots=True)
class Kappa:
    """Cohen's kappa with its standard error and 95 % interval; all None where it is not defined."""

    value: float | None
    sigma: float | None
    low: float | None
    high: float | None


def kappa(table: Mapping[tuple[str, str], float]) -> Kappa:
    """Return the agreement of two raters beyond chance.

    Parameters
    ----------
    table : mapping of (str, str) to float
        Number of tests for each pair of categories that the first and the second rater said.

    Returns
    -------
    Kappa
        Not defined without tests, or when both raters said always the same one thing.

    Notes
    -----
    J. Cohen, Educ. Psychol. Meas. 20 (1960) 37; large-sample standard error of J. L. Fleiss, J. Cohen and
    B. S. Everitt, Psychol. Bull. 72 (1969) 323.

    Examples
    --------
    Two raters of 50 proposals, who agree on 20 yes and 15 no:

    >>> round(kappa({("y", "y"): 20, ("y", "n"): 5, ("n", "y"): 10, ("n", "n"): 15}).value, 3)
    0.4
    """
    total = sum(table.values())
    names = {name for pair in table for name in pair}
    if total <= 0:
        return Kappa(None, None, None, None)
    p = {pair: count / total for pair, count in table.items()}
    first = {name: sum(v for (a, _), v in p.items() if a == name) for name in names}
    second = {name: sum(v for (_, b), v in p.items() if b == name) for name in names}
    seen = sum(p.get((name, name), 0.0) for name in names)
    chance = sum(first[name] * second[name] for name in names)
    if chance >= 1:
        return Kappa(None, None, None, None)
    value = (seen - chance) / (1 - chance)
    same = sum(
        p.get((name, name), 0.0) * (1 - (first[name] + second[name]) * (1 - value)) ** 2 for name in names
    )
    apart = sum(v * (second[a] + first[b]) ** 2 for (a, b), v in p.items() if a != b)
    spread = same + (1 - value) ** 2 * apart - (value - chance * (1 - value)) ** 2
    sigma = math.sqrt(max(spread, 0.0) / total) / (1 - chance)
    return Kappa(value, sigma, max(value - Z95 * sigma, -1.0), min(value + Z95 * sigma, 1.0))
