"""Medians of what is known, by sorting: for small arrays many times as quick as NumPy's own."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["median", "running_median"]

Floats = TypeVar("Floats", bound="np.floating[Any]")


def median(values: NDArray[Floats]) -> NDArray[Floats]:
    """Return the median along the last axis of what is known.

    Parameters
    ----------
    values : ndarray of float, shape (..., N)
        NaN where unknown; N at least 1.

    Returns
    -------
    ndarray, shape (...)
        In the type of the values; NaN where nothing is known.

    Examples
    --------
    >>> median(np.array([[3.0, 1.0, 2.0, 9.0], [5.0, np.nan, 7.0, 6.0]])).tolist()
    [2.5, 6.0]
    """
    ordered = np.sort(values, axis=-1)  # what is unknown comes last
    if not np.isnan(ordered[..., -1]).any():
        half = ordered.shape[-1] // 2
        return np.asarray((ordered[..., half] + ordered[..., -half - 1]) / 2, values.dtype)
    count = (~np.isnan(ordered)).sum(axis=-1)[..., None]
    low, high = (np.take_along_axis(ordered, k, axis=-1) for k in ((count - 1) // 2, count // 2))
    return np.asarray((low + high)[..., 0] / 2, values.dtype)


def running_median(values: NDArray[Floats], reach: int) -> NDArray[Floats]:
    """Return the median of every value and those before and after it along the last axis.

    Parameters
    ----------
    values : ndarray of float, shape (..., N)
        None of them unknown.
    reach : int
        How many before and after, one or more; fewer where there are no more.

    Returns
    -------
    ndarray, shape (..., N)
        In the type of the values.

    Examples
    --------
    >>> running_median(np.array([5.0, 1.0, 2.0, 9.0, 4.0]), 1).tolist()
    [3.0, 2.0, 2.0, 4.0, 6.5]
    """
    count = values.shape[-1]
    found = np.empty_like(values)
    pairs = range(reach, count - reach - 1, 2)
    for k in pairs:
        # Two neighbours share all values but one each, which can but move the median to the next of those.
        shared = np.sort(values[..., k - reach + 1 : k + reach + 1], axis=-1)
        low, high = shared[..., reach - 1], shared[..., reach]
        found[..., k] = np.clip(values[..., k - reach], low, high)
        found[..., k + 1] = np.clip(values[..., k + reach + 1], low, high)
    for k in set(range(count)).difference(pairs, (k + 1 for k in pairs)):
        found[..., k] = median(values[..., max(k - reach, 0) : k + reach + 1])
    return found
