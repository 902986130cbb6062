"""A device's surface: height, colour and the light on it, on a grid in millimetres.

All that makes a cassette look moulded comes from one height map: bevels and rounded edges from its
slope, the rim's shadow on the membrane from marching along the light, dark corners from the part of
the sky that each point sees.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from reader.simulate.detail import FINE, Detail
from reader.simulate.devices import MEMBRANE_GAP_MM, Device, Recess
from reader.simulate.ink import print_mask, worn
from reader.simulate.light import Light
from reader.simulate.membranes import grain
from reader.simulate.noise import own_dice, smooth_noise
from reader.simulate.raster import FloatArray, blur, refined, single, wide_blur

__all__ = ["MARGIN_MM", "Box", "Surface", "rounded_box", "surface"]


Box = tuple[float, float, float, float]

MARGIN_MM = 1.0  # of the grid around the outline
SHADE_MM = 6.0  # how far a recess or an edge can change the light around it
OCCLUSION_MM = 1.6  # reach of the darkening in corners
SOFT_LIGHT = (-14.0, -7.0, 0.0, 7.0, 14.0)  # degrees of elevation over which a lamp or window spreads
MOULD_ROUNDING_MM = 0.16


@dataclass(frozen=True, slots=True, eq=False)
class Surface:
    """A device as seen from above, on a grid.

    Attributes
    ----------
    light : ndarray of float32, shape (rows, columns, 3)
        Radiance relative to a white face in the open; over the window's hole that of a white membrane.
    cover : ndarray of float32, shape (rows, columns)
        1 inside the outline, 0 outside.
    sunk : ndarray of float32, shape (rows, columns)
        0 at the level of the face, 1 at that of the window's hole: how much parallax applies.
    texture : ndarray of float32
        The membrane's grain around 1, rows across and columns along the flow, same scale.
    origin_mm : tuple of float
        Where the grid begins, (across, along) in the device's plane; rows run along the flow.
    px_per_mm : float
        Scale.
    """

    light: FloatArray
    cover: FloatArray
    sunk: FloatArray
    texture: FloatArray
    origin_mm: tuple[float, float]
    px_per_mm: float


def rounded_box(
    x: FloatArray, y: FloatArray, center: tuple[float, float], size: tuple[float, float], corner: float
) -> FloatArray:
    """Return the signed distance to a rounded rectangle, negative inside, in the unit of ``x``."""
    r = min(corner, size[0] / 2, size[1] / 2)
    dx = np.abs(x - np.float32(center[0])) - np.float32(size[0] / 2 - r)
    dy = np.abs(y - np.float32(center[1])) - np.float32(size[1] / 2 - r)
    right, down = np.maximum(dx, 0), np.maximum(dy, 0)
    # Only beyond a corner are both sides passed; a square root for every point would cost most of the time.
    outside = right + down
    np.hypot(right, down, out=outside, where=(right > 0) & (down > 0))
    return single(outside + np.minimum(np.maximum(dx, dy), 0) - np.float32(r))


def surface(
    device: Device,
    light: Light,
    turned_deg: float,
    px_per_mm: float,
    *,
    shown_mm: Box,
    rng: np.random.Generator,
    detail: Detail = FINE,
) -> Surface:
    """Mould, print and light a device.

    Parameters
    ----------
    device : Device
        What to make.
    light : Light
        The scene's light.
    turned_deg : float
        How the device is turned on the table, clockwise.
    px_per_mm : float
        Scale of the grid.
    shown_mm : tuple of float
        Left, top, right and bottom of what the picture shows of the device's plane; the rest is left
        out, beyond the reach of its shade.
    rng : numpy.random.Generator
        For the grain of plastic and pads and for worn prints.
    detail : Detail, default FINE
        How finely height and shade are computed.
    """
    plan = _plan(device, px_per_mm, shown_mm)
    shade, sunk = _moulded(plan, light, turned_deg, shown_mm, detail)
    width, length = device.size_mm
    outline = rounded_box(plan.x, plan.y, (width / 2, length / 2), device.size_mm, device.corner_mm)
    cover = np.clip(0.5 - outline * px_per_mm, 0, 1)
    window = tuple(math.ceil(mm * px_per_mm) for mm in device.window.size_mm)
    texture = grain(device.membrane, (window[0], window[1]), px_per_mm, rng)
    return Surface(
        single(_paint(plan, rng, local=detail.local) * shade[..., None]),
        cover,
        sunk,
        texture,
        plan.origin_mm,
        px_per_mm,
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Plan:
    """A device's grid: places in mm and the coverage of each print."""

    device: Device
    x: FloatArray
    y: FloatArray
    masks: tuple[FloatArray, ...]
    origin_mm: tuple[float, float]
    px_per_mm: float

    @property
    def shape(self) -> tuple[int, int]:
        return (self.y.shape[0], self.x.shape[1])

    def around(self, recess: Recess) -> _Plan:
        """Return the part of the plan that holds a recess with its bevel, without the prints."""
        rows, columns = self.place(recess)
        return _Plan(self.device, self.x[:, columns], self.y[rows], (), self.origin_mm, self.px_per_mm)

    def place(self, recess: Recess) -> tuple[slice, slice]:
        """Return the rows and columns of a recess with its bevel."""
        sides = []
        for axis, grid in enumerate((self.x[0], self.y[:, 0])):
            half = recess.size_mm[axis] / 2 + recess.rim_mm[axis] + 2 / self.px_per_mm
            limits = (recess.center_mm[axis] - half, recess.center_mm[axis] + half)
            sides.append(slice(*np.searchsorted(grid, limits).tolist()))
        return sides[1], sides[0]

    def hole(self, recess: Recess) -> FloatArray:
        """Return the signed distance to the edge of a hole."""
        return rounded_box(self.x, self.y, recess.center_mm, recess.size_mm, recess.corner_mm)


