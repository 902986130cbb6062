"""``lfa read``: pictures in; results, marked pictures and a report out."""

import dataclasses
import sys
import time
import traceback
from collections import Counter
from pathlib import Path
from typing import Annotated

import typer

import reader
from reader.cli.exits import ExitCode
from reader.cli.inputs import STANDARD_INPUT, Input, list_inputs
from reader.cli.outputs import Destinations, destinations, write_overlay
from reader.cli.show import counts_text, reading_row, reading_sheet, timings_text
from reader.cli.streams import emit_json, print_data, progress, say
from reader.errors import InputError, LfaError
from reader.photo import Photo
from reader.reading import Outcome, Reading
from reader.report import Card, card, draw_overlay, render, write_report

__all__ = ["read"]

_MOST_STANDARD_INPUT = 256 * 2**20  # bytes; more is no photo


@dataclasses.dataclass(frozen=True, slots=True)
class _View:
    """How results are shown."""

    json: bool
    timings: bool
    quiet: bool
    single: bool
    name_width: int


@dataclasses.dataclass(slots=True)
class _Run:
    """What has been read so far."""

    assay: str
    targets: Destinations
    view: _View
    outcomes: list[Outcome] = dataclasses.field(default_factory=list)
    cards: list[Card] = dataclasses.field(default_factory=list)
    problems: list[tuple[str, str]] = dataclasses.field(default_factory=list)
    bugs: int = 0

    def take(self, k: int, entry: Input) -> None:
        """Read the k-th picture; what is no picture becomes a problem, and the run goes on."""
        try:
            photo, reading = _read(entry, self.assay)
            marked = draw_overlay(photo, reading) if self.targets.wanted else None
        except InputError as error:
            self.problem(entry.source, error.code, str(error))
            return
        except LfaError:
            raise
        except Exception:  # noqa: BLE001 - one picture's bug must not lose the others' results
            self.bugs += 1
            self.problem(entry.source, "bug", f"This is a bug; please report it.\n{traceback.format_exc()}")
            return
        self.outcomes.append(reading.outcome)
        if marked is not None and self.targets.overlays is not None:
            write_overlay(self.targets.overlays[k], marked)
        if marked is not None and self.targets.report is not None:
            self.cards.append(card(reading, marked))
        _show(reading, self.view)

    def problem(self, source: str, code: str, sentence: str) -> None:
        """Note an input that gave no reading, and say so."""
        sentence = sentence.removeprefix(f"{source}: ")
        self.problems.append((source, sentence.split("\n", 1)[0]))
        say(f"{source}: {code}: {sentence}")

    def exit_code(self) -> ExitCode:
        """Return what the shell is told."""
        if self.bugs:
            return ExitCode.BUG
        if not self.problems:
            return ExitCode.DONE
        return ExitCode.SOME_UNREADABLE if self.outcomes else ExitCode.NONE_READABLE


def read(
    paths: Annotated[list[str], typer.Argument(help="Pictures, folders of pictures, or - for stdin.")],
    *,
    recursive: Annotated[
        bool, typer.Option("--recursive", "-r", help="Look into the folders of a folder, too.")
    ] = False,
    assay: Annotated[
        str, typer.Option("--assay", "-a", metavar="ID|FILE|auto", help="The kit: see `lfa assays list`.")
    ] = "generic",
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document per picture.")] = False,
    overlay: Annotated[
        Path | None, typer.Option("--overlay", metavar="DIR", help="Write a marked copy of each picture.")
    ] = None,
    report: Annotated[
        Path | None, typer.Option("--report", metavar="FILE", help="Write an HTML page of all results.")
    ] = None,
    timings: Annotated[bool, typer.Option("--timings", help="Add the time that each stage took.")] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="Print results and problems only.")] = False,
) -> None:
    """Read lateral-flow tests from pictures.

    Results go to standard output, everything else to standard error. A picture too poor to be read is a
    result, with advice, and no failure.

    Exit codes: 0 all inputs were pictures, 3 some were not, 4 none was, 5 an output could not be
    written, 6 the assay is wrong.
    """
    _check_assay(assay)
    listing = list_inputs(paths, recursive=recursive)
    targets = destinations(paths, listing.inputs, overlay, report)
    names = [len(entry.source) for entry in listing.inputs]
    view = _View(json, timings, quiet, len(names) == 1, min(40, max(names, default=0)))
    run = _Run(assay, targets, view)
    for path, sentence in listing.problems:
        run.problem(path, "source-unreadable", sentence)
    with progress(len(names), hidden=quiet) as step:
        for k, entry in enumerate(listing.inputs):
            run.take(k, entry)
            step()
    _finish(run)


def _finish(run: _Run) -> None:
    report = run.targets.report
    if report is not None:
        write_report(report, render(run.cards, run.problems, reader.__version__))
    if not run.view.quiet:
        say(counts_text(Counter(run.outcomes), len(run.problems)))
        if run.targets.overlays:
            say(f"Marked pictures are in {run.targets.overlays[0].parent}.")
        if report is not None:
            say(f"The report is {report}.")
    raise typer.Exit(run.exit_code())


def _check_assay(assay: str) -> None:
    """Refuse an unknown or wrong assay before the first picture is opened."""
    if assay != "auto":
        reader.load_assay(assay)


def _read(entry: Input, assay: str) -> tuple[Photo, Reading]:
    start = time.perf_counter()
    if entry.source == STANDARD_INPUT:
        photo = reader.open_bytes(sys.stdin.buffer.read(_MOST_STANDARD_INPUT), STANDARD_INPUT)
    else:
        photo = reader.open_file(entry.source)
    decode_ms = 1000 * (time.perf_counter() - start)
    return photo, reader.read_photo(photo, assay=assay, decode_ms=decode_ms)


def _show(reading: Reading, view: _View) -> None:
    if view.json:
        emit_json(reading.to_dict(timings=view.timings))
        return
    print_data(reading_sheet(reading) if view.single else reading_row(reading, view.name_width))
    if view.timings:
        say(f"{reading.source}: {timings_text(reading)}")
