"""What shows that the bars of a window are no lines, when all of them are seen together.

Each bar may pass for a line by itself. But lines of one strip are parallel and alike in width; they are as
narrow as they are striped, so that a wide one is a blurred one; the membrane has one level before and after
them; it ends at its long sides, and beside it lies its device, or a table, but not the next row of bars.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from reader.measure.evidence import is_fine_shadow
from reader.measure.lines import END_TRIM, SIDE_TRIM, FoundLine, Patch, find_lines
from reader.measure.setting import printed, setting

__all__ = [
    "bars_beside",
    "between_things",
    "foreign_to_a_strip",
    "foreign_to_any_device",
    "is_drawn",
    "is_ink",
    "is_painted",
    "is_ruled",
    "is_same_beside",
    "joins_materials",
    "lies_alone",
    "lies_on_several",
]

FloatArray = NDArray[np.float64]

# Lines are striped 0.5 to 1.2 mm wide on membranes of which 3 to 5 mm are seen. A wider bar is a blurred one,
# whose flanks are not steep: of its width at a fifth of its height, real ones keep 0.75 at four fifths.
WIDE, PLATEAU = 0.35, 0.78
LEANING = 0.3  # widths per width against the right angle; the most askew photos of real tests reach 0.24
ASKEW = 0.2  # the same between two lines of one strip
UNLIKE = 3.0  # ratio of the sigmas of two lines of one strip; the search's widths go in steps of 1.4
FAINT = 0.02  # absorbance
# Difference of level on both sides over the height: the crest of a line on a front rises above the darker
# side by a third of its height at least, that of a mere front by nothing.
STEP = 1.3
LEAST_QUALITY = -1.3  # of a control line, which is about 0 for a good one; none of 869 real ones stays below
# A lone bar so near an end (membrane widths), where the window's sides do not go on, may be the rim.
END, END_FRAME = 0.9, 0.6
CLOSE_END = 0.6  # nearer than that it is no line in any case: those of 600 real strips stay beyond 0.7

# Sigma (membrane widths) of a bar half as wide as the membrane, and wider: a picture so blurred that a line
# seems that wide shows no second one to compare it with.
WIDE_SIGMA = 0.25

# What follows is asked of a window in a device only: a picture cut at the membrane does not show it.
# A rule, a joint or a scratch: full width at half height (membrane widths), and tint.
HAIR, HAIR_TINT = 0.075, 0.4
# Ink is as black as it is dense: lines as dense as that show the colour of their label.
INK, INK_TINT = 0.8, 0.3  # absorbance, and tint
CLOSE = 0.8  # membrane widths between the nearest lines: they are striped 2.5 mm apart or more
CROWD = 3  # bars that near each other
PLAIN, FULL = 0.05, 0.9  # absorbance and share of the width of a bar that anyone sees
# Bars at even distances and of one strength, and marks over a part of the width, are a scale: lines of one
# strip are striped with different proteins, and all of them cross it.
EVEN_STEP, EVEN_HEIGHT = 0.06, 0.1  # by which two distances, and three heights, differ, as shares
SHORT, MARKS = 0.7, 3  # share of the width that a mark covers, and how many
MARK = 0.5  # of the strongest line's height: at most two such marks lie on real strips in devices
SIDELESS = 0.012  # log10 of light: less of an edge than any membrane has on both sides
OUTSIDE, INSIDE = 8, 5  # of the 32 rows, on either side of a long edge: where that edge may lie
CORE = 10  # of the 32 rows, from either side, that are surely inside
# Of a bar beside the window: height over that of the window's own lines, and quality.
BESIDE, BESIDE_QUALITY = 0.3, -0.75
ENDLESS = 0.03  # log10 of light: less of an edge than any window has at both ends; real ones exceed 0.09
END_OUTSIDE, END_INSIDE = 10, 12  # columns (of 32 to a width) on either side of an end
ASIDE = (1.0, 1.16)  # widths by which a window is moved to see what lies directly beside it
SAME_GROUND = 0.15  # log10 of light, in each channel, between the bricks of a wall or the rows of a table
SAME_PLACE = 0.25  # membrane widths: nearer than this, a bar beside is the line itself that goes on
EDGE_ROWS, BEYOND = 3, 5  # samples at an edge that its blur takes, and beyond a side that are looked at
PRINTED = 0.5  # probability of an outline on paper
CLEAR = 2.6  # line sigmas from its middle beyond which a line has vanished
# Tint of a bar that may be a shadow, and log10 between the channels by which the colours on both sides of it
# differ: at the only line of real strips in devices by 0.007 at most.
JOIN_TINT, OTHER_HUE = 0.25, 0.03
# Paint is as dense at its edges as in its middle. Labels thin out: of its width at a fifth of its height, no
# photographed lone line keeps more than 0.68 at four fifths.
PAINTED = 0.72
# A label takes light from every channel, so that it brightens none: share of its densest channel that
# sharpening and compression leave, or absorbance. Of lone lines in devices, none reaches 0.
BRIGHTENED = 0.12
# log10 of light, and between the channels: paper differs by less within an outline and without it, and of 108
# membranes none does from its device.
PAPER, PAPER_HUE = 0.015, 0.008
# log10 between the channels by which the ground at one long side differs from that at the other: a device, or
# a table, has one colour. Shadows have none, and the light's reach 0.16.
OTHER_THING = 0.3
ELSEWHERE = 0.1  # share of a window's ground, at least, that is of another thing; stains reach 0.22 in hue
DARKER = 0.5  # log10 of light: in its recess a membrane gets more than a third of it; real ones reach 0.25
# log10 of light, in each channel, by which a thing by itself is paler than the ground around it, and by which
# that ground stays the same; devices, which are up to 6 windows wide, end within so many widths.
PALER, ONE_GROUND, FAR = 0.12, 0.08, 3.5


def foreign_to_a_strip(patch: Patch, lines: Sequence[FoundLine], *, alone: bool = True) -> bool:
    """Tell whether bars that were taken for the lines of a strip cannot be lines of one strip.

    Parameters
    ----------
    patch : Patch
        The window.
    lines : sequence of FoundLine
        Those that were taken for its lines, one or more.
    alone : bool, default True
        Whether there are no other lines, such as those too faint to be found with any width.
    """
    best = max((line.quality for line in lines), default=0.0)
    # A fainter line's own step, lean and width drown in the membrane's.
    plain = [line for line in lines if line.height > FAINT]
    leans, sigmas = [line.slope for line in plain], [line.sigma for line in plain]
    return (
        any(line.step > STEP or abs(line.slope) > LEANING for line in plain)
        or max(leans, default=0.0) - min(leans, default=0.0) > ASKEW
        or max(sigmas, default=1.0) > UNLIKE * min(sigmas, default=1.0)
        or best < LEAST_QUALITY
        or (alone and max(sigmas, default=0.0) > WIDE_SIGMA)
        or (alone and len(lines) == 1 and _at_an_end(lines[0]))
        or any(_is_block(patch, line) for line in lines)
    )


def foreign_to_any_device(
    patch: Patch, lines: Sequence[FoundLine], bars: Sequence[FoundLine], *, coloured: bool
) -> bool:
    """Tell whether bars of a window that leaves room for a device cannot be lines in a device.

    Parameters
    ----------
    patch : Patch
        The window.
    lines : sequence of FoundLine
        Those that were taken for its lines.
    bars : sequence of FoundLine
        All that was found in it.
    coloured : bool
        Whether the picture shows colours: in a grey one all lines are grey.
    """
    grey = coloured and all(line.tint < HAIR_TINT for line in lines)
    hair = grey and any(_width(patch, line, 0.5) < HAIR for line in lines)
    drawn = hair or (coloured and _on_paper(patch))
    least = min(PLAIN, max((line.height for line in lines), default=0.0) / 2)
    return (
        drawn
        or _among_marks(lines, bars)
        or _crowded(bars, least)
        or _is_scale(bars, least)
        or _sideless(patch, bars)
    )


def _among_marks(lines: Sequence[FoundLine], bars: Sequence[FoundLine]) -> bool:
    """Tell letters: besides what was taken for lines there are several marks half as strong or stronger."""
    least = MARK * max((line.height for line in lines), default=math.inf)
    return sum(bar.height > least for bar in bars) >= len(lines) + MARKS


def is_ink(lines: Sequence[FoundLine]) -> bool:
    """Tell the dense black bars of print from lines of a label that has a colour."""
    return any(line.height > INK and line.tint < INK_TINT for line in lines)


def is_ruled(lines: Sequence[FoundLine]) -> bool:
    """Tell ruled lines from those of a strip: two or more, as fine and as grey as grooves, of one strength.

    Lines of one strip are striped with different proteins.
    """
    alike = len(lines) > 1 and _of_one_strength([line.height for line in lines])
    return alike and all(map(is_fine_shadow, lines))


def joins_materials(patch: Patch, line: FoundLine) -> bool:
    """Tell the shadow at which two materials meet: a nearly grey bar with another colour beyond it.

    Parameters
    ----------
    patch : Patch
        The window.
    line : FoundLine
        The only line in it.
    """
    return line.tint < JOIN_TINT and setting(patch, line).hue > OTHER_HUE


def is_painted(patch: Patch, line: FoundLine) -> bool:
    """Tell a stripe of paint or another material from the only line of a strip in a device.

    Its edges are sharp, or it is brighter than the ground in a channel.

    Parameters
    ----------
    patch : Patch
        The window, with all that the photo shows of it.
    line : FoundLine
        The only line in it.
    """
    if line.height > PLAIN and float(line.colour.min()) < -BRIGHTENED * min(float(line.colour.max()), 1.0):
        return True
    return _width(patch, line, 0.8) > PAINTED * _width(patch, line, 0.2)


def is_same_beside(patch: Patch, look: Callable[[float], Patch]) -> bool:
    """Tell whether the ground one width away, on both sides, is that of the window: paper, or the next key.

    Parameters
    ----------
    patch : Patch
        The window.
    look : callable
        Returns the same window moved sideways by so many widths.
    """
    return _is_same_paper(_beside(look) - _ground(patch))


def between_things(patch: Patch, look: Callable[[float], Patch]) -> bool:
    """Tell whether one thing lies at one long side of a window, and another at the other.

    Parameters
    ----------
    patch : Patch
        The window.
    look : callable
        Returns the same window moved sideways by so many widths.
    """
    along = patch.log_light[:, patch.end : patch.end + patch.columns]
    margin = patch.side - EDGE_ROWS
    near = [np.median(part.reshape(-1, 3), axis=0) for part in (along[:margin], along[-margin:])]
    # What lies beside the device, or print on it, is at one distance only.
    return all(float(np.ptp(b - a)) > OTHER_THING for a, b in (near, _beside(look)))


def lies_on_several(patch: Patch, lines: Sequence[FoundLine]) -> bool:
    """Tell whether the ground between the lines changes its colour along the window, as no membrane's does.

    Parameters
    ----------
    patch : Patch
        The window.
    lines : sequence of FoundLine
        Those that were taken for its lines.
    """
    core = patch.planes[:, _core(patch)]
    along = np.median(core[:, :, patch.end : patch.end + patch.columns], axis=1)
    place = (np.arange(patch.columns) + 0.5) / patch.rows
    within = (place > END_TRIM) & (place < place[-1] - END_TRIM)
    free = within & _clear_of(lines, place) & np.isfinite(along).all(axis=0)
    if free.sum() < patch.rows // 4:
        return False
    ground = along[:, free]
    hue = np.ptp(ground - np.median(ground, axis=1, keepdims=True), axis=0)
    return float(np.quantile(hue, 1 - ELSEWHERE)) > OTHER_THING


def lies_alone(patch: Patch, look: Callable[[float], Patch], *, paler: float = PALER) -> bool:
    """Tell whether a window is a pale thing by itself: in no device, and without the pads of a strip.

    At both long sides and at one end at least there is one darker ground, and it goes on to where a device
    would have ended.

    Parameters
    ----------
    patch : Patch
        The window.
    look : callable
        Returns the same window moved sideways by so many widths.
    paler : float
        log10 of light, in each channel, by which it is paler than the ground at least.
    """
    core, half = _core(patch), patch.end // 2
    beyond = (patch.log_light[core, :half], patch.log_light[core, -half:])
    sides, inside = _beside(look), _ground(patch)
    around = [np.vstack([sides, np.median(end.reshape(-1, 3), axis=0)]) for end in beyond]
    if not any(_one_ground(g) and float((inside - g.max(axis=0)).min()) > paler for g in around):
        return False
    return any(
        _one_ground(np.stack([near, _part_ground(look(away))]))
        for near, away in zip(sides, (-FAR, FAR), strict=True)
    )


def bars_beside(patch: Patch, look: Callable[[float], Patch], lines: Sequence[FoundLine]) -> bool:
    """Tell whether bars like a window's lines cross what lies directly beside it.

    Devices take more room than their windows, and bare strips do not lie edge to edge; courses of bricks,
    rows of a table and stripes of cloth do, on the same ground. A line that goes on beyond one side only does
    not count: there the window was found too narrow.

    Parameters
    ----------
    patch : Patch
        The window.
    look : callable
        Returns the same window moved sideways by so many widths.
    lines : sequence of FoundLine
        The window's lines.
    """
    least = BESIDE * max((line.height for line in lines), default=math.inf)
    sides = [
        [bar for away in ASIDE for bar in _crossing(look(side * away), patch, least)]
        for side in (-1, 1)
        if np.isfinite(_ground(look(side))).all()
    ]
    elsewhere = any(
        all(abs(bar.place - line.place) > SAME_PLACE for line in lines) for bars in sides for bar in bars
    )
    return elsewhere or (len(sides) > 0 and all(sides))


def is_drawn(patch: Patch, look: Callable[[float], Patch], bars: Sequence[FoundLine]) -> bool:
    """Tell whether a window without lines, in a picture of more than itself, is print or part of a pattern.

    Its outline is on paper, or it has no sides or no ends; its bars are a scale or too close; on both sides
    its own ground goes on beyond an outline or a joint, or things of unlike colours lie there; or plain bars
    cross what lies directly beside it. No unused window of a device shows any of that.

    Parameters
    ----------
    patch : Patch
        The window.
    look : callable
        Returns the same window moved sideways by so many widths.
    bars : sequence of FoundLine
        All that was found in it.
    """
    ground = printed(patch) > PRINTED or _sideless(patch, bars) or _goes_on(patch)
    if ground or _crowded(bars) or _is_scale(bars):
        return True
    if is_same_beside(patch, look) or between_things(patch, look) or _is_dark(patch, look):
        return True
    looks = [_crossing(look(side * away), patch, PLAIN) for side in (-1, 1) for away in ASIDE]
    # A single look may meet an edge of the device itself.
    return sum(map(bool, looks)) > 1


def _one_ground(grounds: FloatArray) -> bool:
    return float(np.ptp(grounds, axis=0).max()) < ONE_GROUND


def _on_paper(patch: Patch) -> bool:
    """Tell whether the ground beyond both long sides is that of the window, whatever is between them."""
    along = patch.planes[:, :, patch.end + EDGE_ROWS : patch.end + patch.columns - EDGE_ROWS]
    rows = np.median(along, axis=2).T
    inside = np.median(rows[_core(patch)], axis=0)
    # Of what is beyond a side, an outline hides a part.
    beyond = [part[int(part.sum(axis=1).argmax())] for part in (rows[:BEYOND], rows[-BEYOND:])]
    return _is_same_paper(np.array(beyond) - inside)


def _is_dark(patch: Patch, look: Callable[[float], Patch]) -> bool:
    """Tell what is darker in every channel than all beside it by more than a recess shades a membrane."""
    return float((_beside(look) - _ground(patch)).min()) > DARKER


def _is_same_paper(apart: FloatArray) -> bool:
    """Tell whether grounds that are so far from a window's, shape (n, 3), are of the same material."""
    hue, level = float(np.ptp(apart, axis=1).max()), float(np.abs(apart.mean(axis=1)).max())
    return hue < PAPER_HUE and level < PAPER


