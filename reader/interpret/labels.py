"""Labels of lateral-flow lines: where in the picture's colours each one shows.

One row per label, and nothing else: a new label is a new row in `LABELS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

__all__ = ["LABELS", "Label", "Polarity"]

Polarity = Literal["absorb", "emit"]


@dataclass(frozen=True, slots=True)
class Label:
    """The particle or dye that makes a line visible.

    Attributes
    ----------
    id : str
        Name in assay profiles, such as ``"gold"``.
    weights : tuple of float
        Mix of the absorbances in (R, G, B) in which the line is measured when no better mix can be
        found in the picture itself; sums to 1.
    signature : tuple of float
        Absorbance (or emission) of the label in (R, G, B) relative to its strongest channel, so that
        the largest is 1.
    polarity : {"absorb", "emit"}
        ``"absorb"``: dark lines on a bright membrane; ``"emit"``: bright lines on a dark one.

    Examples
    --------
    >>> LABELS["gold"].weights
    (0.0, 1.0, 0.0)
    """

    id: str
    weights: tuple[float, float, float]
    signature: tuple[float, float, float]
    polarity: Polarity


# Gold: 20 to 40 nm spheres seen in linear sRGB absorb (0.03, 0.88, 0.60) of their optical density.
# Carbon has no colour, so the mean of the channels has the least noise.
# The latex, europium and quantum-dot rows are typical dyes (phthalocyanine blue, a red azo dye, the
# 615 nm line, a 620 to 655 nm dot): the weights hold for all of them, the signatures are rough.
# "any" stands for a line of unknown colour: the mean sees red, blue and black lines alike, and depends less
# than luminance on what a camera does to colours (two photos of one strip: CV 0.10 instead of 0.13 to 0.17).
_ROWS = (
    Label("gold", (0.0, 1.0, 0.0), (0.03, 1.0, 0.68), "absorb"),
    Label("blue-latex", (1.0, 0.0, 0.0), (1.0, 0.55, 0.15), "absorb"),
    Label("red-latex", (0.0, 1.0, 0.0), (0.05, 1.0, 0.75), "absorb"),
    Label("carbon", (1 / 3, 1 / 3, 1 / 3), (1.0, 1.0, 1.0), "absorb"),
    Label("europium", (1.0, 0.0, 0.0), (1.0, 0.1, 0.0), "emit"),
    Label("quantum-dot", (1.0, 0.0, 0.0), (1.0, 0.1, 0.0), "emit"),
    Label("any", (1 / 3, 1 / 3, 1 / 3), (1.0, 1.0, 1.0), "absorb"),
)

LABELS: dict[str, Label] = {label.id: label for label in _ROWS}
