"""Measure the lines of one window at the photo's own resolution.

The profile is the absorbance across the membrane in the label's channel mix. All lines and a smooth,
symmetric baseline are fitted to it together, so that blank membrane gives zero on average:

    y = G a + b + noise,   minimise  |y - G a - b|^2 + lambda |D2 b|^2,   lambda = 12 sigma^4

with Gaussian columns in G and second differences D2 (Whittaker's smoother; the factor 12 is derived in
the design's table of baselines). The standard error of a height comes from the same picture: the
spread of the same estimator over line-free membrane, or the disagreement of the blocks across the
width, whichever is larger.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cholesky_banded, cho_solve_banded

from reader.measure.lines import BLOCKS, END_TRIM, SIDE_TRIM, Patch

__all__ = ["LineFit", "MembraneFit", "measure_lines"]

FloatArray = NDArray[np.float64]

KAPPA = 12.0  # baseline stiffness in units of the line sigma to the fourth power
EDGE_TRIM = 0.2  # membrane widths at each end that are left out even beside a line
LEAST_FREE = 20  # line-free places below which the white-noise formula stands in for their spread
NOISE_FLOOR = 2e-4  # absorbance: 8-bit codes average no further on a smooth membrane
SQRT_2PI = math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class LineFit:
    """A line as measured; lengths in samples of the patch, heights in absorbance.

    Attributes
    ----------
    place, sigma : float
        Middle (from the window's left end) and Gaussian sigma.
    height, height_sigma : float
        Peak absorbance and its standard error; may be negative on blank membrane.
    area, area_sigma : float
        Integral along the flow, absorbance times samples.
    """

    place: float
    sigma: float
    height: float
    height_sigma: float
    area: float
    area_sigma: float


@dataclass(frozen=True, slots=True, eq=False)
class MembraneFit:
    """The measured profile of one window.

    Attributes
    ----------
    profile, baseline : ndarray, shape (N,)
        Absorbance relative to the membrane's mean, and the fitted line-free membrane; NaN where unknown.
    lines : tuple of LineFit
        In the order in which they were asked for.
    noise : float
        Spread of a line height over line-free membrane.
    """

    profile: FloatArray
    baseline: FloatArray
    lines: tuple[LineFit, ...]
    noise: float


def measure_lines(
    patch: Patch, places: Sequence[tuple[float, float]], weights: tuple[float, float, float]
) -> MembraneFit:
    """Measure lines at given places, present or not, jointly with the baseline.

    Parameters
    ----------
    patch : Patch
        The window at its own resolution.
    places : sequence of (float, float)
        Middle and sigma of each line, in membrane widths from the left end.
    weights : tuple of float
        Channel mix of the label (R, G, B).

    Returns
    -------
    MembraneFit
        Heights are unbiased for lines of about the given width, and zero on average where there is none.
    """
    blocks, known = _block_profiles(patch, np.array(weights))
    profile = _robust_mean(blocks)
    refined = [_refine(profile, known, p * patch.rows - 0.5, s * patch.rows) for p, s in places]
    typical = float(np.median([s for _, s in refined])) if refined else 0.12 * patch.rows
    solve = _Baseline(known, KAPPA * typical**4)
    design = np.stack([_gauss(len(profile), c, s) for c, s in refined] or [np.zeros(len(profile))], axis=1)
    heights = solve.heights(design, np.vstack([profile, blocks]).T)
    free = _free_spread(solve, design, profile, known, refined, typical)
    noise = max(free, NOISE_FLOOR)
    fits = []
    for k, (center, sigma) in enumerate(refined):
        spread = float(heights[k, 1:].std(ddof=1)) / math.sqrt(BLOCKS)
        error = max(noise, spread)
        height = float(heights[k, 0])
        factor = sigma * SQRT_2PI
        fits.append(LineFit(center + 0.5, sigma, height, error, height * factor, error * factor))
    baseline = solve.smooth(profile - design @ heights[: design.shape[1], 0])
    return MembraneFit(
        np.where(known, profile, np.nan), np.where(known, baseline, np.nan), tuple(fits), noise
    )


def _block_profiles(patch: Patch, weights: FloatArray) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the absorbance of each block across the membrane, and which samples are membrane."""
    window = patch.log_light[:, patch.end : patch.end + patch.columns] @ weights
    first = patch.side + SIDE_TRIM * patch.rows
    edges = np.linspace(first, patch.side + (1 - SIDE_TRIM) * patch.rows, BLOCKS + 1).round().astype(int)
    blocks = -np.stack([window[a:b].mean(axis=0) for a, b in zip(edges[:-1], edges[1:], strict=True)])
    known = np.isfinite(blocks).all(axis=0)
    trim = min(round(EDGE_TRIM * patch.rows), patch.columns // 8)
    known[:trim] = known[len(known) - trim :] = False
    if not known.any():
        known[:] = True
        blocks = np.zeros_like(blocks)
    blocks = blocks - blocks[:, known].mean(axis=1, keepdims=True)
    return np.where(known, blocks, 0.0), known


def _robust_mean(blocks: FloatArray) -> FloatArray:
    """Average the blocks without the highest and the lowest at each place."""
    return np.asarray(np.sort(blocks, axis=0)[1:-1].mean(axis=0))


def _gauss(count: int, center: float, sigma: float) -> FloatArray:
    return np.exp(-((np.arange(count) - center) ** 2) / (2 * sigma**2))


def _refine(profile: FloatArray, known: NDArray[np.bool_], center: float, sigma: float) -> tuple[float, float]:
    """Settle a clear line's middle and width by least squares around it; leave a faint one as it is."""
    best = (_misfit(profile, known, center, sigma), center, sigma)
    if best[0][1] < 8 * best[0][2]:
        return center, sigma
    for step in (0.25, 0.08, 0.03):
        trials = [
            (c, s)
            for c in best[1] + sigma * step * np.arange(-2, 3)
            for s in best[2] * (1 + step * np.arange(-2, 3))
            if 0.5 * sigma <= s <= 1.8 * sigma
        ]
        scored = [(_misfit(profile, known, c, s), c, s) for c, s in trials]
        best = min(scored, key=lambda item: item[0][0])
    return float(best[1]), float(best[2])


def _misfit(
    profile: FloatArray, known: NDArray[np.bool_], center: float, sigma: float
) -> tuple[float, float, float]:
    """Return residual, height and rough error of a line on a local straight baseline."""
    reach = 4.0 * sigma
    near = known & (np.abs(np.arange(len(profile)) - center) <= reach)
    if near.sum() < 6:
        return math.inf, 0.0, 1.0
    x = np.flatnonzero(near) - center
    design = np.column_stack([np.ones(len(x)), x, np.exp(-(x**2) / (2 * sigma**2))])
    solution = np.linalg.lstsq(design, profile[near], rcond=None)[0]
    rest = float(((profile[near] - design @ solution) ** 2).mean())
    return rest, float(solution[2]), math.sqrt(rest / max(sigma, 1.0)) + 1e-5


class _Baseline:
    """Whittaker's smoother with unknown samples given no weight: Q = W - W (W + lambda D'D)^-1 W."""

    def __init__(self, known: NDArray[np.bool_], stiffness: float) -> None:
        count = len(known)
        self.weights = known.astype(np.float64)
        bands = np.zeros((3, count))
        diagonal = np.full(count, 6.0)
        diagonal[[0, -1]] = 1.0
        diagonal[[1, -2]] = 5.0
        first = np.full(count, -4.0)
        first[[1, -1]] = -2.0
        bands[2] = stiffness * diagonal + self.weights + 1e-9
        bands[1] = stiffness * first
        bands[0] = stiffness
        self.factor = cholesky_banded(bands)

    def smooth(self, values: FloatArray) -> FloatArray:
        """Return the baseline of a profile without lines."""
        weighted = (self.weights * values.T).T
        return np.asarray(cho_solve_banded((self.factor, False), weighted))

    def project(self, values: FloatArray) -> FloatArray:
        """Apply Q: what is left when the baseline is taken off."""
        return np.asarray((self.weights * (values - self.smooth(values)).T).T)

    def heights(self, design: FloatArray, profiles: FloatArray) -> FloatArray:
        """Return the least-squares heights of the lines in each profile; shape (lines, profiles)."""
        q = self.project(design)
        normal = design.T @ q + 1e-9 * np.eye(design.shape[1])
        return np.asarray(np.linalg.solve(normal, q.T @ profiles))


def _free_spread(
    solve: _Baseline,
    design: FloatArray,
    profile: FloatArray,
    known: NDArray[np.bool_],
    lines: Sequence[tuple[float, float]],
    sigma: float,
) -> float:
    """Return the spread of one more line's height at places where there is none.

    The search for lines at such places is made with the real ones in the fit, so that nothing of them
    is left in it.
    """
    count = len(profile)
    edge = END_TRIM / EDGE_TRIM * (np.flatnonzero(known)[0] if known.any() else 0) + sigma
    free = known & (np.arange(count) > edge) & (np.arange(count) < count - edge)
    for center, width in lines:
        free &= np.abs(np.arange(count) - center) > 2.5 * width + sigma
    places = np.flatnonzero(free)
    if len(places) < LEAST_FREE:
        return _white_spread(solve, design, profile, sigma)
    places = places[:: max(1, len(places) // 200)]
    probes = np.exp(-((np.arange(count)[:, None] - places) ** 2) / (2 * sigma**2))
    q = solve.project(probes)
    if lines:
        ql = solve.project(design)
        normal = design.T @ ql + 1e-9 * np.eye(design.shape[1])
        q = q - ql @ np.linalg.solve(normal, ql.T @ probes)
    power = (probes * q).sum(axis=0)
    usable = power > 0.3 * float(np.median(power))
    amplitude = (q.T @ profile)[usable] / power[usable]
    return 1.4826 * float(np.median(np.abs(amplitude)))


def _white_spread(solve: _Baseline, design: FloatArray, profile: FloatArray, sigma: float) -> float:
    """Return the standard error that white noise of the residual's size would give."""
    heights = solve.heights(design, profile[:, None])[:, 0]
    rest = solve.project(profile - design @ heights)
    return float(np.std(rest)) / math.sqrt(max(sigma * math.sqrt(math.pi), 1.0)) * 1.5