def _goes_on(patch: Patch) -> bool:
    """Tell a stretch of a band: the same beyond both ends, without any edge there."""
    flow = np.median(patch.log_light[_core(patch)], axis=0)
    for along in (flow, flow[::-1]):
        near = along[patch.end - END_OUTSIDE : patch.end + END_INSIDE]
        inside = np.median(along[patch.end : patch.end + END_INSIDE], axis=0)
        if not float(np.abs(near - inside).max()) < ENDLESS:
            return False
    return True


def _crossing(beside: Patch, patch: Patch, least: float) -> list[FoundLine]:
    """Return the good bars of at least this height beside a window, on the same ground as its own."""
    if not float(np.abs(_ground(beside) - _ground(patch)).max()) < SAME_GROUND:
        return []
    return [
        bar
        for bar in find_lines(beside)
        if bar.height > least and bar.full > FULL and bar.quality > BESIDE_QUALITY
    ]


def _core(patch: Patch) -> slice:
    """Return the rows of a patch that are surely inside the window."""
    return slice(patch.side + CORE, patch.side + patch.rows - CORE)


def _inside(patch: Patch) -> NDArray[np.float32]:
    """Return the log light that is surely inside the window, shape (n, 3)."""
    return patch.log_light[_core(patch), patch.end : patch.end + patch.columns].reshape(-1, 3)


