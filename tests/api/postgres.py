"""A PostgreSQL of a test run's own: in a temporary folder, reached by a socket there, gone in the end."""

import contextlib
import itertools
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

_NUMBERS = itertools.count()
_ACCOUNTS = ("postgres", "nobody")  # it refuses to run as root


class Cluster:
    """A running PostgreSQL, and how to get a database in it."""

    def __init__(self, binaries: Path, folder: Path) -> None:
        self._binaries = binaries
        self._folder = folder
        self._account = _other_account() if os.geteuid() == 0 else None
        if self._account is not None:
            shutil.chown(folder, self._account)
        made = ["-U", "lfa", "-E", "UTF8", "--locale=C", "-A", "trust", "-N"]
        self._run("initdb", *made).wait()
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = {"listen_addresses": "", "unix_socket_directories": str(self._folder), "fsync": "off"}
        told = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
        self._process = self._run("postgres", *told)
        self._wait()

    def _run(self, program: str, *arguments: str) -> subprocess.Popen[bytes]:
        command = [self._binaries / program, "-D", self._folder / "data", *arguments]
        with (self._folder / "log").open("a") as log:
            return subprocess.Popen(command, stdout=log, stderr=log, user=self._account, cwd=self._folder)

    def database(self, kind: str = "") -> str:
        """Make an empty database and return its address."""
        name = f"clinic{next(_NUMBERS)}"
        with psycopg.connect(host=str(self._folder), user="lfa", dbname="postgres", autocommit=True) as asked:
            asked.execute(f"CREATE DATABASE {name} {kind}")
        return f"postgresql://lfa@/{name}?host={self._folder}"

    def end(self) -> None:
        """Stop it, without waiting for those who still use it."""
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait(30)

    def _wait(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                psycopg.connect(host=str(self._folder), user="lfa", dbname="postgres").close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or time.monotonic() > deadline:
                    raise
                time.sleep(0.05)
            else:
                return


def _other_account() -> str:
    names = {entry.pw_name for entry in pwd.getpwall()}
    return next(name for name in _ACCOUNTS if name in names)


def _binaries() -> Path:
    found = shutil.which("postgres")
    places = [Path(found).resolve().parent] if found else []
    places += sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    for place in places:
        if (place / "initdb").exists():
            return place
    pytest.skip("needs PostgreSQL: `apt-get install postgresql`")


@contextlib.contextmanager
def running() -> Iterator[Cluster]:
    """Start PostgreSQL; skip the test where it is not installed."""
    binaries = _binaries()
    with tempfile.TemporaryDirectory(prefix="lfa-postgres-") as folder:
        cluster = Cluster(binaries, Path(folder))
        try:
            yield cluster
        finally:
            cluster.end()
