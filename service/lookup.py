"""Finding a reading for a caller: what belongs to another site is not there."""

from starlette.concurrency import run_in_threadpool

from service.access import Caller
from service.problems import Refused
from service.refusals import READING_ERASED, READING_NOT_FOUND
from service.services import Services
from service.store import StoredReading

__all__ = ["find_reading", "require_reading"]


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
