"""Read one strip: gather what its hypotheses saw, name the lines, measure them, judge, decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reader.interpret.assay import Assay
from reader.interpret.assign import Assignment, SeenLine, assign
from reader.interpret.flow import LetterPlaces
from reader.interpret.labels import LABELS
from reader.locate.direction import Direction, read_direction
from reader.locate.hypothesis import Candidate, Hypothesis, patch_of
from reader.measure.faint import FaintLine, find_faint_line
from reader.measure.lines import Patch
from reader.measure.membrane import MembraneFit, measure_lines
from reader.measure.quality import Quality, assess
from reader.photo import Photo
from reader.reading import StripReading
from reader.strip.doubts import foreign_bars
from reader.strip.findings import PLAIN, PRESENT, SAME_LINE, Findings, found_lines, has_test_line
from reader.strip.result import to_reading
from reader.strip.sightings import best_window, gather, share
from reader.view import View

__all__ = ["read_strip"]

FINEST_ROWS, COARSEST_ROWS = 128, 16  # samples across the membrane: native resolution within these
LONGEST = 2000  # samples along it
CLEAR_SNR = 5.0  # standard errors of a line whose width can be trusted
PLAIN_FAINT_SNR = 2.0  # standard errors by which it must measurably be there, in the label's own colour
PLAIN_FAINT = 0.95  # probability of a faint line that has all but strength
MARK_HEIGHT = 0.02  # absorbance: fainter dirt counts as the membrane's own noise
DEFAULT_SIGMA = 0.12  # membrane widths: 0.9 mm FWHM on a 3.3 mm membrane


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
    sightings = gather(candidate)
    best = best_window(candidate, sightings)
    direction = Direction() if candidate.close_up else read_direction(view, best.window)
    look = _Look(
        best, assay, direction, patch_of(view, best.window, _rows(best)), patch_of(view, best.window)
    )
    naming, fit, faint = look.all_lines(
        [share(s, candidate.hypotheses[0].window, best.window) for s in sightings]
    )
    # Lines of carbon are as black as print.
    coloured = not photo.grey and assay.label != "carbon"
    return to_reading(
        Findings(
            candidate,
            best,
            assay,
            naming,
            fit,
            _quality(photo, best, naming, fit, look.fine.rows),
            step=best.window.width / look.fine.rows,
            coloured=coloured,
            faint=faint,
            foreign=foreign_bars(view, candidate, best, (look.coarse, look.fine), naming, coloured=coloured),
        ),
        number,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Look:
    """A strip's window, seen straight: at the photo's own resolution, and as the search saw it."""

    best: Hypothesis
    assay: Assay
    direction: Direction
    fine: Patch
    coarse: Patch

    def all_lines(self, seen: Sequence[SeenLine]) -> tuple[Assignment, MembraneFit, bool]:
        """Name and measure the lines; also tell whether there is, or may be, one too faint for the search."""
        naming, fit = self._measured(seen)
        refuted = [n.place for n, line in zip(naming.lines, fit.lines, strict=True) if line.height <= 0]
        left = [s for s in seen if all(abs(s.place - place) > 1e-6 for place in refuted)]
        if len(left) < len(seen):
            naming, fit = self._measured(left)
        faint = self._faint(naming)
        if faint is not None and faint.plain:
            again = self._measured([*left, self._as_seen(faint)])
            if all(line.height > PLAIN_FAINT_SNR * line.height_sigma for line in again[1].lines):
                naming, fit = again
        return naming, fit, faint is not None

    def _measured(self, seen: Sequence[SeenLine]) -> tuple[Assignment, MembraneFit]:
        letters = self.direction.letters
        naming = assign(
            self.assay,
            seen,
            odds=self.direction.odds,
            sigma=_typical_sigma(self.best),
            letters=LetterPlaces(letters.odds < 0, letters.control, letters.test),
        )
        aspect = self.best.window.length / self.best.window.width
        places = [(n.place * aspect, n.sigma * aspect) for n in naming.lines]
        weights = LABELS[self.assay.label].weights
        return naming, measure_lines(self.fine, places, weights, _marks(self.best, places))

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

    def _as_seen(self, faint: FaintLine) -> SeenLine:
        """Return a plain faint line as one that was seen."""
        window = self.best.window
        return SeenLine(
            faint.place * window.width / window.length, _typical_sigma(self.best), PLAIN_FAINT, control=0.0
        )


def _rows(h: Hypothesis) -> int:
    """Return how many samples across a window show all that the photo shows."""
    rows = min(max(round(h.window.width), COARSEST_ROWS), FINEST_ROWS)
    return min(rows, max(COARSEST_ROWS, int(LONGEST * h.window.width / h.window.length)))


def _quality(photo: Photo, h: Hypothesis, naming: Assignment, fit: MembraneFit, rows: int) -> Quality:
    """Judge the picture where the window lies."""
    return assess(
        photo.pixels,
        h.window,
        noise=fit.noise,
        baseline=fit.baseline,
        jpeg_quality=photo.jpeg_quality,
        lean=h.control.slope if h.control is not None and h.control_probability > 0.5 else 0.0,
        narrowest=_narrowest(naming, fit, rows),
    )


def _narrowest(naming: Assignment, fit: MembraneFit, rows: int) -> float | None:
    """Return the sigma of the narrowest line that is clearly there, membrane widths."""
    clear = [
        line.sigma / rows
        for n, line in zip(naming.lines, fit.lines, strict=True)
        if n.present > PRESENT and line.height > CLEAR_SNR * line.height_sigma
    ]
    return min(clear, default=None)


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