def _ground(patch: Patch) -> FloatArray:
    """Return the median log light of a window, shape (3,); NaN where it is not wholly in the picture."""
    return np.asarray(np.median(_inside(patch), axis=0), np.float64)


def _beside(look: Callable[[float], Patch]) -> FloatArray:
    """Return the same one width away on either side, shape (2, 3)."""
    return np.stack([_ground(look(-1.0)), _ground(look(1.0))])


def _part_ground(patch: Patch) -> FloatArray:
    """Return the same of what the picture shows of a window, if it shows half of it."""
    light = _inside(patch)
    seen = light[np.isfinite(light).all(axis=1)]
    if 2 * len(seen) < len(light):
        return np.full(3, np.nan)
    return np.asarray(np.median(seen, axis=0), np.float64)


def _clear_of(lines: Sequence[FoundLine], place: FloatArray) -> NDArray[np.bool_]:
    """Tell which places (membrane widths) lie where no line is seen any more."""
    clear = np.ones(len(place), bool)
    for line in lines:
        clear &= np.abs(place - line.place) > CLEAR * line.sigma
    return clear


def _at_an_end(line: FoundLine) -> bool:
    """Tell a bar that may be the rim of an end of the window, or the join of two pads."""
    return line.to_end < CLOSE_END or (line.to_end < END and line.frame < END_FRAME)


