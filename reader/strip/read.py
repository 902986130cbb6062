"""Read the strips of a photo: gather what its hypotheses saw, name the lines, measure them, judge, decide."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reader.geometry import Window
from reader.interpret.assay import Assay
from reader.interpret.assign import Assignment, SeenLine
from reader.interpret.labels import LABELS
from reader.locate.direction import Direction, read_direction
from reader.locate.hypothesis import Candidate, Hypothesis, patch_of
from reader.measure.lines import Patch
from reader.measure.membrane import MembraneFit
from reader.measure.quality import Quality, assess
from reader.measure.spots import ends_in_glare, hides, without_spots
from reader.photo import Photo
from reader.reading import StripReading
from reader.strip.alike import agreed_lines, agreed_odds
from reader.strip.doubts import foreign_bars
from reader.strip.findings import PRESENT, Findings
from reader.strip.look import Look
from reader.strip.result import to_reading, without_strip
from reader.strip.sightings import best_window, gather, share
from reader.view import View

__all__ = ["fine_patch", "read_strips"]

FINEST_ROWS, COARSEST_ROWS = 128, 16  # samples across the membrane: native resolution within these
LONGEST = 2000  # samples along it
# JPEG quality from which on a line of 0.01 absorbance keeps its height to a fifth: below it, what looks like
# one may be what rounding left of the membrane's grain.
FAITHFUL_JPEG = 85
CLEAR_SNR = 5.0  # standard errors of a line whose width can be trusted


@dataclass(frozen=True, slots=True, eq=False)
class _Strip:
    """One strip of a photo: the window that is read, what was seen in it, and which way round it lies."""

    candidate: Candidate
    best: Hypothesis
    seen: Sequence[SeenLine]
    direction: Direction


def read_strips(
    photo: Photo,
    view: View,
    candidates: Sequence[Candidate],
    assay: Assay,
    *,
    pixel: float = 1.0,
    as_taken: bool = True,
) -> tuple[StripReading, ...]:
    """Read all strips of a photo.

    Parameters
    ----------
    photo : Photo
        The photo, for its format and compression.
    view : View
        The same photo, to look into.
    candidates : sequence of Candidate
        Where strips may lie; they are numbered in this order, from 1.
    assay : Assay
        What their lines mean.
    pixel : float, default 1
        Size of a pixel of the file, px: what counts for whether a window can be read at all.
    as_taken : bool, default True
        Whether the pixels are the camera's own grid. Once they were turned by an odd angle or enlarged, what
        is left of codecs and grain runs askew or is drawn out, and looks like faint lines.
    """
    faithful = as_taken and (photo.jpeg_quality is None or photo.jpeg_quality >= FAITHFUL_JPEG)
    strips = _told_by_each_other([_seen(view, candidate) for candidate in candidates])
    return tuple(
        _read(photo, view, strip, assay, k, pixel=pixel, faithful=faithful)
        for k, strip in enumerate(strips, start=1)
    )


def _seen(view: View, candidate: Candidate) -> _Strip:
    """Choose the window of a strip, and look about it."""
    sightings = gather(candidate)
    best = best_window(candidate, sightings)
    seen = [share(s, candidate.hypotheses[0].window, best.window) for s in sightings]
    direction = Direction() if candidate.close_up else read_direction(view, best.window)
    return _Strip(candidate, best, seen, direction)


def _told_by_each_other(strips: Sequence[_Strip]) -> list[_Strip]:
    """Let strips of one kind that lie side by side tell each other which way round, and where lines are."""
    windows = [strip.best.window for strip in strips]
    odds = agreed_odds(windows, [strip.direction.odds for strip in strips])
    seen = agreed_lines(windows, [strip.seen for strip in strips])
    return [
        replace(strip, seen=lines, direction=replace(strip.direction, odds=o))
        for strip, o, lines in zip(strips, odds, seen, strict=True)
    ]


def _read(
    photo: Photo, view: View, strip: _Strip, assay: Assay, number: int, *, pixel: float, faithful: bool
) -> StripReading:
    """Measure one strip's lines and judge them."""
    candidate, best = strip.candidate, strip.best
    look = Look(
        best,
        assay,
        strip.direction,
        without_spots(fine_patch(view, best.window), LABELS[assay.label].weights),
        patch_of(view, best.window),
        faithful,
    )
    naming, fit, faint = look.all_lines(strip.seen)
    # Lines of carbon are as black as print.
    coloured = not photo.grey and assay.label != "carbon"
    reading = to_reading(
        Findings(
            candidate,
            best,
            assay,
            naming,
            fit,
            _quality(photo, look, naming, fit, pixel),
            step=best.window.width / look.fine.rows,
            coloured=coloured,
            faint=faint,
            foreign=foreign_bars(view, candidate, best, (look.coarse, look.fine), naming, coloured=coloured),
        ),
        number,
    )
    return without_strip(reading) if candidate.empty else reading


def fine_patch(view: View, window: Window) -> Patch:
    """Look at a window with as many samples as show all that the photo shows, and can be measured in time."""
    rows = min(max(round(window.width), COARSEST_ROWS), FINEST_ROWS)
    rows = min(rows, max(COARSEST_ROWS, int(LONGEST * window.width / window.length)))
    return patch_of(view, window, rows, finest=True)


def _quality(photo: Photo, look: Look, naming: Assignment, fit: MembraneFit, pixel: float) -> Quality:
    """Judge the picture where the window lies."""
    h = look.best
    return assess(
        photo.pixels,
        h.window,
        pixel=pixel,
        noise=fit.noise,
        baseline=fit.baseline,
        jpeg_quality=photo.jpeg_quality,
        lean=h.control.slope if h.control is not None and h.control_probability > 0.5 else 0.0,
        narrowest=_narrowest(naming, fit, look.fine.rows),
        hidden=ends_in_glare(look.fine, LABELS[look.assay.label].weights)
        or any(hides(look.fine, line.place, line.sigma) for line in fit.lines),
    )


def _narrowest(naming: Assignment, fit: MembraneFit, rows: int) -> float | None:
    """Return the sigma of the narrowest line that is clearly there, membrane widths."""
    clear = [
        line.sigma / rows
        for n, line in zip(naming.lines, fit.lines, strict=True)
        if n.present > PRESENT and line.height > CLEAR_SNR * line.height_sigma
    ]
    return min(clear, default=None)
