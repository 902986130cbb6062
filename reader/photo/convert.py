"""Conversions to sRGB, skipped where the file is sRGB already.

A phone's Display-P3 numbers taken for sRGB cost a red line about 4 % of its height. Matrix profiles
(those of all cameras and phones) are applied here, in 8 and 16 bit; profiles that are tables of colours
go through LittleCMS.
"""

import io
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from reader.colour import srgb_encode
from reader.photo.header import Conversion, Samples

__all__ = [
    "Curve",
    "Matrix",
    "by_littlecms",
    "by_table",
    "grey_by_table",
    "is_srgb",
    "keeps_fractions",
    "littlecms",
    "matrix_conversion",
    "power_curve",
]

Curve = Callable[[NDArray[np.floating[Any]]], NDArray[np.float64]]
"""Tone curve: from encoded 0..1 to linear 0..1."""

Matrix = NDArray[np.float64]
"""From linear RGB to linear sRGB, or to XYZ, shape (3, 3)."""

_MATRIX_TOLERANCE: Final = 0.01
_CURVE_TOLERANCE: Final = 0.75 / 255
"""Writers of sRGB profiles round differently; below this, converting would add noise and no truth."""

_BLOCK_PIXELS: Final = 2**16
"""Pixels converted at a time: intermediate values stay in the processor's cache."""
_STEPS: Final = 32767
"""Steps of linear light in 8-bit work: one is at most a tenth of an 8-bit code, at black."""
_LATTICE_X, _LATTICE_Y = 193, 145
"""Odd numbers near 256 times the constants of Roberts's R2 sequence, 0.7549 and 0.5698."""


