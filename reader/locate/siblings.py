"""Find the other strips of a photo once one is sure: others of its kind, and plain ones of another.

People lay tests of one kind side by side or in a grid. What is known of the first, its width, length and
direction, is looked for everywhere; places that the regular spacing of those found leaves open are then
searched as well. Each must still look like a read window by itself.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window
from reader.locate.planes import Planes
from reader.locate.rank import same_place, window_scores

if TYPE_CHECKING:
    from reader.locate.hypothesis import Candidate

__all__ = ["Pool", "Search", "in_reading_order", "other_strips"]

FloatArray = NDArray[np.float64]

# Laid side by side by hand and seen by a phone, windows differ by a fifth in size and ten degrees in angle.
LEAN, WIDTH, LENGTH = 0.18, 0.22, 0.35  # radians, and natural logarithms of sizes
SAME_SIZE = 0.15  # natural logarithm: rectangles that speak for one size
BARE_GAP = 1.5  # window widths between the middles of bare membranes on one card
DEVICE_GAP = 3.2  # the same of cassettes: 18 mm or more over windows of at most 5 mm
END_GAP = 3.0  # window lengths between the middles of devices that lie end to end
LEAST_ODDS = 0.0  # of a rectangle worth a close look, once its size and direction are known
PLACES, NESTED = 24, 4  # places looked at closely, and rectangles at each
ROUNDS = 3  # of filling the gaps that a regular spacing leaves
MOVES = (-0.5, -0.25, 0.0, 0.25, 0.5), (-0.15, -0.05, 0.05, 0.15)  # widths across, lengths along
ENDS = (-0.15, -0.1, -0.05, 0.0, 0.05, 0.1, 0.15)  # window lengths by which each end is then moved
SURE_ODDS = 2.5  # log-odds of a first strip from which others may be inferred
LESS_PLAIN = 2.0  # score by which a sibling may be less plain than the first
# Of the first one's log-odds that a sibling needs: with a line, without, and where the spacing expects one.
LINED_SHARE, BLANK_SHARE, EXPECTED_SHARE = 0.3, 0.6, 0.3
OTHER_KIND = (0.8, 1.5, 4.0)  # score and log-odds that another kind may be less plain by; least log-odds
SHARP = -0.4  # least quality of another kind's control line; text and rims stay below
SURE_LINE = 0.8  # probability of a control line
PAIR = 2  # strips of which both must lie in a device or none; of more, some outlines may not show
ROW = (0.6, 2.5)  # of a window's height, itself at least that many widths: a row's unevenness


@dataclass(frozen=True)
class Pool:
    """All rectangles that were proposed in the search picture, with their log-odds of being windows.

    The closed outlines among them are kept whole as well: one of them may be the device's.
    """

    planes: Planes
    windows: Sequence[Window]
    odds: FloatArray
    outlines: Sequence[Window] = ()

    @cached_property
    def table(self) -> FloatArray:
        """Columns x, y, direction, log length, log width."""
        rows = [(w.x, w.y, w.angle, math.log(w.length), math.log(w.width)) for w in self.windows]
        return np.array(rows, np.float64).reshape(-1, 5)

    def alike(self, window: Window, within: tuple[float, float] = (LENGTH, WIDTH)) -> NDArray[np.bool_]:
        """Tell which rectangles could be the window of another device of the same kind."""
        lean = np.abs((self.table[:, 2] - window.angle + math.pi / 2) % math.pi - math.pi / 2)
        sizes = np.abs(self.table[:, 3:] - np.log([window.length, window.width])) < within
        return np.asarray(sizes.all(axis=1) & (lean < LEAN))


@dataclass(frozen=True)
class Search:
    """What the search for other strips works with.

    Attributes
    ----------
    pool : Pool
        Rectangles of the search picture.
    scale : float
        Size of the search picture relative to the photo, in whose pixels candidates are.
    examine : callable
        Looks at rectangles of one place closely, and returns the candidate they make.
    evident : callable
        Tells whether a candidate is a read window beyond doubt.
    housed : callable
        Tells whether the outline of a device is seen around a candidate.
    """

    pool: Pool
    scale: float
    examine: Callable[[Sequence[Window], Sequence[float]], Candidate]
    evident: Callable[[Candidate], bool]
    housed: Callable[[Candidate], bool]


def other_strips(first: Candidate, scene: Sequence[Candidate], search: Search) -> list[Candidate]:
    """Return the strips of a photo beside the first one.

    Parameters
    ----------
    first : Candidate
        A strip that is sure.
    scene : sequence of Candidate
        What was looked at closely before.
    search : Search
        Where and how to look for more.
    """
    if first.odds < SURE_ODDS:
        return []
    kept = [first]
    kind = _common_kind(first, scene, search)
    for candidate in scene:
        if candidate is not first and _alike(kind, _window(candidate).scaled(search.scale)):
            _add(kept, candidate, search)
    for place in _places(kind, kept, search):
        _add(kept, search.examine(*place), search)
    _fill_gaps(kept, kind, search)
    for candidate in scene:
        if candidate.lined and _another_kind(first, candidate, search) and _apart(kept, candidate):
            kept.append(candidate)
    return [] if len(kept) == PAIR and not _as_housed(first, kept[1], search) else kept[1:]


def _fill_gaps(kept: list[Candidate], kind: Window, search: Search) -> None:
    """Look where the spacing of the strips found so far leaves room for more, until none is found."""
    for _ in range(ROUNDS):
        before = len(kept)
        for share in (1.0, 0.5):
            for window in _gaps(kept, share, search):
                place = _around(replace(window, length=kind.length, width=kind.width), search.pool)
                _add(kept, search.examine(*place), search, expected=True)
        if len(kept) == before:
            return


def in_reading_order(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Order strips by rows, then from left to right; a row may be slanted or uneven."""
    rows: list[list[Candidate]] = []
    for candidate in sorted(found, key=lambda c: _window(c).y):
        window = _window(candidate)
        tall = max(abs(window.length * window.flow[1]), ROW[1] * window.width)
        if rows and window.y - _window(rows[-1][-1]).y < ROW[0] * tall:
            rows[-1].append(candidate)
        else:
            rows.append([candidate])
    return tuple(c for row in rows for c in sorted(row, key=lambda c: _window(c).x))


