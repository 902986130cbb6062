"""The repeat benchmark, on values whose answer is known; and what holds on the real prints."""

from __future__ import annotations

import json
import math
import runpy
import sys
from pathlib import Path

import numpy as np
import pytest

from reader.geometry import Window
from reader.view import View

ROOT = Path(__file__).resolve().parents[2]
PHOTOS = ROOT.parent / "shared" / "photos"
needs_photos = pytest.mark.skipif(
    not PHOTOS.is_dir(), reason="the folder of real photos, ../shared/photos, is not here"
)


REPEATS = runpy.run_path(str(ROOT / "benchmarks" / "repeats.py"), run_name="repeats")


def value(number, sigma=0.01, noise=None):
    return REPEATS["Value"](number, sigma, sigma if noise is None else noise)


def pair(first, second, *, strip="s", line="T", sigma=0.01, noise=None):
    a, b = (value(number, sigma, noise) for number in (first, second))
    return REPEATS["Pair"](strip, line, a, b)


def test_a_difference_within_its_interval_is_covered_and_one_beyond_is_not():
    assert pair(0.100, 0.127).covered
    assert not pair(0.100, 0.129).covered


def test_what_is_lacking_is_what_just_covers():
    apart = pair(0.20, 0.16, sigma=0.002)
    gain = apart.lacking
    sigmas = [math.hypot(0.002, gain * height) for height in (0.20, 0.16)]
    assert 1.96 * math.hypot(*sigmas) == pytest.approx(0.04)
    assert pair(0.20, 0.199).lacking == 0.0


def test_a_gain_of_a_photo_cancels_from_the_ratio_to_its_control_line():
    lines = [
        pair(0.30, 0.24, line="C", sigma=0.03, noise=0.002),
        pair(0.15, 0.12, line="T", sigma=0.02, noise=0.002),
    ]
    (ratio,) = REPEATS["over_control"](lines)
    assert ratio.first.value == pytest.approx(ratio.second.value) == pytest.approx(0.5)
    assert ratio.first.sigma == pytest.approx(0.5 * math.hypot(0.002 / 0.15, 0.002 / 0.30))
    assert ratio.cv == pytest.approx(0.0)


def test_lines_of_a_strip_without_its_control_line_have_no_ratio():
    assert REPEATS["over_control"]([pair(0.1, 0.1)]) == []


def test_one_gain_for_all_photos_leaves_only_noise():
    lines = [pair(h, 0.8 * h, strip=str(k), sigma=0.001) for k, h in enumerate((0.1, 0.2, 0.3))]
    assert REPEATS["coverage"](lines) == 0.0
    assert REPEATS["common_gain"](lines) == pytest.approx(0.8)
    assert REPEATS["cv_beside_gain"](lines) == pytest.approx(0.0, abs=1e-12)
    assert REPEATS["coverage_beside_gain"](lines) == 1.0


def test_the_gain_of_the_other_lines_is_not_that_of_the_line_itself():
    lines = [pair(0.1, 0.05), pair(0.2, 0.16, line="C")]
    left = REPEATS["beside_others"](lines)
    assert [p.gain for p in left] == pytest.approx([0.5 / 0.8, 0.8 / 0.5])
    assert REPEATS["beside_others"](lines[:1]) == []


def test_the_coefficient_of_variation_is_that_of_two_values():
    numbers = np.array([0.11, 0.13])
    assert pair(*numbers).cv == pytest.approx(numbers.std(ddof=1) / numbers.mean())


def test_intervals_draw_whole_strips():
    def mean(items):
        return float(np.mean(items))

    one = REPEATS["with_interval"]([[1.0, 2.0, 3.0]], mean)
    assert one == "2.000  (2.000 to 2.000, n = 3)"
    assert REPEATS["with_interval"]([[], []], mean) == "nothing to tell from"
    several = REPEATS["with_interval"]([[1.0], [2.0], [3.0]], mean, 1)
    assert several == "2.0  (1.0 to 3.0, n = 3)"


def test_lines_are_paired_by_their_labelled_place_earlier_photo_first(tmp_path):
    header = "path,strip,line,score_reading1,score_reading2,y_center_px_exif_oriented\n"
    rows = "b.jpg,S,T,4,5,105\na.jpg,S,T,4,5,100\na.jpg,S,C,,,10\nb.jpg,S,C,,,\na.jpg,S,T2,-,-,300\n"
    (tmp_path / "visual_scores.csv").write_text(header + rows)
    marks = REPEATS["labelled"](tmp_path)
    assert [(m.line, m.eye) for m in marks] == [("T", 4.5), ("T", 4.5), ("C", 0.0), ("T2", 0.0)]

    def reading(y, height, snr):
        line = {"center": [5, y], "height": height, "height_sigma": 0.02, "snr": snr}
        return {"strips": [{"lines": [line, {**line, "center": None}, {**line, "center": [5, y + 500]}]}]}

    found = {"a.jpg": reading(90, 0.2, 20.0), "b.jpg": reading(110, 0.1, 5.0)}
    (only,) = REPEATS["pairs"](marks, found)
    assert (only.strip, only.line) == ("S", "T")
    assert (only.first.value, only.second.value) == (0.2, 0.1)
    assert (only.first.noise, only.second.sigma) == pytest.approx((0.01, 0.02))


def test_readings_are_known_by_the_path_within_the_folder(tmp_path):
    (tmp_path / "labels.csv").write_text("path\nsource/a.jpg\n")
    readings = tmp_path / "readings.jsonl"
    readings.write_text('{"source": "/some/photos/source/a.jpg"}\n{"source": "b.jpg"}\n')
    assert list(REPEATS["load"](readings, tmp_path)) == ["source/a.jpg"]


