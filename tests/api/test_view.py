"""The words of the result page."""

import json
from dataclasses import replace
from typing import Any

import pytest

import reader
from service.problems import Problem
from service.store import StoredReading
from service.view import ResultView, problem_view, view_of
from service.web.sentences import Sentence
from service.web.words import load_words

EN = load_words("en")


def told(view: ResultView) -> list[str]:
    """The warnings of a result, without what to do."""
    return [advice.what for advice in view.advice]


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
        assay="covid-19-ag",
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
    view = view_of(stored(outcome=outcome, strips=[]), "Any test", EN)
    assert view.word
    assert len(view.sign) == 1
    assert view.sentence is not None
    assert view.sentence.text.endswith(".")


def test_signs_and_words_tell_outcomes_apart_without_colour() -> None:
    views = [view_of(stored(outcome=outcome.value, strips=[]), "Any test", EN) for outcome in reader.Outcome]
    assert len({view.sign for view in views}) == len({view.word for view in views}) == len(views)


def test_one_strip_speaks_for_the_picture() -> None:
    sentence = view_of(stored(), "Any test", EN).sentence
    assert sentence is not None
    assert sentence.text == "Test line T is there: positive."


def test_each_warning_is_told_once_and_names_its_tests_when_there_are_several() -> None:
    strips = [strip_with(1, "soft"), strip_with(2, "glare", "soft")]
    advice = view_of(stored(flags=["strips-differ"], strips=strips), "Any test", EN).advice
    assert [(a.what, a.tests) for a in advice] == [
        (reader.FLAGS["strips-differ"].what, ()),
        (reader.FLAGS["soft"].what, (1, 2)),
        (reader.FLAGS["glare"].what, (2,)),
    ]


def test_what_concerns_programs_only_is_not_told_to_people() -> None:
    assert told(view_of(stored(), "Any test", EN)) == [reader.FLAGS["soft"].what]


@pytest.mark.parametrize("outcome", ["positive", "negative"])
def test_an_answer_without_a_kit_says_first_that_a_line_can_mean_either(outcome: str) -> None:
    strips = [strip_with(1, "soft") | {"outcome": outcome}, strip_with(2) | {"outcome": "invalid"}]
    unnamed = replace(stored(outcome="multiple", strips=strips), assay="generic")
    assert told(view_of(unnamed, "Any test", EN)) == [
        EN("result.kit-not-named.what"),
        reader.FLAGS["soft"].what,
    ]


def test_without_a_line_that_decides_nothing_is_said_of_the_kit() -> None:
    strips = [strip_with(1) | {"outcome": "invalid"}]
    unread = replace(stored(outcome="invalid", strips=strips), assay="generic")
    assert told(view_of(unread, "Any test", EN)) == []
    assert told(view_of(replace(unread, assay="hcg"), "Pregnancy", EN)) == []


def test_a_persons_answer_without_a_kit_has_the_caution_too() -> None:
    seen = {"id": 1, "outcome": "negative", "analytes": {"T": "negative"}}
    person = replace(reviewed("override", seen, outcome="not_read", strips=[]), assay="generic")
    assert told(view_of(person, "Any test", EN)) == [EN("result.kit-not-named.what")]


def test_a_flag_of_a_later_version_does_not_break_the_page() -> None:
    assert view_of(stored(flags=["from-the-future"], strips=[]), "Any test", EN).advice == ()


def test_numbers_are_told_as_people_write_them() -> None:
    view = view_of(stored(), "Any test", EN)
    assert view.strips[0].lines[0].height == "−0.001 ± 0.003"
    assert view.strips[0].analytes == (("T", "Positive", "99.9% sure"),)
    assert view_of(stored(), "Any test", load_words("fr")).strips[0].lines[0].height == "−0,001 ± 0,003"


@pytest.mark.parametrize(("height", "sigma", "told"), [(None, None, "not measured"), (0.25, None, "0.250")])
def test_what_is_not_known_is_not_told(height: float | None, sigma: float | None, told: str) -> None:
    strip = strip_with(1)
    strip["lines"][0] |= {"height": height, "height_sigma": sigma}
    strip["analytes"]["T"]["confidence"] = None
    view = view_of(stored(strips=[strip]), "Any test", EN)
    assert view.strips[0].lines[0].height == told
    assert view.strips[0].analytes[0][2] == ""


