"""Read one strip: gather what its hypotheses saw, name the lines, measure them, judge, decide."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reader.flags import rejects
from reader.geometry import Window
from reader.interpret.assay import Assay
from reader.interpret.assign import Assignment, NamedLine, SeenLine, assign
from reader.interpret.flow import LetterPlaces
from reader.interpret.labels import LABELS
from reader.interpret.verdict import Evidence, decide
from reader.locate.direction import Direction, read_direction
from reader.locate.hypothesis import Candidate, Hypothesis, looking_aside, patch_of
from reader.measure.evidence import (
    CLEAR_TINT,
    PLAUSIBLE,
    RIM_HEIGHT,
    control_height_probability,
    is_fine_shadow,
    line_probability,
)
from reader.measure.faint import FaintLine, find_faint_line
from reader.measure.foreign import bars_beside, foreign_to_a_strip, foreign_to_any_device
from reader.measure.lines import END_TRIM, FoundLine, Patch, is_flank
from reader.measure.membrane import LineFit, MembraneFit, measure_lines
from reader.measure.quality import Quality, assess
from reader.photo import Photo
from reader.reading import Analyte, Line, Outcome, Profile, Quad, StripReading
from reader.view import View

__all__ = ["read_strip", "without_patterns"]

FINEST_ROWS, COARSEST_ROWS = 128, 16  # samples across the membrane: native resolution within these
LONGEST = 2000  # samples along it
SAME_LINE = 0.25  # membrane widths: nearer than this, two hypotheses saw the same line
SURE = 0.9  # setting of a line that is surely no rim
MOST_BLIND = 0.6  # weight of windows that need not be heard: some must have seen the line
SHARPEN = 5.0  # slope on the log-odds of averaged probabilities: averaging blurs them
EVEN = 0.61  # averaged probability at which presence and absence of a test line are equally likely
DOUBT = 0.15  # share of wrong calls that is accepted where the evidence is weakest
# Less is accepted for a lone line: the device then makes a missing control line five times as likely as it
# is at large, while lone control lines stay ten times below that.
LONE_DOUBT = 0.05
WEAK_CONTROL = 0.05  # absorbance: a tenth of a usual control line
CONTROL_SNR = 3.0  # standard errors above blank membrane at which a control line is even odds
SHOWN_SNR = 1.0  # standard errors above blank membrane at which a test line is even odds
PRESENT, CLEAR_SNR = 0.9, 5.0  # probability and standard errors of a line whose width can be trusted
# log10 between the channels of the ground: one stripe on a body of such a colour may be its decoration.
COLOURED = 0.2
NOTHING_THERE = 0.01  # probability that is left to a line whose measured height is not even positive
FULL = 0.99  # share of the width that a whole line covers
PLAIN_FAINT_SNR = 2.0  # standard errors by which it must measurably be there, in the label's own colour
PLAIN_FAINT = 0.95  # probability of a faint line that has all but strength
LEAST_WEIGHT = 0.1  # of a hypothesis that is worth a doubt
RIM_REACH = 0.6  # membrane widths from an end that a rim's coloured shade may reach
PLAIN_MARK = 0.05  # absorbance: what anyone sees at once
MARK_HEIGHT = 0.02  # absorbance: fainter dirt counts as the membrane's own noise
UNLIKE_LINES = "What crosses the window does not look like the lines of one strip."
PRINT = "What crosses the window is print, or the joints between other things."
PATTERN = "Bars like those in the window lie directly beside it, as in a pattern."
DEFAULT_SIGMA = 0.12  # membrane widths: 0.9 mm FWHM on a 3.3 mm membrane


@dataclass(frozen=True, slots=True)
class _Seen:
    """A line that one or more hypotheses saw, by its place along the first one's axis (px)."""

    along: float
    sigma_px: float
    present: float
    control: float
    line: FoundLine


