"""``lfa serve``: the HTTP service, imported only when it is asked for."""

import dataclasses
import importlib
from pathlib import Path
from typing import Annotated, Any

import typer

from reader.cli.streams import say

__all__ = ["DataOption", "serve", "settings_of"]

DataOption = Annotated[
    Path | None,
    typer.Option(
        "--data",
        metavar="DIR",
        help="Folder for the database and the pictures; `LFA_DATA`, or lfa-data, by default.",
        show_default=False,
    ),
]


def serve(
    *,
    host: Annotated[
        str | None,
        typer.Option("--host", help="Address to listen on; `LFA_HOST`, or 127.0.0.1, by default."),
    ] = None,
    port: Annotated[
        int | None,
        typer.Option("--port", min=0, max=65535, help="Port to listen on; `LFA_PORT`, or 8000, by default."),
    ] = None,
    data: DataOption = None,
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="A name by which other machines know this one, such as clinic.local; may be repeated.",
        ),
    ] = None,
    migrate_only: Annotated[
        bool, typer.Option("--migrate-only", help="Only make the tables or bring them up to date.")
    ] = False,
) -> None:
    """Start the page and the HTTP API: for this machine, or with access keys for others too.

    Every setting is also a variable LFA_… of the environment.
    """
    settings = settings_of(host=host, port=port, data=data)
    settings = dataclasses.replace(settings, allowed_hosts=(*settings.allowed_hosts, *(names or ())))
    if migrate_only:
        importlib.import_module("service.keeping").prepare(settings)
        say("The tables are up to date.")
    else:
        importlib.import_module("service").run(settings, ready=_announce)


def settings_of(**given: Any) -> Any:
    """Return the service's settings: what is given, else what the environment holds."""
    found = importlib.import_module("service.settings")
    return found.settings_from_environment(**{k: v for k, v in given.items() if v is not None})


def _announce(address: str) -> None:
    say(f"Open {address} in a browser; Ctrl-C ends the service.")
