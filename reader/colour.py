"""The sRGB transfer curve, finer colours than codes, and a pixel's brightest and darkest channel.

The curve leads from what a picture stores to the light that fell on the sensor, and back. Absorbance is
a ratio of light, so everything that is measured is measured in linear light. The curve is that of IEC
61966-2-1. Nothing here knows of files, profiles or strips.
"""

from functools import cache
from typing import Any, TypeVar

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = [
    "STRETCH",
    "TO_PLANES",
    "brightest",
    "darkest",
    "linear_light",
    "srgb_decode",
    "srgb_encode",
    "with_chroma",
]

Number = TypeVar("Number", np.uint8, np.float32)

# An eighth of a code is below the noise of any mean, and 16 codes of colour hold any white membrane.
STRETCH = 8
NEUTRAL = 128
# ITU-T T.871, the colours of JFIF: luma, Cb and Cr from R, G, B; and what stretched Cb and Cr add to luma.
TO_PLANES = np.array([[0.299, 0.587, 0.114], [-0.168736, -0.331264, 0.5], [0.5, -0.418688, -0.081312]])
_LUMA = TO_PLANES[0].astype(np.float32)
_COLOUR = np.array([[0.0, -0.344136, 1.772], [1.402, -0.714136, 0.0]], np.float32) / np.float32(STRETCH)


def srgb_decode(encoded: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Turn sRGB-encoded values into linear light.

    Parameters
    ----------
    encoded : ndarray of float, any shape
        Encoded values, 0..1; what lies outside is clipped.

    Returns
    -------
    ndarray of float64, same shape
        Linear light, 0 black to 1 white.

    Examples
    --------
    >>> float(srgb_decode(np.array([0.5]))[0].round(4))
    0.214
    """
    v = np.clip(np.asarray(encoded, np.float64), 0.0, 1.0)
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def srgb_encode(linear: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    """Turn linear light into sRGB-encoded values, the inverse of `srgb_decode`.

    Parameters
    ----------
    linear : ndarray of float, any shape
        Linear light, 0..1; what lies outside is clipped.

    Returns
    -------
    ndarray of float64, same shape
        Encoded values, 0..1.

    Examples
    --------
    >>> float(srgb_encode(srgb_decode(np.array([0.5])))[0].round(6))
    0.5
    """
    v = np.clip(np.asarray(linear, np.float64), 0.0, 1.0)
    return np.where(v <= 0.0031308, 12.92 * v, 1.055 * v ** (1 / 2.4) - 0.055)


def linear_light(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.float32]:
    """Turn sRGB-encoded pixels into linear light, by table.

    Parameters
    ----------
    pixels : ndarray of uint8 or uint16, shape (H, W) or (H, W, C)
        Encoded pixels over the full range of their type.

    Returns
    -------
    ndarray of float32, same shape
        Linear light, 0 black to 1 white.

    Raises
    ------
    TypeError
        If the pixels are of another type.

    Examples
    --------
    >>> linear_light(np.array([[0, 128, 255]], np.uint8)).round(4).tolist()
    [[0.0, 0.2159000039100647, 1.0]]
    """
    if pixels.dtype == np.uint8 and pixels.ndim >= 2 and pixels.size:
        # OpenCV's look-up is several times as fast as NumPy's.
        return np.asarray(cv2.LUT(pixels, _table(256)), np.float32).reshape(pixels.shape)
    if pixels.dtype in (np.uint8, np.uint16):
        return _table(np.iinfo(pixels.dtype).max + 1).take(pixels)
    raise TypeError(f"linear_light takes uint8 or uint16 pixels, not {pixels.dtype}.")


def with_chroma(codes: NDArray[np.uint8], chroma: NDArray[np.uint8]) -> NDArray[np.uint16]:
    """Return pixels with finer colours, in 257ths of a code.

    Parameters
    ----------
    codes : ndarray of uint8, shape (H, W, 3)
        Pixels as they were decoded, RGB.
    chroma : ndarray of uint8, shape (H, W, 2)
        Their colour differences, 128 + 8 Cb and 128 + 8 Cr; a pixel whose own are cut off stays as it is.

    Returns
    -------
    ndarray of uint16, shape (H, W, 3)

    Examples
    --------
    >>> grey = np.full((1, 1, 3), 200, np.uint8)
    >>> (with_chroma(grey, np.full((1, 1, 2), 132, np.uint8)) / 257).round(2).tolist()
    [[[200.7, 199.47, 200.89]]]
    """
    finer = (chroma.astype(np.float32) - NEUTRAL) @ _COLOUR
    # Luma was a whole code. Rounding the colours that it was turned into moved it by less than half a code,
    # and alike wherever the colour differences are alike, which no mean takes out.
    finer += np.rint(codes @ _LUMA)[..., None]
    unknown = cv2.inRange(chroma, (1, 1), (254, 254)) == 0
    if unknown.any():
        finer[unknown] = codes[unknown]
    np.clip(finer, 0, 255, out=finer)
    return np.asarray(np.rint(np.multiply(finer, 257, out=finer), out=finer), np.uint16)


def brightest(image: NDArray[Number]) -> NDArray[Number]:
    """Return every pixel's brightest channel, shape (H, W); NaN where one is.

    NumPy takes many times as long for a maximum over so short an axis.

    Examples
    --------
    >>> brightest(np.array([[[3, 1, 2]]], np.uint8)).tolist()
    [[3]]
    """
    return np.maximum(np.maximum(image[..., 0], image[..., 1]), image[..., 2])


def darkest(image: NDArray[Number]) -> NDArray[Number]:
    """Return every pixel's darkest channel, shape (H, W); NaN where one is."""
    return np.minimum(np.minimum(image[..., 0], image[..., 1]), image[..., 2])


@cache
def _table(levels: int) -> NDArray[np.float32]:
    table = srgb_decode(np.linspace(0.0, 1.0, levels)).astype(np.float32)
    table.setflags(write=False)
    return table
