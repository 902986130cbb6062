"""The probability of a line follows what makes a line a line."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.measure.evidence import (
    FEATURES,
    control_probability,
    is_dyed,
    is_fine_shadow,
    is_ghost,
    is_join,
    is_rim,
    likely_control,
    line_features,
    line_probability,
)
from tests.measure.clear import GOLD, found

ASPECT = 16 / 3
CONTROL = found()
TEST = found(place=3.6, height=0.1, snr=40.0, block_snr=50.0, colour=0.5 * GOLD)
NOTHING = found(
    place=4.1,
    sigma=0.26,
    height=0.005,
    snr=1.2,
    block_snr=1.1,
    full=0.5,
    least=-0.8,
    uneven=1.6,
    step=1.5,
    explained=0.55,
    colour=np.array([0.004, 0.004, 0.004]),
    bend=0.15,
)


def test_a_clear_test_line_is_probable_and_a_ripple_is_not_one():
    assert line_probability(TEST, CONTROL, ASPECT) > 0.7
    assert line_probability(NOTHING, CONTROL, ASPECT) < 0.1


def test_a_clear_control_line_is_probable_and_a_ripple_or_nothing_is_not_one():
    assert control_probability(CONTROL) > 0.95
    assert control_probability(NOTHING) < 0.05
    assert control_probability(None) == 0.0


def test_the_likely_control_is_what_looks_most_like_a_line_whatever_the_order():
    assert likely_control([NOTHING, TEST, CONTROL]) is CONTROL
    assert likely_control([CONTROL, NOTHING, TEST]) is CONTROL
    assert likely_control([]) is None


def test_strength_beyond_a_clear_line_does_not_make_a_control():
    assert found(height=0.9).quality == found(height=0.3).quality


@pytest.mark.parametrize(
    "worse",
    [{"height": 0.01}, {"full": 0.5}, {"least": 0.0}, {"uneven": 0.8}, {"step": 1.0}, {"bend": 0.2}],
)
def test_whatever_makes_it_less_of_a_line_lowers_its_quality(worse):
    assert found(**worse).quality < found().quality


def test_a_bar_at_which_the_windows_sides_end_is_hardly_a_line():
    rim = replace(TEST, frame=0.1, step=0.5, colour=np.full(3, 0.1), to_end=0.8, plausible=0.02)
    assert line_probability(rim, CONTROL, ASPECT) < 0.1
    assert line_probability(replace(TEST, frame=0.1), CONTROL, ASPECT) < line_probability(
        TEST, CONTROL, ASPECT
    )


def test_on_a_strip_without_a_window_a_line_may_lie_anywhere():
    far = replace(TEST, place=CONTROL.place + 0.75 * ASPECT)
    assert line_probability(replace(far, to_end=10.0), CONTROL, ASPECT) > 0.5
    assert line_probability(replace(far, to_end=1.0), CONTROL, ASPECT) < line_probability(
        replace(far, to_end=10.0), CONTROL, ASPECT
    )


def test_every_feature_has_a_name_and_a_finite_value():
    features = line_features(TEST, CONTROL, ASPECT)
    assert len(features) == len(FEATURES)
    assert np.isfinite(features).all()


@given(
    height=st.floats(0, 3),
    snr=st.floats(0, 1e6),
    least=st.floats(-1e9, 1e9),
    uneven=st.floats(0, 1e9),
    step=st.floats(0, 1e9),
    place=st.floats(0, 6),
    sigma=st.floats(0.03, 0.4),
    tint=st.floats(-1, 1),
)
def test_a_probability_is_one_whatever_was_found(height, snr, least, uneven, step, place, sigma, tint):
    line = found(
        height=height,
        snr=snr,
        least=least,
        uneven=uneven,
        step=step,
        place=place,
        sigma=sigma,
        colour=np.array([tint, height, 0.0]),
    )
    for p in (line_probability(line, CONTROL, ASPECT), control_probability(line)):
        assert 0.0 <= p <= 1.0


RIM = found(place=4.6, height=0.3, colour=np.array([0.3, 0.32, 0.3]), to_end=0.7, frame=0.4, plausible=0.3)


def test_a_grey_bar_at_the_end_of_a_window_is_its_rim_and_no_test_line():
    assert is_rim(RIM, CONTROL)
    assert line_probability(RIM, CONTROL, ASPECT) == 0


@pytest.mark.parametrize(
    "changes",
    [
        {"colour": 1.2 * GOLD},
        {"to_end": 2.0},
        {"height": 0.9},
        {"frame": 1.0},
        {"plausible": 1.0},
    ],
)
def test_what_lacks_one_mark_of_a_rim_is_judged_as_a_line(changes):
    assert not is_rim(replace(RIM, **changes), CONTROL)


def test_in_the_light_of_a_lamp_a_tinted_bar_is_a_rim_if_the_level_behind_it_is_another():
    tinted = replace(RIM, colour=np.array([0.159, 0.229, 0.253]), frame=0.86, plausible=0.5)
    assert is_rim(replace(tinted, step=0.56), CONTROL)
    assert not is_rim(replace(tinted, step=0.1), CONTROL)


def test_a_rim_that_is_the_better_bar_is_no_control_line_beside_a_coloured_line_on_the_membrane():
    pale = replace(CONTROL, height=0.05, least=0.4, uneven=0.3, plausible=1.0)
    rim = replace(RIM, plausible=0.7)
    assert rim.quality > pale.quality
    assert likely_control([rim, pale]) is pale
    assert likely_control([rim]) is rim


def test_in_a_grey_picture_no_bar_is_a_rim_for_its_colour():
    grey = replace(CONTROL, colour=np.array([0.3, 0.3, 0.3]))
    assert not is_rim(RIM, grey)


def test_a_bar_between_two_materials_is_no_test_line():
    join = replace(TEST, plausible=0.01, frame=0.4)
    assert is_join(join)
    assert line_probability(join, CONTROL, ASPECT) == 0


@pytest.mark.parametrize("changes", [{"height": 0.9}, {"frame": 0.9}, {"plausible": 0.3}])
def test_what_is_dense_or_has_one_surrounding_is_no_join(changes):
    assert not is_join(replace(TEST, **{"plausible": 0.01, "frame": 0.4, **changes}))


@pytest.mark.parametrize(
    ("changes", "shadow"),
    [
        ({}, True),
        ({"colour": np.array([0.05, 0.15, 0.1])}, False),
        ({"sigma": 0.1}, False),
        ({"height": 0.5}, False),
        ({"colour": np.array([0.1, 0.12, 0.125])}, False),
        ({"height": 0.06, "colour": np.array([0.05, 0.06, 0.062])}, True),
        ({"height": 0.06, "colour": np.array([0.03, 0.06, 0.06])}, False),
    ],
    ids=["fine and grey", "coloured", "wide", "dense", "tinted", "faint and tinted", "faint and coloured"],
)
def test_a_fine_grey_bar_may_be_the_groove_between_two_materials(changes, shadow):
    groove = {"colour": np.array([0.12, 0.12, 0.125]), "sigma": 0.05, "height": 0.12}
    assert is_fine_shadow(found(**{**groove, **changes})) is shadow


def test_a_faint_bar_of_another_colour_than_the_control_lines_is_no_line():
    faint = {"place": 3.6, "height": 0.02, "snr": 20.0, "block_snr": 30.0}
    ghost = found(**faint, colour=np.full(3, 0.02))
    assert is_ghost(ghost, CONTROL)
    assert line_probability(ghost, CONTROL, ASPECT) == 0
    assert not is_ghost(found(**faint, colour=0.08 * GOLD), CONTROL)


def test_a_clear_line_may_have_a_dye_of_its_own_and_a_grey_control_has_grey_lines():
    assert not is_ghost(replace(TEST, colour=np.array([0.1, 0.1, 0.0])), CONTROL)
    assert not is_ghost(found(height=0.02, colour=np.full(3, 0.02)), found(colour=np.full(3, 0.3)))


PINK = np.array([0.0, 0.09, 0.07])


def test_a_whole_bar_of_a_dye_s_colour_is_a_line_though_it_lies_close_to_the_control_and_to_a_joint():
    crowded = found(place=CONTROL.place + 0.5, height=0.06, colour=PINK, step=0.6, to_end=0.6)

    assert is_dyed(crowded, CONTROL)
    assert line_probability(crowded, CONTROL, ASPECT) > 0.9


@pytest.mark.parametrize(
    "change",
    [
        {"colour": np.array([0.04, 0.09, 0.07])},
        {"height": 0.02},
        {"plausible": 0.5},
        {"full": 0.875},
        {"explained": 0.3, "uneven": 1.5, "least": -0.5, "snr": 3.0},
        {"place": CONTROL.place + 0.3},
    ],
    ids=["grey", "faint", "ill set", "with a gap", "poor", "a flank of the control"],
)
def test_what_lacks_anything_of_a_dyed_line_is_none_by_its_colour(change):
    whole = {"place": CONTROL.place + 0.5, "height": 0.06, "colour": PINK}

    assert not is_dyed(found(**{**whole, **change}), CONTROL)


def test_in_a_grey_picture_a_bar_near_an_end_is_a_rim_where_the_window_s_sides_end_with_it():
    grey = np.array([0.2, 0.2, 0.2])
    control = found(colour=2 * grey, height=0.4)
    bar = found(place=0.8, to_end=0.8, colour=grey, height=0.2, frame=0.35)

    assert is_rim(bar, control)
    assert not is_rim(replace(bar, frame=0.8), control)
    assert not is_rim(replace(bar, to_end=2.0), control)
