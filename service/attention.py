"""How soon a person should look at a reading: one number, by what the reader was unsure of."""

from collections.abc import Mapping
from enum import IntEnum
from typing import Any, Final

import reader

__all__ = ["Attention", "attention_of"]

# A called answer is at least 0.95 sure. One of a hundred is wrong at this limit by the reader's own error.
_SURE: Final = 0.99
_FAINT: Final = frozenset({"faint-line", "weak-control"})


class Attention(IntEnum):
    """The higher, the sooner a person should look."""

    NONE = 0  # a person has looked, or there is nothing left to look at
    ROUTINE = 1
    FAILED = 2  # invalid or not read: the test or the picture is to be repeated
    FLAGGED = 3  # a result, with a warning
    WEAK = 4  # a result that rests on a faint line
    UNCLEAR = 5  # neither positive nor negative


def attention_of(document: Mapping[str, Any]) -> Attention:
    """Tell how soon a person should look at a reading.

    Parameters
    ----------
    document : mapping
        The contract document ``lfa-reading/1``.

    Returns
    -------
    Attention
        That of the strip which needs it most.

    Examples
    --------
    >>> attention_of({"outcome": "not_read", "flags": ["no-strip-found"], "strips": []}).name
    'FAILED'
    """
    if not document["strips"]:
        return Attention.FAILED
    warned = bool(_warnings(document["flags"]) - {"strips-differ"})
    return max(_of_strip(strip, warned=warned) for strip in document["strips"])


def _of_strip(strip: Mapping[str, Any], *, warned: bool) -> Attention:
    answers = strip["analytes"].values()
    outcomes = {strip["outcome"], *(answer["outcome"] for answer in answers)}
    if "indeterminate" in outcomes:
        return Attention.UNCLEAR
    if not outcomes & {"positive", "negative"}:
        return Attention.FAILED
    flags = _warnings(strip["flags"])
    confidences = [answer["confidence"] for answer in answers if answer["confidence"] is not None]
    if flags & _FAINT or min(confidences, default=1.0) < _SURE:
        return Attention.WEAK
    return Attention.FLAGGED if flags or warned else Attention.ROUTINE


def _warnings(codes: list[str]) -> set[str]:
    """Leave out what concerns programs only; a code of a later version is a warning."""
    return {code for code in codes if code not in reader.FLAGS or not reader.FLAGS[code].technical}
