"""What cannot be read is refused with the one error that says why, naming the source."""

from __future__ import annotations

import os
import struct
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.errors import (
    CorruptImage,
    EmptyInput,
    ImageTooLarge,
    ImageTooSmall,
    InputError,
    SourceUnreadable,
    UnsupportedFormat,
    WorkerOutOfMemory,
)
from reader.photo import open_array, open_bytes, open_file
from reader.photo.header import decoder_faults
from tests.fuzz.seeds import whole_pictures
from tests.photo import files

SCENE = files.scene()
JPEG = files.saved(SCENE, "JPEG", quality=90)
PNG = files.png(SCENE, 2, 8)
WHOLE = whole_pictures()


def test_no_bytes_are_an_empty_input() -> None:
    with pytest.raises(EmptyInput, match=r"^upload\.jpg: The file is empty\."):
        open_bytes(b"", "upload.jpg")


@pytest.mark.parametrize(
    "data",
    [
        b"GIF89a" + bytes(50),
        b"BM" + bytes(100),
        b"%PDF-1.7\n",
        b"\0\0\0\x1cftypavif\0\0\0\0mif1avif" + bytes(40),
        b"\0\0\0\x0cJXL \r\n\x87\n",
        b"II+\0\x08\0\0\0" + bytes(40),
        b"<svg xmlns='http://www.w3.org/2000/svg'/>",
        b"not a picture at all",
        b"\0" * 4096,
        b"\xff",
    ],
    ids=["gif", "bmp", "pdf", "avif", "jxl", "bigtiff", "svg", "text", "zeros", "one-byte"],
)
def test_what_is_no_picture_of_a_known_format_is_refused(data: bytes) -> None:
    with pytest.raises(UnsupportedFormat):
        open_bytes(data)


def test_a_picture_is_known_by_its_bytes_and_not_by_its_name() -> None:
    assert open_bytes(JPEG, "photo.png").format == "JPEG"


@pytest.mark.parametrize("name", sorted(WHOLE))
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9, 0.99])
def test_a_file_that_was_cut_off_is_refused_as_corrupt(name: str, part: float) -> None:
    data = WHOLE[name]
    if name == "mpo":
        # Its first picture is whole as long as the cut lies in the second.
        data = data[: data.index(b"\xff\xd9") + 2]
    with pytest.raises(CorruptImage):
        open_bytes(data[: max(12, int(len(data) * part))])


@pytest.mark.parametrize("name", ["jpeg", "jpeg-progressive", "png", "webp", "heic", "tiff"])
def test_bytes_after_the_picture_do_no_harm(name: str) -> None:
    assert np.array_equal(open_bytes(WHOLE[name] + b"trailer" * 9).pixels, open_bytes(WHOLE[name]).pixels)


def test_a_jpeg_without_its_end_is_refused_though_all_its_pixels_are_there() -> None:
    with pytest.raises(CorruptImage, match="ends before"):
        open_bytes(JPEG[:-2])


def test_a_jpeg_of_far_too_many_scans_is_refused() -> None:
    start = JPEG.index(b"\xff\xda")
    scan = JPEG[start:-2]
    with pytest.raises(CorruptImage, match="scans"):
        open_bytes(JPEG[:start] + scan * 40 + b"\xff\xd9")


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ((4, 12), UnsupportedFormat),
        ((9, 2), CorruptImage),
        ((5, 0), CorruptImage),
        ((1, 0xC3), UnsupportedFormat),
        ((1, 0xC9), UnsupportedFormat),
        ((1, 0xE7), CorruptImage),
    ],
    ids=["12-bit", "two-colours", "no-height", "lossless", "arithmetic", "no-frame"],
)
def test_a_jpeg_that_cameras_do_not_write_is_refused(
    change: tuple[int, int], error: type[InputError]
) -> None:
    data = bytearray(JPEG)
    at = JPEG.index(b"\xff\xc0")
    data[at + change[0]] = change[1]
    if change[0] == 5:
        data[at + 6] = 0
    with pytest.raises(error):
        open_bytes(bytes(data))


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8\xff\xd9",
        b"\xff\xd8\xff\xd8" + JPEG,
        JPEG[:2] + JPEG[JPEG.index(b"\xff\xc0") :][:19] + JPEG[2:],
        JPEG[:2] + b"\xff\xfe\0\2" * 10_001 + JPEG[2:],
        JPEG[:-2] + b"\xff\xfe\0\2" * 10_001 + JPEG[-2:],
        JPEG[:-2] + JPEG,
    ],
    ids=["no-pixels", "two-starts", "two-frames", "10,001-segments", "10,001-later", "start-within"],
)
def test_a_jpeg_whose_markers_make_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptImage):
        open_bytes(data)


