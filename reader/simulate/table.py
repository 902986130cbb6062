"""What the tests lie on: table tops, paper, cloth, and the flat things around them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from reader.simulate.hand import lay_hand
from reader.simulate.ink import BLACK, Print, print_mask
from reader.simulate.materials import MATERIALS, Material
from reader.simulate.noise import smooth_noise
from reader.simulate.raster import FloatArray, Grid, blur, single, turn, wide_blur

__all__ = ["Background", "Decoy", "Grid", "Material", "Sheet", "decorate", "lay_table"]

Colour = tuple[float, float, float]

# Linear reflectances of a 24-patch colour chart, from its makers' published sRGB values, row by row.
_CHART_CODES = (
    ((115, 82, 68), (194, 150, 130), (98, 122, 157), (87, 108, 67), (133, 128, 177), (103, 189, 170)),
    ((214, 126, 44), (80, 91, 166), (193, 90, 99), (94, 60, 108), (157, 188, 64), (224, 163, 46)),
    ((56, 61, 150), (70, 148, 73), (175, 54, 60), (231, 199, 31), (187, 86, 149), (8, 133, 161)),
    ((243, 243, 242), (200, 200, 200), (160, 160, 160), (122, 122, 121), (85, 85, 85), (52, 52, 52)),
)


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of paper on the table: middle, size and turn, in the table's plane."""

    center_mm: tuple[float, float]
    size_mm: tuple[float, float] = (148.0, 210.0)
    angle_deg: float = 0.0
    colour: Colour = (0.72, 0.72, 0.735)


@dataclass(frozen=True, slots=True)
class Background:
    """The table.

    Attributes
    ----------
    material : {"paper", "laminate", "wood", "cloth", "stone", "noise", "granite", "page", "tiles", "skin"}
        Its texture.
    colour : tuple of float
        Mean linear reflectance.
    sheets : tuple of Sheet
        Paper on it.
    """

    material: Material = "paper"
    colour: Colour = (0.66, 0.66, 0.67)
    sheets: tuple[Sheet, ...] = ()


@dataclass(frozen=True, slots=True)
class Decoy:
    """Something beside the test that must not be read.

    Attributes
    ----------
    kind : {"chart", "text", "code", "scribble", "pen", "card", "bars", "hand"}
        A colour chart, printed words, a square code, handwriting, a pen, a blank card, printed bars, the
        fingers of an open hand.
    center_mm : tuple of float
        Middle, in the table's plane.
    size_mm : float
        Height of capitals, side of the code, length of the thing or width of a finger.
    angle_deg : float
        Turned clockwise.
    text : str
        Words, or the seed of a code or of handwriting.
    colour : tuple of float
        Linear reflectance of ink or thing.
    """

    kind: Literal["chart", "text", "code", "scribble", "pen", "card", "bars", "hand"]
    center_mm: tuple[float, float]
    size_mm: float
    angle_deg: float = 0.0
    text: str = ""
    colour: Colour = BLACK

    @property
    def reach_mm(self) -> float:
        """Distance from its middle beyond which it changes nothing, not even by its shadow."""
        if self.kind == "hand":
            return math.inf
        lines = self.text.split("\n")
        # Hand-written letters are up to 1.2 times as wide as high, lines 1.7 times as far apart.
        wide = self.size_mm * max(1.2 * max(map(len, lines)) + 2, 1.7 * len(lines))
        long = wide if self.kind in {"text", "scribble"} else self.size_mm
        return 0.75 * long + 8.0


def lay_table(
    background: Background, grid: Grid, rng: np.random.Generator, soft_px: float = math.inf
) -> FloatArray:
    """Return the linear reflectance of the empty table, shape ``grid.shape + (3,)``.

    Shadows of paper that are softer than ``soft_px`` are blurred on a coarser grid.
    """
    texture = MATERIALS[background.material](grid, rng)
    if texture.ndim == 2:
        texture = texture[..., None]
    table = texture * single(background.colour)
    for sheet in background.sheets:
        cover = box_mask(grid, sheet.center_mm, sheet.size_mm, sheet.angle_deg)
        shade = wide_blur(cover, max(0.8 * grid.px_per_mm, 0.5), soft_px)[..., None]
        table = table * (1 - 0.35 * shade)
        page = MATERIALS["paper"](grid, rng)[..., None] * single(sheet.colour)
        table = table * (1 - cover[..., None]) + page * cover[..., None]
    return single(np.clip(table, 0.004, 0.95))


