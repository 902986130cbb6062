"""The quantisation tables of a JPEG."""

import struct

__all__ = ["quantisation_tables"]


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
