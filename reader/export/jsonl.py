"""The contract itself: one ``lfa-reading/1`` document to a line, the same bytes as ``lfa read --json``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from reader.batch.parts import Item
from reader.batch.places import Place, whole_file
from reader.export.rows import Put, Row, Table
from reader.reading import json_line

__all__ = ["jsonl_file"]


@contextmanager
def jsonl_file(path: Place, _table: Table) -> Iterator[Put]:
    """Write the document of each picture that was read.

    Parameters
    ----------
    path : Place
        Where to.

    Yields
    ------
    callable
        Adds a picture.
    """
    with whole_file(path) as stream:

        def put(item: Item, _rows: Sequence[Row]) -> None:
            if item.reading is not None:
                stream.write(json_line(item.reading))

        yield put
