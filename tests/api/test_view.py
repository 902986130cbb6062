"""The words of the result page."""

import json
from typing import Any

import pytest

import reader
from service.store import StoredReading
from service.view import view_of


def stored(**changes: Any) -> StoredReading:
    """A stored reading with one strip, or what the changes say."""
    line = {"name": "C", "role": "control", "detected": True, "height": -0.0012, "height_sigma": 0.003}
    strip = {
        "id": 1,
        "outcome": "positive",
        "summary": "Test line T is there: positive.",
        "analytes": {"T": {"outcome": "positive", "confidence": 0.99999}},
        "lines": [line],
        "flags": ["soft", "scale-unknown"],
    }
    document = {"outcome": "positive", "flags": [], "strips": [strip], **changes}
    return StoredReading(
        id="00000000-0000-4000-8000-000000000001",
        image_sha256="0" * 64,
        image_bytes=1,
        assay="generic",
        outcome=document["outcome"],
        software="0.1.0",
        document=json.dumps(document),
        received_at="2026-11-01T08:05:00.000000Z",
        seq=1,
        version=1,
    )


def strip_with(number: int, *flags: str) -> dict[str, Any]:
    strip: dict[str, Any] = json.loads(stored().document)["strips"][0]
    return strip | {"id": number, "flags": list(flags)}


@pytest.mark.parametrize("outcome", [outcome.value for outcome in reader.Outcome])
def test_every_outcome_has_a_word_a_sign_and_a_sentence(outcome: str) -> None:
    view = view_of(stored(outcome=outcome, strips=[]), "Any test")
    assert view.word
    assert len(view.sign) == 1
    assert view.sentence.endswith(".")


def test_signs_and_words_tell_outcomes_apart_without_colour() -> None:
    views = [view_of(stored(outcome=outcome.value, strips=[]), "Any test") for outcome in reader.Outcome]
    assert len({view.sign for view in views}) == len({view.word for view in views}) == len(views)


def test_one_strip_speaks_for_the_picture() -> None:
    assert view_of(stored(), "Any test").sentence == "Test line T is there: positive."


def test_each_warning_is_told_once_and_names_its_tests_when_there_are_several() -> None:
    strips = [strip_with(1, "soft"), strip_with(2, "glare", "soft")]
    advice = view_of(stored(flags=["strips-differ"], strips=strips), "Any test").advice
    assert [(a.what, a.tests) for a in advice] == [
        (reader.FLAGS["strips-differ"].what, ()),
        (reader.FLAGS["soft"].what, (1, 2)),
        (reader.FLAGS["glare"].what, (2,)),
    ]


def test_what_concerns_programs_only_is_not_told_to_people() -> None:
    assert [a.what for a in view_of(stored(), "Any test").advice] == [reader.FLAGS["soft"].what]


def test_a_flag_of_a_later_version_does_not_break_the_page() -> None:
    assert view_of(stored(flags=["from-the-future"], strips=[]), "Any test").advice == ()


def test_numbers_are_told_as_people_write_them() -> None:
    view = view_of(stored(), "Any test")
    assert view.strips[0].lines[0].height == "−0.001 ± 0.003"
    assert view.strips[0].analytes == (("T", "Positive", "99.9% sure"),)
    assert view.received == "1 November 2026, 08:05 UTC"


@pytest.mark.parametrize(("height", "sigma", "told"), [(None, None, "not measured"), (0.25, None, "0.250")])
def test_what_is_not_known_is_not_told(height: float | None, sigma: float | None, told: str) -> None:
    strip = strip_with(1)
    strip["lines"][0] |= {"height": height, "height_sigma": sigma}
    strip["analytes"]["T"]["confidence"] = None
    view = view_of(stored(strips=[strip]), "Any test")
    assert view.strips[0].lines[0].height == told
    assert view.strips[0].analytes[0][2] == ""
