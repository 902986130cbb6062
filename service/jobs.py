"""Readings that are made later: a picture is kept and queued at once, and read when there is time.

Whatever was queued is read, also when the server is killed in the middle of it: another one, or the same
after its start, takes the job up when its lease has ended.
"""

import asyncio
import contextlib
import datetime as dt
import functools
import logging
from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final
from uuid import uuid4

from starlette.concurrency import run_in_threadpool

from reader import errors
from service.clock import as_utc, utc_now
from service.intake import (
    Accepted,
    KeptPicture,
    Submission,
    accept,
    find_same,
    read_back,
    require_same,
    written,
)
from service.problems import HTTP_PROBLEMS, READER_PROBLEMS, Problem, Refused, for_reader_error
from service.refusals import (
    BATCH_CLOSED,
    PICTURE_DEFEATS_READER,
    PICTURE_GONE,
    READING_CONFLICT,
    READING_ERASED,
)
from service.services import Services
from service.store import BatchClosed, BlobMissing, Job, Lease, NewJob, Spool
from service.store.database import FAILURES
from service.workers import ReaderFailed, WorkerLost, where

__all__ = ["JOB_PROBLEMS", "enqueue", "enqueue_item", "lease", "seconds_to_wait", "working_jobs"]

_log = logging.getLogger(__name__)

_LEASE_S: Final = 10.0  # how long after a kill a job waits; several heartbeats, for a machine may be busy
_HEARTBEAT_S: Final = 2.5
_POLL_S: Final = 1.0  # for jobs that another server queued
_PAUSE_S: Final = 5.0  # before what may work later, as when the disk was full, is tried again
_UNLIKELY_S: Final = 300.0  # no lease reaches so far, even by the clock of another server
_MOST_ATTEMPTS: Final = 10  # a picture under which so many servers died is not tried again
_USUAL_S: Final = 0.5  # for one picture, to tell a client when to ask again
_PASSING = (errors.OutputError, errors.CapacityError, errors.StoreError, *FAILURES)

JOB_PROBLEMS: Mapping[str, Problem] = MappingProxyType(
    {
        problem.code: problem
        for problem in (
            *(for_reader_error(kind()) for kind in READER_PROBLEMS),
            READING_CONFLICT,
            READING_ERASED,
            PICTURE_DEFEATS_READER,
            PICTURE_GONE,
            HTTP_PROBLEMS[500],
        )
    }
)
"""Why a job may fail, by code."""


async def enqueue(services: Services, submission: Submission, spool: Spool) -> Job | Accepted:
    """Keep a received picture and queue its reading, or find that this was done before.

    When this returns, picture and job survive a power cut.

    Parameters
    ----------
    services : Services
        The running service.
    submission : Submission
        What the picture is to become.
    spool : Spool
        Its bytes.

    Returns
    -------
    Job or Accepted
        The job; for a picture that was read already, its reading.

    Raises
    ------
    Refused
        If the id belongs to another picture, assay or subject.
    LfaError
        If there are no bytes, or there is no room for them.
    """
    _require_bytes(spool)
    async with services.locks.hold(submission.id):
        known = await find_same(services, submission, spool)
        return known or await _queue(services, submission, spool)


async def enqueue_item(services: Services, submission: Submission, spool: Spool) -> Job:
    """Keep a received picture of a batch and queue its reading, or find that this was done before.

    As `enqueue`, but a picture that was read already becomes part of the batch, too.

    Raises
    ------
    Refused
        If the id belongs to another picture, assay, subject or batch, or the batch is closed.
    LfaError
        If there are no bytes, or there is no room for them.
    """
    _require_bytes(spool)
    async with services.locks.hold(submission.id):
        await find_same(services, submission, spool)
        return await _queue(services, submission, spool)


def _require_bytes(spool: Spool) -> None:
    if not spool.size:
        raise errors.EmptyInput


async def _queue(services: Services, submission: Submission, spool: Spool) -> Job:
    job = await run_in_threadpool(_keep, services, submission, spool)
    services.jobs_wake.set()
    return job


def _keep(services: Services, submission: Submission, spool: Spool) -> Job:
    received = utc_now()
    services.blobs.keep(spool)
    new = NewJob(
        id=str(uuid4()),
        reading_id=submission.id,
        site=submission.site,
        batch_id=submission.batch_id,
        assay=submission.assay,
        submission=written(replace(submission, received_at=received), spool.size),
        image_sha256=spool.sha256,
        created_at=received,
    )
    try:
        job, added = services.jobs.add(new)
    except BatchClosed as error:
        raise Refused(BATCH_CLOSED) from error
    if added:
        services.blobs.keep(spool)  # who let go of the same picture did so before the row was there
        return job
    require_same(job, submission, spool.sha256)
    if job.batch_id != submission.batch_id:
        raise Refused(submission.conflict)
    return job


