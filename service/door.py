"""The door: who asks is found out before a byte of the body is read, and nobody comes in unknown."""

import ipaddress
from collections.abc import Callable
from typing import Final

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from reader.errors import LfaError
from service.access import LOCAL, Caller, is_public
from service.problems import Problem, Refused, for_reader_error
from service.refusals import KEY_NEEDED, KEY_UNKNOWN, too_often
from service.services import Services, get_services
from service.settings import is_loopback
from service.store.database import translated

__all__ = ["COOKIE", "Door", "admit", "is_at_home"]

COOKIE: Final = "lfa_key"
_WRONG_KEYS_PER_MINUTE: Final = 10  # from one address: a person mistypes a few times
_ASKED_PER_READ: Final = 10  # a result page asks for itself, three pictures, a style sheet and a script
_FORWARDED: Final = ("forwarded", "x-forwarded-for", "x-real-ip", "via")


class Door:
    """Finds out who asks, and lets in whom it knows.

    Parameters
    ----------
    app : ASGIApp
        What is behind the door.
    answer : callable
        Turns a problem into an answer to a request.
    """

    def __init__(self, app: ASGIApp, answer: Callable[[Request, Problem], Response]) -> None:
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection of the server."""
        if scope["type"] == "http":
            request = Request(scope)
            try:
                with translated():
                    caller = await _recognise(request)
            except (Refused, LfaError) as error:
                problem = error.problem if isinstance(error, Refused) else for_reader_error(error)
                await self._answer(request, problem)(scope, receive, send)
                return
            scope.setdefault("state", {})["caller"] = caller
        await self._app(scope, receive, send)


async def admit(services: Services, request: Request, secret: str) -> Caller:
    """Return the caller with this key.

    Parameters
    ----------
    services : Services
        The running service.
    request : Request
        Where it comes from; an address that shows too many wrong keys has to wait.
    secret : str
        The key as it was shown.

    Raises
    ------
    Refused
        If there is no such key, or it was revoked.
    """
    key = await run_in_threadpool(services.keys.find, secret)
    if key is None:
        wait_s = services.rates.take(f"wrong keys {_address(request)}", _WRONG_KEYS_PER_MINUTE)
        raise Refused(KEY_UNKNOWN if wait_s <= 0 else too_often(wait_s))
    return Caller(key.id, key.site, frozenset(key.scopes), key.reads_per_minute)


def is_at_home(request: Request) -> bool:
    """Tell whether a request comes from the service's own machine, and not through a proxy there."""
    if any(name in request.headers for name in _FORWARDED):
        return False
    try:
        return request.client is None or ipaddress.ip_address(request.client.host).is_loopback
    except ValueError:  # no address: a test, or a socket in the file system
        return True


async def _recognise(request: Request) -> Caller | None:
    """Return who asks; None where that may stay unknown."""
    services = get_services(request)
    public = is_public(request.url.path)
    secret = _secret(request)
    if secret is not None and not (public and request.url.path != "/metrics"):
        return _held_to_rate(services, await admit(services, request, secret))
    if public:
        return None
    open_to_all = is_loopback(services.settings.host) and is_at_home(request)
    if open_to_all and not await run_in_threadpool(services.keys.exist):
        return LOCAL
    raise Refused(KEY_NEEDED)


def _held_to_rate(services: Services, caller: Caller) -> Caller:
    if caller.reads_per_minute is not None:
        limit = caller.reads_per_minute * _ASKED_PER_READ
        wait_s = services.rates.take(f"asks {caller.key_id}", limit)
        if wait_s > 0:
            raise Refused(too_often(wait_s))
    return caller


def _secret(request: Request) -> str | None:
    """Return the key that is shown: a program's in the header, else a browser's in its cookie."""
    header = request.headers.get("authorization")
    if header is None:
        return request.cookies.get(COOKIE)
    kind, _, secret = header.partition(" ")
    return secret.strip() if kind.lower() == "bearer" else ""


def _address(request: Request) -> str:
    """Return the address of a request, of version 6 only the part that is one customer's."""
    host = request.client.host if request.client is not None else ""
    try:
        address = ipaddress.ip_address(host)
    except ValueError:
        return host
    return host if address.version == 4 else str(ipaddress.ip_network((address, 64), strict=False))
