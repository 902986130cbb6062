"""What was found, as a document for programs, as sentences, and as a figure."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from reader._version import __version__
from reader.limits.bound import search_threshold, smooth_inflation
from reader.limits.ep17 import FALSE_CALLS, Z95
from reader.limits.setting import BEND, CONTROL_OD, FWHM_MM, Kit, Setting, ground_of
from reader.limits.study import FACTORS, Case, Factor
from reader.report.chart import Panel, Rule, Series, chart_svg
from reader.report.palette import BLUE, INK, MUTED, VERMILLION

__all__ = ["EYE", "FIXED", "assumptions", "described", "document", "figure", "searched", "series_of"]

EYE = 0.010  # absorbance that a trained eye sees in good light (a colour difference of 1.3)
FIXED = 2 * Z95  # standard errors of the limit of detection at a known place, 5 % false calls
BOUNDS: Mapping[str, str] = {
    "noise": "noise of the pixels alone",
    "texture": "and texture",
    "membrane": "and an unknown smooth membrane",
    "colours": "the same, from all three colours",
}
DASHES: Mapping[str, str] = {"noise": "2 3", "texture": "6 4", "membrane": "", "colours": "10 3 2 3"}
STROKES: Mapping[str, str] = {"noise": MUTED, "texture": MUTED, "membrane": INK, "colours": MUTED}


def searched() -> float:
    """Return the standard errors of the limit of detection for one false call in 1,000 searched strips."""
    return search_threshold(FALSE_CALLS) + Z95


def described(case: Case) -> str:
    """Return a setting in words."""
    s = case.setting
    return (
        f"{s.px_per_mm:g} px/mm, JPEG quality {s.jpeg_quality:g}, texture {s.texture:.2%}, "
        f"noise {s.noise:.2%} per pixel"
    )


def assumptions(kit: Kit, setting: Setting, trials: int) -> tuple[str, ...]:
    """Return what the numbers hold for, in sentences."""
    length, width = kit.size_mm
    named = zip(kit.assay.lines, kit.places_mm, strict=True)
    lines = ", ".join(f"{line.name} at {place:.1f} mm" for line, place in named)
    kind = f"Lines {FWHM_MM:g} mm wide at half height on {length:g} × {width:g} mm of membrane"
    membrane = f"The membrane's slope wanders by {BEND:g} absorbance/mm in a millimetre"
    stiffness = ground_of(kit, setting).stiffness(setting.sigma_mm)
    cost = f"kappa {stiffness:.0f}, which costs {smooth_inflation(stiffness):.2f} times the variance"
    picture = "The strip lies level and sharp (0.7 px) in a file of sRGB light, of any exposure within 12 %"
    return (
        f"{kind}: {lines}; control line {CONTROL_OD:g}.",
        f"{membrane} ({cost}); grain of 0.09 mm, streaks of 0.3 %.",
        f"{picture}; a phone's contrast curve, shadows and glare come on top.",
        f"{trials} pictures for each number; the reader is told where the lines lie.",
        f"A trained eye sees about {EYE:.3f}.",
    )


def document(kit: Kit, cases: Sequence[Case], *, trials: int, seed: int) -> dict[str, Any]:
    """Return everything as one JSON document, schema ``lfa-limits/1``; what cannot be reached is null."""
    return {
        "schema": "lfa-limits/1",
        "software": {"name": "lfa-reader", "version": __version__},
        "assay": kit.assay.id,
        "membrane_mm": list(kit.size_mm),
        "lines": [
            {"name": line.name, "role": line.role, "place_mm": round(place, 3), "fwhm_mm": FWHM_MM}
            for line, place in zip(kit.assay.lines, kit.places_mm, strict=True)
        ],
        "trials": trials,
        "seed": seed,
        "eye": EYE,
        "cases": [_entry(case) for case in cases],
    }


def _entry(case: Case) -> dict[str, Any]:
    least = {
        name: {
            "sigma": _rounded(error),
            "lod": _rounded(FIXED * error),
            "lod_search": _rounded(searched() * error),
        }
        for name, error in case.least.items()
    }
    found = case.limits
    return {
        "setting": {name: getattr(case.setting, name) for name in (*FACTORS, "blur_px")},
        "bound": least,
        "reader": {
            "sigma": _rounded(found.sd),
            "mean": _rounded(found.bias),
            "lob": _rounded(found.blank),
            "lod": _rounded(found.detection),
            "lod_interval": [_rounded(end) for end in case.interval],
            "loq": _rounded(found.quantitation),
            "lod_search": _rounded(found.search),
            "gain": round(found.gain, 3),
        },
    }


def _rounded(value: float) -> float | None:
    return float(f"{value:.3g}") if math.isfinite(value) else None


def series_of(cases: Sequence[Case], factor: Factor) -> list[Case]:
    """Return the cases in which only this factor differs from the first, in its order."""
    others = [name for name in FACTORS if name != factor.name]
    base = cases[0].setting
    alike = [c for c in cases if all(getattr(c.setting, n) == getattr(base, n) for n in others)]
    return sorted(alike, key=lambda case: float(getattr(case.setting, factor.name)))


def figure(kit: Kit, cases: Sequence[Case], *, trials: int) -> str:
    """Draw the limits against each factor that was varied, as SVG."""
    walks = {factor: series_of(cases, factor) for factor in FACTORS.values()}
    shown = {factor: walk for factor, walk in walks.items() if len(walk) > 1}
    panels = [_panel(factor, walk) for factor, walk in (shown or walks).items()]
    title = f"What can be detected at all: {kit.assay.name}"
    size = f"{FWHM_MM:g} mm lines on {kit.size_mm[0]:g} × {kit.size_mm[1]:g} mm of membrane"
    notes = (
        f"Otherwise {described(cases[0])}.",
        f"{size}; {trials} pictures per point; bars: 95 % intervals.",
    )
    return chart_svg(title, " ".join(assumptions(kit, cases[0].setting, trials)), panels, notes=notes)


def _panel(factor: Factor, walk: Sequence[Case]) -> Panel:
    at = [float(getattr(case.setting, factor.name)) for case in walk]
    bounds = [
        Series(
            f"least: {words}" if name == "noise" else words,
            tuple((x, FIXED * case.least[name]) for x, case in zip(at, walk, strict=True)),
            STROKES[name],
            dash=DASHES[name],
        )
        for name, words in BOUNDS.items()
    ]
    own = [
        Series(
            "this reader's LoD",
            tuple((x, case.limits.detection) for x, case in zip(at, walk, strict=True)),
            VERMILLION,
            bars=tuple(case.interval for case in walk),
            marked=True,
        ),
        Series(
            "its LoB",
            tuple((x, case.limits.blank) for x, case in zip(at, walk, strict=True)),
            BLUE,
            marked=True,
        ),
    ]
    return Panel(
        f"against {factor.title}",
        factor.meaning,
        "absorbance",
        (*bounds, *own),
        log_x=at[0] > 0 and at[-1] > 4 * at[0],
        rules=(Rule(EYE, "a trained eye"),),
        ticks_x=tuple(at),
        span_y=(2e-4, 0.03),
    )
