"""What stands in for reading in tests of batches: quick, and as bad as the picture's bytes ask for."""

from __future__ import annotations

import hashlib
import os
import signal
import time
from pathlib import Path

import numpy as np

from reader.errors import CorruptImage, SourceUnreadable
from reader.reading import ImageInfo, Outcome, Reading

QUICK = "tests.batch.planted:quick"


def quick(data, source, _assay):
    """Return a small document, or do what the first word of the file says."""
    word, _, rest = data.partition(b" ")
    if word == b"corrupt":
        raise CorruptImage(f"{source}: The picture is damaged.")
    if word == b"unseen":
        raise SourceUnreadable("No such file or directory.")
    if word == b"bug":
        raise ZeroDivisionError
    if word == b"kill":
        os.kill(os.getpid(), signal.SIGKILL)
    if word == b"once":
        _kill_once(Path(os.fsdecode(rest)))
    if word == b"spin":
        while True:
            pass
    if word == b"sleep":
        time.sleep(float(rest))
    if word == b"greedy":
        np.ones(2**32, np.uint8)
    info = ImageInfo(hashlib.sha256(data).hexdigest(), "JPEG", 100, 100)
    return Reading(source, "0.0.0", info, Outcome.NEGATIVE, (), (), {}).to_dict()


def _kill_once(mark):
    if not mark.exists():
        mark.touch()
        os.kill(os.getpid(), signal.SIGKILL)


def slow(data, source, assay):
    """Take as long over it as a quick reader would."""
    time.sleep(0.01)
    return quick(data, source, assay)


def marked(data, source, assay):
    """Leave a mark of each reading in the file that the picture names."""
    word, _, rest = data.partition(b" ")
    if word == b"mark":
        with Path(os.fsdecode(rest)).open("a", encoding="ascii") as marks:
            marks.write("read\n")
    return quick(data, source, assay)
