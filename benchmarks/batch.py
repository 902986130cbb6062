"""What a batch costs beside a bare loop over `reader.read_file`, and what processes gain.

    python benchmarks/batch.py [--pictures 200] [--repeats 3] [--megapixels 3] [--memory 0] [--names 0] …

Each picture is read by one thread. The pictures are copies of one simulated photo, each with a comment of its
own, so that no two have the same bytes. Times are medians; what counts are the ratios. With --memory N, a run
of N small pictures shows how the memory of the processes that read them, and of the one that leads them,
grows; with --names N, N empty files are planned; with --parts N, a run of N whole parts is looked through, as
a resumed one is.
"""

from __future__ import annotations

import argparse
import itertools
import multiprocessing
import re
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

import reader
from reader.batch.cluster import ClusterEngine
from reader.batch.engines import ProcessEngine, SerialEngine
from reader.batch.parts import Line, write_part
from reader.batch.plan import Plan, Wishes, make_plan
from reader.batch.run import Tally, run_plan
from reader.reading import json_line
from reader.simulate import Choices, cassette, render, scene, simulate

SIZE_PX = (1512, 2016)
CLOSE_UPS = 12  # different small pictures, in turns
KIT = reader.load_assay("generic")


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=200)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--megapixels", type=float, default=SIZE_PX[0] * SIZE_PX[1] / 1e6)
    parser.add_argument("--memory", type=int, default=0, metavar="N", help="pictures of the run for memory")
    parser.add_argument("--names", type=int, default=0, metavar="N", help="empty files to plan")
    parser.add_argument("--parts", type=int, default=0, metavar="N", help="parts to look through")
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as place:
        if options.names:
            plan_names(Path(place), options.names)
        if options.parts:
            look_through(Path(place), options.parts)
        if options.pictures:
            compare(Path(place), options.pictures, options.repeats, options.megapixels)
        if options.memory:
            follow_memory(Path(place), options.memory)


def compare(place: Path, count: int, repeats: int, megapixels: float) -> None:
    """Time the same pictures in each way, in turns, so that a slow moment of the machine meets all."""
    folder = place / "pictures"
    write_copies(folder, count, [photo_of(megapixels)])
    ways: dict[str, Callable[[Plan], Any]] = {
        "bare loop": lambda plan: [reader.read_file(path) for path in sorted(Path(plan.root).iterdir())],
        "serial": lambda plan: run_plan(plan, SerialEngine(plan.root, KIT)),
        "1 process": lambda plan: run_plan(plan, ProcessEngine(plan.root, KIT, plan.limits, 1)),
        "2 processes": lambda plan: run_plan(plan, ProcessEngine(plan.root, KIT, plan.limits, 2)),
        "2 on Dask": lambda plan: run_plan(plan, ClusterEngine(plan.root, KIT, plan.limits, 2)),
    }
    runs = (place / f"run-{k}" for k in itertools.count())
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(repeats):
        for name, way in ways.items():
            seconds[name].append(timed(partial(in_run, way, folder, next(runs))))
    middle = {name: statistics.median(values) for name, values in seconds.items()}
    for name, value in middle.items():
        print(f"{name:12} {value:7.2f} s  {count / value:6.2f} pictures/s")
    print(f"serial / bare loop      {ratio(seconds, 'serial', 'bare loop'):.3f}")
    print(f"serial / 2 processes    {ratio(seconds, 'serial', '2 processes'):.3f}")
    print(f"1 process / bare loop   {ratio(seconds, '1 process', 'bare loop'):.3f}")
    print(f"2 processes / 2 on Dask {ratio(seconds, '2 processes', '2 on Dask'):.3f}")


def in_run(way: Callable[[Plan], Any], folder: Path, run: Path) -> None:
    """Plan a run and read it in one of the ways."""
    way(make_plan(str(folder), run, Wishes(KIT)))


def ratio(seconds: dict[str, list[float]], above: str, below: str) -> float:
    """Return the median over the turns of a ratio within one turn."""
    return statistics.median(a / b for a, b in zip(seconds[above], seconds[below], strict=True))


