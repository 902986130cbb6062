"""Kits and cameras: what is simulated has the noise that the bounds are told, and is read at its places."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from reader.errors import OptionError
from reader.interpret import load_assay
from reader.limits.pictures import measured, take
from reader.limits.setting import CONTROL_OD, Kit, Setting, least_height_errors
from reader.limits.study import run_case, settings_of
from reader.view import View

HCG = Kit.of(load_assay("hcg"))
PLAIN = Setting(texture=0.0, noise=0.004, jpeg_quality=100)


def drawn(sd: float, gain: float = 1.0):
    """A measurement of known error in place of the reader."""

    def measure(kit: Kit, _: Setting, level: float, seed: int):
        return gain * level + sd * np.random.default_rng(seed).standard_normal(len(kit.tests))

    return measure


# --- kits ---------------------------------------------------------------------------------------


def test_a_kit_has_the_places_of_its_profile():
    kit = Kit.of(load_assay("malaria-pf-pan"))
    assert kit.size_mm == (16.0, 3.5)
    assert kit.tests == (1, 2)
    assert kit.places_mm == pytest.approx([line.position * 16.0 for line in kit.assay.lines])


@pytest.mark.parametrize("assay", ["generic", "hcg", "influenza-a-b", "doa-thc"])
def test_a_level_is_what_is_measured_in_the_mix_of_colours_of_the_label(assay):
    kit = Kit.of(load_assay(assay))
    lines = measured(kit, replace(PLAIN, noise=0.001), 0.1, 1)
    control = next(k for k, line in enumerate(kit.assay.lines) if line.role == "control")
    assert [lines[k].height for k in kit.tests] == pytest.approx([0.1] * len(kit.tests), abs=0.006)
    assert lines[control].height == pytest.approx(CONTROL_OD, rel=0.04)


def test_labels_that_give_light_are_refused():
    assay = replace(load_assay("hcg"), label="europium")
    with pytest.raises(OptionError, match="give light"):
        Kit.of(assay)


# --- pictures -----------------------------------------------------------------------------------


def test_the_membrane_lies_in_its_window():
    photo, window = take(HCG, PLAIN, 0.0, np.random.default_rng(1))
    light = View(photo.pixels).linear(window, 320, 60)
    assert window.length == pytest.approx(16.0 * PLAIN.px_per_mm)
    assert light[30, 20:60].mean() < 0.8 * photo.pixels[2, :, 1].max() / 255
    wide = View(photo.pixels).linear(replace(window, width=window.width + 8), 320, 68)
    assert wide[0].mean() > 1.2 * light[10].mean()


def test_the_window_lies_anywhere_on_the_grid_of_the_blocks():
    corners = {
        tuple(np.ceil(take(HCG, PLAIN, 0.0, np.random.default_rng(k))[1].quad()[0]) % 16) for k in range(40)
    }
    assert len(corners) > 30


def test_pictures_of_one_seed_differ_by_the_line_only():
    blank, lined = (take(HCG, PLAIN, level, np.random.default_rng(5))[0].pixels for level in (0.0, 0.2))
    changed = np.abs(blank.astype(int) - lined).max(axis=(0, 2)) > 6
    assert 0 < changed.mean() < 0.2


def test_the_noise_of_a_pixel_is_what_the_bound_is_told():
    setting = replace(PLAIN, noise=0.02, blur_px=0.0)
    photo, window = take(HCG, setting, 0.0, np.random.default_rng(2))
    light = View(photo.pixels).log_light(window, 320, 60)[6:54, 120:300, 1]
    # JPEG takes noise from single pixels, but not from their means; streaks and slope cancel along the flow.
    tiles = light.reshape(12, 4, 45, 4).mean(axis=(1, 3))
    sd = 4 * np.sqrt(np.square(np.diff(tiles, axis=1)).mean() / 2)
    assert sd == pytest.approx(0.4343 * 0.02, rel=0.15)


def test_heights_of_a_clear_line_do_not_depend_on_the_scale():
    heights = [measured(HCG, replace(PLAIN, px_per_mm=s), 0.1, 3)[1].height for s in (10, 20, 40)]
    assert heights == pytest.approx([0.1] * 3, rel=0.06)


# --- bounds -------------------------------------------------------------------------------------


def test_each_thing_that_is_added_raises_the_bound_and_colours_lower_it():
    least = least_height_errors(HCG, Setting())
    assert least["noise"] < least["texture"] < least["membrane"]
    assert least["noise"] < least["colours"] < least["membrane"]


def test_the_bound_of_noise_falls_with_the_root_of_the_pixels():
    first, second = (least_height_errors(HCG, Setting(px_per_mm=s, blur_px=0.0))["noise"] for s in (10, 40))
    assert first / second == pytest.approx(4.0, rel=1e-6)


def test_the_worked_limit_of_texture_is_reached():
    # 1 % of grain of 1.5 px at 25 px/mm under 3 mm of a 0.9 mm line: about 6e-4.
    least = least_height_errors(HCG, Setting(px_per_mm=25, texture=0.01, noise=0.016, blur_px=0.0))
    assert least["texture"] == pytest.approx(10e-4, rel=0.2)  # grain of 0.09 mm is 2.25 px


def test_the_reader_does_not_beat_the_bound():
    setting = Setting(texture=0.003)
    heights = [measured(HCG, setting, 0.0, k)[1].height for k in range(40)]
    assert np.std(heights) > 0.8 * least_height_errors(HCG, setting)["membrane"]


# --- studies ------------------------------------------------------------------------------------


def test_the_first_value_is_held_while_the_others_vary():
    found = settings_of(
        {"px_per_mm": [12, 24], "noise": [0.02], "texture": [0.01, 0.0], "jpeg_quality": [80]}
    )
    assert [(s.px_per_mm, s.texture) for s in found] == [(12, 0.01), (24, 0.01), (12, 0.0)]
    assert {(s.noise, s.jpeg_quality) for s in found} == {(0.02, 80)}


@pytest.mark.parametrize("quality", [0, 101, 92.5, float("nan")])
def test_a_value_that_cannot_be_simulated_is_refused_by_name(quality):
    with pytest.raises(OptionError, match=f"JPEG may be a whole number from 1 to 100, not {quality:g}"):
        settings_of({"jpeg_quality": [quality]})


def test_too_few_trials_are_refused():
    with pytest.raises(OptionError, match="at least 10"):
        run_case(HCG, Setting(), trials=9)


def test_the_limits_of_a_known_measurement_are_found():
    case = run_case(HCG, Setting(), trials=400, measure=drawn(0.001))
    assert case.limits.sd == pytest.approx(0.001, rel=0.1)
    assert case.limits.detection == pytest.approx(0.0033, rel=0.1)
    low, high = case.interval
    assert low < case.limits.detection < high
    assert high - low < 0.3 * case.limits.detection


def test_a_line_that_the_picture_damps_is_looked_for_at_higher_levels():
    case = run_case(HCG, Setting(), trials=100, measure=drawn(0.001, gain=0.1))
    assert case.limits.detection == pytest.approx(0.033, rel=0.2)


def test_a_line_that_the_picture_destroys_has_no_limit():
    case = run_case(HCG, Setting(), trials=50, measure=drawn(0.001, gain=0.0))
    assert math.isinf(case.limits.detection)


def test_the_same_seed_gives_the_same_case():
    setting = Setting(px_per_mm=8)
    first, second = (run_case(HCG, setting, trials=10, seed=3) for _ in range(2))
    assert (first.limits, first.interval) == (second.limits, second.interval)