def _is_block(patch: Patch, line: FoundLine) -> bool:
    """Tell a bar that is wider than any striped line, and too steep for a blurred one."""
    if not _width(patch, line, 0.5) > WIDE:
        return False
    return _width(patch, line, 0.8) > PLATEAU * _width(patch, line, 0.2)


def _width(patch: Patch, line: FoundLine, share: float) -> float:
    """Return a line's full width at a share of its height, membrane widths; NaN where it does not show."""
    trim = round(SIDE_TRIM * patch.rows) + 2
    inside = patch.grey[patch.side + trim : patch.side + patch.rows - trim]
    known = np.isfinite(inside).all(axis=0)
    profile = np.full(inside.shape[1], np.nan)
    profile[known] = -np.median(inside[:, known], axis=0)
    place, sigma = line.place * patch.rows + patch.end - 0.5, max(line.sigma * patch.rows, 0.6)
    apart = np.abs(np.arange(len(profile)) - place)
    flanks = profile[(apart > 2.2 * sigma) & (apart < 3.4 * sigma + 1) & known]
    middle = round(place)
    top = profile[max(0, middle - 2) : middle + 3]
    if not flanks.size or not np.isfinite(top).all():
        return math.nan
    level = float(np.median(flanks))
    height = max(float(top.max()) - level, 1e-4)
    limit, reach = level + share * height, round(12 * sigma) + 6
    return sum(_falls_below(profile, middle, side, limit, reach) for side in (-1, 1)) / patch.rows


