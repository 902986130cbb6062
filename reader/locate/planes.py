"""The planes of the search picture in which windows and lines stand out.

Light alone shows windows; ratios of channels show lines, as shading and shadows are the same in all.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.colour import brightest
from reader.geometry import halvings

__all__ = ["Planes", "search_planes"]

FloatArray = NDArray[np.float32]

BRIGHT = 0.95  # share of the picture that is darker than what counts as bright in it
SPARSE = 2  # px between the places that tell it


@dataclass(frozen=True, eq=False)
class Planes:
    """A search picture taken apart, each plane in one piece; log10 of linear light.

    Attributes
    ----------
    light : ndarray, shape (H, W), float32
        The brightest channel, in which coloured lines vanish.
    red, blue : ndarray, shape (H, W), float32
        Red over green, and blue over red.
    dark : ndarray, shape (H, W), float32
        Minus the mean of the channels, in which black lines stand out.
    """

    light: FloatArray
    red: FloatArray
    blue: FloatArray
    dark: FloatArray

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.light.shape[0], self.light.shape[1]

    @cached_property
    def light_levels(self) -> list[FloatArray]:
        """The brightest channel, and its halvings."""
        return halvings(self.light)

    @cached_property
    def red_levels(self) -> list[FloatArray]:
        """Red over green, and its halvings."""
        return halvings(self.red)

    @cached_property
    def blue_levels(self) -> list[FloatArray]:
        """Blue over red, and its halvings."""
        return halvings(self.blue)

    @cached_property
    def bright(self) -> float:
        """The light that 5 % of the picture exceed."""
        sparse = np.sort(self.light[::SPARSE, ::SPARSE], axis=None)
        return float(sparse[int(BRIGHT * (len(sparse) - 1))])


def search_planes(log_image: FloatArray) -> Planes:
    """Take a search picture apart.

    Parameters
    ----------
    log_image : ndarray, shape (H, W, 3), float32
        log10 of linear light, RGB.

    Examples
    --------
    >>> planes = search_planes(np.float32([[[-0.5, -1.0, -0.75]]]))
    >>> float(planes.light[0, 0]), float(planes.red[0, 0]), float(planes.blue[0, 0])
    (-0.5, 0.5, -0.25)
    """
    r, g, b = (log_image[..., k] for k in range(3))
    dark = np.asarray(cv2.transform(log_image, np.full((1, 3), -1 / 3)), np.float32)
    return Planes(brightest(log_image), red=r - g, blue=b - r, dark=dark)
