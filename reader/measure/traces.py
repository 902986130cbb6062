"""Measure lines that are too faint for the search, and find them by that measurement.

What a clear line's shape leaves unexplained is more than a whole faint line: that is measured on the membrane
between the clear ones, and in the mix of colours in which the membrane is quietest. Where a kit has a line,
or anywhere on the membrane, the likeliest place is looked for; the limit that its signal must exceed is that
of a search (SCIENCE 2: P = Q(t) + T / (2 sqrt(2) pi) exp(-t^2 / 2) over T line sigmas).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import Patch, clear_of_flanks
from reader.measure.membrane import CLEAR_OF_LINE, LineFit, measure_lines
from reader.measure.profile import block_profiles, robust_mean
from reader.measure.scan import LineScan

__all__ = ["Place", "Trace", "find_trace", "measure_faint"]

FloatArray = NDArray[np.float64]
Place = tuple[float, float]  # middle and sigma, membrane widths from the left end

LEFT_OUT = 4.0  # line sigmas: so far from its middle a line has lost all but 1 in 3,000
LEAST_BLOCK_SNR = 3.0  # mean over standard error of the heights in the blocks across the membrane
LEAST_EXPLAINED = 0.4  # share of the variation around it: the edges of a codec's blocks explain less
WHOLE = 0.4  # share of the mean height that both halves of the width must show
# JPEG keeps less than half of the hue of a line that is fainter than its steps. What surely keeps less than a
# quarter is grey.
HUE_KEPT, HUE_SNR = 0.25, 2.0
LEAST_HUE = 0.25  # of a colour, over its grey: below it (14 degrees) hue must be seen, for a shadow is near
TELLING = 3.0  # standard errors by which such a hue must differ from a shadow's for that to be told


@dataclass(frozen=True, slots=True)
class Trace:
    """What may be a faint line.

    Attributes
    ----------
    place : float
        Membrane widths from the window's left end.
    snr : float
        Height over its standard error.
    like_line : bool
        Whether it crosses the whole width and is of the label's colour rather than grey.
    """

    place: float
    snr: float
    like_line: bool


def measure_faint(
    patch: Patch,
    places: Sequence[Place],
    clear: Sequence[Place],
    weights: tuple[float, float, float],
    marks: Sequence[Place] = (),
) -> tuple[LineFit | None, ...]:
    """Measure faint lines with the clear ones left out.

    Parameters
    ----------
    patch : Patch
        The window at its own resolution.
    places : sequence of (float, float)
        Middle and sigma of each faint line, in membrane widths from the left end.
    clear : sequence of (float, float)
        The same of the clear lines.
    weights : tuple of float
        Channel mix.
    marks : sequence of (float, float), optional
        What else is left out, as for `measure_lines`.

    Returns
    -------
    tuple of LineFit or None
        In the order of the places; None for a line that is too near to a clear one to be measured so.

    Examples
    --------
    >>> x = np.arange(400)
    >>> lines = [h * np.exp(-((x - m) ** 2) / (2 * 8.0**2)) for m, h in ((110, 0.4), (270, 0.01))]
    >>> light = np.broadcast_to(-sum(lines)[None, :, None], (64, 400, 3)).astype(np.float32)
    >>> patch = Patch(light, 64, 400, 0, 0)
    >>> (faint,) = measure_faint(patch, [(270.5 / 64, 0.125)], [(110.5 / 64, 0.125)], (0, 1, 0))
    >>> round(faint.height, 3)
    0.01
    """
    found: dict[Place, LineFit] = {}
    for start, stop in _between(clear):
        inside = [p for p in places if start + CLEAR_OF_LINE * p[1] < p[0] < stop - CLEAR_OF_LINE * p[1]]
        if inside:
            fit = measure_lines(patch, inside, weights, marks, within=(start, stop))
            found |= zip(inside, fit.lines, strict=True)
    return tuple(found.get(place) for place in places)


def find_trace(
    patch: Patch,
    control: Place,
    others: Sequence[Place],
    weights: tuple[float, float, float],
    within: tuple[float, float],
    *,
    mix: tuple[float, float, float] | None = None,
    coloured: bool = True,
) -> Trace | None:
    """Return the likeliest faint line in a part of the membrane.

    Parameters
    ----------
    patch : Patch
        The window at its own resolution.
    control : (float, float)
        Middle and sigma of the control line, whose width and colour a faint line has.
    others : sequence of (float, float)
        What else is clear of the membrane's noise.
    weights : tuple of float
        Channel mix.
    within : (float, float)
        Where to look, in membrane widths from the left end.
    mix : tuple of float, optional
        Channel mix in which it is measured in the end, by default the same.
    coloured : bool, default True
        Whether the label has a colour; carbon has none.

    Returns
    -------
    Trace or None
        None where nothing can be measured: beside clear lines, or where too little is seen.

    Examples
    --------
    >>> x, grain = np.arange(400), np.random.default_rng(0).normal(0, 0.01, (64, 400, 3))
    >>> lines = [h * np.exp(-((x - m) ** 2) / (2 * 8.0**2)) for m, h in ((110, 0.4), (270, 0.01))]
    >>> light = grain - np.multiply.outer(sum(lines), (0.3, 1.0, 0.8))
    >>> patch = Patch(light.astype(np.float32), 64, 400, 0, 0)
    >>> trace = find_trace(patch, (110.5 / 64, 0.125), [], (0, 1, 0), (3.8, 4.6))
    >>> trace.like_line, round(trace.place, 1), trace.snr > 3.55
    (True, 4.2, True)
    """
    blocks, known = block_profiles(patch, np.array(weights), np.ones(patch.columns, bool))
    sigma = control[1] * patch.rows
    scan = LineScan(known.astype(np.float32), sigma)
    profile = robust_mean(blocks)
    amplitudes = scan.amplitudes(np.vstack([profile, blocks]))
    place = (np.arange(patch.columns) + 0.5) / patch.rows
    seen = (scan.information > 0) & (place >= within[0]) & (place <= within[1])
    seen &= clear_of_flanks([control, *others], place)
    if not seen.any():
        return None
    best = int(np.where(seen, amplitudes[0] * scan.precision, -np.inf).argmax())
    (fit,) = measure_faint(patch, [(float(place[best]), control[1])], [control, *others], mix or weights)
    if fit is None:
        return None
    like_line = _is_whole(amplitudes[1:, best]) and scan.explained(profile, best) > LEAST_EXPLAINED
    like_line &= not coloured or _is_of_colour(patch, scan, best, int(control[0] * patch.rows))
    return Trace(float(place[best]), fit.height / fit.height_sigma, like_line)


def _between(clear: Sequence[Place]) -> list[tuple[float, float]]:
    """Return the stretches of membrane between clear lines and beyond the outer ones."""
    reaches = sorted((place - LEFT_OUT * sigma, place + LEFT_OUT * sigma) for place, sigma in clear)
    starts = [0.0, *(after for _, after in reaches)]
    return list(zip(starts, [*(before for before, _ in reaches), math.inf], strict=True))


def _is_whole(blocks: FloatArray) -> bool:
    """Tell whether something crosses the whole membrane, as far as the noise of its blocks allows."""
    error, mean = float(blocks.std(ddof=1)) / math.sqrt(len(blocks)), float(blocks.mean())
    halves = blocks.reshape(2, -1).mean(axis=1)
    return mean > LEAST_BLOCK_SNR * error and bool(halves.min() > WHOLE * mean)


def _is_of_colour(patch: Patch, scan: LineScan, place: int, control: int) -> bool:
    """Tell whether the control line is coloured, and what is at a place not surely nearer to grey."""
    known = np.ones(patch.columns, bool)
    channels = np.vstack([block_profiles(patch, channel, known)[0] for channel in np.eye(3)])
    seen = scan.amplitudes(channels, np.array([control, place])).reshape(3, -1, 2)
    label, found = seen[..., 0].mean(axis=1), seen[..., 1]
    grey = np.full(3, 3**-0.5)
    along = float(grey @ label)
    across = label - along * grey
    hue = float(np.linalg.norm(across))
    if along <= 0 or hue <= 0:
        return False
    # A line of the label's colour has as much of its hue as of its grey; a shadow has no hue.
    expected, kept = hue / along * (grey @ found), across @ found / hue
    if hue < LEAST_HUE * along:
        return _exceeds(expected, TELLING) and _exceeds(kept, HUE_SNR)
    return not _exceeds(HUE_KEPT * expected - kept, HUE_SNR)


def _exceeds(blocks: FloatArray, limit: float) -> bool:
    """Tell whether the mean of what blocks show exceeds so many of its standard errors."""
    return float(blocks.mean()) >= limit * float(blocks.std(ddof=1)) / math.sqrt(blocks.size)
