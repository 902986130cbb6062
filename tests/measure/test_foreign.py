"""Bars that pass for lines one by one are no lines where all of them, or what lies around, say otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reader.measure.foreign import bars_beside, foreign_to_a_strip, foreign_to_any_device, is_drawn
from reader.measure.lines import ROWS, FoundLine, Patch
from tests.measure.clear import found

SIDE, END, COLUMNS = 8, 19, 160
GREY = np.array([0.1, 0.1, 0.1])


def bar(place: float, width: float, blur: float) -> np.ndarray:
    """Return the share 0..1 of a bar of this width and blur (membrane widths) along the window."""
    x = (np.arange(COLUMNS + 2 * END) - END + 0.5) / ROWS
    rise = 1 / (1 + np.exp(-(x - place + width / 2) / blur))
    return rise - 1 / (1 + np.exp(-(x - place - width / 2) / blur))


def window(*bars: np.ndarray, height: float = 0.3, around: float = -0.1) -> Patch:
    """Lay bars on a grainy membrane whose surroundings are of another level, or of its own."""
    grain = np.random.default_rng(0).normal(0, 0.002, (ROWS + 2 * SIDE, COLUMNS + 2 * END, 1))
    light = np.full((ROWS + 2 * SIDE, COLUMNS + 2 * END, 3), -0.2) + grain
    inside = np.s_[SIDE : SIDE + ROWS, END : END + COLUMNS]
    light[inside] -= height * sum(bars, np.zeros(COLUMNS + 2 * END))[END:-END, None]
    outside = np.ones(light.shape[:2], bool)
    outside[inside] = False
    light[outside] += around + 0.2
    return Patch(light.astype(np.float32), ROWS, COLUMNS, SIDE, END)


def line(place: float = 1.7, **changes: object) -> FoundLine:
    return found(**{"place": place, "to_end": min(place, 5 - place), **changes})


STRIPED = bar(1.7, 0.25, 0.03)


def test_two_clean_lines_belong_to_a_strip():
    patch = window(STRIPED, bar(3.2, 0.25, 0.03))
    lines = [line(), line(3.2)]
    assert not foreign_to_a_strip(patch, lines)
    assert not foreign_to_any_device(patch, lines, lines, coloured=True)


def test_nothing_is_foreign_where_no_line_was_found():
    assert not foreign_to_a_strip(window(), [])


@pytest.mark.parametrize(
    "others",
    [
        [line(step=1.2)],
        [line(slope=0.4)],
        [line(full=0.1, least=-1.0, uneven=2.0)],
        [line(slope=-0.12), line(3.2, slope=0.12)],
        [line(sigma=0.05), line(3.2, sigma=0.19)],
        [line(0.6, frame=0.3)],
    ],
    ids=["a step", "askew", "a poor mark", "not parallel", "of unlike widths", "a lone rim"],
)
def test_bars_that_differ_from_lines_or_from_each_other_are_foreign(others):
    assert foreign_to_a_strip(window(STRIPED), others)


def test_a_bar_that_is_wider_than_lines_are_striped_must_be_blurred():
    lines = [line(2.5, sigma=0.19)]
    assert foreign_to_a_strip(window(bar(2.5, 0.5, 0.01)), lines)
    assert not foreign_to_a_strip(window(bar(2.5, 0.5, 0.12)), lines)
    assert not foreign_to_a_strip(window(bar(2.5, 0.3, 0.01)), lines)


def test_a_grey_hairline_is_a_joint_where_there_are_colours():
    patch, lines = window(bar(1.7, 0.04, 0.004)), [line(sigma=0.05, colour=GREY)]
    assert foreign_to_any_device(patch, lines, lines, coloured=True)
    assert not foreign_to_any_device(patch, lines, lines, coloured=False)
    assert not foreign_to_any_device(window(STRIPED), [line(colour=GREY)], lines, coloured=True)


def test_three_bars_nearer_to_each_other_than_lines_are_striped_are_print():
    close = [line(place) for place in (1.7, 2.3, 2.9)]
    assert foreign_to_any_device(window(STRIPED), [line()], close, coloured=True)
    assert not foreign_to_any_device(window(STRIPED), [line()], close[:2], coloured=True)
    assert not foreign_to_any_device(
        window(STRIPED), [line()], [line(1.7), line(2.3), line(3.5)], coloured=True
    )


@pytest.mark.parametrize(
    ("bars", "scale"),
    [
        ([line(place) for place in (0.8, 1.9, 3.0)], True),
        ([line(place) for place in (0.8, 1.9, 3.4)], False),
        ([line(0.8, height=0.2), line(1.9), line(3.0)], False),
        ([line(place, full=0.5) for place in (0.8, 2.0, 3.6)], True),
        ([line(0.8, full=0.5), line(2.0), line(3.6)], False),
    ],
    ids=["even", "uneven", "of unlike strength", "half as wide", "one stain"],
)
def test_bars_at_even_distances_or_over_half_the_width_are_a_scale(bars, scale):
    assert foreign_to_any_device(window(STRIPED), [line()], bars, coloured=True) is scale


def test_a_stretch_of_plain_ground_is_no_membrane():
    assert foreign_to_any_device(window(STRIPED, around=-0.2), [line()], [line()], coloured=True)
    assert not foreign_to_any_device(window(STRIPED, around=-0.23), [line()], [line()], coloured=True)


def test_bars_beside_the_window_as_strong_as_its_lines_are_a_pattern():
    lines = [line()]
    empty, faint, elsewhere = window(), window(STRIPED, height=0.03), window(bar(3.0, 0.25, 0.03))
    assert bars_beside(window(), lambda aside: elsewhere if aside < -1 else empty, lines)
    assert not bars_beside(window(), lambda _: faint, lines)
    assert not bars_beside(window(), lambda _: empty, lines)


def test_bars_on_another_ground_beside_the_window_are_the_table_s():
    grained = window(bar(3.0, 0.25, 0.03))
    wood = replace(grained, log_light=grained.log_light - 0.3)
    assert not bars_beside(window(), lambda _: wood, [line()])
    assert not is_drawn(window(), lambda _: wood, [])


def test_a_line_that_goes_on_beyond_both_sides_is_a_stripe_and_beyond_one_that_of_a_wider_membrane():
    striped, empty = window(STRIPED), window()
    assert bars_beside(window(), lambda _: striped, [line()])
    assert not bars_beside(window(), lambda aside: striped if aside < 0 else empty, [line()])


def test_a_dense_black_bar_is_ink_where_there_are_colours():
    dense = [line(height=1.4, colour=14 * GREY)]
    assert foreign_to_any_device(window(STRIPED), dense, dense, coloured=True)
    assert not foreign_to_any_device(window(STRIPED), dense, dense, coloured=False)
    assert not foreign_to_any_device(window(STRIPED), [line(height=1.4)], dense, coloured=True)


def outlined(around: float) -> Patch:
    """Draw a dark outline around a window whose ground goes on beyond it, or another one does."""
    patch = window(around=around)
    light = patch.log_light.copy()
    light[[SIDE - 1, SIDE, SIDE + ROWS - 1, SIDE + ROWS], END : END + COLUMNS] = -0.9
    return replace(patch, log_light=light)


def test_an_empty_box_on_paper_is_drawn_and_an_unused_window_is_not():
    empty = window()
    assert is_drawn(outlined(-0.2), lambda _: empty, [])
    assert not is_drawn(outlined(-0.1), lambda _: empty, [])
    assert not is_drawn(empty, lambda _: empty, [])


def test_an_empty_box_beside_plain_bars_is_a_part_of_a_pattern():
    assert is_drawn(window(), lambda _: window(STRIPED), [])
    assert not is_drawn(window(), lambda _: window(STRIPED, height=0.03), [])


def test_a_stretch_of_a_band_has_no_ends():
    empty = window()
    light = empty.log_light.copy()
    light[SIDE : SIDE + ROWS] = light[SIDE : SIDE + ROWS, END : END + 1]
    band = replace(empty, log_light=light)
    assert is_drawn(band, lambda _: empty, [])
    light[:, -END:] = -0.1
    assert not is_drawn(band, lambda _: empty, [])
