"""What a picture shows: tests on a table, their surroundings, light and camera."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from reader.reading import Point
from reader.simulate.camera import Camera, Matrix, View, along_sides, project
from reader.simulate.devices import Device
from reader.simulate.light import Light
from reader.simulate.relief import Box
from reader.simulate.table import Background, Decoy

__all__ = ["Placed", "Scene", "crop", "scene"]


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

    def outline(self, view: View, margin_mm: float = 0.0, steps: int = 1) -> tuple[Point, ...]:
        """Return the picture's points along the outline of the face, ``steps`` to a side, clockwise."""
        to_pixel = view.homography(self.device.thickness_mm) @ self.matrix()
        width, length = self.device.size_mm
        low, right, bottom = -margin_mm, width + margin_mm, length + margin_mm
        corners = ((low, low), (right, low), (right, bottom), (low, bottom))
        return tuple(view.seen(project(to_pixel, place)) for place in along_sides(corners, steps))

    def shown(self, view: View) -> Box:
        """Return left, top, right and bottom of what the picture shows of the device's plane, mm."""
        to_device = np.linalg.inv(view.homography(self.device.thickness_mm) @ self.matrix())
        places = np.array([project(np.asarray(to_device, np.float64), p) for p in view.border()])
        (left, top), (right, bottom) = places.min(0), places.max(0)
        return (float(left), float(top), float(right), float(bottom))


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
