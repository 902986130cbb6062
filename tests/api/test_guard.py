"""The door: sizes, pace, names, origins, headers and the log."""

import asyncio
import logging
import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from service import Settings, create_app
from service.workers import ThreadReaders

from .service_helpers import open_client

LIMIT = 100_000
URL = "/v1/readings/00000000-0000-4000-8000-000000000001"


@pytest.fixture
def small(settings: Settings) -> Iterator[TestClient]:
    """A client of a service that takes at most 100 kB."""
    with open_client(replace(settings, max_body_bytes=LIMIT)) as opened:
        yield opened


def pieces(size: int) -> Iterator[bytes]:
    """A body whose length is not told beforehand."""
    for start in range(0, size, 10_000):
        yield b"x" * min(10_000, size - start)


@pytest.mark.parametrize("body", [b"x" * (LIMIT + 1), LIMIT + 1], ids=["content-length", "chunked"])
def test_one_byte_too_many_is_refused_and_not_kept(small: TestClient, settings: Settings, body: Any) -> None:
    answer = small.put(URL, content=pieces(body) if isinstance(body, int) else body)
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")
    assert not list((settings.data / "spool").iterdir())


@pytest.mark.parametrize("body", [b"x" * LIMIT, LIMIT], ids=["content-length", "chunked"])
def test_a_body_of_just_the_limit_is_read(small: TestClient, body: Any) -> None:
    answer = small.put(URL, content=pieces(body) if isinstance(body, int) else body)
    assert answer.json()["code"] == "unsupported-format"


@pytest.mark.parametrize("path", ["/v1/readings", "/"])
def test_a_form_that_is_too_large_is_refused(small: TestClient, path: str) -> None:
    answer = small.post(path, files={"image": b"x" * LIMIT})
    assert (answer.status_code, answer.json()["code"]) == (413, "body-too-large")


def test_a_form_that_is_too_large_tells_a_person_on_the_page(small: TestClient) -> None:
    answer = small.post("/", files={"image": b"x" * LIMIT}, headers={"Accept": "text/html"})
    assert answer.status_code == 413
    assert "The picture is too large." in answer.text


def test_a_wrong_length_is_no_way_around_the_limit(small: TestClient) -> None:
    answer = small.put(URL, content=pieces(LIMIT + 1), headers={"Content-Length": "10"})
    assert answer.status_code == 413


def test_a_good_upload_follows_a_refused_one(small: TestClient, photo: bytes) -> None:
    assert small.put(URL, content=b"x" * (LIMIT + 1)).status_code == 413
    assert len(photo) <= LIMIT
    assert small.put(URL, content=photo).status_code == 201


async def _slow_upload(settings: Settings) -> list[dict[str, Any]]:
    """Send the beginning of a body and then nothing, straight to the application."""
    app = create_app(settings, readers=ThreadReaders())
    scope = {
        "type": "http",
        "method": "PUT",
        "path": URL,
        "raw_path": URL.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost")],
        "http_version": "1.1",
        "scheme": "http",
        "server": ("localhost", 80),
    }
    incoming: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    incoming.put_nowait({"type": "http.request", "body": b"\xff\xd8", "more_body": True})
    sent: list[dict[str, Any]] = []

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    async with app.router.lifespan_context(app):
        await app(scope, incoming.get, send)
    return sent


def test_a_sender_that_stops_is_given_up(settings: Settings) -> None:
    sent = asyncio.run(_slow_upload(replace(settings, body_idle_s=0.05)))
    assert sent[0]["status"] == 408
    assert b"sender-too-slow" in sent[1]["body"]
    assert not list((settings.data / "spool").iterdir())


def test_a_sender_that_never_ends_is_given_up(settings: Settings) -> None:
    assert asyncio.run(_slow_upload(replace(settings, body_total_s=0.05)))[0]["status"] == 408


@pytest.mark.parametrize(
    "host", ["evil.example", "127.0.0.1.evil.example", "", "[", "localhost@evil.example"]
)
def test_a_foreign_name_for_this_service_is_refused(client: TestClient, host: str) -> None:
    answer = client.get("/v1/readings", headers={"Host": host})
    assert (answer.status_code, answer.json()["code"]) == (421, "wrong-host")


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost:8000", "LOCALHOST", "[::1]:8000"])
def test_the_service_knows_its_own_names(client: TestClient, host: str) -> None:
    assert client.get("/v1/readings", headers={"Host": host}).status_code == 200


@pytest.mark.parametrize("host", ["192.168.1.5:8000", "[2001:db8::1]:8000"])
def test_by_an_address_only_a_service_for_other_machines_is_known(settings: Settings, host: str) -> None:
    with open_client(settings) as near, open_client(replace(settings, host="0.0.0.0")) as far:
        assert near.get("/healthz", headers={"Host": host}).status_code == 421
        assert far.get("/healthz", headers={"Host": host}).status_code == 200
        assert far.get("/healthz", headers={"Host": "evil.example"}).status_code == 421


def test_a_service_answers_to_the_names_that_it_was_given(settings: Settings) -> None:
    with open_client(replace(settings, allowed_hosts=("clinic.example",))) as named:
        assert named.get("/healthz", headers={"Host": "clinic.example"}).status_code == 200
        assert named.get("/healthz", headers={"Host": "localhost"}).status_code == 421


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:9999"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
    ],
)
@pytest.mark.parametrize("path", ["/v1/readings", "/"])
def test_another_web_page_cannot_send_a_picture(
    client: TestClient, photo: bytes, path: str, headers: dict[str, str]
) -> None:
    answer = client.post(path, files={"image": photo}, data={"form_id": str(uuid4())}, headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (403, "cross-site")
    assert client.get("/v1/readings").json()["items"] == []


def test_the_services_own_page_can_send_a_picture(client: TestClient, photo: bytes) -> None:
    headers = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/v1/readings", files={"image": photo}, headers=headers).status_code == 201


@pytest.mark.parametrize("path", ["/", "/healthz", "/v1/readings", "/nothing", "/static/page.js"])
def test_every_answer_forbids_the_browser_what_it_need_not_do(client: TestClient, path: str) -> None:
    headers = client.get(path).headers
    policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert "unsafe" not in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "same-origin"
    assert "server" not in headers


def test_a_request_keeps_the_id_that_its_client_gave_it(client: TestClient) -> None:
    assert (
        client.get("/healthz", headers={"X-Request-ID": "visit-7.a_b"}).headers["x-request-id"]
        == "visit-7.a_b"
    )


@pytest.mark.parametrize("given", ["", "a b", "x" * 65, "<script>", 'a"b'])
def test_a_strange_request_id_is_replaced(client: TestClient, given: str) -> None:
    answer = client.get("/healthz", headers={"X-Request-ID": given})
    assert re.fullmatch("[0-9a-f]{32}", answer.headers["x-request-id"])


def test_the_log_names_the_route_and_no_person(
    client: TestClient, photo: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG, logger="service")
    reading_id = str(uuid4())
    client.put(f"/v1/readings/{reading_id}", content=photo)
    client.post("/v1/readings", files={"image": ("Maria-CANARY.jpg", photo)})
    client.get("/readings/CANARY?name=CANARY")
    client.request("CANARY", "/CANARY")
    ours = [record.getMessage() for record in caplog.records if record.name.startswith("service")]
    assert "PUT /v1/readings/{reading_id} 201" in ours
    assert "POST /v1/readings 201" in ours
    assert len(ours) == 4
    assert not [message for message in ours if "CANARY" in message or reading_id in message]
