"""Meaning: assay profiles, and from measured lines to outcomes. Knows nothing of pixels."""

from __future__ import annotations

from reader.interpret.assay import AnalyteSpec, Assay, Calibration, LineSpec, Rule, expand
from reader.interpret.calibration import concentration
from reader.interpret.describe import describe
from reader.interpret.labels import LABELS, Label
from reader.interpret.profiles import list_assays, load_assay, new, own_profile
from reader.interpret.schema import parse_assay
from reader.interpret.verdict import (
    DOUBT,
    Evidence,
    Presence,
    Verdict,
    decide,
    outcome_probabilities,
    presence,
    ratio,
)

__all__ = [
    "DOUBT",
    "LABELS",
    "AnalyteSpec",
    "Assay",
    "Calibration",
    "Evidence",
    "Label",
    "LineSpec",
    "Presence",
    "Rule",
    "Verdict",
    "concentration",
    "decide",
    "describe",
    "expand",
    "list_assays",
    "load_assay",
    "new",
    "outcome_probabilities",
    "own_profile",
    "parse_assay",
    "presence",
    "ratio",
]
