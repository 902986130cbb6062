"""Find every strip in a photo: propose, look closer, weigh by what is seen.

Where exactly a window begins and ends is often open to doubt, so a strip is not one rectangle but a
few *hypotheses* of it with weights; doubt about the window becomes doubt about the result.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np

from reader.colour import brightest
from reader.geometry import Window
from reader.locate.blank import outlined_again, set_off, settled
from reader.locate.coloured import LARGE, LARGE_PX, find_bars, propose_from_bars
from reader.locate.device import device_around, lies_in
from reader.locate.dipstick import without_labels
from reader.locate.direction import direction_signs
from reader.locate.empty import empty_windows
from reader.locate.ends import LEAN, LIKELY, SURE, extended, with_right_ends
from reader.locate.framed import propose_framed
from reader.locate.housed import in_devices
from reader.locate.hypothesis import (
    CLOSE_QUALITY,
    MOTTLE,
    Candidate,
    Hypothesis,
    look_at,
    looking_aside,
    patch_of,
)
from reader.locate.outlines import propose_outlined
from reader.locate.planes import search_planes
from reader.locate.rank import FEATURES, distinct, rank_features, same_place, window_scores
from reader.locate.siblings import Pool, Search, in_reading_order, other_strips
from reader.measure.evidence import PLAUSIBLE
from reader.measure.foreign import is_drawn, lies_alone
from reader.measure.quality import REJECT_WIDTH_PX
from reader.view import View

__all__ = [
    "BLANK_ODDS",
    "LINED_ODDS",
    "LINED_SCORE",
    "RANK_WEIGHT",
    "blank_odds",
    "close_up",
    "evident",
    "find_strips",
    "in_scene",
    "is_surrounded",
    "lies_on_a_line",
    "look_closer",
    "looks_drawn",
    "places_of",
    "pool_of",
    "unused",
]

LEAST_WIDTH_PX = 6.5  # of a window in the search picture: a line is then two pixels thick
FRAMED_KEPT = 6  # windows per tried direction
FRAMED_LOOKED = 12
PLACES, NESTED = 12, 4  # places in a photo that are looked at closely, and rectangles at each
RANKED = 150  # rectangles that are grouped into places
SHARPNESS = 6.0  # how fast a hypothesis' weight falls with its score
SMALL = 0.3  # length of a whole device's window at most, of the picture's long side
CLOSE_UP = (0.45, 0.16)  # length and width of a window that fills the picture, of its long side
AGAIN_NESTED = 8  # rectangles at each place whose sides are moved when unused windows are looked for again
CLOSER = 1.3  # times as fine as the search picture that a second look at a part must be
CLOSER_MARGIN = 0.15  # widths of that part, seen around it
AROUND = 0.25  # window widths of its device that are seen around a window: a housing's walls are wider
# A window with its recess is up to twice as wide as its membrane; a device is five times as wide.
DEVICE_WIDTHS = 2.5
EXTENDED = 2  # rectangles looked at beyond their ends
BARE_ASPECT = 1.5  # length over width of a picture that may be all membrane
BARE_SCATTER = 0.02  # log10 of light across the short side: a frame or rim exceeds it
BARE_MARGIN = 3  # of the 32 rows: what a hasty cut leaves of the background
BARE_SCORE = 2.6  # what four sides on edges are worth to a framed window
LINED_SCORE, LINED_ODDS = -0.6, 0.8  # least score and log-odds of a window with a control line
BLANK_SCORE = 1.4  # least score of a close-up without lines: four sides on edges
RIM = 0.6  # share 0..1 of each of its sides that is a rim; the weaker ends of sheets of paper have 0.2
BLANK_MOTTLE = 0.02  # absorbance: unused membranes stay at 0.01, whole devices reach 0.03
OFF_CENTRE = 0.15  # of the picture: a window that was cut out by hand lies nearer to its middle
BLANK_ODDS = 3.4  # least log-odds of a window without one
NO_CONTROL = 0.01  # probability of a control line below which another rectangle of a place hardly shows one
# Two of three unused windows have a well beyond one end only, and one of twelve other plain rectangles.
WELL_ODDS = 2.0  # log-odds
SETTLING = 1.0  # log-odds that the best of many places of four sides gains anywhere, on a bare table too
BLANK_LEAD = 3.0  # log-odds by which a blank window must be more of a window than one with lines
OBLONG = 1.5  # length over width of a picture that is turned as its device is
INNER_ODDS, INNER_SCORE = 2.5, 0.6  # of a small window inside a device; parts of a cut window stay below
# log10 of light by which a thing without lines is so much paler than all around it that it lies on a table:
# unused windows in dark devices are paler by up to 0.2.
BLANK_PALER = 0.3
RANK_WEIGHT = 0.35  # of a ranker's log-odds against a line's quality
# Score of a window, beyond what the ranker says of another, by which it stays far ahead whatever that shows:
# the best lines add 0.4, and a window whose ends are wrong loses 2.0.
OUT_OF_REACH = 3.4


def find_strips(view: View) -> tuple[Candidate, ...]:
    """Find the strips of a photo.

    Parameters
    ----------
    view : View
        The photo.

    Returns
    -------
    tuple of Candidate
        Strips in reading order (rows, then left to right); empty when nothing in the photo looks
        like a read window. A strip may have no visible line, and a window no strip.
    """
    pool = pool_of(view)
    shown = _shown(view, pool)
    if any(c.lined for c in shown):
        return shown
    return _housed(view, pool) or _empty(view, pool) or shown


def _shown(view: View, pool: Pool) -> tuple[Candidate, ...]:
    """Return the strips whose windows show by themselves."""
    scene = in_scene(view, pool)
    long_side = max(view.pixels.shape[:2])
    small = [c for c in scene if _small_window(c, long_side) and is_surrounded(c, view)]
    close = None
    if all(_lies_across(c, view) for c in small if _is_readable(c)):
        close = close_up(view)
        small = [c for c in small if _is_readable(c) or close is None or _lies_within(c, close)]
        scene, whole = _with_large(view, pool, scene, small, close)
        if whole is not None:
            return (whole,)
    first = _first(scene)
    if first is None and close is not None and (close.lined or _framed_blank(view, pool, close)):
        return (close,)
    if first is None:
        scene = tuple(_with_well(view, c) for c in scene if _small_blank(c, long_side))
        first = _first(scene)
    if first is None:
        pool, scene = unused(view, pool)
        first = max((c for c in scene if evident(c)), key=blank_odds, default=None)
    if first is None:
        return ()
    if looks_drawn(view, pool, first):
        # Beside a legend or a sheet of print there may be a test.
        first = next((c for c in scene if c.lined and evident(c)), first)
    if not first.lined:
        first = _on_same_strip(view, pool, scene, first) or _in_a_device(view, pool, scene, first) or first
    search = Search(
        pool,
        view.scale,
        examine=lambda *place: _candidate(view, *place),
        evident=evident,
        housed=lambda c: _device(view, pool, c) is not None,
    )
    strips = in_reading_order([first, *other_strips(first, scene, search)])
    kept = [c for c in strips if not looks_drawn(view, pool, c)]
    return tuple(replace(_whole(view, c), device=_device(view, pool, c)) for c in kept)


def _housed(view: View, pool: Pool) -> tuple[Candidate, ...]:
    """Return the windows that show only once they are looked for in plain devices."""
    found = in_devices(view, pool.outlines)
    candidates = [Candidate(_weighted(h), LINED_ODDS, close_up=False, device=d) for d, h in found]
    return tuple(in_reading_order([_whole(view, c) for c in candidates]))


def _empty(view: View, pool: Pool) -> tuple[Candidate, ...]:
    """Return the windows of devices that hold no strip."""
    found = (
        Candidate((h,), BLANK_ODDS, close_up=False, empty=True) for h in empty_windows(view, pool.outlines)
    )
    return tuple(in_reading_order([replace(c, device=_device(view, pool, c)) for c in found]))


def _with_large(
    view: View, pool: Pool, scene: Sequence[Candidate], small: Sequence[Candidate], close: Candidate | None
) -> tuple[tuple[Candidate, ...], Candidate | None]:
    """Add windows that are large in the picture; or return the one that fills it, if one surely does."""
    fills = close is not None and _fills_picture(close) and all(lies_on_a_line(c, close) for c in small)
    if fills and close is not None and (close.lined or _framed_blank(view, pool, close)):
        return (), close
    found = in_scene(view, _pool_of_large(view, pool))
    even = (c for c in found if c.lined and c.hypotheses[0].mottle < MOTTLE[0])
    large = [c for c in even if all(lies_on_a_line(other, c) for other in small)]
    # What fills the picture and is neither lined nor a blank window makes its parts no windows.
    return _apart(large if fills else (*scene, *large)), None


def looks_drawn(view: View, pool: Pool, candidate: Candidate) -> bool:
    """Tell a box in a print or a pattern, or a pale thing by itself, from an unused window."""
    best = candidate.hypotheses[0]
    if candidate.lined or candidate.close_up:
        return False
    patch, look = patch_of(view, best.window), looking_aside(view, best.window)
    if is_drawn(patch, look, best.lines):
        return True
    return lies_alone(patch, look, paler=BLANK_PALER) and _device(view, pool, candidate) is None


def _first(scene: Sequence[Candidate]) -> Candidate | None:
    """Return what is most plainly a read window, if anything is."""
    first = next((c for c in scene if evident(c)), None)
    if first is None:
        return None
    if first.lined:
        return _plainly_blank(first, scene) or first
    return next((c for c in scene if c.lined and evident(c) and _in_line(first, c)), first)


def _whole(view: View, candidate: Candidate) -> Candidate:
    """Look beyond the ends of a strip's window: what ends at a line hides others."""
    longer = extended(view, candidate.hypotheses[0])
    if not longer:
        return candidate
    return replace(candidate, hypotheses=_weighted(with_right_ends([*candidate.hypotheses, *longer])))


