"""Pictures of tests: the truth they carry lies where the pixels say, and closes exactly without a camera."""

from __future__ import annotations

import io
import json
import math
from dataclasses import replace

import cv2
import numpy as np
import pillow_heif
import pytest
from PIL import Image

from reader.errors import OptionError
from reader.reading import Outcome
from reader.simulate import (
    Background,
    Band,
    Camera,
    Decoy,
    Device,
    Light,
    Membrane,
    Scene,
    ShadowEdge,
    View,
    cassette,
    crop,
    photograph,
    render,
    render_light,
    scene,
    strip,
)

EVEN = Membrane(texture=0, streaks=0, edge_darkening=0)
NEUTRAL = Camera(1.0, (1, 1, 1), 0, (0, 0), 0, 0, 0, 0, 0, 0, 0, 1)
POSES = [
    {"angle_deg": 0.0},
    {"angle_deg": 37.0},
    {"angle_deg": 180.0, "tilt_deg": 20.0, "tilt_towards_deg": 60.0},
    {"angle_deg": 270.0, "tilt_deg": 10.0, "tilt_towards_deg": 200.0},
]


def _rng(seed: int = 0) -> np.random.Generator:
    return np.random.default_rng(seed)


def _look_at(device: Device, **pose: float) -> Scene:
    return scene([device], size_px=(460, 460), fill=0.9, **pose)


def _window_view(device: Device, px_per_mm: float, **pose: float) -> Scene:
    """Look at the window from above, close enough that a line covers many pixels."""
    seen = crop(device, px_per_mm=px_per_mm, angle_deg=pose.get("angle_deg", 0.0))
    tilt = {name: value for name, value in pose.items() if name != "angle_deg"}
    return replace(seen, view=replace(seen.view, **tilt))


def _bilinear(field: np.ndarray, point: tuple[float, float]) -> float:
    x, y = np.float32(point[0]), np.float32(point[1])
    return float(cv2.remap(field, np.array([[x]]), np.array([[y]]), cv2.INTER_LINEAR)[0, 0])


@pytest.mark.parametrize("pose", POSES)
@pytest.mark.parametrize("make", [cassette, strip])
def test_without_a_camera_the_absorbance_in_the_picture_is_the_truth_to_a_thousandth(make, pose):
    # Wide lines: what a pixel of 1/30 mm averages is then far below the tolerance.
    control, test = Band("C", "control", 0.3, 0.4, 1.4), Band("T", "test", 0.7, 0.02, 1.4)
    lined, bare = (make(lines, membrane=EVEN) for lines in ((control, test), ()))
    light, truth = render_light(_window_view(lined, 30.0, **pose), _rng())
    blank, _ = render_light(_window_view(bare, 30.0, **pose), _rng())
    found = -np.log10(light[..., 1] / blank[..., 1])
    for line in truth[0].lines:
        column, row = (round(v) for v in line.center)
        near = found[row - 2 : row + 3, column - 2 : column + 3]
        assert near.max() == pytest.approx(line.od, rel=1e-3)


@pytest.mark.parametrize("pose", POSES)
def test_a_line_lies_at_the_local_minimum_of_green(pose):
    seen = _window_view(cassette({"C": 0.4, "T": 0.3}, membrane=EVEN, style="stadium"), 20.0, **pose)
    light, truth = render_light(seen, _rng())
    window = np.asarray(truth[0].window)
    flow = (window[2] + window[3] - window[0] - window[1]) / 2
    flow /= np.hypot(*flow)
    for line in truth[0].lines:
        offsets = np.linspace(-8, 8, 65)
        green = [_bilinear(light[..., 1], tuple(np.asarray(line.center) + t * flow)) for t in offsets]
        assert abs(offsets[int(np.argmin(green))]) <= 0.75


@pytest.mark.parametrize("pose", POSES)
def test_the_window_of_the_truth_is_where_the_membrane_shows(pose):
    dark = replace(EVEN, tone=(0.05, 0.05, 0.05))
    devices = [cassette({"C": 0.0}, membrane=look, style="bevel", wells=1) for look in (EVEN, dark)]
    pictures = [render_light(_look_at(device, **pose), _rng()) for device in devices]
    changed = (pictures[1][0][..., 1] / pictures[0][0][..., 1]) < 0.5
    assert _overlap(changed, pictures[0][1][0].window) > 0.90


