"""``lfa simulate``: pictures of tests whose truth is known."""

from pathlib import Path
from typing import Annotated

import typer

from reader.cli.streams import say
from reader.errors import OutputError
from reader.simulate.samples import write_samples

__all__ = ["simulate"]

simulate = typer.Typer(no_args_is_help=True, help="Make pictures of tests whose truth is known.")


@simulate.command()
def samples(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Where to; made if it is missing.")],
) -> None:
    """Make the sample pictures with their truth, the same on every machine."""
    try:
        written = write_samples(folder)
    except OSError as error:
        raise OutputError(f"The samples cannot be written to {folder}: {error.strerror or error}.") from error
    say(f"{len(written)} files are in {folder}.")


@simulate.callback()
def common() -> None:
    """Make pictures of tests whose truth is known."""
