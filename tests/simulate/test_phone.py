"""Phones and rooms: mosaic, smoothing, colours, lens, resizing, and light of several kinds."""

from __future__ import annotations

import io
from dataclasses import replace

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, JpegImagePlugin

from reader.simulate import (
    Camera,
    Light,
    Membrane,
    SecondLight,
    View,
    cassette,
    crop,
    photograph,
    render,
    render_light,
    scene,
)

NEUTRAL = Camera(1.0, (1, 1, 1), 0, (0, 0), 0, 0, 0, 0, 0, 0, 0, 1)


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _linear(pixels: np.ndarray) -> np.ndarray:
    codes = pixels / 255
    return np.where(codes <= 0.04045, codes / 12.92, ((codes + 0.055) / 1.055) ** 2.4)


def _grey(level: float = 0.25, shape: tuple[int, int] = (120, 160)) -> np.ndarray:
    return np.full((*shape, 3), level, np.float32)


@pytest.mark.parametrize(
    "changes",
    [
        {"bayer": True},
        {"denoise": 1.0},
        {"colour_matrix": ((1.2, -0.1, -0.1), (0.0, 0.9, 0.1), (0.05, -0.05, 1.0))},
    ],
)
def test_what_a_phone_does_leaves_an_even_grey_alone(changes):
    taken = photograph(_grey(), replace(NEUTRAL, **changes), _rng())
    np.testing.assert_array_equal(taken, photograph(_grey(), NEUTRAL, _rng()))


def test_a_mosaic_gives_back_slopes_of_any_colour():
    x = np.linspace(0.2, 0.6, 160, dtype=np.float32)
    light = np.broadcast_to(x[None, :, None] * np.float32([1.0, 0.8, 0.5]), (120, 160, 3)).copy()
    taken = _linear(photograph(light, replace(NEUTRAL, bayer=True), _rng()))
    np.testing.assert_allclose(taken[3:-3, 3:-3], light[3:-3, 3:-3], atol=0.004)


def test_a_mosaic_invents_colour_at_fine_edges_as_real_ones_do():
    light = _grey(0.05)
    light[:, 60:63] = 0.6
    taken = _linear(photograph(light, replace(NEUTRAL, bayer=True), _rng()))
    assert np.ptp(taken, axis=-1).max() > 0.02


def test_behind_a_mosaic_the_noise_of_a_pixel_is_that_of_the_sensor_and_spreads():
    camera = replace(NEUTRAL, shot_noise=0.04, bayer=True)
    taken = _linear(photograph(_grey(0.25, (400, 400)), camera, _rng(2)))
    measured = taken[::2, ::2, 0]  # where red itself was seen
    assert measured.std() == pytest.approx(0.04 * 0.5, rel=0.05)
    red = taken[..., 0] - taken[..., 0].mean()
    assert (red[:, :-1] * red[:, 1:]).mean() / red.var() > 0.2


def test_smoothing_takes_noise_and_keeps_an_edge():
    light = _grey(0.2)
    light[:, 80:] = 0.6
    noisy, smooth = (
        photograph(light, replace(NEUTRAL, shot_noise=0.02, denoise=strength), _rng(1)).astype(np.float64)
        for strength in (0.0, 1.0)
    )
    assert smooth[:, :70].std() < 0.6 * noisy[:, :70].std()
    assert smooth[:, 84:90].mean() - smooth[:, 70:76].mean() > 60


def test_a_colour_matrix_mixes_red_green_and_blue_of_the_sensor():
    light = _grey()
    light[..., 0] = 0.5
    swapped = replace(NEUTRAL, colour_matrix=((0, 1, 0), (1, 0, 0), (0, 0, 1)))
    taken, plain = photograph(light, swapped, _rng()), photograph(light, NEUTRAL, _rng())
    np.testing.assert_array_equal(taken, plain[..., [1, 0, 2]])


@pytest.mark.parametrize("factor", [0.5, 0.73, 1.5])
def test_a_resized_picture_has_its_truth_where_its_pixels_say(factor):
    look = Membrane(texture=0, streaks=0, edge_darkening=0)
    device = cassette({"C": 0.5, "T": 0.4}, membrane=look)
    seen = replace(crop(device, px_per_mm=16.0), camera=NEUTRAL)
    whole = render(seen, _rng())
    small = render(replace(seen, camera=replace(NEUTRAL, resize=factor)), _rng())
    assert small.pixels.shape[0] == round(whole.pixels.shape[0] * factor)
    assert small.truth[0].px_per_mm == pytest.approx(whole.truth[0].px_per_mm * factor, rel=0.01)
    for line in small.truth[0].lines:
        column, row = line.center
        green = small.pixels[:, round(column), 1].astype(float)
        near = np.arange(round(row) - 5, round(row) + 6)
        darkest = near[green[near] == green[near].min()].mean()
        assert darkest == pytest.approx(row, abs=1.0)


