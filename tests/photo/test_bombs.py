"""Files made to exhaust time or memory are refused cheaply, each measured in a process of its own."""

from __future__ import annotations

import io
import json
import struct
import subprocess
import sys
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from reader.errors import CorruptImage, InputError
from reader.photo import open_bytes
from tests.photo import files

pytest.importorskip("resource", reason="the system does not tell a process's largest memory")

ROOT = Path(__file__).resolve().parents[2]
MAX_SECONDS = 0.5
MAX_MEGABYTES = 150

MEASURE = """
import json, resource, sys, time
from reader.errors import InputError
from reader.photo import open_bytes

unit = 1 if sys.platform == "darwin" else 1024
data = open(sys.argv[1], "rb").read()
memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit
start = time.process_time()
try:
    photo = open_bytes(data)
    code = "read"
except InputError as error:
    code = error.code
seconds = time.process_time() - start
more = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit - memory
print(json.dumps({"code": code, "seconds": seconds, "megabytes": more / 2**20}))
"""


def png_of_400_megapixels() -> bytes:
    packer = zlib.compressobj(9)
    row = bytes(1 + 20_000)
    packed = b"".join(packer.compress(row) for _ in range(20_000)) + packer.flush()
    return _png(20_000, 20_000, packed)


def png_of_a_million_by_one() -> bytes:
    return _png(1_000_000, 1, zlib.compress(bytes(1_000_001)))


def _png(width: int, height: int, packed: bytes, before: bytes = b"") -> bytes:
    header = files.chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + before + files.chunk(b"IDAT", packed) + files.chunk(b"IEND", b"")


def png_with_a_text_of_64_megabytes() -> bytes:
    text = files.chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(64 * 2**20), 9))
    return files.png(files.scene(), 2, 8, before=text)


def png_with_an_international_text_of_64_megabytes() -> bytes:
    text = files.chunk(b"iTXt", b"Comment\0\1\0en\0Comment\0" + zlib.compress(bytes(64 * 2**20), 9))
    return files.png(files.scene(), 2, 8, before=text)


def png_with_a_thousand_texts_of_a_megabyte() -> bytes:
    text = files.chunk(b"zTXt", b"Comment\0\0" + zlib.compress(bytes(2**20), 9))
    return files.png(files.scene(), 2, 8, before=text * 1000)


def png_with_a_million_empty_chunks() -> bytes:
    return files.png(files.scene(), 2, 8, before=files.chunk(b"teXt", b"") * 1_000_000)


def webp_of_10000_frames_and_a_huge_canvas() -> bytes:
    return _webp(10_000, 16_000)


def _webp(frames: int, side: int) -> bytes:
    out = io.BytesIO()
    Image.new("RGB", (16, 16)).save(out, "WEBP", quality=1)
    picture = out.getvalue()[12:]
    corner = (
        struct.pack("<I", 0)[:3] * 2 + (15).to_bytes(3, "little") * 2 + (40).to_bytes(3, "little") + b"\0"
    )
    frame = b"ANMF" + struct.pack("<I", len(corner) + len(picture)) + corner + picture
    canvas = (side - 1).to_bytes(3, "little") * 2
    body = b"WEBPVP8X" + struct.pack("<I", 10) + b"\2\0\0\0" + canvas
    body += b"ANIM" + struct.pack("<I", 6) + bytes(6) + frame * frames
    return b"RIFF" + struct.pack("<I", len(body)) + body


def gif_of_10000_frames_named_jpeg() -> bytes:
    frame = b"\x2c\0\0\0\0\x10\0\x10\0\0\2\2\x4c\1\0"
    return b"GIF89a\x10\0\x10\0\x80\0\0\0\0\0\xff\xff\xff" + frame * 10_000 + b";"


def heic_of_nested_grids() -> bytes:
    configuration, data = files.tile()
    items: dict[int, files.Item] = {1: (b"hvc1", data, (1, 2), ())}
    for number in range(2, 8):
        items[number] = (b"grid", files.grid(16, 16, 64, 64), (2,), (number - 1,) * 256)
    return files.heic_of_items(items, 7, (configuration, files.ispe(64, 64)))


