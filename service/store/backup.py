"""A backup: all rows as they were at one moment, and every picture they name, in a folder.

::

    DIR/backup.json      what there is, with digests; put there last, so that without it there is no backup
    DIR/tables-…/        a file for each table, a JSON object for each row, and a list of the pictures
    DIR/blobs/ab/cd/…    the pictures, under their digests

The rows do not depend on the kind of database: a backup from SQLite can be restored into PostgreSQL. A second
backup into the same folder takes only the pictures that are not there, and replaces the rows.
"""

import contextlib
import hashlib
import json
import os
import secrets
import shutil
import time
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, Table, select

import reader
from reader import errors
from service.clock import utc_now
from service.store.blobs import BlobFolder, BlobMissing, Blobs, sync_folder
from service.store.database import translated
from service.store.schema import current_revision, head_revision
from service.store.sweep import needed_digests
from service.store.tables import Base

__all__ = [
    "PICTURES",
    "Backup",
    "BackupFile",
    "back_up",
    "copy_picture",
    "read_manifest",
    "sealed",
    "sha256_of",
]

PICTURES: Final = "pictures.txt"
"""Name of the file that lists the pictures."""

_SCHEMA: Final = "lfa-backup/1"
_MANIFEST: Final = "backup.json"
_TABLES: Final = Base.metadata.sorted_tables
_CHUNK: Final = 1 << 20
_AT_ONCE: Final = 500  # rows in memory


@dataclass(frozen=True, slots=True)
class BackupFile:
    """A file of rows: their number, and its digest."""

    rows: int
    sha256: str


@dataclass(frozen=True, slots=True)
class Backup:
    """What a backup holds.

    Attributes
    ----------
    made_at : str
        Moment from which the rows are, UTC.
    software : str
        Version that made it.
    revision : str
        Of the tables.
    folder : str
        Name of the folder with the rows.
    tables : dict of str to BackupFile
        The rows of each table, in ``NAME.jsonl``.
    pictures : BackupFile
        Digests of the pictures, in ``pictures.txt``.
    """

    made_at: str
    software: str
    revision: str
    folder: str
    tables: dict[str, BackupFile]
    pictures: BackupFile

    @property
    def readings(self) -> int:
        """How many readings there are."""
        return self.tables["readings"].rows


def back_up(engine: Engine, blobs: Blobs, folder: Path) -> Backup:
    """Write a backup, whatever goes on meanwhile.

    Parameters
    ----------
    engine : Engine
        The database.
    blobs : Blobs
        The pictures.
    folder : Path
        Where to; made when it is missing. An older backup there stays whole until this one is.

    Returns
    -------
    Backup
        What it holds.

    Raises
    ------
    OptionError
        If another version of the service wrote the database.
    OutputError
        If the folder cannot be written.
    StoreError
        If a picture is missing or damaged; all else is backed up then.
    """
    with _written():
        kept = BlobFolder(folder)
        kept.prepare()
        place = folder / f"tables-{secrets.token_hex(4)}"
        place.mkdir(mode=0o700)
        with translated(), _snapshot(engine) as connection:
            revision = _revision(connection)
            made_at = utc_now()
            tables = {table.name: _write_table(connection, table, place) for table in _TABLES}
            digests = needed_digests(connection)
        there = [digest for digest in sorted(digests) if copy_picture(digest, blobs, kept)]
        pictures = _write_lines(place / PICTURES, (f"{digest}\n" for digest in there))
        sync_folder(place)
        backup = Backup(made_at, reader.__version__, revision, place.name, tables, pictures)
        _write_manifest(folder, backup)
        _tidy(folder, kept, place, set(there))
        lost = _still_needed(engine, digests.difference(there))
    if lost:
        raise errors.StoreError(f"{lost} pictures are missing or damaged; all else is in the backup.")
    return backup


