"""Score rectangles of a whole-device photo as windows, many at a time and cheaply.

Each candidate is looked at straight, 64 by 16 samples with margins, and described by what a window
is: among the brightest things, the same across its width, with two rims, plain surroundings, perhaps
coloured lines. A logistic model turns that into log-odds; ``benchmarks/fit_ranker.py`` fits it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, sample

__all__ = ["FEATURES", "distinct", "rank_features", "search_planes", "window_scores"]

FloatArray = NDArray[np.float32]

ROWS, COLUMNS = 16, 64
SIDE, END = 8, 16  # margins: half a width beside, a quarter of the length beyond the ends
LOOKED_FOR_LINES = 200  # rectangles, of several hundred
STEP_LEVEL = 0.015  # log10 of light: an edge of this size counts half
FEATURES = (
    "level",
    "dark",
    "interior",
    "interior_tint",
    "weak_side",
    "strong_side",
    "weak_end",
    "strong_end",
    "goes_on",
    "surroundings",
    "contrast",
    "coloured_line",
    "dark_line",
    "aspect",
    "aspect_squared",
    "size",
    "size_squared",
    "inside_picture",
)


def search_planes(log_image: FloatArray) -> FloatArray:
    """Return the planes that are looked at: brightest channel, red over green, blue over red (log10)."""
    r, g, b = (log_image[..., k] for k in range(3))
    return np.ascontiguousarray(np.dstack([np.maximum(np.maximum(r, g), b), r - g, b - r]))


def distinct(windows: Sequence[Window]) -> list[Window]:
    """Drop near copies: centre within 0.15 widths, size within 12 %, direction within 6 degrees."""
    order = sorted(windows, key=lambda w: -w.width * w.length)
    kept: list[Window] = []
    table = np.empty((len(order), 6))
    for w in order:
        row = np.array(
            [w.x, w.y, math.cos(2 * w.angle), math.sin(2 * w.angle), math.log(w.length), math.log(w.width)]
        )
        seen = table[: len(kept)]
        near = np.hypot(seen[:, 0] - w.x, seen[:, 1] - w.y) < 0.15 * w.width
        near &= (np.abs(seen[:, 4:] - row[4:]) < 0.12).all(axis=1)
        near &= np.hypot(seen[:, 2] - row[2], seen[:, 3] - row[3]) < 2 * math.radians(6)
        if not near.any():
            table[len(kept)] = row
            kept.append(w)
    return kept


def window_scores(planes: FloatArray, windows: Sequence[Window]) -> NDArray[np.float64]:
    """Return the log-odds of each rectangle being a read window.

    Lines are looked for only in the rectangles that are best without them; the rest gets the least
    that a line could give, which does not change the order of any that matter.

    Parameters
    ----------
    planes : ndarray, shape (H, W, 3)
        From `search_planes`.
    windows : sequence of Window
        In pixels of ``planes``.
    """
    if not windows:
        return np.empty(0)
    weights, intercept = _model()
    marks = [FEATURES.index("coloured_line"), FEATURES.index("dark_line")]
    stack = _stack(planes, windows)
    features = _features(planes, windows, stack)
    odds = features @ np.delete(weights, marks) + intercept
    best = np.argsort(-odds)[:LOOKED_FOR_LINES]
    light, tint, _ = _filled(stack[best])
    odds[best] += np.stack(_line_marks(light, tint), axis=1) @ weights[marks]
    return np.asarray(odds)


def rank_features(planes: FloatArray, windows: Sequence[Window]) -> NDArray[np.float64]:
    """Describe rectangles by numbers, in the order of `FEATURES`; shape (N, 18)."""
    stack = _stack(planes, windows)
    light, tint, _ = _filled(stack)
    marks = np.stack(_line_marks(light, tint), axis=1)
    features = _features(planes, windows, stack)
    first = FEATURES.index("coloured_line")
    return np.concatenate([features[:, :first], marks, features[:, first:]], axis=1)


def _filled(stack: FloatArray) -> tuple[FloatArray, FloatArray, NDArray[np.bool_]]:
    """Return light and tints with what lies outside the picture made plain, and where that is."""
    unknown = ~np.isfinite(stack[..., 0])
    count = np.maximum((~unknown).sum(axis=(1, 2)), 1)
    mean = np.where(unknown, 0, stack[..., 0]).sum(axis=(1, 2)) / count
    light = np.where(unknown, mean[:, None, None], stack[..., 0])
    return light, np.where(unknown[..., None], 0, stack[..., 1:]), unknown


def _features(planes: FloatArray, windows: Sequence[Window], stack: FloatArray) -> NDArray[np.float64]:
    """Return all features but those of lines; shape (N, 16)."""
    light, tint, unknown = _filled(stack)
    covered = 1 - unknown[:, SIDE - 2 : 2 - SIDE, END - 2 : 2 - END].mean(axis=(1, 2))
    bright = float(np.percentile(planes[..., 0], 95))
    aspect = np.log([w.length / w.width for w in windows])
    size = np.log([w.width / max(planes.shape[:2]) for w in windows])
    level = np.median(light[:, SIDE:-SIDE, END:-END], axis=(1, 2)) - bright
    columns = [
        level,
        np.minimum(level + 0.3, 0),
        *_interior(light, tint),
        *_rims(light),
        *_outside(light),
        aspect,
        aspect**2,
        size,
        size**2,
        covered,
    ]
    return np.stack(columns, axis=1)


def _stack(planes: FloatArray, windows: Sequence[Window]) -> FloatArray:
    rows, columns = ROWS + 2 * SIDE, COLUMNS + 2 * END
    stack = np.empty((len(windows), rows, columns, planes.shape[2]), np.float32)
    for k, w in enumerate(windows):
        wide = Window(w.x, w.y, w.angle, w.length * columns / COLUMNS, w.width * rows / ROWS)
        stack[k] = sample(planes, wide, columns, rows)
    return stack


def _interior(light: FloatArray, tint: FloatArray) -> list[NDArray[np.float64]]:
    """Scatter inside that is neither a function of the place along nor of the place across."""
    out = []
    for plane in (light, tint[..., 0]):
        core = plane[:, SIDE + 2 : -SIDE - 2, END + 3 : -END - 3].astype(np.float64)
        rest = core - core.mean(axis=1, keepdims=True) - core.mean(axis=2, keepdims=True)
        rest += core.mean(axis=(1, 2), keepdims=True)
        out.append(np.log10(rest.std(axis=(1, 2)) + 0.002))
    return out


def _half(step: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(step / (step + STEP_LEVEL), np.float64)


def _side_edges(part: FloatArray, groups: int) -> NDArray[np.float64]:
    """Edge strength 0..1 of both long sides, coherent over groups of columns; shape (2, N)."""
    gradient = np.diff(part, axis=1)
    usable = gradient.shape[2] // groups * groups
    coherent = np.abs(gradient[..., :usable].reshape(*gradient.shape[:2], groups, -1).mean(axis=3))
    near = slice(SIDE - 3, SIDE + 2), slice(ROWS + SIDE - 3, ROWS + SIDE + 2)
    return np.stack([_half(coherent[:, rows].max(axis=1)).mean(axis=1) for rows in near])


def _rims(light: FloatArray) -> list[NDArray[np.float64]]:
    """Weaker and stronger long side, weaker and stronger end, and how far the sides go on beyond an end."""
    sides = _side_edges(light[:, :, END:-END], 4)
    across = light[:, SIDE + 2 : -SIDE - 2]
    gradient = np.diff(across, axis=2)
    coherent = np.abs(gradient.reshape(len(light), 3, -1, gradient.shape[2]).mean(axis=2))
    near = slice(END - 3, END + 2), slice(COLUMNS + END - 3, COLUMNS + END + 2)
    ends = np.stack([_half(coherent[:, :, c].max(axis=2)).mean(axis=1) for c in near])
    beyond = np.stack(
        [_side_edges(light[:, :, c], 1).min(axis=0) for c in (slice(2, END - 3), slice(3 - END, -2))]
    )
    return [sides.min(0), sides.max(0), ends.min(0), ends.max(0), beyond.max(0)]


def _outside(light: FloatArray) -> list[NDArray[np.float64]]:
    """Scatter beside the window, and contrast of the window with it."""
    above, below = light[:, : SIDE - 3, END:-END], light[:, 3 - SIDE :, END:-END]
    scatter = np.maximum(above.std(axis=(1, 2)), below.std(axis=(1, 2)))
    around = np.concatenate([light[:, : SIDE - 2, END:-END], light[:, 2 - SIDE :, END:-END]], axis=1)
    inside = np.median(light[:, SIDE:-SIDE, END:-END], axis=(1, 2))
    contrast = np.abs(inside - np.median(around, axis=(1, 2)))
    return [np.log10(scatter + 0.003), _half(contrast)]


def _line_marks(light: FloatArray, tint: FloatArray) -> list[NDArray[np.float64]]:
    """Strongest coloured and strongest dark line on which all thirds of the width agree (log scale)."""
    coloured = np.maximum(_line(tint[..., 0]), _line(tint[..., 1]))
    return [np.log10(np.clip(mark, 0.003, 0.3) / 0.003) for mark in (coloured, _line(-light))]


def _line(plane: FloatArray) -> NDArray[np.float64]:
    core = plane[:, SIDE + 2 : -SIDE - 2, END + 2 : -END - 2]
    thirds = core.reshape(len(core), 3, -1, core.shape[2]).mean(axis=2)
    count = thirds.shape[2]
    level = np.stack([np.median(thirds[..., max(0, j - 9) : j + 10], axis=2) for j in range(count)], axis=2)
    rise = thirds - level
    smooth = (rise[..., :-1] + rise[..., 1:]) / 2
    return np.asarray(smooth.min(axis=1).max(axis=1), np.float64)


@cache
def _model() -> tuple[NDArray[np.float64], float]:
    model = json.loads(files("reader.locate").joinpath("ranker.json").read_text("utf-8"))
    return np.array([model["weights"][name] for name in FEATURES]), float(model["intercept"])
