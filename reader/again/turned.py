"""Turn back what a program has turned: a picture whose four corners hold nothing that a camera saw.

A program that turns a picture by an odd angle fills the corners with one colour, or with what the picture
ends with, drawn out. Neither changes in the direction away from the picture's side, while what the camera saw
does, if only by its grain. What was filled in is no surroundings: it has edges that belong to no device, and
goes on where the membrane ends.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.again.place import Again
from reader.geometry import Window, around, straightening
from reader.photo import Photo
from reader.view import View

__all__ = ["turned_back"]

FloatArray = NDArray[np.float32]
FloatArray64 = NDArray[np.float64]

LOOK_PX = 256  # long side of the copy in which the turn is told: the corners' triangles are some 30 px high
TURNS = np.radians(np.arange(7.0, 83.5))  # that are tried; smaller ones leave hardly any corners
FINER = np.radians(np.arange(-1.0, 1.05, 0.2))  # about the best of them
SQUARE = 0.03  # cosine of twice the turn below which a picture's size does not tell that of what it shows
LEAST_SIDE = 16.0  # px of the copy: what is narrower shows no window
# Pixels from a side of what was turned in which the filling and the picture are seen: between them lies what
# the turning itself smoothed.
OUTER, INNER = np.array([2.5, 3.5, 5.0, 7.0, 10.0, 14.0]), -np.array([2.5, 3.5, 5.0, 7.0])
BORDER = np.array([-0.5, 0.5])
ALONG = (np.arange(48) + 0.5) / 48 - 0.5  # places along a side, of its length
MARGIN = 2  # px at the picture's own border in which slopes are not known
LEAST_SEEN = 1 / 24  # share of a side's places that lie in the picture: fewer tell nothing
# Codes per px by which the light changes away from a side, rms: 0.35 in a compressed filling, and 0.5 to 10
# in what a camera saw, where it is also about the same on both sides of any straight line.
FILLED = 0.45
CHANGES = 1.6  # times as much within
QUIET = 0.1  # of what is within: a codec leaves more where there is more
ROUGH = 1.5  # times as much where the turn is only known to a degree
FEW, HASTY = 6, 2 * ROUGH  # every so many places along a side tell that a turn is none, with so much leeway
RINGING = 0.04  # of the border's own slope, that a codec leaves beside it
PARTS, GRAINED = 4, 1.15  # of a side, in most of which the picture changes so many times as much
PLAIN = 1.0  # codes per px from which on a change is a plain one
SMOOTH = 0.05  # codes per px: below it nothing is compared


def turned_back(photo: Photo, view: View) -> Again | None:
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
    return Again(replace(photo, pixels=_read_only(pixels), chroma=None, steps=None), place)


def _read_only(pixels: NDArray[Any]) -> NDArray[Any]:
    pixels.setflags(write=False)
    return pixels


def _place(picture: NDArray[np.uint8]) -> Window | None:
    """Return where the turned picture lies, if all four corners are filled in."""
    factor = min(LOOK_PX / max(picture.shape[:2]), 1.0)
    grey = cv2.cvtColor(picture, cv2.COLOR_RGB2GRAY)
    if factor <= 0.5:
        half = (grey.shape[1] // 2, grey.shape[0] // 2)  # several times as fast as a broken factor alone
        grey = cv2.resize(grey, half, interpolation=cv2.INTER_AREA)
    size = (max(1, round(picture.shape[1] * factor)), max(1, round(picture.shape[0] * factor)))
    grey = cv2.resize(grey, size, interpolation=cv2.INTER_AREA)
    derivatives = [cv2.Scharr(grey, cv2.CV_32F, *order) / 32 for order in ((1, 0), (0, 1))]
    slopes = np.asarray(derivatives, np.float32)
    # Most pictures were not turned, and a few places along each side show that of nearly any turn.
    likely = _filled(slopes, TURNS, ALONG[FEW // 2 :: FEW], HASTY)[0]
    rough = _best(slopes, TURNS[likely], ROUGH)
    best = rough and _best(slopes, rough.angle + FINER)
    return best and best.scaled(1 / factor)


def _best(slopes: FloatArray, turns: FloatArray64, leeway: float = 1.0) -> Window | None:
    """Return the rectangle whose corners look most like filled ones, of those that may be."""
    filled, contrast = _filled(slopes, turns, ALONG, leeway)
    if not filled.any():
        return None
    turn = float(turns[np.argmax(np.where(filled, contrast, -math.inf))])
    height, width = slopes.shape[1:]
    ((length, breadth),) = _sides(np.array([turn]), height, width)
    return Window((width - 1) / 2, (height - 1) / 2, turn, float(length), float(breadth))


def _filled(
    slopes: FloatArray, turns: FloatArray64, along: FloatArray64, leeway: float
) -> tuple[NDArray[np.bool_], FloatArray64]:
    """Tell for each turn whether all four corners look filled, and how plainly.

    ``along`` is where along the sides that is seen, and ``leeway`` by how much more than allowed the filling
    may change.
    """
    sides = _sides(turns, *slopes.shape[1:])
    possible = np.flatnonzero((sides >= LEAST_SIDE).all(axis=1))
    filled, contrast = np.zeros(len(turns), bool), np.zeros(len(turns))
    if not possible.size:
        return filled, contrast
    outer, inner, border = (
        _slopes_away(slopes, turns[possible], sides[possible], along, depths)
        for depths in (OUTER, INNER, BORDER)
    )
    # A codec rings beside a step; a step all along the side is that of one colour that was filled in.
    step = np.median(np.nan_to_num(border), axis=(2, 3))
    filling = np.maximum(_rms(outer) - RINGING * step, SMOOTH)
    seen = (np.isfinite(outer).mean(axis=(2, 3)) >= LEAST_SEEN).all(axis=1)
    rich = _rms(inner)
    allowed = leeway * np.minimum(np.maximum(FILLED, rich * QUIET), rich / CHANGES)
    # Where the turn is not quite right, the filling reaches into a part of some side. On a plain ground, most
    # parts show nothing but the grain that is on both sides of any line.
    parts = np.stack([_rms(part) for part in np.array_split(inner, PARTS, axis=2)])
    along_all = filling * GRAINED < leeway * np.median(parts, axis=0)
    filled[possible] = seen & ((filling < allowed) & along_all).all(axis=1)
    parts = parts.min(axis=0)
    contrast[possible] = np.log(np.clip(parts, SMOOTH, PLAIN) * np.maximum(step, PLAIN) / filling).sum(axis=1)
    return filled, contrast


def _sides(turns: FloatArray64, height: int, width: int) -> FloatArray64:
    """Return length and width of the rectangles that touch all four borders with their corners; 0 if none."""
    cos, sin = np.cos(turns), np.sin(turns)
    twice = cos**2 - sin**2
    sides = np.stack([width * cos - height * sin, height * cos - width * sin], axis=1)
    known = np.abs(twice) >= SQUARE
    return np.asarray(np.where(known[:, None], sides / np.where(known, twice, 1.0)[:, None], 0.0))


def _slopes_away(
    slopes: FloatArray, turns: FloatArray64, sides: FloatArray64, along: FloatArray64, depths: FloatArray64
) -> FloatArray64:
    """Return by how much the light changes away from each side, along it and at some depths beyond it.

    Shape (turns, 4, along, depths), in codes per px; NaN beyond the picture.
    """
    height, width = slopes.shape[1:]
    lengths = np.tile(sides, 2)[..., None, None]
    angles = (turns[:, None] + np.arange(4) * math.pi / 2)[..., None, None]
    cos, sin = np.cos(angles), np.sin(angles)
    out = lengths / 2 + depths
    aside = np.roll(lengths, 1, axis=1) * along[:, None]
    x = np.rint((width - 1) / 2 + out * cos - aside * sin).astype(np.intp)
    y = np.rint((height - 1) / 2 + out * sin + aside * cos).astype(np.intp)
    inside = (np.minimum(x, width - 1 - x) >= MARGIN) & (np.minimum(y, height - 1 - y) >= MARGIN)
    at = np.clip(y, 0, height - 1) * width + np.clip(x, 0, width - 1)
    across = np.abs(slopes[0].take(at) * cos + slopes[1].take(at) * sin)
    return np.where(inside, across, math.nan)


def _rms(values: FloatArray64) -> FloatArray64:
    """Return the root mean square of what is seen of each side."""
    count = np.maximum(np.isfinite(values).sum(axis=(2, 3)), 1)
    return np.asarray(np.sqrt(np.nansum(values**2, axis=(2, 3)) / count))
