"""Scenes as people photograph them: what is not chosen is drawn, each aspect with dice of its own.

The dice of an aspect depend only on the picture's seed, so that fixing the tilt changes nothing but it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from reader.errors import OptionError
from reader.interpret import Assay
from reader.simulate.camera import Camera, View
from reader.simulate.choices import Choices
from reader.simulate.devices import Device
from reader.simulate.light import Glare, Light, SecondLight, ShadowEdge
from reader.simulate.materials import Material
from reader.simulate.scenes import Placed, Scene, crop
from reader.simulate.specimens import draw_device
from reader.simulate.table import Background, Decoy, Sheet

__all__ = ["draw_scene"]

Dice = Callable[[str], np.random.Generator]
Colour = tuple[float, float, float]

# Table tops: material, mean linear reflectance, how often.
_TABLES: tuple[tuple[Material, Colour, float], ...] = (
    ("paper", (0.66, 0.66, 0.67), 0.12),
    ("laminate", (0.60, 0.58, 0.55), 0.10),
    ("laminate", (0.05, 0.05, 0.055), 0.05),
    ("laminate", (0.42, 0.10, 0.05), 0.03),
    ("laminate", (0.30, 0.36, 0.40), 0.05),
    ("wood", (0.45, 0.33, 0.23), 0.12),
    ("wood", (0.30, 0.14, 0.06), 0.07),
    ("wood", (0.17, 0.08, 0.04), 0.06),
    ("stone", (0.50, 0.43, 0.33), 0.05),
    ("granite", (0.34, 0.32, 0.30), 0.05),
    ("granite", (0.08, 0.08, 0.085), 0.03),
    ("cloth", (0.07, 0.11, 0.24), 0.06),
    ("cloth", (0.42, 0.40, 0.36), 0.06),
    ("page", (0.62, 0.60, 0.54), 0.04),
    ("tiles", (0.60, 0.58, 0.55), 0.03),
    ("skin", (0.50, 0.30, 0.21), 0.02),
)
_HAND_SHARE = 0.06
_SKINS: tuple[Colour, ...] = ((0.58, 0.36, 0.27), (0.50, 0.30, 0.21), (0.36, 0.19, 0.12), (0.20, 0.10, 0.065))
_NOTES = ("(+ve)", "(-ve)", "No 27")
_SIZES_PX = ((900, 1200), (1200, 1600), (1080, 1440), (1080, 1920), (1512, 2016))
_MOST_MEGAPIXELS = 30.0
_GAP_MM = (2.0, 12.0)  # between two tests that lie side by side
_SIGHT_MM = (0.6, 2.5)  # of what is seen around a window in a close-up


def draw_scene(assay: Assay, choices: Choices, dice: Dice) -> Scene:
    """Draw a scene.

    Parameters
    ----------
    assay : Assay
        The kit.
    choices : Choices
        What is fixed.
    dice : callable
        From the name of an aspect to its generator.

    Raises
    ------
    OptionError
        If a line that was given a level is not one of the assay's, or the picture would be too large.
    """
    rng = dice("kind")
    kind = choices.kind or ("strip" if assay.kind == "strip" else "cassette")
    if choices.kind is None and choices.devices in {None, 1} and rng.random() < 0.18:
        kind = "window"
    count = _count(choices, rng) if kind != "window" else 1
    strip_like = kind == "strip" or (kind == "window" and assay.kind == "strip")
    devices = [
        draw_device(assay, choices, dice("brand"), dice(f"device {k}"), strip_like=strip_like)
        for k in range(count)
    ]
    light, resize = _light(choices, dice("light")), _resize(choices, dice("resize"))
    if kind == "window":
        seen = _close_up(devices[0], choices, dice, resize)
    else:
        seen = _overview(devices, choices, dice, resize)
    camera = replace(_camera(choices, seen.view.px_per_mm, dice("camera")), resize=resize)
    return replace(seen, light=light, camera=camera)


def _count(choices: Choices, rng: np.random.Generator) -> int:
    drawn = int(rng.choice((1, 2, 3, 5), p=(0.88, 0.05, 0.05, 0.02)))
    return drawn if choices.devices is None else choices.devices


def _resize(choices: Choices, rng: np.random.Generator) -> float:
    """Draw by how much the finished picture is smaller than the camera's."""
    drawn = float(rng.uniform(0.6, 0.95)) if rng.random() < 0.15 else 1.0
    return drawn if choices.resize is None else choices.resize


