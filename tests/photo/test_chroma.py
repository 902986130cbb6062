"""The colours of a JPEG are known finer than in whole codes."""

import io

import numpy as np
import pytest
from PIL import Image

from reader.colour import STRETCH, with_chroma
from reader.photo import open_bytes
from reader.photo.chroma import stretched_chroma
from tests.photo import files

SIZE = (96, 160)
P3 = files.matrix_profile(files.DISPLAY_P3, files.srgb_curve())


def tinted(step: float, seed: int = 3) -> np.ndarray:
    """Make a nearly white picture whose right half is redder by a part of a code, in the noise of a phone."""
    colour = np.full((*SIZE, 3), (190.0, 186.0, 187.0))
    colour[:, SIZE[1] // 2 :, 0] += step
    noise = np.random.default_rng(seed).normal(0, 1.5, colour.shape)
    return np.clip(np.rint(colour + noise), 0, 255).astype(np.uint8)


def jpeg(pixels: np.ndarray, quality: int = 90, subsampling: str = "4:2:0", **options) -> bytes:
    held = io.BytesIO()
    Image.fromarray(pixels).save(held, "JPEG", quality=quality, subsampling=subsampling, **options)
    return held.getvalue()


def redness(pixels: np.ndarray) -> float:
    """Return how much redder the right half is, codes."""
    red = pixels[..., 0].astype(float) - pixels[..., 1]
    middle = SIZE[1] // 2
    return float(red[:, middle + 16 :].mean() - red[:, : middle - 16].mean())


def exact(pixels: np.ndarray, icc: bytes | None) -> np.ndarray:
    """Return codes as they are in sRGB, with their fractions."""
    before = b"" if icc is None else files.icc_chunk(icc)
    return open_bytes(files.png(pixels.astype(np.uint16) * 257, 2, 16, before=before)).pixels / 257


def finer(data: bytes) -> np.ndarray:
    photo = open_bytes(data)
    assert photo.chroma is not None
    codes = photo.chroma((0, 0, photo.width, photo.height))
    assert codes is not None
    return codes / 257


@pytest.mark.parametrize("subsampling", ["4:2:0", "4:2:2", "4:4:4"])
@pytest.mark.parametrize("icc", [None, P3], ids=["sRGB", "Display P3"])
def test_half_a_code_of_red_is_seen_better_than_in_decoded_codes(subsampling, icc):
    errors = {"codes": [], "finer": []}
    for seed in range(12):
        pixels = tinted(0.5 + 0.05 * seed, seed)
        data, asked = jpeg(pixels, subsampling=subsampling, icc_profile=icc), redness(exact(pixels, icc))
        errors["codes"].append(redness(open_bytes(data).pixels) - asked)
        errors["finer"].append(redness(finer(data)) - asked)
    rms = {name: float(np.sqrt(np.mean(np.square(found)))) for name, found in errors.items()}
    assert rms["finer"] < 0.6 * rms["codes"] or rms["finer"] < 0.1


@pytest.mark.parametrize("options", [{}, {"progressive": True}, {"quality": 30}, {"quality": 100}])
def test_finer_colours_are_those_of_the_decoder_but_for_its_rounding(options):
    data = jpeg(tinted(2.0), **options)
    assert np.abs(finer(data) - open_bytes(data).pixels.astype(float)).max() < 2.5


def test_the_luma_under_finer_colours_is_the_one_that_the_file_holds():
    rng = np.random.default_rng(1)
    luma, blue, red = rng.integers(60, 200, 9000), *rng.integers(-15, 16, (2, 9000))
    colours = [luma + 1.402 * red, luma - 0.344136 * blue - 0.714136 * red, luma + 1.772 * blue]
    codes = np.rint(np.stack(colours, axis=-1))[None].astype(np.uint8)
    neutral = np.full((*codes.shape[:2], 2), 128, np.uint8)
    assert np.array_equal(with_chroma(codes, neutral)[0] / 257, np.stack([luma] * 3, axis=-1))


def test_colours_too_strong_for_the_finer_scale_stay_as_they_are():
    pixels = np.full((*SIZE, 3), (200, 40, 60), np.uint8)
    data = jpeg(pixels)
    assert np.array_equal(finer(data), open_bytes(data).pixels)


@pytest.mark.parametrize("orientation", [3, 6, 8])
def test_finer_colours_are_turned_as_the_picture_is(orientation):
    exif = Image.Exif()
    exif[0x0112] = orientation
    data = jpeg(tinted(12.0), exif=exif)
    assert np.abs(finer(data) - open_bytes(data).pixels.astype(float)).max() < 3


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("tiles", [(1, 1), (8, 16)], ids=["small", "large"])
def test_a_part_shows_what_the_whole_shows_there(orientation, tiles):
    data = jpeg(np.tile(tinted(6.0), (*tiles, 1)), exif=files.exif(orientation))
    photo = open_bytes(data)
    assert photo.chroma is not None
    whole = photo.chroma((0, 0, photo.width, photo.height))
    assert whole is not None
    for left, top, right, bottom in ((0, 0, 17, 30), (41, 22, 90, 95), (60, 1, photo.width, photo.height)):
        part = photo.chroma((left, top, right, bottom))
        assert part is not None
        assert np.abs(part / 257 - whole[top:bottom, left:right] / 257).max() < 0.01


def test_large_pictures_are_looked_at_in_half_the_size():
    chroma = stretched_chroma(jpeg(np.tile(tinted(1.0), (8, 16, 1))))
    assert chroma is not None
    assert chroma.size == (8 * SIZE[1], 4 * SIZE[0])


def test_a_redder_picture_has_as_much_more_red():
    plain, red = (stretched_chroma(jpeg(tinted(0.0) + np.array([k, 0, 0], np.uint8), 100)) for k in (0, 4))
    assert plain is not None
    assert red is not None
    more = np.asarray(red)[..., 2].mean() - np.asarray(plain)[..., 2].mean()
    assert more / STRETCH == pytest.approx(4 * 0.5, abs=0.1)


@pytest.mark.parametrize("orientation", [1, 6])
def test_finer_colours_of_another_colour_space_are_converted_as_the_picture_is(orientation):
    data = jpeg(tinted(6.0), icc_profile=P3, exif=files.exif(orientation))
    converted = open_bytes(data).pixels.astype(float)
    assert np.abs(finer(data) - converted).max() < 3.5
    assert np.abs(finer(data).mean(axis=(0, 1)) - converted.mean(axis=(0, 1))).max() < 0.4


def test_a_profile_that_is_a_table_of_colours_leaves_nothing_finer():
    photo = open_bytes(jpeg(tinted(0.0), icc_profile=files.table_profile(files.DISPLAY_P3)))
    assert photo.chroma is None


def test_other_pictures_have_nothing_finer():
    grey = Image.fromarray(tinted(0.0)).convert("L")
    held = io.BytesIO()
    grey.save(held, "JPEG")
    assert open_bytes(held.getvalue()).chroma is None
    held = io.BytesIO()
    Image.fromarray(tinted(0.0)).save(held, "PNG")
    assert open_bytes(held.getvalue()).chroma is None


def test_a_jpeg_that_holds_red_green_and_blue_has_no_chroma():
    held = io.BytesIO()
    Image.fromarray(tinted(0.0)).save(held, "JPEG", keep_rgb=True)
    photo = open_bytes(held.getvalue())
    assert photo.chroma is not None
    assert photo.chroma((0, 0, photo.width, photo.height)) is None
