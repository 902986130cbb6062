"""The sensor and what a phone does to its raw picture: noise, colour mosaic, smoothing."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.simulate.noise import blurred_rms
from reader.simulate.raster import FloatArray, blur, single

__all__ = ["read_out", "smoothed"]

# Filters of Malvar, He and Cutler (ICASSP 2004, doi:10.1109/ICASSP.2004.1326587), in eighths: a bilinear
# guess, put right by the second difference of the colour that was measured at the place.
_GREEN = ((0, 0, -1, 0, 0), (0, 0, 2, 0, 0), (-1, 2, 4, 2, -1), (0, 0, 2, 0, 0), (0, 0, -1, 0, 0))
_SAME_ROW = ((0, 0, 0.5, 0, 0), (0, -1, 0, -1, 0), (-1, 4, 5, 4, -1), (0, -1, 0, -1, 0), (0, 0, 0.5, 0, 0))
_DIAGONAL = ((0, 0, -1.5, 0, 0), (0, 2, 0, 2, 0), (-1.5, 0, 6, 0, -1.5), (0, 2, 0, 2, 0), (0, 0, -1.5, 0, 0))
SMOOTHING_CODE = 0.05  # difference of encoded values that full smoothing takes for noise
SMOOTHING_PX = 2.0


def read_out(
    image: FloatArray,
    shot_noise: float,
    read_noise: float,
    noise_px: float,
    rng: np.random.Generator,
    *,
    bayer: bool,
) -> FloatArray:
    """Return what a sensor makes of the light that falls on it.

    Parameters
    ----------
    image : ndarray of float32, shape (H, W, 3)
        Linear light, 1 at full scale.
    shot_noise, read_noise : float
        Standard deviation at full scale, falling with the root of the light, and its floor.
    noise_px : float
        Correlation of the noise; without a colour mosaic only.
    rng : numpy.random.Generator
        The only source of randomness.
    bayer : bool
        See one colour to a pixel (red, green; green, blue) and fill in the others.
    """
    if bayer:
        raw = _mosaic(image)
        return _filled_in(_noisy(raw, rng.standard_normal(raw.shape, np.float32), shot_noise, read_noise))
    if shot_noise <= 0 and read_noise <= 0:
        return image
    noise = rng.standard_normal(image.shape, dtype=np.float32)
    if noise_px > 0:
        noise = blur(noise, noise_px) / np.float32(blurred_rms(noise_px) ** 2)
    return _noisy(image, noise, shot_noise, read_noise)


def smoothed(codes: FloatArray, strength: float) -> FloatArray:
    """Smooth encoded values but for edges, as phones do to hide noise."""
    return single(cv2.bilateralFilter(codes, 5, SMOOTHING_CODE * strength, SMOOTHING_PX))


def _noisy(image: FloatArray, noise: FloatArray, shot_noise: float, read_noise: float) -> FloatArray:
    sigma = np.sqrt(shot_noise**2 * np.maximum(image, 0) + read_noise**2)
    return single(image + sigma * noise)


def _mosaic(image: FloatArray) -> FloatArray:
    raw = image[..., 1].copy()
    raw[::2, ::2] = image[::2, ::2, 0]
    raw[1::2, 1::2] = image[1::2, 1::2, 2]
    return raw


def _filled_in(raw: FloatArray) -> FloatArray:
    """Return the picture of a mosaic with red at even, blue at odd rows and columns."""
    green, along, down, across = (
        _filtered(raw, kernel)
        for kernel in (_GREEN, _SAME_ROW, tuple(zip(*_SAME_ROW, strict=True)), _DIAGONAL)
    )
    red, blue = np.empty_like(raw), np.empty_like(raw)
    for colour, first in ((red, 0), (blue, 1)):
        own, other = slice(first, None, 2), slice(1 - first, None, 2)
        colour[own, own] = raw[own, own]
        colour[own, other] = along[own, other]
        colour[other, own] = down[other, own]
        colour[other, other] = across[other, other]
    green[::2, 1::2], green[1::2, ::2] = raw[::2, 1::2], raw[1::2, ::2]
    return np.stack([red, green, blue], -1)


def _filtered(raw: FloatArray, kernel: tuple[tuple[float, ...], ...]) -> FloatArray:
    # Mirrored about its border pixel, a mosaic goes on as a mosaic.
    weights: NDArray[np.float32] = single(kernel) / np.float32(8)
    return single(cv2.filter2D(raw, -1, weights, borderType=cv2.BORDER_REFLECT_101))
