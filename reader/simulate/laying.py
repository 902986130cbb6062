"""One device into the picture: every sub-pixel of a tile looks up plastic and computes membrane.

Plastic and prints are drawn once on a grid in millimetres; membranes are computed anew at every
sub-pixel, so that a line's absorbance in the linear picture is exact.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reader.simulate.camera import Matrix, View
from reader.simulate.detail import Detail
from reader.simulate.devices import Device
from reader.simulate.membranes import reflectance
from reader.simulate.raster import FloatArray, lookup, single
from reader.simulate.relief import MARGIN_MM, Box, Surface, rounded_box
from reader.simulate.scenes import Placed

__all__ = ["axis", "lay", "points"]

Axes = tuple[NDArray[np.float64], NDArray[np.float64]]

TILE = (128, 1024)  # rows and columns of sub-pixels computed at a time: they stay in the cache
PARALLAX = 2.0  # most that the membrane is displaced, over its depth: seen at 63 degrees


@dataclass(frozen=True, slots=True, eq=False)
class _Sight:
    """A device as the camera sees it: the ways from pixels to its face and to its membrane, in mm."""

    view: View
    device: Device
    face: Surface
    to_face: Matrix
    to_membrane: Matrix

    def touches_window(self, seen_mm: Box) -> bool:
        """Whether the window or its bevel may be seen in a part of the face."""
        window = self.device.window
        slack = PARALLAX * (self.device.thickness_mm - self.device.membrane_mm) + 2 / self.face.px_per_mm
        half = [v / 2 + rim + slack for v, rim in zip(window.size_mm, window.rim_mm, strict=True)]
        x, y = window.center_mm
        return _overlap((x - half[0], y - half[1], x + half[0], y + half[1]), seen_mm)

    def touches_outline(self, seen_mm: Box) -> bool:
        """Whether any of the device may be seen in a part of its plane."""
        width, length = self.device.size_mm
        return _overlap((-MARGIN_MM, -MARGIN_MM, width + MARGIN_MM, length + MARGIN_MM), seen_mm)

    def covers(self, seen_mm: Box) -> bool:
        """Whether a part of the device's plane certainly lies inside the outline."""
        left, top, right, bottom = seen_mm
        (width, length), edge = self.device.size_mm, 2 / self.face.px_per_mm
        beyond_corner = edge + self.device.corner_mm
        return min(left, width - right) > edge and min(top, length - bottom) > beyond_corner


