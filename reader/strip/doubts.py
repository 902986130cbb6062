"""What forbids to call a strip, though its lines by themselves would allow it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from reader.interpret.assign import Assignment
from reader.locate.hypothesis import Candidate, Hypothesis, looking_aside
from reader.measure.evidence import (
    CLEAR_TINT,
    PLAUSIBLE,
    RIM_HEIGHT,
    is_fine_shadow,
    line_probability,
)
from reader.measure.foreign import (
    bars_beside,
    between_things,
    foreign_to_a_strip,
    foreign_to_any_device,
    is_ink,
    is_painted,
    is_ruled,
    is_same_beside,
    joins_materials,
    lies_alone,
    lies_on_several,
)
from reader.measure.lines import FoundLine, Patch, is_flank
from reader.reading import Analyte, Outcome, StripReading
from reader.strip.findings import PLAIN, PRESENT, SAME_LINE, Findings, found_lines, lines_there
from reader.strip.sightings import place_along
from reader.view import View

__all__ = ["CALLS", "PATTERNED", "doubt", "foreign_bars", "undecided", "without_patterns"]

# Fewer wrong calls than usual are accepted for a lone line: the device then makes a missing control line
# five times as likely as it is at large, while lone control lines stay ten times below that.
LONE_DOUBT = 0.05
# log10 between the channels of the ground: one stripe on a body of such a colour may be its decoration.
COLOURED = 0.2
UNEVEN = 0.1  # absorbance, between lines: 108 membranes in devices stay below 0.05
LEAST_WEIGHT = 0.1  # of a hypothesis that is worth a doubt
DARKEST_SHADE = 1.0  # absorbance: a tenth of the light reaches the depth of any recess
GREYER = 0.25  # tint of a groove over that of a line beside it; faint lines keep a third or more
# Of a joint of two materials: height over the control line's, difference of level over its own height, and
# membrane widths from an end beyond which it is no rim. None of 701 real negatives has one.
JOINT_SHARE, JOINT_STEP, JOINT_INSIDE = 0.5, 1.0, 1.3
# Of the shade of a rim: membrane widths from an end, `FoundLine.frame`, and tint. No real positive rests on a
# line like that; windows taken too long made positives of negatives by them.
RIM_END, RIM_FRAME, RIM_TINT = 1.15, 0.5, 0.4
RIM_REACH = 0.6  # membrane widths from an end that a rim's coloured shade may reach
UNLIKE_LINES = "What crosses the window does not look like the lines of one strip."
PRINT = "What crosses the window is print, or the joints between other things."
PATTERN = "Bars like those in the window lie directly beside it, as in a pattern."
SEVERAL = "The ground between the lines changes its colour, as that of several things beside each other does."
THING = "The only line is as sharp as paint, or brighter than its ground: a stripe on some other thing."
BETWEEN = "One thing lies at one side of the window and another at the other, as beside no device."
JOIN = "The only line is nearly grey, and the colours on both sides of it differ, as where two pads meet."
ALONE = "The window lies by itself on a darker ground, in no device and without the pads of a strip."
OUTNUMBERED = "Of so many things like windows in one picture, hardly any has the lines of a test."
PATTERNED = {PRINT, PATTERN}
CALLS = {Outcome.POSITIVE, Outcome.NEGATIVE}
# Tests that were photographed together have mostly been run: share of what was found that must be called,
# where so many or more were found.
LEAST_CALLED, MANY = 0.25, 4


def doubt(seen: Findings, flags: tuple[str, ...], outcome: Outcome) -> str | None:
    """Return what forbids a call, if anything does.

    Parameters
    ----------
    seen : Findings
        All that was found out.
    flags : tuple of str
        The strip's flags.
    outcome : Outcome
        What its lines alone would say.
    """
    negative = outcome is Outcome.NEGATIVE
    # In a competitive test a lone control line is a positive.
    called = outcome in CALLS
    reasons = (
        (
            negative and "heavy-jpeg" in flags,
            "The picture is too strongly compressed to rule out a faint line.",
        ),
        (
            negative and any(line.unexpected for line in seen.naming.lines),
            "A line lies where this kit has none, and may be the test line out of its place.",
        ),
        (
            negative and (seen.best.beside_print or _spans_a_joint(seen)),
            "Where the membrane is joined to another pad a line may hide.",
        ),
        (
            outcome is Outcome.INVALID and _barred(seen),
            "A bar crosses the membrane, and it is not sure whether it is the control line.",
        ),
        (
            called and seen.naming.without_control > LONE_DOUBT,
            "The control line may be missing: no line lies where the device seems to have it.",
        ),
        (
            called and _compares_unsurely(seen),
            "The lines are compared, and the picture does not show which of them is the control line.",
        ),
        (
            called and seen.suspected,
            "Something as wide as the control line crosses the membrane very faintly.",
        ),
        (
            outcome is Outcome.POSITIVE and _rests_on_a_rim(seen),
            "One of the lines may be the shade of the window's rim.",
        ),
        (
            called and _only_a_shadow(seen),
            "The only line is as fine and as grey as the groove between two materials.",
        ),
        (
            called and _shaded(seen),
            "One of the lines is as fine and as grey as the groove between two materials.",
        ),
        (
            called and _decorated(seen),
            "The only line lies on a coloured ground, which may be no membrane.",
        ),
        (
            called and _uneven(seen),
            "What lies between the lines is as uneven as print or a picture.",
        ),
        (
            negative and (_crossed(seen) or _cut_off(seen)),
            "A mark crosses the membrane, and it is not sure whether it is a test line.",
        ),
    )
    if called and seen.foreign is not None:
        return seen.foreign
    return next((reason for holds, reason in reasons if holds), None)


def foreign_bars(
    view: View,
    candidate: Candidate,
    h: Hypothesis,
    patches: tuple[Patch, Patch],
    naming: Assignment,
    *,
    coloured: bool,
) -> str | None:
    """Return what shows that the bars that were found are no lines of a test, if anything does.

    Parameters
    ----------
    view : View
        The photo, to look beside the window.
    candidate : Candidate
        The strip.
    h : Hypothesis
        Its window.
    patches : tuple of two Patch
        The same, seen straight: as the search saw it, and at the photo's own resolution.
    naming : Assignment
        Which of its lines are there.
    coloured : bool
        Whether the label's colour would show.
    """
    lines = found_lines(h, naming)
    if not lines:
        return None
    coarse, fine = patches
    alone = len(lines_there(naming)) == 1
    if foreign_to_a_strip(coarse, lines, alone=alone):
        return UNLIKE_LINES
    look = looking_aside(view, h.window)
    if candidate.close_up:
        # What was cut out is a window, unless its lines do not even seem to lie on a membrane.
        doubtful = any(line.plausible < PLAUSIBLE for line in lines)
        return PATTERN if doubtful and bars_beside(coarse, look, lines) else None
    reasons: tuple[tuple[str, Callable[[], bool]], ...] = (
        (PRINT, lambda: foreign_to_any_device(coarse, lines, h.lines, coloured=coloured)),
        (PRINT, lambda: coloured and candidate.device is None and is_ink(lines)),
        (PRINT, lambda: coloured and is_ruled(lines)),
        (PATTERN, lambda: bars_beside(coarse, look, lines)),
        (PRINT, lambda: coloured and is_same_beside(coarse, look)),
        (BETWEEN, lambda: between_things(coarse, look)),
        (SEVERAL, lambda: lies_on_several(coarse, lines)),
        (JOIN, lambda: coloured and alone and joins_materials(coarse, lines[0])),
        (THING, lambda: alone and is_painted(fine, lines[0])),
        (ALONE, lambda: alone and candidate.device is None and lies_alone(coarse, look)),
    )
    return next((reason for reason, holds in reasons if holds()), None)


def without_patterns(strips: tuple[StripReading, ...]) -> tuple[StripReading, ...]:
    """Call none of the strips of a picture in which one was told to be a part of a print or a pattern.

    What is found beside it is what it was taken for: another part of the same. So is what looks like a test
    among many things that do not.
    """
    if any("patterned" in strip.flags for strip in strips):
        return tuple(_held(strip, PATTERN, "patterned") for strip in strips)
    called = sum(strip.outcome in CALLS for strip in strips)
    if len(strips) < MANY or called > LEAST_CALLED * len(strips):
        return strips
    return tuple(_held(strip, OUTNUMBERED) for strip in strips)


def _held(strip: StripReading, reason: str, *flags: str) -> StripReading:
    """Return a strip without its call, if it has one."""
    if strip.outcome not in CALLS:
        return strip
    return replace(
        strip,
        outcome=Outcome.INDETERMINATE,
        summary=reason,
        analytes=undecided(strip.analytes),
        flags=(*strip.flags, *flags),
    )


def undecided(analytes: Mapping[str, Analyte]) -> dict[str, Analyte]:
    """Return the analytes as indeterminate."""
    return {name: replace(a, outcome=Outcome.INDETERMINATE, confidence=None) for name, a in analytes.items()}


def _barred(seen: Findings) -> bool:
    """Tell whether what is as coloured as a label, or denser than a rim, crosses a membrane without lines."""
    if lines_there(seen.naming):
        return False
    return any(
        line.height > PLAIN
        and line.full > 0.8
        and (line.tint > CLEAR_TINT or line.height > RIM_HEIGHT)
        and (line.frame > 0.5 or line.height > DARKEST_SHADE)
        and line.to_end > RIM_REACH
        for h in _likely(seen)
        for line in h.lines
    )


def _likely(seen: Findings) -> list[Hypothesis]:
    return [h for h in seen.candidate.hypotheses if h.weight > LEAST_WEIGHT]


def _lone_line(seen: Findings) -> FoundLine | None:
    """Return the only line that is there, as it was found; None if there are more or none."""
    if len(lines_there(seen.naming)) != 1:
        return None
    return next(iter(found_lines(seen.best, seen.naming)), None)


def _only_a_shadow(seen: Findings) -> bool:
    """Tell whether the only line may be a shadow, in a picture that shows colours."""
    line = _lone_line(seen)
    return seen.coloured and line is not None and is_fine_shadow(line)


def _rests_on_a_rim(seen: Findings) -> bool:
    """Tell whether fewer than two lines are left without those that may be the shade of a rim.

    A rim lies near an end, the window's sides do not go on behind it, and no shade has a clear colour.
    """
    rims = [
        line
        for line in found_lines(seen.best, seen.naming)
        if line.to_end < RIM_END and line.frame < RIM_FRAME and line.tint < RIM_TINT
    ]
    return bool(rims) and len(lines_there(seen.naming)) - len(rims) < 2


def _shaded(seen: Findings) -> bool:
    """Tell whether a line beside a coloured one may be a shadow: no test has both a dye and a black label."""
    lines = found_lines(seen.best, seen.naming)
    tints = [line.tint for line in lines if not is_fine_shadow(line)]
    tint = max(tints, default=0.0)
    grey = any(is_fine_shadow(line) and line.tint < GREYER * tint for line in lines)
    return seen.coloured and grey and tint > CLEAR_TINT


def _decorated(seen: Findings) -> bool:
    """Tell whether the only line may decorate a coloured thing; a window that was cut out is surely one."""
    return not seen.candidate.close_up and seen.best.tint > COLOURED and _lone_line(seen) is not None


def _uneven(seen: Findings) -> bool:
    """Tell whether the ground is unlike any membrane's; a window that was cut out is surely one."""
    return not seen.candidate.close_up and seen.best.ground > UNEVEN


