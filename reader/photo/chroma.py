"""The colours of a JPEG, finer than its codes.

A JPEG stores luma and two colour differences, and most decoders hand them out in whole codes. Luma carries
grain, which makes the rounding average out over a membrane. The colour differences of an even membrane carry
none: a whole block is rounded the same way, and a faint line, whose redness is less than a code, is lost or
doubled. The file itself holds them finer than that: with its colour tables multiplied by eight the same
coefficients stand for eight times the colour difference, so that a decoder rounds to an eighth of a code.
"""

from __future__ import annotations

import io
import struct
from typing import Final

import numpy as np
from numpy.typing import NDArray
from PIL import JpegImagePlugin

from reader.colour import STRETCH
from reader.photo.tables import quantisation_tables

__all__ = ["finer_chroma"]

_HALF_FROM: Final = 2000
"""Long side, px, from which on half the resolution is as good: cameras store no more of the colours."""

_FRAMES: Final = frozenset((0xC0, 0xC1, 0xC2))
_DQT, _SOS, _ADOBE = 0xDB, 0xDA, 0xEE
_COLOURS: Final = 3


def finer_chroma(picture: bytes) -> NDArray[np.uint8] | None:
    """Decode the colour differences of a JPEG, `STRETCH` times as large.

    Parameters
    ----------
    picture : bytes
        A whole JPEG that can be decoded.

    Returns
    -------
    ndarray of uint8, shape (H, W, 2) or about (H / 2, W / 2, 2), or None
        128 + 8 Cb and 128 + 8 Cr as stored, cut off at 0 and 255; None where the file does not hold its
        colours so.
    """
    stretched = _stretched(picture)
    if stretched is None:
        return None
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(stretched))
    width, height = image.size
    scale = 2 if max(width, height) >= _HALF_FROM else 1
    image.draft("YCbCr", (width // scale, height // scale))
    return np.asarray(image, np.uint8)[..., 1:] if image.mode == "YCbCr" else None


def _stretched(picture: bytes) -> bytes | None:
    """Return the same JPEG with a table of its own, `STRETCH` times as coarse, for its colour differences."""
    tables: dict[int, tuple[int, ...]] = {}
    position = 2
    while picture[position + 1] != _SOS:
        marker = picture[position + 1]
        end = position + 2 + int.from_bytes(picture[position + 2 : position + 4], "big")
        body = picture[position + 4 : end]
        if marker == _DQT:
            tables |= quantisation_tables(body)
        elif marker == _ADOBE and body[:5] == b"Adobe" and body[11:12] == b"\0":
            return None
        elif marker in _FRAMES:
            frame = position + 4
        position = end
    free = set(range(4)) - set(tables)
    if picture[frame + 5] != _COLOURS or not free:
        return None
    own = min(free)
    names, chosen = ([picture[frame + k + 3 * n] for n in range(_COLOURS)] for k in (6, 8))
    if bytes(names) == b"RGB" or chosen[1] != chosen[2] or chosen[1] not in tables:
        return None
    steps = (min(STRETCH * step, 0xFFFF) for step in tables[chosen[1]])
    table = struct.pack(">BBHB64H", 0xFF, _DQT, 131, 0x10 | own, *steps)
    renamed = bytearray(picture[:position])
    for k in (1, 2):
        renamed[frame + 8 + 3 * k] = own
    return bytes(renamed[:2]) + table + bytes(renamed[2:]) + picture[position:]
