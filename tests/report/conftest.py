"""Readings made by hand, with everything known about them."""

from __future__ import annotations

import math
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from reader.reading import Analyte, ImageInfo, Line, Outcome, Profile, Reading, StripReading

LEVEL = ((300.0, 260.0), (300.0, 200.0), (700.0, 200.0), (700.0, 260.0))


def turned(quad: Any, degrees: float, centre: tuple[float, float] = (500.0, 300.0)) -> Any:
    """Turn a window about a point, clockwise on the screen."""
    c, s = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    cx, cy = centre
    return tuple((cx + c * (x - cx) - s * (y - cy), cy + s * (x - cx) + c * (y - cy)) for x, y in quad)


def line(name: str, position: float, height: float, window: Any = LEVEL, *, detected: bool = True) -> Line:
    start = [(a + b) / 2 for a, b in zip(window[0], window[1], strict=True)]
    end = [(a + b) / 2 for a, b in zip(window[2], window[3], strict=True)]
    x, y = (a + (b - a) * position for a, b in zip(start, end, strict=True))
    role = "control" if name == "C" else "test"
    return Line(name, role, detected, (x, y), position, height, 0.003, 8 * height, 0.02, height / 0.003)


def profile(lines: tuple[Line, ...], count: int = 200) -> Profile:
    position = np.linspace(0, 1, count)
    baseline = np.full(count, 0.02)
    placed = [ln for ln in lines if ln.position is not None]
    bumps = sum((ln.height * np.exp(-0.5 * ((position - ln.position) / 0.02) ** 2) for ln in placed), 0.0)
    return Profile(position, baseline + bumps, baseline)


def strip(window: Any = LEVEL, **changes: Any) -> StripReading:
    lines = changes.pop("lines", (line("C", 0.3, 0.3, window), line("T", 0.6, 0.1, window)))
    fields: dict[str, Any] = {
        "id": 1,
        "kind": "cassette",
        "assay": "generic",
        "outline": None,
        "window": window,
        "orientation": "known",
        "outcome": Outcome.POSITIVE,
        "summary": "Control and test line are visible.",
        "analytes": {"T": Analyte(Outcome.POSITIVE, 0.998, 0.33, 0.01)},
        "lines": lines,
        "px_per_mm": 20.0,
        "quality": {},
        "flags": (),
        "profile": profile(lines),
    }
    return StripReading(**{**fields, **changes})


def reading(*strips: StripReading, **changes: Any) -> Reading:
    outcome = strips[0].outcome if strips else Outcome.NOT_READ
    fields: dict[str, Any] = {
        "source": "photo.jpg",
        "software_version": "0.1.0",
        "image": ImageInfo("0" * 64, "JPEG", 1000, 600),
        "outcome": outcome,
        "flags": (),
        "strips": strips,
    }
    return Reading(**{**fields, **changes})


def photo(pixels: Any) -> Any:
    """As much of a photo as the drawing needs."""
    pixels.setflags(write=False)
    return SimpleNamespace(pixels=pixels, width=pixels.shape[1], height=pixels.shape[0])


@pytest.fixture
def made() -> SimpleNamespace:
    """The makers of this file, for tests that build their own readings."""
    return SimpleNamespace(
        LEVEL=LEVEL, line=line, photo=photo, profile=profile, reading=reading, strip=strip, turned=turned
    )


@pytest.fixture
def speckled() -> Any:
    """A picture of 1000 × 600 px in which every pixel differs from its neighbours."""
    return np.random.default_rng(7).integers(60, 250, (600, 1000, 3)).astype(np.uint8)
