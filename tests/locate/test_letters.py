"""The letters C and T beside a window tell its direction and name its lines."""

from __future__ import annotations

from functools import cache
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from reader.geometry import Window
from reader.locate.direction import read_direction
from reader.locate.letters import ALONE_ODDS, PAIR_ODDS, TURN_ODDS, Letters, read_letters
from reader.simulate import Picture, cassette, render, scene
from reader.view import View
from tests.locate import scenes

WINDOW = Window(400, 300, 0.0, 200, 50)  # control end left, sample end right
SILENT = Letters()
ARC = [(0.95, 0.2), (0.75, 0.03), (0.5, 0.0), (0.25, 0.03), (0.07, 0.2), (0.0, 0.5)]
ROUND = [*ARC, *[(x, 1 - y) for x, y in ARC[-2::-1]]]
STROKES = {
    "C": [ROUND],
    "T": [[(0.0, 0.0), (1.0, 0.0)], [(0.5, 0.0), (0.5, 1.0)]],
    "G": [ROUND, [(0.6, 0.5), (1.0, 0.5), (1.0, 0.8)]],
    "O": [[*ROUND, *[(1 - x, y) for x, y in ROUND[::-1]]]],
    "I": [[(0.5, 0.0), (0.5, 1.0)]],
    "H": [[(0.0, 0.0), (0.0, 1.0)], [(1.0, 0.0), (1.0, 1.0)], [(0.0, 0.5), (1.0, 0.5)]],
    "L": [[(0.0, 0.0), (0.0, 1.0), (0.9, 1.0)]],
    "+": [[(0.0, 0.5), (1.0, 0.5)], [(0.5, 0.0), (0.5, 1.0)]],
}


def plain() -> NDArray[np.uint8]:
    picture = np.full((600, 800, 3), 200, np.uint8)
    cv2.rectangle(picture, (300, 275), (500, 325), (230, 230, 230), -1)
    return picture


def write(
    picture: NDArray[np.uint8], letter: str, at: tuple[float, float], turn: int = 0, height: float = 40.0
) -> None:
    """Draw a letter with its middle at a place, turned by quarter turns anticlockwise."""
    for stroke in STROKES[letter]:
        nodes = [complex((x - 0.5) * 0.75, y - 0.5) * height * (-1j) ** turn for x, y in stroke]
        points = np.rint([((at[0] + n.real) * 16, (at[1] + n.imag) * 16) for n in nodes]).astype(np.int32)
        cv2.polylines(picture, [points], False, (40, 40, 40), round(0.16 * height), cv2.LINE_AA, 4)


def said(*letters: tuple[str, tuple[float, float], int], height: float = 40.0) -> Letters:
    picture = plain()
    for letter, at, turn in letters:
        write(picture, letter, at, turn, height)
    return read_letters(View(picture), WINDOW)


@cache
def simulated(letters: str, angle_deg: float = 0.0) -> Picture:
    lines = {"C": 0.4, "T2": 0.1, "T1": 0.2} if letters == "many" else {"C": 0.4, "T": 0.0}
    where: Any = "right" if letters == "many" else letters
    size = (700, 900) if angle_deg % 180 == 0 else (900, 700)
    seen = scene([cassette(lines, letters=where)], size_px=size, fill=0.9, angle_deg=angle_deg)
    return render(seen, np.random.default_rng(4))


def letters_of(picture: Picture, *, backwards: bool = False) -> Letters:
    window = scenes.window_of(picture.truth[0].window)
    return read_letters(View(picture.pixels), window.reversed() if backwards else window)


@pytest.mark.parametrize("angle_deg", [0, 90, 180, 270, 20])
@pytest.mark.parametrize("where", ["right", "left"])
def test_printed_letters_are_read_on_either_side_whichever_way_the_device_lies(where: str, angle_deg: float):
    picture = simulated(where, angle_deg)
    control, test = (line.position for line in picture.truth[0].lines)
    there, back = letters_of(picture), letters_of(picture, backwards=True)
    assert there.odds == -back.odds == PAIR_ODDS + TURN_ODDS
    assert (there.control, there.test) == pytest.approx((control, test), abs=0.06)
    assert (back.control, back.test) == pytest.approx((1 - control, 1 - test), abs=0.06)