@pytest.mark.parametrize("pose", POSES)
def test_the_outline_of_the_truth_is_where_the_device_shows(pose):
    devices = [cassette({"C": 0.4}, colour=(level,) * 3) for level in (0.8, 0.2)]
    pictures = [render_light(_look_at(device, **pose), _rng()) for device in devices]
    changed = np.abs(pictures[1][0] - pictures[0][0]).max(-1) > 0.05
    contours, _ = cv2.findContours(changed.astype(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    filled = cv2.drawContours(np.zeros(changed.shape, np.uint8), contours, -1, 1, cv2.FILLED)
    assert _overlap(filled > 0, pictures[0][1][0].outline) > 0.95


def _overlap(mask: np.ndarray, quad: tuple) -> float:
    drawn = np.zeros(mask.shape, np.uint8)
    cv2.fillConvexPoly(drawn, np.rint(np.asarray(quad)).astype(np.int32), 1)
    return float((mask & (drawn > 0)).sum() / (mask | (drawn > 0)).sum())


@pytest.mark.parametrize("pose", POSES)
def test_corners_run_clockwise_and_begin_at_the_control_end(pose):
    _, truth = render_light(_look_at(cassette({"C": 0.4, "T": 0.1}), **pose), _rng())
    strip_truth = truth[0]
    corners = np.asarray(strip_truth.window)
    x, y = corners.T
    assert np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y) > 0
    start = corners[:2].mean(0)
    control, test = (math.dist(start, line.center) for line in strip_truth.lines)
    assert control < test


def test_the_scale_of_the_truth_is_the_length_of_the_window_over_its_millimetres():
    device = cassette({"C": 0.4}, window_mm=(16.0, 3.5))
    _, truth = render_light(_look_at(device), _rng())
    corners = np.asarray(truth[0].window)
    length = math.dist(corners[0], corners[3])
    assert truth[0].px_per_mm == pytest.approx(length / 16.0, rel=0.01)


def test_a_membrane_below_the_face_is_displaced_when_seen_at_a_slant():
    device = cassette({"C": 0.4}, style="wide")
    seen = [
        render_light(_look_at(device, tilt_deg=tilt, tilt_towards_deg=0.0), _rng())[1][0]
        for tilt in (0.0, 25.0)
    ]
    middles = [np.mean(s.window, axis=0)[0] - np.mean(s.outline, axis=0)[0] for s in seen]
    depth = (device.window.depth_mm + 0.25) * math.tan(math.radians(25)) * seen[0].px_per_mm
    # Seen from the left-hand side, what lies deeper moves away from the viewer.
    assert abs(middles[1] - middles[0]) > 0.4 * depth


def test_a_cut_window_has_no_outline_and_a_whole_device_has_one():
    device = cassette({"C": 0.4})
    cut = render_light(crop(device), _rng())[1][0]
    whole = render_light(_look_at(device), _rng())[1][0]
    assert (cut.kind, cut.outline) == ("window", None)
    assert whole.kind == "cassette"
    assert whole.outline is not None


def test_devices_side_by_side_are_all_in_the_truth_in_order():
    devices = [cassette({"C": 0.4, "T": t}) for t in (0.2, 0.0, 0.1)]
    seen = scene(devices, size_px=(500, 400), fill=0.9)
    _, truth = render_light(seen, _rng())
    assert [s.outcome for s in truth] == [Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.POSITIVE]
    lefts = [s.window[0][0] for s in truth]
    assert lefts == sorted(lefts)


def test_a_table_without_a_test_has_no_truth():
    picture = render(scene([], size_px=(64, 48), decoys=[Decoy("chart", (0, 0), 30)]), _rng())
    assert picture.truth == ()
    assert picture.pixels.shape == (48, 64, 3)


@pytest.mark.parametrize("kind", ["chart", "text", "code", "scribble", "pen", "card", "bars"])
def test_each_decoy_changes_the_table_about_its_place_only(kind):
    empty = scene([], size_px=(200, 200), fill=0.5)
    empty = replace(empty, view=View((200, 200), 2.0))
    thing = Decoy(kind, (20.0, 10.0), 18.0, 10.0, "A1", (0.05, 0.05, 0.2))
    before, _ = render_light(empty, _rng())
    after, _ = render_light(replace(empty, decoys=(thing,)), _rng())
    rows, columns = np.nonzero(np.abs(after - before).max(-1) > 0.1)
    # 10 mm below and 20 mm to the right of the middle, at 2 px/mm.
    assert columns.min() > 99.5 + 2 * (20 - 30)
    assert np.mean([columns.min(), columns.max()]) == pytest.approx(139.5, abs=8)
    assert np.mean([rows.min(), rows.max()]) == pytest.approx(119.5, abs=8)


def test_light_of_another_colour_scales_the_channels_and_nothing_else():
    device = cassette({"C": 0.4, "T": 0.1})
    white, _ = render_light(_look_at(device), _rng())
    warm = replace(_look_at(device), light=Light(colour=(1.2, 1.0, 0.7)))
    tinted, _ = render_light(warm, _rng())
    np.testing.assert_allclose(tinted, white * np.float32([1.2, 1.0, 0.7]), rtol=1e-5)


def test_a_shadow_takes_its_share_of_the_light_on_its_side_only():
    even = replace(scene([], size_px=(100, 80)), view=View((100, 80), 2.0))
    lit, _ = render_light(even, _rng())
    light = Light(shadows=(ShadowEdge((0.0, 0.0), 0.0, 0.4, 1.0),))
    shaded, _ = render_light(replace(even, light=light), _rng())
    share = (shaded / lit)[..., 1]
    assert share[:, :30].min() > 0.999
    np.testing.assert_allclose(share[:, 70:], 0.6, rtol=1e-3)


def test_the_rim_shades_the_membrane_on_the_side_of_the_light():
    device = cassette({"C": 0.0}, membrane=EVEN, style="wide")
    low_light = Light(azimuth_deg=180.0, elevation_deg=30.0, ambient=0.4)
    light, truth = render_light(replace(crop(device, px_per_mm=20.0), light=low_light), _rng())
    corners = np.asarray(truth[0].window)
    row = round(corners[:, 1].mean())
    left, right = round(corners[0, 0]) + 3, round(corners[1, 0]) - 3
    assert light[row, left, 1] < 0.85 * light[row, right, 1]


def test_a_neutral_camera_only_encodes():
    linear = np.repeat(_rng().uniform(0, 1, (40, 50, 1)), 3, 2).astype(np.float32)
    pixels = photograph(linear, NEUTRAL, _rng()).astype(np.float64) / 255
    decoded = np.where(pixels <= 0.04045, pixels / 12.92, ((pixels + 0.055) / 1.055) ** 2.4)
    np.testing.assert_allclose(decoded, linear, atol=2.3 / 255 / 2 + 1e-4)


def test_exposure_scales_the_light_before_it_is_encoded():
    grey = np.full((8, 8, 3), 0.5, np.float32)
    half = photograph(grey, replace(NEUTRAL, exposure=0.5), _rng())
    np.testing.assert_array_equal(half, photograph(grey * 0.5, NEUTRAL, _rng()))


@pytest.mark.parametrize("correlation", [0.0, 0.8])
def test_the_sensor_has_the_stated_noise_whatever_its_correlation(correlation):
    grey = np.full((200, 200, 3), 0.25, np.float32)
    camera = replace(NEUTRAL, shot_noise=0.04, read_noise=0.0, noise_px=correlation)
    codes = photograph(grey, camera, _rng(3)).astype(np.float64) / 255
    linear = ((codes + 0.055) / 1.055) ** 2.4
    assert linear.std() == pytest.approx(0.04 * 0.5, rel=0.05)
    assert linear.mean() == pytest.approx(0.25, abs=0.001)


@pytest.mark.parametrize(
    "camera",
    [
        replace(NEUTRAL, blur_px=2.0),
        replace(NEUTRAL, motion_px=(9.0, 30.0)),
        replace(NEUTRAL, flare=0.1),
        replace(NEUTRAL, sharpening=0.8),
        replace(NEUTRAL, saturation=1.3),
    ],
)
def test_optics_and_sharpening_leave_an_even_grey_picture_alone(camera):
    grey = np.full((40, 40, 3), 0.3, np.float32)
    np.testing.assert_array_equal(photograph(grey, camera, _rng()), photograph(grey, NEUTRAL, _rng()))


def test_blur_conserves_light():
    spot = np.zeros((61, 61, 3), np.float32)
    spot[30, 30] = 100.0
    light = photograph(spot, replace(NEUTRAL, blur_px=5.0), _rng()).astype(np.float64) / 255
    linear = np.where(light <= 0.04045, light / 12.92, ((light + 0.055) / 1.055) ** 2.4)
    assert linear[..., 1].sum() == pytest.approx(100.0, rel=0.03)


def test_the_same_seed_gives_the_same_picture_and_another_seed_another():
    seen = _look_at(cassette({"C": 0.4, "T": 0.1}, brand="Home Test", code="x1"))
    first, again, other = (render(seen, _rng(seed)).pixels for seed in (4, 4, 5))
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("material", ["paper", "laminate", "wood", "cloth", "stone"])
def test_each_table_keeps_about_its_colour_and_has_some_texture(material):
    colour = (0.4, 0.3, 0.2)
    seen = replace(scene([], size_px=(160, 120)), background=Background(material, colour))
    light, _ = render_light(replace(seen, view=View((160, 120), 3.0)), _rng())
    np.testing.assert_allclose(light.mean((0, 1)), colour, rtol=0.35)
    assert light[..., 1].std() / light[..., 1].mean() > 0.005


@pytest.mark.parametrize(("name", "suffix"), [("JPEG", "JPEG"), ("PNG", "PNG"), ("WEBP", "WEBP")])
def test_a_picture_is_encoded_in_the_named_format(name, suffix):
    picture = render(crop(cassette({"C": 0.4})), _rng())
    image = Image.open(io.BytesIO(picture.encode(name)))
    assert image.format == suffix
    assert image.size == picture.pixels.shape[1::-1]


def test_a_picture_is_encoded_as_heif():
    picture = render(crop(cassette({"C": 0.4})), _rng())
    held = pillow_heif.open_heif(io.BytesIO(picture.encode("HEIF", quality=70)))
    assert held.size == picture.pixels.shape[1::-1]


def test_png_keeps_every_pixel():
    picture = render(crop(cassette({"C": 0.4})), _rng())
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(picture.encode("PNG")))), picture.pixels)


