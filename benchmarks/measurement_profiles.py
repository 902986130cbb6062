"""Profiles whose every part is known, and the patches of membrane that have them.

Two kinds. *Smooth*: a random curve of any stiffness, noise of any strength and grain, lines of any width,
drawn from ranges that the estimator does not name. *Bench*: tilt, bend, and the front of a stain of 0.02
anywhere, which no model of the reader's describes; on them, programs are compared.
"""

from __future__ import annotations

import io
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from reader.colour import srgb_encode
from reader.geometry import Window
from reader.limits.bound import Ground, least_errors
from reader.measure.lines import Patch
from reader.measure.membrane import LineFit, measure_lines
from reader.photo import open_bytes
from reader.simulate import LABELS
from reader.view import View

FloatArray = NDArray[np.float64]

ROWS, COLUMNS = 64, 400  # samples across and along: 16 mm by 2.6 mm at 25 px/mm
USED = slice(9, 55)  # rows: the reader leaves the sides out, where membranes are shaded; so do the others
SQRT_2PI = float(np.sqrt(2 * np.pi))
GREEN = (0.0, 1.0, 0.0)
LEVEL = 0.46  # linear light of bare membrane, sRGB code 180
SIGMA = 9.55  # samples: a line of 0.9 mm
LENGTH_MM = 16.0
MARGIN = 16  # px around a membrane in its picture: a block of the JPEG's colours
FRONT_MM = (0.3, 2.0)  # logistic scale of a stain's front: blood on nitrocellulose


@dataclass(frozen=True)
class Course:
    """A membrane with its lines; lengths in samples, heights in absorbance.

    Attributes
    ----------
    places, heights : tuple of float
        Of the lines, in order.
    sigma : float
        Of each.
    ground : Ground
        What the membrane was drawn from.
    curve : ndarray, shape (COLUMNS,)
        The membrane without lines and noise.
    light : ndarray, shape (ROWS, COLUMNS)
        log10 of light, with everything.
    """

    places: tuple[float, ...]
    heights: tuple[float, ...]
    sigma: float
    ground: Ground
    curve: FloatArray
    light: FloatArray

    @property
    def profile(self) -> FloatArray:
        """Absorbance along the flow, shape (COLUMNS,)."""
        return np.asarray(-self.light[USED].mean(axis=0))

    @property
    def bounds(self) -> FloatArray:
        """Least errors of the heights, for who knows the ground."""
        return least_errors(self.ground, self.places, [self.sigma] * len(self.places), COLUMNS)

    @property
    def patch(self) -> Patch:
        light = np.repeat(self.light[..., None], 3, axis=2)
        return Patch(light.astype(np.float32), ROWS, COLUMNS, 0, 0)

    @property
    def where(self) -> list[tuple[float, float]]:
        """Places and sigmas as the reader wants them; a patch's first sample has its middle at one half."""
        return [((place + 0.5) / ROWS, self.sigma / ROWS) for place in self.places]

    def read(self) -> tuple[LineFit, ...]:
        """Measure the lines, told their places and widths but nothing of the ground."""
        return measure_lines(self.patch, self.where, GREEN).lines


def smooth(rng: np.random.Generator, test: float, *, kappa: float | None = None) -> Course:
    """Draw a smooth course with a control line, and a test line of the given height twice.

    Parameters
    ----------
    rng : numpy.random.Generator
        Where all else comes from.
    test : float
        Height of both test lines.
    kappa : float, optional
        Stiffness of the curve; by default anything from 3 to 6,000.
    """
    sigma = rng.uniform(6.0, 13.0)
    white = 10 ** (2 * rng.uniform(-3.7, -2.5))
    stiffness = 10 ** rng.uniform(np.log10(3), np.log10(6000)) if kappa is None else kappa
    grain = (white * 10 ** rng.uniform(0, 1.6), sigma * rng.uniform(0.2, 0.6))
    even = Ground(white, (grain,) if rng.random() < 0.5 else (), bend=1.0)
    ground = replace(even, bend=even.stiffness(sigma) / stiffness)
    curve = np.sqrt(ground.bend) * rng.standard_normal(COLUMNS).cumsum().cumsum()
    places = COLUMNS * (np.array([0.2, 0.5, 0.77]) + rng.uniform(-0.04, 0.04, 3))
    bare = Course(tuple(places), (rng.uniform(0.1, 0.6), test, test), sigma, ground, curve, np.empty(0))
    return _with_light(rng, bare)


