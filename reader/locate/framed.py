"""Propose windows that fill much of the picture: an already cut read window, or a close-up.

The picture is turned upright by its own edges; then every rectangle whose four sides lie on edges
is scored through cumulative sums. Edges count without polarity, because a membrane may be darker or
brighter than its frame, and lines inside cost nothing, because only edges *along* the flow are
counted against a rectangle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, overlap

__all__ = ["SEARCH_PX", "propose_framed"]

FloatArray = NDArray[np.float32]
FloatArray64 = NDArray[np.float64]
IntArray = NDArray[np.int64]

SEARCH_PX = 256  # long side of the search picture: a window of 1:4 is then about 40 px wide
MAX_PEAKS = 9  # edge positions kept per direction
ASPECT = (1.7, 9.0)  # length over width of read windows, from stubby cassettes to multiplex strips
TYPICAL_ASPECT, ASPECT_SPREAD = 4.0, 0.45  # median and log-spread of the same
SAME_LEVEL = 0.07  # log10 units over three channels: membrane beside a line differs less than this
FULL_TINT = 0.4  # 1 - min/max of the channels' absorbances: label lines reach it, rim shadows do not
BORDER_SUPPORT = 0.30  # what the picture's own border counts as a side: weak evidence
LEAST_TALL = 8  # px: a narrower window has no room for rims and membrane in the search picture
PER_BAND, SECOND_LOOK, KEPT = 8, 300, 60  # rectangles kept per pair of rows, looked at again, returned
ENDLESS = 1.2  # what it costs an end that the membrane goes on beyond it
SAME = 0.85  # rectangles that overlap more than this are one


@dataclass(frozen=True, slots=True)
class _Edges:
    """Edge support 0..1 of the upright picture: ``along`` for horizontal edges, ``ends`` for vertical."""

    along: FloatArray
    ends: FloatArray


def propose_framed(log_image: FloatArray, *, keep: int = 10) -> list[tuple[Window, float]]:
    """Propose windows whose frame shows as edges, best first.

    Parameters
    ----------
    log_image : ndarray, shape (H, W, 3), float32
        log10 of linear light.
    keep : int, default 10
        Windows to return per direction that is tried.

    Returns
    -------
    list of (Window, float)
        Windows in pixels of ``log_image``, with their edge score.
    """
    scale = SEARCH_PX / max(log_image.shape[:2])
    method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
    small = _floats(cv2.resize(log_image, None, fx=scale, fy=scale, interpolation=method))
    found: list[tuple[Window, float]] = []
    for turn in _directions(small):
        found += [(w.scaled(1 / scale), s) for w, s in _upright_windows(small, turn, keep)]
    return sorted(found, key=lambda pair: -pair[1])


def _directions(image: FloatArray) -> list[float]:
    """Return the turns (radians) worth trying: the edges' own direction, sharpened, and none."""
    gx, gy = _gradients(image)
    strength = np.hypot(gx, gy)
    strength = np.minimum(strength, np.percentile(strength, 97))
    angle = np.arctan2(gy, gx)
    tensor = (strength * np.exp(4j * angle)).sum()
    raw = float(np.angle(tensor)) / 4
    trials = [raw + math.radians(d) for d in np.arange(-4, 4.01, 1.0)]
    best = max(trials, key=lambda t: _sharpness(image, t))
    out: list[float] = []
    for turn in (best, raw, 0.0):
        if all(abs(math.remainder(turn - other, math.pi / 2)) > math.radians(1.5) for other in out):
            out.append(turn)
    return out


