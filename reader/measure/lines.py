"""Search a straightened window for lines, and describe each by what makes a line a line.

A line of a lateral-flow test crosses the whole membrane, straight and at right angles to the flow; it
is as strong at every place of its length; the membrane is the same on both sides of it; and all lines
of a strip have the label's colour. A rim shadow, a stain, a letter or a fold fails at least one of these.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reader.measure.coding import Coding
from reader.measure.scan import LineScan
from reader.medians import median

__all__ = [
    "BLOCKS",
    "NOISE_FLOOR",
    "ROWS",
    "FoundLine",
    "Patch",
    "clear_of_flanks",
    "describe_bar",
    "find_lines",
    "is_flank",
]

FloatArray = NDArray[np.float32]

ROWS = 32  # samples across the membrane in which lines are searched
BLOCKS = 8  # parts of the width that must agree
SIDE_TRIM = 0.14  # of the width on each side: rim shadow and the membrane's darker edge
MOST_TRIM = 0.3  # the same where a picture is blurred: what is left is enough for strong lines
END_TRIM = 0.30  # membrane widths at each end: rim shadow reaches about as far as the recess is deep
SIGMAS = (0.05, 0.07, 0.10, 0.14, 0.19, 0.26)  # line sigma in membrane widths: 0.4..2 mm FWHM, blurred
SEARCH_MIX = np.array([0.25, 0.5, 0.25], np.float32)  # sees red, blue and black lines alike
LEAST_HEIGHT = 0.004  # absorbance: a third of what a trained eye sees
MAX_LINES = 6
SHOULDER, SHOULDER_SIGMAS = 0.28, 4.5  # membrane widths and line sigmas that a line's own flanks reach
SHOULDER_SHARE = 0.3  # of a line's height, that its flank may have
FRAME = (0.35, 0.85)  # widths before and after a line in which its window's sides are looked at
FRAME_DEPTH = 0.125  # widths on both sides of a long edge: clear of its shadow, and within the patch
FAINT_CONTRAST = 0.02  # absorbance: less than this between membrane and surroundings tells little
FLANK = (2.2, 3.2)  # line sigmas from its middle between which a line's flank is looked at
SLOPE_REACH = 0.4  # membrane widths beyond a flank's start over which the membrane's slope is taken
UNEVEN_LIGHT = 0.01  # absorbance: more than this across a line is a rim or a join, not a slope of the light
FAINT = 0.03  # absorbance up to which a slope of the light matters; at twice that it is left out of account
SHIFTS = np.arange(-2, 3)  # samples by which a line's place may settle
CLEAR = 2.6  # line sigmas from its middle beyond which a line has vanished
LEAST_EXPLAINED = 0.5  # share of the local variation that a line must explain
BRIGHTENS = 0.1  # share of its absorbance by which a label may seem to brighten a channel: it never does
NOISE_FLOOR = 3e-4  # absorbance: below it 8-bit rounding makes any estimate meaningless


@dataclass(frozen=True, eq=False)
class Patch:
    """A window seen straight, in log10 of linear light, with a margin.

    Attributes
    ----------
    log_light : ndarray, shape (rows + 2·side, columns + 2·end, 3), float32
        Flow from left to right; NaN beyond the picture.
    rows, columns : int
        Size of the window itself.
    side, end : int
        Margin across and along.
    coding : Coding, optional
        How the file holds it, if that is known.
    trim : float, default 0.14
        Share of the width on each side that is no part of `blocks`.
    seen : ndarray, shape (columns,), optional
        Share of each column of the window that no spot covers; by default nothing is covered.
    """

    log_light: FloatArray
    rows: int
    columns: int
    side: int
    end: int
    coding: Coding | None = None
    trim: float = SIDE_TRIM
    seen: NDArray[np.float64] | None = None

    @cached_property
    def planes(self) -> FloatArray:
        """The same with the channels one after another, shape (3, rows + 2·side, columns + 2·end)."""
        return np.ascontiguousarray(self.log_light.transpose(2, 0, 1))

    @cached_property
    def grey(self) -> FloatArray:
        """The same in the search mix, shape (rows + 2·side, columns + 2·end)."""
        return np.asarray(self.log_light @ SEARCH_MIX, np.float32)

    @cached_property
    def profiles(self) -> _Profiles | None:
        """What is seen across the flow, or None if too little is."""
        return _profiles(self)

    @cached_property
    def block_edges(self) -> NDArray[np.int_]:
        """Rows at which the blocks across the window begin and end, shape (9,)."""
        shares = np.linspace(self.trim, 1 - self.trim, BLOCKS + 1)
        return np.asarray(self.side + (shares * self.rows).round().astype(int))

    @cached_property
    def blocks(self) -> NDArray[np.float64]:
        """Absorbance of each channel in blocks across the window without its sides, shape (3, 8, columns)."""
        edges = self.block_edges
        window = self.log_light[: edges[-1], self.end : self.end + self.columns]
        sums = np.add.reduceat(window, edges[:-1], axis=0)
        means = sums.astype(np.float64) / np.diff(edges)[:, None, None]
        return np.ascontiguousarray(-means.transpose(2, 0, 1))

    def inner(self, trim: float) -> Patch:
        """Return the patch with more of its sides left out of `blocks`, or itself if that is no more."""
        # Blocks of less than one and a half rows might be rounded to none.
        trim = min(trim, MOST_TRIM, 0.5 - 0.75 * BLOCKS / self.rows)
        return self if trim <= self.trim else replace(self, trim=trim)

    @cached_property
    def _bare(self) -> bool:
        """Whether there is nothing beside the window."""
        return not any(map(_seen, (self.grey[: self.side], self.grey[self.side + self.rows :])))

    @cached_property
    def open_start(self) -> bool:
        """Whether the membrane fills the picture and is cut at its left end, so that no rim can shade it."""
        return self._bare and not _seen(self.grey[:, : self.end])

    @cached_property
    def open_end(self) -> bool:
        """Whether the membrane fills the picture and is cut at its right end."""
        return self._bare and not _seen(self.grey[:, self.end + self.columns :])


@dataclass(frozen=True, eq=False)
class FoundLine:
    """A line as it was found; lengths in membrane widths.

    Attributes
    ----------
    place : float
        Distance from the window's left end.
    sigma : float
        Gaussian sigma of the line.
    height : float
        Absorbance in the search mix.
    snr : float
        Height over the noise of line-free membrane at this line's width.
    block_snr : float
        Mean over standard error of the heights in the blocks across the membrane.
    full : float
        Share of the blocks with more than 40 % of the median height.
    least : float
        Height in the weakest block over the median.
    uneven : float
        Coefficient of variation over the blocks.
    step : float
        Difference of level on both sides, beyond the membrane's own slope, over the height.
    explained : float
        Share of the local variation that the line explains.
    colour : ndarray, shape (3,)
        Absorbance in R, G, B.
    slope, bend : float
        Lean against the right angle (widths per width) and departure from straightness (widths).
    to_end : float
        Distance to the nearer end of the window that may have a rim, at most 10.
    frame : float
        How much the contrast between membrane and surroundings is the same before and after it, 0..1: at a
        line the window's long sides go on, at the rim of an end they do not. 1 where no contrast is seen.
    plausible : float
        How well its surroundings agree with its being striped on a membrane, 0..1, once
        `reader.measure.setting` has looked at them.
    """

    place: float
    sigma: float
    height: float
    snr: float
    block_snr: float
    full: float
    least: float
    uneven: float
    step: float
    explained: float
    colour: NDArray[np.float64]
    slope: float
    bend: float
    to_end: float
    frame: float
    plausible: float = 1.0

    @cached_property
    def tint(self) -> float:
        """How coloured it is: 0 for grey, 1 for a line that one channel does not see."""
        return 1 - min(max(self._weakest_channel, 0.0), 1.0)

    @cached_property
    def _weakest_channel(self) -> float:
        """Absorbance in the channel that sees it least, as a share of that in the one that sees it most."""
        channels = self.colour.tolist()
        return float(min(channels) / max(*channels, 1e-6))

    @cached_property
    def quality(self) -> float:
        """How much it looks like a line, whatever its strength beyond 0.12: about 0 for a good control."""
        return 0.8 * math.log10(max(min(self.height, 0.12), 1e-4)) + self.form

    @cached_property
    def form(self) -> float:
        """The part of its quality that does not come from its strength: about 0.7 for a good control."""
        return (
            (self.full - 1)
            + 0.4 * min(max(self.least, -1.0), 1.0)
            - 0.3 * min(self.uneven, 2.0)
            + 0.4 * self.tint
            - 0.25 * min(self.step, 3.0)
            - 2.0 * max(0.0, 0.6 - self.to_end)
            - 2.0 * min(self.bend, 0.3)
            - 2.0 * max(0.0, -self._weakest_channel - BRIGHTENS)
        )


@dataclass(frozen=True, slots=True, eq=False)
class _Profiles:
    """Row 0: the mix's profile; rows 1..8: blocks; last three: R, G, B. With the usable columns."""

    rows: FloatArray
    weights: FloatArray


