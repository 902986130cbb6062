"""Measure the lines of one window at the photo's own resolution.

The profile is the absorbance across the membrane in the label's channel mix, in steps of a third of a
line sigma. All lines and a smooth, symmetric baseline are fitted to it together (`reader.measure.spectrum`),
so that blank membrane gives zero on average, and a height's error comes from the same picture. Places and
widths are given and may settle as far as that error lets them: a clear line freely, a faint one hardly, an
absent one not at all. How far the lines' shape departs from a Gaussian is learned from the clear ones.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reader.measure.blur import Blur, edge_blur
from reader.measure.forward import FAINT, gain
from reader.measure.lines import BLOCKS, Patch
from reader.measure.profile import Steps, block_profiles, robust_mean
from reader.measure.rims import between_rims
from reader.measure.rounding import Rounding
from reader.measure.spectrum import Solution, Spectra
from reader.measure.spots import LEAST_SEEN, seen_share
from reader.medians import median

__all__ = ["CLEAR_OF_LINE", "LineFit", "MembraneFit", "measure_lines", "with_rounding"]

FloatArray = NDArray[np.float64]

EDGE_TRIM = 0.2  # membrane widths at each end that are left out even beside a line
DEFAULT_SIGMA = 0.12  # membrane widths: 0.9 mm FWHM on a 3.3 mm membrane
STEPS_PER_SIGMA = 3.0  # of the profile: finer ones share their grain, coarser ones lose the line's shape
BEND = 1.5  # line sigmas over which a bend of the profile is taken
CLEAR_OF_MARK = 2.6  # mark sigmas from its middle beyond which it has vanished
RIM_REACH = 0.8  # membrane widths: nearer than this to an end, a mark is the end's own rim
CLEAR_OF_LINE = 2.5  # line sigmas
CLEAR_OF_SIDE = 3.0  # blur sigmas from a window's side within which its light reaches
NOISE_FLOOR = 5e-5  # absorbance: what 8-bit codes average to on a membrane of some 1,000 pixels under a line
HEIGHT_PRIOR = 1.0  # absorbance: what is known of a height before it is measured
PLACE_PRIOR = 0.3  # line sigmas: how well places are known beforehand, from a search or the kit
WIDTH_PRIOR = 0.25  # natural log of the width: the search's steps are 1.37, blur adds to the kit's
CLEAR = 4.0  # standard errors below which a line's place and width are left as given
FARTHEST = 1.2  # line sigmas that a place may move
WIDTHS = (0.5, 1.8)  # of the given width
SHAPE_PRIOR = 0.2  # of a clear line's height: how far lines lean or are flatter than a Gaussian
OWN = np.array([HEIGHT_PRIOR, PLACE_PRIOR, WIDTH_PRIOR])  # of each line
SHARED = np.full(
    5, SHAPE_PRIOR
)  # of all lines, which one dispenser made: two leans and three kinds of flatness
# A rim's shade falls off into the window over about its depth, 0.3 to 0.5 of the membrane's width. A baseline
# that had to follow it would be taken for a rough one everywhere.
SHADE = 0.4  # membrane widths over which it falls to 1/e
SHADE_PRIOR = 0.1  # absorbance: a shade of 0.02 to 0.05 is usual
MISFIT, MISFIT_SHARE = 12.0, 0.25  # typical residuals and share of a line's height, by which no shape departs
MAX_STEPS = 8
FULL_STEPS = 1  # after which the likeliest spectrum is held
LONGEST_STEP, SETTLED = 0.4, 1e-3  # line sigmas, natural log of the width
SQRT_PI, SQRT_2PI = math.sqrt(math.pi), math.sqrt(2 * math.pi)


@dataclass(frozen=True, slots=True)
class LineFit:
    """A line as measured; lengths in samples of the patch, heights in absorbance.

    Attributes
    ----------
    place, sigma : float
        Middle (from the window's left end) and Gaussian sigma.
    height, height_sigma : float
        Peak absorbance and its standard error; may be negative on blank membrane.
    area, area_sigma : float
        Integral along the flow, absorbance times samples, and its standard error, which includes that
        of the width.
    rounding : float, default 0
        What the file's rounding has in the error of the height (`with_rounding`).
    """

    place: float
    sigma: float
    height: float
    height_sigma: float
    area: float
    area_sigma: float
    rounding: float = 0.0

    @property
    def blank_sigma(self) -> float:
        """Standard error of a height where there is no line: what a line must exceed."""
        return math.sqrt(max(self.height_sigma**2 - self.rounding**2, 0.0))


@dataclass(frozen=True, slots=True, eq=False)
class MembraneFit:
    """The measured profile of one window.

    Attributes
    ----------
    profile, baseline : ndarray, shape (N,)
        Absorbance relative to the membrane's mean, and the fitted line-free membrane; NaN where unknown.
    lines : tuple of LineFit
        In the order in which they were asked for.
    noise : float
        Spread of a line height over line-free membrane.
    """

    profile: FloatArray
    baseline: FloatArray
    lines: tuple[LineFit, ...]
    noise: float


def measure_lines(
    patch: Patch,
    places: Sequence[tuple[float, float]],
    weights: tuple[float, float, float],
    marks: Sequence[tuple[float, float]] = (),
    *,
    within: tuple[float, float] = (0.0, math.inf),
) -> MembraneFit:
    """Measure lines at given places, present or not, jointly with the baseline.

    Parameters
    ----------
    patch : Patch
        The window at its own resolution, at least 16 samples across.
    places : sequence of (float, float)
        Middle and sigma of each line, in membrane widths from the left end.
    weights : tuple of float
        Channel mix of the label (R, G, B).
    marks : sequence of (float, float), optional
        Middle and sigma of what stands out but is no line, such as a rim's shadow or a letter, in membrane
        widths. It is left out, and so is what lies between it and an end of the window that is near.
    within : (float, float), default everywhere
        The part of the window that is looked at, membrane widths from the left end.

    Returns
    -------
    MembraneFit
        Heights are unbiased for lines of about the given place (within a sigma) and width (within a
        factor of 0.5 to 1.8), and zero on average where there is no line.

    Examples
    --------
    >>> x = np.arange(400)
    >>> line = 0.2 * np.exp(-((x - 150.0) ** 2) / (2 * 8.0**2))
    >>> light = np.broadcast_to(-line[None, :, None], (64, 400, 3)).astype(np.float32)
    >>> fit = measure_lines(Patch(light, 64, 400, 0, 0), [(150 / 64, 0.12), (4.5, 0.12)], (0, 1, 0))
    >>> [round(line.height, 3) + 0.0 for line in fit.lines]
    [0.2, 0.0]
    """
    fit = _measured(patch, places, weights, marks, within)
    if all(line.height <= FAINT for line in fit.lines):
        return fit
    blur = edge_blur(patch)
    lines = fit.lines
    inner = patch if blur is None else patch.inner(CLEAR_OF_SIDE * blur.sigma / patch.rows)
    if inner is not patch:
        # What lies beside the membrane brightens its blurred sides, by much of a dark line's light.
        again = _measured(inner, places, weights, marks, within).lines
        lines = tuple(b if a.height > FAINT else a for a, b in zip(lines, again, strict=True))
    return replace(fit, lines=tuple(_unsaturated(line, blur) for line in lines))


def _measured(
    patch: Patch,
    places: Sequence[tuple[float, float]],
    weights: tuple[float, float, float],
    marks: Sequence[tuple[float, float]],
    within: tuple[float, float],
) -> MembraneFit:
    """Measure lines in the logarithm of the light as it is."""
    x = (np.arange(patch.columns) + 0.5) / patch.rows
    membrane = _membrane(patch, places, marks) & (x > within[0]) & (x < within[1])
    blocks, known = block_profiles(patch, np.array(weights), membrane)
    start = _Shapes(
        np.array([p * patch.rows - 0.5 for p, _ in places]), np.array([s * patch.rows for _, s in places])
    )
    sigma = float(median(start.sigmas)) if places else DEFAULT_SIGMA * patch.rows
    profiles = np.vstack([robust_mean(blocks), blocks]).T
    known = _between_rims(profiles, known, start, sigma, patch.rows)
    steps = Steps.over(known, max(1, round(sigma / STEPS_PER_SIGMA)))
    problem = _Problem(steps.mean(profiles), steps, start, sigma / steps.width, steps.mean(_shades(patch)))
    shapes, scale = _settled(problem)
    fit = problem.fitted(problem.spectra, shapes, scale)
    misfits = _misfits(fit)
    if misfits.any():
        problem = problem.without(misfits)
        fit = problem.fitted(problem.spectra, shapes, scale)
    lines = _fits(fit)
    return MembraneFit(
        np.where(known, profiles[:, 0], np.nan),
        np.where(known, _baseline(fit), np.nan),
        lines if patch.seen is None else tuple(_less_sure(patch, line) for line in lines),
        _spread(fit),
    )


def with_rounding(
    patch: Patch,
    lines: Sequence[LineFit],
    weights: tuple[float, float, float],
    colour: tuple[float, float, float],
) -> tuple[LineFit, ...]:
    """Add what the file's rounding leaves unknown to the errors of lines (`reader.measure.rounding`).

    Parameters
    ----------
    patch : Patch
        The window that they were measured in.
    lines : sequence of LineFit
        As they were measured.
    weights : tuple of float
        The channel mix in which they were.
    colour : tuple of float
        What they absorb of R, G and B, in any unit.
    """
    if patch.coding is None:
        return tuple(lines)
    rounding, mix = Rounding(patch, patch.coding), np.array(weights)
    relative = np.array(colour) / (mix @ colour)
    found = []
    for line in lines:
        covariance = rounding.covariance((line.place, line.sigma), line.height, line.height_sigma, relative)
        error = math.sqrt(float(mix @ covariance @ mix))
        area_error = math.hypot(line.area_sigma, error * line.sigma * SQRT_2PI)
        height_error = math.hypot(line.height_sigma, error)
        found.append(replace(line, height_sigma=height_error, area_sigma=area_error, rounding=error))
    return tuple(found)


def _between_rims(
    profiles: FloatArray, known: NDArray[np.bool_], start: _Shapes, sigma: float, rows: int
) -> NDArray[np.bool_]:
    """Leave out what the rims of the window's ends shade."""
    steps = Steps.over(known, max(1, round(sigma / STEPS_PER_SIGMA)))
    beside = (np.abs(steps.middles[:, None] - start.centers) < CLEAR_OF_LINE * start.sigmas).any(axis=1)
    lined = np.flatnonzero(beside)
    farthest = round(RIM_REACH * rows / steps.width)
    # What lies between a line and its end is needed to measure the line, shaded or not.
    first, last = (int(lined[0]), steps.count - 1 - int(lined[-1])) if lined.size else (farthest, farthest)
    part = between_rims(
        steps.mean(profiles)[:, 0],
        (steps.shares > 0) & ~beside,
        round(BEND * STEPS_PER_SIGMA),
        (min(farthest, first), min(farthest, last)),
    )
    inner = np.zeros_like(known)
    inner[steps.first + part.start * steps.width : steps.first + part.stop * steps.width] = True
    return known & inner


def _membrane(
    patch: Patch, places: Sequence[tuple[float, float]], marks: Sequence[tuple[float, float]]
) -> NDArray[np.bool_]:
    """Tell which samples along the flow are membrane: neither an end's rim nor a mark."""
    x = (np.arange(patch.columns) + 0.5) / patch.rows
    length = patch.columns / patch.rows
    trim = min(EDGE_TRIM, length / 8)
    membrane = np.ones(patch.columns, bool)
    for place, sigma in marks:
        start, stop = place - CLEAR_OF_MARK * sigma, place + CLEAR_OF_MARK * sigma
        start = 0.0 if start < RIM_REACH else start
        stop = length if stop > length - RIM_REACH else stop
        membrane &= (x < start) | (x > stop)
    for place, sigma in places:
        membrane |= np.abs(x - place) < CLEAR_OF_LINE * sigma
    return membrane & (x > trim) & (x < length - trim)


def _shades(patch: Patch) -> FloatArray:
    """Return how the shade of each end's rim falls off into the window, shape (samples, 0 to 2)."""
    x = (np.arange(patch.columns) + 0.5) / patch.rows
    ends = ((x, patch.open_start), (x[::-1], patch.open_end))
    shades = [np.exp(-from_end / SHADE) for from_end, is_open in ends if not is_open]
    return np.array(shades).reshape(-1, patch.columns).T


@dataclass(frozen=True, slots=True, eq=False)
class _Shapes:
    """Middles and sigmas of the lines, samples; each of shape (K,)."""

    centers: FloatArray
    sigmas: FloatArray

    def columns(self, steps: Steps, scale: FloatArray) -> FloatArray:
        """Return lines of height 1 and, unless all scales are 0, how they change.

        The changes by place (sigmas) and log width are each line's own, shape (N, K) each; those of shape
        are shared, one column each.
        """
        u = (np.arange(len(steps.known))[:, None] - self.centers) / self.sigmas
        g = np.exp(-(u**2) / 2)
        if not scale.any():
            return steps.mean(g)
        scaled = g * scale
        _, place, width, *shapes = _changes(u)
        shared = [(g * shape) @ scale[:, None] for shape in shapes]
        return steps.mean(np.concatenate([g, scaled * place, scaled * width, *shared], axis=1))


def _changes(u: FloatArray) -> list[FloatArray]:
    """Return what a Gaussian is multiplied with: 1, and its changes by place (sigmas), log width and shape.

    The changes of shape alter neither the height in the middle nor the area.
    """
    square = u * u
    third, fifth = square / 3 - 1, square * (square / 15 - 1 / 3)
    seventh = square * square * (square / 105 - 1 / 15)
    return [
        np.ones_like(u),
        u,
        square,
        u * third,
        square * third,
        u * fifth,
        square * fifth,
        square * seventh,
    ]


@dataclass(frozen=True, eq=False)
class _Problem:
    """What is known before the fit.

    Attributes
    ----------
    values : ndarray, shape (N, 9)
        Absorbance of the whole width and of its blocks, 0 where it is not known.
    steps : Steps
        Where it was taken.
    start : _Shapes
        Places and widths that are expected.
    sigma : float
        Typical line sigma, steps.
    shades : ndarray, shape (N, S)
        How the rims' shades fall off.
    """

    values: FloatArray
    steps: Steps
    start: _Shapes
    sigma: float
    shades: FloatArray

    @cached_property
    def spectra(self) -> Spectra:
        """What membrane and noise may look like."""
        return Spectra.over(len(self.values), self.sigma)

    @property
    def floor(self) -> float:
        """Variance of a step at which a line's height is known to the noise floor."""
        return NOISE_FLOOR**2 * SQRT_PI * self.sigma

    @cached_property
    def ground(self) -> FloatArray:
        """What is fitted beside lines: the gaps and the shades, shape (N, G + S)."""
        return np.concatenate([self.steps.gaps, self.shades], axis=1)

    def without(self, steps: NDArray[np.bool_]) -> _Problem:
        """Leave out some steps."""
        return replace(self, steps=replace(self.steps, shares=np.where(steps, 0.0, self.steps.shares)))

    def fitted(self, spectra: Spectra, shapes: _Shapes, scale: FloatArray) -> _Fitted:
        """Fit the lines and small changes of their shapes."""
        count, gaps, shades = scale.size, np.zeros(self.steps.gaps.shape[1]), np.zeros(self.shades.shape[1])
        prior, expected = np.full(count, OWN[0] ** -2), np.zeros(count)
        if scale.any():
            shift = (self.start.centers - shapes.centers) / shapes.sigmas
            stretch = np.log(self.start.sigmas / shapes.sigmas)
            prior = np.append(np.repeat(OWN**-2, count), SHARED**-2)
            expected = np.concatenate([expected, shift, stretch, np.zeros_like(SHARED)])
        lines = shapes.columns(self.steps, scale)
        solution = spectra.solve(
            self.values[:, 0],
            np.concatenate([lines, self.ground], axis=1),
            np.concatenate([prior, gaps, shades + SHADE_PRIOR**-2]),
            np.concatenate([expected, gaps, shades]),
            self.floor,
        )
        return _Fitted(self, shapes, scale, lines, solution)


@dataclass(frozen=True, eq=False)
class _Fitted:
    """Lines of some shapes, as they were fitted.

    Attributes
    ----------
    problem : _Problem
        To what.
    shapes : _Shapes
        Places and widths of the lines.
    scale : ndarray, shape (K,)
        What a change of shape does, as in `_settled`.
    lines : ndarray, shape (N, L)
        The lines and their changes.
    solution : Solution
        Amounts of the lines and their changes, the ground, and the trend.
    """

    problem: _Problem
    shapes: _Shapes
    scale: FloatArray
    lines: FloatArray
    solution: Solution

    @cached_property
    def heights(self) -> FloatArray:
        """Height of each line, shape (K,)."""
        return self.solution.mean[: self.scale.size]

    @cached_property
    def spectrum(self) -> Spectra:
        """The likeliest spectrum alone."""
        return self.problem.spectra.only(self.solution.best)

    @cached_property
    def by_blocks(self) -> FloatArray:
        """Heights in each block across the membrane, shape (8, K)."""
        count = self.scale.size
        columns = np.concatenate([self.lines[:, :count], self.problem.ground], axis=1)
        return self.spectrum.amounts(self.problem.values[:, 1:], columns)[:count].T

    @cached_property
    def line_free(self) -> tuple[FloatArray, FloatArray]:
        """The profile without its lines, and the smooth membrane in it, at every step."""
        problem = self.problem
        lines, ground, trend = np.split(
            self.solution.amounts[self.solution.best],
            np.cumsum([self.lines.shape[1], problem.ground.shape[1]]),
        )
        rest = problem.values[:, 0] - self.lines @ lines - problem.ground @ ground
        shade = problem.shades @ ground[problem.steps.gaps.shape[1] :]
        return rest + shade, self.spectrum.membrane(rest, trend) + shade


def _settled(problem: _Problem) -> tuple[_Shapes, FloatArray]:
    """Move places and widths to where they fit best, as far as the priors let them.

    Also return the scale of what a change of shape does: a line's height if it is clear, 0 if it is not.
    """
    shapes, scale = problem.start, np.zeros(problem.start.centers.size)
    spectra = problem.spectra
    for step in range(MAX_STEPS if scale.size else 0):
        fit = problem.fitted(spectra, shapes, scale)
        last, shapes = shapes, _stepped(problem.start, shapes, fit.solution.mean, scale)
        if step == 0:
            # Before the shapes are right, their misfit counts as noise, but not as disagreement of blocks.
            error = fit.by_blocks.std(axis=0, ddof=1) / math.sqrt(BLOCKS)
        else:
            error = np.sqrt(np.diag(fit.solution.covariance)[: scale.size])
            spectra = fit.spectrum if step == FULL_STEPS else spectra
        scale = _clear(fit.heights, error) * fit.heights
        moved = np.abs(shapes.centers - last.centers) + np.abs(shapes.sigmas - last.sigmas)
        if not scale.any() or (step > FULL_STEPS and (moved < SETTLED * last.sigmas).all()):
            break
    return shapes, scale


def _stepped(start: _Shapes, shapes: _Shapes, amounts: FloatArray, scale: FloatArray) -> _Shapes:
    """Take one step within what is allowed; lines that are not clear go back to where they are expected."""
    count = start.centers.size
    if not scale.any():
        return start
    step = np.clip(amounts[count : 3 * count], -LONGEST_STEP, LONGEST_STEP)
    centers = shapes.centers + step[:count] * shapes.sigmas
    sigmas = shapes.sigmas * np.exp(step[count:])
    reach = FARTHEST * start.sigmas
    return _Shapes(
        np.where(scale == 0, start.centers, np.clip(centers, start.centers - reach, start.centers + reach)),
        np.where(scale == 0, start.sigmas, np.clip(sigmas, *(w * start.sigmas for w in WIDTHS))),
    )


def _clear(height: FloatArray, error: FloatArray) -> FloatArray:
    """Return how far heights stand out of their errors: 0 up to four of them, towards 1 far above."""
    return np.asarray(np.maximum(1 - CLEAR * error / np.maximum(np.abs(height), 1e-9), 0.0))


def _misfits(fit: _Fitted) -> NDArray[np.bool_]:
    """Tell which steps of clear lines no line's shape explains.

    What is no line of this strip, such as the edge of a pad, would count as noise everywhere else.
    """
    scale, shapes = fit.scale, fit.shapes
    apart = np.abs(fit.problem.steps.middles[:, None] - shapes.centers) / shapes.sigmas
    lined = ((apart < CLEAR_OF_LINE) & (scale != 0)).any(axis=1)
    if not lined.any() or lined.all():
        return np.zeros_like(lined)
    free, smooth = fit.line_free
    rest = np.abs(free - smooth)
    typical = 1.4826 * float(median(rest[~lined]))
    share = MISFIT_SHARE * np.where(apart < CLEAR_OF_LINE, np.abs(scale), 0.0).max(axis=1)
    return np.asarray(lined & (rest > np.maximum(MISFIT * typical, share)))


def _fits(fit: _Fitted) -> tuple[LineFit, ...]:
    """Turn the fit into lines with their standard errors.

    That of a clear line is at least the disagreement of the blocks: an uneven line is known less well.
    """
    heights, covariance, scale, shapes = fit.heights, fit.solution.covariance, fit.scale, fit.shapes
    count = scale.size
    own = np.diag(covariance)[:count]
    uneven = np.maximum(fit.by_blocks.var(axis=0, ddof=1) / BLOCKS - own, 0.0)
    uneven *= _clear(heights, np.sqrt(own))
    peaks = heights * _peaks(fit.solution.mean, scale)
    found = []
    for k, sigma in enumerate(shapes.sigmas.tolist()):
        shared = 0.0
        if scale.any():
            # The area follows the log width, whose change was fitted in units of the scale.
            wide = 2 * count + k
            shared = 2 * scale[k] * covariance[k, wide] + scale[k] ** 2 * covariance[wide, wide]
        factor = sigma * SQRT_2PI
        found.append(
            LineFit(
                float(shapes.centers[k]) + 0.5,
                sigma,
                float(peaks[k]),
                math.sqrt(own[k] + uneven[k]),
                float(heights[k]) * factor,
                math.sqrt(max(own[k] + shared, 0.0) + uneven[k]) * factor,
            )
        )
    return tuple(found)


def _less_sure(patch: Patch, line: LineFit) -> LineFit:
    """Count in a line's errors that spots leave fewer of its pixels to average, or none at all."""
    share = seen_share(patch, line.place, line.sigma)
    if share < LEAST_SEEN:
        unit = line.sigma * SQRT_2PI
        return LineFit(line.place, line.sigma, 0.0, HEIGHT_PRIOR, 0.0, HEIGHT_PRIOR * unit)
    more = 1 / math.sqrt(share)
    return replace(line, height_sigma=more * line.height_sigma, area_sigma=more * line.area_sigma)


def _unsaturated(line: LineFit, blur: Blur | None) -> LineFit:
    """Give back to a strong line what blur takes from it alone."""
    given = gain(line.height, line.area / max(line.height, FAINT) / SQRT_2PI, blur)
    # What is given back grows in proportion to the line, so that it counts twice in its errors.
    return replace(
        line,
        height=line.height * given.height,
        height_sigma=math.hypot(line.height_sigma * given.height**2, line.height * given.height_error),
        area=line.area * given.area,
        area_sigma=math.hypot(line.area_sigma * given.area**2, line.area * given.area_error),
    )


def _peaks(amounts: FloatArray, scale: FloatArray) -> FloatArray:
    """Return how much higher the peaks of lines of such shapes are than those of Gaussians, shape (K,)."""
    count = scale.size
    if not scale.any():
        return np.ones(count)
    own = amounts[count : len(OWN) * count].reshape(-1, count)
    shared = amounts[len(OWN) * count :][: len(SHARED)]
    relative = np.where(scale == 0, 0.0, scale / np.where(scale == 0, 1.0, amounts[:count]))
    u = np.linspace(-1.0, 1.0, 41)[:, None]
    first, *changes = _changes(u)
    amount = [*own, *shared]
    shape = first + sum(a * relative * change for a, change in zip(amount, changes, strict=True))
    return np.asarray((np.exp(-(u**2) / 2) * shape).max(axis=0))


def _baseline(fit: _Fitted) -> FloatArray:
    """Return the membrane without its lines, at every sample of the patch."""
    steps = fit.problem.steps
    return np.interp(np.arange(len(steps.known)), steps.middles, fit.line_free[1])


def _spread(fit: _Fitted) -> float:
    """Return the error that the height of one more line would have, at the median place."""
    places = np.arange(fit.problem.steps.count)
    probes = np.exp(-((places[:, None] - places) ** 2) / (2 * fit.problem.sigma**2))
    power = median(fit.problem.spectra.power(probes))
    variances = fit.solution.variances / np.maximum(power, 1e-9)
    return max(math.sqrt(float(fit.solution.shares @ variances)), NOISE_FLOOR)
