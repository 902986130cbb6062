"""The table as Parquet, for pandas, DuckDB and the like: in groups of rows, so that memory stays small."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any

from reader.batch.parts import Item
from reader.batch.places import Place, whole_file
from reader.errors import ExtraMissing
from reader.export.rows import Cell, Put, Row, Table

__all__ = ["has_parquet", "parquet_file"]

GROUP = 50_000  # rows held and written at once: some 60 MB of Python's own objects
COMPRESSION = "zstd"
_TYPES = MappingProxyType({"text": "string", "number": "double", "integer": "int64", "truth": "bool"})


def has_parquet() -> bool:
    """Tell whether the extra that Parquet needs is installed."""
    return find_spec("pyarrow") is not None


@contextmanager
def parquet_file(path: Place, table: Table) -> Iterator[Put]:
    """Write the table of a run in groups of rows.

    Parameters
    ----------
    path : Place
        Where to.
    table : Table
        Its columns.

    Yields
    ------
    callable
        Adds a picture and its rows.

    Raises
    ------
    ExtraMissing
        If PyArrow is not installed.
    """
    arrow, parquet = _arrow()
    schema = arrow.schema([(column.name, _TYPES[column.kind]) for column in table.columns])
    held: list[Row] = []

    def flush() -> None:
        columns = zip(schema.types, zip(*held, strict=True), strict=True)
        arrays = [arrow.array(map(_cell, cells), kind) for kind, cells in columns]
        writer.write_batch(arrow.record_batch(arrays, schema=schema))
        held.clear()

    def put(_item: Item, rows: Sequence[Row]) -> None:
        held.extend(rows)
        if len(held) >= GROUP:
            flush()

    with whole_file(path) as stream, parquet.ParquetWriter(stream, schema, compression=COMPRESSION) as writer:
        yield put
        if held:
            flush()


def _arrow() -> tuple[Any, Any]:
    try:
        return import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ExtraMissing(
            "Parquet needs PyArrow, which is not installed: pip install 'lfa-reader[parquet]'."
        ) from None


def _cell(value: Cell) -> Cell:
    """Return a cell that Parquet can hold: text must be valid Unicode there."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "backslashreplace").decode("utf-8")
    return value
