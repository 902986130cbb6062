"""Propose windows that fill much of the picture: an already cut read window, or a close-up.

The picture is turned upright by its own edges; then every rectangle whose four sides lie on edges
is scored through cumulative sums. Edges count without polarity, because a membrane may be darker or
brighter than its frame, and lines inside cost nothing, because only edges *along* the flow are
counted against a rectangle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, overlap

__all__ = ["propose_framed"]

FloatArray = NDArray[np.float32]

SEARCH_PX = 256  # long side of the search picture: a window of 1:4 is then about 40 px wide
MAX_PEAKS = 9  # edge positions kept per direction
ASPECT = (1.7, 9.0)  # length over width of read windows, from stubby cassettes to multiplex strips
TYPICAL_ASPECT, ASPECT_SPREAD = 4.0, 0.45  # median and log-spread of the same
SAME_LEVEL = 0.07  # log10 units over three channels: membrane beside a line differs less than this
FULL_TINT = 0.4  # 1 - min/max of the channels' absorbances: label lines reach it, rim shadows do not
BORDER_SUPPORT = 0.30  # what the picture's own border counts as a side: weak evidence
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
    small = cv2.resize(log_image, None, fx=scale, fy=scale, interpolation=method)
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
    gx = cv2.Scharr(image, cv2.CV_32F, 1, 0)
    gy = cv2.Scharr(image, cv2.CV_32F, 0, 1)
    if image.ndim == 2:
        return gx, gy
    pick = np.argmax(gx * gx + gy * gy, axis=2)[..., None]
    return np.take_along_axis(gx, pick, 2)[..., 0], np.take_along_axis(gy, pick, 2)[..., 0]


def _turned(image: FloatArray, turn: float) -> tuple[FloatArray, NDArray[np.float64]]:
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
    return turned, back


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
    inside = cv2.erode(known.astype(np.uint8), np.ones((5, 5), np.uint8), borderValue=0).astype(bool)
    filled = np.where(known[..., None], turned, 0)
    filled = cv2.GaussianBlur(filled, (0, 0), 0.8)
    gx = np.sqrt((cv2.Scharr(filled, cv2.CV_32F, 1, 0) ** 2).sum(2))
    gy = np.sqrt((cv2.Scharr(filled, cv2.CV_32F, 0, 1) ** 2).sum(2))
    gx[~inside] = 0
    gy[~inside] = 0
    norm2 = np.percentile((gx * gx + gy * gy)[inside], 75) if inside.any() else 1.0
    total = gx * gx + gy * gy + norm2 + 1e-12
    return _Edges(along=(gy * gy / total).astype(np.float32), ends=(gx * gx / total).astype(np.float32))


def _peaks(signal: NDArray[np.float64], limit: int) -> list[int]:
    """Return the strongest local maxima, at least 3 px apart."""
    smooth = np.convolve(signal, [0.25, 0.5, 0.25], "same")
    order = np.argsort(-smooth)
    chosen: list[int] = []
    for i in order:
        left, right = smooth[max(i - 1, 0)], smooth[min(i + 1, len(smooth) - 1)]
        if smooth[i] >= left and smooth[i] >= right and all(abs(i - j) >= 3 for j in chosen):
            chosen.append(int(i))
            if len(chosen) == limit:
                break
    return chosen


def _upright_windows(image: FloatArray, turn: float, keep: int) -> list[tuple[Window, float]]:
    """Return the best rectangles of the picture turned upright, flow along either direction."""
    turned, back = _turned(image, turn)
    edges = _edges(turned)
    found: list[tuple[Window, float]] = []
    level = np.nan_to_num(turned)
    found += _rectangles(edges.along, edges.ends, level, turn, back, swap=False)
    found += _rectangles(
        np.ascontiguousarray(edges.ends.T),
        np.ascontiguousarray(edges.along.T),
        np.ascontiguousarray(level.transpose(1, 0, 2)),
        turn,
        back,
        swap=True,
    )
    found.sort(key=lambda pair: -pair[1])
    chosen: list[tuple[Window, float]] = []
    for window, score in found:
        if all(overlap(window, other) < SAME for other, _ in chosen):
            chosen.append((window, score))
            if len(chosen) == keep:
                break
    return chosen


def _rectangles(
    along: FloatArray, ends: FloatArray, level: FloatArray, turn: float, back: NDArray[np.float64], *, swap: bool
) -> list[tuple[Window, float]]:
    """Score every rectangle between edge positions; flow runs along the rows of the two maps."""
    height, width = along.shape
    row_sums = along.sum(1, dtype=np.float64)
    half = width // 2
    rows = set(_peaks(row_sums, MAX_PEAKS))
    rows |= set(_peaks(along[:, :half].sum(1, dtype=np.float64), MAX_PEAKS - 3))
    rows |= set(_peaks(along[:, half:].sum(1, dtype=np.float64), MAX_PEAKS - 3))
    rows |= {0, height - 1}
    ordered = sorted(rows)
    thick = np.maximum(along, np.maximum(np.roll(along, 1, 0), np.roll(along, -1, 0)))
    run = np.concatenate([np.zeros((height, 1)), np.cumsum(thick, 1, dtype=np.float64)], 1)
    block = np.zeros((height + 1, width + 1))
    block[1:, 1:] = np.cumsum(np.cumsum(along, 0, dtype=np.float64), 1)
    thick_ends = np.maximum(ends, np.maximum(np.roll(ends, 1, 1), np.roll(ends, -1, 1)))
    down = np.concatenate([np.zeros((1, width)), np.cumsum(thick_ends, 0, dtype=np.float64)], 0)
    light = np.zeros((height + 1, width + 1, level.shape[2]))
    light[1:, 1:] = np.cumsum(np.cumsum(level, 0, dtype=np.float64), 1)
    best: list[tuple[float, int, int, int, int]] = []
    for i, top in enumerate(ordered):
        for bottom in ordered[i + 1 :]:
            best += _best_of_band(run, block, down, light, top, bottom, height, width)
    best.sort(reverse=True)
    return [(_window(b, turn, back, swap=swap), b[0]) for b in best[:60]]


def _best_of_band(
    run: NDArray[np.float64],
    block: NDArray[np.float64],
    down: NDArray[np.float64],
    light: NDArray[np.float64],
    top: int,
    bottom: int,
    height: int,
    width: int,
) -> list[tuple[float, int, int, int, int]]:
    """Score the rectangles between two rows; return the best few."""
    tall = bottom - top
    if tall < 8 or tall * ASPECT[0] > width:
        return []
    inner = (top + tall // 4, bottom - tall // 4)
    support = (down[inner[1]] - down[inner[0]]) / (inner[1] - inner[0])
    cols = np.array(sorted({*_peaks(support, MAX_PEAKS), 0, width - 1}))
    c0, c1 = np.meshgrid(cols, cols, indexing="ij")
    long_enough = (c1 - c0 >= ASPECT[0] * tall) & (c1 - c0 <= ASPECT[1] * tall)
    c0, c1 = c0[long_enough], c1[long_enough]
    if c0.size == 0:
        return []
    trim = tall // 4
    span = np.maximum(c1 - c0 - 2 * trim, 1)

    def side(row: int) -> NDArray[np.float64]:
        if row in (0, height - 1):
            return np.full(c0.shape, BORDER_SUPPORT)
        return np.asarray((run[row, c1 - trim] - run[row, c0 + trim]) / span)

    upper, lower = side(top), side(bottom)
    left = np.where(c0 == 0, BORDER_SUPPORT, support[c0])
    right = np.where(c1 == width - 1, BORDER_SUPPORT, support[c1])
    beyond = np.minimum(tall // 2, width)
    before = (run[top, c0] - run[top, np.maximum(c0 - beyond, 0)]) / beyond
    before += (run[bottom, c0] - run[bottom, np.maximum(c0 - beyond, 0)]) / beyond
    after = (run[top, np.minimum(c1 + beyond, width)] - run[top, c1]) / beyond
    after += (run[bottom, np.minimum(c1 + beyond, width)] - run[bottom, c1]) / beyond
    rim = max(2, tall // 8)
    y0, y1 = top + rim, max(bottom - rim, top + rim + 1)
    area = (y1 - y0) * span
    inside = block[y1, c1 - trim] - block[y0, c1 - trim] - block[y1, c0 + trim] + block[y0, c0 + trim]
    aspect = np.log((c1 - c0) / tall / TYPICAL_ASPECT) / ASPECT_SPREAD
    score = upper + lower + 0.5 * np.minimum(upper, lower) + 0.6 * (left + right)
    score += -0.25 * (before + after) - 2 * inside / area - 0.08 * aspect**2 + 0.4 * tall / height
    score -= 1.2 * (_goes_on(run, light, c0, top, bottom, -1) + _goes_on(run, light, c1, top, bottom, 1))
    pick = np.argsort(-score)[:4]
    return [(float(score[k]), top, bottom, int(c0[k]), int(c1[k])) for k in pick]


def _goes_on(
    run: NDArray[np.float64],
    light: NDArray[np.float64],
    cols: NDArray[np.int64],
    top: int,
    bottom: int,
    side: int,
) -> NDArray[np.float64]:
    """Tell how surely the membrane continues beyond an end: same level there, and both rims go on."""
    width = run.shape[1] - 1
    tall = bottom - top
    y0, y1 = top + tall // 4, bottom - tall // 4
    thin = max(1, tall // 16)

    def mean_level(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        a, b = np.clip(a, 0, width), np.clip(b, 0, width)
        total = light[y1, b] - light[y0, b] - light[y1, a] + light[y0, a]
        return np.asarray(total / np.maximum((b - a) * (y1 - y0), 1)[:, None])

    def rims(a: NDArray[np.int64], b: NDArray[np.int64]) -> NDArray[np.float64]:
        a, b = np.clip(a, 0, width), np.clip(b, 0, width)
        count = np.maximum(b - a, 1)
        return np.minimum((run[top, b] - run[top, a]) / count, (run[bottom, b] - run[bottom, a]) / count)

    def carries(within: tuple[float, float], beyond: tuple[float, float]) -> NDArray[np.float64]:
        spans = []
        for near, far in (within, beyond):
            a, b = round(near * tall), max(round(far * tall), round(near * tall) + 2)
            spans.append((cols + a, cols + b) if side > 0 else (cols - b, cols - a))
        (a0, b0), (a1, b1) = spans
        step = np.linalg.norm(mean_level(a1, b1) - mean_level(a0, b0), axis=1)
        room = (np.clip(b1, 0, width) - np.clip(a1, 0, width)) >= 0.6 * (b1 - a1)
        carry = np.clip(rims(a1, b1) / np.maximum(rims(a0, b0), 0.2), 0, 1)
        middle = (cols + side * round(sum(within + beyond) / 4 * tall)).astype(np.int64)
        flanks = (mean_level(a0, b0) + mean_level(a1, b1)) / 2
        ridge = flanks - mean_level(middle - thin, middle + thin + 1)
        tint = 1 - ridge.min(axis=1) / np.maximum(ridge.max(axis=1), 0.02)
        coloured = np.clip(tint / FULL_TINT, 0.25, 1.0)
        return np.where(room, coloured * carry * np.exp(-((step / SAME_LEVEL) ** 2)), 0.0)

    # a line is up to half a membrane's width thick, and the end may lie on either flank of it
    return np.maximum(carries((-0.9, -0.5), (0.12, 0.5)), carries((-0.5, -0.12), (0.5, 0.9)))


def _window(
    found: tuple[float, int, int, int, int], turn: float, back: NDArray[np.float64], *, swap: bool
) -> Window:
    """Turn rows and columns of the upright picture into a window of the given one."""
    _, top, bottom, left, right = found
    u, v = (left + right) / 2, (top + bottom) / 2
    x, y = (v, u) if swap else (u, v)
    cx, cy = back @ np.array([x, y, 1.0])
    angle = turn + (math.pi / 2 if swap else 0.0)
    return Window(float(cx), float(cy), math.remainder(angle, 2 * math.pi), right - left, bottom - top)
