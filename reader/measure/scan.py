"""The amplitude that a line would have at every place of a profile: a local least-squares scan.

At each place a Gaussian, a level and a slope are fitted to the samples around it. The fit is linear,
symmetric and unbiased on blank membrane, unlike a peak height or a baseline that runs below the noise.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import cv2
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
    def _moments(self) -> tuple[NDArray[np.float64], ...]:
        d, g = self.offsets, self.template
        kernels = (np.ones_like(d), d, d * d, g, g * d, g * g)
        s1, sd, sdd, sg, sgd, sgg = (_correlate(self.weights[None], k)[0] for k in kernels)
        s1 = np.maximum(s1, 1e-6)
        cdd = np.maximum(sdd - sd**2 / s1, 1e-6)
        cgd = sgd - sg * sd / s1
        information = sgg - sg**2 / s1 - cgd**2 / cdd
        full = float((g * g).sum() - g.sum() ** 2 / len(d))
        information = np.where(information > LEAST_INFORMATION * full, information, 0.0)
        return sg / s1, sd / s1, cgd / cdd, information

    @property
    def information(self) -> NDArray[np.float64]:
        """Inverse variance of the amplitude per unit of white noise; 0 where no line can be measured."""
        return self._moments[3]

    def amplitudes(self, profiles: NDArray[np.floating]) -> NDArray[np.float64]:
        """Fit a line at every place of every profile.

        Parameters
        ----------
        profiles : ndarray, shape (K, N)
            Absorbance along the flow.

        Returns
        -------
        ndarray, shape (K, N)
            Amplitude of the line, 0 where it cannot be measured.
        """
        mean_g, mean_d, slope, information = self._moments
        weighted = (profiles * self.weights).astype(np.float32)
        y1 = _correlate(weighted, np.ones_like(self.offsets))
        yd = _correlate(weighted, self.offsets)
        yg = _correlate(weighted, self.template)
        amplitude = (yg - mean_g * y1) - slope * (yd - mean_d * y1)
        return np.where(information > 0, amplitude / np.maximum(information, 1e-9), 0.0)

    def explained(self, profile: NDArray[np.floating], place: int) -> float:
        """Return the share of the local variation, beyond level and slope, that a line there explains."""
        index = place + self.offsets.astype(int)
        inside = (index >= 0) & (index < len(profile))
        inside[inside] &= self.weights[index[inside]] > 0
        if inside.sum() < 5:
            return 0.0
        y = np.asarray(profile, np.float64)[index[inside]]
        design = np.column_stack([np.ones(len(y)), self.offsets[inside], self.template[inside]])
        before = _residual(design[:, :2], y)
        return float(1 - _residual(design, y) / max(before, 1e-12))


def _correlate(rows: NDArray[np.float32], kernel: FloatArray) -> NDArray[np.float64]:
    """Correlate each row with a kernel; what lies beyond the ends counts as 0."""
    result = cv2.filter2D(rows, cv2.CV_32F, kernel[None, :], borderType=cv2.BORDER_CONSTANT)
    return result.astype(np.float64)


def _residual(design: NDArray[np.float64], y: NDArray[np.float64]) -> float:
    rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
    return float(rest @ rest)
