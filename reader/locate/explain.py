"""Say why the windows of a photo were ranked as they were, for whoever looks at a failure.

Nothing is recorded while a photo is read: the search is done again, and what it weighs is taken apart.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from reader.geometry import Window, overlap
from reader.locate.find import (
    BLANK_ODDS,
    LINED_ODDS,
    LINED_SCORE,
    RANK_WEIGHT,
    blank_odds,
    close_up,
    evident,
    find_strips,
    in_scene,
    looks_drawn,
    places_of,
    pool_of,
    unused,
)
from reader.locate.hypothesis import Candidate, glance_at, look_at
from reader.locate.rank import FEATURES, rank_features, rank_model
from reader.locate.siblings import Pool
from reader.measure.lines import FoundLine
from reader.view import View

__all__ = ["FEATURE_WORDS", "Alternative", "RankPart", "RankedWindow", "decisive", "explained"]

SAME = 0.5  # overlap from which two windows are one, found twice
MOST_PARTS = 3  # features that are named where two windows are compared
# What each feature of the ranker describes, for people.
FEATURE_WORDS = {
    "level": "brightness, against the brightest things",
    "dark": "darker than half of the brightest",
    "interior": "uneven inside",
    "interior_tint": "colour uneven inside",
    "weak_side": "weaker long side is an edge",
    "strong_side": "stronger long side is an edge",
    "weak_end": "weaker end is an edge",
    "strong_end": "stronger end is an edge",
    "goes_on": "sides go on beyond an end",
    "surroundings": "uneven beside it",
    "contrast": "contrast with its surroundings",
    "coloured_line": "strongest coloured line",
    "dark_line": "strongest dark line",
    "aspect": "length over width (log)",
    "size": "width in the picture (log)",
    "inside_picture": "share inside the picture",
}


@dataclass(frozen=True, slots=True)
class RankPart:
    """What one of `FEATURE_WORDS` adds to a window's log-odds: its value times its weight.

    Where a feature counts with its square, too, both are one part: apart they are large and cancel.
    """

    name: str
    value: float
    worth: float


@dataclass(frozen=True, slots=True)
class Alternative:
    """Another rectangle of the same place.

    Attributes
    ----------
    window : Window
        In px of the photo.
    score, weight : float
        As the search ordered it, and how much it counts against the others there, 0..1.
    control_probability : float
        That it has a control line and lies on a membrane, 0..1.
    """

    window: Window
    score: float
    weight: float
    control_probability: float


@dataclass(frozen=True, slots=True)
class RankedWindow:
    """A place where a window may be, and what speaks for it.

    Attributes
    ----------
    number : int
        1, 2, …: those that were taken first, then by score.
    window : Window
        The likeliest rectangle there, px of the photo.
    taken : bool
        Whether it is a strip of the reading.
    looked : bool
        Whether the search looked at it closely; what it passed over is looked at here only.
    close_up : bool
        Whether it was looked at as the one window that fills the picture.
    score : float
        What candidates are ordered by: the sum of the next three.
    ranker : float
        The ranker's share of the score: its log-odds times `RANK_WEIGHT`, or what the sides of a window that
        fills the picture are worth.
    seen : float
        What its lines and its texture add, seen closely.
    ends : float
        What it costs to end at a line or beyond a rim, or to be found at the second search only; and what a
        shorter rectangle there hands on.
    log_odds : float
        Of being a window at all, without its lines: the intercept and the worth of all parts.
    parts : tuple of RankPart
        In the order of `FEATURE_WORDS`.
    control : FoundLine or None
        The line in it that looks most like a control line.
    control_probability : float
        That this is one, and lies on a membrane, 0..1, over all rectangles there.
    others : tuple of Alternative
        The other rectangles there, best first: where the window ends may be open to doubt.
    standing : str
        Why it was taken, or not, in a few words.
    """

    number: int
    window: Window
    taken: bool
    looked: bool
    close_up: bool
    score: float
    ranker: float
    seen: float
    ends: float
    log_odds: float
    parts: tuple[RankPart, ...]
    control: FoundLine | None
    control_probability: float
    others: tuple[Alternative, ...]
    standing: str


def explained(view: View) -> tuple[RankedWindow, ...]:
    """Search a photo for strips again and take apart what every place was worth.

    Parameters
    ----------
    view : View
        The photo.

    Returns
    -------
    tuple of RankedWindow
        What `find_strips` returns comes first, in its order; then what it looked at closely and left, best
        first; then the likeliest places, up to as many as it ever looks at, that were not worth a close look.

    Notes
    -----
    Takes about twice as long as the search itself.
    """
    pool = pool_of(view)
    taken = find_strips(view)
    left = [*in_scene(view, pool), *filter(None, [close_up(view)])]
    if not taken:
        left += unused(view, pool)[1]
    left.sort(key=lambda c: -c.hypotheses[0].score)
    apart = _distinct([*taken, *left], [])
    passed = _distinct(_passed_over(view, pool), apart)
    return tuple(
        _ranked(view, pool, candidate, number, taken=number <= len(taken), looked=number <= len(apart))
        for number, candidate in enumerate([*apart, *passed], start=1)
    )


def decisive(windows: Sequence[RankedWindow]) -> str:
    """Say in a few sentences what made the first window win over the best that was left.

    Parameters
    ----------
    windows : sequence of RankedWindow
        From `explained`.
    """
    if not windows:
        return "Nothing in the picture has the shape of a window."
    first = windows[0]
    if not first.taken:
        return f"No place was taken. Number 1 came nearest: {first.standing}."
    # Scores of a window that fills the picture and of windows in it are on different scales.
    rival = next((w for w in windows if not w.taken and w.close_up == first.close_up), None)
    if rival is None:
        return f"Number 1 had no rival of its kind: {first.standing}."
    terms = ", ".join(
        f"{name} {_signed(getattr(first, key) - getattr(rival, key))}"
        for name, key in (("ranker", "ranker"), ("lines and texture", "seen"), ("ends", "ends"))
    )
    return (
        f"Number 1 scores {first.score:.1f}, number {rival.number} {rival.score:.1f} ({terms}). "
        f"The ranker's log-odds differ most by {_largest_differences(first, rival)}."
    )


def _largest_differences(first: RankedWindow, rival: RankedWindow) -> str:
    by = {a.name: a.worth - b.worth for a, b in zip(first.parts, rival.parts, strict=True)}
    most = sorted(by, key=lambda name: -abs(by[name]))[:MOST_PARTS]
    return ", ".join(f"{FEATURE_WORDS[name]} {_signed(by[name])}" for name in most)


def _signed(value: float) -> str:
    return f"{round(value, 1) + 0.0:+.1f}"


def _passed_over(view: View, pool: Pool) -> list[Candidate]:
    """Look at the likeliest places that the search did not look at."""
    places = (int(place[0]) for place in places_of(pool.windows, pool.odds, -math.inf))
    return [
        Candidate(
            (look_at(view, pool.windows[i].scaled(1 / view.scale), RANK_WEIGHT * odds),), odds, close_up=False
        )
        for i in places
        if (odds := float(pool.odds[i])) <= LINED_ODDS
    ]


def _distinct(candidates: Iterable[Candidate], known: Sequence[Candidate]) -> list[Candidate]:
    """Drop candidates that lie where an earlier one does, or a known one."""
    kept: list[Candidate] = []
    for candidate in candidates:
        if not any(_same(candidate, other) for other in (*known, *kept)):
            kept.append(candidate)
    return kept


def _same(a: Candidate, b: Candidate) -> bool:
    return overlap(a.hypotheses[0].window, b.hypotheses[0].window) > SAME


def _ranked(
    view: View, pool: Pool, candidate: Candidate, number: int, *, taken: bool, looked: bool
) -> RankedWindow:
    best = candidate.hypotheses[0]
    parts = _parts(pool, best.window.scaled(view.scale))
    log_odds = rank_model()[1] + sum(part.worth for part in parts)
    seen = glance_at(view, best.window).judged(0.0, in_scene=not candidate.close_up).score
    ranker = best.score - seen if candidate.close_up else RANK_WEIGHT * log_odds
    return RankedWindow(
        number,
        best.window,
        taken,
        looked,
        candidate.close_up,
        best.score,
        ranker,
        seen,
        best.score - seen - ranker,
        log_odds,
        parts,
        best.control,
        candidate.control_probability,
        tuple(
            Alternative(h.window, h.score, h.weight, h.control_probability) for h in candidate.hypotheses[1:]
        ),
        _standing(view, pool, candidate, taken=taken) if looked else _unworthy(candidate),
    )


def _parts(pool: Pool, window: Window) -> tuple[RankPart, ...]:
    """Take the ranker's log-odds of a rectangle of the search picture apart."""
    (features,) = rank_features(pool.planes, [window])
    worths = features * rank_model()[0]
    by = {name: (float(v), float(w)) for name, v, w in zip(FEATURES, features, worths, strict=True)}
    squares = {name: by.get(f"{name}_squared", (0.0, 0.0))[1] for name in FEATURE_WORDS}
    return tuple(RankPart(name, by[name][0], by[name][1] + squares[name]) for name in FEATURE_WORDS)


