"""How probable it is that what was found is a test line.

A logistic model of what makes a line a line: strength against the membrane's own noise, agreement
across the width, the control line's colour, the same membrane on both sides, straightness, distance
from the rim. Its weights are fitted by ``benchmarks/fit_evidence.py`` and lie in ``evidence.json``.
"""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from functools import cache
from importlib.resources import files

import numpy as np

from reader.measure.lines import FoundLine

__all__ = [
    "CLEAR_TINT",
    "FARTHEST",
    "FEATURES",
    "PLAUSIBLE",
    "RIM_HEIGHT",
    "control_height_probability",
    "control_probability",
    "is_dyed",
    "is_fine_shadow",
    "is_ghost",
    "is_join",
    "is_rim",
    "likely_control",
    "line_features",
    "line_probability",
]

FEATURES = (
    "height",
    "snr",
    "block_snr",
    "colour",
    "step",
    "full",
    "least",
    "uneven",
    "unexplained",
    "bend",
    "lean",
    "to_end",
    "ratio",
    "misplaced",
    "crowded",
    "sigma_ratio",
    "separation",
    "frame",
    "setting",
)
# Lines are striped 2.5 to 8 mm apart on membranes of 3 to 5 mm that show 12 to 25 mm: control and test line
# lie at most 0.58 window lengths apart, and neighbours at least 0.8 membrane widths.
FARTHEST = 0.58
NEAREST = 0.8
MISPLACED = 0.1  # window lengths beyond that count: kits with many lines reach farther
WIDEST = 1.0  # natural log of the ratio of widths beyond which nothing more is told
OPEN = 10.0  # `FoundLine.to_end` where both ends are cut: there is no rim, and no window to be shared
PLAUSIBLE = 0.5  # `FoundLine.plausible` from which on a line lies in a membrane rather than not
CLEAR_TINT = 0.5  # 1 - min/max of the channels' absorbances

# A rim is grey, as far as its edge is sharp, where a line has the control's colour or one of its own; it lets
# more light through than the densest lines, and neither the window's sides nor its ground go on behind it.
RIM_REACH = 1.5  # membrane widths from an end
RIM_TINT, RIM_PALER = 0.25, 0.2  # its tint, and by how much the control's exceeds it
RIM_HEIGHT = 0.6  # absorbance
RIM_FRAME, RIM_PLAUSIBLE = 0.8, 0.9
RIM_STEP = (
    0.35  # difference of level on both sides over the height; paler real lines near an end stay below 0.3
)
# In a grey picture only the sides tell: they end where the recess begins. Rims have 0.25 to 0.45, lines 0.8.
COLOURLESS, GREY_FRAME = 0.01, 0.55
# Where two materials meet, nearly all that surrounds a line speaks against it, sides included.
JOIN_FRAME, JOIN_PLAUSIBLE = 0.75, 0.05

# Where protein was striped, a membrane that no label has reached may be a trace darker, or bear the groove of
# the dispenser: grey, where the control is coloured. The least like of 60 real lines as faint has 0.96.
GHOST_HEIGHT = 0.04  # absorbance
LIKENESS = 0.95  # cosine between its colour and the control line's: 18 degrees

# A shadow in the groove between two materials: grey, finer than a line of 0.8 mm, which on a membrane of 4 mm
# has a sigma of 0.085 widths, and not as dense as a black label's line.
FINE_TINT, FINE_SIGMA, FINE_HEIGHT = 0.12, 0.085, 0.4
# The tint of one as faint as that (absorbance) is not sure to better than this.
FAINT_GROOVE, FAINT_TINT = 0.1, 0.25

# No shade takes light from two channels and none from the third: a bar of such a colour, as plain as a line
# and set like one, was dyed. A control line's own flank lies nearer to it (widths). The strongest bar of so
# much colour beside the control lines of 701 real negatives has 0.026.
DYED_TINT, DYED_HEIGHT, DYED_QUALITY, DYED_APART = 0.8, 0.035, -1.0, 0.4
DYED = 0.95  # probability

# A control line's quality is about -0.2 in sharp photos; -1.6 is exceeded by 99.5 % of them.
# Controls below 0.05 absorbance are one in a hundred, and shading inside an unused window reaches 0.02;
# no label is denser than about 2 in any channel, but print is.
CONTROL_HEIGHTS = (0.03, 2.0)
CONTROL_MIDDLE, CONTROL_SPREAD = -1.5, 0.15
# The same without what the height adds to it: letters reach 0.0, 98 % of control lines exceed 0.15.
FORM_MIDDLE, FORM_SPREAD = 0.05, 0.03


def likely_control(lines: Sequence[FoundLine]) -> FoundLine | None:
    """Return the line that looks most like a line; strength beyond a clear line does not count.

    One that lies in a membrane, as far as its surroundings tell, comes before any that does not. Beside a
    coloured line well inside the membrane a rim is none.
    """
    sure = [line for line in lines if line.plausible > RIM_PLAUSIBLE and line.height > CONTROL_HEIGHTS[0]]
    likely = [line for line in lines if not any(is_rim(line, other) for other in sure)]
    return max(likely, key=lambda line: (line.plausible > PLAUSIBLE, line.quality), default=None)


def control_probability(line: FoundLine | None) -> float:
    """Return how probable it is that this is a line at all, 0..1, from its quality."""
    if line is None:
        return 0.0
    strength = control_height_probability(line.height)
    strongest = math.log10(max(float(line.colour.max()), 1e-4))
    strength *= _logistic((math.log10(CONTROL_HEIGHTS[1]) - strongest) / 0.02)
    strength *= line.plausible * _logistic((line.form - FORM_MIDDLE) / FORM_SPREAD)
    return strength * _logistic((line.quality - CONTROL_MIDDLE) / CONTROL_SPREAD)