def _on_same_strip(view: View, pool: Pool, scene: Sequence[Candidate], blank: Candidate) -> Candidate | None:
    """Look again for a window with lines on the strip of one without: a pad may be all that was seen well."""
    angle = blank.hypotheses[0].window.angle
    rough = [
        c.hypotheses[0].window.scaled(view.scale) for c in scene if c is not blank and _in_line(blank, c)
    ]
    aligned = [replace(w, angle=angle) for w in rough]
    found = (_candidate(view, [w], [odds]) for w, odds in zip(*settled(pool.planes, aligned), strict=True))
    return next((c for c in found if c.lined and evident(c)), None)


def _in_a_device(view: View, pool: Pool, scene: Sequence[Candidate], blank: Candidate) -> Candidate | None:
    """Return a window with lines in a plain device, if the blank one lies in none: it is print, or paper.

    Or it is a whole device, in which the window is too small for the search.
    """
    if _device(view, pool, blank) is not None:
        return None
    likely = [c for c in scene if evident(c)]
    housed = (c for c in likely if c.lined and _device(view, pool, c) is not None)
    if (first := next(housed, None)) is not None:
        return first
    outlines = [c.hypotheses[0].window for c in likely if not c.lined]
    closer = ((c, outline) for outline in outlines for c in look_closer(view, outline))
    return next((c for c, outline in closer if lies_in(c.hypotheses[0].window, outline)), None)