def _standing(view: View, pool: Pool, candidate: Candidate, *, taken: bool) -> str:
    """Say in a few words why a place was taken, or not."""
    lines = "a control line" if candidate.lined else "no control line"
    if taken and candidate.close_up:
        return f"it fills the picture, with {lines}"
    if taken:
        return f"it was taken, with {lines} and log-odds {candidate.odds:.1f}"
    if not candidate.close_up and evident(candidate):
        if looks_drawn(view, pool, candidate):
            return "it has no control line, and looks like print or like a pale thing by itself"
        return f"it could be a window, with {lines}, but another came before it"
    return f"it has {lines}; {_lack(candidate)}"


def _unworthy(candidate: Candidate) -> str:
    return f"it was not worth a close look: its log-odds {candidate.odds:.1f} do not exceed {LINED_ODDS:g}"


def _lack(candidate: Candidate) -> str:
    """Say what a candidate lacks to be evident."""
    best = candidate.hypotheses[0]
    if candidate.close_up:
        return "it does not surely fill the picture"
    if candidate.lined:
        lacks = [
            f"its {name} {value:.1f} does not exceed {least:g}"
            for name, value, least in (
                ("score", best.score, LINED_SCORE),
                ("log-odds", candidate.odds, LINED_ODDS),
            )
            if value <= least
        ]
    else:
        lacks = [] if best.plain else ["it is not as even and white as an unused membrane"]
        if blank_odds(candidate) <= BLANK_ODDS:
            lacks.insert(0, f"its log-odds {blank_odds(candidate):.1f} do not exceed {BLANK_ODDS:g}")
    return " and ".join(lacks)
