"""The two streams: standard output carries data only, standard error carries words and progress."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

import typer
from rich.console import Console, RenderableType
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from reader.cli.exits import ExitCode
from reader.errors import OutputError
from reader.reading import json_line

__all__ = ["Step", "emit_json", "emit_text", "plain_table", "print_data", "progress", "say", "stdout_console"]


_WIDE = 200  # characters: room for two ids and a time beside each other


class Step(Protocol):
    """Called once for each picture that is done."""

    def __call__(self) -> None:
        """Move the bar on by one."""


def emit_json(document: Mapping[str, Any]) -> None:
    """Write one document as one line of UTF-8 to standard output."""
    _write(json_line(document))


def emit_text(text: str) -> None:
    """Write text to standard output, in the terminal's own encoding."""
    _write(text.encode(sys.stdout.encoding or "utf-8", "replace"))


def print_data(*renderables: RenderableType) -> None:
    """Write tables and paragraphs to standard output, coloured when it is a terminal."""
    console = stdout_console()
    with console.capture() as capture:
        for renderable in renderables:
            console.print(renderable)
    emit_text("".join(f"{line.rstrip()}\n" for line in capture.get().splitlines()))


def say(message: str) -> None:
    """Write words to standard error."""
    Console(stderr=True, soft_wrap=True).print(message, markup=False, highlight=False)


def stdout_console() -> Console:
    """Return the console of standard output; NO_COLOR and the terminal's width are honoured."""
    # A file or a pipe has no width, and what is cut off there is lost.
    narrow = sys.stdout.isatty() or "COLUMNS" in os.environ
    return Console(highlight=False, markup=False, width=None if narrow else _WIDE)


def plain_table(*columns: str) -> Table:
    """Return an empty table without lines, whose cells are folded and never cut."""
    table = Table(box=None, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


@contextmanager
def progress(total: int, *, hidden: bool, doing: str = "Reading", streaming: bool = True) -> Iterator[Step]:
    """Show a bar on standard error while something is done, where someone is there to see it.

    Parameters
    ----------
    total : int
        How many pictures, or other things to do, there are.
    hidden : bool
        Show nothing.
    doing : str, default "Reading"
        What is done to them.
    streaming : bool, default True
        Whether results appear on standard output meanwhile.

    Yields
    ------
    Step
        To be called once for each of them.
    """
    # Results that appear on the same terminal are progress enough, and a bar would tear them.
    console = Console(stderr=True)
    hidden = hidden or total < 2 or not console.is_terminal or (streaming and sys.stdout.isatty())
    columns = (TextColumn(doing), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        task = bar.add_task(doing, total=total)
        yield lambda: bar.advance(task)


def _write(data: bytes) -> None:
    try:
        sys.stdout.buffer.write(data)
        sys.stdout.buffer.flush()
    except BrokenPipeError:
        # Whoever read our output has had enough, as in `lfa read … | head`: no words are needed.
        _abandon_stdout()
        raise typer.Exit(ExitCode.OUTPUT) from None
    except OSError as error:
        _abandon_stdout()
        raise OutputError(f"Standard output cannot be written: {error.strerror or error}.") from error


def _abandon_stdout() -> None:
    """Keep the interpreter from failing again when it flushes standard output at its end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
