"""JPEG: markers up to the end of the first picture, quality, and decoding.

The decoder sees only the segments that define pixels. OpenCV decodes grey and colour, Pillow CMYK:
the header alone decides which.
"""

import io
import re
import struct
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import JpegImagePlugin

from reader.errors import CorruptImage, UnsupportedFormat
from reader.photo.chroma import stretched_chroma
from reader.photo.convert import keeps_fractions
from reader.photo.exif import exif_orientation
from reader.photo.header import Header, Samples
from reader.photo.profile import cmyk_to_srgb, icc_to_srgb
from reader.photo.tables import quantisation_tables, steps_of

__all__ = ["MAGIC", "estimate_quality", "inspect"]

MAGIC: Final = b"\xff\xd8\xff"

_MARKER = re.compile(rb"\xff[^\x00\x01\xd0-\xd7\xff]", re.DOTALL)
_SOI, _EOI, _SOS, _DQT = 0xD8, 0xD9, 0xDA, 0xDB
_SOF_READ: Final = frozenset((0xC0, 0xC1, 0xC2))
_SOF_ALL: Final = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}
_PIXEL_SEGMENTS: Final = frozenset((0xC4, 0xDB, 0xDD, 0xE0, 0xEE)) | _SOF_READ
"""Huffman and quantisation tables, restart interval, JFIF and Adobe (which say the colour model)."""

_MAX_SEGMENTS: Final = 10_000
_MAX_SCANS: Final = 32
"""Usual progressive files have about 10 scans; each costs a pass over all pixels."""

_IJG_LUMA: Final = (
    16, 11, 12, 14, 12, 10, 16, 14, 13, 14, 18, 17, 16, 19, 24, 40,
    26, 24, 22, 22, 24, 49, 35, 37, 29, 40, 58, 51, 61, 60, 57, 51,
    56, 55, 64, 72, 92, 78, 64, 68, 87, 69, 55, 56, 80, 109, 81, 87,
    95, 98, 103, 104, 103, 62, 77, 113, 121, 112, 100, 120, 92, 101, 103, 99,
)  # fmt: skip
"""Luma quantisation of ITU-T T.81 annex K.1 in zigzag order, the base of the IJG quality scale."""


@dataclass(slots=True)
class _Segments:
    """What was met on the way to the end of the picture."""

    frame: bytes = b""
    kept: list[bytes] = field(default_factory=list)
    exif: bytes | None = None
    icc: dict[int, bytes] = field(default_factory=dict)
    tables: dict[int, tuple[int, ...]] = field(default_factory=dict)


def inspect(data: bytes) -> Header:
    """Read a JPEG's header and find its end.

    Parameters
    ----------
    data : bytes
        The file; what follows the first picture is ignored.

    Returns
    -------
    Header
        Size as stored, orientation, colour and quality.

    Raises
    ------
    CorruptImage
        If the file is cut off or its markers make no sense.
    UnsupportedFormat
        If the pixels are coded in a way that cameras do not use (lossless, arithmetic, 12 bit).
    """
    segments, scans_start = _read_segments(data)
    precision, height, width, components = struct.unpack_from(">BHHB", segments.frame)
    if precision != 8:
        raise UnsupportedFormat(f"A JPEG of {precision} bits per sample is not read.")
    if components not in (1, 3, 4) or not width or not height:
        raise CorruptImage(f"The JPEG header is wrong: {width} x {height} pixels, {components} colours.")
    end = _end_of_scans(data, scans_start)
    picture = b"".join((b"\xff\xd8", *segments.kept, data[scans_start:end]))
    icc = b"".join(segments.icc[i] for i in sorted(segments.icc))
    to_srgb = None if components == 4 else icc_to_srgb(icc)
    return Header(
        format="JPEG",
        width=width,
        height=height,
        decode=partial(_decode_cmyk, picture, icc)
        if components == 4
        else partial(_decode, picture, components),
        orientation=exif_orientation(segments.exif),
        to_srgb=to_srgb,
        jpeg_quality=_quality(segments),
        chroma=partial(stretched_chroma, picture) if components == 3 and keeps_fractions(to_srgb) else None,
        steps=steps_of(segments.frame, segments.tables),
    )


