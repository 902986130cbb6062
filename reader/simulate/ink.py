"""What is printed, embossed or written: text, codes, arrows, handwriting.

Everything is drawn as coverage (0..1) on a grid in millimetres. The typeface is the one that ships
with Pillow, so that pictures do not depend on the fonts of a machine.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from reader.simulate.noise import smooth_noise
from reader.simulate.raster import FloatArray, single, turn, zoom

__all__ = ["BLACK", "INKS", "Print", "code_mask", "print_mask", "scribble_mask", "text_mask"]

BLACK = (0.035, 0.035, 0.04)  # linear reflectance of printing ink
INKS = ((0.03, 0.03, 0.04), (0.01, 0.05, 0.25), (0.0, 0.16, 0.08), (0.35, 0.02, 0.15))  # of brands
PEN_MM = 0.65
HEIGHT_OF_CAPITALS = 0.72  # of the nominal size of Pillow's own typeface

# Handwriting: nodes of each stroke, x to the right and y down from the top of the capitals, height 1.
_STROKES: Mapping[str, tuple[tuple[tuple[float, float], ...], ...]] = {
    "(": (((0.25, -0.15), (0.05, 0.25), (0.03, 0.65), (0.22, 1.15)),),
    ")": (((0.02, -0.15), (0.22, 0.25), (0.24, 0.65), (0.02, 1.15)),),
    "+": (((0.0, 0.55), (0.30, 0.54), (0.60, 0.55)), ((0.31, 0.22), (0.30, 0.55), (0.29, 0.88))),
    "-": (((0.0, 0.58), (0.25, 0.56), (0.48, 0.57)),),
    "v": (((0.0, 0.42), (0.12, 0.72), (0.20, 1.0), (0.32, 0.70), (0.44, 0.40)),),
    "e": (((0.02, 0.72), (0.28, 0.66), (0.32, 0.48), (0.14, 0.42), (0.02, 0.75), (0.18, 1.0), (0.42, 0.90)),),
    "0": (((0.25, 0.0), (0.04, 0.30), (0.08, 0.85), (0.32, 0.97), (0.46, 0.45), (0.25, 0.0)),),
    "1": (((0.0, 0.2), (0.16, 0.02), (0.16, 0.50), (0.14, 1.0)),),
    "2": (((0.02, 0.22), (0.22, 0.0), (0.40, 0.22), (0.18, 0.66), (0.0, 0.97), (0.46, 0.93)),),
    "3": (((0.04, 0.1), (0.30, 0.03), (0.36, 0.28), (0.14, 0.46), (0.42, 0.62), (0.32, 0.95), (0.0, 0.92)),),
    "4": (((0.28, 0.0), (0.0, 0.62), (0.50, 0.60)), ((0.36, 0.35), (0.34, 1.0))),
    "5": (((0.42, 0.02), (0.10, 0.04), (0.06, 0.42), (0.38, 0.50), (0.36, 0.90), (0.0, 0.95)),),
    "7": (((0.0, 0.05), (0.44, 0.02), (0.22, 0.50), (0.14, 1.0)),),
    "/": (((0.34, -0.05), (0.16, 0.5), (0.0, 1.1)),),
    "A": (((0.0, 1.0), (0.25, 0.0), (0.50, 1.0)), ((0.08, 0.62), (0.42, 0.60))),
    "N": (((0.02, 1.0), (0.04, 0.05), (0.40, 0.95), (0.44, 0.0)),),
    "R": (((0.03, 1.0), (0.05, 0.05), (0.40, 0.10), (0.36, 0.45), (0.06, 0.50), (0.44, 1.0)),),
    "i": (((0.06, 0.45), (0.05, 0.75), (0.12, 1.0)), ((0.08, 0.22), (0.09, 0.26))),
    "o": (((0.2, 0.45), (0.02, 0.6), (0.06, 0.95), (0.28, 0.98), (0.36, 0.65), (0.2, 0.45)),),
    "n": (((0.0, 0.45), (0.02, 1.0), (0.12, 0.52), (0.32, 0.50), (0.36, 1.0)),),
    " ": (((0.0, 3.0), (0.1, 3.0)),),
    "□": (
        ((0.02, 0.0), (0.02, 0.35), (0.03, 0.7), (0.01, 1.0)),
        ((0.01, 0.99), (0.15, 1.0), (0.33, 0.99)),
        ((0.33, 1.0), (0.32, 0.6), (0.34, 0.3), (0.33, 0.0)),
        ((0.34, 0.01), (0.15, 0.0), (0.0, 0.01)),
    ),
}


@dataclass(frozen=True, slots=True)
class Print:
    """Something printed on a surface.

    Attributes
    ----------
    text : str
        The words; for a code, its seed.
    center_mm : tuple of float
        (across, along) from the top-left corner of the surface.
    height_mm : float
        Height of capitals, or side of a code.
    kind : {"text", "code", "scribble", "arrow", "bar", "ring"}
        What is drawn.
    colour : tuple of float
        Linear reflectance of the ink.
    angle_deg : float
        Turned clockwise.
    weight : float
        Extra stroke width as a share of the height.
    relief_mm : float
        Embossed by so much (negative: engraved) instead of printed, when not 0.
    width_mm : float
        Of a bar or ring.
    stretch : float
        Width of letters over that of the typeface.
    """

    text: str
    center_mm: tuple[float, float]
    height_mm: float
    kind: Literal["text", "code", "scribble", "arrow", "bar", "ring"] = "text"
    colour: tuple[float, float, float] = BLACK
    angle_deg: float = 0.0
    weight: float = 0.0
    relief_mm: float = 0.0
    width_mm: float = 0.0
    stretch: float = 1.0


def print_mask(
    mark: Print, shape: tuple[int, int], px_per_mm: float, origin_mm: tuple[float, float] = (0.0, 0.0)
) -> FloatArray:
    """Return the coverage of one print on a grid of the given shape.

    Parameters
    ----------
    mark : Print
        What and where.
    shape : tuple of int
        Rows (along) and columns (across) of the grid.
    px_per_mm : float
        Scale of the grid.
    origin_mm : tuple of float, default (0, 0)
        Where the grid begins, (across, along) in the surface's plane.
    """
    size = max(mark.height_mm * px_per_mm, 2.0)
    if mark.kind == "code":
        glyph = code_mask(mark.text, size)
    elif mark.kind == "scribble":
        glyph = scribble_mask(mark.text, size, min(PEN_MM, 0.09 * mark.height_mm) * px_per_mm)
    elif mark.kind == "arrow":
        glyph = _arrow_mask(size)
    elif mark.kind in {"bar", "ring"}:
        glyph = _outlined_mask(mark, px_per_mm)
    else:
        glyph = text_mask(mark.text, size, mark.weight)
        if mark.stretch != 1:
            wide = max(round(glyph.shape[1] * mark.stretch), 1)
            glyph = zoom(glyph, (wide, glyph.shape[0]), cv2.INTER_AREA)
    to = tuple((mm - o) * px_per_mm - 0.5 for mm, o in zip(mark.center_mm, origin_mm, strict=True))
    return turn(glyph, mark.angle_deg, (to[0], to[1]), shape)


def text_mask(text: str, height_px: float, weight: float = 0.0) -> FloatArray:
    """Draw lines of text with capitals of a height in px; ``weight`` thickens the strokes."""
    size = height_px / HEIGHT_OF_CAPITALS
    font = ImageFont.load_default(max(size, 4.0))
    stroke = round(weight * height_px)
    probe = ImageDraw.Draw(Image.new("L", (1, 1)))
    gap = 0.25 * height_px
    box = probe.multiline_textbbox((0, 0), text, font=font, align="center", spacing=gap, stroke_width=stroke)
    margin = 2
    canvas = Image.new(
        "L", (math.ceil(box[2] - box[0]) + 2 * margin, math.ceil(box[3] - box[1]) + 2 * margin)
    )
    ImageDraw.Draw(canvas).multiline_text(
        (margin - box[0], margin - box[1]),
        text,
        fill=255,
        font=font,
        align="center",
        spacing=gap,
        stroke_width=stroke,
    )
    return single(canvas) / np.float32(255)


def code_mask(seed: str, side_px: float, modules: int = 25) -> FloatArray:
    """Draw a square code of random modules with three finder squares; it encodes nothing."""
    rng = np.random.default_rng(sum(ord(c) * 31**i for i, c in enumerate(seed)) % 2**32)
    cells = (rng.random((modules, modules)) < 0.5).astype(np.float32)
    finder = np.ones((8, 8), np.float32)
    finder[1:6, 1:6] = 0
    finder[2:5, 2:5] = 1
    finder[7:] = 0
    finder[:, 7:] = 0
    cells[:8, :8], cells[:8, -8:], cells[-8:, :8] = finder, finder[:, ::-1], finder[::-1]
    side = max(round(side_px), modules)
    return np.pad(zoom(cells, (side, side), cv2.INTER_NEAREST), 2)


def scribble_mask(text: str, height_px: float, pen_px: float) -> FloatArray:
    """Write by hand: each stroke is bent a little by dice that the text itself seeds.

    Characters without a stroke pattern are written as an invented letter.
    """
    rng = np.random.default_rng(sum(ord(c) * 131**i for i, c in enumerate(text)) % 2**32)
    scale = 4
    height = max(round(height_px * scale), 8)
    pen = max(round(pen_px * scale), 2)
    canvas = np.zeros((round(2.0 * height), round(height * (0.85 * len(text) + 0.8))), np.uint8)
    left = 0.35 * height
    for character in text:
        strokes = _STROKES.get(character) or (tuple(map(tuple, rng.uniform(0, 0.6, (5, 2)))),)
        for stroke in strokes:
            nodes = np.asarray(stroke, np.float64) + rng.normal(0, 0.025, (len(stroke), 2))
            nodes[:, 0] += 0.16 * (0.5 - nodes[:, 1])
            curve = _smooth_curve(nodes * height + (left, 0.5 * height))
            cv2.polylines(canvas, [curve], isClosed=False, color=255, thickness=pen, lineType=cv2.LINE_AA)
        left += height * (0.3 + max(x for stroke in strokes for x, _ in stroke) + rng.uniform(0, 0.08))
    canvas = canvas[:, : round(left + 0.1 * height)]
    size = (max(canvas.shape[1] // scale, 1), max(canvas.shape[0] // scale, 1))
    return zoom(canvas, size, cv2.INTER_AREA) / np.float32(255)


def _smooth_curve(nodes: NDArray[np.float64]) -> NDArray[np.int32]:
    """Pass a Catmull-Rom curve through the nodes."""
    p = np.concatenate([nodes[:1], nodes, nodes[-1:]])
    t = np.linspace(0, 1, 12, endpoint=False)[:, None]
    pieces = [
        0.5 * (2 * b + (c - a) * t + (2 * a - 5 * b + 4 * c - d) * t**2 + (3 * b - a - 3 * c + d) * t**3)
        for a, b, c, d in zip(p, p[1:], p[2:], p[3:], strict=False)
    ]
    return np.asarray(np.rint(np.concatenate(pieces)), np.int32)


def _arrow_mask(length_px: float) -> FloatArray:
    """Draw a thin arrow that points down the rows."""
    length = max(round(length_px), 8)
    width = max(round(0.16 * length), 5)
    scale = 4
    canvas = np.zeros((length * scale, width * scale), np.uint8)
    middle, head = width * scale // 2, round(0.22 * length * scale)
    stem = max(round(0.12 * width * scale), 1)
    cv2.line(canvas, (middle, 0), (middle, length * scale - head), 255, stem)
    tip = np.array(
        [[0, length * scale - head], [width * scale, length * scale - head], [middle, length * scale]]
    )
    cv2.fillPoly(canvas, [tip.astype(np.int32)], 255)
    return zoom(canvas, (width, length), cv2.INTER_AREA) / np.float32(255)


def _outlined_mask(mark: Print, px_per_mm: float) -> FloatArray:
    """Draw a bar, or an ellipse whose stroke is ``weight`` of its height."""
    scale = 4
    height, width = (max(round(mm * px_per_mm * scale), scale) for mm in (mark.height_mm, mark.width_mm))
    stroke = max(round(mark.weight * height), scale) if mark.kind == "ring" else 0
    margin = scale + stroke
    canvas = np.zeros((height + 2 * margin, width + 2 * margin), np.uint8)
    middle = ((width + 2 * margin) // 2, (height + 2 * margin) // 2)
    if stroke:
        cv2.ellipse(canvas, middle, (width // 2, height // 2), 0, 0, 360, 255, stroke)
    else:
        canvas[margin:-margin, margin:-margin] = 255
    size = (max(canvas.shape[1] // scale, 1), max(canvas.shape[0] // scale, 1))
    return zoom(canvas, size, cv2.INTER_AREA) / np.float32(255)


def worn(mask: FloatArray, amount: float, rng: np.random.Generator) -> FloatArray:
    """Return coverage with the small gaps of a rough print."""
    gaps = 1 - amount * np.clip(smooth_noise(mask.shape[:2], 1.2, rng) + 0.3, 0, 1)
    return single(mask * gaps)
