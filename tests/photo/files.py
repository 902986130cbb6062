"""Picture files written byte by byte, so that no test trusts the library that reads them."""

import io
import struct
import zlib
from collections.abc import Sequence
from typing import Any

import numpy as np
import pillow_heif
from numpy.typing import NDArray
from PIL import Image

Array = NDArray[Any]


def scene(height: int = 48, width: int = 64, top: int = 255) -> Array:
    """Return an RGB picture in which no two corners, rows or channels are alike."""
    y, x = np.mgrid[0:height, 0:width]
    channels = (x / (width - 1), y / (height - 1), (x + 2 * y) / (width + 2 * height - 3))
    dtype = np.uint8 if top <= 255 else np.uint16
    return np.rint(np.dstack(channels) * 0.8 * top + 0.1 * top).astype(dtype)


def saved(picture: Array | Image.Image, kind: str, **options: Any) -> bytes:
    """Write a picture with Pillow."""
    out = io.BytesIO()
    image = picture if isinstance(picture, Image.Image) else Image.fromarray(picture)
    image.save(out, kind, **options)
    return out.getvalue()


def exif(orientation: int, order: str = "<") -> bytes:
    """Write an EXIF block with nothing but an orientation."""
    mark = b"II*\0" if order == "<" else b"MM\0*"
    entry = struct.pack(order + "HHIHH", 0x0112, 3, 1, orientation, 0)
    return b"Exif\0\0" + mark + struct.pack(order + "IH", 8, 1) + entry + b"\0\0\0\0"


def chunk(name: bytes, body: bytes) -> bytes:
    """Write a PNG chunk."""
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def icc_chunk(icc: bytes) -> bytes:
    """Write the PNG chunk of an ICC profile."""
    return chunk(b"iCCP", b"profile\0\0" + zlib.compress(icc))


def png(
    samples: Array,
    colour: int,
    depth: int,
    *,
    before: bytes = b"",
    size: tuple[int, int] | None = None,
) -> bytes:
    """Write a PNG; ``before`` goes ahead of the pixels and ``size`` is what the header claims."""
    rows = samples.reshape(samples.shape[0], -1)
    if depth == 16:
        packed = rows.astype(">u2").view(np.uint8)
    elif depth == 8:
        packed = rows.astype(np.uint8)
    else:
        bits = np.unpackbits(rows.astype(np.uint8)[..., None], axis=2)[..., 8 - depth :]
        packed = np.packbits(bits.reshape(rows.shape[0], -1), axis=1)
    filtered = np.hstack([np.zeros((len(packed), 1), np.uint8), packed])
    width, height = size or (samples.shape[1], samples.shape[0])
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    pixels = chunk(b"IDAT", zlib.compress(filtered.tobytes()))
    return b"\x89PNG\r\n\x1a\n" + header + before + pixels + chunk(b"IEND", b"")


def tiff(samples: Array, tags: dict[int, Sequence[int]], order: str = "<") -> bytes:
    """Write an uncompressed TIFF of one strip, with the given tags beside or instead of the usual ones."""
    body = np.ascontiguousarray(samples.astype(samples.dtype.newbyteorder(order))).tobytes()
    channels = 1 if samples.ndim == 2 else samples.shape[2]
    usual: dict[int, Sequence[int]] = {
        256: [samples.shape[1]],
        257: [samples.shape[0]],
        258: [samples.dtype.itemsize * 8] * channels,
        259: [1],
        262: [2 if channels >= 3 else 1],
        273: [8],
        277: [channels],
        278: [samples.shape[0]],
        279: [len(body)],
        284: [1],
    }
    entries = sorted((usual | tags).items())
    at = 8 + len(body)
    spare = at + 2 + 12 * len(entries) + 4
    directory, values = struct.pack(order + "H", len(entries)), b""
    for tag, numbers in entries:
        packed = struct.pack(f"{order}{len(numbers)}I", *numbers)
        field = packed if len(numbers) == 1 else struct.pack(order + "I", spare + len(values))
        values += b"" if len(numbers) == 1 else packed
        directory += struct.pack(order + "HHI", tag, 4, len(numbers)) + field
    mark = b"II*\0" if order == "<" else b"MM\0*"
    return mark + struct.pack(order + "I", at) + body + directory + b"\0\0\0\0" + values


