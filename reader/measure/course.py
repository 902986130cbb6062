"""How lines run across a membrane, and a membrane on which they run straight.

The front of the flow bows lines, and a window that was found a little aslant tilts them. Either smears them
in a mean over the width. All lines of a strip run alike: one parabola across the membrane holds for all.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import BLOCKS, Patch

__all__ = ["course", "straightened"]

FloatArray = NDArray[np.float64]

REACH = 2.5  # line sigmas from a line's middle within which it is looked at
LEAST_HEIGHT = 0.05  # absorbance: fainter lines show no course
LEAST_BEND = 0.05  # line sigmas, rms: what smears less takes a thousandth of a height
MOST_BEND = 1.0  # line sigmas from the middle: what is no line runs farther
CHANCE = 1e-3  # probability with which the scatter of a straight line's blocks passes for a course
BENT = 2  # free amounts of a course: slope and bow


def straightened(
    patch: Patch, lines: Sequence[tuple[float, float, float]], weights: tuple[float, float, float]
) -> Patch:
    """Return a patch on which lines run straight across, or the patch itself where they do.

    Parameters
    ----------
    patch : Patch
        The window.
    lines : sequence of (float, float, float)
        Middle, sigma (samples from the window's left end) and height of each line as measured.
    weights : tuple of float
        Channel mix.
    """
    found = course(patch, lines, weights)
    if found is None:
        return patch
    rows, columns = patch.log_light.shape[:2]
    across = np.clip((np.arange(rows) - patch.side + 0.5) / patch.rows - 0.5, -0.5, 0.5)
    shift = found[0] * across + found[1] * across**2
    along = np.arange(columns) + shift[:, None]
    places = np.ascontiguousarray(along, np.float32)
    row = np.ascontiguousarray(np.broadcast_to(np.arange(rows, dtype=np.float32)[:, None], places.shape))
    light = cv2.remap(patch.log_light, places, row, cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return replace(patch, log_light=np.asarray(light, np.float32))


def course(
    patch: Patch, lines: Sequence[tuple[float, float, float]], weights: tuple[float, float, float]
) -> tuple[float, float] | None:
    """Return slope and bow of the lines, or None where they are too small to tell or to matter.

    Returns
    -------
    tuple of float or None
        Samples along the flow per membrane width, and per square of it, from the membrane's midline.
    """
    clear = [line for line in lines if line[2] > LEAST_HEIGHT]
    seen = [_shifts(patch, place, sigma, weights) for place, sigma, _ in clear]
    parts = [(*part, sigma) for part, (_, sigma, _) in zip(seen, clear, strict=True) if part is not None]
    if not parts:
        return None
    shifts, heights = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    half = 0.5 - patch.trim
    across = np.tile(np.linspace(-half, half, 2 * BLOCKS + 1)[1::2], len(parts))
    own = np.repeat(np.eye(len(parts)), BLOCKS, axis=0)  # where each line lies
    straight = _rest(own, shifts, heights)[1]
    amounts, bent = _rest(np.column_stack([across, across**2, own]), shifts, heights)
    free = len(shifts) - len(parts) - BENT
    # Of a scatter by chance, two free amounts leave less than this share with the probability CHANCE.
    if bent > straight * CHANCE ** (BENT / free):
        return None
    slope, bow = float(amounts[0]), float(amounts[1])
    sigma, bent_by = min(part[2] for part in parts), slope * across + bow * across**2
    if bent_by.std() < LEAST_BEND * sigma or np.ptp(bent_by) > 2 * MOST_BEND * sigma:
        return None
    return slope, bow


def _rest(columns: FloatArray, shifts: FloatArray, heights: FloatArray) -> tuple[FloatArray, float]:
    """Fit shifts, each as sure as its line is high; return the amounts and the squares that are left."""
    amounts = np.linalg.lstsq(columns * heights[:, None], shifts * heights, rcond=None)[0]
    return np.asarray(amounts, np.float64), float((((shifts - columns @ amounts) * heights) ** 2).sum())


def _shifts(
    patch: Patch, place: float, sigma: float, weights: tuple[float, float, float]
) -> tuple[FloatArray, FloatArray] | None:
    """Return by how much each block of a line lies beside its place, samples, and the line's height there."""
    first, last = math.ceil(place - REACH * sigma), math.floor(place + REACH * sigma)
    if first < 0 or last >= patch.columns or last - first < 6:
        return None
    values = np.tensordot(weights, patch.blocks[:, :, first : last + 1], 1)
    if not np.isfinite(values).all():
        return None
    u = (np.arange(first, last + 1) + 0.5 - place) / sigma
    line = np.exp(-(u**2) / 2)
    columns = np.column_stack([line, u * line, np.ones_like(u), u])
    height, move, *_ = np.linalg.solve(columns.T @ columns, columns.T @ values.T)
    return np.asarray(move / np.maximum(height, 1e-6) * sigma), np.asarray(np.maximum(height, 0.0))
