"""Unused windows that the first search misses are found again; walls and labels are not taken for them."""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest

from reader.geometry import Window, overlap
from reader.locate.blank import outlined_again, set_off, settled
from reader.locate.find import find_strips
from reader.locate.planes import Planes, search_planes
from reader.locate.rank import window_scores
from reader.simulate.draws import random_scene
from reader.view import View
from tests.locate import scenes

CREAM, WHITE = (214, 212, 203), (214, 214, 214)
TRUTH = Window(149.5, 99.5, 0.0, 100, 24)


def painted(inside: tuple[int, int, int], around: tuple[int, int, int]) -> np.ndarray:
    """Paint a window on a page, slightly blurred as by a lens."""
    page = np.full((200, 300, 3), around, np.uint8)
    page[88:112, 100:200] = inside
    return cv2.GaussianBlur(page, (0, 0), 0.8)


def planes_of(page: np.ndarray) -> Planes:
    return search_planes(View(page).log_small)


def test_a_white_window_on_cream_as_bright_is_proposed_by_its_tint():
    page = painted(WHITE, CREAM)
    assert max(overlap(w, TRUTH) for w in outlined_again(page, planes_of(page))) > 0.8


@pytest.mark.parametrize("moved", [(4.0, -3.0, 0.9, 1.0), (-5.0, 2.0, 1.0, 1.2), (0.0, 0.0, 0.85, 0.85)])
def test_a_rectangle_that_misses_the_sides_by_pixels_settles_on_them(moved):
    planes = planes_of(painted((225, 225, 225), (190, 190, 188)))
    dx, dy, longer, wider = moved
    rough = Window(TRUTH.x + dx, TRUTH.y + dy, TRUTH.angle, longer * TRUTH.length, wider * TRUTH.width)
    (window,), (odds,) = settled(planes, [rough])
    assert odds > window_scores(planes, [rough])[0]
    assert overlap(window, TRUTH) > max(0.8, overlap(rough, TRUTH))


def test_each_rectangle_settles_as_if_it_were_alone():
    planes = planes_of(painted((225, 225, 225), (190, 190, 188)))
    rough = [
        replace(TRUTH, x=TRUTH.x + 4),
        replace(TRUTH, y=TRUTH.y - 3, width=20),
        Window(60, 40, 1.0, 40, 12),
    ]
    together, odds = settled(planes, rough)
    for k, window in enumerate(rough):
        (alone,), (own,) = settled(planes, [window])
        assert overlap(alone, together[k]) > 0.999
        assert own == pytest.approx(odds[k], abs=1e-6)
    assert settled(planes, [])[0] == []


@pytest.mark.parametrize("inside", [(235, 235, 235), WHITE])
def test_what_is_brighter_or_whiter_than_all_around_it_is_set_off(inside):
    assert set_off(planes_of(painted(inside, CREAM)), TRUTH)


def test_a_membrane_whose_far_end_is_lit_like_itself_is_set_off():
    page = painted((235, 235, 235), CREAM)
    page[80:120, 200:] = 235
    assert set_off(planes_of(page), TRUTH)


@pytest.mark.parametrize("inside", [CREAM, (180, 178, 170), (150, 90, 80), (90, 90, 90)])
def test_plain_plastic_shade_and_things_of_other_colours_are_not_set_off(inside):
    assert not set_off(planes_of(painted(inside, CREAM)), TRUTH)


def test_a_wall_between_a_lighter_and_a_darker_one_is_not_set_off():
    page = painted((200, 198, 190), CREAM)
    page[112:] = (170, 168, 160)
    assert not set_off(planes_of(page), TRUTH)


def test_a_white_label_on_a_black_box_is_not_set_off():
    assert not set_off(planes_of(painted(WHITE, (30, 30, 30))), TRUTH)


def test_what_reaches_beyond_the_picture_is_not_set_off():
    planes = planes_of(painted((235, 235, 235), CREAM))
    assert not set_off(planes, replace(TRUTH, y=2.0))


@pytest.mark.parametrize("seed", [9015, 9017])
def test_unused_cassettes_whose_windows_are_seen_only_roughly_at_first_are_found(seed):
    picture = random_scene(np.random.default_rng(seed), kind="cassette", unused=True)
    (candidate,) = find_strips(View(picture.pixels))
    assert not candidate.lined
    assert overlap(candidate.hypotheses[0].window, scenes.window_of(picture.truth[0].window)) > 0.7
