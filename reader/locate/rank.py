"""Score rectangles of a whole-device photo as windows, many at a time and cheaply.

Each candidate is looked at straight, 64 by 16 samples with margins, and described by what a window
is: among the brightest things, the same across its width, with two rims, plain surroundings, perhaps
coloured lines. A logistic model turns that into log-odds; ``benchmarks/fit_ranker.py`` fits it.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, overlap, sample_each
from reader.locate.planes import Planes
from reader.medians import median, running_median

__all__ = ["FEATURES", "distinct", "rank_features", "rank_model", "same_place", "window_scores"]

FloatArray = NDArray[np.float32]

ROWS, COLUMNS = 16, 64
SIDE, END = 8, 16  # margins: half a width beside, a quarter of the length beyond the ends
CORE = ROWS - 4, COLUMNS - 4  # rows and columns of a rectangle without its rims
LOOKED_FOR_LINES = 200  # rectangles, of several hundred
AT_ONCE = 64  # rectangles described together: what is seen of them stays in the processor's cache
NEAR_PLACE, NEAR_SIZE, NEAR_TURN = 0.15, 0.12, math.radians(6)  # widths, natural log, radians: copies
LEVEL_REACH = 9  # columns to each side whose median is a line's surroundings
HOPELESS = -7.0  # log-odds without lines that the best line would lift to even odds
NEAR, SAME_PLACE = 0.6, 0.2  # widths between the middles, and overlap, of rectangles of one place
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


def distinct(windows: Sequence[Window]) -> list[Window]:
    """Drop near copies: centre within 0.15 widths, size within 12 %, direction within 6 degrees."""
    kept: list[Window] = []
    cells: dict[tuple[int, int, int], list[tuple[Window, float]]] = {}
    for w in sorted(windows, key=lambda w: -w.width * w.length):
        # Copies of each other lie in the same cell of place and size, or in neighbouring ones.
        size = math.log(w.width) / NEAR_SIZE
        band, length = math.floor(size), math.log(w.length)
        if not any(_is_copy(w, length, other) for other in _near(cells, w, band)):
            pitch = _pitch(band)
            cell = (band, math.floor(w.x / pitch), math.floor(w.y / pitch))
            cells.setdefault(cell, []).append((w, length))
            kept.append(w)
    return kept


def _pitch(band: int) -> float:
    """Return the side of the cells in which windows of a band of widths are kept, px."""
    return NEAR_PLACE * math.exp((band + 2) * NEAR_SIZE)


def _near(
    cells: Mapping[tuple[int, int, int], list[tuple[Window, float]]], window: Window, band: int
) -> Iterator[tuple[Window, float]]:
    """Yield what lies in the cells around a window."""
    for b in (band - 1, band, band + 1):
        pitch = _pitch(b)
        i, j = math.floor(window.x / pitch), math.floor(window.y / pitch)
        for cell in ((b, i + di, j + dj) for di in (-1, 0, 1) for dj in (-1, 0, 1)):
            yield from cells.get(cell, ())


def _is_copy(window: Window, length: float, other: tuple[Window, float]) -> bool:
    twin, twin_length = other
    return (
        abs(length - twin_length) < NEAR_SIZE
        and math.hypot(twin.x - window.x, twin.y - window.y) < NEAR_PLACE * window.width
        and abs(math.log(window.width / twin.width)) < NEAR_SIZE
        and abs(math.remainder(window.angle - twin.angle, math.pi)) < NEAR_TURN
    )


def same_place(a: Window, b: Window) -> bool:
    """Tell whether two rectangles speak of one place: their middles are near, or they overlap."""
    return math.hypot(a.x - b.x, a.y - b.y) < NEAR * max(a.width, b.width) or overlap(a, b) > SAME_PLACE


def window_scores(planes: Planes, windows: Sequence[Window]) -> NDArray[np.float64]:
    """Return the log-odds of each rectangle being a read window.

    Lines are looked for only in the rectangles that are best without them; the rest gets the least
    that a line could give, which does not change the order of any that matter.

    Parameters
    ----------
    planes : Planes
        Of the search picture.
    windows : sequence of Window
        In its pixels.
    """
    if not windows:
        return np.empty(0)
    weights, intercept = rank_model()
    marks = [FEATURES.index("coloured_line"), FEATURES.index("dark_line")]
    red = _tints(planes.red_levels, windows)
    odds = _features(planes, windows, red) @ np.delete(weights, marks) + intercept
    best = np.argsort(-odds)[:LOOKED_FOR_LINES]
    best = best[odds[best] > HOPELESS]
    if best.size:
        odds[best] += _line_marks(planes, [windows[k] for k in best], red[best]) @ weights[marks]
    return np.asarray(odds)


def rank_features(planes: Planes, windows: Sequence[Window]) -> NDArray[np.float64]:
    """Describe rectangles by numbers, in the order of `FEATURES`; shape (N, 18)."""
    red = _tints(planes.red_levels, windows)
    features, marks = _features(planes, windows, red), _line_marks(planes, windows, red)
    first = FEATURES.index("coloured_line")
    return np.concatenate([features[:, :first], marks, features[:, first:]], axis=1)


def _tints(levels: Sequence[FloatArray], windows: Sequence[Window]) -> FloatArray:
    """Look at rectangles without their rims in a ratio of channels; shape (N, 12, 60)."""
    return sample_each(levels, [_core(w) for w in windows], CORE[1], CORE[0], outside=0.0)


def _features(planes: Planes, windows: Sequence[Window], red: FloatArray) -> NDArray[np.float64]:
    """Return all features but those of lines; shape (N, 16)."""
    parts = [slice(k, k + AT_ONCE) for k in range(0, len(windows), AT_ONCE)]
    return np.concatenate([_described(planes, windows[part], red[part]) for part in parts])


def _described(planes: Planes, windows: Sequence[Window], red: FloatArray) -> NDArray[np.float64]:
    """Return all features but those of lines of a few rectangles."""
    light, covered = _whole(planes.light_levels, windows)
    inside = light[:, SIDE:-SIDE, END:-END]
    level = median(inside.reshape(len(inside), -1))
    aspect = np.log([w.length / w.width for w in windows])
    size = np.log([w.width / max(planes.shape) for w in windows])
    columns = [
        level - planes.bright,
        np.minimum(level - planes.bright + 0.3, 0),
        _scatter(light[:, SIDE + 2 : -SIDE - 2, END + 3 : -END - 3]),
        _scatter(red[:, :, 1:-1]),
        *_rims(light),
        *_outside(light, level),
        aspect,
        aspect**2,
        size,
        size**2,
        covered,
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def _whole(light: Sequence[FloatArray], windows: Sequence[Window]) -> tuple[FloatArray, NDArray[np.float64]]:
    """Look at rectangles with their margins; return what is inside the picture as well, 0..1.

    What lies outside is made plain.
    """
    rows, columns = ROWS + 2 * SIDE, COLUMNS + 2 * END
    wide = [Window(w.x, w.y, w.angle, w.length * columns / COLUMNS, w.width * rows / ROWS) for w in windows]
    seen = sample_each(light, wide, columns, rows)
    covered = np.ones(len(seen))
    for k in np.flatnonzero(np.isnan(seen).any(axis=(1, 2))):
        known = np.isfinite(seen[k])
        covered[k] = known[SIDE - 2 : 2 - SIDE, END - 2 : 2 - END].mean()
        seen[k][~known] = seen[k][known].mean() if known.any() else 0.0
    return seen, covered


def _core(window: Window) -> Window:
    """Return a rectangle without its rims: 12 of 16 rows, 60 of 64 columns."""
    length, width = window.length * CORE[1] / COLUMNS, window.width * CORE[0] / ROWS
    return Window(window.x, window.y, window.angle, length, width)


def _scatter(part: FloatArray) -> NDArray[np.float64]:
    """Scatter (log10) that is neither a function of the place along nor of the place across."""
    rest = part - part.mean(axis=(1, 2), keepdims=True)
    variance = (rest * rest).mean(axis=(1, 2))
    variance -= (rest.mean(axis=1) ** 2).mean(axis=1) + (rest.mean(axis=2) ** 2).mean(axis=1)
    return np.asarray(np.log10(np.sqrt(np.maximum(variance, 0.0)) + 0.002), np.float64)


def _half(step: NDArray[np.floating]) -> NDArray[np.float64]:
    return np.asarray(step / (step + STEP_LEVEL), np.float64)


def _columns() -> FloatArray:
    """Return the averages over columns that tell the sides: four along the window, one beyond each end."""
    total = COLUMNS + 2 * END
    mix = np.zeros((total, 6), np.float32)
    group = COLUMNS // 4
    for k in range(4):
        mix[END + k * group : END + (k + 1) * group, k] = 1 / group
    mix[2 : END - 3, 4] = mix[total - END + 3 : total - 2, 5] = 1 / (END - 5)
    return mix


def _rims(light: FloatArray) -> list[NDArray[np.float64]]:
    """Weaker and stronger long side, weaker and stronger end, and how far the sides go on beyond an end."""
    steps = np.abs(np.diff(light @ _columns(), axis=1))
    near = slice(SIDE - 3, SIDE + 2), slice(ROWS + SIDE - 3, ROWS + SIDE + 2)
    edges = np.stack([_half(steps[:, rows].max(axis=1)) for rows in near])
    sides, beyond = edges[..., :4].mean(axis=2), edges[..., 4:].min(axis=0)
    ends = np.stack([_end_edge(light[:, :, c - 3 : c + 3]) for c in (END, COLUMNS + END)])
    return [sides.min(0), sides.max(0), ends.min(0), ends.max(0), beyond.max(1)]


def _end_edge(part: FloatArray) -> NDArray[np.float64]:
    """Edge strength 0..1 of an end, coherent over thirds of the width."""
    across = part[:, SIDE + 2 : -SIDE - 2]
    thirds = across.reshape(len(part), 3, -1, part.shape[2]).mean(axis=2)
    return np.asarray(_half(np.abs(np.diff(thirds, axis=2)).max(axis=2)).mean(axis=1), np.float64)


def _outside(light: FloatArray, level: FloatArray) -> list[NDArray[np.float64]]:
    """Scatter beside the window, and contrast of the window with it."""
    above, below = light[:, : SIDE - 3, END:-END], light[:, 3 - SIDE :, END:-END]
    scatter = np.maximum(above.std(axis=(1, 2)), below.std(axis=(1, 2)))
    around = np.concatenate([light[:, : SIDE - 2, END:-END], light[:, 2 - SIDE :, END:-END]], axis=1)
    return [np.log10(scatter + 0.003), _half(np.abs(level - median(around.reshape(len(around), -1))))]


def _line_marks(planes: Planes, windows: Sequence[Window], red: FloatArray) -> NDArray[np.float64]:
    """Strongest coloured and strongest dark line on which all thirds of the width agree (log scale)."""
    light = sample_each(planes.light_levels, [_core(w) for w in windows], CORE[1], CORE[0])
    unknown = np.isnan(light)
    if unknown.any():
        count = np.maximum((~unknown).sum(axis=(1, 2)), 1)
        mean = np.where(unknown, 0, light).sum(axis=(1, 2)) / count
        light = np.where(unknown, mean[:, None, None], light)
    lines = _line(np.concatenate([red, _tints(planes.blue_levels, windows), -light])).reshape(3, -1)
    marks = np.stack([np.maximum(lines[0], lines[1]), lines[2]], axis=1)
    return np.asarray(np.log10(np.clip(marks, 0.003, 0.3) / 0.003), np.float64)


def _line(core: FloatArray) -> NDArray[np.float64]:
    thirds = core.reshape(len(core), 3, -1, core.shape[2]).mean(axis=2)
    rise = thirds - running_median(thirds, LEVEL_REACH)
    smooth = (rise[..., :-1] + rise[..., 1:]) / 2
    return np.asarray(smooth.min(axis=1).max(axis=1), np.float64)


@cache
def rank_model() -> tuple[NDArray[np.float64], float]:
    """Return the weights of `FEATURES`, in their order, and the intercept of the log-odds."""
    model = json.loads(files("reader.locate").joinpath("ranker.json").read_text("utf-8"))
    return np.array([model["weights"][name] for name in FEATURES]), float(model["intercept"])
