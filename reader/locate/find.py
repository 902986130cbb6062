"""Find every strip in a photo: propose, look closer, weigh by what is seen.

Where exactly a window begins and ends is often open to doubt, so a strip is not one rectangle but a
few *hypotheses* of it with weights; doubt about the window becomes doubt about the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from reader.geometry import Window
from reader.locate.coloured import find_bars, propose_from_bars
from reader.locate.framed import propose_framed
from reader.locate.outlines import propose_outlined
from reader.locate.rank import distinct, same_place, search_planes, window_scores
from reader.locate.siblings import Pool, Search, in_reading_order, other_strips
from reader.measure.evidence import control_probability, likely_control, line_probability
from reader.measure.lines import ROWS, FoundLine, Patch, find_lines, ground, texture
from reader.measure.setting import line_plausibility
from reader.reading import Point
from reader.view import View

__all__ = ["Candidate", "Hypothesis", "find_strips", "look_at", "patch_of"]

SIDE, END = 0.25, 0.60  # margins of a patch, in membrane widths
LEAST_WIDTH_PX = 6.5  # of a window in the search picture: a line is then two pixels thick
FRAMED_KEPT = 6  # windows per tried direction
FRAMED_LOOKED = 12
PLACES, NESTED = 12, 4  # places in a photo that are looked at closely, and rectangles at each
RANKED = 150  # rectangles that are grouped into places
SHARPNESS = 6.0  # how fast a hypothesis' weight falls with its score
SMALL = 0.3  # length of a whole device's window at most, of the picture's long side
CLOSE_UP = (0.45, 0.16)  # length and width of a window that fills the picture, of its long side
MOTTLE = (0.04, 2.5)  # absorbance that real windows stay below, and what ten times that costs
RELIEF = (0.25, 2.5)  # the same for the scatter of the profile: strong control lines reach it
GROUND = 0.15  # absorbance: unevenness between lines at which a window is as likely print as membrane
DENSE, MANY_DENSE = 0.45, 3  # absorbance, and how many such bars side by side are print, not a test
LEAST_QUALITY = -2.0  # of a line whose setting is worth a look
NO_LINE = -1.2  # quality that stands for no line at all
CLOSE_QUALITY = -0.75  # of the best line of a cut window; devices' marks stay below
EXTENDED, EXTENSIONS = 2, (0.7, 1.4)  # rectangles looked at beyond their ends, and by how many widths
CUT_END = 1.5  # what it costs a rectangle to end at a line
OVERSHOOT = 0.5  # what it costs to take in the rim at which another one ends
LIKELY, SURE = 0.5, 0.9
CLEAR_TINT = 0.3  # of a dense line; the sharpest rims, being grey, reach 0.2
RIM_REACH, RIM_TINT = 1.3, 0.2  # a rim lies so near (widths) to an end, and is so much greyer than a line
BARE_ASPECT = 1.5  # length over width of a picture that may be all membrane
BARE_SCATTER = 0.02  # log10 of light across the short side: a frame or rim exceeds it
BARE_MARGIN = 3  # of the 32 rows: what a hasty cut leaves of the background
BARE_SCORE = 2.6  # what four sides on edges are worth to a framed window
LINED_SCORE, LINED_ODDS = -0.6, 0.8  # least score and log-odds of a window with a control line
BLANK_ODDS = 3.4  # least log-odds of a window without one
BLANK_LEAD = 3.0  # log-odds by which a blank window must be more of a window than one with lines
LEAN = 0.09  # radians between windows of one strip that count as parallel
INNER_ODDS, INNER_SCORE = 2.5, 0.6  # of a small window inside a device; parts of a cut window stay below
RANK_WEIGHT = 0.35  # of a ranker's log-odds against a line's quality


@dataclass(frozen=True, slots=True)
class Hypothesis:
    """One rectangle that may be the membrane, the lines seen in it, its `texture` and its `ground`."""

    window: Window
    score: float
    lines: tuple[FoundLine, ...]
    mottle: float
    ground: float
    weight: float = 1.0

    @property
    def control(self) -> FoundLine | None:
        """The line that looks most like a control line."""
        return likely_control(self.lines)

    @property
    def membrane(self) -> float:
        """Probability that what the lines lie on is a membrane, by its evenness and the bars on it."""
        if sum(line.height > DENSE for line in self.lines) >= MANY_DENSE:
            return 0.0
        even = 1 / (1 + (self.mottle / (2 * MOTTLE[0])) ** 4)
        return even / (1 + (self.ground / GROUND) ** 4)

    @property
    def control_probability(self) -> float:
        """Probability that the control line is a line and what it lies on is a membrane."""
        return self.membrane * control_probability(self.control)


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
        return sum(h.weight * h.control_probability for h in self.hypotheses)

    @property
    def lined(self) -> bool:
        """Whether a control line is more likely there than not."""
        return self.control_probability > 0.5


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
    """Find the strips of a photo.

    Parameters
    ----------
    view : View
        The photo.

    Returns
    -------
    tuple of Candidate
        Strips in reading order (rows, then left to right); empty when nothing in the photo looks
        like a read window. A strip may have no visible line.
    """
    pool = _pool(view)
    scene = _in_scene(view, pool)
    long_side = max(view.pixels.shape[:2])
    close = None
    if not any(_small_window(c, long_side) for c in scene):
        close = _close_up(view)
        if close is not None and _fills_picture(close):
            return (close,)
    first = next((c for c in scene if _evident(c)), None)
    if first is not None and first.lined:
        first = _plainly_blank(first, scene) or first
    elif first is not None:
        first = next((c for c in scene if c.lined and _evident(c) and _in_line(first, c)), first)
    if first is not None:
        search = Search(pool, view.scale, lambda *place: _candidate(view, *place), _evident)
        return in_reading_order([first, *other_strips(first, scene, search)])
    if close is not None and close.lined:
        return (close,)
    return ()


def _plainly_blank(lined: Candidate, scene: Sequence[Candidate]) -> Candidate | None:
    """Return a blank window that looks so much more like one that the lines elsewhere must be print."""
    blank = [c for c in scene if not c.lined and _evident(c) and c.odds > lined.odds + BLANK_LEAD]
    return max(blank, key=lambda c: c.odds, default=None)


def _evident(candidate: Candidate) -> bool:
    """Tell whether a candidate is a read window beyond doubt, with a control line or without one."""
    best = candidate.hypotheses[0]
    if candidate.lined:
        return best.score > LINED_SCORE and candidate.odds > LINED_ODDS
    plain = best.mottle < MOTTLE[0] and best.ground < GROUND / 2
    return candidate.odds > BLANK_ODDS and plain


def _in_line(a: Candidate, b: Candidate) -> bool:
    """Tell whether two windows lie on one strip: a pad is as bright and plain as a membrane."""
    p, q = a.hypotheses[0].window, b.hypotheses[0].window
    across = abs((q.x - p.x) * p.across[0] + (q.y - p.y) * p.across[1])
    lean = abs(math.remainder(p.angle - q.angle, math.pi))
    return lean < 2 * LEAN and across < 0.6 * p.width and abs(math.log(q.width / p.width)) < 0.3


def _small_window(candidate: Candidate, long_side: int) -> bool:
    """Tell a window of a whole device from a part of a cut window."""
    best = candidate.hypotheses[0]
    likely = candidate.odds > INNER_ODDS and best.score > INNER_SCORE
    return likely and best.window.length < SMALL * long_side


def _fills_picture(close: Candidate) -> bool:
    """Tell a cut read window from a whole device, whose outline is a rectangle too.

    A device has text, wells and a window inside, so that its best "line" is poor.
    """
    control = close.hypotheses[0].control
    return control is not None and control.quality > CLOSE_QUALITY


def _close_up(view: View) -> Candidate | None:
    """Look for one window that fills the picture."""
    scale = view.scale
    proposals = propose_framed(view.log_small, keep=FRAMED_KEPT)[:FRAMED_LOOKED]
    found = [look_at(view, window.scaled(1 / scale), score, in_scene=False) for window, score in proposals]
    found += _bare_membrane(view)
    if not found:
        return None
    found += [longer for h in _best(found)[:EXTENDED] for longer in _extended(view, h)]
    found = _best(_with_right_ends(found))
    best = found[0].window
    long_side = max(view.pixels.shape[:2])
    if best.length < CLOSE_UP[0] * long_side or best.width < CLOSE_UP[1] * long_side / 2:
        return None
    return Candidate(_weighted(found[: NESTED + 2]), odds=0.0, close_up=True)


def _best(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    return sorted(hypotheses, key=lambda h: -h.score)


def _extended(view: View, h: Hypothesis) -> list[Hypothesis]:
    """Look beyond both ends of a rectangle; what shows a line there is a membrane that goes on.

    A picture that cuts the membrane off, or a strip without a window, has no edge there at which a
    rectangle could end.
    """
    w = h.window
    found = []
    for side in (-1, 1):
        for widths in EXTENSIONS:
            shift = side * widths * w.width / 2
            x, y = w.x + shift * w.flow[0], w.y + shift * w.flow[1]
            if not _in_picture(view, w.at(0.5 + side * (0.5 + widths * w.width / w.length / 2))):
                continue
            longer = look_at(
                view, replace(w, x=x, y=y, length=w.length + widths * w.width), h.score, in_scene=False
            )
            if _cuts(h, longer) and _no_rim_beyond(h, longer):
                found.append(replace(longer, score=max(h.score, longer.score)))
    return found


def _in_picture(view: View, point: Point) -> bool:
    height, width = view.pixels.shape[:2]
    return bool(0 <= point[0] < width and 0 <= point[1] < height)


def _no_rim_beyond(short: Hypothesis, long: Hypothesis) -> bool:
    """Tell whether what lies at the end of a rectangle is no rim.

    No rim is as coloured as the control line; and where there is none to compare with, the membrane and its
    sides must go on unchanged.
    """
    lines = [x for x in long.lines if _ends_at(short.window, long.window, x)]
    control = short.control
    if control is None or short.control_probability < LIKELY:
        return any(
            x.plausible > SURE and x.frame > 0.55 and x.step < 0.15 and x.quality > CLOSE_QUALITY
            for x in lines
        )
    return any(
        x.tint > max(control.tint - RIM_TINT, CLEAR_TINT) for x in lines if x.height > 0.1 * control.height
    )


def _bare_membrane(view: View) -> list[Hypothesis]:
    """Take the whole picture for a membrane if nothing in it changes across the short side."""
    height, width = view.pixels.shape[:2]
    angle = 0.0 if width >= height else math.pi / 2
    whole = Window((width - 1) / 2, (height - 1) / 2, angle, max(width, height), min(width, height))
    if whole.length < BARE_ASPECT * whole.width:
        return []
    patch = patch_of(view, whole)
    inner = slice(patch.side + BARE_MARGIN, patch.side + patch.rows - BARE_MARGIN)
    light = patch.log_light[inner, patch.end : patch.end + patch.columns].mean(axis=2)
    across = np.median(light[:, np.isfinite(light).all(axis=0)], axis=1)
    if float(across.std()) > BARE_SCATTER:
        return []
    return [look_at(view, whole, BARE_SCORE, in_scene=True)]


def _pool(view: View) -> Pool:
    """Propose windows that are small in the picture, and rank them."""
    log_small = view.log_small
    proposals = propose_outlined(np.ascontiguousarray(view.small.max(axis=2)))
    proposals += propose_from_bars(log_small, find_bars(log_small))
    windows = distinct([w for w in proposals if w.width >= LEAST_WIDTH_PX])
    planes = search_planes(log_small)
    return Pool(planes, windows, window_scores(planes, windows))


def _in_scene(view: View, pool: Pool) -> tuple[Candidate, ...]:
    """Look for windows that are small in the picture."""
    # A place that cannot be evident is not worth a close look.
    places = [p for p in _places(pool.windows, pool.odds) if pool.odds[p].max() > LINED_ODDS]
    found = [_candidate(view, [pool.windows[i] for i in p], pool.odds[p]) for p in places]
    return tuple(sorted(found, key=lambda c: -c.hypotheses[0].score))


def _candidate(view: View, windows: Sequence[Window], odds: Sequence[float]) -> Candidate:
    """Look closely at rectangles of one place, in pixels of the search picture."""
    hypotheses = [
        look_at(view, window.scaled(1 / view.scale), RANK_WEIGHT * log_odds, in_scene=True)
        for window, log_odds in zip(windows, odds, strict=True)
    ]
    best = max(hypotheses, key=lambda h: h.score)
    if best.control_probability < LIKELY:
        once = _extended(view, best)
        hypotheses += once + [longer for h in once[:1] for longer in _extended(view, h)]
    return Candidate(_weighted(_with_right_ends(hypotheses)), float(max(odds)), close_up=False)


def _with_right_ends(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Mark down rectangles that end at a line, and those that take in the rim at which others end."""
    out = []
    for h in hypotheses:
        cut = any(_cuts(h, other) for other in hypotheses)
        over = any(_overshoots(h, other) for other in hypotheses)
        out.append(replace(h, score=h.score - CUT_END * cut - OVERSHOOT * over))
    return out