def _gradients(image: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the strongest channel's derivatives."""
    gx = _floats(cv2.Scharr(image, cv2.CV_32F, 1, 0))
    gy = _floats(cv2.Scharr(image, cv2.CV_32F, 0, 1))
    pick = np.argmax(gx * gx + gy * gy, axis=2)[..., None]
    return np.take_along_axis(gx, pick, 2)[..., 0], np.take_along_axis(gy, pick, 2)[..., 0]


def _floats(array: NDArray[Any]) -> FloatArray:
    return np.asarray(array, np.float32)


def _turned(image: FloatArray, turn: float) -> tuple[FloatArray, FloatArray64]:
    """Turn the picture by ``-turn`` about its centre, NaN outside; return the matrix back as well."""
    height, width = image.shape[:2]
    c, s = math.cos(turn), math.sin(turn)
    out_w = math.ceil(abs(c) * width + abs(s) * height)
    out_h = math.ceil(abs(s) * width + abs(c) * height)
    back = np.array(
        [
            [c, -s, (width - 1) / 2 - c * (out_w - 1) / 2 + s * (out_h - 1) / 2],
            [s, c, (height - 1) / 2 - s * (out_w - 1) / 2 - c * (out_h - 1) / 2],
        ]
    )
    nan = math.nan
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    turned = cv2.warpAffine(image, back, (out_w, out_h), flags=flags, borderValue=(nan, nan, nan, nan))
    return _floats(turned), back


def _sharpness(image: FloatArray, turn: float) -> float:
    """Energy of the steps between row means and between column means."""
    grey, _ = _turned(image[..., 1] if image.ndim == 3 else image, turn)
    known = np.isfinite(grey)
    filled = np.where(known, grey, 0)
    total = 0.0
    for axis in (0, 1):
        weight = known.sum(axis)
        mean = filled.sum(axis)[weight > 0.4 * weight.max()] / weight[weight > 0.4 * weight.max()]
        total += float((np.diff(mean) ** 2).sum())
    return total


def _edges(turned: FloatArray) -> _Edges:
    """Return the edge support of an upright picture."""
    known = np.isfinite(turned).all(axis=2)
    mask = np.asarray(known, np.uint8)
    inside = np.asarray(cv2.erode(mask, np.ones((5, 5), np.uint8), borderValue=0), bool)
    filled = np.where(mask[..., None] > 0, turned, np.float32(0))
    filled = _floats(cv2.GaussianBlur(filled, (0, 0), 0.8))
    gx = np.sqrt((cv2.Scharr(filled, cv2.CV_32F, 1, 0) ** 2).sum(2))
    gy = np.sqrt((cv2.Scharr(filled, cv2.CV_32F, 0, 1) ** 2).sum(2))
    gx[~inside] = 0
    gy[~inside] = 0
    norm2 = np.percentile((gx * gx + gy * gy)[inside], 75) if inside.any() else 1.0
    total = gx * gx + gy * gy + norm2 + 1e-12
    return _Edges(along=(gy * gy / total).astype(np.float32), ends=(gx * gx / total).astype(np.float32))


def _peaks(signal: FloatArray64, limit: int) -> list[int]:
    """Return the strongest local maxima, at least 3 px apart."""
    padded = np.pad(signal, 1)
    smooth = 0.25 * padded[:-2] + 0.5 * padded[1:-1] + 0.25 * padded[2:]
    steps = np.diff(smooth)
    tops = np.flatnonzero(np.append(True, steps >= 0) & np.append(steps <= 0, True))
    chosen: list[int] = []
    for i in tops[np.argsort(-smooth[tops])].tolist():
        if all(abs(i - j) >= 3 for j in chosen):
            chosen.append(i)
            if len(chosen) == limit:
                break
    return chosen


def _upright_windows(image: FloatArray, turn: float, keep: int) -> list[tuple[Window, float]]:
    """Return the best rectangles of the picture turned upright, flow along either direction."""
    turned, back = _turned(image, turn)
    edges = _edges(turned)
    level = np.nan_to_num(turned)
    lying = _Sums.of(edges.along, edges.ends, level)
    standing = _Sums.of(edges.ends.T, edges.along.T, level.transpose(1, 0, 2))
    found = [(_window(r, turn, back, swap=False), r.score) for r in _rectangles(lying)]
    found += [(_window(r, turn, back, swap=True), r.score) for r in _rectangles(standing)]
    found.sort(key=lambda pair: -pair[1])
    chosen: list[tuple[Window, float]] = []
    for window, score in found:
        if all(overlap(window, other) < SAME for other, _ in chosen):
            chosen.append((window, score))
            if len(chosen) == keep:
                break
    return chosen


@dataclass(frozen=True, slots=True)
class _Rectangle:
    """A rectangle of the upright picture: rows and columns of its sides, and its score."""

    score: float
    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True, eq=False)
class _Sums:
    """Running sums from which any rectangle is scored in a few look-ups; flow runs along the rows.

    Attributes
    ----------
    along : ndarray, shape (H, W)
        Support for edges along the flow.
    run : ndarray, shape (H, W + 1)
        Running sum of the same along each row, thickened by a row.
    block : ndarray, shape (H + 1, W + 1)
        Integral of the same.
    down : ndarray, shape (H + 1, W)
        Running sum of the support for edges across the flow down each column, thickened by a column.
    light : ndarray, shape (H + 1, W + 1, 3)
        Integral of log light.
    """

    along: FloatArray
    run: FloatArray64
    block: FloatArray64
    down: FloatArray64
    light: FloatArray64

    @classmethod
    def of(cls, along: FloatArray, ends: FloatArray, level: FloatArray) -> _Sums:
        thick = np.maximum(along, np.maximum(np.roll(along, 1, 0), np.roll(along, -1, 0)))
        thick_ends = np.maximum(ends, np.maximum(np.roll(ends, 1, 1), np.roll(ends, -1, 1)))
        return cls(
            along=np.ascontiguousarray(along),
            run=np.pad(np.cumsum(thick, 1, dtype=np.float64), ((0, 0), (1, 0))),
            block=_integral(along),
            down=np.pad(np.cumsum(thick_ends, 0, dtype=np.float64), ((1, 0), (0, 0))),
            light=_integral(level),
        )

    @property
    def shape(self) -> tuple[int, int]:
        return self.along.shape[0], self.along.shape[1]


