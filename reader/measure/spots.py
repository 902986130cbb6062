"""Glare and stains that cover a part of a membrane: what they hide is not measured.

Glare is as white as the file can be, where the membrane is not. A stain, a hair or a speck is darker or
brighter than everything near it that crosses the membrane, in less than half of the width. What they cover is
filled from the rest of its columns, so that the profile shows what is there beside them. Where too little is
left of a column, nothing is known of it.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import END_TRIM, Patch
from reader.medians import median

__all__ = ["LEAST_SEEN", "ends_in_glare", "hides", "seen_share", "without_spots"]

FloatArray = NDArray[np.float64]
Mask = NDArray[np.bool_]

TOP = -0.0038  # log10 of the light of code 254
# Where more of a window is clipped, or the rest is as bright, the picture is over-exposed: that is no spot.
MOST_CLIPPED, WELL_EXPOSED = 0.35, -0.06  # share, and log10 of the light of code 240
END_REACH = 0.3  # membrane widths beyond an end: what lies farther is no part of the window
BEYOND, WELL_BESIDE = 0.2, -0.1  # share of it that is white, and log10 of the light around that: code 228
LONGEST = 2.0  # membrane widths along the flow: what is longer is the light, and no spot in it
LEAST = 0.06  # membrane widths: what is smaller in both directions is noise
STAIN = 0.10  # absorbance by which a stain differs from all that is near: shades of rims and grain do not
STRONGER = 0.3  # of a line near by, by which it must exceed that as well: lines are uneven, bowed and tilted
FADED = 0.15  # of the former, at which a stain ends
NEAR = 0.25  # membrane widths on both sides within which a line is the same one
NEIGHBOURS = 0.15  # membrane widths along the flow around what is stained that far, within which it ends
ACROSS_LINE = 0.5  # membrane widths: a line between two parts of a spot is covered by it
HALO = 0.07  # membrane widths around a spot that its blur reaches
GRAIN = 0.04  # membrane widths over which noise is averaged before a stain's end is looked for
LEAST_KNOWN = 40  # columns: fewer tell nothing
LEAST_SEEN = 0.25  # of a column's pixels, or of a line: fewer than two of the eight blocks do not tell it


def without_spots(patch: Patch, weights: tuple[float, float, float]) -> Patch:
    """Return a patch without its spots, or the patch itself where there are none.

    Parameters
    ----------
    patch : Patch
        The window.
    weights : tuple of float
        Channel mix in which lines are measured: only its channels can be clipped.

    Returns
    -------
    Patch
        With `Patch.seen`; columns of which less than a quarter is seen are NaN.
    """
    if np.isfinite(patch.blocks).all(axis=(0, 1)).sum() < LEAST_KNOWN:
        return patch
    glare = _glare(patch, weights)
    stains = _stains(patch, weights, glare)
    if not (glare.any() or stains.any()):
        return patch
    return _filled(patch, _grown(glare | stains, patch.rows))


def seen_share(patch: Patch, place: float, sigma: float) -> float:
    """Return how much of a line no spot covers, 0..1; middle and sigma in samples from the window's end."""
    if patch.seen is None:
        return 1.0
    x = np.arange(patch.columns) + 0.5
    share = np.exp(-(((x - place) / sigma) ** 2))
    return float(share @ patch.seen) / max(float(share.sum()), 1e-9)


def hides(patch: Patch, place: float, sigma: float) -> bool:
    """Tell whether spots hide a line; parameters as for `seen_share`."""
    return seen_share(patch, place, sigma) < LEAST_SEEN


def ends_in_glare(patch: Patch, weights: tuple[float, float, float]) -> bool:
    """Tell whether glare lies across an end of a window, which then may go on behind it.

    White plastic may be as white as glare, but then so is almost what lies around it.
    """
    light = patch.planes[np.flatnonzero(weights)].min(axis=0)
    reach, last = round(END_REACH * patch.rows), patch.end + patch.columns
    for start, stop in ((max(patch.end - reach, 0), patch.end), (last, last + reach)):
        near = light[:, start:stop]
        white = near > TOP
        rest = near[~white & np.isfinite(near)]
        share = white[patch.block_edges[0] : patch.block_edges[-1]].mean() if near.size else 0.0
        if rest.size and share > BEYOND and float(rest.mean()) < WELL_BESIDE:
            return True
    return False


def _glare(patch: Patch, weights: tuple[float, float, float]) -> Mask:
    """Tell which pixels are white, where most of the membrane is not."""
    white = np.zeros((patch.block_edges[-1] - patch.block_edges[0], patch.columns), bool)
    for channel in np.flatnonzero(weights):
        light = _used(patch, patch.planes[channel])
        top = light > TOP
        share = float(top.mean())
        if 0 < share < MOST_CLIPPED and float(np.nanmean(light[~top])) < WELL_EXPOSED:
            white |= top
    return _spots(white, patch.rows) if white.any() else white