def _close_up(device: Device, choices: Choices, dice: Dice, resize: float) -> Scene:
    rng = dice("view")
    drawn = float(np.exp(rng.uniform(math.log(5), math.log(28))))
    angle = float(rng.normal(0, 4)) + 90.0 * int(rng.integers(4))
    margin = (float(rng.uniform(*_SIGHT_MM)), float(rng.uniform(*_SIGHT_MM)) + 0.6)
    tilt, towards = _slant(choices, rng)
    seen = crop(
        device,
        px_per_mm=(choices.px_per_mm or drawn) / resize,
        margin_mm=margin,
        angle_deg=angle if choices.angle_deg is None else choices.angle_deg,
    )
    view = replace(seen.view, tilt_deg=tilt, tilt_towards_deg=towards, distortion=choices.distortion or 0.0)
    if choices.size_px is not None:
        size = _before(choices.size_px, resize)
        fit = min(wanted / side for wanted, side in zip(size, view.size_px, strict=True))
        view = replace(view, size_px=size, px_per_mm=view.px_per_mm * (1 if choices.px_per_mm else fit))
    background, hand = _table(choices, dice("table"))
    decoys = (_hand(angle, dice("hand")),) if hand else ()
    _affordable(view.size_px)
    return replace(seen, view=view, background=background, decoys=decoys)


def _overview(devices: list[Device], choices: Choices, dice: Dice, resize: float) -> Scene:
    rng = dice("view")
    turned = 90.0 * int(rng.choice(4, p=(0.7, 0.12, 0.06, 0.12))) + float(rng.normal(0, 5))
    if rng.random() < 0.12:
        turned = float(rng.uniform(0, 360))
    angle = turned if choices.angle_deg is None else choices.angle_deg
    placed, span = _row(devices, angle, dice("row"))
    view = _view(span, choices, rng, resize)
    background, hand = _table(choices, dice("table"))
    decoys = () if choices.clean else _decoys(placed, angle, dice("things"))
    if hand:
        decoys = (_hand(angle, dice("hand")),)
    return Scene(view=view, placed=placed, background=background, decoys=decoys)


def _row(
    devices: list[Device], angle_deg: float, rng: np.random.Generator
) -> tuple[tuple[Placed, ...], tuple[float, float]]:
    """Lay devices side by side, not quite in line; also return what they span across and down, mm."""
    gap = float(rng.uniform(*_GAP_MM))
    across = sum(d.size_mm[0] for d in devices) + gap * max(len(devices) - 1, 0)
    along = max((d.size_mm[1] for d in devices), default=70.0)
    angle = math.radians(angle_deg)
    c, s = math.cos(angle), math.sin(angle)
    placed, left = [], -across / 2
    for device in devices:
        alone = len(devices) == 1
        x, y = left + device.size_mm[0] / 2, 0.0 if alone else float(rng.normal(0, 1.0))
        turned = angle_deg + (0.0 if alone else float(rng.normal(0, 1.2)))
        placed.append(Placed(device, (c * x - s * y, s * x + c * y), turned))
        left += device.size_mm[0] + gap
    across, along = max(across, 25.0), along + 2.0
    return tuple(placed), (abs(c) * across + abs(s) * along, abs(s) * across + abs(c) * along)