def look_closer(view: View, outline: Window) -> list[Candidate]:
    """Look for windows with lines in a part of the photo, as finely as if it were all there is.

    Parameters
    ----------
    view : View
        The photo.
    outline : Window
        The part; none is looked at that was seen nearly as finely before.
    """
    corners = np.array(outline.quad())
    margin = CLOSER_MARGIN * outline.width
    size = np.array(view.pixels.shape[1::-1])
    low = np.clip((corners.min(axis=0) - margin).astype(int), 0, size)
    high = np.clip((corners.max(axis=0) + margin).astype(int) + 1, 0, size)
    part = View(view.pixels[low[1] : high[1], low[0] : high[0]])
    if part.scale < CLOSER * view.scale:
        return []
    found = (c for c in in_scene(part, pool_of(part)) if c.lined and evident(c))
    return [_shifted(c, float(low[0]), float(low[1])) for c in found]


def _shifted(candidate: Candidate, dx: float, dy: float) -> Candidate:
    """Return a candidate that was found in a part of the photo by its place in the whole."""
    moved = (
        replace(h, window=replace(h.window, x=h.window.x + dx, y=h.window.y + dy))
        for h in candidate.hypotheses
    )
    return replace(candidate, hypotheses=tuple(moved))


def _small_blank(candidate: Candidate, long_side: int) -> bool:
    """Tell a window without lines that leaves room for its device in the picture."""
    return not candidate.lined and candidate.hypotheses[0].window.length < SMALL * long_side