def test_a_lower_quality_gives_a_smaller_file_and_the_camera_sets_the_default():
    seen = crop(cassette({"C": 0.4}), camera=Camera(jpeg_quality=20))
    picture = render(seen, _rng())
    assert picture.encode() == picture.encode(quality=20)
    assert len(picture.encode(quality=20)) < len(picture.encode(quality=95))


def test_an_unknown_format_is_refused_and_the_known_ones_are_named():
    picture = render(crop(cassette({"C": 0.4})), _rng())
    with pytest.raises(OptionError, match=r"'BMP'.*JPEG, PNG, WEBP, HEIF"):
        picture.encode("BMP")


def test_truth_and_settings_are_plain_json():
    seen = replace(_look_at(cassette({"C": 0.4, "T": 0.1})), decoys=(Decoy("pen", (30.0, 0.0), 60.0),))
    document = json.loads(json.dumps(render(seen, _rng()).to_dict(), allow_nan=False))
    assert document["strips"][0]["outcome"] == "positive"
    assert document["strips"][0]["lines"][1]["od"] == 0.1
    assert document["settings"]["decoys"][0]["kind"] == "pen"


@pytest.mark.parametrize(
    ("lines", "outcome"),
    [
        ({"C": 0.4, "T": 0.1}, Outcome.POSITIVE),
        ({"C": 0.4, "T": 0.0}, Outcome.NEGATIVE),
        ({"C": 0.0, "T": 0.1}, Outcome.INVALID),
        ({}, Outcome.INVALID),
        ({"C": 0.4, "T2": 0.0, "T1": 0.002}, Outcome.POSITIVE),
    ],
)
def test_a_device_knows_what_its_lines_mean_in_a_sandwich_assay(lines, outcome):
    assert cassette(lines).outcome is outcome
    assert strip(lines).outcome is outcome


@pytest.mark.parametrize("letters", ["right", "left", "embossed", "none"])
@pytest.mark.parametrize("style", ["stadium", "bevel", "wide", "plain"])
def test_prints_stay_on_the_face_and_off_the_window(style, letters):
    device = cassette(
        {"C": 0.4, "IgG": 0.1, "IgM": 0.1}, style=style, letters=letters, brand="Kit", code="k1"
    )
    width, length = device.size_mm
    window = device.window
    for mark in device.prints:
        x, y = mark.center_mm
        assert 0 < x < width
        assert 0 < y < length
        beside = abs(x - window.center_mm[0]) > window.size_mm[0] / 2 + 0.5
        beyond = abs(y - window.center_mm[1]) > window.size_mm[1] / 2
        assert beside or beyond
