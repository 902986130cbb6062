"""Lines on a membrane: their colour and shape, in absorbance and millimetres."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np

from reader.errors import OptionError
from reader.reading import Outcome, Role
from reader.simulate.raster import FloatArray, single

__all__ = ["LABELS", "Band", "absorbance", "bands", "sandwich_outcome"]


# Absorbance in linear red, green and blue for one unit in green. Gold: 0.03 : 0.88 : 0.60 per unit of
# peak optical density (40 nm spheres on nitrocellulose under daylight); clustered gold turns purple.
LABELS: Mapping[str, tuple[float, float, float]] = MappingProxyType(
    {
        "gold": (0.03 / 0.88, 1.0, 0.60 / 0.88),
        "gold-purple": (0.35, 1.0, 0.62),
        "red-latex": (0.02, 1.0, 0.80),
        "blue-latex": (1.82, 1.0, 0.27),
        "carbon": (1.0, 1.0, 1.0),
    }
)


@dataclass(frozen=True, slots=True)
class Band:
    """One line as the dispenser and the sample made it.

    Attributes
    ----------
    name, role : str
        As in the assay.
    position : float
        0 at the control end of the window, 1 at the sample end.
    od : float
        Peak absorbance in linear green; 0 for a line that did not develop.
    fwhm_mm : float, default 0.9
        Full width at half height; real lines have 0.6 to 1.2 mm.
    label : str, default "gold"
        A name in ``LABELS``.
    sharpness : float, default 2
        Exponent of the shape ``exp(-ln 2 |2x / fwhm|**sharpness)``: 2 Gaussian, 4 flat-topped.
    skew : float, default 0
        Share by which the half-width on the sample side exceeds the mean; keeps width and area.
    tilt, bow : float, default 0
        Displacement along the flow in mm per mm across, and in mm per mm² across.
    """

    name: str
    role: Role
    position: float
    od: float
    fwhm_mm: float = 0.9
    label: str = "gold"
    sharpness: float = 2.0
    skew: float = 0.0
    tilt: float = 0.0
    bow: float = 0.0

    @property
    def area(self) -> float:
        """Integral of the absorbance along the flow, absorbance·mm."""
        q = self.sharpness
        return float(self.od * self.fwhm_mm * math.gamma(1 + 1 / q) / math.log(2) ** (1 / q))


def bands(lines: Mapping[str, float] | Sequence[Band], *, label: str = "gold") -> tuple[Band, ...]:
    """Spread named lines evenly over a window, as kits do.

    Parameters
    ----------
    lines : mapping of str to float, or sequence of Band
        Name and absorbance in order from the control end; a name that begins with ``C`` is a control
        line. Ready bands are returned as they are.
    label : str, default "gold"
        A name in ``LABELS``.

    Raises
    ------
    OptionError
        If the label is unknown.

    Examples
    --------
    >>> [(b.name, b.role, round(b.position, 2)) for b in bands({"C": 0.4, "T": 0.05})]
    [('C', 'control', 0.32), ('T', 'test', 0.68)]
    """
    if label not in LABELS:
        raise OptionError(f"There is no label {label!r}; known are {', '.join(LABELS)}.")
    if not isinstance(lines, Mapping):
        return tuple(lines)
    # The line next to an end keeps 0.9 of the lines' spacing from it, as in common cassettes.
    spread = len(lines) + 0.8
    return tuple(
        Band(name, "control" if name.startswith("C") else "test", (i + 0.9) / spread, od, label=label)
        for i, (name, od) in enumerate(lines.items())
    )


def absorbance(band: Band, along_mm: FloatArray, across_mm: FloatArray, length_mm: float) -> FloatArray:
    """Return a line's absorbance in green at points of the membrane.

    Parameters
    ----------
    band : Band
        The line.
    along_mm, across_mm : ndarray
        Distance from the control end of the window and from its midline; broadcast together.
    length_mm : float
        Length of the window.
    """
    x = along_mm - np.float32(band.position * length_mm)
    if band.tilt or band.bow:
        x = x - np.float32(band.tilt) * across_mm - np.float32(band.bow) * across_mm**2
    half = np.where(x > 0, 1 + band.skew, 1 - band.skew) * (band.fwhm_mm / 2)
    shape = np.exp(-math.log(2) * np.abs(x / half) ** band.sharpness)
    return single(band.od * shape)


def sandwich_outcome(lines: Sequence[Band]) -> Outcome:
    """Say what the lines mean in an ordinary sandwich assay: any test line makes it positive.

    Examples
    --------
    >>> sandwich_outcome(bands({"C": 0.4, "T": 0.0})).value
    'negative'
    """
    controls = [b.od > 0 for b in lines if b.role == "control"]
    if not controls or not all(controls):
        return Outcome.INVALID
    return Outcome.POSITIVE if any(b.od > 0 for b in lines if b.role == "test") else Outcome.NEGATIVE
