"""The band below the picture: verdict and sentence, each strip enlarged, every warning in words."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reader.reading import Outcome, Point, Reading, StripReading
from reader.report.palette import INK, MUTED, OUTCOME_COLOURS, PAPER, PLATE, RULE, WARNING, line_colour
from reader.report.panel import draw_panel
from reader.report.sheet import Canvas, blank, fill, stroke, text_size, wrap, write
from reader.report.words import flag_text, flagged_strips, line_text, outcome_word

__all__ = ["draw_caption"]

_MOST_PANELS = 6
_MOST_STRIPS = 36
_TALLEST = 6000  # px; the band is laid out on a sheet this tall, which is then cut


@dataclass(frozen=True, slots=True)
class _Band:
    """The sheet that is drawn on, and the height of its type, px."""

    sheet: Canvas
    type_size: int

    @property
    def pad(self) -> float:
        return 1.1 * self.type_size

    @property
    def width(self) -> float:
        return float(self.sheet.shape[1])


@dataclass(frozen=True, slots=True)
class _Column:
    """A part of the band, down which text flows."""

    x: float
    width: float


def draw_caption(picture: NDArray[np.uint8], reading: Reading, width: int, type_size: int) -> Canvas:
    """Draw the band that says in words what the picture shows.

    Parameters
    ----------
    picture : ndarray, shape (H, W, 3)
        The photo, sRGB, 8 bit.
    reading : Reading
        What it says.
    width : int
        Width of the band, px.
    type_size : int
        Height of the type, px.

    Returns
    -------
    ndarray, shape (h, width, 3)
        As high as its content needs.
    """
    band = _Band(blank(width, _TALLEST, PAPER), type_size)
    stroke(band.sheet, [(0, 1), (width, 1)], RULE, 2)
    layout = _one_strip if len(reading.strips) == 1 else _many_strips
    bottom = layout(band, picture, reading)
    return band.sheet[: round(bottom + 0.6 * band.pad)].copy()


def _one_strip(band: _Band, picture: NDArray[np.uint8], reading: Reading) -> float:
    strip, pad, size = reading.strips[0], band.pad, band.type_size
    text = _Column(pad, 0.44 * band.width - 1.5 * pad)
    y = _verdict(band, text, pad, strip, number="", most=6)
    for line in strip.lines:
        colour = line_colour(line) if line.detected else MUTED
        y = _sentence(band, text, y + 0.2 * size, line_text(line), colour)
    left = 0.44 * band.width + 0.5 * pad
    beside = draw_panel(
        band.sheet, picture, strip, at=(left, pad), width=0.56 * band.width - 1.5 * pad, type_size=size
    )
    # Long lists of warnings take the full width, short ones stand under the lines.
    if len(flagged_strips(reading)) <= 2:
        return max(beside, _warnings(band, text, y + 0.5 * size, reading))
    return _warnings(band, _Column(pad, band.width - 2 * pad), max(beside, y) + 0.3 * size, reading)


def _many_strips(band: _Band, picture: NDArray[np.uint8], reading: Reading) -> float:
    whole = _Column(band.pad, band.width - 2 * band.pad)
    y = _chip(band, (whole.x, band.pad), outcome_word(reading.outcome), reading.outcome)
    y = _cells(band, whole, y + 0.6 * band.type_size, picture, reading.strips[:_MOST_STRIPS])
    unseen = len(reading.strips) - _MOST_STRIPS
    if unseen > 0:
        y = _sentence(band, whole, y, f"and {unseen} more", MUTED)
    return _warnings(band, whole, y + 0.2 * band.type_size, reading)


def _cells(
    band: _Band, whole: _Column, y: float, picture: NDArray[np.uint8], strips: tuple[StripReading, ...]
) -> float:
    """Draw the strips in columns: few ones enlarged, many ones in words only."""
    figures = len(strips) <= _MOST_PANELS
    columns = 2 if len(strips) in {2, 4} else 3
    width = (whole.width - (columns - 1) * band.pad) / columns
    for first in range(0, len(strips), columns):
        ends = []
        for k, strip in enumerate(strips[first : first + columns]):
            column = _Column(whole.x + k * (width + band.pad), width)
            end = _verdict(band, column, y, strip, number=f"{strip.id}  ", most=2)
            lines = "; ".join(line_text(line) for line in strip.lines)
            end = _sentence(band, column, end, lines, MUTED, most=3)
            if figures:
                at, size = (column.x, end + 0.2 * band.type_size), band.type_size
                end = draw_panel(band.sheet, picture, strip, at=at, width=width, type_size=size)
            ends.append(end)
        y = max(ends) + 0.5 * band.pad
    return y


def _verdict(band: _Band, column: _Column, y: float, strip: StripReading, *, number: str, most: int) -> float:
    y = _chip(band, (column.x, y), f"{number}{outcome_word(strip.outcome)}", strip.outcome)
    return _sentence(band, column, y + 0.4 * band.type_size, strip.summary, INK, most=most)


def _chip(band: _Band, at: Point, text: str, outcome: Outcome) -> float:
    (x, y), size = at, round(1.25 * band.type_size)
    width, height = text_size(text, size)
    x1, y1 = x + width + 1.1 * size, y + 1.35 * height
    fill(band.sheet, [(x, y), (x1, y), (x1, y1), (x, y1)], OUTCOME_COLOURS[outcome])
    write(band.sheet, (x + 0.5 * size, y + 0.17 * height), text, size, PLATE, bold=True)
    return y1


def _sentence(band: _Band, column: _Column, y: float, text: str, colour: str, *, most: int = 99) -> float:
    for row in wrap(text, band.type_size, column.width, most):
        write(band.sheet, (column.x, y), row, band.type_size, colour)
        y += 1.32 * band.type_size
    return y


def _warnings(band: _Band, column: _Column, y: float, reading: Reading) -> float:
    size = band.type_size
    beside = _Column(column.x + 1.5 * size, column.width - 1.5 * size)
    for code, strips in flagged_strips(reading):
        several = len(reading.strips) > 1 and strips
        whose = f" (strip {', '.join(map(str, strips))})" if several else ""
        _warning_sign(band, (column.x, y + 0.12 * size))
        y = _sentence(band, beside, y, flag_text(code) + whose, INK) + 0.3 * size
    return y


def _warning_sign(band: _Band, at: Point) -> None:
    (x, y), side = at, 1.1 * band.type_size
    middle = x + side / 2
    fill(band.sheet, [(middle, y), (x + side, y + 0.9 * side), (x, y + 0.9 * side)], WARNING)
    thick = 0.1 * side
    stroke(band.sheet, [(middle, y + 0.34 * side), (middle, y + 0.58 * side)], PLATE, thick)
    stroke(band.sheet, [(middle, y + 0.75 * side), (middle, y + 0.76 * side)], PLATE, thick)