def reviewed(decision: str, *strips: dict[str, Any], **changes: Any) -> StoredReading:
    """A reading of which a person has said something."""
    outcome = strips[0]["outcome"] if strips else "positive"
    review = {"decision": decision, "status": "final", "outcome": outcome, "strips": list(strips)}
    return replace(stored(**changes), review=json.dumps(review), latest=2)


def test_a_reading_that_no_person_has_looked_at_says_so() -> None:
    assert view_of(stored(), "Any test", EN).person == "Not yet confirmed by a person."


def test_a_confirmed_result_keeps_its_sentence_and_its_confidence() -> None:
    same = {"id": 1, "outcome": "positive", "analytes": {"T": "positive"}}
    view = view_of(reviewed("confirm", same), "Any test", EN)
    assert view.person == "A person has confirmed this result."
    assert view.sentence is not None
    assert view.strips[0].analytes == (("T", "Positive", "99.9% sure"),)


def test_a_person_who_says_otherwise_is_heard_first_and_the_reader_second() -> None:
    other = {"id": 1, "outcome": "negative", "analytes": {"T": "negative"}}
    view = view_of(reviewed("override", other), "Any test", EN)
    assert (view.outcome, view.word, view.sign) == ("negative", "Negative", "−")
    assert view.person == "A person has decided this. The reader had said: Positive."
    assert view.sentence is None
    assert view.strips[0].analytes == (("T", "Negative", ""),)
    assert view.strips[0].lines[0].name == "C"


def test_a_person_may_see_a_test_where_the_reader_saw_none() -> None:
    seen = {"id": 1, "outcome": "positive", "analytes": {"T": "positive"}}
    view = view_of(reviewed("override", seen, outcome="not_read", strips=[]), "Any test", EN)
    assert (view.word, view.strips[0].word, view.strips[0].lines) == ("Positive", "Positive", ())


def test_what_the_sender_told_is_shown_under_its_name() -> None:
    view = view_of(replace(stored(), subject="K-17", lot="L9"), "Any test", EN)
    assert view.codes == (("Code of the patient", "K-17"), ("Lot number of the kit", "L9"))


def test_a_nurses_code_is_not_told_to_others_as_their_own() -> None:
    assert view_of(replace(stored(), operator="op-1"), "Any test", EN).codes == (
        ("Code of who took it", "op-1"),
    )


def test_only_lines_that_were_found_are_marked() -> None:
    bare = strip_with(1)
    bare["lines"][0] |= {"detected": False}
    views = [view_of(stored(strips=strips), "Any test", EN) for strips in ([], [bare], [bare, strip_with(2)])]
    assert [view.marked for view in views] == [False, False, True]


def test_a_picture_that_is_no_longer_kept_is_not_asked_for() -> None:
    assert view_of(stored(), "Any test", EN).has_picture
    gone = replace(stored(), image_removed_at="2026-11-02T08:05:00.000000Z")
    assert not view_of(gone, "Any test", EN).has_picture


def test_a_kit_of_the_clinics_own_keeps_its_name_and_its_sentence() -> None:
    strip = strip_with(1) | {"summary": "Our own line is there."}
    view = view_of(replace(stored(strips=[strip]), assay="our-own"), "Our own test", load_words("hi"))
    assert view.assay == "Our own test"
    assert view.sentence == Sentence("Our own line is there.", english=True)


PROBLEM = Problem(422, "never-told", "This is said in English.", "So is this.")


def test_a_refusal_without_a_translation_is_told_in_english() -> None:
    view = problem_view(PROBLEM, "r1", (), load_words("sw"))
    assert (view.title, view.english, view.request) == ("This is said in English.", True, "r1")
    assert not problem_view(PROBLEM, "r1", (), EN).english


def test_a_field_that_is_wrong_is_named_and_what_stood_in_it_is_not() -> None:
    part = {"where": "body", "name": "subject", "code": "string_pattern_mismatch"}
    view = problem_view(PROBLEM, "r1", (part,), EN)
    assert view.title == "This cannot be accepted: Code of the patient."