def _cuts(short: Hypothesis, long: Hypothesis) -> bool:
    """Tell whether a good line of the longer rectangle lies at an end of the shorter one."""
    if not _within(short.window, long.window):
        return False
    good = [x for x in long.lines if x.step < 0.3 and x.to_end > 0.5 and _is_line(x, long)]
    return any(_ends_at(short.window, long.window, line) for line in good)


def _is_line(line: FoundLine, h: Hypothesis) -> bool:
    """Tell whether a line is the control line, or a line as coloured, or surely a test line."""
    control = h.control
    if control is None or line is control:
        return line.quality > CLOSE_QUALITY
    p = line_probability(line, control, h.window.length / h.window.width)
    if line.tint > control.tint - RIM_TINT:
        return p > LIKELY
    return p > SURE and line.frame > 0.5 and line.step < 0.15


def _overshoots(long: Hypothesis, short: Hypothesis) -> bool:
    """Tell whether a grey bar near an end of the longer rectangle is the rim at which the shorter ends."""
    control = long.control
    if control is None or not _within(short.window, long.window):
        return False
    rims = [x for x in long.lines if x.to_end < RIM_REACH and x.tint < control.tint - RIM_TINT]
    rims = [x for x in rims if not _is_line(x, long)]
    return any(_ends_at(short.window, long.window, x) for x in rims if x is not control)


