"""The numbers of a small set, worked out by hand."""

from __future__ import annotations

import pytest

from reader.evaluate.numbers import numbers_by, numbers_of
from reader.reading import Outcome


@pytest.fixture
def cases(made):
    """Ten pictures of eight tests; two photos of one positive, and two of one negative, in source b.

    ========  ========  ========  ========  ========
    expected  positive  negative  invalid   no call
    ========  ========  ========  ========  ========
    positive  1.5       1         0         0.5
    negative  0         2         0         1
    invalid   1         0         1         0
    ========  ========  ========  ========  ========
    """
    return [
        made.case("positive", "positive", source="a"),
        made.case("positive", "negative", source="a"),
        made.case("positive", "positive", source="b", weight=0.5),
        made.case("positive", "indeterminate", source="b", weight=0.5),
        made.case("negative", "negative", source="b", weight=0.5),
        made.case("negative", "negative", source="b", weight=0.5),
        made.case("negative", "negative", source="a"),
        made.case("negative", "multiple", source="b"),
        made.case("invalid", "invalid", source="b"),
        made.case("invalid", "positive", source="b"),
        made.case("positive", "negative", source="b", left_out="shows several tests"),
        made.case(None, "negative", source="b", left_out="marked as not usable"),
    ]


def test_shares_are_those_of_hand_arithmetic(cases):
    found = numbers_of(cases)
    assert (found.pictures, found.tests) == (10, 8)
    by_hand = {
        "right": (4.5, 8),
        "sensitivity": (1.5, 3),
        "specificity": (2, 3),
        "invalid_caught": (1, 2),
        "called": (6.5, 8),
        "right_among_called": (4.5, 6.5),
        "sensitivity_called": (1.5, 2.5),
        "specificity_called": (2, 2),
        "wrong": (2, 8),
    }
    assert {name: (s.part, s.whole) for name, s in found.shares.items()} == by_hand


def test_the_confusion_keeps_every_kind_of_no_call_apart(cases):
    confusion = numbers_of(cases).confusion
    assert confusion[Outcome.POSITIVE, Outcome.INDETERMINATE] == 0.5
    assert confusion[Outcome.NEGATIVE, Outcome.MULTIPLE] == 1
    assert sum(confusion.values()) == 8


def test_kappa_takes_no_calls_for_a_category_or_leaves_them_out(cases):
    found = numbers_of(cases)
    # Agreement 4.5/8; by chance (3 x 2.5 + 3 x 3 + 2 x 1) / 64.
    chance = (3 * 2.5 + 3 * 3 + 2 * 1) / 64
    assert found.kappa.value == pytest.approx((4.5 / 8 - chance) / (1 - chance))
    # Of 6.5 called: 4.5 right; by chance (2.5 x 2.5 + 2 x 3 + 2 x 1) / 6.5^2.
    chance = (2.5 * 2.5 + 2 * 3 + 2 * 1) / 6.5**2
    assert found.kappa_called.value == pytest.approx((4.5 / 6.5 - chance) / (1 - chance))


def test_where_no_result_is_expected_any_no_call_is_right_and_any_call_wrong(made):
    read = ["not_read", "indeterminate", "positive"]
    shares = numbers_of([made.case("not_read", outcome) for outcome in read]).shares
    assert (shares["right"].part, shares["wrong"].part) == (2, 1)
    assert shares["called"].value is None
    assert shares["right_among_called"].value == 0


def test_numbers_by_source_are_those_of_its_pictures_alone(cases):
    by = numbers_by(cases, "source")
    assert list(by) == ["a", "b"]
    assert by["a"].tests == 3
    assert by["a"].shares["sensitivity"].value == 0.5
    assert by["b"].shares["specificity"].value == 0.5


def test_labels_without_sources_are_not_broken_down(made):
    assert numbers_by([made.case("positive", "positive")], "source") == {}
