"""The steps in which a JPEG holds its colours."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Steps"]


@dataclass(frozen=True, slots=True, eq=False)
class Steps:
    """The steps in which a JPEG holds the waves of its blocks, codes.

    Attributes
    ----------
    luma, chroma : ndarray, shape (8, 8)
        Of the coefficients of an orthonormal cosine transform, by wave down and along.
    chroma_px : (int, int)
        Width and height of a sample of the colour differences, px.
    """

    luma: NDArray[np.float64]
    chroma: NDArray[np.float64]
    chroma_px: tuple[int, int]

    def upright(self, orientation: int) -> Steps:
        """Return the steps of the picture when it is turned by its EXIF orientation.

        Waves look alike from both sides: only a quarter turn changes anything.
        """
        if orientation < 5:
            return self
        return Steps(self.luma.T, self.chroma.T, (self.chroma_px[1], self.chroma_px[0]))
