"""The absorbance along the flow, in even steps, as a whole and by blocks across the membrane."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from reader.measure.lines import Patch

__all__ = ["Steps", "block_profiles", "robust_mean"]

FloatArray = NDArray[np.float64]

LEAST_STEPS = 12  # of a profile: fewer tell nothing of its noise
LEAST_SEEN = 0.5  # share of a step that must be known for it to count


def block_profiles(
    patch: Patch, weights: FloatArray, membrane: NDArray[np.bool_]
) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Average each block across the membrane.

    Parameters
    ----------
    patch : Patch
        The window.
    weights : ndarray, shape (3,)
        Channel mix.
    membrane : ndarray of bool, shape (samples,)
        Which samples along the flow are membrane.

    Returns
    -------
    blocks : ndarray, shape (8, samples)
        Absorbance relative to each block's mean, 0 where it is not known.
    known : ndarray of bool, shape (samples,)
        Where it is known; everywhere (and zero) if it is nowhere.
    """
    blocks = np.tensordot(weights, patch.blocks, 1)
    known = np.isfinite(blocks).all(axis=0) & membrane
    if not known.any():
        known[:] = True
        blocks = np.zeros_like(blocks)
    blocks = blocks - blocks[:, known].mean(axis=1, keepdims=True)
    return np.where(known, blocks, 0.0), known


def robust_mean(blocks: FloatArray) -> FloatArray:
    """Average the blocks without the highest and the lowest at each place."""
    return np.asarray(np.sort(blocks, axis=0)[1:-1].mean(axis=0))


@dataclass(frozen=True, eq=False)
class Steps:
    """Even steps along the flow, from the first sample that is known to the last.

    Attributes
    ----------
    known : ndarray of bool, shape (samples,)
        Which samples of the patch are known.
    first, width, count : int
        First sample, samples in one step, and number of steps.
    shares : ndarray, shape (count,)
        How much of each step is known.
    """

    known: NDArray[np.bool_]
    first: int
    width: int
    count: int
    shares: FloatArray

    @classmethod
    def over(cls, known: NDArray[np.bool_], width: int) -> Steps:
        """Lay steps of so many samples over what is known."""
        ends = np.flatnonzero(known)[[0, -1]]
        count = max(-(-int(ends[1] - ends[0] + 1) // width), LEAST_STEPS)
        shares = _sums(known[:, None].astype(np.float64), int(ends[0]), width, count)[:, 0] / width
        return cls(known, int(ends[0]), width, count, shares)

    @cached_property
    def gaps(self) -> FloatArray:
        """One column for each step that is not known: a free amount there makes it not count."""
        missing = np.flatnonzero(self.shares < LEAST_SEEN)
        return np.asarray(np.arange(self.count)[:, None] == missing, np.float64)

    @cached_property
    def middles(self) -> FloatArray:
        """Middle of each step, samples."""
        return np.asarray(self.first + (np.arange(self.count) + 0.5) * self.width - 0.5)

    def mean(self, values: FloatArray) -> FloatArray:
        """Average the known samples of each step, shape (samples, K) to (count, K)."""
        sums = _sums(values * self.known[:, None], self.first, self.width, self.count)
        return np.asarray(sums / np.maximum(self.shares * self.width, 1.0)[:, None])


def _sums(values: FloatArray, first: int, width: int, count: int) -> FloatArray:
    part = values[first : first + count * width]
    if len(part) < count * width:
        part = np.pad(part, ((0, count * width - len(part)), (0, 0)))
    return np.asarray(sum(part[k::width] for k in range(width)))
