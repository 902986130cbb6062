"""The places that were looked at as windows, numbered on a small copy of the photo."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.locate.explain import RankedWindow
from reader.reading import Point
from reader.report.palette import BLUE, MUTED, PLATE, VERMILLION
from reader.report.sheet import fill, stroke, text_size, write
from reader.view import View

__all__ = ["draw_places"]

LEAST_PX = 480  # long side of the copy
TYPE_PX = 15
PADDING_PX = 3  # around a number


def draw_places(view: View, windows: Sequence[RankedWindow]) -> NDArray[np.uint8]:
    """Draw every place with its number.

    What was taken is thick and blue, with the other rectangles of its place in thin lines; what was looked at
    closely is vermillion, the rest grey.

    Parameters
    ----------
    view : View
        The photo.
    windows : sequence of RankedWindow
        What was looked at in it.

    Returns
    -------
    ndarray, shape (H, W, 3)
        The picture that the search saw, 480 to 800 px long.
    """
    factor = max(1.0, LEAST_PX / max(view.small.shape[:2]))
    size = tuple(round(side * factor) for side in view.small.shape[1::-1])
    canvas = np.ascontiguousarray(cv2.resize(view.small, size, interpolation=cv2.INTER_CUBIC), np.uint8)
    # What matters most is drawn last, over the rest.
    for window in reversed(windows):
        corners = [_moved(point, factor) for point in window.window.scaled(view.scale).quad()]
        width = 3.0 if window.taken else 1.5
        stroke(canvas, corners, PLATE, width + 2, closed=True)
        stroke(canvas, corners, _colour(window), width, closed=True)
    for window in reversed(windows):
        corners = [_moved(point, factor) for point in window.window.scaled(view.scale).quad()]
        # Windows in each other share a corner more often than four.
        _number(canvas, window, corners[(window.number - 1) % 4])
    return canvas


def _colour(window: RankedWindow) -> str:
    if window.taken:
        return BLUE
    return VERMILLION if window.looked else MUTED


def _moved(point: Point, factor: float) -> Point:
    return (point[0] + 0.5) * factor - 0.5, (point[1] + 0.5) * factor - 0.5


def _number(canvas: NDArray[np.uint8], window: RankedWindow, at: Point) -> None:
    text = str(window.number)
    wide, high = (side + 2 * PADDING_PX for side in text_size(text, TYPE_PX))
    height, width = canvas.shape[:2]
    x = min(max(at[0] - wide / 2, 0.0), width - wide - 1.0)
    y = min(max(at[1] - high / 2, 0.0), height - high - 1.0)
    box = [(x, y), (x + wide, y), (x + wide, y + high), (x, y + high)]
    fill(canvas, box, _colour(window))
    write(canvas, (x + PADDING_PX, y + PADDING_PX), text, TYPE_PX, PLATE, bold=True)
