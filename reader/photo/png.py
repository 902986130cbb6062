"""PNG: chunks up to the end of the picture, colour, and decoding.

The decoder sees only the chunks that define pixels, each with a right checksum: no text, no animation.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import cv2
import numpy as np

from reader.errors import CorruptImage
from reader.photo.exif import exif_orientation
from reader.photo.header import Conversion, Header, Samples
from reader.photo.profile import MAX_PROFILE_BYTES, cicp_to_srgb, gamma_to_srgb, icc_to_srgb

__all__ = ["MAGIC", "inspect"]

MAGIC: Final = b"\x89PNG\r\n\x1a\n"

_PIXEL_CHUNKS: Final = frozenset((b"IHDR", b"PLTE", b"tRNS", b"IDAT"))
_NOTED_CHUNKS: Final = frozenset((b"iCCP", b"eXIf", b"gAMA", b"sRGB", b"cICP"))
_DEPTHS: Final = {0: (1, 2, 4, 8, 16), 2: (8, 16), 3: (1, 2, 4, 8), 4: (8, 16), 6: (8, 16)}
"""Bits per sample that the standard allows for each colour type."""
_GREY: Final = 0

_MAX_CHUNKS: Final = 100_000
_MAX_INFLATED_TEXT: Final = 8 * 2**20
"""Bytes that all compressed texts may inflate to; more is a bomb."""


@dataclass(slots=True)
class _Chunks:
    """What was met on the way to the end of the picture."""

    kept: list[bytes] = field(default_factory=lambda: [MAGIC])
    noted: dict[bytes, bytes] = field(default_factory=dict)
    inflated: int = 0


def inspect(data: bytes) -> Header:
    """Read a PNG's chunks.

    Parameters
    ----------
    data : bytes
        The file; what follows the picture's end is ignored.

    Returns
    -------
    Header
        Size, orientation and colour.

    Raises
    ------
    CorruptImage
        If the file is cut off, a checksum is wrong or a chunk is a bomb.
    """
    found = _Chunks()
    for number, (name, body, whole) in enumerate(_walk(data)):
        if (number == 0) != (name == b"IHDR"):
            raise CorruptImage("The PNG does not begin with its header.")
        if name == b"IEND":
            found.kept.append(whole)
            return _header(found)
        if name in _PIXEL_CHUNKS:
            found.kept.append(whole)
        if name in _NOTED_CHUNKS or name == b"tRNS":
            found.noted.setdefault(name, body)
        found.inflated += _inflated_size(name, body)
        if found.inflated > _MAX_INFLATED_TEXT or number > _MAX_CHUNKS:
            raise CorruptImage("The PNG carries far more than a picture.")
    raise CorruptImage("The file ends before the picture does.")


def _walk(data: bytes) -> Iterator[tuple[bytes, bytes, bytes]]:
    """Yield each chunk's name, body and whole; damaged ones that define no pixels are left out."""
    position = len(MAGIC)
    while position + 12 <= len(data):
        length, name = struct.unpack_from(">I4s", data, position)
        end = position + 12 + length
        if end > len(data):
            return
        whole = data[position:end]
        if zlib.crc32(whole[4:-4]) == int.from_bytes(whole[-4:], "big"):
            yield name, whole[8:-4], whole
        elif not name[0] & 0x20 or name == b"tRNS":
            raise CorruptImage("The PNG has a wrong checksum.")
        position = end


def _inflated_size(name: bytes, body: bytes) -> int:
    """Return the size of a compressed text, counted no further than a bomb needs."""
    after_keyword = body.find(b"\0") + 1
    if name == b"zTXt":
        packed = body[after_keyword + 1 :]
    elif name == b"iTXt" and body[after_keyword : after_keyword + 1] == b"\1":
        packed = body[after_keyword + 2 :].split(b"\0", 2)[-1]
    else:
        return 0
    return len(_inflate(packed, _MAX_INFLATED_TEXT))


def _inflate(packed: bytes, limit: int) -> bytes:
    try:
        return zlib.decompressobj().decompress(packed, limit + 1)
    except zlib.error:
        return b""


def _header(found: _Chunks) -> Header:
    width, height, depth, colour, *methods = struct.unpack(">IIBBBBB", found.kept[1][8:-4])
    if (
        not width
        or not height
        or depth not in _DEPTHS.get(colour, ())
        or methods[:2] != [0, 0]
        or methods[2] > 1
    ):
        raise CorruptImage("The PNG header makes no sense.")
    transparent = found.noted.get(b"tRNS", b"") if colour == _GREY else b""
    return Header(
        format="PNG",
        width=width,
        height=height,
        decode=partial(_decode, found.kept, depth, transparent),
        orientation=exif_orientation(found.noted.get(b"eXIf")),
        to_srgb=_to_srgb(found.noted),
    )


def _to_srgb(noted: dict[bytes, bytes]) -> Conversion | None:
    """Choose the colour statement that counts, in the order of the standard (third edition)."""
    if len(noted.get(b"cICP", b"")) == 4:
        return cicp_to_srgb(noted[b"cICP"][0], noted[b"cICP"][1])
    if b"iCCP" in noted:
        packed = noted[b"iCCP"].partition(b"\0")[2][1:]
        return icc_to_srgb(_inflate(packed, MAX_PROFILE_BYTES))
    if b"sRGB" in noted or len(noted.get(b"gAMA", b"")) != 4:
        return None
    return gamma_to_srgb(int.from_bytes(noted[b"gAMA"], "big") / 100_000)


def _decode(chunks: list[bytes], depth: int, transparent: bytes) -> Samples:
    decoded = cv2.imdecode(np.frombuffer(b"".join(chunks), np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None:
        raise CorruptImage("The PNG cannot be decoded.")
    samples: Samples = np.asarray(decoded, np.uint16 if depth == 16 else np.uint8)
    if samples.ndim == 3:
        code = cv2.COLOR_BGRA2RGBA if samples.shape[2] == 4 else cv2.COLOR_BGR2RGB
        return np.asarray(cv2.cvtColor(samples, code, dst=samples), samples.dtype)
    return _with_transparent_grey(samples, depth, transparent) if len(transparent) == 2 else samples


def _with_transparent_grey(samples: Samples, depth: int, transparent: bytes) -> Samples:
    """Make one grey value transparent, which OpenCV leaves out."""
    top = np.iinfo(samples.dtype).max
    value = int.from_bytes(transparent, "big") * (1 if depth >= 8 else 255 // (2**depth - 1))
    alpha = np.where(samples == value, 0, top).astype(samples.dtype)
    return np.dstack([samples, samples, samples, alpha])