def heic_of_more_tiles_than_it_shows() -> bytes:
    configuration, data = files.tile()
    items: dict[int, files.Item] = {
        1: (b"hvc1", data, (1, 2), ()),
        2: (b"grid", files.grid(30, 30, 5000, 5000), (3,), (1,) * 900),
    }
    properties = (configuration, files.ispe(8000, 6000), files.ispe(5000, 5000))
    return files.heic_of_items(items, 2, properties)


def heic_of_60000_items() -> bytes:
    configuration, data = files.tile()
    items: dict[int, files.Item] = dict.fromkeys(range(1, 60000), (b"hvc1", data, (1, 2), ()))
    return files.heic_of_items(items, 1, (configuration, files.ispe(64, 64)))


def jpeg_of_4000_megapixels() -> bytes:
    data = bytearray(files.saved(files.scene(), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = b"\xff\xff\xff\xff"
    return bytes(data)


def jpeg_of_10000_scans() -> bytes:
    data = files.saved(np.zeros((4000, 4000, 3), np.uint8), "JPEG", progressive=True)
    last = data.rindex(b"\xff\xda")
    return data[:-2] + data[last:-2] * 10_000 + b"\xff\xd9"


def tiff_of_400_megapixels() -> bytes:
    return files.tiff(files.scene(), {256: [20_000], 257: [20_000]})


def tiff_with_a_tile_of_a_gigapixel() -> bytes:
    return files.tiff(files.scene(), {322: [32_768], 323: [32_768], 324: [8], 325: [9216]})


BOMBS = [
    png_of_400_megapixels,
    png_of_a_million_by_one,
    png_with_a_text_of_64_megabytes,
    png_with_an_international_text_of_64_megabytes,
    png_with_a_thousand_texts_of_a_megabyte,
    png_with_a_million_empty_chunks,
    webp_of_10000_frames_and_a_huge_canvas,
    gif_of_10000_frames_named_jpeg,
    heic_of_nested_grids,
    heic_of_more_tiles_than_it_shows,
    heic_of_60000_items,
    jpeg_of_4000_megapixels,
    jpeg_of_10000_scans,
    tiff_of_400_megapixels,
    tiff_with_a_tile_of_a_gigapixel,
]


def measured(data: bytes, folder: Path) -> dict[str, float | str]:
    path = folder / "bomb"
    path.write_bytes(data)
    command = [sys.executable, "-c", MEASURE, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, text=True, timeout=60)
    result: dict[str, float | str] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize("bomb", BOMBS, ids=lambda f: f.__name__)
def test_a_bomb_is_refused_in_little_time_and_memory(bomb: object, tmp_path: Path) -> None:
    result = measured(bomb(), tmp_path)
    assert result["code"] != "read"
    assert result["seconds"] < MAX_SECONDS
    assert result["megabytes"] < MAX_MEGABYTES


def test_10000_frames_cost_no_more_than_the_first(tmp_path: Path) -> None:
    result = measured(_webp(10_000, 64), tmp_path)
    assert result["code"] == "read"
    assert result["seconds"] < MAX_SECONDS
    assert result["megabytes"] < MAX_MEGABYTES


def test_grids_that_refer_to_each_other_are_refused() -> None:
    configuration, data = files.tile()
    items: dict[int, files.Item] = {
        1: (b"hvc1", data, (1, 2), ()),
        2: (b"grid", files.grid(2, 2, 128, 128), (3,), (3,) * 4),
        3: (b"grid", files.grid(2, 2, 128, 128), (3,), (2,) * 4),
    }
    with pytest.raises(CorruptImage, match="nested"):
        open_bytes(files.heic_of_items(items, 3, (configuration, files.ispe(64, 64), files.ispe(128, 128))))


@pytest.mark.parametrize(("primary", "kind"), [(9, b"hvc1"), (1, b"av01"), (1, b"mime")])
def test_a_heif_without_a_picture_that_can_be_decoded_is_refused(primary: int, kind: bytes) -> None:
    configuration, data = files.tile()
    items: dict[int, files.Item] = {1: (kind, data, (1, 2), ())}
    with pytest.raises(InputError):
        open_bytes(files.heic_of_items(items, primary, (configuration, files.ispe(64, 64))))
