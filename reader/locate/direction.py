"""Which end of a window is the control's, by the letters about it, and by its wells and print.

Wells lie beyond the sample end, print mostly beyond the other.

A well is a round or oval hole on the axis of flow. It is found first, because its rims are detail that
would otherwise count as print.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.colour import brightest
from reader.geometry import Window
from reader.locate.edges import edge_maps
from reader.locate.letters import Letters, read_letters
from reader.view import View

__all__ = ["Direction", "Signs", "direction_odds", "direction_signs", "read_direction"]

FloatArray = NDArray[np.float32]

NEAR, FAR = 0.15, 1.45  # window lengths beyond an end in which names, codes and letters stand
WELL_FAR = 2.1  # window lengths beyond an end within which the wells of one-window devices lie
BREADTH = 1.7  # window widths to each side in which print is compared
WELL_BREADTH = 3.2  # the same for wells: half a device's width
ROWS = 16  # samples per window width
LONGEST = 14.0  # window lengths over widths above which the look is cut short
FLOOR = 0.002  # log10 of light: texture of a plain surface
THRESHOLDS = ((6, 15), (15, 40), (40, 100))  # Canny's, codes: white rims on white to dark holes
CODES = (200.0, 300.0)  # code of the device's own light, codes per log10 of light
DEVICE = (0.1, 0.5)  # window lengths beyond an end where nothing but the device can lie
SAME_FACE = 0.2  # log10 of light by which a well's surroundings may differ from that: shade, another angle
BLURS, GAPS = (1.0, 2.0), (0, 3)  # samples: of the look, and breaks of an outline that are bridged
# Windows are 3 to 4 mm wide, wells 1.8 mm to 16 mm with their recess; a drop fits all but the narrowest.
WELL_SIZE = (0.45, 5.0)
WELL_ASPECT = (0.5, 2.6)  # along over across
ROUND = 0.06  # how far the filled share of the enclosing box may be from that of an oval
OFF_AXIS = (0.35, 0.12)  # window widths, and of its own width: a found axis is a few degrees off
LEAST_SOLID = 0.93  # share of the convex hull: holes have no notches, letters do
PLAIN = (0.5, 0.9)  # overlap with its own mirror images, along and across, of no well and of a plain one
GUARD = 1.25  # a well's surroundings that are not print, of its size
# Logistic regression on 21 real cassettes of eight sources gives 1.2 to 1.5 and 1.0 to 1.7, by the penalty.
PRINT_WEIGHT, WELL_WEIGHT = 1.0, 2.0
MOST_PRINT = 2.3  # natural log-odds of print alone: one design in ten has it the other way round
MOST = 4.6  # natural log-odds: one in a hundred where both agree, none having been seen in a hundred
# A dipstick is as wide as its membrane: beside it lies the table, along its whole length.
DIPSTICK = ((0.1, 0.8), 0.35, (0.75, 1.1))  # window lengths beyond an end; widths inside, and beside
DIPSTICK_STEP = 0.04  # log10 of light between the stick and the table
DIPSTICK_SHARE = 0.8  # of the columns on both sides


@dataclass(frozen=True, slots=True)
class Signs:
    """What speaks for the start of a window being the control's end, each positive when it does.

    Attributes
    ----------
    print_vote : float
        Natural logarithm of the ratio of printed detail beyond the start over that beyond the end.
    well_vote : float
        -1..1: likeness to a well beyond the end less that beyond the start.
    """

    print_vote: float
    well_vote: float


@dataclass(frozen=True, slots=True)
class Direction:
    """All that the device shows of the direction of flow.

    Attributes
    ----------
    odds : float
        Natural log-odds that the start of the window is the control's end.
    letters : Letters
        What was read of the letters C and T, which `odds` include.
    """

    odds: float = 0.0
    letters: Letters = field(default_factory=Letters)


def read_direction(view: View, window: Window) -> Direction:
    """Look for letters, wells and print about a window.

    Parameters
    ----------
    view : View
        The photo.
    window : Window
        The membrane, flow in either direction.

    Notes
    -----
    The odds add up: letters beside a window are not among the print that is compared beyond its ends, and
    letters that stand beyond its ends are counted there alike at both.
    """
    letters = read_letters(view, window)
    return Direction(letters.odds + direction_odds(view, window), letters)


def direction_odds(view: View, window: Window) -> float:
    """Return the natural log-odds that the start of a window is the control's end, by wells and print.

    Parameters
    ----------
    view : View
        The photo.
    window : Window
        The membrane, flow in either direction.
    """
    signs = direction_signs(view, window)
    printed = min(max(PRINT_WEIGHT * signs.print_vote, -MOST_PRINT), MOST_PRINT)
    return min(max(printed + WELL_WEIGHT * signs.well_vote, -MOST), MOST)


def direction_signs(view: View, window: Window) -> Signs:
    """Look for print and wells beyond both ends of a window."""
    detail, wells = [], []
    aspect = min(window.length / window.width, LONGEST)
    parts = [_beyond(view, outward) for outward in (window.reversed(), window)]
    if all(_bare_beside(part, aspect) for part in parts):
        return Signs(0.0, 0.0)
    for part in parts:
        likeness, hole = _well(part, aspect)
        detail.append(_detail(part, hole, aspect))
        wells.append(likeness)
    return Signs(math.log((detail[0] + FLOOR) / (detail[1] + FLOOR)), wells[1] - wells[0])


def _beyond(view: View, window: Window) -> FloatArray:
    """Look at what lies beyond the end of a window; a square sample is 1/16 of the window's width."""
    length = min(window.length, LONGEST * window.width)
    columns = round(WELL_FAR * length / window.width * ROWS)
    x, y = window.at(1.0)
    u = window.flow
    reach = WELL_FAR * length
    wide = Window(
        x + u[0] * reach / 2, y + u[1] * reach / 2, window.angle, reach, 2 * WELL_BREADTH * window.width
    )
    return view.log_light(wide, columns, round(2 * WELL_BREADTH * ROWS), shapes=True)


