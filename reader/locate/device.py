"""Find the outline of the device that a window belongs to."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window, halvings, overlap, sample
from reader.medians import median

__all__ = ["device_around", "lies_in", "plain_devices"]

FloatArray = NDArray[np.float32]

# Cassettes are 50 to 90 mm by 18 to 35 mm with windows of 10 to 25 mm by 3 to 5 mm; midstream tests are
# 140 mm long, and cards carry one window or more.
LENGTHS = (2.2, 9.0)  # length of a device, window lengths; the recess around a window is shorter
WIDTHS = (1.8, 12.0)  # width of a device, window widths
PARALLEL = math.radians(5)  # by which a window may lie askew in its device, as it is seen
AXIS = 0.35  # device widths by which a window may lie off the device's axis
SAMPLES = 48, 24  # along and across an outline
ENOUGH = 3.0  # pixels of a smaller copy of the picture per sample that are as good as the picture
DEPTH = 2  # samples of those inside and outside that are compared
STEP = 0.06  # log10 of light, in any channel: a side with such a step counts half
LEAST = 0.35  # weakest proof of an outline: all four sides with a step of that size
CLEARLY = 0.03  # by how much a smaller outline must be better than a larger one
SAME = 0.8  # overlap of outlines of one and the same thing
DEVICES, NARROWEST = 3, 60.0  # devices in a picture that are looked into, and px of their width in it
ASPECT = (1.5, 6.0)  # length over width of a cassette


def device_around(log_small: FloatArray, window: Window, outlines: Sequence[Window]) -> Window | None:
    """Return the outline of the device that holds a window, or None where none is plain.

    Parameters
    ----------
    log_small : ndarray, shape (H, W, 3)
        Search picture, log10 of linear light.
    window : Window
        The membrane, in pixels of the search picture.
    outlines : sequence of Window
        Closed outlines in the search picture, as `propose_outlined` finds them.

    Returns
    -------
    Window or None
        In pixels of the search picture, with the window's direction of flow.
    """
    turned = (_turned(outline, window) for outline in outlines)
    around = [outline for outline in turned if outline is not None and _holds(outline, window)]
    levels = halvings(log_small) if around else []
    proven = [(_proof(levels, outline), outline) for outline in around]
    plain = [p for p in proven if p[0] > LEAST]
    if not plain:
        return None
    most = max(proof for proof, _ in plain)
    # A device holds smaller shapes as plain as itself, such as a label: the largest is the device.
    largest = max((o for proof, o in plain if proof > most - CLEARLY), key=lambda o: o.length * o.width)
    return max((p for p in plain if overlap(p[1], largest) > SAME), key=lambda p: p[0])[1]


def plain_devices(log_small: FloatArray, outlines: Sequence[Window]) -> list[Window]:
    """Return the outlines that are most plainly those of cassettes, parameters as for `device_around`."""
    large = [o for o in outlines if o.width > NARROWEST and ASPECT[0] < o.length / o.width < ASPECT[1]]
    levels = halvings(log_small) if large else []
    proven = sorted(((_proof(levels, o), o) for o in large), key=lambda p: -p[0])
    kept: list[Window] = []
    for proof, outline in proven:
        if proof > LEAST and not any(overlap(outline, other) > SAME for other in kept):
            kept.append(outline)
    return kept[:DEVICES]


def lies_in(window: Window, outline: Window) -> bool:
    """Tell whether a window lies in an outline as windows lie in devices."""
    turned = _turned(outline, window)
    return turned is not None and _holds(turned, window)


def _turned(outline: Window, window: Window) -> Window | None:
    """Return an outline with the window's direction of flow, or None if it lies askew."""
    turn = math.remainder(outline.angle - window.angle, math.pi)
    across = abs(abs(turn) - math.pi / 2) < PARALLEL
    if abs(turn) > PARALLEL and not across:
        return None
    length, width = (outline.width, outline.length) if across else (outline.length, outline.width)
    askew = math.remainder(outline.angle - window.angle, math.pi / 2)
    return Window(outline.x, outline.y, window.angle + askew, length, width)


def _holds(outline: Window, window: Window) -> bool:
    """Tell whether an outline along a window is so large, and lies so around it, as devices do."""
    if not LENGTHS[0] < outline.length / window.length < LENGTHS[1]:
        return False
    if not WIDTHS[0] < outline.width / window.width < WIDTHS[1]:
        return False
    dx, dy = window.x - outline.x, window.y - outline.y
    u, v = outline.flow, outline.across
    along, across = abs(dx * u[0] + dy * u[1]), abs(dx * v[0] + dy * v[1])
    return along + window.length / 2 < outline.length / 2 and across < AXIS * outline.width


def _proof(levels: Sequence[FloatArray], outline: Window) -> float:
    """Return how plainly light or colour changes at all four sides of an outline, 0..1."""
    columns, rows = SAMPLES
    step = min(outline.length / columns, outline.width / rows)
    level = min(max(math.floor(math.log2(step / ENOUGH)), 0), len(levels) - 1)
    wide = replace(
        outline,
        length=outline.length * (columns + 2 * DEPTH) / columns,
        width=outline.width * (rows + 2 * DEPTH) / rows,
    )
    seen = sample(levels[level], wide.scaled(0.5**level), columns + 2 * DEPTH, rows + 2 * DEPTH)
    # Corners are round, and other things lie against a device: the middle halves of the sides tell.
    along, across = slice(columns // 4, -columns // 4), slice(rows // 4, -rows // 4)
    sides = (
        seen[:, along].swapaxes(0, 1),
        seen[::-1, along].swapaxes(0, 1),
        seen[across],
        seen[across, ::-1],
    )
    return float(np.mean([_step(side) for side in sides]))


def _step(side: FloatArray) -> float:
    """Return how plainly one side is one, 0..1; ``side`` runs from outside inwards along axis 1.

    What lies beyond the picture cannot be told from the device, and proves nothing.
    """
    outside, inside = side[:, 0], side[:, 2 * DEPTH - 1]
    steps = (inside - outside)[np.isfinite(outside).all(axis=1)]
    if len(steps) < len(side) // 2:
        return 0.0
    step = float(np.abs(median(steps.T)).max())
    return step / (step + STEP)
