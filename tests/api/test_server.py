"""A server of its own, as a clinic runs it: crowds, kills, and who may reach it."""

import asyncio
import contextlib
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

import httpx2 as httpx
import psutil
import pytest

import service
from reader import errors
from service import Settings

from .service_helpers import Server

TIMEOUT = 120.0
_BUSY = """
import asyncio, time
from service.workers import ProcessReaders

async def work():
    readers = ProcessReaders(workers=1, queue=2, timeout_s=600)
    await readers.start()
    await readers.run(int)
    busy = asyncio.create_task(readers.run(time.sleep, 600))
    await asyncio.sleep(0)
    print("busy", flush=True)
    await busy

asyncio.run(work())
"""


def test_a_hundred_equal_uploads_at_once_make_one_reading(server: Server, photo: bytes) -> None:
    path = f"/v1/readings/{uuid4()}"

    async def send_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=server.url, timeout=TIMEOUT) as client:
            return await asyncio.gather(*(client.put(path, content=photo) for _ in range(100)))

    answers = asyncio.run(send_all())
    assert Counter(a.status_code for a in answers) == {201: 1, 200: 99}
    assert len({a.content for a in answers}) == 1
    listed = httpx.get(f"{server.url}/v1/readings?limit=200").json()["items"]
    assert [item["href"] for item in listed].count(path) == 1


def test_the_service_answers_while_pictures_are_read(server: Server, photo: bytes) -> None:
    async def send_and_ask() -> list[int]:
        async with httpx.AsyncClient(base_url=server.url, timeout=TIMEOUT) as client:
            paths = [f"/v1/readings/{uuid4()}" for _ in range(6)]
            uploads = [asyncio.create_task(client.put(path, content=photo)) for path in paths]
            asked = [await client.get("/healthz") for _ in range(5)]
            return [a.status_code for a in [*asked, *await asyncio.gather(*uploads)]]

    assert asyncio.run(send_and_ask()) == [200] * 5 + [201] * 6


def test_every_picture_of_a_crowd_gets_its_own_reading(server: Server, photo: bytes) -> None:
    async def send_all() -> list[httpx.Response]:
        async with httpx.AsyncClient(base_url=server.url, timeout=TIMEOUT) as client:
            return await asyncio.gather(
                *(client.put(f"/v1/readings/{uuid4()}", content=photo + bytes([k])) for k in range(12))
            )

    answers = asyncio.run(send_all())
    assert {a.status_code for a in answers} == {201}
    assert len({a.json()["image"]["sha256"] for a in answers}) == 12


def test_what_was_acknowledged_survives_kill_9(tmp_path: Path, photo: bytes) -> None:
    data = tmp_path / "data"
    acknowledged: dict[str, bytes] = {}
    for round_number in range(2):
        running = Server(data)
        try:
            for k in range(3):
                path = f"/v1/readings/{uuid4()}"
                body = photo + bytes([round_number, k])
                answer = httpx.put(running.url + path, content=body, timeout=TIMEOUT)
                assert answer.status_code == 201
                acknowledged[path] = answer.content
            _begin_upload(running.url, photo)
        finally:
            running.process.send_signal(signal.SIGKILL)
            running.end()
    last = Server(data)
    try:
        kept = {path: httpx.get(last.url + path, timeout=TIMEOUT).content for path in acknowledged}
        pictures = {path: httpx.get(last.url + path + "/image", timeout=TIMEOUT).status_code for path in kept}
    finally:
        last.end()
    assert kept == acknowledged
    assert set(pictures.values()) == {200}
    with contextlib.closing(sqlite3.connect(data / "lfa.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM readings").fetchone() == (6,)


def _begin_upload(url: str, photo: bytes) -> None:
    """Send half a picture and stay silent, so that the kill comes in the middle of it."""
    host, port = url.removeprefix("http://").split(":")
    connection = socket.create_connection((host, int(port)))
    head = f"PUT /v1/readings/{uuid4()} HTTP/1.1\r\nHost: {host}\r\nContent-Length: {len(photo)}\r\n\r\n"
    connection.sendall(head.encode() + photo[: len(photo) // 2])
    connection.close()


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the children of a process are listed in /proc")
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGKILL])
def test_no_worker_outlives_its_server(tmp_path: Path, how: signal.Signals) -> None:
    running = Server(tmp_path / "data")
    assert httpx.get(f"{running.url}/readyz", timeout=TIMEOUT).status_code == 200
    children = _children(running.process.pid)
    assert len(children) >= 2
    running.process.send_signal(how)
    try:
        running.process.communicate(timeout=30)
    finally:
        running.end()
    _wait_until_gone(children)


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="the children of a process are listed in /proc")
def test_a_worker_ends_with_its_server_even_in_the_middle_of_a_picture() -> None:
    running = subprocess.Popen(
        [sys.executable, "-c", _BUSY], stdout=subprocess.PIPE, env=Server.environment(), text=True
    )
    assert running.stdout is not None
    assert running.stdout.readline() == "busy\n"
    children = _children(running.pid)
    running.kill()
    running.communicate()
    assert children
    _wait_until_gone(children)


