"""The engine on Dask: the same chunks, read by workers of a cluster, on this machine or on many.

Only the process that leads the run writes into its folder. It hands out no more chunks than the cluster has
threads; a chunk whose Dask worker is lost is read again by another.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import pickle
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from importlib import import_module
from operator import methodcaller
from queue import Empty, SimpleQueue
from typing import Any, Final

from reader.batch import hosted
from reader.batch.engines import MOST_WORKERS, Finished, Seen
from reader.batch.hosted import Job, end_reading
from reader.batch.known import Find, nothing
from reader.batch.parts import Line, Part
from reader.batch.places import picture_bytes
from reader.batch.plan import Limits, versions
from reader.batch.reading import DOCUMENT
from reader.errors import ClusterError, ExtraMissing, InputError, LfaError, OptionError, SourceUnreadable
from reader.interpret import Assay

__all__ = ["ClusterEngine"]

_LOOK_S: Final = 1.0  # between looks at how many workers there are
_PATIENCE_S: Final = 60.0  # without any worker: they may be starting, or be about to come back
_LOOPBACK: Final = "127.0.0.1:0"


class ClusterEngine:
    """Reads on a Dask cluster, each picture in a process of its own kind, within limits.

    Parameters
    ----------
    root : str
        Folder of the pictures; each machine of the cluster must see it under this path.
    assay : Assay
        The kit.
    limits : Limits
        Of one picture.
    where : int or str
        How many pictures a cluster on this machine, which ends with the run, shall read at a time; or the
        address of the scheduler of a cluster that is there, such as ``tcp://10.0.0.1:8786``.
    function : str, default `DOCUMENT`
        ``module:name`` of what reads the bytes of a picture.

    Raises
    ------
    OptionError
        If the number of workers has no meaning.
    ExtraMissing
        If Dask is not installed.
    """

    def __init__(
        self, root: str, assay: Assay, limits: Limits, where: int | str, function: str = DOCUMENT
    ) -> None:
        if isinstance(where, int) and not 1 <= where <= MOST_WORKERS:
            raise OptionError(f"There may be 1 to {MOST_WORKERS} workers, not {where}.")
        self._dask = _dask()
        self._where = where
        self._job = Job(root, assay, limits, function)

    def run(self, parts: Iterable[Part], seen: Seen, find: Find = nothing) -> Finished:  # noqa: ARG002
        """Read chunks, as many at a time as the cluster has threads; its workers ask for no copies.

        Raises
        ------
        ClusterError
            If the cluster cannot be reached or goes away, has no workers, or one that would read otherwise.
        OptionError
            If the scheduler's address is none.
        """
        with _hushed(), self._client() as client:
            yield from _Window(client, replace(self._job, session=client.id)).read(parts, seen)

    @contextlib.contextmanager
    def _client(self) -> Iterator[Any]:
        with contextlib.ExitStack() as stack:
            try:
                where = self._where
                if isinstance(where, int):
                    where = stack.enter_context(_local_cluster(self._dask, where))
                client = stack.enter_context(self._dask.Client(where, set_as_default=False))
            except ValueError as error:
                raise OptionError(f"{self._where} is no address of a Dask scheduler: {error}.") from error
            except (OSError, ImportError, RuntimeError) as error:
                raise ClusterError(f"There is no Dask scheduler at {self._where}: {error}.") from error
            yield client


class _Window:
    """The chunks that are being read on a cluster."""

    def __init__(self, client: Any, job: Job) -> None:
        self._client = client
        self._job = job
        self._versions = versions()
        self._pending: dict[Any, Part] = {}
        self._done: SimpleQueue[tuple[Any, list[Line] | BaseException]] = SimpleQueue()
        self._threads = 0
        self._looked = -_LOOK_S
        self._manned = time.monotonic()

    def read(self, parts: Iterable[Part], seen: Seen) -> Finished:
        waiting = iter(parts)
        try:
            self._fill(waiting)
            while self._pending:
                finished = self._finished()
                self._fill(waiting)
                if finished is not None:
                    for line in finished[1]:
                        seen(line)
                    yield finished
        finally:
            self._end()

    def _fill(self, waiting: Iterator[Part]) -> None:
        """Hand out chunks; one at least, that waits for workers where there are none."""
        self._look()
        free = max(0, max(1, self._threads) - len(self._pending))
        for part in itertools.islice(waiting, free):
            future = self._client.submit(
                *self._work(part), key=f"lfa-batch-{part.number}-{self._job.session}"
            )
            self._pending[future] = part
            future.add_done_callback(self._fetch)

    def _work(self, part: Part) -> tuple[Callable[[str], Any], str]:
        """Return what reads a chunk, in words that need no reader to be understood.

        A Dask worker that cannot load what it is sent ends itself, and all else that it does: one without
        the reader is to find out within the task, which then fails and nothing more.
        """
        pickled = pickle.dumps((self._job, part))
        call = methodcaller(hosted.read_chunk.__name__, self._versions, pickled)
        return import_module("toolz").compose(call, import_module), hosted.__name__

    def _look(self) -> None:
        """See how many threads the cluster has; they may become more or fewer."""
        now = time.monotonic()
        if now < self._looked + _LOOK_S:
            return
        self._looked = now
        try:
            if self._client.status != "running":
                raise self._lost()
            self._threads = sum(self._client.nthreads().values())
        except (OSError, RuntimeError, ValueError) as error:
            raise self._lost() from error
        if self._threads:
            self._manned = now
        elif now > self._manned + _PATIENCE_S:
            raise ClusterError(f"The Dask cluster has had no worker for {_PATIENCE_S:.0f} s.")

    def _fetch(self, future: Any) -> None:
        """Get the lines of a chunk; called in a thread of Dask's, as these may be lost and read once more."""
        try:
            self._done.put((future, future.result()))
        except BaseException as error:  # noqa: BLE001 - it is raised where the run can hear it
            self._done.put((future, error))

    def _finished(self) -> tuple[Part, list[Line]] | None:
        """Wait a while for a chunk that is read."""
        try:
            future, found = self._done.get(timeout=_LOOK_S)
        except Empty:
            return None
        if isinstance(found, BaseException):
            raise self._refusal(future, found)
        part = self._pending.pop(future)
        self._check_folder(part, found)
        return part, found

    def _refusal(self, future: Any, error: BaseException) -> LfaError:
        if isinstance(error, LfaError):
            return error
        return self._lost() if future.status == "cancelled" else ClusterError(_explained(error))

    def _lost(self) -> ClusterError:
        return ClusterError("The Dask scheduler has gone, or has given up this run.")

    def _check_folder(self, part: Part, lines: list[Line]) -> None:
        """Refuse to call a picture unreadable that only the worker cannot read."""
        for name, line in zip(part.names, lines, strict=True):
            if line.failed and line.outcome == SourceUnreadable.code:
                with contextlib.suppress(InputError):
                    picture_bytes(self._job.root, name)
                    raise ClusterError(
                        f"A Dask worker cannot read {name} in {self._job.root}, which can be read here."
                    )
                return

    def _end(self) -> None:
        """Have the cluster forget what it has not read, and end its processes."""
        if self._client.status != "running":
            return
        with contextlib.suppress(Exception):
            self._client.cancel(list(self._pending))
            self._client.run(end_reading, self._job.session, on_error="ignore")


