"""What a sender tells of a picture beside it: pseudonyms only, and when it was taken."""

import datetime as dt
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Final

from fastapi import Depends, Form, Query
from pydantic import AfterValidator, StringConstraints, WithJsonSchema

from service.clock import as_utc

__all__ = ["PSEUDONYM", "FormOrigin", "Moment", "Origin", "Pseudonym", "QueryOrigin", "Since", "Until"]

PSEUDONYM: Final = "^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$"
"""Of a subject, operator, lot or site: a name or an address does not fit."""

# The years keep a moment within what every calendar can hold, also in another zone.
_MOMENT: Final = r"^(19|20)\d{2}-\d{2}-\d{2}[Tt]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})$"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a picture comes from, as its sender tells it.

    Attributes
    ----------
    taken_at : str or None
        When it was taken, as UTC.
    operator, subject, lot : str or None
        Pseudonyms of who took it and of whom it is, and the lot of the kit.
    """

    taken_at: str | None = None
    operator: str | None = None
    subject: str | None = None
    lot: str | None = None


def _in_utc(text: str) -> str:
    return as_utc(dt.datetime.fromisoformat(text.upper()))


Moment = Annotated[
    str,
    StringConstraints(pattern=_MOMENT),
    AfterValidator(_in_utc),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _MOMENT}),
]
"""A moment with its zone (RFC 3339), taken as UTC."""

_DAY: Final = r"^(19|20)\d{2}-\d{2}-\d{2}$"


def _start(text: str, *, days: int = 0) -> str:
    """Return when a day begins, or so many days later."""
    day = dt.date.fromisoformat(text) + dt.timedelta(days=days)
    return as_utc(dt.datetime.combine(day, dt.time(), dt.UTC))


_Day = Annotated[
    str,
    StringConstraints(pattern=_DAY),
    WithJsonSchema({"type": "string", "format": "date", "pattern": _DAY}),
]
Since = Moment | Annotated[_Day, AfterValidator(_start)]
"""A moment, or a day from its start."""

Until = Moment | Annotated[_Day, AfterValidator(partial(_start, days=1))]
"""A moment, or a day to its end."""

Pseudonym = Annotated[str, StringConstraints(pattern=PSEUDONYM)]

_TAKEN = "When the picture was taken, with its zone (RFC 3339)."
_OPERATOR = "Pseudonym of who took it."
_SUBJECT = "Pseudonym of whom it is; no name and no number that others know."
_LOT = "Lot of the kit."


async def _from_query(
    taken_at: Annotated[Moment | None, Query(description=_TAKEN)] = None,
    operator: Annotated[Pseudonym | None, Query(description=_OPERATOR)] = None,
    subject: Annotated[Pseudonym | None, Query(description=_SUBJECT)] = None,
    lot: Annotated[Pseudonym | None, Query(description=_LOT)] = None,
) -> Origin:
    return Origin(taken_at=taken_at, operator=operator, subject=subject, lot=lot)


async def _from_form(
    taken_at: Annotated[Moment | None, Form(description=_TAKEN)] = None,
    operator: Annotated[Pseudonym | None, Form(description=_OPERATOR)] = None,
    subject: Annotated[Pseudonym | None, Form(description=_SUBJECT)] = None,
    lot: Annotated[Pseudonym | None, Form(description=_LOT)] = None,
) -> Origin:
    return Origin(taken_at=taken_at, operator=operator, subject=subject, lot=lot)


QueryOrigin = Annotated[Origin, Depends(_from_query)]
FormOrigin = Annotated[Origin, Depends(_from_form)]
