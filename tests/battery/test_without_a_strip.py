"""Where there is nothing to read, nothing is called positive or negative."""

from __future__ import annotations

import numpy as np
import pytest

import reader
from reader.reading import Outcome, Reading
from reader.simulate import Picture, Scene, cassette, crop, render, scene, strip
from tests.battery import drawn

UNUSED = {"C": 0.0, "T": 0.0}


def called(reading: Reading) -> list[str]:
    """Outcomes of the picture and its strips that a user would take for a result."""
    outcomes = [reading.outcome, *(one.outcome for one in reading.strips)]
    return [o.value for o in outcomes if o in {Outcome.POSITIVE, Outcome.NEGATIVE}]


def rendered(seen: Scene, seed: int = 3) -> Picture:
    return render(seen, np.random.default_rng(seed))


@pytest.mark.parametrize("name", list(drawn.MAKERS))
def test_a_picture_without_a_strip_is_not_called(name):
    assert called(reader.read_image(drawn.picture(name))) == []


@pytest.mark.parametrize("name", ["flat_grey", "noise", "checkerboard", "text_page", "gradient", "table"])
def test_where_nothing_looks_like_a_strip_the_picture_is_not_read_and_says_so(name):
    reading = reader.read_image(drawn.picture(name))
    assert reading.outcome is Outcome.NOT_READ
    assert reading.flags == ("no-strip-found",)
    assert reading.strips == ()


@pytest.mark.parametrize("style", ["stadium", "bevel", "wide", "plain"])
@pytest.mark.parametrize(("brand", "angle"), [("COVID-19 Ag", 0.0), ("", 90.0), ("hCG", 20.0)])
def test_an_unused_cassette_is_not_called(style, brand, angle):
    device = cassette(UNUSED, style=style, brand=brand, wells=1 + (brand == ""))
    picture = rendered(scene([device], size_px=(560, 700), fill=0.9, angle_deg=angle))
    assert called(reader.read_image(picture.pixels)) == []


def test_the_cut_window_of_an_unused_cassette_is_not_called():
    pictures = [rendered(crop(cassette(UNUSED), angle_deg=90.0 * (k % 2)), k) for k in range(6)]
    assert [called(reader.read_image(picture.pixels)) for picture in pictures] == [[]] * 6


def test_an_unused_dipstick_is_not_called():
    angles = (0.0, 90.0, 10.0)
    pictures = [
        rendered(scene([strip(UNUSED)], size_px=(400, 800), fill=0.9, angle_deg=a), 1) for a in angles
    ]
    assert [called(reader.read_image(picture.pixels)) for picture in pictures] == [[]] * 3


def test_two_unused_cassettes_side_by_side_are_not_called():
    devices = [cassette(UNUSED, brand="A 1"), cassette(UNUSED, brand="B 2")]
    picture = rendered(scene(devices, size_px=(700, 700), fill=0.9))
    assert called(reader.read_image(picture.pixels)) == []


@pytest.mark.parametrize("assay", ["covid-19-ag", "malaria-pf-pan", "doa-thc"])
def test_an_unused_cassette_is_not_called_whatever_kit_is_named(assay):
    picture = rendered(scene([cassette(UNUSED, brand="COVID-19 Ag")], size_px=(560, 700), fill=0.9))
    assert called(reader.read_image(picture.pixels, assay=assay)) == []
