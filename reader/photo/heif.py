"""HEIC (HEIF with HEVC): items, colour and decoding of the primary picture.

libheif turns the picture by itself; the EXIF orientation that phones write beside it must not count twice.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import partial
from typing import Final

import cv2
import numpy as np
import pillow_heif

from reader.errors import CorruptImage, UnsupportedFormat
from reader.photo.header import MAX_PIXELS, Conversion, Header, Samples
from reader.photo.profile import cicp_to_srgb, icc_to_srgb

__all__ = ["inspect", "is_heif"]

_BRANDS: Final = frozenset((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"))
_CODED: Final = frozenset((b"hvc1", b"hev1"))
_DERIVED: Final = frozenset((b"grid", b"iovl", b"iden"))
_HOLE_STEP: Final = 8
"""Missing tiles are looked for at every 8th pixel; a hole is 4 x 4 such pixels of one and the same green."""
_NEEDED_BOXES: Final = frozenset((b"meta", b"mdat"))
_MAX_BOXES: Final = 10_000


@dataclass(slots=True)
class _Items:
    """Kinds, sources and sizes of the items in the file."""

    primary: int = 0
    kinds: dict[int, bytes] = field(default_factory=dict)
    sources: dict[int, tuple[int, ...]] = field(default_factory=dict)
    areas: dict[int, int] = field(default_factory=dict)


def is_heif(data: bytes) -> bool:
    r"""Tell whether the file begins as a HEIF does.

    Examples
    --------
    >>> is_heif(b"\0\0\0\x14ftypheic\0\0\0\0mif1")
    True
    """
    return data[4:8] == b"ftyp" and data[8:12] in _BRANDS


def inspect(data: bytes) -> Header:
    """Read a HEIC's items.

    Parameters
    ----------
    data : bytes
        The file; the primary picture is meant.

    Returns
    -------
    Header
        Size and colour; the decoder turns the picture upright.

    Raises
    ------
    CorruptImage
        If the file is cut off, or its items are built on each other without end.
    UnsupportedFormat
        If the picture is not coded as HEVC, or is HDR.
    """
    _check_items(_read_items(data))
    picture = pillow_heif.open_heif(data, convert_hdr_to_8bit=False)
    width, height = picture.size
    return Header(
        format="HEIC",
        width=width,
        height=height,
        decode=partial(_decode, picture),
        to_srgb=_to_srgb(picture.info),
    )


def _to_srgb(info: dict[str, object]) -> Conversion | None:
    icc, codes = info.get("icc_profile"), info.get("nclx_profile")
    if isinstance(icc, bytes) and icc:
        return icc_to_srgb(icc)
    if isinstance(codes, dict):
        return cicp_to_srgb(int(codes["color_primaries"]), int(codes["transfer_characteristics"]))
    return None


def _check_items(items: _Items) -> None:
    """Refuse what a camera never writes: pictures of pictures of pictures multiply without limit."""
    kind = items.kinds.get(items.primary)
    if kind is None:
        raise CorruptImage("The HEIC has no primary picture.")
    if kind not in _CODED | _DERIVED:
        raise UnsupportedFormat("The picture in this HEIF file is not coded as HEVC.")
    for item, sources in items.sources.items():
        if items.kinds.get(item) not in _DERIVED:
            continue
        if any(items.kinds.get(source) not in _CODED for source in sources):
            raise CorruptImage("The HEIC is built of nested pictures.")
        if sum(items.areas.get(source, MAX_PIXELS) for source in sources) > 2 * MAX_PIXELS:
            raise CorruptImage("The HEIC is built of more tiles than it can show.")


def _boxes(data: bytes, start: int, end: int, *, trailer: bool = False) -> Iterator[tuple[bytes, int, int]]:
    """Yield each box's name and where its body starts and ends; a trailer after them need not be a box."""
    for _ in range(_MAX_BOXES):
        if start + 8 > end:
            return
        size, name = struct.unpack_from(">I4s", data, start)
        header = 16 if size == 1 else 8
        if size == 1:
            (size,) = struct.unpack_from(">Q", data, start + 8)
        stop = end if size == 0 else start + size
        if (size and size < header) or stop > end:
            if trailer and name not in _NEEDED_BOXES:
                return
            raise CorruptImage("The file ends before the picture does.")
        yield name, start + header, stop
        start = stop


