"""Pictures as they were sent, in a folder, addressed by their own digest.

A picture is first spooled to a temporary file, so that memory stays flat however large it is. Only
when it could be read is it kept: fsync, rename, fsync of the folder. No name given by a user ever
becomes part of a path.
"""

import contextlib
import hashlib
import os
import re
import secrets
import shutil
import time
from pathlib import Path
from types import TracebackType
from typing import Self

from reader import errors

__all__ = ["BlobFolder", "Spool"]

_DIGEST = re.compile(r"[0-9a-f]{64}")
# No upload lasts this long, so an older spool file was left by a server that was killed.
_ABANDONED_AFTER_S = 3600.0


class Spool:
    """A picture on its way in: write, then either keep it or let it vanish.

    Parameters
    ----------
    path : Path
        Temporary file; it must not exist.

    Attributes
    ----------
    path : Path
        Where the bytes are.
    size : int
        Bytes written so far.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.size = 0
        self._digest = hashlib.sha256()
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with contextlib.suppress(OSError):
            self._file.close()
        self.path.unlink(missing_ok=True)

    @property
    def sha256(self) -> str:
        """Digest of what was written, in hexadecimal."""
        return self._digest.hexdigest()

    def write(self, chunk: bytes) -> None:
        """Append bytes.

        Raises
        ------
        OutputError
            If the disk does not take them.
        """
        try:
            self._file.write(chunk)
        except OSError as error:
            raise errors.OutputError("The picture cannot be stored.") from error
        self._digest.update(chunk)
        self.size += len(chunk)

    def flush(self) -> None:
        """Make what was written visible to other processes.

        Raises
        ------
        OutputError
            If the disk does not take it.
        """
        try:
            self._file.flush()
        except OSError as error:
            raise errors.OutputError("The picture cannot be stored.") from error

    def sync(self) -> None:
        """Bring what was written to the disk itself."""
        self._file.flush()
        os.fsync(self._file.fileno())


class BlobFolder:
    """Pictures in ``blobs/ab/cd/<sha256>``, mode 0600.

    Parameters
    ----------
    root : Path
        The service's data folder.
    min_free_bytes : int
        Free space below which no picture is taken.
    """

    def __init__(self, root: Path, *, min_free_bytes: int = 0) -> None:
        self._blobs = root / "blobs"
        self._spool = root / "spool"
        self._min_free_bytes = min_free_bytes

    def prepare(self) -> None:
        """Make the folders and clear away what a killed server left behind."""
        for folder in (self._blobs, self._spool):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        oldest = time.time() - _ABANDONED_AFTER_S
        for leftover in self._spool.iterdir():
            if leftover.stat().st_mtime < oldest:
                leftover.unlink(missing_ok=True)

    def spool(self) -> Spool:
        """Open a temporary file for a picture that is being received.

        Raises
        ------
        OutputError
            If the disk is nearly full or the folder cannot be written.
        """
        try:
            free = shutil.disk_usage(self._spool).free
            if free < self._min_free_bytes:
                raise errors.OutputError("The disk is nearly full.")
            return Spool(self._spool / secrets.token_hex(16))
        except OSError as error:
            raise errors.OutputError("The picture cannot be stored.") from error

    def keep(self, spool: Spool) -> None:
        """Move a received picture to its place; when this returns it survives a power cut.

        Raises
        ------
        OutputError
            If the disk does not take it.
        """
        place = self.path(spool.sha256)
        try:
            self._make_folders(place.parent)
            if not place.exists():
                spool.sync()
                os.replace(spool.path, place)  # noqa: PTH105  (both names are ours, and it reads as what it is)
            _sync_folder(place.parent)
        except OSError as error:
            raise errors.OutputError("The picture cannot be stored.") from error

    def path(self, sha256: str) -> Path:
        """Return where the picture with this digest lies.

        Raises
        ------
        ValueError
            If this is not a digest.
        """
        if not _DIGEST.fullmatch(sha256):
            raise ValueError("not a SHA-256 digest")
        return self._blobs / sha256[:2] / sha256[2:4] / sha256

    def _make_folders(self, folder: Path) -> None:
        for level in (folder.parent, folder):
            if not level.exists():
                level.mkdir(mode=0o700, exist_ok=True)
                _sync_folder(level.parent)


def _sync_folder(folder: Path) -> None:
    if os.name == "nt":  # Windows has no descriptor for a folder, and needs none
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