def seconds_to_wait(ahead: int, workers: int) -> int:
    """Tell a client after how many seconds a job is worth a look.

    Parameters
    ----------
    ahead : int
        Jobs that wait or are being worked on.
    workers : int
        Pictures read at a time.

    Examples
    --------
    >>> seconds_to_wait(1, 2), seconds_to_wait(100, 2), seconds_to_wait(10_000, 2)
    (1, 25, 60)
    """
    return min(60, 1 + int(ahead * _USUAL_S / workers))


def lease(now: dt.datetime) -> Lease:
    """Return a lease that begins now."""
    return Lease(_text(now), _text(now, _LEASE_S), _text(now, _UNLIKELY_S))


@contextlib.asynccontextmanager
async def working_jobs(services: Services) -> AsyncIterator[None]:
    """Work on queued jobs as long as this lasts; what is not done in the end is given back."""
    work = asyncio.create_task(_Runner(services).run())
    try:
        yield
    finally:
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work


class _Runner:
    """Takes jobs, as many at a time as there are workers, and keeps their leases."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._jobs = services.jobs
        self._lanes = asyncio.Semaphore(services.settings.workers)
        self._held: dict[str, Job] = {}

    async def run(self) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(self._keep_leases())
            while True:
                await self._lanes.acquire()
                job = await self._next()
                self._held[job.id] = job
                group.create_task(self._work(job))

    async def _next(self) -> Job:
        wake = self._services.jobs_wake
        while True:
            wake.clear()
            try:
                job = await run_in_threadpool(self._jobs.take, lease(_now()))
            except Exception as error:  # noqa: BLE001  (the database may answer again)
                _log.error("no job can be taken: %s", where(error))
                job = None
            if job is not None:
                return job
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(wake.wait(), _POLL_S)

    async def _keep_leases(self) -> None:
        while True:
            await asyncio.sleep(_HEARTBEAT_S)
            held = tuple(self._held.values())
            try:
                await run_in_threadpool(self._jobs.extend, held, _text(_now(), _LEASE_S))
            except Exception as error:  # noqa: BLE001  (a lease that ends is taken up by somebody)
                _log.error("leases cannot be kept: %s", where(error))

    async def _work(self, job: Job) -> None:
        try:
            code = await _outcome(self._services, job)
            await run_in_threadpool(self._jobs.finish, job, utc_now(), code)
        except asyncio.CancelledError:
            await asyncio.shield(run_in_threadpool(self._jobs.give_back, job, utc_now()))
            raise
        except Exception as error:  # noqa: BLE001  (it may work later; meanwhile others are read)
            _log.warning("a job is put off: %s", where(error))
            await self._put_off(job, tried=not isinstance(error, _PASSING))
        finally:
            del self._held[job.id]
            self._lanes.release()

    async def _put_off(self, job: Job, *, tried: bool) -> None:
        with contextlib.suppress(Exception):  # its lease ends by itself
            await run_in_threadpool(
                functools.partial(self._jobs.give_back, job, _text(_now(), _PAUSE_S), tried=tried)
            )


async def _outcome(services: Services, job: Job) -> str | None:
    """Read a job's picture; return None, or the code of the problem for which this can never be done."""
    if job.attempts > _MOST_ATTEMPTS:
        return PICTURE_DEFEATS_READER.code
    if not job.image_sha256:  # the reading was made otherwise meanwhile, and erased
        return READING_ERASED.code
    submission, size = read_back(job.submission)
    try:
        async with _fetched(services, job.image_sha256) as path:
            await accept(services, submission, KeptPicture(path, job.image_sha256, size))
    except _PASSING:
        raise
    except (errors.LfaError, Refused, BlobMissing, WorkerLost, ReaderFailed) as error:
        return _problem(error).code
    return None


def _problem(error: Exception) -> Problem:
    if isinstance(error, errors.LfaError):
        return for_reader_error(error)
    if isinstance(error, Refused):
        return error.problem
    if isinstance(error, BlobMissing):
        return PICTURE_GONE
    if isinstance(error, WorkerLost):
        return PICTURE_DEFEATS_READER
    _log.error("internal error in a job: %s", error)
    return HTTP_PROBLEMS[500]


@contextlib.asynccontextmanager
async def _fetched(services: Services, sha256: str) -> AsyncIterator[Path]:
    fetch = services.blobs.fetch(sha256)
    path = await run_in_threadpool(fetch.__enter__)
    try:
        yield path
    finally:
        await run_in_threadpool(fetch.__exit__, None, None, None)


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _text(now: dt.datetime, seconds: float = 0.0) -> str:
    return as_utc(now + dt.timedelta(seconds=seconds))
