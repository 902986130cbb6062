"""How well a photo shows one window: numbers, and the flags that follow from them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.colour import brightest, darkest
from reader.geometry import Window, around, straightening
from reader.measure.lines import SIDE_TRIM

__all__ = ["REJECT_WIDTH_PX", "Quality", "assess"]

REJECT_WIDTH_PX, WARN_WIDTH_PX = 7.0, 16.0  # a line of 0.3 widths must cover at least two pixels
DARK_LIGHT = (0.02, 0.05)  # linear light of the membrane: below it 8-bit steps exceed 1.5 % and 0.6 %
CLIPPED_CODE = 253
CLIPPED_SHARE = (0.35, 0.05)  # of the window: over-exposed altogether; in part
GLARE_SHARE = 0.06  # of the window in one over-exposed spot that is not the whole window
SHADOW_STEP = 0.12  # absorbance between neighbouring quarters along the flow, beside the lines
NOISY = 0.012  # absorbance: spread of a blank line height above which faint lines are lost
# JPEG quality below which a line of 0.02 absorbance, some four codes, may lose more than half its height: a
# line narrower than two blocks is carried by coarsely rounded coefficients, a wider one by the blocks' means.
HEAVY_JPEG, HEAVY_JPEG_WIDE = 40, 25
LINE_FWHM, WIDE_PX = 0.28, 16.0  # membrane widths of a usual line; px of two blocks
BLUR_REJECT, BLUR_WARN = 0.11, 0.075  # sigma of the window's sharpest edge, membrane widths
STAIN = 0.06  # absorbance: departure of the fitted line-free membrane from a straight line, rms
SMEARED = 0.3  # sigma of the sharpest change along the flow, membrane widths: no line is as wide as that
# Changes of codes, as shares of the window's own, that stand out whatever the exposure: along the flow, from
# which on there is something that could be sharp, and per sample across a long side.
SEEN_CHANGE, SEEN_SLOPE = 0.03, 0.01
SLANT = 0.20  # lean of a line against the right angle, widths per width


@dataclass(frozen=True, slots=True)
class Quality:
    """Measured qualities of a window, and the flags they raise."""

    values: Mapping[str, float | None]
    flags: tuple[str, ...]


def assess(
    pixels: NDArray[Any],
    window: Window,
    *,
    pixel: float = 1.0,
    noise: float,
    baseline: NDArray[np.float64],
    jpeg_quality: int | None,
    lean: float,
    narrowest: float | None = None,
    hidden: bool = False,
) -> Quality:
    """Judge how well the photo shows this window.

    Parameters
    ----------
    pixels : ndarray, shape (H, W, 3)
        The photo.
    window : Window
        Where the membrane lies.
    pixel : float, default 1
        Size of a pixel of the file, px: an enlarged picture shows no more than it did.
    noise : float
        Spread of a line height over line-free membrane, absorbance.
    baseline : ndarray, shape (N,)
        Fitted line-free membrane, absorbance; NaN where unknown.
    jpeg_quality : int or None
        1..100, None if the photo is not a JPEG.
    lean : float
        How far lines lean against the right angle, widths per width.
    narrowest : float, optional
        Gaussian sigma of the narrowest clear line, membrane widths: no blur is wider than what it shows.
    hidden : bool, default False
        Whether a spot hides a place where a line belongs.
    """
    codes = _window_codes(pixels, window)
    bright = brightest(codes)
    clipped = float((darkest(codes) >= CLIPPED_CODE).mean())
    light = float(np.median(((bright / 255.0 + 0.055) / 1.055) ** 2.4))
    blur = _edge_sigma(pixels, window)
    if blur is None:
        blur = _smear(codes)
    if blur is not None and narrowest is not None:
        blur = min(blur, narrowest)
    bow = _bow(baseline)
    width = window.width / pixel
    values = {
        "width_px": width,
        "light": light,
        "clipped": clipped,
        "noise": noise,
        "blur": blur,
        "stain": bow,
        "jpeg_quality": None if jpeg_quality is None else float(jpeg_quality),
    }
    checks = {
        "too-small": width < REJECT_WIDTH_PX,
        "low-resolution": REJECT_WIDTH_PX <= width < WARN_WIDTH_PX,
        "too-dark": light < DARK_LIGHT[0],
        "glare": hidden or _glare(codes, clipped),
        "clipped": clipped > CLIPPED_SHARE[0],
        "noisy": noise > NOISY or DARK_LIGHT[0] <= light < DARK_LIGHT[1],
        "blurred": blur is not None and blur > BLUR_REJECT,
        "soft": blur is not None and BLUR_WARN < blur <= BLUR_REJECT,
        "heavy-jpeg": jpeg_quality is not None and jpeg_quality < _heavy_jpeg(width),
        "stained": bow > STAIN,
        "shadow-edge": _shadow_edge(bright),
        "tilted": abs(lean) > SLANT,
    }
    return Quality(values, tuple(code for code, raised in checks.items() if raised))


def _heavy_jpeg(width: float) -> int:
    """Return the quality below which JPEG may swallow a faint line of a window of this width, px."""
    return HEAVY_JPEG_WIDE if LINE_FWHM * width >= WIDE_PX else HEAVY_JPEG


def _window_codes(pixels: NDArray[Any], window: Window) -> NDArray[np.float32]:
    """Return the 8-bit codes of the window seen straight, without its rims."""
    rows = max(8, min(64, round(window.width)))
    columns = max(16, min(512, round(window.length * rows / window.width)))
    region, near = around(pixels, window)
    matrix = straightening(near, columns, rows)
    flags = cv2.INTER_NEAREST | cv2.WARP_INVERSE_MAP
    seen = cv2.warpAffine(region, matrix, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE)
    trim = max(1, round(SIDE_TRIM * rows))
    scale = 257.0 if pixels.dtype == np.uint16 else 1.0
    return seen[trim:-trim, trim:-trim].astype(np.float32) / np.float32(scale)


def _glare(codes: NDArray[np.float32], clipped: float) -> bool:
    """Tell a reflection: one white spot that covers part of the width, the rest well exposed."""
    if not CLIPPED_SHARE[1] < clipped <= CLIPPED_SHARE[0]:
        return False
    mask = (darkest(codes) >= CLIPPED_CODE).astype(np.uint8)
    count, _, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=8)
    largest = int(stats[1:, cv2.CC_STAT_AREA].max()) if count > 1 else 0
    rest = brightest(codes)[mask == 0]
    return largest > GLARE_SHARE * mask.size and float(np.median(rest)) < CLIPPED_CODE - 15


def _bow(baseline: NDArray[np.float64]) -> float:
    """Return how far the line-free membrane departs from a straight line, rms absorbance."""
    known = np.isfinite(baseline)
    if known.sum() < 8:
        return 0.0
    x = np.flatnonzero(known)
    y = baseline[known]
    return float((y - np.polyval(np.polyfit(x, y, 1), x)).std())


def _shadow_edge(bright: NDArray[np.float32]) -> bool:
    """Tell a step of light across the window that no line explains: medians of quarters differ sharply."""
    columns = np.log10(np.maximum(np.median(bright, axis=0), 1.0)) * 2.2
    levels = [float(np.percentile(part, 80)) for part in np.array_split(columns, 6)]
    steps = np.abs(np.diff(levels))
    rest = np.sort(steps)[:-1]
    return bool(steps.max() > SHADOW_STEP and steps.max() > 4 * (float(rest.mean()) + 0.01))


def _edge_sigma(pixels: NDArray[Any], window: Window) -> float | None:
    """Return the sharpest long side's edge width as a Gaussian sigma, in membrane widths.

    The derivative of an edge is the point-spread function, so its second moment is the blur's.
    """
    rows = max(24, min(96, round(2.0 * window.width)))
    wide = Window(window.x, window.y, window.angle, window.length * 0.5, window.width * 2.0)
    grey = _window_codes(pixels, wide).mean(axis=2)
    if grey.shape[0] < 12:
        return None
    profile = cv2.GaussianBlur(np.median(grey, axis=1)[:, None], (1, 3), 0)[:, 0]
    slope = np.abs(np.diff(profile.astype(np.float64))) / max(float(np.median(grey)), 1.0)
    per_width = grey.shape[0] / (2.0 * (1 - 2 * max(1, round(SIDE_TRIM * rows)) / rows))
    best: float | None = None
    for half in (slope[: len(slope) // 2], slope[len(slope) // 2 :]):
        sigma = _peak_sigma(half)
        if sigma is not None:
            best = sigma if best is None else min(best, sigma)
    return None if best is None else best / per_width


def _smear(codes: NDArray[np.float32]) -> float | None:
    """Return the sharpest change along the flow as a Gaussian sigma, in membrane widths.

    For windows whose sides have no edge: so strong a blur leaves none. None where nothing changes, or
    where the change is no wider than a line may be, which proves nothing.
    """
    rows = len(codes) / (1 - 2 * SIDE_TRIM)
    # Smoothed by far less than what is asked for, lest the steps of 8-bit codes pass for edges.
    profile = cv2.GaussianBlur(np.median(codes.mean(axis=2), axis=0)[None], (0, 0), SMEARED / 3 * rows)[0]
    change = float(np.ptp(profile))
    if change < SEEN_CHANGE * float(np.median(profile)):
        return None
    sigma = change / (math.sqrt(2 * math.pi) * float(np.abs(np.diff(profile)).max())) / rows
    return sigma if sigma > SMEARED else None


def _peak_sigma(slope: NDArray[np.float64]) -> float | None:
    """Return the half-maximum width of the strongest slope as a Gaussian sigma, samples."""
    if len(slope) < 4 or slope.max() < SEEN_SLOPE:
        return None
    top = int(slope.argmax())
    reach = _half_reach(slope[top:]) + _half_reach(slope[top::-1])
    return reach / (2 * math.sqrt(2 * math.log(2)))


def _half_reach(falling: NDArray[np.float64]) -> float:
    """Return how far from its top a peak falls to half of it, between samples; or to where it is cut off."""
    half = falling[0] / 2
    below = np.flatnonzero(falling < half)
    if not below.size:
        return len(falling) - 0.5
    k = int(below[0])
    return float(k - (half - falling[k]) / (falling[k - 1] - falling[k]))
