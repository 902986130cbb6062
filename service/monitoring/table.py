"""Dataclasses as the rows of a table, what is nested in them spread over columns."""

import dataclasses
import typing
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

__all__ = ["columns_of", "rows_of"]


def columns_of(kind: type[Any]) -> list[str]:
    """Return the names of the columns of a dataclass.

    Examples
    --------
    >>> from service.monitoring.counts import Reason
    >>> columns_of(Reason)
    ['outcome', 'flag', 'of_part', 'of_whole', 'of_value', 'of_low', 'of_high']
    """
    return ["_".join(path) for path in _paths(kind)]


def rows_of(kind: type[Any], records: Iterable[Any]) -> Iterator[list[Any]]:
    """Yield the cells of each record; tuples become one text, and what is not there None."""
    paths = list(_paths(kind))
    for record in records:
        yield [_cell(record, path) for path in paths]


def _paths(kind: type[Any]) -> Iterator[tuple[str, ...]]:
    """Yield where the plain values of a dataclass are: their names, from the outside in."""
    hints = typing.get_type_hints(kind)
    for field in dataclasses.fields(kind):
        nested = _nested(hints[field.name])
        if nested is None:
            yield (field.name,)
        else:
            yield from ((field.name, *path) for path in _paths(nested))


def _nested(hint: Any) -> type[Any] | None:
    """Return the dataclass that a hint names, by itself or as one that may be None."""
    for kind in (hint, *typing.get_args(hint)):
        if isinstance(kind, type) and dataclasses.is_dataclass(kind):
            return kind
    return None


def _cell(record: Any, path: Sequence[str]) -> Any:
    for name in path:
        record = None if record is None else getattr(record, name)
    if isinstance(record, tuple):
        return "; ".join(" ".join(map(str, one)) for one in record)
    return record
