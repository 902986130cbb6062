"""``lfa assays``: the kits that are known, and the tools to describe another."""

from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table
from rich.text import Text

from reader.cli.streams import emit_json, emit_text, print_data, say
from reader.errors import OptionError
from reader.interpret import Assay, describe, list_assays, load_assay
from reader.interpret import new as skeleton
from reader.report.files import write_whole

__all__ = ["assays"]

assays = typer.Typer(no_args_is_help=True, help="Show the known kits; check or start a profile of your own.")

_Source = Annotated[str, typer.Argument(metavar="ID|FILE", help="An assay's id, or a TOML file.")]


@assays.command("list")
def list_known(
    *, json: Annotated[bool, typer.Option("--json", help="Print one JSON document per assay.")] = False
) -> None:
    """List the assays that come with the reader."""
    known = list_assays()
    if json:
        for assay in known:
            emit_json(_document(assay))
        return
    table = Table.grid(padding=(0, 2))
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    table.add_column(overflow="fold")
    for assay in known:
        lines = " ".join(line.name for line in assay.lines) + (" …" if assay.open_ended else "")
        table.add_row(Text(assay.id, "bold"), assay.name, Text(lines, "dim"))
    print_data(table)


@assays.command()
def show(assay: _Source) -> None:
    """Say what an assay's lines are, where they lie and what they mean."""
    emit_text(describe(load_assay(assay)) + "\n")


@assays.command()
def validate(
    files: Annotated[list[str], typer.Argument(help="Profiles in TOML.")],
) -> None:
    """Check assay profiles; the first wrong one is named with each line that is wrong."""
    for file in files:
        # A name without a folder would be looked up in the catalogue.
        assay = load_assay(Path(file))
        say(f"{file}: {assay.id} is a valid profile.")


@assays.command()
def new(
    assay_id: Annotated[str, typer.Argument(metavar="ID", help="Id of the new assay, such as my-kit.")],
    file: Annotated[
        Path | None, typer.Argument(metavar="FILE", help="Where to; by default ID.toml in this folder.")
    ] = None,
) -> None:
    """Write a commented profile to start from."""
    target = file or Path(f"{assay_id}.toml")
    text = skeleton(assay_id)
    if target.exists():
        raise OptionError(f"{target} already exists; give another name for the profile.")
    write_whole(target, text.encode("utf-8"))
    say(f"{target} is ready to be edited; check it with `lfa assays validate {target}`.")


def _document(assay: Assay) -> dict[str, object]:
    return {
        "id": assay.id,
        "name": assay.name,
        "kind": assay.kind,
        "format": assay.format,
        "label": assay.label,
        "lines": [{"name": line.name, "role": line.role} for line in assay.lines],
        "analytes": [{"id": analyte.id, "name": analyte.name} for analyte in assay.analytes],
    }