def _view(span_mm: tuple[float, float], choices: Choices, rng: np.random.Generator, resize: float) -> View:
    size = _SIZES_PX[int(rng.integers(len(_SIZES_PX)))]
    lying = span_mm[0] > 1.2 * span_mm[1]
    if lying != (rng.random() < 0.15):
        size = size[::-1]
    # A scale that is chosen makes the picture as large as what it shows; then little is left around.
    fill = float(rng.uniform(0.35 if choices.px_per_mm is None else 0.6, 0.92))
    tilt, towards = _slant(choices, rng)
    distance = float(rng.uniform(110, 260))
    bent = float(np.clip(rng.normal(0, 0.012), -0.05, 0.05))
    off = (float(rng.normal(0, 0.05)), float(rng.normal(0, 0.05)))
    scale = None if choices.px_per_mm is None else choices.px_per_mm / resize
    if choices.size_px is not None:
        size = choices.size_px
    elif scale is not None:
        size = (round(resize * scale * span_mm[0] / fill), round(resize * scale * span_mm[1] / fill))
    size = _before(size, resize)
    _affordable(size)
    scale = scale or fill * min(size[0] / span_mm[0], size[1] / span_mm[1])
    spare = [side / scale - mm for side, mm in zip(size, span_mm, strict=True)]
    return View(
        size,
        scale,
        (off[0] * max(spare[0], 0), off[1] * max(spare[1], 0)),
        tilt_deg=tilt,
        tilt_towards_deg=towards,
        distance_mm=max(distance, 1.2 * max(span_mm)),
        distortion=bent if choices.distortion is None else choices.distortion,
    )


def _slant(choices: Choices, rng: np.random.Generator) -> tuple[float, float]:
    tilt = float(min(abs(rng.normal(0, 7)), 25))
    towards = float(rng.choice([90.0, 270.0, 0.0, 180.0]) + rng.normal(0, 15))
    return (tilt if choices.tilt_deg is None else choices.tilt_deg), towards


def _before(size_px: tuple[int, int], resize: float) -> tuple[int, int]:
    """Return the size of the camera's picture from that of the finished one."""
    return (round(size_px[0] / resize), round(size_px[1] / resize))


def _affordable(size_px: tuple[int, int]) -> None:
    """Refuse a picture that would take too much memory and time."""
    megapixels = size_px[0] * size_px[1] / 1e6
    if megapixels > _MOST_MEGAPIXELS:
        raise OptionError(
            f"The camera would take {megapixels:.0f} megapixels, more than {_MOST_MEGAPIXELS:.0f}."
        )


def _table(choices: Choices, rng: np.random.Generator) -> tuple[Background, bool]:
    """Return the table, and whether a hand lies on it."""
    wanted = choices.background
    tables = [table for table in _TABLES if wanted in {None, "hand", table[0]}]
    tables = tables or [("noise", (0.3, 0.3, 0.3), 1.0)]  # which no table is
    shares = np.array([share for _, _, share in tables])
    hand = rng.random() < _HAND_SHARE
    material, mean, _ = tables[int(rng.choice(len(tables), p=shares / shares.sum()))]
    tint = 1 + 0.12 * rng.normal() + 0.04 * rng.normal(0, 1, 3)
    red, green, blue = (float(v) for v in np.clip(np.asarray(mean) * tint, 0.02, 0.8))
    sheet = Sheet((float(rng.normal(0, 15)), float(rng.normal(0, 15))), angle_deg=float(rng.normal(0, 6)))
    papered = rng.random() < 0.3 and material not in {"paper", "page"}
    if wanted is not None or choices.clean:
        hand, papered = wanted == "hand", False
    return Background(material, (red, green, blue), (sheet,) if papered and not hand else ()), hand


def _hand(angle_deg: float, rng: np.random.Generator) -> Decoy:
    """Lay an open hand under the tests, its fingers across or along them."""
    colour = _SKINS[int(rng.integers(len(_SKINS)))]
    turn = float(rng.choice((0.0, 90.0, 180.0, 270.0)) + rng.normal(0, 12))
    place = (float(rng.normal(0, 6)), float(rng.normal(0, 6)))
    return Decoy("hand", place, float(rng.uniform(16, 20)), angle_deg + turn, colour=colour)


