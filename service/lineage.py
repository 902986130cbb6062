"""Processes that end with the one that started them."""

import contextlib
import ctypes
import multiprocessing
import os
import signal
import sys
import threading
from typing import Final

__all__ = ["end_with_parent", "end_with_server"]

_PR_SET_PDEATHSIG: Final = 1  # of Linux' prctl


def end_with_parent() -> None:
    """Have the kernel end this process with the thread that started it; only Linux can."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def end_with_server() -> None:
    """End this worker with its server, even in the middle of a task.

    A thread sees any server go, but not while a library keeps it from running. The kernel needs nobody's
    leave, but ends a worker with the process that forked it; that one ends with the server in the same way.
    """
    threading.Thread(target=_watch_server, daemon=True).start()
    end_with_parent()


def _watch_server() -> None:
    server = multiprocessing.parent_process()
    if server is not None:
        server.join()
        os._exit(1)
