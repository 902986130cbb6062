"""What a hostile or broken client can do to a server of its own: nothing that others notice."""

from __future__ import annotations

import contextlib
import http.client
import signal
import socket
import statistics
import sys
import threading
import time
from uuid import uuid4

import pytest

from tests.api.service_helpers import draw_test, encode
from tests.photo import test_bombs
from tests.reliability import malformed
from tests.reliability import service_storm as storm

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes in /proc")

LIMIT = 20_000_000
MB = 2**20
HEADERS = {"Host": "127.0.0.1"}
BOMBS = {
    name: made
    for name, made in vars(test_bombs).items()
    if name.startswith(("png_", "webp_", "gif_", "heic_"))
}


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """A server's port and process id, warm."""
    port = storm.free_port()
    process, _ = storm.started(tmp_path_factory.mktemp("door") / "data", port)
    for _ in range(4):
        assert send(port, encode(draw_test(), quality=95))[0] == 201
    yield port, process.pid
    storm.killed(process, signal.SIGTERM)


def send(port, body, *, method="PUT", path=None, headers=None, chunked=False):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    with contextlib.closing(connection):
        with contextlib.suppress(BrokenPipeError, ConnectionResetError):
            connection.request(
                method, path or f"/v1/readings/{uuid4()}", body, headers or {}, encode_chunked=chunked
            )
        answer = connection.getresponse()
        return answer.status, answer.read().decode()


def pieces(size):
    for start in range(0, size, 1 << 16):
        yield bytes(min(1 << 16, size - start))


def test_malformed_uploads_are_refused_one_by_one_and_change_nothing(tmp_path):
    found = malformed.run(300, 7, 2, tmp_path / "data")
    assert found.failures == []
    assert found.grown < malformed.MOST_MEMORY_GROWN
    assert set(found.statuses) >= {201, 400, 415, 422}


@pytest.mark.parametrize("name", sorted(BOMBS))
def test_a_bomb_is_refused_and_memory_stays_flat(running, name):
    port, pid = running
    before = malformed.memory(pid)
    status, body = send(port, BOMBS[name]())
    assert 400 <= status < 500
    assert '"code"' in body
    assert malformed.memory(pid) - before < 150 * MB


@pytest.mark.parametrize("chunked", [False, True], ids=["content-length", "chunked"])
@pytest.mark.parametrize("form", [False, True], ids=["raw", "form"])
def test_one_byte_more_than_20_mb_is_refused_and_memory_stays_flat(running, form, chunked):
    port, pid = running
    before = malformed.memory(pid)
    headers = {"Transfer-Encoding": "chunked"} if chunked else {"Content-Length": str(LIMIT + 1)}
    if form:
        headers["Content-Type"] = "multipart/form-data; boundary=line"
    path, method = ("/v1/readings", "POST") if form else (None, "PUT")
    start = b'--line\r\nContent-Disposition: form-data; name="image"; filename="a"\r\n\r\n' if form else b""

    def body():
        yield start
        yield from pieces(LIMIT + 1 - len(start))

    status, told = send(port, body(), method=method, path=path, headers=headers, chunked=chunked)
    assert (status, '"body-too-large"' in told) == (413, True)
    assert malformed.memory(pid) - before < 50 * MB


def _health_p95_s(port, count=60):
    took = []
    for _ in range(count):
        begun = time.monotonic()
        assert storm.asked(port, "GET", "/healthz") == (200, b'{"status":"ok"}')
        took.append(time.monotonic() - begun)
    return statistics.quantiles(took, n=20)[-1]


def test_a_hundred_slow_senders_keep_nobody_waiting(running):
    port, _ = running
    head = f"PUT /v1/readings/{uuid4()} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1000000\r\n\r\n"
    with contextlib.ExitStack() as opened:
        slow = [opened.enter_context(socket.create_connection(("127.0.0.1", port))) for _ in range(100)]
        for connection in slow:
            connection.sendall(head.encode())
        ended = threading.Event()
        drip = threading.Thread(target=_drip, args=(slow, ended))
        drip.start()
        try:
            assert min(_health_p95_s(port) for _ in range(3)) < 0.2  # whatever else this machine does
            begun = time.monotonic()
            assert send(port, encode(draw_test(), quality=95) + b"!")[0] == 201
            assert time.monotonic() - begun < 5
        finally:
            ended.set()
            drip.join()


def _drip(connections, ended):
    while not ended.wait(0.2):
        for connection in connections:
            connection.sendall(b"x")


@pytest.mark.parametrize(
    "nonsense",
    [
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"GET /\r\nHost\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: -1\r\n\r\n",
        b"PUT / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nX: " + b"y" * 1_000_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
    ],
)
def test_what_is_no_http_gets_a_problem_like_any_other(running, nonsense):
    port, _ = running
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        with contextlib.suppress(OSError):
            connection.sendall(nonsense)
        told = b""
        with contextlib.suppress(ConnectionResetError):
            while piece := connection.recv(65_536):
                told += piece
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in told
    assert b'"bad-request"' in told


def test_chunks_that_are_none_end_the_request(running):
    port, _ = running
    head = f"PUT /v1/readings/{uuid4()} HTTP/1.1\r\nHost: 127.0.0.1\r\nTransfer-Encoding: chunked\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), timeout=30) as connection:
        connection.sendall(head.encode() + b"not-a-number\r\n")
        assert connection.recv(65_536).startswith(b"HTTP/1.1 400 ")
    assert storm.asked(port, "GET", "/healthz") == (200, b'{"status":"ok"}')


def test_an_upgrade_to_another_protocol_is_no_way_around_the_door(running):
    port, _ = running
    headers = {
        "Upgrade": "websocket",
        "Connection": "Upgrade",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version": "13",
    }
    status, _ = send(port, None, method="GET", path="/nothing", headers=headers)
    assert status == 404