@pytest.mark.parametrize("name", [b"IHDR", b"IDAT", b"IEND", b"tRNS"])
def test_a_png_with_a_wrong_checksum_is_refused(name: bytes) -> None:
    data = bytearray(files.png(SCENE, 2, 8, before=files.chunk(b"tRNS", bytes(6))))
    at = data.index(name)
    length = int.from_bytes(data[at - 4 : at], "big")
    data[at + 4 + length] ^= 1
    with pytest.raises(CorruptImage, match="checksum"):
        open_bytes(bytes(data))


@pytest.mark.parametrize(
    "data",
    [PNG[:8] + files.chunk(b"tEXt", b"") + PNG[8:], PNG[:33] + PNG[8:], PNG[:33] + files.chunk(b"IEND", b"")],
    ids=["text-first", "two-headers", "no-pixels"],
)
def test_a_png_whose_chunks_make_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptImage):
        open_bytes(data)


@pytest.mark.parametrize("name", [b"zTXt", b"iTXt"])
def test_a_compressed_text_is_no_reason_to_refuse_a_picture(name: bytes) -> None:
    head = b"Comment\0\0" if name == b"zTXt" else b"Comment\0\1\0en\0Comment\0"
    for body in (zlib.compress(b"ward 3" * 9), b"not compressed"):
        data = files.png(SCENE, 2, 8, before=files.chunk(name, head + body))
        assert np.array_equal(open_bytes(data).pixels, SCENE)


@pytest.mark.parametrize("body", [b"", b"VP8X\4\0\0\0abcd", b"VP8 \x0a\0\0\0abcdefghij", b"ANIM\0\0\0\0"])
def test_a_webp_without_a_picture_is_refused(body: bytes) -> None:
    with pytest.raises(CorruptImage, match="no picture"):
        open_bytes(b"RIFF" + struct.pack("<I", 4 + len(body)) + b"WEBP" + body)


def test_a_wrong_checksum_of_metadata_does_no_harm() -> None:
    broken = files.chunk(b"tEXt", b"Comment\0hello")[:-1] + b"\0"
    assert np.array_equal(open_bytes(files.png(SCENE, 2, 8, before=broken)).pixels, SCENE)


@pytest.mark.parametrize(("colour", "depth"), [(1, 8), (2, 4), (3, 16), (0, 3), (6, 2)])
def test_a_png_of_a_kind_that_does_not_exist_is_refused(colour: int, depth: int) -> None:
    header = struct.pack(">IIBBBBB", 64, 48, depth, colour, 0, 0, 0)
    with pytest.raises(CorruptImage):
        open_bytes(PNG[:8] + files.chunk(b"IHDR", header) + PNG[33:])


def test_a_png_whose_pixels_end_early_is_refused() -> None:
    with pytest.raises(CorruptImage):
        open_bytes(files.png(SCENE[:20], 2, 8, size=(64, 48)))


@pytest.mark.parametrize(
    ("tags", "error"),
    [
        ({50706: [1]}, UnsupportedFormat),
        ({339: [3, 3, 3]}, UnsupportedFormat),
        ({258: [32, 32, 32]}, UnsupportedFormat),
        ({258: [8, 8, 16]}, UnsupportedFormat),
        ({262: [8]}, UnsupportedFormat),
        ({262: [32803]}, UnsupportedFormat),
        ({277: [7]}, UnsupportedFormat),
        ({279: [10**9]}, CorruptImage),
        ({273: [10**9]}, CorruptImage),
        ({273: [8, 9]}, CorruptImage),
        ({322: [2**30], 323: [2**30], 324: [8], 325: [100]}, CorruptImage),
        ({259: [7]}, CorruptImage),
        ({279: [10, 10]}, CorruptImage),
    ],
    ids=[
        "raw",
        "float",
        "32-bit",
        "mixed",
        "lab",
        "mosaic",
        "7",
        "size",
        "offset",
        "count",
        "tiles",
        "jpeg",
        "sizes",
    ],
)
def test_a_tiff_that_is_no_photo_is_refused(tags: dict[int, list[int]], error: type[InputError]) -> None:
    with pytest.raises(error):
        open_bytes(files.tiff(SCENE, tags))


