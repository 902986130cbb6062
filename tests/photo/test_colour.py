"""Colours of every profile arrive in sRGB, and lines keep their height."""

from __future__ import annotations

import io
import struct

import numpy as np
import pillow_heif
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_np
from PIL import Image

from reader.colour import linear_light, srgb_decode, srgb_encode
from reader.errors import UnsupportedFormat
from reader.photo import open_bytes
from tests.photo import files

MEMBRANE = np.array([0.72, 0.70, 0.66])
TRANSMISSION = 10 ** -(0.05 * np.array([0.03, 0.88, 0.60]))
"""A faint line of gold: what it lets through in red, green and blue."""

TO_SRGB = np.linalg.inv(files.rgb_to_xyz(files.SRGB))


def encode(v: files.Array) -> files.Array:
    return np.where(v <= 0.0031308, 12.92 * v, 1.055 * np.maximum(v, 0) ** (1 / 2.4) - 0.055)


def decode(v: files.Array) -> files.Array:
    return np.where(v <= 0.04045, v / 12.92, ((v + 0.055) / 1.055) ** 2.4)


def tags_of(profile: bytes) -> dict[bytes, bytes]:
    count = int.from_bytes(profile[128:132], "big")
    tags = {}
    for i in range(count):
        name, start, size = (
            profile[132 + 12 * i :][:4],
            *np.frombuffer(profile, ">u4", 2, 136 + 12 * i).tolist(),
        )
        tags[name] = profile[start : start + size]
    return tags


def strip(primaries: files.Primaries, top: int, noise: float = 1.5) -> files.Array:
    """Return a membrane with a faint line, in a colour space, with noise in codes (even, if below 1)."""
    light = np.broadcast_to(MEMBRANE, (200, 300, 3)).copy()
    light[:, 140:160] *= TRANSMISSION
    inside = light @ (np.linalg.inv(files.rgb_to_xyz(primaries)) @ files.rgb_to_xyz(files.SRGB)).T
    rng = np.random.default_rng(3)
    grain = rng.uniform(-0.5, 0.5, light.shape) if noise < 1 else rng.normal(0, noise, light.shape)
    return np.rint(encode(inside) * top + grain).astype(np.uint8 if top == 255 else np.uint16)


def heights(pixels: files.Array) -> files.Array:
    """Return the line's absorbance in red, green and blue."""
    light = linear_light(pixels).astype(float)
    return -np.log10(light[:, 142:158].mean((0, 1)) / light[:, :100].mean((0, 1)))


P3 = files.matrix_profile(files.DISPLAY_P3, files.srgb_curve())
ADOBE = files.matrix_profile(files.ADOBE_RGB, files.gamma_curve(563 / 256))


@pytest.mark.parametrize(("top", "noise"), [(255, 1.5), (255, 0.5), (65535, 1.5)])
def test_a_display_p3_photo_keeps_the_height_of_a_faint_line(top: int, noise: float) -> None:
    stored = strip(files.DISPLAY_P3, top, noise)
    data = files.png(stored, 2, 8 if top == 255 else 16, before=files.icc_chunk(P3))
    assert heights(open_bytes(data).pixels) == pytest.approx(-np.log10(TRANSMISSION), rel=0.01, abs=5e-4)


def test_without_its_profile_the_same_photo_would_lose_its_height() -> None:
    data = files.png(strip(files.DISPLAY_P3, 65535), 2, 16)
    lost = 1 - heights(open_bytes(data).pixels)[1] / -np.log10(TRANSMISSION[1])
    assert 0.02 < lost < 0.08


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "TIFF", "PNG"])
def test_the_profile_is_found_in_every_format(kind: str) -> None:
    p3 = strip(files.DISPLAY_P3, 255)
    options = (
        {"lossless": True} if kind == "WEBP" else {"quality": 100, "subsampling": 0} if kind == "JPEG" else {}
    )
    pixels = open_bytes(files.saved(p3, kind, icc_profile=P3, **options)).pixels
    assert heights(pixels) == pytest.approx(-np.log10(TRANSMISSION), rel=0.02, abs=5e-4)


def test_the_profile_of_a_jpeg_may_come_in_pieces() -> None:
    long = files.profile(b"RGB ", {b"desc": bytes(70_000), **tags_of(P3)})
    pixels = open_bytes(
        files.saved(strip(files.DISPLAY_P3, 255), "JPEG", icc_profile=long, quality=100)
    ).pixels
    assert heights(pixels)[1] == pytest.approx(-np.log10(TRANSMISSION[1]), rel=0.05)


def test_a_heic_that_names_display_p3_by_code_is_converted() -> None:
    p3 = strip(files.DISPLAY_P3, 255)
    data = files.heic(p3, "RGB", quality=100, chroma=444)
    coded = data.replace(b"colrnclx\0\x01", b"colrnclx\0\x0c")
    assert coded != data
    assert heights(open_bytes(coded).pixels) == pytest.approx(-np.log10(TRANSMISSION), rel=0.03, abs=1e-3)


