"""All strips of a photo are found, in reading order, and nothing but strips."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import numpy as np
import pytest

import reader
from reader.geometry import Window
from reader.locate.hypothesis import Candidate, Hypothesis
from reader.locate.siblings import in_reading_order
from reader.simulate import Background, Device, Picture, cassette, render, simulate, strip
from reader.simulate.camera import View as Camera
from reader.simulate.scenes import Placed, Scene

WOOD = Background("wood", (0.35, 0.25, 0.18))
POSITIVE, NEGATIVE, BLANK = {"C": 0.45, "T": 0.2}, {"C": 0.45, "T": 0.0}, {"C": 0.0, "T": 0.0}
NAMES = {"positive": POSITIVE, "negative": NEGATIVE, "invalid": BLANK}


def laid_out(devices: Sequence[Device], columns: int, *, angle_deg: float = 0.0, seed: int = 0) -> Picture:
    """Lay devices in rows, each a little off its place and direction, as by hand."""
    rng = np.random.default_rng(seed)
    rows = math.ceil(len(devices) / columns)
    width, height = (max(d.size_mm[k] for d in devices) + 8 for k in (0, 1))
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    placed = []
    for k, device in enumerate(devices):
        x = (k % columns - (columns - 1) / 2) * width + rng.uniform(-1, 1)
        y = (k // columns - (rows - 1) / 2) * height + rng.uniform(-2, 2)
        placed.append(Placed(device, (c * x - s * y, s * x + c * y), angle_deg + rng.uniform(-2, 2)))
    span = (
        abs(c) * width * columns + abs(s) * height * rows,
        abs(s) * width * columns + abs(c) * height * rows,
    )
    scale = 0.95 * min(1600 / span[0], 1200 / span[1])
    return render(Scene(Camera((1600, 1200), scale), tuple(placed), WOOD), rng)


@cache
def row_of_cassettes(outcomes: tuple[str, ...], columns: int, angle_deg: float = 0.0) -> Picture:
    return laid_out(
        [cassette(NAMES[o], brand="Rapid Ag") for o in outcomes],
        columns,
        angle_deg=angle_deg,
        seed=len(outcomes),
    )


def middles(quads: Sequence[Sequence[tuple[float, float]]]) -> np.ndarray:
    return np.array([np.mean(quad, axis=0) for quad in quads])


def assert_all_found(picture: Picture) -> None:
    """Every strip is found at its place, in the order in which they were laid; nothing else is."""
    strips = reader.read_image(picture.pixels).strips
    assert len(strips) == len(picture.truth)
    apart = middles([s.window for s in strips]) - middles([t.window for t in picture.truth])
    sizes = [math.dist(t.window[0], t.window[3]) for t in picture.truth]
    assert (np.hypot(*apart.T) < 0.4 * np.array(sizes)).all()


def assert_all_read(picture: Picture) -> None:
    """Every strip is found, and has its own outcome."""
    assert_all_found(picture)
    strips = reader.read_image(picture.pixels).strips
    assert [s.outcome for s in strips] == [t.outcome for t in picture.truth]


PATTERN = (
    "positive",
    "negative",
    "negative",
    "positive",
    "negative",
    "positive",
    "positive",
    "negative",
    "negative",
)


@pytest.mark.parametrize(("count", "columns"), [(2, 2), (3, 3), (4, 2), (6, 3), (8, 4)])
def test_cassettes_in_rows_are_all_read_row_by_row(count, columns):
    assert_all_read(row_of_cassettes(PATTERN[:count], columns))


@pytest.mark.parametrize("angle_deg", [8.0, -6.0])
def test_a_slanted_row_is_found_from_left_to_right(angle_deg):
    assert_all_found(row_of_cassettes(PATTERN[:4], 4, angle_deg))


def test_nine_dipsticks_side_by_side_are_all_read():
    sticks = [strip(NAMES[o], brand="hCG") for o in PATTERN]
    assert_all_read(laid_out(sticks, 9, seed=3))


def test_an_unused_cassette_among_others_is_not_overlooked():
    strips = reader.read_image(row_of_cassettes(("negative", "invalid", "positive"), 3).pixels).strips
    assert [s.outcome.value for s in strips] == ["negative", "invalid", "positive"]


def test_cassettes_of_two_kinds_are_both_read():
    kinds = [
        cassette(POSITIVE, brand="Home Test", style="stadium"),
        cassette(NEGATIVE, brand="QuickDx", window_mm=(22.0, 4.5), width_mm=25.0, length_mm=80.0),
    ]
    assert_all_read(laid_out(kinds, 2, seed=5))


@pytest.mark.parametrize("seed", range(3))
def test_one_cassette_alone_is_one_strip(seed):
    device = cassette(POSITIVE, brand="Dx-line", code="lot7", wells=1 + seed % 2)
    assert len(reader.read_image(laid_out([device], 1, seed=seed).pixels).strips) == 1


def candidate(x: float, y: float, angle: float = math.pi / 2) -> Candidate:
    window = Window(x, y, angle, 100, 20)
    return Candidate((Hypothesis(window, 1.0, (), 0.0, 0.0, 0.0),), odds=5.0, close_up=False)


LEGENDS = {53: "covid-19-igg-igm", 30: "malaria-pf-pan"}  # pictures with a legend of drawn windows


@pytest.mark.parametrize("number", LEGENDS)
def test_windows_drawn_on_a_leaflet_beside_a_cassette_are_no_strips(number):
    picture = simulate(LEGENDS[number], seed=901, number=number)
    (device,) = picture.truth
    (seen,) = reader.read_bytes(picture.encode("JPEG")).strips
    assert seen.outcome is device.outcome
    assert np.hypot(*(np.mean(seen.window, axis=0) - np.mean(device.window, axis=0))) < 20


@pytest.mark.parametrize("angle", [math.pi / 2, -math.pi / 2])
def test_reading_order_is_rows_then_left_to_right_even_if_rows_are_slanted(angle):
    places = [(100 + 130 * k, 200 + 20 * k + 400 * row) for row in range(2) for k in range(4)]
    shuffled = [places[k] for k in (5, 0, 7, 2, 1, 6, 3, 4)]
    ordered = in_reading_order([candidate(x, y, angle) for x, y in shuffled])
    assert [(c.hypotheses[0].window.x, c.hypotheses[0].window.y) for c in ordered] == places


def test_lying_devices_one_below_the_other_are_read_from_the_top():
    places = [(300 + 5 * k, 100 + 110 * k) for k in range(4)]
    ordered = in_reading_order([candidate(x, y, 0.0) for x, y in places[::-1]])
    assert [c.hypotheses[0].window.y for c in ordered] == [y for _, y in places]