def read_manifest(folder: Path) -> Backup:
    """Return what a folder's backup says that it holds.

    Raises
    ------
    OptionError
        If there is no whole backup.
    """
    try:
        manifest = json.loads((folder / _MANIFEST).read_text(encoding="utf-8"))
        said = manifest["backup"]
        if manifest != sealed(said):
            raise errors.OptionError(
                f"The backup in {folder} is damaged, or of a kind that is not known here."
            )
        tables = {name: BackupFile(**file) for name, file in said.pop("tables").items()}
        return Backup(tables=tables, pictures=BackupFile(**said.pop("pictures")), **said)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise errors.OptionError(f"There is no whole backup in {folder}.") from error


def sealed(said: dict[str, Any]) -> dict[str, Any]:
    """Return what the manifest of a backup is: what is said of it, and the digest of that."""
    plain = json.dumps(said, sort_keys=True).encode()
    return {"schema": _SCHEMA, "backup": said, "sha256": hashlib.sha256(plain).hexdigest()}


def copy_picture(sha256: str, source: Blobs, target: Blobs) -> bool:
    """Copy a picture that is not there yet, and tell whether it is now there as it should be.

    Parameters
    ----------
    sha256 : str
        Its digest.
    source, target : Blobs
        Where from and where to.
    """
    with contextlib.suppress(BlobMissing), target.fetch(sha256) as path:
        if sha256_of(path) == sha256:
            return True
        target.remove(sha256)
    try:
        with source.fetch(sha256) as path, target.spool() as spool, path.open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                spool.write(chunk)
            if spool.sha256 == sha256:
                target.keep(spool)
            return spool.sha256 == sha256
    except (BlobMissing, FileNotFoundError):
        return False


def sha256_of(path: Path) -> str:
    """Return the digest of a file."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _revision(connection: Connection) -> str:
    found = current_revision(connection)
    if found is None or found != head_revision():
        raise errors.OptionError(
            "The data belong to another version of lfa-reader: back them up with that one."
        )
    return found


@contextlib.contextmanager
def _snapshot(engine: Engine) -> Iterator[Connection]:
    """Read everything as it is at one moment, while others write."""
    postgresql = engine.dialect.name == "postgresql"
    level = {"isolation_level": "REPEATABLE READ"} if postgresql else {}
    with engine.execution_options(patient=True, **level).begin() as connection:
        yield connection


def _write_table(connection: Connection, table: Table, place: Path) -> BackupFile:
    asked = select(table).order_by(*table.primary_key).execution_options(yield_per=_AT_ONCE)
    rows = connection.execute(asked).mappings()
    lines = (json.dumps(dict(row), ensure_ascii=False, allow_nan=False) + "\n" for row in rows)
    return _write_lines(place / f"{table.name}.jsonl", lines)


def _write_lines(path: Path, lines: Iterable[str]) -> BackupFile:
    digest = hashlib.sha256()
    rows = 0
    with path.open("xb") as stream:
        for line in lines:
            stream.write(line.encode())
            digest.update(line.encode())
            rows += 1
        _sync(stream)
    return BackupFile(rows, digest.hexdigest())


def _still_needed(engine: Engine, absent: set[str]) -> int:
    """Count the pictures that should be there: one that was removed meanwhile should not."""
    with translated(), engine.connect() as connection:
        return len(absent & needed_digests(connection)) if absent else 0


def _write_manifest(folder: Path, backup: Backup) -> None:
    new = folder / f"{_MANIFEST}.new"
    with new.open("wb") as stream:
        stream.write(json.dumps(sealed(asdict(backup)), indent=1).encode())
        _sync(stream)
    new.replace(folder / _MANIFEST)
    sync_folder(folder)


def _tidy(folder: Path, kept: BlobFolder, place: Path, digests: set[str]) -> None:
    """Remove what belongs to an older backup alone."""
    for other in folder.glob("tables-*"):
        if other != place:
            shutil.rmtree(other)
    for digest in list(kept.kept_before(time.time() + 1)):
        if digest not in digests:
            kept.remove(digest)


def _sync(stream: Any) -> None:
    stream.flush()
    os.fsync(stream.fileno())


@contextlib.contextmanager
def _written() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise errors.OutputError(f"The backup cannot be written: {error.strerror or error}.") from error