def _wait_until_gone(pids: list[int]) -> None:
    deadline = time.monotonic() + 20
    while (left := [pid for pid in pids if _lives(pid)]) and time.monotonic() < deadline:
        os.sched_yield()
    assert left == []


def _children(pid: int) -> list[int]:
    """Return every process below a process."""
    return [child.pid for child in psutil.Process(pid).children(recursive=True)]


def _lives(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "clinic.example", ""])
def test_a_service_without_keys_is_for_this_machine_alone(tmp_path: Path, host: str) -> None:
    with pytest.raises(errors.KeysMissing, match=r"127\.0\.0\.1"):
        service.run(Settings(data=tmp_path / "data", host=host))


def test_a_port_that_is_taken_is_told(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(errors.OptionError, match=f"Port {port} cannot be listened on"):
            service.run(Settings(data=tmp_path / "data", port=port))


def _no_data_folder(place: Path) -> Settings:
    (place / "file").touch()
    return Settings(data=place / "file" / "data")


def _no_database(place: Path) -> Settings:
    return Settings(data=place, database="postgresql://nobody@127.0.0.1:1/none")


def _damaged_database(place: Path) -> Settings:
    (place / "lfa.sqlite3").write_bytes(b"no database " * 1000)
    return Settings(data=place)


def _wrong_kit(place: Path) -> Settings:
    (place / "kit.toml").write_text("schema = 'lfa-assay/1'")
    return Settings(data=place / "data", assays=str(place))


def _no_pictures_folder(place: Path) -> Settings:
    (place / "blobs").touch()
    return Settings(data=place)


@pytest.mark.parametrize(
    ("missing", "error"),
    [
        (_no_data_folder, errors.OutputError),
        (_no_database, errors.StoreError),
        (_damaged_database, errors.StoreError),
        (_wrong_kit, errors.AssayError),
        (_no_pictures_folder, errors.OutputError),
    ],
)
def test_what_a_service_misses_is_told_before_it_says_that_it_is_there(
    tmp_path: Path, missing: Callable[[Path], Settings], error: type[errors.LfaError]
) -> None:
    with pytest.raises(error):
        service.run(missing(tmp_path), ready=lambda _address: pytest.fail("It said that it was there."))


@pytest.mark.parametrize(
    "wrong",
    [
        {"port": -1},
        {"port": 65_536},
        {"workers": 0},
        {"workers": 65},
        {"queue": 0},
        {"max_body_bytes": 0},
        {"body_idle_s": 0.0},
        {"read_timeout_s": float("nan")},
        {"min_free_bytes": -1},
    ],
)
def test_a_setting_without_meaning_is_refused(wrong: dict[str, float]) -> None:
    with pytest.raises(errors.OptionError):
        Settings(**wrong)
