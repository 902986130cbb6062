"""Random pictures with realistic severities: what people's photos of tests look like."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Literal

import numpy as np

from reader.interpret import Assay, load_assay
from reader.simulate.camera import Camera, View
from reader.simulate.devices import LETTERS, STYLES, Device, cassette, strip
from reader.simulate.ink import INKS
from reader.simulate.kits import assay_bands, assay_outcome
from reader.simulate.light import Light, ShadowEdge
from reader.simulate.lines import Band, bands, sandwich_outcome
from reader.simulate.membranes import Membrane
from reader.simulate.rendering import render
from reader.simulate.scenes import Placed, Scene, crop
from reader.simulate.table import Background, Decoy, Material, Sheet
from reader.simulate.truth import Picture

__all__ = ["random_camera", "random_device", "random_light", "random_scene"]

Kind = Literal["cassette", "strip", "crop"]
Colour = tuple[float, float, float]

_TABLES: tuple[tuple[Material, Colour], ...] = (
    ("paper", (0.66, 0.66, 0.67)),
    ("laminate", (0.60, 0.58, 0.55)),
    ("laminate", (0.05, 0.05, 0.055)),
    ("wood", (0.45, 0.33, 0.23)),
    ("wood", (0.17, 0.08, 0.04)),
    ("stone", (0.50, 0.43, 0.33)),
    ("stone", (0.03, 0.03, 0.03)),
    ("cloth", (0.07, 0.11, 0.24)),
    ("cloth", (0.42, 0.40, 0.36)),
)
_BRANDS = ("OneStep", "Rapid Ag", "Dx-line", "QuickDx\nAg", "Home Test", "VeriLine")
_SIZES = ((900, 1200), (1200, 1600), (1080, 1440), (1512, 2016))


def random_scene(
    rng: np.random.Generator,
    assay: str | Assay | None = None,
    kind: Kind | None = None,
    *,
    unused: bool = False,
) -> Picture:
    """Draw a picture of one test as people take them.

    Parameters
    ----------
    rng : numpy.random.Generator
        The only source of randomness.
    assay : str or Assay, optional
        A profile or its id; by default a control line and one or two test lines.
    kind : {"cassette", "strip", "crop"}, optional
        By default 70 % cassettes, 12 % dipsticks, 18 % cut windows, or the assay's own device.
    unused : bool, default False
        Draw a test that has not been run: no line at all on its membrane.

    Returns
    -------
    Picture
        ``settings`` holds all that was drawn.
    """
    profile = None if assay is None else load_assay(assay)
    if kind is None:
        kind = ("cassette", "strip", "crop")[int(rng.choice(3, p=(0.70, 0.12, 0.18)))]
        if profile is not None and profile.kind == "strip":
            kind = "strip"
    device = random_device(rng, profile, strip_like=kind == "strip", unused=unused)
    if kind == "crop":
        return render(_random_crop(device, rng), rng)
    return render(_random_view(device, rng), rng)


def random_device(
    rng: np.random.Generator, assay: Assay | None = None, *, strip_like: bool = False, unused: bool = False
) -> Device:
    """Draw a device: its lines unless it is unused, membrane, shape and prints."""
    if assay is None:
        names = ("C", "T") if rng.random() < 0.75 else ("C", "T2", "T1")
        laid = bands(dict.fromkeys(names, 0.0))
    else:
        laid = assay_bands(assay, {})
    laid = _random_bands(laid, rng)
    if unused:
        laid = tuple(replace(line, od=0.0) for line in laid)
    if assay is None:
        outcome, name = sandwich_outcome(laid), "generic"
    else:
        outcome, name = assay_outcome(assay, {b.name: b.od for b in laid}), assay.id
    if strip_like:
        return strip(
            laid,
            brand=str(rng.choice(("", *_BRANDS))).replace("\n", " "),
            width_mm=float(rng.uniform(3.2, 5.0)),
            assay=name,
            outcome=outcome,
            membrane=replace(_random_membrane(rng), tone=_tone(rng, 0.78)),
        )
    return cassette(
        laid,
        style=STYLES[rng.integers(4)],
        brand=str(rng.choice(_BRANDS)),
        brand_colour=INKS[rng.integers(4)],
        letters=LETTERS[int(rng.choice(4, p=(0.55, 0.15, 0.2, 0.1)))],
        length_mm=float(rng.uniform(64, 78)),
        width_mm=float(rng.uniform(18.5, 23)),
        wells=1 if rng.random() < 0.7 else 2,
        code="" if rng.random() < 0.7 else f"lot{rng.integers(1000, 9999)}",
        assay=name,
        outcome=outcome,
        membrane=_random_membrane(rng),
        colour=_tone(rng, 0.80, 0.008),
    )


def _random_bands(lines: tuple[Band, ...], rng: np.random.Generator) -> tuple[Band, ...]:
    width, sharp = float(rng.uniform(0.6, 1.2)), float(rng.uniform(2, 4))
    tilt, bow = float(rng.normal(0, 0.015)), float(rng.normal(0, 0.01))
    shift = float(rng.normal(0, 0.01))
    drawn = []
    for line in lines:
        if line.role == "control":
            od = (
                0.0 if rng.random() < 0.06 else float(np.clip(rng.lognormal(math.log(0.38), 0.45), 0.08, 0.9))
            )
        else:
            od = 0.0 if rng.random() < 0.5 else float(np.exp(rng.uniform(math.log(0.006), math.log(0.6))))
        position = line.position + shift + float(rng.normal(0, 0.005))
        fwhm = width * float(rng.uniform(0.9, 1.1))
        skew = float(rng.uniform(0, 0.25))
        drawn.append(
            replace(
                line, od=od, position=position, fwhm_mm=fwhm, sharpness=sharp, skew=skew, tilt=tilt, bow=bow
            )
        )
    return tuple(drawn)


def _random_membrane(rng: np.random.Generator) -> Membrane:
    return Membrane(
        tone=_tone(rng, float(rng.uniform(0.52, 0.76))),
        texture=float(rng.uniform(0.003, 0.012)),
        grain_mm=float(rng.uniform(0.05, 0.15)),
        streaks=float(rng.uniform(0.0, 0.006)),
        edge_darkening=float(rng.uniform(0.0, 0.06)),
        haze=float(rng.exponential(0.015)),
        haze_mm=float(rng.uniform(3, 12)),
        stain=0.0 if rng.random() < 0.9 else float(rng.uniform(0.01, 0.15)),
        front=float(rng.uniform(0.3, 0.9)),
    )


def _tone(rng: np.random.Generator, level: float, tint: float = 0.025) -> Colour:
    return (
        level,
        level * float(1 - abs(rng.normal(0, tint))),
        level * float(1 + rng.normal(-0.01, tint)),
    )


def _random_view(device: Device, rng: np.random.Generator) -> Scene:
    size = _SIZES[rng.integers(4)]
    angle = float(rng.normal(0, 5)) + 90.0 * int(rng.choice(4, p=(0.7, 0.12, 0.06, 0.12)))
    if rng.random() < 0.15:
        angle = float(rng.uniform(0, 360))
    scale = float(rng.uniform(0.4, 0.85)) * size[0] / device.size_mm[1]
    if abs(math.sin(math.radians(angle))) < 0.3:
        scale *= 4 / 3
    offset = (float(rng.normal(0, 4)), float(rng.normal(0, 5)))
    view = View(
        size,
        scale,
        offset,
        tilt_deg=float(min(abs(rng.normal(0, 8)), 25)),
        tilt_towards_deg=float(rng.choice([90.0, 270.0, 0.0, 180.0]) + rng.normal(0, 15)),
        distance_mm=float(rng.uniform(110, 260)),
    )
    material, colour = _TABLES[rng.integers(len(_TABLES))]
    sheets = (Sheet((float(rng.normal(0, 15)), float(rng.normal(0, 15))), angle_deg=float(rng.normal(0, 6))),)
    background = Background(material, colour, sheets if material != "paper" and rng.random() < 0.35 else ())
    return Scene(
        view=view,
        placed=(Placed(device, (0.0, 0.0), angle),),
        background=background,
        decoys=_random_decoys(device, angle, rng),
        light=random_light(rng),
        camera=random_camera(rng),
    )


def _random_crop(device: Device, rng: np.random.Generator) -> Scene:
    return crop(
        device,
        px_per_mm=float(np.exp(rng.uniform(math.log(4), math.log(24)))),
        margin_mm=(float(rng.uniform(0.4, 2.5)), float(rng.uniform(0.6, 4))),
        angle_deg=float(rng.normal(0, 4)) + 90.0 * int(rng.integers(4)),
        light=random_light(rng),
        camera=replace(random_camera(rng), vignetting=0.0),
    )


def _random_decoys(device: Device, angle_deg: float, rng: np.random.Generator) -> tuple[Decoy, ...]:
    """Put up to two things beside the device, clear of it."""
    angle = math.radians(angle_deg)
    found = []
    for side in (-1, 1):
        if rng.random() > 0.22:
            continue
        away = device.size_mm[0] / 2 + float(rng.uniform(20, 26))
        center = (side * away * math.cos(angle), side * away * math.sin(angle))
        turn = float(rng.normal(angle_deg, 8))
        match int(rng.integers(5)):
            case 0:
                found.append(Decoy("chart", center, 34.0, turn + 90))
            case 1:
                found.append(
                    Decoy("text", center, 2.2, turn, "Read the result\nafter 15 minutes.\nDo not re-use.")
                )
            case 2:
                found.append(Decoy("code", center, 16.0, turn, f"kit{rng.integers(1000)}"))
            case 3:
                found.append(
                    Decoy("scribble", center, 6.0, turn, str(rng.choice(["(+ve)", "(-ve)", "No 27"])))
                )
            case _:
                found.append(Decoy("pen", center, 130.0, turn + 90, colour=(0.03, 0.06, 0.30)))
    return tuple(found)


def random_light(rng: np.random.Generator) -> Light:
    """Draw a room's light: mostly even and soft, sometimes with a shadow's edge."""
    warm = float(rng.normal(0, 0.05))
    shadows: tuple[ShadowEdge, ...] = ()
    if rng.random() < 0.12:
        where = (float(rng.normal(0, 12)), float(rng.normal(0, 25)))
        shadows = (
            ShadowEdge(
                where, float(rng.uniform(0, 360)), float(rng.uniform(0.15, 0.5)), float(rng.uniform(1, 8))
            ),
        )
    return Light(
        azimuth_deg=float(rng.uniform(0, 360)),
        elevation_deg=float(rng.uniform(35, 75)),
        ambient=float(rng.uniform(0.45, 0.8)),
        colour=(1 + warm, 1.0, 1 - 1.3 * warm),
        gradient=(float(rng.normal(0, 0.10)), float(rng.normal(0, 0.10))),
        shadows=shadows,
    )


def random_camera(rng: np.random.Generator) -> Camera:
    """Draw a phone: mostly sharp and well exposed, sometimes noisy, soft or twice compressed."""
    return Camera(
        exposure=float(np.clip(rng.normal(0.78, 0.14), 0.35, 1.1)),
        white_balance=(float(rng.normal(1, 0.03)), 1.0, float(rng.normal(1, 0.04))),
        blur_px=float(np.clip(rng.lognormal(math.log(0.8), 0.35), 0.4, 3)),
        motion_px=(float(rng.exponential(0.6)), float(rng.uniform(0, 180))),
        vignetting=float(rng.uniform(0, 0.15)),
        flare=float(rng.uniform(0, 0.05)),
        shot_noise=float(rng.uniform(0.004, 0.02)),
        noise_px=float(rng.uniform(0.4, 1.0)),
        s_curve=float(rng.uniform(0, 0.4)),
        sharpening=float(rng.uniform(0, 0.8)),
        saturation=float(rng.uniform(0.95, 1.25)),
        earlier_jpeg=0 if rng.random() < 0.8 else int(rng.integers(60, 90)),
        jpeg_quality=int(rng.integers(70, 97)),
    )
