"""From a scene to a picture: geometry, then light, then the camera."""

from __future__ import annotations

import math
from dataclasses import asdict
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.reading import Quad
from reader.simulate.camera import View, photograph, project
from reader.simulate.detail import FINE, Detail
from reader.simulate.laying import axis, lay, points
from reader.simulate.light import Light, glare_light, illumination
from reader.simulate.membranes import line_truth
from reader.simulate.noise import own_dice
from reader.simulate.raster import FloatArray, lookup, refined, single, wide_blur
from reader.simulate.relief import surface
from reader.simulate.scenes import Placed, Scene
from reader.simulate.table import Decoy, Grid, box_mask, decorate, lay_table
from reader.simulate.truth import Picture, StripTruth

__all__ = ["render", "render_light"]

BAND_ROWS = 96  # rows of the picture that are lit at a time, to bound memory
MIN_SHOWN = 0.6  # share of the outline that must be in the picture for a device to be one
GRID_PX_PER_MM = (8.0, 48.0)  # limits of the scale at which devices are drawn
SOFT_SHADOW_PX_PER_MM = 6.0  # a device's shadow has no detail finer than 0.6 mm


def render(scene: Scene, rng: np.random.Generator, detail: Detail = FINE) -> Picture:
    """Take the scene's picture.

    Parameters
    ----------
    scene : Scene
        What to show.
    rng : numpy.random.Generator
        For textures and noise; the same state gives the same picture.
    detail : Detail, default FINE
        How finely the scene is computed; ``QUICK`` is several times faster, its lines as exact.

    Returns
    -------
    Picture
    """
    light, truth = render_light(scene, rng, detail)
    pixels = photograph(light, scene.camera, rng)
    settings = _plain(asdict(scene))
    assert isinstance(settings, dict)
    height, width = light.shape[:2]
    if pixels.shape[:2] != (height, width):
        scale = (pixels.shape[1] / width, pixels.shape[0] / height)
        truth = tuple(strip.resized(scale) for strip in truth)
    return Picture(pixels, truth, settings)


def render_light(
    scene: Scene, rng: np.random.Generator, detail: Detail = FINE
) -> tuple[FloatArray, tuple[StripTruth, ...]]:
    """Return the light before the camera's optics, and the truth.

    Returns
    -------
    light : ndarray of float32, shape (H, W, 3)
        Linear radiance; 1 is a perfectly white face in full light.
    truth : tuple of StripTruth
        One for each device.
    """
    canvas = _table(scene, rng, detail)
    truth = []
    for placed in scene.placed:
        scale = float(np.clip(detail.face * scene.view.px_per_mm, *GRID_PX_PER_MM))
        shown = placed.shown(scene.view)
        face = surface(
            placed.device, scene.light, placed.angle_deg, scale, shown_mm=shown, rng=rng, detail=detail
        )
        lay(canvas, scene.view, placed, face, detail)
        truth.append(_truth(scene.view, placed))
    _illuminate(canvas, scene)
    return canvas, tuple(truth)


def _illuminate(canvas: FloatArray, scene: Scene) -> None:
    to_table = _inverse(scene.view.homography())
    height, width = canvas.shape[:2]
    for top in range(0, height, BAND_ROWS):
        rows = slice(top, min(top + BAND_ROWS, height))
        x, y = points(scene.view, to_table, axis(0, width, 1), axis(top, rows.stop - top, 1))
        level = illumination(scene.light, x, y)
        canvas[rows] *= level if level.ndim == 3 else level[..., None]
        glare = glare_light(scene.light, x, y)
        if glare is not None:
            canvas[rows] += glare[..., None]
    canvas *= single(scene.light.colour)


def _table(scene: Scene, rng: np.random.Generator, detail: Detail) -> FloatArray:
    """Return the table with its decoys and the devices' shadows, as the camera sees it."""
    view = scene.view
    homography = view.homography()
    inverse = _inverse(homography)
    corners = np.array([project(inverse, p) for p in view.border()])
    low, high = corners.min(0) - 2.0, corners.max(0) + 2.0
    # Under a slant the near side is seen larger; a slightly coarse table there goes unnoticed.
    grid = Grid(
        (float(low[0]), float(low[1])),
        (math.ceil((high[1] - low[1]) * view.px_per_mm), math.ceil((high[0] - low[0]) * view.px_per_mm)),
        view.px_per_mm,
    )
    table = lay_table(scene.background, grid, rng, detail.soft_px)
    for decoy in scene.decoys:
        if detail.local and math.isfinite(decoy.reach_mm):
            _put(table, decoy, grid, own_dice(rng))
        else:
            table = decorate(table, decoy, grid, rng)
    for placed in scene.placed:
        table *= _shadow(placed, scene.light, grid, detail)[..., None]
    return _seen(table, view, grid)


