"""A clear line as the search describes one, for tests of what follows the search."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from reader.measure.lines import FoundLine

__all__ = ["GOLD", "found"]

GOLD = np.array([0.01, 0.3, 0.2])


def found(**changes: object) -> FoundLine:
    """Describe a clear control line."""
    line = FoundLine(
        place=1.7,
        sigma=0.13,
        height=0.25,
        snr=80.0,
        block_snr=90.0,
        full=1.0,
        least=0.93,
        uneven=0.04,
        step=0.03,
        explained=0.98,
        colour=GOLD,
        slope=0.0,
        bend=0.01,
        to_end=1.7,
        frame=1.0,
    )
    return replace(line, **changes)
