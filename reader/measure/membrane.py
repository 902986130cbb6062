"""Measure the lines of one window at the photo's own resolution.

The profile is the absorbance across the membrane in the label's channel mix. All lines and a smooth,
symmetric baseline are fitted to it together, so that blank membrane gives zero on average:

    y = G a + b + noise,   minimise  |y - G a - b|^2 + lambda |D2 b|^2,   lambda = 12 sigma^4

with Gaussian columns in G and second differences D2 (Whittaker's smoother; the factor 12 is derived in
the design's table of baselines). Places and widths are given and may settle as far as the picture's own
noise lets them: a clear line freely, a faint one hardly, an absent one not at all. The noise comes from
the same picture: how much one more line would differ from zero on line-free membrane, and from block to
block across the width, whichever is larger.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import cho_solve_banded, cholesky_banded

from reader.measure.lines import BLOCKS, END_TRIM, SIDE_TRIM, Patch

__all__ = ["LineFit", "MembraneFit", "measure_lines"]

FloatArray = NDArray[np.float64]

KAPPA = 12.0  # baseline stiffness in units of the line sigma to the fourth power
EDGE_TRIM = 0.2  # membrane widths at each end that are left out even beside a line
DEFAULT_SIGMA = 0.12  # membrane widths: 0.9 mm FWHM on a 3.3 mm membrane
CLEAR_OF_MARK = 2.6  # mark sigmas from its middle beyond which it has vanished
RIM_REACH = 0.8  # membrane widths: nearer than this to an end, a mark is the end's own rim
MOST_PROBES = 64  # places at which the noise is looked for
LEAST_FREE = 10  # line-free places, a sigma apart, below which they do not tell their own spread
CORRELATED = 2.25  # variance of a line's height over that in white noise of the residual's size
LEAST_POWER = 0.3  # of the best place's; what is known less well does not speak for the noise
CLEAR_OF_LINE = 2.5  # line sigmas, and one more for the searched line itself
NOISE_FLOOR = 2e-4  # absorbance: 8-bit codes average no further on a smooth membrane
HEIGHT_PRIOR = 1.0  # absorbance: what is known of a height before it is measured
PLACE_PRIOR = 0.3  # line sigmas: how well places are known beforehand, from a search or the kit
WIDTH_PRIOR = 0.25  # natural log of the width: the search's steps are 1.37, blur adds to the kit's
CLEAR = 4.0  # standard errors below which a line's place and width are left as given
FARTHEST = 1.2  # line sigmas that a place may move
WIDTHS = (0.5, 1.8)  # of the given width
MAX_STEPS = 12
LONGEST_STEP, SETTLED = 0.4, 1e-3  # line sigmas, natural log of the width
BLOCK_EXCESS = 1.35  # of variance: neighbouring blocks share grain, and a trimmed mean wastes 7 %
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
        Integral along the flow, absorbance times samples, and its standard error, which includes that
        of the width.
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
    patch: Patch,
    places: Sequence[tuple[float, float]],
    weights: tuple[float, float, float],
    marks: Sequence[tuple[float, float]] = (),
) -> MembraneFit:
    """Measure lines at given places, present or not, jointly with the baseline.

    Parameters
    ----------
    patch : Patch
        The window at its own resolution, at least 16 samples across.
    places : sequence of (float, float)
        Middle and sigma of each line, in membrane widths from the left end.
    weights : tuple of float
        Channel mix of the label (R, G, B).
    marks : sequence of (float, float), optional
        Middle and sigma of what stands out but is no line, such as a rim's shadow or a letter, in membrane
        widths. It is left out, and so is what lies between it and an end of the window that is near.

    Returns
    -------
    MembraneFit
        Heights are unbiased for lines of about the given place (within a sigma) and width (within a
        factor of 0.5 to 1.8), and zero on average where there is no line.

    Examples
    --------
    >>> x = np.arange(400)
    >>> line = 0.2 * np.exp(-((x - 150.0) ** 2) / (2 * 8.0**2))
    >>> light = np.broadcast_to(-line[None, :, None], (64, 400, 3)).astype(np.float32)
    >>> fit = measure_lines(Patch(light, 64, 400, 0, 0), [(150 / 64, 0.12), (4.5, 0.12)], (0, 1, 0))
    >>> [round(line.height, 3) + 0.0 for line in fit.lines]
    [0.2, 0.0]
    """
    blocks, known = _block_profiles(patch, np.array(weights), _membrane(patch, places, marks))
    profiles = np.vstack([_robust_mean(blocks), blocks]).T
    start = _Shapes(
        np.array([p * patch.rows - 0.5 for p, _ in places]), np.array([s * patch.rows for _, s in places])
    )
    rim = (END_TRIM - EDGE_TRIM) * patch.rows
    solve = _Baseline(known, start.typical(patch.rows), rim)
    shapes = _settle(solve, profiles[:, 0], start, _noise(solve, profiles, start, by_blocks=True))
    shapes = _settle(solve, profiles[:, 0], start, _noise(solve, profiles, shapes))
    solve = _Baseline(known, shapes.typical(patch.rows), rim)
    noise = _noise(solve, profiles, shapes)
    state = _State.of(solve, profiles, shapes, noise.density)
    rest = profiles[:, 0] - state.design @ state.heights[:, 0]
    unknown = np.where(known, 0.0, np.nan)
    return MembraneFit(
        profiles[:, 0] + unknown, solve.smooth(rest) + unknown, _fits(shapes, state), noise.spread
    )


def _membrane(
    patch: Patch, places: Sequence[tuple[float, float]], marks: Sequence[tuple[float, float]]
) -> NDArray[np.bool_]:
    """Tell which samples along the flow are membrane: neither an end's rim nor a mark."""
    x = (np.arange(patch.columns) + 0.5) / patch.rows
    length = patch.columns / patch.rows
    trim = min(EDGE_TRIM, length / 8)
    membrane = np.ones(patch.columns, bool)
    for place, sigma in marks:
        start, stop = place - CLEAR_OF_MARK * sigma, place + CLEAR_OF_MARK * sigma
        start = 0.0 if start < RIM_REACH else start
        stop = length if stop > length - RIM_REACH else stop
        membrane &= (x < start) | (x > stop)
    for place, sigma in places:
        membrane |= np.abs(x - place) < CLEAR_OF_LINE * sigma
    return membrane & (x > trim) & (x < length - trim)


