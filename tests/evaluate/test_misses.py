"""Misses: how they are sorted, and what a second look shows."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image

from reader.evaluate.misses import Examination, examined, groups_of
from reader.evaluate.places import draw_places
from reader.flags import FLAGS
from reader.locate.explain import explained
from reader.reading import Outcome
from reader.report.palette import BLUE, rgb
from reader.simulate import cassette, render, scene
from reader.view import View


@pytest.fixture(scope="module")
def picture():
    made = scene([cassette({"C": 0.5, "T": 0.3})], size_px=(600, 800))
    return render(made, np.random.default_rng(3)).encode("JPEG")


def test_wrong_calls_come_first_and_then_no_calls_by_their_first_flag_the_most_frequent_first(made):
    cases = [
        made.case("positive", "not_read", flags=("glare", "tilted"), path="1"),
        made.case("positive", "indeterminate", path="2"),
        made.case("negative", "indeterminate", flags=("tilted",), path="3"),
        made.case("negative", "not_read", flags=("glare",), path="4"),
        made.case("negative", "positive", flags=("tilted",), path="5"),
        made.case("positive", "positive", path="right"),
        made.case("not_read", "indeterminate", path="right too"),
        made.case("positive", "negative", path="left out", left_out="shows several tests"),
        made.case("positive", "not_read", error="corrupt-image", sentence="6 is damaged.", path="6"),
    ]
    groups = groups_of(cases)
    assert [(g.title, g.wrong, [c.label.path for c in g.cases]) for g in groups] == [
        ("negative, read as positive", True, ["5"]),
        ("no call: glare", False, ["1", "4"]),
        ("no call: corrupt-image", False, ["6"]),
        ("no call: indeterminate, without a flag", False, ["2"]),
        ("no call: tilted", False, ["3"]),
    ]
    assert groups[1].meaning == FLAGS["glare"].what


def test_what_was_left_open_is_grouped_by_why(made):
    reasons = ("The only line is a shadow.", "A mark crosses the membrane.", "The only line is a shadow.")
    cases = [made.case("negative", "indeterminate", flags=("tilted",), reason=reason) for reason in reasons]
    assert [(g.title, len(g.cases)) for g in groups_of(cases)] == [
        ("no call: The only line is a shadow.", 2),
        ("no call: A mark crosses the membrane.", 1),
    ]


def test_a_second_look_holds_all_that_shows_why(tmp_path, picture):
    (tmp_path / "a.jpg").write_bytes(picture)
    seen = examined(str(tmp_path / "a.jpg"), "generic")
    assert isinstance(seen, Examination)
    assert seen.outcome is Outcome.POSITIVE
    assert len(seen.summaries) == len(seen.profiles) == 1
    assert seen.profiles[0].startswith("<svg")
    assert seen.windows[0].taken
    assert seen.decisive
    for data in (seen.overlay, seen.places):
        with Image.open(io.BytesIO(data)) as image:
            assert image.format == "JPEG"
            assert image.width <= 1000
            assert not image.getexif()


def test_what_is_no_picture_is_told_in_a_sentence(tmp_path):
    (tmp_path / "a.jpg").write_text("Dear clinic")
    assert "a.jpg" in examined(str(tmp_path / "a.jpg"), "generic")


def test_a_bug_in_the_second_look_does_not_lose_the_page(tmp_path, picture, monkeypatch):
    def fail(*_, **__):
        raise ZeroDivisionError

    (tmp_path / "a.jpg").write_bytes(picture)
    monkeypatch.setattr("reader.evaluate.misses.explained", fail)
    assert "ZeroDivisionError" in examined(str(tmp_path / "a.jpg"), "generic")


def test_the_window_that_was_taken_is_drawn_in_blue_where_it_lies(picture):
    view = View(np.asarray(Image.open(io.BytesIO(picture))))
    windows = explained(view)
    drawn = draw_places(view, windows)
    assert drawn.shape == view.small.shape
    (x, y), *_ = windows[0].window.scaled(view.scale).quad()
    near = drawn[round(y) - 6 : round(y) + 7, round(x) - 6 : round(x) + 7].astype(int)
    assert np.abs(near - rgb(BLUE)).sum(axis=2).min() < 60


def test_a_small_picture_is_enlarged_to_be_seen():
    small = View(np.full((60, 120, 3), 200, np.uint8))
    assert max(draw_places(small, ()).shape) == 480
