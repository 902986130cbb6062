"""Readings in the database: add one, find one, list them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from sqlalchemy import ColumnElement, Engine, Select, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session, aliased

from service.answers import Status
from service.store.audit import record
from service.store.database import translated
from service.store.deliveries import announce
from service.store.strips import strip_rows
from service.store.tables import ReadingRow, VersionRow

__all__ = ["AlreadyStored", "Filters", "NewReading", "ReadingStore", "StoredReading"]

_Ids = Select[str]
_Machine = aliased(VersionRow)
_Counts = aliased(VersionRow)
_NEWEST_OF_MACHINE = (
    select(func.max(VersionRow.number))
    .where(VersionRow.reading_id == ReadingRow.id, VersionRow.kind == "machine")
    .correlate(ReadingRow)
    .scalar_subquery()
)
_IS_MACHINE = (_Machine.reading_id == ReadingRow.id) & (_Machine.number == _NEWEST_OF_MACHINE)
_IS_COUNTED = (_Counts.reading_id == ReadingRow.id) & (_Counts.number == ReadingRow.latest)
_FOUND = (
    select(ReadingRow, _Machine, _Counts)
    .select_from(ReadingRow)
    .join(_Machine, _IS_MACHINE)
    .join(_Counts, _IS_COUNTED)
)


class AlreadyStored(Exception):  # noqa: N818  (a state of the world, not a fault)
    """There is a reading with this id."""


@dataclass(frozen=True, slots=True, kw_only=True)
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
    site : str
        Where it belongs.
    key_id : str
        Who sent it.
    taken_at, operator, subject, lot : str or None
        When the picture was taken, by whom, of whom and of which lot of kits, as the sender tells it.
    batch_id : str or None
        The batch it is part of.
    attention : int
        How soon a person should look.
    """

    id: str
    image_sha256: str
    image_bytes: int
    assay: str
    outcome: str
    software: str
    document: str
    received_at: str
    site: str = "main"
    key_id: str = "local"
    taken_at: str | None = None
    operator: str | None = None
    subject: str | None = None
    lot: str | None = None
    batch_id: str | None = None
    attention: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredReading(NewReading):
    """What is stored: the machine's answer, and beside it the one that counts.

    Attributes
    ----------
    seq : int
        Order of arrival.
    version : int
        Number of the machine's answer, to which `outcome` and `document` belong.
    latest : int
        Number of the answer that counts, the machine's or a person's.
    review : str or None
        The person's answer as JSON (``lfa-review/1``), when there is one.
    reviewed_at : str or None
        When it was given.
    image_removed_at, erased_at : str or None
        When the picture, or all that belongs to a person, was removed.
    """

    seq: int
    version: int
    latest: int = 1
    review: str | None = None
    reviewed_at: str | None = None
    image_removed_at: str | None = None
    erased_at: str | None = None

    @property
    def human(self) -> Mapping[str, Any] | None:
        """The person's answer, when there is one."""
        return None if self.review is None or self.erased_at is not None else json.loads(self.review)

    @property
    def status(self) -> Status:
        """How far the answer is settled."""
        if self.erased_at is not None:
            return "erased"
        human = self.human
        return "preliminary" if human is None else human["status"]

    @property
    def counts(self) -> str:
        """The outcome that counts: a person's before the machine's."""
        human = self.human
        return self.outcome if human is None else str(human["outcome"])


@dataclass(frozen=True, slots=True, kw_only=True)
class Filters:
    """Which readings are asked for; None asks for all.

    Attributes
    ----------
    site, assay, subject, lot : str or None
        Only those with exactly this.
    outcome : str or None
        Only those whose answer that counts is this one.
    since, until : str or None
        Only those that arrived at or after the first, and before the second, moment.
    review : {"needed", "done"} or None
        Only those at which a person should look, or has looked.
    """

    site: str | None = None
    assay: str | None = None
    outcome: str | None = None
    subject: str | None = None
    lot: str | None = None
    since: str | None = None
    until: str | None = None
    review: Literal["needed", "done"] | None = None


