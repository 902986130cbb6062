"""The arithmetic of the photo benchmark, on tallies and texts whose answer is known."""

from __future__ import annotations

import json
import math
import runpy
from pathlib import Path

import pytest

PHOTOS = runpy.run_path(
    str(Path(__file__).resolve().parents[2] / "benchmarks" / "photos.py"), run_name="photos"
)


def label(path, expected, *, kind="crop", group="", usable="1"):
    return {
        "path": path,
        "source": "s",
        "kind": kind,
        "group": group,
        "usable": usable,
        "expected_result": expected,
    }


def test_pictures_of_one_test_weigh_as_one_and_unusable_ones_nothing():
    labels = [
        label("a", "positive", group="g"),
        label("b", "positive", group="g"),
        label("c", "negative"),
        label("d", "negative", usable="0"),
        label("e", "invalid", kind="cassette"),
    ]
    found = {"a": {"outcome": "positive"}, "b": {"outcome": "indeterminate"}, "e": {"outcome": "positive"}}
    tallies = PHOTOS["outcome_tallies"](labels, found)
    assert tallies["crops"] == {"positive>positive": 0.5, "positive>no_call": 0.5, "negative>no_call": 1.0}
    assert tallies["photos"] == {"invalid>positive": 1.0, "unused called": 1}


def test_no_calls_are_wrong_except_among_the_called():
    crops = {"positive>positive": 8, "positive>no_call": 2, "negative>negative": 9, "negative>positive": 1}
    photos = {"positive>positive": 3, "negative>no_call": 1}
    numbers = PHOTOS["outcome_numbers"]({"crops": crops, "photos": photos})
    assert numbers["crops_mean"] == pytest.approx((0.8 + 0.9) / 2)
    assert numbers["crops_mean_called"] == pytest.approx((1.0 + 0.9) / 2)
    assert numbers["crops_called"] == pytest.approx(0.9)
    assert numbers["photos_right"] == pytest.approx(0.75)
    assert numbers["wrong_share"] == pytest.approx(1 / 24)


def test_printed_lines_are_summed_over_sources():
    text = (
        "a control lines    found 9/10\nb test lines found 5/6\na detected lines that no box explains   2\n"
    )
    numbers = PHOTOS["line_numbers"](text)
    assert numbers == {"lines_found": pytest.approx(14 / 16), "lines_unexplained": pytest.approx(2 / 16)}


def test_devices_are_summed_over_pictures():
    text = "x.jpg   strips 6/6, outcomes right 5/6\ny.jpg  strips 7/9, outcomes right 0/9\n"
    assert PHOTOS["device_numbers"](text) == {
        "devices_found": pytest.approx(13 / 15),
        "devices_right": pytest.approx(5 / 15),
    }


def test_a_number_that_fell_is_worse_and_one_that_rose_is_not():
    worse = PHOTOS["worse"]
    assert worse("crops_mean", 0.90, 0.91)
    assert not worse("crops_mean", 0.92, 0.91)
    assert not worse("crops_mean", 0.909, 0.91)
    assert worse("wrong_share", 0.05, 0.01)
    assert not worse("wrong_share", 0.0, 0.01)
    assert worse("unused_called", 1, 0)
    assert worse("spearman", math.nan, 0.9)


def test_a_number_that_is_missing_fails_the_check(capsys):
    assert PHOTOS["verdict"]({"crops_mean": 0.9}, {"crops_mean": 0.9, "photos_right": 0.8}) == 1
    assert "photos_right" in capsys.readouterr().out
    assert PHOTOS["verdict"]({"crops_mean": 0.9}, {"crops_mean": 0.9}) == 0
    assert PHOTOS["verdict"]({"crops_mean": 0.9}, {}) == 1


def test_a_record_is_raised_where_it_is_beaten_and_never_lowered():
    numbers = {"crops_mean": 0.92, "crops_called": 0.92, "wrong_share": 0.01, "repeat_cv": 0.2}
    recorded = {"crops_mean": 0.91, "crops_called": 0.93, "wrong_share": 0.02, "repeat_cv": 0.1}
    best = {"crops_mean": 0.92, "crops_called": 0.93, "wrong_share": 0.01, "repeat_cv": 0.1}
    assert PHOTOS["raised"](numbers, recorded) == best


def test_what_is_recorded_has_a_meaning_for_each_number():
    if not PHOTOS["RECORD"].exists():
        pytest.skip("no numbers are recorded yet")
    assert set(json.loads(PHOTOS["RECORD"].read_text(encoding="utf-8"))) == set(PHOTOS["MEANING"])
