"""Kill the server again and again while pictures are sent, and see that nothing it acknowledged is lost.

    python -m tests.reliability.service_storm [--kills 20] [--pictures 1000] [--clients 8]

Everything is what a clinic runs: the server, its workers, the readings, and clients that send again under the
same id until they are answered. Every third picture is sent to be read later.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import http.client
import json
import random
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from pathlib import Path
from uuid import uuid4

from tests.api.service_helpers import Server, draw_test, encode
from tests.reliability.batch_storm import family, left_after

PATIENCE_S = 60.0
START_S = 3.0  # within which a server that was killed is to answer again
SERVE = """
import sys
from pathlib import Path
from service import Settings, run
data, port, queue = Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3])
run(Settings(data=data, port=port, workers=2, queue=queue, min_free_bytes=0))
"""


def free_port():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return listener.getsockname()[1]


def asked(port, method, path, body=None, headers=()):
    """Ask the server; return its status and answer, or None when it was not there."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
    with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
        connection.request(method, path, body, dict(headers))
        answer = connection.getresponse()
        return answer.status, answer.read()
    return None


def started(data, port, queue=200):
    """Start a server; return it and after how many seconds it was ready."""
    begun = time.monotonic()
    command = [sys.executable, "-c", SERVE, str(data), str(port), str(queue)]
    process = subprocess.Popen(command, stderr=subprocess.DEVNULL, env=Server.environment())
    while (answer := asked(port, "GET", "/readyz")) is None or answer[0] != 200:
        assert time.monotonic() - begun < PATIENCE_S, "the server never came up"
        assert process.poll() is None, "the server ended by itself"
        time.sleep(0.01)
    return process, time.monotonic() - begun


def told(pid):
    """What a process was started with."""
    with contextlib.suppress(OSError):
        return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")[:120]
    return "gone"


def killed(process, how=signal.SIGKILL):
    """End a server by a signal; see that none of its processes is left."""
    workers = {pid: told(pid) for pid in family(process.pid)}
    process.send_signal(how)
    process.communicate(timeout=PATIENCE_S)
    left = left_after(workers)
    assert not left, f"left running after {how.name}: {[workers[pid] for pid in left]}"


class Clients:
    """Clients that send pictures, each under its own id and again and again until it is acknowledged."""

    def __init__(self, port, pictures, number):
        self.port = port
        self.acknowledged = {}  # digest of the picture by id of its reading
        self.statuses = Counter()
        self._waiting = [(str(uuid4()), k % 3 == 0, picture) for k, picture in enumerate(pictures)]
        self._stopped = False
        self._lock = threading.Lock()
        self._threads = [threading.Thread(target=self._work, daemon=True) for _ in range(number)]
        for thread in self._threads:
            thread.start()

    def stop(self):
        """Send no more, and wait until nobody does."""
        self._waiting, self._stopped = [], True
        for thread in self._threads:
            thread.join()

    def busy(self):
        return any(thread.is_alive() for thread in self._threads)

    def _work(self):
        while True:
            with self._lock:
                if not self._waiting:
                    return
                name, later, picture = self._waiting.pop()
            while not self._sent(name, later, picture):
                if self._stopped:
                    return
                time.sleep(0.05)
            self.acknowledged[name] = hashlib.sha256(picture).hexdigest()

    def _sent(self, name, later, picture):
        headers = {"Prefer": "respond-async"} if later else {}
        answer = asked(self.port, "PUT", f"/v1/readings/{name}", picture, headers.items())
        self.statuses[answer and answer[0]] += 1
        return answer is not None and answer[0] in {200, 201, 202}


def copies(count):
    """Small pictures of a test that differ in a JPEG comment alone."""
    picture = encode(draw_test(), quality=95)
    return [picture[:2] + b"\xff\xfe\x00\x0a%08d" % k + picture[2:] for k in range(count)]


