"""What no measurement can beat: the least standard error of a line's height in a given membrane and camera.

The profile along the flow is a line of known shape on line-free membrane, whose spectrum has three parts:
white noise of the pixels, grain of some correlation length, and a baseline that bends at random. Lengths may
be in any unit, as long as it is the same throughout; a density is a variance (absorbance squared) times a
length.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_factor, cho_solve, toeplitz
from scipy.optimize import brentq
from scipy.special import ndtr

__all__ = [
    "Ground",
    "flat_error",
    "least_errors",
    "search_threshold",
    "smooth_inflation",
]

FloatArray = NDArray[np.float64]

SQRT_PI = math.sqrt(math.pi)
BINS_PER_SIGMA = 6.0  # of the narrowest line: finer ones change no error by a thousandth


@dataclass(frozen=True, slots=True)
class Ground:
    """The spectrum of line-free membrane along the flow.

    Attributes
    ----------
    white : float
        Density of the noise that is independent from pixel to pixel.
    grain : tuple of (float, float)
        Density at long waves, and correlation length, of each kind of texture: Gaussian-blurred white
        noise of that sigma.
    bend : float, default 0
        Variance by which the baseline's slope changes in a unit of length, absorbance squared per length
        cubed. 0 for a baseline whose course is known but for a constant.
    """

    white: float
    grain: tuple[tuple[float, float], ...] = ()
    bend: float = 0.0

    def stiffness(self, sigma: float) -> float:
        """Return kappa: noise over curvature in units of a line's sigma; infinite without bend.

        Grain counts as noise as far as it has the line's own scale.
        """
        density = self.white + sum(
            d * math.sqrt(sigma**2 / (sigma**2 + length**2)) for d, length in self.grain if length < sigma
        )
        return density / (self.bend * sigma**4) if self.bend else math.inf


def flat_error(white: float, sigma: float) -> float:
    """Return the error of a line's height in white noise on a flat, known membrane.

    Examples
    --------
    >>> density = 0.0069**2 / (75 * 25)  # absorbance² · mm: 1.6 % per pixel, 75 rows, 25 px/mm
    >>> round(flat_error(density, 0.382), 6)
    0.000194
    """
    return math.sqrt(white / (SQRT_PI * sigma))


def smooth_inflation(stiffness: float) -> float:
    """Return by how much a smooth random baseline inflates the variance of a height.

    Parameters
    ----------
    stiffness : float
        kappa, the smoothing parameter of Whittaker's smoother in line sigmas to the fourth.

    Examples
    --------
    >>> [round(smooth_inflation(kappa), 2) for kappa in (5, 12, 100, 1000)]
    [2.89, 2.29, 1.58, 1.28]
    """
    u = np.linspace(0.0, 6.0, 2001)
    if math.isinf(stiffness):
        return 1.0
    weight = stiffness * u**4 / (1 + stiffness * u**4)
    return float(SQRT_PI / (2 * np.trapezoid(np.exp(-(u**2)) * weight, u)))


@cache
def search_threshold(false_calls: float, reach: float = 3.0) -> float:
    """Return the height over its error that blank membrane exceeds with a given probability (Rice).

    Parameters
    ----------
    false_calls : float
        Probability.
    reach : float, default 3
        Line sigmas on both sides of the expected place in which a line is looked for; 0 for a known place.

    Examples
    --------
    >>> [round(search_threshold(p), 2) for p in (0.05, 0.01, 0.001)]
    [2.37, 2.96, 3.65]
    """
    ups = 2 * reach / (2 * math.sqrt(2) * math.pi)
    return float(brentq(lambda t: ndtr(-t) + ups * math.exp(-t * t / 2) - false_calls, 0.0, 12.0))


def least_errors(
    ground: Ground, places: Sequence[float], sigmas: Sequence[float], length: float
) -> FloatArray:
    """Return the least errors of the heights of several lines in one window.

    Parameters
    ----------
    ground : Ground
        Membrane and noise.
    places, sigmas : sequence of float
        Middles, from the window's end, and sigmas of the lines. All heights are unknown.
    length : float
        Of the window.

    Returns
    -------
    ndarray, shape (K,)
        Square roots of the Cramér-Rao bounds: that of an average over the membrane, if it bends at random.

    Notes
    -----
    A baseline that bends at random has no finite variance, but its second differences have; so the bound is
    taken from those, for which a constant and a slope are free.
    """
    return np.asarray(np.sqrt(np.diag(np.linalg.inv(information(ground, places, sigmas, length)))))


def information(
    ground: Ground, places: Sequence[float], sigmas: Sequence[float], length: float
) -> FloatArray:
    """Return Fisher's information on the heights, shape (K, K); parameters as for `least_errors`."""
    count = math.ceil(length * BINS_PER_SIGMA / min(sigmas))
    step = length / count
    x = (np.arange(count) + 0.5)[:, None] * step
    lines = np.exp(-((x - np.asarray(places)) ** 2) / (2 * np.asarray(sigmas) ** 2))
    lags = np.arange(count) * step
    covariance = sum(
        (d / (2 * SQRT_PI * r) * np.exp(-((lags / (2 * r)) ** 2)) for d, r in _resolved(ground, step)),
        np.where(lags == 0, ground.white / step, 0.0),
    )
    times = 2 if ground.bend else 1
    for _ in range(times):
        # Differences of a stationary course: twice its covariance less those one step before and after.
        covariance = 2 * covariance[:-1] - covariance[1:] - np.append(covariance[1], covariance[:-2])
    covariance[0] += ground.bend * step**3
    design = np.diff(lines, times, axis=0)
    return np.asarray(design.T @ cho_solve(cho_factor(toeplitz(covariance)), design))


def _resolved(ground: Ground, step: float) -> list[tuple[float, float]]:
    """Return the grain; what is finer than a bin counts as one that just fills it."""
    return [(density, max(r, step / 2)) for density, r in ground.grain]
