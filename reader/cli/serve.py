"""``lfa serve``: the HTTP service, imported only when it is asked for."""

import dataclasses
import importlib
from pathlib import Path
from typing import Annotated

import typer

from reader.cli.streams import say

__all__ = ["serve"]


def serve(
    *,
    host: Annotated[str, typer.Option("--host", help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option("--port", min=0, max=65535, help="Port to listen on.")] = 8000,
    data: Annotated[
        Path, typer.Option("--data", metavar="DIR", help="Folder for the database and the pictures.")
    ] = Path("lfa-data"),
    names: Annotated[
        list[str] | None,
        typer.Option(
            "--name",
            metavar="NAME",
            help="A name by which other machines know this one, such as clinic.local; may be repeated.",
        ),
    ] = None,
) -> None:
    """Start the page and the HTTP API: for this machine, or with access keys for others too."""
    service = importlib.import_module("service")
    settings = service.Settings(host=host, port=port, data=data)
    settings = dataclasses.replace(settings, allowed_hosts=(*settings.allowed_hosts, *(names or ())))
    service.run(settings, ready=_announce)


def _announce(address: str) -> None:
    say(f"Open {address} in a browser; Ctrl-C ends the service.")
