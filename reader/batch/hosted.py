"""What runs in a Dask worker: it has chunks read by processes of the kind that the engine of processes uses.

So a picture that crashes, hangs or takes all memory harms neither the Dask worker nor another picture. This
module is loaded by Dask workers; `reader.batch.cluster` gives them their work.
"""

from __future__ import annotations

import contextlib
import pickle
import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any, Final, cast

from reader.batch.engines import Seat
from reader.batch.parts import Line, Part
from reader.batch.plan import Limits, versions
from reader.errors import CapacityError, ClusterError
from reader.interpret import Assay

__all__ = ["Job", "Readers", "end_reading", "read_chunk"]

_KEPT_S: Final = 30.0  # a process without a chunk; longer than any pause within a run, soon enough after one
_REMEMBERED: Final = 100  # sessions that have ended: a chunk of one may still be on its way
_READERS: Final = "lfa_readers"  # of a Dask worker: where it keeps its processes


@dataclass(frozen=True, slots=True)
class Job:
    """What is the same for all chunks of a run.

    Attributes
    ----------
    root : str
        Folder of the pictures, under the same path on each machine.
    assay : Assay
        The kit.
    limits : Limits
        Of one picture.
    function : str
        ``module:name`` of what reads the bytes of a picture.
    session : str
        Names the process that leads the run; one that goes on with the run has another.
    """

    root: str
    assay: Assay
    limits: Limits
    function: str
    session: str = ""


def read_chunk(there: dict[str, Any], pickled: bytes) -> list[Line]:
    """Read a chunk on the Dask worker that this is called on.

    Parameters
    ----------
    there : dict
        Versions of all that a result may depend on, where the run was begun.
    pickled : bytes
        The job and the chunk: to be looked at only where the versions are the same.

    Raises
    ------
    ClusterError
        If a version is another one here, so that results could differ.
    CapacityError
        If no process can be started, or the run has ended.
    """
    worker = import_module("distributed").get_worker()
    other = "; ".join(_differences(there, versions()))
    if other:
        raise ClusterError(f"On the Dask worker {worker.address}, {other}.")
    job, part = pickle.loads(pickled)  # noqa: S301 - from who may run anything here, as Dask is made
    return _readers_of(worker).read(job, part)


def end_reading(session: str, dask_worker: Any) -> None:
    """End all processes of a Dask worker that read for a session.

    Parameters
    ----------
    session : str
        Its name.
    dask_worker : distributed.Worker
        The Dask worker; Dask passes it under this name.
    """
    _readers_of(dask_worker).end(session)


class Readers:
    """Processes that read, kept for a while from one chunk to the next; for use by several threads.

    Parameters
    ----------
    kept_s : float, default 30
        How long a process without a chunk is kept, s: nobody may be left to say that a run has ended.
    """

    def __init__(self, kept_s: float = _KEPT_S) -> None:
        self._kept_s = kept_s
        self._lock = threading.Lock()
        self._busy: dict[Seat, str] = {}
        self._idle: dict[Seat, tuple[str, threading.Timer]] = {}
        self._ended: deque[str] = deque(maxlen=_REMEMBERED)

    def read(self, job: Job, part: Part) -> list[Line]:
        """Read a chunk.

        Raises
        ------
        CapacityError
            If no process can be started, or the session has ended.
        """
        with self._seat(job) as seat:
            return seat.read(part)

    def end(self, session: str) -> None:
        """End the processes of a session, and what they are reading; it is not to begin anew."""
        with self._lock:
            self._ended.append(session)
            idle = [seat for seat, (other, _) in self._idle.items() if other == session]
            busy = [seat for seat, other in self._busy.items() if other == session]
        for seat in idle:
            self._retire(seat)
        for seat in busy:
            seat.abandon()

    @contextlib.contextmanager
    def _seat(self, job: Job) -> Iterator[Seat]:
        seat = self._taken(job)
        try:
            yield seat
        except BaseException:
            with self._lock:
                del self._busy[seat]
            seat.stop()
            raise
        self._keep(seat, job.session)

    def _taken(self, job: Job) -> Seat:
        with self._lock:
            if job.session in self._ended:
                raise CapacityError("The run has ended.")
            seat = next((seat for seat, (other, _) in self._idle.items() if other == job.session), None)
            if seat is None:
                seat = Seat(job.root, job.assay, job.limits, job.function)
            else:
                self._idle.pop(seat)[1].cancel()
            self._busy[seat] = job.session
        return seat

    def _keep(self, seat: Seat, session: str) -> None:
        timer = threading.Timer(self._kept_s, self._retire, [seat])
        timer.daemon = True
        with self._lock:
            del self._busy[seat]
            self._idle[seat] = (session, timer)
            ended = session in self._ended
        timer.start()
        if ended:
            self._retire(seat)

    def _retire(self, seat: Seat) -> None:
        with self._lock:
            _, timer = self._idle.pop(seat, (None, None))
        if timer is not None:
            timer.cancel()
            seat.stop()


def _readers_of(worker: Any) -> Readers:
    return cast("Readers", vars(worker).setdefault(_READERS, Readers()))


def _differences(there: dict[str, Any], here: dict[str, Any]) -> Iterator[str]:
    """Say in which versions this machine differs from the one where the run was begun."""
    old, new = ({"lfa-reader": v["software_version"], **v["libraries"]} for v in (there, here))
    for name, version in old.items():
        if new.get(name) != version:
            yield f"{name} is {new.get(name)}, not {version}"