def test_a_16_bit_tiff_in_planes_is_refused_rather_than_misread() -> None:
    with pytest.raises(UnsupportedFormat):
        open_bytes(files.tiff(files.scene(top=65535), {284: [2]}))


@pytest.mark.parametrize(("width", "height"), [(15, 400), (400, 15), (1, 1)])
@pytest.mark.parametrize("kind", ["PNG", "JPEG", "WEBP", "TIFF"])
def test_a_picture_with_a_side_below_16_px_is_too_small(kind: str, width: int, height: int) -> None:
    with pytest.raises(ImageTooSmall, match=f"{width} x {height}"):
        open_bytes(files.saved(np.zeros((height, width, 3), np.uint8), kind))


def test_a_picture_of_16_px_is_read() -> None:
    assert open_bytes(files.saved(np.zeros((16, 16, 3), np.uint8), "PNG")).width == 16


@pytest.mark.parametrize("size", [(12_001, 16), (16, 12_001), (7_100, 7_100), (2**31 - 1, 2**31 - 1)])
def test_a_picture_that_claims_too_many_pixels_is_refused_before_it_is_decoded(size: tuple[int, int]) -> None:
    with pytest.raises(ImageTooLarge, match=f"{size[0]} x {size[1]}"):
        open_bytes(files.png(SCENE, 2, 8, size=size))


def test_a_header_that_lies_about_the_size_is_refused() -> None:
    data = bytearray(WHOLE["webp"])
    at = data.index(b"VP8X") + 12
    data[at : at + 3] = (70).to_bytes(3, "little")
    with pytest.raises(CorruptImage):
        open_bytes(bytes(data))


@pytest.mark.parametrize("deep", [False, True])
def test_a_heic_with_a_tile_that_cannot_be_decoded_is_refused(deep: bool) -> None:  # noqa: FBT001
    configuration, data = files.tile(deep=deep)
    items: dict[int, files.Item] = {
        1: (b"hvc1", data, (1, 2), ()),
        2: (b"hvc1", bytes(len(data)), (1, 2), ()),
        3: (b"grid", files.grid(2, 2, 128, 100), (3,), (1, 1, 1, 2)),
    }
    with pytest.raises(CorruptImage, match="part of the HEIC"):
        open_bytes(files.heic_of_items(items, 3, (configuration, files.ispe(64, 64), files.ispe(128, 100))))


def test_a_green_picture_is_not_taken_for_a_damaged_one() -> None:
    green = np.zeros((96, 96, 3), np.uint8)
    green[..., 1] = np.arange(96)[:, None] + 120
    assert open_bytes(files.heic(green, "RGB", quality=95)).pixels.shape == green.shape


def test_64_megabytes_are_the_most(tmp_path: Path) -> None:
    path = tmp_path / "large.jpg"
    path.write_bytes(JPEG)
    os.truncate(path, 64 * 2**20 + 1)
    with pytest.raises(ImageTooLarge, match=r"large\.jpg has 64 MB"):
        open_file(path)
    with pytest.raises(ImageTooLarge, match="more than 64 MB"):
        open_bytes(JPEG + bytes(64 * 2**20))


def test_a_file_is_opened_by_its_path(tmp_path: Path) -> None:
    path = tmp_path / "Tést photo, ünïcode.jpg"
    path.write_bytes(JPEG)
    link = tmp_path / "link.jpg"
    link.symlink_to(path)
    assert open_file(path).source == str(path)
    assert open_file(str(link)).sha256 == open_bytes(JPEG).sha256


