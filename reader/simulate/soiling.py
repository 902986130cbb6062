"""What lies on a membrane and is no line: fronts of blood or label, tide marks, hairs, scratches."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

import cv2
import numpy as np

from reader.reading import Point
from reader.simulate.raster import FloatArray, single

__all__ = ["BLOOD", "HAIR", "INK", "SCRATCH", "Mark", "Stain", "draw_fibres", "mark_cover", "stain_depth"]

Colour = tuple[float, float, float]

# Absorbance in linear red, green and blue.
BLOOD: Colour = (0.10, 0.60, 1.0)  # haemoglobin, relative to blue
HAIR: Colour = (0.5, 0.6, 0.7)
INK: Colour = (1.2, 0.9, 0.4)
SCRATCH: Colour = (-0.03, -0.03, -0.03)  # torn membrane scatters more light than whole

FIBRE_CONTRAST = 0.02  # relative reflectance of a fibre of the membrane against its surroundings
_SEGMENTS = 12  # of the curve of a mark


@dataclass(frozen=True, slots=True)
class Stain:
    """Colour that spread over the membrane up to a front.

    Attributes
    ----------
    absorbance : tuple of float
        In linear red, green and blue, far behind the front.
    front : float
        Where it stopped: 0 at the control end of the window, 1 at the sample end.
    width_mm : float, default 0.5
        Half-width of the front; 0.3 to 2 mm.
    side : {"sample", "control"}
        The end from which it came.
    edge : float, default 0
        Of the tide mark at the front, over the absorbance behind it: what dried there last.
    waves : tuple of (mm, cycles per mm, phase)
        How the front deviates from a straight one across the strip.
    """

    absorbance: Colour
    front: float
    width_mm: float = 0.5
    side: Literal["sample", "control"] = "sample"
    edge: float = 0.0
    waves: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Mark:
    """A hair, a scratch or a stroke of a pen, along a bent line.

    Attributes
    ----------
    start_mm, bend_mm, end_mm : tuple of float
        Along the flow from the control end and across from the midline; the curve begins at the first,
        ends at the last and is drawn towards the second.
    width_mm : float, default 0.06
        Of the stroke; a hair has 0.05 to 0.1 mm.
    absorbance : tuple of float
        In linear red, green and blue; negative for what is brighter than the membrane.
    """

    start_mm: Point
    bend_mm: Point
    end_mm: Point
    width_mm: float = 0.06
    absorbance: Colour = HAIR


def stain_depth(stain: Stain, along_mm: FloatArray, across_mm: FloatArray, length_mm: float) -> FloatArray:
    """Return the share of a stain's absorbance at points of the membrane."""
    behind = along_mm - np.float32(stain.front * length_mm)
    for amplitude, cycles, phase in stain.waves:
        behind = behind + amplitude * np.cos(2 * math.pi * cycles * across_mm + phase)
    if stain.side == "control":
        behind = -behind
    steps = np.clip(behind / stain.width_mm, -40, 40)
    depth = 1 / (1 + np.exp(-steps))
    return single(depth + stain.edge * np.exp(-(steps**2)) if stain.edge else depth)


def mark_cover(mark: Mark, along_mm: FloatArray, across_mm: FloatArray) -> FloatArray:
    """Return the coverage of a mark at points of the membrane; its edge is a third of its width."""
    t = np.linspace(0, 1, _SEGMENTS + 1)[:, None]
    a, b, c = (np.array(p) for p in (mark.start_mm, mark.bend_mm, mark.end_mm))
    nodes = (1 - t) ** 2 * a + 2 * t * (1 - t) * b + t**2 * c
    along, across = np.broadcast_arrays(along_mm, across_mm)
    cover = np.zeros(along.shape, np.float32)
    (low_along, low_across), (high_along, high_across) = (
        nodes.min(0) - mark.width_mm,
        nodes.max(0) + mark.width_mm,
    )
    near = (along > low_along) & (along < high_along) & (across > low_across) & (across < high_across)
    if near.any():
        distance = _distance(nodes, along[near], across[near])
        cover[near] = np.clip(2.0 - 3 * distance / mark.width_mm, 0, 1)
    return cover


def _distance(nodes: np.ndarray, along: FloatArray, across: FloatArray) -> FloatArray:
    """Return the distance of points to a line through nodes."""
    nearest = np.full(along.shape, np.inf, np.float32)
    for (x, y), (u, v) in pairwise(nodes):
        length2 = max((u - x) ** 2 + (v - y) ** 2, 1e-12)
        share = np.clip(((along - x) * (u - x) + (across - y) * (v - y)) / length2, 0, 1)
        nearest = np.minimum(
            nearest, (along - x - share * (u - x)) ** 2 + (across - y - share * (v - y)) ** 2
        )
    return single(np.sqrt(nearest))


def draw_fibres(
    shape: tuple[int, int], per_mm2: float, px_per_mm: float, rng: np.random.Generator
) -> FloatArray:
    """Draw single fibres, mostly along the flow, as changes of relative reflectance.

    Parameters
    ----------
    shape : tuple of int
        Rows across and columns along the flow.
    per_mm2 : float
        Fibres to a square millimetre.
    px_per_mm : float
        Scale.
    rng : numpy.random.Generator
        For places, lengths, directions and contrasts.
    """
    count = int(rng.poisson(per_mm2 * shape[0] * shape[1] / px_per_mm**2))
    total = np.zeros(shape, np.float32)
    for _ in range(count):
        x, y = rng.uniform(0, shape[1]), rng.uniform(0, shape[0])
        reach, angle = rng.uniform(0.3, 2.0) * px_per_mm, rng.normal(0, 0.35)
        step = (reach * math.cos(angle), reach * math.sin(angle))
        ends = [(round(16 * (x + k * step[0])), round(16 * (y + k * step[1]))) for k in (-0.5, 0.5)]
        one = np.zeros(shape, np.uint8)
        cv2.line(one, ends[0], ends[1], 255, 1, cv2.LINE_AA, 4)
        total += np.float32(FIBRE_CONTRAST * rng.normal() / 255) * one
    return total