def heic(picture: Array, mode: str, **options: Any) -> bytes:
    """Write a HEIC with pillow-heif."""
    out = io.BytesIO()
    pillow_heif.encode(mode, (picture.shape[1], picture.shape[0]), picture.tobytes(), out, **options)
    return out.getvalue()


Primaries = Sequence[tuple[float, float]]
"""Chromaticities of red, green and blue."""

SRGB = ((0.640, 0.330), (0.300, 0.600), (0.150, 0.060))
DISPLAY_P3 = ((0.680, 0.320), (0.265, 0.690), (0.150, 0.060))
ADOBE_RGB = ((0.640, 0.330), (0.210, 0.710), (0.150, 0.060))
_D65_TO_D50 = np.array(
    [
        [1.0478112, 0.0228866, -0.0501270],
        [0.0295424, 0.9904844, -0.0170491],
        [-0.0092345, 0.0150436, 0.7521316],
    ]
)
"""Bradford adaptation, as profile makers use it."""


def rgb_to_xyz(primaries: Primaries) -> Array:
    """Return the matrix from linear RGB with white D65 to XYZ, solved from its definition."""
    xyz = np.array([(x, y, 1 - x - y) for x, y in primaries]).T
    white = np.array([0.3127 / 0.3290, 1.0, (1 - 0.3127 - 0.3290) / 0.3290])
    return np.asarray(xyz @ np.diag(np.linalg.inv(xyz) @ white))


def gamma_curve(gamma: float) -> bytes:
    """Write a tone curve that is a power."""
    return b"curv\0\0\0\0" + struct.pack(">IH", 1, round(gamma * 256)) + b"\0\0"


def srgb_curve() -> bytes:
    """Write the tone curve of sRGB, parametric."""
    numbers = (2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
    return b"para\0\0\0\0\0\3\0\0" + struct.pack(">5i", *(round(n * 65536) for n in numbers))


def srgb_table(count: int = 1024) -> bytes:
    """Write the tone curve of sRGB as the table of the first sRGB profiles."""
    v = np.linspace(0, 1, count)
    linear = np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)
    return b"curv\0\0\0\0" + struct.pack(f">I{count}H", count, *np.rint(linear * 65535).astype(int))


def profile(space: bytes, tags: dict[bytes, bytes], pcs: bytes = b"XYZ ") -> bytes:
    """Write an ICC profile."""
    table, bodies = struct.pack(">I", len(tags)), b""
    start = 132 + 12 * len(tags)
    for name, body in tags.items():
        table += struct.pack(">4sII", name, start + len(bodies), len(body))
        bodies += body + b"\0" * (-len(body) % 4)
    header = bytearray(128)
    header[8:12] = b"\x02\x40\0\0"
    header[12:16], header[16:20], header[20:24], header[36:40] = b"mntr", space, pcs, b"acsp"
    header[68:80] = struct.pack(">3i", 63190, 65536, 54061)
    struct.pack_into(">I", header, 0, 128 + len(table) + len(bodies))
    return bytes(header) + table + bodies


def matrix_profile(primaries: Primaries, curve: bytes) -> bytes:
    """Write the profile of a camera, phone or screen."""
    columns = (_D65_TO_D50 @ rgb_to_xyz(primaries)).T
    names = zip((b"rXYZ", b"gXYZ", b"bXYZ"), columns, strict=True)
    xyz = {n: b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(v * 65536) for v in c)) for n, c in names}
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    curves = dict.fromkeys((b"rTRC", b"gTRC", b"bTRC"), curve)
    return profile(b"RGB ", {**xyz, b"wtpt": white, **curves})


