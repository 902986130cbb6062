"""Pictures without a strip, drawn and simulated, that look like one to a careless reader."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from reader.simulate import Background, Decoy, Light, ShadowEdge, render, scene

Pixels = NDArray[np.uint8]
WORDS = "Wait 15 minutes. Read at room temperature. Do not reuse. Store at 2 to 30 degrees."


def _page(height: int = 800, width: int = 600, level: int = 236) -> Pixels:
    return np.full((height, width, 3), level, np.uint8)


def _grained(picture: Pixels, seed: int = 0, blur: float = 0.8, sigma: float = 3.0) -> Pixels:
    noise = np.random.default_rng(seed).normal(0, sigma, picture.shape)
    return np.clip(cv2.GaussianBlur(picture, (0, 0), blur) + noise, 0, 255).astype(np.uint8)


def flat_grey() -> Pixels:
    return _page(level=128)


def noise() -> Pixels:
    return np.random.default_rng(1).integers(0, 256, (500, 400, 3)).astype(np.uint8)


def soft_noise() -> Pixels:
    """Make blotches of all sizes and colours."""
    rng = np.random.default_rng(2)
    field = sum(cv2.GaussianBlur(rng.normal(0, s, (500, 400, 3)), (0, 0), s) for s in (2.0, 8.0, 32.0))
    return np.clip(128 + 60 * field / np.abs(field).max(), 0, 255).astype(np.uint8)


def checkerboard() -> Pixels:
    board = (np.indices((600, 600)) // 60).sum(axis=0) % 2
    return _grained((60 + 150 * board[..., None].repeat(3, axis=2)).astype(np.uint8), 3)


def text_page() -> Pixels:
    page = _page()
    for k in range(20):
        start = (5 * k) % 40
        cv2.putText(page, WORDS[start : start + 42], (30, 50 + 36 * k), 0, 0.62, (40, 40, 45), 1, cv2.LINE_AA)
    return _grained(page, 4)


def hand_drawn_page() -> Pixels:
    """Draw outlines and strokes with a wavering pen."""
    page, rng = _page(), np.random.default_rng(5)
    for _ in range(14):
        points = np.cumsum(rng.normal(0, 22, (30, 2)), axis=0) + rng.uniform((80, 80), (520, 720))
        colour = tuple(int(c) for c in rng.integers(20, 150, 3))
        cv2.polylines(page, [np.int32(points)], False, colour, 3, cv2.LINE_AA)
    cv2.circle(page, (300, 400), 120, (60, 60, 160), 4, cv2.LINE_AA)
    return _grained(page, 5)


def ruled_page() -> Pixels:
    page = _page()
    page[60::40] = (170, 190, 230)
    page[61::40] = (170, 190, 230)
    page[:, 90:92] = (230, 120, 130)
    return _grained(page, 6)


def blobs() -> Pixels:
    """Paint something like a portrait: large soft ovals of skin, hair and cloth."""
    page = _page(level=150)
    cv2.ellipse(page, (300, 760), (260, 220), 0, 0, 360, (60, 70, 120), -1)
    cv2.ellipse(page, (300, 300), (190, 240), 0, 0, 360, (70, 50, 40), -1)
    cv2.ellipse(page, (300, 340), (150, 200), 0, 0, 360, (224, 178, 152), -1)
    for x in (240, 360):
        cv2.ellipse(page, (x, 300), (26, 12), 0, 0, 360, (250, 250, 250), -1)
        cv2.circle(page, (x, 300), 10, (50, 40, 30), -1)
    cv2.ellipse(page, (300, 445), (52, 16), 0, 0, 360, (190, 90, 95), -1)
    return _grained(page, 7, blur=4.0)


def gradient() -> Pixels:
    return np.broadcast_to(np.linspace(10, 245, 500)[None, :, None], (400, 500, 3)).astype(np.uint8)


def _simulated(seed: int, *decoys: Decoy, **options: object) -> Pixels:
    seen = scene([], size_px=(600, 800), decoys=decoys, **options)
    return render(seen, np.random.default_rng(seed)).pixels


def table() -> Pixels:
    return _simulated(10, background=Background("wood", (0.35, 0.25, 0.18)))


def table_with_shadow() -> Pixels:
    return _simulated(11, light=Light(shadows=(ShadowEdge((10.0, 0.0), 30.0),)))


def colour_chart() -> Pixels:
    return _simulated(12, Decoy("chart", (0.0, 0.0), 80.0))


def card_and_pen() -> Pixels:
    return _simulated(13, Decoy("card", (-18.0, 0.0), 50.0), Decoy("pen", (20.0, 0.0), 90.0, 100.0))


def printed_bars() -> Pixels:
    return _simulated(14, Decoy("bars", (0.0, -20.0), 30.0), Decoy("bars", (5.0, 20.0), 22.0, 90.0))


def square_code() -> Pixels:
    return _simulated(15, Decoy("code", (0.0, 0.0), 30.0, 12.0, text="LOT 1234"))


MAKERS: dict[str, Callable[[], Pixels]] = {
    maker.__name__: maker
    for maker in (
        flat_grey,
        noise,
        soft_noise,
        checkerboard,
        text_page,
        hand_drawn_page,
        ruled_page,
        blobs,
        gradient,
        table,
        table_with_shadow,
        colour_chart,
        card_and_pen,
        printed_bars,
        square_code,
    )
}


@cache
def picture(name: str) -> Pixels:
    """Make the picture of this name once."""
    return MAKERS[name]()
