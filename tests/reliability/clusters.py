"""A small Dask cluster of processes of its own, started and ended as a user does."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil

ROOT = Path(__file__).resolve().parents[2]
HOST = "127.0.0.1"


class HandMade:
    """A scheduler and its workers, which log into a folder; each is ended with all its processes."""

    def __init__(self, folder, *options):
        self.folder = folder
        self.options = options
        self.address = ""
        self.scheduler = None
        self.workers = []

    def __enter__(self):
        self.begin()
        return self

    def __exit__(self, *_):
        for process in (*self.workers, self.scheduler):
            process.send_signal(signal.SIGTERM)
        for process in (*self.workers, self.scheduler):
            process.wait(30)

    def begin(self):
        """Start the scheduler; later again at the same address."""
        known = self.folder / "scheduler.json"
        known.unlink(missing_ok=True)
        port = self.address.rpartition(":")[2] or "0"
        words = ("--host", HOST, "--port", port, "--no-dashboard", "--scheduler-file", str(known))
        self.scheduler = self._started("scheduler", *words, *self.options)
        wait_until(lambda: known.exists() and known.read_text().rstrip().endswith("}"))  # wholly written
        self.address = known.read_text().split('"address": "')[1].split('"')[0]

    def add_worker(self, *options):
        """Start a worker of one thread with its nanny."""
        words = ("worker", self.address, "--nthreads", "1", "--no-dashboard", *options)
        self.workers.append(self._started(*words))

    def _started(self, *words):
        with (self.folder / f"{words[0]}-{len(self.workers)}.log").open("a") as log:
            return subprocess.Popen(
                [sys.executable, "-m", "dask", *words],
                cwd=self.folder,
                env={**os.environ, "PYTHONPATH": str(ROOT)},
                stdout=log,
                stderr=log,
            )

    def hosts(self):
        """The processes, one to a worker, whose threads Dask's tasks run in."""
        found = []
        for nanny in self.workers:
            with contextlib.suppress(psutil.NoSuchProcess):
                children = psutil.Process(nanny.pid).children()
                found += [child for child in children if "spawn_main" in " ".join(child.cmdline())]
        return found

    def readers(self):
        """The processes that read pictures: children of the servers that fork them."""
        found = []
        for host in self.hosts():
            with contextlib.suppress(psutil.NoSuchProcess):
                found += [reader for server in host.children() for reader in server.children()]
        return found


def wait_until(condition, seconds=60.0):
    """Wait until something holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it never came to hold"
        time.sleep(0.05)
