"""Find the window of a device that holds no strip: a dark hole beside its letters.

A membrane is white, and what lies on it never makes all of it black. A hole of a window's shape, through
which the table or the dark inside of the device is seen, is no membrane. It is the window of a device if the
letters C and T stand beside it, or a C by one end and a well beyond the other: print may be as dark, but has
neither.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reader.geometry import Window
from reader.locate.direction import direction_signs
from reader.locate.hypothesis import Hypothesis, look_at
from reader.locate.letters import read_letters
from reader.locate.rank import same_place
from reader.measure.quality import REJECT_WIDTH_PX
from reader.view import View

__all__ = ["empty_windows"]

ASPECT = (2.0, 8.0)  # length over width of a read window
COLUMNS, ROWS, BESIDE = 48, 16, 8  # samples along and across a window, and of its device to each side
RIM = 1  # samples at a window's sides that the picture's blur has brightened
# log10 of light by which all of a hole is darker than the device beside it, in the hole's brightest colour: a
# membrane in its shade, or soaked with blood, still sends back twice as much light.
DARKER = 0.7
ALL = 95  # percentile that stands for all of a hole: dust may lie in it
WELL = 0.5  # likeness of a well that is one


def empty_windows(view: View, outlines: Sequence[Window]) -> list[Hypothesis]:
    """Look for windows that hold no strip.

    Parameters
    ----------
    view : View
        The photo.
    outlines : sequence of Window
        Closed outlines in the search picture, some of which may be windows.

    Returns
    -------
    list of Hypothesis
        Windows in pixels of the photo, without lines, largest first.
    """
    shaped = (outline.scaled(1 / view.scale) for outline in outlines if _is_shaped(outline))
    dark = [w for w in shaped if w.width > REJECT_WIDTH_PX and _is_dark(view, w)]
    found: list[Window] = []
    for window in sorted(dark, key=lambda w: -w.length * w.width):
        if not any(same_place(window, other) for other in found) and _is_marked(view, window):
            found.append(window)
    return [replace(look_at(view, window), lines=()) for window in found]


def _is_shaped(outline: Window) -> bool:
    return ASPECT[0] < outline.length / outline.width < ASPECT[1]


def _is_dark(view: View, window: Window) -> bool:
    wide = replace(window, width=window.width * (ROWS + 2 * BESIDE) / ROWS)
    light = view.log_light(wide, COLUMNS, ROWS + 2 * BESIDE, shapes=True).max(axis=2)
    hole = light[BESIDE + RIM : -BESIDE - RIM, RIM:-RIM]
    beside = np.concatenate([light[: BESIDE - RIM], light[-BESIDE + RIM :]])
    if not (np.isfinite(hole).all() and np.isfinite(beside).all()):
        return False
    return float(np.percentile(hole, ALL)) < float(np.median(beside)) - DARKER


def _is_marked(view: View, window: Window) -> bool:
    """Tell whether letters stand beside a window; a C by itself must have a well beyond the other end."""
    letters = read_letters(view, window)
    if letters.control is None:
        return False
    well = direction_signs(view, window).well_vote
    return well * letters.odds >= 0 and (letters.test is not None or abs(well) > WELL)
