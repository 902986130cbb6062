"""Where a window lies in the picture, and how to look at it straight.

Pixels are points: the centre of the top-left pixel is (0, 0), x to the right, y down.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.reading import Point, Quad

__all__ = [
    "Window",
    "around",
    "from_box",
    "from_corners",
    "halvings",
    "overlap",
    "sample",
    "sample_each",
    "straightening",
]

FloatArray = NDArray[np.float32]
MAX_TAPS = 1.5  # source pixels per output pixel above which plain interpolation would skip pixels


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle in the picture with a flow direction.

    Attributes
    ----------
    x, y : float
        Centre, px.
    angle : float
        Direction of flow (from the control end to the sample end), radians, from x towards y.
    length, width : float
        Along and across the flow, px.

    Examples
    --------
    >>> Window(50, 20, 0.0, 80, 10).quad()[0]
    (10.0, 25.0)
    """

    x: float
    y: float
    angle: float
    length: float
    width: float

    @property
    def flow(self) -> Point:
        """Unit vector along the flow."""
        return (math.cos(self.angle), math.sin(self.angle))

    @property
    def across(self) -> Point:
        """Unit vector across the flow, a quarter turn clockwise on the screen from it."""
        return (-math.sin(self.angle), math.cos(self.angle))

    def at(self, along: float, across: float = 0.5) -> Point:
        """Return the picture point at relative coordinates (0..1 along the flow and across it)."""
        u, v = self.flow, self.across
        du, dv = (along - 0.5) * self.length, (across - 0.5) * self.width
        return (self.x + du * u[0] + dv * v[0], self.y + du * u[1] + dv * v[1])

    def quad(self) -> Quad:
        """Return the corners clockwise on the screen, beginning with the two of the control end."""
        return (self.at(0, 1), self.at(0, 0), self.at(1, 0), self.at(1, 1))

    def reversed(self) -> Window:
        """Return the same rectangle with the flow the other way."""
        return replace(self, angle=math.remainder(self.angle + math.pi, 2 * math.pi))

    def scaled(self, factor: float) -> Window:
        """Return the window in a picture resized by ``factor`` (pixel centres kept in register)."""
        return Window(
            (self.x + 0.5) * factor - 0.5,
            (self.y + 0.5) * factor - 0.5,
            self.angle,
            self.length * factor,
            self.width * factor,
        )

    def cut(self, start: float, stop: float) -> Window:
        """Return the part between two relative places along the flow; may reach beyond 0..1."""
        x, y = self.at((start + stop) / 2)
        return replace(self, x=x, y=y, length=self.length * (stop - start))


def from_corners(corners: NDArray[Any]) -> Window:
    """Build a window from four corners of a rectangle; the long side becomes the flow.

    Parameters
    ----------
    corners : ndarray, shape (4, 2)
        Corners in order around the rectangle, px.
    """
    # Plain numbers: thousands of outlines are looked at in a photo, each too small for arrays to pay.
    (x0, y0), (x1, y1), (x2, y2), (x3, y3) = np.asarray(corners, np.float64).tolist()
    first = ((x1 - x0 + x2 - x3) / 2, (y1 - y0 + y2 - y3) / 2)
    second = ((x2 - x1 + x3 - x0) / 2, (y2 - y1 + y3 - y0) / 2)
    a, b = math.hypot(*first), math.hypot(*second)
    along = first if a >= b else second
    x, y = (x0 + x1 + x2 + x3) / 4, (y0 + y1 + y2 + y3) / 4
    return Window(x, y, math.atan2(along[1], along[0]), max(a, b), min(a, b))


def from_box(box: tuple[Sequence[float], Sequence[float], float], grow: float = 0.0) -> Window:
    """Build a window from OpenCV's turned rectangle: centre, sides and angle in degrees.

    Parameters
    ----------
    box : tuple
        As from ``cv2.minAreaRect``; the long side becomes the flow.
    grow : float, default 0
        Added to both sides, px.

    Examples
    --------
    >>> from_box(((5.0, 4.0), (3.0, 8.0), 90.0), 1.0)
    Window(x=5.0, y=4.0, angle=0.0, length=9.0, width=4.0)
    """
    (x, y), (a, b), turn = box
    angle = math.radians(turn if a > b else turn - 90)
    return Window(x, y, angle, max(a, b) + grow, min(a, b) + grow)


