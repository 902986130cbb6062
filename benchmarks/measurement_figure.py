"""The suite's numbers as one figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

import numpy as np
from measurement_numbers import READER, Findings, bootstrap
from measurement_rivals import TEMPLATE
from measurement_trials import Trials
from numpy.typing import NDArray
from scipy.stats import norm

from reader.evaluate.intervals import wilson
from reader.limits.report import EYE, FIXED, described, series_of
from reader.limits.study import FACTORS, Case
from reader.report.chart import Panel, Rule, Series, chart_svg
from reader.report.palette import BLUE, INK, MUTED, VERMILLION

FloatArray = NDArray[np.float64]

BINS = 8  # of stiffness
ASIDE = 0.13  # of a bench's room, between the programs
SPAN = (3e-4, 0.03)  # absorbance, of all panels that show limits of detection


def figure(found: Findings) -> str:
    """Draw everything that was found."""
    panels = [
        variance(found.blanks),
        tails(found),
        linearity(found),
        coverage(found),
        rivals(found.benches),
        *(limits(name, found) for name in ("px_per_mm", "jpeg_quality", "texture")),
        against("blur, px", found.blurred, lambda case: case.setting.blur_px),
    ]
    title = "The measurement against its bound, its own error, and other programs"
    text = (
        "Nine charts: variance over bound, false calls, bias, coverage, limits of detection beside those of "
        "pybaselines and scipy, and limits of detection in simulated pictures."
    )
    benches = "; ".join(f"{k}: {name}" for k, name in enumerate(found.benches, 1))
    notes = (
        f"Benches (tilt, bend, a stain's front of 0.02 anywhere; noise of a profile's sample): {benches}.",
        f"Pictures: {described(found.cases[0])}. Bars are 95 % intervals.",
    )
    return chart_svg(title, text, panels, columns=3, notes=notes)


def variance(blanks: Trials) -> Panel:
    """Draw the variance of a blank's height over the bound, by stiffness of the membrane."""
    edges = np.geomspace(3, 6000, BINS + 1)
    points, bars = [], []
    for low, high in pairwise(edges.tolist()):
        part = (blanks.stiffness >= low) & (blanks.stiffness < high)
        ratio = (blanks.heights[part] / blanks.bounds[part]) ** 2
        mean, error = ratio.mean(), 1.96 * ratio.std() / np.sqrt(len(ratio))
        points.append((float(np.sqrt(low * high)), float(mean)))
        bars.append((float(mean - error), float(mean + error)))
    series = Series(READER, tuple(points), VERMILLION, tuple(bars), marked=True)
    return Panel(
        "variance of height over bound",
        "stiffness κ of the baseline, unknown to the reader",
        "ratio",
        (series,),
        rules=(Rule(1.0, "bound"), Rule(1.3, "aim")),
        log_x=True,
        log_y=False,
        span_y=(0.0, 2.0),
    )


def tails(found: Findings) -> Panel:
    """Draw how many blanks exceed what a given share should."""
    nominal = np.geomspace(5e-4, 0.3, 9)
    series = [
        Series("as claimed", tuple((float(p), float(p)) for p in nominal), INK),
        exceeding("profiles", found.blanks, nominal, VERMILLION),
        exceeding("pictures", found.picture_blanks, nominal, BLUE),
    ]
    return Panel("blanks: false calls", "nominal share", "share", tuple(series), log_x=True)


def exceeding(name: str, blanks: Trials, nominal: FloatArray, colour: str) -> Series:
    points, bars = [], []
    for p in nominal.tolist():
        calls = int(np.sum(blanks.t > norm.isf(p)))
        points.append((p, calls / len(blanks.t) or np.nan))
        bars.append(wilson(calls, len(blanks.t)))
    return Series(name, tuple(points), colour, tuple(bars), marked=True)


def linearity(found: Findings) -> Panel:
    """Draw the bias over what is allowed, by strength."""
    series = [
        by_strength(name, trials, colour, lambda s: (s.heights - s.truth) / (0.01 * s.truth + 5e-4))
        for name, trials, colour in kinds(found)
    ]
    return Panel(
        "bias over (1 % + 0.0005)",
        "absorbance of the line",
        "ratio",
        tuple(series),
        rules=(Rule(1.0, "aim"), Rule(-1.0, "aim")),
        log_x=True,
        log_y=False,
        span_y=(-2.0, 2.0),
    )


