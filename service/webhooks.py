"""Telling another program of new answers: off unless it is set, signed, and never to a private address.

A message says that there is something new and where, and nothing of what it is: whoever takes it asks for
that with a key. Headers and signature are those of the Standard Webhooks specification
(https://www.standardwebhooks.com), for which there are libraries in many languages.
"""

import asyncio
import base64
import contextlib
import datetime as dt
import hashlib
import hmac
import http.client
import ipaddress
import json
import logging
import socket
import ssl
from collections.abc import AsyncIterator, Callable
from typing import Final
from urllib.parse import urlsplit

import reader
from service.clock import as_utc
from service.store.deliveries import Delivery, DeliveryStore

__all__ = ["AddressRefused", "Courier", "Post", "delivering", "is_public", "resolve", "sign"]

_log = logging.getLogger(__name__)

Resolve = Callable[[str, int], str]

_TIMEOUT_S: Final = 10.0  # for a connection, and for each pause of the other side
_POLL_S: Final = 2.0  # between two looks for messages
_LEASE: Final = dt.timedelta(minutes=5)  # a server that was killed while it sent is waited for so long
_FIRST_PAUSE: Final = dt.timedelta(seconds=30)
_LONGEST_PAUSE: Final = dt.timedelta(hours=6)
_MOST_ATTEMPTS: Final = 15  # pauses of 30 s, doubled up to 6 h: about a day and a half
_GONE: Final = 410  # the other side wants no more
# Networks that carry an older address within a newer one, and so may lead to a private one.
_CARRIERS: Final = tuple(
    map(ipaddress.ip_network, ("64:ff9b::/96", "64:ff9b:1::/48", "2002::/16", "2001::/32", "::/96"))
)


class AddressRefused(Exception):  # noqa: N818  (a decision)
    """The host's name leads to an address that is not public."""


def is_public(address: str) -> bool:
    """Tell whether an address belongs to the public internet.

    Examples
    --------
    >>> is_public("93.184.215.14"), is_public("10.0.0.1"), is_public("::ffff:127.0.0.1")
    (True, False, False)
    """
    found = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(found, ipaddress.IPv6Address):
        if found.ipv4_mapped is not None:
            found = found.ipv4_mapped
        elif any(found in network for network in _CARRIERS):
            return False
    return found.is_global and not found.is_multicast


def resolve(host: str, port: int) -> str:
    """Return the one address to which a connection is made.

    Raises
    ------
    AddressRefused
        If any of the host's addresses is not public.
    OSError
        If there is none.
    """
    found = [str(entry[4][0]) for entry in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]
    if not all(map(is_public, found)):
        raise AddressRefused
    return found[0]


