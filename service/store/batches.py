"""Batches in the database: pictures that belong together, and what has become of each."""

from dataclasses import dataclass

from sqlalchemy import Engine, and_, func, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.store.audit import record
from service.store.database import translated
from service.store.jobs import Job, JobState, job_of
from service.store.tables import BatchRow, JobRow, ReadingRow, VersionRow

__all__ = ["Batch", "BatchItem", "BatchStore"]

_STATES: tuple[JobState, ...] = ("queued", "running", "done", "failed")
_ITEMS = (
    select(JobRow, VersionRow.outcome)
    .outerjoin(ReadingRow, and_(ReadingRow.id == JobRow.reading_id, ReadingRow.erased_at.is_(None)))
    .outerjoin(
        VersionRow, and_(VersionRow.reading_id == ReadingRow.id, VersionRow.number == ReadingRow.latest)
    )
    .order_by(JobRow.created_at, JobRow.id)
)


@dataclass(frozen=True, slots=True)
class Batch:
    """Pictures that belong together.

    Attributes
    ----------
    id : str
        UUID.
    site : str
        Where it belongs.
    assay : str
        Id of the assay for which its pictures are read.
    created_at : str
        UTC, RFC 3339 with microseconds.
    closed_at : str or None
        When it took its last picture.
    """

    id: str
    site: str
    assay: str
    created_at: str
    closed_at: str | None = None


@dataclass(frozen=True, slots=True)
class BatchItem:
    """One picture of a batch.

    Attributes
    ----------
    job : Job
        What is to be done with it, or was.
    outcome : str or None
        The answer that counts; None until it is read, and when it was erased.
    """

    job: Job
    outcome: str | None


class BatchStore:
    """Batches in a database.

    Parameters
    ----------
    engine : Engine
        An open database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)

    def add(self, new: Batch, key_id: str) -> tuple[Batch, bool]:
        """Store a batch; when this returns it survives a power cut.

        Returns
        -------
        Batch
            The new one, or the one that has its id already.
        bool
            Whether it is new.

        Raises
        ------
        OutputError, CapacityError, StoreError
            If the database does not take it.
        """
        known = self.find(new.id)
        if known is not None:
            return known, False
        try:
            with translated(), Session(self._writer) as session, session.begin():
                session.add(BatchRow(id=new.id, site=new.site, assay=new.assay, created_at=new.created_at))
                session.flush()
                record(session, key_id, new.site, "batch-added", new.id, {"assay": new.assay})
        except IntegrityError:
            return self.add(new, key_id)
        return new, True

    def find(self, batch_id: str) -> Batch | None:
        """Return the batch with this id, or None."""
        with Session(self._engine) as session:
            row = session.get(BatchRow, batch_id)
            return None if row is None else _batch(row)

    def close(self, batch_id: str, now: str, key_id: str) -> Batch:
        """Let a batch take no more pictures; one that is closed stays as it is.

        Raises
        ------
        OutputError, CapacityError, StoreError
            If the database does not take it.
        """
        with translated(), Session(self._writer) as session, session.begin():
            row = session.get_one(BatchRow, batch_id, with_for_update=True)
            if row.closed_at is None:
                row.closed_at = now
                jobs = select(func.count()).select_from(JobRow).where(JobRow.batch_id == batch_id)
                detail = {"pictures": session.scalar(jobs)}
                record(session, key_id, row.site, "batch-closed", batch_id, detail)
            return _batch(row)

    def counts(self, batch_id: str) -> dict[JobState, int]:
        """Return how many pictures of a batch are in each state."""
        query = select(JobRow.state, func.count()).where(JobRow.batch_id == batch_id).group_by(JobRow.state)
        with Session(self._engine) as session:
            found = {row[0]: row[1] for row in session.execute(query)}
        return {state: found.get(state, 0) for state in _STATES}

    def items(self, batch_id: str, *, after: tuple[str, str] | None, limit: int) -> list[BatchItem]:
        """List the pictures of a batch in the order in which they came.

        Parameters
        ----------
        batch_id : str
            The batch.
        after : (str, str) or None
            Only those after this ``created_at`` and ``id`` of a job.
        limit : int
            At most so many.
        """
        query = _ITEMS.where(JobRow.batch_id == batch_id).limit(limit)
        if after is not None:
            moment, job_id = after
            later = and_(JobRow.created_at == moment, JobRow.id > job_id)
            query = query.where(or_(JobRow.created_at > moment, later))
        with Session(self._engine) as session:
            return [BatchItem(job_of(row), outcome) for row, outcome in session.execute(query)]


def _batch(row: BatchRow) -> Batch:
    return Batch(row.id, row.site, row.assay, row.created_at, row.closed_at)
