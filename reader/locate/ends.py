"""Judge where a membrane ends, by comparing rectangles that lie along each other.

A window ends neither at a line nor beyond the rim at which another rectangle ends; where a line shows
beyond an end, the membrane goes on.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from reader.geometry import Window
from reader.locate.hypothesis import CLOSE_QUALITY, Hypothesis, glance_at
from reader.measure.evidence import control_probability, is_join, is_rim, line_probability
from reader.measure.lines import FoundLine
from reader.reading import Point
from reader.view import View

__all__ = ["LEAN", "LIKELY", "RIM_TINT", "SURE", "extended", "with_right_ends"]

EXTENSIONS = (0.7, 1.4)  # widths by which a rectangle is looked at beyond its ends
CUT_END = 1.5  # what it costs a rectangle to end at a line
OVERSHOOT = 0.5  # what it costs to take in the rim at which another one ends
LIKELY, SURE = 0.5, 0.9
CLEAR_TINT = 0.3  # of a dense line; the sharpest rims, being grey, reach 0.2
SAME_FRAME, SAME_LEVEL = 0.55, 0.15  # least `FoundLine.frame` and largest `step` where a membrane goes on
RIM_REACH, RIM_TINT = 1.3, 0.2  # a rim lies so near (widths) to an end, and is so much greyer than a line
AT_END = 0.4  # membrane widths from an end within which a line or a rim makes it
LINE_STEP, PAD_STEP = 0.3, 0.5  # largest `step` of a line on a membrane, and of one beside a pad
JOIN_SHARE = 0.5  # least height of a join over the control's
LEAN = 0.09  # radians between windows of one strip that count as parallel


def with_right_ends(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Mark down rectangles that end at a line, and those that take in the rim at which others end."""
    out = []
    for h in hypotheses:
        cut = any(_cuts(h, other) for other in hypotheses)
        over = any(_overshoots(h, other) for other in hypotheses)
        out.append(replace(h, score=h.score - CUT_END * cut - OVERSHOOT * over))
    return out


def extended(view: View, h: Hypothesis) -> list[Hypothesis]:
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
            seen = glance_at(view, replace(w, x=x, y=y, length=w.length + widths * w.width))
            if not any(_may_cut(w, seen.window, line) for line in seen.lines):
                continue
            longer = seen.judged(h.score, in_scene=False)
            if _cuts(h, longer) and _no_rim_beyond(h, longer) and not longer.lettered:
                found.append(replace(longer, score=max(h.score, longer.score)))
    return found


def _in_picture(view: View, point: Point) -> bool:
    height, width = view.pixels.shape[:2]
    return bool(0 <= point[0] < width and 0 <= point[1] < height)


def _no_rim_beyond(short: Hypothesis, long: Hypothesis) -> bool:
    """Tell whether what lies at the end of a rectangle is no rim.

    No rim is as coloured as a control line of a clear colour; and at none do the membrane and its sides go on
    unchanged.
    """
    lines = [x for x in long.lines if _ends_at(short.window, long.window, x)]
    control = short.control
    if control is None or short.control_probability < LIKELY:
        return any(_goes_on(x) for x in lines)
    alike = [x for x in lines if x.tint > control.tint - RIM_TINT and x.height > 0.1 * control.height]
    aspect = long.window.length / long.window.width
    return any(x.tint > CLEAR_TINT or _goes_on(x, line_probability(x, control, aspect)) for x in alike)


def _goes_on(line: FoundLine, probability: float = 0.0) -> bool:
    """Tell whether membrane and sides are the same before and after what is well or surely a line."""
    same = line.plausible > SURE and line.frame > SAME_FRAME and line.step < SAME_LEVEL
    return same and (line.quality > CLOSE_QUALITY or probability > SURE)


def _cuts(short: Hypothesis, long: Hypothesis) -> bool:
    """Tell whether a good line of the longer rectangle lies at an end of the shorter one."""
    if not _within(short.window, long.window):
        return False
    return any(
        _may_cut(short.window, long.window, x) and x.step < _most_step(x) and _is_line(x, long)
        for x in long.lines
    )


def _may_cut(short: Window, long: Window, line: FoundLine) -> bool:
    """Tell whether a line of the longer window, whatever it lies in, is one at which the shorter one ends."""
    most = PAD_STEP if line.tint > CLEAR_TINT else LINE_STEP
    return line.step < most and line.to_end > 0.5 and _ends_at(short, long, line)


def _most_step(line: FoundLine) -> float:
    """Return the most by which the level may change at a line: more, beside a pad, at a coloured one."""
    return PAD_STEP if line.tint > CLEAR_TINT and line.plausible > SURE else LINE_STEP


def _is_line(line: FoundLine, h: Hypothesis) -> bool:
    """Tell whether a line is the control line, or a line as coloured, or surely a test line."""
    control = h.control
    if is_join(line):
        return False
    if control is None:
        return line.quality > CLOSE_QUALITY
    if line is control:
        return line.quality > CLOSE_QUALITY or control_probability(line) > LIKELY
    p = line_probability(line, control, h.window.length / h.window.width)
    if line.tint > control.tint - RIM_TINT:
        return p > LIKELY
    return p > SURE and line.frame > 0.5 and line.step < 0.15


def _overshoots(long: Hypothesis, short: Hypothesis) -> bool:
    """Tell whether the longer rectangle takes in the rim at which the shorter one ends.

    A rim is a grey bar near an end; or, anywhere, the join of two materials.
    """
    control = long.control
    if control is None or not _within(short.window, long.window):
        return False
    rims = [x for x in long.lines if x.to_end < RIM_REACH and x.tint < control.tint - RIM_TINT]
    rims = [x for x in rims if is_rim(x, control) or not _is_line(x, long)]
    if long.control_probability > LIKELY:
        rims += [x for x in long.lines if is_join(x) and x.height > JOIN_SHARE * control.height]
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
    return abs(along - short.length / 2) < AT_END * short.width