def test_a_c_before_numbered_letters_tells_the_direction_alone():
    letters = letters_of(simulated("many"))
    assert letters.odds == ALONE_ODDS
    assert letters.control == pytest.approx(simulated("many").truth[0].lines[0].position, abs=0.06)
    assert letters.test is None


def test_where_no_letter_is_printed_none_is_read():
    assert letters_of(simulated("none")) == SILENT
    assert read_letters(View(plain()), WINDOW) == SILENT


def test_letters_are_evidence_of_the_direction_beside_wells_and_print():
    picture = simulated("right")
    window = scenes.window_of(picture.truth[0].window)
    direction = read_direction(View(picture.pixels), window)
    assert direction.letters == letters_of(picture)
    assert direction.odds > direction.letters.odds - 1


@pytest.mark.parametrize("turn", [0, 1])
@pytest.mark.parametrize("side", [-1, 1])
@pytest.mark.parametrize("height", [25, 40, 60])
def test_drawn_letters_of_any_size_are_read(turn: int, side: int, height: float):
    y = 300 + side * 90
    letters = said(("C", (345, y), turn), ("T", (455, y), turn), height=height)
    assert letters.odds == PAIR_ODDS + TURN_ODDS
    assert (letters.control, letters.test) == pytest.approx((0.225, 0.775), abs=0.02)


def test_letters_beyond_both_ends_tell_the_direction_but_no_place():
    assert said(("C", (270, 300), 0), ("T", (530, 300), 0)) == Letters(PAIR_ODDS + TURN_ODDS)


def test_letters_in_an_order_that_their_turn_speaks_against_say_less():
    assert said(("T", (355, 210), 0), ("C", (435, 210), 0)).odds == -(PAIR_ODDS - TURN_ODDS)


@pytest.mark.parametrize(("letter", "x"), [("C", 355), ("T", 445)])
@pytest.mark.parametrize("turn", range(4))
def test_one_letter_counts_only_where_its_turn_agrees_with_its_place(letter: str, x: float, turn: int):
    odds = said((letter, (x, 210), turn)).odds
    assert odds == (ALONE_ODDS if turn in (0, 1) else 0)


@pytest.mark.parametrize(
    "letters",
    [
        pytest.param([("C", (355, 210), 1), ("T", (435, 210), 0)], id="in different turns"),
        pytest.param([("C", (355, 170), 1), ("T", (355, 230), 1)], id="across the flow"),
    ],
)
def test_letters_that_do_not_fit_together_are_no_pair(letters):
    assert abs(said(*letters).odds) <= ALONE_ODDS


def test_letters_that_contradict_each_other_say_nothing():
    first = [("C", (355, 210), 1), ("T", (435, 210), 1)]
    second = [("T", (355, 390), 3), ("C", (435, 390), 3)]
    assert said(*first).odds == -said(*second).odds != 0
    assert said(*first, *second) == SILENT


@pytest.mark.parametrize("turn", range(4))
@pytest.mark.parametrize("letter", ["G", "O", "I", "H", "L", "+"])
def test_other_marks_are_not_taken_for_letters(letter: str, turn: int):
    assert said((letter, (355, 210), turn), (letter, (445, 210), turn)) == SILENT


@pytest.mark.parametrize("word", ["CH", "HC", "ITH", "HTI"])
def test_a_letter_in_a_word_is_none_of_the_window_s(word: str):
    letters = [(letter, (340 + 36 * k, 210), 0) for k, letter in enumerate(word)]
    assert said(*letters) == SILENT


def test_letters_on_the_membrane_or_far_from_the_window_are_not_read():
    assert said(("C", (355, 300), 1), ("T", (445, 300), 1), height=30) == SILENT
    assert said(("C", (355, 60), 1), ("T", (445, 60), 1)) == SILENT


@pytest.mark.parametrize("seed", range(5))
def test_grain_holds_no_letters(seed: int):
    rng = np.random.default_rng(seed)
    for blur in (0.0, 1.5, 4.0):
        grain = rng.normal(0, 1, (600, 800))
        grain = cv2.GaussianBlur(grain, (0, 0), blur) if blur else grain
        picture = np.clip(150 + 40 * grain / grain.std(), 0, 255).astype(np.uint8)
        assert read_letters(View(np.ascontiguousarray(picture[..., None].repeat(3, 2))), WINDOW) == SILENT


def test_a_window_beyond_the_picture_has_no_letters():
    assert read_letters(View(plain()), Window(-900, -900, 0.0, 200, 50)) == SILENT
