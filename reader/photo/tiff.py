"""TIFF: the first picture's tags, and decoding.

The decoder sees only the tags that define pixels, each with its values inside the file. OpenCV decodes
16 bit, Pillow the rest: the tags alone decide which.
"""

import io
import struct
from dataclasses import dataclass
from functools import partial
from typing import Final

import cv2
import numpy as np
from PIL import TiffImagePlugin

from reader.errors import CorruptImage, UnsupportedFormat
from reader.photo.header import MAX_PIXELS, Header, Samples
from reader.photo.profile import cmyk_to_srgb, icc_to_srgb

__all__ = ["MAGICS", "inspect"]

MAGICS: Final = (b"II*\0", b"MM\0*")

_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC = 256, 257, 258, 259, 262
_STRIP_OFFSETS, _ORIENTATION, _SAMPLES, _STRIP_SIZES, _PLANAR = 273, 274, 277, 279, 284
_TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES = 322, 323, 324, 325
_EXTRA, _SAMPLE_FORMAT, _ICC, _DNG = 338, 339, 34675, 50706
_FILL_ORDER, _STRIP_HEIGHT, _FAX_3, _FAX_4, _PREDICTOR, _COLOUR_MAP, _JPEG_TABLES = (
    266,
    278,
    292,
    293,
    317,
    320,
    347,
)
_YCBCR_TAGS: Final = frozenset((529, 530, 531, 532))
_PIXEL_TAGS: Final = _YCBCR_TAGS | {
    *(_WIDTH, _HEIGHT, _BITS, _COMPRESSION, _PHOTOMETRIC, _SAMPLES, _PLANAR, _EXTRA, _SAMPLE_FORMAT),
    *(_STRIP_OFFSETS, _STRIP_SIZES, _STRIP_HEIGHT, _TILE_WIDTH, _TILE_HEIGHT, _TILE_OFFSETS, _TILE_SIZES),
    *(_FILL_ORDER, _FAX_3, _FAX_4, _PREDICTOR, _COLOUR_MAP, _JPEG_TABLES),
}

_SIZES: Final = {1: 1, 2: 1, 3: 2, 4: 4, 5: 8, 7: 1, 10: 8, 11: 4, 12: 8}
_INTEGERS: Final = {1: "u1", 3: "u2", 4: "u4", 7: "u1"}
_MAX_ENTRIES: Final = 1000

_INVERTED_GREY, _GREY, _RGB, _PALETTE, _CMYK, _YCBCR = 0, 1, 2, 3, 5, 6
_CHANNELS: Final = {_INVERTED_GREY: 1, _GREY: 1, _RGB: 3, _PALETTE: 1, _CMYK: 4, _YCBCR: 3}
_DEPTHS: Final = {
    _INVERTED_GREY: (1, 2, 4, 8, 16),
    _GREY: (1, 2, 4, 8, 16),
    _RGB: (8, 16),
    _PALETTE: (1, 2, 4, 8),
}
_PREMULTIPLIED: Final = 1


@dataclass(frozen=True, slots=True)
class _Tags:
    """First directory of the file: kind, count and where the values start, by tag number."""

    data: bytes
    order: str
    entries: dict[int, tuple[int, int, int]]

    def values(self, tag: int, default: tuple[int, ...] = ()) -> tuple[int, ...]:
        """Return a tag's integers."""
        if tag not in self.entries:
            return default
        kind, count, start = self.entries[tag]
        if kind not in _INTEGERS:
            raise CorruptImage(f"The TIFF's tag {tag} makes no sense.")
        dtype = np.dtype(self.order + _INTEGERS[kind])
        return tuple(np.frombuffer(self.data, dtype, count, start).tolist())

    def value(self, tag: int, default: int = 0) -> int:
        """Return a tag's first integer."""
        return (*self.values(tag), default)[0]


@dataclass(frozen=True, slots=True)
class _Layout:
    """How the samples are stored."""

    photometric: int
    depth: int
    premultiplied: bool


def inspect(data: bytes) -> Header:
    """Read a TIFF's first directory.

    Parameters
    ----------
    data : bytes
        The file; of several pictures the first is meant.

    Returns
    -------
    Header
        Size as stored, orientation and colour.

    Raises
    ------
    CorruptImage
        If the file is cut off or its tags make no sense.
    UnsupportedFormat
        If it holds a camera's raw data, or samples of an unusual kind.
    """
    tags = _read_tags(data)
    layout = _layout(tags)
    _check_storage(tags)
    start, count = _span(tags, _ICC)
    icc = data[start : start + count]
    return Header(
        format="TIFF",
        width=tags.value(_WIDTH),
        height=tags.value(_HEIGHT),
        decode=partial(_decode, tags, layout, icc),
        orientation=tags.value(_ORIENTATION, 1) if tags.value(_ORIENTATION, 1) in range(1, 9) else 1,
        to_srgb=None if layout.photometric == _CMYK else icc_to_srgb(icc),
    )


