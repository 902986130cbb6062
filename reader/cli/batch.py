"""``lfa batch`` and ``lfa verify``: a folder of any size into a run folder that can be gone on with."""

import contextlib
import os
import signal
from collections.abc import Iterator
from enum import StrEnum
from pathlib import Path
from types import FrameType
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from reader.batch.cluster import ClusterEngine
from reader.batch.engines import Engine, ProcessEngine, SerialEngine
from reader.batch.places import Place, lies_in, place_of
from reader.batch.plan import Plan, Wishes, load_plan, make_plan
from reader.batch.reading import BUG
from reader.batch.run import Tally, faults, run_plan
from reader.cli.exits import ExitCode
from reader.cli.show import counts_text
from reader.cli.streams import emit_json, say
from reader.cli.watching import refuse_to_watch, watch_folder
from reader.errors import OptionError
from reader.export import write_all
from reader.export.metadata import join_metadata
from reader.interpret import Assay, load_assay, own_profile, parse_assay

__all__ = ["batch", "verify"]

_RATE_OVER_S = 120.0  # a chunk's worth of pictures, so that one slow picture does not shake the time left


class EngineName(StrEnum):
    """Where pictures are read."""

    PROCESS = "process"
    SERIAL = "serial"
    DASK = "dask"


class _Terminated(BaseException):
    """The process was asked to end."""


def batch(
    folder: Annotated[
        str, typer.Argument(help="Folder, or address in a store: every picture in it and below is read.")
    ],
    *,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="RUN", help="The run folder; made if it is not there.")
    ],
    assay: Annotated[
        str, typer.Option("--assay", "-a", metavar="ID|FILE|auto", help="The kit: see `lfa assays list`.")
    ] = "generic",
    metadata: Annotated[
        Path | None, typer.Option("--metadata", metavar="FILE.csv", help="A table that goes along.")
    ] = None,
    engine: Annotated[
        EngineName, typer.Option("--engine", help="Read in several processes, in this one, or on Dask.")
    ] = EngineName.PROCESS,
    scheduler: Annotated[
        str | None,
        typer.Option("--scheduler", metavar="tcp://…", help="Of a Dask cluster that is there to be used."),
    ] = None,
    workers: Annotated[
        int | None, typer.Option("--workers", metavar="N", help="Processes; by default one for each core.")
    ] = None,
    chunk: Annotated[
        int | None,
        typer.Option("--chunk", metavar="N", min=1, help="Pictures kept together; 1 to 100 by size."),
    ] = None,
    watch: Annotated[
        bool, typer.Option("--watch", help="Go on with what is added to the folder, until Ctrl-C.")
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Say nothing but what is wrong.")] = False,
) -> None:
    """Read every picture below a folder, however many; the same command goes on where it was stopped.

    What is read is listed once, at the beginning, or with --watch as soon as it is whole. A file that cannot
    be read stops nothing: it is listed with the reason. A power cut costs at most what each process was
    reading.

    Exit codes: 0 all were pictures, 3 some were not, 4 none was, 5 the disk is full or the run folder cannot
    be written, 6 assay, metadata or options do not fit, 7 stopped, or a store does not answer or refuses, 130
    stopped with Ctrl-C; after 5, 7 and 130 the same command goes on.
    """
    kit, profile = _kit(assay)
    place = place_of(output)
    if lies_in(place, place_of(folder)):
        raise OptionError(f"The run folder {place} lies in {folder}, which is read; choose another.")
    if metadata is not None and metadata.is_file():
        join_metadata(metadata, ())  # a wrong table is told before hours of reading, and kept by no run
    if watch:
        refuse_to_watch(folder, output)
    tally = Tally()
    with _stoppable(place):
        plan = make_plan(folder, place, Wishes(kit, chunk, metadata, watched=watch, profile=profile))
        if watch:
            watch_folder(plan, _engine(engine, plan, kit, workers, scheduler), kit, quiet=quiet)
        with _bar(plan.count, hidden=quiet) as told:
            tally = run_plan(plan, _engine(engine, plan, kit, workers, scheduler), told=told)
        write_all(plan.run, kit=kit)
    if not quiet:
        say(f"{counts_text(tally.outcomes, tally.errors.total())} The run is in {place}.")
    raise typer.Exit(_exit_code(tally))


