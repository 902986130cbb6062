"""Pictures as they were sent, addressed by their own digest: in a folder here, in a store in ``objects``.

A picture is first spooled to a temporary file, so that memory stays flat however large it is. Only
when it could be read is it kept: fsync, a link in its place, fsync of the folder. No name given by a user
ever becomes part of a path.
"""

import contextlib
import errno
import hashlib
import os
import re
import secrets
import shutil
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from reader import errors

__all__ = ["BlobFolder", "BlobMissing", "Blobs", "Spool", "Spools", "blob_name", "is_digest", "sync_folder"]

_DIGEST = re.compile(r"[0-9a-f]{64}")
# Of a file system without links: FAT, and some that are reached over a network.
_NO_LINKS: Final = frozenset({errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EINVAL})
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


class BlobMissing(Exception):  # noqa: N818  (a state of the world, not a fault)
    """There is no picture with this digest."""


class Blobs(Protocol):
    """Where pictures are kept."""

    def prepare(self) -> None:
        """Make what is missing, and clear away what a killed server left behind."""

    def check(self) -> None:
        """Fail if no picture can be kept now.

        Raises
        ------
        OutputError, StoreError
            If the disk is nearly full, or the store does not answer.
        """

    def spool(self) -> Spool:
        """Open a temporary file for a picture that is being received.

        Raises
        ------
        OutputError
            If the disk is nearly full or the folder cannot be written.
        """
        ...

    def keep(self, spool: Spool) -> None:
        """Keep a received picture; when this returns it survives a power cut. May be done again.

        Raises
        ------
        OutputError, StoreError
            If disk or store do not take it.
        """

    def fetch(self, sha256: str) -> AbstractContextManager[Path]:
        """Have a picture as a file, for as long as the context lasts.

        Raises
        ------
        BlobMissing
            If there is none with this digest.
        """
        ...

    def has(self, sha256: str) -> bool:
        """Tell whether a picture with this digest is kept."""
        ...

    def remove(self, sha256: str) -> None:
        """Let go of a picture; see ``sweep.release`` for one that others may need."""

    def kept_before(self, moment: float) -> Iterator[str]:
        """Find the digests of the pictures that were kept before a moment, in s since 1970."""
        ...


class Spools:
    """Temporary files for pictures on their way in.

    Parameters
    ----------
    root : Path
        The service's data folder.
    min_free_bytes : int
        Free space below which no picture is taken.
    """

    def __init__(self, root: Path, min_free_bytes: int) -> None:
        self._folder = root / "spool"
        self._min_free_bytes = min_free_bytes

    def prepare(self) -> None:
        """Make the folder and clear away what a killed server left behind."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        oldest = time.time() - _ABANDONED_AFTER_S
        for leftover in self._folder.iterdir():
            with contextlib.suppress(FileNotFoundError):  # another server clears away too, or is at work
                if leftover.stat().st_mtime < oldest:
                    leftover.unlink(missing_ok=True)

    def open(self) -> Spool:
        """Open a temporary file.

        Raises
        ------
        OutputError
            If the disk is nearly full or the folder cannot be written.
        """
        try:
            free = shutil.disk_usage(self._folder).free
            if free < self._min_free_bytes:
                raise errors.OutputError("The disk is nearly full.")
            return Spool(self._folder / secrets.token_hex(16))
        except OSError as error:
            raise errors.OutputError("The picture cannot be stored.") from error


class BlobFolder:
    """Pictures in ``blobs/ab/cd/<sha256>``, mode 0600; a `Blobs`.

    Parameters
    ----------
    root : Path
        The service's data folder.
    min_free_bytes : int
        Free space below which no picture is taken.
    """

    def __init__(self, root: Path, *, min_free_bytes: int = 0) -> None:
        self._blobs = root / "blobs"
        self._spools = Spools(root, min_free_bytes)

    def prepare(self) -> None:
        """Make the folders and clear away what a killed server left behind."""
        self._blobs.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._spools.prepare()

    def check(self) -> None:
        """Fail if no picture can be kept now."""
        with self.spool():
            if not os.access(self._blobs, os.W_OK):
                raise errors.OutputError("The pictures' folder cannot be written.")

    def spool(self) -> Spool:
        """Open a temporary file for a picture that is being received; see `Blobs`."""
        return self._spools.open()

    def keep(self, spool: Spool) -> None:
        """Keep a received picture; see `Blobs`."""
        place = self.path(spool.sha256)
        try:
            self._make_folders(place.parent)
            if not place.exists():
                spool.sync()
                _link(spool.path, place)
            sync_folder(place.parent)
        except OSError as error:
            raise errors.OutputError("The picture cannot be stored.") from error

    @contextlib.contextmanager
    def fetch(self, sha256: str) -> Iterator[Path]:
        """Have a picture as a file; see `Blobs`."""
        if not self.has(sha256):
            raise BlobMissing
        yield self.path(sha256)

    def has(self, sha256: str) -> bool:
        """Tell whether a picture with this digest is kept."""
        return self.path(sha256).exists()

    def remove(self, sha256: str) -> None:
        """Let go of a picture."""
        place = self.path(sha256)
        try:
            place.unlink()
        except FileNotFoundError:
            return
        except OSError as error:
            raise errors.OutputError("The picture cannot be removed.") from error
        sync_folder(place.parent)

    def kept_before(self, moment: float) -> Iterator[str]:
        """Find the digests of the pictures that were kept before a moment, in s since 1970."""
        for place in self._blobs.glob("??/??/*"):
            with contextlib.suppress(FileNotFoundError):
                if is_digest(place.name) and place.stat().st_mtime < moment:
                    yield place.name

    def path(self, sha256: str) -> Path:
        """Return where the picture with this digest lies.

        Raises
        ------
        ValueError
            If this is not a digest.
        """
        return self._blobs / blob_name(sha256)

    def _make_folders(self, folder: Path) -> None:
        for level in (folder.parent, folder):
            if not level.exists():
                level.mkdir(mode=0o700, exist_ok=True)
                sync_folder(level.parent)


def is_digest(text: str) -> bool:
    """Tell whether a text is a SHA-256 in hexadecimal."""
    return _DIGEST.fullmatch(text) is not None


def blob_name(sha256: str) -> str:
    """Return the relative path of the picture with this digest, the same in a folder and in a store.

    Raises
    ------
    ValueError
        If this is not a digest.
    """
    if not is_digest(sha256):
        raise ValueError("not a SHA-256 digest")
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _link(source: Path, place: Path) -> None:
    """Put a file in its place under a second name, so that it can be put there again."""
    try:
        os.link(source, place)
    except FileExistsError:
        return
    except OSError as error:
        if error.errno not in _NO_LINKS:
            raise
        os.replace(source, place)  # noqa: PTH105  (both names are ours, and it reads as what it is)


def sync_folder(folder: Path) -> None:
    """Bring the names in a folder to the disk itself."""
    if os.name == "nt":  # Windows has no descriptor for a folder, and needs none
        return
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