def decorate(table: FloatArray, decoy: Decoy, grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Return the table with one flat thing more."""
    if decoy.kind in {"text", "code", "scribble"}:
        return _write(table, decoy, grid)
    if decoy.kind == "hand":
        return lay_hand(
            table,
            grid,
            rng,
            center_mm=decoy.center_mm,
            finger_mm=decoy.size_mm,
            angle_deg=decoy.angle_deg,
            colour=decoy.colour,
        )
    if decoy.kind == "pen":
        patch, size = _pen(decoy, grid.px_per_mm, rng)
    elif decoy.kind == "chart":
        patch, size = _chart(decoy, grid.px_per_mm)
    elif decoy.kind == "bars":
        patch, size = _bars(decoy, grid.px_per_mm)
    else:
        patch, size = _card(decoy, grid.px_per_mm, rng)
    cover = box_mask(grid, decoy.center_mm, size, decoy.angle_deg)
    shade = blur(cover, max(1.2 * grid.px_per_mm, 0.5))[..., None]
    table = table * (1 - 0.4 * shade)
    laid = _paste(patch, decoy, grid)
    return single(table * (1 - cover[..., None]) + laid * cover[..., None])


def box_mask(
    grid: Grid, center_mm: tuple[float, float], size_mm: tuple[float, float], angle_deg: float
) -> FloatArray:
    """Return the coverage of a turned rectangle on the grid."""
    angle = math.radians(angle_deg)
    spin = np.array([[math.cos(angle), math.sin(angle)], [-math.sin(angle), math.cos(angle)]])
    corners = (np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]]) * np.asarray(size_mm) / 2) @ spin + center_mm
    canvas = np.zeros(grid.shape, np.uint8)
    fixed = np.rint(grid.pixels(corners) * 256).astype(np.int64)
    limited = np.clip(fixed, -(2**28), 2**28).astype(np.int32)
    cv2.fillConvexPoly(canvas, limited, 255, lineType=cv2.LINE_AA, shift=8)
    return single(canvas) / np.float32(255)


def _paste(patch: FloatArray, decoy: Decoy, grid: Grid) -> FloatArray:
    x, y = grid.pixels(np.array([decoy.center_mm]))[0]
    return turn(patch, decoy.angle_deg, (float(x), float(y)), grid.shape, extend=True)


def _write(table: FloatArray, decoy: Decoy, grid: Grid) -> FloatArray:
    kind: Literal["text", "code", "scribble"] = (
        "text" if decoy.kind == "text" else "code" if decoy.kind == "code" else "scribble"
    )
    place = (decoy.center_mm[0] - grid.origin_mm[0], decoy.center_mm[1] - grid.origin_mm[1])
    mark = Print(decoy.text, place, decoy.size_mm, kind, decoy.colour, decoy.angle_deg)
    cover = 0.93 * print_mask(mark, grid.shape, grid.px_per_mm)[..., None]
    return single(table * (1 - cover) + cover * single(decoy.colour))


def _chart(decoy: Decoy, px_per_mm: float) -> tuple[FloatArray, tuple[float, float]]:
    size = (decoy.size_mm, decoy.size_mm * 0.68)
    patch = np.full((round(size[1] * px_per_mm), round(size[0] * px_per_mm), 3), 0.03, np.float32)
    cell = decoy.size_mm * px_per_mm / 6.2
    for row, colours in enumerate(_CHART_CODES):
        for column, code in enumerate(colours):
            y, x = (row + 0.14) * cell, (column + 0.18) * cell
            linear = (single(code) / 255) ** 2.2 * 0.9
            patch[round(y) : round(y + 0.84 * cell), round(x) : round(x + 0.84 * cell)] = linear
    return patch, size


def _bars(decoy: Decoy, px_per_mm: float) -> tuple[FloatArray, tuple[float, float]]:
    """Draw a printed leaflet's little windows with red bars: a legend, not a test."""
    size = (decoy.size_mm, decoy.size_mm * 0.62)
    patch = np.full((round(size[1] * px_per_mm), round(size[0] * px_per_mm), 3), 0.74, np.float32)
    unit = size[0] * px_per_mm
    for i, levels in enumerate(((1, 1), (1, 0), (0, 1), (0, 0))):
        x, y, w, h = (0.08 + 0.23 * i) * unit, 0.10 * unit, 0.13 * unit, 0.42 * unit
        patch[round(y) : round(y + h), round(x) : round(x + w)] = BLACK
        edge = max(0.006 * unit, 1.0)
        inner = (slice(round(y + edge), round(y + h - edge)), slice(round(x + edge), round(x + w - edge)))
        patch[inner] = 0.74
        for level, at in zip(levels, (0.32, 0.66), strict=True):
            if level:
                top = round(y + at * h)
                patch[top : top + max(round(0.03 * unit), 1), inner[1]] = (0.55, 0.05, 0.09)
    return patch, size


def _pen(decoy: Decoy, px_per_mm: float, rng: np.random.Generator) -> tuple[FloatArray, tuple[float, float]]:
    size = (decoy.size_mm, 9.0)
    rows, columns = round(size[1] * px_per_mm), round(size[0] * px_per_mm)
    across = np.linspace(-1, 1, rows, dtype=np.float32)[:, None]
    body = 0.25 + 0.75 * np.sqrt(np.maximum(1 - (across + 0.25) ** 2 / 1.6, 0))
    patch = np.repeat(body[..., None], columns, 1) * single(decoy.colour)
    along = np.linspace(0, 1, columns)
    patch[:, along > 0.72] *= 0.35
    patch[:, (along > 0.70) & (along < 0.72)] = (0.6 * body)[..., None]
    patch += (0.22 * np.exp(-(((across + 0.45) / 0.16) ** 2)))[..., None]
    patch *= (1 + 0.02 * smooth_noise((rows, columns), 3.0, rng))[..., None]
    return single(np.clip(patch, 0.01, 0.95)), size


def _card(decoy: Decoy, px_per_mm: float, rng: np.random.Generator) -> tuple[FloatArray, tuple[float, float]]:
    size = (decoy.size_mm, decoy.size_mm * 0.63)
    shape = (round(size[1] * px_per_mm), round(size[0] * px_per_mm))
    patch = (1 + 0.01 * smooth_noise(shape, 2.0, rng))[..., None] * single(decoy.colour)
    return single(patch), size
