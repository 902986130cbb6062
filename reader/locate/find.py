"""Find every strip in a photo: propose, look closer, weigh by what is seen.

Where exactly a window begins and ends is often open to doubt, so a strip is not one rectangle but a
few *hypotheses* of it with weights; doubt about the window becomes doubt about the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from reader.geometry import Window, overlap
from reader.locate.coloured import find_bars, propose_from_bars
from reader.locate.framed import propose_framed
from reader.locate.outlines import propose_outlined
from reader.locate.rank import distinct, search_planes, window_scores
from reader.measure.evidence import control_probability, likely_control
from reader.measure.lines import ROWS, FoundLine, Patch, find_lines
from reader.view import View

__all__ = ["Candidate", "Hypothesis", "find_strips", "patch_of"]

SIDE, END = 0.25, 0.60  # margins of a patch, in membrane widths
FRAMED_KEPT = 6  # windows per tried direction
FRAMED_LOOKED = 12
PLACES, NESTED = 8, 4  # places in a photo that are looked at closely, and rectangles at each
SHARPNESS = 4.0  # how fast a hypothesis' weight falls with its score
SAME_PLACE = 0.2  # overlap above which two rectangles speak of one place
CLOSE_UP = (0.45, 0.16)  # length and width of a window that fills the picture, of its long side
CLOSE_QUALITY = -0.75  # of the best line of a cut window; devices' marks stay below
INNER_ODDS, INNER_SCORE = 2.5, 0.35  # of a small window inside a device; parts of a cut window stay below
RANK_WEIGHT = 0.25  # of a ranker's log-odds against a line's quality


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One rectangle that may be the membrane, and the lines seen in it."""

    window: Window
    score: float
    lines: tuple[FoundLine, ...]
    weight: float = 1.0

    @property
    def control(self) -> FoundLine | None:
        """The line that looks most like a control line."""
        return likely_control(self.lines)


@dataclass(frozen=True, slots=True)
class Candidate:
    """One strip: its hypotheses, best first, with weights that sum to 1.

    Attributes
    ----------
    hypotheses : tuple of Hypothesis
        Windows in pixels of the photo.
    odds : float
        Log-odds that this is a read window at all, without regard to its lines.
    close_up : bool
        True when the window fills the picture, so that nothing of the device is seen.
    """

    hypotheses: tuple[Hypothesis, ...]
    odds: float
    close_up: bool

    @property
    def control_probability(self) -> float:
        """Probability that a control line is there, over all hypotheses."""
        return sum(h.weight * control_probability(h.control) for h in self.hypotheses)


