"""What a rectangle that may be a membrane looks like, seen closely: its lines, texture and ground."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache, cached_property

import numpy as np

from reader.geometry import Window
from reader.measure.coding import Coding
from reader.measure.evidence import CLEAR_TINT, PLAUSIBLE, control_probability, likely_control
from reader.measure.lines import ROWS, FoundLine, Patch, find_lines
from reader.measure.setting import is_lettered, plausibilities, tint
from reader.measure.texture import ground, texture
from reader.view import View

__all__ = [
    "CLOSE_QUALITY",
    "MOTTLE",
    "Candidate",
    "Glance",
    "Hypothesis",
    "glance_at",
    "look_at",
    "looking_aside",
    "patch_of",
]

SIDE, END = 0.25, 0.60  # margins of a patch, in membrane widths
MOTTLE = (0.04, 2.5)  # absorbance that real windows stay below, and what ten times that costs
RELIEF = (0.25, 2.5)  # the same for the scatter of the profile: strong control lines reach it
COLOURED = 0.37  # `tint` at which a window with lines is as likely a coloured thing as a membrane
GROUND = 0.15  # absorbance: unevenness between lines at which a window is as likely print as membrane
WHITE = 0.12  # log10 between the channels: unused membranes stay below 0.1, with the lamp's tint or without
DENSE, MANY_DENSE = 0.45, 3  # absorbance, and how many such bars side by side are print, not a test
# As many bars that are as strong as one another, as a share of their height, are a ruler's or a fence's:
# lines of one strip differ, as they are striped with different proteins.
ALIKE, MANY_ALIKE = 0.04, 4
PLAIN_BAR = 0.05  # absorbance from which bars are compared
CLOSE_QUALITY = -0.75  # of a line that is surely one, or the best of a cut window; devices' marks stay below
LEAST_QUALITY = -2.0  # of a line whose setting is worth a look
NO_LINE = -1.2  # quality that stands for no line at all


@dataclass(frozen=True)
class Hypothesis:
    """One rectangle that may be the membrane, its lines, `texture`, `ground` and `tint`.

    With ``lettered``, one of its bars is print; with ``beside_print``, it lies along one of which that holds.
    With ``cut_out``, it fills the picture: who cut it out knew it for a window, and not for print.
    """

    window: Window
    score: float
    lines: tuple[FoundLine, ...]
    mottle: float
    ground: float
    tint: float
    lettered: bool = False
    beside_print: bool = False
    weight: float = 1.0
    cut_out: bool = False

    @cached_property
    def control(self) -> FoundLine | None:
        """The line that looks most like a control line."""
        return likely_control(self.lines)

    @property
    def plain(self) -> bool:
        """Whether what is seen is as even and as white as an unused membrane."""
        even = self.mottle < MOTTLE[0] and self.ground < GROUND / 2
        return even and self.tint < WHITE and not self.lettered

    @cached_property
    def membrane(self) -> float:
        """Probability that what the lines lie on is a membrane, by its evenness, whiteness and bars."""
        if self.lettered or self._repeats:
            return 0.0
        if sum(line.height > DENSE for line in self.lines) >= MANY_DENSE:
            return 0.0
        even = 1 / (1 + (self.mottle / (2 * MOTTLE[0])) ** 4)
        white = 1 / (1 + (self.tint / COLOURED) ** 8)
        uneven = 0.0 if self.cut_out else self.ground
        return white * even / (1 + (uneven / GROUND) ** 4)

    @property
    def _repeats(self) -> bool:
        """Whether one and the same bar is there many times over."""
        heights = sorted(line.height for line in self.lines if line.height > PLAIN_BAR)
        pairs = zip(heights, heights[MANY_ALIKE - 1 :], strict=False)
        return any(most < (1 + ALIKE) * least for least, most in pairs)

    @cached_property
    def control_probability(self) -> float:
        """Probability that the control line is a line and what it lies on is a membrane."""
        return self.membrane * control_probability(self.control)


@dataclass(frozen=True, slots=True, eq=False)
class Glance:
    """A rectangle seen straight, and its lines, before what they lie in is looked at."""

    window: Window
    patch: Patch
    lines: tuple[FoundLine, ...]

    def judged(self, score: float, *, in_scene: bool) -> Hypothesis:
        """Add what the lines and the texture say to a rectangle's score."""
        lines = _well_set(self.patch, self.lines)
        mottle, relief = texture(self.patch, [line for line in lines if _is_plain(line)])
        if in_scene:
            score -= _excess(mottle, MOTTLE) + _excess(relief, RELIEF)
        control = likely_control(lines)
        score += NO_LINE
        if control is not None:
            gain = max(control.quality, NO_LINE) + _second_line(lines, control) - NO_LINE
            score += control.plausible * gain
        bars = [line for line in lines if line.full == 1 and line.quality > CLOSE_QUALITY]
        lettered = any(is_lettered(self.patch, bar) for bar in bars if bar.tint > CLEAR_TINT)
        uneven = ground(self.patch, lines)
        return Hypothesis(self.window, score, lines, mottle, uneven, tint(self.patch), lettered)


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
    device : Window or None
        Outline of the device around it, in pixels of the photo; None where it is not plain.
    well : float
        How surely there is a well on its axis beyond one end, 0..1, where that was looked for.
    empty : bool
        True for the window of a device in which there is no strip.
    """

    hypotheses: tuple[Hypothesis, ...]
    odds: float
    close_up: bool
    device: Window | None = None
    well: float = 0.0
    empty: bool = False

    @property
    def control_probability(self) -> float:
        """Probability that a control line is there, over all hypotheses."""
        return sum(h.weight * h.control_probability for h in self.hypotheses)

    @property
    def lined(self) -> bool:
        """Whether a control line is more likely there than not."""
        return self.control_probability > 0.5


def patch_of(view: View, window: Window, rows: int = ROWS, *, finest: bool = False) -> Patch:
    """Look at a window straight with a margin, ``rows`` samples across the membrane.

    With ``finest``, the colours are as fine as the file holds them, and it is known how: for measuring.
    """
    columns = max(rows // 2, round(window.length / window.width * rows))
    side, end = round(SIDE * rows), round(END * rows)
    wide = replace(
        window,
        length=window.length * (columns + 2 * end) / columns,
        width=window.width * (rows + 2 * side) / rows,
    )
    look = view.finest_log_light if finest else view.log_light
    light = look(wide, columns + 2 * end, rows + 2 * side)
    coding = Coding(view.steps, window) if finest and view.steps is not None else None
    return Patch(light, rows, columns, side, end, coding)


def looking_aside(view: View, window: Window) -> Callable[[float], Patch]:
    """Return what looks at the same window moved sideways by so many widths, at each place once only."""

    @cache
    def look(widths: float) -> Patch:
        x, y = window.at(0.5, 0.5 + widths)
        return patch_of(view, replace(window, x=x, y=y))

    return look


def glance_at(view: View, window: Window) -> Glance:
    """Look at a proposed window for lines only."""
    patch = patch_of(view, window)
    return Glance(window, patch, find_lines(patch))


def look_at(view: View, window: Window, score: float = 0.0, *, in_scene: bool = True) -> Hypothesis:
    """Look at a proposed window closely and add what its lines and its texture say to its score."""
    return glance_at(view, window).judged(score, in_scene=in_scene)


def _well_set(patch: Patch, lines: Sequence[FoundLine]) -> tuple[FoundLine, ...]:
    """Judge what the lines lie in; what is worse than no line is not worth a look."""
    looked_at = [line for line in lines if line.quality > LEAST_QUALITY]
    plausible = dict(zip(map(id, looked_at), plausibilities(patch, looked_at), strict=True))
    return tuple(replace(line, plausible=plausible.get(id(line), line.plausible)) for line in lines)


def _is_plain(line: FoundLine) -> bool:
    """Tell what is surely a line on a membrane from a row of letters, which has gaps."""
    return line.plausible > PLAUSIBLE and line.full == 1 and line.quality > CLOSE_QUALITY


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
