"""From an assay profile to a device with that kit's lines, and what it then says."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from reader.errors import OptionError
from reader.interpret import Assay, Evidence, LineSpec, decide, load_assay
from reader.reading import Outcome
from reader.simulate.devices import Device, cassette, strip
from reader.simulate.lines import LABELS, Band

__all__ = ["assay_bands", "assay_outcome", "for_assay"]


def for_assay(assay: str | Assay, levels: Mapping[str, float], **design: Any) -> Device:
    """Design a device of a kit with given absorbances of its lines.

    Parameters
    ----------
    assay : str or Assay
        A profile or its id.
    levels : mapping of str to float
        Absorbance of each line that developed; lines that are not named did not.
    **design
        Passed on to ``cassette``, or to ``strip`` where the profile's device is a strip.

    Raises
    ------
    OptionError
        If a line is not one of the assay's, or its label gives light instead of absorbing it.

    Examples
    --------
    >>> device = for_assay("covid-19-ag", {"C": 0.4, "T": 0.05})
    >>> device.kind, device.outcome.value
    ('cassette', 'positive')
    """
    profile = load_assay(assay)
    laid = assay_bands(profile, levels)
    outcome = assay_outcome(profile, levels)
    if profile.kind == "strip":
        if profile.window_mm:
            design = {"membrane_mm": profile.window_mm[0], "width_mm": profile.window_mm[1], **design}
        return strip(laid, assay=profile.id, outcome=outcome, **design)
    return cassette(laid, assay=profile.id, outcome=outcome, **{"window_mm": profile.window_mm, **design})


def assay_bands(assay: Assay, levels: Mapping[str, float]) -> tuple[Band, ...]:
    """Return the assay's lines at its positions, with the given absorbances."""
    unknown = set(levels) - {line.name for line in assay.lines}
    if unknown:
        raise OptionError(f"The assay {assay.id} has no line {', '.join(sorted(unknown))}.")
    return tuple(
        Band(line.name, line.role, line.position, levels.get(line.name, 0.0), label=_label(assay, line))
        for line in assay.lines
    )


def assay_outcome(assay: Assay, levels: Mapping[str, float]) -> Outcome:
    """Return what the assay's truth table says of lines that are known for certain."""
    evidence = {
        line.name: Evidence(1.0 if levels.get(line.name, 0.0) > 0 else 0.0, levels.get(line.name, 0.0), 0.0)
        for line in assay.lines
    }
    return decide(assay, evidence).outcome


def _label(assay: Assay, line: LineSpec) -> str:
    label = line.label or assay.label
    if label == "any":
        return "gold"
    if label not in LABELS:
        raise OptionError(f"Lines with the label {label!r} give light; only absorbing ones are simulated.")
    return label
