"""Look at a small picture as if it were larger.

Where a membrane is a dozen pixels wide, the grid itself decides what is seen: sharp edges look blurred, and
a rim's place is known to a tenth of the width. On a finer grid the same light is seen for what it is. Nothing
is added by that: a window that holds too few pixels of the file stays unread.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any, Final

import cv2
from numpy.typing import NDArray

from reader.again.place import Again
from reader.geometry import Window
from reader.photo import Photo

__all__ = ["enlarged"]

# Long side of a picture, px: cut around a window that is a tenth as wide, it shows that on no more than the
# 16 px from which on a window is measured without a warning.
SMALL_PX: Final = 160
TIMES: Final = 2  # the narrowest window that is read, of 7 px, then is about as wide as those


def enlarged(photo: Photo) -> Again | None:
    """Return a small picture on a grid twice as fine; None if it is not small.

    Parameters
    ----------
    photo : Photo
        The picture.
    """
    if max(photo.width, photo.height) > SMALL_PX:
        return None
    finer = None if photo.chroma is None else photo.chroma((0, 0, photo.width, photo.height))
    # Between pixels light is drawn out straight: a curve would overshoot at rims, and sharpen lines.
    source: NDArray[Any] = photo.pixels if finer is None else finer
    pixels: NDArray[Any] = cv2.resize(source, None, fx=TIMES, fy=TIMES, interpolation=cv2.INTER_LINEAR)
    pixels.setflags(write=False)
    width, height = float(photo.width), float(photo.height)
    whole = Window((width - 1) / 2, (height - 1) / 2, 0.0, width, height)
    # What finer colours and steps the file has are those of its own pixels.
    return Again(replace(photo, pixels=pixels, chroma=None, steps=None), whole)
