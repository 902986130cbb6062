"""A worker makes good use of its memory."""

from __future__ import annotations

import subprocess
import sys

import pytest


@pytest.mark.skipif(sys.platform != "linux", reason="of Linux' C library")
def test_memory_that_a_picture_has_left_is_there_for_the_next_one():
    program = """
import resource
import numpy as np
from reader.batch.worker import keep_memory

def pages():
    return resource.getrusage(resource.RUSAGE_SELF).ru_minflt

def work():
    parts = [np.ones(3 * 2**20, np.uint8) for _ in range(30)]  # too small for larger pages

keep_memory()
work()
before = pages()
for _ in range(5):
    work()
print(pages() - before)
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert int(done.stdout) < 3 * 30 * 2**20 / 4096
