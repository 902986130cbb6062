"""Pictures of everyday things without a test among them, drawn at random and photographed.

Each maker fills a page with what looks regular, striped or framed: the things that a search for lines in
a rectangle takes most easily for a strip.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import cv2
import numpy as np
from canvas import (
    SIZE,
    Canvas,
    Rng,
    any_colour,
    blank_sheet,
    dark_ink,
    lay,
    pale_tone,
    scattered,
    write,
    write_text,
)
from numpy.typing import NDArray
from patterns import PATTERNS

from reader.colour import srgb_decode
from reader.simulate import Background, Decoy, Scene, render, scene
from reader.simulate.camera import photograph
from reader.simulate.draws import random_camera, random_light
from reader.simulate.light import illumination
from reader.simulate.raster import single
from reader.simulate.table import Material

__all__ = ["MAKERS", "draw"]

Pixels = NDArray[np.uint8]
Maker = Callable[[Rng], Canvas]

MATERIALS: tuple[Material, ...] = ("paper", "laminate", "wood", "cloth", "stone")


def draw(kind: str, rng: Rng) -> Pixels:
    """Draw one picture of this kind.

    Parameters
    ----------
    kind : str
        A key of `MAKERS`.
    rng : numpy.random.Generator
        The only source of randomness.

    Returns
    -------
    ndarray, shape (H, W, 3), uint8
    """
    if kind in SIMULATED:
        return render(SIMULATED[kind](rng), rng).pixels
    page = MAKERS[kind](rng)
    if rng.random() < 0.3:
        page = np.ascontiguousarray(np.rot90(page))
    height, width = page.shape[:2]
    x = (np.arange(width, dtype=np.float32) - width / 2) / 6
    y = (np.arange(height, dtype=np.float32) - height / 2) / 6
    light = srgb_decode(np.clip(page, 0, 255) / 255.0).astype(np.float32)
    light *= illumination(random_light(rng), x[None], y[:, None])[..., None]
    return photograph(light, random_camera(rng), rng)


def blank_page(rng: Rng) -> Canvas:
    page = blank_sheet(rng)
    if rng.random() < 0.5:
        sheet = np.full((rng.integers(150, 700), rng.integers(150, 700), 3), pale_tone(rng), np.float32)
        lay(page, sheet, (400, 500), float(rng.uniform(0, 90)))
    return page


def drawn_page(rng: Rng) -> Canvas:
    """Draw strokes, boxes and double lines by hand with a wavering pen."""
    page = np.full((SIZE[1], SIZE[0], 3), pale_tone(rng), np.float32)
    for _ in range(rng.integers(3, 12)):
        ink, thick = dark_ink(rng), int(rng.integers(2, 8))
        if rng.random() < 0.5:
            points = np.cumsum(rng.normal(0, 22, (30, 2)), axis=0) + rng.uniform((80, 80), (700, 900))
        else:
            x, y = rng.uniform((60, 60), (500, 700))
            w, h = rng.uniform(60, 260, 2)
            points = np.array([(x, y), (x + w, y), (x + w, y + h), (x, y + h), (x, y)])
            points = points.repeat(8, axis=0) + rng.normal(0, 2, (40, 2))
            inside = x + w * rng.uniform(0.2, 0.8)
            cv2.line(page, (int(inside), int(y)), (int(inside), int(y + h)), ink, thick, cv2.LINE_AA)
        cv2.polylines(page, [points.astype(np.int32)], False, ink, thick, cv2.LINE_AA)
    return page


def ruled_page(rng: Rng) -> Canvas:
    page = np.full((SIZE[1], SIZE[0], 3), pale_tone(rng), np.float32)
    step, ink, thick = int(rng.integers(18, 70)), any_colour(rng, 60, 220), int(rng.integers(1, 4))
    for y in range(step, SIZE[1], step):
        page[y : y + thick] = ink
    if rng.random() < 0.5:
        for x in range(step, SIZE[0], step):
            page[:, x : x + thick] = ink
    page[:, 90:93] = any_colour(rng)
    return page


def noise(rng: Rng) -> Canvas:
    field = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
    for sigma in (0.7, 2.0, 8.0, 32.0)[rng.integers(0, 3) :]:
        field += cv2.GaussianBlur(rng.normal(0, sigma, field.shape).astype(np.float32), (0, 0), sigma)
    return np.asarray(128 + rng.uniform(20, 120) * field / np.abs(field).max(), np.float32)


def bar_code(rng: Rng) -> Canvas:
    def label(rng: Rng) -> Canvas:
        width = int(rng.integers(200, 500))
        thing = np.full((int(rng.integers(70, 220)), width, 3), pale_tone(rng), np.float32)
        x, unit, ink = 20, int(rng.integers(2, 6)), dark_ink(rng)
        while x < width - 20:
            bar, gap = rng.integers(1, 4, 2) * unit
            thing[12:-30, x : min(x + bar, width - 16)] = ink
            x += bar + gap
        write_text(thing, rng, (20, thing.shape[0] - 26, width - 10, thing.shape[0] - 6), 14)
        return thing

    return scattered(blank_sheet(rng), label, rng, 3)


def ruler(rng: Rng) -> Canvas:
    def one(rng: Rng) -> Canvas:
        thing = np.full((int(rng.integers(40, 110)), 700, 3), any_colour(rng, 120, 250), np.float32)
        unit, ink = float(rng.uniform(4, 12)), dark_ink(rng)
        for k in range(int(660 / unit)):
            tall = 0.55 if k % 10 == 0 else 0.42 if k % 5 == 0 else 0.28
            x = int(20 + k * unit)
            thing[: int(tall * thing.shape[0]), x : x + 2] = ink
            if k % 10 == 0:
                write(thing, str(k // 10), (x, thing.shape[0] - 6), 0.6, ink=ink, thick=1)
        return thing

    return scattered(blank_sheet(rng), one, rng, 2)


def keyboard(rng: Rng) -> Canvas:
    page = np.full((SIZE[1], SIZE[0], 3), any_colour(rng, 20, 200), np.float32)
    key, gap, paint, ink = (
        int(rng.integers(50, 100)),
        int(rng.integers(5, 14)),
        any_colour(rng),
        dark_ink(rng),
    )
    for row, y in enumerate(range(20, SIZE[1] - key, key + gap)):
        x = 10 + 17 * row % key
        while x < SIZE[0] - key:
            w = int(key * rng.choice((1, 1, 1, 1, 1.5, 3)))
            cv2.rectangle(page, (x, y), (x + w, y + key), paint, -1)
            write(page, chr(rng.integers(65, 91)), (x + 12, y + 30), 0.8, ink=ink, thick=2)
            x += w + gap
    return page


def striped_cloth(rng: Rng) -> Canvas:
    """Weave stripes of two to four colours, sometimes crossing."""
    x = np.arange(SIZE[0])
    colours = np.array([any_colour(rng) for _ in range(rng.integers(2, 5))])
    widths = rng.integers(4, 90, len(colours))
    row = np.repeat(colours, widths, axis=0)
    page = np.broadcast_to(row[x % len(row)], (SIZE[1], SIZE[0], 3)).astype(np.float32)
    if rng.random() < 0.3:
        y = np.arange(SIZE[1])
        page = (page + row[y % len(row)][:, None]) / 2
    weave = 1 + 0.06 * np.sin(np.indices((SIZE[1], SIZE[0])).sum(axis=0) * 1.1)[..., None]
    matrix = cv2.getRotationMatrix2D((400, 500), float(rng.uniform(0, 90)), 1.6)
    turned = cv2.warpAffine(single(page * weave), matrix, SIZE, borderMode=cv2.BORDER_REFLECT)
    return np.asarray(turned, np.float32)


def book_page(rng: Rng) -> Canvas:
    page = np.full((SIZE[1], SIZE[0], 3), pale_tone(rng), np.float32)
    write_text(page, rng, (50, 60, 740, 940), int(rng.integers(11, 40)))
    if rng.random() < 0.6:
        x, y = int(rng.integers(60, 400)), int(rng.integers(100, 600))
        cv2.rectangle(page, (x, y), (x + 300, y + int(rng.integers(40, 260))), any_colour(rng), -1)
        cv2.rectangle(page, (x, y), (x + 300, y + 200), dark_ink(rng), 2)
    return page


def toothbrushes(rng: Rng) -> Canvas:
    """Lay long handles with coloured rings about."""

    def one(rng: Rng) -> Canvas:
        rows = int(rng.integers(30, 70))
        across = np.linspace(-1, 1, rows, dtype=np.float32)[:, None, None]
        thing = np.broadcast_to(single(any_colour(rng, 90, 250)), (rows, 640, 3)).copy()
        for _ in range(rng.integers(1, 5)):
            x, w = int(rng.integers(40, 580)), int(rng.integers(6, 50))
            thing[:, x : x + w] = any_colour(rng)
        thing *= 0.55 + 0.45 * np.sqrt(1 - 0.9 * across**2)
        return np.asarray(thing, np.float32)

    return scattered(blank_sheet(rng), one, rng)


def pills(rng: Rng) -> Canvas:
    """Set rows of tablets, round or long and two-coloured, in a blister."""
    page = blank_sheet(rng)
    rows, columns = rng.integers(2, 6, 2)
    body, cap, foil = pale_tone(rng), any_colour(rng), any_colour(rng, 140, 230)
    long, radius = rng.random() < 0.5, int(rng.integers(22, 46))
    cv2.rectangle(page, (80, 80), (720, 900), foil, -1)
    for y in np.linspace(150, 830, rows + 1):
        for x in np.linspace(160, 640, columns):
            centre = (int(x), int(y))
            if long:
                cv2.ellipse(
                    page, centre, (int(radius * 1.6), radius // 2 + 8), 0, 0, 360, body, -1, cv2.LINE_AA
                )
                half = (centre[0] - int(radius * 1.6), centre[1] - radius // 2 - 8)
                cv2.rectangle(page, half, (centre[0], centre[1] + radius // 2 + 8), cap, -1)
            else:
                cv2.circle(page, centre, radius, body, -1, cv2.LINE_AA)
                ink = tuple(0.75 * v for v in body)
                cv2.line(page, (centre[0] - radius, centre[1]), (centre[0] + radius, centre[1]), ink, 3)
    return page


def pens(rng: Rng) -> Canvas:
    def one(rng: Rng) -> Canvas:
        rows = int(rng.integers(24, 60))
        across = np.linspace(-1, 1, rows, dtype=np.float32)[:, None, None]
        thing = np.broadcast_to(single(any_colour(rng)), (rows, 700, 3)).copy()
        ring = int(rng.integers(200, 600))
        thing[:, : int(rng.integers(60, 240))] = any_colour(rng)
        thing[:, ring : ring + int(rng.integers(5, 25))] = any_colour(rng, 130, 250)
        thing *= 0.45 + 0.55 * np.sqrt(1 - 0.95 * (across + 0.2) ** 2 / 1.5)
        return np.asarray(thing + 60 * np.exp(-(((across + 0.4) / 0.12) ** 2)), np.float32)

    return scattered(blank_sheet(rng), one, rng)


def blinds(rng: Rng) -> Canvas:
    step, y = int(rng.integers(20, 90)), np.arange(SIZE[1], dtype=np.float32)
    slope = 0.5 + 0.5 * (y % step) / step
    page = np.broadcast_to(
        (slope[:, None] * single(any_colour(rng, 140, 250)))[:, None], (SIZE[1], SIZE[0], 3)
    )
    page = page.astype(np.float32)
    page[(y % step) < rng.integers(2, 8)] = dark_ink(rng)
    for x in rng.integers(60, 740, 2):
        page[:, x : x + 4] = pale_tone(rng)
    return single(page)


def cards(rng: Rng) -> Canvas:
    """Lay bank and name cards: a dark magnetic band, a signature strip, a chip, embossed digits."""

    def one(rng: Rng) -> Canvas:
        thing = np.full((250, 400, 3), any_colour(rng, 30, 240), np.float32)
        if rng.random() < 0.5:
            thing[25:75] = dark_ink(rng)
            cv2.rectangle(thing, (25, 105), (300, 150), pale_tone(rng), -1)
            write_text(thing, rng, (35, 115, 290, 140), 16)
        else:
            cv2.rectangle(thing, (40, 80), (95, 122), (200, 175, 90), -1)
            for x in (58, 76):
                cv2.line(thing, (x, 80), (x, 122), (120, 100, 50), 2)
            write(thing, "5301 7722 0192", (35, 175), 1.1, ink=pale_tone(rng), thick=2)
        return thing

    return scattered(blank_sheet(rng), one, rng, 3)


def thermometer(rng: Rng) -> Canvas:
    """Lay a white stick with a display, a button and a coloured tip: a window without a membrane."""

    def one(rng: Rng) -> Canvas:
        thing = np.full((int(rng.integers(70, 110)), 620, 3), pale_tone(rng), np.float32)
        mid = thing.shape[0] // 2
        cv2.rectangle(thing, (200, mid - 22), (340, mid + 22), any_colour(rng, 120, 190), -1)
        cv2.rectangle(thing, (200, mid - 22), (340, mid + 22), dark_ink(rng), 2)
        if rng.random() < 0.6:
            write(thing, f"{rng.uniform(35, 40):.1f}", (225, mid + 13), 1.0, ink=(30, 30, 30), thick=2)
        cv2.circle(thing, (450, mid), 18, any_colour(rng), -1, cv2.LINE_AA)
        thing[:, :60] = any_colour(rng)
        return thing

    return scattered(blank_sheet(rng), one, rng, 2)


def plaster(rng: Rng) -> Canvas:
    """Lay sticking plasters with a pale pad in the middle, on skin or a table."""

    def one(rng: Rng) -> Canvas:
        thing = np.full((int(rng.integers(60, 110)), 420, 3), (214, 168, 140), np.float32)
        thing += rng.normal(0, 10, 3)
        thing[8:-8, 150:270] = pale_tone(rng)
        if rng.random() < 0.4:
            x = int(rng.integers(165, 250))
            thing[8:-8, x : x + int(rng.integers(4, 20))] *= (0.9, 0.6, 0.6)
        return thing

    return scattered(blank_sheet(rng), one, rng, 2)


def form(rng: Rng) -> Canvas:
    """Print a form: boxes, some crossed or shaded, with headings."""
    page = np.full((SIZE[1], SIZE[0], 3), pale_tone(rng), np.float32)
    ink, height = dark_ink(rng), int(rng.integers(35, 80))
    for y in range(40, SIZE[1] - height, height):
        edges = np.cumsum(rng.integers(60, 260, 6)) + 30
        for left, right in pairwise(edges):
            if right > SIZE[0] - 20:
                break
            if rng.random() < 0.2:
                cv2.rectangle(page, (left, y), (right, y + height), any_colour(rng, 120, 240), -1)
            cv2.rectangle(page, (left, y), (right, y + height), ink, 2)
            if rng.random() < 0.5:
                write_text(
                    page, rng, (left + 8, y + 8, right - 4, y + height - 14), int(rng.integers(12, 20))
                )
    return page


def on_table(*decoys: Decoy, rng: Rng) -> Scene:
    material = MATERIALS[rng.integers(len(MATERIALS))]
    tone = float(rng.uniform(0.05, 0.7))
    colour = (tone, tone * float(rng.uniform(0.7, 1)), tone * float(rng.uniform(0.5, 1)))
    return scene(
        [],
        size_px=SIZE,
        background=Background(material, colour),
        decoys=decoys,
        light=random_light(rng),
        camera=random_camera(rng),
    )


def _somewhere(rng: Rng) -> tuple[float, float]:
    return float(rng.uniform(-16, 16)), float(rng.uniform(-22, 22))


def _things(kind: str, low: float, high: float, most: int = 3) -> Callable[[Rng], Scene]:
    def make(rng: Rng) -> Scene:
        decoys = [
            Decoy(kind, _somewhere(rng), float(rng.uniform(low, high)), float(rng.uniform(0, 360)), f"lot{k}")  # type: ignore[arg-type]
            for k in range(rng.integers(1, most + 1))
        ]
        return on_table(*decoys, rng=rng)

    return make


SIMULATED: dict[str, Callable[[Rng], Scene]] = {
    "table": lambda rng: on_table(rng=rng),
    "colour chart": _things("chart", 30, 90, 2),
    "square code": _things("code", 12, 40, 3),
    "legend": _things("bars", 15, 60, 3),
    "dark card": _things("card", 30, 60, 3),
}
DRAWN: dict[str, Maker] = {
    "blank page": blank_page,
    "drawn page": drawn_page,
    "ruled page": ruled_page,
    "noise": noise,
    "bar code": bar_code,
    "ruler": ruler,
    "keyboard": keyboard,
    "striped cloth": striped_cloth,
    "book page": book_page,
    "toothbrushes": toothbrushes,
    "pills": pills,
    "pens": pens,
    "blinds": blinds,
    "cards": cards,
    "thermometer": thermometer,
    "plaster": plaster,
    "form": form,
}
MAKERS: dict[str, Maker] = DRAWN | PATTERNS
KINDS = (*SIMULATED, *MAKERS)
