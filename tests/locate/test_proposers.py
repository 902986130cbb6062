"""Each proposer has the window of a simulated picture among its proposals, wherever it lies."""

from __future__ import annotations

import math
from collections.abc import Callable

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reader.geometry import Window, overlap
from reader.locate.coloured import LARGE, find_bars, propose_from_bars
from reader.locate.framed import propose_framed
from reader.locate.outlines import propose_outlined
from reader.locate.planes import search_planes
from reader.view import View
from tests.locate import scenes


def best(windows: list[Window], truth: Window) -> float:
    return max((overlap(w, truth) for w in windows), default=0.0)


def outlined(view: View) -> list[Window]:
    return propose_outlined(np.ascontiguousarray(view.small.max(axis=2)))


def coloured(view: View) -> list[Window]:
    planes = search_planes(view.log_small)
    return propose_from_bars(planes, find_bars(planes))


def framed(view: View) -> list[Window]:
    return [window for window, _ in propose_framed(view.log_small)]


def proposals(propose: Callable[[View], list[Window]], pixels: np.ndarray) -> list[Window]:
    view = View(pixels)
    return [w.scaled(1 / view.scale) for w in propose(view)]


@pytest.mark.parametrize("angle", [0.0, 90.0, 33.0, 205.0])
def test_together_outlines_and_bars_propose_a_cassette_s_window(angle):
    picture = scenes.cassette_picture(angle)
    truth = scenes.window_of(picture.truth[0].window)
    found = proposals(outlined, picture.pixels) + proposals(coloured, picture.pixels)
    assert best(found, truth) > 0.7


@pytest.mark.parametrize("propose", [outlined, coloured])
def test_outlines_and_bars_each_propose_both_windows_of_two_cassettes(propose):
    picture = scenes.pair_picture()
    found = proposals(propose, picture.pixels)
    for truth in picture.truth:
        assert best(found, scenes.window_of(truth.window)) > 0.5


@pytest.mark.parametrize("angle", [0.0, 90.0, 78.0])
def test_the_lines_of_a_cut_window_are_large_bars_and_propose_it(angle):
    picture = scenes.crop_picture(angle)
    view = View(picture.pixels)
    planes = search_planes(view.log_small)
    large = propose_from_bars(planes, find_bars(planes, LARGE))
    truth = scenes.window_of(picture.truth[0].window).scaled(view.scale)
    assert best(large, truth) > 0.6


@pytest.mark.parametrize("angle", [90.0, 0.0, 78.0])
def test_a_frame_around_a_cut_window_is_proposed(angle):
    picture = scenes.crop_picture(angle)
    truth = scenes.window_of(picture.truth[0].window)
    assert best(proposals(framed, picture.pixels), truth) > 0.7


def test_framed_windows_come_best_first():
    scores = [score for _, score in propose_framed(View(scenes.crop_picture().pixels).log_small)]
    assert scores == sorted(scores, reverse=True)


def test_fewer_windows_are_proposed_when_fewer_are_asked_for():
    log_image = View(scenes.crop_picture().pixels).log_small
    few, many = propose_framed(log_image, keep=2), propose_framed(log_image, keep=8)
    assert 0 < len(few) < len(many)


@pytest.mark.parametrize("angle", [0.0, 25.0, 90.0, 140.0])
@pytest.mark.parametrize("colour", [(200, 120, 150), (110, 130, 200)])
def test_a_coloured_bar_is_found_with_its_place_length_and_direction(angle, colour):
    pixels = np.full((300, 400, 3), 215, np.uint8)
    corners = cv2.boxPoints(((210.0, 140.0), (40.0, 8.0), angle))
    cv2.fillConvexPoly(pixels, np.rint(corners * 16).astype(np.int32), colour, cv2.LINE_AA, 4)
    strongest = find_bars(search_planes(View(pixels).log_small))[0].shape
    assert (strongest.x, strongest.y) == pytest.approx((210, 140), abs=1.5)
    assert strongest.length == pytest.approx(40, abs=4)
    lean = math.remainder(strongest.angle - math.radians(angle), math.pi)
    assert abs(lean) < 0.1


def test_a_plain_picture_has_no_bars_outlines_or_contours():
    plain = View(np.full((300, 400, 3), 180, np.uint8))
    assert find_bars(search_planes(plain.log_small)) == []
    assert outlined(plain) == []
    assert coloured(plain) == []


def test_an_outline_of_the_wrong_shape_is_not_proposed():
    page = np.full((300, 400), 240, np.uint8)
    page[50:250, 100:300] = 150  # square
    page[10:14, 5:395] = 150  # a stroke
    assert propose_outlined(page) == []


def test_a_turned_outline_is_proposed_with_its_direction():
    page = np.full((300, 400), 240, np.uint8)
    cv2.fillConvexPoly(page, np.int32(cv2.boxPoints(((200, 150), (160, 36), 30))), 170)
    assert best(propose_outlined(page), Window(200, 150, math.radians(30), 160, 36)) > 0.85


@settings(max_examples=20)
@given(
    height=st.integers(16, 60),
    width=st.integers(16, 60),
    contrast=st.sampled_from([0, 1, 40, 255]),
    seed=st.integers(0, 2**32 - 1),
)
def test_whatever_a_small_picture_shows_proposals_are_finite_windows(height, width, contrast, seed):
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, contrast + 1, (height, width, 3)).astype(np.uint8)
    for propose in (outlined, coloured, framed):
        for window in propose(View(pixels)):
            assert np.isfinite(window.quad()).all()
            assert window.length > 0
            assert window.width > 0
