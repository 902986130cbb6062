"""What is wrong with a whole picture, as far as that may be why no test was found in it."""

from __future__ import annotations

import math

import cv2
import numpy as np

from reader.colour import brightest, darkest, linear_light
from reader.measure.quality import CLIPPED_CODE, DARK_LIGHT, REJECT_WIDTH_PX
from reader.view import View

__all__ = ["picture_fault"]

DEVICE_OVER_WINDOW = 17  # the length of a cassette of 70 mm over the width of a window of 4 mm
BRIGHTEST = 99.0  # percentile of the light: any picture of a test has white plastic or membrane
WHITE_SHARE = 0.5  # of the picture
# Pixels of the search picture, in which windows are 9 wide or more: blurred by a quarter of that, lines and
# rims are no edges any more.
MOST_BLUR_PX = 2.5
SHARPEST = 99.5  # percentile of the slope
SIGMAS = (1.0, 3.0)  # pixels of the search picture
LEAST_SLOPE = 2.0  # codes per pixel after the second: that of 15 codes; fainter edges drown in the noise


def picture_fault(view: View) -> str | None:
    """Return the flag of what to change first about a picture in which nothing was found, if that shows.

    Parameters
    ----------
    view : View
        The photo.

    Returns
    -------
    str or None
        ``"too-small"``, ``"too-dark"``, ``"clipped"``, ``"blurred"``, or None for a picture that would show a
        test if there were one.

    Examples
    --------
    >>> picture_fault(View(np.full((600, 800, 3), 9, np.uint8)))
    'too-dark'
    """
    if max(view.pixels.shape[:2]) < DEVICE_OVER_WINDOW * REJECT_WIDTH_PX:
        return "too-small"
    light = linear_light(brightest(view.small)[..., None])
    if float(np.percentile(light, BRIGHTEST)) < DARK_LIGHT[1]:
        return "too-dark"
    if float(np.mean(darkest(view.small) >= CLIPPED_CODE)) > WHITE_SHARE:
        return "clipped"
    return "blurred" if _blur(view) > MOST_BLUR_PX else None


def _blur(view: View) -> float:
    """Return the sigma of the sharpest edges, pixels of the search picture.

    The slope of an edge falls with its sigma; smoothed once more by two known ones it tells its own.
    """
    grey = cv2.cvtColor(view.small, cv2.COLOR_RGB2GRAY).astype(np.float32)
    slopes = []
    for sigma in SIGMAS:
        smooth = cv2.GaussianBlur(grey, (0, 0), sigma)
        across, down = (cv2.Sobel(smooth, cv2.CV_32F, *d, ksize=1, scale=0.5) for d in ((1, 0), (0, 1)))
        slopes.append(float(np.percentile(cv2.magnitude(across, down), SHARPEST)))
    if slopes[1] < LEAST_SLOPE:
        return 0.0
    ratio = (slopes[0] / slopes[1]) ** 2
    if ratio <= 1:
        return math.inf
    return math.sqrt(max((SIGMAS[1] ** 2 - ratio * SIGMAS[0] ** 2) / (ratio - 1), 0.0))