def _spots(mask: Mask, rows: int) -> Mask:
    """Keep the parts of a mask that are larger than noise and shorter than a course of the light."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    length, depth = stats[:, cv2.CC_STAT_WIDTH], stats[:, cv2.CC_STAT_HEIGHT]
    kept = (np.maximum(length, depth) >= LEAST * rows) & (length <= LONGEST * rows)
    kept[0] = False
    return np.asarray(kept[labels])


def _stains(patch: Patch, weights: tuple[float, float, float], glare: Mask) -> Mask:
    """Tell which pixels are darker or brighter than all that crosses the membrane near by."""
    blocks = np.tensordot(weights, patch.blocks, 1)
    offsets = _offsets(blocks)
    blocks -= offsets[:, None]
    if glare.any():
        edges = patch.block_edges - patch.block_edges[0]
        blocks[np.logical_or.reduceat(_grown(glare, patch.rows), edges[:-1], axis=0)] = np.nan
    brightest, darkest = _near_by(median(blocks.T), patch.rows)
    stained = (blocks > darkest + STAIN) | (blocks < brightest - STAIN)
    trim = round(END_TRIM * patch.rows)
    stained[:, :trim] = stained[:, patch.columns - trim :] = False
    if not stained.any():
        return np.zeros_like(glare)
    light, grain = _used(patch, patch.log_light), max(1, round(GRAIN * patch.rows))
    off = cv2.blur(
        -(light @ np.asarray(weights, np.float32)) - _of_rows(patch, offsets)[:, None], (grain, grain)
    )
    near = cv2.dilate(stained.astype(np.uint8), np.ones((3, 2 * round(NEIGHBOURS * patch.rows) + 1)))
    near = np.repeat(near, np.diff(patch.block_edges), axis=0)
    faded = FADED * STAIN
    return _spots(((off > darkest + faded) | (off < brightest - faded)) & (near > 0), patch.rows)


def _near_by(middle: FloatArray, rows: int) -> tuple[FloatArray, FloatArray]:
    """Return the brightest and the darkest that crosses the membrane near each place.

    The darkest is so much darker as lines are uneven.
    """
    known = np.isfinite(middle)
    middle = np.interp(np.arange(len(middle)), np.flatnonzero(known), middle[known])[None]
    near = np.ones((1, 2 * round(NEAR * rows) + 1))
    darkest = cv2.dilate(middle, near)[0]
    brightest = cv2.erode(middle, np.ones((1, 2 * near.size)))[0]
    return np.asarray(brightest), np.asarray(darkest + STRONGER * (darkest - brightest))


def _offsets(blocks: FloatArray) -> FloatArray:
    """Return how far each block departs from their median all along the flow."""
    seen = blocks[:, np.isfinite(blocks).all(axis=0)]
    return median(seen - median(seen.T))


def _of_rows(patch: Patch, offsets: FloatArray) -> FloatArray:
    """Spread what blocks depart by over their rows."""
    edges = patch.block_edges - patch.block_edges[0]
    return np.interp(np.arange(edges[-1]), (edges[:-1] + edges[1:] - 1) / 2, offsets)


def _used(patch: Patch, light: NDArray[np.float32]) -> NDArray[np.float32]:
    """Return what of the window the blocks are taken from."""
    edges = patch.block_edges
    return light[edges[0] : edges[-1], patch.end : patch.end + patch.columns]


def _grown(mask: Mask, rows: int) -> Mask:
    """Close a mask where a line lies between its parts, and widen it by the reach of blur."""
    wide = np.ones((1, round(ACROSS_LINE * rows)))
    closed = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_CLOSE, wide)
    size = 2 * max(1, round(HALO * rows)) + 1
    return cv2.dilate(closed, cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))) > 0


def _filled(patch: Patch, mask: Mask) -> Patch:
    """Fill what is masked from the rest of its columns, as each row departs from them elsewhere."""
    light = _used(patch, patch.log_light).astype(np.float64)
    of_row = -np.stack([_of_rows(patch, _offsets(blocks)) for blocks in patch.blocks], axis=1)[:, None]
    count, hidden = (~mask).sum(axis=0), mask[..., None]
    mean = np.where(hidden, 0.0, light - of_row).sum(axis=0) / np.maximum(count, 1)[:, None]
    seen = count / len(light)
    whole = patch.log_light.copy()
    part = _used(patch, whole)
    part[...] = np.where(hidden, mean + of_row, light)
    part[:, seen < LEAST_SEEN] = np.nan
    return replace(patch, log_light=whole, seen=seen)