@dataclass(frozen=True, slots=True)
class _Measured:
    """All that was found out about one strip."""

    candidate: Candidate
    best: Hypothesis
    assay: Assay
    naming: Assignment
    fit: MembraneFit
    quality: Quality
    step: float  # pixels of the photo per sample of the fit
    coloured: bool  # whether the picture shows colours
    faint: bool  # whether the only test line is one too faint for the search, or may be
    suspected: bool  # whether it may be one that is too faint to be called
    foreign: str | None  # what shows that what was found are no lines, if anything does


def read_strip(photo: Photo, view: View, candidate: Candidate, assay: Assay, number: int) -> StripReading:
    """Read one strip of a photo.

    Parameters
    ----------
    photo : Photo
        The photo, for its format and compression.
    view : View
        The same photo, to look into.
    candidate : Candidate
        Where the strip may lie.
    assay : Assay
        What its lines mean.
    number : int
        The strip's id in the reading.
    """
    seen = _gather(candidate)
    best = _best_window(candidate, seen)
    direction = Direction() if candidate.close_up else read_direction(view, best.window)
    shares = [_share(s, candidate.hypotheses[0].window, best.window) for s in seen]
    sigma = _typical_sigma(best)
    rows = min(max(round(best.window.width), COARSEST_ROWS), FINEST_ROWS)
    rows = min(rows, max(COARSEST_ROWS, int(LONGEST * best.window.width / best.window.length)))
    patch = patch_of(view, best.window, rows)

    def measured(seen: Sequence[SeenLine]) -> tuple[Assignment, MembraneFit]:
        naming = assign(assay, seen, odds=direction.odds, sigma=sigma, letters=_letter_places(direction))
        return naming, _measure(patch, best, assay, naming)

    naming, fit = measured(shares)
    refuted = [n.place for n, line in zip(naming.lines, fit.lines, strict=True) if line.height <= 0]
    left = [s for s in shares if all(abs(s.place - place) > 1e-6 for place in refuted)]
    if len(left) < len(shares):
        naming, fit = measured(left)
    faint = _faint(view, best, naming)
    if faint is not None and faint.plain:
        again = measured([*left, _as_seen(faint, best)])
        if all(line.height > PLAIN_FAINT_SNR * line.height_sigma for line in again[1].lines):
            naming, fit = again
    lean = _lean(best)
    quality = assess(
        photo.pixels,
        best.window,
        noise=fit.noise,
        baseline=fit.baseline,
        jpeg_quality=photo.jpeg_quality,
        lean=lean,
        narrowest=_narrowest(naming, fit, patch.rows),
    )
    step = best.window.width / patch.rows
    coloured = not photo.grey
    foreign = _foreign(view, candidate, best, naming, coloured=coloured)
    suspected = faint is not None and not any(n.role == "test" and n.present > 0.5 for n in naming.lines)
    there = faint is not None
    return _reading(
        _Measured(candidate, best, assay, naming, fit, quality, step, coloured, there, suspected, foreign),
        number,
    )


def _faint(view: View, h: Hypothesis, naming: Assignment) -> FaintLine | None:
    """Look for a test line too faint to be found by itself; beside another one, only for a plain one."""
    if h.control is None:
        return None
    bars = [line for line in h.lines if line.height > PLAIN_MARK and line is not h.control]
    tested = any(n.role == "test" and n.present > 0.5 for n in naming.lines)
    there = [line for line in _found_lines(h, naming) if line is not h.control]
    faint = find_faint_line(patch_of(view, h.window), h.control, [*bars, *there], beside=tested)
    return faint if faint is None or faint.plain or not tested else None


def _as_seen(faint: FaintLine, h: Hypothesis) -> SeenLine:
    """Return a plain faint line as one that was seen."""
    place = faint.place * h.window.width / h.window.length
    return SeenLine(place, _typical_sigma(h), PLAIN_FAINT, 0.0)