def _plan(device: Device, px_per_mm: float, shown_mm: Box) -> _Plan:
    low = [max(-MARGIN_MM, shown_mm[i] - SHADE_MM) for i in (0, 1)]
    high = [min(device.size_mm[i] + MARGIN_MM, shown_mm[i + 2] + SHADE_MM) for i in (0, 1)]
    columns, rows = (max(8, math.ceil((h - o) * px_per_mm)) for o, h in zip(low, high, strict=True))
    origin = (low[0], low[1])
    x = single((np.arange(columns) + 0.5) / px_per_mm + origin[0])[None]
    y = single((np.arange(rows) + 0.5) / px_per_mm + origin[1])[:, None]
    masks = tuple(print_mask(p, (rows, columns), px_per_mm, origin) for p in device.prints)
    return _Plan(device, x, y, masks, origin, px_per_mm)


def _moulded(
    plan: _Plan, light: Light, turned_deg: float, shown_mm: Box, detail: Detail
) -> tuple[FloatArray, FloatArray]:
    """Return the light on each point of a plan and how far it is sunk towards the window."""
    scale = min(plan.px_per_mm, detail.shade_px_per_mm)
    coarse = plan if scale == plan.px_per_mm else _plan(plan.device, scale, shown_mm)
    height, sunk = _height(coarse)
    shade = _shade(height, light.direction(turned_deg), light, scale, detail)
    if coarse is plan:
        return shade, sunk
    ratio = plan.px_per_mm / scale
    return refined(shade, ratio, plan.shape), refined(sunk, ratio, plan.shape)


def _height(plan: _Plan) -> tuple[FloatArray, FloatArray]:
    """Return the height above the face in mm and how far each point is sunk towards the window."""
    device = plan.device
    width, length = device.size_mm
    outline = rounded_box(plan.x, plan.y, (width / 2, length / 2), device.size_mm, device.corner_mm)
    fall = np.clip(1 + outline / np.float32(device.edge_mm), 0, 1)
    height = single(np.float32(-device.edge_mm) * (1 - np.sqrt(1 - 0.96 * fall**2)) + _steps(device, plan.y))
    recesses = (*device.wells, device.window) if device.kind == "cassette" else ()
    for recess in recesses:
        place, near = plan.place(recess), plan.around(recess)
        bevel = _bevel(recess, near.x, near.y)
        height[place] = np.minimum(height[place], np.float32(-recess.depth_mm) * bevel)
    for mark, mask in zip(device.prints, plan.masks, strict=True):
        if mark.relief_mm:
            height = height + np.float32(mark.relief_mm) * mask
    # The mould's edges are round: without this, facets meet in razor-sharp creases.
    height = blur(single(height), MOULD_ROUNDING_MM * plan.px_per_mm)
    for recess in recesses:
        height[plan.place(recess)][plan.around(recess).hole(recess) < 0] = -recess.depth_mm - MEMBRANE_GAP_MM
    sunk = np.zeros_like(height)
    if recesses:
        near = plan.around(device.window)
        sunk[plan.place(device.window)] = _bevel(device.window, near.x, near.y)
    return height, sunk


def _bevel(recess: Recess, x: FloatArray, y: FloatArray) -> FloatArray:
    """Return 1 in the hole, falling to 0 at the outer edge of the bevel."""
    width, length = recess.size_mm
    rim = (width + 2 * recess.rim_mm[0], length + 2 * recess.rim_mm[1])
    inner = np.maximum(rounded_box(x, y, recess.center_mm, recess.size_mm, recess.corner_mm), 0)
    outer = np.minimum(rounded_box(x, y, recess.center_mm, rim, recess.rim_corner_mm), 0)
    return single(outer / np.minimum(outer - inner, -1e-6))


def _steps(device: Device, y: FloatArray) -> FloatArray:
    raised = np.zeros_like(y)
    start = 0.0
    for section in device.sections:
        raised = np.where((y >= start) & (y < start + section.length_mm), section.raised_mm, raised)
        start += section.length_mm
    return single(raised)


