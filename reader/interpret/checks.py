"""Checks of what a well-formed assay profile means: names, geometry, truth table, calibration.

Every function yields the path of the offending key in the TOML document and what is wrong.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations, pairwise, product

from reader.interpret.assay import Assay, Calibration, Rule
from reader.interpret.calibration import expected_signal
from reader.interpret.fields import Problem
from reader.reading import Outcome

__all__ = ["MOST_LINES_OF_AN_ANALYTE", "fits", "meaning_problems"]

# Every combination of the lines that decide one analyte is checked, and weighed in each reading.
MOST_LINES_OF_AN_ANALYTE = 6

# Positions are written with two or three decimals.
_ROUNDING = 1e-9


def meaning_problems(assay: Assay) -> Iterator[Problem]:
    """Say everything that is wrong with the meaning of a profile.

    Parameters
    ----------
    assay : Assay
        Right in form.

    Yields
    ------
    Problem
        Path of the offending key and what is wrong with it.
    """
    references = [*_names(assay), *_lines(assay), *_rule_references(assay), *_calibrations(assay)]
    yield from references
    yield from _geometry(assay)
    yield from _cutoffs(assay)
    if not references:
        yield from _truth_table(assay)


def fits(pattern: Mapping[str, bool | None], state: Mapping[str, bool | None]) -> bool:
    """Tell whether a rule's pattern can be met by lines in this state.

    Parameters
    ----------
    pattern : mapping of str to bool or None
        What a rule asks for; None and lines that are not named ask for nothing.
    state : mapping of str to bool or None
        Present, absent, or not known.

    Examples
    --------
    >>> fits({"T": True}, {"T": None}), fits({"T": True}, {"T": False})
    (True, False)
    """
    return all(
        need is None or state.get(line) is None or state[line] == need for line, need in pattern.items()
    )


def _names(assay: Assay) -> Iterator[Problem]:
    columns = {
        ("lines", "name"): [line.name for line in assay.lines],
        ("analytes", "id"): [analyte.id for analyte in assay.analytes],
        ("analytes", "result_key"): [analyte.result_key for analyte in assay.analytes],
    }
    for (table, key), values in columns.items():
        for i, value in enumerate(values):
            if value in values[:i]:
                yield (table, i, key), f"{key} {value!r} is given twice"


def _lines(assay: Assay) -> Iterator[Problem]:
    if not assay.controls:
        yield ("lines",), "there is no control line: without one a failed test cannot be told"
    if not assay.tests:
        yield ("lines",), "there is no test line"
    known = {analyte.id for analyte in assay.analytes}
    for i, line in enumerate(assay.lines):
        if line.role == "test" and line.analyte is None:
            yield ("lines", i), f"test line {line.name} does not say which analyte it shows"
        elif line.role == "control" and line.analyte is not None:
            yield ("lines", i, "analyte"), f"control line {line.name} cannot show an analyte"
        elif line.analyte is not None and line.analyte not in known:
            yield ("lines", i, "analyte"), f"there is no analyte {line.analyte!r}"
    if assay.open_ended and (len(assay.controls), len(assay.tests), len(assay.analytes)) != (1, 1, 1):
        yield ("open_ended",), "an open-ended assay lists one control line, one test line and one analyte"


def _geometry(assay: Assay) -> Iterator[Problem]:
    for i, line in enumerate(assay.lines):
        if (
            not -_ROUNDING
            <= line.position - line.tolerance
            <= line.position + line.tolerance
            <= 1 + _ROUNDING
        ):
            yield ("lines", i, "tolerance"), f"the tolerance of line {line.name} reaches beyond the window"
    for i, (before, line) in enumerate(pairwise(assay.lines), start=1):
        if line.position <= before.position:
            yield (
                ("lines", i, "position"),
                f"line {line.name} must lie further from the downstream end than line {before.name}",
            )
        elif before.position + before.tolerance > line.position - line.tolerance + _ROUNDING:
            yield ("lines", i, "tolerance"), f"the tolerances of lines {before.name} and {line.name} overlap"
    yield from _millimetres(assay)


def _millimetres(assay: Assay) -> Iterator[Problem]:
    if assay.window_mm is None:
        return
    length, width = assay.window_mm
    if length <= width:
        yield ("window_mm",), "window_mm must give the length along the flow first, then the smaller width"
    for i, line in enumerate(assay.lines):
        if line.position_mm is not None and abs(line.position_mm / length - line.position) > line.tolerance:
            yield (
                ("lines", i, "position_mm"),
                f"position_mm {line.position_mm:g} in {length:g} mm is not at position {line.position:g}",
            )


def _cutoffs(assay: Assay) -> Iterator[Problem]:
    for i, line in enumerate(assay.lines):
        if 0 < line.cutoff < line.limit_of_blank:
            yield ("lines", i, "cutoff"), f"the cutoff of line {line.name} is below its limit of blank"
        if line.threshold_ratio is not None and (line.role == "control" or assay.format == "competitive"):
            yield (
                ("lines", i, "threshold_ratio"),
                "threshold_ratio is for the test lines of a sandwich assay",
            )
        if assay.format == "competitive" and line.role == "test" and line.cutoff == 0:
            yield (
                ("lines", i),
                f"test line {line.name} needs a cutoff: in a competitive assay its absence must be proven",
            )


def _rule_references(assay: Assay) -> Iterator[Problem]:
    roles = {line.name: line.role for line in assay.lines}
    analytes = {analyte.id for analyte in assay.analytes}
    for i, rule in enumerate(assay.rules):
        for name in rule.pattern:
            if name not in roles:
                yield ("rules", i, "when", name), f"there is no line {name!r}"
            elif roles[name] == "control":
                yield (
                    ("rules", i, "when", name),
                    f"rules hold for a strip whose control line is present; leave {name} out",
                )
        for analyte in rule.outcomes:
            if analyte not in analytes:
                yield ("rules", i, "then", analyte), f"there is no analyte {analyte!r}"


def _truth_table(assay: Assay) -> Iterator[Problem]:
    told = set()
    for k, analyte in enumerate(assay.analytes):
        rules = {i: rule for i, rule in enumerate(assay.rules) if analyte.id in rule.outcomes}
        names = [
            line.name
            for line in assay.tests
            if any(r.pattern.get(line.name) is not None for r in rules.values())
        ]
        if len(names) > MOST_LINES_OF_AN_ANALYTE:
            yield (
                ("analytes", k),
                f"{analyte.id} depends on {len(names)} lines; the most is {MOST_LINES_OF_AN_ANALYTE}",
            )
            continue
        problems = [*_coverage(analyte.id, rules, names), *_inverted(assay, analyte.id, rules, names)]
        yield from (problem for problem in problems if problem not in told)
        told.update(problems)


def _states(names: list[str]) -> Iterator[dict[str, bool | None]]:
    for values in product((True, False), repeat=len(names)):
        yield dict(zip(names, values, strict=True))


def _coverage(analyte: str, rules: Mapping[int, Rule], names: list[str]) -> Iterator[Problem]:
    clashes: set[tuple[int, int]] = set()
    missing = []
    for state in _states(names):
        met = [i for i, rule in rules.items() if fits(rule.pattern, state)]
        if not met:
            missing.append(_words(state))
        clashes.update((first, second) for first, second in combinations(met, 2))
    if missing:
        which = missing[0] if len(missing) == 1 else f"{missing[0]} (and {len(missing) - 1} more)"
        yield ("rules",), f"no rule says what {which} means for {analyte}"
    for first, second in sorted(clashes):
        yield ("rules", second), f"rules {first + 1} and {second + 1} meet the same lines"


def _inverted(assay: Assay, analyte: str, rules: Mapping[int, Rule], names: list[str]) -> Iterator[Problem]:
    """Find an analyte whose own line speaks against the assay's format."""
    with_line, without = (
        (Outcome.NEGATIVE, Outcome.POSITIVE)
        if assay.format == "sandwich"
        else (Outcome.POSITIVE, Outcome.NEGATIVE)
    )
    own = [line.name for line in assay.tests if line.analyte == analyte and line.name in names]
    for state in _states(names):
        for name in (name for name in own if state[name]):
            present = [i for i, rule in rules.items() if fits(rule.pattern, state)]
            absent = [i for i, rule in rules.items() if fits(rule.pattern, {**state, name: False})]
            if (
                len(present) == len(absent) == 1
                and rules[present[0]].outcomes[analyte] == with_line
                and rules[absent[0]].outcomes[analyte] == without
            ):
                yield (
                    ("rules", present[0], "then"),
                    f"in a {assay.format} assay line {name} cannot make {analyte} {with_line}",
                )
                return