@pytest.mark.parametrize(("subsampling", "code"), [("4:2:0", 2), ("4:4:4", 0)])
def test_the_file_keeps_colour_as_the_camera_says(subsampling, code):
    seen = crop(cassette({"C": 0.4}), camera=replace(NEUTRAL, jpeg_quality=80, subsampling=subsampling))
    image = Image.open(io.BytesIO(render(seen, _rng()).encode()))
    assert JpegImagePlugin.get_sampling(image) == code


@given(
    distortion=st.floats(-0.08, 0.08),
    x=st.floats(0, 900),
    y=st.floats(0, 1200),
)
def test_what_the_lens_shows_at_a_point_is_what_lies_straight_behind_it(distortion, x, y):
    view = View((900, 1200), 10.0, distortion=distortion)
    column, row = view.seen((x, y))
    ideal = view.straight(np.asarray(column), np.asarray(row))
    assert (float(ideal[0]), float(ideal[1])) == pytest.approx((x, y), abs=1e-6)


@pytest.mark.parametrize("distortion", [-0.08, 0.08])
def test_behind_a_bending_lens_the_window_of_the_truth_is_where_the_membrane_shows(distortion):
    dark = Membrane((0.05, 0.05, 0.05), texture=0, streaks=0, edge_darkening=0)
    pictures = []
    for look in (replace(dark, tone=(0.7, 0.7, 0.7)), dark):
        seen = scene([cassette({}, membrane=look)], size_px=(460, 460), fill=0.95, angle_deg=20)
        view = replace(seen.view, distortion=distortion, center_mm=(8.0, 6.0))
        pictures.append(render_light(replace(seen, view=view), _rng()))
    (bright, truth), (shaded, _) = pictures
    changed = np.abs(bright - shaded).max(-1) > 0.2
    drawn = np.zeros(changed.shape, np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(np.asarray(truth[0].window)).astype(np.int32), 1)
    assert (changed & (drawn > 0)).sum() / (changed | (drawn > 0)).sum() > 0.9


def test_a_barrel_lens_bends_straight_edges_outwards():
    def middle_of_edge(distortion: float) -> tuple[float, float]:
        seen = scene([cassette({"C": 0.4})], size_px=(460, 460), fill=0.98)
        view = replace(seen.view, distortion=distortion, center_mm=(9.0, 0.0))
        (left_top, _, _, left_bottom), edge = (
            replace(seen, view=view).placed[0].outline(view),
            replace(seen, view=view).placed[0].outline(view, steps=2)[7],
        )
        return edge[0], (left_top[0] + left_bottom[0]) / 2

    straight, bent = middle_of_edge(0.0), middle_of_edge(0.05)
    assert straight[0] == pytest.approx(straight[1], abs=1e-6)
    assert bent[0] < bent[1] - 0.5


def _table(light: Light) -> np.ndarray:
    even = replace(scene([], size_px=(120, 80)), view=View((120, 80), 2.0))
    lit, dark = (render_light(replace(even, light=each), _rng())[0] for each in (light, Light()))
    return lit / dark


def test_two_lights_mix_from_one_side_to_the_other():
    share = _table(Light(second=SecondLight((1.2, 1.0, 0.7), (0.0, 0.0), 0.0, 8.0)))
    np.testing.assert_allclose(share[:, :5], 1, atol=2e-3)
    np.testing.assert_allclose(share[:, -5:], np.broadcast_to((1.2, 1.0, 0.7), (80, 5, 3)), rtol=2e-3)
    assert np.all(np.diff(share[40, :, 2]) <= 1e-6)


def test_a_near_lamp_lights_what_is_near_it_more():
    share = _table(Light(spot=(60.0, 20.0, 0.0)))[40, :, 1]
    assert share[60] == pytest.approx(1, abs=0.01)
    assert int(share.argmax()) == pytest.approx(59.5 + 2 * 20, abs=2)
    assert share[0] < share[-1]