def _bare_beside(light: FloatArray, aspect: float) -> bool:
    """Tell whether the device is no wider than its window beyond this end: a dipstick on a table."""
    (start, stop), inside, (near, far) = DIPSTICK
    grey = light[:, round(start * aspect * ROWS) : round(stop * aspect * ROWS)].mean(axis=2)
    middle = (grey.shape[0] - 1) / 2
    across = (np.arange(grey.shape[0]) - middle) / ROWS
    level = grey[np.abs(across) < inside].mean(axis=0)
    for side in (-1, 1):
        beside = grey[(side * across > near) & (side * across < far)].mean(axis=0)
        # Beyond the picture nothing compares: such columns do not speak for a dipstick.
        if float((np.abs(level - beside) > DIPSTICK_STEP).mean()) < DIPSTICK_SHARE:
            return False
    return True


def _detail(light: FloatArray, hole: NDArray[np.bool_], aspect: float) -> float:
    """Return the mean texture near the end, what lies beyond the picture counting as plain."""
    per_length = aspect * ROWS
    margin = round((WELL_BREADTH - BREADTH) * ROWS)
    rows, columns = slice(margin, -margin), slice(round(NEAR * per_length), round(FAR * per_length))
    grey = light[rows, columns].mean(axis=2)
    known = np.isfinite(grey)
    if not known.any():
        return 0.0
    filled = np.where(known, grey, float(grey[known].mean())).astype(np.float32)
    rough = np.abs(filled - cv2.GaussianBlur(filled, (0, 0), 1.2))
    counted = known & ~hole[rows, columns]
    return float(np.where(counted, rough, 0).mean())


def _well(light: FloatArray, aspect: float) -> tuple[float, NDArray[np.bool_]]:
    """Return how much the likeliest well looks like one, 0..1, and where all that may be wells lie."""
    hole = np.zeros(light.shape[:2], bool)
    best = 0.0
    bright = brightest(light)
    near = _face(bright, aspect)
    if not np.isfinite(near).any():
        return best, hole
    face = float(np.nanmedian(near))
    level = np.where(np.isfinite(bright), bright - np.float32(face), np.float32(0))
    image = np.clip(CODES[0] + CODES[1] * level, 0, 255).astype(np.uint8)
    for outline in _outlines(image):
        likeness = _likeness(outline, light.shape[0])
        if likeness > 0 and _in_face(level, outline):
            best = max(best, likeness)
            _cover(hole, outline)
    return best, hole