def _window(candidate: Candidate) -> Window:
    return candidate.hypotheses[0].window


def _common_kind(first: Candidate, scene: Sequence[Candidate], search: Search) -> Window:
    """Return the rectangle, in the search picture, whose size recurs at most places that look like strips.

    One strip's window is open to doubt; of several alike, the size that all of them allow is the true one.
    """
    here = _window(first)
    others = [
        c
        for c in scene
        if c is not first and c.lined == first.lined and search.evident(c) and _apart([first], c)
    ]
    others = [c for c in others if _lean(here, _window(c)) < LEAN]
    if not others:
        return here.scaled(search.scale)
    places = [_window(c).scaled(search.scale) for c in (first, *others)]
    return max(places, key=lambda kind: _support(kind, places, search.pool))


def _support(kind: Window, places: Sequence[Window], pool: Pool) -> float:
    """Return the sum over places of the best log-odds that a rectangle of this size has there."""
    alike = pool.alike(kind, (SAME_SIZE, SAME_SIZE))
    x, y = pool.table[alike, 0], pool.table[alike, 1]
    odds = pool.odds[alike]
    total = 0.0
    for place in places:
        u, v = place.flow, place.across
        along = np.abs((x - place.x) * u[0] + (y - place.y) * u[1])
        across = np.abs((x - place.x) * v[0] + (y - place.y) * v[1])
        here = odds[(along < place.length) & (across < place.width)]
        total += max(0.0, float(here.max(initial=0.0)))
    return total


def _places(
    kind: Window, kept: Sequence[Candidate], search: Search
) -> list[tuple[list[Window], list[float]]]:
    """Group the rectangles of a kind by place, leaving out the places of strips that are already kept."""
    pool = search.pool
    taken = [_window(c).scaled(search.scale) for c in kept]
    groups: list[list[int]] = []
    alike = np.flatnonzero(pool.alike(kind) & (pool.odds > LEAST_ODDS))
    for i in alike[np.argsort(-pool.odds[alike])]:
        window = pool.windows[i]
        if not all(_beside(w, window, BARE_GAP) for w in taken):
            continue
        home = next((g for g in groups if same_place(pool.windows[g[0]], window)), None)
        if home is not None:
            if len(home) < NESTED:
                home.append(int(i))
        elif len(groups) < PLACES:
            groups.append([int(i)])
    return [([pool.windows[i] for i in g], [float(pool.odds[i]) for i in g]) for g in groups]


def _alike(a: Window, b: Window) -> bool:
    """Tell whether two windows may be of one kind of device."""
    sizes = abs(math.log(b.length / a.length)) < LENGTH and abs(math.log(b.width / a.width)) < WIDTH
    return sizes and _lean(a, b) < LEAN


