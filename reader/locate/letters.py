"""Read the letters C and T that are printed or moulded beside a window: they name its lines.

No text is read: each small isolated mark of the size of such letters is compared with both letters,
drawn in several strokes and widths, in the four upright positions that print on a device has.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from itertools import product
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.colour import darkest
from reader.geometry import Window
from reader.view import View

__all__ = ["Glyph", "Letters", "find_glyphs", "read_letters"]

FloatArray = NDArray[np.float32]
Kind = Literal["C", "T"]

ROWS = 24  # samples per window width: letters are a third of a width to one and a half widths high
LONGEST = 14.0  # window lengths over widths above which the look is cut short
BEYOND = 0.6  # window lengths beyond an end within which a letter can stand on the axis
ASIDE = 4.2  # window widths to each side that are looked at: beyond lies the table
BLUR = 0.7  # samples
STROKE = 0.8  # window widths: no stroke is broader, and any shading is
INKS = (0.03, 0.06, 0.12, 0.24)  # log10 of light: from mouldings to black print
HEIGHT = (0.3, 1.7)  # window widths
SLIM = (0.75, 2.1)  # height over width of a letter; print is often drawn narrow
COVER = (0.12, 0.7)  # share of its box that a letter covers
GRAIN = 16  # samples to each side of a shape that is compared
SOFT = 0.6  # samples of that: camera blur
# Gap to the next letter of a word where the mark stands upright in it, where it lies, and that letter's
# least and greatest height; of the mark's height.
NEIGHBOUR = (0.45, 0.3, 0.5, 1.6)
# Correlations of printed letters are 0.88 to 0.99, of a hundred other marks at their places under 0.8.
SURE, LIKELY = 0.85, 0.8  # alone, and as one of two that fit together
BESIDE, ON_AXIS = 0.7, 0.6  # window widths from the axis: letters beside a window, and beyond its ends
PAIR_GAP = (0.15, 0.75)  # window lengths from C to T beside a window
PAIR_ROW, PAIR_HEIGHT = 0.4, 1.35  # letter heights off one row, and ratio of the heights of two letters
ALONE = (0.05, 0.5)  # window lengths from its own end within which a letter without the other counts
# Natural log-odds. Marks like a letter that are none were seen about one window in thirty; two of them make
# a pair by chance once in a hundred times that: their shapes, turn, row and size must agree. Hardly any
# device has C below or after T, none of 20 designs did: one in fifty of such is allowed for.
PAIR_ODDS, TURN_ODDS = 6.0, 2.0
ALONE_ODDS = 4.0  # less by what place and turn leave open; none of 18 photos of ten designs was wrong


@dataclass(frozen=True, slots=True)
class Glyph:
    """A mark that looks like one of the letters.

    Attributes
    ----------
    kind : {"C", "T"}
        The letter.
    turn : int
        Quarter turns, anticlockwise on the straightened device, by which the letter is turned.
    score : float
        Correlation with the nearest drawing of the letter, -1..1.
    along : float
        Window lengths from the start of the window.
    across : float
        Window widths from its axis.
    height : float
        Of the letter, window widths.
    """

    kind: Kind
    turn: int
    score: float
    along: float
    across: float
    height: float


@dataclass(frozen=True, slots=True)
class Letters:
    """What the letters say.

    Attributes
    ----------
    odds : float
        Natural log-odds that the start of the window is the control's end; 0 where none was read.
    control, test : float or None
        Places of the letters C and T beside the window, shares of its length from its start; they may lie
        beyond its ends.
    """

    odds: float = 0.0
    control: float | None = None
    test: float | None = None


def read_letters(view: View, window: Window) -> Letters:
    """Read the letters C and T about a window.

    Two letters that fit together tell the direction by their order. One alone tells it by its place and
    its turn, which must agree: letters stand upright, or are read on, from the control's end.

    Parameters
    ----------
    view : View
        The photo.
    window : Window
        The membrane, flow in either direction.
    """
    glyphs = [g for g in find_glyphs(view, window) if g.score > LIKELY]
    pairs = [pair for pair in product(_of_kind(glyphs, "C"), _of_kind(glyphs, "T")) if _fit_together(*pair)]
    found = [_of_pair(c, t) for c, t in pairs] or [_of_one(g) for g in glyphs if _stands_alone(g)]
    ways = {letters.odds > 0 for letters in found}
    return max(found, key=lambda letters: abs(letters.odds)) if len(ways) == 1 else Letters()


def _of_kind(glyphs: list[Glyph], kind: Kind) -> list[Glyph]:
    return [g for g in glyphs if g.kind == kind]


def _fit_together(c: Glyph, t: Glyph) -> bool:
    """Tell whether a C and a T stand in one row with the window, in one size and turn."""
    height = max(c.height, t.height)
    if c.turn != t.turn or max(c.score, t.score) < SURE or height > PAIR_HEIGHT * min(c.height, t.height):
        return False
    if abs(c.across - t.across) > PAIR_ROW * height:
        return False
    if max(abs(c.across), abs(t.across)) < ON_AXIS:
        return min(c.along, t.along) < 0 and max(c.along, t.along) > 1
    return min(abs(c.across), abs(t.across)) > BESIDE and PAIR_GAP[0] < abs(c.along - t.along) < PAIR_GAP[1]


def _of_pair(c: Glyph, t: Glyph) -> Letters:
    way = 1 if c.along < t.along else -1
    odds = way * (PAIR_ODDS + (TURN_ODDS if way == _way(c) else -TURN_ODDS))
    beside = abs(c.across) > BESIDE
    return Letters(odds, c.along, t.along) if beside else Letters(odds)


def _of_one(glyph: Glyph) -> Letters:
    odds = _way(glyph) * ALONE_ODDS
    return Letters(odds, glyph.along, None) if glyph.kind == "C" else Letters(odds, None, glyph.along)


def _stands_alone(glyph: Glyph) -> bool:
    """Tell whether a mark is surely a letter, at a place that agrees with its turn."""
    from_start = glyph.along if _way(glyph) > 0 else 1 - glyph.along
    from_own_end = from_start if glyph.kind == "C" else 1 - from_start
    return glyph.score > SURE and abs(glyph.across) > BESIDE and ALONE[0] < from_own_end < ALONE[1]


def _way(glyph: Glyph) -> int:
    """Return 1 if a letter stands upright, or is read on, from the start of the window, else -1."""
    return 1 if glyph.turn in (0, 1) else -1


def find_glyphs(view: View, window: Window) -> list[Glyph]:
    """Find isolated marks about a window that look like a C or a T, the likest first.

    Parameters
    ----------
    view : View
        The photo.
    window : Window
        The membrane, flow in either direction.
    """
    light, scale = _look(view, window)
    ink = _ink(light)
    glyphs = [g for level in INKS for g in _marks(ink > level, scale)]
    distinct: list[Glyph] = []
    for glyph in sorted(glyphs, key=lambda g: -g.score):
        if not any(_same_place(glyph, other, scale) for other in distinct):
            distinct.append(glyph)
    return distinct


def _same_place(a: Glyph, b: Glyph, scale: float) -> bool:
    near = 0.5 * max(a.height, b.height)
    return abs(a.across - b.across) < near and abs(a.along - b.along) * scale / ROWS < near


def _look(view: View, window: Window) -> tuple[FloatArray, float]:
    """Look at the device about a window; also return the samples per window length."""
    length = min(window.length, LONGEST * window.width)
    columns = round((1 + 2 * BEYOND) * length / window.width * ROWS)
    wide = replace(window, length=(1 + 2 * BEYOND) * length, width=2 * ASIDE * window.width)
    light = view.log_light(wide, columns, round(2 * ASIDE * ROWS), shapes=True)
    return light, columns / (1 + 2 * BEYOND)


def _ink(light: FloatArray) -> FloatArray:
    """Return how much darker than its surroundings every sample is in the channel that shows it most."""
    dark = darkest(light)
    known = np.isfinite(dark)
    if not known.any():
        return np.zeros(dark.shape, np.float32)
    filled = dark if known.all() else np.where(known, dark, np.float32(np.median(dark[known])))
    smooth = cv2.GaussianBlur(filled, (0, 0), BLUR)
    size = round(STROKE * ROWS) | 1
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return np.asarray(cv2.morphologyEx(smooth, cv2.MORPH_BLACKHAT, disc), np.float32)


def _marks(mask: NDArray[np.bool_], scale: float) -> Iterator[Glyph]:
    """Compare each connected mark of the right size with the letters."""
    _, labels, stats, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=8)
    table = np.asarray(stats, np.int64)[1:]
    for number in np.flatnonzero(_plausible(table, mask.shape, scale)):
        x, y, wide, high, _ = (int(value) for value in table[number])
        shape = labels[y : y + high, x : x + wide] == number + 1
        kind, turn, score = _nearest(shape)
        tall, broad = (high, wide) if turn % 2 == 0 else (wide, high)
        if SLIM[0] < tall / broad < SLIM[1] and not _in_word(table, int(number), turn):
            middle_x, middle_y = x + (wide - 1) / 2, y + (high - 1) / 2
            along = (middle_x - (mask.shape[1] - 1) / 2) / scale + 0.5
            across = (middle_y - (mask.shape[0] - 1) / 2) / ROWS
            yield Glyph(kind, turn, score, along, across, tall / ROWS)


def _plausible(table: NDArray[np.int64], shape: tuple[int, ...], scale: float) -> NDArray[np.bool_]:
    """Tell which marks are whole, of the size of a letter, and not in the window itself."""
    x, y, wide, high, area = table.T
    longer, shorter = np.maximum(wide, high), np.minimum(wide, high)
    sized = (longer > HEIGHT[0] * ROWS) & (longer < HEIGHT[1] * ROWS) & (shorter * SLIM[1] > longer)
    covered = (area > COVER[0] * wide * high) & (area < COVER[1] * wide * high)
    whole = (x > 0) & (y > 0) & (x + wide < shape[1]) & (y + high < shape[0])
    off_axis = np.abs(y + high / 2 - shape[0] / 2) / ROWS
    beyond = np.abs(x + wide / 2 - shape[1] / 2) / scale - 0.5
    plausible: NDArray[np.bool_] = sized & covered & whole & ((off_axis > 0.5) | (beyond > 0))
    return plausible


def _in_word(table: NDArray[np.int64], number: int, turn: int) -> bool:
    """Tell whether another mark of a letter's height stands close before or after a mark on either axis."""
    upright = 0 if turn % 2 == 0 else 1
    return any(
        _has_neighbour(table, number, axis, gap)
        for axis, gap in ((upright, NEIGHBOUR[0]), (1 - upright, NEIGHBOUR[1]))
    )


