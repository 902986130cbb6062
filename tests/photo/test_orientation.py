"""A picture is turned upright as its EXIF block says, once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.photo import open_bytes
from reader.photo.exif import exif_orientation, stored_box, upright
from tests.photo import files

SCENE = files.scene()

# Where the picture's first row and first column lie, by the EXIF standard, as indices into the stored one.
TRUTH = {
    1: lambda a: a,
    2: lambda a: a[:, ::-1],
    3: lambda a: a[::-1, ::-1],
    4: lambda a: a[::-1],
    5: lambda a: a.swapaxes(0, 1),
    6: lambda a: a[::-1].swapaxes(0, 1),
    7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
    8: lambda a: a[:, ::-1].swapaxes(0, 1),
}


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("order", ["<", ">"])
def test_a_png_is_turned(orientation: int, order: str) -> None:
    photo = open_bytes(files.saved(SCENE, "PNG", exif=files.exif(orientation, order)))
    assert np.array_equal(photo.pixels, TRUTH[orientation](SCENE))
    assert photo.pixels.flags.c_contiguous


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "WEBP"])
def test_a_photo_of_a_phone_is_turned(orientation: int, kind: str) -> None:
    photo = open_bytes(files.saved(SCENE, kind, quality=95, exif=files.exif(orientation)))
    assert np.mean(np.abs(photo.pixels - TRUTH[orientation](SCENE).astype(float))) < 4.0


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("top", [255, 65535])
def test_a_tiff_is_turned_once(orientation: int, top: int) -> None:
    scene = files.scene(top=top)
    photo = open_bytes(files.tiff(scene, {274: [orientation]}))
    assert np.array_equal(photo.pixels, TRUTH[orientation](scene))


def test_a_grey_picture_is_turned() -> None:
    photo = open_bytes(files.saved(SCENE[..., 0], "PNG", exif=files.exif(6)))
    assert np.array_equal(photo.pixels[..., 0], TRUTH[6](SCENE[..., 0]))


def test_a_heic_is_turned_by_its_own_property() -> None:
    turned = open_bytes(files.heic(SCENE, "RGB", quality=95, exif=files.exif(6)))
    assert np.mean(np.abs(turned.pixels - TRUTH[6](SCENE).astype(float))) < 4.0


def test_the_exif_block_of_a_heic_does_not_turn_it() -> None:
    data = files.heic(SCENE, "RGB", quality=95, exif=files.exif(6))
    at = data.index(b"irot") + 4
    photo = open_bytes(data[:at] + b"\0" + data[at + 1 :])
    assert np.mean(np.abs(photo.pixels - SCENE.astype(float))) < 4.0


@pytest.mark.parametrize("damage", [b"", b"Exif\0\0", b"Exif\0\0II*\0\xff\xff\xff\xff", b"nonsense" * 20])
def test_a_damaged_exif_block_is_no_reason_to_refuse_a_picture(damage: bytes) -> None:
    segment = b"\xff\xe1" + (len(damage) + 2).to_bytes(2, "big") + damage
    data = files.saved(SCENE, "JPEG")
    assert open_bytes(data[:2] + segment + data[2:]).pixels.shape == SCENE.shape


@pytest.mark.parametrize("orientation", [0, 9, 65535])
def test_an_orientation_that_does_not_exist_means_upright(orientation: int) -> None:
    assert exif_orientation(files.exif(orientation)) == 1
    assert open_bytes(files.tiff(SCENE, {274: [orientation]})).pixels.shape == SCENE.shape


@given(st.binary(max_size=60).map(lambda tail: b"II*\0" + tail) | st.binary(max_size=60))
def test_any_bytes_give_an_orientation(block: bytes) -> None:
    assert exif_orientation(block) in range(1, 9)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_turning_leaves_the_stored_picture_as_it_was(orientation: int) -> None:
    before = SCENE.copy()
    upright(SCENE, orientation)
    assert np.array_equal(SCENE, before)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_part_of_the_upright_picture_is_found_in_the_stored_one(orientation: int) -> None:
    left, top, right, bottom = 5, 11, 29, 17
    whole = upright(SCENE, orientation)
    size = SCENE.shape[1], SCENE.shape[0]
    x0, y0, x1, y1 = stored_box((left, top, right, bottom), size, orientation)
    assert np.array_equal(upright(SCENE[y0:y1, x0:x1], orientation), whole[top:bottom, left:right])
