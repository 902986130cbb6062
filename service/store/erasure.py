"""Letting go: of a picture when its time is over, of all that belongs to a person when that is asked for."""

from typing import Final

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.clock import utc_now
from service.store.audit import SERVICE, record
from service.store.blobs import Blobs
from service.store.database import translated
from service.store.deliveries import ERASED, announce
from service.store.sweep import release
from service.store.tables import JobRow, ReadingRow, VersionRow

__all__ = ["ErasureStore"]

_AT_ONCE: Final = 100  # rows in one transaction, so that nobody who stores a reading waits for long


class ErasureStore:
    """Removes pictures and what belongs to a person; the bare fact that there was a reading stays.

    Parameters
    ----------
    engine : Engine
        An open database.
    blobs : Blobs
        The pictures.
    announces : bool
        Whether a web hook is told of every erasure.
    """

    def __init__(self, engine: Engine, blobs: Blobs, *, announces: bool = False) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self._blobs = blobs
        self._announces = announces

    def erase(self, reading_id: str, key_id: str) -> None:
        """Erase a reading: picture, pseudonyms, label, answers. What was counted of its strips stays.

        Its id is never taken again. Whoever calls it once more changes nothing.

        Parameters
        ----------
        reading_id : str
            Of a reading that there is.
        key_id : str
            Who asks for it.

        Raises
        ------
        OutputError, CapacityError, StoreError
            If the database does not take it.
        """
        with translated(), Session(self._writer) as session, session.begin():
            row = session.scalars(_LOCKED.where(ReadingRow.id == reading_id)).one()
            if row.erased_at is not None:
                return
            digest = row.image_sha256
            _empty(session, row)
            if self._announces:
                announce(session, reading_id, ERASED)
            record(session, key_id, row.site, "reading-erased", reading_id, {})
        release(self._engine, self._blobs, digest)

    def remove_images(self, *, before: str) -> int:
        """Remove the pictures of readings that arrived before a moment; the readings stay.

        Parameters
        ----------
        before : str
            The moment, as UTC.

        Returns
        -------
        int
            Readings that lost their picture.
        """
        removed = 0
        while digests := self._mark_images(before):
            for digest in set(digests):
                release(self._engine, self._blobs, digest)
            removed += len(digests)
        return removed

    def _mark_images(self, before: str) -> list[str]:
        """Note of some readings that their picture is removed; return the pictures' digests."""
        old = (
            _LOCKED.where(ReadingRow.image_removed_at.is_(None), ReadingRow.received_at < before)
            .order_by(ReadingRow.received_at)
            .limit(_AT_ONCE)
        )
        with translated(), Session(self._writer) as session, session.begin():
            rows = session.scalars(old).all()
            for row in rows:
                row.image_removed_at = utc_now()
                record(session, SERVICE, row.site, "image-removed", row.id, {})
            return [row.image_sha256 for row in rows]


# Who reviews or erases at the same time waits, also where a database has many writers.
_LOCKED = select(ReadingRow).with_for_update()


def _empty(session: Session, row: ReadingRow) -> None:
    now = utc_now()
    row.erased_at = now
    row.image_removed_at = row.image_removed_at or now
    # The digest tells the picture to whoever has it.
    row.image_sha256 = ""
    row.image_bytes = 0
    row.taken_at = row.operator = row.subject = None
    row.attention = 0
    session.execute(update(VersionRow).where(VersionRow.reading_id == row.id).values(document="{}"))
    session.execute(
        update(JobRow).where(JobRow.reading_id == row.id).values(submission="{}", image_sha256="")
    )