def without_patterns(strips: tuple[StripReading, ...]) -> tuple[StripReading, ...]:
    """Call none of the strips of a picture in which one was told to be a part of a print or a pattern.

    What is found beside it is what it was taken for: another part of the same.
    """
    if not any("patterned" in strip.flags for strip in strips):
        return strips
    return tuple(
        _held(strip) if strip.outcome in {Outcome.POSITIVE, Outcome.NEGATIVE} else strip for strip in strips
    )


def _held(strip: StripReading) -> StripReading:
    return replace(
        strip,
        outcome=Outcome.INDETERMINATE,
        summary=PATTERN,
        analytes=_undecided(strip.analytes),
        flags=(*strip.flags, "patterned"),
    )


def _undecided(analytes: Mapping[str, Analyte]) -> dict[str, Analyte]:
    return {name: replace(a, outcome=Outcome.INDETERMINATE, confidence=None) for name, a in analytes.items()}


def _foreign(
    view: View, candidate: Candidate, h: Hypothesis, naming: Assignment, *, coloured: bool
) -> str | None:
    """Return what shows that the bars that were found are no lines of a test, if anything does."""
    lines = _found_lines(h, naming)
    if not lines:
        return None
    patch = patch_of(view, h.window)
    if foreign_to_a_strip(patch, lines, alone=sum(n.present > 0.5 for n in naming.lines) == 1):
        return UNLIKE_LINES
    if candidate.close_up:
        return None
    if foreign_to_any_device(patch, lines, h.lines, coloured=coloured):
        return PRINT
    if bars_beside(patch, looking_aside(view, h.window), lines):
        return PATTERN
    return None


def _letter_places(direction: Direction) -> LetterPlaces:
    letters = direction.letters
    return LetterPlaces(letters.odds < 0, letters.control, letters.test)


def _narrowest(naming: Assignment, fit: MembraneFit, rows: int) -> float | None:
    """Return the sigma of the narrowest line that is clearly there, membrane widths."""
    clear = [
        line.sigma / rows
        for n, line in zip(naming.lines, fit.lines, strict=True)
        if n.present > PRESENT and line.height > CLEAR_SNR * line.height_sigma
    ]
    return min(clear, default=None)


def _measure(patch: Patch, h: Hypothesis, assay: Assay, naming: Assignment) -> MembraneFit:
    aspect = h.window.length / h.window.width
    places = [(n.place * aspect, n.sigma * aspect) for n in naming.lines]
    return measure_lines(patch, places, LABELS[assay.label].weights, _marks(h, places))


def _gather(candidate: Candidate) -> list[_Seen]:
    """Collect the lines that the hypotheses saw; each with its probability over all of them."""
    first = candidate.hypotheses[0].window
    found: list[_Seen] = []
    for h in candidate.hypotheses:
        control = h.control
        if control is None:
            continue
        aspect = h.window.length / h.window.width
        for line in h.lines:
            is_control = line is control
            if any(is_flank(line, other) for other in h.lines):
                continue
            p = h.control_probability if is_control else h.membrane * _beside_control(line, control, aspect)
            along = _along(h.window, line.place / aspect, first)
            twin = next(
                (k for k, s in enumerate(found) if abs(s.along - along) < SAME_LINE * first.width), None
            )
            share = h.weight * p
            as_control = share if is_control else 0.0
            if twin is None:
                found.append(_Seen(along, line.sigma * h.window.width, share, as_control, line))
            else:
                s = found[twin]
                found[twin] = replace(s, present=s.present + share, control=s.control + as_control)
    found = [replace(s, present=min(s.present / (1 - _blind(candidate, s)), 1.0)) for s in found]
    return [replace(s, present=_sharpen(s.present, EVEN), control=_sharpen(s.control, 0.5)) for s in found]


