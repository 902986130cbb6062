"""``lfa export``: a run's results for other programs."""

from enum import StrEnum
from typing import Annotated

import typer

from reader.batch.places import place_of
from reader.cli.streams import say
from reader.export import write_all, write_one
from reader.interpret import load_assay

__all__ = ["export"]


class Format(StrEnum):
    """A format of `reader.export`."""

    CSV = "csv"
    PARQUET = "parquet"
    JSONL = "jsonl"
    FHIR = "fhir"


def export(
    run: Annotated[str, typer.Argument(help="Folder that `lfa batch` wrote, or its address in a store.")],
    *,
    to: Annotated[
        Format | None, typer.Option("--to", help="The format; without it, all derived files are made anew.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Where to; by default into the run.")
    ] = None,
    assay: Annotated[
        str | None,
        typer.Option("--assay", "-a", metavar="FILE", help="The kit's profile, if it is your own."),
    ] = None,
) -> None:
    """Write a batch run's results as CSV, Parquet, JSON lines or FHIR R4.

    A FHIR file is one Bundle, or, when its name ends in `.ndjson`, one resource to a line. Parquet needs the
    extra `parquet`.

    Exit codes: 0 all was written, 5 a file could not be written, 6 the folder is no run, its metadata or the
    assay are wrong, or an extra is not installed, 7 a store does not answer or refuses.
    """
    kit = None if assay is None else load_assay(assay)
    if to is None:
        if output is not None:
            raise typer.BadParameter("A file needs a format: add --to.", param_hint="--output")
        written = write_all(place_of(run), kit=kit)
    else:
        written = [write_one(place_of(run), to.value, None if output is None else place_of(output), kit=kit)]
    for path in written:
        say(f"{path} is written.")
