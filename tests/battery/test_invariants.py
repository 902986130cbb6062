"""What must not change a reading: the day, the thread, the way in, the way up, light and scale."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import numpy as np
import pytest

import reader
from reader.colour import srgb_decode, srgb_encode
from reader.reading import Line, Outcome, Reading
from reader.simulate import Picture, cassette, crop, render, scene, strip
from reader.strip.result import HEIGHT_GAIN


@cache
def picture(name: str) -> Picture:
    lines = {"C": 0.4, "T": 0.12}
    seen = {
        "positive": lambda: scene([cassette(lines, brand="COVID-19 Ag")], size_px=(700, 900), fill=0.9),
        "negative": lambda: scene(
            [cassette({"C": 0.4, "T": 0.0}, brand="COVID-19 Ag")], size_px=(700, 900), fill=0.9
        ),
        "crop": lambda: crop(cassette(lines)),
        "strip": lambda: scene([strip(lines)], size_px=(400, 800), fill=0.9),
        "pair": lambda: scene(
            [cassette(lines, brand="A 1"), cassette({"C": 0.4, "T": 0.0}, brand="B 2")],
            size_px=(800, 800),
            fill=0.9,
        ),
    }[name]
    return render(seen(), np.random.default_rng(21))


@cache
def file_of(name: str) -> bytes:
    return picture(name).encode("JPEG")


@cache
def reading_of(name: str) -> Reading:
    return reader.read_image(picture(name).pixels)


def document(reading: Reading) -> str:
    return json.dumps(reading.to_dict(), allow_nan=False)


def lines_of(reading: Reading) -> list[Line]:
    (only,) = reading.strips
    return list(only.lines)


def noise(line: Line) -> float:
    """Return the part of a height's error that is no share of the height."""
    return float(np.sqrt(max(line.height_sigma**2 - (HEIGHT_GAIN * line.height) ** 2, 0.0)))


def assert_same_lines(first: Reading, second: Reading, *, share: float = 0.05, sigmas: float = 2.0) -> None:
    assert first.outcome == second.outcome
    for a, b in zip(lines_of(first), lines_of(second), strict=True):
        assert (a.name, a.role, a.detected) == (b.name, b.role, b.detected)
        error = float(np.hypot(noise(a), noise(b)))
        assert abs(a.height - b.height) <= max(share * abs(a.height), sigmas * error)


# --- the truth ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("positive", Outcome.POSITIVE),
        ("negative", Outcome.NEGATIVE),
        ("crop", Outcome.POSITIVE),
        ("strip", Outcome.POSITIVE),
        ("pair", Outcome.MULTIPLE),
    ],
)
def test_a_clear_picture_is_read_as_what_it_shows(name, outcome):
    assert reading_of(name).outcome is outcome


@pytest.mark.parametrize("name", ["positive", "negative", "crop", "pair"])
def test_lines_are_where_they_were_drawn(name):
    for seen, truth in zip(reading_of(name).strips, picture(name).truth, strict=True):
        width = np.hypot(*np.subtract(truth.window[0], truth.window[1]))
        drawn = [line for line in truth.lines if line.present]
        found = [line for line in seen.lines if line.detected]
        for line, true in zip(found, drawn, strict=True):
            assert np.hypot(*np.subtract(line.center, true.center)) < 0.12 * width


def test_the_heights_of_two_lines_have_the_ratio_of_their_absorbances():
    for name in ("positive", "crop"):
        control, test = lines_of(reading_of(name))
        assert test.height / control.height == pytest.approx(0.12 / 0.4, rel=0.25)


# --- the same bytes, the same document -------------------------------------------------------------


def test_the_same_bytes_give_the_same_document_twice():
    first, second = (reader.read_bytes(file_of("positive")) for _ in range(2))
    assert document(first) == document(second)
    assert first == second


def test_the_same_bytes_give_the_same_document_from_eight_threads():
    names = ["positive", "crop"] * 4
    alone = {name: document(reader.read_bytes(file_of(name))) for name in set(names)}
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(lambda name: document(reader.read_bytes(file_of(name))), names))
    assert together == [alone[name] for name in names]


def test_reading_an_array_leaves_it_unchanged():
    pixels = picture("crop").pixels.copy()
    before = pixels.copy()
    reader.read_image(pixels)
    assert (pixels == before).all()


def test_a_read_only_array_and_a_strided_one_are_read_alike():
    pixels = picture("crop").pixels
    frozen = pixels.copy()
    frozen.flags.writeable = False
    strided = np.repeat(pixels, 2, axis=1)[:, ::2]
    assert document(reader.read_image(frozen)) == document(reader.read_image(strided))


def test_a_file_its_bytes_and_its_pixels_give_the_same_reading(tmp_path: Path):
    data = picture("positive").encode("PNG")
    path = tmp_path / "photo.png"
    path.write_bytes(data)
    documents = [
        reader.read_file(path).to_dict(),
        reader.read_bytes(data).to_dict(),
        reader.read_image(picture("positive").pixels).to_dict(),
    ]
    assert [d.pop("source") for d in documents] == [str(path), "bytes", "array"]
    formats = [(d["image"].pop("format"), d["image"].pop("sha256")) for d in documents]
    assert formats[0] == formats[1]
    assert formats[0][0] == "PNG"
    assert documents[0] == documents[1] == documents[2]