def test_a_missing_file_a_folder_and_a_device_are_unreadable(tmp_path: Path) -> None:
    for path in (tmp_path / "missing.jpg", tmp_path, Path(os.devnull), "nul\0byte.jpg"):
        with pytest.raises(SourceUnreadable):
            open_file(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_refused_without_waiting_for_a_writer(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceUnreadable, match="regular"):
        open_file(tmp_path / "pipe")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_unreadable(tmp_path: Path) -> None:
    path = tmp_path / "private.jpg"
    path.write_bytes(JPEG)
    path.chmod(0)
    with pytest.raises(SourceUnreadable, match="denied"):
        open_file(path)


def test_an_error_names_its_source_once_and_keeps_its_cause() -> None:
    with pytest.raises(CorruptImage) as caught:
        open_bytes(WHOLE["tiff-lzw"][:8] + bytes(200) + WHOLE["tiff-lzw"][208:], "ward 3.tif")
    assert str(caught.value).count("ward 3.tif") == 1
    assert caught.value.__cause__ is not None


def test_whatever_a_decoder_raises_becomes_corrupt_image() -> None:
    for fault in (
        OSError,
        SyntaxError,
        ValueError,
        EOFError,
        OverflowError,
        NotImplementedError,
    ):
        with pytest.raises(CorruptImage) as caught, decoder_faults():
            raise fault
        assert isinstance(caught.value.__cause__, fault)
    with pytest.raises(KeyboardInterrupt), decoder_faults():
        raise KeyboardInterrupt


def test_too_little_memory_is_not_taken_for_a_damaged_picture() -> None:
    with pytest.raises(WorkerOutOfMemory), decoder_faults():
        raise MemoryError
    with pytest.raises(WorkerOutOfMemory), decoder_faults():
        cv2.resize(np.zeros((2, 2), np.uint8), (2**30, 2**30 - 1))


@given(
    st.sampled_from([b"", b"\xff\xd8\xff", PNG[:33], b"RIFF\x99\0\0\0WEBPVP8X", b"II*\0\x08\0\0\0"]),
    st.binary(),
)
def test_any_bytes_are_refused_with_an_input_error(beginning: bytes, rest: bytes) -> None:
    with pytest.raises(InputError):
        open_bytes(beginning + rest)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 1), (20, 30, 3), (20, 30, 4)])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32, np.float64])
def test_an_array_is_taken_as_it_is(shape: tuple[int, ...], dtype: type[np.generic]) -> None:
    top = {np.uint8: 255, np.uint16: 65535}.get(dtype, 1.0)
    array = (np.random.default_rng(1).random(shape) * top).astype(dtype)
    if shape[-1] == 4:
        array[..., 3] = top
    before = array.copy()
    photo = open_array(array, "frame 7")
    truth = array if dtype in (np.uint8, np.uint16) else np.rint(array * 65535.0)
    assert np.array_equal(
        photo.pixels, np.dstack([truth] * 3) if truth.ndim == 2 else truth[..., :3] * np.ones(3)
    )
    assert (photo.source, photo.format) == ("frame 7", "array")
    assert np.array_equal(array, before)
    assert not np.shares_memory(photo.pixels, array)


def test_an_array_may_be_a_view_or_in_another_byte_order() -> None:
    deep = files.scene(top=65535)
    assert np.array_equal(open_array(deep[::2, ::-1]).pixels, deep[::2, ::-1])
    assert np.array_equal(open_array(deep.astype(">u2")).pixels, deep)


def test_an_array_and_its_digest_belong_together() -> None:
    digests = {open_array(a).sha256 for a in (SCENE, SCENE.copy(), SCENE[::-1], SCENE.astype(np.uint16))}
    assert len(digests) == 3


@pytest.mark.parametrize(
    ("array", "error"),
    [
        (np.zeros((0, 5, 3), np.uint8), EmptyInput),
        (np.zeros(50, np.uint8), UnsupportedFormat),
        (np.zeros((20, 20, 2), np.uint8), UnsupportedFormat),
        (np.zeros((20, 20), np.int64), UnsupportedFormat),
        (np.zeros((20, 20), bool), UnsupportedFormat),
        (np.full((20, 20), 1.01), CorruptImage),
        (np.full((20, 20), np.nan), CorruptImage),
        (np.zeros((15, 20), np.uint8), ImageTooSmall),
        (np.zeros((16, 12_001), np.uint8), ImageTooLarge),
    ],
    ids=["empty", "flat", "two-channels", "integers", "truths", "too-bright", "nan", "small", "large"],
)
def test_an_array_that_is_no_picture_is_refused(array: files.Array, error: type[InputError]) -> None:
    with pytest.raises(error, match=r"^array: "):
        open_array(array)
