"""Edges as Canny defines them, for pictures of any kind."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["edge_maps"]


def edge_maps(plane: NDArray[np.uint8], thresholds: Sequence[tuple[float, float]]) -> list[NDArray[np.uint8]]:
    """Return the edges of a picture, from faint to strong ones.

    The derivatives are taken here: given a picture instead, OpenCV 5.0 on one thread hands it to a library
    that writes beyond its memory where most of the picture is edges, as in a noisy photo of a textured
    table. The result is the same.

    Parameters
    ----------
    plane : ndarray, shape (H, W), uint8
        One channel.
    thresholds : sequence of (float, float)
        Canny's, low and high, on the sum of both derivatives' sizes (Sobel's, eight times codes per pixel).

    Returns
    -------
    list of ndarray, shape (H, W), uint8
        255 on edges, else 0; one for each pair of thresholds.

    Examples
    --------
    >>> step = np.full((8, 8), 50, np.uint8)
    >>> step[:, 4:] = 100
    >>> sorted(set(np.nonzero(edge_maps(step, [(20, 50)])[0])[1].tolist()))
    [3]
    """
    dx, dy = (
        cv2.Sobel(plane, cv2.CV_16S, *order, borderType=cv2.BORDER_REPLICATE) for order in ((1, 0), (0, 1))
    )
    return [np.asarray(cv2.Canny(dx, dy, low, high), np.uint8) for low, high in thresholds]