def _put(table: FloatArray, decoy: Decoy, grid: Grid, rng: np.random.Generator) -> None:
    """Put a thing on the part of the table that it changes, if there is any."""
    rows, columns = place = grid.around(decoy.center_mm, decoy.reach_mm)
    if rows.start < rows.stop and columns.start < columns.stop:
        table[place] = decorate(table[place], decoy, grid.part(place), rng)


def _seen(table: FloatArray, view: View, grid: Grid) -> FloatArray:
    """Return the table as the camera sees it."""
    width, height = view.size_px
    to_pixel = view.homography() @ grid.matrix()
    if view.distortion:
        columns, rows = points(view, _inverse(to_pixel), axis(0, width, 1), axis(0, height, 1))
        return lookup(table, columns, rows, extend=True)
    flags, border = cv2.INTER_LINEAR, cv2.BORDER_REPLICATE
    return single(cv2.warpPerspective(table, to_pixel, (width, height), flags=flags, borderMode=border))


def _shadow(placed: Placed, light: Light, grid: Grid, detail: Detail) -> FloatArray:
    """Return what is left of the light around a device."""
    if math.isfinite(detail.soft_px) and grid.px_per_mm > 2 * SOFT_SHADOW_PX_PER_MM:
        coarse = grid.coarser(SOFT_SHADOW_PX_PER_MM)
        return refined(_shadow(placed, light, coarse, detail), grid.px_per_mm / coarse.px_per_mm, grid.shape)
    device = placed.device
    direction = light.direction()
    thick = device.thickness_mm
    dark = np.zeros(grid.shape, np.float32)
    for offset in (-12.0, -4.0, 4.0, 12.0):
        rise = math.tan(math.radians(min(max(light.elevation_deg + offset, 15.0), 85.0)))
        for level in (0.5, 1.0):
            away = level * thick / rise
            center = (placed.center_mm[0] - away * direction[0], placed.center_mm[1] - away * direction[1])
            dark += box_mask(grid, center, device.size_mm, placed.angle_deg) / 8
    dark = wide_blur(dark, max(0.14 * thick * grid.px_per_mm, 0.4), detail.soft_px)
    body = box_mask(grid, placed.center_mm, device.size_mm, placed.angle_deg)
    near = wide_blur(body, max(0.5 * thick * grid.px_per_mm, 0.4), detail.soft_px)
    return single((1 - (1 - light.ambient) * dark) * (1 - 0.45 * light.ambient * near))


def _truth(view: View, placed: Placed) -> StripTruth:
    device, window = placed.device, placed.device.window
    to_pixel = view.homography(device.membrane_mm) @ placed.matrix()
    (x, y), (width, length) = window.center_mm, window.size_mm

    def seen(across_mm: float, along_mm: float) -> tuple[float, float]:
        return view.seen(project(to_pixel, (x + across_mm, y + along_mm)))

    sides = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    corners = [seen(i * width / 2, j * length / 2) for i, j in sides]
    quad: Quad = (corners[0], corners[1], corners[2], corners[3])
    lines = tuple(line_truth(band, seen(0.0, (band.position - 0.5) * length)) for band in device.lines)
    outline = placed.outline(view)
    whole = _share_shown(outline, view.size_px) >= MIN_SHOWN
    from_control_end = np.array([[1, 0, x], [0, 1, y - length / 2], [0, 0, 1]])
    return StripTruth(
        assay=device.assay,
        kind=device.kind if whole else "window",
        outcome=device.outcome,
        outline=(outline[0], outline[1], outline[2], outline[3]) if whole else None,
        window=quad,
        lines=lines,
        px_per_mm=math.dist(seen(0.0, -0.5), seen(0.0, 0.5)),
        size_mm=(length, width),
        homography=_rows(to_pixel @ from_control_end),
    )


def _rows(matrix: NDArray[np.float64]) -> tuple[tuple[float, ...], ...]:
    return tuple(tuple(float(v) for v in row) for row in matrix / matrix[2, 2])


def _share_shown(outline: tuple[tuple[float, float], ...], size_px: tuple[int, int]) -> float:
    shape = single(outline)
    width, height = size_px
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    shown, _ = cv2.intersectConvexConvex(shape, frame)
    return float(shown / max(cv2.contourArea(shape), 1e-6))


def _inverse(matrix: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _plain(value: Any) -> Any:
    """Return settings as plain JSON types with readable numbers."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
