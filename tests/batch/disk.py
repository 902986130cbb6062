"""A disk that fails: at one moment everything that is written to it fails, from then on or only then."""

from __future__ import annotations

import contextlib
import itertools
import os
from pathlib import Path


class FailingDisk:
    """Fails the writing calls from the n-th on, with this number of an operating system's error."""

    def __init__(self, number, fails_at):
        self.calls = itertools.count()
        self.number = number
        self.fails_at = fails_at

    def check(self):
        if next(self.calls) >= self.fails_at:
            raise OSError(self.number, os.strerror(self.number))

    @contextlib.contextmanager
    def plugged(self, monkeypatch):
        """Have every file that is written whole, and its folder, on this disk."""
        with monkeypatch.context() as patched:
            for owner, name in ((os, "fsync"), (Path, "replace"), (Path, "mkdir")):
                patched.setattr(owner, name, self.guarded(getattr(owner, name)))
            patched.setattr(os, "open", self.opening_folders(os.open))
            patched.setattr(Path, "open", self.opening(Path.open))
            yield

    def guarded(self, real):
        def call(*arguments, **options):
            self.check()
            return real(*arguments, **options)

        return call

    def opening_folders(self, real):
        def call(path, *arguments, **options):
            if Path(path).is_dir():
                self.check()
            return real(path, *arguments, **options)

        return call

    def opening(self, real):
        def call(path, mode="r", *arguments, **options):
            stream = real(path, mode, *arguments, **options)
            return Guarded(stream, self) if "w" in mode else stream

        return call


class Guarded:
    """A file of which every write may fail, after half of it is written."""

    def __init__(self, stream, disk):
        self.stream = stream
        self.disk = disk

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def write(self, data):
        self.stream.write(data[: len(data) // 2])
        self.disk.check()
        self.stream.write(data[len(data) // 2 :])

    def __getattr__(self, name):
        return getattr(self.stream, name)
