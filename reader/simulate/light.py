"""Light on the scene: direction, colour, unevenness, shadows and reflections."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from reader.simulate.raster import FloatArray, single

__all__ = ["Glare", "Light", "SecondLight", "ShadowEdge", "glare_light", "illumination"]


@dataclass(frozen=True, slots=True)
class ShadowEdge:
    """The soft edge of a hand's or phone's shadow.

    Attributes
    ----------
    through_mm : tuple of float
        A point on the edge, in the table's plane.
    angle_deg : float
        Direction from light to shade, clockwise from x.
    depth : float
        Share of light lost in the shade.
    blur_mm : float
        Half-width of the penumbra.
    """

    through_mm: tuple[float, float]
    angle_deg: float
    depth: float = 0.4
    blur_mm: float = 3.0


@dataclass(frozen=True, slots=True)
class Glare:
    """A lamp mirrored in film or wet surface.

    Attributes
    ----------
    center_mm : tuple of float
        Middle, in the table's plane.
    size_mm : tuple of float
        Standard deviations of its halves, across and along.
    strength : float
        Light added at the middle, relative to a white face.
    angle_deg : float
        Turned clockwise.
    """

    center_mm: tuple[float, float]
    size_mm: tuple[float, float] = (3.0, 1.5)
    strength: float = 1.5
    angle_deg: float = 0.0


@dataclass(frozen=True, slots=True)
class SecondLight:
    """Light of another colour from one side: a window beside a lamp.

    Attributes
    ----------
    colour : tuple of float
        Gains of red, green and blue where it outshines the first, relative to that.
    through_mm : tuple of float
        A point of the table where both are equal.
    angle_deg : float
        Direction towards the second light, clockwise from x.
    blur_mm : float
        Distance over which the one takes over from the other.
    """

    colour: tuple[float, float, float]
    through_mm: tuple[float, float] = (0.0, 0.0)
    angle_deg: float = 0.0
    blur_mm: float = 40.0


@dataclass(frozen=True, slots=True)
class Light:
    """The light on the whole scene.

    Attributes
    ----------
    azimuth_deg : float, default 235
        Where it comes from, in the picture, clockwise from the right; 235 is the upper left.
    elevation_deg : float, default 52
        Above the table.
    ambient : float, default 0.6
        Share that comes from all sides and casts no shadow.
    colour : tuple of float
        Gains of red, green and blue left over after the camera's white balance.
    gradient : tuple of float
        Relative change of the light over 100 mm to the right and down.
    shadows : tuple of ShadowEdge
        Shadows of things outside the picture.
    glares : tuple of Glare
        Mirrored lamps.
    second : SecondLight, optional
        Light of another colour that mixes in.
    spot : tuple of float, optional
        Distance of a lamp from the table in mm, and its foot there (x, y): what is farther is darker.
    """

    azimuth_deg: float = 235.0
    elevation_deg: float = 52.0
    ambient: float = 0.6
    colour: tuple[float, float, float] = (1.0, 1.0, 1.0)
    gradient: tuple[float, float] = (0.0, 0.0)
    shadows: tuple[ShadowEdge, ...] = ()
    glares: tuple[Glare, ...] = ()
    second: SecondLight | None = None
    spot: tuple[float, float, float] | None = None

    def direction(self, turned_deg: float = 0.0) -> tuple[float, float]:
        """Return the unit vector towards the light in a plane that is turned clockwise on the table."""
        angle = math.radians(self.azimuth_deg - turned_deg)
        return (math.cos(angle), math.sin(angle))


def illumination(light: Light, x_mm: FloatArray, y_mm: FloatArray) -> FloatArray:
    """Return the light that falls on points of the table, relative to its middle.

    Returns
    -------
    ndarray of float32
        Of the shape of the points; where two lights mix, with red, green and blue as a last axis.
    """
    level = 1 + np.float32(light.gradient[0] / 100) * x_mm + np.float32(light.gradient[1] / 100) * y_mm
    level = np.maximum(level, 0.05)
    if light.spot is not None:
        level = level * _spot(light.spot, x_mm, y_mm)
    for shadow in light.shadows:
        share = _side(shadow.through_mm, shadow.angle_deg, shadow.blur_mm, x_mm, y_mm)
        level = level * (1 - shadow.depth * share)
    if light.second is None:
        return single(level)
    second = light.second
    share = _side(second.through_mm, second.angle_deg, second.blur_mm, x_mm, y_mm)[..., None]
    return single(level[..., None] * (1 - share + share * single(second.colour)))


def _side(
    through_mm: tuple[float, float], angle_deg: float, blur_mm: float, x_mm: FloatArray, y_mm: FloatArray
) -> FloatArray:
    """Return 0 on the near and 1 on the far side of a soft edge that is crossed at an angle."""
    angle = math.radians(angle_deg)
    inside = (x_mm - through_mm[0]) * math.cos(angle) + (y_mm - through_mm[1]) * math.sin(angle)
    return single(1 / (1 + np.exp(-np.clip(2 * inside / blur_mm, -30, 30))))


def _spot(spot: tuple[float, float, float], x_mm: FloatArray, y_mm: FloatArray) -> FloatArray:
    """Return the light of a lamp above a table, 1 at the picture's middle: Lambert and distance."""
    height, x, y = spot
    fall = (1 + ((x_mm - x) ** 2 + (y_mm - y) ** 2) / height**2) ** -2.0
    return single(fall * (1 + (x**2 + y**2) / height**2) ** 2.0)


def glare_light(light: Light, x_mm: FloatArray, y_mm: FloatArray) -> FloatArray | None:
    """Return the mirrored light at points of the table, relative to a white face; None without any."""
    if not light.glares:
        return None
    total = np.zeros(np.broadcast_shapes(x_mm.shape, y_mm.shape), np.float32)
    for glare in light.glares:
        angle = math.radians(glare.angle_deg)
        dx, dy = x_mm - glare.center_mm[0], y_mm - glare.center_mm[1]
        across = (dx * math.cos(angle) + dy * math.sin(angle)) / glare.size_mm[0]
        along = (dy * math.cos(angle) - dx * math.sin(angle)) / glare.size_mm[1]
        # A lamp's image has a bright body and a weak halo.
        r2 = across**2 + along**2
        total += single(glare.strength * (np.exp(-(r2**1.4)) + 0.02 * np.exp(-r2 / 5)))
    return total
