"""How a window varies otherwise than a membrane with lines does: mottle, relief, and uneven ground."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import BLOCKS, CLEAR, END_TRIM, SIDE_TRIM, FoundLine, Patch
from reader.medians import median

__all__ = ["ground", "texture"]

ROBUST_ROUNDS = 4  # of reweighting: a line through the membrane changes little after three


def texture(patch: Patch, lines: Sequence[FoundLine] = ()) -> tuple[float, float]:
    """Return how much a window varies otherwise than a membrane with lines does.

    Parameters
    ----------
    patch : Patch
        The window.
    lines : sequence of FoundLine
        What is surely a line: one that leans varies along and across together, and is no mottle.

    Returns
    -------
    mottle, relief : float
        Scatter (absorbance, rms) of what depends on neither the place along the flow nor the place
        across alone, and scatter of the mean profile. Text, wells and codes have a mottle above 0.06,
        real windows below 0.04; printed grey ramps have a relief above 0.3.
    """
    side, end = round(SIDE_TRIM * patch.rows), round(END_TRIM * patch.rows)
    rows = slice(patch.side + side, patch.side + patch.rows - side)
    columns = slice(patch.end + end, patch.end + patch.columns - end)
    light = patch.grey[rows, columns]
    seen = np.isfinite(light).all(axis=0)
    count = int(seen.sum())
    if count < patch.rows // 2:
        return math.inf, math.inf
    relief = float(light[:, seen].mean(axis=0).std())
    clear = seen & _clear(patch, lines)[columns]
    light = light[:, clear if clear.sum() >= patch.rows // 2 else seen]
    along, across = light.mean(axis=0, keepdims=True), light.mean(axis=1, keepdims=True)
    rest = light - along - across + light.mean()
    # What a line covers is explained by it, as what is the same along or across is.
    return float(rest.std()) * math.sqrt(light.shape[1] / count), relief


def ground(patch: Patch, lines: Sequence[FoundLine]) -> float:
    """Return how far the membrane between the lines departs from an even slope, absorbance.

    The median departure, as a standard deviation, so that a rim's shadow over a part of the window does
    not count. Below 0.05 on clean membranes, up to 0.1 on stained ones; rows of printed colours exceed 0.15.
    """
    profiles = patch.profiles
    if profiles is None:
        return 0.0
    x = np.flatnonzero((profiles.weights > 0) & _clear(patch, lines))
    if len(x) < patch.rows // 2:
        return 0.0
    rows = profiles.rows[BLOCKS + 1 :, x].astype(np.float64)
    return float(_departures(x.astype(np.float64), rows).max())


def _clear(patch: Patch, lines: Sequence[FoundLine]) -> NDArray[np.bool_]:
    """Tell which columns of a patch lie beyond all lines."""
    columns = np.arange(patch.grey.shape[1])
    clear = np.ones(len(columns), bool)
    for line in lines:
        # What leans lies in more columns than its own width.
        reach = CLEAR * line.sigma + abs(line.slope) / 2
        clear &= np.abs(columns - (line.place * patch.rows + patch.end - 0.5)) > reach * patch.rows
    return clear


def _departures(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return each row's median departure from a straight line that outliers do not draw to themselves."""
    weights = np.ones_like(y)
    spread = np.zeros(len(y))
    for _ in range(ROBUST_ROUNDS):
        share = weights / weights.sum(axis=1, keepdims=True)
        along, level = x - (share @ x)[:, None], y - (share * y).sum(axis=1, keepdims=True)
        weighted = share * along
        slope = (weighted * level).sum(axis=1) / np.maximum((weighted * along).sum(axis=1), 1e-9)
        rest = np.abs(level - slope[:, None] * along)
        spread = 1.4826 * median(rest)
        weights = 1 / np.maximum(rest / np.maximum(spread, 1e-6)[:, None], 1.0)
    return spread
