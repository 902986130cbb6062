"""A connection that stays silent is closed; one that works is not."""

import asyncio
from typing import Any

import pytest
import uvicorn

from service import protocol


async def _app(_scope: Any, receive: Any, send: Any) -> None:
    await receive()
    await asyncio.sleep(0.3)
    await send({"type": "http.response.start", "status": 204, "headers": []})
    await send({"type": "http.response.body", "body": b""})


async def _talk(*sent: bytes, pause_s: float = 0.0) -> bytes:
    """Return what a server says before it closes a connection over which this is sent."""
    config = uvicorn.Config(_app, http=protocol.PatientProtocol, lifespan="off", log_config=None, port=0)
    server = uvicorn.Server(config)
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110  (the server tells it in no other way)
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    for part in sent:
        writer.write(part)
        await asyncio.sleep(pause_s)
    async with asyncio.timeout(10):
        told = await reader.read()
    writer.close()
    server.should_exit = True
    await serving
    return told


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_HEAD_S", 0.1)


def test_a_connection_over_which_nothing_comes_is_closed() -> None:
    assert asyncio.run(_talk()) == b""


def test_half_a_head_is_not_waited_for_for_ever() -> None:
    assert asyncio.run(_talk(b"GET / HT", b"TP/1.1\r\nHos", b"t: x", pause_s=0.07)) == b""


def test_an_answer_may_take_longer_than_a_head() -> None:
    told = asyncio.run(_talk(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", pause_s=0.5))
    assert told.startswith(b"HTTP/1.1 204")


def test_half_a_second_head_is_not_waited_for_either() -> None:
    told = asyncio.run(_talk(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"GET / HTTP", pause_s=0.5))
    assert told.count(b"HTTP/1.1 204") == 1
