"""What a line lies in: a white membrane, the same before and after it, that ends at both sides.

A test line is striped on a membrane and seen through a window: it ends where the membrane does, and the
window looks the same before and after it, sides included. A stroke of a pen, a rule or a stripe of cloth
goes on beyond the sides; past the rim of a window the sides are gone, and past the join of two pads the
level is another; print has the same paper within its outline and without.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import END_TRIM, SIDE_TRIM, FoundLine, Patch
from reader.medians import median

__all__ = [
    "Setting",
    "is_lettered",
    "line_plausibility",
    "plausibilities",
    "printed",
    "setting",
    "shows_colours",
    "tint",
]

FloatArray = NDArray[np.float32]

CORE = 1.0  # line sigmas from its middle within which a line is dark
FLANK = (2.2, 3.4)  # line sigmas from its middle between which the membrane is seen beside it
EDGE_ROWS = 3  # of the 32: what the blurred side of a window takes of the margin beside it
FLAT = 0.02  # absorbance: cross-sections flatter than this say nothing
# Share of a line's absorbance beyond both sides: grey, coloured. In a window that was found whole, real lines
# stay below 0.25; one that was found too narrow cuts through them.
GOES_ON = (0.35, 0.8)
SHORT = 0.4  # share of a line's absorbance that the middle of the membrane shows at least
# log10 between the channels of a membrane, as they are or against what lies beside it: a lamp tints both, a
# coloured device its plastic only; what is coloured in both ways is no membrane.
TINTED = 0.42
LAMP = 0.5  # log10 between the channels that a lamp leaves after a camera's white balance, at most
HUE = 0.3  # log10 between the channels by which a membrane may differ before and after a line
YELLOW = 0.2  # absorbance in blue beyond that in green, of the largest: gold, blue and black have none
CHANGED = (0.22, 0.55)  # unlikeness of the cross-sections on both sides of a line: grey, coloured
# Difference of level on both sides over the height: grey, coloured. The edge of a shadow may fall on a line,
# and no join or shadow is as coloured as one.
STEP = (0.22, 1.5)
END = (0.62, 0.3)  # membrane widths from the nearer end: joins of pads and shadows of rims lie there
GRAIN = (0.5, 1.6)  # log of the ratio of the textures on both sides: grey, coloured
PLAIN = 0.004  # absorbance: texture of a smooth membrane in a clean photo
REACH = 0.9  # membrane widths on both sides of a line in which texture is compared
STROKE = (0.06, 0.35)  # sigma, membrane widths, and absorbance: thinner and darker than that is ink
COLOURED = 0.4  # tint from which on a line cannot be a shadow or a join
PAPER = 0.02  # log10 of light: print's ground is the same within and without its outline to this
PAPER_HUE = 0.008  # log10 between the channels: the light's fall-off has no colour, another material has
PAPER_SLOPE = 0.05  # the same on either side alone, as the light may fall off from one to the other
OUTSIDE, INSIDE = 3, 5  # of the 32 rows and their margins: where an outline's ground is seen, and the outline
OUTLINE = 0.12  # absorbance of a printed outline on both long sides
BROAD = 0.17  # sigma, widths: 1.6 mm at half height on a membrane of 4 mm, where lines have 0.6 to 1 mm
# Share of a bar's absorbance by which it changes across the width otherwise than a slope or a bow does, and
# the least absorbance that tells: letters have 0.26 to 1, the most uneven of 330 real lines 0.2.
LETTERED, LEAST_LETTERED = 0.24, 0.06
STEEP = 8  # power of a limit: how suddenly what exceeds it stops being plausible


@dataclass(frozen=True, slots=True)
class Setting:
    """What a line lies in.

    Attributes
    ----------
    beyond : float
        Share of the line's absorbance that is seen beyond both sides of the window; the lesser side.
    middle : float
        Share of the line's absorbance that the middle half of the membrane's width shows.
    changed : float
        How unlike the cross-sections before and after the line are: 0 for the same, 1 for unrelated.
    tinted : float
        Difference between the membrane's strongest and weakest channel, log10 of light, as they are or
        against what lies beside it, whichever is less.
    hue : float
        Difference of colour before and after the line, log10 between the channels.
    grain : float
        Natural logarithm of the ratio of the textures before and after the line, without its sign.
    """

    beyond: float
    middle: float
    changed: float
    tinted: float
    hue: float
    grain: float


@dataclass(frozen=True, slots=True)
class _Face:
    """What tells of the whole window: the probability that it is printed, and whether there are colours."""

    printed: float
    coloured: bool


def plausibilities(patch: Patch, lines: Sequence[FoundLine]) -> tuple[float, ...]:
    """Return `line_plausibility` of each line of a window."""
    if not lines:
        return ()
    face = _Face(printed(patch), shows_colours(patch))
    return tuple(_plausibility(setting(patch, line), line, face) for line in lines)


def line_plausibility(patch: Patch, line: FoundLine) -> float:
    """Return how well what surrounds a line agrees with its being striped on a membrane, 0..1.

    Parameters
    ----------
    patch : Patch
        The window, with its margins.
    line : FoundLine
        A line in it.
    """
    return plausibilities(patch, [line])[0]


def _plausibility(seen: Setting, line: FoundLine, face: _Face) -> float:
    # In a grey picture colour says nothing, for or against.
    colour = min(line.tint / COLOURED, 1.0) if face.coloured else 1.0

    def limit(bounds: tuple[float, float]) -> float:
        return bounds[0] + colour * (bounds[1] - bounds[0])

    yellow = float(line.colour[2] - line.colour[1]) / max(float(np.abs(line.colour).max()), 1e-6)
    return (
        _below(seen.beyond, limit(GOES_ON))
        * _below(1 - seen.middle, 1 - SHORT)
        * _below(seen.tinted, TINTED)
        * _below(yellow, YELLOW)
        * _below(seen.hue, HUE)
        * _below(seen.changed, limit(CHANGED))
        * _below(line.step, limit(STEP))
        * _below(seen.grain, limit(GRAIN))
        * (1 - _below(line.to_end, limit(END)))
        * (1 - face.printed)
        * (0.0 if _stroke(line) and colour < 1 else 1.0)
        * (0.0 if _half_seen(line) else 1.0)
    )


def setting(patch: Patch, line: FoundLine) -> Setting:
    """Look at what a line lies in; parameters as for `line_plausibility`."""
    place = line.place * patch.rows + patch.end - 0.5
    sigma = line.sigma * patch.rows
    apart = np.arange(patch.log_light.shape[1]) - place
    dark = np.abs(apart) <= max(CORE * sigma, 0.6)
    flank = (np.abs(apart) >= FLANK[0] * sigma) & (np.abs(apart) <= FLANK[1] * sigma + 1)
    grey = patch.grey
    quarter = patch.rows // 4
    core = slice(patch.side + quarter, patch.side + patch.rows - quarter)
    trim = round(SIDE_TRIM * patch.rows)
    inside = slice(patch.side + trim, patch.side + patch.rows - trim)
    beside = (grey[: patch.side - EDGE_ROWS], grey[patch.side + patch.rows + EDGE_ROWS :])
    height = max(_rise(grey[inside], dark, flank), 0.5 * line.height, 1e-6)
    return Setting(
        beyond=min(_rise(part, dark, flank) for part in beside) / height,
        middle=_rise(grey[core], dark, flank) / max(line.height, 1e-6),
        changed=_changed(grey[:, flank & (apart < 0)], grey[:, flank & (apart > 0)]),
        tinted=_tint(patch, inside, flank),
        hue=_hue(patch.planes[:, inside], flank & (apart < 0), flank & (apart > 0)),
        grain=_grain(grey[inside], apart, sigma, patch.rows),
    )


def is_lettered(patch: Patch, line: FoundLine) -> bool:
    """Tell a bar that letters are cut out of, or a row of letters, from a line, which is even or bowed.

    Parameters
    ----------
    patch : Patch
        The window, with its margins.
    line : FoundLine
        A bar in it.
    """
    if line.height < LEAST_LETTERED:
        return False
    sigma = line.sigma * patch.rows
    apart = np.arange(patch.log_light.shape[1]) - (line.place * patch.rows + patch.end - 0.5)
    dark = np.flatnonzero(np.abs(apart) <= max(CORE * sigma, 1.0))
    flank = (np.abs(apart) >= FLANK[0] * sigma) & (np.abs(apart) <= FLANK[1] * sigma + 1)
    trim = round(SIDE_TRIM * patch.rows)
    inside = patch.grey[patch.side + trim : patch.side + patch.rows - trim]
    # What two halves of the columns have in common is not noise.
    halves = (flank & (apart < 0), dark[::2]), (flank & (apart > 0), dark[1::2])
    rises = [
        inside[:, beside].mean(axis=1) - inside[:, own].mean(axis=1)
        for beside, own in halves
        if beside.any() and own.size
    ]
    if len(rises) < 2 or not np.isfinite(rises).all():
        return False
    across = np.vander(np.linspace(-1, 1, len(rises[0])), 3)
    smooth = across @ np.linalg.pinv(across)
    first, second = (rise - smooth @ rise for rise in rises)
    common = float(first @ second) / (len(first) - 3)
    return common > (LETTERED * line.height) ** 2


def _stroke(line: FoundLine) -> bool:
    """Tell a thin dark stroke of ink from a striped line, which is 0.6 mm wide or more and not as dark."""
    return line.sigma < STROKE[0] and line.height > STROKE[1]


def _half_seen(line: FoundLine) -> bool:
    """Tell a broad bar of which an end hides one flank: the shade of a recess has no other."""
    return line.sigma > BROAD and line.to_end - FLANK[0] * line.sigma < END_TRIM


def _below(value: float, limit: float) -> float:
    """Return 1 well below a limit, 1/2 at it, 0 well above."""
    return float(1 / (1 + (max(value, 0.0) / limit) ** STEEP))


def _rise(rows: FloatArray, dark: NDArray[np.bool_], flank: NDArray[np.bool_]) -> float:
    """Return the absorbance of a line over its flanks; 0 where nothing is seen."""
    middle, around = rows[:, dark].ravel(), rows[:, flank].ravel()
    if not (middle.size and around.size):
        return 0.0
    rise = float(median(around) - median(middle))
    return rise if math.isfinite(rise) else 0.0


def _changed(before: FloatArray, after: FloatArray) -> float:
    """Compare the window's cross-sections, margins included, on both sides of a line."""
    if not (before.size and after.size):
        return 0.0
    first, second = (median(part).astype(np.float64) for part in (before, after))
    both = np.isfinite(first) & np.isfinite(second)
    if both.sum() < len(both) // 2:
        return 0.0
    first, second = first[both] - first[both].mean(), second[both] - second[both].mean()
    apart, *spreads = (math.sqrt(float(x @ x) / len(x)) for x in (first - second, first, second))
    return apart / (sum(spreads) + FLAT)


