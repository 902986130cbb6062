"""Readings in the database: add one, find one, list them."""

from dataclasses import dataclass

from sqlalchemy import Engine, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.store.database import translated
from service.store.tables import ReadingRow, VersionRow

__all__ = ["AlreadyStored", "NewReading", "ReadingStore", "StoredReading"]

_LATEST = select(ReadingRow, VersionRow).join(
    VersionRow, (VersionRow.reading_id == ReadingRow.id) & (VersionRow.number == ReadingRow.latest)
)


class AlreadyStored(Exception):  # noqa: N818  (a state of the world, not a fault)
    """There is a reading with this id."""


@dataclass(frozen=True, slots=True)
class NewReading:
    """What is to be stored.

    Attributes
    ----------
    id : str
        UUID in its usual form.
    image_sha256 : str
        Digest of the picture's bytes.
    image_bytes : int
        Their number.
    assay, outcome, software : str
        As in the document.
    document : str
        The contract document as JSON text, kept to the byte.
    received_at : str
        UTC, RFC 3339 with microseconds.
    """

    id: str
    image_sha256: str
    image_bytes: int
    assay: str
    outcome: str
    software: str
    document: str
    received_at: str


@dataclass(frozen=True, slots=True)
class StoredReading(NewReading):
    """What is stored.

    Attributes
    ----------
    seq : int
        Order of arrival.
    version : int
        Number of the answer that is shown.
    """

    seq: int
    version: int


class ReadingStore:
    """Readings in a database.

    Parameters
    ----------
    engine : Engine
        An open database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)

    def add(self, new: NewReading) -> StoredReading:
        """Store a reading; when this returns it survives a power cut.

        Raises
        ------
        AlreadyStored
            If the id is taken.
        OutputError, CapacityError, StoreError
            If the database does not take it.
        """
        row = ReadingRow(
            id=new.id,
            image_sha256=new.image_sha256,
            image_bytes=new.image_bytes,
            received_at=new.received_at,
            latest=1,
        )
        version = VersionRow(
            reading_id=new.id,
            number=1,
            assay=new.assay,
            outcome=new.outcome,
            software=new.software,
            document=new.document,
            created_at=new.received_at,
        )
        try:
            with translated(), Session(self._writer) as session, session.begin():
                session.add(row)
                session.flush()
                session.add(version)
                session.flush()
                stored = _stored(row, version)
        except IntegrityError as error:
            raise AlreadyStored(new.id) from error
        return stored

    def find(self, reading_id: str) -> StoredReading | None:
        """Return the reading with this id, or None."""
        with Session(self._engine) as session:
            found = session.execute(_LATEST.where(ReadingRow.id == reading_id)).first()
            return None if found is None else _stored(found[0], found[1])

    def page(self, *, before: int | None, limit: int) -> list[StoredReading]:
        """List readings, the newest first.

        Parameters
        ----------
        before : int or None
            Only those that arrived before this ``seq``.
        limit : int
            At most so many.
        """
        query = _LATEST.order_by(ReadingRow.seq.desc()).limit(limit)
        if before is not None:
            query = query.where(ReadingRow.seq < before)
        with Session(self._engine) as session:
            return [_stored(row, version) for row, version in session.execute(query)]

    def check(self) -> None:
        """Fail if the database does not answer."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()


def _stored(row: ReadingRow, version: VersionRow) -> StoredReading:
    return StoredReading(
        id=row.id,
        image_sha256=row.image_sha256,
        image_bytes=row.image_bytes,
        assay=version.assay,
        outcome=version.outcome,
        software=version.software,
        document=version.document,
        received_at=row.received_at,
        seq=row.seq,
        version=version.number,
    )
