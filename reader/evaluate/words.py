"""The numbers of an evaluation as people read them, on the terminal and on the page alike."""

from __future__ import annotations

from reader.evaluate.intervals import Kappa, Share

__all__ = ["NONE", "count_text", "interval_text", "kappa_text", "percent_text", "share_text", "signed_text"]

NONE = "–"


def percent_text(share: Share) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent_text(Share(9, 10, 0.9, 0.6, 0.98))
    '90.0 %'
    """
    return NONE if share.value is None else f"{100 * share.value:.1f} %"


def interval_text(share: Share) -> str:
    """Return a share's 95 % interval in percent; empty without one.

    Examples
    --------
    >>> interval_text(Share(9, 10, 0.9, 0.5958, 0.9821))
    '59.6 to 98.2'
    """
    if share.low is None or share.high is None:
        return ""
    return f"{100 * share.low:.1f} to {100 * share.high:.1f}"


def share_text(share: Share) -> str:
    """Return a share with its interval and its counts.

    Examples
    --------
    >>> share_text(Share(9, 10, 0.9, 0.5958, 0.9821))
    '90.0 % (59.6 to 98.2), 9 of 10'
    """
    if share.value is None:
        return NONE
    counts = f"{count_text(share.part)} of {count_text(share.whole)}"
    return f"{percent_text(share)} ({interval_text(share)}), {counts}"


def kappa_text(kappa: Kappa) -> str:
    """Return kappa with its 95 % interval.

    Examples
    --------
    >>> kappa_text(Kappa(0.6765, 0.0877, 0.5046, 0.8484))
    '0.676 (0.505 to 0.848)'
    """
    if kappa.value is None:
        return NONE
    return f"{kappa.value:.3f} ({kappa.low:.3f} to {kappa.high:.3f})"


def count_text(count: float) -> str:
    """Return a number of tests, which need not be whole.

    Examples
    --------
    >>> count_text(12.0), count_text(1 / 3)
    ('12', '0.3')
    """
    return f"{count:.0f}" if abs(count - round(count)) < 0.05 else f"{count:.1f}"


def signed_text(value: float, digits: int) -> str:
    """Return a number with its sign.

    Examples
    --------
    >>> signed_text(-1.25, 1), signed_text(-0.001, 2)
    ('−1.2', '0.00')
    """
    rounded = round(value, digits) + 0.0
    return f"{rounded:{'+' if rounded else ''}.{digits}f}".replace("-", "−")
