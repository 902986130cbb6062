"""Tables for spreadsheets: RFC 4180, UTF-8 with a byte-order mark, no cell that a spreadsheet would run."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager

from reader.batch.parts import Item
from reader.batch.places import Place, whole_file
from reader.export.metadata import Unused
from reader.export.rows import Cell, Put, Row, Table, error_text

__all__ = ["csv_file", "failures_file", "guarded", "unused_file"]

FAILURES = ("path", "sha256", "code", "what", "what_to_do")
UNUSED = ("line", "name", "what")
# What spreadsheets take for the start of a formula, with the wide signs that Asian editions fold to these.
_FORMULA = re.compile(r"[=+\-@\t\r\n＝＋－＠]")
_NUMBER = re.compile(r"[+-]?(\d+([.,]\d*)?|[.,]\d+)([eE][+-]?\d+)?", re.ASCII)


@contextmanager
def csv_file(path: Place, table: Table) -> Iterator[Put]:
    """Write the table of a run, row by row.

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
    """
    with _sheet(path, [column.name for column in table.columns]) as put_row:

        def put(_item: Item, rows: Sequence[Row]) -> None:
            for row in rows:
                put_row(row)

        yield put


@contextmanager
def failures_file(path: Place, _table: Table) -> Iterator[Put]:
    """Write the list of what could not be read as a picture, with why and what to do; see `csv_file`."""
    with _sheet(path, FAILURES) as put_row:

        def put(item: Item, _rows: Sequence[Row]) -> None:
            if item.error is not None:
                put_row((item.path, item.sha256, item.error["code"], *error_text(item.error)))

        yield put


def unused_file(path: Place, unused: Iterable[Unused]) -> None:
    """Write the list of the metadata's rows that stand beside no picture.

    Parameters
    ----------
    path : Place
        Where to.
    unused : iterable of Unused
        The rows.
    """
    with _sheet(path, UNUSED) as put_row:
        for row in unused:
            put_row((row.line, row.name, row.why))


def guarded(text: str) -> str:
    """Return text as a cell that no spreadsheet takes for a formula.

    Examples
    --------
    >>> guarded("=1+1"), guarded("-0.5"), guarded("clinic")
    ("'=1+1", '-0.5', 'clinic')
    """
    return f"'{text}" if _FORMULA.match(text) and not _NUMBER.fullmatch(text) else text


@contextmanager
def _sheet(path: Place, columns: Sequence[str]) -> Iterator[Callable[[Row], object]]:
    """Write a heading; yield what writes a row."""
    with whole_file(path) as stream:
        # A file name that is not valid Unicode must not stop the table.
        words = io.TextIOWrapper(stream, encoding="utf-8", errors="backslashreplace", newline="")
        try:
            words.write("\ufeff")
            rows = csv.writer(words)
            rows.writerow(columns)
            yield lambda row: rows.writerow(map(_cell, row))
        finally:
            words.detach()


def _cell(value: Cell) -> Cell:
    if isinstance(value, str):
        return guarded(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    return value
