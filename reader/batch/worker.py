"""What runs in a worker: one process that reads pictures within limits, and ends when its parent has gone.

The parent sends the addresses of a chunk; for each, in this order, a line comes back as soon as it is read.
So the parent knows at any time which picture is being read, and which one it was that killed a worker. Before
a picture is read, the parent is asked whether its bytes were read under another name.
"""

from __future__ import annotations

import contextlib
import ctypes
import math
import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from multiprocessing.connection import Connection
from types import MappingProxyType
from typing import Final, cast

import cv2

from reader.batch.plan import Limits
from reader.batch.reading import DOCUMENT, PictureReader
from reader.errors import StoreError
from reader.interpret import Assay

if sys.platform != "win32":
    import resource

__all__ = ["OUT_OF_MEMORY", "READY", "Question", "keep_memory", "work"]

READY: Final = "ready"
OUT_OF_MEMORY: Final = 70  # exit code of a worker that had too little memory for a picture
_PR_SET_PDEATHSIG: Final = 1  # of Linux' prctl
_M_TRIM_THRESHOLD: Final = -1
_M_MMAP_THRESHOLD: Final = -3
_LARGEST_BYTES: Final = 32 * 2**20  # the most that glibc lets wait; larger blocks go back each time
_KEPT_BYTES: Final = 256 * 2**20  # more than lies free between two pictures of 12 megapixels


@dataclass(frozen=True, slots=True)
class Question:
    """Asks the parent for the line of a picture with these bytes; it answers with that, or None."""

    digest: str


def work(
    pipe: Connection,
    root: str,
    assay: Assay,
    limits: Limits,
    function: str = DOCUMENT,
    *,
    environment: Mapping[str, str] = MappingProxyType({}),
) -> None:
    """Read what comes through a pipe until it ends.

    Parameters
    ----------
    pipe : Connection
        To the parent.
    root : str
        Folder of the pictures.
    assay : Assay
        The kit.
    limits : Limits
        Of one picture.
    function : str, default `reader.batch.reading.DOCUMENT`
        ``module:name`` of what reads the bytes of a picture.
    environment : mapping of str to str, default none
        What is to be set: a process that is forked from a server has that one's, which may be an older one.
    """
    os.environ.update(environment)
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to handle
    _end_with_parent()
    _keep_to(limits)
    keep_memory()
    cv2.setNumThreads(1)  # there are other workers for the other cores
    with contextlib.suppress(EOFError, OSError):  # the parent has gone
        try:
            _read(pipe, PictureReader(root, assay, function, partial(_ask, pipe)), limits)
        except StoreError as error:
            pipe.send(error)


def _read(pipe: Connection, pictures: PictureReader, limits: Limits) -> None:
    pipe.send(READY)
    while True:
        for name in pipe.recv():
            _grant_time(limits.cpu_s)
            try:
                line = pictures.line(name)
            except MemoryError:
                os._exit(OUT_OF_MEMORY)
            pipe.send(line)


def _ask(pipe: Connection, digest: str) -> bytes | None:
    pipe.send(Question(digest))
    return cast("bytes | None", pipe.recv())


def _end_with_parent() -> None:
    """End even in the middle of a picture when the parent has gone.

    The thread sees any parent go, but not while a library keeps it from running; the kernel's signal needs
    nobody's leave, but is Linux' own, and comes from the process that forked this one.
    """
    threading.Thread(target=_watch_parent, daemon=True).start()
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _watch_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _keep_to(limits: Limits) -> None:
    if sys.platform == "win32":
        return
    _lower(resource.RLIMIT_AS, limits.memory_mb * 2**20)
    _lower(resource.RLIMIT_CORE, 0)  # a picture's pixels are not to be left in a file


def keep_memory() -> None:
    """Let freed memory wait for the next picture, where the C library is glibc.

    By itself it gives large arrays back to the system after each use, or does not, as chance has it. The
    system zeroes every page that is taken anew: 100,000 for 28 pictures of 3 megapixels against 14,000, and
    7 % of the time. Memory at its highest stays the same.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):  # another C library
            library = ctypes.CDLL(None)
            library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_BYTES)
            library.mallopt(_M_TRIM_THRESHOLD, _KEPT_BYTES)


def _grant_time(cpu_s: int) -> None:
    """Let the next picture compute so long and no longer: the kernel then ends the process."""
    if sys.platform == "win32":
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    _lower(resource.RLIMIT_CPU, math.ceil(usage.ru_utime + usage.ru_stime) + cpu_s)


def _lower(what: int, soft: int) -> None:
    hard = resource.getrlimit(what)[1]
    with contextlib.suppress(OSError, ValueError):  # a system may not know or allow it
        resource.setrlimit(what, (soft if hard == resource.RLIM_INFINITY else min(soft, hard), hard))
