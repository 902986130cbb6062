"""Propose windows whose outline closes: the hole that a ring of edges leaves."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, from_box
from reader.locate.edges import edge_maps

__all__ = ["propose_outlined"]

THRESHOLDS = ((8, 20), (20, 50), (50, 120))  # Canny's, codes: the lowest finds white on white
BLURS_PX = (0.0, 1.2)
GAPS_PX = (0, 3, 5)  # breaks in the outline that are bridged
MIN_WIDTH_PX = 5.0
ASPECT = (1.5, 14.0)  # length over width, from stubby windows to dipstick membranes
MIN_FILL = 0.6  # share of the enclosing rectangle that the outline fills: a stadium fills 0.8 or more


def propose_outlined(plane: NDArray[np.uint8]) -> list[Window]:
    """Propose rectangles around closed outlines.

    Parameters
    ----------
    plane : ndarray, shape (H, W), uint8
        Search picture. The brightest channel is best: in it coloured lines vanish, so that they do not
        cut the window in pieces.

    Returns
    -------
    list of Window
        In pixels of ``plane``, unordered, with near copies.

    Examples
    --------
    >>> page = np.full((60, 200), 250, np.uint8)
    >>> page[20:40, 50:150] = 200
    >>> any(abs(w.length - 100) < 6 and abs(w.width - 20) < 6 for w in propose_outlined(page))
    True
    """
    found: list[Window] = []
    for blur in BLURS_PX:
        smooth = plane if blur == 0 else np.asarray(cv2.GaussianBlur(plane, (0, 0), blur), np.uint8)
        for edges in edge_maps(smooth, THRESHOLDS):
            for gap in GAPS_PX:
                found += _rectangles(edges, gap)
    return found


def _rectangles(edges: NDArray[np.uint8], gap: int) -> list[Window]:
    """Return the enclosing rectangles of one edge map's contours."""
    if gap:
        kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (gap, gap))
        edges = np.asarray(cv2.dilate(edges, kernel), np.uint8)
    contours, _ = cv2.findContours(edges, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    widening = max(gap - 1, 0)
    found = []
    for contour in contours:
        if len(contour) < 4:
            continue
        _, _, width, height = cv2.boundingRect(contour)
        if max(width, height) < MIN_WIDTH_PX * ASPECT[0]:
            continue
        area = cv2.contourArea(contour)
        if area < _least_area(max(width, height), widening):
            continue
        box = cv2.minAreaRect(contour)
        short, long = sorted(box[1])
        across, length = short + widening, long + widening
        if across < MIN_WIDTH_PX or not ASPECT[0] <= length / across <= ASPECT[1]:
            continue
        if area >= MIN_FILL * short * long:
            found.append(from_box(box, widening))
    return found


def _least_area(reach: float, widening: float) -> float:
    """Return the least area that passes for an outline of this upright reach; most edges enclose none."""
    long = reach / math.hypot(1, 1 / ASPECT[0])
    return MIN_FILL * long * max(MIN_WIDTH_PX - widening, (long + widening) / ASPECT[1] - widening)