def patch_of(view: View, window: Window, rows: int = ROWS) -> Patch:
    """Look at a window straight with a margin, ``rows`` samples across the membrane."""
    columns = max(rows // 2, round(window.length / window.width * rows))
    side, end = round(SIDE * rows), round(END * rows)
    wide = Window(
        window.x,
        window.y,
        window.angle,
        window.length * (columns + 2 * end) / columns,
        window.width * (rows + 2 * side) / rows,
    )
    light = view.log_light(wide, columns + 2 * end, rows + 2 * side)
    return Patch(light, rows, columns, side, end)


def find_strips(view: View) -> tuple[Candidate, ...]:
    """Find the strips of a photo, most evident first.

    Parameters
    ----------
    view : View
        The photo.

    Returns
    -------
    tuple of Candidate
        Candidates with a control line or that look like a window without one; the caller decides what
        is evident enough.
    """
    close = _close_up(view)
    scene = _in_scene(view)
    if close is not None and _fills_picture(close, scene, max(view.pixels.shape[:2])):
        return (close,)
    return scene


def _fills_picture(close: Candidate, scene: Sequence[Candidate], long_side: int) -> bool:
    """Tell a cut read window from a whole device, whose outline is a rectangle too.

    A device has text, wells and a window inside, so its best "line" is poor, and a smaller rectangle
    in it is the better window.
    """
    control = close.hypotheses[0].control
    if control is None or control.quality < CLOSE_QUALITY:
        return False
    return not any(
        c.odds > INNER_ODDS
        and c.hypotheses[0].score > INNER_SCORE
        and c.hypotheses[0].window.length < CLOSE_UP[0] * long_side
        for c in scene
    )


def _close_up(view: View) -> Candidate | None:
    """Look for one window that fills the picture."""
    scale = view.scale
    proposals = propose_framed(view.log_small, keep=FRAMED_KEPT)[:FRAMED_LOOKED]
    found = []
    for window, score in proposals:
        hypothesis = _look(view, window.scaled(1 / scale), score)
        found.append(hypothesis)
    if not found:
        return None
    found.sort(key=lambda h: -h.score)
    best = found[0].window
    long_side = max(view.pixels.shape[:2])
    if best.length < CLOSE_UP[0] * long_side or best.width < CLOSE_UP[1] * long_side / 2:
        return None
    return Candidate(_weighted(found[:NESTED + 2]), odds=0.0, close_up=True)


def _in_scene(view: View) -> tuple[Candidate, ...]:
    """Look for windows that are small in the picture."""
    log_small = view.log_small
    bars = find_bars(log_small)
    proposals = propose_outlined(np.ascontiguousarray(view.small.max(axis=2)))
    proposals += propose_from_bars(log_small, bars)
    windows = distinct([w for w in proposals if w.width >= 4.5])
    odds = window_scores(search_planes(log_small), windows)
    found = []
    for place in _places(windows, odds):
        hypotheses = [_look(view, windows[i].scaled(1 / view.scale), RANK_WEIGHT * odds[i]) for i in place]
        hypotheses.sort(key=lambda h: -h.score)
        found.append(Candidate(_weighted(hypotheses), float(odds[place].max()), close_up=False))
    found.sort(key=lambda c: -c.hypotheses[0].score)
    return tuple(found)


def _places(windows: Sequence[Window], odds: np.ndarray) -> list[np.ndarray]:
    """Group the best rectangles by place: each group's members overlap with its best."""
    groups: list[list[int]] = []
    for i in np.argsort(-odds):
        window = windows[i]
        home = next((g for g in groups if _same_place(window, windows[g[0]])), None)
        if home is None:
            if len(groups) < PLACES:
                groups.append([int(i)])
        elif len(home) < NESTED:
            home.append(int(i))
    return [np.array(g) for g in groups]


def _same_place(a: Window, b: Window) -> bool:
    near = math.hypot(a.x - b.x, a.y - b.y) < 0.6 * max(a.width, b.width)
    return near or overlap(a, b) > SAME_PLACE


def _look(view: View, window: Window, score: float) -> Hypothesis:
    """Look at a proposed window closely and add what its lines say to its score."""
    lines = find_lines(patch_of(view, window))
    best = likely_control(lines)
    if best is None:
        return Hypothesis(window, score - 3.0, lines)
    return Hypothesis(window, score + best.quality + _second_line(lines, best), lines)


def _second_line(lines: Sequence[FoundLine], control: FoundLine) -> float:
    """Return a bonus for a second good line of the same colour: what ends at a line is not the window."""
    bonus = 0.0
    for line in lines:
        if line is control or abs(line.place - control.place) <= 0.28:
            continue
        norm = float(np.linalg.norm(line.colour) * np.linalg.norm(control.colour))
        same = min(max((float(line.colour @ control.colour) / max(norm, 1e-9) - 0.94) / 0.04, 0.0), 1.0)
        good = line.to_end > 0.5 and line.step < 0.4 and line.height > 0.02 and line.snr > 3
        if good and line.quality > control.quality - 0.8:
            bonus = max(bonus, 0.3 * same)
    return bonus


def _weighted(hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """Give each hypothesis its weight; best first."""
    ordered = sorted(hypotheses, key=lambda h: -h.score)
    weights = [math.exp(SHARPNESS * (h.score - ordered[0].score)) for h in ordered]
    total = sum(weights)
    return tuple(
        Hypothesis(h.window, h.score, h.lines, w / total) for h, w in zip(ordered, weights, strict=True)
    )
