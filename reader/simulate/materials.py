"""Table tops: textures of what tests lie on, as factors about 1 on a grid in millimetres."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Literal

import numpy as np

from reader.simulate.ink import text_mask
from reader.simulate.noise import octaves, smooth_noise
from reader.simulate.raster import FloatArray, Grid, single

__all__ = ["MATERIALS", "Material", "skin"]

Material = Literal["paper", "laminate", "wood", "cloth", "stone", "noise", "granite", "page", "tiles", "skin"]

_SYLLABLES = ("ra", "men", "to", "li", "sa", "ven", "dor", "ka", "est", "pu", "no", "ther", "in", "al", "ge")


def _paper(grid: Grid, rng: np.random.Generator) -> FloatArray:
    fibres = smooth_noise(grid.shape, 0.25 * grid.px_per_mm, rng)
    clouds = smooth_noise(grid.shape, 9 * grid.px_per_mm, rng)
    return single(1 + 0.008 * fibres + 0.012 * clouds)


def _laminate(grid: Grid, rng: np.random.Generator) -> FloatArray:
    specks = smooth_noise(grid.shape, 0.18 * grid.px_per_mm, rng)
    clouds = octaves(grid.shape, 30 * grid.px_per_mm, rng)
    return single(1 + 0.02 * specks + 0.03 * clouds)


def _wood(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Veneer: growth rings cut almost along the grain, with pores drawn out along it."""
    k = grid.px_per_mm
    y = (np.arange(grid.shape[0], dtype=np.float32) / k)[:, None]
    wander = 3.0 * smooth_noise(grid.shape, (16 * k, 90 * k), rng)
    wander += 0.25 * smooth_noise(grid.shape, (2 * k, 40 * k), rng)
    rings = 0.5 + 0.5 * np.sin((y + wander) * (2 * math.pi / 8.5) + 1.5 * np.sin((y + wander) / 6.1))
    pores = smooth_noise(grid.shape, (0.13 * k, 2.4 * k), rng)
    fine = smooth_noise(grid.shape, (0.22 * k, 7.0 * k), rng)
    level = 0.93 + 0.13 * rings**1.6 + 0.05 * fine - 0.20 * np.clip(pores - 1.0, 0, 1.5)
    level = level * (1 + 0.05 * octaves(grid.shape, 40 * k, rng))
    depth = np.array([0.75, 1.0, 1.25], np.float32)  # dark wood is also redder
    return single(np.clip(level, 0.2, 1.6)[..., None] ** depth)


