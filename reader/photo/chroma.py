"""The colours of a JPEG, finer than its codes.

A JPEG stores luma and two colour differences, and most decoders hand them out in whole codes. Luma carries
grain, which makes the rounding average out over a membrane. The colour differences of an even membrane carry
none: a whole block is rounded the same way, and a faint line, whose redness is less than a code, is lost or
doubled. The file itself holds them finer than that: with its colour tables multiplied by eight the same
coefficients stand for eight times the colour difference, so that a decoder rounds to an eighth of a code.
"""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, JpegImagePlugin

from reader.colour import STRETCH, with_chroma
from reader.errors import CorruptImage
from reader.photo.exif import Box, stored_box, upright
from reader.photo.header import Conversion, decoder_faults
from reader.photo.tables import quantisation_tables

__all__ = ["FinerColours", "stretched_chroma"]

_HALF_FROM: Final = 2000
"""Long side, px, from which on half the resolution is as good: cameras store no more of the colours."""

_FRAMES: Final = frozenset((0xC0, 0xC1, 0xC2))
_DQT, _SOS, _ADOBE = 0xDB, 0xDA, 0xEE
_COLOURS: Final = 3


@dataclass(frozen=True, eq=False)
class FinerColours:
    """The pixels of a photo with finer colours than its codes, wherever they are asked for.

    Attributes
    ----------
    codes : ndarray of uint8, shape (H, W, 3)
        The pixels, upright, in the file's own colour space.
    decode : callable
        Decodes the colour differences, as `stretched_chroma` returns them.
    orientation : int, default 1
        By which the picture was turned, 1..8.
    to_srgb : callable, optional
        From the file's colour space to sRGB.
    """

    codes: NDArray[np.uint8]
    decode: Callable[[], Image.Image | None]
    orientation: int = 1
    to_srgb: Conversion | None = None

    @cached_property
    def chroma(self) -> Image.Image | None:
        """The colour differences as stored, decoded when they are first asked for."""
        try:
            with decoder_faults():
                return self.decode()
        except CorruptImage:
            return None

    def part(self, box: Box) -> NDArray[np.uint16] | None:
        """Return a part of the picture in finer colours.

        Parameters
        ----------
        box : tuple of 4 int
            Left, top, right and bottom, within the picture.

        Returns
        -------
        ndarray of uint16, shape (bottom - top, right - left, 3), or None
            sRGB-encoded; None where the decoder cannot tell.
        """
        if self.chroma is None:
            return None
        left, top, right, bottom = box
        finer = with_chroma(self.codes[top:bottom, left:right], self._chroma_of(self.chroma, box))
        return finer if self.to_srgb is None else self.to_srgb(finer)

    def _chroma_of(self, stored: Image.Image, box: Box) -> NDArray[np.uint8]:
        """Return the colour differences of a part, as large as that."""
        size = stored.size if self.orientation < 5 else stored.size[::-1]
        spans = [_span(*side) for side in zip(box[:2], box[2:], self.codes.shape[1::-1], size, strict=True)]
        (left, right, along), (top, bottom, down) = spans
        near = stored.crop(stored_box((left, top, right, bottom), stored.size, self.orientation))
        plane = upright(np.asarray(near, np.uint8)[..., 1:], self.orientation)
        place = np.array([[along[1], 0.0, along[0]], [0.0, down[1], down[0]]])
        laid = cv2.warpAffine(
            plane,
            place,
            (box[2] - box[0], box[3] - box[1]),
            flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
            borderMode=cv2.BORDER_REPLICATE,
        )
        return np.asarray(laid, np.uint8)


def _span(start: int, stop: int, full: int, small: int) -> tuple[int, int, tuple[float, float]]:
    """Return what of a smaller copy's side lies under a span of the picture's, and the span's place in that.

    The place is that of the span's first pixel and the distance to the next, in pixels of the copy.
    """
    scale = small / full
    # Pixel centres: the copy's pixel k is the picture's (k + 1/2) / scale - 1/2.
    first, last = ((k + 0.5) * scale - 0.5 for k in (start, stop - 1))
    low, high = max(math.floor(first), 0), min(math.floor(last) + 2, small)
    return low, high, (first - low, scale)


def stretched_chroma(picture: bytes) -> Image.Image | None:
    """Decode the colour differences of a JPEG, `STRETCH` times as large.

    Parameters
    ----------
    picture : bytes
        A whole JPEG that can be decoded.

    Returns
    -------
    Image or None
        Of the same size or about half of it, in the mode YCbCr: Y is of no use, the others are 128 + 8 Cb
        and 128 + 8 Cr as stored, cut off at 0 and 255. None where the file does not hold its colours so.
    """
    stretched = _stretched(picture)
    if stretched is None:
        return None
    image = JpegImagePlugin.JpegImageFile(io.BytesIO(stretched))
    width, height = image.size
    scale = 2 if max(width, height) >= _HALF_FROM else 1
    image.draft("YCbCr", (width // scale, height // scale))
    image.load()
    return image if image.mode == "YCbCr" else None


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
