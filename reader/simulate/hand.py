"""An open hand on which a test lies: fingers, seen from the palm's side."""

from __future__ import annotations

import math

import numpy as np

from reader.simulate.materials import skin
from reader.simulate.raster import FloatArray, Grid, blur, single

__all__ = ["lay_hand"]

_TIPS = (1.6, 2.2, 2.35, 1.95)  # ends of the fingers beyond the middle of the hand, in widths of a finger
_ROOTS = -3.2  # where the fingers meet the palm
_JOINTS = (-2.8, -0.9, 0.9)  # creases across a finger
_SPREAD = 1.06  # distance between two fingers


def lay_hand(
    table: FloatArray,
    grid: Grid,
    rng: np.random.Generator,
    *,
    center_mm: tuple[float, float],
    finger_mm: float,
    angle_deg: float,
    colour: tuple[float, float, float],
) -> FloatArray:
    """Return the table with an open hand over it.

    Parameters
    ----------
    table : ndarray of float32, shape (rows, columns, 3)
        Linear reflectance on the grid.
    center_mm : tuple of float
        Middle of the fingers, in the table's plane.
    finger_mm : float
        Width of a finger; 15 to 20 mm.
    angle_deg : float
        Where the fingers point, clockwise from the right.
    colour : tuple of float
        Linear reflectance of the skin.
    """
    along, across = _places(center_mm, finger_mm, angle_deg, grid)
    height = _height(along, across)
    cover = np.clip(height * 3 * finger_mm * grid.px_per_mm / 10, 0, 1)[..., None]
    down, right = np.gradient(
        blur(height, 0.06 * finger_mm * grid.px_per_mm), 1 / (finger_mm * grid.px_per_mm)
    )
    # Skin seen at a slant sends less light back, and between fingers little arrives.
    shade = 0.45 + 0.55 / np.sqrt(1 + down**2 + right**2)
    shade *= 1 - 0.25 * _creases(along, across)
    flesh = skin(grid, rng) * single(colour) * shade[..., None]
    shadow = blur(single(height > 0), max(0.35 * finger_mm * grid.px_per_mm, 0.5))[..., None]
    return single(table * (1 - 0.6 * shadow) * (1 - cover) + np.clip(flesh, 0.004, 0.95) * cover)


def _places(
    center_mm: tuple[float, float], finger_mm: float, angle_deg: float, grid: Grid
) -> tuple[FloatArray, FloatArray]:
    """Return places along and across the fingers, in widths of a finger."""
    rows, columns = grid.shape
    x = (np.arange(columns) + 0.5)[None] / grid.px_per_mm + grid.origin_mm[0] - center_mm[0]
    y = (np.arange(rows) + 0.5)[:, None] / grid.px_per_mm + grid.origin_mm[1] - center_mm[1]
    c, s = math.cos(math.radians(angle_deg)), math.sin(math.radians(angle_deg))
    return single((x * c + y * s) / finger_mm), single((y * c - x * s) / finger_mm)


def _height(along: FloatArray, across: FloatArray) -> FloatArray:
    """Return the height of fingers and palm in widths of a finger, 0 beside them."""
    height = np.zeros_like(along)
    for k, tip in enumerate(_TIPS):
        beyond = np.maximum(along - (tip - 0.5), 0)
        off = across - (k - 1.5) * _SPREAD * (1 + 0.02 * along)
        height = np.maximum(height, np.sqrt(np.maximum(0.25 - beyond**2 - off**2, 0)))
    # The palm is as wide as the fingers and bulges out to both sides.
    side = 2.1 + 0.25 * np.clip(_ROOTS - along, 0, 1) ** 2 - np.abs(across)
    inside = np.minimum(side, _ROOTS + 0.3 - along)
    palm = 0.5 * np.sqrt(np.clip(2 * inside - inside**2, 0, 1)) * (inside > 0)
    return single(np.maximum(height, palm))


def _creases(along: FloatArray, across: FloatArray) -> FloatArray:
    lines = [np.exp(-(((along - joint - 0.05 * np.cos(3 * across)) / 0.03) ** 2)) for joint in _JOINTS]
    return single(np.maximum.reduce(lines))