def timed(work: Callable[[], Any]) -> float:
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def photo_of(megapixels: float) -> bytes:
    """Return a photo of a cassette that fills the same share of the picture at any size."""
    side = (megapixels * 1e6 / (SIZE_PX[0] * SIZE_PX[1])) ** 0.5
    size_px = (round(SIZE_PX[0] * side), round(SIZE_PX[1] * side))
    made = scene([cassette({"C": 0.45, "T": 0.12})], size_px=size_px)
    return render(made, np.random.default_rng(1)).encode("JPEG")


def close_ups() -> list[bytes]:
    """Return small pictures of read windows, as different as people take them."""
    choices = Choices(kind="window", px_per_mm=8)
    return [simulate(number=k, choices=choices).encode("JPEG") for k in range(CLOSE_UPS)]


def write_copies(folder: Path, count: int, photos: list[bytes]) -> None:
    """Write copies of photos in turns that differ in a JPEG comment alone."""
    folder.mkdir()
    for k, data in zip(range(count), itertools.cycle(photos)):
        comment = b"\xff\xfe\x00\x0a%08d" % k
        (folder / f"{k:06}.jpg").write_bytes(data[:2] + comment + data[2:])


def follow_memory(place: Path, count: int) -> None:
    """Print at each tenth of a run the memory, MB, of the process that leads it and of the two that read."""
    folder = place / "many"
    write_copies(folder, count, close_ups())
    plan = make_plan(str(folder), place / "run-many", Wishes(KIT))

    def told(tally: Tally) -> None:
        if tally.pictures and tally.pictures % (count // 10) == 0:
            readers = [f"{resident_mb(child.pid):.1f}" for child in multiprocessing.active_children()]
            print(
                f"{tally.pictures:6} pictures: {resident_mb():.1f}; {', '.join(sorted(readers))}", flush=True
            )

    seconds = timed(lambda: run_plan(plan, ProcessEngine(plan.root, KIT, plan.limits, 2), told=told))
    print(f"{count} pictures of {CLOSE_UPS} kinds read in {seconds:.1f} s")


def plan_names(place: Path, count: int) -> None:
    """Print how long it takes to plan so many empty files in a hundred folders, and the most memory, MB."""
    for k in range(100):
        folder = place / "named" / f"clinic {k:02}"
        folder.mkdir(parents=True)
        for j in range(count // 100):
            (folder / f"IMG_20260101_{j:06}.jpg").touch()
    seconds = timed(partial(make_plan, str(place / "named"), place / "run-named", Wishes(KIT)))
    print(f"{count} names planned in {seconds:.1f} s; at most {most_mb():.0f} MB")


def look_through(place: Path, count: int) -> None:
    """Print how long it takes to see that all of so many parts of 100 pictures are whole."""
    (place / "listed").mkdir()
    (place / "listed" / "a.jpg").touch()
    plan = make_plan(str(place / "listed"), place / "run-listed", Wishes(KIT))
    plan = replace(plan, count=100 * count, chunk=100)
    names = "".join(f"IMG_20260101_{k:09}.jpg\n" for k in range(plan.count))
    (place / "run-listed" / "inputs.txt").write_text(names, encoding="utf-8")
    document = {"schema": "lfa-reading/1", "outcome": "negative", "strips": ["x" * 1500]}
    for part in plan.chunks():
        lines = [json_line({"path": name, "sha256": None, "reading": document}) for name in part.names]
        write_part(plan.run, part, [Line(text, "negative", failed=False) for text in lines])
    seconds = timed(lambda: run_plan(plan, SerialEngine(plan.root, KIT)))
    print(f"{count} whole parts looked through in {seconds:.1f} s")


def resident_mb(pid: int | None = None) -> float:
    return status_mb("VmRSS", pid)


def most_mb() -> float:
    return status_mb("VmHWM")


def status_mb(field: str, pid: int | None = None) -> float:
    """Return what the kernel says of a process, by default this one."""
    status = Path(f"/proc/{pid or 'self'}/status").read_text(encoding="ascii")
    found = re.search(rf"{field}:\s+(\d+) kB", status)
    return int(found[1]) / 1024 if found else float("nan")


if __name__ == "__main__":
    main()
