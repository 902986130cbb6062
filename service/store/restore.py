"""A backup brought back: pictures first, then all rows in one transaction, into a place without any."""

import itertools
import json
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, Engine, MetaData, Table, func, insert, select, update
from sqlalchemy.orm import Session

from reader import errors
from service.access import ALL_SITES
from service.store.audit import CONSOLE, record
from service.store.backup import PICTURES, Backup, copy_picture, read_manifest, sha256_of
from service.store.blobs import BlobFolder, Blobs
from service.store.database import open_engine, translated
from service.store.schema import downgrade, known_revision, upgrade
from service.store.sweep import needed_digests
from service.store.tables import ReadingRow

__all__ = ["restore"]

_AT_ONCE: Final = 500  # rows in memory
_DAMAGED: Final = "The backup is damaged: {} is not as it was written. Nothing was restored."


def restore(folder: Path, place: Path | str, blobs: Blobs) -> Backup:
    """Restore a backup, wholly or not at all.

    Parameters
    ----------
    folder : Path
        The backup's.
    place : Path or str
        Where the database is to be, see `service.store.database.open_database`; it must hold no rows.
    blobs : Blobs
        Where the pictures are to be.

    Returns
    -------
    Backup
        What was restored.

    Raises
    ------
    OptionError
        If there is no whole backup, a newer version made it, or there are rows already.
    OutputError, StoreError
        If the disk, the database or the store do not take it.
    """
    backup = read_manifest(folder)
    _verify_tables(folder, backup)
    engine = open_engine(place)
    try:
        with translated():
            _make_tables(engine, backup.revision)
            pictures = _copy_pictures(folder, backup, blobs)
            _load(engine, folder, backup)
            upgrade(engine)
            _note(engine, backup, pictures)
    finally:
        engine.dispose()
    return backup


def _verify_tables(folder: Path, backup: Backup) -> None:
    if not known_revision(backup.revision):
        raise errors.OptionError("The backup was made by a newer version of lfa-reader.")
    files = {f"{name}.jsonl": file for name, file in backup.tables.items()} | {PICTURES: backup.pictures}
    for name, file in files.items():
        path = _file(folder, backup, name)
        if not path.is_file() or sha256_of(path) != file.sha256:
            raise errors.OptionError(_DAMAGED.format(name))


def _file(folder: Path, backup: Backup, name: str) -> Path:
    return folder / Path(backup.folder).name / Path(name).name


def _make_tables(engine: Engine, revision: str) -> None:
    """Make the tables as they were when the backup was made."""
    with engine.connect() as connection:
        _tables_without_rows(connection)
    upgrade(engine)
    downgrade(engine, revision)


def _tables_without_rows(connection: Connection) -> list[Table]:
    found = MetaData()
    found.reflect(connection)
    tables = [table for table in found.sorted_tables if table.name != "alembic_version"]
    for table in tables:
        if connection.execute(select(table).limit(1)).first() is not None:
            raise errors.OptionError("There are data already: a backup is restored where there are none.")
    return tables


def _copy_pictures(folder: Path, backup: Backup, blobs: Blobs) -> set[str]:
    source = BlobFolder(folder)
    digests = _file(folder, backup, PICTURES).read_text().split()
    for digest in digests:
        if not copy_picture(digest, source, blobs):
            raise errors.OptionError(_DAMAGED.format(f"picture {digest}"))
    return set(digests)


def _load(engine: Engine, folder: Path, backup: Backup) -> None:
    with engine.execution_options(writes=True, patient=True).begin() as connection:
        for table in _tables_without_rows(connection):
            if table.name in backup.tables:
                _load_table(connection, table, _file(folder, backup, f"{table.name}.jsonl"))


def _load_table(connection: Connection, table: Table, path: Path) -> None:
    with path.open(encoding="utf-8") as stream:
        rows = map(json.loads, stream)
        while part := list(itertools.islice(rows, _AT_ONCE)):
            connection.execute(insert(table), part)
    if "seq" in table.c and connection.dialect.name == "postgresql":
        # New rows are numbered after those that came with their numbers; SQLite does so by itself.
        last = connection.scalar(select(func.max(table.c.seq)))
        sequence = func.pg_get_serial_sequence(table.name, "seq")
        connection.execute(select(func.setval(sequence, last or 1, last is not None)))


def _note(engine: Engine, backup: Backup, pictures: set[str]) -> None:
    """Write down what was restored, and which pictures were removed while the backup was made."""
    with Session(engine.execution_options(writes=True)) as session, session.begin():
        for digest in sorted(needed_digests(session.connection()) - pictures):
            named = ReadingRow.image_sha256 == digest
            session.execute(update(ReadingRow).where(named).values(image_removed_at=backup.made_at))
        told = {"readings": backup.readings, "pictures": backup.pictures.rows}
        record(session, CONSOLE, ALL_SITES, "data-restored", backup.made_at, told)