def _decoys(placed: tuple[Placed, ...], angle_deg: float, rng: np.random.Generator) -> tuple[Decoy, ...]:
    """Put up to two things beside the tests, clear of them."""
    angle = math.radians(angle_deg)
    ends = [p.device.size_mm[0] / 2 + math.hypot(*p.center_mm) for p in placed]
    found: tuple[Decoy, ...] = ()
    for side in (-1, 1):
        away = max(ends, default=0.0) + float(rng.uniform(20, 28))
        drawn = _thing((side * away * math.cos(angle), side * away * math.sin(angle)), angle_deg, rng)
        if rng.random() < 0.2:
            found += drawn
    return found


def _thing(center_mm: tuple[float, float], angle_deg: float, rng: np.random.Generator) -> tuple[Decoy, ...]:
    """Draw a thing; what is printed or written has a card below it."""
    turn = float(rng.normal(angle_deg, 8))
    kit, note = f"kit{rng.integers(1000)}", str(rng.choice(_NOTES))
    card = Decoy("card", center_mm, 42.0, turn, colour=(0.70, 0.70, 0.69))
    things: tuple[tuple[Decoy, ...], ...] = (
        (Decoy("chart", center_mm, 34.0, turn + 90),),
        (card, Decoy("text", center_mm, 2.2, turn, "Read the result\nafter 15 minutes.\nDo not re-use.")),
        (card, Decoy("code", center_mm, 16.0, turn, kit)),
        (card, Decoy("scribble", center_mm, 6.0, turn, note, (0.02, 0.03, 0.10))),
        (Decoy("bars", center_mm, 26.0, turn),),
        (Decoy("pen", center_mm, 130.0, turn + 90, colour=(0.03, 0.06, 0.30)),),
    )
    return things[int(rng.integers(len(things)))]


def _light(choices: Choices, rng: np.random.Generator) -> Light:
    """Draw a room's light: mostly soft, sometimes of two colours, of a near lamp, shaded or mirrored."""
    warm = float(np.clip(rng.normal(0, 0.05), -0.12, 0.12))
    slope = np.clip(rng.normal(0, 0.10, 2), -0.25, 0.25)
    room = Light(
        azimuth_deg=float(rng.uniform(0, 360)),
        elevation_deg=float(rng.uniform(30, 75)),
        ambient=float(rng.uniform(0.3, 0.75)),
        colour=(1 + warm, 1.0, 1 - 1.3 * warm),
        gradient=(float(slope[0]), float(slope[1])),
    )
    edge = ShadowEdge(
        (float(rng.normal(0, 14)), float(rng.normal(0, 25))),
        float(rng.uniform(0, 360)),
        float(rng.uniform(0.12, 0.5)),
        float(np.exp(rng.uniform(math.log(1), math.log(14)))),
    )
    mirrored = Glare(
        (float(rng.normal(0, 6)), float(rng.normal(0, 12))),
        (float(rng.uniform(1.5, 7)), float(rng.uniform(0.8, 4))),
        float(np.exp(rng.uniform(math.log(0.2), math.log(3)))),
        float(rng.uniform(0, 180)),
    )
    other = SecondLight(
        (1 - 1.5 * warm + float(rng.normal(0, 0.04)), 1.0, 1 + 2 * warm + float(rng.normal(0, 0.05))),
        (float(rng.normal(0, 25)), float(rng.normal(0, 25))),
        float(rng.uniform(0, 360)),
        float(rng.uniform(20, 90)),
    )
    lamp = (float(rng.uniform(180, 500)), float(rng.normal(0, 90)), float(rng.normal(0, 90)))
    shaded, shiny, mixed, near = (rng.random(4) < (0.15, 0.08, 0.15, 0.2)).tolist()
    plain = choices.clean
    return replace(
        room,
        gradient=(0.0, 0.0) if plain else room.gradient,
        shadows=(edge,) if (shaded and not plain if choices.shadow is None else choices.shadow) else (),
        glares=(mirrored,) if (shiny and not plain if choices.glare is None else choices.glare) else (),
        second=other if mixed and not plain else None,
        spot=lamp if near and not plain else None,
    )


