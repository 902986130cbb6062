"""Every format, bit depth and colour model gives the pixels that were written."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from PIL import Image

from reader.photo import open_bytes
from tests.photo import files

SCENE = files.scene()
DEEP = files.scene(top=65535)
GREY = SCENE[..., 0]
HALF = np.where(np.arange(SCENE.shape[1]) < 32, 255, 51).astype(np.uint8) * np.ones_like(GREY)
HALF_16 = HALF.astype(np.uint16) * 257


def three(grey: files.Array) -> files.Array:
    return np.dstack([grey] * 3)


def on_white(rgb: files.Array, alpha: files.Array, top: int) -> files.Array:
    a = alpha[..., None] / top
    return rgb * a + top * (1 - a)


def test_a_photo_is_contiguous_read_only_and_knows_its_size() -> None:
    photo = open_bytes(files.saved(SCENE, "PNG"), "cassette.png")
    assert (photo.source, photo.format, photo.width, photo.height) == ("cassette.png", "PNG", 64, 48)
    assert photo.pixels.flags.c_contiguous
    assert not photo.pixels.flags.writeable
    assert (photo.grey, photo.jpeg_quality, photo.flags) == (False, None, ())


def test_the_digest_is_that_of_the_files_bytes() -> None:
    digest = open_bytes(b"\x89PNG\r\n\x1a\n" + files.png(GREY, 0, 8)[8:] + b"rest").sha256
    assert digest != open_bytes(files.png(GREY, 0, 8)).sha256
    assert len(digest) == 64


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_a_png_of_few_greys_spans_black_to_white(depth: int) -> None:
    levels = np.arange(48 * 64).reshape(48, 64) % 2**depth
    photo = open_bytes(files.png(levels, 0, depth))
    assert np.array_equal(photo.pixels, three(levels * (255 // (2**depth - 1))))
    assert photo.grey


@pytest.mark.parametrize(("samples", "depth"), [(SCENE, 8), (DEEP, 16)])
def test_a_png_keeps_every_bit_of_grey_and_colour(samples: files.Array, depth: int) -> None:
    assert np.array_equal(open_bytes(files.png(samples, 2, depth)).pixels, samples)
    grey = open_bytes(files.png(samples[..., 1], 0, depth))
    assert np.array_equal(grey.pixels, three(samples[..., 1]))
    assert grey.grey
    assert grey.pixels.dtype == samples.dtype


@pytest.mark.parametrize("depth", [4, 8])
def test_a_png_with_a_palette_is_looked_up(depth: int) -> None:
    index = np.arange(48 * 64).reshape(48, 64) % 7
    palette = np.arange(21, dtype=np.uint8).reshape(7, 3) * 12
    data = files.png(index, 3, depth, before=files.chunk(b"PLTE", palette.tobytes()))
    assert np.array_equal(open_bytes(data).pixels, palette[index])


def test_an_interlaced_png_is_read() -> None:
    # Pillow does not write Adam7, so this one is 16 x 16 of one grey: the passes differ only in length.
    passes = [(2, 2), (2, 2), (4, 2), (4, 4), (8, 4), (8, 8), (16, 8)]
    raw = b"".join((b"\0" + bytes([90]) * width) * height for width, height in passes)
    data = bytearray(files.png(np.zeros((16, 16), np.uint8), 0, 8))
    header = files.chunk(b"IHDR", bytes(data[16:28]) + b"\1")
    body = files.chunk(b"IDAT", zlib.compress(raw)) + files.chunk(b"IEND", b"")
    assert np.all(open_bytes(bytes(data[:8]) + header + body).pixels == 90)


@pytest.mark.parametrize(
    ("data", "truth"),
    [
        (files.png(np.dstack([SCENE, HALF]), 6, 8), on_white(SCENE, HALF, 255)),
        (files.png(np.dstack([DEEP, HALF_16]), 6, 16), on_white(DEEP, HALF_16, 65535)),
        (files.png(np.dstack([GREY, HALF]), 4, 8), on_white(three(GREY), HALF, 255)),
        (files.saved(np.dstack([SCENE, HALF]), "WEBP", lossless=True), on_white(SCENE, HALF, 255)),
        (files.saved(np.dstack([SCENE, HALF]), "TIFF"), on_white(SCENE, HALF, 255)),
    ],
    ids=["png-rgba", "png-rgba-16", "png-grey-alpha", "webp", "tiff"],
)
def test_transparent_parts_are_laid_on_white_with_a_flag(data: bytes, truth: files.Array) -> None:
    photo = open_bytes(data)
    assert np.max(np.abs(photo.pixels - truth)) <= 0.51
    assert photo.flags == ("alpha-flattened",)


def test_alpha_that_hides_nothing_leaves_no_flag() -> None:
    photo = open_bytes(files.saved(np.dstack([SCENE, np.full_like(GREY, 255)]), "PNG"))
    assert np.array_equal(photo.pixels, SCENE)
    assert photo.flags == ()


@pytest.mark.parametrize(("depth", "value"), [(4, 3), (8, 60), (16, 3000)])
def test_the_transparent_grey_of_a_png_becomes_white(depth: int, value: int) -> None:
    grey = np.arange(48 * 64).reshape(48, 64) % 16 * {4: 1, 8: 12, 16: 1000}[depth]
    data = files.png(grey, 0, depth, before=files.chunk(b"tRNS", value.to_bytes(2, "big")))
    photo = open_bytes(data)
    scale = 17 if depth == 4 else 1
    top = 65535 if depth == 16 else 255
    assert np.array_equal(photo.pixels[..., 0], np.where(grey == value, top, grey * scale))
    assert photo.flags == ("alpha-flattened",)


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"subsampling": 0}], ids=str)
def test_a_jpeg_gives_its_colours_in_their_order(options: dict[str, object]) -> None:
    photo = open_bytes(files.saved(SCENE, "JPEG", quality=98, **options))
    assert photo.format == "JPEG"
    assert np.mean(np.abs(photo.pixels - SCENE.astype(float))) < 2.0


def test_a_grey_jpeg_has_three_equal_channels() -> None:
    photo = open_bytes(files.saved(GREY, "JPEG", quality=100))
    assert photo.grey
    assert np.max(np.abs(photo.pixels - three(GREY).astype(int))) <= 2


def test_a_colour_file_with_equal_channels_counts_as_grey() -> None:
    assert open_bytes(files.saved(three(GREY), "PNG")).grey
    almost = three(GREY)
    almost[5, 7, 2] += 1
    assert not open_bytes(files.saved(almost, "PNG")).grey


def test_a_cmyk_jpeg_is_read_as_adobe_stores_it() -> None:
    # Pillow writes CMYK with Adobe's marker, inverted as Adobe's programs do.
    inks = Image.new("CMYK", (48, 32), (0, 255, 255, 0))
    inks.paste((0, 0, 0, 255), (24, 0, 48, 32))
    photo = open_bytes(files.saved(inks, "JPEG", quality=100))
    assert np.max(np.abs(photo.pixels[16, 8] - np.array([255, 0, 0]))) <= 3
    assert np.max(photo.pixels[16, 40]) <= 3


def test_an_mpo_is_its_first_picture() -> None:
    second = Image.fromarray(SCENE[::-1])
    data = files.saved(SCENE, "MPO", save_all=True, append_images=[second], quality=98)
    photo = open_bytes(data)
    assert photo.format == "JPEG"
    assert np.mean(np.abs(photo.pixels - SCENE.astype(float))) < 2.0


@pytest.mark.parametrize("lossless", [True, False])
def test_a_webp_is_read(lossless: bool) -> None:  # noqa: FBT001
    photo = open_bytes(files.saved(SCENE, "WEBP", lossless=lossless, quality=95))
    assert photo.format == "WebP"
    assert np.mean(np.abs(photo.pixels - SCENE.astype(float))) < (0.01 if lossless else 3.0)


@pytest.mark.parametrize("kind", ["WEBP", "PNG", "TIFF"])
def test_of_several_pictures_in_a_file_the_first_is_read(kind: str) -> None:
    options = {} if kind == "TIFF" else {"duration": 40}
    more = [Image.fromarray(np.roll(SCENE, 9, axis=1))]
    if kind == "WEBP":
        options["lossless"] = True
    data = files.saved(SCENE, kind, save_all=True, append_images=more, **options)
    assert np.array_equal(open_bytes(data).pixels, SCENE)


@pytest.mark.parametrize("compression", [None, "tiff_lzw", "packbits", "tiff_adobe_deflate", "group4"])
def test_a_tiff_is_read_whatever_its_compression(compression: str | None) -> None:
    picture = Image.fromarray(SCENE) if compression != "group4" else Image.fromarray(GREY).convert("1")
    photo = open_bytes(files.saved(picture, "TIFF", compression=compression))
    assert photo.format == "TIFF"
    assert np.array_equal(photo.pixels, np.asarray(picture.convert("RGB")))


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize("samples", [SCENE, GREY, DEEP, DEEP[..., 1]], ids=["rgb", "l", "rgb16", "l16"])
def test_a_tiff_keeps_every_bit_in_either_byte_order(samples: files.Array, order: str) -> None:
    pixels = open_bytes(files.tiff(samples, {}, order)).pixels
    assert pixels.dtype == samples.dtype
    assert np.array_equal(pixels, samples if samples.ndim == 3 else three(samples))


@pytest.mark.parametrize("samples", [GREY, DEEP[..., 1]], ids=["8", "16"])
def test_a_tiff_whose_zero_is_white_is_turned_round(samples: files.Array) -> None:
    pixels = open_bytes(files.tiff(samples, {262: [0]})).pixels
    assert np.array_equal(pixels, three(np.iinfo(samples.dtype).max - samples))


def test_a_16_bit_tiff_with_premultiplied_alpha_is_laid_on_white() -> None:
    alpha = np.full(DEEP.shape[:2], 32768, np.uint16)
    premultiplied = np.rint(DEEP * (32768 / 65535)).astype(np.uint16)
    photo = open_bytes(files.tiff(np.dstack([premultiplied, alpha]), {338: [1]}))
    assert np.max(np.abs(photo.pixels - on_white(DEEP, alpha, 65535))) <= 2.0


@pytest.mark.parametrize("mode", ["P", "CMYK", "LA"])
def test_a_tiff_of_another_colour_model_is_read(mode: str) -> None:
    picture = Image.fromarray(SCENE).convert(mode)
    pixels = open_bytes(files.saved(picture, "TIFF")).pixels
    assert np.max(np.abs(pixels - np.asarray(picture.convert("RGB")).astype(int))) <= 1


def test_a_heic_is_read_in_8_bit() -> None:
    photo = open_bytes(files.heic(SCENE, "RGB", quality=95))
    assert photo.format == "HEIC"
    assert photo.pixels.dtype == np.uint8
    assert np.mean(np.abs(photo.pixels - SCENE.astype(float))) < 3.0


def test_a_10_bit_heic_keeps_its_bits_and_its_white() -> None:
    ramp = np.linspace(0, 65535, 256).astype(np.uint16)
    grey = np.broadcast_to(ramp, (64, 256))
    photo = open_bytes(files.heic(three(grey), "RGB;16", quality=100))
    assert photo.pixels.dtype == np.uint16
    assert photo.pixels[:, -1].max() == 65535
    assert np.mean(np.abs(photo.pixels.astype(float) - three(grey))) < 65535 / 1023
    assert len(np.unique(photo.pixels[..., 1])) > 200


def test_a_heic_made_of_tiles_is_read() -> None:
    configuration, data = files.tile(64)
    items: dict[int, files.Item] = {
        1: (b"hvc1", data, (1, 2), ()),
        2: (b"grid", files.grid(2, 3, 180, 100), (3,), (1,) * 6),
    }
    photo = open_bytes(
        files.heic_of_items(items, 2, (configuration, files.ispe(64, 64), files.ispe(180, 100)))
    )
    assert (photo.width, photo.height) == (180, 100)
    assert photo.pixels.max() <= 2


@pytest.mark.parametrize("quality", [10, 35, 50, 75, 80, 90, 95, 98, 100])
@pytest.mark.parametrize("mode", ["RGB", "L"])
def test_jpeg_quality_is_the_setting_of_the_writer(quality: int, mode: str) -> None:
    data = files.saved(Image.fromarray(SCENE).convert(mode), "JPEG", quality=quality)
    assert open_bytes(data).jpeg_quality == quality


def test_jpeg_quality_is_estimated_from_tables_of_a_cameras_own() -> None:
    finer = [8 + k // 4 for k in range(64)]
    coarser = [30 + 2 * k for k in range(64)]
    qualities = [
        open_bytes(files.saved(SCENE, "JPEG", qtables=[table, table])).jpeg_quality
        for table in (finer, coarser)
    ]
    assert qualities[0] is not None
    assert qualities[1] is not None
    assert 80 < qualities[0] < 95
    assert 20 < qualities[1] < 50
