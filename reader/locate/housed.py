"""Look for a window in the outline of a plain device, where none showed by itself.

In a grey or an equalised picture a window's rim may be as dark as its membrane on one side, so that no
outline closes around it, and lines without colour hardly stand out. A device is plain all the same; and in
it the window is searched for as in a picture that it fills, by its four sides.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from reader.geometry import Window
from reader.locate.device import lies_in, plain_devices
from reader.locate.ends import SURE, with_right_ends
from reader.locate.framed import SEARCH_PX, propose_framed
from reader.locate.hypothesis import CLOSE_QUALITY, Hypothesis, look_at
from reader.measure.evidence import PLAUSIBLE
from reader.measure.quality import REJECT_WIDTH_PX
from reader.view import DARK, View

__all__ = ["in_devices"]

MIDDLES = 0.6, 0.4  # shares of a device's width in which its window lies, with its recess and without
LEANING = 0.12  # widths per width by which a line may lean in a window that lies along its device
KEPT, LOOKED = 10, 12  # rectangles per tried direction, and those that are looked at closely


def in_devices(view: View, outlines: Sequence[Window]) -> list[tuple[Window, list[Hypothesis]]]:
    """Look for windows with lines in plain devices.

    Parameters
    ----------
    view : View
        The photo.
    outlines : sequence of Window
        Closed outlines in the search picture, some of which may be devices.

    Returns
    -------
    list of (Window, list of Hypothesis)
        The outline of each device in which one was found, in pixels of the photo, and the rectangles that may
        be its window.
    """
    devices = (d.scaled(1 / view.scale) for d in plain_devices(view.log_small, outlines))
    found: list[tuple[Window, list[Hypothesis]]] = []
    for device in devices:
        # What lies in another outline, or around it, may be the same device without its rim, or a part of it.
        if any(_holds_middle(device, other) or _holds_middle(other, device) for other, _ in found):
            continue
        windows = _windows(view, device)
        if any(_is_window(h) for h in windows):
            found.append((device, windows))
    return found


def _windows(view: View, device: Window) -> list[Hypothesis]:
    """Look closely at the rectangles in the middle of a device that lie as windows do."""
    middles = [replace(device, width=share * device.width) for share in MIDDLES]
    framed = [placed for middle in middles for placed in _framed(view, middle)]
    return with_right_ends(
        [
            look_at(view, window, score, in_scene=True)
            for window, score in framed
            if window.width > REJECT_WIDTH_PX and lies_in(window, device)
        ]
    )


def _framed(view: View, part: Window) -> list[tuple[Window, float]]:
    """Propose windows by their sides in a part of the photo, with their edge scores."""
    rows = max(round(SEARCH_PX * part.width / part.length), 1)
    seen = np.nan_to_num(view.log_light(part, SEARCH_PX, rows, shapes=True), nan=math.log10(DARK))
    proposed = propose_framed(seen, keep=KEPT)[:LOOKED]
    return [(_in_photo(window, part, SEARCH_PX, rows), score) for window, score in proposed]


def _in_photo(window: Window, part: Window, columns: int, rows: int) -> Window:
    """Return a window of a part of the photo, which was seen in so many columns and rows, in the photo."""
    step = part.length / columns
    x, y = part.at((window.x + 0.5) / columns, (window.y + 0.5) / rows)
    return Window(x, y, part.angle + window.angle, window.length * step, window.width * step)


def _holds_middle(outer: Window, inner: Window) -> bool:
    dx, dy = inner.x - outer.x, inner.y - outer.y
    along = abs(dx * outer.flow[0] + dy * outer.flow[1])
    across = abs(dx * outer.across[0] + dy * outer.across[1])
    return along < outer.length / 2 and across < outer.width / 2


def _is_window(h: Hypothesis) -> bool:
    """Tell whether a rectangle surely shows a control line on a membrane."""
    control = h.control
    if control is None or h.control_probability < SURE:
        return False
    upright = abs(control.slope) < LEANING
    return upright and control.plausible > PLAUSIBLE and control.quality > CLOSE_QUALITY
