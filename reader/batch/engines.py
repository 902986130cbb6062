"""Engines: where chunks are read. Whichever is taken, the lines are the same, byte for byte.

The engine of processes gives each worker one chunk at a time, and gets back a line for each picture. A worker
that dies, or takes too long, does so over one known picture: a fresh process begins with that one again, and
only a picture that ends three processes in a row, each after it had begun to look into it, becomes an error.
No other picture is touched by that.
"""

from __future__ import annotations

import contextlib
import hashlib
import multiprocessing
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Generator, Iterable, Iterator
from multiprocessing import resource_tracker
from multiprocessing.connection import Connection, wait
from typing import Any, Final, Protocol, cast

from reader.batch.known import Find, nothing
from reader.batch.parts import Line, Part
from reader.batch.places import patience_s, picture_bytes
from reader.batch.plan import Limits
from reader.batch.reading import DOCUMENT, PictureReader, failure
from reader.batch.stores import is_address
from reader.batch.worker import OUT_OF_MEMORY, READY, Question, work
from reader.errors import (
    CapacityError,
    InputError,
    OptionError,
    StoreError,
    WorkerCrashed,
    WorkerOutOfMemory,
    WorkerTimeout,
)
from reader.interpret import Assay

__all__ = ["MOST_WORKERS", "Engine", "Finished", "ProcessEngine", "Seat", "Seen", "SerialEngine"]

MOST_WORKERS: Final = 256
_MOST_DEATHS: Final = 3  # of processes in a row: the first may have been killed by chance, from outside
_MOST_FAILED_STARTS: Final = 20  # in a row, before any picture: then the machine is the trouble
_START_S: Final = 60.0  # for a process to load the reader on a busy machine
_ONE_THREAD: Final = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_ONE_AT_A_TIME: Final = threading.RLock()  # what starts and ends processes is not safe among threads

Finished = Generator[tuple[Part, list[Line]], None, None]
"""Chunks with their lines, in the order of their names; to be closed if not all are taken."""

Seen = Callable[[Line], None]
"""Called for each picture that is done."""


class Engine(Protocol):
    """Reads chunks of pictures."""

    def run(self, parts: Iterable[Part], seen: Seen, find: Find = nothing) -> Finished:
        """Read chunks, which are taken one by one as there is someone to read them.

        Parameters
        ----------
        parts : iterable of Part
            The chunks.
        seen : callable
            Called for each picture that is done.
        find : callable, optional
            Returns the line of a picture with the same bytes, if the run has one; an engine may ask it.

        Yields
        ------
        (Part, list of Line)
            A chunk and its lines, in the order of its names; chunks come in any order.
        """
        ...


class SerialEngine:
    """Reads in this process, one picture after the other, without limits of time and memory.

    Parameters
    ----------
    root : str
        Folder of the pictures.
    assay : Assay
        The kit.
    function : str, default `DOCUMENT`
        ``module:name`` of what reads the bytes of a picture.
    """

    def __init__(self, root: str, assay: Assay, function: str = DOCUMENT) -> None:
        self._root = root
        self._task = (root, assay, function)

    def run(self, parts: Iterable[Part], seen: Seen, find: Find = nothing) -> Finished:
        """Read chunks in their order."""
        pictures = PictureReader(*self._task, find)
        for part in parts:
            lines = []
            for name in part.names:
                lines.append(self._line(pictures, name))
                seen(lines[-1])
            yield part, lines

    def _line(self, pictures: PictureReader, name: str) -> Line:
        try:
            return pictures.line(name)
        except MemoryError:
            return _quarantined(self._root, name, WorkerOutOfMemory)