def _blind(candidate: Candidate, seen: _Seen) -> float:
    """Return the weight of the windows that hold a line, but so near to an end that none is looked for there.

    Where others see one as coloured as a label, and well set, so that it is no rim, these say nothing.
    """
    if seen.line.tint < CLEAR_TINT or seen.line.plausible < SURE:
        return 0.0
    first = candidate.hypotheses[0].window
    weight = 0.0
    for h in candidate.hypotheses:
        apart = seen.along - _along(h.window, 0.5, first)
        within = (h.window.length / 2 - abs(apart)) / h.window.width
        weight += h.weight * (0 < within < END_TRIM)
    return min(weight, MOST_BLIND)


def _beside_control(line: FoundLine, control: FoundLine, aspect: float) -> float:
    """Return how probable a line is that is not the likeliest control.

    Beside a line on a membrane less is asked of it than of a line by itself: where the likeliest control
    is a mere ripple, or lies on no membrane, it must lie on one itself.
    """
    marked = control.plausible * control_height_probability(control.height)
    on_membrane = max(marked, line.plausible) / PLAUSIBLE
    return min(on_membrane, 1.0) * line_probability(line, control, aspect)


def _along(window: Window, place: float, axis: Window) -> float:
    """Project a place of one window on the axis of another, px from its centre."""
    x, y = window.at(place)
    u = axis.flow
    return (x - axis.x) * u[0] + (y - axis.y) * u[1]


def _sharpen(p: float, even: float) -> float:
    p = min(max(p, 1e-3), 1 - 1e-3)
    odds = SHARPEN * (math.log(p / (1 - p)) - math.log(even / (1 - even)))
    return 1 / (1 + math.exp(-odds))


def _best_window(candidate: Candidate, seen: Sequence[_Seen]) -> Hypothesis:
    """Return the weightiest hypothesis that holds all probable lines, or else the weightiest."""
    first = candidate.hypotheses[0].window
    probable = [s for s in seen if s.present > 0.5]
    for h in candidate.hypotheses:
        centre = _along(h.window, 0.5, first)
        if all(abs(s.along - centre) < 0.5 * h.window.length - s.sigma_px for s in probable):
            return h
    return candidate.hypotheses[0]


def _share(seen: _Seen, axis: Window, window: Window) -> SeenLine:
    """Return a seen line by its share of the chosen window's length."""
    centre = _along(window, 0.5, axis)
    same_way = axis.flow[0] * window.flow[0] + axis.flow[1] * window.flow[1] > 0
    offset = (seen.along - centre) / window.length * (1 if same_way else -1)
    place = min(max(0.5 + offset, 0.0), 1.0)
    return SeenLine(place, seen.sigma_px / window.length, seen.present, seen.control)


def _typical_sigma(h: Hypothesis) -> float:
    """Line sigma to expect, window lengths: that of the control line when there is one."""
    sigma = h.control.sigma if h.control is not None and h.control_probability > 0.5 else DEFAULT_SIGMA
    return sigma * h.window.width / h.window.length


def _marks(h: Hypothesis, places: Sequence[tuple[float, float]]) -> list[tuple[float, float]]:
    """Return what stands out of the membrane and is none of the lines that are measured."""
    strong = [line for line in h.lines if line.height > MARK_HEIGHT]
    return [
        (line.place, line.sigma)
        for line in strong
        if all(abs(line.place - place) > SAME_LINE for place, _ in places)
    ]


def _lean(h: Hypothesis) -> float:
    return h.control.slope if h.control is not None and h.control_probability > 0.5 else 0.0


def _reading(seen: _Measured, number: int) -> StripReading:
    """Put the strip's result together."""
    assay, naming, fit = seen.assay, seen.naming, seen.fit
    window = seen.best.window.reversed() if naming.reverse else seen.best.window
    scale = window.length / assay.window_mm[0] if assay.window_mm else None
    named = list(zip(naming.lines, fit.lines, strict=True))
    lines = sorted((_line(n, f, window, seen) for n, f in named), key=lambda line: line.position or 0.0)
    # Beside a plainer line a faint one has been told from shading; by itself it has only its height.
    beside = any(n.role == "test" and n.present > PRESENT and f.height > PLAIN_MARK for n, f in named)
    evidence = {n.name: _evidence(n, f, beside=beside) for n, f in named if not n.unexpected}
    verdict = decide(assay, _given_control(assay, evidence), doubt=DOUBT)
    flags = _flags(seen, verdict.outcome)
    outcome, analytes, summary = verdict.outcome, verdict.analytes, verdict.summary
    doubt = _doubt(seen, flags, outcome)
    if doubt is not None:
        outcome, summary = Outcome.INDETERMINATE, doubt
        analytes = _undecided(analytes)
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
        profile=_profile(fit, reverse=naming.reverse),
    )


