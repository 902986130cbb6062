"""Tables for spreadsheets: streamed, so that memory stays flat, and no cell that a spreadsheet would run."""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final

from fastapi.responses import StreamingResponse

import reader

__all__ = ["CSV_ANSWER", "Cell", "csv_lines", "csv_response"]

Cell = str | float | int | bool | None

_BLOCK: Final = 1 << 14  # characters; each piece costs a change of threads

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
    r"""Yield a table piece by piece: RFC 4180, UTF-8 with a byte-order mark.

    Examples
    --------
    >>> b"".join(csv_lines(["who"], [["=1+1"]])).decode("utf-8-sig")
    "who\r\n'=1+1\r\n"
    """
    buffer = io.StringIO(newline="")
    writer = csv.writer(buffer)
    buffer.write("\ufeff")
    writer.writerow(columns)
    for row in rows:
        writer.writerow([_cell(value) for value in row])
        if buffer.tell() > _BLOCK:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def _cell(value: Cell) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    return reader.guarded(value) if isinstance(value, str) else value
