"""Writing a file wholly or not at all."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from reader.errors import OutputError

__all__ = ["sweep", "whole_file", "write_whole"]


def write_whole(path: str | os.PathLike[str], data: bytes) -> None:
    """Write a file so that it is never seen half-written, not even after a power cut.

    Parameters
    ----------
    path : str or path-like
        Where to; missing folders are made, an older file there is replaced.
    data : bytes
        The whole content.

    Raises
    ------
    OutputError
        If it cannot be written; nothing is left behind then.
    """
    with whole_file(path) as stream:
        stream.write(data)


@contextlib.contextmanager
def whole_file(path: str | os.PathLike[str]) -> Iterator[BinaryIO]:
    """Write a file piece by piece; it appears once all of it is safe on the disk: see `write_whole`.

    Yields
    ------
    binary file
        To be written to. An exception on the way leaves the older file, or none.

    Raises
    ------
    OutputError
        If it cannot be written.
    """
    target = Path(path)
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
    try:
        _make_folder(target.parent)
        with temporary.open("wb") as stream:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
        _keep_names(target.parent)
    except OSError as error:
        _forget(temporary)
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.") from error
    except BaseException:
        _forget(temporary)
        raise


def sweep(folder: str | os.PathLike[str]) -> None:
    """Remove what writers that were killed have left in a folder."""
    for leftover in Path(folder).glob(".*.tmp"):
        _forget(leftover)


def _make_folder(folder: Path) -> None:
    """Make a folder, and those above it, so that its own name is safe before anything is kept in it."""
    if folder.is_dir():
        return
    _make_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    _keep_names(folder.parent)


def _keep_names(folder: Path) -> None:
    """Make a file's new name as safe as its content, where folders can be opened for that."""
    if os.name != "posix":
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _forget(temporary: Path) -> None:
    with contextlib.suppress(OSError):
        temporary.unlink(missing_ok=True)
