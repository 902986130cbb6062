"""The planes of a search picture show windows by light and lines by ratios of channels."""

from __future__ import annotations

import numpy as np
import pytest

from reader.locate.planes import search_planes

WHITE = (-0.1, -0.1, -0.1)


def page(inside: tuple[float, float, float]) -> np.ndarray:
    """Return a white page with a bar on it, log10 of light."""
    picture = np.full((60, 80, 3), WHITE, np.float32)
    picture[20:40, 30:50] = inside
    return picture


def test_a_coloured_bar_vanishes_in_the_light_and_shows_in_the_ratios():
    planes = search_planes(page((-0.1, -0.4, -0.2)))
    assert planes.light == pytest.approx(np.full((60, 80), -0.1))
    assert planes.red[30, 40] == pytest.approx(0.3)
    assert planes.blue[30, 40] == pytest.approx(-0.1)


def test_a_shadow_shows_in_the_light_and_vanishes_in_the_ratios():
    planes = search_planes(page((-0.5, -0.5, -0.5)))
    assert planes.light[30, 40] == pytest.approx(-0.5)
    assert planes.dark[30, 40] == pytest.approx(0.5)
    assert not planes.red.any()
    assert not planes.blue.any()


def test_a_twentieth_of_the_picture_is_brighter_than_what_counts_as_bright():
    ramp = np.linspace(-2, 0, 100 * 120, dtype=np.float32).reshape(100, 120)
    planes = search_planes(np.dstack([ramp] * 3))
    assert np.mean(planes.light > planes.bright) == pytest.approx(0.05, abs=0.01)


def test_each_plane_is_halved_from_itself():
    planes = search_planes(page((-0.1, -0.4, -0.2)))
    for plane, levels in (
        (planes.light, planes.light_levels),
        (planes.red, planes.red_levels),
        (planes.blue, planes.blue_levels),
    ):
        assert (levels[0] == plane).all()
        assert levels[1].shape == (30, 40)
    assert planes.shape == (60, 80)
