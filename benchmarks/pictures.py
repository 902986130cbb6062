"""What is read of whole simulated pictures with a line of known strength: found, called, measured, covered.

    python benchmarks/pictures.py [--pictures 60] [--seed 3] [--drawn] [--short] [--processes N]

Pictures of one kit, 25 px/mm, JPEG quality 90, through the whole reader. By default nothing disturbs but the
grain of the membrane, noise, slant, turn and the rims' shades; with ``--drawn`` everything is drawn from what
real photos are like. Prints for each strength how the pictures were called, mean and scatter of the measured
height and how often its 95 % interval holds the truth, and that of the ratio to the control line; then the
strength that is called positive in 95 %, beside the least that such membranes and noise allow (SCIENCE 2,
formula 1), and how much a height changes with exposure, white balance, turn, mirror, slant and size, beside
the share of such changes that noise alone leaves within what is allowed. Exit code 1 if a blank is called
positive more often than allowed.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq, minimize
from scipy.stats import norm

import reader
from reader.evaluate.intervals import wilson
from reader.limits.bound import flat_error, search_threshold
from reader.reading import Line, Outcome
from reader.simulate import Choices, Picture, simulate
from reader.simulate.lines import LABELS

ASSAY, CONTROL, TEST = "covid-19-ag", "C", "T"
CONTROL_LEVEL = 0.4  # absorbance
LEVELS = (0.0, 0.0025, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.2, 0.5)  # absorbance
SHORT_LEVELS = (0.0, 0.005, 0.01, 0.1)
FAINTEST, STRONG = 0.01, 0.2  # absorbance: the eye's limit; a clear line
CLEAR = 0.05  # absorbance up to which strength alone decides
READ = {Outcome.POSITIVE, Outcome.INDETERMINATE, Outcome.NEGATIVE}
FWHM = 2 * math.sqrt(2 * math.log(2))  # of a Gaussian, in its sigma
MOSAIC = (4.0, 2.0, 4.0)  # pixels for one sample of red, green and blue
FALSE_CALLS = 0.001  # of a search on a blank strip
ALLOWED = 0.005  # share of blanks that may be called positive
SHARE, SIGMAS = 0.02, 1.0  # by which a height may change with what does not concern it
DRAWN = Choices(kind="cassette", devices=1, px_per_mm=25.0, jpeg=90, resize=1.0)
PLAIN = replace(DRAWN, clean=True, contrast=0.0, size_px=(900, 2000))
CHANGES: Mapping[str, Mapping[str, object]] = {
    "exposure x 0.5": {"exposure": 0.3},
    "exposure x 1.5": {"exposure": 0.9},
    "red +10 %, blue -10 %": {"white_balance": (1.1, 0.9)},
    "turned by 90": {"angle_deg": 90.0, "size_px": (2000, 900)},
    "turned by 180": {"angle_deg": 180.0},
    "turned by 37": {"angle_deg": 37.0, "size_px": (1700, 1900)},
    "slant of 15": {"tilt_deg": 15.0},
    "half the size": {"px_per_mm": 12.5, "size_px": (450, 1000)},
    "twice the size": {"px_per_mm": 50.0, "size_px": (1800, 4000)},
}
UNCHANGED: Mapping[str, object] = {
    "exposure": 0.6,
    "white_balance": (1.0, 1.0),
    "angle_deg": 0.0,
    "tilt_deg": 0.0,
}


@dataclass(frozen=True, slots=True)
class Task:
    """A picture to simulate and read."""

    number: int
    seed: int
    level: float
    choices: Choices
    mirrored: bool = False


@dataclass(frozen=True, slots=True)
class Seen:
    """What was read of it."""

    outcome: Outcome
    line: Line | None
    ratio: tuple[float, float] | None


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--pictures", type=int, default=60, help="of each strength")
    parser.add_argument("--seed", type=int, default=3)
    parser.add_argument("--drawn", action="store_true", help="draw everything from what real photos are like")
    parser.add_argument("--short", action="store_true", help="ten pictures of each of four strengths")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    levels, count = (SHORT_LEVELS, 10) if options.short else (LEVELS, options.pictures)
    choices = DRAWN if options.drawn else PLAIN
    with multiprocessing.Pool(options.processes) as pool:
        tasks = [Task(k, options.seed, level, choices) for level in levels for k in range(count)]
        seen = pool.map(look, tasks, chunksize=1)
        found = {level: seen[k * count : (k + 1) * count] for k, level in enumerate(levels)}
        false_positives = report_levels(found)
        if not options.short:
            report_limit(found)
            report_bound(pool.map(errors_at_best, [task for task in tasks if task.level == FAINTEST]))
            report_changes(pool, options.seed, count // 4)
    sys.exit(int(false_positives > ALLOWED * count))


def look(task: Task) -> Seen:
    """Simulate a picture, write it as a file, and read that."""
    cv2.setNumThreads(1)
    picture = simulated(task)
    if task.mirrored:
        picture = replace(picture, pixels=picture.pixels[:, ::-1])
    reading = reader.read_bytes(picture.encode("JPEG"), assay=ASSAY)
    lines = [line for strip in reading.strips[:1] for line in strip.lines if line.name == TEST]
    analytes = [analyte for strip in reading.strips[:1] for analyte in strip.analytes.values()]
    ratios = [(a.ratio, a.ratio_sigma) for a in analytes if a.ratio is not None and a.ratio_sigma is not None]
    return Seen(reading.outcome, lines[0] if lines else None, ratios[0] if ratios else None)


def simulated(task: Task) -> Picture:
    levels = {CONTROL: CONTROL_LEVEL, TEST: task.level}
    return simulate(ASSAY, seed=task.seed, number=task.number, choices=replace(task.choices, levels=levels))


def report_levels(found: Mapping[float, Sequence[Seen]]) -> int:
    """Print how each strength was read; return how many blanks were called positive."""
    names = ("OD", "positive", "undecided", "negative", "other", "height", "SD", "covered", "T/C cov.")
    print("".join(f"{name:>10}" for name in names))
    for level, seen in found.items():
        counts = [
            sum(s.outcome is o for s in seen)
            for o in (Outcome.POSITIVE, Outcome.INDETERMINATE, Outcome.NEGATIVE)
        ]
        heights, errors = measured(seen)
        covered = np.mean(np.abs(heights - level) < norm.isf(0.025) * errors) if heights.size else np.nan
        ratios = np.array([s.ratio for s in seen if s.ratio is not None]).reshape(-1, 2)
        apart = np.abs(ratios[:, 0] - level / CONTROL_LEVEL)
        agreed = np.mean(apart < norm.isf(0.025) * ratios[:, 1]) if ratios.size else np.nan
        row = "".join(f"{n:10}" for n in (*counts, len(seen) - sum(counts)))
        print(f"{level:10.4f}{row}{heights.mean():10.5f}{heights.std():10.5f}{covered:10.1%}{agreed:10.1%}")
    positive = [s.outcome is Outcome.POSITIVE for s in found[FAINTEST]]
    low, high = wilson(sum(positive), len(positive))
    print(f"\ncalled positive at {FAINTEST}: {np.mean(positive):.1%} ({low:.1%} to {high:.1%})")
    blanks = sum(s.outcome is Outcome.POSITIVE for s in found[0.0])
    low, high = wilson(blanks, len(found[0.0]))
    print(f"blanks called positive: {blanks} of {len(found[0.0])} ({low:.1%} to {high:.1%})")
    return blanks


def measured(seen: Sequence[Seen]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return heights and their claimed errors."""
    pairs = [
        (s.line.height, s.line.height_sigma)
        for s in seen
        if s.line is not None and s.line.height is not None and s.line.height_sigma is not None
    ]
    table = np.array(pairs, float).reshape(-1, 2)
    return table[:, 0], table[:, 1]


