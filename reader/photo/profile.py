"""What a file says of its colours (ICC profile, code or exponent) as a conversion to sRGB.

A damaged or unsuitable profile counts as none: it is no reason to refuse a picture.
"""

import struct
from contextlib import suppress
from functools import partial
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

from reader.colour import srgb_decode
from reader.errors import UnsupportedFormat
from reader.photo.convert import (
    Curve,
    Matrix,
    by_littlecms,
    by_table,
    grey_by_table,
    is_srgb,
    littlecms,
    matrix_conversion,
    power_curve,
)
from reader.photo.header import Conversion

__all__ = ["MAX_PROFILE_BYTES", "cicp_to_srgb", "cmyk_to_srgb", "gamma_to_srgb", "icc_to_srgb"]

MAX_PROFILE_BYTES: Final = 4 * 2**20
"""Longer profiles are not looked at: the largest printer profiles have 2 MB."""

_SRGB_TO_D50: Final = np.array(
    [[0.43607, 0.38515, 0.14307], [0.22249, 0.71687, 0.06061], [0.01392, 0.09708, 0.71410]]
)
"""Linear sRGB to CIE XYZ under D50, the connection space of ICC profiles (ICC sRGB profile)."""

_WHITE_D65: Final = (0.3127, 0.3290)
_PRIMARIES: Final = {
    1: ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060)),
    9: ((0.708, 0.292), (0.170, 0.797), (0.131, 0.046)),
    12: ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060)),
}
"""Red, green and blue chromaticities by ITU-T H.273 code: sRGB, Rec. 2020, Display P3; all D65."""
_PROFILE_FAULTS: Final = (
    struct.error,
    ArithmeticError,
    KeyError,
    OSError,
    ValueError,
    ImageCms.PyCMSError,
    Warning,
)
_HDR_TRANSFERS: Final = frozenset((16, 18))
_GAMMA_TRANSFERS: Final = {4: 2.2, 5: 2.8, 8: 1.0}


def icc_to_srgb(icc: bytes | None) -> Conversion | None:
    """Make the conversion that an ICC profile asks for.

    Parameters
    ----------
    icc : bytes or None
        The profile from the file.

    Returns
    -------
    callable or None
        Converts grey samples (grey profile) or RGB samples (RGB profile) and leaves the other kind as it
        is; None for sRGB and for a profile that is missing, damaged or not for grey or RGB.

    Examples
    --------
    >>> icc_to_srgb(b"not a profile") is None
    True
    """
    if not icc or not 128 < len(icc) <= MAX_PROFILE_BYTES:
        return None
    try:
        return _conversion(icc)
    except _PROFILE_FAULTS:
        return None


def cicp_to_srgb(primaries: int, transfer: int) -> Conversion | None:
    """Make the conversion for colour codes of ITU-T H.273, as HEIC and PNG files may carry.

    Parameters
    ----------
    primaries, transfer : int
        Codes of the colour primaries and of the transfer curve; unknown codes count as sRGB.

    Returns
    -------
    callable or None
        The conversion; None for sRGB.

    Raises
    ------
    UnsupportedFormat
        For the HDR curves PQ and HLG, whose numbers are not proportional to light in a known way.

    Examples
    --------
    >>> cicp_to_srgb(1, 13) is None
    True
    """
    if transfer in _HDR_TRANSFERS:
        raise UnsupportedFormat("The picture is stored in an HDR format; switch HDR off or send a JPEG.")
    gamma = _GAMMA_TRANSFERS.get(transfer)
    curve: Curve = srgb_decode if gamma is None else partial(power_curve, gamma)
    to_srgb = np.linalg.inv(_rgb_to_xyz(1)) @ _rgb_to_xyz(primaries if primaries in _PRIMARIES else 1)
    return matrix_conversion((curve,) * 3, to_srgb)


def gamma_to_srgb(gamma: float) -> Conversion | None:
    """Make the conversion for a PNG that only states its exponent.

    Parameters
    ----------
    gamma : float
        Encoding exponent, such as 1/2.2; values near it mean sRGB by custom.

    Returns
    -------
    callable or None
        The conversion; None for sRGB and for values that make no sense.

    Examples
    --------
    >>> gamma_to_srgb(0.45455) is None, gamma_to_srgb(1.0) is None
    (True, False)
    """
    if not 0.1 <= gamma <= 2.0 or abs(gamma * 2.2 - 1.0) < 0.05:
        return None
    curve = partial(power_curve, 1.0 / gamma)
    return partial(by_table, curve)


