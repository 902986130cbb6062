"""How often something may be done: so many times in any minute, counted exactly."""

import time
from collections import OrderedDict, deque
from collections.abc import Callable

__all__ = ["MovingWindow"]


class MovingWindow:
    """Counts what each name did in the time just past.

    The clock never jumps, so that a corrected wall clock locks nobody out; names that have been quiet for a
    window are forgotten, so that memory stays flat whoever knocks. To be used from one thread.

    Parameters
    ----------
    seconds : float, default 60
        Length of the window.
    clock : callable, optional
        Seconds since some moment, never less than before.

    Examples
    --------
    >>> window = MovingWindow(60, clock=lambda: 0.0)
    >>> window.take("phone", 2), window.take("phone", 2), window.take("phone", 2)
    (0.0, 0.0, 60.0)
    """

    def __init__(self, seconds: float = 60.0, clock: Callable[[], float] = time.monotonic) -> None:
        self._seconds = seconds
        self._clock = clock
        self._taken: OrderedDict[str, deque[float]] = OrderedDict()

    def take(self, name: str, limit: int) -> float:
        """Do something once more, if that is within the limit.

        Parameters
        ----------
        name : str
            Who does it.
        limit : int
            How often in one window, at least 1.

        Returns
        -------
        float
            0 if it may be done; else the seconds after which it may, and nothing was counted.
        """
        now = self._clock()
        self._forget(now)
        times = self._taken.setdefault(name, deque())
        while times and times[0] + self._seconds <= now:
            times.popleft()
        if len(times) >= limit:
            return times[-limit] + self._seconds - now
        times.append(now)
        self._taken.move_to_end(name)
        return 0.0

    def _forget(self, now: float) -> None:
        """Drop the names that were quiet for a window; the longest quiet stands first."""
        while self._taken:
            name, times = next(iter(self._taken.items()))
            if times[-1] + self._seconds > now:
                return
            del self._taken[name]