def _has_neighbour(table: NDArray[np.int64], number: int, axis: int, reach: float) -> bool:
    start, size = table[:, axis], table[:, axis + 2]
    top, high = table[:, 1 - axis], table[:, 3 - axis]
    tall = float(high[number])
    gap = np.maximum(start - (start[number] + size[number]), start[number] - (start + size))
    shared = np.minimum(top + high, top[number] + tall) - np.maximum(top, top[number])
    like = (high > NEIGHBOUR[2] * tall) & (high < NEIGHBOUR[3] * tall) & (size < 2 * NEIGHBOUR[3] * tall)
    like &= (shared > 0.5 * np.minimum(high, tall)) & (np.abs(gap) < reach * tall)
    like[number] = False
    return bool(like.any())


def _nearest(shape: NDArray[np.bool_]) -> tuple[Kind, int, float]:
    """Return the letter and turn that a shape is likest to, and the correlation."""
    drawings, names = _drawings()
    scores = drawings @ _flat(shape.astype(np.float32))
    best = int(np.argmax(scores))
    return (*names[best], float(scores[best]))


def _flat(shape: FloatArray) -> FloatArray:
    """Return a shape stretched to a square of few samples, without its mean and of length one."""
    small = cv2.resize(shape, (GRAIN, GRAIN), interpolation=cv2.INTER_AREA)
    values = np.asarray(cv2.GaussianBlur(small, (0, 0), SOFT), np.float32).ravel()
    values -= values.mean()
    flat: FloatArray = values / max(float(np.linalg.norm(values)), 1e-6)
    return flat


