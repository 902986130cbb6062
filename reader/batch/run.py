"""The run: read what is not yet read, chunk by chunk, and keep each as soon as it is read."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from reader.batch.engines import Engine
from reader.batch.known import Known
from reader.batch.parts import Counts, Fault, Line, Part, check_part, whole_part, write_part
from reader.batch.places import Place, alone, check_pictures, free_bytes, sweep
from reader.batch.plan import Plan
from reader.errors import CapacityError, OutputError, SourceUnreadable, WorkerCrashed, WorkerTimeout

__all__ = ["RESERVE_BYTES", "Tally", "faults", "go_on", "read_parts", "run_plan"]

RESERVE_BYTES: Final = 50 * 2**20
"""Disk space, bytes, that is left free for others: a disk that is full to the last byte stops them, too."""

_PICTURE_BYTES: Final = 8 * 2**10  # of a line and of what is derived from it; a strip takes 2 to 3 kB
_DEADLY: Final = frozenset({WorkerCrashed.code, WorkerTimeout.code})
_MOST_IN_A_ROW: Final = 20  # pictures; a few bad ones may lie side by side, so many do not


@dataclass(slots=True)
class Tally:
    """How many pictures came out how.

    Attributes
    ----------
    outcomes : Counter of str
        Readings by their outcome.
    errors : Counter of str
        Pictures that could not be read, by the error's code.
    """

    outcomes: Counter[str] = field(default_factory=Counter)
    errors: Counter[str] = field(default_factory=Counter)

    @property
    def pictures(self) -> int:
        """How many there are."""
        return self.outcomes.total() + self.errors.total()

    def add_part(self, counts: Counts) -> None:
        """Count the pictures of a part."""
        self.outcomes.update(counts.outcomes)
        self.errors.update(counts.errors)

    def add(self, line: Line) -> None:
        """Count one picture."""
        (self.errors if line.failed else self.outcomes)[line.outcome] += 1


def run_plan(
    plan: Plan,
    engine: Engine,
    *,
    told: Callable[[Tally], Any] = lambda _: None,
    reserve_bytes: int = RESERVE_BYTES,
) -> Tally:
    """Read all pictures of a plan that are in no whole part yet.

    Parameters
    ----------
    plan : Plan
        What to read.
    engine : Engine
        Where to read it.
    told : callable, optional
        Called with the counts when it is known what was read before, and after each picture; it must not
        change or keep them.
    reserve_bytes : int, default `RESERVE_BYTES`
        Disk space to leave free.

    Returns
    -------
    Tally
        Of the whole run.

    Raises
    ------
    OutputError
        If the disk is full, or a part cannot be written. What was written before is whole.
    CapacityError
        If another process works in the run folder, none that reads pictures can be started, too many pictures
        in a row end the processes that read them, or the folder of the pictures has gone.
    ClusterError
        If the engine is a cluster that cannot be used.
    StoreError
        If a store does not answer, or refuses.
    """
    with alone(plan.run):
        return go_on(plan, engine, Known(plan.run), told=told, reserve_bytes=reserve_bytes)


def go_on(
    plan: Plan,
    engine: Engine,
    known: Known,
    *,
    told: Callable[[Tally], Any] = lambda _: None,
    reserve_bytes: int = RESERVE_BYTES,
) -> Tally:
    """Do what `run_plan` does where no other process can work, and remember what was read."""
    for folder in (plan.run, plan.run / "parts"):
        sweep(folder)
    tally, missing = _looked_through(plan, known)
    _check_space(plan.run, reserve_bytes + _PICTURE_BYTES * (plan.count - tally.pictures))
    told(tally)
    parts = (part for part in plan.chunks() if part.number in missing)
    read_parts(plan, engine, parts, tally, known, told=told, reserve_bytes=reserve_bytes)
    return tally


def read_parts(
    plan: Plan,
    engine: Engine,
    parts: Iterable[Part],
    tally: Tally,
    known: Known,
    *,
    told: Callable[[Tally], Any] = lambda _: None,
    reserve_bytes: int = RESERVE_BYTES,
) -> None:
    """Read some parts of a plan, and count what is found; the rest is as with `run_plan`."""
    in_a_row = _InARow()

    def seen(line: Line) -> None:
        in_a_row.add(line)
        tally.add(line)
        told(tally)

    # Closed at once, whatever ends it: processes are not to wait for a garbage collector.
    with contextlib.closing(engine.run(parts, seen, known.find)) as finished:
        for part, lines in finished:
            if any(line.failed and line.outcome == SourceUnreadable.code for line in lines):
                check_pictures(plan.root, may_be_empty=plan.lists is not None)
            _check_space(plan.run, reserve_bytes)
            write_part(plan.run, part, lines)
            known.learn(part.number, (line.text for line in lines))


def faults(plan: Plan) -> Iterator[tuple[Part, Fault]]:
    """Return each part that is not there, not whole, or not of this run."""
    for part in plan.chunks():
        found = check_part(plan.run, part)
        if not isinstance(found, Counts):
            yield part, found


def _looked_through(plan: Plan, known: Known) -> tuple[Tally, frozenset[int]]:
    """Return what whole parts hold, and the numbers of those parts that are yet to be read."""
    tally, missing = Tally(), set()
    for part in plan.chunks():
        found = whole_part(plan.run, part)
        if isinstance(found, str):
            missing.add(part.number)
        else:
            counts, texts = found
            tally.add_part(counts)
            known.learn(part.number, texts)
    return tally, frozenset(missing)


class _InARow:
    """Counts pictures that end the processes that read them, as long as no other comes between."""

    def __init__(self) -> None:
        self._count = 0

    def add(self, line: Line) -> None:
        self._count = self._count + 1 if line.failed and line.outcome in _DEADLY else 0
        if self._count == _MOST_IN_A_ROW:
            raise CapacityError(
                f"{self._count} pictures in a row ended each process they got: the machine may be short "
                "of memory, or the disk of the pictures slow. If it is the pictures, move them away."
            )


def _check_space(run: Place, needed: int) -> None:
    free = free_bytes(run)
    if free is not None and free < needed:
        raise OutputError(
            f"The disk of {run} has {free / 2**20:,.0f} MB free; {needed / 2**20:,.0f} MB are needed."
        )
