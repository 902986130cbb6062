"""Look at parts of a photo in linear light, at the resolution that is needed and no finer.

Full-size float copies of a 50-megapixel photo would cost 600 MB; a view keeps the 8- or 16-bit pixels
and smaller copies of them, and turns only the region that is looked at into linear light.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.colour import linear_light
from reader.geometry import Window, around, sample
from reader.steps import Steps

__all__ = ["DARK", "View"]

FloatArray = NDArray[np.float32]

DARK = 0.002  # linear light added before the logarithm: half an 8-bit code at the bottom of the curve
SEARCH_PX = 800  # long side of the search picture: windows are 1/80 to 1/8 of it, at least 9 px wide
HALVED = 3  # times the search picture's size above which a photo is halved: no sharpness is lost
LEAST_SEARCH_PX = 256  # smaller pictures are enlarged to this
ENOUGH = 1.5  # pixels of a smaller copy per sample that are as good as the full picture


@dataclass(frozen=True)
class View:
    """A photo to look into.

    Attributes
    ----------
    pixels : ndarray, shape (H, W, 3), uint8 or uint16
        sRGB-encoded RGB.
    finer : callable, optional
        Returns a part (left, top, right, bottom) of the pixels in finer colours than their codes, or None if
        those are not known (`reader.photo.chroma`).
    steps : Steps, optional
        In which a JPEG holds its colours.
    """

    pixels: NDArray[Any]
    finer: Callable[[tuple[int, int, int, int]], NDArray[np.uint16] | None] | None = None
    steps: Steps | None = None

    @cached_property
    def scale(self) -> float:
        """Size of the search picture relative to the photo."""
        long_side: int = max(self.pixels.shape[:2])
        return min(max(1.0, LEAST_SEARCH_PX / long_side), SEARCH_PX / long_side)

    @cached_property
    def halvings(self) -> tuple[NDArray[Any], ...]:
        """The photo and its copies at a half, a quarter and so on, down to near the search picture."""
        levels = [self.pixels]
        while max(levels[-1].shape[:2]) > HALVED * SEARCH_PX and not any(n % 2 for n in levels[-1].shape[:2]):
            # Halving is many times as fast as averaging over areas of broken size.
            half = (levels[-1].shape[1] // 2, levels[-1].shape[0] // 2)
            levels.append(np.asarray(cv2.resize(levels[-1], half, interpolation=cv2.INTER_AREA)))
        return tuple(levels)

    @cached_property
    def small(self) -> NDArray[np.uint8]:
        """The search picture, sRGB-encoded 8-bit, area-averaged."""
        source = self.halvings[-1]
        if source.dtype == np.uint16:
            source = (source >> 8).astype(np.uint8)
        if self.scale == 1:
            return np.ascontiguousarray(source)
        size = (
            max(1, round(self.pixels.shape[1] * self.scale)),
            max(1, round(self.pixels.shape[0] * self.scale)),
        )
        method = cv2.INTER_AREA if self.scale < 1 else cv2.INTER_CUBIC
        return np.asarray(cv2.resize(source, size, interpolation=method), np.uint8)

    @cached_property
    def log_small(self) -> FloatArray:
        """The search picture as log10 of linear light."""
        return np.asarray(cv2.LUT(self.small, _log_codes()), np.float32)

    def linear(self, window: Window, columns: int, rows: int, *, shapes: bool = False) -> FloatArray:
        """Look at a window straight, in linear light.

        Parameters
        ----------
        window : Window
            In pixels of the photo.
        columns, rows : int
            Samples along and across the flow.
        shapes : bool, default False
            Whether to be content with what shapes need: the light of a smaller copy, which was rounded to
            the photo's codes once more. Faint lines are no more than a code deep.

        Returns
        -------
        ndarray, shape (rows, columns, 3), float32
            NaN beyond the picture.
        """
        step = _step(window, columns, rows)
        if self._small_shows(step):
            region, near = around(self.small, window.scaled(self.scale))
        else:
            level = min(len(self.halvings) - 1, max(0, math.floor(math.log2(step / ENOUGH)))) if shapes else 0
            region, near = around(self.halvings[level], window.scaled(0.5**level))
        if region.size == 0:
            return np.full((rows, columns, 3), np.nan, np.float32)
        return sample(linear_light(region), near, columns, rows)

    def _small_shows(self, step: float) -> bool:
        """Tell whether the search picture is as good as the photo for samples so many pixels apart."""
        return self.scale < 1 and step * self.scale >= ENOUGH

    def finest_log_light(self, window: Window, columns: int, rows: int) -> FloatArray:
        """Look at a window straight for measuring: in log10 of linear light, without the veil of `DARK`.

        Parameters and result are those of `linear`. Less than a code counts here: the colours are the finest
        that are known.
        """
        region, near = around(self.pixels, window)
        light = None
        if self.finer is not None and region.size and not self._small_shows(_step(window, columns, rows)):
            left, top = round(window.x - near.x), round(window.y - near.y)
            finer = self.finer((left, top, left + region.shape[1], top + region.shape[0]))
            light = None if finer is None else sample(linear_light(finer), near, columns, rows)
        if light is None:
            light = self.linear(window, columns, rows)
        return np.asarray(np.log10(np.maximum(light, np.float32(DARK))), np.float32)

    def log_light(self, window: Window, columns: int, rows: int, *, shapes: bool = False) -> FloatArray:
        """Look at a window straight, in log10 of linear light; parameters as for `linear`."""
        return _log10(self.linear(window, columns, rows, shapes=shapes))


def _step(window: Window, columns: int, rows: int) -> float:
    """Return the pixels of the photo per sample, along or across, whichever is less."""
    return min(window.length / columns, window.width / rows)


@cache
def _log_codes() -> FloatArray:
    """Return log10 of linear light for every 8-bit code."""
    table = _log10(linear_light(np.arange(256, dtype=np.uint8)[None])[0])
    table.setflags(write=False)
    return table


def _log10(light: FloatArray) -> FloatArray:
    logarithm: FloatArray = np.log10(light + np.float32(DARK))
    return logarithm
