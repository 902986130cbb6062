"""Random tests: what developed on the membrane, what soiled it, and the device around it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from reader.errors import OptionError
from reader.interpret import Assay
from reader.simulate.choices import Choices
from reader.simulate.devices import LETTERS, STYLES, Device, cassette, strip
from reader.simulate.ink import INKS
from reader.simulate.kits import assay_bands, assay_outcome
from reader.simulate.lines import LABELS, Band, bands, sandwich_outcome
from reader.simulate.looks import dressed
from reader.simulate.membranes import Membrane
from reader.simulate.soiling import BLOOD, HAIR, INK, SCRATCH, Mark, Stain

__all__ = ["draw_device"]

Colour = tuple[float, float, float]

_PLASTICS: tuple[Colour, ...] = (
    (0.80, 0.80, 0.775),
    (0.60, 0.70, 0.76),
    (0.78, 0.72, 0.58),
    (0.66, 0.74, 0.66),
)
_HANDLES: tuple[Colour, ...] = (
    (0.80, 0.80, 0.79),
    (0.55, 0.06, 0.06),
    (0.06, 0.25, 0.50),
    (0.05, 0.32, 0.14),
)
_BRANDS = ("OneStep", "Rapid Ag", "Dx-line", "QuickDx\nAg", "Home Test", "VeriLine", "Q-Screen", "InstaDx")
# Peak absorbance of a test line: traces at the limit of the eye, weak and clear lines, and how often.
_TEST_OD = ((0.003, 0.02, 0.2), (0.02, 0.08, 0.3), (0.08, 0.6, 0.5))
_CONTROL_OD, _CONTROL_SPREAD = 0.48, 0.45  # median, and standard deviation of the logarithm
# Absorbance of gold in red and blue over that in green, as photos of 60 tests show it: median and spread.
# Single particles would have 0.03 and 0.68 (``LABELS``); in a line they touch, and cameras mix colours.
_RED_OVER_GREEN, _BLUE_OVER_GREEN = (0.27, 0.5, 0.02, 0.7), (0.80, 0.10, 0.55, 1.05)
_ABSENT = {"control": 0.05, "test": 0.45}
_GHOST_OD, _GHOST_MM = (0.003, 0.02), (0.3, 1.0)


def draw_device(
    assay: Assay,
    choices: Choices,
    brand: np.random.Generator,
    own: np.random.Generator,
    *,
    strip_like: bool,
) -> Device:
    """Draw a test of a kit: its lines, membrane, shape and prints.

    Parameters
    ----------
    assay : Assay
        The kit; one without a layout of its own has a control line and one or two test lines.
    choices : Choices
        What is fixed of lines and membrane.
    brand : numpy.random.Generator
        For what all tests of a brand have in common: shape, prints, number of lines.
    own : numpy.random.Generator
        For what is this test's own: its lines, membrane, numbers.
    strip_like : bool
        A dipstick rather than a cassette.

    Raises
    ------
    OptionError
        If a line that was given a level is not one of the assay's.
    """
    laid = _developed(_layout(assay, choices.levels, brand), choices, own)
    levels = {band.name: band.od for band in laid}
    outcome = sandwich_outcome(laid) if assay.open_ended else assay_outcome(assay, levels)
    length, width = assay.window_mm or (15.0, 3.5)
    look = _membrane(choices, laid, (length, width), own)
    common: dict[str, Any] = {"assay": assay.id, "outcome": outcome}
    if strip_like:
        return _dipstick(laid, look, assay, common, brand)
    return dressed(_cassette(laid, look, assay, common, brand), brand, own)


def _layout(assay: Assay, levels: Mapping[str, float], rng: np.random.Generator) -> tuple[Band, ...]:
    """Return the kit's lines, none of them developed."""
    if not assay.open_ended:
        return assay_bands(assay, dict.fromkeys(levels, 0.0))
    several = rng.random() < 0.25
    tests = [name for name in levels if not name.startswith("C")] or (["T2", "T1"] if several else ["T"])
    unknown = sorted(set(tests) - {"T", "T1", "T2", "T3"}) + sorted(set(levels) - {"C", *tests})
    if unknown:
        raise OptionError(
            f"The assay {assay.id} has no line {', '.join(unknown)}; its lines are C, T or C, T1, T2, T3."
        )
    return bands(dict.fromkeys(["C", *sorted(tests, reverse=True)], 0.0))


def _developed(lines: tuple[Band, ...], choices: Choices, rng: np.random.Generator) -> tuple[Band, ...]:
    """Draw how the lines came out; lines of one strip were dispensed by one machine."""
    form = _form(choices, rng)
    shift = float(np.clip(rng.normal(0, 0.008), -0.02, 0.02))
    gold = _gold(rng)
    drawn = []
    for line in lines:
        od = _level(line, rng)
        changes = {**form, **_unevenness(choices, rng)}
        changes["position"] = line.position + shift + float(np.clip(rng.normal(0, 0.004), -0.01, 0.01))
        scale = float(rng.uniform(0.92, 1.08))
        changes |= {name: form[name] * scale for name in ("fwhm_mm", "flat_mm", "tail_mm") if name in form}
        changes["od"] = choices.levels.get(line.name, od)
        changes["colour"] = gold if line.label == "gold" else None
        drawn.append(replace(line, **changes))
    return tuple(drawn)


