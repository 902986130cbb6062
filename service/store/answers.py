"""Answers about a reading: all of them, and a person's beside the machine's."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.clock import utc_now
from service.store.audit import record
from service.store.database import translated
from service.store.deliveries import announce
from service.store.tables import ReadingRow, VersionRow

__all__ = ["AnswerStore", "Erased", "StoredVersion"]


class Erased(Exception):  # noqa: N818  (a state of the world, not a fault)
    """The reading was erased."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredVersion:
    """One answer about a reading.

    Attributes
    ----------
    reading_id : str
        The reading.
    number : int
        From 1, in the order in which the answers were given.
    kind : str
        ``"machine"`` or ``"review"``.
    assay, outcome, software : str
        Id of the kit, the answer, and the reader's version.
    document : str
        The whole answer as JSON: ``lfa-reading/1`` or ``lfa-review/1``.
    reason : str or None
        Why a person says otherwise than the machine.
    key_id : str or None
        Who gave it.
    created_at : str
        When.
    """

    reading_id: str
    number: int
    kind: str
    assay: str
    outcome: str
    software: str
    document: str
    reason: str | None
    key_id: str | None
    created_at: str


class AnswerStore:
    """Answers in a database.

    Parameters
    ----------
    engine : Engine
        An open database.
    announces : bool
        Whether a web hook is told of every review.
    """

    def __init__(self, engine: Engine, *, announces: bool = False) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self._announces = announces

    def versions(self, reading_id: str) -> list[StoredVersion]:
        """Return every answer about a reading, the first first; none where there is no such reading."""
        with Session(self._engine) as session:
            return _versions(session, reading_id)

    def add_review(
        self,
        reading_id: str,
        key_id: str,
        answer: Callable[[Sequence[StoredVersion]], Mapping[str, Any] | None],
    ) -> tuple[StoredVersion, bool]:
        """Add a person's answer; when this returns it survives a power cut.

        Parameters
        ----------
        reading_id : str
            Of a reading that there is.
        key_id : str
            Who answers.
        answer : callable
            Makes the review (``lfa-review/1``) of the answers there are, None when the last of them is this
            very review; what it raises ends the transaction.

        Returns
        -------
        StoredVersion
            The answer that counts now.
        bool
            False when nothing was added.

        Raises
        ------
        Erased
            If the reading was erased.
        OutputError, CapacityError, StoreError
            If the database does not take it.
        """
        with translated(), Session(self._writer) as session, session.begin():
            row = session.scalars(_LOCKED.where(ReadingRow.id == reading_id)).one()
            if row.erased_at is not None:
                raise Erased(reading_id)
            known = _versions(session, reading_id)
            review = answer(known)
            if review is None:
                return known[-1], False
            return self._add(session, key_id, row, known, review), True

    def _add(
        self,
        session: Session,
        key_id: str,
        row: ReadingRow,
        known: Sequence[StoredVersion],
        review: Mapping[str, Any],
    ) -> StoredVersion:
        machine = next(version for version in reversed(known) if version.kind == "machine")
        added = VersionRow(
            reading_id=row.id,
            number=known[-1].number + 1,
            kind="review",
            assay=machine.assay,
            outcome=review["outcome"],
            software=machine.software,
            document=json.dumps(review, ensure_ascii=False, allow_nan=False),
            reason=review["reason"],
            key_id=key_id,
            created_at=utc_now(),
        )
        session.add(added)
        row.latest = added.number
        row.attention = 0
        if self._announces:
            announce(session, row.id, added.number)
        detail = {key: review[key] for key in ("decision", "reason", "outcome", "status")}
        record(session, key_id, row.site, "reading-reviewed", row.id, detail)
        return _version(added)


# Two reviews at once are taken one after the other, also where a database has many writers.
_LOCKED = select(ReadingRow).with_for_update()


def _versions(session: Session, reading_id: str) -> list[StoredVersion]:
    query = select(VersionRow).where(VersionRow.reading_id == reading_id).order_by(VersionRow.number)
    return [_version(row) for row in session.scalars(query)]


def _version(row: VersionRow) -> StoredVersion:
    return StoredVersion(
        reading_id=row.reading_id,
        number=row.number,
        kind=row.kind,
        assay=row.assay,
        outcome=row.outcome,
        software=row.software,
        document=row.document,
        reason=row.reason,
        key_id=row.key_id,
        created_at=row.created_at,
    )
