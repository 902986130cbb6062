"""What blur takes from strong lines: averages of light are not averages of absorbance.

A blurred line is seen as I = B (PSF * 10^(-a g)). The camera averages light, and its logarithm is less than
the average of the absorbance: by up to a fifth for a line of absorbance 1 in a soft picture. A faint line
loses nothing in that way. Blur makes all lines flatter and wider alike, which leaves their ratios and areas
as they are. Here strong lines are brought to the same terms, PSF * (a g).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reader.measure.blur import Blur

__all__ = ["FAINT", "Gain", "gain"]

# Absorbance. Up to the first, blur takes 3 % at most, and nothing is changed; from the second on, all of it
# is given back; in between a part, so that no line overtakes a stronger one.
FAINT, STRONG = 0.10, 0.13
STRONGEST = 1.0  # absorbance beyond which stray light counts too: what it takes is not known to be blur
WIDEST = 0.7  # of a line's sigma in the picture: were it more, the line would be narrower than its blur
USUAL = 0.25  # of a line's sigma: blur of ordinary pictures, where none is seen
OTHER_SHAPE = 0.2  # of what is given back, as its error: lines are flatter than Gaussians or have tails
NODES, WEIGHTS = np.polynomial.hermite_e.hermegauss(20)
WEIGHTS = WEIGHTS / WEIGHTS.sum()
ALONG = np.linspace(0.0, 5.0, 41)  # line sigmas
SQRT_2PI = math.sqrt(2 * math.pi)
STEPS, SETTLED = 40, 1e-4


@dataclass(frozen=True, slots=True)
class Gain:
    """What height and area of a line are to be multiplied with, and the standard errors of that."""

    height: float = 1.0
    area: float = 1.0
    height_error: float = 0.0
    area_error: float = 0.0


def gain(height: float, sigma: float, blur: Blur | None) -> Gain:
    """Return what gives back to a line what blur took from it.

    Parameters
    ----------
    height : float
        Measured absorbance.
    sigma : float
        Of a Gaussian with the line's measured height and area, samples.
    blur : Blur, optional
        Of the picture. Where it is not known, nothing is given back, but the errors hold what an ordinary
        blur takes.

    Returns
    -------
    Gain
        All ones and zeros up to an absorbance of 0.1.

    Examples
    --------
    >>> soft = gain(0.8, 10.0, Blur(5.0, 0.15))
    >>> round(soft.height, 2), round(soft.area, 2)
    (1.03, 1.1)
    """
    if height <= FAINT or sigma <= 0:
        return Gain()
    share = min((height - FAINT) / (STRONG - FAINT), 1.0)
    if blur is None:
        lost = (share * (g - 1) for g in _given_back(height, USUAL))
        return Gain(1.0, 1.0, *lost)
    gains = [1 + share * (g - 1) for g in _given_back(height, min(blur.sigma / sigma, WIDEST))]
    # What is taken grows with the square of the blur.
    error = math.hypot(2 * blur.error, OTHER_SHAPE)
    return Gain(*gains, *(error * (g - 1) for g in gains))


def _given_back(height: float, blur: float) -> tuple[float, float]:
    """Return by how much height and area exceed what is measured, if absorbance were averaged.

    ``height`` is what is measured, ``blur`` in units of the measured line's sigma.
    """
    height = min(height, STRONGEST)
    peak, area = height, height
    for _ in range(STEPS):
        wide = area / peak
        narrow = math.sqrt(max(wide**2 - blur**2, 0.1 * wide**2))
        seen_peak, seen_area = _seen(area / narrow, narrow, blur)
        off = height / seen_peak, height / seen_area
        peak, area = peak * off[0], area * off[1]
        if max(abs(off[0] - 1), abs(off[1] - 1)) < SETTLED:
            break
    return max(peak / height, 1.0), max(area / height, 1.0)


def _seen(height: float, sigma: float, blur: float) -> tuple[float, float]:
    """Return height and area (over that of a Gaussian of sigma 1) of a line whose light was blurred."""
    x = ALONG * math.hypot(sigma, blur)
    absorbance = height * np.exp(-(((x[:, None] - blur * NODES) / sigma) ** 2) / 2)
    seen = -np.log10(np.exp(-math.log(10) * absorbance) @ WEIGHTS)
    return float(seen[0]), 2 * float(np.trapezoid(seen, x)) / SQRT_2PI