def _read_segments(data: bytes) -> tuple[_Segments, int]:
    """Read the segments before the first scan; return them and where that scan's marker stands."""
    found = _Segments()
    position = 2
    for _ in range(_MAX_SEGMENTS):
        marker, start = _next_marker(data, position)
        if marker == _SOS:
            if not found.frame:
                raise CorruptImage("The JPEG has pixels before their description.")
            return found, start - 2
        if marker in (_SOI, _EOI):
            raise CorruptImage("The JPEG has no pixels.")
        position = _segment_end(data, start)
        _take(found, marker, data[start + 2 : position], data[start - 2 : position])
    raise CorruptImage(f"The JPEG has more than {_MAX_SEGMENTS:,} segments.")


def _next_marker(data: bytes, position: int) -> tuple[int, int]:
    """Find the next marker as libjpeg does: fill bytes, stuffed bytes and restarts are passed over."""
    match = _MARKER.search(data, position)
    if match is None:
        raise CorruptImage("The file ends before the picture does.")
    return data[match.end() - 1], match.end()


def _segment_end(data: bytes, start: int) -> int:
    length = int.from_bytes(data[start : start + 2], "big")
    if length < 2 or start + length > len(data):
        raise CorruptImage("The file ends before the picture does.")
    return start + length


def _take(found: _Segments, marker: int, body: bytes, whole: bytes) -> None:
    if marker in _SOF_ALL:
        if found.frame or len(body) < 6:
            raise CorruptImage("The JPEG describes its pixels twice or not at all.")
        if marker not in _SOF_READ:
            raise UnsupportedFormat("The JPEG is coded in a way that cameras do not use.")
        found.frame = body
    elif marker == _DQT:
        found.tables.update(quantisation_tables(body))
    elif marker == 0xE1 and body.startswith(b"Exif\0\0"):
        found.exif = found.exif or body
    elif marker == 0xE2 and body.startswith(b"ICC_PROFILE\0") and len(body) > 14:
        found.icc[body[12]] = body[14:]
    if marker in _PIXEL_SEGMENTS:
        found.kept.append(whole)


def _end_of_scans(data: bytes, first_scan: int) -> int:
    """Find where the picture ends: OpenCV alone would take a cut-off file for a whole one."""
    position, scans = first_scan, 0
    for _ in range(_MAX_SEGMENTS):
        marker, start = _next_marker(data, position)
        if marker == _EOI:
            return start
        if marker in _SOF_ALL or marker == _SOI:
            raise CorruptImage("The file ends before the picture does.")
        scans += marker == _SOS
        if scans > _MAX_SCANS:
            raise CorruptImage(f"The JPEG has more than {_MAX_SCANS} scans.")
        position = _segment_end(data, start)
    raise CorruptImage(f"The JPEG has more than {_MAX_SEGMENTS:,} segments.")


def _quality(segments: _Segments) -> int | None:
    luma = segments.frame[8] if len(segments.frame) > 8 else -1
    table = segments.tables.get(luma)
    return None if table is None else estimate_quality(table)


def estimate_quality(table: tuple[int, ...]) -> int:
    """Estimate the quality setting from the luma quantisation table.

    Parameters
    ----------
    table : tuple of 64 int
        Luma quantisation steps in zigzag order.

    Returns
    -------
    int
        The IJG quality, 1..100, whose table is nearest: exact for files written by libjpeg, an
        equivalent for those of cameras with tables of their own.

    Examples
    --------
    >>> estimate_quality((1,) * 64), estimate_quality(_IJG_LUMA)
    (100, 50)
    """
    distance = np.abs(_ijg_tables() - np.asarray(table)).sum(axis=1)
    # Of equal tables the highest quality is meant: 100 and 99 differ little, 1 and 2 not at all.
    return 100 - int(np.argmin(distance[::-1]))


def _ijg_tables() -> NDArray[np.int64]:
    quality = np.arange(1, 101)
    scale = np.where(quality < 50, 5000 // quality, 200 - 2 * quality)
    tables: NDArray[np.int64] = np.clip((np.outer(scale, _IJG_LUMA) + 50) // 100, 1, 255)
    return tables


def _decode(picture: bytes, components: int) -> Samples:
    colour = cv2.IMREAD_GRAYSCALE if components == 1 else cv2.IMREAD_COLOR_RGB
    decoded = cv2.imdecode(np.frombuffer(picture, np.uint8), colour | cv2.IMREAD_IGNORE_ORIENTATION)
    if decoded is None:
        raise CorruptImage("The JPEG cannot be decoded.")
    return np.asarray(decoded, np.uint8)


def _decode_cmyk(picture: bytes, icc: bytes) -> Samples:
    # Pillow knows that Adobe's programs store CMYK inverted.
    return cmyk_to_srgb(JpegImagePlugin.JpegImageFile(io.BytesIO(picture)), icc)
