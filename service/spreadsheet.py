"""Tables for spreadsheets: streamed, so that memory stays flat, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from fastapi.responses import StreamingResponse

import reader

__all__ = ["CSV_ANSWER", "Cell", "csv_lines", "csv_response"]

Cell = str | float | int | bool | None

CSV_ANSWER: Final[dict[int | str, dict[str, Any]]] = {
    200: {"description": "The table", "content": {"text/csv": {"schema": {"type": "string"}}}}
}
"""The answer of a route that gives a table, for the OpenAPI document."""


def csv_response(name: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> StreamingResponse:
    """Answer with a table that is written while it is sent.

    Parameters
    ----------
    name : str
        What a browser calls the file; a name of ours.
    columns : sequence of str
        The heading.
    rows : iterable of sequence
        The rows.
    """
    return StreamingResponse(
        csv_lines(columns, rows),
        media_type="text/csv",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def csv_lines(columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    r"""Yield a table line by line: RFC 4180, UTF-8 with a byte-order mark.

    Examples
    --------
    >>> list(csv_lines(["who"], [["=1+1"]]))[1:]
    [b"'=1+1\r\n"]
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    yield "\ufeff".encode() + _written(buffer, writer, columns)
    for row in rows:
        yield _written(buffer, writer, [_cell(value) for value in row])


def _written(buffer: io.StringIO, writer: Any, row: Sequence[Cell]) -> bytes:
    writer.writerow(row)
    line = buffer.getvalue().encode()
    buffer.seek(0)
    buffer.truncate()
    return line


def _cell(value: Cell) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    return reader.guarded(value) if isinstance(value, str) else value
