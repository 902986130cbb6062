"""Propose windows from their lines: a coloured bar gives the membrane's width and direction at once."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, from_corners, sample

__all__ = ["Bar", "find_bars", "propose_from_bars"]

FloatArray = NDArray[np.float32]

SCALES = (1 / 150, 1 / 70, 1 / 35)  # of the long side: line thicknesses that the top-hat keeps
THRESHOLDS = (0.02, 0.04, 0.08, 0.16, 0.32, 0.64)  # log2 of a channel ratio
MIN_LENGTH_PX, MAX_LENGTH = 6.0, 0.12  # of a bar; the latter of the long side
ASPECT = (1.7, 14.0)
MIN_FILL = 0.55
KEEP = 70  # strongest bars
REACH = 7.0  # bar lengths that are searched for a window's end
NEAREST_END = 0.4  # bar lengths from a line to the nearest possible end


@dataclass(frozen=True, slots=True)
class Bar:
    """A short coloured segment: a line's centre, direction, length, thickness and contrast (log2)."""

    shape: Window
    contrast: float


def find_bars(log_image: FloatArray) -> list[Bar]:
    """Find bars whose colour differs from both sides, strongest first.

    Parameters
    ----------
    log_image : ndarray, shape (H, W, 3), float32
        log10 of linear light, RGB.

    Notes
    -----
    The maps log2(R/G), log2(B/R) and -log2(light) show gold, blue and black lines. The ratio maps
    cancel shading and rim shadows and show a line with its exact length; the top-hat removes what is
    wider than a line in both directions, such as a tinted membrane.
    """
    r, g, b = (log_image[..., k] / math.log10(2) for k in range(3))
    maps = ((r - g, 0.02), (b - r, 0.04), (-(r + g + b) / 3, 0.08))  # and the least contrast worth a look
    long_side = max(log_image.shape[:2])
    bars: list[Bar] = []
    for plane, floor in maps:
        for scale in SCALES:
            bars += _bars_of(np.ascontiguousarray(plane), max(3, round(scale * long_side) | 1), floor)
    bars.sort(key=lambda bar: -bar.contrast * min(bar.shape.length, 40.0))
    return _distinct(bars)


