"""What makes one brand's cassette unlike another's: rings, ridges, numbers, labels, wells, used samples."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np

from reader.simulate.devices import Device, Recess
from reader.simulate.ink import Print

__all__ = ["dressed"]

_LABELS = ((0.75, 0.3, 0.06), (0.1, 0.45, 0.2), (0.25, 0.48, 0.7), (0.7, 0.62, 0.1), (0.6, 0.2, 0.35))
_PENS = ((0.02, 0.03, 0.12), (0.03, 0.03, 0.03), (0.45, 0.03, 0.05))
_SAMPLES = (
    (0.66, 0.52, 0.54),
    (0.62, 0.60, 0.50),
    (0.32, 0.05, 0.04),
    (0.45, 0.10, 0.08),
    (0.72, 0.71, 0.68),
)
_NOTES = ("No 27", "17/3", "A 130", "05/12", "N 4", "3-2", "R 21")


def dressed(device: Device, brand: np.random.Generator, own: np.random.Generator) -> Device:
    """Return a cassette with what another brand would have moulded and printed on it.

    Parameters
    ----------
    device : Device
        A cassette; window, lines and letters are kept.
    brand : numpy.random.Generator
        For what all tests of a brand have in common.
    own : numpy.random.Generator
        For numbers, notes and the sample in the well.
    """
    device = replace(
        device,
        thickness_mm=float(brand.uniform(3.8, 5.5)),
        corner_mm=float(brand.uniform(0.8, 4.5)),
        edge_mm=float(brand.uniform(0.5, 1.3)),
        wells=_wells(device, brand, own),
    )
    # The label first: what else is printed lies over it.
    extras: list[Print] = []
    for draw, share in _EXTRAS:
        if brand.random() < share:
            extras += draw(device, own)
    coded = any(mark.kind == "code" for mark in device.prints)
    label = _label(device, brand) if brand.random() < 0.15 and not coded else []
    typed = _typeset(device, brand)
    return replace(device, prints=(*label, *typed, *extras))


def _typeset(device: Device, brand: np.random.Generator) -> tuple[Print, ...]:
    """Return the device's prints in a brand's own lettering, each line no longer than the face is wide."""
    stretch, weight = float(brand.uniform(0.8, 1.2)), float(brand.uniform(0, 0.09))
    size, capitals = float(brand.uniform(0.85, 1.3)), brand.random() < 0.4
    names = {line.name for line in device.lines}
    places = sorted(line.position * device.window.size_mm[1] for line in device.lines)
    apart = min((b - a for a, b in pairwise(places)), default=math.inf)

    def set_(mark: Print) -> Print:
        if mark.kind != "text":
            return mark
        height, text = size * mark.height_mm, mark.text
        if text in names:
            height = min(height, 0.8 * apart)
        elif len(text) > 5:
            text = text.upper() if capitals else text
            longest = 0.75 * stretch * max(len(line) for line in text.split("\n"))
            height = min(height, 0.8 * device.size_mm[0] / longest)
        return replace(mark, text=text, height_mm=height, stretch=stretch, weight=weight)

    return tuple(set_(mark) for mark in device.prints)


def _wells(device: Device, brand: np.random.Generator, own: np.random.Generator) -> tuple[Recess, ...]:
    """Return the wells in a brand's shape, and in the sample well what was dropped into it."""
    floor = _SAMPLES[int(own.integers(len(_SAMPLES)))]
    *buffers, sample = device.wells
    wide, long, shape = float(brand.uniform(2.2, 3.2)), float(brand.uniform(4.5, 6.5)), int(brand.integers(4))
    size, corner, rim, rim_corner = (
        ((1.2 * wide, 1.2 * wide), 0.6 * wide, (1.6, 1.6), 9.0),
        ((wide, wide), 0.5 * wide, (4.0, 4.0), 9.0),
        ((1.1 * wide, 1.4 * wide), 0.5, (1.6, 2.0), 0.8),
        ((wide, long), 0.5 * wide, sample.rim_mm, sample.rim_corner_mm),
    )[shape]
    if not buffers:
        sample = replace(sample, size_mm=size, corner_mm=corner, rim_mm=rim, rim_corner_mm=rim_corner)
    return (*buffers, replace(sample, floor=floor))


