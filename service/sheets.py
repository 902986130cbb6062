"""Tables for spreadsheets: CSV (RFC 4180, UTF-8 with a byte-order mark), with no cell that one would run."""

import csv
import dataclasses
import io
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import reader

__all__ = ["columns_of", "sheet", "sheet_of"]

_MARK = "\ufeff"  # without it, spreadsheets take UTF-8 for something else


def sheet(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    r"""Yield a table line by line.

    Parameters
    ----------
    columns : sequence of str
        The heading.
    rows : iterable of sequence
        Numbers, texts, truths, None, and tuples of these.

    Examples
    --------
    >>> list(sheet(["name", "positive"], [("=1+1", True)]))
    ['\ufeffname,positive\r\n', "'=1+1,true\r\n"]
    """
    yield _MARK + _line(columns)
    for row in rows:
        yield _line([_cell(value) for value in row])


def sheet_of(kind: type[Any], records: Iterable[Any]) -> Iterator[str]:
    """Yield dataclasses as a table, what is nested in them spread over columns.

    Parameters
    ----------
    kind : type
        The dataclass.
    records : iterable
        Its instances.
    """
    paths = list(columns_of(kind))
    names = ["_".join(path) for path in paths]
    return sheet(names, ([_at(record, path) for path in paths] for record in records))


def columns_of(kind: type[Any]) -> Iterator[tuple[str, ...]]:
    """Yield where the plain values of a dataclass are: their names, from the outside in."""
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        nested = _dataclass_in(hints[field.name])
        if nested is None:
            yield (field.name,)
        else:
            yield from ((field.name, *path) for path in columns_of(nested))


def _dataclass_in(hint: Any) -> type[Any] | None:
    """Return the dataclass that a hint names, by itself or as one that may be None."""
    choices = typing.get_args(hint) if typing.get_origin(hint) is not tuple else ()
    return next((kind for kind in (hint, *choices) if dataclasses.is_dataclass(kind)), None)  # type: ignore[return-value]


def _at(record: Any, path: Sequence[str]) -> object:
    for name in path:
        record = None if record is None else getattr(record, name)
    return record


def _cell(value: object) -> object:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return reader.guarded("; ".join(" ".join(map(str, one)) for one in value))
    return reader.guarded(value) if isinstance(value, str) else value


def _line(row: Sequence[object]) -> str:
    line = io.StringIO(newline="")
    csv.writer(line).writerow(row)
    return line.getvalue()
