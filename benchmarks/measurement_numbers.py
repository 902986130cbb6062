"""From trials to numbers: each with its interval and its aim, and whether it is worse than recorded."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
from measurement_rivals import TEMPLATE
from measurement_trials import Trials, detection
from numpy.typing import NDArray
from scipy.stats import kstest, norm

from reader.evaluate.intervals import wilson
from reader.limits.report import FIXED, searched
from reader.limits.study import Case

FloatArray = NDArray[np.float64]
Heights = Mapping[str, Mapping[float, FloatArray]]

READER = "this reader"
PROFILES, PICTURES = "profiles", "pictures"
FALSE_CALLS = 1e-3
INTERVAL = 1.96  # standard errors
SLACK = 1.5  # half intervals by which a number may be worse than recorded: three standard errors
RESAMPLES = 200
UNKNOWN = 0.05  # relative tolerance of what has no interval


@dataclass(frozen=True)
class Aim:
    """What a number should be: best at ``ideal``, good enough from ``least`` to ``most``."""

    ideal: float
    least: float
    most: float

    def __str__(self) -> str:
        if math.isinf(self.least):
            return "" if math.isinf(self.most) else f"<= {self.most:g}"
        return f"{self.least:g} .. {self.most:g}"


OPEN = Aim(0.0, -math.inf, math.inf)
VARIANCE = Aim(1.0, -math.inf, 1.3)
MEAN = Aim(0.0, -0.1, 0.1)
SPREAD = Aim(1.0, 0.95, 1.05)
TAIL = Aim(FALSE_CALLS, 5e-4, 2e-3)
BIAS = Aim(0.0, -math.inf, 1.0)
COVERAGE = Aim(0.95, 0.93, 0.97)
RIVALS = Aim(0.0, -math.inf, 0.67)
SEARCH = Aim(0.0, -math.inf, 0.005)
TIME = Aim(0.0, -math.inf, 5.0)


@dataclass(frozen=True)
class Number:
    """One row of the table.

    Attributes
    ----------
    section, name : str
        Together unlike those of any other number.
    value, low, high : float
        With its 95 % interval.
    aim : Aim
        What it should be.
    held : bool
        Whether it is compared with its record.
    beside : str
        What to compare it with, in words.
    """

    section: str
    name: str
    value: float
    low: float
    high: float
    aim: Aim = OPEN
    held: bool = False
    beside: str = ""

    @property
    def key(self) -> str:
        """Name in the record."""
        return f"{self.section}: {self.name}"

    @property
    def missed(self) -> bool:
        """Whether the aim is missed, beyond what chance may have done."""
        return self.low > self.aim.most or self.high < self.aim.least

    @property
    def tolerance(self) -> float:
        """What a number may differ by from its record by chance."""
        return max(SLACK * (self.high - self.low) / 2, UNKNOWN * abs(self.value) * (self.high <= self.low))


@dataclass(frozen=True)
class Findings:
    """All trials of one run."""

    time_ms: FloatArray
    blanks: Trials
    profiles: Sequence[Trials]
    picture_blanks: Trials
    pictures: Sequence[Trials]
    benches: Mapping[str, Heights]
    cases: Sequence[Case]
    blurred: Sequence[Case]


def worse(now: Number, recorded: float, tolerance: float) -> bool:
    """Tell whether a number lies farther from its ideal than was recorded, by more than the tolerance."""
    return not abs(now.value - now.aim.ideal) <= abs(recorded - now.aim.ideal) + tolerance


def numbers_of(found: Findings) -> Iterator[Number]:
    """Return the rows of the table, from top to bottom."""
    yield variance(PROFILES, found.blanks)
    for low, high in ((3, 30), (30, 300), (300, 6000)):
        part = (found.blanks.stiffness >= low) & (found.blanks.stiffness < high)
        yield variance(PROFILES, found.blanks, part, f", stiffness {low} to {high}")
    yield from calibration(PROFILES, found.blanks)
    yield tail(PROFILES, found.blanks, held=True)
    yield from strengths(PROFILES, found.profiles)
    for bench, heights in found.benches.items():
        yield from rivals(bench, heights, held=len(found.benches) == 1)
    yield replace(variance(PICTURES, found.picture_blanks), aim=OPEN)
    yield from calibration(PICTURES, found.picture_blanks)
    yield tail(PICTURES, found.picture_blanks)
    yield from strengths(PICTURES, found.pictures)
    again = [case for case in found.blurred if case.setting != found.cases[0].setting]
    for k, case in enumerate((*found.cases, *again)):
        yield limits(case, held=k == 0)
    base = found.cases[0]
    beside = f"bound {searched() * base.least['membrane']:.4f}"
    yield Number(
        PICTURES, "LoD of a search, 0.1 % false calls", base.limits.search, 0, 0, SEARCH, beside=beside
    )
    low, middle, high = np.quantile(found.time_ms, [0.1, 0.5, 0.9]).tolist()
    yield Number("time", "measurement of one strip, ms", middle, low, high, TIME)


def variance(where: str, blanks: Trials, part: NDArray[np.bool_] | None = None, what: str = "") -> Number:
    """Return the mean squared height of blanks over the square of what none can beat."""
    ratio = ((blanks.heights / blanks.bounds) ** 2)[slice(None) if part is None else part]
    error = float(ratio.std() / math.sqrt(len(ratio)))
    return about(where, f"variance of height over bound{what}", float(ratio.mean()), error, VARIANCE)


def calibration(where: str, blanks: Trials) -> Iterator[Number]:
    """Return how blank heights over their errors compare with a normal distribution."""
    t, count = blanks.t, len(blanks.t)
    bias, spread = float(blanks.heights.mean() / blanks.heights.std()), float(t.std())
    yield about(where, "blanks: mean / SD", bias, 1 / math.sqrt(count), MEAN)
    # The error of a spread follows from the fourth moment: tails need not be normal.
    fourth = float(np.mean((t - t.mean()) ** 4))
    error = math.sqrt(max(fourth - spread**4, 0.0) / count) / (2 * spread)
    yield about(where, "blanks: SD of t", spread, error, SPREAD)
    distance = float(kstest(t, "norm").statistic)
    yield about(where, "blanks: Kolmogorov-Smirnov distance of t", distance, 0.5 / math.sqrt(count))


def tail(where: str, blanks: Trials, *, held: bool = False) -> Number:
    """Return how many blanks exceed what one in a thousand should."""
    calls, count = int(np.sum(blanks.t > norm.isf(FALSE_CALLS))), len(blanks.t)
    ends = wilson(calls, count)
    return Number(where, "blanks: share beyond nominal 0.1 %", calls / count, *ends, TAIL, held)


def strengths(where: str, series: Sequence[Trials]) -> Iterator[Number]:
    """Return linearity and coverage over all strengths."""
    allowed = [0.01 * s.truth + 5e-4 for s in series]
    shares = [(s.heights.mean() - s.truth) / a for s, a in zip(series, allowed, strict=True)]
    k = int(np.argmax(np.abs(shares)))
    error = float(series[k].heights.std() / math.sqrt(len(series[k].heights)) / allowed[k])
    yield about(where, "largest bias over (1 % + 0.0005)", abs(float(shares[k])), error, BIAS)
    for what, t in (("height", [s.t for s in series]), ("area", [s.area_t for s in series])):
        inside = np.abs(np.concatenate(t)) < INTERVAL
        ends = wilson(int(inside.sum()), inside.size)
        name, share = f"coverage of the 95 % interval of {what}", float(inside.mean())
        yield Number(where, name, share, *ends, COVERAGE, held=True)


def rivals(bench: str, heights: Heights, *, held: bool) -> Iterator[Number]:
    """Return every limit of detection on one bench, and the reader's over the best of the others."""
    found = {name: bootstrap({name: table}) for name, table in heights.items()}
    for name in sorted(found, key=lambda name: found[name]):
        yield Number(bench, f"LoD of {name}", *found[name])
    told = [name for name in found if name.startswith(tuple(TEMPLATE))]
    usual = [name for name in found if name != READER and name not in told]
    for names, what, aim in ((usual, "baseline pipeline", RIVALS), (told, "template fit", OPEN)):
        best = min(names, key=lambda name: found[name][0])
        ratio = bootstrap({READER: heights[READER], best: heights[best]})
        yield Number(bench, f"LoD of {READER} over that of the best {what}", *ratio, aim, held)


