"""Messages to a web hook that wait in the database until they are taken or given up."""

import uuid
from typing import Final

from sqlalchemy.orm import Session

from service.clock import utc_now
from service.store.tables import DeliveryRow

__all__ = ["ERASED", "announce"]

ERASED: Final = 0
"""The ``version`` of a message that a reading was erased."""


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