def _read_tags(data: bytes) -> _Tags:
    order = "<" if data[:2] == b"II" else ">"
    (directory,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, directory)
    entries = {}
    for i in range(min(count, _MAX_ENTRIES)):
        at = directory + 2 + 12 * i
        tag, kind, values = struct.unpack_from(order + "HHI", data, at)
        size = _SIZES.get(kind, 0) * values
        start = at + 8 if size <= 4 else struct.unpack_from(order + "I", data, at + 8)[0]
        if size and start + size <= len(data):
            entries[tag] = (kind, values, start)
        elif tag in _PIXEL_TAGS:
            raise CorruptImage("The file ends before the picture does.")
    return _Tags(data, order, entries)


def _span(tags: _Tags, tag: int) -> tuple[int, int]:
    _, count, start = tags.entries.get(tag, (0, 0, 0))
    return start, count


def _layout(tags: _Tags) -> _Layout:
    """Decide whether and how the samples can be read."""
    if _DNG in tags.entries:
        raise UnsupportedFormat("A camera's raw file is not read.")
    photometric, channels = tags.value(_PHOTOMETRIC, -1), tags.value(_SAMPLES, 1)
    depths, formats = set(tags.values(_BITS, (1,))), set(tags.values(_SAMPLE_FORMAT, (1,)))
    depth = depths.pop()
    expected = _CHANNELS.get(photometric, 0)
    usual = channels == expected or (
        channels == expected + 1 and photometric in (_GREY, _RGB) and depth in (8, 16)
    )
    alpha_16 = depth == 16 and (channels == 2 or tags.value(_PLANAR, 1) != 1)
    if not usual or depths or formats != {1} or depth not in _DEPTHS.get(photometric, (8,)) or alpha_16:
        raise UnsupportedFormat("The TIFF's samples are of a kind that is not read; save it as 8-bit RGB.")
    return _Layout(photometric, depth, tags.value(_EXTRA) == _PREMULTIPLIED)


def _check_storage(tags: _Tags) -> None:
    """Refuse strips or tiles that lie outside the file or are larger than any picture."""
    tiled = _TILE_OFFSETS in tags.entries
    offsets = np.array(tags.values(_TILE_OFFSETS if tiled else _STRIP_OFFSETS), np.int64)
    sizes = np.array(tags.values(_TILE_SIZES if tiled else _STRIP_SIZES), np.int64)
    if not offsets.size or offsets.size != sizes.size or np.any(offsets + sizes > len(tags.data)):
        raise CorruptImage("The file ends before the picture does.")
    if tiled and not 0 < tags.value(_TILE_WIDTH) * tags.value(_TILE_HEIGHT) <= MAX_PIXELS:
        raise CorruptImage("The TIFF's tiles make no sense.")


def _with_pixel_tags_only(tags: _Tags) -> bytes:
    """Append a directory of the tags that define pixels, and make it the only one."""
    kept = sorted(tags.entries.keys() & _PIXEL_TAGS)
    directory = [struct.pack(tags.order + "H", len(kept))]
    for tag in kept:
        kind, count, start = tags.entries[tag]
        size = _SIZES[kind] * count
        value = (
            struct.pack(tags.order + "I", start)
            if size > 4
            else tags.data[start : start + size].ljust(4, b"\0")
        )
        directory.append(struct.pack(tags.order + "HHI", tag, kind, count) + value)
    padding = b"\0" * (len(tags.data) % 2)
    where = struct.pack(tags.order + "I", len(tags.data) + len(padding))
    return b"".join((tags.data[:4], where, tags.data[8:], padding, *directory, b"\0\0\0\0"))


def _decode(tags: _Tags, layout: _Layout, icc: bytes) -> Samples:
    data = _with_pixel_tags_only(tags)
    return _decode_16(data, layout) if layout.depth == 16 else _decode_8(data, layout, icc)


def _decode_8(data: bytes, layout: _Layout, icc: bytes) -> Samples:
    picture = TiffImagePlugin.TiffImageFile(io.BytesIO(data))
    if layout.photometric == _CMYK:
        return cmyk_to_srgb(picture, icc)
    picture.load()
    mode = {"1": "L", "L": "L", "RGB": "RGB", "RGBX": "RGB", "P": "RGB", "YCbCr": "RGB"}.get(
        picture.mode, "RGBA"
    )
    return np.asarray(picture if picture.mode == mode else picture.convert(mode))


def _decode_16(data: bytes, layout: _Layout) -> Samples:
    decoded = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if decoded is None or decoded.dtype != np.uint16:
        raise CorruptImage("The TIFF cannot be decoded.")
    if decoded.ndim == 2:
        return np.asarray(65535 - decoded if layout.photometric == _INVERTED_GREY else decoded, np.uint16)
    if decoded.shape[2] == 3:
        return np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGR2RGB), np.uint16)
    straight = np.asarray(cv2.cvtColor(decoded, cv2.COLOR_BGRA2RGBA), np.uint16)
    if layout.premultiplied:
        alpha = np.maximum(straight[..., 3:], 1)
        straight[..., :3] = np.minimum(straight[..., :3] / (alpha / 65535), 65535)
    return straight
