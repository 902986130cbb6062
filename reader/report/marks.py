"""What is drawn onto the picture itself: device, window, a marker and a label for each line, the verdict.

Markers and labels stand beside the membrane; nothing is drawn over it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from reader.reading import Line, Point, Quad, StripReading
from reader.report.palette import INK, MUTED, OUTCOME_COLOURS, PLATE, line_colour
from reader.report.placement import Box, place
from reader.report.sheet import Canvas, fill, stroke, text_size, write
from reader.report.words import height_text, outcome_word

__all__ = ["View", "draw_strips", "line_place"]


@dataclass(frozen=True, slots=True)
class View:
    """Where the picture lies on the canvas.

    Attributes
    ----------
    scale : float
        Canvas pixels per picture pixel.
    left, top : float
        Place of the picture's corner on the canvas, px.
    unit : float
        Size of a thin line on this canvas, px; every mark is drawn in it.
    """

    scale: float
    left: float
    top: float
    unit: float

    def point(self, point: Point) -> Point:
        """Return the place of a picture point on the canvas."""
        x, y = ((v + 0.5) * self.scale - 0.5 for v in point)
        return x + self.left, y + self.top

    def quad(self, quad: Quad) -> Quad:
        """Return four picture points on the canvas."""
        a, b, c, d = (self.point(p) for p in quad)
        return a, b, c, d

    @property
    def type_size(self) -> int:
        """Height of the labels' type, px."""
        return round(17 * self.unit)


@dataclass(frozen=True, slots=True)
class _Label:
    texts: tuple[str, ...]  # the fullest first, to be shortened where there is no room
    size: int
    colour: str
    filled: bool
    anchors: tuple[tuple[Point, Point], ...]


def draw_strips(canvas: Canvas, strips: Sequence[StripReading], view: View, bounds: Box) -> None:
    """Draw every strip's outline, window, line markers, labels and verdict, onto the canvas.

    Parameters
    ----------
    canvas : ndarray, shape (H, W, 3)
        Holds the picture already.
    strips : sequence of StripReading
        In picture coordinates.
    view : View
        From picture to canvas.
    bounds : Box
        Where labels may stand.
    """
    windows = [view.quad(strip.window) for strip in strips]
    membranes = [_grown(window, 4 * view.unit) for window in windows]
    obstacles: list[Sequence[Point]] = list(membranes)
    for strip, window in zip(strips, windows, strict=True):
        _draw_device(canvas, strip, window, view)
        obstacles += _draw_markers(canvas, strip, window, view)
    for strip, window in zip(strips, windows, strict=True):
        for label in _labels(strip, window, view, several=len(strips) > 1):
            text, box = _find_room(label, obstacles, membranes, bounds)
            if box is not None:
                _put(canvas, label, text, box, view)
                obstacles.append(box.corners)


def line_place(line: Line, window: Quad, center: Point | None) -> float | None:
    """Return how far along the window a line lies, 0 at the control end; None when unknown.

    Parameters
    ----------
    line : Line
        As read.
    window : Quad
        Corners of the window.
    center : Point or None
        The line's middle, in the same coordinates as the window.
    """
    if center is None:
        return line.position
    start, end = _middle(window[0], window[1]), _middle(window[2], window[3])
    length2 = (end[0] - start[0]) ** 2 + (end[1] - start[1]) ** 2
    if length2 == 0:
        return line.position
    along = (center[0] - start[0]) * (end[0] - start[0]) + (center[1] - start[1]) * (end[1] - start[1])
    return along / length2


def _draw_device(canvas: Canvas, strip: StripReading, window: Quad, view: View) -> None:
    if strip.outline is not None:
        outline = view.quad(strip.outline)
        stroke(canvas, outline, PLATE, 4 * view.unit, closed=True)
        stroke(canvas, outline, INK, 1.6 * view.unit, closed=True)
    grown = _grown(window, 3.2 * view.unit)
    stroke(canvas, grown, PLATE, 3.4 * view.unit, closed=True)
    stroke(canvas, grown, OUTCOME_COLOURS[strip.outcome], 2 * view.unit, closed=True)


def _draw_markers(
    canvas: Canvas, strip: StripReading, window: Quad, view: View
) -> list[tuple[Point, Point, Point]]:
    triangles = []
    for line, ends in _line_ends(strip, window, view):
        for edge, normal in ends:
            triangle = _triangle(edge, normal, view.unit)
            colour = line_colour(line) if line.detected else MUTED
            fill(canvas, triangle, colour if line.detected else PLATE)
            stroke(canvas, triangle, PLATE if line.detected else colour, 1.2 * view.unit, closed=True)
            triangles.append(triangle)
    return triangles


def _line_ends(
    strip: StripReading, window: Quad, view: View
) -> list[tuple[Line, tuple[tuple[Point, Point], ...]]]:
    """Return each line with its two places on the window's long edges, and the outward direction there."""
    found: list[tuple[Line, tuple[tuple[Point, Point], ...]]] = []
    for line in strip.lines:
        center = None if line.center is None else view.point(line.center)
        along = line_place(line, window, center)
        if along is not None:
            first = _between(window[1], window[2], along)
            second = _between(window[0], window[3], along)
            out = _direction(second, first)
            found.append((line, ((first, out), (second, (-out[0], -out[1])))))
    return found


