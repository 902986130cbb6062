"""A folder that is watched: what is dropped there is listed as soon as it is whole, and read.

What was listed stays listed, whatever becomes of the file, and each list is read once; so a run that is
killed at any moment goes on where it was. The folder is looked at again and again: shares tell of no changes.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from reader.batch.engines import Engine
from reader.batch.known import Known
from reader.batch.listing import path_below, pictures_below
from reader.batch.lists import Entry, Stamp, lists, write_list
from reader.batch.parts import Part, part_path
from reader.batch.places import alone, sweep
from reader.batch.plan import Plan, chunk_size
from reader.batch.run import RESERVE_BYTES, Tally, go_on, read_parts
from reader.errors import CapacityError, InputError
from reader.photo import file_bytes

__all__ = ["INTERVAL_S", "Ears", "watch"]

INTERVAL_S: Final = 5.0
"""Between two looks, s: a copy that rests for so long is taken for whole."""


@dataclass(frozen=True, slots=True)
class Ears:
    """Who is told what.

    Attributes
    ----------
    read : callable
        Called with the counts when it is known what was read before, and after each round in which something
        was read.
    again : callable
        Called with the address of a picture whose name was used before, for other bytes.
    quiet : callable
        Called after a look that found nothing to read.
    """

    read: Callable[[Tally], Any] = lambda _: None
    again: Callable[[str], Any] = lambda _: None
    quiet: Callable[[], Any] = lambda: None


def watch(
    plan: Plan,
    engine: Engine,
    ears: Ears,
    *,
    pause: Callable[[], Any] = lambda: time.sleep(INTERVAL_S),
    reserve_bytes: int = RESERVE_BYTES,
) -> None:
    """Read what is dropped into a folder, until an exception ends it.

    Parameters
    ----------
    plan : Plan
        Of a run that watches.
    engine : Engine
        Where to read.
    ears : Ears
        Who is told.
    pause : callable, optional
        Waits between two looks.
    reserve_bytes : int, default `RESERVE_BYTES`
        Disk space to leave free.

    Raises
    ------
    OutputError
        If the disk is full, or nothing can be written.
    CapacityError
        If another process works on the run, or the folder can no longer be looked into.
    RunError
        If the run is damaged.
    """
    with alone(plan.run):
        sweep(plan.run / "lists")
        known = Known(plan.run)
        tally = go_on(plan, engine, known, reserve_bytes=reserve_bytes)
        ears.read(tally)
        folder = _Folder(plan)
        while True:
            parts = list(_listed(plan, folder, folder.look(ears.again)))
            if parts:
                read_parts(plan, engine, parts, tally, known, reserve_bytes=reserve_bytes)
                ears.read(tally)
            else:
                ears.quiet()
            pause()


def _listed(plan: Plan, folder: _Folder, entries: Sequence[Entry]) -> Iterator[Part]:
    """List what is to be read next, a part each."""
    size = plan.chunk or chunk_size(len(entries))
    for start in range(0, len(entries), size):
        chunk = entries[start : start + size]
        number = folder.add(chunk)
        write_list(plan.run, number, chunk)
        yield Part(number, tuple(entry.path for entry in chunk), plan.digest)


@dataclass(slots=True)
class _Folder:
    """What is known of a folder: what was listed, and what lies there and is perhaps not whole yet.

    Attributes
    ----------
    listed : dict
        From a picture's address to what its file was like when it was last listed or compared, None if it was
        gone since, and the number of that list.
    growing : dict
        What files were like at the last look that are not listed like that.
    """

    plan: Plan
    listed: dict[str, tuple[Stamp | None, int]] = field(default_factory=dict)
    growing: dict[str, Stamp] = field(default_factory=dict)
    lists: int = 0

    def __post_init__(self) -> None:
        for entries in lists(self.plan.run):
            self.add(entries)

    def add(self, entries: Sequence[Entry]) -> int:
        """Take note of a list; return its number."""
        number, self.lists = self.lists, self.lists + 1
        self.listed |= {entry.path: (entry.stamp, number) for entry in entries}
        return number

    def look(self, again: Callable[[str], Any]) -> list[Entry]:
        """Return the pictures that are new, or others than were listed, and the same as at the last look."""
        present = dict(_stamps(self.plan.root))
        for path in self.listed.keys() - present.keys():
            self.listed[path] = (None, self.listed[path][1])
        other = {path: stamp for path, stamp in present.items() if self.listed.get(path, (None,))[0] != stamp}
        whole = [Entry(path, stamp) for path, stamp in other.items() if self.growing.get(path) == stamp]
        self.growing = other
        return [entry for entry in whole if self._is_new(entry, again)]

    def _is_new(self, entry: Entry, again: Callable[[str], Any]) -> bool:
        if entry.path not in self.listed:
            return True
        number = self.listed[entry.path][1]
        if _digest(self.plan.root, entry.path) == _digest_read(self.plan, number, entry.path):
            self.listed[entry.path] = (entry.stamp, number)
            return False
        again(entry.path)
        return True


def _stamps(root: str) -> Iterator[tuple[str, Stamp]]:
    try:
        for name in pictures_below(root):
            try:
                status = os.lstat(path_below(root, name))
            except OSError:  # it went while we looked
                continue
            if stat.S_ISREG(status.st_mode):
                yield name, (status.st_size, status.st_mtime_ns)
    except OSError as error:
        raise CapacityError(f"{root} can no longer be looked into: {error.strerror or error}.") from error


def _digest(root: str, name: str) -> str | None:
    try:
        return hashlib.sha256(file_bytes(path_below(root, name))).hexdigest()
    except InputError:
        return None


def _digest_read(plan: Plan, number: int, name: str) -> str | None:
    """Return the digest of the bytes that were read under a name when it was listed last."""
    for text in part_path(plan.run, number).read_bytes().splitlines():
        line = json.loads(text)
        if line.get("path") == name:
            return None if line["sha256"] is None else str(line["sha256"])
    return None
