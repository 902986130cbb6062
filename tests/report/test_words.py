"""The words that every output shares."""

from __future__ import annotations

import math

import pytest

from reader.reading import Analyte, Outcome
from reader.report.words import (
    OUTCOME_WORDS,
    analyte_text,
    flag_text,
    flagged_strips,
    outcome_word,
    with_sigma,
)


def test_every_outcome_has_its_own_word():
    assert set(OUTCOME_WORDS) == set(Outcome)
    assert len(set(OUTCOME_WORDS.values())) == len(Outcome)
    assert outcome_word(Outcome.INDETERMINATE) == "indeterminate"


@pytest.mark.parametrize(
    ("value", "sigma", "text"),
    [
        (0.3121, 0.0031, "0.312 ± 0.003"),
        (0.3121, 0.0004, "0.3121 ± 0.0004"),
        (-0.0001, 0.002, "0.000 ± 0.002"),
        (0.25, None, "0.250"),
        (0.25, math.nan, "0.250"),
        (None, 0.1, "unknown"),
        (math.nan, 0.1, "unknown"),
    ],
)
def test_a_value_is_written_as_precisely_as_it_is_known(value, sigma, text):
    assert with_sigma(value, sigma) == text


def test_no_result_is_ever_certain():
    assert "> 99.9 %" in analyte_text("T", Analyte(Outcome.POSITIVE, confidence=1.0))
    assert "100" not in analyte_text("T", Analyte(Outcome.POSITIVE, confidence=0.9999))


def test_an_analyte_without_numbers_is_just_its_outcome():
    assert analyte_text("IgM", Analyte(Outcome.NOT_READ)) == "IgM: not read"


def test_each_flag_is_listed_once_with_its_strips_and_what_forbids_a_result_comes_first(made):
    strips = [made.strip(id=1, flags=("tilted", "tilted")), made.strip(id=2, flags=("tilted", "glare"))]
    listed = flagged_strips(made.reading(*strips, flags=("strips-differ",)))
    assert listed == [("glare", (2,)), ("strips-differ", ()), ("tilted", (1, 2))]


def test_nobody_is_warned_of_a_technical_flag(made):
    strip = made.strip(flags=("scale-unknown", "tilted"))
    assert flagged_strips(made.reading(strip)) == [("tilted", (1,))]


def test_a_flag_of_a_later_version_is_shown_by_its_code():
    assert flag_text("flag-from-the-future") == "flag-from-the-future"