def _within(short: Window, long: Window) -> bool:
    """Tell whether one window lies along the other and is shorter."""
    lean = abs(math.remainder(short.angle - long.angle, math.pi))
    across = abs((long.x - short.x) * short.across[0] + (long.y - short.y) * short.across[1])
    return long.length > 1.1 * short.length and lean < LEAN and across < 0.4 * short.width


def _ends_at(short: Window, long: Window, line: FoundLine) -> bool:
    """Tell whether a line of the longer window lies at an end of the shorter one."""
    x, y = long.at(line.place * long.width / long.length)
    along = abs((x - short.x) * short.flow[0] + (y - short.y) * short.flow[1])
    return abs(along - short.length / 2) < 0.4 * short.width


def _places(windows: Sequence[Window], odds: np.ndarray) -> list[np.ndarray]:
    """Group the best rectangles by place: each group's members overlap with its best."""
    groups: list[list[int]] = []
    for i in np.argsort(-odds)[:RANKED]:
        window = windows[i]
        home = next((g for g in groups if same_place(window, windows[g[0]])), None)
        if home is None:
            if len(groups) < PLACES:
                groups.append([int(i)])
        elif len(home) < NESTED:
            home.append(int(i))
    return [np.array(g) for g in groups]


def look_at(view: View, window: Window, score: float = 0.0, *, in_scene: bool = True) -> Hypothesis:
    """Look at a proposed window closely and add what its lines and its texture say to its score."""
    patch = patch_of(view, window)
    lines = find_lines(patch)
    mottle, relief = texture(patch)
    if in_scene:
        score -= _excess(mottle, MOTTLE) + _excess(relief, RELIEF)
    lines = _well_set(patch, lines)
    control = likely_control(lines)
    score += NO_LINE
    if control is not None:
        gain = max(control.quality, NO_LINE) + _second_line(lines, control) - NO_LINE
        score += control.plausible * gain
    return Hypothesis(window, score, lines, mottle, ground(patch, lines))


def _well_set(patch: Patch, lines: Sequence[FoundLine]) -> tuple[FoundLine, ...]:
    """Judge what the lines lie in; what is worse than no line is not worth a look."""
    return tuple(
        replace(line, plausible=line_plausibility(patch, line)) if line.quality > LEAST_QUALITY else line
        for line in lines
    )


def _excess(value: float, limit: tuple[float, float]) -> float:
    """Return what it costs to exceed a limit: its second number for ten times the first."""
    return limit[1] * max(0.0, math.log10(min(max(value, limit[0]), 1.0) / limit[0]))


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
    return tuple(replace(h, weight=w / total) for h, w in zip(ordered, weights, strict=True))