def coverage(found: Findings) -> Panel:
    """Draw how often the 95 % interval holds the truth, by strength."""
    series = []
    for name, trials, colour in kinds(found):
        inside = by_strength(f"{name}", trials, colour, lambda s: (np.abs(s.t) < 1.96).astype(float))
        area = by_strength(f"{name}, area", trials, colour, lambda s: (np.abs(s.area_t) < 1.96).astype(float))
        series += [inside, Series(area.name, area.points, colour, dash="2 3")]
    return Panel(
        "coverage of the 95 % interval",
        "absorbance of the line",
        "share",
        tuple(series),
        rules=(Rule(0.93, ""), Rule(0.97, "aim")),
        log_x=True,
        log_y=False,
        span_y=(0.0, 1.05),
    )


def kinds(found: Findings) -> tuple[tuple[str, Sequence[Trials], str], ...]:
    return (("profiles", found.profiles, VERMILLION), ("pictures", found.pictures, BLUE))


def by_strength(
    name: str, trials: Sequence[Trials], colour: str, of: Callable[[Trials], FloatArray]
) -> Series:
    """Return means over the trials of each strength, with their intervals."""
    values = [of(s) for s in trials]
    errors = [1.96 * float(v.std()) / np.sqrt(len(v)) for v in values]
    means = [float(v.mean()) for v in values]
    points = tuple((s.truth, mean) for s, mean in zip(trials, means, strict=True))
    bars = tuple((mean - e, mean + e) for mean, e in zip(means, errors, strict=True))
    return Series(name, points, colour, bars, marked=True)


def rivals(benches: Mapping[str, Mapping[str, Mapping[float, FloatArray]]]) -> Panel:
    """Draw limits of detection on the same profiles: the reader, and the best of each kind of program."""
    told = tuple(TEMPLATE)
    kinds: dict[str, tuple[str, Callable[[str], bool]]] = {
        READER: (VERMILLION, lambda name: name == READER),
        "best of pybaselines": (BLUE, lambda name: name.startswith("pybaselines")),
        "best of scipy": (MUTED, lambda name: name.startswith("scipy") and not name.startswith(told)),
        "template fit on a slope": (INK, lambda name: name.startswith(told)),
    }
    series = []
    for k, (name, (colour, belongs)) in enumerate(kinds.items()):
        found = [
            min(bootstrap({n: heights[n]}) for n in heights if belongs(n)) for heights in benches.values()
        ]
        # Side by side, so that each interval can be seen.
        at = [bench + ASIDE * (k - (len(kinds) - 1) / 2) for bench in range(1, len(benches) + 1)]
        points = tuple((x, value) for x, (value, *_) in zip(at, found, strict=True))
        bars = tuple((low, high) for _, low, high in found)
        series.append(Series(name, points, colour, bars, joined=False, marked=True))
    ticks = tuple(float(bench) for bench in range(1, len(benches) + 1))
    return Panel("limit of detection, same profiles", "bench", "absorbance", tuple(series), ticks_x=ticks)


def limits(name: str, found: Findings) -> Panel:
    """Draw the limit of detection in pictures against one factor."""
    factor = FACTORS[name]
    walk = series_of(found.cases, factor)
    return against(factor.meaning, walk, lambda case: float(getattr(case.setting, name)))


def against(meaning: str, walk: Sequence[Case], of: Callable[[Case], float]) -> Panel:
    at = [of(case) for case in walk]
    bound = Series(
        "bound", tuple((x, FIXED * case.least["membrane"]) for x, case in zip(at, walk, strict=True)), INK
    )
    own = Series(
        READER,
        tuple((x, case.limits.detection) for x, case in zip(at, walk, strict=True)),
        VERMILLION,
        tuple(case.interval for case in walk),
        marked=True,
    )
    return Panel(
        "limit of detection in pictures",
        meaning,
        "absorbance",
        (own, bound),
        rules=(Rule(EYE, "a trained eye"),),
        ticks_x=tuple(at),
        span_y=SPAN,
    )
