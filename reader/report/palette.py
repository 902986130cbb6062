"""The colours of every figure, in one place.

They differ in lightness as well as in hue, so that colour-blind readers and grey printers keep them
apart; and no colour stands alone: a word always says the same.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TypeAlias

from reader.reading import Line, Outcome

__all__ = [
    "BLUE",
    "INK",
    "MUTED",
    "OUTCOME_COLOURS",
    "PAPER",
    "PLATE",
    "RULE",
    "VERMILLION",
    "WARNING",
    "line_colour",
    "rgb",
]

Rgb: TypeAlias = tuple[int, int, int]

INK = "#1f2a33"
MUTED = "#5c6871"
RULE = "#d8d5cc"
PAPER = "#fbfaf7"
PLATE = "#ffffff"
WARNING = "#8a6500"

# Okabe and Ito's vermillion and blue, the pair that all kinds of colour vision separate.
BLUE = "#0068a8"
VERMILLION = "#c84e00"

OUTCOME_COLOURS = MappingProxyType(
    {
        Outcome.POSITIVE: "#b8450a",
        Outcome.NEGATIVE: "#0b5f95",
        Outcome.INVALID: "#33302c",
        Outcome.INDETERMINATE: "#8a6500",
        Outcome.NOT_READ: "#6a737b",
        Outcome.MULTIPLE: "#0f6b63",
    }
)


def line_colour(line: Line) -> str:
    """Return the colour of a line's marker: blue for a control, vermillion for a test line."""
    return BLUE if line.role == "control" else VERMILLION


def rgb(colour: str) -> Rgb:
    """Return ``#rrggbb`` as three numbers from 0 to 255.

    Examples
    --------
    >>> rgb("#ff8000")
    (255, 128, 0)
    """
    red, green, blue = bytes.fromhex(colour.removeprefix("#"))
    return red, green, blue
