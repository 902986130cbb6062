"""Send uploads that are wrong in every way, and see that each gets one clear refusal and no more happens.

    python -m tests.reliability.malformed [--count 10000] [--seed 0] [--clients 4]

Everything is what a clinic runs. An answer may be a reading, where a damaged picture can still be read, or a
refusal below 500 in the shape of all errors; memory stays flat, and a good picture is read at once after it.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import itertools
import json
import random
import signal
import struct
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from uuid import uuid4

import psutil

from tests.api.service_helpers import draw_test, encode
from tests.fuzz.mutated_images import mutated_images
from tests.reliability import service_storm

MOST_MEMORY_GROWN = 100 * 2**20  # bytes, of all the service's processes together
GOOD_AFTER_S = 2.0
AT_ONCE = 150  # uploads in memory here; after the first so many the workers have loaded what they need

Case = tuple[str, str, str, dict[str, str], bytes]
"""Name, method, path, headers, body."""


@dataclass(slots=True)
class Found:
    """What came of the uploads."""

    statuses: Counter[int | None] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    failures: list[str] = field(default_factory=list)
    grown: int = 0
    good_after_s: float = 0.0


def cases(count: int, seed: int) -> Iterator[Case]:
    """Yield wrong uploads, the same for the same seed."""
    damaged = mutated_images(count, seed)
    for number in range(count):
        rng = random.Random(f"{seed}-{number}")
        name, data = next(damaged)
        if number % 3 == 0:
            yield f"put {name}", "PUT", f"/v1/readings/{uuid4()}{rng.choice(QUERIES)}", {}, data
        elif number % 3 == 1:
            body, boundary = rng.choice(FORMS)(rng, data)
            kind = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
            yield f"form {number}", "POST", rng.choice(("/v1/readings", "/")), kind, body
        else:
            strange = rng.choice(BODIES)(rng)
            kind = {"Content-Type": rng.choice(TYPES)}
            path, method = rng.choice(PLACES)
            yield f"strange {number}", method, path.replace("{id}", str(uuid4())), kind, strange


QUERIES = (
    "",
    "",
    "",
    "?assay=no-such",
    "?assay=../../etc",
    "?assay=%00",
    "?taken_at=yesterday",
    "?subject=a b",
)
TYPES = (
    "image/jpeg",
    "application/json",
    "multipart/form-data",
    "multipart/form-data; boundary=",
    "multipart/form-data; boundary=" + "b" * 300,
    "application/x-www-form-urlencoded",
    "text/html; charset=no-such",
    "nonsense",
    "",
)
PLACES = (
    ("/v1/readings/{id}", "PUT"),
    ("/v1/readings/not-an-id", "PUT"),
    ("/v1/readings/{id}%00", "PUT"),
    ("/v1/readings/..%2f..%2fetc", "PUT"),
    ("/v1/readings", "POST"),
    ("/v1/readings", "PUT"),
    ("/", "POST"),
    ("/v1/batches/{id}/items/{id}", "PUT"),
    ("/v1/readings/{id}/reviews", "POST"),
    ("/v1/batches", "POST"),
    ("/sign-in", "POST"),
)


def _wide_png(rng: random.Random) -> bytes:
    """A header that promises 100,000 pixels to a side."""
    whole = encode(draw_test(), "PNG")
    return whole[:16] + struct.pack(">II", rng.choice((1, 100_000)), 100_000) + whole[24:]


BODIES = (
    lambda _rng: b"",
    lambda rng: rng.randbytes(rng.choice((1, 100, 10_000))),
    lambda _rng: b"%PDF-1.7\n" + b"0" * 2000,
    lambda _rng: b"<html><script>alert(1)</script>" * 20,
    lambda _rng: b'<svg xmlns="http://www.w3.org/2000/svg"><image href="file:///etc/passwd"/></svg>',
    lambda _rng: b"PK\3\4" + bytes(500),
    lambda _rng: b"\xff\xd8\xff\xe0<html>" + bytes(300),
    lambda _rng: b"GIF89a/*" + bytes(400) + b"*/=1;",
    lambda _rng: b'{"decision": ' + b"[" * 20_000,
    lambda _rng: b'{"decision": 1e999, "seen": 99999999999999999999999, "reason": "\\ud800"}',
    lambda _rng: b"--" + b"b" * 300 + b"\r\n\r\n",
    _wide_png,
)


def _part(name: str, data: bytes, file: str | None = None, more: bytes = b"") -> bytes:
    told = f'; filename="{file}"' if file is not None else ""
    head = f'Content-Disposition: form-data; name="{name}"{told}\r\n'.encode("utf-8", "surrogateescape")
    return b"--line\r\n" + head + more + b"\r\n" + data + b"\r\n"


_END = b"--line--\r\n"
_NAMES = (
    "x" * 300,
    "../../etc/passwd",
    "a\0b.jpg",
    "\u202egpj.exe",
    'q"; name="assay',
    "",
    "a\r\nX: y",
    "\udcff",
)


def _named(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    return _part("image", data, rng.choice(_NAMES)) + _END, "line"


def _twice(_rng: random.Random, data: bytes) -> tuple[bytes, str]:
    return _part("image", data, "a.jpg") * 2 + _part("assay", b"generic") * 2 + _END, "line"


def _many(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    return _part(rng.choice(("assay", "x")), data[:8]) * 1001 + _END, "line"


def _cut(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    whole = _part("image", data, "a.jpg") + _END
    return whole[: rng.randrange(len(whole))], "line"


def _other_boundary(_rng: random.Random, data: bytes) -> tuple[bytes, str]:
    return _part("image", data, "a.jpg") + _END, "other"


def _long_head(_rng: random.Random, data: bytes) -> tuple[bytes, str]:
    return _part("image", data, "a.jpg", b"X-Long: " + b"y" * 100_000 + b"\r\n") + _END, "line"


def _many_heads(_rng: random.Random, data: bytes) -> tuple[bytes, str]:
    return _part("image", data, "a.jpg", b"X: y\r\n" * 2000) + _END, "line"


def _large_field(rng: random.Random, data: bytes) -> tuple[bytes, str]:
    fields = _part(rng.choice(("assay", "form_id", "subject")), b"z" * rng.choice((5000, 1_000_000)))
    return _part("image", data, "a.jpg") + fields + _END, "line"


def _text_as_file(_rng: random.Random, data: bytes) -> tuple[bytes, str]:
    return _part("image", data) + _part("assay", b"generic", "assay.txt") + _END, "line"


FORMS = (_named, _twice, _many, _cut, _other_boundary, _long_head, _many_heads, _large_field, _text_as_file)


def send_all(port: int, count: int, seed: int, clients: int, pid: int) -> Found:
    """Send wrong uploads, then a good one."""
    found = Found()
    before = 0
    with ThreadPoolExecutor(clients) as pool:
        wrong = cases(count, seed)
        while some := list(itertools.islice(wrong, AT_ONCE)):
            for case, answer in zip(some, pool.map(lambda case: _answer(port, case), some), strict=True):
                _look(found, case, answer)
            before = before or memory(pid)
    found.grown = memory(pid) - before
    begun = time.monotonic()
    good = ("good", "PUT", f"/v1/readings/{uuid4()}", {}, encode(draw_test(), quality=95))
    status, _, _ = _answer(port, good)
    found.good_after_s = time.monotonic() - begun
    if status != 201:
        found.failures.append(f"a good picture afterwards: {status}")
    return found


def memory(pid: int) -> int:
    """Return the memory of a process and all below it, in bytes."""
    server = psutil.Process(pid)
    total = 0
    for process in (server, *server.children(recursive=True)):
        with contextlib.suppress(psutil.NoSuchProcess):
            total += process.memory_info().rss
    return total


def _answer(port: int, case: Case) -> tuple[int | None, str, bytes]:
    _, method, path, headers, body = case
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):  # refused before all was sent
            connection.request(method, path.replace(" ", "%20"), body, headers)
        try:
            answer = connection.getresponse()
            return answer.status, answer.getheader("content-type", ""), answer.read()
        except (OSError, http.client.HTTPException) as error:
            return None, type(error).__name__, b""


def _look(found: Found, case: Case, answer: tuple[int | None, str, bytes]) -> None:
    status, kind, body = answer
    found.statuses[status] += 1
    if status is None or status >= 500:
        found.failures.append(f"{case[0]}: {case[1]} {case[2]}: {status} {kind} {body[:200]!r}")
    elif status >= 400:
        told = json.loads(body) if kind == "application/problem+json" else {}
        found.codes[told.get("code", "no problem+json")] += 1
        if told.get("status") != status:
            found.failures.append(f"{case[0]}: {case[1]} {case[2]}: {status} as {kind}")


def run(count: int, seed: int, clients: int, data: Path) -> Found:
    """Start a server, send everything, end it."""
    port = service_storm.free_port()
    process, _ = service_storm.started(data, port)
    try:
        return send_all(port, count, seed, clients, process.pid)
    finally:
        service_storm.killed(process, signal.SIGTERM)


def main() -> int:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--clients", type=int, default=4)
    asked = parser.parse_args()
    begun = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        found = run(asked.count, asked.seed, asked.clients, Path(folder) / "data")
    print(f"{asked.count} uploads in {time.monotonic() - begun:.0f} s")
    print("answers:", dict(sorted(found.statuses.items(), key=str)))
    print("refusals:", dict(found.codes.most_common()))
    print(f"memory grew by {found.grown / 2**20:.0f} MB")
    print(f"a good picture afterwards took {found.good_after_s:.2f} s")
    for failure in found.failures[:20]:
        print("FAILED", failure)
    flat = found.grown <= MOST_MEMORY_GROWN and found.good_after_s <= GOOD_AFTER_S
    return int(bool(found.failures) or not flat)


if __name__ == "__main__":
    sys.exit(main())
