"""The membrane: its grain, haze and stains, and the fast way to many rectified ones."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from reader.simulate.lines import LABELS, Band, absorbance, bands
from reader.simulate.noise import smooth_noise
from reader.simulate.raster import FloatArray, blur, single
from reader.simulate.soiling import BLOOD, Mark, Stain, draw_fibres, mark_cover, stain_depth
from reader.simulate.truth import LineTruth

__all__ = ["Membrane", "MembranePatch", "grain", "membrane", "reflectance"]


STREAK_MM = (0.18, 6.0)  # correlation of streaks across and along the flow


@dataclass(frozen=True, slots=True)
class Membrane:
    """What the membrane looks like apart from its lines.

    Attributes
    ----------
    tone : tuple of float
        Linear reflectance in red, green and blue.
    texture : float, default 0.006
        Relative standard deviation of the grain; nitrocellulose has 0.003 to 0.015.
    grain_mm : float, default 0.09
        Correlation length of the grain.
    streaks : float, default 0.003
        Relative standard deviation of the streaks that run along the flow.
    edge_darkening : float, default 0.03
        Share of light lost at both long sides.
    haze : float, default 0
        Absorbance of left-over label at the sample end, falling towards the control end.
    haze_mm : float, default 5
        Distance over which the haze falls to 1/e.
    stain : float, default 0
        Absorbance in blue of blood behind its front.
    front : float, default 0.6
        Position of the blood's front along the window, 0..1 from the control end.
    front_mm : float, default 0.5
        Half-width of the blood's front.
    haze_colour : tuple of float
        Absorbance of the haze in red, green and blue for one unit in green; by default gold's.
    fibres : float, default 0
        Single fibres that stand out, per mm².
    ghosts : tuple of Band
        Grey lines that no label made, such as a test line that has dried; no part of the truth's lines.
    stains : tuple of Stain
        Further fronts: floods of label, tide marks, what dried.
    marks : tuple of Mark
        Hairs, scratches, strokes of a pen.
    """

    tone: tuple[float, float, float] = (0.62, 0.58, 0.59)
    texture: float = 0.006
    grain_mm: float = 0.09
    streaks: float = 0.003
    edge_darkening: float = 0.03
    haze: float = 0.0
    haze_mm: float = 5.0
    stain: float = 0.0
    front: float = 0.6
    front_mm: float = 0.5
    haze_colour: tuple[float, float, float] = LABELS["gold"]
    fibres: float = 0.0
    ghosts: tuple[Band, ...] = ()
    stains: tuple[Stain, ...] = ()
    marks: tuple[Mark, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class MembranePatch:
    """A rectified membrane in linear light with its truth.

    Attributes
    ----------
    pixels : ndarray of float32, shape (rows across, columns along the flow, 3)
        Linear reflectance; column 0 is the control end.
    lines : tuple of LineTruth
        ``center`` is (column, row) of the line's middle.
    px_per_mm : float
        Scale.
    """

    pixels: FloatArray
    lines: tuple[LineTruth, ...]
    px_per_mm: float


def grain(look: Membrane, shape: tuple[int, int], px_per_mm: float, rng: np.random.Generator) -> FloatArray:
    """Draw the membrane's texture as a relative reflectance around 1, rows across and columns along."""
    field = np.ones(shape, np.float32)
    if look.texture:
        field += np.float32(look.texture) * smooth_noise(shape, look.grain_mm * px_per_mm, rng)
    if look.streaks:
        across, along = (mm * px_per_mm for mm in STREAK_MM)
        field += np.float32(look.streaks) * smooth_noise(shape, (across, along), rng)
    if look.fibres:
        field += draw_fibres(shape, look.fibres, px_per_mm, rng)
    return field


def reflectance(
    look: Membrane,
    lines: Sequence[Band],
    along_mm: FloatArray,
    across_mm: FloatArray,
    size_mm: tuple[float, float],
) -> FloatArray:
    """Return the linear reflectance of a membrane without its grain.

    Parameters
    ----------
    look : Membrane
        Tone, haze, stain.
    lines : sequence of Band
        What is on it.
    along_mm, across_mm : ndarray
        Distance from the control end and from the midline; broadcast together to shape S.
    size_mm : tuple of float
        Length and width of the window.

    Returns
    -------
    ndarray of float32, shape S + (3,)
    """
    length, width = size_mm
    total = np.zeros((*np.broadcast_shapes(along_mm.shape, across_mm.shape), 3), np.float32)
    for band in (*lines, *look.ghosts):
        if band.od > 0:
            total += _coloured(absorbance(band, along_mm, across_mm, size_mm), band.tint)
    if look.haze:
        haze = look.haze * np.exp(-(length - along_mm) / look.haze_mm)
        total += _coloured(haze, look.haze_colour)
    if look.stain:
        wavy = along_mm - look.front * length + 0.25 * np.cos(2.4 * across_mm)
        total += _coloured(look.stain / (1 + np.exp(-np.clip(wavy / look.front_mm, -40, 40))), BLOOD)
    for stain in look.stains:
        total += _coloured(stain_depth(stain, along_mm, across_mm, length), stain.absorbance)
    for mark in look.marks:
        total += _coloured(mark_cover(mark, along_mm, across_mm), mark.absorbance)
    light = np.exp(-math.log(10) * total) * single(look.tone)
    return single(light * _sides(look, across_mm, width)[..., None])


