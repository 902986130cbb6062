"""Writing a file wholly or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from reader.errors import OutputError

__all__ = ["write_whole"]


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
    target = Path(path)
    temporary = target.with_name(f".{target.name[:100]}.{os.getpid()}.tmp")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        temporary.replace(target)
    except OSError as error:
        _forget(temporary)
        raise OutputError(f"{target} cannot be written: {error.strerror or error}.") from error


def _forget(temporary: Path) -> None:
    try:
        temporary.unlink(missing_ok=True)
    except OSError:
        return
