"""The overlay: its size, what it leaves alone, where its marks stand, and the words below."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reader.flags import FLAGS, explain
from reader.reading import Line, Outcome
from reader.report import caption, draw_overlay
from reader.report.palette import rgb


@pytest.mark.parametrize(
    ("width", "height"),
    [(22, 60), (120, 30), (299, 120), (899, 901), (1600, 1200), (3024, 4032), (6000, 300)],
)
def test_an_overlay_is_never_too_large_to_send_nor_too_small_to_read(made, width, height):
    window = ((5, height - 5), (5, 5), (width - 5, 5), (width - 5, height - 5))
    picture = made.photo(np.full((height, width, 3), 200, np.uint8))
    drawn = draw_overlay(picture, made.reading(made.strip(window)))
    assert drawn.dtype == np.uint8
    assert drawn.shape[2] == 3
    assert max(drawn.shape[:2]) <= 1600
    assert drawn.shape[1] >= 900


@pytest.mark.parametrize("degrees", [0, 20, 45, 90, 135, 180, 270])
def test_nothing_is_drawn_over_the_membrane(made, speckled, degrees):
    window = made.turned(made.LEVEL, degrees)
    outline = made.turned(((250, 320), (250, 140), (800, 140), (800, 320)), degrees)
    drawn = draw_overlay(made.photo(speckled), made.reading(made.strip(window, outline=outline)))
    inside = interior(window, speckled.shape)
    assert inside.sum() > 20_000
    assert np.array_equal(drawn[:600][inside], speckled[inside])


def test_labels_of_close_lines_do_not_cover_the_membrane_of_the_next_strip(made, speckled):
    windows = [made.turned(made.LEVEL, 90, (500, 300)), made.turned(made.LEVEL, 90, (570, 370))]
    strips = [made.strip(w, id=k + 1) for k, w in enumerate(windows)]
    drawn = draw_overlay(made.photo(speckled), made.reading(*strips))
    scale = drawn.shape[1] / 1000
    assert scale == 1
    for window in windows:
        inside = interior(window, speckled.shape)
        assert np.array_equal(drawn[:600][inside], speckled[inside])


def interior(window, shape):
    """Pixels that lie in a window, half a pixel and more from its sides."""
    rows, cols = np.mgrid[0 : shape[0], 0 : shape[1]]
    inside = np.ones(shape[:2], bool)
    for (x0, y0), (x1, y1) in zip(window, [*window[1:], window[0]], strict=True):
        length = np.hypot(x1 - x0, y1 - y0)
        inside &= ((x1 - x0) * (rows - y0) - (y1 - y0) * (cols - x0)) / length > 0.5
    return inside


@pytest.mark.parametrize("degrees", [0, 90, 180, 30])
def test_each_line_has_a_marker_in_its_own_colour_on_both_sides(made, degrees):
    window = made.turned(made.LEVEL, degrees)
    grey = np.full((600, 1000, 3), 128, np.uint8)
    drawn = draw_overlay(made.photo(grey), made.reading(made.strip(window)))
    across = np.subtract(window[1], window[0]) / np.hypot(*np.subtract(window[1], window[0]))
    for position, colour in ((0.3, "#0068a8"), (0.6, "#c84e00")):
        first = np.add(window[1], np.subtract(window[2], window[1]) * position)
        second = np.add(window[0], np.subtract(window[3], window[0]) * position)
        for edge, out in ((first, across), (second, -across)):
            x, y = np.round(edge + 13 * out).astype(int)
            assert tuple(drawn[y, x]) == rgb(colour)


def test_an_absent_line_has_a_hollow_marker(made):
    absent = (made.line("C", 0.3, 0.3), made.line("T", 0.6, 0.001, detected=False))
    grey = np.full((600, 1000, 3), 128, np.uint8)
    drawn = draw_overlay(made.photo(grey), made.reading(made.strip(lines=absent)))
    assert tuple(drawn[200 - 14, 540]) == (255, 255, 255)


def test_a_line_of_unknown_place_is_named_in_words_only(made, monkeypatch):
    unplaced = Line("T", "test", False, None, None, 0.001, 0.002, None, None, None)
    words = written(monkeypatch)
    grey = np.full((600, 1000, 3), 128, np.uint8)
    draw_overlay(made.photo(grey), made.reading(made.strip(lines=(unplaced,), profile=None)))
    assert "T 0.001 ± 0.002, absent" in words


def written(monkeypatch):
    """The texts that the caption writes, collected."""
    words: list[str] = []
    original = caption.write

    def write(canvas, at, text, size, colour, *, bold=False):
        words.append(text)
        original(canvas, at, text, size, colour, bold=bold)

    monkeypatch.setattr(caption, "write", write)
    return words


@pytest.mark.parametrize("code", sorted(code for code, flag in FLAGS.items() if not flag.technical))
def test_every_warning_is_written_out_in_words(made, monkeypatch, code):
    words = written(monkeypatch)
    grey = np.full((600, 1000, 3), 128, np.uint8)
    draw_overlay(made.photo(grey), made.reading(made.strip(flags=(code,))))
    assert explain(code) in " ".join(words)


@pytest.mark.parametrize("outcome", [o for o in Outcome if o is not Outcome.MULTIPLE])
def test_the_verdict_of_each_strip_is_written_out(made, monkeypatch, outcome):
    words = written(monkeypatch)
    strips = [made.strip(id=k, outcome=outcome) for k in (1, 2)]
    grey = np.full((600, 1000, 3), 128, np.uint8)
    draw_overlay(made.photo(grey), made.reading(*strips))
    word = outcome.value.replace("_", " ")
    assert {f"1  {word}", f"2  {word}"} <= set(words)


def test_every_height_is_written_out_even_among_many_strips(made, monkeypatch):
    words = written(monkeypatch)
    strips = [made.strip(id=k, lines=(made.line("C", 0.3, 0.3 + 0.01 * k),)) for k in range(1, 19)]
    grey = np.full((600, 1000, 3), 128, np.uint8)
    draw_overlay(made.photo(grey), made.reading(*strips, outcome=Outcome.MULTIPLE))
    text = " ".join(words)
    assert all(f"C {0.3 + 0.01 * k:.3f} ± 0.003" in text for k in range(1, 19))


def test_a_picture_without_a_strip_says_what_to_do(made, monkeypatch):
    words = written(monkeypatch)
    grey = np.full((600, 1000, 3), 128, np.uint8)
    drawn = draw_overlay(made.photo(grey), made.reading(flags=("no-strip-found",)))
    assert explain("no-strip-found") in " ".join(words)
    assert (drawn[:500, 50:950] == 128).all()


def test_sixteen_bit_pictures_look_like_eight_bit_ones(made):
    eight = np.random.default_rng(3).integers(0, 256, (60, 90, 3)).astype(np.uint8)
    sixteen = eight.astype(np.uint16) * 257
    drawn = [draw_overlay(made.photo(p), made.reading(flags=("no-strip-found",))) for p in (eight, sixteen)]
    assert np.array_equal(*drawn)


def test_the_same_reading_gives_the_same_overlay(made, speckled):
    one, two = (draw_overlay(made.photo(speckled), made.reading(made.strip())) for _ in range(2))
    assert np.array_equal(one, two)


coordinates = st.floats(-200, 700, allow_nan=False)
quads = st.tuples(*[st.tuples(coordinates, coordinates)] * 4)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(window=quads, outline=st.none() | quads, count=st.integers(0, 3))
def test_any_quadrilateral_is_drawn_without_failing(made, window, outline, count):
    lines = tuple(made.line(f"L{k}", 0.2 * k, 0.1 * k, window) for k in range(count))
    strip = made.strip(window, outline=outline, lines=lines)
    drawn = draw_overlay(made.photo(np.zeros((300, 400, 3), np.uint8)), made.reading(strip))
    assert max(drawn.shape[:2]) <= 1600
