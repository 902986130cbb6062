"""Turn back what a program has turned: a picture whose four corners hold nothing that a camera saw.

A program that turns a picture by an odd angle fills the corners with one colour, or with what the picture
ends with, drawn out. Neither changes in the direction away from the picture's side, while what the camera saw
does, if only by its grain. What was filled in is no surroundings: it has edges that belong to no device, and
goes on where the membrane ends.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, around, straightening
from reader.photo import Photo
from reader.reading import Point, Quad, StripReading
from reader.view import View

__all__ = ["Turned", "turned_back"]

FloatArray = NDArray[np.float32]

LOOK_PX = 256  # long side of the copy in which the turn is told: the corners' triangles are some 30 px high
TURNS = np.radians(np.arange(7.0, 83.5, 1.0))  # that are tried; smaller ones leave hardly any corners
FINER = np.radians(np.arange(-1.0, 1.05, 0.2))  # about the best of them
SQUARE = 0.03  # cosine of twice the turn below which a picture's size does not tell that of what it shows
LEAST_SIDE = 16.0  # px of the copy: what is narrower shows no window
# Pixels from a side of what was turned in which the filling and the picture are seen: between them lies what
# the turning itself smoothed.
OUTER, INNER = np.array([2.5, 3.5, 5.0, 7.0, 10.0, 14.0]), -np.array([2.5, 3.5, 5.0, 7.0])
BORDER = np.array([-0.5, 0.5])
ALONG = (np.arange(48) + 0.5) / 48 - 0.5  # places along a side, of its length
MARGIN = 2  # px at the picture's own border in which slopes are not known
LEAST_SEEN = 12  # places that tell of one side
# Codes per px by which the light changes away from a side, rms: 0.35 in a compressed filling, and 0.5 to 10
# in what a camera saw, where it is also about the same on both sides of any straight line.
FILLED = 0.45
CHANGES = 1.6  # times as much within
QUIET = 0.1  # of what is within: a codec leaves more where there is more
ROUGH = 1.5  # times as much where the turn is only known to a degree
RINGING = 0.04  # of the border's own slope, that a codec leaves beside it
PARTS = 4  # of a side, in each of which the picture changes
PLAIN = 1.0  # codes per px from which on a change is a plain one
SMOOTH = 0.05  # codes per px: below it nothing is compared


@dataclass(frozen=True, slots=True)
class Turned:
    """What a program turned, as it was.

    Attributes
    ----------
    photo : Photo
        The picture turned back, without what was filled in.
    place : Window
        Where it lies in the photo, px; the flow runs along its rows.
    """

    photo: Photo
    place: Window

    def in_whole(self, strip: StripReading) -> StripReading:
        """Return a strip of the picture that was turned back by its place in the whole photo."""
        lines = (
            line if line.center is None else replace(line, center=self._point(line.center))
            for line in strip.lines
        )
        return replace(
            strip,
            window=self._quad(strip.window),
            outline=None if strip.outline is None else self._quad(strip.outline),
            lines=tuple(lines),
        )

    def _quad(self, quad: Quad) -> Quad:
        a, b, c, d = quad
        return self._point(a), self._point(b), self._point(c), self._point(d)

    def _point(self, point: Point) -> Point:
        return self.place.at((point[0] + 0.5) / self.place.length, (point[1] + 0.5) / self.place.width)


def turned_back(photo: Photo, view: View) -> Turned | None:
    """Turn back a picture that a program has turned by an odd angle; None if none did.

    Parameters
    ----------
    photo : Photo
        The picture.
    view : View
        The same picture, to look into.
    """
    place = _place(view.small)
    if place is None:
        return None
    place = place.scaled(1 / view.scale)
    columns, rows = math.floor(place.length), math.floor(place.width)
    place = replace(place, length=float(columns), width=float(rows))
    region, near = around(photo.pixels, place)
    matrix = straightening(near, columns, rows)
    flags = cv2.INTER_CUBIC | cv2.WARP_INVERSE_MAP
    pixels = cv2.warpAffine(region, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    # What finer colours and steps the file has are those of other places.
    return Turned(replace(photo, pixels=_read_only(pixels), chroma=None, steps=None), place)


def _read_only(pixels: NDArray[Any]) -> NDArray[Any]:
    pixels.setflags(write=False)
    return pixels


def _place(picture: NDArray[np.uint8]) -> Window | None:
    """Return where the turned picture lies, if all four corners are filled in."""
    factor = min(LOOK_PX / max(picture.shape[:2]), 1.0)
    small = cv2.resize(picture, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    grey = small.astype(np.float32).mean(axis=2)
    slopes = np.stack([cv2.Scharr(grey, cv2.CV_32F, *order) / 32 for order in ((1, 0), (0, 1))])
    rough = _best(slopes, TURNS, ROUGH)
    best = rough and _best(slopes, rough.angle + FINER)
    return best and best.scaled(1 / factor)


def _best(slopes: FloatArray, turns: NDArray[np.float64], leeway: float = 1.0) -> Window | None:
    """Return the rectangle whose corners look most like filled ones, of those that may be.

    ``leeway`` is by how much more than allowed the filling may change.
    """
    places = [place for turn in turns if (place := _turned_by(float(turn), slopes.shape[1:])) is not None]
    if not places:
        return None
    outer, inner = _slopes_away(slopes, places, OUTER), _slopes_away(slopes, places, INNER)
    # A codec rings beside a step; a step all along the side is that of one colour that was filled in.
    step = np.median(np.nan_to_num(_slopes_away(slopes, places, BORDER)), axis=(2, 3))
    filling = np.maximum(_rms(outer) - RINGING * step, SMOOTH)
    seen = (np.isfinite(outer).sum(axis=(2, 3)) >= LEAST_SEEN).all(axis=1)
    quiet = np.maximum(FILLED, _rms(inner) * QUIET)
    filled = seen & (filling < leeway * np.minimum(quiet, _rms(inner) / CHANGES)).all(axis=1)
    # Where the turn is not quite right, the filling reaches into a part of some side.
    parts = np.stack([_rms(part) for part in np.array_split(inner, PARTS, axis=2)]).min(axis=0)
    contrast = np.log(np.clip(parts, SMOOTH, PLAIN) * np.maximum(step, PLAIN) / filling).sum(axis=1)
    best = int(np.argmax(np.where(filled, contrast, -math.inf)))
    return places[best] if filled[best] else None


def _turned_by(turn: float, shape: tuple[int, ...]) -> Window | None:
    """Return the rectangle that touches all four borders of a picture with its corners."""
    height, width = shape
    cos, sin = math.cos(turn), math.sin(turn)
    twice = cos**2 - sin**2
    if abs(twice) < SQUARE:
        return None
    sides = (width * cos - height * sin) / twice, (height * cos - width * sin) / twice
    if min(sides) < LEAST_SIDE:
        return None
    return Window((width - 1) / 2, (height - 1) / 2, turn, *sides)


def _slopes_away(
    slopes: FloatArray, places: list[Window], depths: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Return by how much the light changes away from each side, along it and at some depths beyond it.

    Shape (places, 4, 48, depths), in codes per px; NaN beyond the picture.
    """
    lengths = np.array([(p.length, p.width) * 2 for p in places])[..., None, None]
    angles = np.array([[p.angle + k * math.pi / 2 for k in range(4)] for p in places])[..., None, None]
    cos, sin = np.cos(angles), np.sin(angles)
    out = lengths / 2 + depths
    aside = np.roll(lengths, 1, axis=1) * ALONG[:, None]
    x = np.rint(places[0].x + out * cos - aside * sin).astype(np.intp)
    y = np.rint(places[0].y + out * sin + aside * cos).astype(np.intp)
    height, width = slopes.shape[1:]
    inside = (np.minimum(x, width - 1 - x) >= MARGIN) & (np.minimum(y, height - 1 - y) >= MARGIN)
    at = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
    return np.where(inside, np.abs(slopes[0][at] * cos + slopes[1][at] * sin), math.nan)


def _rms(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the root mean square of what is seen of each side."""
    count = np.maximum(np.isfinite(values).sum(axis=(2, 3)), 1)
    return np.asarray(np.sqrt(np.nansum(values**2, axis=(2, 3)) / count))
