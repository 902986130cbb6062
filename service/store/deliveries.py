"""Messages to a web hook that wait in the database until they are taken or given up."""

import uuid
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, select, update
from sqlalchemy.orm import Session

from service.clock import utc_now
from service.store.database import translated
from service.store.tables import DeliveryRow, VersionRow

__all__ = ["ERASED", "Delivery", "DeliveryStore", "announce"]

ERASED: Final = 0
"""The ``version`` of a message that a reading was erased."""


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that is to be sent.

    Attributes
    ----------
    id : str
        UUID of the message; the same at every attempt.
    event : str
        ``reading.added``, ``reading.reviewed`` or ``reading.erased``.
    reading_id : str
        The reading.
    version : int
        Number of its new answer, or `ERASED`.
    attempt : int
        From 1.
    created_at : str
        When it happened.
    """

    id: str
    event: str
    reading_id: str
    version: int
    attempt: int
    created_at: str


class DeliveryStore:
    """Messages in a database.

    Parameters
    ----------
    engine : Engine
        An open database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)

    def claim(self, *, now: str, until: str) -> Delivery | None:
        """Take the message that has waited longest.

        Parameters
        ----------
        now, until : str
            The time, and the time from which the message is taken again if nothing more is heard of it.

        Returns
        -------
        Delivery or None
            None when no message is due.
        """
        due = (DeliveryRow.state == "queued") & (DeliveryRow.next_at <= now)
        with translated(), Session(self._engine) as session:
            if session.scalar(select(DeliveryRow.id).where(due).limit(1)) is None:
                return None
        oldest = select(DeliveryRow).where(due).order_by(DeliveryRow.next_at).limit(1)
        with translated(), Session(self._writer) as session, session.begin():
            row = session.scalar(oldest.with_for_update(skip_locked=True))
            if row is None:
                return None
            row.next_at = until
            row.attempts += 1
            return Delivery(
                row.id, _event(session, row), row.reading_id, row.version, row.attempts, row.created_at
            )

    def put_off(self, delivery_id: str, until: str) -> None:
        """Have a message sent again at a later time."""
        self._change(delivery_id, next_at=until)

    def finish(self, delivery_id: str, *, taken: bool) -> None:
        """Note that a message was taken, or is given up."""
        self._change(delivery_id, state="done" if taken else "failed")

    def _change(self, delivery_id: str, **values: str) -> None:
        with translated(), Session(self._writer) as session, session.begin():
            session.execute(update(DeliveryRow).where(DeliveryRow.id == delivery_id).values(**values))


def announce(session: Session, reading_id: str, version: int) -> None:
    """Write a message about a reading, in the transaction of what it tells about.

    Parameters
    ----------
    session : Session
        In a transaction that writes.
    reading_id : str
        The reading.
    version : int
        Number of its new answer, or `ERASED`.
    """
    now = utc_now()
    session.add(
        DeliveryRow(
            id=str(uuid.uuid4()),
            reading_id=reading_id,
            version=version,
            state="queued",
            attempts=0,
            next_at=now,
            created_at=now,
        )
    )


def _event(session: Session, row: DeliveryRow) -> str:
    if row.version == ERASED:
        return "reading.erased"
    answer = session.get(VersionRow, (row.reading_id, row.version))
    return "reading.reviewed" if answer is not None and answer.kind == "review" else "reading.added"