@dataclass(frozen=True, slots=True, eq=False)
class _Flanks:
    """The level of every row just before and just after a line; its place and sigma, samples."""

    before: FloatArray
    after: FloatArray
    place: int
    sigma: float


def find_lines(patch: Patch) -> tuple[FoundLine, ...]:
    """Find what looks like lines in a straightened window, strongest first.

    Parameters
    ----------
    patch : Patch
        The window.

    Returns
    -------
    tuple of FoundLine
        At most six. Each was taken out by bridging its flanks before the next was searched, so that no
        line is a leftover of a stronger one.
    """
    profiles = patch.profiles
    if profiles is None:
        return ()
    sigmas = [s * patch.rows for s in SIGMAS if s * patch.rows >= 0.8]
    scans = [LineScan(profiles.weights, s) for s in sigmas]
    rows = profiles.rows.copy()
    taken = np.zeros(rows.shape[1], bool)
    found: list[tuple[int, FoundLine]] = []
    for _ in range(MAX_LINES):
        amplitudes = [scan.amplitudes(rows[:1]) for scan in scans]
        best = _strongest(scans, amplitudes, taken)
        if best is None:
            break
        # What surrounds a line is looked at, and the line taken out, as widely as it was searched: a halo or
        # a fringe of colour must not pass for a line of its own.
        reach = sigmas[best[0]]
        flanks = _flanks(rows, profiles.weights, best[1], reach)
        if flanks is None:
            taken[best[1]] = True
            continue
        k, place, sigma = _fitted(scans, rows[0], *best)
        line = _describe(rows, scans[k], place, flanks=flanks, patch=patch)
        found.append((k, replace(line, sigma=sigma / patch.rows)))
        _bridge(rows, taken, flanks)
    noise = {k: _noise(scans[k], rows, taken) for k in {k for k, _ in found}}
    lines = [replace(line, snr=line.height / noise[k]) for k, line in found]
    return tuple(line for line in lines if line.explained > LEAST_EXPLAINED)


