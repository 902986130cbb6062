"""The sentences in which a verdict is told."""

from __future__ import annotations

from collections.abc import Mapping

from reader.interpret.assay import Assay
from reader.interpret.checks import fits
from reader.reading import Outcome

__all__ = ["UNCLEAR_CONTROL", "summarise"]

_NO_CONTROL = "No control line: the test did not work, whatever else shows. Repeat it with a new test."
UNCLEAR_CONTROL = (
    "It is not clear whether there is a control line, so the test gives no result. Repeat it with a new test."
)
_ADVICE = "Have a second person look at the test, or repeat it."


def summarise(assay: Assay, outcomes: Mapping[str, Outcome], likely: Mapping[str, bool]) -> str:
    """Tell a strip's result in a sentence or two, its control line being clearly there or not.

    Parameters
    ----------
    assay : Assay
        The profile, for its rules' texts.
    outcomes : mapping of str to Outcome
        What was called for each analyte.
    likely : mapping of str to bool
        For each line, whether it is more probably present than absent.

    Returns
    -------
    str
        The texts of the rules that were met when every analyte follows them; else each analyte by name.
    """
    if not all(likely[line.name] for line in assay.controls):
        return _NO_CONTROL
    met = [rule for rule in assay.rules if fits(rule.pattern, likely)]
    expected = {analyte: outcome for rule in met for analyte, outcome in rule.outcomes.items()}
    if outcomes == expected:
        return " ".join(dict.fromkeys(rule.text for rule in met))
    return _one_by_one(assay, outcomes)


def _one_by_one(assay: Assay, outcomes: Mapping[str, Outcome]) -> str:
    words = {
        Outcome.POSITIVE: "positive",
        Outcome.NEGATIVE: "negative",
        Outcome.INVALID: "invalid",
        Outcome.INDETERMINATE: "not clear, the line is too close to the limit",
    }
    told = [f"{spec.name}: {words[outcomes[spec.id]]}." for spec in assay.analytes]
    return " ".join([*told, _ADVICE])
