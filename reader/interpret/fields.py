"""Checks of single values in an assay profile, each saying in words what is wrong.

A `Check` takes a value as the TOML parser gives it and returns None when it is right, else the end of a
sentence that starts with the key's name.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reader.interpret.toml_lines import KeyPath

__all__ = [
    "Check",
    "Field",
    "Problem",
    "array_of",
    "flag",
    "increasing_pair",
    "loinc",
    "number",
    "one_of",
    "table_of",
    "table_problems",
    "text",
    "word",
]

Check = Callable[[Any], str | None]
Problem = tuple[KeyPath, str]

_KINDS = {
    str: "text",
    bool: "true or false",
    int: "a number",
    float: "a number",
    list: "an array",
    dict: "a table",
}


@dataclass(frozen=True, slots=True)
class Field:
    """One key of a table: how its value is checked, and whether it must be there."""

    check: Check
    required: bool = False


def table_problems(table: Any, fields: Mapping[str, Field], path: KeyPath) -> Iterator[Problem]:
    """Check one table against the keys it may and must have.

    Parameters
    ----------
    table : object
        Value from the parser.
    fields : mapping of str to Field
        The keys that are allowed.
    path : KeyPath
        Where the table stands in the document.

    Yields
    ------
    Problem
        Path of the offending key and what is wrong with it.
    """
    if not isinstance(table, dict):
        yield path, f"{_last(path)} must be a table, not {_kind(table)}"
        return
    for key, value in table.items():
        if key not in fields:
            yield (*path, key), f"unknown key {key!r}{_did_you_mean(key, fields)}"
        elif (wrong := fields[key].check(value)) is not None:
            yield (*path, key), f"{key} {wrong}"
    for key, field in fields.items():
        if field.required and key not in table:
            yield path, f"{_place(path)}{key} is missing"


def text(longest: int = 500) -> Check:
    """Accept a non-empty string of printable characters and line ends."""

    def check(value: Any) -> str | None:
        if not isinstance(value, str):
            return f"must be text, not {_kind(value)}"
        if not value.strip() or len(value) > longest:
            return f"must have 1 to {longest} characters"
        if not all(c.isprintable() or c == "\n" for c in value):
            return "must not contain control characters"
        return None

    return check


def word(pattern: str, example: str) -> Check:
    """Accept a string that matches a pattern as a whole."""

    def check(value: Any) -> str | None:
        if isinstance(value, str) and re.fullmatch(pattern, value):
            return None
        return f"must look like {example!r}, not {value!r}"

    return check


def one_of(choices: Collection[str]) -> Check:
    """Accept one of a few words."""

    def check(value: Any) -> str | None:
        if isinstance(value, str) and value in choices:
            return None
        hint = _did_you_mean(value, choices) if isinstance(value, str) else ""
        return f"must be one of {', '.join(choices)}; it is {value!r}{hint}"

    return check


def number(low: float, high: float, *, above: bool = False) -> Check:
    """Accept a finite number from `low` (excluded when `above`) to `high`."""

    def check(value: Any) -> str | None:
        if not _is_number(value):
            return f"must be a number, not {_kind(value)}"
        if low <= value <= high and not (above and value == low):
            return None
        limits = f"above {low:g} and at most {high:g}" if above else f"from {low:g} to {high:g}"
        return f"must be {limits}; it is {value:g}"

    return check


def flag(value: Any) -> str | None:
    """Accept true or false."""
    return None if isinstance(value, bool) else f"must be true or false, not {_kind(value)}"


def increasing_pair(low: float, high: float) -> Check:
    """Accept ``[a, b]`` with ``low <= a < b <= high``."""

    def check(value: Any) -> str | None:
        if not isinstance(value, list) or len(value) != 2 or not all(map(_is_number, value)):
            return "must be two numbers, such as [1, 2]"
        if low <= value[0] < value[1] <= high:
            return None
        return f"must be two increasing numbers from {low:g} to {high:g}; it is {value}"

    return check


def array_of(check: Check, *, shortest: int = 0, longest: int = 64) -> Check:
    """Accept an array whose elements all pass a check."""

    def check_all(value: Any) -> str | None:
        if not isinstance(value, list):
            return f"must be an array, not {_kind(value)}"
        if not shortest <= len(value) <= longest:
            return f"must have {shortest} to {longest} elements; it has {len(value)}"
        wrongs = ((i, check(element)) for i, element in enumerate(value, start=1))
        return next((f"element {i} {wrong}" for i, wrong in wrongs if wrong), None)

    return check_all


def table_of(key: Check, value: Check, *, shortest: int = 0) -> Check:
    """Accept a table whose keys and values all pass their checks."""

    def check(table: Any) -> str | None:
        if not isinstance(table, dict):
            return f"must be a table, not {_kind(table)}"
        if len(table) < shortest:
            return "must not be empty"
        for name, element in table.items():
            wrong = key(name) or value(element)
            if wrong:
                return f"has {name!r}, which {wrong}"
        return None

    return check


def loinc(value: Any) -> str | None:
    """Accept a LOINC number with its right check digit (mod 10).

    Examples
    --------
    >>> loinc("94558-4") is None, loinc("94558-5")
    (True, "must be a LOINC number with its check digit; '94558-5' is none")
    """
    wrong = f"must be a LOINC number with its check digit; {value!r} is none"
    if not isinstance(value, str) or not re.fullmatch(r"[0-9]{1,7}-[0-9]", value):
        return wrong
    digits = [int(c) for c in reversed(value[:-2])]
    total = sum(sum(divmod(2 * d, 10)) if i % 2 == 0 else d for i, d in enumerate(digits))
    return None if (total + int(value[-1])) % 10 == 0 else wrong


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _kind(value: Any) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "infinite or not a number"
    return _KINDS.get(type(value), "a date or time")


def _did_you_mean(key: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(key, known, n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _last(path: KeyPath) -> str:
    return next((part for part in reversed(path) if isinstance(part, str)), "the document")


def _place(path: KeyPath) -> str:
    if not path:
        return ""
    number_of = path[-1]
    return f"{_last(path)} {number_of + 1}: " if isinstance(number_of, int) else f"{_last(path)}: "
