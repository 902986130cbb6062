"""Pictures in a store of objects, such as S3, under the same names as in a folder."""

import contextlib
import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import reader
from reader import errors
from service.store.blobs import BlobMissing, Spool, Spools, blob_name, is_digest

__all__ = ["BlobObjects", "open_objects"]

# A store that does not answer must not hold a request for minutes: the client tries again anyway.
_S3_OPTIONS: Final = {
    "config_kwargs": {"connect_timeout": 5, "read_timeout": 30, "retries": {"max_attempts": 2}}
}
_SIGN: Final = "lfa-blobs"  # an object that is there as soon as the store is ready


class BlobObjects:
    """Pictures in a store of objects, as ``ab/cd/<sha256>``; a `Blobs`.

    Parameters
    ----------
    place : StorePath
        Folder in the store.
    root : Path
        The service's data folder, for pictures on their way in or out.
    min_free_bytes : int
        Free space there below which no picture is taken.
    """

    def __init__(self, place: reader.StorePath, root: Path, *, min_free_bytes: int = 0) -> None:
        self._place = place
        self._spools = Spools(root, min_free_bytes)

    def prepare(self) -> None:
        """See that the store takes objects, and clear away what a killed server left behind."""
        self._spools.prepare()
        (self._place / _SIGN).write_bytes(b"1\n")

    def check(self) -> None:
        """Fail if no picture can be kept now."""
        with self.spool():
            if not (self._place / _SIGN).exists():
                raise errors.StoreError("The store of pictures is not the one that was there at the start.")

    def spool(self) -> Spool:
        """Open a temporary file for a picture that is being received; see `Blobs`."""
        return self._spools.open()

    def keep(self, spool: Spool) -> None:
        """Keep a received picture; see `Blobs`. A store has it safe when it says so."""
        at = self._at(spool.sha256)
        if not at.exists():
            spool.flush()
            at.write_bytes(spool.path.read_bytes())

    @contextlib.contextmanager
    def fetch(self, sha256: str) -> Iterator[Path]:
        """Have a picture as a file; see `Blobs`."""
        try:
            content = self._at(sha256).read_bytes()
        except FileNotFoundError as error:
            raise BlobMissing from error
        if hashlib.sha256(content).hexdigest() != sha256:
            raise errors.StoreError("A picture in the store is not the one that was put there.")
        with self.spool() as copy:
            copy.write(content)
            copy.flush()
            yield copy.path

    def has(self, sha256: str) -> bool:
        """Tell whether a picture with this digest is kept."""
        return self._at(sha256).exists()

    def remove(self, sha256: str) -> None:
        """Let go of a picture."""
        self._at(sha256).unlink(missing_ok=True)

    def kept_before(self, moment: float) -> Iterator[str]:
        """Find the digests of the pictures that were kept before a moment, in s since 1970."""
        for name, kept in self._place.ages():
            digest = name.rpartition("/")[2]
            if is_digest(digest) and kept < moment:
                yield digest

    def _at(self, sha256: str) -> reader.StorePath:
        return self._place / blob_name(sha256)


def open_objects(address: str, root: Path, *, min_free_bytes: int = 0) -> BlobObjects:
    """Open the store at an address.

    Parameters
    ----------
    address : str
        Such as ``s3://bucket/folder``, of any store that fsspec knows.
    root : Path
        The service's data folder.
    min_free_bytes : int
        Free space there below which no picture is taken.

    Raises
    ------
    OptionError
        If the address is none of a store.
    ExtraMissing
        If the package that reaches it is not installed.
    """
    options = _S3_OPTIONS if address.startswith("s3") else {}
    return BlobObjects(reader.store_path(address, **options), root, min_free_bytes=min_free_bytes)
