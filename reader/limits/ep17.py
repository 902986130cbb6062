"""Limits of blank, detection and quantitation from repeated measurements, after CLSI EP17-A2.

The guideline takes what is measured for what is there. A compressed picture may damp a faint line, so the
heights are compared with one another, and the limits are given as what is truly there: the least absorbance
whose heights exceed the limit of blank in 95 of 100 cases.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reader.limits.bound import search_threshold

__all__ = ["Limits", "coverage_factor", "limits_of"]

FloatArray = NDArray[np.float64]

Z95 = 1.645
LARGEST_CV = 0.20  # at the limit of quantitation
FALSE_CALLS = 1e-3  # per strip whose line is looked for near its place
FINE = 400  # levels between the least and the greatest that was measured


@dataclass(frozen=True, slots=True)
class Limits:
    """What can be told from blank; absorbance of the line, ``inf`` where no measured level reached it.

    Attributes
    ----------
    blank : float
        Limit of blank: 95 of 100 heights of blank membrane lie below.
    detection : float
        Limit of detection: 95 of 100 heights of such a line lie above the limit of blank.
    quantitation : float
        Limit of quantitation: heights of such a line have a CV of 20 %.
    search : float
        As the limit of detection, for one false call in a thousand strips whose line is looked for within
        three line sigmas of its place.
    sd : float
        Standard deviation of the heights of blank membrane.
    bias : float
        Their mean.
    gain : float
        Slope from a line of the limit of detection's size to its mean height.
    """

    blank: float
    detection: float
    quantitation: float
    search: float
    sd: float
    bias: float
    gain: float


def coverage_factor(results: int, samples: int) -> float:
    """Return the 95 % point of a normal distribution whose SD is known from few results only.

    Examples
    --------
    >>> round(coverage_factor(60, 4), 3)
    1.652
    """
    return Z95 / (1 - 1 / (4 * (results - samples)))


def limits_of(heights: Mapping[float, FloatArray]) -> Limits:
    """Find the limits from the heights measured at each level.

    Parameters
    ----------
    heights : mapping of float to ndarray, shape (N,)
        Absorbance to what was measured there; 0 is blank, and there is at least one other.

    Examples
    --------
    >>> noise = np.random.default_rng(1).normal(0, 0.001, 20_000)
    >>> found = limits_of({a: a + noise for a in (0.0, 0.004, 0.008)})
    >>> round(found.blank, 4), round(found.detection, 4), round(found.quantitation, 4)
    (0.0016, 0.0033, 0.005)
    """
    levels = np.array(sorted(heights))
    means = np.array([heights[a].mean() for a in levels])
    variances = np.array([heights[a].var(ddof=1) for a in levels])
    count = len(heights[0.0])
    constant, relative = _precision(means, variances)
    at = np.linspace(0.0, levels[-1], FINE * len(levels))
    mean = np.interp(at, levels, means)
    spread = np.sqrt(constant + relative * mean**2)
    limit = float(means[0] + coverage_factor(count, 1) * math.sqrt(variances[0]))
    low = mean - coverage_factor(count * (len(levels) - 1), len(levels) - 1) * spread
    called = means[0] + search_threshold(FALSE_CALLS) * math.sqrt(variances[0])
    detection = _first(at, low >= limit)
    return Limits(
        blank=limit,
        detection=detection,
        quantitation=_first(at, spread <= LARGEST_CV * (mean - means[0])),
        search=_first(at, low >= called),
        sd=math.sqrt(variances[0]),
        bias=float(means[0]),
        gain=_gain(levels, means, detection),
    )


def _precision(means: FloatArray, variances: FloatArray) -> tuple[float, float]:
    """Fit the precision profile SD² = constant + relative · height², both at least 0."""
    design = np.column_stack([np.ones_like(means), means**2]) / variances[:, None]
    constant, relative = np.linalg.lstsq(design, np.ones_like(means), rcond=None)[0]
    if relative < 0 or constant <= 0:
        return float(1 / np.mean(1 / variances)), 0.0
    return float(constant), float(relative)


def _first(at: FloatArray, reached: NDArray[np.bool_]) -> float:
    """Return the first level from which on all reach what is asked for."""
    missed = np.flatnonzero(~reached)
    after = int(missed[-1]) + 1 if missed.size else 0
    return float(at[after]) if after < at.size else math.inf


def _gain(levels: FloatArray, means: FloatArray, detection: float) -> float:
    level = min(max(detection, levels[1]), levels[-1])
    return float((np.interp(level, levels, means) - means[0]) / level)
