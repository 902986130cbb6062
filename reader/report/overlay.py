"""The overlay: the photo with everything that was found in it, and what it means, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.reading import Reading
from reader.report.caption import draw_caption
from reader.report.marks import View, draw_strips
from reader.report.palette import RULE
from reader.report.placement import Box
from reader.report.sheet import Canvas, blank

if TYPE_CHECKING:
    from reader.photo import Photo

__all__ = ["draw_overlay"]

_LONGEST = 1600  # px; the overlay's longest side
_SHORTEST = 900  # px; narrower overlays could not hold their words
_LEAST_PICTURE = 480  # px of height that a long caption leaves to the picture
_CROWDED = 0.3  # share of the picture's area from which a window leaves no room for labels


def draw_overlay(photo: Photo, reading: Reading) -> NDArray[np.uint8]:
    """Draw the reading of a photo: device, window, lines, verdict, profile and every warning in words.

    Parameters
    ----------
    photo : Photo
        The picture as it was opened.
    reading : Reading
        What was read in it.

    Returns
    -------
    ndarray, shape (H, W, 3)
        sRGB, 8 bit, at most 1600 px on its longest side and at least 900 px wide.

    Notes
    -----
    Nothing is drawn over a membrane: markers and labels stand beside it.
    """
    picture = _eight_bit(photo.pixels)
    tall, wide = picture.shape[:2]
    # A picture without room around its window is given some.
    across, down = _margins(reading, wide, tall)
    shape = (wide + 2 * across, tall + 2 * down)
    longest = min(_LONGEST, max(_SHORTEST, *shape))
    width = max(_SHORTEST, round(shape[0] * longest / max(shape)))
    caption = _fitting_caption(picture, reading, width)
    room = max(_LEAST_PICTURE, _LONGEST - caption.shape[0])
    scale = min(longest / max(shape), width / shape[0], room / shape[1])
    top = _draw_picture(picture, reading, (width, round(shape[1] * scale)), scale)
    return _bounded(np.concatenate([top, caption]))


def _draw_picture(
    picture: NDArray[np.uint8], reading: Reading, size: tuple[int, int], scale: float
) -> Canvas:
    tall, wide = (max(1, round(side * scale)) for side in picture.shape[:2])
    width, height = size[0], max(tall, size[1])
    canvas = blank(width, height, RULE)
    left, top = (width - wide) // 2, (height - tall) // 2
    how = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    canvas[top : top + tall, left : left + wide] = cv2.resize(picture, (wide, tall), interpolation=how)
    view = View(scale=scale, left=left, top=top, unit=width / 1000)
    draw_strips(canvas, reading.strips, view, Box(2, 2, width - 2, height - 2))
    return canvas


def _margins(reading: Reading, wide: int, tall: int) -> tuple[int, int]:
    """Return how much the picture must grow to the sides and up and down, px, to hold its labels."""
    boxes = [Box.around(strip.window) for strip in reading.strips]
    crowding = [box for box in boxes if box.width * box.height > _CROWDED * wide * tall]
    if not crowding:
        return 0, 0
    # Labels stand at the window's long sides, where they need their whole width beside an upright one.
    upright = crowding[0].height > crowding[0].width
    share = (0.24, 0.07) if upright else (0.13, 0.08)
    return round(share[0] * max(wide, tall)), round(share[1] * max(wide, tall))


def _fitting_caption(picture: NDArray[np.uint8], reading: Reading, width: int) -> Canvas:
    """Draw the caption in the largest type that leaves the picture its room."""
    largest = round(width / 50)
    for size in (largest, round(0.85 * largest), round(0.7 * largest)):
        caption = draw_caption(picture, reading, width, size)
        if caption.shape[0] <= _LONGEST - _LEAST_PICTURE:
            break
    return caption


def _bounded(canvas: Canvas) -> Canvas:
    longest = max(canvas.shape[:2])
    if longest <= _LONGEST:
        return canvas
    tall, wide = (max(1, int(side * _LONGEST / longest)) for side in canvas.shape[:2])
    return np.asarray(cv2.resize(canvas, (wide, tall), interpolation=cv2.INTER_AREA), np.uint8)


def _eight_bit(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    if pixels.dtype == np.uint8:
        return pixels.astype(np.uint8, copy=False)
    return (pixels // 257).astype(np.uint8)