def report_limit(found: Mapping[float, Sequence[Seen]]) -> None:
    """Print the strength that is called positive in 95 % of what is read, with its bootstrap interval."""
    calls = {
        level: np.array([s.outcome is Outcome.POSITIVE for s in seen if s.outcome in READ])
        for level, seen in found.items()
        if level <= CLEAR
    }
    rng = np.random.default_rng(0)
    limits = [limit_of({v: rng.choice(c, c.size) for v, c in calls.items()}) for _ in range(200)]
    low, high = np.percentile(limits, [2.5, 97.5])
    print(f"called positive in 95 %: from {limit_of(calls):.4f} ({low:.4f} to {high:.4f}) absorbance\n")


def errors_at_best(task: Task) -> tuple[float, float]:
    """Return the least error of the test line's height, in green alone and in the best mix of colours.

    As if the membrane without the line were known but for its grain and the sensor's noise, and nothing
    compressed. Grain is the same in all channels, noise is each channel's own.
    """
    picture = simulated(task)
    membrane = picture.settings["placed"][0]["device"]["membrane"]
    camera, truth = picture.settings["camera"], picture.truth[0]
    sigma = next(line.fwhm_mm for line in truth.lines if line.name == TEST) / FWHM
    width = min(math.dist(truth.window[k], truth.window[k + 1]) for k in range(2)) / truth.px_per_mm
    light = camera["exposure"] * np.array(membrane["tone"])
    relative = np.sqrt(camera["shot_noise"] ** 2 * light + camera["read_noise"] ** 2) / light
    # A mosaic sees green in every second pixel, red and blue in every fourth.
    pixels = np.array(MOSAIC) if camera["bayer"] else 4 * np.pi * camera["noise_px"] ** 2 * np.ones(3)
    noise = (relative / math.log(10)) ** 2 * pixels / truth.px_per_mm**2
    grain = (membrane["texture"] / math.log(10)) ** 2 * 4 * np.pi * membrane["grain_mm"] ** 2
    grain *= sigma / math.hypot(sigma, membrane["grain_mm"])
    colour = np.array(LABELS["gold"]) / LABELS["gold"][1]
    mixed = 1 / float(colour @ np.linalg.solve(grain + np.diag(noise), colour))
    green, best = (flat_error(density / width, sigma) for density in (grain + noise[1], mixed))
    return green, best