def _with_well(view: View, candidate: Candidate) -> Candidate:
    """Look for a well beyond either end of a window that would be evident with one."""
    best = candidate.hypotheses[0]
    if not best.plain or candidate.odds < BLANK_ODDS - WELL_ODDS:
        return candidate
    return replace(candidate, well=abs(direction_signs(view, best.window).well_vote))


def unused(view: View, pool: Pool) -> tuple[Pool, tuple[Candidate, ...]]:
    """Look again for windows without lines, and more closely."""
    again = [w for w in outlined_again(view.small, pool.planes) if w.width >= LEAST_WIDTH_PX]
    windows = [*pool.windows, *again]
    odds = np.concatenate([pool.odds, window_scores(pool.planes, again)])
    found = []
    least = BLANK_ODDS - WELL_ODDS
    for place in places_of(windows, odds, least, AGAIN_NESTED):
        moved, likely = settled(pool.planes, [windows[i] for i in place if odds[i] > least])
        k = int(np.argmax(likely))
        found.append(_candidate(view, [moved[k]], [float(likely[k]) - SETTLING]))
    long_side = max(view.pixels.shape[:2])
    blank = [c for c in found if _small_blank(c, long_side) and _is_set_off(view, pool, c)]
    return replace(pool, windows=windows, odds=odds), tuple(_with_well(view, c) for c in blank)


def _is_set_off(view: View, pool: Pool, candidate: Candidate) -> bool:
    return set_off(pool.planes, candidate.hypotheses[0].window.scaled(view.scale))


def _framed_blank(view: View, pool: Pool, close: Candidate) -> bool:
    """Tell an unused window that fills the picture from any plain thing.

    It is even, has four rims, and is what the picture was cut around.
    """
    best = close.hypotheses[0]
    window = best.window.scaled(view.scale)
    height, width = view.small.shape[:2]
    off = max(abs(window.x / width - 0.5), abs(window.y / height - 0.5))
    even = best.plain and best.mottle < BLANK_MOTTLE
    if not even or best.score < BLANK_SCORE or off > OFF_CENTRE:
        return False
    (seen,) = rank_features(pool.planes, [window])
    rims = (float(seen[FEATURES.index(name)]) for name in ("weak_side", "weak_end"))
    return all(rim > RIM for rim in rims)


def _plainly_blank(lined: Candidate, scene: Sequence[Candidate]) -> Candidate | None:
    """Return a blank window that looks so much more like one that the lines elsewhere must be print."""
    blank = [c for c in scene if not c.lined and evident(c) and c.odds > lined.odds + BLANK_LEAD]
    return max(blank, key=lambda c: c.odds, default=None)


def evident(candidate: Candidate) -> bool:
    """Tell whether a candidate is a read window beyond doubt, with a control line or without one."""
    best = candidate.hypotheses[0]
    if candidate.lined:
        return best.score > LINED_SCORE and candidate.odds > LINED_ODDS
    return blank_odds(candidate) > BLANK_ODDS and best.plain