def _shade(
    height: FloatArray, direction: tuple[float, float], light: Light, px_per_mm: float, detail: Detail
) -> FloatArray:
    """Return the light on each point relative to an open flat face."""
    down, across = np.gradient(height, 1 / px_per_mm)
    # A hole's vertical wall is not a slope: limit what the finite grid makes of it.
    steep = np.float32(3.0)
    down, across = np.clip(down, -steep, steep), np.clip(across, -steep, steep)
    up = math.sin(math.radians(light.elevation_deg))
    flat = math.cos(math.radians(light.elevation_deg))
    facing = (up - flat * (across * direction[0] + down * direction[1])) / np.sqrt(1 + across**2 + down**2)
    around = wide_blur(height, OCCLUSION_MM * px_per_mm, detail.soft_px)
    sky = np.clip(1 - 0.34 * np.maximum(around - height, 0), 0.3, 1.0)
    seen = _visible(height, direction, light.elevation_deg, px_per_mm)
    direct = np.maximum(facing, 0) / up * seen
    shade = (
        light.ambient * sky * (0.9 + 0.1 / np.sqrt(1 + across**2 + down**2)) + (1 - light.ambient) * direct
    )
    # Light scatters under the surface of white plastic.
    return blur(single(np.minimum(shade, 1.35)), max(0.10 * px_per_mm, 0.3))


def _visible(
    height: FloatArray, direction: tuple[float, float], elevation_deg: float, px_per_mm: float
) -> FloatArray:
    """Return the share of a spread light that reaches each point past its surroundings."""
    relief = float(-height.min())
    seen = np.zeros_like(height)
    rows, columns = height.shape
    for offset in SOFT_LIGHT:
        rise = math.tan(math.radians(min(max(elevation_deg + offset, 12.0), 85.0)))
        reach = relief / rise
        blocked = np.full_like(height, -np.inf)
        for k in range(1, 11):
            distance = reach * k / 10
            shift = np.array(
                [[1, 0, distance * direction[0] * px_per_mm], [0, 1, distance * direction[1] * px_per_mm]]
            )
            flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
            other = cv2.warpAffine(
                height, shift, (columns, rows), flags=flags, borderMode=cv2.BORDER_REPLICATE
            )
            blocked = np.maximum(blocked, other - np.float32(distance * rise))
        seen += np.clip(1 - (blocked - height) / 0.08, 0, 1) / len(SOFT_LIGHT)
    return seen


def _paint(plan: _Plan, rng: np.random.Generator, *, local: bool) -> FloatArray:
    """Return the linear reflectance of all but the membrane, which is left white."""
    device, shape, scale = plan.device, plan.shape, plan.px_per_mm
    grain = 1 + 0.004 * smooth_noise(shape, 0.10 * scale, rng) + 0.006 * smooth_noise(shape, 5.0 * scale, rng)
    paint = single(grain[..., None] * single(device.colour))
    start = 0.0
    for section in device.sections:
        inside = (plan.y[:, 0] >= start) & (plan.y[:, 0] < start + section.length_mm)
        rough = 1 + section.grain * smooth_noise(shape, 0.12 * scale, rng)
        paint[inside] = rough[inside][..., None] * single(section.colour)
        start += section.length_mm
    for mark, mask in zip(device.prints, plan.masks, strict=True):
        if not mark.relief_mm:
            place = _extent(mask)
            ink = worn(mask[place], 0.12, own_dice(rng)) if local else worn(mask, 0.12, rng)[place]
            _blend(paint[place], 0.95 * ink, single(mark.colour))
    for recess in device.wells:
        place = plan.place(recess)
        size = (place[0].stop - place[0].start, place[1].stop - place[1].start)
        fibres = (
            smooth_noise(size, 0.15 * scale, own_dice(rng))
            if local
            else smooth_noise(shape, 0.15 * scale, rng)[place]
        )
        cover = np.clip(0.5 - plan.around(recess).hole(recess) * scale, 0, 1)
        _blend(paint[place], cover, (1 + 0.05 * fibres)[..., None] * single(recess.floor))
    place = plan.place(device.window)
    paint[place][plan.around(device.window).hole(device.window) < 0] = 1.0
    return paint


def _blend(paint: FloatArray, cover: FloatArray, colour: FloatArray) -> None:
    """Lay a colour over part of the paint, in place."""
    share = single(cover)[..., None]
    paint[...] = paint * (1 - share) + share * colour


def _extent(mask: FloatArray) -> tuple[slice, slice]:
    """Return the rows and columns that a print covers."""
    sides = []
    for covered in (mask.any(1), mask.any(0)):
        places = np.flatnonzero(covered)
        sides.append(slice(int(places[0]), int(places[-1]) + 1) if places.size else slice(0, 0))
    return sides[0], sides[1]