def control_height_probability(height: float) -> float:
    """Return how probable it is that a bar of this absorbance is as strong as a control line, 0..1."""
    return _logistic((math.log10(max(height, 1e-4)) - math.log10(CONTROL_HEIGHTS[0])) / 0.06)


def line_features(line: FoundLine, control: FoundLine, aspect: float) -> tuple[float, ...]:
    """Describe a candidate test line by numbers, in the order of `FEATURES`.

    Parameters
    ----------
    line, control : FoundLine
        The candidate and the strip's control line.
    aspect : float
        Length of the window over its width.
    """
    separation = abs(line.place - control.place)
    share = separation / aspect
    return (
        _log(line.height, 0.003, 0.5),
        _log(line.snr, 1, 30),
        _log(line.block_snr, 1, 60),
        max(_likeness(line, control), 0.5),
        min(line.step, 2.0),
        line.full,
        max(line.least, -1.0),
        min(line.uneven, 2.0),
        _log(1 - line.explained, 0.01, 1),
        min(line.bend, 0.2),
        min(abs(line.slope - control.slope), 0.4),
        min(line.to_end, 1.2),
        _log(line.height / max(control.height, 1e-6), 0.01, 1),
        0.0 if line.to_end >= OPEN else min(max(share - FARTHEST, 0.0), MISPLACED),
        max(0.0, NEAREST - separation),
        min(abs(math.log(line.sigma / control.sigma)), WIDEST),
        min(separation, 1.5),
        line.frame,
        _log(line.plausible, 0.01, 1),
    )


def line_probability(line: FoundLine, control: FoundLine, aspect: float) -> float:
    """Return how probable it is that a found line is a test line, 0..1."""
    # What stands out more than the control line cannot be told to be the shadow by it.
    paler_join = is_join(line) and line.height < control.height
    if paler_join or is_rim(line, control) or is_ghost(line, control):
        return 0.0
    weights, intercept = _model()
    score = intercept + sum(w * v for w, v in zip(weights, line_features(line, control, aspect), strict=True))
    return max(_logistic(score), DYED if is_dyed(line, control) else 0.0)


def is_rim(line: FoundLine, control: FoundLine) -> bool:
    """Tell whether a bar is the rim at an end of the window: by its place, its colour and what is behind."""
    paler = line.tint < control.tint - RIM_PALER
    grey = line.tint < RIM_TINT and line.frame < RIM_FRAME
    # In the light of a lamp a rim's shade has a tint of its own; the bevel behind it lies at another level.
    stepped = line.step > RIM_STEP
    ends = line.to_end < RIM_REACH and line.height < RIM_HEIGHT
    if max(line.tint, control.tint) < COLOURLESS:
        return ends and line.frame < GREY_FRAME
    return paler and (grey or stepped) and ends and line.plausible < RIM_PLAUSIBLE


def is_join(line: FoundLine) -> bool:
    """Tell whether a bar is the shadow at which two materials meet, by what is before and after it."""
    return line.plausible < JOIN_PLAUSIBLE and line.frame < JOIN_FRAME and line.height < RIM_HEIGHT


def is_ghost(line: FoundLine, control: FoundLine) -> bool:
    """Tell whether a bar is too faint to have a dye of its own, and not of the control line's colour."""
    # A control line as faint as that does not show its own colour well enough.
    return line.height < GHOST_HEIGHT < control.height and _cosine(line, control) < LIKENESS


def is_dyed(line: FoundLine, control: FoundLine) -> bool:
    """Tell whether a bar beside a control line is so coloured, whole and well set that it must be a line."""
    coloured = line.tint > DYED_TINT and line.height > DYED_HEIGHT and line.plausible > RIM_PLAUSIBLE
    plain = line.full == 1 and line.quality > DYED_QUALITY
    return coloured and plain and abs(line.place - control.place) > DYED_APART


def is_fine_shadow(line: FoundLine) -> bool:
    """Tell whether a bar, seen in colour, is as fine and as grey as the groove between two materials."""
    grey = FAINT_TINT if line.height < FAINT_GROOVE else FINE_TINT
    return line.tint < grey and line.sigma < FINE_SIGMA and line.height < FINE_HEIGHT


@cache
def _model() -> tuple[tuple[float, ...], float]:
    text = files("reader.measure").joinpath("evidence.json").read_text("utf-8")
    model = json.loads(text)
    return tuple(model["weights"][name] for name in FEATURES), model["intercept"]


def _likeness(line: FoundLine, control: FoundLine) -> float:
    """Return how far a line's colour speaks for a label: that of the control line, or any clear colour.

    Shadows, folds and dirt are grey; a line of another colour than the control's is usual in kits whose
    control has its own dye.
    """
    return max(_cosine(line, control), min(line.tint / CLEAR_TINT, 1.0))


def _cosine(line: FoundLine, control: FoundLine) -> float:
    norm = float(np.linalg.norm(line.colour) * np.linalg.norm(control.colour))
    return float(line.colour @ control.colour) / max(norm, 1e-9)


def _log(value: float, low: float, high: float) -> float:
    return math.log10(min(max(value, low), high))


def _logistic(score: float) -> float:
    return 1 / (1 + math.exp(-min(max(score, -40.0), 40.0)))
