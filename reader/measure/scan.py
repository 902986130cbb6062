"""The amplitude that a line would have at every place of a profile: a local least-squares scan.

At each place a Gaussian, a level and a slope are fitted to the samples around it. The fit is linear,
symmetric and unbiased on blank membrane, unlike a peak height or a baseline that runs below the noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

__all__ = ["LineScan"]

FloatArray = NDArray[np.float32]

REACH = 3.5  # half-width of the fitted neighbourhood, in line sigmas: level and slope stay local
LEAST_INFORMATION = 0.4  # of a full neighbourhood; less means that the line's flank is out of sight


@dataclass(frozen=True)
class LineScan:
    """Least-squares amplitudes of a Gaussian line along a profile.

    Attributes
    ----------
    weights : ndarray, shape (N,), float32
        1 where the profile is known membrane, 0 elsewhere.
    sigma : float
        Line sigma, samples.

    Examples
    --------
    >>> x = np.arange(100.0)
    >>> profile = 0.5 + 0.01 * x + 0.2 * np.exp(-((x - 50) ** 2) / 2 / 4**2)
    >>> scan = LineScan(np.ones(100, np.float32), 4.0)
    >>> bool(abs(scan.amplitudes(profile[None])[0, 50] - 0.2) < 1e-4)
    True
    """

    weights: FloatArray
    sigma: float

    @cached_property
    def offsets(self) -> FloatArray:
        """Sample offsets of the neighbourhood."""
        half = max(3, math.ceil(REACH * self.sigma))
        return np.arange(-half, half + 1, dtype=np.float32)

    @cached_property
    def template(self) -> FloatArray:
        """The line's shape, 1 at its middle."""
        return np.asarray(np.exp(-(self.offsets**2) / (2 * self.sigma**2)), np.float32)

    @cached_property
    def _solution(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """The samples' shares in the amplitude, shape (N, 2 reach + 1), and the information."""
        d, g = (v.astype(np.float64) for v in (self.offsets, self.template))
        fitted = np.array([g, np.ones_like(d), d])
        seen = _neighbours(self.weights[None], len(d) // 2)[0].copy()
        sg, s1, sd, sdd, sgd, sgg = (seen @ np.concatenate([fitted, d * fitted[2:], g * fitted[[2, 0]]]).T).T
        s1 = np.maximum(s1, 1e-6)
        cdd = np.maximum(sdd - sd**2 / s1, 1e-6)
        slope = (sgd - sg * sd / s1) / cdd
        information = sgg - sg**2 / s1 - slope**2 * cdd
        full = float(g @ g - g.sum() ** 2 / len(d))
        information = np.where(information > LEAST_INFORMATION * full, information, 0.0)
        scale = np.where(information > 0, 1 / np.maximum(information, 1e-9), 0.0)
        level = (slope * sd - sg) / s1
        seen *= np.array([scale, scale * level, -scale * slope]).T @ fitted
        return seen, information

    @property
    def information(self) -> NDArray[np.float64]:
        """Inverse variance of the amplitude per unit of white noise; 0 where no line can be measured."""
        return self._solution[1]

    @cached_property
    def precision(self) -> NDArray[np.float64]:
        """Inverse standard deviation of the same."""
        return np.sqrt(self.information)

    def amplitudes(
        self, profiles: NDArray[np.floating], places: slice | NDArray[np.intp] = slice(None)
    ) -> NDArray[np.float64]:
        """Fit a line at every place of every profile.

        Parameters
        ----------
        profiles : ndarray, shape (K, N)
            Absorbance along the flow.
        places : slice or ndarray of int, default all
            Which of the N places are asked for.

        Returns
        -------
        ndarray, shape (K, N or the number of places)
            Amplitude of the line, 0 where it cannot be measured.
        """
        shares = self._solution[0][places]
        seen = _neighbours(profiles, shares.shape[1] // 2)[:, places]
        return np.asarray(np.einsum("nd,knd->kn", shares, seen))

    def explained(self, profile: NDArray[np.floating], place: int) -> float:
        """Return the share of the local variation, beyond level and slope, that a line there explains."""
        index = place + self.offsets.astype(int)
        inside = (index >= 0) & (index < len(profile))
        inside[inside] &= self.weights[index[inside]] > 0
        if inside.sum() < 5:
            return 0.0
        d = self.offsets[inside].astype(np.float64)
        y = _without_slope(np.asarray(profile, np.float64)[index[inside]], d)
        g = _without_slope(self.template[inside].astype(np.float64), d)
        return float((g @ y) ** 2 / max(float(g @ g), 1e-12) / max(float(y @ y), 1e-12))


def _neighbours(rows: NDArray[np.floating], reach: int) -> NDArray[np.float64]:
    """Show the neighbourhood of every place of each row; what lies beyond the ends counts as 0."""
    count, length = rows.shape
    padded = np.zeros((count, length + 2 * reach))
    padded[:, reach : reach + length] = rows
    down, along = padded.strides
    # NumPy's sliding_window_view does the same and takes ten times as long about it.
    return np.ndarray((count, length, 2 * reach + 1), np.float64, padded, strides=(down, along, along))


def _without_slope(y: NDArray[np.float64], x: NDArray[np.float64]) -> NDArray[np.float64]:
    """Take the level and the slope out of values at the places x."""
    x = x - x.mean()
    y = y - y.mean()
    return np.asarray(y - x * float(x @ y) / max(float(x @ x), 1e-12))