def describe_bar(patch: Patch, scan: LineScan, place: int) -> FoundLine | None:
    """Describe what lies at a place of a window as a line, or return None if nothing is seen beside it.

    Parameters
    ----------
    patch : Patch
        The window.
    scan : LineScan
        Over the patch's own profiles, for the width of the line.
    place : int
        Sample of the profiles.
    """
    if patch.profiles is None:
        return None
    rows = patch.profiles.rows
    flanks = _flanks(rows, scan.weights, place, scan.sigma)
    return None if flanks is None else _describe(rows, scan, place, flanks=flanks, patch=patch)


def is_flank(line: FoundLine, other: FoundLine) -> bool:
    """Tell whether a line is only what is left at the flank of a much stronger one."""
    distance = abs(line.place - other.place)
    if line is other or distance > max(SHOULDER, SHOULDER_SIGMAS * other.sigma):
        return False
    return line.height < (1.0 if distance < SHOULDER else SHOULDER_SHARE) * other.height


def clear_of_flanks(bars: Sequence[tuple[float, float]], place: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which places lie beyond the flanks of all bars (middle, sigma); all in membrane widths."""
    clear = np.ones(len(place), bool)
    for middle, sigma in bars:
        clear &= np.abs(place - middle) > max(SHOULDER, SHOULDER_SIGMAS * sigma)
    return clear


def _seen(light: FloatArray) -> bool:
    """Tell whether anything is known of a part of a patch."""
    return bool(np.isfinite(light).any())


def _profiles(patch: Patch) -> _Profiles | None:
    """Average the patch across the flow, in blocks and robustly as a whole."""
    first = patch.side + SIDE_TRIM * patch.rows
    edges = np.linspace(first, patch.side + (1 - SIDE_TRIM) * patch.rows, BLOCKS + 1).round().astype(int)
    light = patch.log_light
    sums = np.add.reduceat(light[: edges[-1]], edges[:-1], axis=0)
    blocks = -sums / np.diff(edges)[:, None, None].astype(np.float32)
    known = np.isfinite(blocks).all(axis=(0, 2))
    usable = np.zeros(light.shape[1], bool)
    trim = round(END_TRIM * patch.rows)
    start, stop = patch.end, patch.end + patch.columns
    usable[start + trim * (not patch.open_start) : stop - trim * (not patch.open_end)] = True
    usable &= known
    if usable.sum() < 0.35 * patch.columns:
        return None
    blocks -= blocks[:, usable].mean(axis=(0, 1))
    blocks[:, ~known] = 0
    middle = (blocks.sum(axis=0) - blocks.max(axis=0) - blocks.min(axis=0)) / (BLOCKS - 2)
    rows = np.vstack([(middle @ SEARCH_MIX)[None], blocks @ SEARCH_MIX, middle.T])
    return _Profiles(np.ascontiguousarray(rows, np.float32), usable.astype(np.float32))


def _strongest(
    scans: list[LineScan], amplitudes: list[NDArray[np.float64]], taken: NDArray[np.bool_]
) -> tuple[int, int] | None:
    """Return width and place of the strongest line left, or None."""
    energy = np.stack([a[0] * s.precision for s, a in zip(scans, amplitudes, strict=True)])
    energy[:, taken | (scans[0].weights == 0)] = -1
    k, place = np.unravel_index(int(np.argmax(energy)), energy.shape)
    if energy[k, place] <= 0 or amplitudes[k][0, place] < LEAST_HEIGHT:
        return None
    return int(k), int(place)


def _fitted(scans: list[LineScan], row: FloatArray, k: int, place: int) -> tuple[int, int, float]:
    """Return scan and place that fit a found line best where it was found, and its sigma between the scans'.

    The search favours wide lines: the wider the neighbourhood, the less of a line its level and slope take
    up. Within one and the same neighbourhood the widths can be compared.
    """
    offsets = scans[k].offsets
    index = place + offsets.astype(int)
    seen = (index >= 0) & (index < len(row))
    seen[seen] &= scans[k].weights[index[seen]] > 0
    x, y = offsets[seen].astype(np.float64), row[index[seen]]
    sigmas = np.array([s.sigma for s in scans[: k + 1]])[:, None]
    lines = np.exp(-((x[:, None, None] - SHIFTS) ** 2) / (2 * sigmas**2)).reshape(len(x), -1)
    x = x - x.mean()
    lines -= lines.mean(axis=0)
    lines -= np.outer(x, (x @ lines) / (x @ x))
    gain = np.maximum(y @ lines, 0) ** 2 / np.maximum(np.einsum("nk,nk->k", lines, lines), 1e-9)
    gain = gain.reshape(-1, len(SHIFTS))
    gain[:, (place + SHIFTS < 0) | (place + SHIFTS >= len(row))] = -1
    width, shift = divmod(int(gain.argmax()), len(SHIFTS))
    near = range(max(width - 1, 0), min(width + 2, k + 1))
    sigma = _between([scans[n].sigma for n in near], gain[near, shift])
    return width, place + int(SHIFTS[shift]), sigma


def _between(sigmas: Sequence[float], gain: NDArray[np.float64]) -> float:
    """Return the sigma at the summit of what neighbouring ones explain, or the best where none is between."""
    best = int(np.argmax(gain))
    if len(sigmas) < 3 or best != 1:
        return sigmas[best]
    x = [math.log(sigma) for sigma in sigmas]
    rise, fall = ((gain[k + 1] - gain[k]) / (x[k + 1] - x[k]) for k in range(2))
    if not rise > fall:
        return sigmas[best]
    # The slope of the parabola through all three changes evenly from one half-way point to the other.
    first, last = (x[0] + x[1]) / 2, (x[1] + x[2]) / 2
    return math.exp(first + float(rise / (rise - fall)) * (last - first))


def _flanks(rows: FloatArray, weights: FloatArray, place: int, sigma: float) -> _Flanks | None:
    """Look at what lies just before and just after a line; None if neither is seen."""
    levels = []
    for near, far in ((-FLANK[1], -FLANK[0]), FLANK):
        span = slice(max(round(place + near * sigma), 0), max(round(place + far * sigma) + 1, 0))
        seen = rows[:, span][:, weights[span] > 0]
        levels.append(seen.mean(axis=1) if seen.size else None)
    before, after = levels
    if before is None:
        before = after
    if after is None:
        after = before
    return None if before is None or after is None else _Flanks(before, after, place, sigma)


def _bridge(rows: FloatArray, taken: NDArray[np.bool_], flanks: _Flanks) -> None:
    """Take a line out of every row by a straight bridge between its flanks."""
    place, reach = flanks.place, CLEAR * flanks.sigma
    start = max(0, round(place - reach))
    stop = min(rows.shape[1], round(place + reach) + 1)
    share = np.clip((np.arange(start, stop) - place) / (2 * reach) + 0.5, 0, 1)
    rows[:, start:stop] = flanks.before[:, None] * (1 - share) + flanks.after[:, None] * share
    taken[start:stop] = True


def _describe(
    rows: FloatArray,
    scan: LineScan,
    place: int,
    *,
    flanks: _Flanks,
    patch: Patch,
) -> FoundLine:
    """Gather what tells a line from other marks."""
    first = max(0, place - _course_reach(scan.sigma))
    amplitudes = scan.amplitudes(rows, slice(first, place + _course_reach(scan.sigma) + 1))
    height = float(amplitudes[0, place - first])
    blocks = amplitudes[1 : BLOCKS + 1, place - first]
    middle = float(median(blocks))
    mean = float(blocks.mean())
    spread = float(np.linalg.norm(blocks - mean)) / math.sqrt(BLOCKS)
    error = spread / math.sqrt(BLOCKS - 1)
    slope, bend = _course(amplitudes[1 : BLOCKS + 1], place - first)
    close = _flanks(rows, scan.weights, place, scan.sigma) or flanks
    reach = round(SLOPE_REACH * patch.rows)
    step = abs(float(flanks.after[0] - flanks.before[0]))
    allowed = UNEVEN_LIGHT * min(max(2 - height / FAINT, 0.0), 1.0)
    step = max(step - allowed, min(_step(rows[0], scan.weights, f, reach) for f in (flanks, close)))
    return FoundLine(
        place=(place - patch.end + 0.5) / patch.rows,
        sigma=scan.sigma / patch.rows,
        height=height,
        snr=0.0,
        block_snr=mean / max(error, 1e-6),
        full=float((blocks > 0.4 * middle).mean()) if middle > 0 else 0.0,
        least=float(blocks.min()) / max(middle, 1e-9),
        uneven=spread / max(mean, 1e-9),
        step=step / max(height, 1e-6),
        explained=scan.explained(rows[0], place),
        colour=amplitudes[BLOCKS + 1 :, place - first].copy(),
        slope=slope / patch.rows,
        bend=bend / patch.rows,
        to_end=_to_end(patch, place),
        frame=_frame(patch, place),
    )


def _step(row: FloatArray, weights: FloatArray, flanks: _Flanks, reach: int) -> float:
    """Return by how much the level rises across a line beyond what the membrane's own slope brings along.

    Uneven light slopes on both sides alike; the join of two materials and the shadow of a rim do not. So of
    the slopes before and after the line the lesser counts, and none where they are opposed.
    """
    rise = float(flanks.after[0] - flanks.before[0])
    near = round(FLANK[0] * flanks.sigma)
    slopes = []
    for start in (flanks.place - near - reach, flanks.place + near + 1):
        index = np.arange(max(start, 0), min(start + reach, len(row)))
        index = index[weights[index] > 0]
        if len(index) < reach // 2:
            return abs(rise)
        along = index - index.mean()
        slopes.append(math.copysign(1.0, rise) * float(along @ row[index]) / float(along @ along))
    return max(abs(rise) - max(min(slopes), 0.0) * sum(FLANK) * flanks.sigma, 0.0)


def _to_end(patch: Patch, place: int) -> float:
    """Return the distance to the nearest end that may have a rim, membrane widths."""
    before = math.inf if patch.open_start else place - patch.end
    after = math.inf if patch.open_end else patch.end + patch.columns - 1 - place
    return min(before, after, 10 * patch.rows) / patch.rows


def _frame(patch: Patch, place: int) -> float:
    """Return how much the contrast at the long sides before a place is that after it, 0..1."""
    near, far = round(FRAME[0] * patch.rows), round(FRAME[1] * patch.rows)
    spans = (slice(max(place - far, 0), max(place - near, 0)), slice(place + near + 1, place + far + 1))
    before, after = (_side_contrast(patch, span) for span in spans)
    known = np.isfinite(before) & np.isfinite(after)
    if not known.any():
        return 1.0
    strong = np.maximum(np.abs(before), np.abs(after))[known] + FAINT_CONTRAST
    difference = np.minimum(np.abs(before - after)[known], strong)
    return 1 - float(difference.sum() / strong.sum())


def _side_contrast(patch: Patch, columns: slice) -> NDArray[np.float64]:
    """Return how much brighter the membrane is than what lies beside it, one number for each side."""
    depth = round(FRAME_DEPTH * patch.rows)
    light = patch.grey[:, columns]
    top, bottom = patch.side, patch.side + patch.rows
    beside = (light[: max(top - depth // 2, 0)], light[bottom + depth // 2 :])
    inside = (light[top + depth // 2 : top + 2 * depth], light[bottom - 2 * depth : bottom - depth // 2])
    return np.array([_mean(a) - _mean(b) for a, b in zip(inside, beside, strict=True)])


def _mean(light: FloatArray) -> float:
    known = light[~np.isnan(light)]
    return float(known.sum(dtype=np.float64)) / known.size if known.size else math.nan


def _course_reach(sigma: float) -> int:
    """Return how far from its middle a line is followed, samples."""
    return max(1, round(1.2 * sigma))


def _course(blocks: NDArray[np.float64], place: int) -> tuple[float, float]:
    """Follow a line across the membrane: its lean per width and its departure from straight, samples."""
    offset = blocks.argmax(axis=1) - place
    across = (np.arange(BLOCKS) - (BLOCKS - 1) / 2) / BLOCKS * (1 - 2 * SIDE_TRIM)
    weight = np.maximum(blocks[:, place], 0) + 1e-9
    if np.ptp(offset) == 0:
        return 0.0, 0.0
    weight /= weight.sum()
    x, y = across - weight @ across, offset - weight @ offset
    slope = float(weight @ (x * y)) / float(weight @ (x * x))
    return slope, math.sqrt(float(weight @ (y - slope * x) ** 2))


def _noise(scan: LineScan, rows: FloatArray, taken: NDArray[np.bool_]) -> float:
    """Return the spread of the amplitude over line-free membrane, lines and marks taken out."""
    amplitude = np.abs(scan.amplitudes(rows[:1])[0])
    measurable = scan.information > 0
    free = amplitude[measurable & ~taken]
    if free.size < 12:
        free = amplitude[measurable]
    return max(1.4826 * float(median(free)), NOISE_FLOOR) if free.size else 1.0
