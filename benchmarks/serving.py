"""What the service costs beside the library and the batch, and how it bears a crowd.

    python benchmarks/serving.py [--pictures 48] [--repeats 3] [--megapixels 12] [--clients 8 32]

A server of its own with two workers is sent copies of one simulated photo, each with a comment of its own, so
that no two have the same bytes. Uploads one by one are compared with `reader.read_bytes` in this process,
uploads by many clients with a batch run over the same pictures, both in turns, so that a slow moment of the
machine meets all. While a crowd sends, another process asks for /healthz every 50 ms. The processor's time is
told beside the clock's, for it is nearly the same however busy the machine is.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import astuple, dataclass, field
from functools import partial
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import cv2
from batch import KIT, in_run, photo_of, timed, write_copies

import reader
from reader.batch.engines import ProcessEngine
from reader.batch.plan import Plan
from reader.batch.run import run_plan

WORKERS = 2
PATIENCE_S = 120.0
ASK_EVERY_S = 0.05
SERVE = """
import sys
from pathlib import Path
from service import Settings, run
settings = Settings(data=Path(sys.argv[1]), port=0, workers=int(sys.argv[2]))
run(settings, ready=lambda url: print(url, flush=True))
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=48)
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--megapixels", type=float, default=12.0)
    parser.add_argument("--clients", type=int, nargs="+", default=[8, 32])
    options = parser.parse_args()
    cv2.setNumThreads(1)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "pictures"
        write_copies(folder, options.pictures, [photo_of(options.megapixels)])
        with served(Path(place) / "data") as server:
            compare_one_by_one(server, folder)
            compare_with_batch(server, folder, options.repeats, options.clients)


@dataclass(frozen=True)
class Spent:
    """What something took, by the clock and by the processor."""

    seconds: float
    cpu_s: float


@dataclass
class Server:
    """A running server."""

    address: str
    pid: int

    def cpu_s(self) -> float:
        """Seconds of the processor that it and its workers have used."""
        stats = {}
        for place in Path("/proc").glob("[0-9]*/stat"):
            with contextlib.suppress(OSError):  # it has ended meanwhile
                stats[int(place.parent.name)] = place.read_text().rpartition(")")[2].split()
        family = {self.pid}
        while young := {pid for pid, stat in stats.items() if int(stat[1]) in family} - family:
            family |= young
        ticks = sum(int(stats[pid][11]) + int(stats[pid][12]) for pid in family)
        return ticks / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def served(data: Path) -> Iterator[Server]:
    """Run a server of its own."""
    command = [sys.executable, "-c", SERVE, str(data), str(WORKERS)]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout is not None
        address = urlsplit(process.stdout.readline().strip()).netloc
        server = Server(address, process.pid)
        wait_until_ready(address)
        yield server
    finally:
        process.terminate()
        process.communicate()


def wait_until_ready(address: str) -> None:
    connection = http.client.HTTPConnection(address, timeout=PATIENCE_S)
    connection.request("GET", "/readyz")
    assert connection.getresponse().read() == b'{"status":"ready"}'


def put(connection: http.client.HTTPConnection, picture: bytes) -> tuple[int, float]:
    """Send a picture under a new id; return the status and after how many seconds to ask again."""
    connection.request("PUT", f"/v1/readings/{uuid4()}", picture, {"Content-Type": "image/jpeg"})
    answer = connection.getresponse()
    answer.read()
    return answer.status, float(answer.headers.get("Retry-After", "0"))


def compare_one_by_one(server: Server, folder: Path) -> None:
    """Time each picture in this process and through the service, in turns."""
    connection = http.client.HTTPConnection(server.address, timeout=PATIENCE_S)
    pairs = []
    for path in sorted(folder.iterdir())[:20]:
        picture = path.read_bytes()
        alone = spent(partial(reader.read_bytes, picture), time.process_time)
        pairs.append((alone, spent(partial(put, connection, picture), server.cpu_s)))
    pairs = pairs[2:]  # both have warmed up
    for way, ones in zip(("read_bytes", "upload"), zip(*pairs, strict=True), strict=True):
        seconds, cpu_s = (statistics.median(values) for values in zip(*map(astuple, ones), strict=True))
        print(f"{way:10} {seconds * 1e3:4.0f} ms each, {cpu_s * 1e3:4.0f} ms of the processor")
    ratio = statistics.median(sent.seconds / alone.seconds for alone, sent in pairs)
    print(f"upload / read_bytes {ratio:.3f}", flush=True)