def overlap(a: Window, b: Window) -> float:
    """Return the intersection over union of two windows, 0..1."""
    reach = (math.hypot(a.length, a.width) + math.hypot(b.length, b.width)) / 2
    if math.hypot(a.x - b.x, a.y - b.y) >= reach:
        return 0.0
    shared = _shared_area(a, b)
    union = a.length * a.width + b.length * b.width - shared
    return min(shared / union, 1.0) if union > 0 else 0.0


def _shared_area(a: Window, b: Window) -> float:
    """Return the area that two windows share: the corners of one, cut off at each side of the other.

    OpenCV's own intersection of polygons goes wrong where sides lie on each other.
    """
    u, v = a.flow, a.across
    moved = [(x - a.x, y - a.y) for x, y in b.quad()]
    corners = [(x * u[0] + y * u[1], x * v[0] + y * v[1]) for x, y in moved]
    for axis, half in ((0, a.length / 2), (1, a.width / 2)):
        corners = _cut_off(corners, axis, 1, half)
        corners = _cut_off(corners, axis, -1, half)
    turned = zip(corners, corners[1:] + corners[:1], strict=True)
    return abs(sum(p[0] * q[1] - q[0] * p[1] for p, q in turned)) / 2


def _cut_off(corners: list[Point], axis: int, sign: int, half: float) -> list[Point]:
    """Return what of a convex polygon lies on the inner side of one side of an upright rectangle."""
    inside = [half - sign * corner[axis] for corner in corners]
    kept: list[Point] = []
    for k, (p, depth) in enumerate(zip(corners, inside, strict=True)):
        q, before = corners[k - 1], inside[k - 1]
        if depth * before < 0:
            t = before / (before - depth)
            kept.append((q[0] + t * (p[0] - q[0]), q[1] + t * (p[1] - q[1])))
        if depth >= 0:
            kept.append(p)
    return kept


def around(image: NDArray[Any], window: Window) -> tuple[NDArray[Any], Window]:
    """Cut the upright box around a window out of a picture; empty where they do not meet.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C)
        Picture; the box is a view of it, with two pixels to spare for interpolation.
    window : Window
        In pixels of the picture.

    Returns
    -------
    region : ndarray, shape (h, w) or (h, w, C)
        The box.
    near : Window
        The same window in pixels of the box.
    """
    xs, ys = zip(*window.quad(), strict=True)
    height, width = image.shape[:2]
    x0, x1 = (min(max(x, 0), width) for x in (math.floor(min(xs)) - 2, math.ceil(max(xs)) + 3))
    y0, y1 = (min(max(y, 0), height) for y in (math.floor(min(ys)) - 2, math.ceil(max(ys)) + 3))
    return image[y0:y1, x0:x1], replace(window, x=window.x - x0, y=window.y - y0)


def straightening(window: Window, columns: int, rows: int) -> NDArray[np.float64]:
    """Return the affine map from samples of a straightened window to its picture, shape (2, 3).

    Parameters
    ----------
    window : Window
        What is looked at, px.
    columns, rows : int
        Samples along and across the flow; the first lies half a step inside the corner.

    Examples
    --------
    >>> straightening(Window(5.0, 2.0, 0.0, 10.0, 4.0), 5, 2).tolist()
    [[2.0, -0.0, 1.0], [0.0, 2.0, 1.0]]
    """
    u, v = window.flow, window.across
    su, sv = window.length / columns, window.width / rows
    first_u, first_v = (window.length - su) / 2, (window.width - sv) / 2
    return np.array(
        [
            [su * u[0], sv * v[0], window.x - first_u * u[0] - first_v * v[0]],
            [su * u[1], sv * v[1], window.y - first_u * u[1] - first_v * v[1]],
        ]
    )