def _integral(plane: FloatArray) -> FloatArray64:
    total = np.cumsum(np.cumsum(plane, 0, dtype=np.float64), 1)
    return np.pad(total, ((1, 0), (1, 0), *[(0, 0)] * (plane.ndim - 2)))


def _rectangles(sums: _Sums) -> list[_Rectangle]:
    """Return the best rectangles whose sides lie on edges.

    All are scored by their own edges first; whether the membrane goes on beyond an end is costlier to
    tell and is asked of the best only.
    """
    rows = _candidate_rows(sums.along)
    bands = [_of_band(sums, top, bottom) for i, top in enumerate(rows) for bottom in rows[i + 1 :]]
    bands = [band for band in bands if len(band)]
    if not bands:
        return []
    table = np.concatenate(bands)
    table = table[np.argsort(-table[:, 0])[:SECOND_LOOK]]
    sides = table[:, 1:].astype(np.int64)
    table[:, 0] -= ENDLESS * (_goes_on(sums, sides, -1) + _goes_on(sums, sides, 1))
    best = table[np.argsort(-table[:, 0])[:KEPT]]
    return [_Rectangle(float(r[0]), *(int(v) for v in r[1:])) for r in best]


def _candidate_rows(along: FloatArray) -> list[int]:
    """Return the rows where a long side may lie: peaks of the whole and of each half, and the borders."""
    height, width = along.shape
    half = width // 2
    rows = {0, height - 1, *_peaks(along.sum(1, dtype=np.float64), MAX_PEAKS)}
    for part in (along[:, :half], along[:, half:]):
        rows |= set(_peaks(part.sum(1, dtype=np.float64), MAX_PEAKS - 3))
    return sorted(rows)


