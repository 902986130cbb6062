"""Shapes of lines along the flow, other than powers: dispensed bands that bled, and bands with a tail.

Both have height 1 at 0 and the stated full width at half height, so that a line's truth stays what it says.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize_scalar
from scipy.special import erf, erfc, erfcx

from reader.simulate.raster import FloatArray, single

__all__ = ["FLATTEST", "LONGEST_TAIL", "flat_top", "flat_top_area", "tailed", "tailed_area"]

FLATTEST = 0.95  # of the width at half height; a rectangle itself has no width to be solved for
LONGEST_TAIL = 1.2  # tail over width at half height; a bare exponential has 1.44
_ROOT2 = math.sqrt(2)
_GAUSSIAN = 2 * math.sqrt(2 * math.log(2))  # width at half height over standard deviation


def flat_top(x: FloatArray, fwhm: float, flat: float) -> FloatArray:
    """Return a rectangle blurred by a Gaussian: a dispensed band that bled.

    Parameters
    ----------
    x : ndarray
        Distance from the middle.
    fwhm : float
        Full width at half height of the blurred band, in the unit of ``x``.
    flat : float
        Width of the rectangle, less than ``FLATTEST * fwhm``.
    """
    sigma = _sigma_of_flat_top(fwhm, flat)
    wide, steep = np.float32(flat / 2), np.float32(1 / (sigma * _ROOT2))
    height = 2 * math.erf(flat / 2 / sigma / _ROOT2)
    return single((erf((x + wide) * steep) - erf((x - wide) * steep)) / np.float32(height))


def flat_top_area(fwhm: float, flat: float) -> float:
    """Return the integral of ``flat_top``.

    Examples
    --------
    >>> round(flat_top_area(1.0, 0.001), 3)  # all but a Gaussian
    1.064
    """
    return flat / math.erf(flat / 2 / _sigma_of_flat_top(fwhm, flat) / _ROOT2)


def tailed(x: FloatArray, fwhm: float, tail: float) -> FloatArray:
    """Return a Gaussian blurred by an exponential: a band from which label was washed on.

    Parameters
    ----------
    x : ndarray
        Distance from the highest point.
    fwhm : float
        Full width at half height, in the unit of ``x``.
    tail : float
        Length over which the tail, at negative ``x``, falls to 1/e; at most ``LONGEST_TAIL * fwhm``.
    """
    sigma, mode, height = _tailed(fwhm, tail)
    return single(_emg(mode - np.asarray(x, np.float64), sigma, tail) / height)


def tailed_area(fwhm: float, tail: float) -> float:
    """Return the integral of ``tailed``.

    Examples
    --------
    >>> round(tailed_area(1.0, 0.001), 3)  # all but a Gaussian
    1.064
    """
    return 1 / _tailed(fwhm, tail)[2]


def _emg(x: NDArray[np.float64], sigma: float, tail: float) -> NDArray[np.float64]:
    """Return the density of a Gaussian variable plus an exponential one, without overflow."""
    z = (sigma / tail - x / sigma) / _ROOT2
    ahead = np.exp(-0.5 * (x / sigma) ** 2) * erfcx(np.maximum(z, 0))
    behind = np.exp(np.minimum(0.5 * (sigma / tail) ** 2 - x / tail, 0.0)) * erfc(np.minimum(z, 0))
    return np.asarray(np.where(z > 0, ahead, behind) / (2 * tail), np.float64)


@lru_cache(maxsize=1024)
def _sigma_of_flat_top(fwhm: float, flat: float) -> float:
    def excess(sigma: float) -> float:
        half = fwhm / 2
        edges = (math.erf((half + side * flat / 2) / sigma / _ROOT2) for side in (1, -1))
        return next(edges) - next(edges) - math.erf(flat / 2 / sigma / _ROOT2)

    return float(brentq(excess, 0.005 * fwhm, 1.01 * fwhm / _GAUSSIAN, xtol=1e-9 * fwhm))


@lru_cache(maxsize=1024)
def _tailed(fwhm: float, tail: float) -> tuple[float, float, float]:
    """Return standard deviation, place of the highest point and height of a density of this width."""

    def excess(sigma: float) -> float:
        return _width(sigma, tail)[0] - fwhm

    sigma = float(brentq(excess, 0.01 * fwhm, 1.01 * fwhm / _GAUSSIAN, xtol=1e-9 * fwhm))
    _, mode, height = _width(sigma, tail)
    return sigma, mode, height


def _width(sigma: float, tail: float) -> tuple[float, float, float]:
    """Return width at half height, place of the highest point and height."""

    def density(x: float) -> float:
        return float(_emg(np.asarray(x, np.float64), sigma, tail))

    found = minimize_scalar(lambda x: -density(x), bounds=(0.0, 4 * sigma), options={"xatol": 1e-9 * sigma})
    mode, height = float(found.x), -float(found.fun)
    rise = brentq(lambda x: density(x) - height / 2, -6 * sigma, mode)
    fall = brentq(lambda x: density(x) - height / 2, mode, mode + 3 * sigma + 3 * tail)
    return float(fall - rise), mode, height