def bench(rng: np.random.Generator, test: float, noise: float) -> Course:
    """Draw a course on which programs are compared: a control line of 0.35, a test line, and a front."""
    x = np.linspace(0.0, 1.0, COLUMNS)
    step, width = rng.uniform(0.0, 1.0), FRONT_MM[0] * (FRONT_MM[1] / FRONT_MM[0]) ** rng.random() / LENGTH_MM
    curve = rng.normal(0, 0.02) * x + rng.normal(0, 0.02) * x**2
    curve += 0.02 * rng.choice([-1.0, 1.0]) / (1 + np.exp(-(x - step) / width))
    bare = Course((125.0, 272.0), (0.35, test), SIGMA, Ground(noise**2), curve, np.empty(0))
    return _with_light(rng, bare)


def photographed(rng: np.random.Generator, course: Course, quality: int = 92) -> Course:
    """Turn a course into a picture of gold lines, write that as JPEG, and take the green of what is seen."""
    sigma = np.sqrt(course.ground.white * (USED.stop - USED.start))
    absorbance = course.curve[:, None] + _lines(course)[:, None] * LABELS["gold"]
    light = -absorbance + sigma * rng.standard_normal((ROWS, COLUMNS, 3))
    light[..., 1] = course.light
    codes = np.rint(255 * srgb_encode(LEVEL * 10**light)).astype(np.uint8)
    stream, margin = io.BytesIO(), ((MARGIN, MARGIN), (MARGIN, MARGIN), (0, 0))
    Image.fromarray(np.pad(codes, margin, "edge")).save(stream, "JPEG", quality=quality, subsampling="4:2:0")
    photo = open_bytes(stream.getvalue())
    window = Window(MARGIN + (COLUMNS - 1) / 2, MARGIN + (ROWS - 1) / 2, 0.0, COLUMNS, ROWS)
    seen = View(photo.pixels, photo.chroma, photo.steps).finest_log_light(window, COLUMNS, ROWS)
    return replace(course, light=seen[..., 1].astype(np.float64))


def _lines(course: Course) -> FloatArray:
    x = np.arange(COLUMNS)[:, None]
    shapes = np.exp(-((x - np.array(course.places)) ** 2) / (2 * course.sigma**2))
    return np.asarray(shapes @ np.array(course.heights))


def _with_light(rng: np.random.Generator, course: Course) -> Course:
    """Lay lines and noise on the curve, row by row; the rows in use have together the noise of the ground."""
    rows = USED.stop - USED.start
    noise = np.sqrt(course.ground.white * rows) * rng.standard_normal((ROWS, COLUMNS))
    for density, length in course.ground.grain:
        noise += np.sqrt(density * rows) * _blurred(rng.standard_normal((ROWS, COLUMNS + 60)), length)
    return replace(course, light=-(course.curve + _lines(course) + noise))


def _blurred(white: FloatArray, length: float) -> FloatArray:
    """Blur white noise along the flow; its density at long waves stays 1."""
    u = np.arange(-30, 31)
    kernel = np.exp(-(u**2) / (2 * length**2))
    wave = np.fft.rfft(white, axis=1) * np.fft.rfft(kernel / kernel.sum(), white.shape[1])
    return np.asarray(np.fft.irfft(wave, white.shape[1], axis=1)[:, 60:])
