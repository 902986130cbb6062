"""Put what was found out about a strip into the contract's words and units."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from reader.flags import rejects
from reader.geometry import Window
from reader.interpret.assign import NamedLine
from reader.interpret.verdict import decide
from reader.measure.membrane import LineFit, MembraneFit
from reader.reading import Analyte, Line, Outcome, Profile, Quad, StripReading
from reader.strip.doubts import PATTERNED, doubt, undecided
from reader.strip.findings import Findings, has_test_line
from reader.strip.weigh import weigh

__all__ = ["profile_of", "to_reading", "without_strip"]

DOUBT = 0.15  # share of wrong calls that is accepted where the evidence is weakest
WEAK_CONTROL = 0.05  # absorbance: a tenth of a usual control line
# What a phone's tone curve, colours, flare and sharpness do to all lines of a photo alike, which the picture
# does not tell: heights in simulated photos scatter by 0.10 about the truth, in two real ones of a strip by
# 0.09. Areas also have the error of the scale.
HEIGHT_GAIN, AREA_GAIN = 0.10, 0.12  # share of the value, as a standard error
_OF_THE_PLACE = ("orientation-assumed", "scale-unknown")  # flags that do not concern a membrane
FULL = 0.99  # share of the width that a whole line covers


def to_reading(seen: Findings, number: int) -> StripReading:
    """Judge what was found out about a strip and put its result together.

    Parameters
    ----------
    seen : Findings
        All that was found out.
    number : int
        The strip's id in the reading.
    """
    assay, naming, fit = seen.assay, seen.naming, seen.fit
    window = seen.best.window.reversed() if naming.reverse else seen.best.window
    scale = window.length / assay.window_mm[0] if assay.window_mm else None
    named = list(zip(naming.lines, fit.lines, strict=True))
    lines = sorted((_line(n, f, window, seen) for n, f in named), key=lambda line: line.position or 0.0)
    verdict = decide(assay, weigh(named), doubt=DOUBT)
    flags = _flags(seen, verdict.outcome)
    outcome, analytes, summary = verdict.outcome, verdict.analytes, verdict.summary
    reason = doubt(seen, flags, outcome)
    if reason is not None:
        outcome, summary = Outcome.INDETERMINATE, reason
        analytes = undecided(analytes)
    if rejects(flags):
        outcome = Outcome.NOT_READ
        analytes = {name: Analyte(Outcome.NOT_READ) for name in analytes}
        summary = "The picture does not allow a reading."
    device = "cassette" if assay.kind == "any" else assay.kind
    outline = seen.candidate.device
    return StripReading(
        id=number,
        kind="window" if seen.candidate.close_up else device,
        assay=assay.id,
        outline=None if outline is None else _quad_along(outline, window),
        window=window.quad(),
        orientation="known" if naming.known else "assumed",
        outcome=outcome,
        summary=summary,
        analytes=analytes,
        lines=tuple(lines),
        px_per_mm=scale,
        quality=seen.quality.values,
        flags=flags,
        profile=profile_of(fit, reverse=naming.reverse),
    )


def without_strip(reading: StripReading) -> StripReading:
    """Return the reading of a window that holds no strip: no line is there, and none could be measured."""
    return replace(
        reading,
        outcome=Outcome.INVALID,
        summary="There is no strip in the device's window.",
        analytes={name: Analyte(Outcome.INVALID) for name in reading.analytes},
        lines=tuple(
            Line(line.name, line.role, False, None, None, None, None, None, None, None)
            for line in reading.lines
        ),
        flags=("no-control-line", "no-strip-in-window", *(f for f in reading.flags if f in _OF_THE_PLACE)),
        profile=None,
    )


def _quad_along(outline: Window, window: Window) -> Quad:
    """Return the corners of a device, beginning at the control end of its window."""
    same_way = outline.flow[0] * window.flow[0] + outline.flow[1] * window.flow[1] > 0
    return (outline if same_way else outline.reversed()).quad()


def _line(named: NamedLine, fit: LineFit, window: Window, seen: Findings) -> Line:
    """Turn a fitted line into the contract's units: mm when the scale is known, else px."""
    step = seen.step
    unit = step * seen.assay.window_mm[0] / window.length if seen.assay.window_mm else step
    place = fit.place * step / window.length
    position = min(max(1 - place if seen.naming.reverse else place, 0.0), 1.0)
    return Line(
        name=named.name,
        role="control" if named.role == "control" else "test",
        detected=named.present > 0.5,
        center=window.at(position),
        position=position,
        height=fit.height,
        height_sigma=math.hypot(fit.height_sigma, HEIGHT_GAIN * fit.height),
        area=fit.area * unit,
        area_sigma=math.hypot(fit.area_sigma, AREA_GAIN * fit.area) * unit,
        snr=fit.height / fit.height_sigma,
    )


def profile_of(fit: MembraneFit, *, reverse: bool) -> Profile:
    """Return the profile of a fitted membrane from its control end, which is the right one if `reverse`."""
    count = len(fit.profile)
    position = (np.arange(count) + 0.5) / count
    step = -1 if reverse else 1
    return Profile(position, fit.profile[::step].copy(), fit.baseline[::step].copy())


def _flags(seen: Findings, outcome: Outcome) -> tuple[str, ...]:
    """Say what a user should know about this strip, rejecting flags first."""
    candidate, best, naming, fit = seen.candidate, seen.best, seen.naming, seen.fit
    control = next((k for k, n in enumerate(naming.lines) if n.role == "control"), None)
    there = control is not None and naming.lines[control].present > 0.5
    checks = {
        "no-control-line": not there,
        "weak-control": there and control is not None and fit.lines[control].height < WEAK_CONTROL,
        "partial-line": there and best.control is not None and best.control.full < FULL,
        "orientation-assumed": not naming.known,
        "control-assumed": there and not has_test_line(naming) and not naming.known,
        "unexpected-line": any(n.unexpected for n in naming.lines),
        "faint-line": outcome is Outcome.INDETERMINATE or (there and seen.faint),
        "patterned": seen.foreign in PATTERNED,
        "window-uncertain": not candidate.close_up and not there and candidate.odds < 5.0,
        "scale-unknown": seen.assay.window_mm is None,
    }
    return (*seen.quality.flags, *(code for code, raised in checks.items() if raised))
