"""Simulated pictures for the tests of locating, each rendered once."""

from __future__ import annotations

from functools import cache

import numpy as np

from reader.geometry import Window, from_corners
from reader.simulate import Background, Picture, cassette, crop, render, scene, strip

SIZE = (600, 800)
LINES = {"C": 0.4, "T": 0.15}


def window_of(quad: tuple[tuple[float, float], ...]) -> Window:
    """Return the window with these corners, the first two being the control end."""
    corners = np.asarray(quad)
    window = from_corners(corners)
    start = corners[:2].mean(axis=0)
    ends = (window.at(0.0), window.at(1.0))
    distance = [np.hypot(*(start - end)) for end in ends]
    return window if distance[0] <= distance[1] else window.reversed()


@cache
def cassette_picture(angle_deg: float = 0.0, brand: str = "COVID-19 Ag") -> Picture:
    size = SIZE if angle_deg % 180 == 0 else SIZE[::-1]
    seen = scene([cassette(LINES, brand=brand)], size_px=size, fill=0.9, angle_deg=angle_deg)
    return render(seen, np.random.default_rng(11))


@cache
def distant_picture() -> Picture:
    wood = Background("wood", (0.35, 0.25, 0.18))
    seen = scene([cassette(LINES)], size_px=(2400, 1800), fill=0.15, background=wood)
    return render(seen, np.random.default_rng(17))


@cache
def pair_picture() -> Picture:
    devices = [cassette(LINES, brand="A 1"), cassette({"C": 0.4, "T": 0.0}, brand="B 2")]
    return render(scene(devices, size_px=(800, 800), fill=0.9), np.random.default_rng(12))


@cache
def crop_picture(angle_deg: float = 90.0, margin_mm: tuple[float, float] = (1.6, 2.6)) -> Picture:
    seen = crop(cassette(LINES), angle_deg=angle_deg, margin_mm=margin_mm)
    return render(seen, np.random.default_rng(13))


@cache
def strip_picture() -> Picture:
    seen = scene([strip(LINES)], size_px=SIZE, fill=0.9, background=Background("wood", (0.35, 0.25, 0.18)))
    return render(seen, np.random.default_rng(14))


@cache
def table_picture() -> Picture:
    return render(scene([], size_px=SIZE, background=Background("laminate")), np.random.default_rng(15))


@cache
def unused_crop_picture() -> Picture:
    seen = crop(cassette({"C": 0.0, "T": 0.0}), angle_deg=90.0, margin_mm=(0.6, 0.8))
    return render(seen, np.random.default_rng(16))
