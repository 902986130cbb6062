"""Finding room for labels: boxes that cover neither a membrane, at whatever angle, nor each other."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reader.reading import Point, Quad

__all__ = ["Box", "place"]


@dataclass(frozen=True, slots=True)
class Box:
    """An upright rectangle, px."""

    x0: float
    y0: float
    x1: float
    y1: float

    @classmethod
    def around(cls, points: Iterable[Point], margin: float = 0.0) -> Box:
        """Return the smallest box that holds all points, with a margin."""
        xs, ys = zip(*points, strict=True)
        return cls(min(xs) - margin, min(ys) - margin, max(xs) + margin, max(ys) + margin)

    @property
    def width(self) -> float:
        """Extent in x, px."""
        return self.x1 - self.x0

    @property
    def height(self) -> float:
        """Extent in y, px."""
        return self.y1 - self.y0

    @property
    def corners(self) -> Quad:
        """The four corners, clockwise."""
        return (self.x0, self.y0), (self.x1, self.y0), (self.x1, self.y1), (self.x0, self.y1)

    def overlaps(self, shape: Sequence[Point]) -> bool:
        """Tell whether the box shares any area with a convex shape, such as a slanted window."""
        return not any(
            _apart(self.corners, shape, axis) for axis in ((1.0, 0.0), (0.0, 1.0), *_normals(shape))
        )

    def within(self, other: Box) -> bool:
        """Tell whether this box lies wholly inside another."""
        return self.x0 >= other.x0 and self.y0 >= other.y0 and self.x1 <= other.x1 and self.y1 <= other.y1


def place(
    size: tuple[float, float],
    anchors: Sequence[tuple[Point, Point]],
    obstacles: Sequence[Sequence[Point]],
    bounds: Box,
    *,
    step: float,
    steps: int = 14,
) -> Box | None:
    """Find the free place nearest to one of several anchors.

    Parameters
    ----------
    size : tuple of float
        Width and height of the label, px.
    anchors : sequence of (Point, Point)
        Points to stay near, each with the unit direction in which the label may move away from it.
    obstacles : sequence of convex shapes
        What must not be covered, each a sequence of corners.
    bounds : Box
        What the label must lie within.
    step : float
        How far to move away at a time, px.
    steps : int, default 14
        How often to move away before giving up.

    Returns
    -------
    Box or None
        None when there is no room.
    """
    for k in range(steps):
        for anchor, direction in anchors:
            for box in _beside(size, anchor, direction, k * step):
                if box.within(bounds) and not any(box.overlaps(shape) for shape in obstacles):
                    return box
    return None


def _beside(size: tuple[float, float], anchor: Point, direction: Point, away: float) -> list[Box]:
    """Return boxes that touch the point ``away`` from the anchor: straight on, then shifted sideways."""
    (width, height), (dx, dy) = size, direction
    # The centre lies so far out that the box just clears the line through the point, across the direction.
    out = away + (abs(dx) * width + abs(dy) * height) / 2
    boxes = []
    for shift in (0.0, 0.5, -0.5, 1.0, -1.0):
        x = anchor[0] + dx * out - dy * shift * height * (1.0 + away / (4 * height))
        y = anchor[1] + dy * out + dx * shift * height * (1.0 + away / (4 * height))
        boxes.append(Box(x - width / 2, y - height / 2, x + width / 2, y + height / 2))
    return boxes


def _normals(shape: Sequence[Point]) -> list[Point]:
    ends = [*shape[1:], shape[0]]
    return [(y0 - y1, x1 - x0) for (x0, y0), (x1, y1) in zip(shape, ends, strict=True)]


def _apart(first: Sequence[Point], second: Sequence[Point], axis: Point) -> bool:
    """Tell whether two shapes are apart when seen along an axis (convex shapes are if any axis says so)."""
    if axis == (0.0, 0.0):
        return False
    a = [x * axis[0] + y * axis[1] for x, y in first]
    b = [x * axis[0] + y * axis[1] for x, y in second]
    return max(a) <= min(b) or max(b) <= min(a)
