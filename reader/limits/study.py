"""Walk through cameras and membranes, and find the limits of each: bound and reader side by side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from reader.errors import OptionError
from reader.limits.ep17 import Z95, Limits, limits_of
from reader.limits.pictures import measured
from reader.limits.setting import Kit, Setting, least_height_errors

__all__ = ["FACTORS", "Case", "Factor", "run_case", "settings_of"]

FloatArray = NDArray[np.float64]
Measure = Callable[[Kit, Setting, float, int], FloatArray]

FIRST_LEVEL = 4.0  # blank SDs: a little above the limit of detection, if nothing damps the line
MOST_LEVELS = 7  # each twice as strong as the one before
LEAST_TRIALS = 10
SEEDS = 1_000_003  # from one seed to the next: no picture of one is a picture of another
RESAMPLES = 200  # for the interval of the limit of detection


@dataclass(frozen=True, slots=True)
class Factor:
    """Something that limits detection.

    Attributes
    ----------
    name : str
        Attribute of ``Setting``.
    title, meaning : str
        In a word for tables, and in words for figures.
    least, most : float
        Range in which it can be simulated.
    values : tuple of float
        By default; the first is held while others vary.
    whole : bool, default False
        Whether only whole numbers have a meaning.
    """

    name: str
    title: str
    meaning: str
    least: float
    most: float
    values: tuple[float, ...]
    whole: bool = False


FACTORS: Mapping[str, Factor] = MappingProxyType(
    {
        f.name: f
        for f in (
            Factor("px_per_mm", "px/mm", "px/mm on the membrane", 6, 60, (20, 6, 10, 14, 30)),
            Factor("jpeg_quality", "JPEG", "JPEG quality", 1, 100, (92, 50, 75, 85, 98), whole=True),
            Factor("texture", "texture", "relative spread of the grain", 0, 0.1, (0.006, 0, 0.003, 0.012)),
            Factor("noise", "noise", "relative noise of a pixel", 0.001, 0.2, (0.01, 0.005, 0.02, 0.04)),
        )
    }
)


@dataclass(frozen=True, slots=True)
class Case:
    """What one camera and membrane allow.

    Attributes
    ----------
    setting : Setting
        Which.
    least : mapping of str to float
        Least standard errors of a height, as from ``least_height_errors``.
    limits : Limits
        The reader's own.
    interval : tuple of float
        95 % interval of its limit of detection, for the number of trials.
    """

    setting: Setting
    least: Mapping[str, float]
    limits: Limits
    interval: tuple[float, float]

    @property
    def least_detection(self) -> float:
        """The limit of detection of who measures at the bound in the reader's mix of colours."""
        return 2 * Z95 * self.least["membrane"]


def settings_of(values: Mapping[str, Sequence[float]]) -> tuple[Setting, ...]:
    """Return the settings to walk through: the first value of each factor, then each of its others.

    Parameters
    ----------
    values : mapping of str to sequence of float
        Name of a factor to its values; factors that are not named keep their defaults.

    Raises
    ------
    OptionError
        If a value cannot be simulated.

    Examples
    --------
    >>> [s.px_per_mm for s in settings_of({name: FACTORS[name].values[:2] for name in FACTORS})]
    [20, 6, 20, 20, 20]
    """
    chosen = {name: tuple(values.get(name) or f.values) for name, f in FACTORS.items()}
    for name, wanted in chosen.items():
        _check(FACTORS[name], wanted)
    base = Setting(**{name: wanted[0] for name, wanted in chosen.items()})
    others = [replace(base, **{name: value}) for name, wanted in chosen.items() for value in wanted[1:]]
    return (base, *dict.fromkeys(s for s in others if s != base))


def _check(factor: Factor, wanted: Sequence[float]) -> None:
    kind = "a whole number from " if factor.whole else ""
    for value in wanted:
        if not factor.least <= value <= factor.most or (factor.whole and value != round(value)):
            allowed = f"{kind}{factor.least:g} to {factor.most:g}"
            raise OptionError(f"{factor.title} may be {allowed}, not {value:g}.")


def run_case(
    kit: Kit, setting: Setting, *, trials: int = 30, seed: int = 1, measure: Measure | None = None
) -> Case:
    """Find the bound and the reader's limits for one camera and membrane.

    Parameters
    ----------
    kit : Kit
        The assay's lines.
    setting : Setting
        Camera and membrane.
    trials : int, default 30
        Pictures of blank membrane, and of each level above it; EP17 asks for 60 results.
    seed : int, default 1
        The same gives the same numbers.
    measure : callable, optional
        What measures the test lines of one picture (kit, setting, level, seed), in place of the reader.

    Raises
    ------
    OptionError
        If there are fewer than ten trials.
    """
    if trials < LEAST_TRIALS:
        raise OptionError(f"Limits need at least {LEAST_TRIALS} trials, not {trials}.")
    least = least_height_errors(kit, setting)
    measure = measure or _heights

    def series(level: float) -> FloatArray:
        # The same membranes at every level: what a level adds is then seen better than each by itself.
        return np.stack([measure(kit, setting, level, SEEDS * seed + k) for k in range(trials)])

    heights = _ladder(series, least["noise"])
    return Case(setting, least, _limits(heights), _interval(heights, seed))


def _heights(kit: Kit, setting: Setting, level: float, seed: int) -> FloatArray:
    """Measure the test lines of one picture, as absorbances of the unblurred lines."""
    lines = measured(kit, setting, level, seed)
    return np.array([lines[k].height for k in kit.tests]) / setting.peak


def _ladder(series: Callable[[float], FloatArray], least: float) -> dict[float, FloatArray]:
    """Measure blank membrane, and stronger and stronger lines until they can be quantified."""
    heights = {0.0: series(0.0)}
    level = FIRST_LEVEL * max(float(heights[0.0].std(ddof=1)), least)
    for _ in range(MOST_LEVELS):
        level = float(f"{level:.2g}")
        heights[level] = series(level)
        found = _limits(heights)
        if max(found.detection, found.quantitation, found.search) < level:
            break
        level *= 2
    return heights


def _limits(heights: Mapping[float, FloatArray]) -> Limits:
    return limits_of({level: found.ravel() for level, found in heights.items()})


def _interval(heights: Mapping[float, FloatArray], seed: int) -> tuple[float, float]:
    """Return the 95 % interval of the limit of detection, by drawing the pictures anew."""
    rng = np.random.default_rng(seed)
    trials = len(heights[0.0])
    limits = []
    for _ in range(RESAMPLES):
        drawn = rng.integers(0, trials, trials)
        limits.append(_limits({level: found[drawn] for level, found in heights.items()}).detection)
    low, high = np.quantile(limits, [0.025, 0.975], method="nearest")
    return float(low), float(high)
