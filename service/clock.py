"""The time, as the service writes it down."""

import datetime as dt

__all__ = ["as_utc", "utc_now"]


def utc_now() -> str:
    """Return the time as UTC in RFC 3339, with microseconds, so that text order is time order.

    Examples
    --------
    >>> utc_now().endswith("Z"), len(utc_now())
    (True, 27)
    """
    return as_utc(dt.datetime.now(dt.UTC))


def as_utc(moment: dt.datetime) -> str:
    """Return a moment with a zone in the same form.

    Examples
    --------
    >>> as_utc(dt.datetime.fromisoformat("2026-11-01T08:05:00+03:00"))
    '2026-11-01T05:05:00.000000Z'
    """
    return moment.astimezone(dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