def storm(data, pictures, clients, kills, chance, *, longest_s):
    """Send pictures while the server is killed so many times; return the clients and the times of restart."""
    port = free_port()
    process, _ = started(data, port)
    crowd, restarts = Clients(port, pictures, clients), []
    while crowd.busy() and len(restarts) < kills:
        time.sleep(chance.uniform(0.1, longest_s))
        killed(process)
        process, seconds = started(data, port)
        restarts.append(seconds)
    while crowd.busy():
        time.sleep(0.05)
    wait_for_jobs(data)
    compare(port, crowd.acknowledged)
    killed(process, signal.SIGTERM)
    inspect(data, crowd.acknowledged)
    return crowd, restarts


def wait_for_jobs(data):
    """Wait until every job is finished."""
    end = time.monotonic() + 2 * PATIENCE_S
    with database(data) as rows:
        while left := rows("SELECT count(*) FROM jobs WHERE state NOT IN ('done', 'failed')")[0][0]:
            assert time.monotonic() < end, f"{left} jobs were never finished"
            time.sleep(0.1)


def compare(port, acknowledged):
    """See that every acknowledged reading is there, and of the picture that was sent."""
    for name, digest in acknowledged.items():
        status, document = asked(port, "GET", f"/v1/readings/{name}")
        assert (status, json.loads(document)["image"]["sha256"]) == (200, digest)


def inspect(data, acknowledged):
    """See that database and pictures are whole and fit each other, and that nothing is there twice."""
    with database(data) as rows:
        assert rows("PRAGMA integrity_check") == [("ok",)]
        readings = dict(rows("SELECT id, image_sha256 FROM readings"))
        assert len(rows("SELECT 1 FROM readings")) == len(readings)
        versions = rows("SELECT reading_id FROM reading_versions")
        jobs = Counter(state for (state,) in rows("SELECT state FROM jobs"))
        queued = [digest for (digest,) in rows("SELECT image_sha256 FROM jobs")]
    assert readings == acknowledged
    assert sorted(name for (name,) in versions) == sorted(readings)
    assert set(jobs) <= {"done"}
    for digest in {*readings.values(), *queued}:
        blob = data / "blobs" / digest[:2] / digest[2:4] / digest
        assert hashlib.sha256(blob.read_bytes()).hexdigest() == digest


@contextlib.contextmanager
def database(data):
    """Ask the server's database directly."""
    with contextlib.closing(sqlite3.connect(data / "lfa.sqlite3", timeout=PATIENCE_S)) as connection:
        yield lambda query: connection.execute(query).fetchall()


def equal_at_once(port, picture, number=100):
    """Send the same picture under the same id many times at once; return the statuses and the answers."""
    path, answers = f"/v1/readings/{uuid4()}", []
    threads = [
        threading.Thread(target=lambda: answers.append(asked(port, "PUT", path, picture)))
        for _ in range(number)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return Counter(status for status, _ in answers), {body for _, body in answers}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--pictures", type=int, default=1000)
    parser.add_argument("--clients", type=int, default=8)
    parser.add_argument("--seed", type=int, default=1)
    options = parser.parse_args()
    chance = random.Random(options.seed)
    with tempfile.TemporaryDirectory() as place:
        run_all(Path(place), options, chance)


def run_all(place, options, chance):
    """Do everything that a server must survive, and say what was seen."""
    pictures = copies(options.pictures)
    crowd, restarts = storm(place / "storm", pictures, options.clients, options.kills, chance, longest_s=4.0)
    print(
        f"{len(crowd.acknowledged)} pictures acknowledged while the server was killed {len(restarts)} times"
    )
    print(f"answers (None: nobody was there): {dict(crowd.statuses)}; each is there, once and with its bytes")
    print(f"ready again after {sorted(restarts)[len(restarts) // 2]:.1f} s, at most {max(restarts):.1f} s")
    port = free_port()
    process, _ = started(place / "equal", port)
    statuses, bodies = equal_at_once(port, pictures[0])
    print(f"100 equal uploads at once: {dict(statuses)}, {len(bodies)} answer")
    killed(process)
    for how in (signal.SIGTERM, signal.SIGKILL):
        for _ in range(options.kills):
            process, _ = started(place / "equal", port)
            crowd = Clients(port, pictures[:4], 4)
            time.sleep(chance.uniform(0.0, 0.5))
            killed(process, how)
            crowd.stop()
        print(f"{how.name}, {options.kills} times in the middle of work: no process left after 5 s")


if __name__ == "__main__":
    main()
