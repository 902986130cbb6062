"""Jobs in the database: pictures that are kept already and read later, each leased to one who reads it.

A lease ends by itself, so that the job of a server that was killed is taken up by the next one. A word drawn
when a job is taken tells its holder from whoever took it later.
"""

import secrets
from collections.abc import Collection
from dataclasses import dataclass, fields
from typing import Final, Literal, cast

from sqlalchemy import CursorResult, Engine, Select, Update, func, not_, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from service.store.database import translated
from service.store.tables import BatchRow, JobRow

__all__ = ["BatchClosed", "Job", "JobState", "JobStore", "Lease", "NewJob", "job_of"]

JobState = Literal["queued", "running", "done", "failed"]
_UNFINISHED: Final = ("queued", "running")


class BatchClosed(Exception):  # noqa: N818  (a state of the world, not a fault)
    """The batch takes no more pictures."""


@dataclass(frozen=True, slots=True)
class NewJob:
    """A job that is to be stored.

    Attributes
    ----------
    id : str
        UUID of the job.
    reading_id : str
        UUID of the reading that it is to make.
    site : str
        Where both belong.
    batch_id : str or None
        The batch it is part of.
    assay : str
        Id of the assay for which it is read.
    submission : str
        All that the reading needs, as JSON.
    image_sha256 : str
        Digest of the kept picture.
    created_at : str
        UTC, RFC 3339 with microseconds.
    """

    id: str
    reading_id: str
    site: str
    batch_id: str | None
    assay: str
    submission: str
    image_sha256: str
    created_at: str


@dataclass(frozen=True, slots=True)
class Job(NewJob):
    """A job that is stored.

    Attributes
    ----------
    state : str
        ``queued``, ``running``, ``done`` or ``failed``.
    attempts : int
        How often it was taken and not given back.
    holder : str or None
        The word of who has it, or had it last.
    error : str or None
        Code of the problem for which it failed.
    finished_at : str or None
        When it was done or failed.
    """

    state: JobState
    attempts: int
    holder: str | None
    error: str | None
    finished_at: str | None

    @property
    def finished(self) -> bool:
        """Tell whether nothing more will happen to it."""
        return self.state not in _UNFINISHED


@dataclass(frozen=True, slots=True)
class Lease:
    """A span of time for which a job is somebody's.

    Attributes
    ----------
    begins, ends : str
        UTC, RFC 3339 with microseconds.
    unlikely : str
        A moment that no lease reaches, whoever's clock it was made by.
    """

    begins: str
    ends: str
    unlikely: str


class JobStore:
    """Jobs in a database.

    Parameters
    ----------
    engine : Engine
        An open database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)

    def add(self, new: NewJob) -> tuple[Job, bool]:
        """Store a job; when this returns it survives a power cut.

        A job that failed makes way for another try at the same reading.

        Returns
        -------
        Job
            The new one, or the one that is to make the same reading already.
        bool
            Whether it is new.

        Raises
        ------
        BatchClosed
            If the batch takes no more pictures.
        OutputError, CapacityError, StoreError
            If the database does not take it.
        """
        try:
            return self._add(new)
        except IntegrityError:
            # Another server stored one for this reading at the same moment; now it is there to be found.
            return self._add(new)

    def _add(self, new: NewJob) -> tuple[Job, bool]:
        with translated(), Session(self._writer) as session, session.begin():
            row = session.scalar(select(JobRow).where(JobRow.reading_id == new.reading_id))
            closed = new.batch_id is not None and _is_closed(session, new.batch_id)
            if row is not None and (row.state != "failed" or closed):
                return job_of(row), False
            if closed:
                raise BatchClosed(new.batch_id)
            if row is not None:
                session.delete(row)
                session.flush()
            fresh = JobRow(**_columns(new), state="queued", attempts=0)
            session.add(fresh)
            session.flush()
            return job_of(fresh), True

    def find(self, job_id: str) -> Job | None:
        """Return the job with this id, or None."""
        return self._first(select(JobRow).where(JobRow.id == job_id))

    def of_reading(self, reading_id: str) -> Job | None:
        """Return the job that is to make this reading, or None."""
        return self._first(select(JobRow).where(JobRow.reading_id == reading_id))

    def _first(self, query: Select[JobRow]) -> Job | None:
        with Session(self._engine) as session:
            row = session.scalar(query)
            return None if row is None else job_of(row)

    def waiting(self) -> int:
        """Return how many jobs wait or are being worked on."""
        with Session(self._engine) as session:
            query = select(func.count()).select_from(JobRow).where(JobRow.state.in_(_UNFINISHED))
            return session.scalar(query) or 0

    def take(self, lease: Lease) -> Job | None:
        """Take the oldest job that nobody holds, or None where there is none.

        Parameters
        ----------
        lease : Lease
            From now until when it is the caller's.
        """
        # An end that is too far away was written by a clock that was wrong; nobody needs to wait for it.
        held = JobRow.leased_until.between(lease.begins, lease.unlikely)
        due = or_(JobRow.leased_until.is_(None), not_(held))
        query = (
            select(JobRow).where(JobRow.state.in_(_UNFINISHED), due).order_by(JobRow.created_at, JobRow.id)
        )
        with translated(), Session(self._writer) as session, session.begin():
            row = session.scalar(query.limit(1).with_for_update(skip_locked=True))
            if row is None:
                return None
            row.state, row.leased_until = "running", lease.ends
            row.holder, row.attempts = secrets.token_hex(8), row.attempts + 1
            session.flush()
            return job_of(row)

    def extend(self, held: Collection[Job], ends: str) -> None:
        """Keep jobs for longer."""
        with translated(), Session(self._writer) as session, session.begin():
            for job in held:
                session.execute(_held(job).values(leased_until=ends))

    def finish(self, job: Job, now: str, error: str | None = None) -> bool:
        """Mark a job as done, or as failed with the code of its problem.

        Returns
        -------
        bool
            False if the job is somebody else's by now.
        """
        state = "done" if error is None else "failed"
        # What the sender told is the reading's by now, and erased with it.
        return self._change(
            job, state=state, error=error, leased_until=None, finished_at=now, submission="{}"
        )

    def give_back(self, job: Job, not_before: str, *, tried: bool = False) -> bool:
        """Let a job go, for anyone to take from a moment on.

        Parameters
        ----------
        job : Job
            The job.
        not_before : str
            The moment, as UTC.
        tried : bool, default False
            Whether this counts as an attempt.

        Returns
        -------
        bool
            False if the job is somebody else's by now.
        """
        attempts = job.attempts if tried else job.attempts - 1
        return self._change(job, state="queued", leased_until=not_before, attempts=attempts)

    def _change(self, job: Job, **values: str | int | None) -> bool:
        with translated(), Session(self._writer) as session, session.begin():
            result = cast("CursorResult[object]", session.execute(_held(job).values(**values)))
            return result.rowcount == 1


def _is_closed(session: Session, batch_id: str) -> bool:
    # Held until the job is stored, so that no picture slips into a batch that is being closed.
    return session.get_one(BatchRow, batch_id, with_for_update={"read": True}).closed_at is not None


def _held(job: Job) -> Update:
    return update(JobRow).where(JobRow.id == job.id, JobRow.state == "running", JobRow.holder == job.holder)


def _columns(new: NewJob) -> dict[str, str | None]:
    return {field.name: getattr(new, field.name) for field in fields(NewJob)}


def job_of(row: JobRow) -> Job:
    """Return a row as a job."""
    return Job(**{field.name: getattr(row, field.name) for field in fields(Job)})