def _sides(look: Membrane, across_mm: FloatArray, width_mm: float) -> FloatArray:
    """Return what the darkening along both long sides leaves of the light."""
    inwards = np.maximum(width_mm / 2 - np.abs(across_mm), 0)
    return single(1 - look.edge_darkening * np.exp(-inwards / (0.08 * width_mm)))


def _coloured(green: FloatArray, label: tuple[float, float, float]) -> FloatArray:
    return single(green)[..., None] * single(label)


def membrane(
    lines: Mapping[str, float] | Sequence[Band],
    *,
    rng: np.random.Generator,
    px_per_mm: float = 25.0,
    size_mm: tuple[float, float] = (16.0, 3.0),
    look: Membrane | None = None,
    blur_px: float = 0.0,
    noise: float = 0.0,
    gradient: tuple[float, float] = (0.0, 0.0),
) -> MembranePatch:
    """Make one rectified membrane: the fast path for tests of the measurement.

    Parameters
    ----------
    lines : mapping of str to float, or sequence of Band
        As in ``bands``.
    rng : numpy.random.Generator
        The only source of randomness.
    px_per_mm : float, default 25
        Scale; a phone at 10 cm gives 20 to 40.
    size_mm : tuple of float, default (16, 3)
        Length and width.
    look : Membrane, optional
        By default a perfectly even white membrane, so that absorbance is exactly that of the lines.
    blur_px : float, default 0
        Standard deviation of the optics, applied to light, not to absorbance.
    noise : float, default 0
        Relative standard deviation of the noise of one pixel at the membrane's level, independent in
        each channel; its variance follows the light (shot noise).
    gradient : tuple of float, default (0, 0)
        Relative change of the light along and across the whole patch.

    Returns
    -------
    MembranePatch
        Pixels are values at their centres: a line's ``od`` is reached where its middle meets one.

    Examples
    --------
    >>> patch = membrane({"C": 0.4, "T": 0.02}, rng=np.random.default_rng(1))
    >>> patch.pixels.shape
    (75, 400, 3)
    """
    look = look or Membrane(tone=(0.8, 0.8, 0.8), texture=0, streaks=0, edge_darkening=0)
    laid = bands(lines)
    columns, rows = round(size_mm[0] * px_per_mm), round(size_mm[1] * px_per_mm)
    along = ((np.arange(columns, dtype=np.float32) + 0.5) / px_per_mm)[None]
    across = ((np.arange(rows, dtype=np.float32) - (rows - 1) / 2) / px_per_mm)[:, None]
    if not _varies_across(look, laid):
        # All rows are alike but for the sides: one exponential per column instead of one per pixel.
        row = reflectance(replace(look, edge_darkening=0), laid, along, single([[0.0]]), size_mm)
        light = row * _sides(look, across, size_mm[1])[..., None]
    else:
        light = reflectance(look, laid, along, across, size_mm)
    if look.texture or look.streaks or look.fibres:
        light *= grain(look, (rows, columns), px_per_mm, rng)[..., None]
    if any(gradient):
        ramp = 1 + gradient[0] * (along / size_mm[0] - 0.5) + gradient[1] * across / size_mm[1]
        light *= ramp[..., None].astype(np.float32)
    if blur_px:
        light = blur(light, blur_px)
    if noise:
        level = single(look.tone)
        shot = rng.standard_normal(light.shape, dtype=np.float32)
        shot *= np.sqrt(np.maximum(light, 0) * (level * np.float32(noise) ** 2))
        light += shot
    middle = (rows - 1) / 2
    truth = tuple(line_truth(b, (b.position * size_mm[0] * px_per_mm - 0.5, middle)) for b in laid)
    return MembranePatch(light, truth, px_per_mm)


def _varies_across(look: Membrane, lines: Sequence[Band]) -> bool:
    """Whether a membrane has anything but its dark sides that differs from row to row."""
    if look.stain or look.stains or look.marks:
        return True
    return any(b.tilt or b.bow or b.ripples or b.gaps for b in (*lines, *look.ghosts))


def line_truth(band: Band, center: tuple[float, float]) -> LineTruth:
    """Write down a band that was laid with its middle at ``center``, px."""
    return LineTruth(
        band.name, band.role, band.od > 0, band.od, band.fwhm_mm, band.area, band.position, center
    )