def _gold(rng: np.random.Generator) -> Colour:
    """Draw the colour of a kit's gold, as a camera sees it in linear light."""
    median, spread, low, high = _RED_OVER_GREEN
    red = float(np.clip(rng.lognormal(math.log(median), spread), low, high))
    mean, spread, low, high = _BLUE_OVER_GREEN
    return (red, 1.0, float(np.clip(rng.normal(mean, spread), low, high)))


def _level(line: Band, rng: np.random.Generator) -> float:
    """Draw a line's absorbance; the same dice are thrown whatever it is."""
    absent = rng.random() < _ABSENT[line.role]
    if line.role == "control":
        od = float(np.clip(rng.lognormal(math.log(_CONTROL_OD), _CONTROL_SPREAD), 0.08, 1.0))
    else:
        low, high, _ = _TEST_OD[int(rng.choice(len(_TEST_OD), p=[share for _, _, share in _TEST_OD]))]
        od = float(np.exp(rng.uniform(math.log(low), math.log(high))))
    return 0.0 if absent else od


def _form(choices: Choices, rng: np.random.Generator) -> dict[str, Any]:
    """Draw the shape that all lines of a strip share."""
    fwhm = float(np.clip(rng.normal(0.9, 0.17), 0.45, 1.5))
    flat, tail = float(rng.uniform(0.3, 0.85)) * fwhm, min(float(rng.uniform(0.05, 0.3)), 0.5 * fwhm)
    sharp, skew = float(rng.uniform(2, 4)), float(rng.uniform(0, 0.25))
    tilt, bow = float(np.clip(rng.normal(0, 0.014), -0.035, 0.035)), float(rng.normal(0, 0.012))
    shapes: tuple[dict[str, float], ...] = (
        {"skew": skew},
        {"flat_mm": flat, "skew": skew},
        {"tail_mm": tail},
        {"sharpness": sharp, "skew": skew},
    )
    shape = shapes[int(rng.choice(4, p=(0.3, 0.3, 0.2, 0.2)))]
    if choices.clean:
        return {"fwhm_mm": fwhm}
    return {"fwhm_mm": fwhm, **shape, "tilt": tilt, "bow": bow}


def _unevenness(choices: Choices, rng: np.random.Generator) -> dict[str, Any]:
    """Draw how unevenly one line was dispensed across the strip."""
    spread = float(rng.uniform(0.02, 0.10))  # coefficient of variation across the width
    weights, phases = rng.normal(0, 1, 4) / (1, 1.5, 2, 2.5), rng.uniform(0, 2 * math.pi, 4)
    weights *= spread * math.sqrt(2) / float(np.hypot.reduce(weights))
    gap = (float(rng.uniform(-1.4, 1.4)), float(rng.uniform(0.08, 0.5)))
    broken = rng.random() < 0.05
    if choices.clean:
        return {}
    ripples = tuple((float(a), float(p)) for a, p in zip(weights, phases, strict=True))
    return {"ripples": ripples, "gaps": (gap,) if broken else ()}


def _membrane(
    choices: Choices, lines: tuple[Band, ...], size_mm: tuple[float, float], rng: np.random.Generator
) -> Membrane:
    """Draw what the membrane looks like apart from its lines."""
    level = float(rng.uniform(0.44, 0.80))
    yellow = float(rng.uniform(0.0, 0.08))
    drawn = Membrane(
        tone=(level, level * (1 - float(abs(rng.normal(0, 0.02)))), level * (1 - yellow)),
        texture=float(np.exp(rng.uniform(math.log(0.003), math.log(0.015)))),
        grain_mm=float(rng.uniform(0.05, 0.15)),
        streaks=float(rng.uniform(0.0, 0.006)),
        edge_darkening=float(rng.uniform(0.0, 0.06)),
        haze=float(min(rng.exponential(0.012), 0.05)),
        haze_mm=float(rng.uniform(3, 12)),
        haze_colour=next((line.tint for line in lines if line.od), LABELS["gold"]),
        stain=float(rng.uniform(0.01, 0.2)) if rng.random() < 0.08 else 0.0,
        front=float(rng.uniform(0.3, 0.95)),
        front_mm=float(rng.uniform(0.3, 2.0)),
        fibres=float(rng.uniform(0, 1.2)) if rng.random() < 0.6 else 0.0,
        ghosts=_ghosts(lines, rng),
        stains=_floods(rng),
        marks=_marks(size_mm, rng),
    )
    if choices.clean:
        drawn = replace(drawn, haze=0.0, stain=0.0, fibres=0.0, ghosts=(), stains=(), marks=())
    chosen: dict[str, Any] = {"haze": choices.haze, "stain": choices.stain, "texture": choices.texture}
    return replace(drawn, **{name: value for name, value in chosen.items() if value is not None})


