"""Speed: a 12-megapixel photo of a cassette from file to reading, against its decoding alone.

    python benchmarks/speed.py [--repeats 15] [--photo FILE]

One thread throughout. The photo is simulated unless one is given. What counts is the ratio: it says how
much the reading costs beside what every program must spend to see the picture at all. Memory is the most that
a fresh process takes, interpreter and libraries included.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np

import reader
from reader.simulate import cassette, render, scene

SIZE = (3024, 4032)  # px; the usual 12 megapixels of a phone
# Linux counts into ru_maxrss what the parent took before the child was started; VmHWM starts with the child.
MOST_MEMORY = """
import pathlib, re, resource, sys, cv2, reader
cv2.setNumThreads(1)
reader.read_file(sys.argv[1])
status = pathlib.Path("/proc/self/status")
if status.exists():
    kib = int(re.search(r"VmHWM:\\s+(\\d+) kB", status.read_text())[1])
else:
    per_kib = 1024 if sys.platform == "darwin" else 1
    kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / per_kib
print(kib / 1024)
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--repeats", type=int, default=15)
    parser.add_argument("--photo", type=Path, help="a JPEG to use instead of the simulated one")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as folder:
        photo = options.photo or simulated(Path(folder) / "photo.jpg")
        report(photo, options.repeats)


def simulated(path: Path) -> Path:
    """Write a photo of a positive cassette that fills most of the frame."""
    picture = render(scene([cassette({"C": 0.45, "T": 0.12})], size_px=SIZE), np.random.default_rng(1))
    path.write_bytes(picture.encode("JPEG"))
    return path


def report(photo: Path, repeats: int) -> None:
    data = np.fromfile(photo, np.uint8)
    reading = reader.read_file(photo)
    size = f"{reading.image.width} x {reading.image.height} px, {data.size / 1e6:.1f} MB"
    print(f"{photo.name}: {size}, {reading.outcome}")
    # Both are timed in turns, so that a slow moment of the machine meets both.
    decode, whole = [], []
    for _ in range(repeats):
        decode.append(timed(lambda: cv2.imdecode(data, cv2.IMREAD_COLOR)))
        whole.append(timed(lambda: reader.read_file(photo)))
    print(f"{'':24} {'min':>9} {'median':>9}")
    for name, times in (("cv2.imdecode", decode), ("file to reading", whole)):
        print(f"{name:24} {min(times):6.1f} ms {statistics.median(times):6.1f} ms")
    ratio = min(whole) / min(decode), statistics.median(whole) / statistics.median(decode)
    print(f"{'ratio':24} {ratio[0]:7.2f} x {ratio[1]:7.2f} x")
    stages = ", ".join(f"{stage} {value:.0f} ms" for stage, value in reading.timings_ms.items())
    print(f"stages: {stages}")
    print(f"memory: {most_memory(photo):.0f} MB")


def most_memory(photo: Path) -> float:
    """Return the most memory that a fresh process takes for reading a photo, MB."""
    command = [sys.executable, "-c", MOST_MEMORY, str(photo)]
    return float(subprocess.run(command, check=True, capture_output=True, text=True).stdout)


def timed(work: Callable[[], object]) -> float:
    """Return how long something takes, ms."""
    start = time.perf_counter()
    work()
    return 1000 * (time.perf_counter() - start)


if __name__ == "__main__":
    main()
