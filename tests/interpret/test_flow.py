"""A lone line is the control line unless the device shows plainly that it lies at the sample end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.interpret import load_assay
from reader.interpret.flow import LETTER_ERROR, WITHOUT_CONTROL, LetterPlaces, weigh_lone_line

GENERIC = load_assay("generic")
MALARIA = load_assay("malaria-pf-pan")
places, odds = st.floats(0, 1), st.floats(-6, 6)


@pytest.mark.parametrize("assay", [GENERIC, MALARIA])
def test_without_any_sign_of_direction_a_lone_line_is_the_control(assay):
    for place in (0.2, 0.35, 0.65, 0.8):
        assert weigh_lone_line(assay, place, 0.0).test < 3 * WITHOUT_CONTROL


@pytest.mark.parametrize("assay", [GENERIC, MALARIA])
def test_a_line_at_the_plain_sample_end_may_be_a_test_line(assay):
    assert weigh_lone_line(assay, 0.8, 4.6).test > 0.15
    assert weigh_lone_line(assay, 0.2, -4.6).test > 0.15


def test_a_mere_leaning_of_the_print_does_not_turn_a_negative():
    for place in (0.6, 0.7, 0.8):
        assert weigh_lone_line(GENERIC, place, 1.0).test < 0.05


def test_a_line_where_the_control_belongs_confirms_the_direction():
    assert weigh_lone_line(GENERIC, 0.28, 2.0).odds > 2.0


@given(place=places, odds=odds)
def test_turning_the_window_turns_the_odds_and_nothing_else(place, odds):
    one, other = weigh_lone_line(GENERIC, place, odds), weigh_lone_line(GENERIC, 1 - place, -odds)
    assert one.odds == pytest.approx(-other.odds, abs=1e-6)
    assert one.test == pytest.approx(other.test, abs=1e-9)


@given(place=st.floats(0.6, 0.9), low=odds, high=odds)
def test_the_plainer_the_sample_end_the_likelier_a_test_line(place, low, high):
    low, high = sorted((low, high))
    tests = [weigh_lone_line(GENERIC, place, o).test for o in (low, high)]
    assert 0 <= tests[0] <= tests[1] + 1e-12 <= 1


LETTERS = LetterPlaces(reverse=False, control=0.3, test=0.65)


def test_a_lone_line_beside_a_letter_is_that_letter_s_line():
    assert weigh_lone_line(GENERIC, 0.32, 8.0, LETTERS).test < 1e-3
    assert weigh_lone_line(GENERIC, 0.65, 8.0, LETTERS).test > 0.8


def test_a_control_line_may_lie_as_far_from_its_letter_as_was_seen():
    assert weigh_lone_line(GENERIC, 0.3 + 2 * LETTER_ERROR, 8.0, LETTERS).test < 0.02


def test_a_lone_line_far_from_the_only_letter_is_in_doubt():
    assert weigh_lone_line(GENERIC, 0.65, 4.0, LetterPlaces(reverse=False, control=0.25)).test > 0.3


@pytest.mark.parametrize("place", [0.3, 0.5, 0.65, 0.8])
def test_letters_read_from_the_other_end_say_the_same_of_a_turned_line(place):
    turned = LetterPlaces(reverse=True, control=0.7, test=0.35)
    one, other = (
        weigh_lone_line(GENERIC, place, 5.0, LETTERS),
        weigh_lone_line(GENERIC, 1 - place, -5.0, turned),
    )
    assert one.odds == pytest.approx(-other.odds)
    assert one.test == pytest.approx(other.test)


def test_letters_count_from_the_end_that_they_name_only():
    assert LETTERS.seen_from(reverse=False) == LETTERS
    assert LETTERS.seen_from(reverse=True) == LetterPlaces(reverse=True)
    assert LetterPlaces(reverse=True, control=0.75).seen_from(reverse=True).control == 0.25