class ReadingStore:
    """Readings in a database.

    Parameters
    ----------
    engine : Engine
        An open database.
    announces : bool
        Whether a web hook is told of every new reading.
    """

    def __init__(self, engine: Engine, *, announces: bool = False) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)
        self._announces = announces

    def add(self, new: NewReading) -> StoredReading:
        """Store a reading; when this returns it survives a power cut.

        Raises
        ------
        AlreadyStored
            If the id is taken.
        OutputError, CapacityError, StoreError
            If the database does not take it.
        """
        row, version = _rows(new)
        try:
            with translated(), Session(self._writer) as session, session.begin():
                session.add(row)
                session.flush()
                session.add(version)
                session.add_all(strip_rows(new.id, new.document))
                if self._announces:
                    announce(session, new.id, version.number)
                said = {"assay": new.assay, "outcome": new.outcome}
                record(session, new.key_id, new.site, "reading-added", new.id, said)
                stored = _stored(row, version, version)
        except IntegrityError as error:
            raise AlreadyStored(new.id) from error
        return stored

    def find(self, reading_id: str) -> StoredReading | None:
        """Return the reading with this id, or None."""
        with Session(self._engine) as session:
            found = session.execute(_FOUND.where(ReadingRow.id == reading_id)).first()
            return None if found is None else _stored(*found)

    def page(
        self, *, before: int | None = None, limit: int, filters: Filters | None = None
    ) -> list[StoredReading]:
        """List readings that are not erased, the newest first.

        Parameters
        ----------
        before : int or None
            Only those that arrived before this ``seq``.
        limit : int
            At most so many.
        filters : Filters, optional
            Which.
        """
        query = _chosen(filters or Filters())
        if before is not None:
            query = query.where(ReadingRow.seq < before)
        return self._all(query, limit, ReadingRow.seq.desc())

    def each(self, filters: Filters, at_once: int) -> Iterator[StoredReading]:
        """Yield all readings, the newest first, without holding them or the database meanwhile.

        Parameters
        ----------
        filters : Filters
            Which.
        at_once : int
            How many are in memory.
        """
        before = None
        while found := self.page(before=before, limit=at_once, filters=filters):
            yield from found
            before = found[-1].seq

    def to_review(
        self, *, after: tuple[int, int] | None = None, limit: int, filters: Filters | None = None
    ) -> list[StoredReading]:
        """List readings, those first at which a person should look soonest, of these the newest first.

        Parameters
        ----------
        after : (int, int) or None
            Only those that come after this ``attention`` and ``seq``.
        limit : int
            At most so many.
        filters : Filters, optional
            Which.
        """
        query = _chosen(filters or Filters())
        if after is not None:
            attention, seq = after
            level = ReadingRow.attention == attention
            query = query.where((ReadingRow.attention < attention) | (level & (ReadingRow.seq < seq)))
        return self._all(query, limit, ReadingRow.attention.desc(), ReadingRow.seq.desc())

    def check(self) -> None:
        """Fail if the database does not answer."""
        with self._engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Let go of every connection."""
        self._engine.dispose()

    def _all(self, chosen: _Ids, limit: int, *order: ColumnElement[Any]) -> list[StoredReading]:
        """Choose first and fetch then, so that what is sorted is small."""
        ids = chosen.order_by(*order).limit(limit).correlate(None)
        with Session(self._engine) as session:
            found = session.execute(_FOUND.where(ReadingRow.id.in_(ids)).order_by(*order))
            return [_stored(*rows) for rows in found]


def _chosen(asked: Filters) -> _Ids:
    """Return the ids of the readings that are asked for; what is not asked about is not joined."""
    query = select(ReadingRow.id).where(ReadingRow.erased_at.is_(None))
    if asked.assay is not None:
        query = query.join(_Machine, _IS_MACHINE).where(_Machine.assay == asked.assay)
    if asked.outcome is not None or asked.review == "done":
        query = query.join(_Counts, _IS_COUNTED)
    equal = {
        ReadingRow.site: asked.site,
        ReadingRow.subject: asked.subject,
        ReadingRow.lot: asked.lot,
        _Counts.outcome: asked.outcome,
        _Counts.kind: "review" if asked.review == "done" else None,
    }
    query = query.where(*(column == value for column, value in equal.items() if value is not None))
    if asked.review == "needed":
        query = query.where(ReadingRow.attention > 0)
    if asked.since is not None:
        query = query.where(ReadingRow.received_at >= asked.since)
    if asked.until is not None:
        query = query.where(ReadingRow.received_at < asked.until)
    return query


def _rows(new: NewReading) -> tuple[ReadingRow, VersionRow]:
    row = ReadingRow(
        id=new.id,
        site=new.site,
        image_sha256=new.image_sha256,
        image_bytes=new.image_bytes,
        received_at=new.received_at,
        taken_at=new.taken_at,
        key_id=new.key_id,
        operator=new.operator,
        subject=new.subject,
        lot=new.lot,
        batch_id=new.batch_id,
        latest=1,
        attention=new.attention,
    )
    version = VersionRow(
        reading_id=new.id,
        number=1,
        kind="machine",
        assay=new.assay,
        outcome=new.outcome,
        software=new.software,
        document=new.document,
        key_id=new.key_id,
        created_at=new.received_at,
    )
    return row, version


def _stored(row: ReadingRow, machine: VersionRow, counts: VersionRow) -> StoredReading:
    reviewed = counts.kind == "review"
    return StoredReading(
        id=row.id,
        image_sha256=row.image_sha256,
        image_bytes=row.image_bytes,
        assay=machine.assay,
        outcome=machine.outcome,
        software=machine.software,
        document=machine.document,
        received_at=row.received_at,
        site=row.site,
        key_id=row.key_id or "",
        taken_at=row.taken_at,
        operator=row.operator,
        subject=row.subject,
        lot=row.lot,
        batch_id=row.batch_id,
        attention=row.attention,
        seq=row.seq,
        version=machine.number,
        latest=row.latest,
        review=counts.document if reviewed else None,
        reviewed_at=counts.created_at if reviewed else None,
        image_removed_at=row.image_removed_at,
        erased_at=row.erased_at,
    )
