"""``lfa audit``: who did what in the service, and whether that record is whole."""

import json as jsonlib
import re
from dataclasses import asdict
from typing import Annotated

import typer

from reader.cli.exits import ExitCode
from reader.cli.keys import opened
from reader.cli.serve import DataOption
from reader.cli.streams import emit_json, plain_table, print_data, say
from reader.errors import OptionError

__all__ = ["audit"]

audit = typer.Typer(
    no_args_is_help=True, help="Look at the record of who did what, and check that it is whole."
)


@audit.command("list")
def list_newest(
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, help="How many entries.")] = 50,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document per entry.")] = False,
    data: DataOption = None,
) -> None:
    """List the newest entries, the newest first."""
    console, settings = opened(data)
    found = console.list_audit(settings, limit=limit)
    if json:
        for entry in found:
            emit_json(asdict(entry) | {"detail": jsonlib.loads(entry.detail)})
        return
    table = plain_table("number", "time", "key", "site", "action", "target")
    for entry in found:
        row = (str(entry.seq), entry.at[:19] + "Z", entry.key_id, entry.site, entry.action, entry.target)
        table.add_row(*row)
    print_data(table)


@audit.command()
def verify(
    *,
    head: Annotated[
        str | None,
        typer.Option(
            "--head",
            metavar="NUMBER:DIGEST",
            help="An entry that was noted elsewhere; it must be there still.",
        ),
    ] = None,
    data: DataOption = None,
) -> None:
    """Check that no entry was changed or removed; exit 3 and name the first that was."""
    console, settings = opened(data)
    chain = console.verify_audit(settings, noted=_noted(head))
    if chain.broken_at is not None:
        say(f"Entry {chain.broken_at} was changed, or is missing. The {chain.entries} before it are whole.")
        raise typer.Exit(ExitCode.SOME_UNREADABLE)
    emit_json({"entries": chain.entries, "head": f"{chain.entries}:{chain.head}"})
    say(f"All {chain.entries} entries are whole. Note the head elsewhere, to check it next time.")


def _noted(head: str | None) -> tuple[int, str] | None:
    if head is None:
        return None
    found = re.fullmatch(r"(\d{1,18}):([0-9a-f]{64})", head.strip())
    if found is None:
        raise OptionError("A head is a number, a colon and a digest, as `lfa audit verify` prints it.")
    return (int(found[1]), found[2])
