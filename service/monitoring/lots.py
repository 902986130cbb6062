"""Lots of a kit: each against its own first tests, and against the kit's other lots.

A lot that is weak from its first test on looks steady on its own chart; only the other lots show it.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal

from service.monitoring.chart import REFERENCE, Chart, chart_of

__all__ = ["Control", "Lot", "Ratio", "beside_others", "lots_of", "ratio_of_medians"]

FEWEST = 5  # tests of a lot from which it is compared with the others
FEWEST_OTHERS = 20  # tests of those
APART = 0.8  # a control line that is a fifth weaker: test lines of the same membrane lose as much
Z95 = 1.959964


@dataclass(frozen=True, slots=True)
class Control:
    """The control line of one test.

    Attributes
    ----------
    reading : str
        Id of its reading.
    day, site, operator, assay, lot : str
        When, where, by whom, which kit and lot; the operator is empty where none was named.
    height, sigma : float
        Absorbance, with its standard error.
    """

    reading: str
    day: str
    site: str
    operator: str
    assay: str
    lot: str
    height: float
    sigma: float


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio with its 95 % interval."""

    value: float
    low: float
    high: float

    @property
    def apart(self) -> int:
        """-1 when surely a fifth or more too low, 1 when as much too high, else 0."""
        return (self.low > 1 / APART) - (self.high < APART)


@dataclass(frozen=True, slots=True)
class Lot:
    """One lot of a kit.

    Attributes
    ----------
    assay, lot : str
        Which.
    controls : tuple of Control
        Its control lines, in their order.
    chart : Chart
        Of their heights.
    against_others : Ratio or None
        Its median height over that of the kit's other lots, when there are enough of both.
    """

    assay: str
    lot: str
    controls: tuple[Control, ...]
    chart: Chart
    against_others: Ratio | None

    @property
    def alarming(self) -> bool:
        """True when someone should look at this lot now.

        Of two lots that differ the weaker one: its lines vanish first.
        """
        weaker = self.against_others is not None and self.against_others.apart < 0
        return weaker or self.chart.state in {"lower", "higher"}


def lots_of(controls: Iterable[Control], reference: int = REFERENCE) -> list[Lot]:
    """Return the lots, those first that someone should look at, then by kit and name.

    Parameters
    ----------
    controls : iterable of Control
        Control lines of readable tests with a lot, in their order.
    reference : int
        Tests of a lot from which its limits come.
    """
    by_lot: dict[tuple[str, str], list[Control]] = {}
    for control in controls:
        by_lot.setdefault((control.assay, control.lot), []).append(control)
    heights = {key: [c.height for c in found] for key, found in by_lot.items()}
    lots = []
    for (assay, lot), found in by_lot.items():
        others = [h for (a, b), hs in heights.items() if a == assay and b != lot for h in hs]
        floor = median(control.sigma for control in found)
        chart = chart_of(heights[assay, lot], reference=reference, floor=floor)
        ratio = None
        if len(found) >= FEWEST and len(others) >= FEWEST_OTHERS:
            ratio = ratio_of_medians(heights[assay, lot], others)
        lots.append(Lot(assay, lot, tuple(found), chart, ratio))
    return sorted(lots, key=lambda lot: (not lot.alarming, lot.assay, lot.lot))


def beside_others(lots: Iterable[Lot], by: Literal["site", "operator"]) -> dict[str, Ratio]:
    """Compare the control lines of each site, or operator, with those of all others.

    Parameters
    ----------
    lots : iterable of Lot
        The lots; each height counts as a part of its lot's median, so that lots do not matter.
    by : {"site", "operator"}
        What to compare.

    Returns
    -------
    dict of str to Ratio
        For those with enough tests. Lines that are weaker at one place than at all others tell of heat, of
        too little sample, or of pictures taken too early.
    """
    parts: dict[str, list[float]] = {}
    for lot in lots:
        middle = median(control.height for control in lot.controls)
        for control in lot.controls if middle > 0 else ():
            parts.setdefault(getattr(control, by), []).append(control.height / middle)
    found: dict[str, Ratio] = {}
    for key in sorted(set(parts) - {""}):
        others = [part for other, those in parts.items() if other != key for part in those]
        if len(parts[key]) >= FEWEST and len(others) >= FEWEST_OTHERS:
            ratio = ratio_of_medians(parts[key], others)
            found |= {} if ratio is None else {key: ratio}
    return found


def ratio_of_medians(part: Sequence[float], rest: Sequence[float]) -> Ratio | None:
    """Return the ratio of two medians with its 95 % interval; None where one of them is not above zero.

    Notes
    -----
    A median's standard error is 1.2533 σ / √n, with σ from the median absolute deviation; of few values it
    is a little too small (by a tenth for five), and the interval is of the ratio's logarithm.
    """
    a, b = median(part), median(rest)
    if not (a > 0 and b > 0):
        return None
    spread = Z95 * math.hypot(_error(part, a) / a, _error(rest, b) / b)
    value = a / b
    return Ratio(value, value * math.exp(-spread), value * math.exp(spread))


def _error(values: Sequence[float], middle: float) -> float:
    sigma = 1.4826 * median(abs(value - middle) for value in values)
    return 1.2533 * sigma / math.sqrt(len(values))
