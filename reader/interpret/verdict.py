"""From measured lines to outcomes: the truth table, turned into probability.

Each line's measurement gives the probability that it counts as present. The lines' errors being
independent, these give the probability of every combination of lines, and so of every outcome. An
outcome is called when it is probable enough; else the answer is indeterminate, not a coin toss.

Whether a present control line is *weak* and whether the picture allows a reading at all is not judged
here.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import product

from reader.errors import OptionError
from reader.interpret.assay import Assay, LineSpec, expand
from reader.interpret.calibration import concentration
from reader.interpret.checks import fits
from reader.interpret.wording import UNCLEAR_CONTROL, summarise
from reader.reading import Analyte, Outcome

__all__ = ["DOUBT", "Evidence", "Presence", "Verdict", "decide", "outcome_probabilities", "presence", "ratio"]

# One-sided 5 %, the same risk as in a limit of blank or of detection (EP17): a line counts as told from
# its cutoff when it lies more than 1.645 standard errors away.
DOUBT = 0.05

# The first-order error of a ratio holds while the denominator's own error is below about 20 %.
_RATIO_SNR = 5.0
# What a phone does to light, exposure and white balance, cancels from a ratio; that its tone curve bends and
# that stray light thins dark lines does not. Over curves of 0 to 0.4 of a full S, stray light of 0 to 8 % and
# the exposures of phones, the ratio of two lines changes by 0.2 to 0.3 of itself per absorbance between them.
_BENT = 0.25
_RATIO_HEIGHT = 2e-4  # absorbance: 8-bit codes average no further, so a lower control line is none

_DEFINITE = (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INVALID)


@dataclass(frozen=True, slots=True)
class Evidence:
    """One expected line as it was measured.

    A line that could not be measured is left out of the evidence, which makes it unknown.

    Attributes
    ----------
    present : float
        Probability that a line is there, 0..1, from the measurement's own error.
    height : float
        Height, in the direction of the label's polarity: absorbance for labels that absorb.
    sigma : float
        Standard error of the height, >= 0.

    Raises
    ------
    ValueError
        If a number is out of its range or not finite.
    """

    present: float
    height: float
    sigma: float

    def __post_init__(self) -> None:
        if not 0.0 <= self.present <= 1.0:
            raise ValueError(f"present must be a probability; it is {self.present}")
        if not (math.isfinite(self.height) and math.isfinite(self.sigma) and self.sigma >= 0):
            raise ValueError(f"height and sigma must be finite; they are {self.height} and {self.sigma}")


@dataclass(frozen=True, slots=True)
class Presence:
    """Probability that a line counts as present, and that it counts as absent; the rest is unknown."""

    yes: float
    no: float

    @property
    def unknown(self) -> float:
        """Probability that neither is shown."""
        return max(0.0, 1.0 - self.yes - self.no)


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a strip says.

    Attributes
    ----------
    outcome : Outcome
        Positive if any analyte is positive; else indeterminate if any is; else invalid if any is; else
        negative. (For a panel of competitive tests, positive means that a substance was found.)
    analytes : dict of str to Analyte
        The answer for each analyte, in the assay's order.
    summary : str
        The result in a sentence or two for the person who did the test.
    """

    outcome: Outcome
    analytes: dict[str, Analyte]
    summary: str


def decide(
    assay: Assay, evidence: Mapping[str, Evidence], *, doubt: float = DOUBT, lot: str | None = None
) -> Verdict:
    """Turn measured lines into outcomes.

    Parameters
    ----------
    assay : Assay
        The profile. When it is open-ended, each name in `evidence` that is not the control line's is a
        test line and an analyte of its own.
    evidence : mapping of str to Evidence
        Line name to what was measured. A line of the assay that is not in it is unknown, not absent.
    doubt : float, default 0.05
        An outcome is called when its probability is at least ``1 - doubt``. The default is the one-sided
        risk on which limits of detection rest. Above 0, below 0.5.
    lot : str, optional
        The kit's lot, for its calibration; else the calibration for any lot is used.

    Returns
    -------
    Verdict
        With, for each analyte, as confidence the probability of a stated outcome; for an indeterminate
        one, 1 minus the probability of the most probable definite outcome.

    Raises
    ------
    OptionError
        If `doubt` is out of its range.
    ValueError
        If `evidence` names a line that the assay does not have.

    Notes
    -----
    Without a control line a strip is invalid whatever its test lines show: with P(C) the probability of
    all control lines, P(invalid) = 1 - P(C) and P(outcome) = P(C) P(outcome | test lines).

    Examples
    --------
    >>> from reader.interpret import load_assay
    >>> lines = {"C": Evidence(1.0, 0.4, 0.01), "T": Evidence(0.999, 0.1, 0.01)}
    >>> verdict = decide(load_assay("covid-19-ag"), lines)
    >>> verdict.outcome.value, verdict.analytes["sars-cov-2"].ratio
    ('positive', 0.25)
    """
    if not 0.0 < doubt < 0.5:
        raise OptionError(f"The doubt must lie between 0 and 0.5; it is {doubt}.")
    assay = _with_found_lines(assay, evidence)
    states = _presences(assay, evidence)
    chances = {spec.id: _chances(assay, spec.id, states) for spec in assay.analytes}
    called = {name: _call(each, doubt) for name, each in chances.items()}
    analytes = {name: _answer(*call, _signal(assay, name, evidence, lot)) for name, call in called.items()}
    outcomes = {name: outcome for name, (outcome, _) in called.items()}
    clear = max(_control(assay, states)) >= 1.0 - doubt
    likely = {name: state.yes > state.no for name, state in states.items()}
    summary = summarise(assay, outcomes, likely) if clear else UNCLEAR_CONTROL
    return Verdict(_of_strip(outcomes.values()), analytes, summary)