def test_a_perfect_order_with_the_eye_gives_one():
    marks = [REPEATS["Mark"]("a", "S", f"T{k}", 100.0 * k, float(k)) for k in range(1, 5)]
    lines = [
        {"center": [0, 100 * k], "height": 0.02 * k**2, "height_sigma": 0.001, "snr": 9} for k in range(2, 5)
    ]
    _, number = REPEATS["eye"](marks, {"a": {"strips": [{"lines": lines}]}})
    assert "1.000  (1.000 to 1.000, n = 4)" in number


def test_the_window_of_a_reading_comes_back():
    window = Window(40.5, 70.25, -2.1, 90.0, 14.0)
    back = REPEATS["window_of"](window.quad())
    assert (back.x, back.y, back.angle) == pytest.approx((window.x, window.y, window.angle), abs=1e-6)
    assert (back.length, back.width) == pytest.approx((window.length, window.width), abs=1e-6)


def test_a_line_has_in_each_channel_the_height_that_it_was_given_there():
    x = np.arange(400)
    shape = np.exp(-((x - 130.0) ** 2) / (2 * 6.0**2))
    light = 0.5 * 10 ** -(shape[None, :, None] * np.array([0.02, 0.20, 0.10]))
    codes = 65535 * np.where(light <= 0.0031308, 12.92 * light, 1.055 * light ** (1 / 2.4) - 0.055)
    view = View(np.broadcast_to(codes, (60, 400, 3)).round().astype(np.uint16).copy())
    window = Window(199.5, 29.5, 0.0, 380.0, 48.0)
    line = {
        "position": 120.5 / 380,
        "height": 0.2,
        "area": 0.2 * 6.0 * math.sqrt(2 * math.pi),
        "center": [130, 30],
    }
    reading = {"strips": [{"window": window.quad(), "px_per_mm": None, "lines": [line]}]}
    for name, height in (("red", 0.02), ("green", 0.20), ("blue", 0.10)):
        again = REPEATS["remeasured"](reading, view, REPEATS["MIXES"][name])
        assert again["strips"][0]["lines"][0]["height"] == pytest.approx(height, abs=0.003)


def test_nominal_values_are_read_from_labels():
    assert REPEATS["nominal"]("125 (printed 8-bit grey level)") == 125
    assert REPEATS["nominal"]("1:16 dilution (vaccinated serum)") == 16
    with pytest.raises(ValueError, match="gives no number"):
        REPEATS["nominal"]("unknown")


def test_heights_fall_only_if_every_one_exceeds_all_of_the_next():
    assert REPEATS["falls"]({1: [0.5, 0.6], 2: [0.4, 0.45], 16: [0.1]})
    assert not REPEATS["falls"]({1: [0.5, 0.6], 2: [0.4, 0.55], 16: [0.1]})


def test_a_rank_correlation_of_equal_values_is_unknown():
    assert math.isnan(REPEATS["rank_correlation"]([(1.0, 0.0), (2.0, 0.0)]))
    assert REPEATS["rank_correlation"]([(1.0, 0.1), (2.0, 0.1), (3.0, 9.0)]) == pytest.approx(math.sqrt(0.75))


def test_a_straight_line_determines_all_and_two_points_nothing():
    assert REPEATS["determination"]([(0, 1.5), (100, 1.0), (200, 0.5)]) == pytest.approx(1.0)
    assert math.isnan(REPEATS["determination"]([(0, 1.5), (100, 1.0)]))


def test_every_given_window_holds_its_line():
    rows = REPEATS["rows_of"](REPEATS["WINDOWS"])
    assert {r["series"] for r in rows} == {"large bar", "medium bar", "small bar", "vaccinated", "healthy"}
    assert len({r["path"] for r in rows}) == len(rows)
    for r in rows:
        assert 0 < float(r["line"]) < float(r["length"])
        assert 16 <= float(r["width"]) < float(r["length"])


@needs_photos
def test_heights_of_printed_bars_follow_their_nominal_grey():
    points = []
    for members in REPEATS["series"](PHOTOS, "bar").values():
        own = [(grey, fit.height) for grey, fit in members]
        assert REPEATS["falls"]({grey: [height] for grey, height in own})
        points += own
    assert len(points) == 13
    assert REPEATS["determination"](points) > 0.98


@needs_photos
def test_heights_fall_with_dilution_and_a_serum_without_antibodies_has_none():
    (vaccinated,) = REPEATS["series"](PHOTOS, "vaccinated").values()
    levels = {}
    for dilution, fit in vaccinated:
        levels.setdefault(dilution, []).append(fit.height)
    assert sorted(levels) == [1, 2, 16]
    assert REPEATS["falls"](levels)
    (blanks,) = REPEATS["series"](PHOTOS, "healthy").values()
    assert all(abs(fit.height) < 2 * fit.height_sigma for _, fit in blanks)


@needs_photos
def test_the_table_of_the_real_photos_names_every_aim(tmp_path, capsys, monkeypatch):
    readings = tmp_path / "readings.jsonl"
    readings.write_text(json.dumps({"source": "none", "strips": []}) + "\n")
    monkeypatch.setattr(sys, "argv", ["repeats.py", str(PHOTOS), str(readings)])
    REPEATS["main"]()
    told = capsys.readouterr().out
    assert "nothing to tell from" in told
    assert [told.count(aim) for aim in ("≥ 0.85", "≤ 0.06", "≥ 0.93", "≥ 0.98")] == [2, 2, 1, 1]