def _words(state: Mapping[str, bool | None]) -> str:
    parts = [f"{name} {'present' if there else 'absent'}" for name, there in state.items()]
    return ", ".join(parts) or "any strip"


def _calibrations(assay: Assay) -> Iterator[Problem]:
    seen = set()
    for i, curve in enumerate(assay.calibrations):
        line = assay.line_of(curve.analyte)
        if line is None:
            yield ("calibrations", i, "analyte"), f"no test line shows an analyte {curve.analyte!r}"
        if (curve.analyte, curve.lot) in seen:
            yield ("calibrations", i, "lot"), f"lot {curve.lot!r} of {curve.analyte} is given twice"
        seen.add((curve.analyte, curve.lot))
        if (wrong := _curve_problem(curve)) is not None:
            key, what = wrong
            yield ("calibrations", i, key), what


def _curve_problem(curve: Calibration) -> tuple[str, str] | None:
    needed = {"4pl": set("abcd"), "loglinear": set("ab"), "pchip": set()}[curve.model]
    p = curve.parameters
    if set(p) != needed:
        names = ", ".join(sorted(needed)) or "no parameters"
        return "parameters", f"model {curve.model} takes {names}"
    if (curve.model == "pchip") != bool(curve.points):
        return "points", "points belong to the model pchip, which needs them"
    if curve.limits[0] <= 0:
        return "limits", "limits must be above 0"
    if curve.model == "4pl" and (p["c"] <= 0 or p["b"] == 0 or p["a"] == p["d"]):
        return "parameters", "4pl needs c above 0, b other than 0 and a other than d"
    if curve.model == "loglinear" and p["b"] == 0:
        return "parameters", "loglinear needs b other than 0"
    return _points_problem(curve) if curve.model == "pchip" else _range_problem(curve)


def _points_problem(curve: Calibration) -> tuple[str, str] | None:
    x, y = zip(*curve.points, strict=True)
    rising = all(b > a for a, b in pairwise(y))
    falling = all(b < a for a, b in pairwise(y))
    if x[0] <= 0 or not all(b > a for a, b in pairwise(x)) or not (rising or falling):
        return (
            "points",
            "points must have increasing concentrations above 0 and a signal that only rises or falls",
        )
    if not x[0] <= curve.limits[0] < curve.limits[1] <= x[-1]:
        return "limits", "limits must lie within the points"
    return None


def _range_problem(curve: Calibration) -> tuple[str, str] | None:
    try:
        low, high = (expected_signal(curve, limit) for limit in curve.limits)
    except OverflowError:
        low = high = 0.0
    if low == high:
        return "limits", "the curve is flat within these limits"
    return None
