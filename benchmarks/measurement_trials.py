"""What the suite measures, in trials that can be done side by side."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from typing import Any

import cv2
import measurement_profiles as profiles
import numpy as np
from measurement_rivals import Pipeline
from numpy.typing import NDArray

from reader.interpret import load_assay
from reader.limits.pictures import measured, take
from reader.limits.setting import FWHM_MM, Kit, Setting, least_height_errors
from reader.limits.study import Case, run_case
from reader.measure.membrane import LineFit
from reader.strip.look import measured_lines
from reader.strip.read import fine_patch
from reader.view import View

FloatArray = NDArray[np.float64]
Method = Callable[[profiles.Course], float]

LEVELS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.8)  # absorbance
BENCH_LEVELS = (0.0, *np.geomspace(4e-4, 0.03, 10).round(5).tolist())
PART = 20  # trials that one process does at a time
ASSAY = "hcg"  # one test line on 16 by 3 mm: nothing but the control line beside it
TIMED = 25.0  # px/mm of the strip that is timed: that of a phone's photo of one cassette


@dataclass(frozen=True)
class Trials:
    """Test lines of one true height, each with what was measured of it; all of shape (N,).

    ``bounds`` are the least errors of the heights; ``stiffness`` is 0 where it is not known.
    """

    truth: float
    heights: FloatArray
    errors: FloatArray
    areas: FloatArray  # over the true area of a line of absorbance 1
    area_errors: FloatArray
    bounds: FloatArray
    stiffness: FloatArray

    @property
    def t(self) -> FloatArray:
        return np.asarray((self.heights - self.truth) / self.errors)

    @property
    def area_t(self) -> FloatArray:
        return np.asarray((self.areas - self.truth) / self.area_errors)


def on_profiles(level: float, count: int, seed: int, pool: ProcessPoolExecutor) -> Trials:
    """Measure test lines on smooth profiles, two on each."""
    rows = _in_parts(partial(_profile, level), count // 2, seed, pool)
    return _trials(level, [row for pair in rows for row in pair])


def _profile(level: float, seed: tuple[int, int]) -> list[tuple[float, ...]]:
    course = profiles.smooth(np.random.default_rng(seed), level)
    unit = course.sigma * profiles.SQRT_2PI
    stiffness = course.ground.stiffness(course.sigma)
    tests = zip(course.read()[1:], course.bounds[1:], strict=True)
    return [(*_row(level, line, 1.0, unit), float(bound), stiffness) for line, bound in tests]


def on_pictures(level: float, count: int, seed: int, pool: ProcessPoolExecutor) -> Trials:
    """Measure the test line in simulated pictures of the usual setting."""
    return _trials(level, _in_parts(partial(_picture, level), count, seed, pool))


def _picture(level: float, seed: tuple[int, int]) -> tuple[float, ...]:
    kit, setting = _kit(), Setting()
    line = measured(kit, setting, level, seed[0] * 1_000_003 + seed[1])[kit.tests[0]]
    unit = FWHM_MM * np.sqrt(np.pi / np.log(16)) * setting.px_per_mm
    return (*_row(level, line, setting.peak, unit), _least(setting), 0.0)


@cache
def _least(setting: Setting) -> float:
    return least_height_errors(_kit(), setting)["membrane"]


def _row(level: float, line: LineFit, peak: float, unit: float) -> tuple[float, float, float, float]:
    error = line.height_sigma if level else line.blank_sigma
    return line.height / peak, error / peak, line.area / unit, line.area_sigma / unit


def _trials(level: float, rows: Sequence[Sequence[float]]) -> Trials:
    return Trials(level, *np.array(rows, np.float64).T)


@dataclass(frozen=True)
class Bench:
    """What the pipelines are compared on: noise of a profile's samples, and whether through a JPEG."""

    noise: float
    image: bool

    def __str__(self) -> str:
        return f"noise {self.noise:g}{', through JPEG 92' if self.image else ''}"

    def course(self, level: float, seed: tuple[int, int]) -> profiles.Course:
        """Draw a profile; those of one seed differ by the level only."""
        rng = np.random.default_rng(seed)
        course = profiles.bench(rng, level, self.noise)
        return profiles.photographed(rng, course) if self.image else course


def on_bench(
    bench: Bench, methods: Mapping[str, Method], count: int, seed: int, pool: ProcessPoolExecutor
) -> dict[str, dict[float, FloatArray]]:
    """Return the heights by method and level, all from the same profiles."""
    rows = np.array(_in_parts(partial(_on_course, bench, methods), count, seed, pool))
    return {
        name: {level: rows[:, k, i] for i, level in enumerate(BENCH_LEVELS)} for k, name in enumerate(methods)
    }


def _on_course(bench: Bench, methods: Mapping[str, Method], seed: tuple[int, int]) -> list[list[float]]:
    courses = [bench.course(level, seed) for level in BENCH_LEVELS]
    return [[method(course) for course in courses] for method in methods.values()]


def by_reader(course: profiles.Course) -> float:
    """Return the height of the test line as the reader measures it."""
    return course.read()[1].height


def by_pipeline(pipeline: Pipeline, course: profiles.Course) -> float:
    """Return the height of the test line as a pipeline measures it."""
    return pipeline(course.profile, course.places[1], course.sigma)


def detection(heights: Mapping[float, FloatArray]) -> float:
    """Return the least level of which 95 of 100 exceed 95 of 100 blanks (EP17, rank-based)."""
    levels = np.array(sorted(heights))
    blank = float(np.quantile(heights[0.0], 0.95))
    low = np.maximum.accumulate([np.quantile(heights[level], 0.05) for level in levels])
    return float(np.interp(blank, low, levels, right=np.inf))


def case_of(setting: Setting, trials: int, seed: int) -> Case:
    """Find bound and limits of the reader for one camera and membrane."""
    cv2.setNumThreads(1)
    return run_case(_kit(), setting, trials=trials, seed=seed)


def milliseconds(repeats: int) -> FloatArray:
    """Time the measurement of one strip that lies straight: the processor's time, whatever else runs."""
    kit, setting = _kit(), Setting(px_per_mm=TIMED)
    photo, window = take(kit, setting, 0.05, np.random.default_rng(1))
    patch, width = fine_patch(View(photo.pixels, photo.chroma, photo.steps), window), kit.size_mm[1]
    places = [(place / width, setting.sigma_mm / width) for place in kit.places_mm]
    found = []
    for _ in range(repeats):
        start = time.process_time()
        measured_lines(patch, places, kit.assay)
        found.append(1000 * (time.process_time() - start))
    return np.array(found)


@cache
def _kit() -> Kit:
    return Kit.of(load_assay(ASSAY))


def _in_parts(work: Any, count: int, seed: int, pool: ProcessPoolExecutor) -> list[Any]:
    """Do something for so many seeds, in order, in several processes."""
    seeds = [(seed, k) for k in range(count)]
    parts = [seeds[k : k + PART] for k in range(0, count, PART)]
    return [result for part in pool.map(partial(_part, work), parts) for result in part]


def _part(work: Any, seeds: Sequence[tuple[int, int]]) -> list[Any]:
    cv2.setNumThreads(1)
    return [work(seed) for seed in seeds]
