"""Where pictures are read: ``Readers`` is the seam, worker processes are the default behind it.

Each worker is one process with one pipe, so that a picture which kills its worker, or never ends,
touches no other picture. A worker whose server has gone reads the end of its pipe and ends too.
"""

import asyncio
import contextlib
import logging
import multiprocessing
import signal
import sys
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing.connection import Connection
from typing import Any, ParamSpec, Protocol, TypeVar, cast

from reader import errors
from service import tasks
from service.lineage import end_with_server

if sys.platform != "win32":
    import resource

__all__ = ["ProcessReaders", "ReaderFailed", "Readers", "ThreadReaders", "WorkerLost", "where"]

_log = logging.getLogger(__name__)
_START_TIMEOUT_S = 60.0

P = ParamSpec("P")
T = TypeVar("T")
Task = tuple[Callable[..., Any], tuple[Any, ...], dict[str, Any]]


class WorkerLost(Exception):  # noqa: N818  (an event)
    """The worker died or took too long over this picture."""


class ReaderFailed(Exception):  # noqa: N818  (an event)
    """A task ended with an error that is a fault of the program."""


class Readers(Protocol):
    """Runs tasks away from the event loop, so many at a time and no more."""

    @property
    def tasks(self) -> int:
        """Tasks that run or wait now."""
        ...

    async def start(self) -> None:
        """Get ready to work."""

    async def close(self) -> None:
        """Stop working; nothing is left running."""

    async def run(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a task and return its result.

        Raises
        ------
        LfaError
            Whatever the task raises; CapacityError when too many are waiting.
        WorkerLost
            If the picture killed the worker or took too long.
        """
        ...


@dataclass(slots=True)
class _Room:
    """Counts who works or waits, and turns others away."""

    places: int
    taken: int = 0

    @contextlib.contextmanager
    def place(self) -> Iterator[None]:
        if self.taken >= self.places:
            raise errors.CapacityError("Too many pictures are waiting to be read.")
        self.taken += 1
        try:
            yield
        finally:
            self.taken -= 1


class ThreadReaders:
    """Readers in threads of this process: for small machines and for tests.

    Parameters
    ----------
    workers : int
        Tasks at a time.
    queue : int
        Tasks that may run or wait.
    """

    def __init__(self, workers: int = 2, queue: int = 64) -> None:
        self._running = asyncio.Semaphore(workers)
        self._room = _Room(queue)

    @property
    def tasks(self) -> int:
        """Tasks that run or wait now."""
        return self._room.taken

    async def start(self) -> None:
        """Do nothing: threads start when they are needed."""

    async def close(self) -> None:
        """Do nothing: a thread ends with its task."""

    async def run(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a task in a thread."""
        with self._room.place():
            async with self._running:
                return await asyncio.to_thread(task, *args, **kwargs)


class _Died(Exception):  # noqa: N818  (an event)
    """The process ended in the middle of a task."""


class _Worker:
    """One process and its pipe."""

    def __init__(self, memory_mb: int) -> None:
        context = _context()
        self._pipe, theirs = context.Pipe()
        told = (theirs, memory_mb)
        self._process = context.Process(target=_work, args=told, name="lfa-reader", daemon=True)
        self._process.start()
        theirs.close()

    def call(self, task: Task, timeout_s: float) -> Any:
        try:
            self._pipe.send(task)
            if not self._pipe.poll(timeout_s):
                raise WorkerLost
            failure, result = self._pipe.recv()
        except (EOFError, OSError) as error:
            raise _Died from error
        if failure is None:
            return result
        raise failure(result)

    def stop(self) -> None:
        # The pipe is closed with its last user: a thread may still read it, and the number of a closed one is
        # given to the next, whose answers that thread would take.
        self._process.kill()
        self._process.join()


class ProcessReaders:
    """Readers in processes of their own.

    Parameters
    ----------
    workers : int
        Processes.
    queue : int
        Tasks that may run or wait.
    timeout_s : float
        Longest time for one task; its process is then killed and replaced.
    memory_mb : int, default 2048
        Address space of a process, MB; the largest pictures take 1200.
    """

    def __init__(self, workers: int, queue: int, timeout_s: float, memory_mb: int = 2048) -> None:
        self._workers = workers
        self._timeout_s = timeout_s
        self._memory_mb = memory_mb
        self._room = _Room(queue)
        self._free: asyncio.LifoQueue[_Worker] = asyncio.LifoQueue()
        self._all: set[_Worker] = set()
        self._starting: asyncio.Task[None] | None = None
        # One thread waits for each process; asyncio's own pool may have fewer.
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="lfa-reader")

    @property
    def tasks(self) -> int:
        """Tasks that run or wait now."""
        return self._room.taken

    async def start(self) -> None:
        """Begin to start every process; the first pictures wait until each has loaded the reader."""
        _begin_to_load()
        self._starting = asyncio.create_task(self._hire_all())

    async def _hire_all(self) -> None:
        found = await asyncio.gather(*(self._hire() for _ in range(self._workers)), return_exceptions=True)
        for error in found:
            if isinstance(error, Exception):
                _log.error("a worker cannot be started: %s", where(error))

    async def close(self) -> None:
        """End every process."""
        await self._settled()
        await asyncio.gather(*(asyncio.to_thread(worker.stop) for worker in self._all))
        self._all.clear()
        self._threads.shutdown(wait=False)

    async def run(self, task: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a task in a process; one that dies under it gets a second try in a new process."""
        with self._room.place():
            try:
                return cast("T", await self._attempt((task, args, kwargs)))
            except _Died:
                _log.warning("a worker died; its task is tried once more")
            try:
                return cast("T", await self._attempt((task, args, kwargs)))
            except _Died as error:
                raise WorkerLost from error

    async def _attempt(self, task: Task) -> Any:
        async with self._worker() as worker:
            loop = asyncio.get_running_loop()
            return await loop.run_in_executor(self._threads, worker.call, task, self._timeout_s)

    @contextlib.asynccontextmanager
    async def _worker(self) -> AsyncIterator[_Worker]:
        await self._settled()
        if not self._all:
            await self._hire()
        worker = await self._free.get()
        try:
            yield worker
        except (errors.LfaError, ReaderFailed):
            self._free.put_nowait(worker)
            raise
        except BaseException:
            # Dead, stuck, or left in the middle of a task by a cancelled request: its pipe is of no use.
            self._all.discard(worker)
            await asyncio.to_thread(worker.stop)
            await self._hire()
            raise
        else:
            self._free.put_nowait(worker)

    async def _hire(self) -> None:
        worker = await asyncio.to_thread(_Worker, self._memory_mb)
        self._all.add(worker)
        try:
            await asyncio.to_thread(worker.call, (tasks.warm_up, (), {}), _START_TIMEOUT_S)
        except BaseException:
            self._all.discard(worker)
            await asyncio.to_thread(worker.stop)
            raise
        self._free.put_nowait(worker)

    async def _settled(self) -> None:
        """Wait until the start is over, however it went."""
        if self._starting is not None:
            await asyncio.wait({self._starting})


def _context() -> Any:
    """Return a way to start processes that inherit nothing of the server.

    A process forked from the server itself would keep its sockets, threads and signal handlers. The fork
    server has loaded the reader once, so that a worker that was lost is replaced in milliseconds.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["service.forked"])
    return context