def sample(
    image: NDArray[Any], window: Window, columns: int, rows: int, *, outside: float = math.nan
) -> FloatArray:
    """Look at a window straight: flow from left to right, area-averaged when it shrinks.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C), float32
        Picture to look into; averaging happens in its own units, so pass linear light to average light.
    window : Window
        What to look at; parts beyond the picture are filled with ``outside``.
    columns, rows : int
        Size of the result along and across the flow.
    outside : float, default NaN
        Value for what lies outside the picture: never replicated, so that it cannot pass for membrane.

    Returns
    -------
    ndarray, shape (rows, columns[, C]), float32
    """
    region, near = around(image, window)
    if region.size == 0:
        return np.full((rows, columns, *image.shape[2:]), outside, np.float32)
    step = min(window.length / columns, window.width / rows)
    fx = fy = 1.0
    if step > MAX_TAPS:
        height, width = region.shape[:2]
        size = (max(1, round(width / step)), max(1, round(height / step)))
        fx, fy = size[0] / width, size[1] / height
        region = cv2.resize(region, size, interpolation=cv2.INTER_AREA)
    matrix = straightening(near, columns, rows)
    matrix[0] *= fx
    matrix[1] *= fy
    matrix[:, 2] += (fx - 1) / 2, (fy - 1) / 2
    straight = cv2.warpAffine(
        region,
        matrix,
        (columns, rows),
        flags=cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=(outside, outside, outside, outside),
    )
    return np.asarray(straight, np.float32)


def halvings(image: NDArray[Any], least: int = 16) -> list[FloatArray]:
    """Return a picture and its copies at a half, a quarter and so on, area-averaged.

    Parameters
    ----------
    image : ndarray, shape (H, W) or (H, W, C), float32
        Picture.
    least : int, default 16
        Side below which it is not halved any more, px.
    """
    levels = [np.ascontiguousarray(image, np.float32)]
    while min(levels[-1].shape[:2]) >= 2 * least:
        height, width = (side // 2 for side in levels[-1].shape[:2])
        even = levels[-1][: 2 * height, : 2 * width]
        levels.append(_floats(cv2.resize(even, (width, height), interpolation=cv2.INTER_AREA)))
    return levels


def sample_each(
    levels: Sequence[FloatArray],
    windows: Sequence[Window],
    columns: int,
    rows: int,
    *,
    outside: float = math.nan,
) -> FloatArray:
    """Look at many windows straight, flow from left to right, cheaply.

    Parameters
    ----------
    levels : sequence of ndarray
        From `halvings`: a window that shrinks is looked at in the copy that is fine enough.
    windows : sequence of Window
        In pixels of the first level.
    columns, rows : int
        Size of each result along and across the flow.
    outside : float, default NaN
        Value for what lies outside the picture.

    Returns
    -------
    ndarray, shape (N, rows, columns), float32
    """
    table = np.array([(w.x, w.y, w.angle, w.length, w.width) for w in windows]).reshape(-1, 5)
    x, y, angle, length, width = table.T
    su, sv = length / columns, width / rows
    taps = np.log2(np.maximum(np.minimum(su, sv) / MAX_TAPS, 1.0))
    level = np.minimum(np.ceil(taps).astype(int), len(levels) - 1)
    factor = 0.5**level
    c, s = np.cos(angle), np.sin(angle)
    start_x = x - c * (length - su) / 2 + s * (width - sv) / 2
    start_y = y - s * (length - su) / 2 - c * (width - sv) / 2
    across = [factor * su * c, -factor * sv * s, factor * (start_x + 0.5) - 0.5]
    down = [factor * su * s, factor * sv * c, factor * (start_y + 0.5) - 0.5]
    matrices = np.stack([np.stack(across, axis=1), np.stack(down, axis=1)], axis=1)
    seen = np.empty((len(table), rows, columns), np.float32)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    for matrix, k, out in zip(matrices, level.tolist(), seen, strict=True):
        cv2.warpAffine(levels[k], matrix, (columns, rows), dst=out, flags=flags, borderValue=outside)
    return seen


def _floats(array: NDArray[Any]) -> FloatArray:
    return np.asarray(array, np.float32)
