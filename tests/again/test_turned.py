"""What a program has turned is turned back before it is read, and nothing else is."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest

import reader
from reader.again.place import Again
from reader.again.turned import turned_back
from reader.photo import open_array
from reader.simulate import cassette, render, scene
from reader.view import View
from tests.locate import scenes

DRAWN_OUT, ONE_COLOUR = cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT


def turned(pixels, degrees, border=DRAWN_OUT, colour=(0, 0, 0)):
    """Turn a picture as programs do, all of it in view; return the map of its places as well."""
    height, width = pixels.shape[:2]
    there = cv2.getRotationMatrix2D(((width - 1) / 2, (height - 1) / 2), degrees, 1.0)
    cos, sin = abs(there[0, 0]), abs(there[0, 1])
    size = (math.ceil(width * cos + height * sin), math.ceil(width * sin + height * cos))
    there[:, 2] += (size[0] - width) / 2, (size[1] - height) / 2
    look = cv2.warpAffine(pixels, there, size, flags=cv2.INTER_CUBIC, borderMode=border, borderValue=colour)
    return np.ascontiguousarray(look), there


def told(pixels) -> Again | None:
    photo = open_array(pixels)
    return turned_back(photo, View(photo.pixels))


@pytest.mark.parametrize(
    ("border", "colour"),
    [
        (DRAWN_OUT, (0, 0, 0)),
        (ONE_COLOUR, (0, 0, 0)),
        (ONE_COLOUR, (255, 255, 255)),
        (ONE_COLOUR, (90, 140, 60)),
    ],
)
@pytest.mark.parametrize("degrees", [-37.0, -8.0, 20.0, 37.0, 70.0])
def test_a_picture_is_turned_back_whatever_fills_its_corners(degrees, border, colour):
    pixels = scenes.cassette_picture().pixels
    found = told(turned(pixels, degrees, border, colour)[0])
    assert found is not None
    off = math.degrees(found.place.angle) + degrees
    assert abs(math.remainder(off, 90.0)) < 2.5
    assert sorted(found.photo.pixels.shape[:2]) == pytest.approx(sorted(pixels.shape[:2]), rel=0.06)
    assert found.photo.chroma is None


@pytest.mark.parametrize("quality", [88, 95])
@pytest.mark.parametrize("share", [0.25, 1.0])
def test_a_turned_picture_is_known_when_a_codec_has_touched_its_corners(quality, share):
    pixels = cv2.resize(scenes.crop_picture().pixels, None, fx=share, fy=share, interpolation=cv2.INTER_AREA)
    look, _ = turned(pixels, 37.0)
    _, data = cv2.imencode(".jpg", look, [cv2.IMWRITE_JPEG_QUALITY, quality])
    found = told(cv2.imdecode(data, cv2.IMREAD_COLOR_RGB))
    assert found is not None
    assert math.degrees(found.place.angle) == pytest.approx(53.0, abs=2.5)


def test_sixteen_bits_stay_sixteen():
    pixels = scenes.cassette_picture().pixels.astype(np.uint16) * 257
    found = told(turned(pixels, 30.0)[0])
    assert found is not None
    assert found.photo.pixels.dtype == np.uint16


@pytest.mark.parametrize(
    "picture",
    [
        scenes.cassette_picture(33.0),
        scenes.crop_picture(78.0),
        scenes.table_picture(),
        scenes.strip_picture(),
    ],
)
def test_what_a_camera_took_is_left_as_it_is(picture):
    assert told(picture.pixels) is None


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("fill", [0.5, 0.8])
def test_a_device_on_a_plain_ground_is_left_as_it_lies(fill, seed):
    device = cassette({"C": 0.6, "T": 0.0}, label="carbon")
    seen = scene([device], size_px=(900, 1200), fill=fill)
    assert told(render(seen, np.random.default_rng(seed)).pixels) is None


@pytest.mark.parametrize("colour", [0, 128, 255])
def test_an_even_picture_is_left_as_it_is(colour):
    assert told(np.full((120, 200, 3), colour, np.uint8)) is None


def test_a_turned_close_up_is_read_as_it_was_and_its_lines_lie_where_they_are_seen():
    pixels = scenes.crop_picture().pixels
    look, there = turned(pixels, 37.0)
    plain, again = reader.read_image(pixels), reader.read_image(look)
    assert again.outcome is plain.outcome is reader.Outcome.POSITIVE
    assert (again.image.height, again.image.width) == look.shape[:2]
    for line, same in zip(plain.strips[0].lines, again.strips[0].lines, strict=True):
        assert same.height == pytest.approx(line.height, rel=0.1)
        assert same.center == pytest.approx(tuple(there @ [*line.center, 1.0]), abs=0.04 * max(pixels.shape))


def test_a_picture_that_is_called_as_it_was_taken_is_not_turned(monkeypatch):
    monkeypatch.setattr("reader.pipeline.turned_back", lambda *_: pytest.fail("it was turned"))
    assert reader.read_image(scenes.crop_picture().pixels).outcome is reader.Outcome.POSITIVE
