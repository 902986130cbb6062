"""Bars that pass for lines one by one are no lines where all of them, or what lies around, say otherwise."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reader.measure.foreign import (
    bars_beside,
    between_things,
    foreign_to_a_strip,
    foreign_to_any_device,
    is_drawn,
    is_ink,
    is_painted,
    is_ruled,
    is_same_beside,
    joins_materials,
    lies_alone,
    lies_on_several,
)
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
        [line(step=1.5)],
        [line(slope=0.4)],
        [line(full=0.1, least=-1.0, uneven=2.0)],
        [line(slope=-0.12), line(3.2, slope=0.12)],
        [line(sigma=0.05), line(3.2, sigma=0.19)],
        [line(0.8, frame=0.3)],
        [line(0.5)],
        [line(sigma=0.26)],
    ],
    ids=[
        "a step",
        "askew",
        "a poor mark",
        "not parallel",
        "of unlike widths",
        "a lone rim",
        "at an end",
        "half as wide as the membrane",
    ],
)
def test_bars_that_differ_from_lines_or_from_each_other_are_foreign(others):
    assert foreign_to_a_strip(window(STRIPED), others)


def test_a_wide_bar_beside_another_is_a_line_of_a_blurred_picture():
    blurred = [line(1.7, sigma=0.26), line(3.5, sigma=0.24)]
    assert not foreign_to_a_strip(window(STRIPED), blurred, alone=False)


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


def test_faint_bars_at_even_distances_are_a_scale_too():
    faint = [line(place, height=0.03) for place in (0.8, 1.9, 3.0)]
    assert foreign_to_any_device(window(STRIPED), faint, faint, coloured=True)
    # Beside a strong line they are the membrane's own ripple.
    assert not foreign_to_any_device(window(STRIPED), [line()], [line(4.3), *faint], coloured=True)


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


def test_a_line_among_several_marks_half_as_strong_is_a_letter():
    marks = [line(place, full=0.8, height=height) for place, height in ((0.7, 0.2), (2.6, 0.15), (4.0, 0.18))]
    assert foreign_to_any_device(window(STRIPED), [line()], [line(), *marks], coloured=True)
    assert not foreign_to_any_device(window(STRIPED), [line()], [line(), *marks[:2]], coloured=True)


@pytest.mark.parametrize(("colour", "several"), [((0.0, -0.1, -0.4), True), ((0.0, -0.08, -0.15), False)])
def test_a_ground_of_two_colours_is_not_one_membrane(colour, several):
    patch = window(STRIPED)
    light = patch.log_light.copy()
    light[:, END + 3 * ROWS :] += np.array(colour, np.float32)
    assert lies_on_several(replace(patch, log_light=light), [line()]) is several
    assert not lies_on_several(patch, [line()])


def test_a_dense_black_bar_is_ink():
    assert is_ink([line(height=1.4, colour=14 * GREY)])
    assert not is_ink([line(height=1.4)])
    assert not is_ink([line(height=0.5, colour=5 * GREY)])


def test_fine_grey_lines_of_one_strength_are_ruled():
    fine = {"sigma": 0.05, "colour": GREY}
    ruled = [line(height=0.06, **fine), line(3.2, height=0.062, **fine)]
    assert is_ruled(ruled)
    assert not is_ruled(ruled[:1])
    assert not is_ruled([ruled[0], line(3.2, height=0.09, **fine)])
    assert not is_ruled([ruled[0], line(3.2, height=0.062, sigma=0.05)])


def test_a_nearly_grey_bar_with_another_colour_beyond_it_is_a_join():
    bar_of = {"height": 0.12, "colour": np.array([0.1, 0.12, 0.11])}
    plain = window(STRIPED, height=0.12)
    light = plain.log_light.copy()
    light[:, END + round(1.7 * ROWS) :, 1] -= 0.05
    joined = replace(plain, log_light=light)
    assert joins_materials(joined, line(**bar_of))
    assert not joins_materials(plain, line(**bar_of))
    assert not joins_materials(joined, line(height=0.12))


def outlined(around: float) -> Patch:
    """Draw a dark outline around a window whose ground goes on beyond it, or another one does."""
    patch = window(around=around)
    light = patch.log_light.copy()
    light[[SIDE - 1, SIDE, SIDE + ROWS - 1, SIDE + ROWS], END : END + COLUMNS] = -0.9
    return replace(patch, log_light=light)


def seen_at_one_side(patch: Patch) -> Patch:
    """Let the picture end at one long side of a window."""
    light = patch.log_light.copy()
    light[:SIDE] = np.nan
    return replace(patch, log_light=light)


def test_where_the_picture_ends_at_one_side_the_other_tells_that_there_is_no_membrane():
    lines = [line()]
    assert foreign_to_any_device(seen_at_one_side(window(STRIPED, around=-0.2)), lines, lines, coloured=True)
    assert not foreign_to_any_device(seen_at_one_side(window(STRIPED)), lines, lines, coloured=True)


def test_where_the_picture_ends_at_one_side_a_line_that_goes_on_beyond_the_other_is_a_stripe():
    nothing = replace(window(), log_light=np.full_like(window().log_light, np.nan))
    assert bars_beside(window(STRIPED), lambda aside: window(STRIPED) if aside < 0 else nothing, [line()])
    assert not bars_beside(window(STRIPED), lambda aside: window() if aside < 0 else nothing, [line()])
    assert not bars_beside(window(STRIPED), lambda _: nothing, [line()])


def test_lines_in_an_outline_on_paper_are_drawn_where_there_are_colours():
    lines = [line()]
    assert foreign_to_any_device(outlined(-0.2), lines, lines, coloured=True)
    assert not foreign_to_any_device(outlined(-0.2), lines, lines, coloured=False)
    assert not foreign_to_any_device(outlined(-0.22), lines, lines, coloured=True)


@pytest.mark.parametrize(("blur", "painted"), [(0.01, True), (0.05, False)])
def test_a_lone_stripe_with_sharp_edges_is_painted_and_one_that_thins_out_is_a_line(blur, painted):
    assert is_painted(window(bar(1.7, 0.3, blur)), line(sigma=0.12)) is painted


def test_a_label_does_not_brighten_its_ground():
    soft = window(bar(1.7, 0.2, 0.05))
    assert is_painted(soft, line(colour=np.array([0.4, 0.1, -0.1])))
    assert not is_painted(soft, line(colour=np.array([0.4, 0.1, -0.01])))
    # A fainter one drowns in the noise of the colours.
    assert not is_painted(soft, line(height=0.02, colour=np.array([0.02, 0.01, -0.01])))


def beside(tint: tuple[float, float, float], start: int = 0) -> Patch:
    """Let another ground lie at one long side of a window, from some row of its margin on."""
    light = window().log_light.copy()
    light[start:SIDE] = tint
    return replace(window(), log_light=light)


def of_one_ground(tint: tuple[float, float, float]) -> Patch:
    return replace(window(), log_light=np.broadcast_to(np.float32(tint), window().log_light.shape))


GREEN, DARK, PALE = (-0.6, -0.1, -0.6), (-0.6, -0.6, -0.6), (-0.1, -0.1, -0.1)


@pytest.mark.parametrize(
    ("near", "farther", "between"),
    [(GREEN, GREEN, True), (DARK, DARK, False), (PALE, GREEN, False), (GREEN, PALE, False)],
    ids=["of another colour", "in the shadow", "a device beside a lawn", "a print on a device"],
)
def test_a_window_between_two_things_of_other_colours_is_in_no_device(near, farther, between):
    def look(aside: float) -> Patch:
        return of_one_ground(farther if aside < 0 else PALE)

    assert between_things(beside(near), look) is between


def on_ground(level: float, *, end: float | None = None) -> Patch:
    """Lay a membrane on a ground that is darker by so much, or of another level beyond both ends."""
    patch = window(around=level)
    light = patch.log_light.copy()
    if end is not None:
        light[:, :END] = light[:, -END:] = end
    return replace(patch, log_light=light)


def test_the_same_ground_on_both_sides_of_a_window_is_paper():
    assert is_same_beside(window(), lambda _: of_one_ground((-0.2,) * 3))
    assert not is_same_beside(window(), lambda _: of_one_ground((-0.17,) * 3))
    assert not is_same_beside(window(), lambda _: of_one_ground((-0.2, -0.2, -0.215)))
    assert not is_same_beside(window(), lambda aside: of_one_ground((-0.2 if aside < 0 else -0.1,) * 3))


@pytest.mark.parametrize(
    ("patch", "far", "alone"),
    [
        (on_ground(-0.5), -0.5, True),
        (on_ground(-0.5), -0.9, False),
        (on_ground(-0.5, end=-0.2), -0.5, False),
        (on_ground(-0.25), -0.25, False),
        (on_ground(-0.1), -0.1, False),
    ],
    ids=["on a table", "in a dark device", "between pads", "hardly darker", "in a pale device"],
)
def test_a_pale_thing_on_a_darker_ground_is_no_window(patch, far, alone):
    near = float(patch.log_light[0, 100, 0])

    def look(aside: float) -> Patch:
        return of_one_ground((near,) * 3 if abs(aside) < 2 else (far,) * 3)

    assert lies_alone(patch, look) is alone


def plastic(_: float) -> Patch:
    return of_one_ground(PALE)


def test_an_empty_box_on_paper_is_drawn_and_an_unused_window_is_not():
    assert is_drawn(outlined(-0.2), plastic, [])
    assert not is_drawn(outlined(-0.1), plastic, [])
    assert not is_drawn(window(), plastic, [])


def test_an_empty_box_between_others_like_it_is_a_key_or_a_cell():
    def look(aside: float) -> Patch:
        return window() if aside < 0 else plastic(aside)

    assert is_drawn(window(), lambda _: window(), [])
    assert not is_drawn(window(), look, [])


def test_an_empty_box_between_things_of_other_colours_is_no_window():
    def look(aside: float) -> Patch:
        return of_one_ground(GREEN if aside < 0 else PALE)

    assert is_drawn(beside(GREEN), look, [])


@pytest.mark.parametrize(("level", "drawn"), [(0.6, True), (0.4, False)], ids=["a black bar", "in a recess"])
def test_an_empty_box_far_darker_than_what_is_beside_it_is_no_membrane(level, drawn):
    ground = of_one_ground((level - 0.2,) * 3)
    assert is_drawn(window(around=level - 0.2), lambda _: ground, []) is drawn


def test_an_empty_box_beside_plain_bars_is_a_part_of_a_pattern():
    def darker(patch: Patch) -> Patch:
        return replace(patch, log_light=patch.log_light - 0.1)

    assert is_drawn(window(), lambda _: darker(window(STRIPED)), [])
    assert not is_drawn(window(), lambda _: darker(window(STRIPED, height=0.03)), [])


def test_a_stretch_of_a_band_has_no_ends():
    empty = window()
    light = empty.log_light.copy()
    light[SIDE : SIDE + ROWS] = light[SIDE : SIDE + ROWS, END : END + 1]
    band = replace(empty, log_light=light)
    assert is_drawn(band, plastic, [])
    light[:, -END:] = -0.1
    assert not is_drawn(band, plastic, [])


@pytest.mark.parametrize(("seen", "alone"), [(0.7, True), (0.3, False)], ids=["most of it", "a bit of it"])
def test_a_ground_of_which_the_picture_shows_most_goes_on(seen, alone):
    patch = on_ground(-0.5)
    cut = of_one_ground((-0.5,) * 3).log_light.copy()
    cut[:, round(seen * cut.shape[1]) :] = np.nan

    def look(aside: float) -> Patch:
        return of_one_ground((-0.5,) * 3) if abs(aside) < 2 else replace(patch, log_light=cut)

    assert lies_alone(patch, look) is alone


def test_a_line_on_a_front_is_a_line_as_long_as_its_crest_rises_above_the_darker_side():
    assert not foreign_to_a_strip(window(STRIPED), [line(step=1.2)])
