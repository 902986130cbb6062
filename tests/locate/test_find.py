"""Strips are found where they lie, however they are turned, and nothing is found where there is none."""

from __future__ import annotations

import math
from dataclasses import replace

import cv2
import numpy as np
import pytest

from reader.colour import srgb_encode
from reader.geometry import Window, overlap
from reader.locate.find import evident, find_strips, is_surrounded, lies_on_a_line, look_closer
from reader.locate.hypothesis import Candidate, Hypothesis, patch_of
from reader.measure.lines import FoundLine
from reader.simulate import Picture
from reader.view import View
from tests.locate import scenes
from tests.measure.clear import found as clear_line


def found(picture: Picture) -> tuple[Candidate, ...]:
    return find_strips(View(picture.pixels))


def assert_seen(candidate: Candidate, truth: object) -> None:
    """The best window covers the membrane's width and both lines, and runs along the flow."""
    window, true = candidate.hypotheses[0].window, scenes.window_of(truth.window)
    assert overlap(window, true) > 0.5
    assert abs(math.remainder(window.angle - true.angle, math.pi)) < 0.06
    for line in truth.lines:
        u, v = window.flow, window.across
        dx, dy = line.center[0] - window.x, line.center[1] - window.y
        assert abs(dx * u[0] + dy * u[1]) < 0.5 * window.length
        assert abs(dx * v[0] + dy * v[1]) < 0.25 * window.width


@pytest.mark.parametrize("angle", [0.0, 90.0, 180.0, 270.0, 33.0, 205.0])
def test_a_cassette_is_found_however_it_is_turned(angle):
    picture = scenes.cassette_picture(angle)
    (candidate,) = found(picture)
    assert_seen(candidate, picture.truth[0])
    assert not candidate.close_up


@pytest.mark.parametrize("angle", [0.0, 90.0, 78.0])
def test_a_cut_window_with_what_surrounds_it_is_found(angle):
    picture = scenes.crop_picture(angle)
    (candidate,) = found(picture)
    assert_seen(candidate, picture.truth[0])


def recessed(ground: float) -> np.ndarray:
    """Draw a window in a wider recess whose floor is nearly as bright as the membrane."""
    y, x = np.mgrid[0:100, 0:220].astype(float)
    off, along = np.abs(y - 48), np.abs(x - 110)
    light = np.where((off < 20) & (along < 75), 0.78, 0.76)
    light *= 1 - 0.05 * np.exp(-(((y - 68) / 2.5) ** 2) / 2) * (along < 77)
    light = np.where((np.abs(y - 45) < 38) & (along < 95), light, ground * light)
    line = 0.4 * np.exp(-(((x - 75) / 5) ** 2) / 2) * np.clip((21 - off) / 2, 0, 1)
    rgb = light[..., None] * 10 ** (-line[..., None] * np.array([0.25, 1.0, 0.7]))
    grain = np.random.default_rng(0).normal(0, 0.004, rgb.shape)
    return (255 * srgb_encode(np.clip(cv2.GaussianBlur(rgb, (0, 0), 1.2) + grain, 0, 1))).astype(np.uint8)


@pytest.mark.parametrize("ground", [0.6, 0.8, 1.1])
def test_a_window_in_a_close_up_whose_rims_hardly_show_is_found_by_its_line(ground):
    (candidate,) = find_strips(View(recessed(ground)))
    window = candidate.hypotheses[0].window
    assert candidate.lined
    assert abs(window.y - 48) < 4
    assert abs(window.width - 41) < 9
    assert abs(math.remainder(window.angle, math.pi)) < 0.05


def askew(rim: float) -> np.ndarray:
    """Draw a blurred membrane 66 px wide, 20 degrees askew, that hardly stands out in a narrow picture."""
    y, x = np.mgrid[0:330, 0:110].astype(float)
    turn = math.radians(110)
    along = (x - 54.5) * math.cos(turn) + (y - 164.5) * math.sin(turn)
    off = np.abs((y - 164.5) * math.cos(turn) - (x - 54.5) * math.sin(turn))
    light = np.where(off < 33, 0.74, 0.73) * (1 - rim * np.exp(-(((off - 33) / 2) ** 2) / 2))
    line = 0.3 * np.exp(-(((along + 35) / 5) ** 2) / 2) * (off < 33)
    rgb = light[..., None] * 10 ** (-line[..., None] * np.array([0.25, 1.0, 0.7]))
    rgb += np.random.default_rng(0).normal(0, 0.004, rgb.shape)
    return (255 * srgb_encode(np.clip(cv2.GaussianBlur(rgb, (0, 0), 4), 0, 1))).astype(np.uint8)


