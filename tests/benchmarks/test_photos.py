"""The arithmetic of the photo benchmark, on tallies and texts whose answer is known."""

from __future__ import annotations

import json
import math
import runpy
from pathlib import Path

import pytest

BENCHMARKS = Path(__file__).resolve().parents[2] / "benchmarks"

with pytest.MonkeyPatch.context() as patch:
    patch.syspath_prepend(str(BENCHMARKS))
    PHOTOS = runpy.run_path(str(BENCHMARKS / "photos.py"), run_name="photos")


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


def test_a_share_has_the_interval_of_its_number_of_tests_and_none_has_no_value():
    # Newcombe, Stat. Med. 17 (1998) 857, table I, method 3.
    assert PHOTOS["estimated"](81, 263) == pytest.approx((0.3080, 0.2553, 0.3662), abs=5e-5)
    assert all(math.isnan(number) for number in PHOTOS["estimated"](0, 0))


def test_the_interval_of_a_difference_is_that_of_newcombe():
    # Stat. Med. 17 (1998) 873, table II, method 10.
    for first, second, low, high in (
        ((56, 70), (48, 80), 0.0524, 0.3339),
        ((5, 56), (0, 29), -0.0381, 0.1926),
        ((10, 10), (0, 10), 0.6075, 1.0),
    ):
        found = PHOTOS["difference"](PHOTOS["estimated"](*first), PHOTOS["estimated"](*second))
        assert found[1:] == pytest.approx((low, high), abs=5e-5)


def test_the_mean_of_two_shares_errs_as_both_together():
    many, few = PHOTOS["estimated"](380, 400), PHOTOS["estimated"](32, 40)
    mean = PHOTOS["mean"](many, few)
    assert mean.value == pytest.approx((0.95 + 0.8) / 2)
    assert mean.value - mean.low == pytest.approx(math.hypot(0.95 - many.low, 0.8 - few.low) / 2)
    assert mean.high - mean.value == pytest.approx(math.hypot(many.high - 0.95, few.high - 0.8) / 2)


def test_the_kept_out_third_stands_beside_the_rest_with_how_far_they_are_apart():
    labels = [label(f"{k}", ("positive", "negative")[k % 2], group=f"g{k // 4}") for k in range(200)]
    kept = {row["path"] for row in labels if PHOTOS["is_kept_out"](row)}
    # All that is kept out is read right, and nothing else is read; each test has four pictures.
    found = {row["path"]: {"outcome": row["expected_result"]} for row in labels if row["path"] in kept}
    text = PHOTOS["kept_out_table"](labels, found)
    assert f"{len(kept) // 4}.0 + 0.0 and {50 - len(kept) // 4}.0 + 0.0 tests" in text
    rows = {line[:62].strip(): line[62:].split("  ") for line in text.splitlines()}
    own, rest, apart = (cell.split()[0] for cell in rows["crops: share called"] if cell.strip())
    assert (own, rest, apart) == ("1.000", "0.000", "+1.000")
    assert "nan" in " ".join(rows["photos: right"])


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
