"""How long pictures are kept."""

import datetime as dt
from collections.abc import Callable

from service.clock import as_utc
from service.store import ErasureStore

__all__ = ["Retention"]


class Retention:
    """A chore that removes pictures whose time is over.

    Parameters
    ----------
    store : ErasureStore
        Where they are.
    days : int
        How long a picture is kept after it arrived; by the service's clock, for a phone's may be wrong.
    now : callable, optional
        Tells the time, with its zone.
    """

    def __init__(
        self,
        store: ErasureStore,
        days: int,
        now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC),
    ) -> None:
        self._store = store
        self._days = dt.timedelta(days=days)
        self._now = now

    def __call__(self) -> int:
        """Remove them; return of how many readings."""
        return self._store.remove_images(before=as_utc(self._now() - self._days))
