"""Straight patches of simulated membranes for the tests of the measurement."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import Patch
from reader.simulate import Band, Membrane, membrane

GOLD = (0.0, 1.0, 0.0)
SIZE_MM = (16.0, 3.0)
PX_PER_MM = 25.0
FWHM_MM = 0.9
SIGMA = FWHM_MM / 2.3548 / SIZE_MM[1]  # membrane widths
PLAIN = Membrane(tone=(0.8, 0.8, 0.8), texture=0, streaks=0, edge_darkening=0)
REAL = Membrane()  # grain, streaks, darker sides


def light_of(
    lines: Mapping[str, float] | Sequence[Band], seed: int = 0, *, look: Membrane = REAL, **options: float
) -> NDArray[np.float32]:
    """Simulate the linear light of one membrane, flow from left to right."""
    rng = np.random.default_rng(seed)
    settings = {"px_per_mm": PX_PER_MM, "size_mm": SIZE_MM, "noise": 0.01, **options}
    return membrane(lines, rng=rng, look=look, **settings).pixels


def patch_of_light(light: NDArray[np.floating]) -> Patch:
    """Take all of the light for the window itself."""
    rows, columns = light.shape[:2]
    return Patch(np.log10(light).astype(np.float32), rows, columns, 0, 0)


def place(position: float, size_mm: tuple[float, float] = SIZE_MM) -> float:
    """Turn a position 0..1 into membrane widths from the left end."""
    return position * size_mm[0] / size_mm[1]