def _read_items(data: bytes) -> _Items:
    items = _Items()
    for name, start, end in _boxes(data, 0, len(data), trailer=True):
        if name == b"meta":
            for inner, inner_start, inner_end in _boxes(data, start + 4, end):
                _read_item_box(items, inner, data[inner_start:inner_end])
    return items


def _read_item_box(items: _Items, name: bytes, body: bytes) -> None:
    wide = body[:1] != b"\0"
    if name == b"pitm":
        items.primary = int.from_bytes(body[4 : 8 if wide else 6], "big")
    elif name == b"iinf":
        for _, start, end in _boxes(body, 8 if wide else 6, len(body)):
            item, kind = _read_entry(body[start:end])
            items.kinds[item] = kind
    elif name == b"iref":
        for kind, start, _ in _boxes(body, 4, len(body)):
            if kind == b"dimg":
                item, count = struct.unpack_from(">IH" if wide else ">HH", body, start)
                ids = f">{count}{'I' if wide else 'H'}"
                items.sources[item] = struct.unpack_from(ids, body, start + (6 if wide else 4))
    elif name == b"iprp":
        _read_areas(items, body)


def _read_entry(body: bytes) -> tuple[int, bytes]:
    """Read an item's number and kind from its entry, version 2 or 3."""
    wide = body[0] >= 3
    return int.from_bytes(body[4 : 8 if wide else 6], "big"), body[10:14] if wide else body[8:12]


def _read_areas(items: _Items, body: bytes) -> None:
    sizes: list[int | None] = []
    for name, start, end in _boxes(body, 0, len(body)):
        if name == b"ipco":
            sizes = [_read_area(kind, body[a:b]) for kind, a, b in _boxes(body, start, end)]
        elif name == b"ipma":
            for item, index in _associations(body[start:end]):
                area = sizes[index - 1] if 0 < index <= len(sizes) else None
                if area is not None:
                    items.areas[item] = area


def _read_area(kind: bytes, body: bytes) -> int | None:
    if kind != b"ispe":
        return None
    width, height = struct.unpack_from(">II", body, 4)
    return int(width * height)


def _associations(body: bytes) -> Iterator[tuple[int, int]]:
    """Yield each item's number with the index of each of its properties, from 1."""
    wide_item, wide_index = body[0] >= 1, body[3] & 1
    (entries,) = struct.unpack_from(">I", body, 4)
    position = 8
    for _ in range(min(entries, _MAX_BOXES)):
        item, count = struct.unpack_from(">IB" if wide_item else ">HB", body, position)
        position += 5 if wide_item else 3
        for _ in range(count):
            (index,) = struct.unpack_from(">H" if wide_index else ">B", body, position)
            position += 2 if wide_index else 1
            yield item, index & (0x7FFF if wide_index else 0x7F)


def _decode(picture: pillow_heif.HeifFile) -> Samples:
    samples = np.asarray(picture)
    if samples.dtype == np.uint16:
        # The decoder shifts 10 or 12 bits up: filling the low ones from the high ones makes white full.
        samples = samples | samples >> int(picture.info["bit_depth"])
    if picture.premultiplied_alpha:
        raise UnsupportedFormat("A HEIC with premultiplied transparency is not read.")
    if samples.ndim == 3 and _has_hole(samples):
        raise CorruptImage("A part of the HEIC cannot be decoded.")
    return samples


def _has_hole(samples: Samples) -> bool:
    """Tell whether a tile is missing: libheif leaves zeros there, in YCbCr a pure green, and says nothing."""
    probe = samples[::_HOLE_STEP, ::_HOLE_STEP]
    green = probe[..., 1]
    pure = (probe[..., 0] == 0) & (probe[..., 2] == 0) & (green > np.iinfo(samples.dtype).max // 4)
    if not pure.any():
        return False
    flat = pure & (green == np.bincount(green[pure]).argmax())
    whole = cv2.erode(
        flat.astype(np.uint8), np.ones((4, 4), np.uint8), borderType=cv2.BORDER_CONSTANT, borderValue=0
    )
    return bool(np.any(whole))
