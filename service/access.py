"""Who asks, and what that one may do: a scope for each route, and a site for each key."""

from dataclasses import dataclass
from typing import Annotated, Final, Literal

from fastapi import Depends

__all__ = ["ALL_SITES", "LOCAL", "Admins", "Caller", "Needs", "Reads", "Reviews", "Scope", "Writes"]

Scope = Literal["read", "write", "review", "admin"]
ALL_SITES: Final = "*"
MAIN_SITE: Final = "main"


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks.

    Attributes
    ----------
    key_id : str
        Of the key, ``"local"`` where the service is open to its own machine.
    site : str
        Where pictures that are sent belong, and what may be seen; `ALL_SITES` sees all.
    scopes : frozenset of str
        What may be done.
    """

    key_id: str
    site: str
    scopes: frozenset[Scope]

    @property
    def home(self) -> str:
        """Site to which what this one sends belongs."""
        return MAIN_SITE if self.site == ALL_SITES else self.site

    def sees(self, site: str) -> bool:
        """Tell whether what belongs to a site may be seen."""
        return self.site in {ALL_SITES, site}


LOCAL: Final = Caller("local", ALL_SITES, frozenset({"read", "write", "review", "admin"}))
"""Whoever uses this machine, as long as there are no keys."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a route asks of its caller, as a dependency.

    Attributes
    ----------
    scope : str
        The scope.
    """

    scope: Scope

    async def __call__(self) -> Caller:
        """Return the caller."""
        return LOCAL


Reads = Annotated[Caller, Depends(Needs("read"))]
Writes = Annotated[Caller, Depends(Needs("write"))]
Reviews = Annotated[Caller, Depends(Needs("review"))]
Admins = Annotated[Caller, Depends(Needs("admin"))]