def outcome_probabilities(assay: Assay, evidence: Mapping[str, Evidence]) -> dict[str, dict[Outcome, float]]:
    """Return the probability of each outcome for each analyte.

    Parameters
    ----------
    assay : Assay
        The profile.
    evidence : mapping of str to Evidence
        Line name to what was measured.

    Returns
    -------
    dict
        For each analyte four probabilities that sum to 1; indeterminate is what the lines leave open.
    """
    assay = _with_found_lines(assay, evidence)
    states = _presences(assay, evidence)
    return {spec.id: _chances(assay, spec.id, states) for spec in assay.analytes}


def presence(assay: Assay, line: LineSpec, measured: Evidence | None, control: Evidence | None) -> Presence:
    r"""Say how probable it is that a line counts as present.

    Parameters
    ----------
    assay : Assay
        The profile, for its format.
    line : LineSpec
        The line.
    measured : Evidence or None
        None when it could not be measured: nothing is known then.
    control : Evidence or None
        The control line, for an assay that compares with it.

    Returns
    -------
    Presence
        Of a sandwich assay's line or a control line, never unknown when it was measured.

    Notes
    -----
    A line counts when it is there *and* its height passes the cutoff *and*, where the assay asks for it,
    a multiple of the control's height; each of these has a probability, the last two
    :math:`\Phi((h - c)/\sigma)`. One and the same error of the height decides them all, so they stand
    or fall together and the least probable one counts, not their product.

    In a competitive assay any visible line means negative, so the absence of the line must be *proven*:
    the line is absent only as far as its height is shown to lie below the cutoff. A poor measurement
    then leaves it unknown.
    """
    if measured is None:
        return Presence(0.0, 0.0)
    if assay.format == "competitive" and line.role == "test":
        below = 1.0 - _above(measured.height - line.cutoff, measured.sigma)
        blank = _above(measured.height - line.limit_of_blank, measured.sigma)
        visible = min(measured.present, blank) if line.limit_of_blank > 0 else measured.present
        return Presence(visible, min(1.0 - measured.present, below))
    floor = max(line.cutoff, line.limit_of_blank)
    yes = (
        min(measured.present, _above(measured.height - floor, measured.sigma))
        if floor > 0
        else measured.present
    )
    if line.threshold_ratio is not None:
        if control is None:
            return Presence(0.0, 1.0 - yes)
        excess = measured.height - line.threshold_ratio * control.height
        yes = min(yes, _above(excess, math.hypot(measured.sigma, line.threshold_ratio * control.sigma)))
    return Presence(yes, 1.0 - yes)


def ratio(test: Evidence, control: Evidence) -> tuple[float, float] | None:
    """Return height over control height, with its standard error.

    Parameters
    ----------
    test, control : Evidence
        The two lines.

    Returns
    -------
    tuple of float or None
        Ratio r and its error: that of both lines, ``sqrt(sigma_T**2 + r**2 sigma_C**2) / C``, taken as
        independent, and a quarter of r per absorbance between the lines, by which cameras turn the same
        lines into another ratio. None when the control line is below 5 standard errors, where this
        first-order error no longer holds, or too low for any picture to show.

    Examples
    --------
    >>> ratio(Evidence(1, 0.3, 0.003), Evidence(1, 0.3, 0.004))
    (1.0, 0.016666666666666666)
    """
    if control.height < max(_RATIO_SNR * control.sigma, _RATIO_HEIGHT):
        return None
    value = test.height / control.height
    bent = _BENT * (control.height - test.height) * test.height
    return value, math.hypot(test.sigma, value * control.sigma, bent) / control.height