def _falls_below(profile: FloatArray, middle: int, side: int, limit: float, reach: int) -> float:
    """Return how far from its middle a line falls below a limit, samples."""
    for k in range(reach):
        here, there = middle + side * k, middle + side * (k + 1)
        if not 0 <= there < len(profile) or not np.isfinite(profile[there]):
            return math.nan
        if profile[there] <= limit:
            share = (profile[here] - limit) / max(float(profile[here] - profile[there]), 1e-9)
            return k + float(min(max(share, 0.0), 1.0))
    return math.nan


def _crowded(bars: Sequence[FoundLine], least: float = PLAIN) -> bool:
    """Tell bars in a row that lie nearer to each other than lines can."""
    places = sorted(bar.place for bar in bars if bar.height > least and bar.full > FULL)
    near = [b - a < CLOSE for a, b in pairwise(places)]
    return any(all(near[k : k + CROWD - 1]) for k in range(len(near) - CROWD + 2))


def _is_scale(bars: Sequence[FoundLine], least: float = PLAIN) -> bool:
    """Tell the marks of a scale: evenly spaced and alike, or over a part of the width only."""
    if sum(bar.height > least and bar.full < SHORT for bar in bars) >= MARKS:
        return True
    plain = sorted((bar.place, bar.height) for bar in bars if bar.height > least and bar.full > FULL)
    for (a, low), (b, middle), (c, high) in zip(plain, plain[1:], plain[2:], strict=False):
        steps, heights = (b - a, c - b), (low, middle, high)
        if _of_one_strength(heights) and max(steps) < (1 + EVEN_STEP) * min(steps):
            return True
    return False


def _of_one_strength(heights: Sequence[float]) -> bool:
    return max(heights) < (1 + EVEN_HEIGHT) * min(heights)


def _sideless(patch: Patch, bars: Sequence[FoundLine]) -> bool:
    """Tell a stretch of plain ground: neither long side differs from what is inside, in any channel."""
    columns = np.arange(patch.log_light.shape[1])
    free = (columns >= patch.end + 6) & (columns < patch.end + patch.columns - 6)
    free &= _clear_of(bars, (columns - patch.end + 0.5) / patch.rows)
    if free.sum() < patch.rows // 4:
        return False
    rows, top = np.median(patch.log_light[:, free], axis=1), patch.side - OUTSIDE
    core = np.median(rows[_core(patch)], axis=0)
    edges = [part[top : patch.side + INSIDE] - core for part in (rows, rows[::-1])]
    # Where the picture ends at one side, the other tells.
    seen = [edge for edge in edges if np.isfinite(edge).all()]
    return len(seen) > 0 and all(float(np.abs(edge).max()) < SIDELESS for edge in seen)