def _block_profiles(
    patch: Patch, weights: FloatArray, membrane: NDArray[np.bool_]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Return the absorbance of each block across the membrane, and which samples are membrane."""
    window = patch.log_light[:, patch.end : patch.end + patch.columns] @ weights
    shares = np.linspace(SIDE_TRIM, 1 - SIDE_TRIM, BLOCKS + 1)
    edges = patch.side + (shares * patch.rows).round().astype(int)
    blocks = -np.stack([window[a:b].mean(axis=0) for a, b in pairwise(edges)])
    known = np.isfinite(blocks).all(axis=0) & membrane
    if not known.any():
        known[:] = True
        blocks = np.zeros_like(blocks)
    blocks = blocks - blocks[:, known].mean(axis=1, keepdims=True)
    return np.where(known, blocks, 0.0), known


def _robust_mean(blocks: FloatArray) -> FloatArray:
    """Average the blocks without the highest and the lowest at each place."""
    return np.asarray(np.sort(blocks, axis=0)[1:-1].mean(axis=0))


@dataclass(frozen=True, slots=True, eq=False)
class _Shapes:
    """Middles and sigmas of the lines, samples; each of shape (K,)."""

    centers: FloatArray
    sigmas: FloatArray

    def typical(self, rows: int) -> float:
        return float(np.median(self.sigmas)) if self.sigmas.size else DEFAULT_SIGMA * rows

    def columns(self, count: int) -> FloatArray:
        """Return the lines of height 1 and their derivatives by place (sigmas) and log width."""
        u = (np.arange(count)[:, None] - self.centers) / self.sigmas
        g = np.exp(-(u**2) / 2)
        return np.hstack([g, g * u, g * u**2])


class _Baseline:
    """Whittaker's smoother with unknown samples given no weight: Q = W - W (W + lambda D'D)^-1 W."""

    def __init__(self, known: NDArray[np.bool_], sigma: float, rim: float) -> None:
        count = len(known)
        self.known = known
        self.sigma = sigma
        self.rim = rim
        self.weights = known.astype(np.float64)
        stiffness = KAPPA * sigma**4
        diagonal = np.full(count, 6.0)
        diagonal[[0, -1]] = 1.0
        diagonal[[1, -2]] = 5.0
        first = np.full(count, -4.0)
        first[[1, -1]] = -2.0
        bands = np.full((3, count), stiffness)
        bands[2] = stiffness * diagonal + self.weights + 1e-9
        bands[1] = stiffness * first
        self.factor = cholesky_banded(bands)

    def smooth(self, values: FloatArray) -> FloatArray:
        """Return the baseline of a profile without lines."""
        weighted = (self.weights * values.T).T
        return np.asarray(cho_solve_banded((self.factor, False), weighted, check_finite=False))

    def project(self, values: FloatArray) -> FloatArray:
        """Apply Q: what is left when the baseline is taken off."""
        return np.asarray((self.weights * (values - self.smooth(values)).T).T)


@dataclass(frozen=True, slots=True)
class _Noise:
    """Variance of equivalent white noise per sample at the lines' scale; spread of a line's height."""

    density: float
    spread: float


def _noise(solve: _Baseline, profiles: FloatArray, shapes: _Shapes, *, by_blocks: bool = False) -> _Noise:
    """Fit one more line at places where there is none, and see how much it differs from zero.

    The real lines are in that fit, so that nothing of them is left in it. Where they stand so close that
    too few places are free of them, what the fit leaves of the profile is taken for it. With ``by_blocks``
    only the disagreement across the width counts, which holds even before the lines' shapes are right.
    """
    places = np.arange(0, len(profiles), max(1, round(solve.sigma), len(profiles) // MOST_PROBES))
    probes = np.exp(-((np.arange(len(profiles))[:, None] - places) ** 2) / (2 * solve.sigma**2))
    rest = _without(solve, probes, shapes)
    power = (probes * rest).sum(axis=0)
    usable = (power > LEAST_POWER * power.max()) & _inside(solve, places)
    free = usable & _clear(shapes, places, solve.sigma)
    chosen = free if free.sum() >= LEAST_FREE else usable
    if not chosen.any():
        chosen = power >= power.max()
    amounts = rest[:, chosen].T @ profiles / np.sqrt(power[chosen])[:, None]
    density = BLOCK_EXCESS * float((amounts[:, 1:].var(axis=1, ddof=1) / BLOCKS).mean())
    if not by_blocks and free.sum() >= LEAST_FREE:
        density = max(density, (1.4826 * float(np.median(np.abs(amounts[:, 0])))) ** 2)
    elif not by_blocks:
        left = _without(solve, profiles[:, :1], shapes)[solve.known]
        density = max(density, CORRELATED * float(left.var()))
    reference = float(np.median(power[chosen]))
    density = max(density, NOISE_FLOOR**2 * reference)
    return _Noise(density, math.sqrt(density / reference))


def _without(solve: _Baseline, probes: FloatArray, shapes: _Shapes) -> FloatArray:
    """Return what is left of each probe when baseline and lines are taken off."""
    rest = solve.project(probes)
    if not shapes.centers.size:
        return rest
    design = shapes.columns(len(probes))[:, : shapes.centers.size]
    projected = solve.project(design)
    normal = design.T @ projected + 1e-9 * np.eye(design.shape[1])
    return rest - projected @ np.linalg.solve(normal, projected.T @ probes)


def _inside(solve: _Baseline, places: NDArray[np.int_]) -> NDArray[np.bool_]:
    """Tell which places lie far enough from both ends for a rim shadow not to reach them."""
    known = np.flatnonzero(solve.known)
    edge = solve.rim + solve.sigma
    return np.asarray((places > known[0] + edge) & (places < known[-1] - edge))


def _clear(shapes: _Shapes, places: NDArray[np.int_], sigma: float) -> NDArray[np.bool_]:
    """Tell which places lie clear of all lines."""
    distance = np.abs(places[:, None] - shapes.centers)
    return np.asarray((distance > CLEAR_OF_LINE * shapes.sigmas + sigma).all(axis=1))


@dataclass(frozen=True, slots=True, eq=False)
class _State:
    """The linear fit at given shapes, and what it says about small changes of them.

    Attributes
    ----------
    design : ndarray, shape (N, K)
        Lines of height 1.
    heights : ndarray, shape (K, 9)
        Of the profile and of the blocks.
    normal : ndarray, shape (3K, 3K)
        Information on heights, places and log widths, prior included.
    gradient : ndarray, shape (3K,)
        How the fit would gain from changing them, prior not included.
    """

    design: FloatArray
    heights: FloatArray
    normal: FloatArray
    gradient: FloatArray

    @classmethod
    def of(cls, solve: _Baseline, profiles: FloatArray, shapes: _Shapes, density: float) -> _State:
        count = shapes.centers.size
        columns = shapes.columns(len(profiles))
        projected = solve.project(columns)
        design, target = columns[:, :count], projected[:, :count].T @ profiles
        shrink = density / HEIGHT_PRIOR**2 * np.eye(count)
        heights = np.linalg.solve(design.T @ projected[:, :count] + shrink, target)
        error = np.sqrt(density / np.maximum((design * projected[:, :count]).sum(axis=0), 1e-9))
        clear = np.maximum(1 - CLEAR * error / np.maximum(np.abs(heights[:, 0]), 1e-9), 0.0)
        scale = np.concatenate([np.ones(count), clear * heights[:, 0], clear * heights[:, 0]])
        prior = np.repeat([HEIGHT_PRIOR**-2, PLACE_PRIOR**-2, WIDTH_PRIOR**-2], count)
        normal = scale[:, None] * (columns.T @ projected) * scale / density + np.diag(prior)
        rest = profiles[:, 0] - design @ heights[:, 0]
        gradient = np.asarray(scale * (projected.T @ rest) / density)
        return cls(design, np.asarray(heights, np.float64), normal, gradient)


def _settle(solve: _Baseline, profile: FloatArray, start: _Shapes, noise: _Noise) -> _Shapes:
    """Move places and widths to where they fit best, held to the given ones by the priors."""
    shapes = start
    for _ in range(MAX_STEPS if start.centers.size else 0):
        last, shapes = shapes, _stepped(solve, profile, start, shapes, noise.density)
        moved = np.abs(shapes.centers - last.centers) + np.abs(shapes.sigmas - last.sigmas)
        if (moved < SETTLED * start.sigmas).all():
            break
    return shapes


def _stepped(
    solve: _Baseline, profile: FloatArray, start: _Shapes, shapes: _Shapes, density: float
) -> _Shapes:
    """Take one Gauss-Newton step within what is allowed."""
    count = start.centers.size
    state = _State.of(solve, profile[:, None], shapes, density)
    shift = (start.centers - shapes.centers) / shapes.sigmas / PLACE_PRIOR**2
    stretch = np.log(start.sigmas / shapes.sigmas) / WIDTH_PRIOR**2
    pull = np.concatenate([np.zeros(count), shift, stretch])
    step = np.clip(np.linalg.solve(state.normal, state.gradient + pull)[count:], -LONGEST_STEP, LONGEST_STEP)
    centers = shapes.centers + step[:count] * shapes.sigmas
    sigmas = shapes.sigmas * np.exp(step[count:])
    reach = FARTHEST * start.sigmas
    return _Shapes(
        np.clip(centers, start.centers - reach, start.centers + reach),
        np.clip(sigmas, WIDTHS[0] * start.sigmas, WIDTHS[1] * start.sigmas),
    )


def _fits(shapes: _Shapes, state: _State) -> tuple[LineFit, ...]:
    """Turn the fit into lines with their standard errors.

    The error of a height is at least the disagreement of the blocks: an uneven line is known less well.
    """
    count = shapes.centers.size
    if not count:
        return ()
    covariance = np.linalg.inv(state.normal)
    found = []
    for k in range(count):
        height, sigma = float(state.heights[k, 0]), float(shapes.sigmas[k])
        spread = float(state.heights[k, 1:].var(ddof=1)) / BLOCKS
        own, width = covariance[k, k], covariance[2 * count + k, 2 * count + k]
        excess = max(spread - float(own), 0.0)
        shared = 2 * height * covariance[k, 2 * count + k] + height**2 * width
        area_variance = max(own + shared, 0.0) + excess
        factor = sigma * SQRT_2PI
        found.append(
            LineFit(
                float(shapes.centers[k]) + 0.5,
                sigma,
                height,
                math.sqrt(own + excess),
                height * factor,
                math.sqrt(area_variance) * factor,
            )
        )
    return tuple(found)
