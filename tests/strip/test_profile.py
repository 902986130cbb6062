"""The profile of a strip that was read before is the one that it had then."""

from __future__ import annotations

from dataclasses import replace
from io import BytesIO

import numpy as np
import pytest
from PIL import Image

import reader
from reader.reading import Reading
from reader.simulate import cassette, render, scene
from reader.strip import profile_again
from reader.view import View

KIT = reader.load_assay("covid-19-ag")


@pytest.fixture(scope="module", params=[0, 1, 2, 3], ids="{} quarter turns".format)
def taken(request):
    """A simulated photo of a cassette, and what was read in it."""
    made = scene([cassette({"C": 0.5, "T": 0.2}, brand="COVID-19 Ag", code="test")], size_px=(600, 800))
    picture = Image.open(BytesIO(render(made, np.random.default_rng(3)).encode("PNG")))
    stream = BytesIO()
    picture.rotate(90 * request.param, expand=True).save(stream, "JPEG", quality=95)
    photo = reader.open_bytes(stream.getvalue())
    return photo, reader.read_photo(photo, assay=KIT)


def view_of(photo):
    return View(photo.pixels, photo.chroma, photo.steps)


def test_a_document_gives_the_profile_that_was_measured(taken):
    photo, reading = taken
    strip = Reading.from_dict(reading.to_dict()).strips[0]
    again, before = profile_again(view_of(photo), strip, KIT), reading.strips[0].profile
    assert len(again.position) == len(before.position)
    assert np.nanmax(np.abs(again.absorbance - before.absorbance)) < 0.006
    assert np.nanmax(np.abs(again.baseline - before.baseline)) < 0.006


def test_where_lines_are_of_another_height_now_there_is_none(taken):
    photo, reading = taken
    strip = reading.strips[0]
    control, *others = strip.lines
    other = replace(strip, lines=(replace(control, height=0.1), *others))
    assert profile_again(view_of(photo), other, KIT) is None


def test_where_no_line_was_measured_there_is_none(taken):
    photo, reading = taken
    strip = reading.strips[0]
    lines = tuple(replace(line, position=None, height=None) for line in strip.lines)
    assert profile_again(view_of(photo), replace(strip, lines=lines), KIT) is None


def test_a_strip_without_lines_has_a_profile_too(taken):
    photo, reading = taken
    assert profile_again(view_of(photo), replace(reading.strips[0], lines=()), KIT) is not None
