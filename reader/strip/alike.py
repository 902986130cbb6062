"""Strips of one kind that lie side by side lie alike, and have their lines at the same places."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace

from reader.geometry import Window
from reader.interpret.assign import SeenLine
from reader.strip.findings import PRESENT, SAME_LINE

__all__ = ["agreed_lines", "agreed_odds"]

LEAN = math.radians(8)  # between the axes of two strips that were laid side by side
STRETCH = 1.35  # ratio of the widths, or lengths, of two windows of one kind: ends are found less well
SAME_WAY = 0.95  # share of such strips that lie the same way round
# Two or three lines, each within a quarter of a width, take up a tenth of a membrane as long as three to four
# widths: so much more often is a line where others have one than what is none.
AT_RANDOM = 0.1
LEAST_OTHERS = 2  # strips that must show a line at a place
LIKELY = 0.5  # probability of what the places of others may make a sure line; to a shadow they add nothing


def agreed_odds(windows: Sequence[Window], odds: Sequence[float]) -> list[float]:
    """Let strips that lie side by side tell each other which way they lie.

    Parameters
    ----------
    windows : sequence of Window
        The membranes of one photo.
    odds : sequence of float
        Natural log-odds, of each by itself, that the start of its window is the control's end.

    Returns
    -------
    list of float
        The same with what the others say: at most ln(0.95 / 0.05) = 2.9, however sure they are.

    Examples
    --------
    >>> row = [Window(100.0 * k, 0.0, 200.0, 40.0, 1.57) for k in range(3)]
    >>> [round(odds, 1) for odds in agreed_odds(row, [4.0, 0.0, -0.5])]
    [3.6, 2.5, 2.1]
    """
    return [
        own + _said(sum(sense * odds[k] for k, sense in _alike(windows, i))) for i, own in enumerate(odds)
    ]


def agreed_lines(windows: Sequence[Window], seen: Sequence[Sequence[SeenLine]]) -> list[list[SeenLine]]:
    """Let strips that lie side by side tell each other where their kit has lines.

    Parameters
    ----------
    windows : sequence of Window
        The membranes of one photo.
    seen : sequence of sequence of SeenLine
        What was seen on each; places are shares of its window from the left end.

    Returns
    -------
    list of list of SeenLine
        The same; what is likely a line is more so where at least two of the others surely have one.
    """
    return [[_told(windows, seen, i, line) for line in lines] for i, lines in enumerate(seen)]


def _alike(windows: Sequence[Window], i: int) -> Iterator[tuple[int, int]]:
    """Yield the other windows of one's kind, each with 1, or -1 if its ends are named the other way round."""
    a = windows[i]
    for k, b in enumerate(windows):
        lean = math.remainder(a.angle - b.angle, math.pi)
        stretch = max(abs(math.log(a.width / b.width)), abs(math.log(a.length / b.length)))
        if k != i and abs(lean) < LEAN and stretch < math.log(STRETCH):
            yield k, 1 if a.flow[0] * b.flow[0] + a.flow[1] * b.flow[1] > 0 else -1


def _said(others: float) -> float:
    """Return what the odds of the others are worth for one that may lie the other way round."""
    share = 1 / (1 + math.exp(-others))
    same = SAME_WAY * share + (1 - SAME_WAY) * (1 - share)
    return math.log(same / (1 - same))


def _told(windows: Sequence[Window], seen: Sequence[Sequence[SeenLine]], i: int, line: SeenLine) -> SeenLine:
    """Return a line with the probability that the other strips give it."""
    if not LIKELY < line.present < PRESENT:
        return line
    place = _offset(windows[i], line)
    others = list(_alike(windows, i))
    shown = sum(
        any(
            other.present > PRESENT and abs(sense * _offset(windows[k], other) - place) < SAME_LINE
            for other in seen[k]
        )
        for k, sense in others
    )
    if shown < LEAST_OTHERS:
        return line
    odds = line.present / (1 - line.present) * max(shown / len(others) / AT_RANDOM, 1.0)
    return replace(line, present=odds / (1 + odds))


def _offset(window: Window, line: SeenLine) -> float:
    """Return a line's place in widths from the middle of its window."""
    return (line.place - 0.5) * window.length / window.width
