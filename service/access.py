"""Who asks, and what that one may do: a scope for each route, and a site for each key.

The door is shut by default. Only what `is_public` names is open to all; every other path needs a caller
before a byte of the body is read, and every route then asks for its scope through one of `Reads`,
`Writes`, `Reviews` and `Admins`; an application with a route that asks for none cannot be made.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal, get_args

from fastapi import APIRouter, Depends, Request, Security
from fastapi.dependencies.models import Dependant
from fastapi.routing import APIRoute
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from starlette.routing import BaseRoute

from service.problems import Refused
from service.refusals import KEY_NEEDED, SCOPE_NEEDED, too_often
from service.services import get_services

__all__ = [
    "ALL_SITES",
    "LOCAL",
    "SCOPES",
    "Admins",
    "Anyone",
    "Caller",
    "Needs",
    "Reads",
    "Reviews",
    "Scope",
    "Writes",
    "asked_of",
    "is_public",
    "parts_of",
    "require_scopes",
]

Scope = Literal["read", "write", "review", "admin"]
SCOPES: Final[tuple[Scope, ...]] = get_args(Scope)
ALL_SITES: Final = "*"
MAIN_SITE: Final = "main"

_PUBLIC: Final = frozenset(
    {
        "/healthz",
        "/manifest.webmanifest",
        "/metrics",  # asks for an administrator itself, unless it is asked from its own machine
        "/readyz",
        "/service-worker.js",
        "/sign-in",
        "/sign-out",
        "/version",
    }
)


def is_public(path: str) -> bool:
    """Tell whether a path is open to all.

    Examples
    --------
    >>> is_public("/healthz"), is_public("/static/page.css"), is_public("/v1/readings"), is_public("/")
    (True, True, False, False)
    """
    return path in _PUBLIC or path.startswith("/static/")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    key_id : str
        Of the key, ``"local"`` where the service is open to its own machine.
    site : str
        What may be seen; `ALL_SITES` sees all.
    scopes : frozenset of str
        What may be done.
    reads_per_minute : int or None
        How many pictures may be read in a minute; None for as many as come.
    """

    key_id: str
    site: str
    scopes: frozenset[str]
    reads_per_minute: int | None = None

    @property
    def home(self) -> str:
        """Site to which what this one sends belongs."""
        return MAIN_SITE if self.site == ALL_SITES else self.site

    def sees(self, site: str) -> bool:
        """Tell whether what belongs to a site may be seen."""
        return self.site in {ALL_SITES, site}


LOCAL: Final = Caller("local", ALL_SITES, frozenset(SCOPES))
"""Whoever uses this machine, as long as there are no keys."""


def _caller(request: Request) -> Caller:
    caller: Caller | None = request.scope.get("state", {}).get("caller")
    if caller is None:
        raise Refused(KEY_NEEDED)
    return caller


Anyone = Annotated[Caller, Depends(_caller)]
"""The caller, for what several routes share; it does not replace a route's own scope."""

_BEARER: Final = HTTPBearer(
    scheme_name="key", description="A key that `lfa keys add` made: `lfa_…`.", auto_error=False
)


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of its caller, as a dependency.

    Attributes
    ----------
    scope : str
        The scope.
    """

    scope: Scope

    async def __call__(
        self,
        request: Request,
        caller: Anyone,
        _shown: Annotated[HTTPAuthorizationCredentials | None, Security(_BEARER)],
    ) -> Caller:
        """Return the caller if it has the scope; whoever sends pictures is held to its rate."""
        if self.scope not in caller.scopes:
            raise Refused(SCOPE_NEEDED)
        if self.scope == "write" and caller.reads_per_minute is not None:
            wait_s = get_services(request).rates.take(f"reads {caller.key_id}", caller.reads_per_minute)
            if wait_s > 0:
                raise Refused(too_often(wait_s))
        return caller


Reads = Annotated[Caller, Depends(Needs("read"))]
Writes = Annotated[Caller, Depends(Needs("write"))]
Reviews = Annotated[Caller, Depends(Needs("review"))]
Admins = Annotated[Caller, Depends(Needs("admin"))]


def require_scopes(routers: Iterable[APIRouter]) -> None:
    """Fail unless every route asks for a scope, or is public and asks for none.

    Raises
    ------
    RuntimeError
        If one does neither or both.
    """
    for router in routers:
        for route in router.routes:
            if bool(asked_of(route)) == is_public(getattr(route, "path", "")):
                raise RuntimeError(f"{route} must either ask for a scope or be named as public.")


def asked_of(route: BaseRoute) -> frozenset[Scope]:
    """Return the scopes that a route asks for."""
    parts = parts_of(route.dependant) if isinstance(route, APIRoute) else ()
    return frozenset(part.call.scope for part in parts if isinstance(part.call, Needs))


def parts_of(dependant: Dependant) -> Iterator[Dependant]:
    """Yield what a route depends on, itself first."""
    yield dependant
    for part in dependant.dependencies:
        yield from parts_of(part)
