"""How most would measure a line: a baseline from pybaselines or scipy off, then the area or the peak.

Each pipeline has one setting that matters, and is tried with several; what counts is the best of them on the
very profiles it is judged on, so that none can be said to have been set badly.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import numpy as np
from numpy.typing import NDArray
from pybaselines import Baseline
from pybaselines.utils import ParameterWarning
from scipy.linalg import lstsq
from scipy.ndimage import gaussian_filter1d, grey_opening
from scipy.signal import find_peaks, savgol_filter

__all__ = ["FEW", "PIPELINES", "TEMPLATE", "Pipeline"]

FloatArray = NDArray[np.float64]
Pipeline = Callable[[FloatArray, float, float], float]  # profile, place and sigma to height

TRIM = 35  # samples at each end that all pipelines leave out: 1.4 mm of rim
REACH = 2.5  # line sigmas on both sides in which an area is taken
WITHIN = 0.9876  # of a Gaussian's area
SQRT_2PI = float(np.sqrt(2 * np.pi))


@cache
def _fitter(count: int) -> Baseline:
    return Baseline(np.arange(count, dtype=float))


def area(rest: FloatArray, place: float, sigma: float) -> float:
    """Return the height of a Gaussian of the area near the place."""
    x = np.arange(len(rest))
    return float(rest[np.abs(x - place) < REACH * sigma].sum() / (sigma * SQRT_2PI * WITHIN))


def peak(rest: FloatArray, place: float, sigma: float) -> float:
    """Return the highest value near the place."""
    return float(rest[np.abs(np.arange(len(rest)) - place) < sigma].max())


@dataclass(frozen=True)
class Baselined:
    """Take a baseline of pybaselines off a profile, which may be smoothed (line sigmas) for it."""

    name: str
    options: Mapping[str, Any]
    blur: float = 0.0

    def __call__(self, profile: FloatArray, place: float, sigma: float) -> float:
        inner = profile[TRIM:-TRIM]
        seen = gaussian_filter1d(inner, self.blur * sigma) if self.blur else inner
        with warnings.catch_warnings():
            # Some penalties do not suit some profiles, and pybaselines says so; the limits say so, too.
            warnings.simplefilter("ignore", ParameterWarning)
            baseline = getattr(_fitter(len(inner)), self.name)(seen, **self.options)[0]
        return area(inner - baseline, place - TRIM, sigma)


def opened(width: float, profile: FloatArray, place: float, sigma: float) -> float:
    """Take the smoothed profile's morphological opening off, and the peak of what is left."""
    smooth = gaussian_filter1d(profile[TRIM:-TRIM], sigma / 2)
    return peak(smooth - grey_opening(smooth, round(width * sigma)), place - TRIM, sigma)


def prominent(width: float, profile: FloatArray, place: float, sigma: float) -> float:
    """Return the prominence of a Savitzky-Golay filtered profile's peak near the place."""
    smooth = savgol_filter(profile[TRIM:-TRIM], 2 * round(width * sigma) + 1, 2)
    peaks, found = find_peaks(smooth, prominence=0.0, width=0.5 * sigma)
    near = np.abs(peaks - (place - TRIM)) < sigma
    return float(found["prominences"][near].max()) if near.any() else 0.0


def beside(width: float, profile: FloatArray, place: float, sigma: float) -> float:
    """Lay a straight line through both flanks, as is done by hand, and take the area above it."""
    x = np.arange(len(profile)) - place
    flank = (np.abs(x) > REACH * sigma) & (np.abs(x) < (REACH + width) * sigma)
    slope, level = np.polyfit(x[flank], profile[flank], 1)
    return area(profile - level - slope * x, place, sigma)


def fitted(reach: float, profile: FloatArray, place: float, sigma: float) -> float:
    """Fit a Gaussian of known place and width and a straight line by least squares."""
    x = np.arange(len(profile)) - place
    near = np.abs(x) < reach * sigma
    design = np.column_stack([np.exp(-((x / sigma) ** 2) / 2), np.ones_like(x), x])[near]
    return float(lstsq(design, profile[near])[0][0])


def _penalised(name: str, **fixed: float) -> dict[str, Pipeline]:
    """Return a smoother of pybaselines with several penalties, on the profile as it is and smoothed."""
    return {
        f"{lam:g}{', smoothed' if blur else ''}": Baselined(name, {"lam": lam, **fixed}, blur)
        for lam in (1e4, 3e4, 1e5, 3e5, 1e6)
        for blur in (0.0, 0.5)
    }


def _windowed(name: str, key: str) -> dict[str, Pipeline]:
    """Return a morphological baseline of pybaselines with several windows, on the smoothed profile."""
    return {f"{n}": Baselined(name, {key: n}, 0.5) for n in (20, 30, 45, 70)}


def _polynomial(name: str) -> dict[str, Pipeline]:
    return {f"{n}": Baselined(name, {"poly_order": n}, 0.5) for n in (3, 4, 6, 8)}


PIPELINES: Mapping[str, Mapping[str, Pipeline]] = {
    "pybaselines arpls": _penalised("arpls"),
    "pybaselines asls": _penalised("asls", p=0.01),
    "pybaselines airpls": _penalised("airpls"),
    "pybaselines drpls": _penalised("drpls"),
    "pybaselines imodpoly": _polynomial("imodpoly"),
    "pybaselines modpoly": _polynomial("modpoly"),
    "pybaselines mor": _windowed("mor", "half_window"),
    "pybaselines rolling_ball": _windowed("rolling_ball", "half_window"),
    "pybaselines snip": _windowed("snip", "max_half_window"),
    "scipy grey_opening, peak": {f"{w:g}": partial(opened, w) for w in (4.0, 5.0, 7.0, 10.0)},
    "scipy savgol, find_peaks": {f"{w:g}": partial(prominent, w) for w in (0.5, 0.7, 1.0, 1.5)},
    "scipy straight line beside": {f"{w:g}": partial(beside, w) for w in (1.0, 1.5, 2.0, 3.0)},
}

# Not what most write: it must be told the line's exact place and shape, as the reader is.
TEMPLATE: Mapping[str, Mapping[str, Pipeline]] = {
    "scipy Gaussian on a slope": {f"{w:g}": partial(fitted, w) for w in (3.0, 3.5, 4.5, 6.0)},
}

# For the short form: the best pipelines of the long one with the settings that were best there.
FEW: Mapping[str, Mapping[str, Pipeline]] = {
    name: {setting: PIPELINES[name][setting]}
    for name, setting in (
        ("pybaselines drpls", "30000, smoothed"),
        ("pybaselines imodpoly", "6"),
        ("scipy straight line beside", "1"),
    )
}
