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
from reader.simulate.shapes import FLATTEST, LONGEST_TAIL, flat_top, flat_top_area, tailed, tailed_area

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


GAP_EDGE_MM = 0.03  # over which label bled into a gap


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
    flat_mm : float, default 0
        Width of the dispensed band before it bled; the shape is then a rectangle blurred by a Gaussian.
    tail_mm : float, default 0
        Length of an exponential tail towards the control end; 0.1 to 0.3 mm in real lines. ``position``
        is that of the highest point.
    ripples : tuple of (amplitude, phase)
        Relative unevenness across the strip: the k-th is a cosine of k periods over the width, so that
        ``od`` is the mean over the width.
    gaps : tuple of (place, width)
        Where the dispenser left the membrane bare: mm from the midline, and mm. ``od`` and ``area`` are
        those of the line where it is whole.
    colour : tuple of float, optional
        Absorbance in linear red, green and blue for one unit in green, where it is not the label's own:
        particles that lie close, and cameras that see red through green, make gold darker in red.

    Raises
    ------
    OptionError
        If more than one of power, flat top and tail is asked for, or one that the width has no room for.
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
    flat_mm: float = 0.0
    tail_mm: float = 0.0
    ripples: tuple[tuple[float, float], ...] = ()
    gaps: tuple[tuple[float, float], ...] = ()
    colour: tuple[float, float, float] | None = None

    def __post_init__(self) -> None:
        """Refuse shapes that contradict each other."""
        if sum((self.sharpness != 2, self.flat_mm != 0, self.tail_mm != 0)) > 1:
            raise OptionError(f"The line {self.name} has more than one of sharpness, flat_mm and tail_mm.")
        if self.tail_mm and self.skew:
            raise OptionError(f"The line {self.name} has both a tail and a skew.")
        for name, value, most in (
            ("flat_mm", self.flat_mm, FLATTEST * self.fwhm_mm),
            ("tail_mm", self.tail_mm, LONGEST_TAIL * self.fwhm_mm),
        ):
            if not 0 <= value <= most:
                raise OptionError(f"{name} of the line {self.name} is {value}, not 0 to {most:.3g} mm.")

    @property
    def tint(self) -> tuple[float, float, float]:
        """Absorbance in linear red, green and blue for one unit in green."""
        return self.colour or LABELS[self.label]

    @property
    def area(self) -> float:
        """Integral of the absorbance along the flow, absorbance·mm."""
        if self.flat_mm:
            return self.od * flat_top_area(self.fwhm_mm, self.flat_mm)
        if self.tail_mm:
            return self.od * tailed_area(self.fwhm_mm, self.tail_mm)
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


def absorbance(
    band: Band, along_mm: FloatArray, across_mm: FloatArray, size_mm: tuple[float, float]
) -> FloatArray:
    """Return a line's absorbance in green at points of the membrane.

    Parameters
    ----------
    band : Band
        The line.
    along_mm, across_mm : ndarray
        Distance from the control end of the window and from its midline; broadcast together.
    size_mm : tuple of float
        Length and width of the window.
    """
    x = along_mm - np.float32(band.position * size_mm[0])
    if band.tilt or band.bow:
        x = x - np.float32(band.tilt) * across_mm - np.float32(band.bow) * across_mm**2
    depth = single(band.od * _shape(band, x))
    return depth * _share(band, across_mm, size_mm[1]) if band.ripples or band.gaps else depth


def _shape(band: Band, x: FloatArray) -> FloatArray:
    """Return a line's shape, 1 at its highest point, at distances from it towards the sample end."""
    if band.tail_mm:
        return tailed(x, band.fwhm_mm, band.tail_mm)
    side = np.where(x > 0, 1 + band.skew, 1 - band.skew)
    if band.flat_mm:
        return flat_top(single(x / side), band.fwhm_mm, band.flat_mm)
    return single(np.exp(-math.log(2) * np.abs(x / (side * (band.fwhm_mm / 2))) ** band.sharpness))


def _share(band: Band, across_mm: FloatArray, width_mm: float) -> FloatArray:
    """Return what the dispenser left of a line at points across the strip; 1 on average without gaps."""
    share = np.ones_like(across_mm)
    for k, (amplitude, phase) in enumerate(band.ripples, 1):
        share += np.float32(amplitude) * np.cos(single(2 * math.pi * k / width_mm) * across_mm + phase)
    for place, width in band.gaps:
        inside = (width / 2 - np.abs(across_mm - place)) / GAP_EDGE_MM
        share *= 1 / (1 + np.exp(np.clip(inside, -40, 40)))
    return single(np.maximum(share, 0))


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
