"""The door: what every request passes before and after its route.

A request id, the check of host and origin, the limits on size and pace of the body, the security
headers, one log line without personal data, and an answer even when the program fails.
"""

import asyncio
import ipaddress
import logging
import re
import time
import uuid
from dataclasses import dataclass
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from service import refusals
from service.problems import Problem, for_status, respond
from service.services import Services
from service.settings import Settings, is_loopback
from service.workers import ReaderFailed, where

__all__ = ["Guard", "request_id"]

_log = logging.getLogger(__name__)

_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
_KNOWN_METHODS = _SAFE_METHODS | {"PUT", "POST", "DELETE", "PATCH"}
# `same-origin` and not `no-referrer`: with the latter, browsers hide the origin of our own form.
_SECURITY_HEADERS = {
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self' blob:; style-src 'self'; script-src 'self'; connect-src 'self'; "
        "manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
    ),
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "geolocation=(), microphone=()",
    "Cache-Control": "no-store",
}


def request_id(scope: Scope) -> str:
    """Return the id under which the log knows a request."""
    state: dict[str, str] = scope.get("state", {})
    return state.get("request_id", "unknown")


class _Answer:
    """A ``send`` that adds the headers every answer has and remembers the status."""

    def __init__(self, send: Send, name: str) -> None:
        self._send = send
        self._name = name
        self.status: int | None = None

    async def __call__(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self._name
            for key, value in _SECURITY_HEADERS.items():
                headers.setdefault(key, value)
        await self._send(message)


@dataclass(slots=True)
class _Body:
    """A ``receive`` that ends bodies which are too large or come too slowly."""

    receive: Receive
    headers: Headers
    settings: Settings
    size: int = 0
    ends: float | None = None
    complete: bool = False

    async def __call__(self) -> Message:
        if self.complete:
            return await self.receive()
        declared = self.headers.get("content-length", "")
        if declared.isdecimal() and int(declared) > self.settings.max_body_bytes:
            raise HTTPException(413)
        message = await self._next()
        self.size += len(message.get("body", b""))
        if self.size > self.settings.max_body_bytes:
            raise HTTPException(413)
        self.complete = not message.get("more_body", False)
        return message

    async def _next(self) -> Message:
        now = time.monotonic()
        if self.ends is None:
            self.ends = now + self.settings.body_total_s
        try:
            async with asyncio.timeout(min(self.settings.body_idle_s, self.ends - now)):
                return await self.receive()
        except TimeoutError as error:
            raise HTTPException(408) from error


class Guard:
    """The outermost layer of the application.

    Parameters
    ----------
    app : ASGIApp
        What is behind the door.
    settings : Settings
        Limits and host names.
    """

    def __init__(self, app: ASGIApp, settings: Settings) -> None:
        self._app = app
        self._settings = settings

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the server."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        given = headers.get("x-request-id", "")
        name = given if _REQUEST_ID.fullmatch(given) else uuid.uuid4().hex
        scope.setdefault("state", {})["request_id"] = name
        answer = _Answer(send, name)
        started = time.monotonic()
        refusal = self._refuse(scope["method"], headers)
        if refusal is not None:
            await respond(refusal, name)(scope, receive, answer)
        else:
            await self._serve(scope, _Body(receive, headers, self._settings), answer, name)
        _tell(scope, name, answer.status, time.monotonic() - started)

    def _refuse(self, method: str, headers: Headers) -> Problem | None:
        host = headers.get("host", "")
        if not self._answers_to(_host_name(f"//{host}")):
            return refusals.WRONG_HOST
        if method in _SAFE_METHODS:
            return None
        origin = headers.get("origin")
        foreign = origin is not None and urlsplit(origin).netloc.lower() != host.lower()
        if foreign or headers.get("sec-fetch-site") in {"cross-site", "same-site"}:
            return refusals.CROSS_SITE
        return None

    def _answers_to(self, name: str) -> bool:
        """Tell whether this is a name of the service; elsewhere than on loopback, any address is.

        Another web page can make its own name point here, but never an address: a browser takes that for
        a place of its own, where it keeps no key.
        """
        if name in self._settings.allowed_hosts:
            return True
        return not is_loopback(self._settings.host) and _is_address(name)

    async def _serve(self, scope: Scope, body: _Body, answer: _Answer, name: str) -> None:
        try:
            await self._app(scope, body, answer)
        except ClientDisconnect:
            _log.info("the client left", extra={"request_id": name})
        except Exception as error:  # noqa: BLE001  (its text may quote the input; where it arose does not)
            place = str(error) if isinstance(error, ReaderFailed) else where(error)
            _log.error("internal error: %s", place, extra={"request_id": name})
            if answer.status is None:
                await respond(for_status(500), name)(scope, body, answer)


def _host_name(url: str) -> str:
    try:
        return urlsplit(url).hostname or ""
    except ValueError:
        return ""


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _tell(scope: Scope, name: str, status: int | None, seconds: float) -> None:
    """Log and count the route's template and not its path, which may hold anything."""
    method = scope["method"] if scope["method"] in _KNOWN_METHODS else "other"
    route = getattr(scope.get("route"), "path", "none")
    took = {"request_id": name, "milliseconds": round(seconds * 1000, 1)}
    _log.info("%s %s %s", method, route, status, extra=took)
    services: Services | None = getattr(scope["app"].state, "services", None)
    if services is not None:
        services.metrics.answered(method, route, status, seconds)