class ProcessEngine:
    """Reads in processes of their own, each within limits.

    Parameters
    ----------
    root : str
        Folder of the pictures.
    assay : Assay
        The kit.
    limits : Limits
        Of one picture.
    workers : int
        Processes.
    function : str, default `DOCUMENT`
        ``module:name`` of what reads the bytes of a picture.

    Raises
    ------
    OptionError
        If the number of workers has no meaning.
    """

    def __init__(
        self, root: str, assay: Assay, limits: Limits, workers: int, function: str = DOCUMENT
    ) -> None:
        if not 1 <= workers <= MOST_WORKERS:
            raise OptionError(f"There may be 1 to {MOST_WORKERS} workers, not {workers}.")
        self._workers = workers
        self._task = (root, assay, limits, function)

    def run(self, parts: Iterable[Part], seen: Seen, find: Find = nothing) -> Finished:
        """Read chunks, as many at a time as there are workers.

        Raises
        ------
        CapacityError
            If processes cannot be started, or die before they have begun.
        StoreError
            If the store of the pictures does not answer, or refuses.
        """
        waiting = iter(parts)
        seats: list[Seat] = []
        try:
            for part in waiting:
                seats.append(Seat(*self._task, find))
                seats[-1].take(part)
                if len(seats) == self._workers:
                    break
            while busy := [seat for seat in seats if seat.part is not None]:
                for seat in _spoken(busy):
                    line = seat.hear()
                    if line is not None:
                        seen(line)
                    yield from seat.hand_over(waiting)
        finally:
            for seat in seats:
                seat.stop()


class Seat:
    """A place for one worker: the process that has it now, its chunk, and what is read of that.

    Parameters
    ----------
    root : str
        Folder of the pictures.
    assay : Assay
        The kit.
    limits : Limits
        Of one picture.
    function : str, default `DOCUMENT`
        ``module:name`` of what reads the bytes of a picture.
    find : callable, optional
        Returns the line of a picture with the same bytes, if the run has one.

    Attributes
    ----------
    part : Part or None
        The chunk that is being read.
    pipe : Connection or None
        To the process, if there is one.
    deadline : float
        Moment on the monotonic clock, s, at which the process is killed.
    """

    def __init__(
        self, root: str, assay: Assay, limits: Limits, function: str = DOCUMENT, find: Find = nothing
    ) -> None:
        self.part: Part | None = None
        self._find = find
        self._root = root
        self._wall_s = limits.wall_s + patience_s(root)
        # Of a store, the environment says where it is and who may use it.
        self._told = {"environment": dict(os.environ) if is_address(root) else {}}
        self._task = (root, assay, limits, function)
        self._lines: list[Line] = []
        self._deaths = self._failed_starts = 0
        self._process: Any = None
        self.pipe: Connection | None = None
        self._ready = self._begun = self._overdue = self._abandoned = False
        self.deadline = 0.0

    def read(self, part: Part) -> list[Line]:
        """Read one chunk and wait for it; the process is kept for the next.

        Raises
        ------
        CapacityError
            If no process can be started, if they die before they have begun, or if the seat was abandoned.
        """
        self.take(part)
        while len(self._lines) < len(part.names):
            for seat in _spoken([self]):
                seat.hear()
        return self._lines

    def abandon(self) -> None:
        """End what another thread reads here: it gets an error."""
        with _ONE_AT_A_TIME:
            self._abandoned = True
            if self._process is not None:
                self._process.kill()

    def take(self, part: Part) -> None:
        """Begin with a chunk."""
        self.part, self._lines = part, []
        self._go_on()

    def hear(self) -> Line | None:
        """Take what the worker has to say, or its death; return the picture that is done by that."""
        try:
            told = cast("Connection", self.pipe).recv()
        except (EOFError, OSError):
            return self._bury()
        self.deadline = time.monotonic() + self._wall_s
        if isinstance(told, StoreError):
            raise told
        if isinstance(told, Question):
            self._begun = self._send(self._find(told.digest))
            return None
        if told == READY:
            self._ready = True
            return None
        return self._done(told)

    def hand_over(self, waiting: Iterator[Part]) -> Iterator[tuple[Part, list[Line]]]:
        """Return the chunk if it is done; the next one is begun before that is kept."""
        part, lines = cast("Part", self.part), self._lines
        if len(lines) < len(part.names):
            return
        self.part = None
        following = next(waiting, None)
        if following is not None:
            self.take(following)
        yield part, lines

    def end_overdue(self) -> None:
        """Kill a worker whose time is up; its pipe then tells of its death."""
        if time.monotonic() >= self.deadline:
            self._overdue = True
            self._process.kill()
            self.deadline = float("inf")

    def stop(self) -> None:
        """End the process, if there is one."""
        with _ONE_AT_A_TIME:
            if self._process is not None:
                self._process.kill()
                self._process.join()
                self._process.close()
                cast("Connection", self.pipe).close()
                self._process = self.pipe = None

    def _done(self, line: Line) -> Line:
        self._begun, self._deaths, self._failed_starts = False, 0, 0
        self._lines.append(line)
        return line

    def _bury(self) -> Line | None:
        with _ONE_AT_A_TIME:
            self._process.join()
            error = _cause(self._process.exitcode, overdue=self._overdue)
        begun = self._begun or (self._ready and error is not WorkerCrashed)
        self.stop()
        if begun:
            self._deaths += 1
        else:
            self._count_failed_start()
        line = None
        if self._deaths == _MOST_DEATHS:
            name = cast("Part", self.part).names[len(self._lines)]
            line = self._done(_quarantined(self._root, name, error))
        self._go_on()
        return line

    def _count_failed_start(self) -> None:
        self._failed_starts += 1
        if self._failed_starts == _MOST_FAILED_STARTS:
            raise CapacityError("The processes that shall read pictures die before they have begun.")

    def _go_on(self) -> None:
        """Give the worker, or a fresh one, what is left of the chunk."""
        names = cast("Part", self.part).names[len(self._lines) :]
        if not names:
            return
        if self._process is None:
            self._start()
        self.deadline = time.monotonic() + self._wall_s + (0 if self._ready else _START_S)
        self._send(names)

    def _send(self, what: object) -> bool:
        try:
            cast("Connection", self.pipe).send(what)
        except OSError:  # it has died already: its pipe says so
            return False
        return True

    def _start(self) -> None:
        with _ONE_AT_A_TIME:
            if self._abandoned:
                raise CapacityError("What read this chunk was ended.")
            self._process = self._started()

    def _started(self) -> Any:
        context = _context()
        self.pipe, theirs = context.Pipe()
        self._ready = self._begun = self._overdue = False
        process = context.Process(
            target=work, args=(theirs, *self._task), kwargs=self._told, name="lfa-batch", daemon=True
        )
        try:
            with _one_thread(), _deaf_to_interrupts(), _allowed_children():
                process.start()
        except OSError as error:
            raise CapacityError(f"No process can be started: {error.strerror or error}.") from error
        finally:
            theirs.close()
        return process


