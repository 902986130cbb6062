"""Drawing on an RGB array: smooth lines with OpenCV, text with Pillow's own scalable font.

Coordinates are pixels of the array, x to the right and y down, the centre of a pixel at whole numbers.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from reader.reading import Point
from reader.report.palette import rgb

__all__ = ["Canvas", "blank", "dashes", "disc", "fill", "plain", "stroke", "text_size", "wrap", "write"]

Canvas = NDArray[np.uint8]

_SHIFT = 4  # OpenCV draws at 1/16 px
_SPELLED = str.maketrans(
    {"–": "-", "—": "-", "−": "-", "×": "x", "µ": "u", "σ": "sigma", "α": "alpha", "β": "beta", "≥": ">="}
)


def blank(width: int, height: int, colour: str) -> Canvas:
    """Return a canvas of one colour, shape (height, width, 3)."""
    row = np.full((width, 3), rgb(colour), np.uint8)
    return np.broadcast_to(row, (height, width, 3)).copy()


def stroke(
    canvas: Canvas, points: Sequence[Point], colour: str, width: float, *, closed: bool = False
) -> None:
    """Draw a smooth line through points, onto the canvas."""
    cv2.polylines(canvas, [_fixed(points)], closed, rgb(colour), max(1, round(width)), cv2.LINE_AA, _SHIFT)


def dashes(canvas: Canvas, start: Point, end: Point, colour: str, width: float) -> None:
    """Draw a dashed line, onto the canvas."""
    a, b = np.array(start), np.array(end)
    count = max(1, int(np.hypot(*(b - a)) / (8 * max(1.0, width))))
    for k in range(count):
        first, last = a + (b - a) * (k + 0.2) / count, a + (b - a) * (k + 0.8) / count
        stroke(canvas, [(first[0], first[1]), (last[0], last[1])], colour, width)


def fill(canvas: Canvas, points: Sequence[Point], colour: str, opacity: float = 1.0) -> None:
    """Fill a convex polygon, onto the canvas."""
    if opacity >= 1:
        cv2.fillConvexPoly(canvas, _fixed(points), rgb(colour), cv2.LINE_AA, _SHIFT)
        return
    xs, ys = [p[0] for p in points], [p[1] for p in points]
    x0, y0 = max(0, int(min(xs)) - 1), max(0, int(min(ys)) - 1)
    part = canvas[y0 : int(max(ys)) + 2, x0 : int(max(xs)) + 2]
    if part.size == 0:
        return
    over = part.copy()
    cv2.fillConvexPoly(over, _fixed([(x - x0, y - y0) for x, y in points]), rgb(colour), cv2.LINE_AA, _SHIFT)
    part[...] = cv2.addWeighted(over, opacity, part, 1 - opacity, 0)


def disc(canvas: Canvas, centre: Point, radius: float, colour: str) -> None:
    """Fill a disc, onto the canvas."""
    x, y = (round(v * 2**_SHIFT) for v in centre)
    cv2.circle(canvas, (x, y), round(radius * 2**_SHIFT), rgb(colour), -1, cv2.LINE_AA, _SHIFT)


def plain(text: str) -> str:
    """Spell text with the characters that the figure's font has.

    Examples
    --------
    >>> plain("Lumière − 0.3 ± 0.1")
    'Lumiere - 0.3 ± 0.1'
    """
    spelled = unicodedata.normalize("NFKD", text.translate(_SPELLED).replace("±", "\0"))
    kept = (c for c in spelled if not unicodedata.combining(c))
    ascii_only = "".join(c if c.isascii() else "?" for c in kept)
    return ascii_only.replace("\0", "±")


def text_size(text: str, size: int) -> tuple[int, int]:
    """Return width and height that a line of text takes, px."""
    return max(1, round(_font(size).getlength(plain(text)))), round(1.25 * size)


def wrap(text: str, size: int, width: float, most: int = 99) -> list[str]:
    """Break text into lines of a width in px; what exceeds ``most`` lines ends in three dots."""
    lines: list[str] = []
    for word in plain(text).split():
        joined = f"{lines[-1]} {word}" if lines else word
        if lines and text_size(joined, size)[0] <= width:
            lines[-1] = joined
        else:
            lines.append(word)
    if len(lines) > most:
        lines = [*lines[: most - 1], f"{lines[most - 1]}..."]
    return lines


def write(canvas: Canvas, at: Point, text: str, size: int, colour: str, *, bold: bool = False) -> None:
    """Write a line of text with its top left corner at a point, onto the canvas."""
    x, y = round(at[0]), round(at[1])
    ink = _glyphs(plain(text), size, size / 60 if bold else 0)
    x0, y0 = max(0, x), max(0, y)
    ink = ink[y0 - y :, x0 - x :]
    part = canvas[y0 : y0 + ink.shape[0], x0 : x0 + ink.shape[1]]
    ink = ink[: part.shape[0], : part.shape[1], np.newaxis]
    part[...] = np.round(part + ink * (np.array(rgb(colour)) - part)).astype(np.uint8)


def _glyphs(text: str, size: int, weight: float) -> NDArray[np.float64]:
    width, height = text_size(text, size)
    image = Image.new("L", (width + 4, height + 2))
    ImageDraw.Draw(image).text((0, 0), text, fill=255, font=_font(size), stroke_width=weight)
    return np.asarray(image, np.float64) / 255


@lru_cache(maxsize=32)
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size=size)


def _fixed(points: Sequence[Point]) -> NDArray[np.int32]:
    # OpenCV's own arithmetic overflows far outside the canvas.
    scaled = np.clip(np.asarray(points, np.float64), -30000, 30000) * 2**_SHIFT
    return np.asarray(np.round(scaled).reshape(-1, 1, 2), np.int32)