@pytest.mark.parametrize("rim", [0.0, 0.02, 0.04])
def test_what_a_membrane_lies_in_is_not_taken_for_it_where_only_the_membrane_shows_its_line(rim):
    (candidate,) = find_strips(View(askew(rim)))
    assert candidate.lined
    assert all(h.window.width < 90 for h in candidate.hypotheses)


@pytest.mark.parametrize("margin_mm", [(0.0, 0.0), (0.3, 0.3), (0.6, 0.8)])
@pytest.mark.parametrize("angle", [0.0, 90.0])
def test_a_window_that_fills_the_picture_is_a_close_up(angle, margin_mm):
    picture = scenes.crop_picture(angle, margin_mm)
    (candidate,) = found(picture)
    assert_seen(candidate, picture.truth[0])
    assert candidate.close_up


def test_an_unused_window_that_fills_the_picture_is_found_by_its_rims():
    picture = scenes.unused_crop_picture()
    (candidate,) = found(picture)
    assert not candidate.lined
    assert overlap(candidate.hypotheses[0].window, scenes.window_of(picture.truth[0].window)) > 0.6


def sheet(colour: tuple[int, int, int]) -> View:
    """Draw a plain rectangle with dark rims in the middle of a plain page, with a little grain."""
    pixels = np.full((300, 640, 3), 190.0)
    pixels[98:202, 108:532] = 120
    pixels[100:200, 110:530] = colour
    pixels += np.random.default_rng(1).normal(0, 1.5, pixels.shape)
    return View(np.clip(pixels, 0, 255).astype(np.uint8))


def test_an_even_white_rectangle_in_the_middle_may_be_an_unused_window():
    assert len(find_strips(sheet((232, 232, 230)))) == 1


def test_an_even_rectangle_that_is_coloured_is_no_unused_window():
    assert find_strips(sheet((232, 150, 110))) == ()


def test_a_well_beyond_one_end_tells_an_unused_window_from_other_rectangles():
    window = Window(200, 150, 0.0, 120, 30)
    hypothesis = Hypothesis(window, 0.0, (), 0.01, 0.01, 0.02)
    without = Candidate((hypothesis,), odds=2.5, close_up=False)
    assert not evident(without)
    assert evident(replace(without, well=0.9))
    coloured = replace(hypothesis, tint=0.4)
    assert not evident(Candidate((coloured,), odds=9.0, close_up=False, well=0.9))


def test_a_dipstick_is_found():
    picture = scenes.strip_picture()
    (candidate,) = found(picture)
    window, true = candidate.hypotheses[0].window, scenes.window_of(picture.truth[0].window)
    assert overlap(window, true) > 0.3


def test_two_cassettes_are_found_from_left_to_right():
    picture = scenes.pair_picture()
    first, second = found(picture)
    assert_seen(first, picture.truth[0])
    assert_seen(second, picture.truth[1])


def test_two_cassettes_one_above_the_other_are_found_from_the_top():
    turned = np.ascontiguousarray(np.rot90(scenes.pair_picture().pixels))
    first, second = find_strips(View(turned))
    assert first.hypotheses[0].window.y < second.hypotheses[0].window.y


def test_an_empty_table_has_no_strips():
    assert found(scenes.table_picture()) == ()


def test_the_weights_of_the_hypotheses_sum_to_one_best_first():
    for picture in (scenes.cassette_picture(), scenes.crop_picture()):
        for candidate in found(picture):
            weights = [h.weight for h in candidate.hypotheses]
            assert sum(weights) == pytest.approx(1.0)
            assert weights == sorted(weights, reverse=True)
            assert 0.0 <= candidate.control_probability <= 1.0


def test_a_control_line_is_probable_where_there_is_one():
    for picture in (scenes.cassette_picture(), scenes.crop_picture(), scenes.pair_picture()):
        assert all(candidate.control_probability > 0.7 for candidate in found(picture))