def _bars_of(plane: FloatArray, size: int, floor: float) -> list[Bar]:
    """Threshold one top-hat map at doubling levels and keep what looks like a bar."""
    factor = 1.0 if size <= 9 else 9 / size
    if factor < 1:
        small = cv2.resize(plane, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        plane = np.asarray(small, np.float32)
        size = 9
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    ridge = cv2.morphologyEx(cv2.GaussianBlur(plane, (3, 3), 0), cv2.MORPH_TOPHAT, kernel)
    noise = float(np.median(ridge))
    limit = MAX_LENGTH * max(plane.shape)
    bars = []
    for threshold in THRESHOLDS:
        if threshold < max(floor, 3.0 * noise):
            continue
        mask = (ridge > threshold).astype(np.uint8)
        shortest = MIN_LENGTH_PX * min(factor * 1.5, 1.0)
        for contour in _contours(mask, shortest, 1.2 * limit):
            shape = _bar_shape(contour, shortest, limit)
            if shape is not None:
                bars.append(Bar(shape.scaled(1 / factor), threshold))
    return bars


def _contours(mask: NDArray[np.uint8], shortest: float, longest: float) -> list[NDArray[np.int32]]:
    """Return the outlines of connected spots whose upright box is neither too short nor too long."""
    count, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    sides = stats[:, [cv2.CC_STAT_WIDTH, cv2.CC_STAT_HEIGHT]].max(axis=1)
    fits = (sides >= shortest) & (sides <= longest) & (stats[:, cv2.CC_STAT_AREA] >= 0.5 * shortest)
    outlines = []
    for k in range(1, count):
        if not fits[k]:
            continue
        x, y, width, height = (int(v) for v in stats[k, :4])
        spot = (labels[y : y + height, x : x + width] == k).astype(np.uint8)
        contours, _ = cv2.findContours(spot, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE, offset=(x, y))
        outlines.append(contours[0])
    return outlines


def _bar_shape(contour: NDArray[np.int32], shortest: float, longest: float) -> Window | None:
    """Return the contour's rectangle if it is long, thin and full."""
    (x, y), (a, b), turn = cv2.minAreaRect(contour)
    corners = cv2.boxPoints(((x, y), (a + 1, b + 1), turn))
    shape = from_corners(corners)
    if not shortest <= shape.length <= longest or not ASPECT[0] <= shape.length / shape.width <= ASPECT[1]:
        return None
    area = cv2.contourArea(contour) + 0.5 * cv2.arcLength(contour, closed=True) + 1
    return shape if area >= MIN_FILL * shape.length * shape.width else None


def _distinct(bars: list[Bar]) -> list[Bar]:
    """Drop repeats of a bar from other thresholds and maps, keeping two lengths of each at most."""
    kept: list[Bar] = []
    for bar in bars:
        s = bar.shape
        twins = [
            k.shape
            for k in kept
            if math.hypot(k.shape.x - s.x, k.shape.y - s.y) < 0.3 * s.length
            and 0.8 < k.shape.length / s.length < 1.25
        ]
        if not twins:
            kept.append(bar)
        if len(kept) == KEEP:
            break
    return kept


def propose_from_bars(log_image: FloatArray, bars: list[Bar]) -> list[Window]:
    """Propose windows around bars: as wide as the bar is long, ends where the light steps.

    Parameters
    ----------
    log_image : ndarray, shape (H, W, 3), float32
        log10 of linear light.
    bars : list of Bar
        From `find_bars`, same pixels.
    """
    bright = log_image.max(axis=2)
    found: list[Window] = []
    for bar in bars:
        found += _windows_of(bright, bar.shape)
    return found


def _windows_of(bright: FloatArray, bar: Window) -> list[Window]:
    """Return windows with ends at the strongest steps on both sides of a bar."""
    width = bar.length
    across = Window(bar.x, bar.y, bar.angle + math.pi / 2, 2 * REACH * width, 0.6 * width)
    cells = 16  # per bar length: finer than any line
    strip = sample(bright, across, round(2 * REACH * cells), 5)
    profile = np.sort(strip, axis=0)[2]
    spread = strip.std(axis=0)
    steps = _steps(profile, spread, cells)
    middle = len(profile) / 2
    before = _strongest(steps, 0, round(middle - NEAREST_END * cells))
    after = _strongest(steps, round(middle + NEAREST_END * cells), len(steps))
    out = []
    for i in before:
        for j in after:
            start, stop = i / len(profile), j / len(profile)
            length = (stop - start) * across.length
            if 1.5 * width <= length <= 10 * width:
                cut = across.cut(start, stop)
                out.append(Window(cut.x, cut.y, cut.angle, cut.length, width * 1.03))
    return out


def _steps(profile: FloatArray, spread: FloatArray, cells: int) -> FloatArray:
    """Return the size of the step of level at each place, smaller where the width disagrees."""
    n = max(2, cells // 5)
    padded = np.pad(profile, n, mode="edge")
    total = np.concatenate([[0.0], np.nancumsum(padded)])
    mean = (total[n:] - total[:-n]) / n
    step = np.abs(mean[n:] - mean[:-n])[: len(profile)]
    unknown = ~np.isfinite(profile)
    result = step / (1 + 10 * np.nan_to_num(spread, nan=1.0))
    result[unknown] = 0
    return np.asarray(result, np.float32)


def _strongest(steps: FloatArray, start: int, stop: int, count: int = 3) -> list[int]:
    """Return the places of the strongest separate steps in a range."""
    part = steps[start:stop].copy()
    places = []
    for _ in range(count):
        if part.size == 0 or part.max() <= 0:
            break
        k = int(part.argmax())
        places.append(start + k)
        part[max(0, k - 6) : k + 7] = 0
    return places
