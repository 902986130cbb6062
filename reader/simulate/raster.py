"""Single-precision rasters and the few OpenCV calls that the generator needs, typed."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

__all__ = ["FloatArray", "Grid", "blur", "lookup", "refined", "single", "turn", "wide_blur", "zoom"]

FloatArray = NDArray[np.float32]
SMALLEST_BLUR = 1e-3  # OpenCV takes 0 for "choose a width"


@dataclass(frozen=True, slots=True)
class Grid:
    """A raster of the table's plane: origin (x, y) in mm, rows and columns, scale."""

    origin_mm: tuple[float, float]
    shape: tuple[int, int]
    px_per_mm: float

    def matrix(self) -> NDArray[np.float64]:
        """Return the 3×3 map from grid pixels to mm."""
        step = 1 / self.px_per_mm
        return np.array(
            [[step, 0, self.origin_mm[0] + step / 2], [0, step, self.origin_mm[1] + step / 2], [0, 0, 1]]
        )

    def pixels(self, points_mm: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return grid pixels of points in mm, shape (N, 2)."""
        return np.asarray((points_mm - np.asarray(self.origin_mm)) * self.px_per_mm - 0.5, np.float64)

    def around(self, center_mm: tuple[float, float], reach_mm: float) -> tuple[slice, slice]:
        """Return the rows and columns within a reach of a point."""
        column, row = self.pixels(np.array([center_mm]))[0]
        reach = reach_mm * self.px_per_mm
        limits = [
            (min(max(math.floor(at - reach), 0), side), min(max(math.ceil(at + reach), 0), side))
            for at, side in zip((row, column), self.shape, strict=True)
        ]
        return slice(*limits[0]), slice(*limits[1])

    def part(self, place: tuple[slice, slice]) -> Grid:
        """Return the grid of some rows and columns."""
        rows, columns = place
        step = 1 / self.px_per_mm
        origin = (self.origin_mm[0] + columns.start * step, self.origin_mm[1] + rows.start * step)
        return Grid(origin, (rows.stop - rows.start, columns.stop - columns.start), self.px_per_mm)

    def coarser(self, px_per_mm: float) -> Grid:
        """Return a grid of the same place at a lower scale."""
        share = px_per_mm / self.px_per_mm
        return Grid(
            self.origin_mm,
            (math.ceil(self.shape[0] * share), math.ceil(self.shape[1] * share)),
            px_per_mm,
        )


def single(values: Any) -> FloatArray:
    """Return an array in single precision, without a copy where it already is."""
    return np.asarray(values, np.float32)


def blur(image: FloatArray, sigma: float | tuple[float, float]) -> FloatArray:
    """Blur with a Gaussian of ``sigma`` px, or of (down the rows, along the columns); mirrored borders."""
    down, along = sigma if isinstance(sigma, tuple) else (sigma, sigma)
    down, along = max(down, SMALLEST_BLUR), max(along, SMALLEST_BLUR)
    done = cv2.GaussianBlur(image, (0, 0), sigmaX=along, sigmaY=down, borderType=cv2.BORDER_REFLECT_101)
    return single(done)


def wide_blur(image: FloatArray, sigma: float, most: float) -> FloatArray:
    """Blur, by way of a coarser grid where ``sigma`` is more than ``most`` px."""
    step = int(sigma / most)
    if step < 2:
        return blur(image, sigma)
    rows, columns = image.shape[:2]
    small = zoom(image, (max(columns // step, 1), max(rows // step, 1)), cv2.INTER_AREA)
    return zoom(blur(small, sigma / step), (columns, rows), cv2.INTER_LINEAR)


def refined(field: FloatArray, ratio: float, shape: tuple[int, int]) -> FloatArray:
    """Return a smooth field on a grid that is ``ratio`` times as fine and begins at the same corner."""
    offset = 0.5 / ratio - 0.5
    place = np.array([[1 / ratio, 0, offset], [0, 1 / ratio, offset]])
    flags, border = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP, cv2.BORDER_REPLICATE
    return single(cv2.warpAffine(field, place, shape[::-1], flags=flags, borderMode=border))


def lookup(field: FloatArray, columns: FloatArray, rows: FloatArray, *, extend: bool = False) -> FloatArray:
    """Look a field up at fractional places, bilinearly; outside it is 0, or its border if ``extend``."""
    border = cv2.BORDER_REPLICATE if extend else cv2.BORDER_CONSTANT
    return single(cv2.remap(field, columns, rows, cv2.INTER_LINEAR, borderMode=border))


def turn(
    patch: FloatArray,
    angle_deg: float,
    to: tuple[float, float],
    shape: tuple[int, int],
    *,
    extend: bool = False,
) -> FloatArray:
    """Lay a patch, turned clockwise, with its middle at ``to`` (column, row) of a grid of the given shape."""
    rows, columns = patch.shape[:2]
    middle = ((columns - 1) / 2, (rows - 1) / 2)
    place = cv2.getRotationMatrix2D(middle, -angle_deg, 1.0)
    place[:, 2] += (to[0] - middle[0], to[1] - middle[1])
    border = cv2.BORDER_REPLICATE if extend else cv2.BORDER_CONSTANT
    return single(cv2.warpAffine(patch, place, shape[::-1], flags=cv2.INTER_LINEAR, borderMode=border))


def zoom(image: NDArray[Any], size: tuple[int, int], how: int) -> FloatArray:
    """Resize to (width, height) with one of OpenCV's interpolations."""
    return single(cv2.resize(image, size, interpolation=how))
