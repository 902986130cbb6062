"""A strip enlarged: its membrane laid level, and below it the profile on the same scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.reading import Line, Point, Profile, Quad, StripReading
from reader.report.figure import line_width, profile_range
from reader.report.palette import INK, MUTED, PLATE, RULE, line_colour
from reader.report.sheet import Canvas, dashes, fill, stroke, text_size, write

__all__ = ["draw_panel", "straightened"]

_LONGEST_SOURCE = 2000  # px of window that are kept when it is laid level


@dataclass(frozen=True, slots=True)
class _Plot:
    """A plot's place on the sheet and its range of absorbance."""

    left: float
    top: float
    width: float
    height: float
    low: float
    high: float

    def at(self, position: float, absorbance: float) -> Point:
        share = (absorbance - self.low) / (self.high - self.low)
        return self.left + position * self.width, self.top + (1 - share) * self.height

    def span(self, start: float, end: float) -> list[Point]:
        a, b = (self.at(min(1.0, max(0.0, p)), self.low)[0] for p in (start, end))
        bottom = self.top + self.height
        return [(a, self.top), (b, self.top), (b, bottom), (a, bottom)]


def straightened(picture: NDArray[np.uint8], window: Quad, width: int, height: int) -> Canvas:
    """Cut a window out of the picture and lay it level, control end to the left.

    Parameters
    ----------
    picture : ndarray, shape (H, W, 3)
        The photo.
    window : Quad
        Corners, clockwise from the control end.
    width, height : int
        Size of the result, px; its sides are scaled separately.

    Returns
    -------
    ndarray, shape (height, width, 3)
        What lies outside the picture is grey.
    """
    native_w, native_h = (int(np.clip(math.ceil(side), 2, _LONGEST_SOURCE)) for side in _sides(window))
    source = np.array([window[1], window[2], window[3], window[0]], np.float32)
    right, bottom = native_w - 1, native_h - 1
    target = np.array([(0, 0), (right, 0), (right, bottom), (0, bottom)], np.float32)
    level = cv2.warpPerspective(
        picture,
        cv2.getPerspectiveTransform(source, target),
        (native_w, native_h),
        flags=cv2.INTER_LINEAR,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(150, 150, 150),
    )
    shrinks = native_w >= width and native_h >= height
    how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(level, (width, height), interpolation=how), np.uint8)


def draw_panel(
    sheet: Canvas,
    picture: NDArray[np.uint8],
    strip: StripReading,
    *,
    at: Point,
    width: float,
    type_size: int,
) -> float:
    """Draw a strip's membrane and profile, onto the sheet.

    Parameters
    ----------
    sheet : ndarray, shape (H, W, 3)
        The band below the picture.
    picture : ndarray, shape (H, W, 3)
        The photo.
    strip : StripReading
        Which strip.
    at : Point
        Top left corner of the panel.
    width : float
        Its width, px.
    type_size : int
        Height of the type, px.

    Returns
    -------
    float
        Where the panel ends, px from the sheet's top.
    """
    left, top, wide = round(at[0]), round(at[1]), round(width)
    length, across = _sides(strip.window)
    tall = round(float(np.clip(wide * across / max(length, 1e-6), 1.6 * type_size, 3.2 * type_size)))
    sheet[top : top + tall, left : left + wide] = straightened(picture, strip.window, wide, tall)
    plot = _Plot(left, top + tall + 1.6 * type_size, wide, 5.2 * type_size, *profile_range(strip))
    fill(sheet, plot.span(0, 1), PLATE)
    for line in strip.lines:
        _draw_line(sheet, plot, line, strip, type_size)
    dashes(sheet, plot.at(0, 0), plot.at(1, 0), RULE, 1)
    if strip.profile is not None:
        _draw_profile(sheet, plot, strip.profile, type_size)
    assumed = " (assumed)" if strip.orientation == "assumed" else ""
    return _label_ends(sheet, plot, f"control end{assumed}", type_size)


def _draw_line(sheet: Canvas, plot: _Plot, line: Line, strip: StripReading, type_size: int) -> None:
    if line.position is None:
        return
    half = line_width(line, strip) / 2
    corners = plot.span(line.position - half, line.position + half)
    colour = line_colour(line) if line.detected else MUTED
    if line.detected:
        fill(sheet, corners, colour, 0.16)
    else:
        dashes(sheet, corners[0], corners[3], colour, 1)
        dashes(sheet, corners[1], corners[2], colour, 1)
    wide = text_size(line.name, type_size)[0]
    x = plot.at(line.position, 0)[0] - wide / 2
    x = min(max(x, plot.left), plot.left + plot.width - wide)
    write(sheet, (x, plot.top - 1.4 * type_size), line.name, type_size, colour, bold=line.detected)


def _draw_profile(sheet: Canvas, plot: _Plot, profile: Profile, type_size: int) -> None:
    for values, colour, width in ((profile.baseline, MUTED, 0.05), (profile.absorbance, INK, 0.11)):
        keep = np.isfinite(profile.position) & np.isfinite(values)
        points = [
            plot.at(float(p), float(v)) for p, v in zip(profile.position[keep], values[keep], strict=True)
        ]
        if len(points) > 1:
            stroke(sheet, points, colour, width * type_size)


def _label_ends(sheet: Canvas, plot: _Plot, start: str, type_size: int) -> float:
    small = round(0.8 * type_size)
    bottom = plot.top + plot.height
    stroke(sheet, [plot.at(0, plot.low), plot.at(1, plot.low)], MUTED, 1)
    write(sheet, (plot.left, bottom + 0.15 * type_size), start, small, MUTED)
    wide = text_size("sample end", small)[0]
    write(sheet, (plot.left + plot.width - wide, bottom + 0.15 * type_size), "sample end", small, MUTED)
    return bottom + 1.4 * type_size


def _sides(window: Quad) -> tuple[float, float]:
    """Return the window's length along the flow and its width."""
    return math.dist(window[0], window[3]), math.dist(window[0], window[1])
