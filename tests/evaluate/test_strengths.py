"""Sensitivity by line strength."""

from __future__ import annotations

import pytest

from reader.evaluate.strengths import NOT_MEASURED, scales_of


def bins(scale):
    return [(b.name, b.positive.part, b.positive.whole, b.wrong, b.no_call) for b in scale.bins]


def test_positives_are_sorted_by_what_was_measured_of_their_strongest_line(made):
    cases = [
        made.case("positive", "negative", height=-0.001, snr=-0.5),
        made.case("positive", "positive", height=0.012, snr=3.0),
        made.case("positive", "indeterminate", height=0.015, snr=2.9),
        made.case("positive", "positive", height=0.3, snr=80.0, weight=0.5),
        made.case("positive", "not_read"),
        made.case("negative", "positive", height=0.3, snr=80.0),
        made.case("positive", "positive", height=0.3, snr=80.0, left_out="marked as not usable"),
    ]
    snr, height = scales_of(cases)
    assert bins(snr) == [
        ("< 3", 0, 2, 1, 1),
        ("3 – 5", 1, 1, 0, 0),
        ("≥ 50", 0.5, 0.5, 0, 0),
        (NOT_MEASURED, 0, 1, 0, 1),
    ]
    assert [b[0] for b in bins(height)] == ["< 0.01", "0.01 – 0.02", "≥ 0.2", NOT_MEASURED]
    assert snr.bins[1].middle == 3.0
    assert snr.bins[-1].middle is None


def test_few_numbers_that_people_gave_are_shown_one_by_one_in_their_order(made):
    cases = [made.case("positive", "positive", strength=s) for s in ("10", "2.5", "2.5", "1e1")]
    assert bins(scales_of(cases)[-1]) == [("2.5", 2, 2, 0, 0), ("10", 2, 2, 0, 0)]


def test_many_numbers_are_gathered_in_bins_that_lose_none(made):
    cases = [made.case("positive", "positive", strength=str(k)) for k in range(40)]
    scale = scales_of(cases)[-1]
    assert len(scale.bins) == 6
    assert sum(b.positive.whole for b in scale.bins) == 40
    assert scale.bins[0].name == "< 6"


def test_words_that_people_gave_are_bins_of_their_own_without_an_axis(made):
    cases = [made.case("positive", "positive", strength=s) for s in ("weak", "strong", "2")]
    scale = scales_of(cases)[-1]
    assert [b.name for b in scale.bins] == ["2", "strong", "weak"]
    assert all(b.middle is None for b in scale.bins)


@pytest.mark.parametrize("expected", ["negative", "invalid"])
def test_without_positives_there_is_no_sensitivity(made, expected):
    assert scales_of([made.case(expected, "positive", snr=9.0)]) == ()
