"""From tests on a table to a picture: geometry, then light, then the camera.

Plastic and prints are drawn once on a grid in millimetres; membranes are computed anew at every
sub-pixel, so that a line's absorbance in the linear picture is exact.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.reading import Quad
from reader.simulate.camera import Camera, View, photograph, project
from reader.simulate.devices import Device
from reader.simulate.light import Light, glare_light, illumination
from reader.simulate.membranes import line_truth, reflectance
from reader.simulate.raster import FloatArray, blur, lookup, single
from reader.simulate.relief import MARGIN_MM, MEMBRANE_GAP_MM, Box, Surface, rounded_box, surface
from reader.simulate.table import Background, Decoy, Grid, box_mask, decorate, lay_table
from reader.simulate.truth import Picture, StripTruth

__all__ = ["Placed", "Scene", "crop", "render", "render_light", "scene"]

Matrix = NDArray[np.float64]

SUPERSAMPLING = 4  # sub-pixels per side: a line's edge across a pixel is right to 1/16
TILE = (96, 1024)  # rows and columns of the picture rendered at a time, to bound memory
MIN_SHOWN = 0.6  # share of the outline that must be in the picture for a device to be one
GRID_PX_PER_MM = (8.0, 48.0)  # limits of the scale at which devices are drawn


@dataclass(frozen=True, slots=True)
class Placed:
    """A device on the table: its middle and how it is turned, clockwise."""

    device: Device
    center_mm: tuple[float, float] = (0.0, 0.0)
    angle_deg: float = 0.0

    def matrix(self) -> Matrix:
        """Return the 3×3 map from the device's plane to the table's, in mm."""
        angle = math.radians(self.angle_deg)
        c, s = math.cos(angle), math.sin(angle)
        half_x, half_y = (v / 2 for v in self.device.size_mm)
        x, y = self.center_mm
        return np.array(
            [[c, -s, x - c * half_x + s * half_y], [s, c, y - s * half_x - c * half_y], [0, 0, 1]]
        )


@dataclass(frozen=True, slots=True)
class Scene:
    """Everything that makes a picture, apart from the dice.

    Attributes
    ----------
    view : View
        Where the camera stands and how large its picture is.
    placed : tuple of Placed
        The tests.
    background : Background
        The table.
    decoys : tuple of Decoy
        Other things on it.
    light : Light
        The light.
    camera : Camera
        The camera.
    """

    view: View
    placed: tuple[Placed, ...] = ()
    background: Background = field(default_factory=Background)
    decoys: tuple[Decoy, ...] = ()
    light: Light = field(default_factory=Light)
    camera: Camera = field(default_factory=Camera)


def scene(
    devices: Sequence[Device],
    *,
    size_px: tuple[int, int] = (1200, 1600),
    angle_deg: float = 0.0,
    fill: float = 0.7,
    tilt_deg: float = 0.0,
    tilt_towards_deg: float = 90.0,
    background: Background | None = None,
    decoys: Sequence[Decoy] = (),
    light: Light | None = None,
    camera: Camera | None = None,
) -> Scene:
    """Lay devices side by side and look at them from above.

    Parameters
    ----------
    devices : sequence of Device
        From left to right before turning.
    size_px : tuple of int, default (1200, 1600)
        Width and height of the picture.
    angle_deg : float, default 0
        All devices turned clockwise; at 0 the control end is at the top.
    fill : float, default 0.7
        Share of the picture that the row of devices spans, in the tighter direction.
    tilt_deg, tilt_towards_deg : float
        As in ``View``.

    Examples
    --------
    >>> from reader.simulate import cassette
    >>> view = scene([cassette({"C": 0.4, "T": 0.1})], size_px=(300, 400), fill=0.7).view
    >>> round(view.px_per_mm, 2)
    4.0
    """
    gap = 6.0
    widths = [d.size_mm[0] for d in devices]
    row = (sum(widths) + gap * (len(widths) - 1), max((d.size_mm[1] for d in devices), default=70.0))
    angle = math.radians(angle_deg)
    c, s = math.cos(angle), math.sin(angle)
    span = (abs(c) * row[0] + abs(s) * row[1], abs(s) * row[0] + abs(c) * row[1])
    scale = fill * min(size_px[0] / max(span[0], 1), size_px[1] / max(span[1], 1))
    placed, left = [], -row[0] / 2
    for device, width in zip(devices, widths, strict=True):
        middle = left + width / 2
        placed.append(Placed(device, (c * middle, s * middle), angle_deg))
        left += width + gap
    return Scene(
        view=View(size_px, scale, (0.0, 0.0), tilt_deg, tilt_towards_deg),
        placed=tuple(placed),
        background=background or Background(),
        decoys=tuple(decoys),
        light=light or Light(),
        camera=camera or Camera(),
    )


def crop(
    device: Device,
    *,
    px_per_mm: float = 14.0,
    margin_mm: tuple[float, float] = (1.6, 2.6),
    angle_deg: float = 0.0,
    light: Light | None = None,
    camera: Camera | None = None,
) -> Scene:
    """Look only at a device's read window, as in an already cut picture.

    Parameters
    ----------
    px_per_mm : float, default 14
        Scale.
    margin_mm : tuple of float, default (1.6, 2.6)
        What is seen beyond the window, across and along.
    angle_deg : float, default 0
        The device turned clockwise; at 0 the control end is at the top.
    """
    angle = math.radians(angle_deg)
    c, s = math.cos(angle), math.sin(angle)
    window = device.window
    across, along = (v + 2 * m for v, m in zip(window.size_mm, margin_mm, strict=True))
    size_px = (
        max(8, round((abs(c) * across + abs(s) * along) * px_per_mm)),
        max(8, round((abs(s) * across + abs(c) * along) * px_per_mm)),
    )
    placed = Placed(device, (0.0, 0.0), angle_deg)
    middle = placed.matrix() @ (*window.center_mm, 1.0)
    return Scene(
        view=View(size_px, px_per_mm, (float(middle[0]), float(middle[1]))),
        placed=(placed,),
        light=light or Light(),
        camera=camera or Camera(),
    )


def render(scene: Scene, rng: np.random.Generator) -> Picture:
    """Take the scene's picture.

    Parameters
    ----------
    scene : Scene
        What to show.
    rng : numpy.random.Generator
        For textures and noise; the same state gives the same picture.

    Returns
    -------
    Picture
    """
    light, truth = render_light(scene, rng)
    pixels = photograph(light, scene.camera, rng)
    settings = _plain(asdict(scene))
    assert isinstance(settings, dict)
    return Picture(pixels, truth, settings)


def render_light(scene: Scene, rng: np.random.Generator) -> tuple[FloatArray, tuple[StripTruth, ...]]:
    """Return the light before the camera's optics, and the truth.

    Returns
    -------
    light : ndarray of float32, shape (H, W, 3)
        Linear radiance; 1 is a perfectly white face in full light.
    truth : tuple of StripTruth
        One for each device.
    """
    canvas = _table(scene, rng)
    truth = []
    for placed in scene.placed:
        scale = float(np.clip(1.25 * scene.view.px_per_mm, *GRID_PX_PER_MM))
        shown = _shown(scene.view, placed)
        face = surface(placed.device, scene.light, placed.angle_deg, scale, shown_mm=shown, rng=rng)
        _lay(canvas, scene.view, placed, face)
        truth.append(_truth(scene.view, placed))
    to_table = _inverse(scene.view.homography())
    height, width = canvas.shape[:2]
    for top in range(0, height, TILE[0]):
        rows = slice(top, min(top + TILE[0], height))
        x, y = _points(to_table, _axis(0, width, 1), _axis(top, rows.stop - top, 1))
        canvas[rows] *= illumination(scene.light, x, y)[..., None]
        glare = glare_light(scene.light, x, y)
        if glare is not None:
            canvas[rows] += glare[..., None]
    canvas *= single(scene.light.colour)
    return canvas, tuple(truth)


def _table(scene: Scene, rng: np.random.Generator) -> FloatArray:
    """Return the table with its decoys and the devices' shadows, as the camera sees it."""
    view = scene.view
    width, height = view.size_px
    homography = view.homography()
    inverse = _inverse(homography)
    corners = np.array([project(inverse, p) for p in ((0, 0), (width, 0), (width, height), (0, height))])
    low, high = corners.min(0) - 2.0, corners.max(0) + 2.0
    # Under a slant the near side is seen larger; a slightly coarse table there goes unnoticed.
    grid = Grid(
        (float(low[0]), float(low[1])),
        (math.ceil((high[1] - low[1]) * view.px_per_mm), math.ceil((high[0] - low[0]) * view.px_per_mm)),
        view.px_per_mm,
    )
    table = lay_table(scene.background, grid, rng)
    for decoy in scene.decoys:
        table = decorate(table, decoy, grid, rng)
    for placed in scene.placed:
        table *= _shadow(placed, scene.light, grid)[..., None]
    return single(
        cv2.warpPerspective(
            table,
            homography @ grid.matrix(),
            (width, height),
            flags=cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
    )


def _shadow(placed: Placed, light: Light, grid: Grid) -> FloatArray:
    """Return what is left of the light around a device."""
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
    dark = blur(dark, max(0.14 * thick * grid.px_per_mm, 0.4))
    body = box_mask(grid, placed.center_mm, device.size_mm, placed.angle_deg)
    near = blur(body, max(0.5 * thick * grid.px_per_mm, 0.4))
    return single((1 - (1 - light.ambient) * dark) * (1 - 0.45 * light.ambient * near))


def _lay(canvas: FloatArray, view: View, placed: Placed, face: Surface) -> None:
    """Paint one device into the picture, a tile at a time."""
    device = placed.device
    planes = (device.thickness_mm, _membrane_mm(device))
    from_pixel = [_inverse(view.homography(z) @ placed.matrix()) for z in planes]
    corners = np.asarray(_outline(view, placed, MARGIN_MM))
    limits = np.array(canvas.shape[1::-1])
    left, top = (int(v) for v in np.clip(np.floor(corners.min(0)), 0, limits))
    right, bottom = (int(v) for v in np.clip(np.ceil(corners.max(0)) + 1, 0, limits))
    for row in range(top, bottom, TILE[0]):
        for column in range(left, right, TILE[1]):
            tile = canvas[row : min(row + TILE[0], bottom), column : min(column + TILE[1], right)]
            x = _axis(column, tile.shape[1], SUPERSAMPLING)
            y = _axis(row, tile.shape[0], SUPERSAMPLING)
            light, cover = _look(device, face, from_pixel, (x, y))
            tile *= 1 - _reduce(cover[..., None])
            tile += _reduce(light * cover[..., None])


def _look(
    device: Device,
    face: Surface,
    from_pixel: Sequence[Matrix],
    axes: tuple[NDArray[np.float64], NDArray[np.float64]],
) -> tuple[FloatArray, FloatArray]:
    """Return light and coverage of a device at sub-pixels of the picture."""
    fx, fy = _points(from_pixel[0], *axes)
    mx, my = _points(from_pixel[1], *axes)
    sunk = _sample(face.sunk, face, fx, fy)
    # What lies deeper is displaced by parallax; looked up twice because the depth itself is displaced.
    sunk = _sample(face.sunk, face, fx + sunk * (mx - fx), fy + sunk * (my - fy))
    px, py = fx + sunk * (mx - fx), fy + sunk * (my - fy)
    light = _sample(face.light, face, px, py)
    cover = _sample(face.cover, face, fx, fy)
    window = device.window
    hole = rounded_box(mx, my, window.center_mm, window.size_mm, window.corner_mm) < 0
    if hole.any():
        width, length = window.size_mm
        across = mx - np.float32(window.center_mm[0])
        along = my - np.float32(window.center_mm[1] - length / 2)
        white = reflectance(device.membrane, device.lines, along[hole], across[hole], (length, width))
        scale, half = np.float32(face.px_per_mm), np.float32(0.5)
        texture = lookup(
            face.texture, along * scale - half, (across + np.float32(width / 2)) * scale - half, extend=True
        )
        light[hole] *= white * texture[hole][:, None]
    return light, cover


def _truth(view: View, placed: Placed) -> StripTruth:
    device, window = placed.device, placed.device.window
    to_pixel = view.homography(_membrane_mm(device)) @ placed.matrix()
    (x, y), (width, length) = window.center_mm, window.size_mm
    sides = ((-1, -1), (1, -1), (1, 1), (-1, 1))
    corners = [project(to_pixel, (x + i * width / 2, y + j * length / 2)) for i, j in sides]
    quad: Quad = (corners[0], corners[1], corners[2], corners[3])
    lines = tuple(
        line_truth(band, project(to_pixel, (x, y + (band.position - 0.5) * length))) for band in device.lines
    )
    ends = [project(to_pixel, (x, y + d)) for d in (-0.5, 0.5)]
    outline = _outline(view, placed)
    whole = _share_shown(outline, view.size_px) >= MIN_SHOWN
    return StripTruth(
        assay=device.assay,
        kind=device.kind if whole else "window",
        outcome=device.outcome,
        outline=outline if whole else None,
        window=quad,
        lines=lines,
        px_per_mm=math.dist(*ends),
    )


def _outline(view: View, placed: Placed, margin_mm: float = 0.0) -> Quad:
    to_pixel = view.homography(placed.device.thickness_mm) @ placed.matrix()
    width, length = placed.device.size_mm
    low, right, bottom = -margin_mm, width + margin_mm, length + margin_mm
    corners = [project(to_pixel, p) for p in ((low, low), (right, low), (right, bottom), (low, bottom))]
    return (corners[0], corners[1], corners[2], corners[3])


def _shown(view: View, placed: Placed) -> Box:
    """Return left, top, right and bottom of what the picture shows of a device's plane, mm."""
    to_device = _inverse(view.homography(placed.device.thickness_mm) @ placed.matrix())
    width, height = view.size_px
    corners = np.array([project(to_device, p) for p in ((0, 0), (width, 0), (width, height), (0, height))])
    (left, top), (right, bottom) = corners.min(0), corners.max(0)
    return (float(left), float(top), float(right), float(bottom))


def _share_shown(outline: Quad, size_px: tuple[int, int]) -> float:
    shape = single(outline)
    width, height = size_px
    frame = np.array([[0, 0], [width, 0], [width, height], [0, height]], np.float32)
    shown, _ = cv2.intersectConvexConvex(shape, frame)
    return float(shown / max(cv2.contourArea(shape), 1e-6))


def _membrane_mm(device: Device) -> float:
    """Return the height of the membrane above the table."""
    if device.kind == "strip":
        return device.thickness_mm
    return device.thickness_mm - device.window.depth_mm - MEMBRANE_GAP_MM


def _inverse(matrix: Matrix) -> Matrix:
    return np.asarray(np.linalg.inv(matrix), np.float64)


def _axis(start: int, count: int, parts: int) -> NDArray[np.float64]:
    """Return the places of sub-pixels along one axis; the centre of pixel 0 is at 0."""
    return np.asarray(start + (np.arange(count * parts) + 0.5) / parts - 0.5, np.float64)


def _points(matrix: Matrix, x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[FloatArray, FloatArray]:
    """Map the grid of columns ``x`` and rows ``y``; two arrays of shape (rows, columns)."""
    across, down = x[None], y[:, None]
    w = matrix[2, 0] * across + matrix[2, 1] * down + matrix[2, 2]
    u = (matrix[0, 0] * across + matrix[0, 1] * down + matrix[0, 2]) / w
    v = (matrix[1, 0] * across + matrix[1, 1] * down + matrix[1, 2]) / w
    return single(u), single(v)


def _sample(field: FloatArray, face: Surface, x_mm: FloatArray, y_mm: FloatArray) -> FloatArray:
    """Look a device's grid up at points of its plane."""
    scale, half = np.float32(face.px_per_mm), np.float32(0.5)
    left, top = (np.float32(o) for o in face.origin_mm)
    return lookup(field, (x_mm - left) * scale - half, (y_mm - top) * scale - half)


def _reduce(field: FloatArray) -> FloatArray:
    """Average the sub-pixels of each pixel."""
    rows, columns, channels = field.shape
    n = SUPERSAMPLING
    parts = field.reshape(rows // n, n, columns // n, n, channels)
    return single(parts.mean(axis=(1, 3)))


def _plain(value: Any) -> Any:
    """Return settings as plain JSON types with readable numbers."""
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, tuple | list):
        return [_plain(item) for item in value]
    return round(value, 6) if isinstance(value, float) else value