def _quad_along(outline: Window, window: Window) -> Quad:
    """Return the corners of a device, beginning at the control end of its window."""
    same_way = outline.flow[0] * window.flow[0] + outline.flow[1] * window.flow[1] > 0
    return (outline if same_way else outline.reversed()).quad()


def _doubt(seen: _Measured, flags: tuple[str, ...], outcome: Outcome) -> str | None:
    """Return what forbids a call, if anything does."""
    negative = outcome is Outcome.NEGATIVE
    # In a competitive test a lone control line is a positive.
    called = negative or outcome is Outcome.POSITIVE
    reasons = (
        (
            negative and "heavy-jpeg" in flags,
            "The picture is too strongly compressed to rule out a faint line.",
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
            called and _only_a_shadow(seen),
            "The only line is as fine and as grey as the groove between two materials.",
        ),
        (
            called and _decorated(seen),
            "The only line lies on a coloured ground, which may be no membrane.",
        ),
        (
            negative and _crossed(seen),
            "A mark crosses the membrane, and it is not sure whether it is a test line.",
        ),
    )
    if called and seen.foreign is not None:
        return seen.foreign
    return next((reason for holds, reason in reasons if holds), None)


def _found_lines(h: Hypothesis, naming: Assignment) -> tuple[FoundLine, ...]:
    """Return the lines that are there, as they were found."""
    aspect = h.window.length / h.window.width
    places = [n.place * aspect for n in naming.lines if n.present > 0.5]
    near = ([line for line in h.lines if abs(line.place - place) < SAME_LINE] for place in places)
    return tuple(max(found, key=lambda line: line.height) for found in near if found)


def _barred(seen: _Measured) -> bool:
    """Tell whether what is as coloured as a label, or denser than a rim, crosses a membrane without lines."""
    if any(n.present > 0.5 for n in seen.naming.lines):
        return False
    likely = (h for h in seen.candidate.hypotheses if h.weight > LEAST_WEIGHT)
    return any(
        line.height > PLAIN_MARK
        and line.full > 0.8
        and (line.tint > CLEAR_TINT or line.height > RIM_HEIGHT)
        and line.frame > 0.5
        and line.to_end > RIM_REACH
        for h in likely
        for line in h.lines
    )


def _lone_line(seen: _Measured) -> FoundLine | None:
    """Return the only line that is there, as it was found; None if there are more or none."""
    if sum(n.present > 0.5 for n in seen.naming.lines) != 1:
        return None
    return next(iter(_found_lines(seen.best, seen.naming)), None)


def _only_a_shadow(seen: _Measured) -> bool:
    """Tell whether the only line may be a shadow, in a picture that shows colours."""
    line = _lone_line(seen)
    return seen.coloured and line is not None and is_fine_shadow(line)


def _decorated(seen: _Measured) -> bool:
    """Tell whether the only line may decorate a coloured thing; a window that was cut out is surely one."""
    return not seen.candidate.close_up and seen.best.tint > COLOURED and _lone_line(seen) is not None


def _compares_unsurely(seen: _Measured) -> bool:
    """Tell whether the answer rests on a comparison of two lines that may have to change their names."""
    compared = any(line.threshold_ratio is not None for line in seen.assay.lines)
    present = [n for n in seen.naming.lines if n.present > 0.5]
    return compared and not seen.naming.known and len(present) > 1