def _of_band(sums: _Sums, top: int, bottom: int) -> FloatArray64:
    """Score the rectangles between two rows; return the best as rows of score, top, bottom, left, right."""
    width = sums.shape[1]
    tall = bottom - top
    if tall < LEAST_TALL or tall * ASPECT[0] > width:
        return np.empty((0, 5))
    inner = (top + tall // 4, bottom - tall // 4)
    support = (sums.down[inner[1]] - sums.down[inner[0]]) / (inner[1] - inner[0])
    cols = np.array(sorted({*_peaks(support, MAX_PEAKS), 0, width - 1}))
    c0, c1 = np.repeat(cols, len(cols)), np.tile(cols, len(cols))
    fits = (c1 - c0 >= ASPECT[0] * tall) & (c1 - c0 <= ASPECT[1] * tall)
    c0, c1 = c0[fits], c1[fits]
    if c0.size == 0:
        return np.empty((0, 5))
    score = _edge_score(sums, support, (top, bottom), c0, c1)
    pick = np.argsort(-score)[:PER_BAND]
    count = len(pick)
    return np.column_stack([score[pick], np.full(count, top), np.full(count, bottom), c0[pick], c1[pick]])


def _edge_score(
    sums: _Sums, support: FloatArray64, rows: tuple[int, int], c0: IntArray, c1: IntArray
) -> FloatArray64:
    """Score rectangles by the edges on their sides, beyond their ends and inside."""
    height, width = sums.shape
    top, bottom = rows
    tall = bottom - top
    trim = tall // 4
    span = np.maximum(c1 - c0 - 2 * trim, 1)
    sides = []
    for row in rows:
        share = (sums.run[row, c1 - trim] - sums.run[row, c0 + trim]) / span
        sides.append(np.full(c0.shape, BORDER_SUPPORT) if row in (0, height - 1) else share)
    left = np.where(c0 == 0, BORDER_SUPPORT, support[c0])
    right = np.where(c1 == width - 1, BORDER_SUPPORT, support[c1])
    reach = max(tall // 2, 1)
    before, after = np.maximum(c0 - reach, 0), np.minimum(c1 + reach, width)
    beyond = sum(
        (sums.run[row, c0] - sums.run[row, before]) + (sums.run[row, after] - sums.run[row, c1])
        for row in rows
    )
    rim = max(2, tall // 8)
    y0, y1 = top + rim, max(bottom - rim, top + rim + 1)
    x0, x1 = c0 + trim, c1 - trim
    inside = sums.block[y1, x1] - sums.block[y0, x1] - sums.block[y1, x0] + sums.block[y0, x0]
    aspect = np.log((c1 - c0) / tall / TYPICAL_ASPECT) / ASPECT_SPREAD
    score = sides[0] + sides[1] + 0.5 * np.minimum(*sides) + 0.6 * (left + right)
    score = score - 0.25 * beyond / reach - 2 * inside / ((y1 - y0) * span)
    return np.asarray(score - 0.08 * aspect**2 + 0.4 * tall / height)


def _goes_on(sums: _Sums, sides: IntArray, side: int) -> FloatArray64:
    """Tell how surely the membrane continues beyond an end: same level there, and both rims go on.

    A line is up to half a membrane's width thick, and the end may lie on either flank of it.
    """
    return np.maximum(
        _carries(sums, sides, side, ((-0.9, -0.5), (0.12, 0.5))),
        _carries(sums, sides, side, ((-0.5, -0.12), (0.5, 0.9))),
    )


def _carries(
    sums: _Sums, sides: IntArray, side: int, spans: tuple[tuple[float, float], tuple[float, float]]
) -> FloatArray64:
    """Compare what lies within and beyond an end, both given in widths from it; 0 no, 1 the same."""
    width = sums.shape[1]
    top, bottom = sides[:, 0], sides[:, 1]
    end = sides[:, 3] if side > 0 else sides[:, 2]
    tall = bottom - top
    edges = []
    for near, far in spans:
        a = np.round(near * tall).astype(np.int64)
        b = np.maximum(np.round(far * tall).astype(np.int64), a + 2)
        edges.append((end + a, end + b) if side > 0 else (end - b, end - a))
    within, beyond = edges
    inside, outside = _level(sums, sides, *within), _level(sums, sides, *beyond)
    step = np.linalg.norm(outside - inside, axis=1)
    middle = (end + side * np.round(sum(spans[0] + spans[1]) / 4 * tall)).astype(np.int64)
    thin = np.maximum(1, tall // 16)
    ridge = (inside + outside) / 2 - _level(sums, sides, middle - thin, middle + thin + 1)
    tint = 1 - ridge.min(axis=1) / np.maximum(ridge.max(axis=1), 0.02)
    coloured = np.clip(tint / FULL_TINT, 0.25, 1.0)
    seen = np.clip(beyond[1], 0, width) - np.clip(beyond[0], 0, width)
    room = seen >= 0.6 * (beyond[1] - beyond[0])
    carry = np.clip(_rims(sums, sides, *beyond) / np.maximum(_rims(sums, sides, *within), 0.2), 0, 1)
    return np.where(room, coloured * carry * np.exp(-((step / SAME_LEVEL) ** 2)), 0.0)


def _level(sums: _Sums, sides: IntArray, start: IntArray, stop: IntArray) -> FloatArray64:
    """Return the mean log light between two columns, in the middle half of each band; shape (N, 3)."""
    width = sums.shape[1]
    tall = sides[:, 1] - sides[:, 0]
    y0, y1 = sides[:, 0] + tall // 4, sides[:, 1] - tall // 4
    a, b = np.clip(start, 0, width), np.clip(stop, 0, width)
    total = sums.light[y1, b] - sums.light[y0, b] - sums.light[y1, a] + sums.light[y0, a]
    return np.asarray(total / np.maximum((b - a) * (y1 - y0), 1)[:, None])


def _rims(sums: _Sums, sides: IntArray, start: IntArray, stop: IntArray) -> FloatArray64:
    """Return the edge support of the weaker long side between two columns."""
    width = sums.shape[1]
    a, b = np.clip(start, 0, width), np.clip(stop, 0, width)
    upper, lower = ((sums.run[row, b] - sums.run[row, a]) / np.maximum(b - a, 1) for row in sides[:, :2].T)
    return np.asarray(np.minimum(upper, lower))


def _window(found: _Rectangle, turn: float, back: FloatArray64, *, swap: bool) -> Window:
    """Turn rows and columns of the upright picture into a window of the given one."""
    u, v = (found.left + found.right) / 2, (found.top + found.bottom) / 2
    x, y = (v, u) if swap else (u, v)
    cx, cy = back @ np.array([x, y, 1.0])
    angle = turn + (math.pi / 2 if swap else 0.0)
    length, width = found.right - found.left, found.bottom - found.top
    return Window(float(cx), float(cy), math.remainder(angle, 2 * math.pi), length, width)
