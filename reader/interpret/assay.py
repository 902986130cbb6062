"""The assay profile as frozen data: what a kit's lines are, where they lie and what they mean.

Profiles are written as TOML (schema ``lfa-assay/1``) and read by `reader.interpret.schema`; nothing
here checks them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from reader.reading import Outcome

__all__ = [
    "AnalyteSpec",
    "Assay",
    "Calibration",
    "DeviceKind",
    "LineSpec",
    "Rule",
    "expand",
]

DeviceKind = Literal["cassette", "strip", "midstream", "any"]
AssayFormat = Literal["sandwich", "competitive"]
Signal = Literal["ratio", "height"]
CurveModel = Literal["4pl", "loglinear", "pchip"]


@dataclass(frozen=True, slots=True)
class LineSpec:
    """One line that the kit can show.

    Attributes
    ----------
    name : str
        What the kit calls it, such as ``"C"`` or ``"Pf"``.
    role : {"control", "test"}
        What it is for.
    analyte : str or None
        Id of the analyte it shows; None for a control line.
    position : float
        0 at the downstream (absorbent pad) end of the window, 1 at the sample end.
    position_mm : float or None
        The same in millimetres from the downstream end, where known.
    tolerance : float
        How far the line may lie from `position`, in window lengths.
    label : str or None
        Id of its label where that differs from the assay's.
    cutoff : float
        Absorbance above which the line counts as present; 0 leaves it to the detection limit alone.
    limit_of_blank : float
        Absorbance that a negative sample can show; 0 when it is not known.
    threshold_ratio : float or None
        When given, the line counts as present only if its height reaches this multiple of the control
        line's height.
    """

    name: str
    role: Literal["control", "test"]
    analyte: str | None
    position: float
    position_mm: float | None
    tolerance: float
    label: str | None
    cutoff: float
    limit_of_blank: float
    threshold_ratio: float | None


@dataclass(frozen=True, slots=True)
class AnalyteSpec:
    """One answer that the kit gives.

    Attributes
    ----------
    id : str
        Key of the answer in a reading.
    name : str
        What it is, in words.
    result_key : str
        Flat key under which other programs find the answer, such as ``"result_mal_pf"``.
    codes : mapping of str to str
        Codes by system (``"loinc"``, ``"snomed"``); only those that are known for sure.
    """

    id: str
    name: str
    result_key: str
    codes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Rule:
    """One row of the truth table, for a strip whose control line is present.

    Attributes
    ----------
    pattern : mapping of str to bool or None
        Test line to present (True), absent (False) or either (None); a line that is not named may be
        either.
    outcomes : mapping of str to Outcome
        Analyte to its outcome. A rule may speak of some analytes only, so that a panel of independent
        lines needs two rules per line and not one for each combination.
    text : str
        What it means, in a sentence for the person who did the test.
    """

    pattern: Mapping[str, bool | None]
    outcomes: Mapping[str, Outcome]
    text: str


@dataclass(frozen=True, slots=True)
class Calibration:
    """From a line's signal to a concentration, for one lot.

    Attributes
    ----------
    analyte : str
        Id of the analyte.
    lot : str
        The kit's lot, or ``"any"``.
    signal : {"ratio", "height"}
        Height over that of the control line, or height alone.
    model : {"4pl", "loglinear", "pchip"}
        ``y = d + (a - d) / (1 + (x/c)**b)``, ``y = a + b * log10(x)``, or a monotone curve through `points`.
    parameters : mapping of str to float
        ``a, b, c, d`` or ``a, b``; empty for ``"pchip"``.
    points : tuple of (float, float)
        (concentration, signal) for ``"pchip"``, else empty.
    limits : tuple of float
        Lowest and highest concentration that was calibrated; nothing is stated outside.
    unit : str
        Unit of the concentration.
    """

    analyte: str
    lot: str
    signal: Signal
    model: CurveModel
    parameters: Mapping[str, float]
    points: tuple[tuple[float, float], ...]
    limits: tuple[float, float]
    unit: str


@dataclass(frozen=True, slots=True)
class Assay:
    """All that is known of one kind of test.

    Attributes
    ----------
    id, name : str
        Kebab-case name and plain name.
    kind : {"cassette", "strip", "midstream", "any"}
        What the device looks like.
    format : {"sandwich", "competitive"}
        Sandwich: a line means that the analyte is there. Competitive: a line means that it is not.
    label : str
        Id in `reader.interpret.labels.LABELS`.
    window_mm : tuple of float or None
        Length along the flow and width of the read window, mm.
    lines : tuple of LineSpec
        In order from the downstream end.
    rules : tuple of Rule
        The truth table. For each analyte, each combination of its lines is met by exactly one rule.
    analytes : tuple of AnalyteSpec
        The answers, in the order in which they are given.
    read_window_min : tuple of float or None
        Earliest and latest minute after the sample was applied at which the test may be read.
    codes : mapping of str to str
        Codes of the test as a whole.
    calibrations : tuple of Calibration
        May be empty.
    open_ended : bool
        True when the test may have any number of test lines, all like the one that is listed.
    assumed : tuple of str
        What the profile takes for granted and a user should check against the kit.
    notes : str
        Anything else.
    """

    id: str
    name: str
    kind: DeviceKind
    format: AssayFormat
    label: str
    window_mm: tuple[float, float] | None
    lines: tuple[LineSpec, ...]
    rules: tuple[Rule, ...]
    analytes: tuple[AnalyteSpec, ...]
    read_window_min: tuple[float, float] | None
    codes: Mapping[str, str]
    calibrations: tuple[Calibration, ...]
    open_ended: bool
    assumed: tuple[str, ...]
    notes: str

    @property
    def controls(self) -> tuple[LineSpec, ...]:
        """The control lines, from the downstream end."""
        return tuple(line for line in self.lines if line.role == "control")

    @property
    def tests(self) -> tuple[LineSpec, ...]:
        """The test lines, from the downstream end."""
        return tuple(line for line in self.lines if line.role == "test")

    def line_of(self, analyte: str) -> LineSpec | None:
        """Return the first line of an analyte, None when it has no line of its own."""
        return next((line for line in self.tests if line.analyte == analyte), None)


def expand(assay: Assay, names: Sequence[str]) -> Assay:
    """Give an open-ended assay the test lines that were found, each an analyte of its own.

    Parameters
    ----------
    assay : Assay
        With ``open_ended``; its one test line, analyte and rules are the pattern for all.
    names : sequence of str
        Names of the test lines, from the downstream end. ``{line}`` in a rule's text becomes the name.

    Returns
    -------
    Assay
        No longer open-ended.

    Examples
    --------
    >>> from reader.interpret import load_assay
    >>> [a.id for a in expand(load_assay("generic"), ["T1", "T2"]).analytes]
    ['T1', 'T2']
    """
    (line,) = assay.tests
    (analyte,) = assay.analytes
    return replace(
        assay,
        lines=(*assay.controls, *(replace(line, name=name, analyte=name) for name in names)),
        analytes=tuple(
            replace(analyte, id=name, name=f"Line {name}", result_key=f"result_{name.lower()}")
            for name in names
        ),
        rules=tuple(_renamed(rule, line.name, analyte.id, name) for name in names for rule in assay.rules),
        open_ended=False,
    )


def _renamed(rule: Rule, line: str, analyte: str, name: str) -> Rule:
    return Rule(
        pattern={name: rule.pattern.get(line)},
        outcomes={name: rule.outcomes[analyte]},
        text=rule.text.replace("{line}", name),
    )