def _cloth(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Plain weave with uneven threads and soft folds."""
    k = grid.px_per_mm
    rows, columns = grid.shape
    pitch = 0.9
    wander = 0.10 * smooth_noise(grid.shape, 6 * k, rng)
    y = (np.arange(rows, dtype=np.float32) / k)[:, None] + wander
    x = (np.arange(columns, dtype=np.float32) / k)[None] + wander.mean() + 0.5 * wander
    warp, weft = np.sin(math.pi * x / pitch), np.sin(math.pi * y / pitch)
    over = np.sign(warp * weft)
    weave = np.where(over > 0, np.abs(warp), np.abs(weft))
    threads = 1 + 0.06 * smooth_noise(grid.shape, (0.4 * k, 7 * k), rng)
    threads += 0.06 * smooth_noise(grid.shape, (7 * k, 0.4 * k), rng)
    folds = 1 + 0.10 * smooth_noise(grid.shape, (25 * k, 45 * k), rng)
    return single(np.clip((0.62 + 0.5 * weave) * threads * folds, 0.2, 1.6))


def _stone(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Polished stone: clouds, veins and grains."""
    k = grid.px_per_mm
    clouds = octaves(grid.shape, 22 * k, rng, levels=5, gain=0.65)
    vein = np.abs(octaves(grid.shape, 35 * k, rng, levels=3))
    grains = smooth_noise(grid.shape, 0.5 * k, rng)
    level = 1 + 0.13 * clouds - 0.35 * np.exp(-((vein / 0.05) ** 2)) + 0.07 * grains
    warm = np.stack([1 + 0.02 * clouds, np.ones_like(clouds), 1 - 0.04 * clouds], -1)
    return single(np.clip(level, 0.3, 1.5)[..., None] * warm)


def _noise(grid: Grid, rng: np.random.Generator) -> FloatArray:
    fields = [0.8 * smooth_noise(grid.shape, 0.2 * grid.px_per_mm, rng) for _ in range(3)]
    return single(np.exp(np.stack(fields, -1)))


def _granite(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Polished granite: grains of three minerals."""
    k = grid.px_per_mm
    grains = octaves(grid.shape, 1.1 * k, rng, levels=3, gain=0.9)
    dark = octaves(grid.shape, 0.6 * k, rng, levels=3, gain=0.8)
    clouds = octaves(grid.shape, 12 * k, rng)
    level = 1 + 0.18 * np.tanh(2 * grains) - 0.6 * np.clip(2 * (dark - 1.2), 0, 1) + 0.08 * clouds
    warm = np.stack([1 + 0.06 * np.tanh(2 * grains), np.ones_like(grains), np.ones_like(grains)], -1)
    return single(np.clip(level, 0.1, 1.6)[..., None] * warm)


def _page(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Draw a printed page that fills the picture: invented words, line under line."""
    k = grid.px_per_mm
    height = float(rng.uniform(1.1, 1.9)) * k
    columns = math.ceil(grid.shape[1] / (0.5 * height))
    rows = math.ceil(grid.shape[0] / (1.2 * height))
    text = "\n".join(_sentence(columns, rng) for _ in range(rows))
    ink = text_mask(text, height)[: grid.shape[0], : grid.shape[1]]
    page = _paper(grid, rng)
    page[: ink.shape[0], : ink.shape[1]] *= 1 - 0.9 * ink
    return page


def _sentence(length: int, rng: np.random.Generator) -> str:
    words = ""
    while len(words) < length:
        words += "".join(_SYLLABLES[i] for i in rng.integers(0, len(_SYLLABLES), rng.integers(1, 5))) + " "
    return words[:length]


def _tiles(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Nested squares, light and dark: the boldest of patterned table cloths."""
    angle, pitch = float(rng.uniform(0, math.pi)), float(rng.uniform(22, 44))
    bands = int(rng.integers(2, 5))
    rows, columns = grid.shape
    x = (np.arange(columns, dtype=np.float32) / grid.px_per_mm)[None]
    y = (np.arange(rows, dtype=np.float32) / grid.px_per_mm)[:, None]
    u, v = x * math.cos(angle) + y * math.sin(angle), y * math.cos(angle) - x * math.sin(angle)
    ring = np.maximum(np.abs(u % pitch - pitch / 2), np.abs(v % pitch - pitch / 2)) * (2 * bands / pitch)
    wave = np.abs((ring + 0.5) % 2 - 1)  # 0 and 1 in the middles of dark and light bands
    sharp = pitch / (2 * bands) * grid.px_per_mm  # px to a band
    light = np.clip(0.5 + (wave - 0.5) * sharp, 0, 1)
    return single((0.12 + 1.2 * light) * (1 + 0.02 * smooth_noise(grid.shape, 0.3 * grid.px_per_mm, rng)))


def skin(grid: Grid, rng: np.random.Generator) -> FloatArray:
    """Return the skin of a palm: ridges, creases, blood showing through; shape (rows, columns, 3)."""
    k = grid.px_per_mm
    rows, columns = grid.shape
    bend = 5.0 * smooth_noise(grid.shape, 9 * k, rng)
    y = (np.arange(rows, dtype=np.float32) / k)[:, None] + 0.3 * (np.arange(columns, dtype=np.float32) / k)
    ridges = np.sin((y + bend) * (2 * math.pi / 0.5))
    crease = np.exp(-((octaves(grid.shape, 30 * k, rng, levels=2) / 0.02) ** 2))
    mottle = octaves(grid.shape, 5 * k, rng)
    fine = smooth_noise(grid.shape, 0.15 * k, rng)
    level = 1 + 0.025 * ridges + 0.03 * fine - 0.10 * crease + 0.04 * mottle
    blood = np.stack([np.ones_like(mottle), 1 - 0.06 * mottle, 1 - 0.05 * mottle], -1)
    return single(np.clip(level, 0.3, 1.4)[..., None] * blood)


MATERIALS: Mapping[str, Callable[[Grid, np.random.Generator], FloatArray]] = {
    "paper": _paper,
    "laminate": _laminate,
    "wood": _wood,
    "cloth": _cloth,
    "stone": _stone,
    "noise": _noise,
    "granite": _granite,
    "page": _page,
    "tiles": _tiles,
    "skin": skin,
}