def bootstrap(heights: Heights) -> tuple[float, float, float]:
    """Return a limit of detection, or the ratio of two, with its interval: profiles are drawn anew."""
    rng = np.random.default_rng(0)
    count = len(next(iter(next(iter(heights.values())).values())))

    def limit(drawn: NDArray[np.int_]) -> float:
        found = [detection({level: h[drawn] for level, h in table.items()}) for table in heights.values()]
        return found[0] if len(found) == 1 else found[0] / found[1]

    again = [limit(rng.integers(0, count, count)) for _ in range(RESAMPLES)]
    low, high = np.quantile(again, [0.025, 0.975], method="nearest").tolist()
    return limit(np.arange(count)), low, high


def limits(case: Case, *, held: bool) -> Number:
    """Return the reader's limit of detection in one setting, beside the bound's."""
    s = case.setting
    name = (
        f"LoD at {s.px_per_mm:g} px/mm, JPEG {s.jpeg_quality:g}, texture {s.texture:g}, noise {s.noise:g}, "
        f"blur {s.blur_px:g} px"
    )
    beside = f"bound {FIXED * case.least['membrane']:.4f}"
    return Number(PICTURES, name, case.limits.detection, *case.interval, held=held, beside=beside)


def about(section: str, name: str, value: float, error: float, aim: Aim = OPEN) -> Number:
    """Return a number with the interval of a normal error; what has an aim is held."""
    ends = value - INTERVAL * error, value + INTERVAL * error
    return Number(section, name, value, *ends, aim, held=aim is not OPEN)
