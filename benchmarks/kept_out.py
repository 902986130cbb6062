"""Which labelled photos are kept out of every fit, so that they can be reported on: a third of the tests."""

from __future__ import annotations

import zlib
from collections.abc import Mapping

__all__ = ["is_kept_out"]

PARTS = 3  # of which one is kept out


def is_kept_out(row: Mapping[str, str]) -> bool:
    """Tell whether the physical test of a row of ``labels.csv`` is kept out; its pictures are never split."""
    test = f"{row['source']}/{row['group'] or row['path']}"
    # Python's own hash differs from run to run.
    return zlib.crc32(test.encode()) % PARTS == 0
