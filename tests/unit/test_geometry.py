"""Windows and how they are looked at: corners, directions, scales, samples."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.geometry import Window, from_box, from_corners, halvings, overlap, sample, sample_each

windows = st.builds(
    Window,
    st.floats(-500, 4000),
    st.floats(-500, 4000),
    st.floats(-math.pi, math.pi),
    st.floats(20, 900),
    st.floats(5, 200),
)


def signed_area(quad: tuple[tuple[float, float], ...]) -> float:
    """Shoelace formula; positive for corners that run clockwise on the screen (y down)."""
    return sum(
        a[0] * b[1] - b[0] * a[1] for a, b in zip(quad, (*quad[1:], quad[0]), strict=True)
    ) / 2  # fmt: skip


def ramp(height: int, width: int) -> np.ndarray:
    """Make a picture whose two channels are the coordinates of its pixels."""
    rows, columns = np.indices((height, width), np.float32)
    return np.dstack([columns, rows])


@given(windows)
def test_corners_run_clockwise_and_begin_with_the_control_end(window):
    quad = window.quad()
    assert signed_area(quad) == pytest.approx(window.length * window.width, rel=1e-6, abs=1e-3)
    middle = np.mean(quad[:2], axis=0)
    assert middle == pytest.approx(window.at(0.0), abs=1e-6)


@given(windows)
def test_a_window_is_rebuilt_from_its_corners(window):
    again = from_corners(np.array(window.quad()))
    assert (again.x, again.y) == pytest.approx((window.x, window.y), abs=1e-6)
    sides = sorted((window.length, window.width))
    assert sorted((again.length, again.width)) == pytest.approx(sides, rel=1e-6)
    assert again.length >= again.width
    if window.length > 1.01 * window.width:
        turned = math.remainder(again.angle - window.angle, math.pi)
        assert turned == pytest.approx(0.0, abs=1e-6)


@given(windows)
def test_reversing_swaps_the_ends_and_twice_is_nothing(window):
    back = window.reversed()
    assert back.at(0.2, 0.3) == pytest.approx(window.at(0.8, 0.7), abs=1e-6)
    again = back.reversed()
    assert again.at(0.2, 0.3) == pytest.approx(window.at(0.2, 0.3), abs=1e-6)


@given(windows, st.floats(-0.5, 0.9), st.floats(0.05, 1.0))
def test_a_cut_is_that_part_of_the_window(window, start, share):
    part = window.cut(start, start + share)
    assert part.at(0.0) == pytest.approx(window.at(start), abs=1e-6)
    assert part.at(1.0) == pytest.approx(window.at(start + share), abs=1e-6)
    assert part.width == window.width


@given(windows, st.floats(0.05, 8))
def test_scaling_there_and_back_is_nothing(window, factor):
    again = window.scaled(factor).scaled(1 / factor)
    assert again.at(0.1, 0.9) == pytest.approx(window.at(0.1, 0.9), abs=1e-5)


def test_scaling_keeps_the_picture_s_corner_in_place():
    # The outer corner of the top-left pixel, (-0.5, -0.5), is the same point at every scale.
    scaled = Window(-0.5, -0.5, 0.0, 10, 4).scaled(0.25)
    assert (scaled.x, scaled.y) == (-0.5, -0.5)


@given(windows, windows)
def test_overlap_is_a_share_and_the_same_both_ways(a, b):
    assert 0.0 <= overlap(a, b) <= 1.0
    assert overlap(a, b) == pytest.approx(overlap(b, a), abs=1e-3)


@given(windows)
def test_a_window_overlaps_itself_wholly_and_its_turned_self_too(window):
    assert overlap(window, window) == pytest.approx(1.0, abs=1e-3)
    assert overlap(window, window.reversed()) == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize(("shift", "expected"), [(0, 1.0), (25, 0.6), (50, 1 / 3), (100, 0.0), (900, 0.0)])
def test_overlap_is_intersection_over_union(shift, expected):
    a, b = Window(0, 0, 0, 100, 20), Window(shift, 0, 0, 100, 20)
    assert overlap(a, b) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("angle", [0.0, 0.4, math.pi / 2, -2.0, math.pi])
def test_a_sample_shows_the_picture_at_the_window_s_own_points(angle):
    window = Window(60.3, 50.7, angle, 60, 24)
    seen = sample(ramp(100, 120), window, 60, 24)
    for row, column in ((0, 0), (23, 59), (11, 30)):
        expected = window.at((column + 0.5) / 60, (row + 0.5) / 24)
        assert seen[row, column] == pytest.approx(expected, abs=0.05)


@pytest.mark.parametrize("angle", [0.0, 0.5, math.pi / 2])
@pytest.mark.parametrize("step", [2.0, 3.7])
def test_a_sample_that_shrinks_stays_in_place(angle, step):
    window = Window(200, 150, angle, 200, 80)
    columns, rows = round(200 / step), round(80 / step)
    seen = sample(ramp(300, 400), window, columns, rows)
    row, column = rows // 2, columns // 4
    expected = window.at((column + 0.5) / columns, (row + 0.5) / rows)
    assert seen[row, column] == pytest.approx(expected, abs=0.3)


def test_a_sample_that_shrinks_averages_over_area():
    stripes = np.zeros((400, 400), np.float32)
    stripes[:, ::4] = 1.0
    seen = sample(stripes, Window(199.5, 199.5, 0.0, 320, 320), 40, 40)
    assert seen.mean() == pytest.approx(0.25, abs=0.01)
    assert seen.std() < 0.06


def test_what_lies_beyond_the_picture_is_not_a_number_or_what_is_asked_for():
    picture = np.ones((40, 40, 3), np.float32)
    window = Window(0, 20, 0.0, 40, 20)
    assert np.isnan(sample(picture, window, 40, 20)[:, :18]).all()
    assert (sample(picture, window, 40, 20)[:, 22:] == 1).all()
    assert (sample(picture, window, 40, 20, outside=7.0)[:, :18] == 7).all()


def test_a_window_altogether_beyond_the_picture_shows_nothing():
    seen = sample(np.ones((40, 40, 3), np.float32), Window(900, 900, 0.3, 40, 20), 40, 20)
    assert seen.shape == (20, 40, 3)
    assert np.isnan(seen).all()


def test_the_picture_is_not_changed_by_looking():
    picture = ramp(60, 80)
    before = picture.copy()
    picture.flags.writeable = False
    sample(picture, Window(40, 30, 0.4, 70, 50), 20, 10)
    assert (picture == before).all()


@given(st.floats(-50, 50), st.floats(-50, 50), st.floats(1, 60), st.floats(1, 60), st.floats(-90, 90))
def test_opencv_s_turned_rectangle_is_the_window_of_its_corners(x, y, a, b, turn):
    box = ((x, y), (a, b), turn)
    window, expected = from_box(box), from_corners(cv2.boxPoints(box))
    assert (window.x, window.y) == pytest.approx((expected.x, expected.y), abs=1e-3)
    assert (window.length, window.width) == pytest.approx((expected.length, expected.width), abs=1e-3)
    if abs(a - b) > 0.1:
        assert abs(math.remainder(window.angle - expected.angle, math.pi)) < 1e-2


@pytest.mark.parametrize("step", [0.6, 1.4, 2.0, 5.3])
def test_many_windows_are_seen_at_once_as_each_is_alone(step):
    image = ramp(300, 400)[..., 0].astype(np.float32)
    windows = [Window(200, 150, angle, 30 * step, 12 * step) for angle in (0.0, 0.5, math.pi / 2, -2.0)]
    together = sample_each(halvings(image), windows, 30, 12)
    for window, seen in zip(windows, together, strict=True):
        assert seen == pytest.approx(sample(image, window, 30, 12), abs=0.3)


def test_what_lies_beyond_the_picture_is_marked_in_each_of_many_windows():
    image = np.ones((100, 100), np.float32)
    inside, outside = sample_each(
        halvings(image), [Window(50, 50, 0, 40, 10), Window(900, 0, 0, 40, 10)], 20, 5
    )
    assert (inside == 1).all()
    assert np.isnan(outside).all()
    assert sample_each(halvings(image), [], 20, 5).shape == (0, 5, 20)


def test_halvings_keep_the_mean_and_stop_at_the_least_side():
    levels = halvings(np.arange(64.0 * 96).reshape(64, 96), least=16)
    assert [level.shape for level in levels] == [(64, 96), (32, 48), (16, 24)]
    assert [level.mean() for level in levels] == pytest.approx([64 * 96 / 2 - 0.5] * 3)


def test_halvings_of_a_picture_with_channels_halve_each_of_them():
    image = ramp(64, 96).astype(np.float32)
    together = halvings(image)
    assert [level.shape for level in together] == [(64, 96, 2), (32, 48, 2), (16, 24, 2)]
    for k in range(2):
        apart = halvings(image[..., k])
        assert all((a == b[..., k]).all() for a, b in zip(apart, together, strict=True))
