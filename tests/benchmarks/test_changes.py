"""The benchmark of changes: what it does to pictures is what it says, and what it counts is what changed."""

from __future__ import annotations

import runpy
from pathlib import Path

import cv2
import numpy as np
import pytest

from reader import Outcome
from reader.colour import linear_light
from tests.locate import scenes

ROOT = Path(__file__).resolve().parents[2]
CHANGES = runpy.run_path(str(ROOT / "benchmarks" / "changes.py"), run_name="changes")


def seen(plain, **changed):
    outcomes = dict.fromkeys(CHANGES["CHANGES"], plain) | {
        name.replace("_", " "): outcome for name, outcome in changed.items()
    }
    return CHANGES["Seen"]("a picture", plain, outcomes)


def grained(height=60, width=90):
    return np.random.default_rng(5).integers(40, 200, (height, width, 3), dtype=np.uint8)


def test_quarter_turns_move_pixels_and_change_none():
    pixels = grained()
    assert np.array_equal(CHANGES["turned"](CHANGES["turned"](pixels, 90), 270), pixels)
    assert np.array_equal(CHANGES["turned"](pixels, 180), pixels[::-1, ::-1])


def test_an_odd_turn_keeps_the_whole_picture():
    pixels = np.zeros((60, 90, 3), np.uint8)
    pixels[[0, 0, -1, -1], [0, -1, 0, -1]] = 255
    pixels = cv2.dilate(pixels, np.ones((5, 5), np.uint8))
    look = CHANGES["turned"](pixels, 37)
    assert look.shape == (103, 108, 3)
    count, *_ = cv2.connectedComponents((look[..., 0] > 100).astype(np.uint8))
    assert count - 1 == 4


def test_half_the_size_has_half_the_sides():
    assert CHANGES["CHANGES"]["half the size"][0](grained()).shape == (30, 45, 3)


def test_light_changes_by_what_it_says_up_to_white():
    pixels = np.full((4, 4, 3), 120, np.uint8)
    look = CHANGES["lit"](pixels, (1.15, 1.0, 0.6))
    assert linear_light(look)[0, 0] == pytest.approx(
        linear_light(pixels)[0, 0] * np.array([1.15, 1.0, 0.6]), rel=0.02
    )
    assert CHANGES["lit"](np.full((4, 4, 3), 250, np.uint8), (1.15, 1.0, 1.0))[0, 0].tolist() == [
        255,
        250,
        250,
    ]


def test_as_many_outcomes_must_stay_as_the_aim_says(capsys):
    same = [seen(Outcome.POSITIVE)] * 20
    assert CHANGES["report"](same)
    kinds = len(CHANGES["CHANGES"])
    assert kinds == 11
    lost = seen(Outcome.NEGATIVE, **{f"turned_by_{d}": Outcome.NOT_READ for d in (37, 90, 180)})
    assert CHANGES["report"]([*same[:9], lost])
    assert not CHANGES["report"]([*same[:8], lost, seen(Outcome.NEGATIVE, JPEG_quality_70=Outcome.INVALID)])
    assert "97.3%" in capsys.readouterr().out


def test_a_positive_that_becomes_negative_counts_for_more_than_one_that_is_not_read():
    same = [seen(Outcome.NEGATIVE)] * 9
    assert CHANGES["report"]([*same, seen(Outcome.NEGATIVE, turned_by_90=Outcome.NOT_READ)])
    assert not CHANGES["report"]([*same, seen(Outcome.NEGATIVE, turned_by_90=Outcome.POSITIVE)])


def test_a_real_change_is_listed_with_its_picture(capsys):
    CHANGES["list_changed"]([seen(Outcome.POSITIVE, half_the_size=Outcome.NOT_READ)])
    (line,) = capsys.readouterr().out.splitlines()
    assert line.split() == ["positive", "->", "not_read", "half", "the", "size", "a", "picture"]


def test_a_drawn_test_keeps_its_outcome_with_every_change(tmp_path):
    cv2.imwrite(str(tmp_path / "crop.png"), np.ascontiguousarray(scenes.crop_picture().pixels[..., ::-1]))
    one = CHANGES["look"](str(tmp_path / "crop.png"))
    assert one.plain is Outcome.POSITIVE
    assert dict(one.changed) == dict.fromkeys(CHANGES["CHANGES"], Outcome.POSITIVE)


def test_what_is_no_picture_is_not_counted(tmp_path):
    (tmp_path / "no picture.png").write_bytes(b"nothing")
    assert CHANGES["look"](str(tmp_path / "no picture.png")) is None