# --- the same strip, another picture ---------------------------------------------------------------


@pytest.mark.parametrize("name", ["positive", "negative", "crop"])
@pytest.mark.parametrize("quarters", [1, 2, 3])
def test_a_picture_turned_by_quarters_gives_the_same_outcome_and_heights(name, quarters):
    turned = np.ascontiguousarray(np.rot90(picture(name).pixels, quarters))
    reading = reader.read_image(turned)
    assert reading.outcome is reading_of(name).outcome
    if name != "crop":
        assert_same_lines(reading_of(name), reading)
    else:
        # A cut window does not show which end is the control's: the two lines may change their names.
        heights = [sorted(line.height for line in lines_of(r)) for r in (reading_of(name), reading)]
        assert heights[1] == pytest.approx(heights[0], rel=0.05)


@pytest.mark.parametrize("name", ["positive", "negative"])
def test_a_mirrored_picture_gives_the_same_outcome_and_heights(name):
    mirrored = np.ascontiguousarray(picture(name).pixels[:, ::-1])
    assert_same_lines(reading_of(name), reader.read_image(mirrored))


@pytest.mark.parametrize("exposure", [0.5, 0.75])
@pytest.mark.parametrize("name", ["positive", "negative"])
def test_a_darker_picture_gives_the_same_outcome_and_heights(name, exposure):
    light = srgb_decode(picture(name).pixels / 255.0)
    darker = np.rint(srgb_encode(light * exposure) * 255).astype(np.uint8)
    assert_same_lines(reading_of(name), reader.read_image(darker))


def test_another_white_balance_gives_the_same_outcome_and_heights():
    light = srgb_decode(picture("positive").pixels / 255.0) * np.array([1.0, 0.85, 0.7])
    tinted = np.rint(srgb_encode(light) * 255).astype(np.uint8)
    assert_same_lines(reading_of("positive"), reader.read_image(tinted))


def test_16_bits_give_the_same_reading_as_8():
    deep = reader.read_image(picture("positive").pixels.astype(np.uint16) * 257)
    assert_same_lines(reading_of("positive"), deep, share=0.005, sigmas=0.5)


def test_a_larger_picture_of_the_same_strip_gives_the_same_outcome_and_heights():
    doubled = picture("crop").pixels.repeat(2, axis=0).repeat(2, axis=1)
    assert_same_lines(reading_of("crop"), reader.read_image(doubled))


# --- the document ----------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["positive", "negative", "crop", "strip", "pair"])
def test_the_document_keeps_the_contract(name):
    plain = reading_of(name).to_dict(timings=True)
    assert json.loads(json.dumps(plain, allow_nan=False)) == plain
    assert set(plain["timings_ms"]) == {"decode", "locate", "measure"}
    height, width = picture(name).pixels.shape[:2]
    assert plain["image"]["width"] == width
    assert plain["image"]["height"] == height
    assert [one["id"] for one in plain["strips"]] == list(range(1, len(plain["strips"]) + 1))
    for one in plain["strips"]:
        assert set(one["flags"]) <= set(reader.FLAGS)
        assert one["orientation"] in {"known", "assumed"}
        positions = [line["position"] for line in one["lines"]]
        assert positions == sorted(positions)
        assert all(0 <= p <= 1 for p in positions)
        for line in one["lines"]:
            assert line["height_sigma"] > 0
            shared = HEIGHT_GAIN * abs(line["height"])
            assert line["height_sigma"] > 0.99 * shared
            if abs(line["snr"]) > 2:
                error = np.hypot(line["height"] / line["snr"], shared)
                assert line["height_sigma"] == pytest.approx(error, rel=0.01)


@pytest.mark.parametrize("name", ["positive", "negative", "crop", "strip", "pair"])
def test_window_corners_run_clockwise_from_the_control_end(name):
    for one in reading_of(name).strips:
        a, b, c, d = (np.array(corner) for corner in one.window)
        assert np.cross([*(b - a), 0], [*(c - b), 0])[2] > 0  # clockwise on the screen, where y runs down
        start, end = (a + b) / 2, (c + d) / 2
        for line in one.lines:
            along = np.dot(np.array(line.center) - start, end - start) / np.dot(end - start, end - start)
            assert along == pytest.approx(line.position, abs=0.01)


@pytest.mark.parametrize("angle", [0.0, 90.0, 180.0, 270.0])
def test_the_first_two_corners_are_the_device_s_control_end(angle):
    device = cassette({"C": 0.4, "T": 0.12}, brand="COVID-19 Ag")
    size = (560, 700) if angle % 180 == 0 else (700, 560)
    seen = render(scene([device], size_px=size, fill=0.9, angle_deg=angle), np.random.default_rng(5))
    (one,) = reader.read_image(seen.pixels).strips
    control_end = np.mean(one.window[:2], axis=0)
    truth = np.asarray(seen.truth[0].window)
    assert np.hypot(*(control_end - truth[:2].mean(axis=0))) < np.hypot(
        *(control_end - truth[2:].mean(axis=0))
    )
