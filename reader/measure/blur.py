"""How far a picture is blurred where a window lies: the width of the window's own edges.

Where a blurred edge is crossed, light changes as a point's image is wide: the change over the steepest slope
is the blur, in linear light. A shaded or rounded edge looks softer than it was taken, and what is sharpened
looks sharper; the median of those edges of a window that agree is neither.
"""

from __future__ import annotations

import math
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import Patch

__all__ = ["Blur", "edge_blur"]

FloatArray = NDArray[np.float64]

GREEN = 1  # channel that files keep sharpest
LAGS = 20  # of the membrane's width between the samples whose difference is taken: noise needs some
TAIL = 0.1  # of the steepest slope, below which the edge ends
SEEN = 0.968  # share of a Gaussian that lies above that
LEAST_STEP = 0.1  # of the light: fainter edges are no clearer than the membrane's own grain
SPAN, PARTS = (0.1, 0.9), 4  # of a long edge: beside the rounded corners; parts that may differ by a slant
END_SPAN, END_PARTS = (0.35, 0.65), 2  # the same of an end, which may be round altogether
SHADED = 1.5  # times the second-sharpest edge, beyond which an edge is softer than the picture
# Edges of 24 simulated scenes of known blur scatter by 0.15 about it; so do the four edges of real windows.
SCATTER, ALONE = 0.15, 0.3  # of the blur, as a standard error: with other edges to compare, and without


@dataclass(frozen=True, slots=True)
class Blur:
    """A point's image.

    Attributes
    ----------
    sigma : float
        Gaussian sigma, samples of the patch.
    error : float
        Its standard error, as a share of it.
    """

    sigma: float
    error: float


def edge_blur(patch: Patch) -> Blur | None:
    """Return how wide the edges of a window are, or None where none is seen.

    Parameters
    ----------
    patch : Patch
        The window with its margins.

    Examples
    --------
    >>> y = np.arange(96)[:, None] - 15.5
    >>> edges = [0.5 + 0.25 * math.erf(v / 3 / math.sqrt(2)) for v in np.minimum(y, 63 - y).ravel()]
    >>> light = np.repeat(np.log10(edges), 300 * 3).reshape(96, 300, 3)
    >>> round(edge_blur(Patch(light.astype(np.float32), 64, 240, 16, 30)).sigma, 1)
    3.0
    """
    lag = max(1, round(patch.rows / LAGS))
    sides = (_widths(side, lag) for side in _crossed(patch))
    found = sorted(median(widths) for widths in sides if widths)
    if not found:
        return None
    # One edge may be sharpened; what is much softer than the next is shaded.
    sharp = [width for width in found if width <= SHADED * found[min(len(found) - 1, 2) // 2]]
    spread = float(np.std(sharp, ddof=1)) / max(float(np.mean(sharp)), 1e-6) if len(sharp) > 1 else ALONE
    return Blur(median(sharp), max(spread, SCATTER))


def _crossed(patch: Patch) -> Iterator[FloatArray]:
    """Yield the light across each of the four edges, shape (samples, parts)."""
    light, reach = patch.planes[GREEN], min(patch.side, patch.end)
    for start in (patch.side, patch.side + patch.rows) if reach else ():
        yield _parts(light[start - reach : start + reach], patch.end, patch.columns, SPAN, PARTS)
    for start in (patch.end, patch.end + patch.columns) if reach else ():
        across = light[:, start - reach : start + reach].T
        yield _parts(across, patch.side, patch.rows, END_SPAN, END_PARTS)


def _parts(
    light: NDArray[np.float32], first: int, count: int, span: tuple[float, float], parts: int
) -> FloatArray:
    """Average the light in parts along an edge."""
    edges = first + np.round(np.linspace(*span, parts + 1) * count).astype(int)
    linear = np.exp(np.float32(math.log(10)) * light[:, edges[0] : edges[-1]])
    sums = np.add.reduceat(linear, edges[:-1] - edges[0], axis=1)
    return np.asarray(sums / np.diff(edges), np.float64)


def _widths(light: FloatArray, lag: int) -> list[float]:
    """Return the Gaussian sigma of each part's steepest edge, samples; none where nothing is seen."""
    slopes = light[lag:] - light[:-lag]
    found = []
    for slope, level in zip(slopes.T, light.mean(axis=0).tolist(), strict=True):
        if not math.isfinite(level):
            continue
        top = int(np.abs(slope).argmax())
        rise = slope * np.sign(slope[top])
        low = [-1, *np.flatnonzero(rise < TAIL * rise[top]).tolist(), len(rise)]
        after = bisect(low, top)
        change = float(rise[low[after - 1] + 1 : low[after]].sum())
        if change < LEAST_STEP * lag * level:
            continue
        sigma = change / SEEN / (float(rise[top]) * math.sqrt(2 * math.pi))
        found.append(math.sqrt(max(sigma**2 - lag**2 / 12, 0.0)))
    return found