def test_the_profile_of_a_heic_is_found() -> None:
    out = io.BytesIO()
    picture = pillow_heif.from_pillow(Image.fromarray(strip(files.DISPLAY_P3, 255)))
    picture.save(out, quality=100, chroma=444, icc_profile=P3)
    assert heights(open_bytes(out.getvalue()).pixels) == pytest.approx(
        -np.log10(TRANSMISSION), rel=0.03, abs=1e-3
    )


def test_a_png_that_names_display_p3_by_code_is_converted() -> None:
    data = files.png(
        strip(files.DISPLAY_P3, 65535), 2, 16, before=files.chunk(b"cICP", bytes((12, 13, 0, 1)))
    )
    assert heights(open_bytes(data).pixels) == pytest.approx(-np.log10(TRANSMISSION), rel=0.002, abs=1e-4)


@pytest.mark.parametrize("transfer", [16, 18])
def test_hdr_pictures_are_refused(transfer: int) -> None:
    data = files.png(strip(files.SRGB, 65535), 2, 16, before=files.chunk(b"cICP", bytes((9, transfer, 0, 1))))
    with pytest.raises(UnsupportedFormat, match="HDR"):
        open_bytes(data)


@pytest.mark.parametrize("curve", [files.srgb_curve(), files.srgb_table()], ids=["parametric", "table"])
def test_a_photo_tagged_srgb_is_not_touched(curve: bytes) -> None:
    tagged = files.saved(files.scene(), "PNG", icc_profile=files.matrix_profile(files.SRGB, curve))
    assert np.array_equal(open_bytes(tagged).pixels, files.scene())


@pytest.mark.parametrize("top", [255, 65535])
def test_an_adobe_rgb_photo_gives_the_colours_it_means(top: int) -> None:
    stored = files.scene(top=top)[..., [0, 1, 1]]
    tag = files.icc_chunk(ADOBE)
    pixels = open_bytes(files.png(stored, 2, 8 if top == 255 else 16, before=tag)).pixels
    linear = (stored / top) ** (563 / 256) @ (TO_SRGB @ files.rgb_to_xyz(files.ADOBE_RGB)).T
    error = pixels / top - encode(np.clip(linear, 0, 1))
    assert np.max(np.abs(error)) < (2 / 255 if top == 255 else 0.003)
    assert np.max(np.abs(error.mean((0, 1)))) < 0.001


def parametric(kind: int, *numbers: float) -> bytes:
    packed = struct.pack(f">{len(numbers)}i", *(round(n * 65536) for n in numbers))
    return b"para\0\0\0\0" + struct.pack(">HH", kind, 0) + packed


# Y = (a X + b)^g + e from X = d on, below it c X + f, by ICC.1:2022 table 68.
CURVES = {
    "none": (b"curv" + bytes(8), lambda v: v),
    "power": (parametric(0, 1.5), lambda v: v**1.5),
    "offset": (parametric(1, 2.0, 1.25, -0.25), lambda v: np.where(v >= 0.2, (1.25 * v - 0.25) ** 2, 0)),
    "raised": (
        parametric(2, 2.0, 1.0, -0.25, 0.4),
        lambda v: np.where(v >= 0.25, (v - 0.25) ** 2 + 0.4, 0.4),
    ),
    "linear-start": (parametric(3, 2.0, 1.0, 0.0, 0.5, 0.5), lambda v: np.where(v >= 0.5, v**2, 0.5 * v)),
    "all": (
        parametric(4, 2.0, 0.75, 0.0, 0.25, 0.5, 0.125, 0.0625),
        lambda v: np.where(v >= 0.5, (0.75 * v) ** 2 + 0.125, 0.25 * v + 0.0625),
    ),
}


@pytest.mark.parametrize("name", CURVES)
def test_every_kind_of_tone_curve_is_followed(name: str) -> None:
    curve, truth = CURVES[name]
    samples = files.scene(top=65535)[..., 0]
    pixels = open_bytes(files.png(samples, 0, 16, before=files.icc_chunk(files.grey_profile(curve)))).pixels
    assert decode(pixels[..., 0] / 65535) == pytest.approx(truth(samples / 65535), abs=5e-5)


def test_channels_may_have_curves_of_their_own() -> None:
    tags = tags_of(files.matrix_profile(files.SRGB, files.srgb_curve())) | {b"bTRC": files.gamma_curve(1.0)}
    stored = files.scene()
    pixels = open_bytes(files.png(stored, 2, 8, before=files.icc_chunk(files.profile(b"RGB ", tags)))).pixels
    truth = np.dstack([stored[..., 0], stored[..., 1], encode(stored[..., 2] / 255) * 255])
    assert np.max(np.abs(pixels - truth)) < 1.5


@pytest.mark.parametrize("icc", [P3, files.table_profile(files.DISPLAY_P3)], ids=["matrix", "tables"])
def test_a_colour_profile_says_nothing_of_a_grey_picture(icc: bytes) -> None:
    grey = files.scene()[..., 0]
    assert np.array_equal(open_bytes(files.saved(grey, "TIFF", icc_profile=icc)).pixels[..., 0], grey)


