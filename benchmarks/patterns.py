"""Things that repeat or resemble a test: walls, keys, fences, charts, notes, drawn cassettes."""

from __future__ import annotations

from collections.abc import Callable

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

from reader.simulate.raster import single

__all__ = ["PATTERNS"]


def _sheet(rng: Rng) -> Canvas:
    return np.full((SIZE[1], SIZE[0], 3), pale_tone(rng), np.float32)


def _blur(page: Canvas, sigma: float) -> Canvas:
    return np.asarray(cv2.GaussianBlur(page, (0, 0), sigma), np.float32)


def flat_colour(rng: Rng) -> Canvas:
    return np.full((SIZE[1], SIZE[0], 3), any_colour(rng), np.float32)


def gradient(rng: Rng) -> Canvas:
    """Run from one colour to another, in steps or not."""
    x = np.linspace(0, 1, SIZE[1], dtype=np.float32)
    if rng.random() < 0.5:
        x = np.floor(x * rng.integers(4, 20)) / np.float32(20)
    first, last = single(any_colour(rng)), single(any_colour(rng))
    rows = first + x[:, None] * (last - first)
    return np.ascontiguousarray(np.broadcast_to(rows[:, None], (SIZE[1], SIZE[0], 3)), np.float32)


def brick_wall(rng: Rng) -> Canvas:
    page = np.full((SIZE[1], SIZE[0], 3), any_colour(rng, 120, 230), np.float32)
    tall, gap, brick = int(rng.integers(30, 90)), int(rng.integers(4, 14)), single(any_colour(rng, 80, 230))
    long = int(tall * rng.uniform(2, 3.5))
    for row, y in enumerate(range(0, SIZE[1], tall + gap)):
        for x in range(-(row % 2) * (long + gap) // 2, SIZE[0], long + gap):
            tone = brick * rng.uniform(0.85, 1.1) + rng.normal(0, 6, 3)
            page[y : y + tall, max(x, 0) : max(x + long, 0)] = tone
    return _blur(page, 1.0)


def piano_keys(rng: Rng) -> Canvas:
    page = np.full((SIZE[1], SIZE[0], 3), dark_ink(rng), np.float32)
    wide, ivory, black = int(rng.integers(40, 110)), pale_tone(rng), dark_ink(rng)
    top, bottom = int(rng.integers(60, 300)), int(rng.integers(600, 960))
    for k, x in enumerate(range(0, SIZE[0], wide)):
        page[top:bottom, x + 1 : x + wide - 1] = ivory
        if k % 7 not in (2, 6):
            middle = top + int(0.62 * (bottom - top))
            cv2.rectangle(page, (int(x + 0.7 * wide), top), (int(x + 1.3 * wide), middle), black, -1)
    return page


def crosswalk(rng: Rng) -> Canvas:
    page = np.full((SIZE[1], SIZE[0], 3), any_colour(rng, 50, 110), np.float32)
    page += rng.normal(0, 6, page.shape).astype(np.float32)
    wide, gap, tone = int(rng.integers(25, 90)), int(rng.integers(25, 90)), pale_tone(rng)
    left, right = int(rng.integers(0, 200)), int(rng.integers(600, 800))
    for y in range(60, SIZE[1] - 60, wide + gap):
        page[y : y + wide, left:right] = tone
    return page


def book_spines(rng: Rng) -> Canvas:
    """Stand books on a shelf, their spines with bands and titles."""
    page = np.full((SIZE[1], SIZE[0], 3), dark_ink(rng), np.float32)
    x = 0
    while x < SIZE[0]:
        wide, top = int(rng.integers(30, 110)), int(rng.integers(40, 260))
        spine = np.full((940 - top, wide, 3), any_colour(rng, 40, 250), np.float32)
        for _ in range(rng.integers(0, 4)):
            y = int(rng.integers(20, spine.shape[0] - 60))
            spine[y : y + int(rng.integers(4, 40))] = any_colour(rng)
        turned = np.ascontiguousarray(np.rot90(spine))
        write(turned, "The Collected Tales", (120, wide // 2 + 8), 0.8, ink=any_colour(rng), thick=2)
        across = np.linspace(-1, 1, wide, dtype=np.float32)[None, :, None]
        room = min(wide, SIZE[0] - x)
        page[top:940, x : x + room] = (np.rot90(turned, -1) * (1 - 0.35 * across**4))[:, :room]
        x += wide + 2
    return page


def spreadsheet(rng: Rng) -> Canvas:
    """Fill cells with numbers, some rows and cells shaded."""
    page, ink, rule = (
        np.full((SIZE[1], SIZE[0], 3), 252, np.float32),
        (40.0, 40.0, 45.0),
        (200.0, 200.0, 205.0),
    )
    tall, wide = int(rng.integers(24, 60)), int(rng.integers(80, 200))
    shade, mark = any_colour(rng, 170, 250), any_colour(rng, 120, 240)
    for row, y in enumerate(range(0, SIZE[1] - tall, tall)):
        if row % 2 and wide % 2:
            page[y : y + tall] = shade
        for x in range(0, SIZE[0], wide):
            if rng.random() < 0.05:
                page[y : y + tall, x : x + wide] = mark
            cv2.rectangle(page, (x, y), (x + wide, y + tall), rule, 1)
            if rng.random() < 0.8:
                write(page, f"{rng.uniform(0, 999):.1f}", (x + 6, y + tall - 8), tall / 50, ink=ink, thick=1)
    return page


def bar_chart(rng: Rng) -> Canvas:
    page, ink = np.full((SIZE[1], SIZE[0], 3), 250, np.float32), dark_ink(rng)
    cv2.rectangle(page, (90, 60), (740, 900), ink, 2)
    for y in range(150, 900, 150):
        page[y : y + 1, 90:740] = 200
    wide, colours = int(rng.integers(14, 60)), [any_colour(rng) for _ in range(rng.integers(1, 4))]
    for k, x in enumerate(range(120, 720 - wide, int(wide * rng.uniform(1.2, 2.5)))):
        top = int(rng.integers(100, 850))
        if rng.random() < 0.5 and len(colours) > 1:
            page[top : (top + 900) // 2, x : x + wide] = colours[(k + 1) % len(colours)]
            top = (top + 900) // 2
        page[top:900, x : x + wide] = colours[k % len(colours)]
    write_text(page, rng, (90, 915, 740, 960), 18)
    return page


def grey_wedge(rng: Rng) -> Canvas:
    """Lay a chart with grey steps or colour patches on a card."""

    def one(rng: Rng) -> Canvas:
        count, tall = int(rng.integers(5, 20)), int(rng.integers(40, 110))
        wide = 620 // count
        thing = np.full((tall + 40, 660, 3), rng.choice((30, 128, 245)), np.float32)
        for k in range(count):
            tone = 250 * (1 - k / count) ** rng.uniform(0.9, 1.1)
            patch = (tone, tone, tone) if rng.random() < 0.7 else any_colour(rng)
            thing[20 : 20 + tall, 20 + k * wide : 20 + (k + 1) * wide - int(rng.integers(0, 4))] = patch
        return thing

    return scattered(blank_sheet(rng), one, rng, 3)


def banknote(rng: Rng) -> Canvas:
    """Print fine waves, a portrait, figures, a thread and a pale field."""

    def one(rng: Rng) -> Canvas:
        tint = single(any_colour(rng, 130, 230))
        y, x = np.indices((270, 560), np.float32)
        waves = np.sin((y + 9 * np.sin(x / 40)) * rng.uniform(0.5, 1.5)) * np.sin(x / rng.uniform(3, 9))
        thing = tint + 18 * waves[..., None].astype(np.float32)
        thing[:, 20:130] = 0.3 * thing[:, 20:130] + 0.7 * 235
        cv2.ellipse(thing, (410, 140), (70, 100), 0, 0, 360, any_colour(rng, 80, 160), -1)
        thing[:, 200 : 200 + int(rng.integers(3, 12))] *= 0.5
        write(thing, "50", (150, 70), 2.0, ink=dark_ink(rng), thick=4)
        write(thing, "DB 20771839", (150, 250), 0.7, ink=dark_ink(rng), thick=2)
        return np.asarray(thing, np.float32)

    return scattered(blank_sheet(rng), one, rng, 3)


def fence(rng: Rng) -> Canvas:
    page = np.full((SIZE[1], SIZE[0], 3), any_colour(rng, 60, 220), np.float32)
    page += _blur(rng.normal(0, 60, page.shape).astype(np.float32), 5.0) * 2
    wide, gap, paint = int(rng.integers(20, 80)), int(rng.integers(8, 60)), single(any_colour(rng, 120, 250))
    for y in (250, 700):
        page[y : y + int(rng.integers(20, 60))] = 0.7 * paint
    for x in range(10, SIZE[0] - wide, wide + gap):
        page[int(rng.integers(60, 110)) :, x : x + wide] = paint * rng.uniform(0.9, 1.05)
        page[:, x + wide : x + wide + 3] *= 0.6
    return page


def ladder(rng: Rng) -> Canvas:
    page = blank_sheet(rng)
    rail, gap, metal = int(rng.integers(20, 50)), int(rng.integers(40, 140)), any_colour(rng, 100, 240)
    left, right = int(rng.integers(100, 300)), int(rng.integers(450, 700))
    for y in range(40, SIZE[1] - 40, gap):
        cv2.rectangle(page, (left, y), (right, y + max(8, rail // 2)), metal, -1)
        page[y + max(8, rail // 2) : y + max(8, rail // 2) + 5, left:right] *= 0.7
    for x in (left, right):
        cv2.rectangle(page, (x, 0), (x + rail, SIZE[1]), metal, -1)
    return page


def wood_planks(rng: Rng) -> Canvas:
    page = np.zeros((SIZE[1], SIZE[0], 3), np.float32)
    tone, wide = single(any_colour(rng, 90, 230)), int(rng.integers(50, 180))
    for x in range(0, SIZE[0], wide):
        grain = cv2.GaussianBlur(rng.normal(0, 1, (SIZE[1], wide)), (0, 0), sigmaX=1.2, sigmaY=60)
        grain = single(grain / np.abs(grain).max())[:, : SIZE[0] - x, None]
        page[:, x : x + wide] = tone * rng.uniform(0.85, 1.1) * (1 + 0.12 * grain)
        page[:, x : x + 3] *= 0.4
        for y in rng.integers(0, SIZE[1], 2):
            page[y : y + 3, x : x + wide] *= 0.5
    return page


def syringe(rng: Rng) -> Canvas:
    """Lay clear barrels with scale marks, a dark stopper and a coloured plunger."""

    def one(rng: Rng) -> Canvas:
        rows = int(rng.integers(50, 110))
        thing = np.full((rows, 640, 3), pale_tone(rng), np.float32)
        stop, ink = int(rng.integers(160, 480)), dark_ink(rng)
        thing[:, stop : stop + int(rng.integers(14, 40))] = dark_ink(rng)
        thing[rows // 3 : -rows // 3, stop + 40 :] = any_colour(rng, 120, 240)
        thing[6:-6, 40:stop] = 0.6 * thing[6:-6, 40:stop] + 0.4 * single(any_colour(rng))
        for k, x in enumerate(range(50, 600, int(rng.integers(8, 24)))):
            thing[: rows // (2 if k % 5 == 0 else 4), x : x + 2] = ink
        thing[:3] = thing[-3:] = 120
        return thing

    return scattered(blank_sheet(rng), one, rng, 3)


def pencils(rng: Rng) -> Canvas:
    """Lay pencils side by side: a point, a body, a metal sleeve, a rubber."""

    def one(rng: Rng) -> Canvas:
        rows = int(rng.integers(24, 50))
        thing = np.full((rows, 620, 3), any_colour(rng), np.float32)
        thing[:, :60] = (222, 188, 140)
        thing[:, 530:575] = any_colour(rng, 150, 230)
        for x in range(532, 575, 9):
            thing[:, x : x + 3] *= 0.7
        thing[:, 575:] = (214, 130, 130)
        facets = np.repeat([0.75, 1.0, 0.85], -(-rows // 3))[:rows]
        return np.asarray(thing * facets[:, None, None], np.float32)

    return scattered(blank_sheet(rng), one, rng, 6)


def drawn_cassette(rng: Rng) -> Canvas:
    """Draw a cassette with a pen: outline, window with one line or two, well, letters."""
    page, ink, thick = _sheet(rng), dark_ink(rng), int(rng.integers(2, 7))
    width, height = int(rng.integers(420, 640)), int(rng.integers(130, 240))
    x, y = int(rng.integers(40, 740 - width)), int(rng.integers(60, 700))
    wx, ww = x + int(0.35 * width), int(0.38 * width)
    wy, wh = y + int(0.3 * height), int(0.4 * height)
    for a, b, w, h in ((x, y, width, height), (wx, wy, ww, wh)):
        corners = np.array([(a, b), (a + w, b), (a + w, b + h), (a, b + h), (a, b)], float).repeat(6, axis=0)
        points = corners + rng.normal(0, 1.5, corners.shape)
        cv2.polylines(page, [points.astype(np.int32)], True, ink, thick, cv2.LINE_AA)
    pen = any_colour(rng, 20, 200) if rng.random() < 0.6 else ink
    for share, letter in ((0.3, "C"), (0.65, "T"))[: rng.integers(1, 3)]:
        at, wave = int(wx + share * ww), rng.normal(0, 2, 2)
        cv2.line(page, (int(at + wave[0]), wy), (int(at + wave[1]), wy + wh), pen, thick + 2, cv2.LINE_AA)
        write(page, letter, (at - 8, wy - 8), 0.8, ink=ink, thick=2)
    cv2.circle(page, (x + int(0.17 * width), y + height // 2), height // 6, ink, thick, cv2.LINE_AA)
    return page


def screenshot(rng: Rng) -> Canvas:
    """Show a screen: bars, cards with lines of text, coloured buttons and tags."""
    page = np.full((SIZE[1], SIZE[0], 3), rng.choice((245, 252, 30)), np.float32)
    page[:60] = any_colour(rng)
    for y in range(90, 900, int(rng.integers(90, 190))):
        cv2.rectangle(page, (30, y), (770, y + 70), any_colour(rng, 200, 255), -1)
        cv2.rectangle(page, (50, y + 15), (50 + int(rng.integers(60, 200)), y + 50), any_colour(rng), -1)
        write_text(page, rng, (290, y + 8, 740, y + 50), int(rng.integers(12, 18)))
    return page


def envelope(rng: Rng) -> Canvas:
    """Lay letters with a clear window, a stamp and a postmark's bars."""

    def one(rng: Rng) -> Canvas:
        thing = np.full((260, 520, 3), pale_tone(rng), np.float32)
        cv2.rectangle(thing, (50, 120), (260, 200), (225, 225, 222), -1)
        write_text(thing, rng, (62, 130, 250, 180), 16)
        cv2.rectangle(thing, (430, 20), (500, 100), any_colour(rng), -1)
        for y in range(30, 100, 14):
            thing[y : y + 4, 260:470] *= 0.5
        return thing

    return scattered(blank_sheet(rng), one, rng, 2)


def drawers(rng: Rng) -> Canvas:
    """Set pale panels with a groove around and a handle across: windows with one dark bar."""
    page = np.full((SIZE[1], SIZE[0], 3), any_colour(rng, 120, 240), np.float32)
    tall, wide, grip = int(rng.integers(60, 150)), int(rng.integers(180, 380)), dark_ink(rng)
    panel = single(pale_tone(rng))
    for y in range(20, SIZE[1] - tall, tall + int(rng.integers(8, 30))):
        for x in range(15, SIZE[0] - wide, wide + 16):
            page[y - 3 : y + tall + 3, x - 3 : x + wide + 3] *= 0.6
            page[y : y + tall, x : x + wide] = panel
            bar = int(rng.integers(6, 18))
            if wide % 2:
                page[y + 5 : y + tall - 5, x + wide // 3 : x + wide // 3 + bar] = grip
            else:
                page[y + tall // 3 : y + tall // 3 + bar, x + wide // 4 : x + 3 * wide // 4] = grip
    return _blur(page, 0.8)


def tape(rng: Rng) -> Canvas:
    """Stick pale tape over a page, with a stripe of colour or two on it."""
    page = blank_sheet(rng)
    for _ in range(rng.integers(1, 5)):
        thing = np.full(
            (int(rng.integers(30, 80)), int(rng.integers(150, 500)), 3), pale_tone(rng), np.float32
        )
        if rng.random() < 0.6:
            x = int(rng.integers(20, thing.shape[1] - 40))
            thing[:, x : x + int(rng.integers(4, 25))] = any_colour(rng)
        lay(
            page,
            thing,
            (float(rng.uniform(150, 650)), float(rng.uniform(150, 850))),
            float(rng.uniform(0, 180)),
        )
    return page


PATTERNS: dict[str, Callable[[Rng], Canvas]] = {
    "flat colour": flat_colour,
    "gradient": gradient,
    "brick wall": brick_wall,
    "piano keys": piano_keys,
    "crosswalk": crosswalk,
    "book spines": book_spines,
    "spreadsheet": spreadsheet,
    "bar chart": bar_chart,
    "grey wedge": grey_wedge,
    "banknote": banknote,
    "fence": fence,
    "ladder": ladder,
    "wood planks": wood_planks,
    "syringe": syringe,
    "pencils": pencils,
    "drawn cassette": drawn_cassette,
    "screenshot": screenshot,
    "envelope": envelope,
    "drawers": drawers,
    "tape": tape,
}