def _ghosts(lines: tuple[Band, ...], rng: np.random.Generator) -> tuple[Band, ...]:
    """Draw a grey trace where a test line that did not develop has dried."""
    od, width = float(rng.uniform(*_GHOST_OD)), float(rng.uniform(*_GHOST_MM))
    dried, which = rng.random() < 0.08, rng.random()
    bare = [line for line in lines if line.role == "test" and line.od == 0]
    if not dried or not bare:
        return ()
    place = bare[int(which * len(bare))].position
    return (Band("ghost", "test", place, od, width, label="carbon"),)


def _floods(rng: np.random.Generator) -> tuple[Stain, ...]:
    """Draw label that flooded the membrane unevenly, or a tide mark where it dried."""
    flood, tide = (rng.random(2) < (0.05, 0.06)).tolist()
    drawn = rng.uniform((0.05, 0.1, 0.0), (0.5, 0.5, 2 * math.pi), (3, 3))
    waves = tuple((float(a), float(f), float(p)) for a, f, p in drawn)
    depth = float(np.exp(rng.uniform(math.log(0.01), math.log(0.08))))
    front, width = float(rng.uniform(0.05, 0.9)), float(rng.uniform(0.3, 1.5))
    found = []
    if flood:
        gold = LABELS["gold"]
        colour = (depth * gold[0], depth * gold[1], depth * gold[2])
        found.append(Stain(colour, front, width, edge=0.3, waves=waves))
    if tide:
        pale = 0.25 * depth
        colour = (pale * BLOOD[0], pale * BLOOD[1], pale * BLOOD[2])
        found.append(Stain(colour, 1 - front, 0.4 * width, "control", edge=0.8, waves=waves))
    return tuple(found)


def _marks(size_mm: tuple[float, float], rng: np.random.Generator) -> tuple[Mark, ...]:
    """Draw a hair, a scratch or a stroke of a pen."""
    length, width = size_mm

    def place() -> tuple[float, float]:
        return (float(rng.uniform(0, length)), float(rng.uniform(-width / 2, width / 2)))

    start, bend, end = place(), place(), place()
    thin, pen = float(rng.uniform(0.04, 0.09)), float(rng.uniform(0.2, 0.5))
    drawn, kind = rng.random() < 0.07, int(rng.choice(3, p=(0.6, 0.3, 0.1)))
    near = (start[0] + 0.3 * (end[0] - start[0]), end[1])
    kinds = (
        Mark(start, bend, near, thin, HAIR),
        Mark(start, start, near, thin, SCRATCH),
        Mark(start, start, near, pen, INK),
    )
    return (kinds[kind],) if drawn else ()


def _cassette(
    lines: tuple[Band, ...], look: Membrane, assay: Assay, common: dict[str, Any], rng: np.random.Generator
) -> Device:
    plastic = _PLASTICS[0 if rng.random() < 0.9 else int(rng.integers(1, len(_PLASTICS)))]
    tint = 1 + rng.normal(0, 0.012, 3)
    return cassette(
        lines,
        style=STYLES[int(rng.integers(4))],
        brand=_name(assay, rng),
        brand_colour=INKS[int(rng.integers(4))],
        letters=LETTERS[int(rng.choice(4, p=(0.55, 0.2, 0.15, 0.1)))],
        length_mm=float(rng.uniform(60, 82)),
        width_mm=float(rng.uniform(18.5, 24)),
        window_mm=assay.window_mm,
        wells=1 if rng.random() < 0.75 else 2,
        code="" if rng.random() < 0.7 else f"lot{rng.integers(1000, 9999)}",
        membrane=look,
        colour=(plastic[0] * float(tint[0]), plastic[1] * float(tint[1]), plastic[2] * float(tint[2])),
        **common,
    )


def _dipstick(
    lines: tuple[Band, ...], look: Membrane, assay: Assay, common: dict[str, Any], rng: np.random.Generator
) -> Device:
    length, width = float(rng.uniform(15, 24)), float(rng.uniform(3.0, 5.0))
    if assay.kind == "strip" and assay.window_mm:
        length, width = assay.window_mm
    return strip(
        lines,
        brand=str(rng.choice(("", *_BRANDS))).replace("\n", " "),
        handle=_HANDLES[0 if rng.random() < 0.7 else int(rng.integers(1, len(_HANDLES)))],
        width_mm=width,
        membrane_mm=length,
        arrows=bool(rng.random() < 0.7),
        membrane=replace(look, tone=(0.80, 0.78, 0.80 * look.tone[2] / look.tone[0])),
        **common,
    )


def _name(assay: Assay, rng: np.random.Generator) -> str:
    """Draw what is printed at the control end: the brand, what it tests for, or both."""
    brand, kit = str(rng.choice(_BRANDS)), assay.id.upper().replace("-", " ")
    names = (brand, kit, f"{brand}\n{kit}") if assay.id != "generic" else (brand,)
    return names[int(rng.integers(len(names)))]