def _triangle(edge: Point, normal: Point, unit: float) -> tuple[Point, Point, Point]:
    (x, y), (nx, ny) = edge, normal
    tip, base, half = 6 * unit, 17 * unit, 5.5 * unit
    return (
        (x + nx * tip, y + ny * tip),
        (x + nx * base - ny * half, y + ny * base + nx * half),
        (x + nx * base + ny * half, y + ny * base - nx * half),
    )


def _labels(strip: StripReading, window: Quad, view: View, *, several: bool) -> list[_Label]:
    number = f"{strip.id} " if several else ""
    word = outcome_word(strip.outcome)
    verdict = _Label(
        (f"{number}{word}", f"{strip.id}"),
        round(1.15 * view.type_size),
        OUTCOME_COLOURS[strip.outcome],
        filled=True,
        anchors=_ends_of(strip, window, view),
    )
    lines = [
        _Label(
            (f"{line.name}  {height_text(line) if line.detected else 'absent'}", line.name),
            view.type_size,
            line_colour(line) if line.detected else MUTED,
            filled=False,
            anchors=tuple((_moved(edge, normal, 20 * view.unit), normal) for edge, normal in ends),
        )
        for line, ends in _line_ends(strip, window, view)
    ]
    return [*lines, verdict]


def _ends_of(strip: StripReading, window: Quad, view: View) -> tuple[tuple[Point, Point], ...]:
    """Return where a verdict may stand: before the control end, behind the sample end, or at the sides."""
    quad = window if strip.outline is None else view.quad(strip.outline)
    middle = _middle(_middle(quad[0], quad[2]), _middle(quad[1], quad[3]))
    sides = [_middle(quad[k], quad[(k + 1) % 4]) for k in range(4)]
    ends = [_middle(window[0], window[1]), _middle(window[2], window[3])]
    places = [(side, _direction(middle, side)) for side in sides]
    places += [(end, _direction(middle, end)) for end in ends]
    return tuple((_moved(p, d, 10 * view.unit), d) for p, d in places)


def _find_room(
    label: _Label, obstacles: Sequence[Sequence[Point]], membranes: Sequence[Quad], bounds: Box
) -> tuple[str, Box | None]:
    """Return the fullest text that finds a place near its line, and the place."""
    for text in label.texts:
        width, height = text_size(text, label.size)
        size = (width + 2 * _pad(label), height + 0.6 * _pad(label))
        box = place(size, label.anchors, obstacles, bounds, step=0.6 * height, steps=8)
        if box is not None and not _crosses(_leader(label, box), membranes):
            return text, box
    return "", None


def _put(canvas: Canvas, label: _Label, text: str, box: Box, view: View) -> None:
    anchor, near = _leader(label, box)
    if not label.filled and math.dist(anchor, near) > 3 * view.unit:
        stroke(canvas, [anchor, near], PLATE, 3 * view.unit)
        stroke(canvas, [anchor, near], label.colour, 1.2 * view.unit)
    fill(canvas, box.corners, label.colour if label.filled else PLATE, 1.0 if label.filled else 0.86)
    at = (box.x0 + _pad(label), box.y0 + 0.3 * _pad(label))
    write(canvas, at, text, label.size, PLATE if label.filled else label.colour, bold=True)


def _pad(label: _Label) -> int:
    return round(0.35 * label.size)


def _leader(label: _Label, box: Box) -> tuple[Point, Point]:
    """Return the ends of the stroke that joins a label to its line."""
    centre = ((box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2)
    anchor = min((a for a, _ in label.anchors), key=lambda a: math.dist(a, centre))
    return anchor, (min(max(anchor[0], box.x0), box.x1), min(max(anchor[1], box.y0), box.y1))


def _crosses(leader: tuple[Point, Point], membranes: Sequence[Quad]) -> bool:
    dots = [Box.around([_between(*leader, k / 24)], 0.5) for k in range(25)]
    return any(dot.overlaps(membrane) for membrane in membranes for dot in dots)


def _grown(quad: Quad, by: float) -> Quad:
    """Move each side outwards; exact for rectangles."""
    corners = [
        _moved(_moved(p, _direction(quad[k - 1], p), by), _direction(quad[(k + 1) % 4], p), by)
        for k, p in enumerate(quad)
    ]
    return corners[0], corners[1], corners[2], corners[3]


def _middle(a: Point, b: Point) -> Point:
    return (a[0] + b[0]) / 2, (a[1] + b[1]) / 2


def _between(a: Point, b: Point, share: float) -> Point:
    return a[0] + (b[0] - a[0]) * share, a[1] + (b[1] - a[1]) * share


def _moved(point: Point, direction: Point, by: float) -> Point:
    return point[0] + direction[0] * by, point[1] + direction[1] * by


def _direction(a: Point, b: Point) -> Point:
    length = math.dist(a, b)
    return (0.0, -1.0) if length == 0 else ((b[0] - a[0]) / length, (b[1] - a[1]) / length)
