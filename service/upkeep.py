"""What the service does for itself: chores at the start and then each hour, while it serves."""

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

__all__ = ["EVERY_S", "Chore", "keeping_up"]

_log = logging.getLogger(__name__)

EVERY_S: Final = 3600.0
"""Time between two rounds, s."""

Chore = Callable[[], object]


@contextlib.asynccontextmanager
async def keeping_up(chores: Sequence[Chore], *, every_s: float = EVERY_S) -> AsyncIterator[None]:
    """Do chores, one after the other in a thread, at once and again and again until the context ends.

    Parameters
    ----------
    chores : sequence of callables
        What is to be done; one that fails is tried again in the next round.
    every_s : float
        Time between two rounds, s.
    """
    rounds = asyncio.create_task(_go_round(chores, every_s))
    try:
        yield
    finally:
        rounds.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await rounds


async def _go_round(chores: Sequence[Chore], every_s: float) -> None:
    while True:
        for chore in chores:
            try:
                await asyncio.to_thread(chore)
            except Exception as error:  # noqa: BLE001  (no chore may end the others; its text may hold anything)
                name = getattr(chore, "__name__", type(chore).__name__)
                _log.warning("a chore failed: %s: %s", name, type(error).__name__)
        await asyncio.sleep(every_s)