def table_profile(primaries: Primaries) -> bytes:
    """Write a profile for linear RGB that has nothing but a table of colours."""
    to_d50 = _D65_TO_D50 @ rgb_to_xyz(primaries)
    corners = np.array([[r, g, b] for r in (0, 1) for g in (0, 1) for b in (0, 1)])
    colours = np.rint(np.maximum(corners @ to_d50.T, 0) * 32768).astype(int).ravel()
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 65536)
    ramp = struct.pack(">2H", 0, 65535) * 3
    table = b"mft2\0\0\0\0\3\3\2\0" + identity + struct.pack(">HH", 2, 2) + ramp
    return profile(b"RGB ", {b"A2B0": table + struct.pack(">24H", *colours) + ramp})


def grey_profile(curve: bytes) -> bytes:
    """Write a profile for grey pictures."""
    white = b"XYZ \0\0\0\0" + struct.pack(">3i", 63190, 65536, 54061)
    return profile(b"GRAY", {b"wtpt": white, b"kTRC": curve})


def box(name: bytes, *parts: bytes) -> bytes:
    """Write a box of the container that HEIC uses."""
    body = b"".join(parts)
    return struct.pack(">I4s", 8 + len(body), name) + body


def full_box(name: bytes, version: int, *parts: bytes) -> bytes:
    """Write a box with a version."""
    return box(name, bytes((version, 0, 0, 0)), *parts)


def grid(rows: int, columns: int, width: int, height: int) -> bytes:
    """Write the description of a picture put together from tiles."""
    return struct.pack(">BBBBII", 0, 1, rows - 1, columns - 1, width, height)


Item = tuple[bytes, bytes, tuple[int, ...], tuple[int, ...]]
"""Kind, data, property numbers and source items of one item in a HEIC."""


def heic_of_items(items: dict[int, Item], primary: int, properties: Sequence[bytes]) -> bytes:
    """Write a HEIC from items of one's own making."""
    kind = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = len(kind) + len(_meta(items, primary, properties, 0)) + 8
    data = box(b"mdat", *(payload for _, payload, _, _ in items.values()))
    return kind + _meta(items, primary, properties, start) + data


def _meta(items: dict[int, Item], primary: int, properties: Sequence[bytes], start: int) -> bytes:
    entries, links, uses, places = [], [], [], []
    for number, (name, payload, numbers, sources) in items.items():
        entries.append(full_box(b"infe", 2, struct.pack(">HH", number, 0), name, b"\0"))
        uses.append(struct.pack(">HB", number, len(numbers)) + bytes(numbers))
        places.append(struct.pack(">HHHII", number, 0, 1, start, len(payload)))
        start += len(payload)
        if sources:
            links.append(box(b"dimg", struct.pack(f">HH{len(sources)}H", number, len(sources), *sources)))
    return full_box(
        b"meta",
        0,
        full_box(b"hdlr", 0, b"\0\0\0\0pict", bytes(13)),
        full_box(b"pitm", 0, struct.pack(">H", primary)),
        full_box(b"iinf", 0, struct.pack(">H", len(items)), *entries),
        full_box(b"iref", 0, *links),
        box(b"iprp", box(b"ipco", *properties), full_box(b"ipma", 0, struct.pack(">I", len(items)), *uses)),
        full_box(b"iloc", 0, b"\x44\0", struct.pack(">H", len(items)), *places),
    )


def ispe(width: int, height: int) -> bytes:
    """Write the property that states a size."""
    return full_box(b"ispe", 0, struct.pack(">II", width, height))


def tile(side: int = 64, *, deep: bool = False) -> tuple[bytes, bytes]:
    """Return a coded tile: its decoder configuration, as a property, and its data."""
    black = np.zeros((side, side, 3), np.uint16 if deep else np.uint8)
    data = heic(black, "RGB;16" if deep else "RGB", quality=30)
    at = data.index(b"hvcC") - 4
    configuration = data[at : at + int.from_bytes(data[at : at + 4], "big")]
    return configuration, data[data.index(b"mdat") + 4 :]
