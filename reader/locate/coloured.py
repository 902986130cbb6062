"""Propose windows from their lines: a coloured bar gives the membrane's width and direction at once."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, from_box, sample_each
from reader.locate.planes import Planes

__all__ = ["LARGE", "LARGE_PX", "SMALL", "Bar", "BarSizes", "find_bars", "propose_from_bars"]

FloatArray = NDArray[np.float32]
FloatArray64 = NDArray[np.float64]
_Mark = tuple[float, float, float, float, float, float]  # centre, sides (px), turn (degrees), contrast (log2)

LARGEST = 9  # px: side of a top-hat's square; for larger ones the map is reduced
OCTAVE = math.log10(2)  # of a plane
CONTRASTS = (0.64, 0.32, 0.16, 0.08, 0.04, 0.02)  # octaves
FLOORS = (0.02, 0.04, 0.08)  # octaves: the least contrast worth a look in red, blue and dark
LARGE_PX = 256  # long side of a picture in which large bars are seen well enough
ASPECT = (1.7, 14.0)
MIN_FILL = 0.55
KEEP = 70  # strongest bars
LONG_PX = 40.0  # length above which a bar is not stronger for being longer
NOISE_STEP = 3  # px between the places that tell a map's median
REACH = 7.0  # bar lengths that are searched for a window's end
CELLS = 16  # samples per bar length along the strip: finer than any line
NEAREST_END = 0.4  # bar lengths from a line to the nearest possible end


@dataclass(frozen=True, slots=True)
class BarSizes:
    """Which bars are looked for.

    Attributes
    ----------
    scales : tuple of float
        Line thicknesses that the top-hat keeps, shares of the picture's long side.
    shortest_px : float
        Of a bar.
    longest : float
        Of a bar, share of the long side.
    """

    scales: tuple[float, ...]
    shortest_px: float
    longest: float


SMALL = BarSizes((1 / 150, 1 / 70, 1 / 35), 6.0, 0.12)  # of windows that leave room for their device
LARGE = BarSizes((1 / 40, 1 / 20, 1 / 12), 20.0, 0.5)  # of windows that fill much of the picture


@dataclass(frozen=True, slots=True)
class Bar:
    """A short coloured segment: a line's centre, direction, length, thickness and contrast (log2)."""

    shape: Window
    contrast: float


@dataclass(frozen=True, slots=True, eq=False)
class _Ridge:
    """A top-hat map (log10), the contrast (octaves) from which on it is worth a look, and its scale."""

    map: FloatArray
    least: float
    factor: float


def find_bars(planes: Planes, sizes: BarSizes = SMALL) -> list[Bar]:
    """Find bars whose colour differs from both sides, strongest first.

    Parameters
    ----------
    planes : Planes
        Of the search picture.
    sizes : BarSizes, default SMALL
        Which bars are looked for.

    Notes
    -----
    Red over green, blue over red and the lack of light show gold, blue and black lines. The ratios
    cancel shading and rim shadows and show a line with its exact length; the top-hat removes what is
    wider than a line in both directions, such as a tinted membrane.
    """
    ridges = _ridges(planes, sizes.scales)
    marks: list[_Mark] = []
    kept: list[list[float]] = []
    for contrast in CONTRASTS:
        # What is fainter than that is weaker than those, whatever its length.
        sure = _strongest(marks, above=LONG_PX * contrast)
        if len(sure) >= KEEP and len(kept := _distinct(sure)) == KEEP:
            break
        marks += [mark for ridge in ridges for mark in _marks_of(ridge, contrast, sizes)]
    else:
        kept = _distinct(_strongest(marks))
    return [Bar(from_box(((x, y), (a, b), turn)), contrast) for x, y, a, b, turn, contrast in kept]


def _strongest(marks: list[_Mark], above: float = 0.0) -> FloatArray64:
    """Return the marks of more than some strength, strongest first: those long and of high contrast."""
    table = np.array(marks).reshape(-1, 6)
    strength = table[:, 5] * np.minimum(table[:, 2:4].max(axis=1), LONG_PX)
    order = np.argsort(-strength, kind="stable")
    return np.asarray(table[order[: np.count_nonzero(strength > above)]])


def _ridges(planes: Planes, scales: tuple[float, ...]) -> list[_Ridge]:
    """Return what is narrow in each plane, at each scale."""
    shown = zip((planes.red, planes.blue, planes.dark), FLOORS, strict=True)
    squares = [max(3, round(scale * max(planes.shape)) | 1) for scale in scales]
    return [_ridge(plane, size, floor) for plane, floor in shown for size in squares]