def _begin_to_load() -> None:
    """Start the fork server from this thread, which lasts as long as the server: the kernel ends both."""
    if "forkserver" in multiprocessing.get_all_start_methods():
        from multiprocessing import forkserver  # noqa: PLC0415  (Windows has none)

        _context()
        forkserver.ensure_running()


def _work(pipe: Connection, memory_mb: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's to handle
    _limit(memory_mb)
    end_with_server()
    with contextlib.suppress(EOFError, OSError):  # the server has gone
        while True:
            task, args, kwargs = pipe.recv()
            pipe.send(_answer(task, args, kwargs))


def _limit(memory_mb: int) -> None:
    """Let a picture that asks for too much memory fail by itself, and leave nothing of it when it does."""
    if sys.platform == "win32":
        return
    for what, soft in ((resource.RLIMIT_AS, memory_mb * 2**20), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(what)[1]
        with contextlib.suppress(OSError, ValueError):  # a system may not know or allow it
            resource.setrlimit(what, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))


def _answer(task: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Any]:
    try:
        return None, task(*args, **kwargs)
    except errors.LfaError as error:
        return type(error), error.message
    except Exception as error:  # noqa: BLE001  (the server reports it; the worker goes on)
        return ReaderFailed, where(error)


def where(error: Exception) -> str:
    """Say what went wrong without the error's own text, which may quote the picture."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " < ".join(f"{f.name}:{f.lineno}" for f in reversed(frames))
