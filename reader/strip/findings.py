"""All that was found out about one strip, before it is judged."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from reader.interpret.assay import Assay
from reader.interpret.assign import Assignment, NamedLine
from reader.locate.hypothesis import Candidate, Hypothesis
from reader.measure.lines import FoundLine
from reader.measure.membrane import MembraneFit
from reader.measure.quality import Quality

__all__ = ["PLAIN", "PRESENT", "SAME_LINE", "Findings", "found_lines", "has_test_line", "lines_there"]

PLAIN = 0.05  # absorbance: what anyone sees at once
PRESENT = 0.9  # probability of a line that is surely there
SAME_LINE = 0.25  # membrane widths: nearer than this, two sightings are of the same line


@dataclass(frozen=True, slots=True, eq=False)
class Findings:
    """All that was found out about one strip.

    Attributes
    ----------
    candidate : Candidate
        Where the strip may lie.
    best : Hypothesis
        The window that was measured.
    assay : Assay
        What the lines mean.
    naming : Assignment
        Which line is which.
    fit : MembraneFit
        The lines as they were measured.
    quality : Quality
        How good the picture is.
    step : float
        Pixels of the photo per sample of the fit.
    coloured : bool
        Whether the label's colour would show: neither it nor the picture is grey.
    faint : bool
        Whether the only test line is one that is too faint for the search, or may be.
    foreign : str or None
        What shows that what was found are no lines, if anything does.
    """

    candidate: Candidate
    best: Hypothesis
    assay: Assay
    naming: Assignment
    fit: MembraneFit
    quality: Quality
    step: float
    coloured: bool
    faint: bool
    foreign: str | None

    @property
    def suspected(self) -> bool:
        """Whether a test line may be there that is too faint to be called."""
        return self.faint and not has_test_line(self.naming)


def lines_there(naming: Assignment) -> list[NamedLine]:
    """Return the lines that are more likely there than not."""
    return [line for line in naming.lines if line.present > 0.5]


def has_test_line(naming: Assignment) -> bool:
    """Tell whether any line but the control line is there."""
    return any(line.role == "test" for line in lines_there(naming))


def found_lines(h: Hypothesis, naming: Assignment) -> tuple[FoundLine, ...]:
    """Return the lines that are there, as the search found them in a window."""
    aspect = h.window.length / h.window.width
    near = (_near(h.lines, line.place * aspect) for line in lines_there(naming))
    return tuple(max(found, key=lambda line: line.height) for found in near if found)


def _near(lines: Sequence[FoundLine], place: float) -> list[FoundLine]:
    return [line for line in lines if abs(line.place - place) < SAME_LINE]