def report_bound(errors: Sequence[tuple[float, float]]) -> None:
    """Print the strength that a search could call in 95 % of such pictures at best."""
    threshold = search_threshold(FALSE_CALLS)
    for name, sigmas in zip(("green alone", "the best mix of colours"), np.array(errors).T, strict=True):
        limit = brentq(lambda od, s=sigmas: norm.cdf(od / s - threshold).mean() - 0.95, 1e-5, 1.0)
        print(f"least possible with {name}, uncompressed, on a known flat membrane: {limit:.4f} absorbance")
    print()


def limit_of(calls: Mapping[float, NDArray[np.bool_]]) -> float:
    """Return where a probit of the strength reaches 95 %."""
    levels = np.concatenate([np.full(c.size, v) for v, c in calls.items()])
    positive = np.concatenate(list(calls.values()))

    def loss(parameters: NDArray[np.float64]) -> float:
        z = (levels - parameters[0]) / np.exp(parameters[1])
        return float(-np.where(positive, norm.logcdf(z), norm.logsf(z)).sum())

    best = minimize(loss, np.array([0.004, np.log(0.001)]), method="Nelder-Mead").x
    return float(best[0] + norm.isf(0.05) * np.exp(best[1]))


def report_changes(pool: multiprocessing.pool.Pool, seed: int, count: int) -> None:
    """Print how much a clear line's height changes with what does not concern it."""
    still = replace(PLAIN, **UNCHANGED)  # type: ignore[arg-type]
    tasks = [Task(k, seed, STRONG, still) for k in range(count)]
    changed = {"mirrored": [replace(task, mirrored=True) for task in tasks]}
    for name, change in CHANGES.items():
        changed[name] = [replace(task, choices=replace(still, **change)) for task in tasks]  # type: ignore[arg-type]
    before = pool.map(look, tasks, chunksize=1)
    print(f"{'changed':24} {'median change':>14} {'within 2 % or 1 sigma':>22} {'of noise alone':>15}")
    for name, others in changed.items():
        pairs = [(a.line, b.line) for a, b in zip(before, pool.map(look, others, chunksize=1), strict=True)]
        found = [compared(a, b) for a, b in pairs if a is not None and b is not None]
        shares, kept, by_chance = zip(*found, strict=True)
        within = f"{sum(kept)} of {len(pairs)}"
        print(f"{name:24} {np.median(shares):14.2%} {within:>22} {np.mean(by_chance):15.0%}")


def compared(a: Line, b: Line) -> tuple[float, bool, float]:
    """Return by what share a height changed, whether that is allowed, and how often noise is."""
    assert a.height is not None
    assert b.height is not None
    assert a.snr is not None
    assert b.snr is not None
    change = abs(b.height - a.height)
    noise = float(np.hypot(a.height / a.snr, b.height / b.snr))
    allowed = max(SHARE * a.height, SIGMAS * noise)
    return change / a.height, change <= allowed, float(1 - 2 * norm.sf(allowed / noise))


if __name__ == "__main__":
    main()