def _ridge(plane: FloatArray, size: int, floor: float) -> _Ridge:
    """Take a top-hat map of a size of square, in a smaller copy where the square is large."""
    factor = 1.0 if size <= LARGEST else LARGEST / size
    if factor < 1:
        small = cv2.resize(plane, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
        plane = np.asarray(small, np.float32)
        size = LARGEST
    kernel = cv2.getStructuringElement(cv2.MORPH_RECT, (size, size))
    ridge = cv2.morphologyEx(cv2.GaussianBlur(plane, (3, 3), 0), cv2.MORPH_TOPHAT, kernel)
    sparse = np.asarray(ridge, np.float32)[::NOISE_STEP, ::NOISE_STEP]
    noise = float(np.partition(sparse, sparse.size // 2, axis=None)[sparse.size // 2]) / OCTAVE
    return _Ridge(np.asarray(ridge, np.float32), max(floor, 3.0 * noise), factor)


def _marks_of(ridge: _Ridge, contrast: float, sizes: BarSizes) -> list[_Mark]:
    """Return what looks like a bar of some contrast (octaves) at least."""
    if contrast < ridge.least:
        return []
    limit = sizes.longest * max(ridge.map.shape)
    shortest = sizes.shortest_px * min(ridge.factor * 1.5, 1.0)
    found = []
    mask = (ridge.map > contrast * OCTAVE).view(np.uint8)
    for contour in _contours(mask, shortest, 1.2 * limit):
        box = _bar_box(contour, shortest, limit)
        if box is not None:
            x, y, a, b, turn = box
            x, y = (x + 0.5) / ridge.factor - 0.5, (y + 0.5) / ridge.factor - 0.5
            found.append((x, y, a / ridge.factor, b / ridge.factor, turn, contrast))
    return found


def _contours(mask: NDArray[np.uint8], shortest: float, longest: float) -> list[NDArray[np.int32]]:
    """Return the outlines of connected spots whose upright box is neither too short nor too long."""
    contours, tree = cv2.findContours(mask, cv2.RETR_CCOMP, cv2.CHAIN_APPROX_SIMPLE)
    outlines = []
    for k in np.flatnonzero(tree[0, :, 3] < 0).tolist() if contours else ():
        _, _, width, height = cv2.boundingRect(contours[k])
        if shortest <= max(width, height) <= longest:
            outlines.append(np.asarray(contours[k], np.int32))
    return outlines


def _bar_box(
    contour: NDArray[np.int32], shortest: float, longest: float
) -> tuple[float, float, float, float, float] | None:
    """Return centre, sides and turn of the contour's rectangle if it is long, thin and full."""
    (x, y), (a, b), turn = cv2.minAreaRect(contour)
    a, b = a + 1, b + 1  # the outline runs through the middles of the outermost pixels
    thickness, length = min(a, b), max(a, b)
    if not shortest <= length <= longest or not ASPECT[0] <= length / thickness <= ASPECT[1]:
        return None
    area = cv2.contourArea(contour) + 0.5 * cv2.arcLength(contour, closed=True) + 1
    return (x, y, a, b, turn) if area >= MIN_FILL * length * thickness else None


def _distinct(marks: FloatArray64) -> list[list[float]]:
    """Drop repeats of a bar from other thresholds and maps, keeping two lengths of each at most."""
    x, y, length = marks[:, 0], marks[:, 1], marks[:, 2:4].max(axis=1)
    left = np.ones(len(marks), bool)
    kept: list[int] = []
    while len(kept) < KEEP and left.any():
        k = int(left.argmax())
        ratio = length[k] / length
        near = (np.hypot(x[k] - x, y[k] - y) < 0.3 * length) & (ratio > 0.8) & (ratio < 1.25)
        left &= ~near
        kept.append(k)
    found: list[list[float]] = marks[kept].tolist()
    return found


def propose_from_bars(planes: Planes, bars: list[Bar]) -> list[Window]:
    """Propose windows around bars: as wide as the bar is long, ends where the light steps.

    Parameters
    ----------
    planes : Planes
        Of the search picture.
    bars : list of Bar
        From `find_bars`, same pixels.
    """
    if not bars:
        return []
    strips = [_along(bar.shape) for bar in bars]
    count = round(2 * REACH * CELLS)
    seen = sample_each(planes.light_levels, strips, count, 5)
    steps = _steps(np.sort(seen, axis=1)[:, 2], seen.std(axis=1))
    middle = count / 2
    before = _strongest_steps(steps[:, : round(middle - NEAREST_END * CELLS)])
    first = round(middle + NEAREST_END * CELLS)
    after = [[first + k for k in places] for places in _strongest_steps(steps[:, first:])]
    found: list[Window] = []
    for bar, strip, starts, stops in zip(bars, strips, before, after, strict=True):
        width = bar.shape.length
        spans = ((i / count, j / count) for i in starts for j in stops)
        fits = (span for span in spans if 1.5 * width <= strip.length * (span[1] - span[0]) <= 10 * width)
        found += [replace(strip.cut(*span), width=width * 1.03) for span in fits]
    return found


def _along(bar: Window) -> Window:
    """Return the strip through a bar in which the ends of its window are looked for."""
    return Window(bar.x, bar.y, bar.angle + math.pi / 2, 2 * REACH * bar.length, 0.6 * bar.length)


def _steps(profiles: FloatArray, spread: FloatArray) -> FloatArray:
    """Return the size of the step of level at each place, smaller where the width disagrees."""
    n = max(2, CELLS // 5)
    padded = np.pad(profiles, ((0, 0), (n, n)), mode="edge")
    total = np.pad(np.nancumsum(padded, axis=1, dtype=np.float64), ((0, 0), (1, 0)))
    mean = (total[:, n:] - total[:, :-n]) / n
    step = np.abs(mean[:, n:] - mean[:, :-n])[:, : profiles.shape[1]]
    result = step / (1 + 10 * np.nan_to_num(spread, nan=1.0))
    result[~np.isfinite(profiles)] = 0
    return np.asarray(result, np.float32)


def _strongest_steps(steps: FloatArray, count: int = 3) -> list[list[int]]:
    """Return the places of the strongest separate steps of each profile."""
    left = steps.copy()
    columns, rows = np.arange(left.shape[1]), np.arange(len(left))
    places: list[list[int]] = [[] for _ in rows]
    for _ in range(count):
        best = left.argmax(axis=1)
        for k in np.flatnonzero(left[rows, best] > 0).tolist():
            places[k].append(int(best[k]))
        left[np.abs(columns - best[:, None]) <= 6] = 0
    return places
