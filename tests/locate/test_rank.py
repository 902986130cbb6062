"""The ranker prefers windows to other rectangles of a picture."""

from __future__ import annotations

import math

import numpy as np
import pytest

from reader.geometry import Window
from reader.locate.planes import Planes, search_planes
from reader.locate.rank import FEATURES, distinct, rank_features, window_scores
from reader.view import View
from tests.locate import scenes


def planes_and_truth(picture: object) -> tuple[Planes, list[Window]]:
    view = View(picture.pixels)
    windows = [scenes.window_of(truth.window).scaled(view.scale) for truth in picture.truth]
    return search_planes(view.log_small), windows


@pytest.mark.parametrize("angle", [0.0, 33.0, 90.0])
def test_the_window_scores_above_shifted_grown_and_shrunken_rectangles(angle):
    planes, (truth,) = planes_and_truth(scenes.cassette_picture(angle))
    others = [
        truth.cut(-0.5, 0.5),
        truth.cut(0.5, 1.5),
        truth.cut(1.5, 2.5),
        Window(truth.x, truth.y, truth.angle, truth.length, 3 * truth.width),
        Window(*truth.at(0.5, 2.0), truth.angle, truth.length, truth.width),
    ]
    scores = window_scores(planes, [truth, *others])
    assert scores.argmax() == 0


def test_the_score_of_a_window_does_not_depend_on_the_assumed_direction_of_flow():
    planes, (truth,) = planes_and_truth(scenes.cassette_picture())
    there, back = window_scores(planes, [truth, truth.reversed()])
    assert there == pytest.approx(back, abs=0.3)


def test_a_rectangle_s_score_does_not_depend_on_what_else_is_scored():
    planes, truth = planes_and_truth(scenes.pair_picture())
    together = window_scores(planes, truth)
    alone = [float(window_scores(planes, [w])[0]) for w in truth]
    assert together == pytest.approx(alone, abs=1e-4)


def test_features_are_finite_even_beyond_the_picture():
    planes, (truth,) = planes_and_truth(scenes.cassette_picture())
    windows = [truth, Window(-900, 50, 0.3, 60, 15), Window(0, 0, 0.0, 80, 20)]
    features = rank_features(planes, windows)
    assert features.shape == (3, len(FEATURES))
    assert np.isfinite(features).all()
    assert np.isfinite(window_scores(planes, windows)).all()


def test_hopeless_rectangles_have_scores_too():
    dark = np.full((100, 150, 3), -2.0, np.float32)
    dark[:30] = 0.0
    assert np.isfinite(window_scores(search_planes(dark), [Window(75, 70, 0.0, 60, 15)])).all()


def test_no_windows_have_no_scores():
    planes, _ = planes_and_truth(scenes.cassette_picture())
    assert window_scores(planes, []).shape == (0,)


def test_near_copies_are_dropped_and_different_rectangles_kept():
    window = Window(100, 100, 0.2, 80, 20)
    copies = [
        Window(100.5, 100, 0.2, 80, 20),
        Window(100, 100, 0.2 + math.pi, 81, 20.5),
        Window(100, 101, 0.22, 78, 19.5),
    ]
    different = [Window(150, 100, 0.2, 80, 20), Window(100, 100, 0.2, 40, 20), Window(100, 100, 0.8, 80, 20)]
    assert len(distinct([window, *copies])) == 1
    assert len(distinct([window, *copies, *different])) == 4
    assert distinct([]) == []
