"""Which end of a window is the control's: what is printed on a device lies mostly beyond that end."""

from __future__ import annotations

import math

import cv2
import numpy as np

from reader.geometry import Window
from reader.view import View

__all__ = ["text_vote"]

NEAR, FAR = 0.15, 1.45  # window lengths beyond an end in which names, codes and letters stand
HALF_BREADTH = 1.7  # window widths to each side
ROWS = 48
FLOOR = 0.002  # log10 of light: texture of a plain surface


def text_vote(view: View, window: Window) -> float:
    """Compare the printed detail beyond both ends.

    Parameters
    ----------
    view : View
        The photo.
    window : Window
        The membrane, flow in either direction.

    Returns
    -------
    float
        Natural logarithm of the ratio of detail beyond the start of the window over that beyond its
        end: positive when the start is the control's end.
    """
    detail = []
    for start, stop in ((-FAR, -NEAR), (1 + NEAR, 1 + FAR)):
        part = window.cut(start, stop)
        wide = Window(part.x, part.y, part.angle, part.length, 2 * HALF_BREADTH * window.width)
        columns = max(8, min(400, round(ROWS * wide.length / wide.width)))
        light = view.log_light(wide, columns, ROWS).mean(axis=2)
        known = np.isfinite(light)
        filled = np.where(known, light, float(light[known].mean()) if known.any() else 0.0)
        rough = np.abs(filled - cv2.GaussianBlur(filled.astype(np.float32), (0, 0), 2.0))
        share = float(known.mean())
        detail.append(float(rough[known].mean()) * share if known.any() else 0.0)
    return math.log((detail[0] + FLOOR) / (detail[1] + FLOOR))
