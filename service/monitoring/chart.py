"""A control chart of single values, which tells whether they are still what they were at first.

Two looks at the same values. Shewhart's limits find one test that is far off. An exponentially weighted
mean finds a small drift of all of them. Both sets of limits come from the lot's first tests, and both are
widened by what so few tests leave unknown of centre and spread: without that, half of all lots that are
quite steady would raise an alarm within 200 tests; with it, about one in seven does.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import fmean, median
from typing import Literal

from scipy.special import stdtrit

__all__ = ["REFERENCE", "SMALLEST_REFERENCE", "Chart", "Limits", "Point", "State", "chart_of", "limits_of"]

REFERENCE = 30  # tests; a shift by the spread of single tests is then found within 18 (median of simulations)
SMALLEST_REFERENCE = 20  # tests; fewer say too little of the spread
WEIGHT = 0.2  # of the newest value in the weighted mean: usual where shifts by one spread matter
TAIL = 0.00135  # chance of a steady value beyond one limit, as with three standard deviations
D2 = 1.128  # mean distance of two normal values, in standard deviations
D4 = 0.954  # median of the same
FAR = 4.0  # robust standard deviations beyond which a value is left out of the reference

State = Literal["few", "steady", "single", "lower", "higher"]


@dataclass(frozen=True, slots=True)
class Limits:
    """What is expected of a value.

    Attributes
    ----------
    centre, sigma : float
        Mean and standard deviation of the reference.
    used : int
        Values of the reference, without those far off.
    factor : float
        Half width of the limits of one exactly known centre, in standard deviations: Student's quantile.
    """

    centre: float
    sigma: float
    used: int
    factor: float

    @property
    def low(self) -> float:
        """Lower limit of single values."""
        return self.centre - self.half_width(1.0)

    @property
    def high(self) -> float:
        """Upper limit of single values."""
        return self.centre + self.half_width(1.0)

    def half_width(self, variance: float) -> float:
        """Return the half width of the limits of a quantity.

        Parameters
        ----------
        variance : float
            Of the quantity, in those of single values; that of the centre is added.
        """
        return self.factor * self.sigma * math.sqrt(variance + 1 / self.used)


@dataclass(frozen=True, slots=True)
class Point:
    """One value on the chart.

    Attributes
    ----------
    value : float
        The value.
    reference : bool
        True for those the limits come from.
    beyond : bool
        True when it lies outside the limits of single values.
    mean, low, high : float or None
        Weighted mean up to here, and its limits; None within the reference.
    """

    value: float
    reference: bool
    beyond: bool
    mean: float | None = None
    low: float | None = None
    high: float | None = None

    @property
    def drift(self) -> int:
        """-1 when the mean lies below its limits, 1 above, else 0."""
        if self.mean is None or self.low is None or self.high is None:
            return 0
        return (self.mean > self.high) - (self.mean < self.low)


@dataclass(frozen=True, slots=True)
class Chart:
    """Values in their order, with limits where there are enough of them.

    Attributes
    ----------
    limits : Limits or None
        None where there are too few values.
    points : tuple of Point
        The values.
    drift : int
        -1 when the mean has left its limits below and has not come back to the centre, 1 above, else 0.
    drifted_at : int or None
        Index of the value at which it left them.
    """

    limits: Limits | None
    points: tuple[Point, ...]
    drift: int = 0
    drifted_at: int | None = None

    @property
    def state(self) -> State:
        """Return what the chart says now.

        ``few``: too little to judge; ``lower``, ``higher``: it drifts; ``single``: some value was beyond its
        limits, or the mean was once; ``steady``: none of this.
        """
        if self.limits is None:
            return "few"
        if self.drift:
            return "lower" if self.drift < 0 else "higher"
        return "single" if any(point.beyond or point.drift for point in self.points) else "steady"


def limits_of(reference: Sequence[float], floor: float = 0.0) -> Limits:
    """Return what values to come should be like, if nothing changes.

    Parameters
    ----------
    reference : sequence of float
        First values, in their order; at least three.
    floor : float
        Smallest standard deviation to believe: the error of measurement of one value.

    Notes
    -----
    Values far from the median are left out first. The standard deviation is the mean moving range over
    1.128 (W. A. Shewhart; D. C. Montgomery, Statistical Quality Control, 6.4), for a slow change within the
    reference hardly moves it. Its variance, relative to that of the values, is (0.826 n − 1.082) / (n − 1)²
    (J. D. Cryer, T. P. Ryan, J. Qual. Technol. 22 (1990) 187), which gives the degrees of freedom of
    Student's quantile.
    """
    middle = median(reference)
    spread = median(abs(b - a) for a, b in pairwise(reference)) / D4
    kept = [value for value in reference if abs(value - middle) <= FAR * max(spread, floor)]
    kept = kept if len(kept) >= 3 else list(reference)
    n = len(kept)
    sigma = max(fmean(abs(b - a) for a, b in pairwise(kept)) / D2, floor)
    freedom = (n - 1) ** 2 / (2 * (0.826 * n - 1.082))
    return Limits(fmean(kept), sigma, n, float(stdtrit(freedom, 1 - TAIL)))


def chart_of(values: Sequence[float], *, reference: int = REFERENCE, floor: float = 0.0) -> Chart:
    """Put values on a control chart.

    Parameters
    ----------
    values : sequence of float
        In their order, finite.
    reference : int
        How many of the first give the limits; when there are fewer, but at least `SMALLEST_REFERENCE`, all
        of them do, and none is left to be judged.
    floor : float
        Error of measurement of one value.

    Notes
    -----
    The mean is z = 0.2 x + 0.8 z, from the centre on (S. W. Roberts, Technometrics 1 (1959) 239), of values
    pulled to the limits of single ones, so that one odd test does not make a drift. Its variance is
    0.2 / 1.8 · (1 − 0.8^2i) of that of a value (J. M. Lucas, M. S. Saccucci, Technometrics 32 (1990) 1); that
    of the centre is added, as L. A. Jones, C. W. Champ and S. E. Rigdon, Technometrics 43 (2001) 156, show to
    be needed.

    Examples
    --------
    >>> steady = [0.30, 0.32, 0.31, 0.29, 0.31] * 8
    >>> chart_of(steady).state, chart_of(steady + [0.27] * 12).state
    ('steady', 'lower')
    """
    if len(values) < min(reference, SMALLEST_REFERENCE):
        return Chart(None, tuple(Point(value, reference=True, beyond=False) for value in values))
    limits = limits_of(values[:reference], floor)
    points = [
        Point(value, reference=True, beyond=not limits.low <= value <= limits.high)
        for value in values[:reference]
    ]
    mean = limits.centre
    for k, value in enumerate(values[reference:], 1):
        pulled = min(max(value, limits.low), limits.high)
        mean = WEIGHT * pulled + (1 - WEIGHT) * mean
        half = limits.half_width(WEIGHT / (2 - WEIGHT) * (1 - (1 - WEIGHT) ** (2 * k)))
        beyond = value != pulled
        points.append(Point(value, False, beyond, mean, limits.centre - half, limits.centre + half))
    return Chart(limits, tuple(points), *_lasting(limits.centre, points))


def _lasting(centre: float, points: Sequence[Point]) -> tuple[int, int | None]:
    """Return which way the mean has left its limits, and where; it is back when it meets the centre."""
    drift, since = 0, None
    for k, point in enumerate(points):
        if point.mean is not None:
            if drift * (point.mean - centre) <= 0:
                drift, since = 0, None
            if drift == 0 and point.drift:
                drift, since = point.drift, k
    return drift, since
