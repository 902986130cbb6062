"""What a person says of a reading, beside what the machine said: pure rules, no storage.

A review is an answer of its own. It confirms what the machine said, or says otherwise with a reason; the
machine's document stays as it is.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, get_args

__all__ = [
    "OVERRIDE_REASONS",
    "Contradiction",
    "Decision",
    "Judgement",
    "OverrideReason",
    "ReviewStatus",
    "Said",
    "Status",
    "overall",
    "review_document",
]

Decision = Literal["confirm", "override"]
Said = Literal["positive", "negative", "invalid", "indeterminate", "not_read"]
ReviewStatus = Literal["final", "corrected"]
Status = Literal["preliminary", "final", "corrected", "erased"]
OverrideReason = Literal[
    "line-seen",
    "no-line-seen",
    "control-seen",
    "control-missing",
    "wrong-kit",
    "poor-picture",
    "test-spoilt",
    "read-late",
    "earlier-mistake",
    "other",
]
OVERRIDE_REASONS: Final[tuple[str, ...]] = get_args(OverrideReason)
"""Why a person may say otherwise than the machine."""

# As the reader sums up the analytes of a strip, with what only a person or a whole picture says at the end.
_ORDER: Final = ("positive", "indeterminate", "invalid", "negative", "not_read")

Strip = dict[str, Any]


class Contradiction(Exception):  # noqa: N818  (a state of the request)
    """A review that has no meaning for this reading.

    Parameters
    ----------
    part : str
        Which part of the review.
    code : str
        What is wrong with it, in snake case.
    of_reading : bool
        True where it would have a meaning for another reading.
    """

    def __init__(self, part: str, code: str, *, of_reading: bool = False) -> None:
        self.part, self.code, self.of_reading = part, code, of_reading
        super().__init__(code)


@dataclass(frozen=True, slots=True)
class Judgement:
    """What a person says.

    Attributes
    ----------
    decision : {"confirm", "override"}
        Whether that is what the machine said.
    reason : str or None
        One of `OVERRIDE_REASONS`; only and always with an override.
    answers : mapping of int to mapping of str to str
        With an override: the answers by number of the strip and id of the analyte.
    outcome : str or None
        With an override: the answer for all that `answers` does not name; the machine's own where None.
    """

    decision: Decision
    reason: str | None = None
    answers: Mapping[int, Mapping[str, Said]] = field(default_factory=dict)
    outcome: Said | None = None


def review_document(
    judgement: Judgement,
    machine: Mapping[str, Any],
    *,
    version: int,
    analytes: Sequence[str],
    earlier: Mapping[str, Any] | None,
) -> dict[str, Any]:
    """Return a review as it is kept.

    Parameters
    ----------
    judgement : Judgement
        What the person says.
    machine : mapping
        The machine's document.
    version : int
        Its number.
    analytes : sequence of str
        What the kit tests for: answered where the machine found no strip or no analyte.
    earlier : mapping or None
        The review that counted until now.

    Returns
    -------
    dict
        Schema ``lfa-review/1``. Its ``status`` is ``final`` until a review says other than an earlier one,
        and ``corrected`` from then on.

    Raises
    ------
    Contradiction
        If the review has no meaning for this reading.
    """
    said = [_strip(strip["id"], strip["analytes"], strip["outcome"]) for strip in machine["strips"]]
    strips = said if judgement.decision == "confirm" else _overridden(judgement, said, analytes)
    _check(judgement, changed=strips != said)
    kept = {"outcome": _picture(strips), "strips": strips}
    corrects = earlier is not None and (earlier["status"] == "corrected" or earlier["strips"] != strips)
    status: ReviewStatus = "corrected" if corrects else "final"
    return {
        "schema": "lfa-review/1",
        "decision": judgement.decision,
        "reason": judgement.reason,
        "of_version": version,
        "status": status,
        **kept,
    }


def overall(outcomes: Iterable[str]) -> str:
    """Sum up the answers for the analytes of one strip, as the reader does.

    Examples
    --------
    >>> overall(["negative", "positive"]), overall(["negative", "indeterminate"])
    ('positive', 'indeterminate')
    """
    found = set(outcomes)
    return next((outcome for outcome in _ORDER if outcome in found), "not_read")


def _check(judgement: Judgement, *, changed: bool) -> None:
    if judgement.decision == "confirm":
        if judgement.outcome is not None or judgement.answers:
            raise Contradiction("decision", "confirmation_with_answer")
        if judgement.reason is not None:
            raise Contradiction("reason", "confirmation_with_reason")
    elif judgement.reason not in OVERRIDE_REASONS:
        raise Contradiction("reason", "reason_missing")
    elif not changed:
        raise Contradiction("outcome", "nothing_overridden", of_reading=True)


def _overridden(judgement: Judgement, said: list[Strip], analytes: Sequence[str]) -> list[Strip]:
    """Put a person's answers in the place of the machine's; a picture without a strip is taken for one."""
    strips = said or [_strip(1, {}, "not_read")]
    asked = {strip["id"]: _asked(strip, analytes) for strip in strips}
    if any(not set(given) <= set(asked.get(number, ())) for number, given in judgement.answers.items()):
        raise Contradiction("answers", "no_such_analyte", of_reading=True)
    unnamed = sum(map(len, asked.values())) - sum(map(len, judgement.answers.values()))
    # "Positive" does not tell which of several; every other answer can be meant of all.
    if judgement.outcome == "positive" and unnamed > 1:
        raise Contradiction("answers", "answers_needed", of_reading=True)
    return [_reconsidered(strip, asked[strip["id"]], judgement) for strip in strips]


def _asked(strip: Strip, analytes: Sequence[str]) -> dict[str, str]:
    """Return the machine's answers for a strip; where it has none, for what the kit tests for."""
    found: dict[str, str] = strip["analytes"]
    outcome: str = strip["outcome"]
    return found or dict.fromkeys(analytes, outcome)


def _reconsidered(strip: Strip, asked: Mapping[str, str], judgement: Judgement) -> Strip:
    answers = judgement.answers.get(strip["id"], {})
    if judgement.outcome is None and not answers:
        return strip
    rest = dict(asked) if judgement.outcome is None else dict.fromkeys(asked, judgement.outcome)
    return _strip(strip["id"], rest | dict(answers))


def _strip(number: int, answers: Mapping[str, Any], outcome: str | None = None) -> Strip:
    plain = {name: said if isinstance(said, str) else said["outcome"] for name, said in answers.items()}
    return {"id": number, "outcome": outcome or overall(plain.values()), "analytes": plain}


def _picture(strips: list[Strip]) -> str:
    outcomes = {strip["outcome"] for strip in strips} or {"not_read"}
    return outcomes.pop() if len(outcomes) == 1 else "multiple"
