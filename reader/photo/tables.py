"""The quantisation tables of a JPEG."""

from __future__ import annotations

import struct
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from reader.steps import Steps

__all__ = ["quantisation_tables", "steps_of"]

_BLOCK = 8
_COLOURS = 3


def steps_of(frame: bytes, tables: Mapping[int, tuple[int, ...]]) -> Steps | None:
    """Return the steps of a picture of three colours, or None of any other.

    Parameters
    ----------
    frame : bytes
        Content of the segment that describes the picture.
    tables : mapping of int to tuple of int
        Its quantisation tables by number.
    """
    if len(frame) < 6 + 3 * _COLOURS or frame[5] != _COLOURS:
        return None
    (_, fine, luma), (_, coarse, chroma) = (frame[k : k + 3] for k in (6, 9))
    if luma not in tables or chroma not in tables or not all((coarse >> 4, coarse & 15)):
        return None
    px = (max((fine >> 4) // (coarse >> 4), 1), max((fine & 15) // (coarse & 15), 1))
    return Steps(_square(tables[luma]), _square(tables[chroma]), px)


def _square(table: tuple[int, ...]) -> NDArray[np.float64]:
    """Lay out a table that is in zigzag order."""
    places = sorted(np.ndindex(_BLOCK, _BLOCK), key=lambda p: (sum(p), p[0] if sum(p) % 2 else p[1]))
    square = np.empty((_BLOCK, _BLOCK))
    square[tuple(np.transpose(places))] = table
    return square


def quantisation_tables(body: bytes) -> dict[int, tuple[int, ...]]:
    """Read the tables of one segment by number, in zigzag order.

    Parameters
    ----------
    body : bytes
        The segment's content: 8- or 16-bit tables, one after another.

    Raises
    ------
    struct.error
        If it ends within a table.

    Examples
    --------
    >>> quantisation_tables(bytes([1, *range(64)]))[1][:3]
    (0, 1, 2)
    """
    tables: dict[int, tuple[int, ...]] = {}
    position = 0
    while position < len(body):
        wide, number = body[position] >> 4, body[position] & 15
        kind = ">64H" if wide else ">64B"
        tables[number] = struct.unpack_from(kind, body, position + 1)
        position += 1 + struct.calcsize(kind)
    return tables
