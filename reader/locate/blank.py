"""Search a photo again for an unused window that the first search saw only roughly, or not at all.

White on cream has hardly any edge in the brightest channel, in which coloured lines vanish and windows are
looked for first. An unused window has no lines to vanish: here the darkest channel and the tint are looked
at as well, and the sides of what is found are moved to where it looks most like a window. As that makes
the walls of a recess likelier too, what is found must be set off from what is around it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.colour import darkest
from reader.geometry import Window, sample
from reader.locate.outlines import propose_outlined
from reader.locate.planes import Planes
from reader.locate.rank import distinct, window_scores

__all__ = ["outlined_again", "set_off", "settled"]

FloatArray = NDArray[np.float32]

TINT_CODES = 1000.0  # per log10 of blue over red: white differs from cream by 0.03
SMOOTH_PX = 0.8  # of the tint, in which noise is larger than in the light
STEPS_PX = (6.0, 4.0, 4.0, 2.0, 2.0, 1.0, 1.0, 0.5)  # by which a side is moved at once
LEAST_ASPECT = 1.5  # length over width of a window
ROWS = 32  # samples across a window with half a width on each side
RIM = 3  # samples on either side of an edge that are neither inside nor outside
BRIGHTER = 0.02  # log10 of light by which a membrane exceeds the recess around it
TINTED = 0.01  # log10 of blue over red by which white differs from another white
WHITES = -0.15, 0.4  # log10 of light between a membrane and white plastic, from lit to in deep shade


def outlined_again(small: NDArray[np.uint8], planes: Planes) -> list[Window]:
    """Propose windows whose outline closes in the darkest channel, or in the tint.

    Parameters
    ----------
    small : ndarray, shape (H, W, 3), uint8
        The search picture.
    planes : Planes
        Its planes.

    Returns
    -------
    list of Window
        In pixels of ``small``, unordered.
    """
    tint = np.asarray(cv2.GaussianBlur(planes.blue, (0, 0), SMOOTH_PX), np.float32)
    codes = np.clip(128 + TINT_CODES * (tint - np.median(tint)), 0, 255).astype(np.uint8)
    # Copies of a window in different pictures stay: they may differ by what matters.
    return [w for plane in (darkest(small), codes) for w in distinct(propose_outlined(plane))]


def settled(planes: Planes, windows: Sequence[Window]) -> tuple[list[Window], NDArray[np.float64]]:
    """Move each side of rectangles, a step at a time, to where they look most like windows.

    Parameters
    ----------
    planes : Planes
        Of the search picture.
    windows : sequence of Window
        In its pixels.

    Returns
    -------
    windows : list of Window
        In the same order.
    odds : ndarray
        Their log-odds, none less than before.
    """
    best = list(windows)
    odds = window_scores(planes, best)
    if not best:
        return best, odds
    for step in STEPS_PX:
        tried = [moved for window in best for moved in _moved(window, step)]
        scores = window_scores(planes, tried).reshape(len(best), -1)
        for k, j in enumerate(scores.argmax(axis=1)):
            if scores[k, j] > odds[k]:
                best[k], odds[k] = tried[k * scores.shape[1] + j], scores[k, j]
    return best, odds


def _moved(window: Window, step: float) -> list[Window]:
    """Return a rectangle shifted, and with each side moved alone; what gets too stubby stays as it is."""
    found = []
    for out in (step, -step):
        share = out / window.length
        ends = [window.cut(-share, 1.0), window.cut(0.0, 1.0 + share)]
        sides = [replace(_aside(window, half), width=window.width + out) for half in (-out / 2, out / 2)]
        found += [w if _is_long(w) else window for w in (*ends, *sides)]
        found += [window.cut(share, 1.0 + share), _aside(window, out)]
    return found


def _aside(window: Window, step: float) -> Window:
    x, y = window.at(0.5, 0.5 + step / window.width)
    return replace(window, x=x, y=y)


def _is_long(window: Window) -> bool:
    return window.width > 2 and window.length > LEAST_ASPECT * window.width


def set_off(planes: Planes, window: Window) -> bool:
    """Tell a membrane in a white housing from the walls of a recess and from things of other colours.

    It is brighter than what lies beyond both long sides and an end, or its tint differs there in the
    same sense: a wall is brighter than one side and darker than the other, in the housing's own tint.
    One end may be lit like the membrane. No side's light is far from the light inside.

    Parameters
    ----------
    planes : Planes
        Of the search picture.
    window : Window
        In its pixels.
    """
    light = _steps(planes.light, window)
    if not all(WHITES[0] < step < WHITES[1] for step in light):
        return False
    tint = _steps(planes.blue, window)
    inverse = [-step for step in tint]
    return any(
        min(*steps[:2], max(steps[2:])) > least
        for steps, least in ((light, BRIGHTER), (tint, TINTED), (inverse, TINTED))
    )


def _steps(plane: FloatArray, window: Window) -> list[float]:
    """Return how much the inside exceeds what lies beyond each long side and an end; NaN off the picture."""
    reach = ROWS // 4
    wide = replace(window, length=window.length + window.width, width=2 * window.width)
    columns = round(wide.length / wide.width * ROWS)
    seen = sample(plane, wide, columns, ROWS)
    core = slice(reach + RIM, -reach - RIM)
    near, far = slice(2, reach - 1), slice(1 - reach, -2)
    inside = float(np.median(seen[core, core]))
    beyond = seen[near, core], seen[far, core], seen[core, near], seen[core, far]
    return [inside - float(np.median(part)) for part in beyond]