def sign(secret: str, message_id: str, timestamp: int, body: bytes) -> str:
    """Sign a message: HMAC-SHA256 over id, time and body with dots between.

    Examples
    --------
    >>> sign("s" * 32, "m", 1, b"{}")
    'v1,AjLAzytocrOXbIhGcfRrtcc2H3ps1WK83jqxeWitkCY='
    """
    content = f"{message_id}.{timestamp}.".encode() + body
    digest = hmac.new(secret.encode(), content, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


class _Pinned(http.client.HTTPSConnection):
    """A connection to one address, whatever the host's name means by now; the certificate is the host's."""

    def __init__(self, host: str, port: int, address: str, context: ssl.SSLContext) -> None:
        super().__init__(host, port, timeout=_TIMEOUT_S, context=context)
        self._address = address
        self._tls = context

    def connect(self) -> None:
        """Connect to the address that was checked."""
        plain = socket.create_connection((self._address, self.port), _TIMEOUT_S)
        try:
            self.sock = self._tls.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise


class Post:
    """Sends messages to one address.

    Parameters
    ----------
    url : str
        An ``https`` address.
    secret : str
        Signs the messages.
    resolve : callable, optional
        From host and port to the address that is connected to.
    context : SSLContext, optional
        Whom to trust; by default those whom this machine trusts.
    """

    def __init__(
        self, url: str, secret: str, *, resolve: Resolve = resolve, context: ssl.SSLContext | None = None
    ) -> None:
        parts = urlsplit(url)
        self._host = parts.hostname or ""
        self._port = parts.port or 443
        self._path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
        self._secret = secret
        self._resolve = resolve
        self._context = context or ssl.create_default_context()

    def send(self, delivery: Delivery, now: dt.datetime) -> int:
        """Send a message and return the status of the answer; redirections are not followed.

        Raises
        ------
        AddressRefused
            If the host is not on the public internet.
        OSError, http.client.HTTPException
            If there is no answer.
        """
        body, timestamp = _body(delivery), int(now.timestamp())
        headers = {
            "Content-Type": "application/json",
            "User-Agent": f"lfa-reader/{reader.__version__}",
            "webhook-id": delivery.id,
            "webhook-timestamp": str(timestamp),
            "webhook-signature": sign(self._secret, delivery.id, timestamp, body),
        }
        address = self._resolve(self._host, self._port)
        with contextlib.closing(_Pinned(self._host, self._port, address, self._context)) as connection:
            connection.request("POST", self._path, body, headers)
            return connection.getresponse().status


class Courier:
    """Takes messages from the store to the post, and puts off what does not get through.

    Parameters
    ----------
    store : DeliveryStore
        Where they wait.
    post : Post
        Sends them.
    now : callable, optional
        Tells the time, with its zone.
    """

    def __init__(
        self,
        store: DeliveryStore,
        post: Post,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._store = store
        self._post = post
        self._now = now

    def deliver_one(self) -> bool:
        """Send the message that is due; return whether there was one."""
        now = self._now()
        delivery = self._store.claim(now=as_utc(now), until=as_utc(now + _LEASE))
        if delivery is None:
            return False
        status = self._attempt(delivery, now)
        if status is not None and 200 <= status < 300:
            self._store.finish(delivery.id, taken=True)
        elif status == _GONE or delivery.attempt >= _MOST_ATTEMPTS:
            _log.error("a web hook's message is given up after %d attempts", delivery.attempt)
            self._store.finish(delivery.id, taken=False)
        else:
            pause = min(_FIRST_PAUSE * 2 ** (delivery.attempt - 1), _LONGEST_PAUSE)
            self._store.put_off(delivery.id, as_utc(now + pause))
        return True

    def _attempt(self, delivery: Delivery, now: dt.datetime) -> int | None:
        try:
            status = self._post.send(delivery, now)
        except (OSError, ValueError, http.client.HTTPException, AddressRefused) as error:
            _log.warning("the web hook did not answer: %s", type(error).__name__)
            return None
        if not 200 <= status < 300:
            _log.warning("the web hook answered %d", status)
        return status


@contextlib.asynccontextmanager
async def delivering(courier: Courier | None, *, poll_s: float = _POLL_S) -> AsyncIterator[None]:
    """Send messages until the context ends.

    Parameters
    ----------
    courier : Courier or None
        None where nobody is to be told.
    poll_s : float
        Time between two looks for messages, s.
    """
    if courier is None:
        yield
        return
    rounds = asyncio.create_task(_go_round(courier, poll_s))
    try:
        yield
    finally:
        rounds.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await rounds


async def _go_round(courier: Courier, poll_s: float) -> None:
    while True:
        try:
            more = await asyncio.to_thread(courier.deliver_one)
        except Exception as error:  # noqa: BLE001  (the message waits; the error's text may hold anything)
            _log.warning("a message to the web hook waits: %s", type(error).__name__)
            more = False
        if not more:
            await asyncio.sleep(poll_s)


def _body(delivery: Delivery) -> bytes:
    data = {
        "id": delivery.reading_id,
        "version": delivery.version,
        "href": f"/v1/readings/{delivery.reading_id}",
    }
    return json.dumps({"type": delivery.event, "timestamp": delivery.created_at, "data": data}).encode()
