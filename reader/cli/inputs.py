"""From the paths on the command line to the pictures that are read, in an order that never changes."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath

from reader.batch.listing import OVERLAY_SUFFIX, has_picture_name

__all__ = ["STANDARD_INPUT", "Input", "Listing", "list_inputs", "overlay_names"]

STANDARD_INPUT = "-"


@dataclass(frozen=True, slots=True)
class Input:
    """A picture to be read.

    Attributes
    ----------
    source : str
        Its path as it was given, or ``"-"`` for standard input.
    relative : PurePath
        Its place below the folder that was given, for outputs that mirror it.
    """

    source: str
    relative: PurePath


@dataclass(frozen=True, slots=True)
class Listing:
    """The pictures that were found, and the folders that could not be looked into or held none."""

    inputs: tuple[Input, ...]
    problems: tuple[tuple[str, str], ...]


def list_inputs(paths: Sequence[str], *, recursive: bool) -> Listing:
    """Expand folders to the pictures in them.

    Parameters
    ----------
    paths : sequence of str
        Files, folders, or ``"-"`` for standard input. A file is taken whatever its name.
    recursive : bool
        Look into the folders of a folder, too.

    Returns
    -------
    Listing
        A folder's pictures are sorted by path. Hidden files, symbolic links, files without a picture's
        suffix and the reader's own overlays are passed over. A picture that is named twice is read once.
    """
    found: dict[str, Input] = {}
    problems: list[tuple[str, str]] = []
    for path in paths:
        if path != STANDARD_INPUT and _is_folder(path):
            prefix = PurePath(Path(path).resolve().name) if len(paths) > 1 else PurePath()
            inside = list(_pictures(path, prefix, problems, recursive=recursive))
            if not inside:
                problems.append((path, _nothing_in(recursive=recursive)))
            found |= {entry.source: entry for entry in inside if entry.source not in found}
        else:
            name = "stdin" if path == STANDARD_INPUT else Path(path).name
            found.setdefault(path, Input(path, PurePath(name)))
    return Listing(tuple(found.values()), tuple(problems))


def overlay_names(inputs: Sequence[Input]) -> tuple[PurePath, ...]:
    """Return a name for each picture's overlay, below the overlay folder; no two are the same.

    Examples
    --------
    >>> inputs = [Input("a/x.jpg", PurePath("x.jpg")), Input("X.png", PurePath("X.png"))]
    >>> [str(name) for name in overlay_names(inputs)]
    ['x.overlay.png', 'X-2.overlay.png']
    """
    taken: set[str] = set()
    names = []
    for entry in inputs:
        stem, k = entry.relative.stem, 1
        name = entry.relative.with_name(f"{stem}{OVERLAY_SUFFIX}")
        # Some file systems take upper and lower case for the same.
        while str(name).casefold() in taken:
            k += 1
            name = entry.relative.with_name(f"{stem}-{k}{OVERLAY_SUFFIX}")
        taken.add(str(name).casefold())
        names.append(name)
    return tuple(names)


def _is_folder(path: str) -> bool:
    # Unlike pathlib's own, this says no where a name is too long or may not be looked at.
    return os.path.isdir(path)  # noqa: PTH112


def _pictures(
    folder: str, prefix: PurePath, problems: list[tuple[str, str]], *, recursive: bool
) -> Iterator[Input]:
    def unreadable(error: OSError) -> None:
        problems.append((str(error.filename), f"The folder cannot be read: {error.strerror}."))

    for root, folders, files in os.walk(folder, onerror=unreadable, followlinks=False):
        folders[:] = sorted(f for f in folders if recursive and not f.startswith("."))
        for name in sorted(files):
            path = Path(root, name)
            if _is_picture(path):
                # The path is joined as text: it must stay the way in which the user wrote it.
                yield Input(os.path.join(root, name), prefix / path.relative_to(folder))  # noqa: PTH118


def _is_picture(path: Path) -> bool:
    if not has_picture_name(path.name):
        return False
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _nothing_in(*, recursive: bool) -> str:
    hint = "" if recursive else " Add --recursive to look into its folders, too."
    return f"The folder holds no pictures.{hint}"