@pytest.mark.parametrize("rows", [16, 32, 100])
def test_a_patch_shows_the_window_with_its_margins(rows):
    picture = scenes.cassette_picture()
    window = scenes.window_of(picture.truth[0].window)
    patch = patch_of(View(picture.pixels), window, rows)
    assert patch.rows == rows
    assert patch.columns == pytest.approx(rows * window.length / window.width, abs=1)
    assert patch.log_light.shape == (rows + 2 * patch.side, patch.columns + 2 * patch.end, 3)
    control = round(picture.truth[0].lines[0].position * patch.columns) + patch.end
    green = patch.log_light[patch.side : -patch.side, :, 1].mean(axis=0)
    between = green[patch.end + patch.columns // 2]
    assert green[control - 1 : control + 2].min() < between - 0.2


def lined(window: Window, *lines: FoundLine) -> Candidate:
    return Candidate(
        (Hypothesis(window, 0.0, lines, mottle=0.003, ground=0.005, tint=0.02),), odds=3.0, close_up=False
    )


@pytest.mark.parametrize(("along", "aside", "turn"), [(170, 0, 90), (165, 20, 85)])
def test_what_lies_along_a_line_of_a_window_is_that_line(along, aside, turn):
    whole = lined(Window(250.0, 0.0, 0.0, 500.0, 100.0), clear_line(place=1.7))
    inner = lined(Window(along, aside, math.radians(turn), 90.0, 20.0))
    assert lies_on_a_line(inner, whole)


@pytest.mark.parametrize(
    ("along", "aside", "turn", "width"),
    [(300, 0, 90, 20.0), (170, 80, 90, 20.0), (170, 0, 0, 20.0), (170, 0, 90, 60.0)],
)
def test_what_is_beside_a_line_along_the_strip_or_as_wide_as_it_is_none(along, aside, turn, width):
    whole = lined(Window(250.0, 0.0, 0.0, 500.0, 100.0), clear_line(place=1.7))
    inner = lined(Window(along, aside, math.radians(turn), 90.0, width))
    assert not lies_on_a_line(inner, whole)
    assert not lies_on_a_line(whole, whole)


@pytest.mark.parametrize(("x", "seen"), [(100.0, True), (62.0, True), (52.0, False), (145.0, False)])
def test_a_window_of_a_device_does_not_reach_the_end_of_the_picture(x, seen):
    view = View(np.zeros((400, 200, 3), np.uint8))
    assert is_surrounded(lined(Window(x, 200.0, 0.0, 100.0, 20.0)), view) is seen


def test_a_window_too_small_for_the_search_is_found_by_a_closer_look_at_its_device():
    picture = scenes.distant_picture()
    device = scenes.window_of(picture.truth[0].outline)
    (candidate,) = look_closer(View(picture.pixels), device)
    assert candidate.lined
    assert_seen(candidate, picture.truth[0])


def test_nothing_is_looked_at_more_closely_than_it_was():
    picture = scenes.cassette_picture()
    assert look_closer(View(picture.pixels), scenes.window_of(picture.truth[0].outline)) == []


def test_a_part_of_a_bare_table_holds_no_window():
    view = View(np.tile(scenes.table_picture().pixels, (3, 3, 1)))
    assert look_closer(view, Window(600, 500, 0.3, 300, 90)) == []


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_pale_edge_too_narrow_to_be_read_is_no_window_beside_one_that_fills_the_picture(seed):
    rows = np.arange(224)[:, None]
    light = np.full((224, 102, 3), (150.0, 152.0, 150.0), np.float32)
    light[48:200, 26:74] = 190, 188, 184
    for middle, colour in ((100, (20, 70, 55)), (165, (60, 110, 95))):
        line = np.exp(-((rows - middle) ** 2) / (2 * 4.0**2)) * np.ones((1, 48))
        light[:, 26:74] -= line[..., None] * np.array(colour, np.float32)
    light = cv2.GaussianBlur(light, (0, 0), 1.0)
    light[52:90, 20:27] -= 25
    light[53:89, 21:26] += 50
    light = cv2.GaussianBlur(light, (0, 0), 0.6)
    noisy = light + np.random.default_rng(seed).normal(0, 1, light.shape)
    (strip,) = find_strips(View(np.clip(noisy, 0, 255).astype(np.uint8)))
    assert strip.close_up
    assert strip.lined
    assert strip.hypotheses[0].window.width == pytest.approx(48, rel=0.1)