def verify(
    run: Annotated[str, typer.Argument(help="Run folder of `lfa batch`, or its address in a store.")],
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False,
) -> None:
    """Say whether every part of a run is there, whole, and of this run.

    Exit codes: 0 all are, 3 some are not (the same `lfa batch` command reads those again), 6 the folder holds
    no run, or its list was changed.
    """
    plan = load_plan(place_of(run))
    found = [
        {"part": part.number, "problem": fault, "pictures": len(part.names)} for part, fault in faults(plan)
    ]
    if json:
        counts = {"parts": plan.parts, "whole": plan.parts - len(found), "pictures": plan.count}
        emit_json({"schema": "lfa-verify/1", "run": str(plan.run), **counts, "problems": found})
    else:
        for entry in found:
            say(f"part {entry['part']}: {entry['problem']}")
        say(f"{plan.parts - len(found):,} of {plan.parts:,} parts are whole.")
    raise typer.Exit(ExitCode.SOME_UNREADABLE if found else ExitCode.DONE)


def _kit(assay: str) -> tuple[Assay, str | None]:
    """Return the kit, and the text of its profile if it is the user's own."""
    profile = own_profile(assay)
    if profile is None:
        return load_assay("generic" if assay == "auto" else assay), None
    return parse_assay(profile, assay), profile


def _engine(name: EngineName, plan: Plan, kit: Assay, workers: int | None, scheduler: str | None) -> Engine:
    if scheduler is not None and name is not EngineName.DASK:
        raise OptionError("--scheduler has a meaning only with --engine dask.")
    if workers is not None and (name is EngineName.SERIAL or scheduler is not None):
        raise OptionError("--workers has no meaning with --engine serial, nor with --scheduler.")
    if name is EngineName.SERIAL:
        return SerialEngine(plan.root, kit)
    count = _cores() if workers is None else workers
    if name is EngineName.DASK:
        return ClusterEngine(plan.root, kit, plan.limits, scheduler or count)
    return ProcessEngine(plan.root, kit, plan.limits, count)


def _cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


@contextlib.contextmanager
def _stoppable(run: Place) -> Iterator[None]:
    """Leave in good order when the user or the system asks for it, and say how to go on."""
    again = f"What was read is safe in {run}; the same command goes on from there."

    def end(_signal: int, _frame: FrameType | None) -> None:
        raise _Terminated

    present = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    # Under nohup, a terminal that is closed is nothing to stop for.
    heeded = [number for number in present if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, end) for number in heeded}
    try:
        yield
    except KeyboardInterrupt:
        say(f"Stopped. {again}")
        raise typer.Exit(ExitCode.CTRL_C) from None
    except _Terminated:
        say(f"Asked to stop. {again}")
        raise typer.Exit(ExitCode.RESUMABLE) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextlib.contextmanager
def _bar(total: int, *, hidden: bool) -> Iterator[Any]:
    """Show a bar with rate, time left and counts on standard error, where someone is there to see it."""
    console = Console(stderr=True)
    columns = (
        BarColumn(bar_width=20),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeRemainingColumn(),
        TextColumn("{task.fields[counts]}"),
    )
    bar = Progress(
        *columns,
        console=console,
        transient=True,
        disable=hidden or not console.is_terminal,
        speed_estimate_period=_RATE_OVER_S,
    )
    with bar:
        task = None

        def told(tally: Tally) -> None:
            nonlocal task
            counts = _found(tally)
            if task is None:
                task = bar.add_task("", total=total, completed=tally.pictures, counts=counts, rate="")
                return
            speed = bar.tasks[0].speed
            rate = "" if speed is None else f"{speed:.1f}/s"
            bar.update(task, completed=tally.pictures, counts=counts, rate=rate)

        yield told


def _found(tally: Tally) -> str:
    """Say in a few words what was found so far."""
    parts = [f"{count:,} {outcome.replace('_', ' ')}" for outcome, count in sorted(tally.outcomes.items())]
    if tally.errors:
        parts.append(f"{tally.errors.total():,} failed")
    return ", ".join(parts)


def _exit_code(tally: Tally) -> ExitCode:
    if tally.errors[BUG]:
        return ExitCode.BUG
    if not tally.errors:
        return ExitCode.DONE
    return ExitCode.SOME_UNREADABLE if tally.outcomes else ExitCode.NONE_READABLE