def tint(patch: Patch) -> float:
    """Return how coloured a window is: log10 between channels, as they are or against what lies beside it.

    Whichever is less: a lamp tints both, a coloured device its plastic only. What exceeds any lamp's tint
    counts in any case.

    Parameters
    ----------
    patch : Patch
        The window, with its margins.
    """
    trim = round(SIDE_TRIM * patch.rows)
    columns = np.zeros(patch.log_light.shape[1], bool)
    columns[patch.end : patch.end + patch.columns] = True
    return _tint(patch, slice(patch.side + trim, patch.side + patch.rows - trim), columns)


def _tint(patch: Patch, inside: slice, flank: NDArray[np.bool_]) -> float:
    """Return how coloured the membrane is in some columns, absolutely or against its surroundings."""
    colour = _colour(patch.planes[:, inside, flank])
    top, bottom = patch.side - EDGE_ROWS, patch.side + patch.rows + EDGE_ROWS
    beside = _colour(np.concatenate([patch.planes[:, :top, flank], patch.planes[:, bottom:, flank]], axis=1))
    if colour is None:
        return 0.0
    own = float(np.ptp(colour))
    return own if beside is None else max(min(own, float(np.ptp(colour - beside))), own - LAMP)


def _hue(inside: FloatArray, before: NDArray[np.bool_], after: NDArray[np.bool_]) -> float:
    """Return by how much the colour changes at a line; a shadow dims all channels alike."""
    first, second = _colour(inside[..., before]), _colour(inside[..., after])
    return 0.0 if first is None or second is None else float(np.ptp(first - second))


