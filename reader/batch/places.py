"""Places: where pictures and runs lie, on this machine or in a store. Who reads or writes a run asks here.

On this machine a file is written beside its place, made safe on the disk, and put there by its name; a run is
locked. A store keeps whole objects or none, has no locks and needs none: two that work on one run write the
same bytes (`reader.batch.plan`). Files of this machine never go through a store's library, which would not
make them safe.
"""

from __future__ import annotations

import contextlib
import io
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Literal, Protocol, Self
from urllib.parse import urlsplit
from urllib.request import url2pathname

from reader.batch.listing import path_below, pictures_below
from reader.batch.stores import PATIENCE_S, StorePath, is_address, store_path
from reader.errors import CapacityError, OptionError, OutputError
from reader.photo import file_bytes
from reader.report import files

if sys.platform != "win32":
    import fcntl

__all__ = [
    "Place",
    "alone",
    "check_pictures",
    "free_bytes",
    "lies_in",
    "patience_s",
    "picture_bytes",
    "pictures",
    "place_of",
    "root_of",
    "sweep",
    "whole_file",
    "write_whole",
]


class Place(Protocol):
    """What is asked of a file or folder: a `pathlib.Path` is one, a `StorePath` another."""

    def __truediv__(self, name: str) -> Self:
        """Return what lies in a folder under this name."""
        ...

    @property
    def name(self) -> str:
        """Its own name."""
        ...

    @property
    def suffix(self) -> str:
        """End of its name, from the last point on."""
        ...

    def open(self, mode: Literal["rb"], /) -> io.BufferedReader:
        """Read a file piece by piece."""
        ...

    def read_bytes(self) -> bytes:
        """Return a file's content."""
        ...

    def exists(self) -> bool:
        """Tell whether it is there."""
        ...

    def iterdir(self) -> Iterator[Self]:
        """Return what lies in a folder, in any order."""
        ...

    def unlink(self, missing_ok: bool = ...) -> None:  # noqa: FBT001 - pathlib's own
        """Remove a file."""
        ...


def place_of(text: str | os.PathLike[str]) -> Place:
    """Return the place that a text names: an address with ``://`` in a store, all else on this machine.

    Raises
    ------
    OptionError, ExtraMissing
        As from `reader.batch.stores.store_path`.

    Examples
    --------
    >>> place_of("run").name, place_of("file:///data/run").name
    ('run', 'run')
    """
    if not isinstance(text, str) or not is_address(text):
        return Path(text)
    scheme, netloc, path, query, fragment = urlsplit(text)
    if scheme not in {"file", "local"}:
        return store_path(text)
    if netloc not in {"", "localhost"} or query or fragment:
        raise OptionError(f"{scheme}:// names no file of this machine like that; give its path.")
    return Path(url2pathname(path))


def root_of(folder: str) -> str:
    """Return where a folder of pictures lies, in the one form that a run keeps."""
    place = place_of(folder)
    return str(place) if isinstance(place, StorePath) else os.path.realpath(os.fspath(_local(place)))


def lies_in(inner: Place, outer: Place) -> bool:
    """Tell whether a place is another one, or lies in it."""
    if isinstance(inner, StorePath) or isinstance(outer, StorePath):
        return isinstance(inner, StorePath) and isinstance(outer, StorePath) and inner.lies_in(outer)
    return Path(os.path.realpath(_local(inner))).is_relative_to(os.path.realpath(_local(outer)))


def pictures(root: str) -> Iterator[str]:
    """Find every picture below a folder: see `reader.batch.listing.pictures_below`.

    Raises
    ------
    OSError
        If there is no such folder, or it cannot be looked into.
    StoreError
        If a store does not answer, or refuses.
    """
    place = place_of(root)
    return place.pictures() if isinstance(place, StorePath) else pictures_below(_local(place))


def picture_bytes(root: str, name: str) -> bytes:
    """Return the bytes of the picture with this address below a folder.

    Raises
    ------
    SourceUnreadable
        If it is missing, no regular file or may not be read.
    ImageTooLarge
        Above 64 MB.
    StoreError
        If a store does not answer, or refuses.
    """
    if is_address(root):
        return store_path(root).picture_bytes(name)
    return file_bytes(path_below(root, name))


def check_pictures(root: str, *, may_be_empty: bool = False) -> None:
    """Refuse to take a share or store that has gone for pictures that cannot be read.

    Raises
    ------
    CapacityError
        If the folder has gone, or is the empty place where a share was.
    StoreError
        If a store does not answer, or refuses.
    """
    if is_address(root):
        store_path(root).check()
        return
    try:
        with os.scandir(root) as entries:
            present = may_be_empty or next(entries, None) is not None
    except OSError:
        present = False
    if not present:
        raise CapacityError(f"The folder of the pictures, {root}, can no longer be looked into.")


def patience_s(root: str) -> float:
    """Return how much longer than to read a picture it may take to get it, s."""
    return PATIENCE_S if is_address(root) else 0.0


def write_whole(place: Place, data: bytes) -> None:
    """Write a file wholly or not at all.

    Raises
    ------
    OutputError
        If it cannot be written; an older one, or none, is there then.
    StoreError
        If a store does not answer.
    """
    if isinstance(place, StorePath):
        place.write_bytes(data)
    else:
        files.write_whole(_local(place), data)


def whole_file(place: Place) -> contextlib.AbstractContextManager[BinaryIO]:
    """Write a file piece by piece; it appears once all of it is safe: raises as `write_whole`."""
    return place.written() if isinstance(place, StorePath) else files.whole_file(_local(place))


def sweep(folder: Place) -> None:
    """Remove what writers that were killed have left in a folder; in a store that is nothing."""
    if not isinstance(folder, StorePath):
        files.sweep(_local(folder))


def free_bytes(folder: Place) -> int | None:
    """Return how much may still be written; None where that is not known, as of a store.

    Raises
    ------
    OutputError
        If the disk cannot be asked.
    """
    if isinstance(folder, StorePath):
        return None
    try:
        return shutil.disk_usage(_local(folder)).free
    except OSError as error:
        raise OutputError(f"{folder} cannot be used: {error.strerror or error}.") from error


@contextlib.contextmanager
def alone(run: Place) -> Iterator[None]:
    """Keep other processes on this machine from working in the same run folder; in a store they may.

    Raises
    ------
    CapacityError
        If another one does.
    OutputError
        If the folder cannot be used.
    """
    if sys.platform == "win32" or isinstance(run, StorePath):
        yield
        return
    try:
        descriptor = os.open(_local(run), os.O_RDONLY)
    except OSError as error:
        raise OutputError(f"{run} cannot be used: {error.strerror or error}.") from error
    try:
        # The kernel lets go of it when the process ends, however it ends.
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise CapacityError(f"Another process works on the run in {run}.") from None
    except OSError:  # a file system without locks
        os.close(descriptor)
        yield
        return
    try:
        yield
    finally:
        os.close(descriptor)


def _local(place: Place) -> Path:
    assert isinstance(place, Path)
    return place
