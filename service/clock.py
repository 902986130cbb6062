"""The time, as the service writes it down."""

import datetime as dt

__all__ = ["utc_now"]


def utc_now() -> str:
    """Return the time as UTC in RFC 3339, with microseconds, so that text order is time order.

    Examples
    --------
    >>> utc_now().endswith("Z"), len(utc_now())
    (True, 27)
    """
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