def blank_odds(candidate: Candidate) -> float:
    """Return the log-odds of a window without lines, with what its well adds."""
    return candidate.odds + WELL_ODDS * candidate.well


def _in_line(a: Candidate, b: Candidate) -> bool:
    """Tell whether two windows lie on one strip: a pad is as bright and plain as a membrane."""
    p, q = a.hypotheses[0].window, b.hypotheses[0].window
    across = abs((q.x - p.x) * p.across[0] + (q.y - p.y) * p.across[1])
    lean = abs(math.remainder(p.angle - q.angle, math.pi))
    return lean < 2 * LEAN and across < 0.6 * p.width and abs(math.log(q.width / p.width)) < 0.3


def _small_window(candidate: Candidate, long_side: int) -> bool:
    """Tell a window of a whole device from a part of a cut window."""
    best = candidate.hypotheses[0]
    likely = candidate.odds > INNER_ODDS and best.score > INNER_SCORE
    return likely and best.window.length < SMALL * long_side


def is_surrounded(candidate: Candidate, view: View) -> bool:
    """Tell a window with some device around it from a part of a membrane that the picture was cut along."""
    window = candidate.hypotheses[0].window
    height, width = view.pixels.shape[:2]
    margin = AROUND * window.width
    return all(margin < x < width - margin and margin < y < height - margin for x, y in window.quad())


def _is_readable(candidate: Candidate) -> bool:
    """Tell whether a window is large enough to be read: what is not is no reason not to look at the whole."""
    return candidate.hypotheses[0].window.width >= REJECT_WIDTH_PX


def _lies_within(candidate: Candidate, close: Candidate) -> bool:
    """Tell whether a window lies in what fills the picture as windows do in devices, and is no edge of it."""
    return lies_in(candidate.hypotheses[0].window, close.hypotheses[0].window)


def _lies_across(candidate: Candidate, view: View) -> bool:
    """Tell whether a window lies across an oblong picture: in a picture of a device, or a part, none does."""
    height, width = view.pixels.shape[:2]
    if max(height, width) < OBLONG * min(height, width):
        return False
    flow = candidate.hypotheses[0].window.flow
    return abs(flow[0 if width > height else 1]) < 0.5


def lies_on_a_line(candidate: Candidate, other: Candidate) -> bool:
    """Tell whether a supposed window is a line of another one."""
    inner, whole = candidate.hypotheses[0].window, other.hypotheses[0].window
    if not other.lined or inner.width > whole.width / 2:
        return False
    if abs(inner.flow[0] * whole.flow[0] + inner.flow[1] * whole.flow[1]) > 0.5:
        return False
    x, y = inner.x - whole.x, inner.y - whole.y
    place = (x * whole.flow[0] + y * whole.flow[1] + whole.length / 2) / whole.width
    aside = abs(x * whole.across[0] + y * whole.across[1])
    near = (line for line in other.hypotheses[0].lines if abs(line.place - place) < 2 * line.sigma)
    return aside < whole.width / 2 and any(near)


def _fills_picture(close: Candidate) -> bool:
    """Tell a cut read window from a whole device, whose outline is a rectangle too.

    A device has text, wells and a window inside, so that its best "line" is poor.
    """
    control = close.hypotheses[0].control
    return control is not None and control.plausible > PLAUSIBLE and control.quality > CLOSE_QUALITY


def close_up(view: View) -> Candidate | None:
    """Look for one window that fills the picture."""
    scale = view.scale
    proposals = propose_framed(view.log_small, keep=FRAMED_KEPT)[:FRAMED_LOOKED]
    found = [look_at(view, window.scaled(1 / scale), score, in_scene=False) for window, score in proposals]
    found += _bare_membrane(view)
    if not found:
        return None
    found += [longer for h in _best(found)[:EXTENDED] for longer in extended(view, h)]
    found = _best(_showing(with_right_ends(found)))
    best = found[0].window
    long_side = max(view.pixels.shape[:2])
    if best.length < CLOSE_UP[0] * long_side or best.width < CLOSE_UP[1] * long_side / 2:
        return None
    cut_out = [replace(h, cut_out=True) for h in found[: NESTED + 2]]
    return Candidate(_weighted(cut_out), odds=0.0, close_up=True)


