"""The mix of colours in which a faint line stands out most: generalised least squares over the channels.

A label's line absorbs each channel by a known share, which a clear line of the same picture shows. What else
varies on the membrane, grain and shadows above all, is much the same in all channels. The mix

    w = C⁻¹ a / (aᵀ C⁻¹ a)

with the line's colour a and the covariance C of what a line of that width would measure where there is none,
has the least variance of all that measure a line without bias (SCIENCE 1).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import BLOCKS, Patch
from reader.measure.profile import block_profiles
from reader.measure.rounding import Rounding
from reader.measure.scan import LineScan

__all__ = ["quiet_mix"]

FloatArray = NDArray[np.float64]

CLEAR = 6.5  # line sigmas from the middle of a line beyond which a scan feels less than 1 in 500 of it
LEAST_PLACES = 8  # of a line-free membrane, in line sigmas: fewer tell nothing of its covariance
LEAST_HEIGHT = 0.05  # absorbance of a line that shows its colour well
SPACING = 0.5  # line sigmas between the places: nearer ones tell the same
OWN_SHARE = 1.0  # of each channel's variance, added as its own: few places tell little of what is shared


def quiet_mix(
    patch: Patch,
    line: tuple[float, float],
    others: Sequence[float],
    weights: tuple[float, float, float],
    height: float = 0.0,
) -> tuple[float, float, float] | None:
    """Return the mix in which lines of one line's colour are measured with the least error.

    Parameters
    ----------
    patch : Patch
        The window at its own resolution.
    line : (float, float)
        Middle and sigma of a clear line, in membrane widths from the left end.
    others : sequence of float
        Middles of whatever else may be a line, in the same units.
    weights : tuple of float
        Channel mix (R, G, B) in whose absorbance lines are measured.
    height : float, default 0
        Absorbance of the lines that the mix is for: what the file's rounding leaves unknown of them counts
        too. To tell a line from none, blank membrane is what counts.

    Returns
    -------
    tuple of float or None
        Weights of R, G, B, with which the clear line is as high as with those given; None where the line
        is too faint to show its colour, or too little membrane is free of lines.

    Examples
    --------
    Grain that is the same in all channels is taken out with the red, which the line hardly absorbs.

    >>> grain = np.random.default_rng(0).normal(0, 0.01, (64, 400, 1))
    >>> line = 0.4 * np.exp(-((np.arange(400) - 110) ** 2) / (2 * 8.0**2))
    >>> light = grain - np.multiply.outer(line, (0.3, 1.0, 0.8))
    >>> mix = quiet_mix(Patch(light.astype(np.float32), 64, 400, 0, 0), (110.5 / 64, 0.125), [], (0, 1, 0))
    >>> mix[0] < 0, round(float(np.dot(mix, (0.3, 1.0, 0.8))), 2)
    (True, 1.0)
    """
    place, sigma = line[0] * patch.rows, line[1] * patch.rows
    channels = [block_profiles(patch, channel, np.ones(patch.columns, bool)) for channel in np.eye(3)]
    known = np.logical_and.reduce([k for _, k in channels])
    scan = LineScan(known.astype(np.float32), sigma)
    places = np.arange(0, patch.columns, max(1, round(SPACING * sigma)))
    heights = scan.amplitudes(np.vstack([blocks for blocks, _ in channels]), places).reshape(3, BLOCKS, -1)
    colour = _at(scan, channels, round(place - 0.5))
    along = (places + 0.5) / patch.rows
    away = np.min(np.abs(along[:, None] - [line[0], *others]), axis=1) > CLEAR * line[1]
    free = away & (scan.information[places] > 0)
    asked = float(np.dot(weights, colour))
    if asked < LEAST_HEIGHT or free.sum() * SPACING < LEAST_PLACES:
        return None
    covariance = _covariance(heights[..., free])
    if patch.coding is not None and height > 0:
        middle = (others[0] if others else line[0]) * patch.rows
        rounding = Rounding(patch, patch.coding)
        rounded = rounding.covariance((middle, sigma), height, height / 2, colour / asked)
        covariance = covariance + rounded / 2  # the line may as well be none, which has nothing to be rounded
    mix = np.linalg.solve(covariance, colour)
    mix *= asked / float(mix @ colour)
    return (float(mix[0]), float(mix[1]), float(mix[2]))


def _at(scan: LineScan, channels: Sequence[tuple[FloatArray, NDArray[np.bool_]]], place: int) -> FloatArray:
    """Return the height in each channel at a place."""
    means = np.stack([blocks.mean(axis=0) for blocks, _ in channels])
    return scan.amplitudes(means, slice(place, place + 1))[:, 0]


def _covariance(heights: FloatArray) -> FloatArray:
    """Return the covariance between the channels of a height over the whole width.

    What differs from block to block averages out over them; what they share does not. There are many blocks
    but few places: both count for half.
    """
    whole = heights.mean(axis=1)
    apart = heights - whole[:, None]
    shared = np.cov(whole)
    own = np.einsum("abk,cbk->ac", apart, apart) / apart[0].size / (BLOCKS - 1)
    covariance = (shared + own) / 2
    return np.asarray(covariance + OWN_SHARE * np.diag(np.diag(covariance)))
