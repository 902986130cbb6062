"""The quick way to a picture: coarser where nobody looks, the same lines, the same truth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reader.simulate import (
    FINE,
    QUICK,
    Decoy,
    Membrane,
    Sheet,
    View,
    cassette,
    crop,
    render,
    render_light,
    scene,
)
from reader.simulate.raster import Grid, blur, refined, wide_blur
from reader.simulate.scenes import Placed
from reader.simulate.table import decorate

EVEN = Membrane(texture=0, streaks=0, edge_darkening=0)


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _looked_at():
    device = cassette({"C": 0.4, "T": 0.1}, membrane=EVEN, brand="Home Test")
    seen = scene([device], size_px=(460, 460), fill=0.9, angle_deg=30, tilt_deg=12)
    return replace(seen, background=replace(seen.background, sheets=(Sheet((20.0, 0.0)),)))


def test_pictures_are_fine_unless_they_are_asked_to_be_quick():
    seen = crop(cassette({"C": 0.4}), px_per_mm=6)
    default, fine, quick = (render(seen, _rng(), *detail).pixels for detail in ((), (FINE,), (QUICK,)))
    np.testing.assert_array_equal(default, fine)
    assert not np.array_equal(default, quick)


def test_a_quick_picture_differs_little_and_tells_the_same_truth():
    (fine, truth), (quick, same) = (render_light(_looked_at(), _rng(), detail) for detail in (FINE, QUICK))
    assert same == truth
    difference = np.abs(quick - fine)
    assert difference.mean() < 0.01
    assert np.quantile(difference, 0.99) < 0.12


@pytest.mark.parametrize("kind", ["chart", "text", "code", "scribble", "pen", "card", "bars"])
def test_a_thing_changes_nothing_beyond_its_reach(kind):
    grid = Grid((-100.0, -90.0), (900, 1000), 5.0)
    table = np.full((*grid.shape, 3), 0.5, np.float32)
    thing = Decoy(kind, (12.0, -7.0), 60.0 if kind == "pen" else 9.0, 25.0, "Read (No 27)", (0.1, 0.1, 0.3))
    whole = decorate(table.copy(), thing, grid, _rng(1))
    place = grid.around(thing.center_mm, thing.reach_mm)
    local = table.copy()
    local[place] = decorate(table[place], thing, grid.part(place), _rng(1))
    assert np.abs(whole - table).max() > 0.05
    assert np.abs(local - whole).mean() < 2e-4
    outside = np.ones(grid.shape, bool)
    outside[place] = False
    np.testing.assert_allclose(whole[outside], 0.5, atol=0.01)


def test_a_part_of_a_grid_lies_where_it_lies_in_the_whole():
    grid = Grid((-10.0, 5.0), (60, 80), 4.0)
    part = grid.part((slice(8, 20), slice(12, 40)))
    assert part.shape == (12, 28)
    np.testing.assert_allclose(
        grid.pixels(np.array([(-5.0, 9.0)])) - part.pixels(np.array([(-5.0, 9.0)])), [[12, 8]]
    )


def test_things_and_tests_outside_the_picture_are_not_seen():
    seen = scene([], size_px=(60, 40), fill=0.5)
    seen = replace(seen, view=View((60, 40), 2.0))
    away = replace(
        seen,
        decoys=(Decoy("pen", (300.0, 0.0), 60.0), Decoy("card", (0.0, -300.0), 30.0)),
        placed=(Placed(cassette({"C": 0.4}), (0.0, 400.0)),),
    )
    empty, _ = render_light(seen, _rng(), QUICK)
    light, truth = render_light(away, _rng(), QUICK)
    np.testing.assert_allclose(light, empty, rtol=1e-5)
    assert truth[0].kind == "window"


@pytest.mark.parametrize("sigma", [3.0, 12.0, 40.0])
def test_a_wide_blur_is_nearly_the_same_on_a_coarse_grid(sigma):
    field = np.zeros((300, 400), np.float32)
    field[100:220, 150:260] = 1
    assert np.abs(wide_blur(field, sigma, 4.0) - blur(field, sigma)).max() < 0.02


@pytest.mark.parametrize("ratio", [1.5, 2.0, 3.2])
def test_a_refined_field_keeps_its_places(ratio):
    x, y = np.meshgrid((np.arange(80) + 0.5) / 10, (np.arange(60) + 0.5) / 10)
    coarse = (0.3 * x + 0.2 * y).astype(np.float32)
    shape = (round(60 * ratio), round(80 * ratio))
    u, v = np.meshgrid((np.arange(shape[1]) + 0.5), (np.arange(shape[0]) + 0.5))
    expected = (0.3 * u + 0.2 * v) / (10 * ratio)
    inner = (slice(8, -8), slice(8, -8))
    np.testing.assert_allclose(refined(coarse, ratio, shape)[inner], expected[inner], atol=0.003)


def test_the_view_from_straight_above_bends_nothing():
    view = View((300, 200), 5.0)
    assert view.seen((12.0, 7.0)) == (12.0, 7.0)
    assert view.border() == ((0.0, 0.0), (300.0, 0.0), (300.0, 200.0), (0.0, 200.0))