def cmyk_to_srgb(picture: Image.Image, icc: bytes | None) -> NDArray[np.uint8]:
    """Convert a CMYK picture to sRGB, by its profile if it has a usable one.

    Parameters
    ----------
    picture : Image
        Picture of mode CMYK, decoded or not.
    icc : bytes or None
        Its profile.

    Returns
    -------
    ndarray of uint8, shape (H, W, 3)
        sRGB pixels.

    Examples
    --------
    >>> cmyk_to_srgb(Image.new("CMYK", (1, 1), (0, 255, 255, 0)), None).tolist()
    [[[255, 0, 0]]]
    """
    picture.load()
    if icc and icc[16:20] == b"CMYK" and len(icc) <= MAX_PROFILE_BYTES:
        with suppress(*_PROFILE_FAULTS):
            return np.asarray(ImageCms.applyTransform(picture, littlecms(icc, "CMYK")))
    return np.asarray(picture.convert("RGB"))


def _conversion(icc: bytes) -> Conversion | None:
    tags, space = _tags(icc), icc[16:20]
    if space == b"GRAY":
        curve = _read_curve(tags[b"kTRC"])
        return None if is_srgb(curve) else partial(grey_by_table, curve)
    if space != b"RGB ":
        return None
    if not {b"rXYZ", b"gXYZ", b"bXYZ", b"rTRC", b"gTRC", b"bTRC"} <= tags.keys():
        return partial(by_littlecms, littlecms(icc, "RGB"))
    to_d50 = np.column_stack([_read_xyz(tags[name]) for name in (b"rXYZ", b"gXYZ", b"bXYZ")])
    red, green, blue = (_read_curve(tags[name]) for name in (b"rTRC", b"gTRC", b"bTRC"))
    return matrix_conversion((red, green, blue), np.linalg.solve(_SRGB_TO_D50, to_d50))


def _tags(icc: bytes) -> dict[bytes, bytes]:
    (count,) = struct.unpack_from(">I", icc, 128)
    tags = {}
    for i in range(min(count, 200)):
        name, offset, size = struct.unpack_from(">4sII", icc, 132 + 12 * i)
        tags[name] = icc[offset : offset + size]
    return tags


def _read_xyz(tag: bytes) -> NDArray[np.float64]:
    return np.array(struct.unpack_from(">3i", tag, 8)) / 65536


def _read_curve(tag: bytes) -> Curve:
    """Read a tone curve: from encoded 0..1 to linear 0..1."""
    if tag[:4] == b"para":
        return _read_parametric(tag)
    if tag[:4] != b"curv":
        raise ValueError("Not a tone curve.")
    (count,) = struct.unpack_from(">I", tag, 8)
    if count == 0:
        return partial(power_curve, 1.0)
    if count == 1:
        return partial(power_curve, struct.unpack_from(">H", tag, 12)[0] / 256)
    table = np.array(struct.unpack_from(f">{count}H", tag, 12)) / 65535
    return lambda v: np.interp(v, np.linspace(0, 1, count), table)


def _read_parametric(tag: bytes) -> Curve:
    """Read a parametric curve, types 0 to 4 of ICC.1:2022 section 10.18, all as (ax + b)^g + e or cx + f."""
    (kind,) = struct.unpack_from(">H", tag, 8)
    count = (1, 3, 4, 5, 7)[kind] if kind < 5 else 0
    g, *rest = (p / 65536 for p in struct.unpack_from(f">{count}i", tag, 12))
    a, b, c, d, e, f = (*rest, *(0.0,) * 6)[:6]
    if kind == 0:
        a = 1.0
    elif kind in (1, 2):
        # Below -b/a the curve is constant.
        c, d, e, f = 0.0, -b / a if a else 0.0, c, c
    return partial(_parametric, (g, a, b, c, d, e, f))


def _parametric(p: tuple[float, ...], v: NDArray[np.floating[Any]]) -> NDArray[np.float64]:
    g, a, b, c, d, e, f = p
    with np.errstate(all="ignore"):
        upper = np.maximum(a * v + b, 0.0) ** g + e
    return np.asarray(np.clip(np.nan_to_num(np.where(v >= d, upper, c * v + f)), 0.0, 1.0))


def _rgb_to_xyz(code: int) -> Matrix:
    """Compute the matrix from linear RGB to XYZ from the chromaticities of primaries and white."""
    xyz = np.array([(x / y, 1.0, (1 - x - y) / y) for x, y in (*_PRIMARIES[code], _WHITE_D65)]).T
    return np.asarray(xyz[:, :3] * np.linalg.solve(xyz[:, :3], xyz[:, 3]))