def _camera(choices: Choices, px_per_mm: float, rng: np.random.Generator) -> Camera:
    """Draw a phone: mostly sharp and well exposed, sometimes noisy, soft or twice compressed."""
    soft_mm = float(np.clip(rng.lognormal(math.log(0.035), 0.6), 0, 0.3))
    drawn = Camera(
        exposure=float(np.clip(rng.normal(0.78, 0.13), 0.35, 1.05)),
        white_balance=(
            float(np.clip(rng.normal(1, 0.035), 0.9, 1.1)),
            1.0,
            float(np.clip(rng.normal(1, 0.04), 0.9, 1.1)),
        ),
        blur_px=math.hypot(float(rng.uniform(0.45, 0.8)), soft_mm * px_per_mm),
        motion_px=(float(min(rng.exponential(0.03), 0.3)) * px_per_mm, float(rng.uniform(0, 180))),
        vignetting=float(rng.uniform(0, 0.2)),
        flare=float(min(rng.exponential(0.02), 0.08)),
        shot_noise=float(np.clip(rng.lognormal(math.log(0.014), 0.5), 0.004, 0.04)),
        noise_px=float(rng.uniform(0.4, 1.0)),
        s_curve=float(rng.uniform(0, 0.4)),
        sharpening=float(rng.uniform(0, 1.0)),
        saturation=float(rng.uniform(0.95, 1.25)),
        jpeg_quality=_quality(rng),
        bayer=bool(rng.random() < 0.75),
        denoise=float(rng.uniform(0.2, 1.0)) if rng.random() < 0.6 else 0.0,
        colour_matrix=_colours(rng),
        subsampling="4:2:0" if rng.random() < 0.88 else "4:4:4",
    )
    earlier = int(rng.integers(75, 96)) if rng.random() < 0.12 else 0
    return _as_chosen(replace(drawn, earlier_jpeg=earlier), choices, px_per_mm)


def _quality(rng: np.random.Generator) -> int:
    low = rng.random() < 0.12
    return int(rng.integers(30, 65) if low else rng.integers(65, 99))


def _colours(rng: np.random.Generator) -> tuple[tuple[float, float, float], ...]:
    """Draw how one camera's colours differ from another's; grey stays grey."""
    mixing = np.eye(3) + rng.normal(0, 0.03, (3, 3))
    rows = mixing / mixing.sum(1, keepdims=True)
    return tuple((float(r), float(g), float(b)) for r, g, b in rows)


def _as_chosen(camera: Camera, choices: Choices, px_per_mm: float) -> Camera:
    """Return the camera with all that is fixed of it."""
    fixed: dict[str, Any] = {
        "exposure": choices.exposure,
        "shot_noise": choices.noise,
        "s_curve": choices.contrast,
        "jpeg_quality": choices.jpeg,
        "subsampling": choices.subsampling,
    }
    if choices.clean:
        fixed["earlier_jpeg"] = 0
    if choices.blur_mm is not None:
        fixed["blur_px"] = choices.blur_mm * px_per_mm
    if choices.motion_mm is not None:
        fixed["motion_px"] = (choices.motion_mm * px_per_mm, camera.motion_px[1])
    if choices.noise == 0:
        fixed["read_noise"] = 0.0
    if choices.white_balance is not None:
        fixed["white_balance"] = (choices.white_balance[0], 1.0, choices.white_balance[1])
    return replace(camera, **{name: value for name, value in fixed.items() if value is not None})