def _ring(device: Device, _rng: np.random.Generator) -> list[Print]:
    well = device.wells[-1]
    size = [v + 2 * rim + 1.6 for v, rim in zip(well.size_mm, well.rim_mm, strict=True)]
    width = min(size[0], device.size_mm[0] - 3.0)
    return [Print("", well.center_mm, size[1], "ring", weight=0.06, relief_mm=0.25, width_mm=width)]


def _free(device: Device) -> tuple[float, float]:
    """Return the stretch of the face between the window and the wells, along the device."""
    window, well = device.window, device.wells[0]
    start = window.center_mm[1] + window.size_mm[1] / 2 + window.rim_mm[1]
    return start, well.center_mm[1] - well.size_mm[1] / 2 - well.rim_mm[1]


def _dots(device: Device, rng: np.random.Generator) -> list[Print]:
    """Engrave grips, as beside the window of many cassettes."""
    start, end = _free(device)
    middle, pitch = device.size_mm[0] / 2, float(rng.uniform(1.6, 2.2))
    y = (start + end) / 2
    return [
        Print("", (middle + i * pitch, y + j * pitch), 0.8, "bar", relief_mm=-0.25, width_mm=0.8)
        for i in (-1, 0, 1)
        for j in (-0.5, 0.5)
        if end - start > 3 * pitch
    ]


def _ridges(device: Device, _rng: np.random.Generator) -> list[Print]:
    """Mould ridges across the sample end, where the cassette is held."""
    width, length = device.size_mm
    return [
        Print("", (width / 2, length - 1.6 - 1.1 * k), 0.5, "bar", relief_mm=0.2, width_mm=0.6 * width)
        for k in range(3)
    ]


def _serial(device: Device, rng: np.random.Generator) -> list[Print]:
    """Print a serial number along the side that the letters leave free."""
    text = "".join(chr(65 + i) for i in rng.integers(0, 26, 3)) + f"{rng.integers(10**7):08d}"
    names = {line.name for line in device.lines}
    left = any(mark.text in names and mark.center_mm[0] < device.size_mm[0] / 2 for mark in device.prints)
    x = device.size_mm[0] - 1.8 if left else 1.8
    return [Print(text, (x, float(rng.uniform(0.42, 0.58)) * device.size_mm[1]), 1.3, angle_deg=90)]


def _line(device: Device, _rng: np.random.Generator) -> list[Print]:
    """Print a line for a name at the sample end."""
    width, length = device.size_mm
    return [
        Print("ID:", (width * 0.22, length - 2.6), 1.1),
        Print("", (width * 0.58, length - 2.1), 0.18, "bar", width_mm=width * 0.5),
    ]


def _note(device: Device, rng: np.random.Generator) -> list[Print]:
    """Write a number by hand on the control end."""
    pen = _PENS[int(rng.integers(len(_PENS)))]
    place = (device.size_mm[0] / 2, float(rng.uniform(3.5, 6.0)))
    return [Print(str(rng.choice(_NOTES)), place, float(rng.uniform(2.5, 3.8)), "scribble", pen)]


def _label(device: Device, rng: np.random.Generator) -> list[Print]:
    """Stick a coloured label on the control end."""
    colour = _LABELS[int(rng.integers(len(_LABELS)))]
    height = float(rng.uniform(7, 11))
    place = (device.size_mm[0] / 2, 0.5 * height + 1.2)
    return [Print("", place, height, "bar", colour, width_mm=device.size_mm[0] - 2.4)]


_EXTRAS = ((_ring, 0.35), (_dots, 0.3), (_ridges, 0.15), (_serial, 0.35), (_line, 0.25), (_note, 0.1))
