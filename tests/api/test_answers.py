"""What a person may say of a reading: pure rules."""

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import reader
from service.answers import OVERRIDE_REASONS, Contradiction, Judgement, review_document
from service.attention import Attention, attention_of


def strip(number: int = 1, outcome: str = "positive", flags: tuple[str, ...] = (), **answers: str) -> Any:
    answers = answers or {"T": outcome}
    analytes = {name: {"outcome": said, "confidence": 0.999} for name, said in answers.items()}
    return {"id": number, "outcome": outcome, "analytes": analytes, "flags": list(flags)}


def machine(*strips: Any, outcome: str = "positive", flags: tuple[str, ...] = ()) -> dict[str, Any]:
    return {"outcome": outcome, "strips": list(strips), "flags": list(flags)}


def judged(document: Any, earlier: Any = None, **said: Any) -> dict[str, Any]:
    said.setdefault("decision", "override")
    if said["decision"] == "override":
        said.setdefault("reason", "no-line-seen")
    return review_document(Judgement(**said), document, version=1, analytes=["T"], earlier=earlier)


MALARIA = machine(strip(pf="positive", pan="negative"))
BLANK = machine(outcome="not_read", flags=("no-strip-found",))


def test_a_confirmation_says_what_the_machine_said() -> None:
    review = judged(MALARIA, decision="confirm")
    assert review["outcome"] == "positive"
    assert review["strips"] == [
        {"id": 1, "outcome": "positive", "analytes": {"pf": "positive", "pan": "negative"}}
    ]


def test_an_override_says_it_of_everything_in_the_picture() -> None:
    review = judged(machine(strip(), strip(2)), outcome="negative")
    assert review["outcome"] == "negative"
    assert [s["analytes"] for s in review["strips"]] == [{"T": "negative"}, {"T": "negative"}]


def test_an_override_of_one_analyte_leaves_the_other_as_the_machine_said() -> None:
    review = judged(MALARIA, reason="line-seen", answers={1: {"pan": "positive"}})
    assert review["strips"][0]["analytes"] == {"pf": "positive", "pan": "positive"}


def test_an_outcome_is_of_all_that_are_not_named() -> None:
    review = judged(MALARIA, answers={1: {"pan": "positive"}}, outcome="negative")
    assert review["strips"][0]["analytes"] == {"pf": "negative", "pan": "positive"}


def test_strips_that_differ_make_a_picture_of_several_results() -> None:
    review = judged(machine(strip(), strip(2)), answers={2: {"T": "negative"}})
    assert (review["outcome"], [s["outcome"] for s in review["strips"]]) == (
        "multiple",
        ["positive", "negative"],
    )


def test_a_person_may_read_what_the_machine_could_not() -> None:
    review = judged(BLANK, reason="line-seen", outcome="positive")
    assert review["strips"] == [{"id": 1, "outcome": "positive", "analytes": {"T": "positive"}}]


@pytest.mark.parametrize(
    ("document", "said", "code"),
    [
        (MALARIA, {"outcome": "positive"}, "answers_needed"),
        (machine(strip(), strip(2)), {"outcome": "positive"}, "answers_needed"),
        (machine(strip()), {"outcome": "positive"}, "nothing_overridden"),
        (machine(strip()), {}, "nothing_overridden"),
        (machine(strip(a="positive", b="positive", c="positive")), {"outcome": "positive"}, "answers_needed"),
        (machine(strip()), {"answers": {2: {"T": "negative"}}}, "no_such_analyte"),
        (machine(strip()), {"answers": {1: {"X": "negative"}}}, "no_such_analyte"),
        (machine(strip()), {"outcome": "negative", "reason": None}, "reason_missing"),
        (machine(strip()), {"outcome": "negative", "reason": "I felt like it"}, "reason_missing"),
        (machine(strip()), {"decision": "confirm", "outcome": "positive"}, "confirmation_with_answer"),
        (machine(strip()), {"decision": "confirm", "reason": "other"}, "confirmation_with_reason"),
    ],
)
def test_what_has_no_meaning_is_refused(document: Any, said: Any, code: str) -> None:
    with pytest.raises(Contradiction) as refused:
        judged(document, **said)
    assert refused.value.code == code


def test_an_answer_is_final_until_a_later_one_differs_and_corrected_from_then_on() -> None:
    first = judged(machine(strip()), outcome="negative")
    again = judged(machine(strip()), first, outcome="negative", reason="other")
    other = judged(machine(strip()), again, decision="confirm")
    last = judged(machine(strip()), other, decision="confirm")
    assert [r["status"] for r in (first, again, other, last)] == ["final", "final", "corrected", "corrected"]


SAID = st.sampled_from(["positive", "negative", "invalid", "indeterminate", "not_read"])


@given(SAID, st.sampled_from(OVERRIDE_REASONS), st.sampled_from([MALARIA, BLANK, machine(strip(), strip(2))]))
def test_an_override_is_refused_or_counts_and_never_changes_the_machines_document(
    said: str, reason: str, document: Any
) -> None:
    before = json.dumps(document)
    try:
        review = judged(document, outcome=said, reason=reason)
    except Contradiction:
        review = {"outcome": said}
    assert review["outcome"] == said
    assert json.dumps(document) == before


@pytest.mark.parametrize(
    ("document", "attention"),
    [
        (machine(strip()), Attention.ROUTINE),
        (machine(strip(flags=("scale-unknown",))), Attention.ROUTINE),
        (machine(strip(flags=("soft",))), Attention.FLAGGED),
        (machine(strip(), flags=("alpha-flattened",)), Attention.FLAGGED),
        (machine(strip(flags=("from-the-future",))), Attention.FLAGGED),
        (machine(strip(flags=("faint-line",))), Attention.WEAK),
        (machine(strip(flags=("weak-control",))), Attention.WEAK),
        (machine(strip(outcome="indeterminate")), Attention.UNCLEAR),
        (machine(strip(pf="positive", pan="indeterminate")), Attention.UNCLEAR),
        (machine(strip(), strip(2, "indeterminate"), outcome="multiple"), Attention.UNCLEAR),
        (
            machine(strip(), strip(2, "negative"), outcome="multiple", flags=("strips-differ",)),
            Attention.ROUTINE,
        ),
        (machine(strip(outcome="invalid", flags=("no-control-line",))), Attention.FAILED),
        (machine(strip(outcome="not_read", flags=("glare",))), Attention.FAILED),
        (BLANK, Attention.FAILED),
    ],
)
def test_what_the_reader_was_unsure_of_is_looked_at_first(document: Any, attention: Attention) -> None:
    assert attention_of(document) is attention


def test_an_answer_that_is_barely_sure_enough_is_weak() -> None:
    unsure = strip()
    unsure["analytes"]["T"]["confidence"] = 0.96
    assert attention_of(machine(unsure)) is Attention.WEAK


def test_every_reading_that_nobody_has_seen_needs_a_look() -> None:
    blank = reader.read_image(np.full((300, 400, 3), 200, np.uint8)).to_dict()
    assert attention_of(blank) > Attention.NONE