def _add(kept: list[Candidate], candidate: Candidate, search: Search, *, expected: bool = False) -> None:
    """Keep a candidate of the first one's kind if it is plainly a strip of its own.

    Less is asked where the spacing of the others lets one be expected: an unused or invalid test among
    others must not go unnoticed.
    """
    first = kept[0]
    if not search.evident(candidate) or not _as_wide(_window(first), _window(candidate)):
        return
    if expected:
        plain = candidate.odds > max(EXPECTED_SHARE * first.odds, SURE_ODDS)
    elif candidate.lined and first.lined:
        plain = candidate.hypotheses[0].score > first.hypotheses[0].score - LESS_PLAIN
        plain &= candidate.control_probability > SURE_LINE and candidate.odds > LINED_SHARE * first.odds
    else:
        plain = candidate.odds > BLANK_SHARE * first.odds
    # A window without lines could be a part of the same device unless it lies where only another can.
    gap = BARE_GAP if candidate.lined == first.lined else DEVICE_GAP
    if plain and _apart(kept, candidate, gap):
        kept.append(candidate)


def _as_housed(first: Candidate, candidate: Candidate, search: Search) -> bool:
    """Tell whether a candidate lies in a device if the first does: a window drawn on a leaflet does not."""
    return search.housed(candidate) or not search.housed(first)


def _as_wide(a: Window, b: Window) -> bool:
    """Tell whether two windows are as wide, both being open to doubt."""
    return abs(math.log(b.width / a.width)) < 1.3 * WIDTH


def _another_kind(first: Candidate, candidate: Candidate, search: Search) -> bool:
    """Tell whether a candidate of any size is as plainly a strip as the first."""
    less_score, less_odds, least_odds = OTHER_KIND
    control = candidate.hypotheses[0].control
    return (
        candidate is not first
        and control is not None
        and control.quality > SHARP
        and search.evident(candidate)
        and candidate.hypotheses[0].score > first.hypotheses[0].score - less_score
        and candidate.odds > max(first.odds - less_odds, least_odds)
        and candidate.control_probability > SURE_LINE
        and _apart([first], candidate, DEVICE_GAP)
        and _as_housed(first, candidate, search)
    )


def _apart(kept: Sequence[Candidate], candidate: Candidate, gap: float = BARE_GAP) -> bool:
    return all(_beside(_window(c), _window(candidate), gap) for c in kept)


def _beside(a: Window, b: Window, gap: float) -> bool:
    """Tell whether two windows lie on different strips, seen from both."""
    for p, q in ((a, b), (b, a)):
        along = abs((q.x - p.x) * p.flow[0] + (q.y - p.y) * p.flow[1])
        across = abs((q.x - p.x) * p.across[0] + (q.y - p.y) * p.across[1])
        if across < gap * p.width and along < END_GAP * p.length:
            return False
    return True


def _lean(a: Window, b: Window) -> float:
    return abs(math.remainder(a.angle - b.angle, math.pi))


def _gaps(kept: Sequence[Candidate], share: float, search: Search) -> list[Window]:
    """Return where the spacing of the strips found leaves room for more, inside the search picture.

    Each strip is moved both ways by a share of the step from any strip to its nearest neighbour.
    """
    windows = [_window(c).scaled(search.scale) for c in kept]
    if len(windows) < 2:
        return []
    height, width = search.pool.planes.shape
    found: list[Window] = []
    for w in windows:
        for step_x, step_y in _steps(windows, share):
            moved = replace(w, x=w.x + step_x, y=w.y + step_y)
            inside = all(0 <= x < width and 0 <= y < height for x, y in moved.quad())
            if inside and all(_beside(other, moved, BARE_GAP) for other in (*windows, *found)):
                found.append(moved)
    return found[:PLACES]


def _steps(windows: Sequence[Window], share: float) -> list[tuple[float, float]]:
    """Return the distinct steps between nearest neighbours, both ways."""
    steps: list[tuple[float, float]] = []
    for a in windows:
        b = min((w for w in windows if w is not a), key=lambda w: math.hypot(w.x - a.x, w.y - a.y))
        for part in (share, -share):
            step = (part * (b.x - a.x), part * (b.y - a.y))
            if all(math.hypot(step[0] - s[0], step[1] - s[1]) > 0.5 * a.width for s in steps):
                steps.append(step)
    return steps


def _around(window: Window, pool: Pool) -> tuple[list[Window], list[float]]:
    """Return the likeliest rectangles near an expected one: placed roughly first, then each end finely."""
    rough = [
        replace(window, x=x, y=y)
        for across in MOVES[0]
        for along in MOVES[1]
        for x, y in [window.at(0.5 + along, 0.5 + across)]
    ]
    best = rough[int(np.argmax(window_scores(pool.planes, rough)))]
    fine = [best.cut(start, 1 + stop) for start in ENDS for stop in ENDS]
    odds = window_scores(pool.planes, fine)
    order = np.argsort(-odds)[:NESTED]
    return [fine[i] for i in order], [float(odds[i]) for i in order]
