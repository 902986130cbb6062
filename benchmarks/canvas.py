"""A page to draw on for pictures without a test: colours, shadows, things laid about, words."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.simulate.raster import single

__all__ = [
    "SIZE",
    "Canvas",
    "Colour",
    "Rng",
    "any_colour",
    "blank_sheet",
    "dark_ink",
    "lay",
    "pale_tone",
    "scattered",
    "write",
    "write_text",
]

Canvas = NDArray[np.float32]
Rng = np.random.Generator
Colour = tuple[float, float, float]

SIZE = (800, 1000)  # px: width and height of a drawn page
WORDS = (
    "Read",
    "the",
    "result",
    "after",
    "fifteen",
    "minutes",
    "and",
    "keep",
    "it",
    "dry",
    "out",
    "of",
    "reach",
)


def blank_sheet(rng: Rng) -> Canvas:
    level = rng.uniform(40, 240)
    return np.full((SIZE[1], SIZE[0], 3), level + rng.normal(0, 8, 3), np.float32)


def any_colour(rng: Rng, low: float = 10, high: float = 245) -> Colour:
    r, g, b = rng.uniform(low, high, 3)
    return float(r), float(g), float(b)


def dark_ink(rng: Rng) -> Colour:
    return any_colour(rng, 10, 90)


def pale_tone(rng: Rng) -> Colour:
    level = rng.uniform(195, 245)
    r, g, b = level + rng.normal(0, 5, 3)
    return float(r), float(g), float(b)


def lay(page: Canvas, thing: Canvas, centre: tuple[float, float], angle_deg: float) -> None:
    """Lay a flat thing with a soft shadow on the page."""
    height, width = thing.shape[:2]
    matrix = cv2.getRotationMatrix2D((width / 2, height / 2), angle_deg, 1.0)
    matrix[:, 2] += np.subtract(centre, (width / 2, height / 2))
    size = (page.shape[1], page.shape[0])
    cover = cv2.warpAffine(np.ones((height, width), np.float32), matrix, size)
    laid = cv2.warpAffine(thing, matrix, size, borderMode=cv2.BORDER_REPLICATE)
    page *= 1 - 0.3 * cv2.GaussianBlur(cover, (0, 0), 5.0)[..., None]
    page *= 1 - cover[..., None]
    page += laid * cover[..., None]


def scattered(page: Canvas, make: Callable[[Rng], Canvas], rng: Rng, most: int = 5) -> Canvas:
    """Lay things of one sort about the page, side by side or anyhow."""
    count, angle = int(rng.integers(1, most + 1)), float(rng.uniform(0, 180))
    beside = rng.random() < 0.5
    for k in range(count):
        thing = make(rng)
        if beside:
            away = (k - (count - 1) / 2) * thing.shape[0] * 1.4
            turn = np.radians(angle)
            centre = (SIZE[0] / 2 + away * np.sin(turn), SIZE[1] / 2 + away * np.cos(turn))
            lay(page, thing, centre, angle)
        else:
            place = (float(rng.uniform(150, SIZE[0] - 150)), float(rng.uniform(150, SIZE[1] - 150)))
            lay(page, thing, place, float(rng.uniform(0, 180)))
    return page


def write(page: Canvas, text: str, at: tuple[int, int], scale: float, *, ink: Colour, thick: int) -> None:
    """Write on a page of floats: the library's letters want bytes."""
    cover = np.zeros(page.shape[:2], np.uint8)
    cv2.putText(cover, text, at, 0, scale, 255, thick, cv2.LINE_AA)
    left, top, width, height = cv2.boundingRect(cover)
    box = slice(top, top + height), slice(left, left + width)
    share = cover[box][..., None] / np.float32(255)
    page[box] = page[box] * (1 - share) + share * single(ink)


def write_text(page: Canvas, rng: Rng, box: tuple[int, int, int, int], height: int) -> None:
    """Write words into a box (left, top, right, bottom), letters ``height`` px tall."""
    ink, left, y = dark_ink(rng), box[0], box[1] + height
    while y < box[3]:
        line = " ".join(rng.choice(WORDS, 14))
        fits = int((box[2] - left) / (0.85 * height))
        write(page, line[:fits], (left, y), height / 22, ink=ink, thick=max(1, height // 9))
        y += int(height * 1.9)
