"""Reads an assay profile (TOML, schema ``lfa-assay/1``), strictly.

Everything that is wrong with a profile is reported at once, each with its line. The meaning of what is
well-formed, such as the geometry and the truth table, is checked in `reader.interpret.checks`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from reader.errors import AssayError
from reader.interpret.assay import AnalyteSpec, Assay, Calibration, LineSpec, Rule
from reader.interpret.checks import meaning_problems
from reader.interpret.fields import (
    Check,
    Field,
    Problem,
    array_of,
    flag,
    increasing_pair,
    loinc,
    number,
    one_of,
    table_of,
    table_problems,
    text,
    word,
)
from reader.interpret.labels import LABELS
from reader.interpret.toml_lines import KeyPath, key_lines, line_of
from reader.reading import Outcome

__all__ = ["ID_PATTERN", "SCHEMA", "parse_assay"]

SCHEMA = "lfa-assay/1"
ID_PATTERN = r"[a-z0-9]+(-[a-z0-9]+){0,15}"

# A pattern needs at most this many lines and a window this long; both only stop nonsense.
_MOST_LINES = 16
_LONGEST_WINDOW_MM = 500.0
_LATEST_MINUTE = 24 * 60.0

_PRESENCE = {"present": True, "absent": False, "any": None}
_RULE_OUTCOMES = tuple(
    outcome.value for outcome in (Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INDETERMINATE, Outcome.INVALID)
)

_name = word(r"[A-Za-z0-9][A-Za-z0-9 /+.-]{0,15}", "Pf")
_analyte_id = word(r"[A-Za-z0-9]+([_-][A-Za-z0-9]+){0,7}", "pf")
_snomed = word(r"[1-9][0-9]{5,17}", "10828004")


def _codes(value: Any) -> str | None:
    """Accept a table of codes whose systems are known."""
    wrong = table_of(one_of(("loinc", "snomed")), text(32))(value)
    if wrong:
        return wrong
    for system, check in (("loinc", loinc), ("snomed", _snomed)):
        if system in value and (wrong := check(value[system])):
            return f"has a {system} that {wrong}"
    return None


def _is(expected: str) -> Check:
    def check(value: Any) -> str | None:
        return None if value == expected else f"must be {expected!r}; it is {value!r}"

    return check


_TOP = {
    "schema": Field(_is(SCHEMA), required=True),
    "id": Field(word(ID_PATTERN, "malaria-pf-pan"), required=True),
    "name": Field(text(120), required=True),
    "kind": Field(one_of(("cassette", "strip", "midstream", "any")), required=True),
    "format": Field(one_of(("sandwich", "competitive")), required=True),
    "label": Field(one_of(tuple(LABELS)), required=True),
    "window_mm": Field(array_of(number(0, _LONGEST_WINDOW_MM, above=True), shortest=2, longest=2)),
    "read_window_min": Field(increasing_pair(0, _LATEST_MINUTE)),
    "codes": Field(_codes),
    "open_ended": Field(flag),
    "assumed": Field(array_of(text())),
    "notes": Field(text(4000)),
}
_ANALYTE = {
    "id": Field(_analyte_id, required=True),
    "name": Field(text(120), required=True),
    "result_key": Field(word(r"result_[a-z0-9]+(_[a-z0-9]+){0,7}", "result_mal_pf"), required=True),
    "codes": Field(_codes),
}
_LINE = {
    "name": Field(_name, required=True),
    "role": Field(one_of(("control", "test")), required=True),
    "analyte": Field(_analyte_id),
    "position": Field(number(0, 1), required=True),
    "position_mm": Field(number(0, _LONGEST_WINDOW_MM)),
    "tolerance": Field(number(0, 0.5, above=True), required=True),
    "label": Field(one_of(tuple(LABELS))),
    "cutoff": Field(number(0, 5)),
    "limit_of_blank": Field(number(0, 5)),
    "threshold_ratio": Field(number(0, 100, above=True)),
}
_RULE = {
    "when": Field(table_of(_name, one_of(tuple(_PRESENCE)), shortest=1), required=True),
    "then": Field(table_of(_analyte_id, one_of(_RULE_OUTCOMES), shortest=1), required=True),
    "text": Field(text(), required=True),
}
_CALIBRATION = {
    "analyte": Field(_analyte_id, required=True),
    "lot": Field(text(64), required=True),
    "signal": Field(one_of(("ratio", "height")), required=True),
    "model": Field(one_of(("4pl", "loglinear", "pchip")), required=True),
    "parameters": Field(table_of(one_of(tuple("abcd")), number(-1e12, 1e12), shortest=2)),
    "points": Field(array_of(array_of(number(-1e12, 1e12), shortest=2, longest=2), shortest=3, longest=50)),
    "limits": Field(increasing_pair(0, 1e12), required=True),
    "unit": Field(text(32), required=True),
}
_TABLES = {"analytes": _ANALYTE, "lines": _LINE, "rules": _RULE, "calibrations": _CALIBRATION}
_MOST = {"analytes": _MOST_LINES, "lines": _MOST_LINES, "rules": 256, "calibrations": 64}
_NEEDED = ("analytes", "lines", "rules")


def parse_assay(document: str, source: str = "profile") -> Assay:
    """Read one assay profile.

    Parameters
    ----------
    document : str
        The TOML text.
    source : str, default "profile"
        What to call it in messages, usually the file's path.

    Returns
    -------
    Assay
        Checked in form and meaning.

    Raises
    ------
    AssayError
        With a line ``source:line: what is wrong`` for each problem.
    """
    table, lines = _read(document, source)
    _refuse(_form_problems(table), lines, source)
    assay = _build(table)
    _refuse(meaning_problems(assay), lines, source)
    return assay


def _read(document: str, source: str) -> tuple[dict[str, Any], dict[KeyPath, int]]:
    try:
        return tomllib.loads(document), key_lines(document)
    except RecursionError:
        raise AssayError(f"{source}:1: the file is nested too deeply.") from None
    except ValueError as error:
        place = re.search(r"\(at line (\d+)", str(error))
        last = document.count("\n") + 1
        line = int(place[1]) if place else last if "end of document" in str(error) else 1
        what = re.sub(r" \(at .*\)$", "", str(error))
        raise AssayError(f"{source}:{line}: this is not TOML: {what}.") from None


def _refuse(problems: Iterable[Problem], lines: Mapping[KeyPath, int], source: str) -> None:
    found = sorted((line_of(lines, path), what) for path, what in problems)
    if found:
        raise AssayError("\n".join(f"{source}:{line}: {what}." for line, what in found))


def _form_problems(table: dict[str, Any]) -> Iterator[Problem]:
    top = {key: value for key, value in table.items() if key not in _TABLES}
    yield from table_problems(top, _TOP, ())
    for key in _NEEDED:
        if key not in table:
            yield (), f"[[{key}]] is missing"
    for key, fields in _TABLES.items():
        yield from _array_problems(key, table.get(key, []), fields)


def _array_problems(key: str, array: Any, fields: Mapping[str, Field]) -> Iterator[Problem]:
    if not isinstance(array, list):
        yield (key,), f"{key} must be an array of tables, written [[{key}]]"
        return
    if len(array) > _MOST[key]:
        yield (key,), f"there are {len(array)} {key}; at most {_MOST[key]} are allowed"
        return
    for i, element in enumerate(array):
        yield from table_problems(element, fields, (key, i))


def _build(table: dict[str, Any]) -> Assay:
    return Assay(
        id=table["id"],
        name=table["name"],
        kind=table["kind"],
        format=table["format"],
        label=table["label"],
        window_mm=_pair(table.get("window_mm")),
        lines=tuple(_line(element) for element in table["lines"]),
        rules=tuple(_rule(element) for element in table["rules"]),
        analytes=tuple(_analyte(element) for element in table["analytes"]),
        read_window_min=_pair(table.get("read_window_min")),
        codes=table.get("codes", {}),
        calibrations=tuple(_calibration(element) for element in table.get("calibrations", [])),
        open_ended=table.get("open_ended", False),
        assumed=tuple(table.get("assumed", [])),
        notes=table.get("notes", "").strip(),
    )


def _analyte(table: dict[str, Any]) -> AnalyteSpec:
    return AnalyteSpec(table["id"], table["name"], table["result_key"], table.get("codes", {}))


def _line(table: dict[str, Any]) -> LineSpec:
    return LineSpec(
        name=table["name"],
        role=table["role"],
        analyte=table.get("analyte"),
        position=float(table["position"]),
        position_mm=_optional(table.get("position_mm")),
        tolerance=float(table["tolerance"]),
        label=table.get("label"),
        cutoff=float(table.get("cutoff", 0)),
        limit_of_blank=float(table.get("limit_of_blank", 0)),
        threshold_ratio=_optional(table.get("threshold_ratio")),
    )


def _rule(table: dict[str, Any]) -> Rule:
    return Rule(
        pattern={line: _PRESENCE[need] for line, need in table["when"].items()},
        outcomes={analyte: Outcome(outcome) for analyte, outcome in table["then"].items()},
        text=table["text"].strip(),
    )


def _calibration(table: dict[str, Any]) -> Calibration:
    low, high = table["limits"]
    return Calibration(
        analyte=table["analyte"],
        lot=table["lot"],
        signal=table["signal"],
        model=table["model"],
        parameters={key: float(value) for key, value in table.get("parameters", {}).items()},
        points=tuple((float(x), float(y)) for x, y in table.get("points", [])),
        limits=(float(low), float(high)),
        unit=table["unit"],
    )


def _optional(value: float | None) -> float | None:
    return None if value is None else float(value)


def _pair(values: list[float] | None) -> tuple[float, float] | None:
    return None if values is None else (float(values[0]), float(values[1]))