def _spoken(busy: list[Seat]) -> list[Seat]:
    """Wait until workers have something to say or have died, or the time of one is up."""
    seconds = max(0.0, min(seat.deadline for seat in busy) - time.monotonic())
    ready = wait([cast("Connection", seat.pipe) for seat in busy], min(seconds, _START_S))
    for seat in busy:
        if seat.pipe not in ready:
            seat.end_overdue()
    return [seat for seat in busy if seat.pipe in ready]


def _cause(exit_code: int, *, overdue: bool) -> type[InputError]:
    if overdue or exit_code == -getattr(signal, "SIGXCPU", 0):
        return WorkerTimeout
    return WorkerOutOfMemory if exit_code == OUT_OF_MEMORY else WorkerCrashed


def _quarantined(root: str, name: str, error: type[InputError]) -> Line:
    digest = None
    with contextlib.suppress(InputError):
        digest = hashlib.sha256(picture_bytes(root, name)).hexdigest()
    return failure(name, digest, error.code, error().message, error.advice)


def _context() -> Any:
    """Return a way to start processes that inherit nothing of this one.

    The fork server has loaded the reader once, so that a worker that was lost is replaced in milliseconds.
    """
    if "forkserver" not in multiprocessing.get_all_start_methods():
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([work.__module__])
    return context


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """Have libraries of processes that are started meanwhile compute in one thread: they look only there."""
    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextlib.contextmanager
def _deaf_to_interrupts() -> Iterator[None]:
    """Have processes that are started meanwhile never hear Ctrl-C, which comes later here."""
    if sys.platform == "win32":
        yield
        return
    resource_tracker.ensure_running()  # to start it later would end the deafness
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextlib.contextmanager
def _allowed_children() -> Iterator[None]:
    """Let a process that is to end with its parent, such as a Dask worker's, start others meanwhile.

    Python refuses them children, which would be left behind when it is ended; ours see that it has gone.
    """
    this = multiprocessing.current_process()
    before, this.daemon = this.daemon, False
    try:
        yield
    finally:
        this.daemon = before
