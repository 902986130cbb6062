"""Overlays and the report: where they go, checked before anything is read, and never over an input."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reader.cli.inputs import Input, overlay_names
from reader.errors import OptionError, OutputError
from reader.report.files import write_whole

__all__ = ["Destinations", "destinations", "make_folder", "refuse_inside", "write_overlay"]


@dataclass(frozen=True, slots=True)
class Destinations:
    """Where each output goes.

    Attributes
    ----------
    overlays : tuple of Path or None
        One for each input; None when none are wanted.
    report : Path or None
        The HTML page.
    """

    overlays: tuple[Path, ...] | None
    report: Path | None

    @property
    def wanted(self) -> bool:
        """Whether overlays must be drawn at all."""
        return self.overlays is not None or self.report is not None


def destinations(
    paths: Sequence[str], inputs: Sequence[Input], overlay: Path | None, report: Path | None
) -> Destinations:
    """Decide where the outputs go, and check that they can go there.

    Parameters
    ----------
    paths : sequence of str
        What was named on the command line.
    inputs : sequence of Input
        The pictures that will be read.
    overlay : Path or None
        Folder for overlays.
    report : Path or None
        File for the report.

    Returns
    -------
    Destinations
        With the overlay folder made.

    Raises
    ------
    OptionError
        If an output would lie in a folder that is read, or over a picture that is read.
    OutputError
        If the overlay folder cannot be made or written to.
    """
    if overlay is None:
        planned = None
    else:
        refuse_inside(overlay, paths, "overlay")
        planned = tuple(overlay / name for name in overlay_names(inputs))
        make_folder(overlay)
    sources = {os.path.realpath(entry.source) for entry in inputs}
    for target in [*(planned or ()), *([report] if report else [])]:
        if os.path.realpath(target) in sources:
            raise OptionError(f"The output {target} would overwrite a picture that is read.")
    return Destinations(planned, report)


def write_overlay(path: Path, overlay: NDArray[np.uint8]) -> None:
    """Write an overlay as PNG, wholly or not at all.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    stream = BytesIO()
    Image.fromarray(overlay).save(stream, "PNG", compress_level=4)
    write_whole(path, stream.getvalue())


def refuse_inside(target: Path, paths: Sequence[str], what: str) -> None:
    """Refuse a folder for outputs that lies in a folder that is read.

    Parameters
    ----------
    target : Path
        Folder for the outputs.
    paths : sequence of str
        What is read.
    what : str
        What the outputs are, in a word.

    Raises
    ------
    OptionError
        If it lies in one of them.
    """
    place = Path(os.path.realpath(target))
    for path in paths:
        folder = Path(os.path.realpath(path))
        if folder.is_dir() and place.is_relative_to(folder):
            raise OptionError(f"The {what} folder {target} lies in {path}, which is read; choose another.")


def make_folder(folder: Path) -> None:
    """Make a folder for outputs, and check that it may be written to.

    Raises
    ------
    OutputError
        If it cannot be made, or may not.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"The folder {folder} cannot be made: {error.strerror or error}.") from error
    if not os.access(folder, os.W_OK):
        raise OutputError(f"The folder {folder} may not be written to.")