def power_curve(gamma: float, v: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Return v**gamma: a tone curve, once its exponent is bound.

    Examples
    --------
    >>> power_curve(2.0, np.array([0.5])).tolist()
    [0.25]
    """
    return np.asarray(v, np.float64) ** gamma


def is_srgb(curve: Curve) -> bool:
    """Tell whether a tone curve is that of sRGB, to three quarters of an 8-bit code.

    Examples
    --------
    >>> is_srgb(partial(power_curve, 1.8))
    False
    """
    v = np.linspace(0.0, 1.0, 52)
    return bool(np.max(np.abs(srgb_encode(curve(v)) - v)) < _CURVE_TOLERANCE)


def matrix_conversion(curves: tuple[Curve, Curve, Curve], to_srgb: Matrix) -> Conversion | None:
    """Make the conversion of a colour space with three primaries.

    Parameters
    ----------
    curves : tuple of 3 callables
        Tone curves of red, green and blue.
    to_srgb : ndarray, shape (3, 3)
        From linear RGB to linear sRGB; scaled so that white stays white, also where a profile was
        written for another adaptation.

    Returns
    -------
    callable or None
        Converts RGB samples and leaves grey ones; None where the space is sRGB or makes no sense.

    Examples
    --------
    >>> from reader.colour import srgb_decode
    >>> matrix_conversion((srgb_decode,) * 3, np.eye(3)) is None
    True
    """
    white = to_srgb.sum(axis=1, keepdims=True)
    if not np.all(np.isfinite(to_srgb)) or np.any(np.abs(white) < _MATRIX_TOLERANCE):
        return None
    to_srgb = to_srgb / white
    if np.max(np.abs(to_srgb - np.eye(3))) < _MATRIX_TOLERANCE and all(map(is_srgb, curves)):
        return None
    return partial(_by_matrix, curves, to_srgb)


def by_table(curve: Curve, samples: Samples) -> Samples:
    """Convert every sample by itself, from its tone curve to that of sRGB.

    Examples
    --------
    >>> by_table(partial(power_curve, 1.0), np.array([[0, 55, 255]], np.uint8)).tolist()
    [[0, 128, 255]]
    """
    top = int(np.iinfo(samples.dtype).max)
    table = np.rint(srgb_encode(curve(np.linspace(0.0, 1.0, top + 1))) * top).astype(samples.dtype)
    return np.asarray(table[samples])


def grey_by_table(curve: Curve, samples: Samples) -> Samples:
    """Convert grey samples; a grey profile says nothing of RGB ones, which stay.

    Examples
    --------
    >>> grey_by_table(partial(power_curve, 1.0), np.zeros((1, 1, 3), np.uint8)).shape
    (1, 1, 3)
    """
    return by_table(curve, samples) if samples.ndim == 2 else samples


def littlecms(icc: bytes, mode: str) -> ImageCms.ImageCmsTransform:
    """Make LittleCMS's transform from a profile to sRGB, relative colorimetric.

    Parameters
    ----------
    icc : bytes
        The profile.
    mode : {"RGB", "CMYK"}
        Kind of samples.

    Returns
    -------
    ImageCmsTransform
        For 8-bit pictures of that mode.

    Raises
    ------
    PyCMSError, OSError
        If the profile does not fit.

    Examples
    --------
    >>> srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    >>> by_littlecms(littlecms(srgb, "RGB"), np.full((1, 1, 3), 99, np.uint8)).tolist()
    [[[99, 99, 99]]]
    """
    profile, srgb = ImageCms.ImageCmsProfile(io.BytesIO(icc)), ImageCms.createProfile("sRGB")
    return ImageCms.buildTransform(profile, srgb, mode, "RGB", ImageCms.Intent.RELATIVE_COLORIMETRIC)


def by_littlecms(transform: ImageCms.ImageCmsTransform, samples: Samples) -> Samples:
    """Convert RGB samples in 8 bit, as LittleCMS takes no more through Pillow; grey ones stay.

    Examples
    --------
    See `littlecms`.
    """
    if samples.ndim == 2:
        return samples
    eight = samples if samples.dtype == np.uint8 else np.rint(samples / 257).astype(np.uint8)
    return np.asarray(ImageCms.applyTransform(Image.fromarray(np.ascontiguousarray(eight)), transform))


def keeps_fractions(conversion: Conversion | None) -> bool:
    """Tell whether a conversion to sRGB, or none, takes 16-bit samples for what they are, not for 8-bit ones.

    Examples
    --------
    >>> keeps_fractions(None), keeps_fractions(partial(by_littlecms, None))
    (True, False)
    """
    return not (isinstance(conversion, partial) and conversion.func is by_littlecms)


def _by_matrix(curves: tuple[Curve, Curve, Curve], to_srgb: Matrix, samples: Samples) -> Samples:
    if samples.ndim == 2:
        return samples
    levels = np.linspace(0.0, 1.0, int(np.iinfo(samples.dtype).max) + 1)
    linear = np.clip(np.column_stack([curve(levels) for curve in curves]), 0.0, 1.0)
    return (_by_matrix_8 if samples.dtype == np.uint8 else _by_matrix_16)(linear, to_srgb, samples)


def _by_matrix_8(linear: NDArray[np.float64], to_srgb: Matrix, samples: Samples) -> Samples:
    decode = np.rint(linear * _STEPS).astype(np.int16).reshape(1, 256, 3)
    if np.array_equal(decode, decode[..., :1].repeat(3, axis=2)):
        # One table for all three channels is looked up in half the time.
        decode = np.ascontiguousarray(decode[..., 0])
    # As an index without a sign, what is below black lies in the upper half of all, and is black.
    encode = np.zeros(2**16, np.uint16)
    encode[: _STEPS + 1] = np.rint(srgb_encode(np.arange(_STEPS + 1) / _STEPS) * 255 * 256)
    out = np.empty_like(samples)
    along = _lattice(slice(samples.shape[1]), _LATTICE_X).repeat(3)
    for rows in _blocks(samples):
        # Sixteen-bit integers saturate instead of wrapping.
        light: NDArray[np.int16] = np.asarray(
            cv2.transform(cv2.LUT(samples[rows], decode), to_srgb), np.int16
        )
        # NumPy looks up most quickly what needs no check: no index of 16 bits ever wraps.
        codes = np.take(encode, light.view(np.uint16), mode="wrap").reshape(light.shape[0], -1)
        codes += along + _lattice(rows, _LATTICE_Y)[:, None]
        np.right_shift(codes, 8, out=out[rows].reshape(codes.shape), casting="unsafe")
    return out


def _lattice(places: slice, step: int) -> NDArray[np.uint8]:
    """Return what a row or a column adds before 8 bits are cut off, so that means keep the fraction.

    Plain rounding would shift a smooth membrane by up to half a code, 0.0025 in absorbance. The lattice
    takes all values evenly along every row and column, with no randomness; the three channels of a pixel
    get the same, so that grey stays grey.
    """
    # Eight bits wrap, as the lattice does.
    return (np.arange(places.start or 0, places.stop) * step).astype(np.uint8)


def _by_matrix_16(linear: NDArray[np.float64], to_srgb: Matrix, samples: Samples) -> Samples:
    out = np.empty_like(samples)
    for rows in _blocks(samples):
        light = np.dstack([linear[:, c][samples[rows, :, c]] for c in range(3)])
        out[rows] = np.rint(srgb_encode(light @ to_srgb.T) * 65535)
    return out


def _blocks(samples: Samples) -> Iterator[slice]:
    height, width = samples.shape[:2]
    rows = max(1, _BLOCK_PIXELS // width)
    return (slice(row, min(row + rows, height)) for row in range(0, height, rows))