def _showing(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Leave out what shows no control line, if anything surely shows one: only one window fills a picture.

    The recess around a membrane, or a whole picture that it lies askew in, has long sides, too.
    """
    if all(h.control_probability <= SURE for h in hypotheses):
        return list(hypotheses)
    return [h for h in hypotheses if h.control_probability > NO_CONTROL]


def _best(hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    return sorted(hypotheses, key=lambda h: -h.score)


def _bare_membrane(view: View) -> list[Hypothesis]:
    """Take the whole picture for a membrane if nothing in it changes across the short side."""
    height, width = view.pixels.shape[:2]
    angle = 0.0 if width >= height else math.pi / 2
    whole = Window((width - 1) / 2, (height - 1) / 2, angle, max(width, height), min(width, height))
    if whole.length < BARE_ASPECT * whole.width:
        return []
    patch = patch_of(view, whole)
    inner = slice(patch.side + BARE_MARGIN, patch.side + patch.rows - BARE_MARGIN)
    light = patch.log_light[inner, patch.end : patch.end + patch.columns].mean(axis=2)
    across = np.median(light[:, np.isfinite(light).all(axis=0)], axis=1)
    if float(across.std()) > BARE_SCATTER:
        return []
    return [look_at(view, whole, BARE_SCORE, in_scene=True)]


def pool_of(view: View) -> Pool:
    """Propose windows that are small in the picture, and rank them."""
    planes = search_planes(view.log_small)
    outlines = propose_outlined(brightest(view.small))
    proposals = outlines + propose_from_bars(planes, find_bars(planes))
    windows = distinct([w for w in proposals if w.width >= LEAST_WIDTH_PX])
    return Pool(planes, windows, window_scores(planes, windows), outlines)


def _pool_of_large(view: View, pool: Pool) -> Pool:
    """Propose windows around lines that are too long for a window with its device around it.

    Where a rim is as bright as the membrane, four sides may not show; a line shows two of them.
    """
    log_small = view.log_small
    factor = min(LARGE_PX / max(log_small.shape[:2]), 1.0)
    reduced = cv2.resize(log_small, None, fx=factor, fy=factor, interpolation=cv2.INTER_AREA)
    seen = search_planes(np.asarray(reduced, np.float32))
    bars = find_bars(seen, LARGE)
    windows = distinct([w.scaled(1 / factor) for w in propose_from_bars(seen, bars)])
    return replace(pool, windows=windows, odds=window_scores(pool.planes, windows))


def _device(view: View, pool: Pool, candidate: Candidate) -> Window | None:
    """Return the outline of the device around a strip's window, in pixels of the photo."""
    window = candidate.hypotheses[0].window.scaled(view.scale)
    device = device_around(view.log_small, window, pool.outlines)
    return None if device is None else device.scaled(1 / view.scale)


def in_scene(view: View, pool: Pool) -> tuple[Candidate, ...]:
    """Look for windows that are small in the picture."""
    # A place that cannot be evident is not worth a close look.
    places = places_of(pool.windows, pool.odds, LINED_ODDS)
    looks: list[list[Hypothesis]] = []
    lined = False
    for place in places:
        looks.append(_looks_at(view, pool, place, beside_lined=lined))
        seen = _judged(looks[-1], pool.odds[place[0]])
        lined |= seen.lined and evident(seen)
    if not lined:
        looks = [_reaching(view, hypotheses) for hypotheses in looks]
    found = [_judged(hypotheses, pool.odds[p[0]]) for hypotheses, p in zip(looks, places, strict=True)]
    return _apart(found)


def _apart(found: Sequence[Candidate]) -> tuple[Candidate, ...]:
    """Leave out what is a line of another candidate; best first."""
    whole = [c for c in found if not any(lies_on_a_line(c, other) for other in found)]
    return tuple(sorted(whole, key=lambda c: -c.hypotheses[0].score))


def _looks_at(view: View, pool: Pool, place: np.ndarray, *, beside_lined: bool) -> list[Hypothesis]:
    """Look at the rectangles of a place, likeliest first.

    Once a window with lines was seen at better odds, one look settles a place that shows no control line;
    and beside a window with lines, what hardly looks like a window is not worth a look.
    """
    windows, odds = [pool.windows[i] for i in place], pool.odds[place]
    looks = _looks(view, windows[:1], odds[:1])
    if beside_lined and looks[0].control_probability <= NO_CONTROL:
        return looks
    for window, log_odds in zip(windows[1:], odds[1:], strict=True):
        best = max(looks, key=lambda h: h.score)
        if best.control_probability < SURE or RANK_WEIGHT * log_odds > best.score - OUT_OF_REACH:
            looks += _looks(view, [window], [log_odds])
    return _without_devices(without_labels(view, looks, RANK_WEIGHT * odds[0]))


def _candidate(view: View, windows: Sequence[Window], odds: Sequence[float]) -> Candidate:
    """Look closely at rectangles of one place, in pixels of the search picture, and beyond their ends."""
    looks = _without_devices(_looks(view, windows, odds))
    return _judged(_reaching(view, looks), float(max(odds)))


def _looks(view: View, windows: Sequence[Window], odds: Sequence[float]) -> list[Hypothesis]:
    return [
        look_at(view, window.scaled(1 / view.scale), RANK_WEIGHT * log_odds, in_scene=True)
        for window, log_odds in zip(windows, odds, strict=True)
    ]


def _reaching(view: View, hypotheses: Sequence[Hypothesis]) -> list[Hypothesis]:
    """Add what lies beyond the ends of the best rectangle, if it shows no control line."""
    best = max(with_right_ends(hypotheses), key=lambda h: h.score)
    if best.control_probability >= LIKELY:
        return list(hypotheses)
    once = extended(view, best)
    return [*hypotheses, *once, *(longer for h in once[:1] for longer in extended(view, h))]


def _without_devices(hypotheses: list[Hypothesis]) -> list[Hypothesis]:
    """Leave out what has no line and holds a window that surely has one, as devices hold windows."""
    lined = [h for h in hypotheses if h.control_probability > SURE]
    return [
        h
        for h in hypotheses
        if h.control_probability > LIKELY or not any(lies_in(x.window, h.window) for x in lined)
    ]


def _judged(hypotheses: Sequence[Hypothesis], odds: float) -> Candidate:
    return Candidate(_weighted(with_right_ends(hypotheses)), odds, close_up=False)


def places_of(
    windows: Sequence[Window], odds: np.ndarray, least: float, nested: int = NESTED
) -> list[np.ndarray]:
    """Group the best rectangles by place, from some odds on: each group's members overlap with its best."""
    groups: list[list[int]] = []
    for i in np.argsort(-odds)[:RANKED]:
        window = windows[i]
        home = next((g for g in groups if same_place(window, windows[g[0]])), None)
        if home is None:
            if len(groups) < PLACES and odds[i] > least:
                groups.append([int(i)])
        elif sum(_alike_wide(window, windows[k]) for k in home) < nested:
            home.append(int(i))
    return [np.array(g) for g in groups]


def _alike_wide(a: Window, b: Window) -> bool:
    """Tell whether two rectangles at one place may be one thing, and not a device and its window."""
    return max(a.width, b.width) < DEVICE_WIDTHS * min(a.width, b.width)


def _weighted(hypotheses: Sequence[Hypothesis]) -> tuple[Hypothesis, ...]:
    """Give each hypothesis its weight; best first."""
    ordered = sorted(hypotheses, key=lambda h: -h.score)
    weights = [math.exp(SHARPNESS * (h.score - ordered[0].score)) for h in ordered]
    total = sum(weights)
    return tuple(replace(h, weight=w / total) for h, w in zip(ordered, weights, strict=True))
