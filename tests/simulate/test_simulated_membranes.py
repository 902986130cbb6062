"""The rectified membranes: exact absorbance, honest noise, the same dice for the same seed."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.errors import OptionError
from reader.simulate import LABELS, Band, Membrane, bands, membrane


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _absorbance(pixels: np.ndarray, blank: np.ndarray) -> np.ndarray:
    return -np.log10(pixels.astype(np.float64) / blank.astype(np.float64))


@pytest.mark.parametrize("od", [0.003, 0.01, 0.05, 0.4, 1.2])
def test_the_peak_absorbance_in_green_is_the_truth_to_a_thousandth(od):
    # Position 0.50125 of 16 mm at 25 px/mm is exactly the centre of column 200.
    patch = membrane([Band("T", "test", 0.50125, od)], rng=_rng())
    blank = membrane([], rng=_rng())
    found = _absorbance(patch.pixels, blank.pixels)[:, 200, 1]
    assert patch.lines[0].center == pytest.approx((200.0, 37.0))
    np.testing.assert_allclose(found, od, rtol=1e-3, atol=2e-6)


@given(
    od=st.floats(0.02, 1.0),
    fwhm=st.floats(0.5, 1.6),
    sharpness=st.floats(1.8, 5),
    skew=st.floats(-0.4, 0.4),
)
def test_the_integral_along_the_flow_is_the_area_of_the_truth(od, fwhm, sharpness, skew):
    band = Band("T", "test", 0.5, od, fwhm, sharpness=sharpness, skew=skew)
    patch = membrane([band], rng=_rng(), px_per_mm=60, size_mm=(12, 0.1))
    area = _absorbance(patch.pixels, np.float32(0.8))[0, :, 1].sum() / 60
    assert area == pytest.approx(patch.lines[0].area, rel=2e-3)


@given(fwhm=st.floats(0.5, 1.6), sharpness=st.floats(1.8, 5), skew=st.floats(-0.4, 0.4))
def test_the_width_at_half_height_is_the_one_of_the_truth(fwhm, sharpness, skew):
    band = Band("T", "test", 0.5, 0.4, fwhm, sharpness=sharpness, skew=skew)
    patch = membrane([band], rng=_rng(), px_per_mm=400, size_mm=(6, 0.01))
    above = (_absorbance(patch.pixels, np.float32(0.8))[0, :, 1] >= 0.2).sum() / 400
    assert above == pytest.approx(fwhm, abs=2.5 / 400)


@pytest.mark.parametrize("label", LABELS)
def test_each_label_absorbs_in_the_ratios_of_its_table(label):
    patch = membrane([Band("T", "test", 0.50125, 0.3, label=label)], rng=_rng())
    found = _absorbance(patch.pixels[37, 200], np.full(3, 0.8))
    np.testing.assert_allclose(found, 0.3 * np.asarray(LABELS[label]), rtol=1e-3)
    assert LABELS[label][1] == 1.0


def test_gold_has_the_colour_of_gold_nanoparticles():
    red, green, blue = LABELS["gold"]
    assert (red / green, blue / green) == pytest.approx((0.03 / 0.88, 0.60 / 0.88))


def test_an_unknown_label_is_refused_and_the_known_ones_are_named():
    with pytest.raises(OptionError, match=r"europium.*gold.*carbon"):
        bands({"C": 0.3}, label="europium")


def test_a_line_of_no_absorbance_is_absent_and_leaves_no_trace():
    patch = membrane({"C": 0.4, "T": 0.0}, rng=_rng())
    control, test = patch.lines
    assert (control.present, test.present, test.area) == (True, False, 0.0)
    around = patch.pixels[:, round(test.center[0]) - 20 : round(test.center[0]) + 20]
    np.testing.assert_allclose(around, 0.8, rtol=1e-4)


def test_a_tilted_line_lies_where_its_tilt_says():
    patch = membrane([Band("T", "test", 0.5, 0.4, tilt=0.2)], rng=_rng(), size_mm=(10, 4))
    darkest = patch.pixels[..., 1].argmin(axis=1)
    assert darkest[-1] - darkest[0] == pytest.approx(0.2 * 4 * 25, abs=1.5)
    assert darkest[50] == pytest.approx(patch.lines[0].center[0], abs=1)


def test_blur_acts_on_light_so_that_absorptance_is_kept_and_height_falls():
    band = [Band("T", "test", 0.5, 0.6)]
    sharp = membrane(band, rng=_rng()).pixels[0, :, 1].astype(np.float64) / 0.8
    soft = membrane(band, rng=_rng(), blur_px=9.55).pixels[0, :, 1].astype(np.float64) / 0.8
    assert (1 - soft).sum() == pytest.approx((1 - sharp).sum(), rel=1e-3)
    faint = [Band("T", "test", 0.50125, 0.01)]
    s = 0.9 * 25 / 2.3548
    height = -np.log10(membrane(faint, rng=_rng(), blur_px=s).pixels[0, 200, 1] / 0.8)
    assert height == pytest.approx(0.01 / math.sqrt(2), rel=0.01)


def test_noise_has_the_stated_size_and_follows_the_light():
    patch = membrane([Band("T", "test", 0.5, 1.0, 6.0, sharpness=8)], rng=_rng(5), noise=0.016)
    bright = patch.pixels[:, :40, 1]
    dark = patch.pixels[:, 180:220, 1]
    assert bright.std() / 0.8 == pytest.approx(0.016, rel=0.05)
    assert dark.std() / 0.8 == pytest.approx(0.016 * math.sqrt(0.1), rel=0.06)
    assert bright.mean() == pytest.approx(0.8, abs=4 * 0.8 * 0.016 / math.sqrt(bright.size))


def test_noise_of_different_pixels_and_channels_is_independent():
    field = membrane([], rng=_rng(6), noise=0.02).pixels - 0.8
    red, green = field[..., 0].ravel(), field[..., 1].ravel()
    assert abs(np.corrcoef(red, green)[0, 1]) < 0.03
    assert abs(np.corrcoef(green[:-1], green[1:])[0, 1]) < 0.03


def test_texture_has_the_stated_size():
    look = Membrane(texture=0.01, streaks=0.0, edge_darkening=0.0)
    pixels = membrane([], rng=_rng(7), look=look).pixels / np.asarray(look.tone, np.float32)
    assert pixels.std() == pytest.approx(0.01, rel=0.15)
    np.testing.assert_allclose(pixels[..., 0], pixels[..., 2], rtol=1e-5)


def test_the_even_path_and_the_general_path_agree():
    look = Membrane(texture=0, streaks=0, haze=0.02)
    even = [Band("C", "control", 0.3, 0.4), Band("T", "test", 0.7, 0.1)]
    barely_tilted = [Band("C", "control", 0.3, 0.4, tilt=1e-9), Band("T", "test", 0.7, 0.1)]
    np.testing.assert_allclose(
        membrane(even, rng=_rng(), look=look).pixels,
        membrane(barely_tilted, rng=_rng(), look=look).pixels,
        rtol=2e-6,
    )


def test_haze_is_strongest_at_the_sample_end_and_has_the_colour_of_gold():
    look = Membrane((0.8, 0.8, 0.8), texture=0, streaks=0, edge_darkening=0, haze=0.05, haze_mm=4)
    found = _absorbance(membrane([], rng=_rng(), look=look).pixels[0], np.float32(0.8))
    assert np.all(np.diff(found[:, 1]) > 0)
    assert found[-1, 1] == pytest.approx(0.05, rel=0.01)
    assert found[-101, 1] / found[-1, 1] == pytest.approx(math.exp(-1), rel=0.01)


def test_blood_absorbs_more_blue_than_green_and_hardly_red():
    look = Membrane((0.8, 0.8, 0.8), texture=0, streaks=0, edge_darkening=0, stain=0.1, front=0.4)
    red, green, blue = _absorbance(membrane([], rng=_rng(), look=look).pixels[37, -1], np.float32(0.8))
    assert blue > green > red
    assert blue == pytest.approx(0.1, rel=0.01)


def test_a_gradient_changes_the_light_by_its_share_over_the_patch():
    pixels = membrane([], rng=_rng(), gradient=(0.2, -0.1)).pixels
    assert pixels[37, -1, 1] - pixels[37, 0, 1] == pytest.approx(0.8 * 0.2, rel=0.01)
    assert pixels[-1, 200, 1] - pixels[0, 200, 1] == pytest.approx(-0.8 * 0.1, rel=0.03)


def test_the_same_seed_gives_the_same_membrane_and_another_seed_another():
    first, again, other = (
        membrane({"C": 0.4}, rng=_rng(seed), look=Membrane(), noise=0.01).pixels for seed in (1, 1, 2)
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@given(st.dictionaries(st.sampled_from(["C", "T", "T2", "Pf", "Pan"]), st.floats(0, 1), min_size=1))
def test_lines_stay_in_their_order_and_inside_the_window(lines):
    laid = bands(lines)
    places = [band.position for band in laid]
    assert places == sorted(places)
    assert all(0.15 < place < 0.85 for place in places)
    assert [band.role == "control" for band in laid] == [band.name == "C" for band in laid]
