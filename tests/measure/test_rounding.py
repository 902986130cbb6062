"""What a JPEG's rounding leaves unknown of a line is in its error."""

import io
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from reader.interpret import load_assay
from reader.limits.pictures import take
from reader.limits.setting import Kit, Setting
from reader.measure.coding import Coding
from reader.measure.lines import Patch
from reader.measure.membrane import measure_lines, with_rounding
from reader.measure.rounding import Rounding
from reader.photo import open_bytes
from reader.strip.read import fine_patch
from reader.view import View

GOLD = (0.0, 1.0, 0.0)
COLOUR = (0.03, 1.0, 0.68)
KIT = Kit.of(load_assay("hcg"))
STILL = Setting(texture=0.0005, noise=0.002)  # a membrane that dithers nothing
REDNESS = (-0.6, 1.0, 0.0)  # free of grain, and the colour differences' own


def patch_of(setting: Setting, level: float, seed: int) -> Patch:
    photo, window = take(KIT, setting, level, np.random.default_rng(seed))
    return fine_patch(View(photo.pixels, photo.chroma, photo.steps), window)


def place(setting: Setting) -> tuple[float, float]:
    return KIT.places_mm[1] / KIT.size_mm[1], setting.sigma_mm / KIT.size_mm[1]


def errors(
    setting: Setting, level: float, count: int, mix: tuple[float, float, float] = GOLD
) -> tuple[float, float, float]:
    """Return the root mean square error of a line, what is claimed for it, and rounding's part in that."""
    found = []
    red, green, blue = (weight / float(np.dot(mix, COLOUR)) for weight in mix)
    for seed in range(count):
        patch = patch_of(setting, level, seed)
        fit = measure_lines(patch, [place(setting)], (red, green, blue), within=(2.2, 5.0))
        (line,) = with_rounding(patch, fit.lines, (red, green, blue), COLOUR)
        found.append((line.height - setting.peak * level, line.height_sigma, line.rounding))
    error, claimed, rounding = np.sqrt(np.mean(np.square(found), axis=0)).tolist()
    return error, claimed, rounding


@pytest.mark.parametrize(("quality", "level"), [(80, 0.01), (80, 0.05), (92, 0.005), (92, 0.02)])
def test_the_claimed_error_of_a_line_is_that_of_files(quality, level):
    error, claimed, rounding = errors(Setting(jpeg_quality=quality), level, 40, REDNESS)
    assert 0.75 < claimed / error < 1.35
    assert rounding > 0.5 * claimed


def test_fine_steps_leave_nothing_unknown():
    coarse, fine = (errors(replace(STILL, jpeg_quality=q), 0.01, 3)[2] for q in (85, 98))
    assert fine < 0.2 * coarse


def test_grain_that_spreads_over_several_steps_takes_rounding_out():
    plain, coarse = (
        errors(replace(STILL, noise=noise, jpeg_quality=92), 0.01, 3)[2] for noise in (0.002, 0.2)
    )
    assert coarse < 0.3 * plain


def test_a_picture_that_is_no_jpeg_keeps_its_errors():
    patch = replace(patch_of(STILL, 0.1, 0), coding=None)
    fit = measure_lines(patch, [place(STILL)], GOLD)
    assert with_rounding(patch, fit.lines, GOLD, COLOUR) == fit.lines
    assert fit.lines[0].blank_sigma == fit.lines[0].height_sigma


def test_a_line_that_is_known_to_be_none_has_no_rounding():
    patch = patch_of(STILL, 0.0, 0)
    assert patch.coding is not None
    x, sigma = (v * patch.rows for v in place(STILL))
    found = Rounding(patch, patch.coding).covariance((x, sigma), 0.0, 0.0, np.array(COLOUR))
    assert found == pytest.approx(np.zeros((3, 3)), abs=1e-12)


def test_the_error_hardly_depends_on_how_the_window_is_turned():
    patch = patch_of(STILL, 0.05, 0)
    assert patch.coding is not None
    x, sigma = (v * patch.rows for v in place(STILL))
    found = []
    for angle in (0.0, np.pi / 2, np.pi, -np.pi / 2):
        window = replace(patch.coding.window, angle=angle)
        rounding = Rounding(patch, Coding(patch.coding.steps, window))
        found.append(np.sqrt(rounding.covariance((x, sigma), 0.05, 0.002, np.array(COLOUR))[1, 1]))
    assert max(found) < 2.5 * min(found)


def test_a_window_that_shows_nothing_has_finite_errors():
    patch = patch_of(STILL, 0.05, 0)
    nothing = replace(patch, log_light=np.full_like(patch.log_light, np.nan))
    fit = measure_lines(nothing, [place(STILL)], GOLD)
    (line,) = with_rounding(nothing, fit.lines, GOLD, COLOUR)
    assert np.isfinite([line.height_sigma, line.area_sigma, line.rounding]).all()


@pytest.mark.parametrize(("subsampling", "px"), [("4:4:4", (1, 1)), ("4:2:2", (2, 1)), ("4:2:0", (2, 2))])
@pytest.mark.parametrize("orientation", [1, 6])
def test_the_steps_are_those_of_the_file(subsampling, px, orientation):
    held, exif = io.BytesIO(), Image.Exif()
    exif[0x0112] = orientation
    picture = np.random.default_rng(0).integers(0, 255, (64, 96, 3), np.uint8)
    Image.fromarray(picture).save(held, "JPEG", quality=60, subsampling=subsampling, exif=exif)
    steps = open_bytes(held.getvalue()).steps
    assert steps is not None
    asked = [np.reshape(table, (8, 8)) for table in Image.open(held).quantization.values()]
    turned = orientation == 6
    assert steps.chroma_px == (px[::-1] if turned else px)
    for found, table in zip((steps.luma, steps.chroma), asked, strict=True):
        assert np.array_equal(found, table.T if turned else table)


def test_a_grey_jpeg_and_a_png_have_no_steps():
    grey = Image.fromarray(np.arange(4096, dtype=np.uint8).reshape(64, 64))
    for kind in ("JPEG", "PNG"):
        held = io.BytesIO()
        grey.save(held, kind)
        assert open_bytes(held.getvalue()).steps is None
