"""Band-limited random fields: the grain of membranes, paper, plastic and wood."""

from __future__ import annotations

import math

import cv2
import numpy as np

from reader.simulate.raster import FloatArray, blur, zoom

__all__ = ["blurred_rms", "octaves", "own_dice", "smooth_noise"]


def smooth_noise(
    shape: tuple[int, int], sigma: float | tuple[float, float], rng: np.random.Generator
) -> FloatArray:
    """Draw Gaussian noise of unit standard deviation, correlated over ``sigma`` pixels.

    Parameters
    ----------
    shape : tuple of int
        Rows and columns.
    sigma : float or tuple of float
        Correlation length in px, the same in both directions or (down the rows, along the columns);
        0 gives white noise.
    rng : numpy.random.Generator
        The only source of randomness.

    Returns
    -------
    ndarray of float32, shape (rows, columns)
        Long correlations are drawn on a coarse grid and enlarged, so that they cost little.
    """
    down, along = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    steps = [max(1, int(s / 3)) for s in (down, along)]
    coarse = [math.ceil(n / k) + 4 for n, k in zip(shape, steps, strict=True)]
    field = rng.standard_normal(coarse, dtype=np.float32)
    blur_down, blur_along = down / steps[0], along / steps[1]
    # Away from its border a blurred white field has this rms in each direction (1 for no blur).
    gain = math.prod(blurred_rms(s) for s in (blur_down, blur_along))
    field = blur(field, (blur_down, blur_along))
    if steps != [1, 1]:
        size = (coarse[1] * steps[1], coarse[0] * steps[0])
        field = zoom(field, size, cv2.INTER_CUBIC)
    return np.ascontiguousarray(field[: shape[0], : shape[1]]) / np.float32(gain)


def octaves(
    shape: tuple[int, int], sigma: float, rng: np.random.Generator, *, levels: int = 4, gain: float = 0.6
) -> FloatArray:
    """Add noise fields of halving correlation length: clouds, stone, worn table tops.

    Parameters
    ----------
    sigma : float
        Longest correlation, px.
    levels : int, default 4
        Number of fields.
    gain : float, default 0.6
        Amplitude of each field over that of the one before.

    Returns
    -------
    ndarray of float32
        About unit standard deviation.
    """
    total = np.zeros(shape, np.float32)
    for level in range(levels):
        total += np.float32(gain**level) * smooth_noise(shape, max(sigma / 2**level, 0.5), rng)
    return total / np.float32(math.sqrt(sum(gain ** (2 * k) for k in range(levels))))


def own_dice(rng: np.random.Generator) -> np.random.Generator:
    """Return dice for one thing: however many it takes, what comes after it stays the same."""
    return np.random.default_rng(int(rng.integers(2**62)))


def blurred_rms(sigma: float) -> float:
    """Return the standard deviation that white noise of 1 keeps after a blur along one axis."""
    reach = max(1, round(4 * sigma))
    weights = np.exp(-0.5 * (np.arange(-reach, reach + 1) / max(sigma, 1e-3)) ** 2)
    return float(np.sqrt(np.sum((weights / weights.sum()) ** 2)))