def _explained(error: BaseException) -> str:
    """Say what it means that a chunk could not be read at all."""
    name, text = type(error).__name__, str(error).strip().split("\n", 1)[0]
    if name == "KilledWorker":
        return "Several Dask workers died one after the other with the same chunk; their logs may say why."
    if isinstance(error, (ImportError, AttributeError)):
        return f"A Dask worker has no lfa-reader of this version: {text}."
    return f"A Dask worker failed: {name}: {text}."


def _dask() -> Any:
    try:
        return import_module("distributed")
    except ImportError:
        raise ExtraMissing(
            "The Dask engine needs Dask, which is not installed: pip install 'lfa-reader[cluster]'."
        ) from None


@contextlib.contextmanager
def _local_cluster(dask: Any, workers: int) -> Iterator[Any]:
    """Start a cluster within this process, which needs no port: its threads only wait for processes."""
    with dask.LocalCluster(
        processes=False,
        protocol="inproc://",
        n_workers=1,
        threads_per_worker=workers,
        memory_limit=None,
        scheduler_kwargs={"dashboard": False, "dashboard_address": _LOOPBACK},
        worker_dashboard_address=_LOOPBACK,
        silence_logs=False,
    ) as cluster:
        # Dask serves its state over HTTP even without a dashboard.
        for node in (cluster.scheduler, *cluster.workers.values()):
            cluster.loop.add_callback(node.http_server.stop)
        yield cluster


@contextlib.contextmanager
def _hushed() -> Iterator[None]:
    """Keep Dask's log off standard error: what goes wrong is told by the errors here."""
    names = ("asyncio", "distributed", "tornado")
    loggers = [
        logging.getLogger(name)
        for name in {*names, *logging.root.manager.loggerDict}
        if name.split(".", 1)[0] in names
    ]
    before = [(logger, logger.handlers, logger.propagate) for logger in loggers]
    for logger in loggers:
        logger.handlers, logger.propagate = [logging.NullHandler()], False
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        for logger, handlers, propagate in before:
            logger.handlers, logger.propagate = handlers, propagate
