"""Strips of one kind that lie side by side tell each other what they show."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from reader.geometry import Window
from reader.interpret.assign import SeenLine
from reader.strip.alike import agreed_lines, agreed_odds

DOWN = math.pi / 2
ROW = [Window(100.0 * k, 0.0, 160.0, 40.0, DOWN) for k in range(4)]
SURE, LIKELY, FAINT = (SeenLine(0.4, 0.03, p, 0.0) for p in (0.99, 0.7, 0.3))


def turned(window: Window) -> Window:
    return replace(window, angle=window.angle + math.pi)


def test_a_strip_that_shows_nothing_lies_as_the_others_beside_it_do():
    assert agreed_odds(ROW, [3.0, 2.0, 0.0, 2.5])[2] > 2.0


def test_windows_whose_ends_are_named_the_other_way_round_agree_with_the_opposite_sign():
    windows = [turned(ROW[0]), *ROW[1:]]
    assert agreed_odds(windows, [0.0, 3.0, 3.0, 3.0])[0] < -2.0


def test_what_one_strip_surely_shows_outweighs_what_the_others_say():
    assert agreed_odds(ROW, [-4.6, 3.0, 3.0, 3.0])[0] < 0


def test_a_photo_of_one_strip_says_nothing_more():
    assert agreed_odds(ROW[:1], [0.7]) == [0.7]


@pytest.mark.parametrize("other", [replace(ROW[1], angle=0.0), replace(ROW[1], width=70.0)])
def test_strips_of_another_kind_or_laid_across_say_nothing(other):
    assert agreed_odds([ROW[0], other], [0.5, 4.0]) == [0.5, 4.0]


def test_a_likely_line_is_surer_where_two_others_have_one():
    lines = agreed_lines(ROW, [[LIKELY], [SURE], [SURE], []])
    assert lines[0][0].present > 0.9
    assert lines[1:] == [[SURE], [SURE], []]


def test_places_are_compared_along_the_same_way_of_flow():
    mirrored = replace(SURE, place=1 - SURE.place)
    windows = [ROW[0], *map(turned, ROW[1:])]
    assert agreed_lines(windows, [[LIKELY], [mirrored], [mirrored], []])[0][0].present > 0.9
    assert agreed_lines(windows, [[LIKELY], [SURE], [SURE], []])[0] == [LIKELY]


def test_one_other_strip_or_another_place_makes_no_line_surer():
    elsewhere = replace(SURE, place=0.7)
    assert agreed_lines(ROW, [[LIKELY], [SURE], [], []])[0] == [LIKELY]
    assert agreed_lines(ROW, [[LIKELY], [elsewhere], [elsewhere], [elsewhere]])[0] == [LIKELY]


def test_a_shadow_stays_one_though_others_have_a_line_there():
    assert agreed_lines(ROW, [[FAINT], [SURE], [SURE], [SURE]])[0] == [FAINT]