def _with_found_lines(assay: Assay, evidence: Mapping[str, Evidence]) -> Assay:
    if assay.open_ended:
        controls = {line.name for line in assay.controls}
        found = [name for name in evidence if name not in controls]
        return expand(assay, found or [line.name for line in assay.tests])
    unknown = [name for name in evidence if name not in {line.name for line in assay.lines}]
    if unknown:
        raise ValueError(f"{assay.id} has no line {', '.join(map(repr, unknown))}")
    return assay


def _presences(assay: Assay, evidence: Mapping[str, Evidence]) -> dict[str, Presence]:
    control = evidence.get(assay.controls[0].name)
    return {line.name: presence(assay, line, evidence.get(line.name), control) for line in assay.lines}


def _chances(assay: Assay, analyte: str, states: Mapping[str, Presence]) -> dict[Outcome, float]:
    valid, invalid = _control(assay, states)
    given_valid = _given_valid(assay, analyte, states)
    chances = {outcome: valid * given_valid[outcome] for outcome in _DEFINITE}
    chances[Outcome.INVALID] += invalid
    chances[Outcome.INDETERMINATE] = max(0.0, 1.0 - sum(chances.values()))
    return chances


def _control(assay: Assay, states: Mapping[str, Presence]) -> tuple[float, float]:
    """Return the probability that every control line is there, and that at least one is not."""
    controls = [states[line.name] for line in assay.controls]
    return math.prod(state.yes for state in controls), 1.0 - math.prod(1.0 - state.no for state in controls)


def _given_valid(assay: Assay, analyte: str, states: Mapping[str, Presence]) -> dict[Outcome, float]:
    """Sum the probability of every combination of the lines that decide this analyte.

    Where a line is unknown, an outcome still counts if both its presence and its absence lead to it.
    """
    rules = [rule for rule in assay.rules if analyte in rule.outcomes]
    names = [line.name for line in assay.tests if any(r.pattern.get(line.name) is not None for r in rules)]
    chances = dict.fromkeys(Outcome, 0.0)
    for branches in product(*(_branches(states[name]) for name in names)):
        state = dict(zip(names, (value for value, _ in branches), strict=True))
        outcomes = {rule.outcomes[analyte] for rule in rules if fits(rule.pattern, state)}
        outcome = outcomes.pop() if len(outcomes) == 1 else Outcome.INDETERMINATE
        chances[outcome] += math.prod(chance for _, chance in branches)
    return chances


def _branches(state: Presence) -> list[tuple[bool | None, float]]:
    branches = [(True, state.yes), (False, state.no), (None, state.unknown)]
    return [(value, chance) for value, chance in branches if chance > 0.0]


def _call(chances: Mapping[Outcome, float], doubt: float) -> tuple[Outcome, float]:
    best = max(_DEFINITE, key=lambda outcome: chances[outcome])
    chance = min(1.0, chances[best])
    return (best, chance) if chance >= 1.0 - doubt else (Outcome.INDETERMINATE, 1.0 - chance)


def _of_strip(outcomes: Iterable[Outcome]) -> Outcome:
    found = set(outcomes)
    order = (Outcome.POSITIVE, Outcome.INDETERMINATE, Outcome.INVALID, Outcome.NEGATIVE)
    return next(outcome for outcome in order if outcome in found)


def _answer(outcome: Outcome, confidence: float, signal: Analyte) -> Analyte:
    if outcome is Outcome.INVALID:
        return Analyte(outcome, confidence)
    return replace(signal, outcome=outcome, confidence=confidence)


def _signal(assay: Assay, analyte: str, evidence: Mapping[str, Evidence], lot: str | None) -> Analyte:
    """Return an analyte's ratio and concentration, its outcome still open."""
    line = assay.line_of(analyte)
    test = evidence.get(line.name) if line is not None else None
    control = evidence.get(assay.controls[0].name)
    if test is None or control is None:
        return Analyte(Outcome.INDETERMINATE)
    value, sigma = ratio(test, control) or (None, None)
    amount = _concentration(assay, analyte, {"height": test.height, "ratio": value}, lot)
    return Analyte(Outcome.INDETERMINATE, ratio=value, ratio_sigma=sigma, concentration=amount)


def _concentration(
    assay: Assay, analyte: str, signals: Mapping[str, float | None], lot: str | None
) -> float | None:
    curves = {curve.lot: curve for curve in assay.calibrations if curve.analyte == analyte}
    curve = curves.get(lot or "any") or curves.get("any")
    signal = signals[curve.signal] if curve is not None else None
    return concentration(curve, signal) if curve is not None and signal is not None else None


def _above(excess: float, sigma: float) -> float:
    """Probability that a quantity is at least 0 when it was measured as `excess` with error `sigma`."""
    if sigma == 0.0:
        return float(excess >= 0.0)
    return 0.5 * math.erfc(-excess / (sigma * math.sqrt(2.0)))
