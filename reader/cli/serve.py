"""``lfa serve``: the HTTP service, imported only when it is asked for."""

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
) -> None:
    """Start the upload page and the HTTP API on this machine."""
    service = importlib.import_module("service")
    service.run(service.Settings(host=host, port=port, data=data), ready=_announce)


def _announce(address: str) -> None:
    say(f"Open {address} in a browser; Ctrl-C ends the service.")