def _face(bright: FloatArray, aspect: float) -> FloatArray:
    """Return what is seen of the device on the axis, close to the window's end."""
    middle, half = bright.shape[0] // 2, round(BREADTH * ROWS)
    start, stop = (round(share * aspect * ROWS) for share in DEVICE)
    return bright[middle - half : middle + half, start:stop]


def _in_face(level: FloatArray, outline: NDArray[Any]) -> bool:
    """Tell whether the device's face surrounds a shape: what lies on the table is no well."""
    rows, columns = _around(outline)
    ring = level[rows, columns].copy()
    x, y, along, across = cv2.boundingRect(outline)
    ring[y - rows.start : y - rows.start + across, x - columns.start : x - columns.start + along] = np.nan
    return bool(np.isfinite(ring).any()) and abs(float(np.nanmedian(ring))) < SAME_FACE


def _outlines(image: NDArray[np.uint8]) -> list[NDArray[Any]]:
    """Return closed outlines, from faint to strong ones."""
    found: list[NDArray[Any]] = []
    for blur in BLURS:
        smooth = np.asarray(cv2.GaussianBlur(image, (0, 0), blur), np.uint8)
        for edges in edge_maps(smooth, THRESHOLDS):
            for gap in GAPS:
                bridged = cv2.dilate(edges, np.ones((gap, gap), np.uint8)) if gap else edges
                found += cv2.findContours(bridged, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)[0]
    return found


def _likeness(outline: NDArray[Any], rows: int) -> float:
    """Score an outline as a well: round or oval, of its size, on the axis, the same on both sides of it."""
    x, y, along, across = cv2.boundingRect(outline)
    if not WELL_SIZE[0] * ROWS < across < WELL_SIZE[1] * ROWS:
        return 0.0
    aspect = along / across
    if not WELL_ASPECT[0] < aspect < WELL_ASPECT[1]:
        return 0.0
    off = abs(y + (across - 1) / 2 - (rows - 1) / 2)
    if off > max(OFF_AXIS[0] * ROWS, OFF_AXIS[1] * across):
        return 0.0
    area = cv2.contourArea(outline)
    longer = max(aspect, 1 / aspect)
    least, most = math.pi / 4 - ROUND, (longer - 1 + math.pi / 4) / longer + ROUND
    if not least < area / (along * across) < most:
        return 0.0
    if area < LEAST_SOLID * cv2.contourArea(cv2.convexHull(outline)):
        return 0.0
    even = _evenness(outline, (x, y, along, across)) * min(1.0, across / ROWS)
    return min(max((even - PLAIN[0]) / (PLAIN[1] - PLAIN[0]), 0.0), 1.0)


def _evenness(outline: NDArray[Any], box: tuple[int, int, int, int]) -> float:
    """Return how well a shape covers its own mirror images along and across, 0..1."""
    x, y, along, across = box
    shape = np.zeros((across, along), np.uint8)
    cv2.drawContours(shape, [outline], -1, 1, -1, offset=(-x, -y))
    overlaps = [float((shape & m).sum()) / float((shape | m).sum()) for m in (shape[::-1], shape[:, ::-1])]
    return overlaps[0] * overlaps[1]


def _cover(hole: NDArray[np.bool_], outline: NDArray[Any]) -> None:
    """Mark what a well and its rims take up."""
    hole[_around(outline)] = True


def _around(outline: NDArray[Any]) -> tuple[slice, slice]:
    """Return the rows and columns of a shape and its rims."""
    x, y, along, across = cv2.boundingRect(outline)
    more_x, more_y = (round((GUARD - 1) / 2 * size) + 2 for size in (along, across))
    return slice(max(y - more_y, 0), y + across + more_y), slice(max(x - more_x, 0), x + along + more_x)