def _compares_unsurely(seen: Findings) -> bool:
    """Tell whether the answer rests on a comparison of two lines that may have to change their names."""
    compared = any(line.threshold_ratio is not None for line in seen.assay.lines)
    return compared and not seen.naming.known and len(lines_there(seen.naming)) > 1


def _crossed(seen: Findings) -> bool:
    """Tell whether a plain mark that was not taken for a line crosses the membrane, away from its ends."""
    aspect = seen.best.window.length / seen.best.window.width
    named = [n.place * aspect for n in lines_there(seen.naming)]
    return any(
        line.height > PLAIN
        and line.full > 0.9
        and line.step < 0.3
        and line.to_end > 1.0
        and all(abs(line.place - place) > SAME_LINE for place in named)
        and not any(is_flank(line, other) for other in seen.best.lines)
        for line in seen.best.lines
    )


def _spans_a_joint(seen: Findings) -> bool:
    """Tell whether two materials meet well inside the window: its membrane is shorter than it seems."""
    control = seen.best.control
    return control is not None and any(
        line.plausible < PLAUSIBLE
        and line.step > JOINT_STEP
        and line.height > JOINT_SHARE * control.height
        and line.to_end > JOINT_INSIDE
        for line in seen.best.lines
    )


def _cut_off(seen: Findings) -> bool:
    """Tell whether a likely window holds a coloured line that others, which end at it, do not hold."""
    return any(
        line.height > PLAIN
        and line.tint > CLEAR_TINT
        and h.control is not None
        and line_probability(line, h.control, h.window.length / h.window.width) > PRESENT
        and not _is_named(seen, h, line)
        for h in _likely(seen)
        for line in h.lines
    )


def _is_named(seen: Findings, h: Hypothesis, line: FoundLine) -> bool:
    """Tell whether a line of any window is one of those that are there, by its place along the strip."""
    window = seen.best.window
    here = place_along(h.window, line.place * h.window.width / h.window.length, window)
    named = ((n.place - 0.5) * window.length for n in lines_there(seen.naming))
    return any(abs(here - place) < SAME_LINE * window.width for place in named)
