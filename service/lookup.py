"""Finding a reading for a caller: what belongs to another site is not there."""

from typing import Final

from starlette.concurrency import run_in_threadpool

from service.access import ALL_SITES, Caller
from service.problems import Refused
from service.refusals import READING_ERASED, READING_NOT_FOUND
from service.services import Services
from service.store import StoredReading

__all__ = ["find_reading", "require_reading", "site_of"]

NOWHERE: Final = ""  # no site has this name


def site_of(caller: Caller, asked: str | None = None) -> str | None:
    """Return the one site whose readings are shown to a caller, None for all.

    Parameters
    ----------
    caller : Caller
        Who asks.
    asked : str, optional
        Of which site. A caller who may not see it sees nothing.
    """
    if caller.site == ALL_SITES:
        return asked
    return caller.site if asked is None or caller.sees(asked) else NOWHERE


async def find_reading(services: Services, caller: Caller, reading_id: str) -> StoredReading:
    """Return a reading that the caller may see, also what is left of an erased one.

    Raises
    ------
    Refused
        404 if there is none.
    """
    stored = await run_in_threadpool(services.readings.find, reading_id)
    if stored is None or not caller.sees(stored.site):
        raise Refused(READING_NOT_FOUND)
    return stored


async def require_reading(services: Services, caller: Caller, reading_id: str) -> StoredReading:
    """Return a reading that the caller may see.

    Raises
    ------
    Refused
        404 if there is none, 410 if it was erased.
    """
    stored = await find_reading(services, caller, reading_id)
    if stored.erased_at is not None:
        raise Refused(READING_ERASED)
    return stored
