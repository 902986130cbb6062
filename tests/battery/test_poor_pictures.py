"""A poor picture is not read and says why; a named kit gives its scale; a wrong kit is refused."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import cv2
import numpy as np
import pytest

import reader
from reader.colour import srgb_decode, srgb_encode
from reader.errors import AssayError, InputError
from reader.flags import rejects
from reader.reading import Outcome, Reading
from reader.simulate import Band, Picture, crop, for_assay, render, scene

ASSAY = "covid-19-ag"


@cache
def picture(od: float = 0.12) -> Picture:
    device = for_assay(ASSAY, {"C": 0.4, "T": od}, brand="COVID-19 Ag")
    return render(scene([device], size_px=(560, 700), fill=0.9), np.random.default_rng(31))


def lit(factor: float) -> np.ndarray:
    light = srgb_decode(picture().pixels / 255.0) * factor
    return np.rint(srgb_encode(light) * 255).astype(np.uint8)


def only(reading: Reading) -> reader.StripReading:
    (strip,) = reading.strips
    return strip


def test_a_good_picture_of_the_named_kit_is_read():
    reading = reader.read_image(picture().pixels, assay=ASSAY)
    assert reading.outcome is Outcome.POSITIVE
    assert only(reading).assay == ASSAY
    assert [line.name for line in only(reading).lines] == ["C", "T"]


@pytest.mark.parametrize("factor", [0.004, 0.012])
def test_a_picture_that_is_almost_black_is_not_called(factor):
    assert reader.read_image(lit(factor)).outcome not in {Outcome.POSITIVE, Outcome.NEGATIVE}


@pytest.mark.parametrize("sigma_px", [5.0, 12.0, 30.0, 60.0])
def test_a_positive_test_is_not_called_negative_because_of_blur(sigma_px):
    blurred = cv2.GaussianBlur(picture().pixels, (0, 0), sigma_px)
    assert reader.read_image(blurred).outcome is not Outcome.NEGATIVE


def blurred(sigma_px: float) -> np.ndarray:
    return cv2.GaussianBlur(picture().pixels, (0, 0), sigma_px)


@pytest.mark.parametrize(
    ("pixels", "fault"),
    [
        (lit(0.012), "too-dark"),
        (lit(40.0), "clipped"),
        (blurred(12.0), "blurred"),
        (cv2.resize(picture().pixels, (64, 80), interpolation=cv2.INTER_AREA), "too-small"),
    ],
    ids=["dark", "burnt out", "blurred", "tiny"],
)
def test_a_picture_in_which_no_test_can_be_found_names_what_to_change_first(pixels, fault):
    reading = reader.read_image(pixels)
    flags = reading.flags if not reading.strips else only(reading).flags
    assert reading.outcome is Outcome.NOT_READ
    assert flags[0] == fault


def test_a_burnt_out_picture_is_not_called():
    assert reader.read_image(lit(40.0)).outcome not in {Outcome.POSITIVE, Outcome.NEGATIVE}


@pytest.mark.parametrize("factor", [0.004, 0.012, 0.05, 0.3, 1.0, 1.6, 4.0])
def test_a_rejecting_flag_means_not_read_and_an_answer_means_none(factor):
    for strip in reader.read_image(lit(factor), assay=ASSAY).strips:
        assert rejects(strip.flags) == (strip.outcome is Outcome.NOT_READ)
        if rejects(strip.flags):
            assert {a.outcome for a in strip.analytes.values()} == {Outcome.NOT_READ}
            assert {a.confidence for a in strip.analytes.values()} == {None}


def test_the_outcome_of_a_picture_is_that_of_its_strip():
    for factor in (0.05, 1.0):
        reading = reader.read_image(lit(factor))
        if reading.strips:
            assert reading.outcome is only(reading).outcome


def test_a_kit_whose_window_is_known_gives_the_scale_and_areas_in_millimetres():
    (truth,) = picture().truth
    strip = only(reader.read_image(picture().pixels, assay=ASSAY))
    assert strip.px_per_mm == pytest.approx(truth.px_per_mm, rel=0.15)
    assert "scale-unknown" not in strip.flags
    for line, true in zip(strip.lines, truth.lines, strict=True):
        assert line.area == pytest.approx(true.area * line.height / true.od, rel=0.3)


def test_without_a_kit_areas_are_in_pixels_with_a_flag():
    known = only(reader.read_image(picture().pixels, assay=ASSAY))
    unknown = only(reader.read_image(picture().pixels))
    assert unknown.px_per_mm is None
    assert "scale-unknown" in unknown.flags
    widths = [strip.lines[0].area / strip.lines[0].height for strip in (unknown, known)]
    assert widths[0] / widths[1] == pytest.approx(known.px_per_mm, rel=0.15)


def test_an_absent_test_line_is_listed_with_its_height_and_error():
    strip = only(reader.read_image(picture(0.0).pixels, assay=ASSAY))
    test = strip.lines[1]
    assert strip.outcome is Outcome.NEGATIVE
    assert not test.detected
    assert abs(test.height) < 4 * test.height_sigma
    assert test.height_sigma < 0.02


def test_the_profile_shows_the_lines_where_they_are_reported():
    strip = only(reader.read_image(picture().pixels, assay=ASSAY))
    rise = strip.profile.absorbance - strip.profile.baseline
    for line in strip.lines:
        near = np.abs(strip.profile.position - line.position) < 0.02
        assert np.nanmax(rise[near]) == pytest.approx(line.height, rel=0.15)


def test_heights_rise_with_the_line():
    heights = []
    for od in (0.06, 0.12, 0.24, 0.48):
        bands = [Band("C", "control", 0.3, 0.4), Band("T", "test", 0.68, od)]
        device = replace(for_assay(ASSAY, {"C": 0.4}), lines=tuple(bands))
        seen = render(crop(device), np.random.default_rng(32))
        heights.append(max(x.height for x in only(reader.read_image(seen.pixels)).lines if x.position > 0.5))
    assert heights == sorted(heights)


@pytest.mark.parametrize("assay", ["no-such-kit", "no/such/file.toml"])
def test_an_unknown_kit_is_refused_before_the_picture_is_opened(assay):
    with pytest.raises(AssayError):
        reader.read_file("no/such/photo.jpg", assay=assay)


def test_auto_leaves_the_kit_open():
    assert only(reader.read_image(picture().pixels, assay="auto")).assay == "generic"


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(InputError):
        reader.read_file(tmp_path / "missing.jpg")
