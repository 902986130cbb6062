"""``lfa keys``: who may use the service from other machines."""

import importlib
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from reader.cli.serve import DataOption, settings_of
from reader.cli.streams import emit_json, emit_text, plain_table, print_data, say

__all__ = ["keys", "opened"]

keys = typer.Typer(no_args_is_help=True, help="Make, list and revoke the service's access keys.")


def opened(data: Path | None) -> tuple[Any, Any]:
    """Return what an administrator may do, and the settings of the service."""
    return importlib.import_module("service").console, settings_of(data=data)


@keys.command()
def add(
    label: Annotated[str, typer.Argument(metavar="LABEL", help="What to call it, such as front-desk-phone.")],
    *,
    scopes: Annotated[
        list[str] | None,
        typer.Option(
            "--scope",
            metavar="read|write|review|admin",
            help="What it opens: results, sending, confirming or overriding, all the rest. May be repeated; "
            "by default read and write.",
        ),
    ] = None,
    site: Annotated[
        str, typer.Option("--site", metavar="SITE", help="The site it belongs to; '*' for all sites.")
    ] = "main",
    reads_per_minute: Annotated[
        int, typer.Option("--reads-per-minute", min=1, help="Pictures that it may send in a minute.")
    ] = 60,
    data: DataOption = None,
) -> None:
    """Make a key and print it: this is the only time it is shown."""
    console, settings = opened(data)
    wanted = tuple(scopes or ("read", "write"))
    key, secret = console.add_key(
        settings, label=label, site=site, scopes=wanted, reads_per_minute=reads_per_minute
    )
    emit_text(f"{secret}\n")
    opens = f"Key {key.id} opens {', '.join(key.scopes)} at {site}"
    say(f"{opens}, in the service with its data in {settings.place}. Keep it: it is not shown again.")


@keys.command("list")
def list_known(
    *,
    json: Annotated[bool, typer.Option("--json", help="Print one JSON document per key.")] = False,
    data: DataOption = None,
) -> None:
    """List every key, without its secret."""
    console, settings = opened(data)
    known = console.list_keys(settings)
    if json:
        for key in known:
            emit_json(asdict(key))
        return
    table = plain_table("id", "label", "site", "opens", "a minute", "made", "revoked")
    for key in known:
        row = (key.id, key.label, key.site, " ".join(key.scopes), str(key.reads_per_minute))
        table.add_row(*row, key.created_at[:10], (key.revoked_at or "")[:10])
    print_data(table)


@keys.command()
def revoke(
    key_id: Annotated[str, typer.Argument(metavar="ID", help="The key's id, as `lfa keys list` shows it.")],
    *,
    data: DataOption = None,
) -> None:
    """Make a key open nothing from now on, also in a service that runs."""
    console, settings = opened(data)
    key = console.revoke_key(settings, key_id)
    say(f"Key {key.id} ({key.label}) opens nothing any more.")
