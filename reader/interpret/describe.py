"""An assay profile in plain words, for ``lfa assays show``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reader.interpret.assay import Assay, LineSpec, Rule

__all__ = ["describe"]


def describe(assay: Assay) -> str:
    """Say what a profile holds.

    Parameters
    ----------
    assay : Assay
        Any profile.

    Returns
    -------
    str
        Several lines of plain text, without a line end at the end.

    Examples
    --------
    >>> from reader.interpret import load_assay
    >>> print(describe(load_assay("covid-19-ag")).splitlines()[0])
    covid-19-ag: COVID-19 antigen
    """
    return "\n".join(
        [
            *_head(assay),
            "",
            "Lines, from the downstream end (absorbent pad) to the sample:",
            *(f"  {_line(line, assay.label)}" for line in assay.lines),
            "",
            "Results, when the control line is there:",
            *(f"  {row}" for rule in assay.rules for row in _rule(rule)),
            "  no control line: invalid, whatever else shows",
            *_tail(assay),
        ]
    )


def _head(assay: Assay) -> Iterator[str]:
    device = "any device" if assay.kind == "any" else assay.kind
    yield f"{assay.id}: {assay.name}"
    yield f"{device}, {assay.format}, label {assay.label}"
    if assay.window_mm is not None:
        yield "read window {:g} mm long, {:g} mm wide".format(*assay.window_mm)
    if assay.read_window_min is not None:
        yield "read {:g} to {:g} minutes after the sample was applied".format(*assay.read_window_min)
    if assay.codes:
        yield f"codes: {_codes(assay.codes)}"
    if assay.open_ended:
        yield "any number of test lines"


def _line(line: LineSpec, label: str) -> str:
    parts = [f"{line.name}: {line.role} line"]
    if line.analyte is not None:
        parts.append(f"shows {line.analyte}")
    parts.append(f"at {line.position:.2f} ± {line.tolerance:.2f} of the window")
    if line.position_mm is not None:
        parts.append(f"{line.position_mm:g} mm from its end")
    if line.label not in {None, label}:
        parts.append(f"label {line.label}")
    if line.cutoff > 0:
        parts.append(f"counts from absorbance {line.cutoff:g}")
    if line.limit_of_blank > 0:
        parts.append(f"limit of blank {line.limit_of_blank:g}")
    if line.threshold_ratio is not None:
        parts.append(f"counts from {line.threshold_ratio:g} × the control line")
    return ", ".join(parts)


def _rule(rule: Rule) -> Iterator[str]:
    words = {True: "present", False: "absent", None: "any"}
    lines = ", ".join(f"{name} {words[need]}" for name, need in rule.pattern.items())
    outcomes = ", ".join(f"{analyte} {outcome.value}" for analyte, outcome in rule.outcomes.items())
    yield f"{lines}: {outcomes}"
    yield f"    {rule.text}"


def _tail(assay: Assay) -> Iterator[str]:
    yield ""
    yield "Answers:"
    for analyte in assay.analytes:
        codes = f" ({_codes(analyte.codes)})" if analyte.codes else ""
        yield f"  {analyte.id}: {analyte.name}, key {analyte.result_key}{codes}"
    for curve in assay.calibrations:
        low, high = curve.limits
        yield (
            f"  {curve.analyte}: calibrated for lot {curve.lot} from {low:g} to {high:g} {curve.unit} "
            f"({curve.model} of {curve.signal})"
        )
    if assay.assumed:
        yield ""
        yield "Assumed; check against your kit:"
        yield from (f"  - {text}" for text in assay.assumed)
    if assay.notes:
        yield ""
        yield assay.notes


def _codes(codes: Mapping[str, str]) -> str:
    names = {"loinc": "LOINC", "snomed": "SNOMED CT"}
    return ", ".join(f"{names.get(system, system)} {code}" for system, code in codes.items())
