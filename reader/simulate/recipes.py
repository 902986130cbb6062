"""The sample pictures, each as a scene: one place that says what every one of them shows."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

from reader.reading import Outcome
from reader.simulate.camera import Camera
from reader.simulate.devices import Device, strip
from reader.simulate.kits import for_assay
from reader.simulate.light import Glare, Light, ShadowEdge
from reader.simulate.lines import Band
from reader.simulate.membranes import Membrane
from reader.simulate.scenes import Scene, crop, scene
from reader.simulate.table import Background, Decoy, Sheet

__all__ = ["RECIPES", "Recipe"]

PORTRAIT = (1200, 1600)
LIGHT_WOOD = Background("wood", (0.47, 0.35, 0.25))
DARK_WOOD = Background("wood", (0.18, 0.085, 0.04))
STONE = Background("stone", (0.50, 0.43, 0.33))
CLOTH = Background("cloth", (0.08, 0.12, 0.25))
DARK_TABLE = Background("laminate", (0.035, 0.035, 0.04))
BLUE, GREEN, PURPLE = (0.01, 0.06, 0.28), (0.0, 0.17, 0.08), (0.33, 0.02, 0.20)
LAMP = Light(
    azimuth_deg=215, elevation_deg=48, ambient=0.55, colour=(1.05, 1.0, 0.92), gradient=(0.06, -0.05)
)
WINDOW = Light(
    azimuth_deg=300, elevation_deg=40, ambient=0.65, colour=(0.98, 1.0, 1.03), gradient=(-0.1, 0.08)
)
PHONE = Camera(exposure=0.88, s_curve=0.2, saturation=1.15, jpeg_quality=88)


@dataclass(frozen=True, slots=True)
class Recipe:
    """One sample picture.

    Attributes
    ----------
    file : str
        Name of the file; its ending says the format.
    shows : str
        What it is, in a sentence.
    build : callable
        Makes the scene.
    outcome : Outcome
        What a good reader says of the picture.
    assay : str
        The profile to read it with.
    accept : tuple of Outcome
        Other answers that are no mistake.
    """

    file: str
    shows: str
    build: Callable[[], Scene]
    outcome: Outcome
    assay: str = "generic"
    accept: tuple[Outcome, ...] = ()


def _on_paper(
    table: Background = DARK_TABLE, colour: tuple[float, float, float] = (0.72, 0.72, 0.735)
) -> Background:
    return replace(table, sheets=(Sheet((33.0, 24.0), (148.0, 190.0), 4.0, colour),))


def _uneven(lines: tuple[Band, ...]) -> tuple[Band, ...]:
    return tuple(replace(line, sharpness=2.6, skew=0.15, tilt=0.02, bow=0.012) for line in lines)


def _kit(assay: str, lines: Mapping[str, float], **design: object) -> Device:
    device = for_assay(assay, lines, **design)
    return replace(device, lines=_uneven(device.lines))


def _covid_positive() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.46, "T": 0.17}, code="skg5080", style="bevel")
    return scene(
        [device], angle_deg=4, tilt_deg=9, fill=0.72, background=LIGHT_WOOD, light=WINDOW, camera=PHONE
    )


def _covid_negative() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.38}, style="stadium", brand="COVID-19\nAg", brand_colour=BLUE)
    notes = (Decoy("scribble", (2.0, 47.0), 6.5, -3.0, "(-ve)"),)
    return scene(
        [device], angle_deg=-2, fill=0.55, background=_on_paper(), decoys=notes, light=LAMP, camera=PHONE
    )


def _covid_faint() -> Scene:
    device = _kit(
        "covid-19-ag", {"C": 0.40, "T": 0.010}, style="bevel", brand="Home Test", brand_colour=PURPLE
    )
    return scene([device], angle_deg=90, fill=0.95, size_px=(2000, 1500), background=STONE, light=WINDOW)


def _covid_three() -> Scene:
    levels: tuple[Mapping[str, float], ...] = ({"C": 0.42, "T": 0.25}, {"C": 0.35}, {"T": 0.12})
    devices = [_kit("covid-19-ag", each, style="stadium", brand=f"A{i}") for i, each in enumerate(levels, 1)]
    return scene(
        devices, size_px=(1500, 1400), fill=0.8, angle_deg=1.5, background=CLOTH, light=LAMP, camera=PHONE
    )


def _igg_igm() -> Scene:
    device = _kit("covid-19-igg-igm", {"C": 0.35, "G": 0.16}, style="wide", brand="2019-nCoV", letters="left")
    return scene(
        [device], angle_deg=-4, tilt_deg=6, fill=0.55, background=DARK_WOOD, light=LAMP, camera=PHONE
    )


def _malaria_both() -> Scene:
    lines = {"C": 0.36, "Pan": 0.14, "Pf": 0.22}
    hazy = Membrane(haze=0.03, haze_mm=6, stain=0.03, front=0.8)
    device = _kit(
        "malaria-pf-pan",
        lines,
        style="stadium",
        brand="Dx-line\nMalaria",
        brand_colour=GREEN,
        wells=2,
        membrane=hazy,
    )
    notes = (Decoy("scribble", (-4.0, 46.0), 7.0, -4.0, "(+ve)"),)
    return scene(
        [device], angle_deg=2, fill=0.6, background=_on_paper(), decoys=notes, light=LAMP, camera=PHONE
    )


def _malaria_negative() -> Scene:
    stained = Membrane(stain=0.08, front=0.75, haze=0.015)
    device = _kit(
        "malaria-pf",
        {"C": 0.30},
        style="wide",
        brand="MALARIA\nP.f",
        brand_colour=BLUE,
        wells=2,
        membrane=stained,
    )
    return scene(
        [device], angle_deg=88, size_px=(1600, 1200), fill=0.7, background=CLOTH, light=WINDOW, camera=PHONE
    )


def _hiv_negative() -> Scene:
    device = _kit("hiv-1-2", {"C": 0.41}, style="plain", brand="HIV 1/2", letters="right")
    return scene(
        [device], angle_deg=183, tilt_deg=7, fill=0.6, background=_on_paper(STONE), light=LAMP, camera=PHONE
    )


def _hiv_positive() -> Scene:
    device = _kit("hiv-1-2", {"C": 0.33, "1": 0.28}, style="bevel", brand="HIV 1/2", brand_colour=PURPLE)
    chart = (Decoy("chart", (36.0, 4.0), 36.0, 91.0),)
    return scene(
        [device], angle_deg=1, fill=0.6, background=DARK_TABLE, decoys=chart, light=WINDOW, camera=PHONE
    )


def _hcg_weak() -> Scene:
    device = _kit("hcg", {"C": 0.5, "T": 0.04}, style="stadium", brand="hCG", brand_colour=PURPLE)
    return scene([device], angle_deg=-8, fill=0.75, background=STONE, light=WINDOW, camera=PHONE)


def _dengue() -> Scene:
    device = _kit("dengue-igg-igm", {"C": 0.34, "M": 0.07}, style="stadium", brand="Dengue\nIgG/IgM", wells=2)
    return scene([device], angle_deg=3, fill=0.6, background=_on_paper(DARK_WOOD), light=LAMP, camera=PHONE)


def _flu() -> Scene:
    device = _kit("influenza-a-b", {"C": 0.13, "A": 0.06}, brand="Influenza")
    legend = (Decoy("bars", (24.0, -14.0), 26.0, 2.0), Decoy("text", (24.0, 2.0), 1.8, 2.0, "A    C    B"))
    return scene(
        [device], angle_deg=-6, fill=0.8, background=_on_paper(), decoys=legend, light=WINDOW, camera=PHONE
    )


def _drug_negative() -> Scene:
    device = _kit("doa-thc", {"C": 0.40, "T": 0.22}, style="bevel", brand="THC", brand_colour=GREEN)
    return scene([device], angle_deg=-12, fill=0.6, background=LIGHT_WOOD, light=LAMP, camera=PHONE)


def _drug_positive() -> Scene:
    device = _kit("doa-thc", {"C": 0.40}, style="bevel", brand="THC", brand_colour=GREEN)
    pen = (Decoy("pen", (33.0, 5.0), 130.0, 84.0, colour=(0.03, 0.06, 0.30)),)
    return scene(
        [device], angle_deg=6, fill=0.55, background=DARK_TABLE, decoys=pen, light=LAMP, camera=PHONE
    )


def _lh_surge() -> Scene:
    device = for_assay("lh", {"C": 0.28, "T": 0.42}, style="plain", brand="LH")
    return scene([device], angle_deg=0.5, fill=0.7, background=CLOTH, light=WINDOW, camera=PHONE)


def _lh_low() -> Scene:
    device = for_assay("lh", {"C": 0.40, "T": 0.15}, style="plain", brand="LH")
    return scene([device], angle_deg=-1, fill=0.7, background=CLOTH, light=WINDOW, camera=PHONE)


def _no_control() -> Scene:
    device = _kit("hbsag", {"T": 0.20}, style="bevel", brand="HBsAg", letters="right")
    return scene([device], angle_deg=2, fill=0.6, background=_on_paper(), light=LAMP, camera=PHONE)


def _unused() -> Scene:
    device = _kit("syphilis", {}, style="wide", brand="Syphilis", membrane=Membrane(tone=(0.76, 0.75, 0.74)))
    return scene([device], angle_deg=-3, fill=0.6, background=DARK_WOOD, light=WINDOW, camera=PHONE)


def _bare_strip() -> Scene:
    device = strip(
        {"C": 0.35, "T": 0.12}, arrows=False, membrane=Membrane(tone=(0.78, 0.76, 0.75), haze=0.02)
    )
    return scene([device], angle_deg=12, fill=0.75, background=DARK_TABLE, light=LAMP, camera=PHONE)


def _crop_positive() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.5, "T": 0.09}, style="stadium", letters="none")
    return crop(device, px_per_mm=16, angle_deg=3, light=LAMP, camera=PHONE)


def _crop_negative() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.33}, style="bevel", letters="none")
    cool = replace(WINDOW, colour=(0.90, 1.0, 1.06))
    return crop(device, px_per_mm=11, margin_mm=(2.2, 3.0), angle_deg=267, light=cool, camera=PHONE)


def _large_photo() -> Scene:
    device = _kit("hcv", {"C": 0.36, "T": 0.11}, style="bevel", brand="HCV", letters="right")
    camera = replace(PHONE, blur_px=1.1, noise_px=0.9, shot_noise=0.010, jpeg_quality=80)
    return scene(
        [device],
        size_px=(3000, 4000),
        fill=0.45,
        angle_deg=5,
        tilt_deg=10,
        background=LIGHT_WOOD,
        light=WINDOW,
        camera=camera,
    )


def _tilted() -> Scene:
    device = _kit(
        "dengue-ns1", {"C": 0.38, "T": 0.20}, style="stadium", brand="Dengue NS1", brand_colour=GREEN
    )
    return scene(
        [device],
        fill=0.62,
        angle_deg=35,
        tilt_deg=22,
        tilt_towards_deg=250,
        background=LIGHT_WOOD,
        light=LAMP,
        camera=replace(PHONE, jpeg_quality=55),
    )


def _shadow() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.45, "T": 0.15}, style="bevel", brand="COVID-19 Ag")
    light = replace(WINDOW, shadows=(ShadowEdge((0.0, -5.0), 60.0, 0.38, 5.0),))
    return scene([device], angle_deg=-2, fill=0.65, background=_on_paper(STONE), light=light, camera=PHONE)


def _blurred() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.4, "T": 0.06}, style="bevel", brand="COVID-19 Ag")
    camera = replace(PHONE, blur_px=9.0, motion_px=(26.0, 70.0))
    return scene([device], angle_deg=5, fill=0.6, background=LIGHT_WOOD, light=LAMP, camera=camera)


def _dark() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.4, "T": 0.06}, style="stadium", brand="COVID-19 Ag")
    camera = replace(PHONE, exposure=0.03, shot_noise=0.015, read_noise=0.002, s_curve=0.3)
    return scene([device], angle_deg=-4, fill=0.6, background=DARK_WOOD, light=LAMP, camera=camera)


def _glare() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.4, "T": 0.15}, style="bevel", brand="COVID-19 Ag")
    light = replace(WINDOW, glares=(Glare((0.4, -3.0), (6.5, 4.2), 3.0, 30.0),))
    return scene([device], angle_deg=0, fill=0.6, background=DARK_TABLE, light=light, camera=PHONE)


def _compressed() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.4, "T": 0.02}, style="bevel", brand="COVID-19 Ag")
    camera = replace(PHONE, earlier_jpeg=30, jpeg_quality=14)
    return scene(
        [device], size_px=(720, 960), angle_deg=3, fill=0.6, background=STONE, light=LAMP, camera=camera
    )


def _tiny() -> Scene:
    device = _kit("covid-19-ag", {"C": 0.4, "T": 0.15}, style="bevel")
    return scene(
        [device], size_px=(120, 160), angle_deg=3, fill=0.45, background=LIGHT_WOOD, light=LAMP, camera=PHONE
    )


def _empty_table() -> Scene:
    pen = (Decoy("pen", (-20.0, 10.0), 130.0, 60.0, colour=(0.02, 0.02, 0.02)),)
    empty = scene([], size_px=PORTRAIT, fill=0.5, background=DARK_WOOD, decoys=pen, light=LAMP, camera=PHONE)
    return replace(empty, view=replace(empty.view, px_per_mm=9.0))


def _colour_chart() -> Scene:
    things = (
        Decoy("chart", (0.0, -6.0), 84.0, 3.0),
        Decoy("card", (10.0, 62.0), 60.0, -5.0, colour=(0.7, 0.7, 0.68)),
    )
    empty = scene(
        [], size_px=PORTRAIT, background=Background("laminate", (0.4, 0.4, 0.4)), decoys=things, light=WINDOW
    )
    return replace(empty, view=replace(empty.view, px_per_mm=10.0))


def _drawn_page() -> Scene:
    red, ink = (0.45, 0.03, 0.05), (0.02, 0.03, 0.12)
    drawing = (
        Decoy("scribble", (-10.0, 0.0), 74.0, 1.0, "□", ink),
        Decoy("scribble", (-10.0, -6.0), 24.0, 0.0, "□", ink),
        Decoy("scribble", (-9.6, -9.5), 11.0, 0.0, "-", red),
        Decoy("scribble", (-9.6, -2.0), 11.0, 2.0, "-", red),
        Decoy("scribble", (-2.0, -8.0), 4.0, 0.0, "R", ink),
        Decoy("scribble", (36.0, -38.0), 6.0, -6.0, "No 27", ink),
        Decoy("scribble", (36.0, -24.0), 6.0, -6.0, "A 130/75", ink),
        Decoy("scribble", (34.0, 30.0), 7.0, -6.0, "(+ve)", red),
    )
    page = scene(
        [], size_px=PORTRAIT, background=_on_paper(DARK_WOOD), decoys=drawing, light=LAMP, camera=PHONE
    )
    return replace(page, view=replace(page.view, px_per_mm=10.0))


def _noise() -> Scene:
    empty = scene([], size_px=(480, 360), background=Background("noise", (0.3, 0.3, 0.3)))
    return replace(empty, view=replace(empty.view, px_per_mm=4.0))


_UNREADABLE = (Outcome.INDETERMINATE,)
_POSITIVE, _NEGATIVE, _INVALID = Outcome.POSITIVE, Outcome.NEGATIVE, Outcome.INVALID
_DOUBT, _NONE = Outcome.INDETERMINATE, Outcome.NOT_READ

# The order is part of the recipe: each picture's dice are seeded with its place in the list.
RECIPES = (
    Recipe("covid-positive.jpg", "C and a clear T.", _covid_positive, _POSITIVE, "covid-19-ag"),
    Recipe(
        "covid-negative.jpg", "C alone, a note in handwriting.", _covid_negative, _NEGATIVE, "covid-19-ag"
    ),
    Recipe(
        "covid-faint.jpg", "T at the limit of the eye.", _covid_faint, _DOUBT, "covid-19-ag", (_POSITIVE,)
    ),
    Recipe(
        "covid-three.jpg",
        "Three that differ: positive, negative, no control.",
        _covid_three,
        Outcome.MULTIPLE,
        "covid-19-ag",
    ),
    Recipe("covid-igg.jpg", "C and G, no M.", _igg_igm, _POSITIVE, "covid-19-igg-igm"),
    Recipe(
        "malaria-pf-and-pan.jpg",
        "All three lines, a little haze.",
        _malaria_both,
        _POSITIVE,
        "malaria-pf-pan",
    ),
    Recipe(
        "malaria-pf-negative.jpg",
        "C alone, blood on the membrane.",
        _malaria_negative,
        _NEGATIVE,
        "malaria-pf",
    ),
    Recipe("hiv-negative.jpg", "C alone, upside down.", _hiv_negative, _NEGATIVE, "hiv-1-2"),
    Recipe("hiv-1-positive.jpg", "C and 1, a colour chart beside it.", _hiv_positive, _POSITIVE, "hiv-1-2"),
    Recipe("hcg-weak-positive.jpg", "A strong C and a weak T.", _hcg_weak, _POSITIVE, "hcg"),
    Recipe("dengue-igm-positive.jpg", "C and a weak M.", _dengue, _POSITIVE, "dengue-igg-igm"),
    Recipe(
        "flu-a-positive.jpg",
        "Dipstick with a blue control line and a red A.",
        _flu,
        _POSITIVE,
        "influenza-a-b",
    ),
    Recipe(
        "drug-negative.jpg",
        "Competitive: T is there, so nothing was found.",
        _drug_negative,
        _NEGATIVE,
        "doa-thc",
    ),
    Recipe("drug-positive.jpg", "Competitive: T is missing.", _drug_positive, _POSITIVE, "doa-thc"),
    Recipe("lh-surge.jpg", "T stronger than C.", _lh_surge, _POSITIVE, "lh"),
    Recipe("lh-low.jpg", "T weaker than C.", _lh_low, _NEGATIVE, "lh"),
    Recipe("hbsag-no-control.jpg", "T without C.", _no_control, _INVALID, "hbsag"),
    Recipe("syphilis-unused.jpg", "A cassette that was never used.", _unused, _INVALID, "syphilis", (_NONE,)),
    Recipe("bare-strip.jpg", "A strip without its cassette.", _bare_strip, _POSITIVE),
    Recipe("crop-positive.png", "An already cut read window.", _crop_positive, _POSITIVE, "covid-19-ag"),
    Recipe(
        "crop-negative.webp", "An already cut read window, lying.", _crop_negative, _NEGATIVE, "covid-19-ag"
    ),
    Recipe("hcv-12-megapixels.jpg", "A phone's full-size picture.", _large_photo, _POSITIVE, "hcv"),
    Recipe("dengue-ns1-slanted.heic", "Photographed at a slant.", _tilted, _POSITIVE, "dengue-ns1"),
    Recipe(
        "covid-shadow.jpg", "A shadow's edge across the window.", _shadow, _POSITIVE, "covid-19-ag", (_DOUBT,)
    ),
    Recipe("bad-blurred.jpg", "Out of focus and shaken.", _blurred, _NONE, "covid-19-ag"),
    Recipe("bad-dark.jpg", "Far too dark.", _dark, _NONE, "covid-19-ag"),
    Recipe("bad-glare.jpg", "A lamp mirrored on the window.", _glare, _NONE, "covid-19-ag"),
    Recipe(
        "bad-compressed.jpg", "A faint T, compressed to death.", _compressed, _DOUBT, "covid-19-ag", (_NONE,)
    ),
    Recipe("bad-tiny.jpg", "A thumbnail.", _tiny, _NONE, "covid-19-ag", _UNREADABLE),
    Recipe("none-table.jpg", "An empty table with a pen.", _empty_table, _NONE),
    Recipe("none-colour-chart.jpg", "A colour chart and a card.", _colour_chart, _NONE),
    Recipe("none-drawn-page.jpg", "A test drawn by hand.", _drawn_page, _NONE, accept=(_DOUBT, _INVALID)),
    Recipe("none-noise.jpg", "Coloured noise.", _noise, _NONE),
)
