"""What surrounds a line tells a line striped on a membrane from strokes, rims, joins and print."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from reader.measure.lines import ROWS, FoundLine, Patch
from reader.measure.setting import LAMP, is_lettered, line_plausibility, printed, setting, tint
from tests.measure.clear import found

SIDE, END, COLUMNS = 8, 19, 160
PLACE = 2.0  # membrane widths from the start of the window
GOLD = np.array([0.05, 0.3, 0.22])
GREY = np.array([0.3, 0.3, 0.3])


def line(colour: np.ndarray = GOLD, **changes: object) -> FoundLine:
    """Describe what the search would say of a clean line at `PLACE`."""
    clear = {
        "place": PLACE,
        "to_end": PLACE,
        "sigma": 0.12,
        "height": float(colour @ (0.25, 0.5, 0.25)),
        "colour": colour,
        "least": 0.95,
        "uneven": 0.03,
        "step": 0.02,
        "bend": 0.0,
    }
    return found(**{**clear, **changes})


def picture(
    colour: np.ndarray = GOLD,
    *,
    membrane: tuple[float, float, float] = (-0.25, -0.26, -0.27),
    around: float = -0.15,
    goes_on: bool = False,
) -> Patch:
    """Lay one line on a membrane in a window with plain surroundings and a little grain."""
    grain = np.random.default_rng(0).normal(0, 0.002, (ROWS + 2 * SIDE, COLUMNS + 2 * END, 1))
    light = np.full((ROWS + 2 * SIDE, COLUMNS + 2 * END, 3), around) + grain
    inside = np.s_[SIDE : SIDE + ROWS, END : END + COLUMNS]
    light[inside] = np.array(membrane) + grain[inside]
    x = np.arange(COLUMNS + 2 * END) - (END + PLACE * ROWS - 0.5)
    mark = np.exp(-0.5 * (x / (0.12 * ROWS)) ** 2)[:, None] * colour
    rows = slice(None) if goes_on else inside[0]
    light[rows] -= mark
    return Patch(light.astype(np.float32), ROWS, COLUMNS, SIDE, END)


@pytest.mark.parametrize("colour", [GOLD, GREY, np.array([0.4, 0.2, 0.05])], ids=["gold", "black", "blue"])
def test_a_line_that_crosses_a_white_membrane_and_ends_at_its_sides_is_plausible(colour):
    assert line_plausibility(picture(colour), line(colour)) > 0.9


def test_a_stroke_that_goes_on_beyond_both_sides_is_not():
    assert setting(picture(goes_on=True), line()).beyond == pytest.approx(1.0, abs=0.1)
    assert line_plausibility(picture(goes_on=True), line()) < 0.2
    assert line_plausibility(picture(GREY, goes_on=True), line(GREY)) < 0.01


def test_a_mark_that_leaves_the_middle_of_the_membrane_blank_is_not():
    patch = picture()
    light = patch.log_light.copy()
    light[SIDE + 8 : SIDE + 24] = picture(0 * GOLD).log_light[SIDE + 8 : SIDE + 24]
    assert line_plausibility(replace(patch, log_light=light), line()) < 0.05


def test_a_line_on_a_coloured_thing_is_not():
    assert line_plausibility(picture(membrane=(-0.1, -0.6, -0.7)), line()) < 0.1


def test_a_line_between_two_colours_is_not_because_one_membrane_has_one():
    patch = picture()
    light = patch.log_light.copy()
    light[SIDE : SIDE + ROWS, END + round(PLACE * ROWS) :] += np.array([0.2, 0.0, -0.2], np.float32)
    assert setting(replace(patch, log_light=light), line()).hue == pytest.approx(0.4, abs=0.01)
    assert line_plausibility(replace(patch, log_light=light), line()) < 0.1
    assert setting(patch, line()).hue < 0.01


def test_a_yellow_line_is_not_because_no_label_absorbs_blue_light_most():
    yellow = np.array([0.02, 0.15, 0.4])
    assert line_plausibility(picture(yellow), line(yellow)) < 0.1


def test_a_grey_line_with_the_window_s_sides_on_one_side_only_is_a_rim():
    patch = picture(GREY, around=-0.05)
    light = patch.log_light.copy()
    light[:, : END + round(PLACE * ROWS) - 6] = -0.05
    assert line_plausibility(replace(patch, log_light=light), line(GREY)) < 0.1


@pytest.mark.parametrize(("colour", "plausible"), [(GREY, False), (GOLD, True)], ids=["grey", "gold"])
def test_between_two_levels_a_grey_line_is_a_join_and_a_coloured_one_a_line(colour, plausible):
    assert (line_plausibility(picture(colour), line(colour, step=0.4)) > 0.5) is plausible


def test_a_grey_line_between_two_textures_is_a_join():
    patch = picture(GREY)
    light = patch.log_light.copy()
    rough = np.random.default_rng(1).normal(0, 0.02, (*light.shape[:2], 1))
    start = END + round(PLACE * ROWS)
    light[:, start:] += rough[:, start:].astype(np.float32)
    assert setting(replace(patch, log_light=light), line(GREY)).grain > 1
    assert line_plausibility(replace(patch, log_light=light), line(GREY)) < 0.1


def test_a_grey_line_close_to_an_end_is_a_shadow_and_a_coloured_one_may_be_a_line():
    assert line_plausibility(picture(GREY), line(GREY, to_end=0.45)) < 0.1
    assert line_plausibility(picture(), line(to_end=0.45)) > 0.9


def test_a_thin_dark_grey_stroke_is_ink():
    ink = 3 * GREY
    assert line_plausibility(picture(ink), line(ink, sigma=0.05)) == 0


def test_an_outline_with_the_same_paper_on_both_sides_is_print():
    patch = picture(membrane=(-0.15, -0.15, -0.15))
    light = patch.log_light.copy()
    light[SIDE - 1 : SIDE + 1, END : END + COLUMNS] = -0.9
    light[SIDE + ROWS - 1 : SIDE + ROWS + 1, END : END + COLUMNS] = -0.9
    outlined = replace(patch, log_light=light)
    assert printed(outlined) > 0.9
    assert printed(patch) < 0.1
    other = light.copy()
    other[SIDE + 1 : SIDE + ROWS - 1, END : END + COLUMNS] -= 0.1
    assert printed(replace(patch, log_light=other)) < 0.1


@pytest.mark.parametrize(
    ("slope", "blue", "is_print"),
    [(0.0, 0.0, True), (0.06, 0.0, True), (0.2, 0.0, False), (0.0, 0.015, False)],
    ids=["even", "falls off", "differs", "tinted"],
)
def test_a_blurred_outline_in_light_that_falls_off_is_print(slope, blue, is_print):
    patch = picture(np.zeros(3), membrane=(-0.15, -0.15, -0.15 - blue))
    across = np.arange(ROWS + 2 * SIDE)
    sides = (SIDE - 3, SIDE + ROWS + 2)
    outline = sum(np.exp(-0.5 * ((across - side) / 1.7) ** 2) for side in sides)
    dimmed = 0.3 * outline + slope * across / len(across)
    light = patch.log_light - dimmed[:, None, None].astype(np.float32)
    assert (printed(replace(patch, log_light=light)) > 0.5) is is_print


def test_in_a_grey_picture_greyness_says_nothing():
    patch = picture(GREY)
    grey = replace(patch, log_light=patch.log_light[..., :1].repeat(3, axis=2).copy())
    assert line_plausibility(grey, line(GREY, step=0.4)) > 0.5


def test_where_nothing_is_seen_beside_the_membrane_a_line_stays_plausible():
    patch = picture()
    light = patch.log_light.copy()
    light[:SIDE] = light[SIDE + ROWS :] = np.nan
    light[:, :END] = light[:, END + COLUMNS :] = np.nan
    assert line_plausibility(replace(patch, log_light=light), line()) > 0.9


@pytest.mark.parametrize(
    ("membrane", "around", "expected"),
    [((-0.25, -0.26, -0.27), -0.15, 0.02), ((-0.1, -0.3, -0.6), -0.15, 0.5)],
    ids=["white", "orange"],
)
def test_the_tint_of_a_window_is_the_difference_between_its_channels(membrane, around, expected):
    patch = picture(np.zeros(3), membrane=membrane, around=around)
    assert tint(patch) == pytest.approx(expected, abs=0.005)


def test_what_exceeds_the_tint_of_any_lamp_counts():
    patch = picture(np.zeros(3))
    orange = patch.log_light + np.array([0.0, -0.6, -1.2], np.float32)
    assert tint(replace(patch, log_light=orange)) == pytest.approx(1.2 + 0.02 - LAMP, abs=0.005)


def test_the_tint_of_the_lamp_does_not_count():
    patch = picture(np.zeros(3))
    tinted = replace(patch, log_light=patch.log_light + np.float32([0.0, -0.2, -0.5]))
    assert tint(tinted) == pytest.approx(tint(patch), abs=0.005)


@pytest.mark.parametrize(
    ("to_end", "sigma", "whole"),
    [(0.8, 0.26, False), (1.2, 0.26, True), (0.5, 0.1, True)],
    ids=["shade at an end", "broad line", "line near an end"],
)
def test_a_broad_bar_of_which_an_end_hides_one_flank_is_not(to_end, sigma, whole):
    assert (line_plausibility(picture(), line(to_end=to_end, sigma=sigma)) > 0.5) is whole


def across(shape: np.ndarray, noise: float = 0.004) -> Patch:
    """Lay a line on a membrane whose strength follows a shape across the width."""
    patch = picture(0 * GOLD)
    x = np.arange(COLUMNS + 2 * END) - (END + PLACE * ROWS - 0.5)
    light = patch.log_light.copy()
    mark = np.exp(-0.5 * (x / (0.12 * ROWS)) ** 2)[None, :, None] * shape[:, None, None] * GOLD
    light[SIDE : SIDE + ROWS] -= mark.astype(np.float32)
    light += np.random.default_rng(1).normal(0, noise, light.shape).astype(np.float32)
    return replace(patch, log_light=light)


@pytest.mark.parametrize(
    "shape",
    [np.ones(ROWS), np.linspace(0.4, 1.6, ROWS), 1 - 0.5 * np.linspace(-1, 1, ROWS) ** 2],
    ids=["even", "stronger on one side", "weaker at both sides"],
)
def test_a_line_that_is_uneven_as_flow_makes_it_has_no_letters(shape):
    assert not is_lettered(across(shape), line())


def test_a_bar_with_letters_cut_out_of_it_is_print():
    letters = np.where(np.arange(ROWS) % 10 < 4, 0.1, 1.0)

    assert is_lettered(across(letters), line())


def test_noise_makes_no_letters_of_a_faint_line():
    faint = line(0.3 * GOLD)

    assert not any(is_lettered(across(0.3 * np.ones(ROWS), noise=0.03), faint) for _ in range(3))