def lay(canvas: FloatArray, view: View, placed: Placed, face: Surface, detail: Detail) -> None:
    """Paint one device into the picture, a tile at a time.

    Parameters
    ----------
    canvas : ndarray of float32, shape (H, W, 3)
        The picture's light so far; changed in place.
    view : View
        Where the camera stands.
    placed : Placed
        The device.
    face : Surface
        The same device, moulded, printed and lit.
    detail : Detail
        How many sub-pixels a pixel has.
    """
    device, own = placed.device, placed.matrix()
    to_face, to_membrane = (
        np.asarray(np.linalg.inv(view.homography(z) @ own), np.float64)
        for z in (device.thickness_mm, device.membrane_mm)
    )
    sight = _Sight(view, device, face, to_face, to_membrane)
    outline = np.asarray(placed.outline(view, MARGIN_MM, steps=view.steps))
    limits = np.array(canvas.shape[1::-1])
    left, top = (int(v) for v in np.clip(np.floor(outline.min(0)), 0, limits))
    right, bottom = (int(v) for v in np.clip(np.ceil(outline.max(0)) + 1, 0, limits))
    parts = detail.supersampling
    height, width = (side // parts for side in TILE)
    for row in range(top, bottom, height):
        for column in range(left, right, width):
            tile = canvas[row : min(row + height, bottom), column : min(column + width, right)]
            x, y = axis(column, tile.shape[1], parts), axis(row, tile.shape[0], parts)
            _paint(tile, sight, (x, y), parts)


def _paint(tile: FloatArray, sight: _Sight, axes: Axes, parts: int) -> None:
    """Paint what a tile shows of a device."""
    face = sight.face
    x, y = points(sight.view, sight.to_face, *axes)
    seen = _box(x, y)
    if not sight.touches_outline(seen):
        return
    light = _with_window(sight, axes, x, y) if sight.touches_window(seen) else _sample(face.light, face, x, y)
    if sight.covers(seen):
        tile[...] = _reduce(light, parts)
        return
    cover = _sample(face.cover, face, x, y)[..., None]
    tile *= 1 - _reduce(cover, parts)
    tile += _reduce(light * cover, parts)


def _with_window(sight: _Sight, axes: Axes, fx: FloatArray, fy: FloatArray) -> FloatArray:
    """Return the light at points of the face that may show what lies deeper."""
    device, face = sight.device, sight.face
    mx, my = points(sight.view, sight.to_membrane, *axes)
    sunk = _sample(face.sunk, face, fx, fy)
    # What lies deeper is displaced by parallax; looked up twice because the depth itself is displaced.
    sunk = _sample(face.sunk, face, fx + sunk * (mx - fx), fy + sunk * (my - fy))
    light = _sample(face.light, face, fx + sunk * (mx - fx), fy + sunk * (my - fy))
    window = device.window
    hole = rounded_box(mx, my, window.center_mm, window.size_mm, window.corner_mm) < 0
    if hole.any():
        width, length = window.size_mm
        across = mx - np.float32(window.center_mm[0])
        along = my - np.float32(window.center_mm[1] - length / 2)
        white = reflectance(device.membrane, device.lines, along[hole], across[hole], (length, width))
        scale, half = np.float32(face.px_per_mm), np.float32(0.5)
        texture = lookup(
            face.texture, along * scale - half, (across + np.float32(width / 2)) * scale - half, extend=True
        )
        light[hole] *= white * texture[hole][:, None]
    return light


def axis(start: int, count: int, parts: int) -> NDArray[np.float64]:
    """Return the places of sub-pixels along one axis; the centre of pixel 0 is at 0."""
    return np.asarray(start + (np.arange(count * parts) + 0.5) / parts - 0.5, np.float64)


def points(
    view: View, matrix: Matrix, x: NDArray[np.float64], y: NDArray[np.float64]
) -> tuple[FloatArray, FloatArray]:
    """Map columns ``x`` and rows ``y`` of the picture to a plane; two arrays of shape (rows, columns)."""
    across, down = view.straight(x[None], y[:, None])
    w = matrix[2, 0] * across + matrix[2, 1] * down + matrix[2, 2]
    u = (matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2]) / w
    v = (matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2]) / w
    return single(u), single(v)


def _box(x: FloatArray, y: FloatArray) -> Box:
    """Return left, top, right and bottom of a tile's points; no view has extremes inside a tile."""
    rims = [np.concatenate([v[0], v[-1], v[:, 0], v[:, -1]]) for v in (x, y)]
    (left, right), (top, bottom) = ((float(rim.min()), float(rim.max())) for rim in rims)
    return left, top, right, bottom


def _overlap(a: Box, b: Box) -> bool:
    return a[0] < b[2] and a[1] < b[3] and b[0] < a[2] and b[1] < a[3]


def _sample(field: FloatArray, face: Surface, x_mm: FloatArray, y_mm: FloatArray) -> FloatArray:
    """Look a device's grid up at points of its plane."""
    scale, half = np.float32(face.px_per_mm), np.float32(0.5)
    left, top = (np.float32(o) for o in face.origin_mm)
    return lookup(field, (x_mm - left) * scale - half, (y_mm - top) * scale - half)


def _reduce(field: FloatArray, parts: int) -> FloatArray:
    """Average the sub-pixels of each pixel."""
    rows, columns, channels = field.shape
    blocks = field.reshape(rows // parts, parts, columns // parts, parts, channels)
    if channels == 1:
        return single(blocks.mean(axis=(1, 3)))
    # One strided sum after the other: several times faster than numpy's own mean over two axes.
    total = blocks[:, 0, :, 0].copy()
    for i in range(1, parts * parts):
        total += blocks[:, i // parts, :, i % parts]
    total /= np.float32(parts * parts)
    return total
