"""Medians of what is known, by sorting: for small arrays many times as quick as NumPy's own."""

from __future__ import annotations

from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

__all__ = ["median"]

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
