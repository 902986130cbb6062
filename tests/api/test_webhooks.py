"""Telling another program: signed, only over TLS to a public address, again and again until it is taken."""

import base64
import datetime as dt
import hashlib
import hmac
import http.server
import json
import socket
import sqlite3
import ssl
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

from reader.errors import OptionError
from service import Settings
from service.store.database import open_database
from service.store.deliveries import Delivery, DeliveryStore
from service.webhooks import AddressRefused, Courier, Post, is_public, resolve

from .service_helpers import open_client

SECRET = "s" * 32
HOST = "hooks.example"
NOW = dt.datetime(2027, 1, 1, tzinfo=dt.UTC)
MESSAGE = Delivery("d1", "reading.added", "r1", 1, 1, "2026-11-01T08:05:00.000000Z")


@dataclass
class Hook:
    """A web hook on this machine that pretends to be elsewhere."""

    port: int
    context: ssl.SSLContext
    taken: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    statuses: list[int] = field(default_factory=list)

    def post(self, **options: Any) -> Post:
        options.setdefault("resolve", lambda _host, _port: "127.0.0.1")
        return Post(f"https://{HOST}:{self.port}/hook?x=1", SECRET, context=self.context, **options)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate for `HOST`, and its key, in one file."""
    x509 = pytest.importorskip("cryptography.x509", reason="needs `pip install cryptography`")
    from cryptography.hazmat.primitives import hashes, serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, HOST)])
    start = dt.datetime.now(dt.UTC) - dt.timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(start)
        .not_valid_after(start + dt.timedelta(days=9))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(HOST)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    path = tmp_path_factory.mktemp("tls") / "hook.pem"
    encoding, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    secret = key.private_bytes(encoding, serialization.PrivateFormat.PKCS8, plain)
    path.write_bytes(secret + made.public_bytes(encoding))
    return path


@pytest.fixture
def hook(certificate: Path) -> Iterator[Hook]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            opened.taken.append((dict(self.headers) | {"path": self.path}, body))
            self.send_response(opened.statuses.pop(0) if opened.statuses else 204)
            self.send_header("Location", "https://elsewhere.example/")
            self.end_headers()

        def log_message(self, *_args: Any) -> None:
            pass

    server = http.server.HTTPServer(("127.0.0.1", 0), Handler)
    theirs = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    theirs.load_cert_chain(certificate)
    server.socket = theirs.wrap_socket(server.socket, server_side=True)
    opened = Hook(server.server_port, ssl.create_default_context(cafile=certificate))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield opened
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def told(settings: Settings, photo: bytes) -> Iterator[tuple[DeliveryStore, str, Settings]]:
    """A store with one message, of which reading, and where."""
    told_of = replace(
        settings,
        webhook_url=f"https://{HOST}.invalid/",
        webhook_hosts=(f"{HOST}.invalid",),
        webhook_secret=SECRET,
    )
    with open_client(told_of) as client:
        place = client.put(f"/v1/readings/{uuid4()}?subject=CANARY", content=photo).headers["location"]
    with sqlite3.connect(settings.data / "lfa.sqlite3") as database:
        database.execute("UPDATE deliveries SET attempts = 0, next_at = created_at, state = 'queued'")
    engine = open_database(settings.database_place)
    yield DeliveryStore(engine), place, told_of
    engine.dispose()


def at(moment: dt.datetime) -> Callable[[], dt.datetime]:
    return lambda: moment


def state(settings: Settings) -> tuple[str, int, str]:
    with sqlite3.connect(settings.data / "lfa.sqlite3") as database:
        row: tuple[str, int, str] = database.execute(
            "SELECT state, attempts, next_at FROM deliveries"
        ).fetchone()
    return row


def test_a_message_is_signed_over_id_time_and_body(hook: Hook) -> None:
    assert hook.post().send(MESSAGE, NOW) == 204
    ((headers, body),) = hook.taken
    content = f"d1.{int(NOW.timestamp())}.".encode() + body
    expected = base64.b64encode(hmac.new(SECRET.encode(), content, hashlib.sha256).digest()).decode()
    assert headers["webhook-signature"] == f"v1,{expected}"
    assert (headers["webhook-id"], headers["path"], headers["Host"]) == (
        "d1",
        "/hook?x=1",
        f"{HOST}:{hook.port}",
    )


def test_a_message_tells_that_there_is_something_and_not_what(
    hook: Hook, told: tuple[DeliveryStore, str, Settings]
) -> None:
    store, place, settings = told
    assert Courier(store, hook.post(), at(NOW)).deliver_one()
    message = json.loads(hook.taken[0][1])
    assert message["type"] == "reading.added"
    assert message["data"] == {"id": place.rsplit("/", 1)[1], "version": 1, "href": place}
    assert "CANARY" not in str(hook.taken)
    assert state(settings)[0] == "done"
    assert not Courier(store, hook.post(), at(NOW)).deliver_one()


def test_what_is_not_taken_is_sent_again_later_and_later(
    hook: Hook, told: tuple[DeliveryStore, str, Settings]
) -> None:
    store, _, settings = told
    hook.statuses = [500, 302, 404]
    now = NOW
    for wait in (30, 60, 120):
        assert Courier(store, hook.post(), at(now)).deliver_one()
        soon, then = now + dt.timedelta(seconds=wait - 1), now + dt.timedelta(seconds=wait)
        assert not Courier(store, hook.post(), at(soon)).deliver_one()
        now = then
    assert Courier(store, hook.post(), at(now)).deliver_one()
    assert state(settings)[:2] == ("done", 4)
    assert len({headers["webhook-id"] for headers, _ in hook.taken}) == 1


def test_a_hook_that_never_answers_is_given_up_after_a_day_or_two(
    told: tuple[DeliveryStore, str, Settings], hook: Hook
) -> None:
    store, _, settings = told

    def nowhere(_host: str, _port: int) -> str:
        raise socket.gaierror

    attempts, now = 0, NOW
    while state(settings)[0] == "queued":
        assert Courier(store, hook.post(resolve=nowhere), at(now)).deliver_one()
        attempts += 1
        now = dt.datetime.fromisoformat(state(settings)[2])
    assert (attempts, state(settings)[0]) == (15, "failed")
    assert dt.timedelta(days=1) < now - NOW < dt.timedelta(days=2)


def test_a_hook_that_wants_no_more_gets_no_more(
    hook: Hook, told: tuple[DeliveryStore, str, Settings]
) -> None:
    store, _, settings = told
    hook.statuses = [410]
    assert Courier(store, hook.post(), at(NOW)).deliver_one()
    assert state(settings)[0] == "failed"


def test_a_message_that_a_killed_server_had_taken_is_sent_by_the_next(
    told: tuple[DeliveryStore, str, Settings], hook: Hook
) -> None:
    store, _, _ = told
    assert store.claim(now="2027-01-01T00:00:00.000000Z", until="2027-01-01T00:05:00.000000Z") is not None
    assert not Courier(store, hook.post(), at(NOW)).deliver_one()
    assert Courier(store, hook.post(), at(NOW + dt.timedelta(minutes=6))).deliver_one()
    assert len(hook.taken) == 1


def test_only_whom_the_certificate_names_is_told(hook: Hook) -> None:
    stranger = Post(
        f"https://other.example:{hook.port}/", SECRET, resolve=lambda *_: "127.0.0.1", context=hook.context
    )
    with pytest.raises(ssl.SSLError):
        stranger.send(MESSAGE, NOW)
    assert hook.taken == []


def test_the_connection_goes_to_the_address_that_was_checked(hook: Hook) -> None:
    asked: list[tuple[str, int]] = []

    def once(host: str, port: int) -> str:
        asked.append((host, port))
        return "127.0.0.1"

    hook.post(resolve=once).send(MESSAGE, NOW)
    assert asked == [(HOST, hook.port)]


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.64.0.1",
        "0.0.0.0",
        "224.0.0.1",
        "255.255.255.255",
        "::1",
        "::",
        "fe80::1%eth0",
        "fd00::1",
        "ff02::1",
        "::ffff:10.0.0.1",
        "::10.0.0.1",
        "64:ff9b::10.0.0.1",
        "2002:a00:1::1",
    ],
)
def test_no_private_address_is_told(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = [(0, 0, 0, "", ("93.184.215.14", 443)), (0, 0, 0, "", (address, 443))]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_args, **_options: found)
    assert not is_public(address)
    with pytest.raises(AddressRefused):
        resolve(HOST, 443)


def test_a_private_address_is_refused_before_anything_is_sent(
    told: tuple[DeliveryStore, str, Settings], hook: Hook
) -> None:
    store, _, settings = told
    post = Post(f"https://localhost:{hook.port}/", SECRET, context=hook.context)
    assert Courier(store, post, at(NOW)).deliver_one()
    assert hook.taken == []
    assert state(settings)[:2] == ("queued", 1)


def test_nothing_is_told_unless_it_is_set(client: TestClient, settings: Settings, photo: bytes) -> None:
    client.put(f"/v1/readings/{uuid4()}", content=photo)
    with sqlite3.connect(settings.data / "lfa.sqlite3") as database:
        assert database.execute("SELECT count(*) FROM deliveries").fetchone() == (0,)


def test_reviews_and_erasures_are_told_too(told: tuple[DeliveryStore, str, Settings], hook: Hook) -> None:
    store, place, settings = told
    with open_client(settings) as client:
        client.post(f"{place}/reviews", json={"decision": "confirm"})
        client.delete(place)
    with sqlite3.connect(settings.data / "lfa.sqlite3") as database:
        database.execute("UPDATE deliveries SET next_at = created_at, state = 'queued'")
    courier = Courier(store, hook.post(), at(NOW))
    while courier.deliver_one():
        pass
    events = [json.loads(body)["type"] for _, body in hook.taken]
    assert events == ["reading.added", "reading.reviewed", "reading.erased"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"webhook_url": f"http://{HOST}/"},
        {"webhook_url": "https://"},
        {"webhook_url": f"https://user:word@{HOST}/"},
        {"webhook_hosts": ()},
        {"webhook_hosts": ("other.example",)},
        {"webhook_secret": "short"},
    ],
)
def test_a_hook_that_is_set_wrongly_is_refused_at_the_start(wrong: dict[str, Any]) -> None:
    right = {"webhook_url": f"https://{HOST}/", "webhook_hosts": (HOST,), "webhook_secret": SECRET}
    assert Settings(**right).webhook_url
    with pytest.raises(OptionError, match="webhook"):
        Settings(**(right | wrong))
