"""Find the membrane of a dipstick between its printed labels, which are as wide and as white as it is.

A bar of a label's colour with letters cut out of it passes for a line. Seen closely it is uneven across the
width; the rectangle that holds it is a label then, and the membrane lies along it, before or behind.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.geometry import Window
from reader.locate.ends import LIKELY, RIM_TINT, SURE
from reader.locate.hypothesis import MOTTLE, Hypothesis, look_at, patch_of
from reader.locate.rank import distinct
from reader.measure.evidence import PLAUSIBLE
from reader.measure.lines import FoundLine, Patch
from reader.view import View

__all__ = ["unprinted_parts", "without_labels"]

BEYOND = 6.0  # widths of a dipstick on either side of a label that may be its membrane
SHORTEST = 1.5  # widths of a part that may be a membrane
TRIM = 0.2  # of the width on each side: rims and rounded corners, where a rectangle lies askew
# How a column changes across the width otherwise than by a slope: log10 of light, rms; and as a share of what
# it lacks of the brightest nearby. Lines and joints stay below a fifth, letters exceed a quarter.
PRINTED, OF_DEPTH = 0.02, 0.25
NEARBY = 0.7  # widths
GRAINY = 3.0  # times the scatter of the plainest quarter: in a grainy picture print is more than grain
GAP = 0.3  # widths: what is plain between two letters or two arrows
DARKEST = -3.0  # log10 of light, for what lies beyond the picture
# Of a bar between two pads: absorbance, sigmas that it reaches, and sigma (widths) of a slope of the light.
JOINT, JOINT_REACH, BROAD = 0.03, 2.0, 0.2


def without_labels(view: View, hypotheses: list[Hypothesis], score: float) -> list[Hypothesis]:
    """Replace the labels among the rectangles of a place by what shows a control line along them.

    Parameters
    ----------
    view : View
        The photo.
    hypotheses : list of Hypothesis
        The rectangles; returned as they are where none is a label, or where nothing is found along those.
    score : float
        What speaks for the place before its lines are seen.
    """
    labels = [h.window for h in hypotheses if h.lettered and h.mottle < 2 * MOTTLE[0]]
    longer = [replace(w, length=w.length + 2 * BEYOND * w.width) for w in labels]
    parts = distinct([part for w in longer for part in unprinted_parts(patch_of(view, w), w)])
    found = [h for part in parts for h in _between_joints(view, part, score)]
    lined = [replace(h, beside_print=True) for h in found if h.control_probability > LIKELY]
    return [h for h in [*hypotheses, *lined] if not h.lettered] if lined else hypotheses


def unprinted_parts(patch: Patch, window: Window) -> list[Window]:
    """Return the parts of a rectangle between its prints, those that are long enough for a membrane.

    Parameters
    ----------
    patch : Patch
        The rectangle, seen straight.
    window : Window
        The same, in any picture.

    Returns
    -------
    list of Window
        From its start to its end: all of it where nothing is print, none where all is.
    """
    trim = round(TRIM * patch.rows)
    core = patch.grey[patch.side + trim : patch.side + patch.rows - trim]
    printed = _is_printed(core[:, patch.end : patch.end + patch.columns], patch.rows)
    edges = np.flatnonzero(np.diff(np.concatenate([[True], printed, [True]]).astype(np.int8)))
    starts, ends = edges[::2] / patch.columns, edges[1::2] / patch.columns
    parts = [window.cut(float(a), float(b)) for a, b in zip(starts, ends, strict=True)]
    return [part for part in parts if part.length >= SHORTEST * window.width]


def _is_printed(core: NDArray[np.float32], rows: int) -> NDArray[np.bool_]:
    """Tell which columns are print, or lie between prints; what is beyond the picture counts as such."""
    across = np.vander(np.linspace(-1, 1, len(core)), 2)
    scatter = (core - across @ (np.linalg.pinv(across) @ core)).std(axis=0)
    seen = scatter[np.isfinite(scatter)]
    grain = float(np.percentile(seen, 25)) if seen.size else 0.0
    level = np.nan_to_num(core.mean(axis=0), nan=DARKEST)
    depth = cv2.dilate(level[None], _reach(NEARBY * rows))[0] - level
    plain = scatter < np.maximum(max(PRINTED, GRAINY * grain), OF_DEPTH * depth)
    printed = (~plain).astype(np.uint8)
    return np.asarray(cv2.morphologyEx(printed[None], cv2.MORPH_CLOSE, _reach(GAP * rows / 2))[0] > 0)


def _reach(columns: float) -> NDArray[np.uint8]:
    return np.ones((1, 2 * round(columns) + 1), np.uint8)


def _between_joints(view: View, window: Window, score: float) -> list[Hypothesis]:
    """Look at what lies between the joints of pads in a rectangle; at all of it where there are none."""
    whole = look_at(view, window, score, in_scene=True)
    joints = sorted((line for line in whole.lines if _is_joint(line, whole)), key=lambda line: line.place)
    parts = [window.cut(a, b) for a, b in _gaps(joints, window.length / window.width)] if joints else []
    return [look_at(view, part, score, in_scene=True) for part in parts] or [whole]


def _gaps(joints: Sequence[FoundLine], aspect: float) -> list[tuple[float, float]]:
    """Return from where to where (shares of the length) there is none, as far as that is long enough."""
    starts = [0.0, *((x.place + JOINT_REACH * x.sigma) / aspect for x in joints)]
    ends = [*((x.place - JOINT_REACH * x.sigma) / aspect for x in joints), 1.0]
    return [(a, b) for a, b in zip(starts, ends, strict=True) if b - a > SHORTEST / aspect]


def _is_joint(line: FoundLine, h: Hypothesis) -> bool:
    """Tell whether a bar is the shade at which two pads meet: ill set, or greyer than the control line."""
    if line is h.control or line.height < JOINT or line.sigma > BROAD:
        return False
    grey = h.control is not None and line.tint < h.control.tint - RIM_TINT
    return line.plausible < (SURE if grey else PLAUSIBLE)
