"""Lines that were seen get the names that the assay has for their places."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reader.interpret import load_assay
from reader.interpret.assign import PRESENT, Assignment, NamedLine, SeenLine, assign
from reader.interpret.flow import LetterPlaces

GENERIC = load_assay("generic")
MALARIA = load_assay("malaria-pf-pan")
SIGMA = 0.03


def seen(place: float, present: float = 0.98, control: float = 0.0) -> SeenLine:
    return SeenLine(place, SIGMA, present, control)


def named(assignment: Assignment) -> dict[str, NamedLine]:
    return {line.name: line for line in assignment.lines}


def mirrored(lines: list[SeenLine]) -> list[SeenLine]:
    return [SeenLine(1 - line.place, line.sigma, line.present, line.control) for line in lines]


PAIR = [seen(0.3, control=0.97), seen(0.66)]


def test_two_lines_are_control_and_test_from_the_control_end():
    result = assign(GENERIC, PAIR, odds=3.0, sigma=SIGMA)
    assert [(n.name, n.role, n.place) for n in result.lines] == [("C", "control", 0.3), ("T", "test", 0.66)]
    assert result.known
    assert not result.reverse


def test_the_order_in_which_lines_were_seen_does_not_matter():
    assert assign(GENERIC, PAIR[::-1], odds=3.0, sigma=SIGMA) == assign(GENERIC, PAIR, odds=3.0, sigma=SIGMA)


def test_a_clear_print_decides_the_direction_and_the_first_line_from_that_end_is_the_control():
    result = assign(GENERIC, PAIR, odds=-3.0, sigma=SIGMA)
    assert result.reverse
    assert result.known
    assert [(n.name, round(n.place, 6)) for n in result.lines] == [("C", 0.66), ("T", 0.3)]


def test_without_print_the_direction_is_assumed():
    assert not assign(GENERIC, PAIR, odds=0.0, sigma=SIGMA).known


@pytest.mark.parametrize("assay", [GENERIC, MALARIA])
def test_a_turned_window_gives_the_same_names(assay):
    lines = [seen(assay.controls[0].position, control=0.97), seen(assay.tests[-1].position)]
    for odds in (0.0, 3.0):
        upright = assign(assay, lines, odds=odds, sigma=SIGMA)
        turned = assign(assay, mirrored(lines), odds=-odds, sigma=SIGMA)
        assert upright.reverse is not turned.reverse
        for a, b in zip(upright.lines, turned.lines, strict=True):
            assert (a.name, a.role, a.present) == (b.name, b.role, b.present)
            assert a.place == pytest.approx(1 - b.place)


def test_a_lone_line_is_the_control_and_the_test_is_looked_for_where_it_usually_is():
    lines = named(assign(GENERIC, [seen(0.3, control=0.97)], odds=0.0, sigma=SIGMA))
    assert lines["C"].place == 0.3
    assert lines["C"].present > 0.5
    assert lines["T"].present < 0.1
    assert 0.5 < lines["T"].place < 0.9


def test_when_nothing_was_seen_the_expected_lines_are_listed_as_absent():
    for assay in (GENERIC, MALARIA):
        result = assign(assay, [], odds=0.0, sigma=SIGMA)
        assert {n.name for n in result.lines} == {spec.name for spec in assay.lines}
        assert all(n.present < 0.1 for n in result.lines)
        assert all(n.sigma == SIGMA for n in result.lines)


def test_an_open_ended_assay_names_as_many_test_lines_as_there_are():
    lines = [seen(0.2, control=0.97), seen(0.4), seen(0.6), seen(0.8)]
    result = assign(GENERIC, lines, odds=3.0, sigma=SIGMA)
    assert [n.name for n in result.lines] == ["C", "T1", "T2", "T3"]


def test_improbable_marks_beside_a_clear_pair_get_no_name():
    result = assign(GENERIC, [*PAIR, seen(0.9, present=0.05)], odds=3.0, sigma=SIGMA)
    assert [n.name for n in result.lines] == ["C", "T"]


def test_a_doubtful_mark_is_the_test_line_with_its_doubt():
    lines = named(assign(GENERIC, [PAIR[0], seen(0.66, present=0.3)], odds=3.0, sigma=SIGMA))
    assert lines["T"].present == 0.3
    assert lines["T"].place == 0.66


def test_a_doubtful_mark_beyond_two_sure_lines_is_not_taken_for_the_control():
    doubtful = seen(0.1, present=0.6)
    result = assign(GENERIC, [doubtful, *PAIR], odds=2.0, sigma=SIGMA)
    assert named(result)["C"].place == PAIR[0].place
    assert sorted(n.name for n in result.lines) == ["C", "T1", "T2"]


def test_a_kit_s_lines_are_named_by_where_it_has_them():
    control, *tests = MALARIA.lines
    for test in tests:
        result = named(
            assign(
                MALARIA, [seen(control.position, control=0.97), seen(test.position)], odds=3.0, sigma=SIGMA
            )
        )
        assert result[test.name].present > 0.5
        assert all(n.present < 0.1 for name, n in result.items() if name not in {"C", test.name})


def test_a_shifted_window_does_not_change_the_names():
    lines = [seen(MALARIA.controls[0].position, control=0.97)] + [seen(t.position) for t in MALARIA.tests]
    for shift in (-0.08, 0.08):
        moved = [SeenLine(x.place + shift, x.sigma, x.present, x.control) for x in lines]
        result = assign(MALARIA, moved, odds=3.0, sigma=SIGMA)
        assert [n.name for n in result.lines] == [spec.name for spec in MALARIA.lines]
        assert all(n.present > 0.5 for n in result.lines)


@pytest.mark.parametrize("place", [0.05, 0.2, 0.5, 0.8, 0.95])
@pytest.mark.parametrize("odds", [0.0, 1.5, 3.0])
def test_a_lone_line_that_is_hardly_a_test_line_is_the_control_wherever_it_lies(place, odds):
    result = assign(MALARIA, [seen(place, control=0.97)], odds=odds, sigma=SIGMA)
    assert (named(result)["C"].present > 0.9) == (result.without_control <= PRESENT)


@pytest.mark.parametrize("kit", ["tb-lam", "influenza-a-b"])
@pytest.mark.parametrize("off", [-0.2, 0.2])
def test_the_lone_line_of_a_bare_strip_whose_ends_were_found_amiss_is_the_control(kit, off):
    assay = load_assay(kit)
    result = assign(assay, [seen(assay.controls[0].position + off, control=0.97)], odds=3.0, sigma=SIGMA)
    assert named(result)["C"].present > 0.9
    assert result.without_control < 0.05


def test_a_line_where_the_kit_has_none_is_reported_as_unexpected():
    positions = sorted(spec.position for spec in MALARIA.lines)
    odd = (positions[-1] + 1.0) / 2 if positions[-1] < 0.75 else positions[0] / 2
    lines = [seen(spec.position, control=0.97 * (spec.role == "control")) for spec in MALARIA.lines]
    result = assign(MALARIA, [*lines, seen(odd)], odds=3.0, sigma=SIGMA)
    (extra,) = [n for n in result.lines if n.unexpected]
    assert extra.place == odd
    assert {n.name for n in result.lines if not n.unexpected} == {spec.name for spec in MALARIA.lines}


LETTERS = LetterPlaces(reverse=False, control=0.3, test=0.65)


@pytest.mark.parametrize("assay", [GENERIC, MALARIA])
def test_two_lines_of_which_none_lies_beside_the_letter_c_are_test_lines_without_a_control(assay):
    letters = LetterPlaces(reverse=False, control=assay.controls[0].position)
    lines = [seen(spec.position, control=0.9) for spec in MALARIA.tests]
    result = assign(assay, lines, odds=5.0, sigma=SIGMA, letters=letters)
    assert result.without_control > 0.5
    assert {n.place: n.role for n in result.lines if n.present > 0.5} == dict.fromkeys(
        [spec.position for spec in MALARIA.tests], "test"
    )
    (control,) = [n for n in result.lines if n.role == "control"]
    assert control.place == pytest.approx(assay.controls[0].position)
    assert control.present < 0.1


@pytest.mark.parametrize(("odds", "least", "most"), [(0.0, 0.0, 0.05), (3.0, 0.05, 0.5), (6.0, 0.5, 1.0)])
def test_the_plainer_the_direction_the_likelier_two_lines_are_without_a_control(odds, least, most):
    lines = [seen(spec.position, control=0.9) for spec in MALARIA.tests]
    result = assign(MALARIA, lines, odds=odds, sigma=SIGMA)
    assert least < result.without_control < most
    assert result.reverse == (result.without_control < 0.5)


def test_two_lines_with_a_control_are_not_taken_for_test_lines():
    for assay in (GENERIC, MALARIA):
        lines = [seen(assay.controls[0].position, control=0.9), seen(assay.tests[-1].position)]
        assert assign(assay, lines, odds=5.0, sigma=SIGMA, letters=LETTERS).without_control == 0.0
        assert assign(assay, lines, odds=0.0, sigma=SIGMA).without_control < 0.05


def test_a_lone_line_beside_the_letter_t_is_the_test_line():
    lines = named(assign(GENERIC, [seen(0.62, control=0.97)], odds=8.0, sigma=SIGMA, letters=LETTERS))
    assert (lines["T"].place, lines["C"].place) == (0.62, 0.3)
    assert lines["T"].present > 0.5
    assert lines["C"].present < 0.1


def test_the_line_beside_the_letter_c_is_the_control_whatever_lies_before_it():
    lines = [seen(0.08, present=0.95), *PAIR]
    assert named(assign(GENERIC, lines, odds=8.0, sigma=SIGMA, letters=LETTERS))["C"].place == 0.3
    assert named(assign(GENERIC, lines, odds=8.0, sigma=SIGMA))["C"].place == 0.08


@pytest.mark.parametrize("shift", [-0.17, 0.17])
def test_lines_that_lie_off_both_letters_by_the_same_amount_keep_their_names(shift):
    lines = [seen(0.3 + shift, control=0.9), seen(0.65 + shift)]
    result = assign(GENERIC, lines, odds=8.0, sigma=SIGMA, letters=LETTERS)
    assert [(n.name, n.role) for n in result.lines] == [("C", "control"), ("T", "test")]
    assert result.without_control == 0.0


def test_a_doubtful_line_beside_the_letter_c_is_not_replaced_by_a_sure_one_beside_t():
    lines = [seen(0.3, present=0.6), seen(0.66, control=0.95)]
    control = named(assign(GENERIC, lines, odds=8.0, sigma=SIGMA, letters=LETTERS))["C"]
    assert (control.place, control.present) == (0.3, 0.6)


def test_a_window_that_ends_before_the_letter_c_leaves_the_control_in_doubt():
    letters = LetterPlaces(reverse=False, control=-0.02, test=0.35)
    result = assign(GENERIC, [seen(0.35, control=0.95)], odds=8.0, sigma=SIGMA, letters=letters)
    assert result.without_control == PRESENT


places = st.floats(0, 1)
probabilities = st.floats(0, 1)
letter_places = st.none() | st.floats(-0.3, 1.3)


@given(
    assay=st.sampled_from([GENERIC, MALARIA]),
    lines=st.lists(
        st.builds(SeenLine, places, st.floats(0.005, 0.1), probabilities, probabilities), max_size=7
    ),
    odds=st.floats(-9, 9),
    letters=st.none() | st.builds(LetterPlaces, st.booleans(), letter_places, letter_places),
)
def test_whatever_was_seen_every_expected_line_has_a_place_inside_the_window(assay, lines, odds, letters):
    result = assign(assay, lines, odds=odds, sigma=SIGMA, letters=letters)
    names = [n.name for n in result.lines if not n.unexpected]
    assert names.count("C") == 1
    assert len(set(names)) == len(names)
    assert 0 <= result.without_control <= 1
    for n in result.lines:
        assert 0 <= n.place <= 1
        assert 0 <= n.present <= 1
    order = [1 - n.place if result.reverse else n.place for n in result.lines]
    if assay is MALARIA:
        assert order == sorted(order)