@pytest.mark.parametrize("top", [255, 65535])
def test_white_stays_white_and_grey_stays_grey(top: int) -> None:
    levels = np.linspace(0, top, 64).astype(np.uint8 if top == 255 else np.uint16)
    grey = np.broadcast_to(levels[:, None], (64, 64, 3))
    tag = files.icc_chunk(P3)
    photo = open_bytes(files.png(grey, 2, 8 if top == 255 else 16, before=tag))
    assert photo.grey
    assert np.max(np.abs(photo.pixels - grey.astype(int))) <= 1


@pytest.mark.parametrize("samples", [files.scene()[..., 0], files.scene(top=65535)[..., 0]], ids=["8", "16"])
def test_a_grey_profile_changes_the_curve(samples: files.Array) -> None:
    top = np.iinfo(samples.dtype).max
    tag = files.icc_chunk(files.grey_profile(files.gamma_curve(1.75)))
    pixels = open_bytes(files.png(samples, 0, 8 if top == 255 else 16, before=tag)).pixels
    assert np.max(np.abs(pixels[..., 0] - encode((samples / top) ** 1.75) * top)) <= 0.51


def test_a_png_in_linear_light_is_encoded() -> None:
    samples = files.scene(top=65535)
    data = files.png(samples, 2, 16, before=files.chunk(b"gAMA", (100_000).to_bytes(4, "big")))
    assert np.max(np.abs(open_bytes(data).pixels - encode(samples / 65535) * 65535)) <= 0.51


@pytest.mark.parametrize(
    "before", [files.chunk(b"gAMA", (45455).to_bytes(4, "big")), files.chunk(b"sRGB", b"\0")]
)
def test_a_png_of_the_usual_gamma_is_not_touched(before: bytes) -> None:
    assert np.array_equal(open_bytes(files.png(files.scene(), 2, 8, before=before)).pixels, files.scene())


@pytest.mark.parametrize("top", [255, 65535])
def test_a_profile_of_tables_gives_the_colours_it_means(top: int) -> None:
    stored = files.scene(top=top)
    tag = files.icc_chunk(files.table_profile(files.SRGB))
    pixels = open_bytes(files.png(stored, 2, 8 if top == 255 else 16, before=tag)).pixels
    assert np.max(np.abs(pixels - encode(stored / top) * 255)) < 3.0


def test_a_cmyk_picture_without_a_usable_profile_is_converted_plainly() -> None:
    inks = Image.new("CMYK", (32, 32), (0, 128, 0, 0))
    broken = files.profile(b"CMYK", {})
    pixels = open_bytes(files.saved(inks, "TIFF", icc_profile=broken)).pixels
    assert pixels[5, 5].tolist() == [255, 127, 255]


@pytest.mark.parametrize(
    "icc",
    [
        b"x" * 500,
        P3[:200],
        P3[:131] + b"\xff" + P3[132:],
        P3.replace(b"para", b"none"),
        P3.replace(b"para\0\0\0\0\0\3", b"para\0\0\0\0\0\7"),
        files.profile(b"RGB ", {}),
        files.profile(b"GRAY", {}),
        files.profile(b"CMYK", {}),
        files.profile(b"RGB ", tags_of(P3) | dict.fromkeys((b"rXYZ", b"gXYZ"), b"XYZ \0\0\0\0" + bytes(12))),
        files.grey_profile(files.gamma_curve(1.8)),
    ],
    ids=[
        "noise",
        "cut",
        "count",
        "no-curve",
        "odd-curve",
        "no-tags",
        "grey-empty",
        "cmyk",
        "singular",
        "grey",
    ],
)
def test_a_profile_that_does_not_fit_counts_as_none(icc: bytes) -> None:
    tag = files.icc_chunk(icc)
    assert np.array_equal(open_bytes(files.png(files.scene(), 2, 8, before=tag)).pixels, files.scene())


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_linear_light_follows_the_standard(dtype: type[np.uint8 | np.uint16]) -> None:
    top = np.iinfo(dtype).max
    codes = np.arange(top + 1, dtype=dtype)
    for shape in ((-1,), (16, -1), (16, -1, 1)):
        light = linear_light(codes.reshape(shape))
        assert light.dtype == np.float32
        assert light.ravel() == pytest.approx(decode(codes / top), abs=1e-7)
        assert light.shape == codes.reshape(shape).shape


def test_linear_light_takes_colour_and_views() -> None:
    scene = files.scene()
    assert np.array_equal(linear_light(scene[::2, ::-1]), linear_light(scene)[::2, ::-1])


def test_linear_light_refuses_other_types() -> None:
    with pytest.raises(TypeError, match="float64"):
        linear_light(np.zeros((4, 4)))


@given(st_np.arrays(np.float64, 5, elements=st.floats(-0.5, 1.5)))
def test_the_curve_and_its_inverse_undo_each_other(v: files.Array) -> None:
    assert srgb_encode(srgb_decode(v)) == pytest.approx(np.clip(v, 0, 1), abs=1e-6)
