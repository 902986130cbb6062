"""Find how far the shadow of a window's rim reaches over the membrane.

The shadow bends the profile far more sharply near an end than the membrane bends anywhere else. What does
so is left out: a baseline that had to follow it would be taken for a rough one everywhere.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reader.medians import median

__all__ = ["between_rims"]

SHARP = 4.0  # times the typical bend
FLAT = 1e-3  # absorbance: a bend that does no harm
LEAST_SEEN = 6  # places that tell how much the membrane bends


def between_rims(
    profile: NDArray[np.float64], clear: NDArray[np.bool_], lag: int, reach: tuple[int, int]
) -> slice:
    """Return the part of a profile between the rims' shadows.

    Parameters
    ----------
    profile : ndarray, shape (N,)
        Absorbance in even steps.
    clear : ndarray of bool, shape (N,)
        Which steps are known and clear of lines.
    lag : int
        Steps over which a bend is taken: about a line's sigma.
    reach : tuple of int
        Steps at the first and the last end that a shadow may cover.

    Examples
    --------
    >>> profile = 0.002 * np.sin(np.arange(60.0))
    >>> profile[:5] += [0.5, 0.4, 0.3, 0.2, 0.1]
    >>> between_rims(profile, np.ones(60, bool), 2, (12, 12))
    slice(5, 60, None)
    """
    count = len(profile) - 2 * lag
    if count <= 0:
        return slice(0, len(profile))
    first, middle, last = (slice(k * lag, k * lag + count) for k in range(3))
    bend = np.abs(profile[first] - 2 * profile[middle] + profile[last])
    seen = clear[first] & clear[middle] & clear[last]
    if seen.sum() < LEAST_SEEN:
        return slice(0, len(profile))
    typical = max(1.4826 * float(median(bend[seen])), FLAT)
    sharp = np.flatnonzero(seen & (bend > SHARP * typical))
    start = sharp[sharp < reach[0]]
    stop = sharp[sharp >= count - reach[1]]
    return slice(
        int(start.max()) + 1 if start.size else 0,
        int(stop.min()) + 2 * lag if stop.size else len(profile),
    )
