"""WebP: canvas size, metadata and decoding of the (first) picture."""

import io
from collections.abc import Iterator
from functools import partial
from typing import Final

import numpy as np
from PIL import WebPImagePlugin

from reader.errors import CorruptImage
from reader.photo.exif import exif_orientation
from reader.photo.header import Header, Samples
from reader.photo.profile import icc_to_srgb

__all__ = ["inspect", "is_webp"]

_MAX_CHUNKS: Final = 100_000


def is_webp(data: bytes) -> bool:
    r"""Tell whether the file begins as a WebP does.

    Examples
    --------
    >>> is_webp(b"RIFF\0\0\0\0WEBPVP8 ")
    True
    """
    return data[:4] == b"RIFF" and data[8:12] == b"WEBP"


def inspect(data: bytes) -> Header:
    """Read a WebP's chunks.

    Parameters
    ----------
    data : bytes
        The file; of an animation, the first frame is meant.

    Returns
    -------
    Header
        Canvas size, orientation and colour.

    Raises
    ------
    CorruptImage
        If the file is cut off or has no picture.
    """
    end = 8 + int.from_bytes(data[4:8], "little")
    if end > len(data):
        raise CorruptImage("The file ends before the picture does.")
    chunks = list(_walk(data, end))
    if not chunks:
        raise CorruptImage("The WebP has no picture.")
    width, height = _canvas(*chunks[0])
    metadata = dict(reversed(chunks))
    return Header(
        format="WebP",
        width=width,
        height=height,
        decode=partial(_decode, data),
        orientation=exif_orientation(metadata.get(b"EXIF")),
        to_srgb=icc_to_srgb(metadata.get(b"ICCP")),
    )


def _walk(data: bytes, end: int) -> Iterator[tuple[bytes, bytes]]:
    """Yield each chunk's name and body; of what is not metadata, the first bytes only."""
    position = 12
    for _ in range(_MAX_CHUNKS):
        if position + 8 > end:
            return
        name, size = (
            data[position : position + 4],
            int.from_bytes(data[position + 4 : position + 8], "little"),
        )
        keep = size if name in (b"ICCP", b"EXIF") else min(size, 10)
        yield name, data[position + 8 : position + 8 + keep]
        position += 8 + size + size % 2


def _canvas(name: bytes, body: bytes) -> tuple[int, int]:
    """Read the size from the first chunk: extended, lossy or lossless."""
    if name == b"VP8X" and len(body) >= 10:
        return 1 + int.from_bytes(body[4:7], "little"), 1 + int.from_bytes(body[7:10], "little")
    if name == b"VP8 " and body[3:6] == b"\x9d\x01\x2a" and len(body) >= 10:
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(body[8:10], "little") & 0x3FFF
    if name == b"VP8L" and body[:1] == b"\x2f" and len(body) >= 5:
        bits = int.from_bytes(body[1:5], "little")
        return 1 + (bits & 0x3FFF), 1 + (bits >> 14 & 0x3FFF)
    raise CorruptImage("The WebP has no picture.")


def _decode(data: bytes) -> Samples:
    picture = WebPImagePlugin.WebPImageFile(io.BytesIO(data))
    picture.load()
    return np.asarray(picture if picture.mode in ("RGB", "RGBA") else picture.convert("RGBA"))
