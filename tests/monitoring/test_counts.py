"""Positivity, what was not read and why, and agreement, on tests that can be counted by hand."""

import pytest

from reader import kappa
from service.monitoring.agreement import agreement
from service.monitoring.counts import Tally, grouped, rates, reasons, week_of


def tally(machine: str, number: int = 1, **other: object) -> Tally:
    plain = {
        "day": "2026-03-02",
        "site": "north",
        "assay": "kit",
        "lot": "",
        "operator": "",
        "person": "",
        "flags": (),
    }
    return Tally(machine=machine, number=number, **(plain | other))


def test_positivity_counts_only_tests_that_say_positive_or_negative() -> None:
    found = rates([tally("positive", 3), tally("negative", 9), tally("invalid", 5), tally("not_read", 7)])
    assert (found.tests, found.positivity.part, found.positivity.whole) == (24, 3, 12)
    assert found.positivity.value == pytest.approx(0.25)
    assert (round(found.positivity.low, 3), round(found.positivity.high, 3)) == (0.089, 0.532)


def test_invalid_tests_are_a_share_of_those_that_could_be_read() -> None:
    found = rates([tally("negative", 15), tally("invalid", 5), tally("not_read", 20)])
    assert (found.invalid.part, found.invalid.whole) == (5, 20)
    assert (found.not_read.part, found.not_read.whole) == (20, 40)


def test_a_persons_answer_counts_and_the_picture_stays_one_that_was_not_read() -> None:
    found = rates([tally("not_read", 2, person="positive"), tally("positive", 1, person="negative")])
    assert (found.reviewed, found.positivity.part, found.positivity.whole) == (3, 2, 3)
    assert found.not_read.part == 2


def test_nothing_to_count_has_no_shares() -> None:
    found = rates([])
    assert (found.tests, found.positivity.value, found.not_read.value) == (0, None, None)


def test_tests_are_grouped_in_order_of_what_they_have_in_common() -> None:
    tallies = [tally("positive", day="2026-03-09"), tally("negative", day="2026-03-08"), tally("invalid")]
    assert list(grouped(tallies, "week")) == ["2026-03-02", "2026-03-09"]
    assert list(grouped(tallies, "month")) == ["2026-03"]
    assert list(grouped(tallies, "all")) == [""]


def test_a_week_begins_on_monday_also_across_the_year() -> None:
    assert [week_of(day) for day in ("2027-01-01", "2026-12-28", "2027-01-04")] == [
        "2026-12-28", "2026-12-28", "2027-01-04",
    ]  # fmt: skip


def test_reasons_are_counted_by_tests_that_carry_them() -> None:
    found = reasons(
        [
            tally("not_read", 6, flags=("blurred",)),
            tally("not_read", 2, flags=("blurred", "too-dark")),
            tally("invalid", 1, flags=("no-control-line",)),
            tally("negative", 9, flags=("soft",)),
        ]
    )
    assert [(r.outcome, r.flag, r.of.part, r.of.whole) for r in found] == [
        ("not_read", "blurred", 8, 8),
        ("not_read", "too-dark", 2, 8),
        ("invalid", "no-control-line", 1, 1),
    ]


def test_agreement_is_of_the_tests_that_a_person_has_looked_at() -> None:
    found = agreement(
        [
            tally("positive", 20, person="positive"),
            tally("positive", 5, person="negative"),
            tally("negative", 10, person="positive"),
            tally("negative", 15, person="negative"),
            tally("negative", 500),
        ]
    )
    assert (found.same.part, found.same.whole) == (35, 50)
    assert found.kappa.value == pytest.approx(0.4)
    assert found.kappa == kappa({("p", "p"): 20, ("p", "n"): 5, ("n", "p"): 10, ("n", "n"): 15})
    assert {("negative", "positive", 10), ("positive", "negative", 5)} <= set(found.pairs)


def test_nobody_has_looked_yet() -> None:
    found = agreement([tally("negative", 4)])
    assert (found.same.value, found.kappa.value, found.pairs) == (None, None, ())
