"""Look for what may be a line too faint to be called one.

All lines of a strip are striped alike, so the control line shows how wide a test line is. With that width
as a template, at every place of the membrane, a line stands out of unevenness that a search for lines of
any width cannot tell from one.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from reader.measure.evidence import FARTHEST, PLAUSIBLE, is_ghost
from reader.measure.lines import (
    BLOCKS,
    NOISE_FLOOR,
    FoundLine,
    Patch,
    clear_of_flanks,
    describe_bar,
)
from reader.measure.scan import LineScan
from reader.measure.setting import line_plausibility, shows_colours

__all__ = ["RIM", "FaintLine", "find_faint_line"]

# With these, one in 240 membranes of real negative tests is suspected; without the share that must be
# explained it would be one in 180, and with an SNR of 2 one in 70.
LEAST_SNR = 3.0  # over the amplitudes on the rest of the membrane, which hold its unevenness
LEAST_BLOCK_SNR = 5.0  # mean over standard error of the parts of the width
LEAST_EXPLAINED = 0.7  # share of the local variation
LEAST_HEIGHT = 0.004  # absorbance: a third of what a trained eye sees
WHOLE = 0.4  # share of the median height that every part of the width must show
NEAREST = 0.7  # membrane widths from the control line
RIM = 0.8  # membrane widths from the ends, where the rim's shadow is as wide as a line
LEAST_SEEN = 12  # places that tell how uneven a membrane is
# What none of 530 real negative tests shows: a line in all but strength. The likest of them explains 0.88.
PLAIN_EXPLAINED = 0.9
BESIDE_EXPLAINED = 0.85  # the same beside another test line, where less hangs on it
PLAIN_PART = 0.5  # share of the median height in the weakest part of the width
PLAIN_HEIGHT = 0.006  # absorbance: half of what a trained eye sees


@dataclass(frozen=True, slots=True)
class FaintLine:
    """What crosses a membrane as faintly, and as wide, as a faint test line would.

    Attributes
    ----------
    place : float
        Membrane widths from the window's left end.
    plain : bool
        Whether it has all that makes a line one, but strength.
    """

    place: float
    plain: bool


def find_faint_line(
    patch: Patch, control: FoundLine, bars: Sequence[FoundLine], *, beside: bool = False
) -> FaintLine | None:
    """Return what is as wide as the control line and crosses the membrane where a test line may lie.

    Parameters
    ----------
    patch : Patch
        The window.
    control : FoundLine
        Its control line.
    bars : sequence of FoundLine
        What else stands out so much that nothing can be seen beside it.
    beside : bool, default False
        Whether another test line was found.

    Returns
    -------
    FaintLine or None
        The plainest, or None if there is nothing.
    """
    profiles = patch.profiles
    if profiles is None:
        return None
    sigma = max(control.sigma * patch.rows, 1.0)
    scan = LineScan(profiles.weights, sigma)
    amplitudes = scan.amplitudes(profiles.rows[: BLOCKS + 1])
    place = (np.arange(amplitudes.shape[1]) - patch.end + 0.5) / patch.rows
    seen = (scan.information > 0) & clear_of_flanks(
        [(bar.place, bar.sigma) for bar in (control, *bars)], place
    )
    if seen.sum() < LEAST_SEEN:
        return None
    height = np.where(seen, amplitudes[0], 0.0)
    noise = max(1.4826 * float(np.median(np.abs(height[seen]))), NOISE_FLOOR)
    least = max(LEAST_HEIGHT, LEAST_SNR * noise)
    candidates = np.flatnonzero((height > least) & _may_lie(place, control, patch))
    reach, enough = round(2 * sigma), BESIDE_EXPLAINED if beside else PLAIN_EXPLAINED
    found = []
    for k in candidates:
        explained = scan.explained(profiles.rows[0], int(k))
        highest = height[k] == height[max(0, k - reach) : k + reach + 1].max()
        if highest and explained > LEAST_EXPLAINED and _whole(amplitudes[1:, k]):
            plain = explained > enough and _plain(describe_bar(patch, scan, int(k)), control, patch)
            found.append((explained, FaintLine(float(place[k]), plain)))
    return max(found, key=lambda f: (f[1].plain, f[0]))[1] if found else None


def _plain(line: FoundLine | None, control: FoundLine, patch: Patch) -> bool:
    """Tell whether a bar is high enough, as high in every part of the width, coloured and set as a line.

    In a grey picture it cannot be told from the shadow at which two pads meet.
    """
    if line is None or not shows_colours(patch) or line.height < PLAIN_HEIGHT or line.least < PLAIN_PART:
        return False
    return not is_ghost(line, control) and line_plausibility(patch, line) > PLAUSIBLE


def _may_lie(place: NDArray[np.float64], control: FoundLine, patch: Patch) -> NDArray[np.bool_]:
    """Return where a test line may lie."""
    length = patch.columns / patch.rows
    apart = np.abs(place - control.place)
    start = np.inf if patch.open_start else place
    stop = np.inf if patch.open_end else length - place
    return (apart > NEAREST) & (apart < FARTHEST * length) & (np.minimum(start, stop) > RIM)


def _whole(blocks: NDArray[np.float64]) -> bool:
    """Tell whether all parts of the width agree."""
    error = float(blocks.std(ddof=1)) / math.sqrt(len(blocks))
    agree = float(blocks.mean()) > LEAST_BLOCK_SNR * error
    return agree and bool((blocks > WHOLE * np.median(blocks)).all())
