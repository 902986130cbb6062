"""The same task for many pictures, in this process or in several, with the results in order."""

from __future__ import annotations

import multiprocessing
import signal
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from typing import Protocol, TypeVar

import cv2

from reader.errors import CapacityError, OptionError

__all__ = ["MOST_PROCESSES", "Step", "in_order"]

T = TypeVar("T")

MOST_PROCESSES = 64


class Step(Protocol):
    """Called once for each thing that is done."""

    def __call__(self) -> None:
        """Tell that one more is done."""


def in_order(task: Callable[[str], T], paths: Sequence[str], processes: int = 1) -> Iterator[T]:
    """Do a task for every picture.

    Parameters
    ----------
    task : callable
        What is done with a path; with several processes it must be importable, arguments included.
    paths : sequence of str
        The pictures.
    processes : int, default 1
        How many are looked at side by side; one needs no other process.

    Yields
    ------
    object
        The results, in the order of the paths, each as soon as those before it are there.

    Raises
    ------
    OptionError
        If the number of processes has no meaning.
    CapacityError
        If a process was killed from outside.
    """
    if not 1 <= processes <= MOST_PROCESSES:
        raise OptionError(f"There may be 1 to {MOST_PROCESSES} processes, not {processes}.")
    processes = min(processes, len(paths))
    if processes <= 1:
        yield from map(task, paths)
        return
    # Forked children would share locks of libraries that run threads; spawned ones work everywhere.
    context = multiprocessing.get_context("spawn")
    pool = ProcessPoolExecutor(processes, mp_context=context, initializer=_prepare)
    try:
        # Whatever is started here ignores Ctrl-C from its first moment on.
        with _deaf():
            results = pool.map(task, paths)
        yield from results
    except BrokenProcessPool as error:
        raise CapacityError(
            "A process that reads pictures was killed, perhaps for want of memory."
        ) from error
    finally:
        pool.shutdown(cancel_futures=True)


@contextmanager
def _deaf() -> Iterator[None]:
    """Ignore Ctrl-C for a moment, where that can be done: processes inherit it from their parent."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def _prepare() -> None:
    """Make a new process one of several: it uses one core, and leaves Ctrl-C to its parent."""
    cv2.setNumThreads(1)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