def _colour(planes: FloatArray) -> NDArray[np.float64] | None:
    """Return the median log light of the channels, or None where nothing is seen."""
    if not planes.size:
        return None
    colour = median(planes.reshape(3, -1)).astype(np.float64)
    return colour if np.isfinite(colour).all() else None


def shows_colours(patch: Patch) -> bool:
    """Tell a picture with colours from a grey one, whose channels are all the same."""
    r, g, b = patch.planes
    spread = np.maximum(np.maximum(r, g), b) - np.minimum(np.minimum(r, g), b)
    return bool((spread > 1e-4).any())


def _grain(inside: FloatArray, apart: NDArray[np.floating], sigma: float, rows: int) -> float:
    """Compare the textures on both sides of a line: pads and membranes are different materials."""
    texture = []
    for side in (-apart, apart):
        part = inside[:, (side > FLANK[0] * sigma) & (side < FLANK[0] * sigma + REACH * rows)]
        part = part[:, np.isfinite(part).all(axis=0)]
        if part.shape[1] < rows // 4:
            return 0.0
        change = part[1:] - part[:-1]
        change -= change.mean(axis=1, keepdims=True)
        texture.append(float(np.linalg.norm(change)) / math.sqrt(change.size) + PLAIN)
    return abs(math.log(texture[0] / texture[1]))


def printed(patch: Patch) -> float:
    """Tell an outline on paper: a dark border on both long sides, and the very same ground beyond it.

    A window's membrane is another material than the plastic around it, and lies deeper.
    """
    along = patch.planes[:, :, patch.end + EDGE_ROWS : patch.end + patch.columns - EDGE_ROWS]
    if np.isnan(along).any():
        return 0.0
    rows = median(along).T
    border = OUTSIDE, patch.side + INSIDE
    inside = median(rows[border[1] : len(rows) - border[1]].T)
    apart, outline = [], np.inf
    for part in (rows, rows[::-1]):
        # In a coarse picture the blurred outline takes a part of the margin: paper is the brightest of it.
        outside = part[: border[0]].max(axis=0)
        apart.append(outside - inside)
        darkest = float(part[border[0] : border[1]].mean(axis=1).min())
        outline = min(outline, float(min(outside.mean(), inside.mean())) - darkest)
    both = np.mean(apart, axis=0)
    uneven, hue = float(np.abs(apart).max()), float(np.ptp(both))
    difference = max(float(np.abs(both).max()), uneven * PAPER / PAPER_SLOPE, hue * PAPER / PAPER_HUE)
    return _below(difference, PAPER) * (1 - _below(outline, OUTLINE))
