"""``lfa backup`` and ``lfa restore``: the service's data to a folder and back."""

import importlib
from pathlib import Path
from typing import Annotated

import typer

from reader.cli.serve import DataOption, settings_of
from reader.cli.streams import say

__all__ = ["backup", "restore"]


def backup(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the backup; made if missing.")],
    *,
    data: DataOption = None,
) -> None:
    """Back up all readings and pictures of the service, also while it runs."""
    made = importlib.import_module("service.keeping").back_up(settings_of(data=data), folder)
    say(f"{made.readings} readings and {made.pictures.rows} pictures, as of {made.made_at}, are in {folder}.")


def restore(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="Folder of the backup.")],
    *,
    data: DataOption = None,
) -> None:
    """Restore a backup of the service where there are no data yet."""
    made = importlib.import_module("service.keeping").restore(settings_of(data=data), folder)
    say(f"{made.readings} readings and {made.pictures.rows} pictures, as of {made.made_at}, are restored.")
