"""The line profile of a strip that was read before: measured again where it was, without looking for it."""

from __future__ import annotations

import math

from reader.geometry import Window
from reader.interpret.assay import Assay
from reader.interpret.labels import LABELS
from reader.measure.spots import without_spots
from reader.reading import Line, Profile, Quad, StripReading
from reader.strip.look import DEFAULT_SIGMA, measured_lines
from reader.strip.read import fine_patch
from reader.strip.result import profile_of
from reader.view import View

__all__ = ["profile_again"]

# Corners stand in documents to 0.01 px, and widths only as areas: lines come out a little otherwise.
SAME_HEIGHT = (0.01, 0.15)  # absorbance, and share of the height
SHARPEST, WIDEST = 0.03, 0.5  # sigmas of lines, membrane widths


def profile_again(view: View, strip: StripReading, assay: Assay) -> Profile | None:
    """Measure the profile of a strip whose window and lines are known.

    Parameters
    ----------
    view : View
        The photo.
    strip : StripReading
        What was read in it.
    assay : Assay
        The kit it was read with.

    Returns
    -------
    Profile or None
        None if the lines are of another height there than they were, or if none was measured, as in a window
        without a strip: it would not show what was read.
    """
    placed = [line for line in strip.lines if line.position is not None]
    if strip.lines and not placed:
        return None
    window = _window(strip.window)
    patch = without_spots(fine_patch(view, window), LABELS[assay.label].weights)
    unit = (strip.px_per_mm or 1.0) / window.width
    aspect = window.length / window.width
    places = [((line.position or 0.0) * aspect, _sigma(line, unit)) for line in placed]
    fit = measured_lines(patch, places, assay)
    same = all(_is_same(line, found.height) for line, found in zip(placed, fit.lines, strict=True))
    return profile_of(fit, reverse=False) if same else None


def _window(quad: Quad) -> Window:
    """Return a window by its corners, the flow beginning at the first two."""
    (x0, y0), (x1, y1), (x2, y2), _ = quad
    x, y = (sum(corner[k] for corner in quad) / 4 for k in (0, 1))
    length, width = math.hypot(x2 - x1, y2 - y1), math.hypot(x0 - x1, y0 - y1)
    return Window(x, y, math.atan2(y2 - y1, x2 - x1), length, width)


def _sigma(line: Line, unit: float) -> float:
    """Return a line's sigma, membrane widths, from its area and height as those of a Gaussian."""
    if not line.detected or not line.height or not line.area:
        return DEFAULT_SIGMA
    return min(WIDEST, max(SHARPEST, line.area / line.height / math.sqrt(2 * math.pi) * unit))


def _is_same(line: Line, height: float) -> bool:
    least, share = SAME_HEIGHT
    return line.height is not None and abs(height - line.height) <= least + share * abs(line.height)
