"""``lfa batch --watch``: what a phone or scanner drops into a folder, and tables that keep up with it."""

from __future__ import annotations

import time
from typing import Final

from reader.batch.engines import Engine
from reader.batch.plan import Plan
from reader.batch.run import Tally
from reader.batch.stores import is_address
from reader.batch.watch import INTERVAL_S, Ears, watch
from reader.cli.show import counts_text
from reader.cli.streams import say
from reader.errors import OptionError
from reader.export import write_tables
from reader.interpret import Assay

__all__ = ["refuse_to_watch", "watch_folder"]

_SHARE: Final = 10  # the tables of a long run take at most one part in so many of the time


def refuse_to_watch(*places: str) -> None:
    """Refuse to watch what cannot be watched.

    Raises
    ------
    OptionError
        If a place lies in a store.
    """
    if any(map(is_address, places)):
        raise OptionError("--watch is for folders of this machine, and runs on it.")


def watch_folder(plan: Plan, engine: Engine, kit: Assay, *, quiet: bool) -> None:
    """Read what is dropped into a folder until an exception ends it, and say what was found.

    Parameters
    ----------
    plan : Plan
        Of a run that watches.
    engine : Engine
        Where to read.
    kit : Assay
        The kit.
    quiet : bool
        Say nothing but what is wrong.
    """
    tables = _Tables(plan, kit)

    def read(tally: Tally) -> None:
        tables.refresh()
        if not quiet:
            say(counts_text(tally.outcomes, tally.errors.total()))

    def again(path: str) -> None:
        say(f"{path} came again with other bytes: it is read again, and both results are kept.")

    if not quiet:
        say(f"{plan.root} is looked at every {INTERVAL_S:g} s. Ctrl-C ends it.")
    watch(plan, engine, Ears(read, again, tables.catch_up))


class _Tables:
    """The tables of a run: made anew at once while that is quick, and else when there is time."""

    def __init__(self, plan: Plan, kit: Assay) -> None:
        self._plan, self._kit = plan, kit
        self._next = 0.0
        self._late = False

    def refresh(self) -> None:
        """Make them anew, unless they were not long ago for what they take."""
        self._late = time.monotonic() < self._next
        if not self._late:
            self._write()

    def catch_up(self) -> None:
        """Make them anew if they are behind: there is nothing else to do."""
        if self._late:
            self._write()

    def _write(self) -> None:
        start = time.monotonic()
        write_tables(self._plan.run, kit=self._kit)
        end = time.monotonic()
        self._next, self._late = end + _SHARE * (end - start), False
