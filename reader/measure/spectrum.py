"""Fit lines to a profile whose membrane and noise are known by the shapes of their spectra only.

The membrane between the lines is a smooth curve, the noise is white or coarser than that. Neither how
smooth nor how coarse is known beforehand, but both are even along the flow, so that a cosine transform
makes them independent from frequency to frequency:

    S(w) = v (1 + rho exp(-(w l)^2)) (1 + 1 / (kappa sigma^4 (2 - 2 cos w)^2))

with white noise v, grain rho of the length l, and an integrated random walk of stiffness kappa, which is
the model behind Whittaker's smoother. Every spectrum of a grid has a restricted likelihood, given the
profile itself; the answer is averaged over them. Each answer is linear and symmetric: a line's height is
zero on average where there is none. The average keeps the variance within a tenth of what it would be if
the spectrum were known, and its error holds what is not known.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray
from scipy.fft import dct, idct

__all__ = ["Solution", "Spectra"]

FloatArray = NDArray[np.float64]

# Below 2 a baseline follows a line itself; above 50,000 it is as good as straight over any strip.
KAPPAS = np.geomspace(2.0, 5e4, 8)
# rho, and l in line sigmas. Nitrocellulose has grain of 0.05 to 0.2 mm; the noise of dim pictures is white.
# Finer grain is left out: what it says of the noise at the lines' scale hangs on what is no longer resolved.
GRAIN = np.array([(0.0, 0.0)] + [(rho, length) for rho in (2.0, 8.0, 30.0, 120.0) for length in (0.25, 0.5)])
WHITE = 0.2  # probability of noise without grain
CHANCES = np.repeat([WHITE, *[(1 - WHITE) / (len(GRAIN) - 1)] * (len(GRAIN) - 1)], len(KAPPAS)) / len(KAPPAS)
TREND = 2  # slope and bend over the whole window are free
# Spectra that are summed at once, a divisor of their number: for all of them BLAS would start threads, which
# then wait, at work, for far longer than the sums take.
PART = 4
TINY = 1e-12
NEGLIGIBLE = 1e-9  # probability of a spectrum that makes no difference


@dataclass(frozen=True, slots=True, eq=False)
class Spectra:
    """Spectra over the frequencies of a cosine transform without its mean, relative to white noise.

    Attributes
    ----------
    precision : ndarray, shape (M, N - 1)
        Variance of white noise over that of each frequency.
    smooth : ndarray, shape (M, N - 1)
        The membrane's share in the latter.
    chances : ndarray, shape (M,)
        Probability of each spectrum before anything is seen.
    volume : ndarray, shape (M,)
        Sum over the frequencies of the logarithm of their variance.
    trend : ndarray, shape (N - 1, 2)
        Slope and bend over these frequencies.
    """

    precision: FloatArray
    smooth: FloatArray
    chances: FloatArray
    volume: FloatArray
    trend: FloatArray

    @classmethod
    def over(cls, count: int, sigma: float) -> Spectra:
        """Return the grid of spectra for a profile of so many steps and lines of that sigma (steps)."""
        w = np.pi * np.arange(1, count) / count
        rho, length = GRAIN[:, :1], GRAIN[:, 1:]
        noise = (1 + rho * np.exp(-((length * sigma * w) ** 2)))[:, None]
        walk = (1 + rho)[:, None] / (KAPPAS[:, None] * (2 - 2 * np.cos(w)) ** 2 * sigma**4)
        density = (noise + walk).reshape(-1, count - 1)
        precision = 1 / density
        smooth = walk.reshape(density.shape) * precision
        volume = np.log(density).sum(axis=1)
        return cls(precision, smooth, CHANCES, volume, _waves(_trend(count)))

    def only(self, which: int) -> Spectra:
        """Return one of the spectra."""
        one = slice(which, which + 1)
        return Spectra(self.precision[one], self.smooth[one], self.chances[one], self.volume[one], self.trend)

    def solve(
        self, profile: FloatArray, columns: FloatArray, prior: FloatArray, expected: FloatArray, floor: float
    ) -> Solution:
        """Fit columns and a trend to a profile.

        Parameters
        ----------
        profile : ndarray, shape (N,)
            Absorbance at even steps.
        columns : ndarray, shape (N, K)
            What is fitted.
        prior, expected : ndarray, shape (K,)
            Precision (one over variance; 0 for none) and value of what is known of each amount.
        floor : float
            Least variance of white noise.
        """
        waves = _waves(np.concatenate([profile[:, None], columns], axis=1))
        inner = self._inner(np.concatenate([waves, self.trend], axis=1))
        whole, target, normal = inner[:, 0, 0], inner[:, 0, 1:], inner[:, 1:, 1:]
        precision, mean = (np.concatenate([known, np.zeros(TREND)]) for known in (prior, expected))
        # Columns that are all but alike, or all but zero, shall not stop the fit.
        ridge = TINY * _diagonals(normal).sum(axis=1, keepdims=True)
        free = max(len(waves) - int((precision == 0).sum()), 1)
        variance = np.full(len(inner), floor)
        # The prior is absolute, and the noise that it is held against is known after the first round.
        for _ in range(2):
            known = variance[:, None] * precision
            held, right = normal.copy(), target + known * mean
            _diagonals(held)[...] += known + ridge
            amounts = np.linalg.solve(held, right[..., None])[..., 0]
            rest = whole + (amounts * (right - 2 * target - (known + ridge) * amounts)).sum(axis=1)
            rest = np.maximum(rest, 0.0)
            variance = np.maximum(rest / free, floor)
        volume = self.volume + 2 * np.log(_diagonals(np.linalg.cholesky(held))).sum(axis=1)
        likelihood = -0.5 * (free * np.log(variance) + rest / variance + volume)
        shares = self.chances * np.exp(likelihood - likelihood.max())
        return Solution(int(likelihood.argmax()), shares / shares.sum(), amounts, held, variance, free)

    def _inner(self, waves: FloatArray) -> FloatArray:
        """Return the inner products of waves under each spectrum, shape (M, K, K)."""
        first, second = np.triu_indices(waves.shape[1])
        # Each product of two is needed once only.
        place = np.empty((waves.shape[1],) * 2, np.intp)
        place[first, second] = place[second, first] = np.arange(len(first))
        return self._weighed(waves[:, first] * waves[:, second])[:, place]

    def _weighed(self, powers: FloatArray) -> FloatArray:
        """Return the sums of powers over the frequencies under each spectrum, shape (N - 1, P) to (M, P)."""
        count, frequencies = self.precision.shape
        parts = self.precision.reshape(-1, min(PART, count), frequencies)
        return np.asarray((parts @ powers).reshape(count, -1))

    def amounts(self, profiles: FloatArray, columns: FloatArray) -> FloatArray:
        """Return the amounts of columns in several profiles under the first spectrum, shape (K, P)."""
        count = columns.shape[1]
        waves = _waves(np.concatenate([columns, profiles], axis=1))
        design, seen = np.concatenate([waves[:, :count], self.trend], axis=1), waves[:, count:]
        weighted = design.T * self.precision[0]
        normal = weighted @ design
        normal += TINY * np.trace(normal) * np.eye(len(normal))
        return np.asarray(np.linalg.solve(normal, weighted @ seen)[:count])

    def membrane(self, rest: FloatArray, trend: FloatArray) -> FloatArray:
        """Return the smooth part of a profile without lines under the first spectrum, shape (N,)."""
        slope = _trend(len(rest)) @ trend
        waves = dct(rest - slope, norm="ortho")
        waves[1:] *= self.smooth[0]
        return np.asarray(slope + idct(waves, norm="ortho"))

    def power(self, columns: FloatArray) -> FloatArray:
        """Return the information on each column by itself under each spectrum, shape (M, K)."""
        return self._weighed(_waves(columns) ** 2)


def _diagonals(matrices: NDArray[np.floating]) -> FloatArray:
    """Return a view of the diagonals of matrices, shape (M, K, K) to (M, K)."""
    return np.asarray(np.einsum("mkk->mk", matrices))


def _waves(columns: FloatArray) -> FloatArray:
    """Return the cosine transform of columns without their means, shape (N - 1, K)."""
    return np.asarray(dct(columns, axis=0, norm="ortho")[1:])


def _trend(count: int) -> FloatArray:
    x = np.linspace(-1.0, 1.0, count)
    return np.column_stack([x, x * x])


@dataclass(frozen=True, eq=False)
class Solution:
    """Amounts of the columns, and of slope and bend after them, under each spectrum.

    Attributes
    ----------
    best : int
        Which spectrum the profile itself speaks for most.
    shares : ndarray, shape (M,)
        Probability of each spectrum, given the profile.
    amounts : ndarray, shape (M, K + 2)
        Best amounts.
    information : ndarray, shape (M, K + 2, K + 2)
        Inverse of their covariances, times the variance of the white noise.
    variances : ndarray, shape (M,)
        Of the white noise.
    free : int
        Degrees of freedom that tell the variance of the noise.
    """

    best: int
    shares: FloatArray
    amounts: FloatArray
    information: FloatArray
    variances: FloatArray
    free: int

    @cached_property
    def mean(self) -> FloatArray:
        """Amounts, averaged over the spectra, shape (K + 2,)."""
        return np.asarray(self.shares @ self.amounts)

    @cached_property
    def covariance(self) -> FloatArray:
        """Their errors, and the disagreement of the spectra about them, shape (K + 2, K + 2)."""
        likely = self.shares > NEGLIGIBLE
        shares, off = self.shares[likely], self.amounts[likely] - self.mean
        # The noise's variance is estimated: the error has the tails of Student's distribution.
        noise = shares * self.variances[likely] * self.free / max(self.free - 2, 1)
        own = (noise[:, None, None] * np.linalg.inv(self.information[likely])).sum(axis=0)
        return np.asarray(own + (shares * off.T) @ off)