@cache
def _drawings() -> tuple[FloatArray, tuple[tuple[Kind, int], ...]]:
    """Draw the letters in strokes from light to heavy, each in four turns."""
    shapes: list[tuple[Kind, FloatArray]] = []
    for stroke, gap, breadth in product((0.1, 0.15, 0.21), (28.0, 45.0, 60.0), (0.72, 0.95)):
        shapes.append(("C", _drawn_c(stroke, gap, breadth)))
    for bar, stem in product((0.1, 0.15, 0.22), (0.13, 0.2, 0.28)):
        shapes.append(("T", _drawn_t(bar, stem)))
    turned = [(kind, turn, np.rot90(shape, turn)) for kind, shape in shapes for turn in range(4)]
    flat = np.stack([_flat(np.ascontiguousarray(shape)) for _, _, shape in turned])
    return flat, tuple((kind, turn) for kind, turn, _ in turned)


def _drawn_c(stroke: float, gap: float, breadth: float) -> FloatArray:
    """Draw an oval ring, open by `gap` degrees to each side of the right; sizes in heights."""
    places = (np.arange(96) + 0.5) / 48 - 1
    x, y = np.meshgrid(places, places)
    outer = np.hypot(x, y) < 1
    inner = np.hypot(x * breadth / (breadth - 2 * stroke), y / (1 - 2 * stroke)) < 1
    shape = outer & ~inner & (np.degrees(np.arctan2(np.abs(y), x * breadth)) > gap)
    columns = np.flatnonzero(shape.any(axis=0))
    return shape[:, columns[0] : columns[-1] + 1].astype(np.float32)


def _drawn_t(bar: float, stem: float) -> FloatArray:
    """Draw a bar on a stem; the bar's breadth is a share of the height, the stem's one of the width."""
    shape = np.zeros((96, 96), np.float32)
    shape[: round(bar * 96)] = 1
    half = round(stem * 48)
    shape[:, 48 - half : 48 + half] = 1
    return shape
