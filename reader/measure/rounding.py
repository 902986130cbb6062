"""What a JPEG's rounding leaves unknown of a line.

A JPEG holds luma and two colour differences in blocks of 8 by 8 samples, as waves of a cosine transform,
each rounded to a multiple of a step that stands in the file. Where grain spreads a wave over several steps,
rounding averages out over the blocks and shows as noise like any other: that of the luma of most membranes.
The colour differences of a white membrane are more even than their steps, so that all blocks beside each
other are rounded alike. Blank membrane shows nothing of it. Of a line, each wave of less than half a step is
lost and each of more is moved by up to half a step: an error that no noise beside the line shows.

It follows from the steps and from where line and blocks lie. Not known are the mean colour of the membrane
within its step, and the height within its error: what is claimed is the mean square over both.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reader.colour import TO_PLANES, srgb_encode
from reader.measure.coding import Coding
from reader.measure.lines import SIDE_TRIM, Patch
from reader.medians import median

__all__ = ["Rounding"]

FloatArray = NDArray[np.float64]

BLOCK = 8  # samples
WAVES = 4  # in each direction: finer ones hold little of what is as wide as a line
REACH = 4.0  # line sigmas on both sides with which a line is compared
TO_COLOURS = np.linalg.inv(TO_PLANES)
# Of sRGB: absorbance per relative change of a code above black.
CURVE, BLACK = 2.4, 0.055 * 255
PER_CODE = -CURVE / math.log(10)
TRIED = np.array([-1.5, -0.75, 0.0, 0.75, 1.5])  # errors of a height: of about its own mean square
MEANS = np.array([[0, 1, 2, 3], [2, 0, 3, 1], [1, 3, 0, 2]]) / 4 - 3 / 8  # steps, as if at random, by plane
FLAT = np.outer(np.arange(WAVES) == 0, np.arange(WAVES) == 0)
# Of an orthonormal cosine transform: the lowest waves of a block, shape (4, 8).
BASIS = np.cos(np.pi * np.arange(WAVES)[:, None] * (2 * np.arange(BLOCK) + 1) / (2 * BLOCK))
BASIS *= np.sqrt(np.where(np.arange(WAVES) == 0, 1, 2) / BLOCK)[:, None]
TELLING = math.sqrt(2 / 3)  # of its height, which a line has on the mean where it tells how high it is
DITHERED = 1e-2  # of an error that is left: nothing


@dataclass(frozen=True, eq=False)
class Rounding:
    """The rounding of what a patch shows.

    Attributes
    ----------
    patch : Patch
        The window.
    coding : Coding
        How its file holds it.
    """

    patch: Patch
    coding: Coding

    def covariance(
        self, line: tuple[float, float], height: float, error: float, colour: FloatArray
    ) -> FloatArray:
        """Return the mean square error of a line's height in each channel, and between them.

        Parameters
        ----------
        line : (float, float)
            Middle (from the window's left end) and sigma, samples of the patch.
        height, error : float
            Absorbance, and how well it is known.
        colour : ndarray, shape (3,)
            Absorbance of the line in each channel over its height.

        Returns
        -------
        ndarray, shape (3, 3)
            Squared absorbance.
        """
        # A strong line is darker, and a code more of its absorbance.
        slopes = self._slopes * 10 ** (TELLING / CURVE * np.maximum(height * colour, 0.0))
        codes = TO_PLANES @ (colour / slopes)
        tried = height + error * TRIED
        left = [k for k in range(3) if self._left[k].any()]
        laid = {px: self._laid(line, px) for px in {self._sizes[k] for k in left}}
        moved = np.zeros((3, tried.size * MEANS.shape[1]))
        for k in left:
            blur = self._blur(line, self._sizes[k])
            moved[k] = self._moved(k, laid[self._sizes[k]], tried * codes[k], blur)
        found = slopes[:, None] * (TO_COLOURS @ moved)
        return np.asarray(found @ found.T / found.shape[1])

    @cached_property
    def _steps(self) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Steps of the waves that count in luma and both colour differences."""
        luma, chroma = (s[:WAVES, :WAVES] for s in (self.coding.steps.luma, self.coding.steps.chroma))
        return luma, chroma, chroma

    @property
    def _sizes(self) -> tuple[tuple[int, int], tuple[int, int], tuple[int, int]]:
        """Width and height of the samples of each plane, px."""
        return (1, 1), self.coding.steps.chroma_px, self.coding.steps.chroma_px

    @cached_property
    def _inside(self) -> NDArray[np.float32]:
        """Log light of the channels without the window's sides; what is not seen is as the rest."""
        patch, trim = self.patch, round(SIDE_TRIM * self.patch.rows)
        rows = slice(patch.side + trim, patch.side + patch.rows - trim)
        light = patch.planes[:, rows, patch.end : patch.end + patch.columns]
        seen = np.isfinite(light).all(axis=0)
        return light if seen.all() else np.where(seen, light, light[:, seen].mean() if seen.any() else 0.0)

    @cached_property
    def _slopes(self) -> FloatArray:
        """Absorbance of one code more in each channel."""
        light = median(self._inside.reshape(3, -1)).astype(np.float64)
        return np.asarray(PER_CODE / (255 * srgb_encode(10.0**light) + BLACK))

    @cached_property
    def _left(self) -> tuple[FloatArray, ...]:
        """What the membrane's grain leaves of the error of each wave, by plane."""
        left = []
        cells = {px: self._cells(px) for px in self._sizes}
        for steps, plane, size in zip(self._steps, TO_PLANES / self._slopes, self._sizes, strict=True):
            spread = BLOCK * _scatter(np.einsum("c,cda->da", plane, cells[size]))
            # The first wave of the error's course from step to step, which is the largest.
            share = np.exp(-2 * (np.pi * spread / steps) ** 2)
            left.append(np.where(share > DITHERED, share, 0.0))
        return tuple(left)

    def _cells(self, px: tuple[int, int]) -> NDArray[np.float32]:
        """Average each channel over parts as large as the blocks of such samples, shape (3, down, along)."""
        cell = max(1, round(BLOCK * math.sqrt(px[0] * px[1]) * self.patch.rows / self.coding.window.width))
        rows, columns = (length // cell for length in self._inside.shape[1:])
        cells = self._inside[:, : rows * cell, : columns * cell].reshape(3, rows, cell, columns, cell)
        return np.asarray(cells.mean(axis=2).mean(axis=3))

    def _laid(self, line: tuple[float, float], px: tuple[int, int]) -> tuple[FloatArray, FloatArray]:
        """Lay a line over a plane's blocks: what each wave tells of its height, and has of it.

        Each of shape (blocks, 4, 4).
        """
        window = self.coding.window
        sigma = line[1] * window.width / self.patch.rows
        middle, half = window.at(line[0] / self.patch.columns), window.width / 2
        sides = []
        for m, u, v, size in zip(middle, window.flow, window.across, px, strict=True):
            reach, block = REACH * sigma * abs(u) + half * abs(v), BLOCK * size
            first, last = math.floor((m - reach) / block), math.ceil((m + reach) / block)
            sides.append(size * (np.arange(BLOCK * first, BLOCK * max(last, first + 1)) + 0.5) - 0.5 - m)
        x, y = sides[0], sides[1][:, None]
        (cos, sin), (left, down) = window.flow, window.across
        along, across = x * cos + y * sin, x * left + y * down
        shape = np.exp(-((along / sigma) ** 2) / 2)
        seen = (np.abs(along) < REACH * sigma) & (np.abs(across) < (1 - 2 * SIDE_TRIM) * half)
        told = np.where(seen, shape - (shape[seen].mean() if seen.any() else 0.0), 0.0)
        told /= max(float((told * shape).sum()), 1e-9)
        return _waves(told), _waves(np.where(np.abs(across) < half, shape, 0.0))

    def _moved(
        self, k: int, laid: tuple[FloatArray, FloatArray], heights: FloatArray, blur: float
    ) -> FloatArray:
        """Return by how much rounding one plane moves heights (codes) on membranes of some mean colours."""
        told, has = laid
        steps = self._steps[k]
        means = MEANS[k][:, None, None] * FLAT
        held = heights[:, None, None, None, None] * (has / steps) + means[:, None]  # steps
        rounded = np.tensordot(np.rint(held) - held, told * steps * self._left[k], 3)
        return np.asarray(rounded - blur * heights[:, None]).ravel()

    def _blur(self, line: tuple[float, float], px: tuple[int, int]) -> float:
        """Return the share of a height that is lost to samples which are means and are joined straight."""
        flow, sigma = self.coding.window.flow, line[1] * self.coding.window.width / self.patch.rows
        variance = sum((u * size / 2) ** 2 for u, size in zip(flow, px, strict=True) if size > 1)
        return float(variance / (2 * sigma**2))


def _scatter(means: FloatArray) -> float:
    """Return by how much a wave scatters from block to block: as the blocks' means do.

    What all blocks along the flow or across it share is no grain.
    """
    rows, columns = means.shape
    if rows < 2 or columns < 2:
        return 0.0
    apart = means - means.mean(axis=0)
    apart -= median(apart)[:, None]
    typical = 1.4826 * float(median(np.abs(apart).ravel()))
    return typical * math.sqrt(rows / (rows - 1))


def _waves(image: FloatArray) -> FloatArray:
    """Return the lowest coefficients of all blocks, shape (blocks, 4, 4): down, then along."""
    rows, columns = (length // BLOCK for length in image.shape)
    blocks = image.reshape(rows, BLOCK, columns, BLOCK).transpose(0, 2, 1, 3)
    return np.asarray((BASIS @ blocks @ BASIS.T).reshape(-1, WAVES, WAVES))
