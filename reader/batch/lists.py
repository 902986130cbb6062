"""The lists of a run that watches a folder: one for each part, written before that and never changed.

A list says which pictures its part is of, and how long and how old each was then: by that a name that is used
again for another picture is noticed. A name may stand in several lists: each time for other bytes.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from reader.batch.places import Place, write_whole
from reader.errors import RunError
from reader.reading import json_line

__all__ = ["Entry", "Stamp", "list_count", "lists", "times_listed", "write_list"]

Stamp = tuple[int, int]
"""Length, bytes, and time of the last change, ns, of a file: a file is another one when they are."""


@dataclass(frozen=True, slots=True)
class Entry:
    """A picture in a list: its address, and what its file was like."""

    path: str
    stamp: Stamp


def write_list(run: Place, number: int, entries: Sequence[Entry]) -> None:
    """Write the list of a part.

    Raises
    ------
    OutputError
        If it cannot be written; none is there then.
    """
    lines = (
        json_line({"path": entry.path, "bytes": entry.stamp[0], "mtime_ns": entry.stamp[1]})
        for entry in entries
    )
    write_whole(_list_path(run, number), b"".join(lines))


def lists(run: Place) -> Iterator[tuple[Entry, ...]]:
    """Return the lists of a run in their order; one that watches no folder has none.

    Raises
    ------
    RunError
        If one is damaged.
    """
    number = 0
    while True:
        path = _list_path(run, number)
        try:
            lines = [json.loads(line) for line in path.read_bytes().splitlines()]
            yield tuple(Entry(line["path"], (line["bytes"], line["mtime_ns"])) for line in lines)
        except FileNotFoundError:
            return
        except (OSError, ValueError, LookupError, TypeError) as error:
            raise RunError(f"{path} is damaged: {error}.") from error
        number += 1


def list_count(run: Place) -> tuple[int, int]:
    """Return how many lists there are, and how many pictures in them."""
    lengths = [len(entries) for entries in lists(run)]
    return len(lengths), sum(lengths)


def times_listed(run: Place) -> Counter[str]:
    """Return the addresses that stand in several lists, each with how often it does."""
    counts = Counter(entry.path for entries in lists(run) for entry in entries)
    return Counter({path: count for path, count in counts.items() if count > 1})


def _list_path(run: Place, number: int) -> Place:
    return run / "lists" / f"list-{number:06d}.jsonl"
