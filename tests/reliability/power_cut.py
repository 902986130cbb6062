"""A disk that loses its power: what was done to files is recorded, and any beginning of that can be replayed.

The model is the strictest that POSIX allows: what was written is there once the file was synchronised, a name
once its folder was. ``names_first`` is the other extreme: all names have come to the disk, and of contents
only what was synchronised.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path


class Recorder:
    """Records what is done to files, in the order in which it is done."""

    def __init__(self):
        self.done = []

    @contextlib.contextmanager
    def plugged(self, monkeypatch):
        """Have all that writers of whole files do on record."""
        with monkeypatch.context() as patched:
            for owner, name, call in (
                (Path, "mkdir", self.mkdir(Path.mkdir)),
                (Path, "open", self.open(Path.open)),
                (Path, "replace", self.replace(Path.replace)),
                (os, "fsync", self.fsync),
            ):
                patched.setattr(owner, name, call)
            yield

    def mkdir(self, real):
        def call(path, *arguments, **options):
            there = path.exists()
            real(path, *arguments, **options)
            if not there:
                self.done.append(("mkdir", path))

        return call

    def open(self, real):
        def call(path, mode="r", *arguments, **options):
            stream = real(path, mode, *arguments, **options)
            if "w" not in mode:
                return stream
            self.done.append(("create", path))
            return Written(stream, path, self.done)

        return call

    def replace(self, real):
        def call(path, target):
            real(path, target)
            self.done.append(("rename", path, target))

        return call

    def fsync(self, descriptor):
        self.done.append(("sync", Path(f"/proc/self/fd/{descriptor}").readlink()))


class Written:
    """A file whose writes are recorded."""

    def __init__(self, stream, path, done):
        self.stream, self.path, self.done = stream, path, done

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stream.close()

    def write(self, data):
        self.done.append(("write", self.path, bytes(data)))
        return self.stream.write(data)

    def __getattr__(self, name):
        return getattr(self.stream, name)


class Content:
    """A file's bytes, as they were written and as they are safe."""

    def __init__(self):
        self.written = self.safe = b""


def after_cut(done, start, *, names_first=False):
    """What is on the disk after these operations and a power cut: folders, and files with their bytes.

    ``start`` is the folder that was safe before; all others must have been made.
    """
    names, safe = {start: None}, {start: None}
    for what, path, *rest in done:
        if what == "mkdir":
            names[path] = None
        elif what == "create":
            names[path] = Content()
        elif what == "write":
            names[path].written += rest[0]
        elif what == "rename":
            names[rest[0]] = names.pop(path)
        elif names[path] is None:  # a folder is synchronised: its names are safe
            safe = {name: content for name, content in safe.items() if name.parent != path}
            safe |= {name: content for name, content in names.items() if name.parent == path}
        else:
            names[path].safe = names[path].written
    left = names if names_first else safe
    return {
        name: content and content.safe
        for name, content in left.items()
        if all(parent in left for parent in name.parents if parent.is_relative_to(start))
    }


def laid_out(disk, start, place):
    """Lay out what is on a disk below another folder."""
    place.mkdir()
    for name in sorted(disk):
        target = place / name.relative_to(start)
        if disk[name] is None:
            target.mkdir(exist_ok=True)
        else:
            target.write_bytes(disk[name])
    return place