def spent(work: Callable[[], Any], cpu_s: Callable[[], float]) -> Spent:
    before = cpu_s()
    return Spent(timed(work), cpu_s() - before)


@dataclass
class Crowd:
    """What so many clients saw who sent all pictures."""

    seconds: float = 0.0
    cpu_s: float = 0.0
    latencies: list[float] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    health: list[float] = field(default_factory=list)


def crowd(server: Server, pictures: list[bytes], clients: int) -> Crowd:
    """Let so many clients send all pictures; each sends again what it is told to send later."""
    seen, queue, lock = Crowd(), iter(pictures), threading.Lock()

    def work() -> None:
        connection = http.client.HTTPConnection(server.address, timeout=PATIENCE_S)
        while True:
            with lock:
                picture = next(queue, None)
            if picture is None:
                return
            begun, status = time.perf_counter(), 0
            while status not in {200, 201}:
                status, pause = put(connection, picture)
                seen.statuses[status] += 1
                time.sleep(pause)
            seen.latencies.append(time.perf_counter() - begun)

    threads = [threading.Thread(target=work) for _ in range(clients)]
    before = server.cpu_s()
    with asking(server.address) as health:
        begun = time.perf_counter()
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seen.seconds = time.perf_counter() - begun
    seen.cpu_s, seen.health = server.cpu_s() - before, health
    return seen


@contextlib.contextmanager
def asking(address: str) -> Iterator[list[float]]:
    """Ask for /healthz all the while, from another process; the times are there in the end."""
    times: list[float] = []
    ours, theirs = multiprocessing.get_context("spawn").Pipe()
    process = multiprocessing.get_context("spawn").Process(target=ask, args=(address, theirs))
    process.start()
    assert ours.recv() == "ready"
    yield times
    ours.send("stop")
    times += ours.recv()
    process.join()


def ask(address: str, pipe: Connection) -> None:
    times = []
    pipe.send("ready")
    while not pipe.poll(ASK_EVERY_S):
        begun = time.perf_counter()
        connection = http.client.HTTPConnection(address, timeout=PATIENCE_S)
        connection.request("GET", "/healthz")
        assert connection.getresponse().status == 200
        times.append(time.perf_counter() - begun)
        connection.close()
    pipe.send(times)


def compare_with_batch(server: Server, folder: Path, repeats: int, clients: list[int]) -> None:
    """Time a batch run and crowds over the same pictures."""
    pictures = [path.read_bytes() for path in sorted(folder.iterdir())]
    batches: list[float] = []
    crowds: dict[int, list[Crowd]] = {number: [] for number in clients}
    for turn in range(repeats):
        batches.append(batch(folder, folder.parent / f"run-{turn}"))
        for number, seen in crowds.items():
            seen.append(crowd(server, [fresh(picture, number, turn) for picture in pictures], number))
    count = len(pictures)
    print(f"batch run  {count / statistics.median(batches):6.2f} pictures/s")
    for number, seen in crowds.items():
        report(number, seen, batches, count)


def batch(folder: Path, run: Path) -> float:
    """Return how long a batch run by as many processes takes."""

    def way(plan: Plan) -> None:
        run_plan(plan, ProcessEngine(plan.root, KIT, plan.limits, WORKERS))

    return timed(partial(in_run, way, folder, run))


def fresh(picture: bytes, clients: int, turn: int) -> bytes:
    """Return a picture that was not sent in any other turn."""
    return picture[:2] + b"\xff\xfe\x00\x0a%04d%04d" % (clients, turn) + picture[2:]


def report(number: int, seen: list[Crowd], batches: list[float], count: int) -> None:
    seconds = statistics.median(one.seconds for one in seen)
    share = statistics.median(whole / one.seconds for whole, one in zip(batches, seen, strict=True))
    cpu_s = statistics.median(one.cpu_s for one in seen)
    health = sorted(itertools.chain.from_iterable(one.health for one in seen))
    latency = sorted(itertools.chain.from_iterable(one.latencies for one in seen))
    statuses = sum((one.statuses for one in seen), Counter[int]())
    print(
        f"{number:2} clients {count / seconds:6.2f} pictures/s, {share:.3f} of the batch; "
        f"{cpu_s / count * 1e3:.0f} ms of the processor each; statuses {dict(statuses)}; "
        f"p95 of an upload {quantile(latency, 0.95):.2f} s, "
        f"of {len(health)} times /healthz {quantile(health, 0.95) * 1e3:.0f} ms",
        flush=True,
    )


def quantile(ordered: list[float], share: float) -> float:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


if __name__ == "__main__":
    main()