def _crossed(seen: _Measured) -> bool:
    """Tell whether a plain mark that was not taken for a line crosses the membrane, away from its ends."""
    aspect = seen.best.window.length / seen.best.window.width
    named = [n.place * aspect for n in seen.naming.lines if n.present > 0.5]
    return any(
        line.height > PLAIN_MARK
        and line.full > 0.9
        and line.step < 0.3
        and line.to_end > 1.0
        and all(abs(line.place - place) > SAME_LINE for place in named)
        and not any(is_flank(line, other) for other in seen.best.lines)
        for line in seen.best.lines
    )


def _evidence(named: NamedLine, fit: LineFit, *, beside: bool) -> Evidence:
    """Join what the search and the measurement say: what looks like a line must measurably be one.

    ``beside`` tells that a plain test line is there to compare a control line with.
    """
    present = named.present if fit.height > 0 else min(named.present, NOTHING_THERE)
    if named.role == "control":
        excess = fit.height / fit.height_sigma - CONTROL_SNR
        present *= 0.5 * math.erfc(-excess / math.sqrt(2))
        present *= 1.0 if beside else control_height_probability(fit.height)
    else:
        excess = fit.height / fit.height_sigma - SHOWN_SNR
        shown = 0.5 * math.erfc(-excess / math.sqrt(2))
        # A poor measurement does not show that there is none, either.
        present = max(present * shown, min(present, 0.5))
    return Evidence(present, fit.height, fit.height_sigma)


def _given_control(assay: Assay, evidence: Mapping[str, Evidence]) -> dict[str, Evidence]:
    """Return the lines with the test lines' probabilities given that the control line is one.

    Whether they lie on a membrane at all is one doubt, which both hold; a verdict that multiplies them must
    not count it twice.
    """
    controls = {line.name for line in assay.lines if line.role == "control"}
    there = min((evidence[name].present for name in controls if name in evidence), default=1.0)
    if there < 0.5:
        return dict(evidence)
    return {
        name: e if name in controls else replace(e, present=min(e.present / there, 1.0))
        for name, e in evidence.items()
    }


def _line(named: NamedLine, fit: LineFit, window: Window, seen: _Measured) -> Line:
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
        height_sigma=fit.height_sigma,
        area=fit.area * unit,
        area_sigma=fit.area_sigma * unit,
        snr=fit.height / fit.height_sigma,
    )


def _profile(fit: MembraneFit, *, reverse: bool) -> Profile:
    count = len(fit.profile)
    position = (np.arange(count) + 0.5) / count
    step = -1 if reverse else 1
    return Profile(position, fit.profile[::step].copy(), fit.baseline[::step].copy())


def _flags(seen: _Measured, outcome: Outcome) -> tuple[str, ...]:
    """Say what a user should know about this strip, rejecting flags first."""
    candidate, best, naming, fit = seen.candidate, seen.best, seen.naming, seen.fit
    control = next((k for k, n in enumerate(naming.lines) if n.role == "control"), None)
    there = control is not None and naming.lines[control].present > 0.5
    tests = [n for n in naming.lines if n.role == "test" and n.present > 0.5]
    checks = {
        "no-control-line": not there,
        "weak-control": there and control is not None and fit.lines[control].height < WEAK_CONTROL,
        "partial-line": there and best.control is not None and best.control.full < FULL,
        "orientation-assumed": not naming.known,
        "control-assumed": there and not tests and not naming.known,
        "unexpected-line": any(n.unexpected for n in naming.lines),
        "faint-line": outcome is Outcome.INDETERMINATE or (there and seen.faint),
        "patterned": seen.foreign in {PRINT, PATTERN},
        "window-uncertain": not candidate.close_up and not there and candidate.odds < 5.0,
        "scale-unknown": seen.assay.window_mm is None,
    }
    return (*seen.quality.flags, *(code for code, raised in checks.items() if raised))
