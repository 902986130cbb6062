"""A strip's window, seen straight: name the lines, and measure them, the faint ones too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from reader.interpret.assay import Assay
from reader.interpret.assign import Assignment, SeenLine, assign
from reader.interpret.flow import LetterPlaces
from reader.interpret.labels import LABELS
from reader.locate.direction import Direction
from reader.locate.hypothesis import Hypothesis
from reader.measure.course import straightened
from reader.measure.faint import RIM, FaintLine, find_faint_line
from reader.measure.lines import Patch
from reader.measure.membrane import MembraneFit, measure_lines, with_rounding
from reader.measure.mix import quiet_mix
from reader.measure.traces import Place, Trace, find_trace, measure_faint
from reader.strip.findings import PLAIN, PRESENT, SAME_LINE, found_lines, has_test_line, lines_there

__all__ = ["Look", "measured_lines"]

PLAIN_FAINT_SNR = 2.0  # standard errors by which it must measurably be there, in the label's own colour
PLAIN_FAINT = 0.95  # probability of a faint line that has all but strength
# A search over 2 line sigmas on both sides of a kit's place, which is counted from the control line, exceeds
# 3.55 standard errors once in a thousand blanks and 2.9 once in a hundred: what lies between is undecided.
# Anywhere on a membrane: no line of 683 real tests without one, in pictures that show traces, exceeds 4.5.
REACH = 2.0  # line sigmas: 0.8 mm
LEAST_IN_PLACE, SURE_IN_PLACE, LEAST_ANYWHERE = 2.9, 3.55, 4.5  # standard errors
UNKNOWN_END = 0.5  # standard errors
EVEN_SNR = 2.5  # standard errors of even odds, with which 3.55 make a probability of 0.85
LEAST_ROWS = 48  # samples across the membrane: 12 to 16 px/mm, below which codecs and scalers leave traces
FAINT_SNR = 5.0  # standard errors from which on a line's own place and width can be trusted
FAINT = 0.01  # absorbance: the limit of a trained eye, for which a faint line's mix of colours is made
MARK_HEIGHT = 0.02  # absorbance: fainter dirt counts as the membrane's own noise
DEFAULT_SIGMA = 0.12  # membrane widths: 0.9 mm FWHM on a 3.3 mm membrane


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """A strip's window, seen straight.

    Attributes
    ----------
    best : Hypothesis
        Where it lies, with what the search saw in it.
    assay : Assay
        What the lines mean.
    direction : Direction
        Which end is the control's.
    fine, coarse : Patch
        The window at the photo's own resolution, and as the search saw it.
    faithful : bool
        Whether the photo's compression leaves faint lines as they are.
    """

    best: Hypothesis
    assay: Assay
    direction: Direction
    fine: Patch
    coarse: Patch
    faithful: bool

    def all_lines(self, seen: Sequence[SeenLine]) -> tuple[Assignment, MembraneFit, bool]:
        """Name and measure the lines; also tell whether there is, or may be, one too faint for the search."""
        naming, fit = self._measured(seen)
        refuted = [n.place for n, line in zip(naming.lines, fit.lines, strict=True) if line.height <= 0]
        left = [s for s in seen if all(abs(s.place - place) > 1e-6 for place in refuted)]
        if len(left) < len(seen):
            naming, fit = self._measured(left)
        faint = self._faint(naming)
        if faint is not None and faint.plain:
            again = self._measured([*left, self._as_seen(faint.place, PLAIN_FAINT)])
            if all(line.height > PLAIN_FAINT_SNR * line.blank_sigma for line in again[1].lines):
                return *again, True
        traces = self._traces(naming)
        shown = [self._as_seen(trace.place, _shown(trace.snr)) for trace in traces if trace.like_line]
        if shown:
            apart = SAME_LINE / self.aspect
            others = [s for s in left if all(abs(s.place - line.place) > apart for line in shown)]
            again = self._measured([*others, *shown])
            # What is hardly seen does not tell where the control line is.
            if again[0].reverse == naming.reverse:
                naming, fit = again
        return naming, fit, faint is not None or bool(traces)

    def _traces(self, naming: Assignment) -> list[Trace]:
        """Look for lines too faint for the search where the kit has them; anywhere if that is not known."""
        control = self.best.control
        shows_traces = self.faithful and self.fine.rows >= LEAST_ROWS
        if control is None or self.best.control_probability < 0.5 or not shows_traces:
            return []
        unsure = [n for n in naming.lines if n.role == "test" and n.present < PRESENT]
        if self.assay.open_ended:
            spans = [] if has_test_line(naming) else [(RIM, self.aspect - RIM)]
            least = (LEAST_ANYWHERE, math.inf)
        else:
            reach = REACH * control.sigma
            middles = [n.place * self.aspect for n in unsure]
            spans = [(max(m - reach, RIM), min(m + reach, self.aspect - RIM)) for m in middles]
            # Places that are counted from an end which may be the wrong one are looked at twice, as it were.
            more = 0.0 if naming.known else UNKNOWN_END
            least = (LEAST_IN_PLACE + more, SURE_IN_PLACE + more)
        if not spans:
            return []
        control_place = (control.place, control.sigma)
        others = [
            *((n.place * self.aspect, n.sigma * self.aspect) for n in lines_there(naming) if n not in unsure),
            *_marks(self.best, self._places(naming)),
        ]
        mix = _faint_mix(self.fine, control_place, others, self.assay)
        found = (
            find_trace(
                self.fine,
                control_place,
                others,
                self.weights,
                span,
                mix=mix,
                coloured=self.assay.label != "carbon",
            )
            for span in spans
        )
        return [t for t in found if t is not None and t.snr > (least[0] if t.like_line else least[1])]

    def _measured(self, seen: Sequence[SeenLine]) -> tuple[Assignment, MembraneFit]:
        naming = self._named(seen)
        places = self._places(naming)
        return naming, measured_lines(self.fine, places, self.assay, _marks(self.best, places))

    def _named(self, seen: Sequence[SeenLine]) -> Assignment:
        letters = self.direction.letters
        return assign(
            self.assay,
            seen,
            odds=self.direction.odds,
            sigma=_typical_sigma(self.best),
            letters=LetterPlaces(letters.odds < 0, letters.control, letters.test),
        )

    def _places(self, naming: Assignment) -> list[Place]:
        """Return middle and sigma of the named lines, membrane widths."""
        return [(n.place * self.aspect, n.sigma * self.aspect) for n in naming.lines]

    @property
    def aspect(self) -> float:
        """Length of the window over its width."""
        return self.best.window.length / self.best.window.width

    @property
    def weights(self) -> tuple[float, float, float]:
        """Channel mix of the label."""
        return LABELS[self.assay.label].weights

    def _faint(self, naming: Assignment) -> FaintLine | None:
        """Look for a test line too faint to be found by itself; beside another one, only for a plain one."""
        control = self.best.control
        if control is None:
            return None
        tested = has_test_line(naming)
        bars = [line for line in self.best.lines if line.height > PLAIN and line is not control]
        there = [line for line in found_lines(self.best, naming) if line is not control]
        faint = find_faint_line(self.coarse, control, [*bars, *there], beside=tested)
        return faint if faint is None or faint.plain or not tested else None

    def _as_seen(self, place: float, present: float) -> SeenLine:
        """Return a faint line at a place (membrane widths) as one that was seen."""
        return SeenLine(place / self.aspect, _typical_sigma(self.best), present, control=0.0)


def measured_lines(
    patch: Patch, places: Sequence[Place], assay: Assay, marks: Sequence[Place] = ()
) -> MembraneFit:
    """Measure an assay's lines: all together, and then by itself what does not stand out.

    Parameters
    ----------
    patch : Patch
        The window at its own resolution.
    places : sequence of (float, float)
        Middle and sigma of each line, in membrane widths from the left end.
    assay : Assay
        Whose label the lines have.
    marks : sequence of (float, float), optional
        What stands out but is no line, as for `measure_lines`.
    """
    label = LABELS[assay.label]
    patch, fit = _measured_straight(patch, places, label.weights, marks)
    fit = replace(fit, lines=with_rounding(patch, fit.lines, label.weights, label.signature))
    pairs = list(zip(places, fit.lines, strict=True))
    clear = [place for place, line in pairs if line.height > PLAIN]
    faint = [place for place, line in pairs if line.height <= min(PLAIN, FAINT_SNR * line.blank_sigma)]
    if not clear or not faint:
        return fit
    mix = _faint_mix(patch, clear[0], [*faint, *clear[1:]], assay, FAINT)
    again = {
        place: with_rounding(patch, [line], mix, label.signature)[0]
        for place, line in zip(faint, measure_faint(patch, faint, clear, mix, marks), strict=True)
        if line is not None
    }
    return replace(fit, lines=tuple(again.get(place, line) for place, line in pairs))


def _measured_straight(
    patch: Patch, places: Sequence[Place], weights: tuple[float, float, float], marks: Sequence[Place]
) -> tuple[Patch, MembraneFit]:
    """Measure lines; if they are found to be bowed or tilted, straighten the patch and measure them again."""
    fit = measure_lines(patch, places, weights, marks)
    straight = straightened(patch, [(line.place, line.sigma, line.height) for line in fit.lines], weights)
    return straight, fit if straight is patch else measure_lines(straight, places, weights, marks)


def _faint_mix(
    patch: Patch, clear: Place, others: Sequence[Place], assay: Assay, height: float = 0.0
) -> tuple[float, float, float]:
    """Return the mix for faint lines; of an unknown label one line does not show another's colour."""
    weights = LABELS[assay.label].weights
    if assay.label == "any":
        return weights
    return quiet_mix(patch, clear, [place for place, _ in others], weights, height) or weights


def _shown(snr: float) -> float:
    """Return how probable a faint line is that stands out by so many standard errors."""
    return 0.5 * math.erfc((EVEN_SNR - snr) / math.sqrt(2))


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
