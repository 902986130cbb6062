"""How finely a scene is computed: as finely as the samples, or as finely as thousands of pictures need."""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["FINE", "QUICK", "Detail"]


@dataclass(frozen=True, slots=True)
class Detail:
    """How finely a scene is computed.

    Attributes
    ----------
    supersampling : int, default 4
        Sub-pixels per side at which devices are seen: 4 makes the edge of a thing across a pixel right to
        1/16 of its contrast, 2 to 1/4; lines, which are many pixels wide, lose nothing.
    face : float, default 1.25
        Scale of the grid of plastic and prints, over that of the picture.
    shade_px_per_mm : float, default infinite
        Largest scale at which height and shade are computed; moulded edges are 0.16 mm round.
    soft_px : float, default infinite
        Blurs of more than this are made on a coarser grid.
    local : bool, default False
        Draw each print, well and thing beside the tests only where it is, which takes fewer dice.
    """

    supersampling: int = 4
    face: float = 1.25
    shade_px_per_mm: float = math.inf
    soft_px: float = math.inf
    local: bool = False


FINE = Detail()
QUICK = Detail(supersampling=2, face=1.0, shade_px_per_mm=14.0, soft_px=4.0, local=True)
