"""The pictures below a folder, sorted, one at a time: ten million names need no list of them.

An address is a picture's path below the folder, with ``/`` between names, as one line of valid UTF-8: what
could not stand in a line is written as ``%`` and two hexadecimal digits for each byte. Few names need it.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import unquote_to_bytes

__all__ = ["OVERLAY_SUFFIX", "address", "has_picture_name", "path_below", "pictures_below"]

OVERLAY_SUFFIX: Final = ".overlay.png"
_SUFFIXES: Final = (
    *(".jpg", ".jpeg", ".jpe", ".jfif", ".png", ".webp", ".heic", ".heif", ".hif", ".tif", ".tiff"),
)
# Control characters, the two other ends of lines that Unicode knows, the backslash, bytes that are no
# UTF-8, and a per cent sign that would be taken for the start of an escape.
_ESCAPED: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u2028\u2029\\\\\udc80-\udcff]|%(?=[0-9A-Fa-f]{2})",
)


def has_picture_name(name: str) -> bool:
    """Tell whether a file's name is that of a picture: not hidden, and none of the reader's own overlays.

    Examples
    --------
    >>> [has_picture_name(n) for n in ("a.JPG", ".a.jpg", "a.overlay.png", "a.txt")]
    [True, False, False, False]
    """
    lower = name.lower()
    if not lower.endswith(_SUFFIXES) or lower.startswith("."):
        return False
    return not lower.endswith(OVERLAY_SUFFIX)


def pictures_below(folder: str | os.PathLike[str]) -> Iterator[str]:
    """Find every picture below a folder.

    Parameters
    ----------
    folder : str or path-like
        Where to begin. Hidden files and folders, symbolic links and what has no picture's suffix are passed
        over.

    Yields
    ------
    str
        Addresses, in the order of the bytes of the paths. One folder's names are held at a time. A folder
        that cannot be looked into is yielded itself, with ``/`` at its end: to read it fails, and says why.

    Raises
    ------
    OSError
        If the first folder itself cannot be looked into.
    """
    yield from map(address, _below(os.fsencode(folder), b""))


def address(relative: bytes) -> str:
    r"""Return the address of a path below a folder.

    Examples
    --------
    >>> address(b"clinic b/100%.jpg"), address(b"a\nb.jpg"), address(b"%41.jpg"), address(b"\xff.jpg")
    ('clinic b/100%.jpg', 'a%0Ab.jpg', '%2541.jpg', '%FF.jpg')
    """
    return _ESCAPED.sub(_escape, relative.decode("utf-8", "surrogateescape"))


def path_below(folder: str, name: str) -> str:
    """Return the path of the picture with this address; the inverse of `address`.

    Examples
    --------
    >>> path_below("photos", "clinic b/%2541.jpg")
    'photos/clinic b/%41.jpg'
    """
    return os.path.join(folder, os.fsdecode(unquote_to_bytes(name)))  # noqa: PTH118  (a million times)


def _escape(found: re.Match[str]) -> str:
    return "".join(f"%{byte:02X}" for byte in found[0].encode("utf-8", "surrogateescape"))


def _below(folder: bytes, prefix: bytes) -> Iterator[bytes]:
    for name in _entries(folder):
        if not name.endswith(b"/"):
            yield prefix + name
            continue
        inside = _below(folder + b"/" + name[:-1], prefix + name)
        try:
            first = next(inside, None)
        except OSError:
            yield prefix + name
            continue
        if first is not None:
            yield first
            yield from inside


def _entries(folder: bytes) -> list[bytes]:
    """Return the names of pictures and of folders; the latter end in ``/``.

    Whole paths are in the order of their bytes when names are, folders' with the ``/`` that follows them.
    """
    with os.scandir(folder) as entries:
        return sorted(filter(None, map(_entry, entries)))


def _entry(entry: os.DirEntry[bytes]) -> bytes | None:
    if entry.name.startswith(b"."):
        return None
    if has_picture_name(os.fsdecode(entry.name)) and entry.is_file(follow_symlinks=False):
        return entry.name
    return entry.name + b"/" if entry.is_dir(follow_symlinks=False) else None
