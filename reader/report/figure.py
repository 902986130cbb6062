"""The line profile as an SVG figure: absorbance along the strip, with its baseline and its lines.

Only presentation attributes are used, no scripts and no style sheets, so that the figure may stand
in any page whatever that page's content security policy.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from html import escape

import numpy as np
from numpy.typing import NDArray

from reader.reading import Line, Profile, StripReading
from reader.report.palette import INK, MUTED, PAPER, RULE, line_colour
from reader.report.words import line_text, outcome_word

__all__ = ["line_width", "profile_range", "profile_svg"]

_WIDTH, _HEIGHT = 640.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 52.0, 12.0, 30.0, 40.0
_MOST_POINTS = 600
_LEAST_RANGE = 0.06  # absorbance; keeps the noise of a blank strip from filling the figure


@dataclass(frozen=True, slots=True)
class _Axes:
    low: float
    high: float

    def x(self, position: float) -> float:
        return _LEFT + position * (_WIDTH - _LEFT - _RIGHT)

    def y(self, absorbance: float) -> float:
        share = (absorbance - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)


def profile_range(strip: StripReading) -> tuple[float, float]:
    """Return the span of absorbance that a figure of this strip should show.

    Parameters
    ----------
    strip : StripReading
        With or without a profile.

    Returns
    -------
    tuple of float
        Lowest and highest absorbance, at least 0.06 apart.
    """
    values = [0.0] + [line.height for line in strip.lines if line.height is not None]
    if strip.profile is not None:
        values += [*strip.profile.absorbance.tolist(), *strip.profile.baseline.tolist()]
    finite = [value for value in values if math.isfinite(value)]
    low, high = min(finite), max(finite)
    spare = max(0.0, _LEAST_RANGE - (high - low)) / 2
    margin = 0.06 * max(high - low, _LEAST_RANGE)
    return low - spare - margin, high + spare + margin


def line_width(line: Line, strip: StripReading) -> float:
    """Return the width of a line's band as a share of the window's length.

    It is the width of a rectangle of the line's height and area, within 1.5 and 15 %.
    """
    (x0, y0), (x3, y3) = strip.window[0], strip.window[3]
    length = math.hypot(x3 - x0, y3 - y0) / (strip.px_per_mm or 1.0)
    if not line.detected or not line.height or not line.area or length <= 0:
        return 0.04
    return min(0.15, max(0.015, line.area / line.height / length))


def profile_svg(strip: StripReading) -> str:
    """Draw absorbance against position along the strip.

    Parameters
    ----------
    strip : StripReading
        As the reader made it; without a profile only the lines' heights are drawn.

    Returns
    -------
    str
        A complete ``<svg>`` element with title and description, without scripts.

    Notes
    -----
    Position runs from the control end (0) to the sample end (1); absorbance is -log10(I/B).
    """
    axes = _Axes(*profile_range(strip))
    lines = ", ".join(line_text(line) for line in strip.lines) or "none"
    title = f"Line profile of strip {strip.id}: {outcome_word(strip.outcome)}"
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH:g} {_HEIGHT:g}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}"><title>{escape(title)}</title>'
        "<desc>Absorbance along the strip from the control end to the sample end. "
        f'Lines: {escape(lines)}.</desc><rect width="{_WIDTH:g}" height="{_HEIGHT:g}" fill="{PAPER}"/>'
    )
    parts = [
        head,
        *_grid(axes),
        *(_band(line, strip, axes) for line in strip.lines),
        *([] if strip.profile is None else _curves(strip.profile, axes)),
        *(_name(line, strip, axes) for line in strip.lines),
        "</svg>",
    ]
    return "".join(parts)


def _grid(axes: _Axes) -> list[str]:
    x0, x1, y0 = axes.x(0), axes.x(1), axes.y(axes.low)
    step = _tick_step(axes.high - axes.low)
    first = math.ceil(axes.low / step)
    ticks = [step * k for k in range(first, math.floor(axes.high / step) + 1)]
    digits = max(0, -math.floor(math.log10(step)))
    parts = [
        f'<path d="M{x0:.1f} {axes.y(tick):.1f}H{x1:.1f}" stroke="{RULE}"/>'
        f'<text x="{x0 - 6:.1f}" y="{axes.y(tick) + 4:.1f}" text-anchor="end" fill="{MUTED}">'
        f"{round(tick, 6) + 0.0:.{digits}f}</text>"
        for tick in ticks
    ]
    parts.append(
        f'<path d="M{x0:.1f} {y0:.1f}H{x1:.1f}" stroke="{MUTED}"/>'
        f'<text x="{x0:.1f}" y="{y0 + 20:.1f}" fill="{MUTED}">control end</text>'
        f'<text x="{x1:.1f}" y="{y0 + 20:.1f}" text-anchor="end" fill="{MUTED}">sample end</text>'
        f'<text transform="translate(14 {(_TOP + y0) / 2:.1f}) rotate(-90)" text-anchor="middle" '
        f'fill="{MUTED}">absorbance</text>'
    )
    return parts


def _tick_step(span: float) -> float:
    rough = span / 4
    power = 10.0 ** math.floor(math.log10(rough))
    return next(power * k for k in (1, 2, 5, 10) if power * k >= rough)


def _band(line: Line, strip: StripReading, axes: _Axes) -> str:
    if line.position is None:
        return ""
    half = line_width(line, strip) / 2
    x0, x1 = axes.x(max(0.0, line.position - half)), axes.x(min(1.0, line.position + half))
    y0, y1 = axes.y(axes.high), axes.y(axes.low)
    look = f'fill="{line_colour(line)}" fill-opacity="0.14"'
    if not line.detected:
        look = f'fill="none" stroke="{MUTED}" stroke-dasharray="3 3"'
    return f'<rect x="{x0:.1f}" y="{y0:.1f}" width="{x1 - x0:.1f}" height="{y1 - y0:.1f}" {look}/>'


def _name(line: Line, strip: StripReading, axes: _Axes) -> str:
    if line.position is None:
        return ""
    colour = line_colour(line) if line.detected else MUTED
    x = axes.x(line.position)
    stem = ""
    if strip.profile is None and line.height is not None:
        stem = (
            f'<path d="M{x:.1f} {axes.y(0):.1f}V{axes.y(line.height):.1f}" stroke="{colour}" '
            'stroke-width="3"/>'
        )
    x_text = min(max(x, _LEFT + 10), _WIDTH - _RIGHT - 10)
    weight = "600" if line.detected else "400"
    return (
        f'{stem}<text x="{x_text:.1f}" y="{_TOP - 9:.1f}" text-anchor="middle" font-size="14" '
        f'font-weight="{weight}" fill="{colour}">{escape(line.name)}</text>'
    )


def _curves(profile: Profile, axes: _Axes) -> list[str]:
    looks = (
        (profile.baseline, f'stroke="{MUTED}" stroke-dasharray="5 4"'),
        (profile.absorbance, f'stroke="{INK}" stroke-width="1.6" stroke-linejoin="round"'),
    )
    return [
        f'<polyline points="{_points(profile.position, values, axes)}" fill="none" {look}/>'
        for values, look in looks
    ]


def _points(position: NDArray[np.float64], values: NDArray[np.float64], axes: _Axes) -> str:
    keep = np.flatnonzero(np.isfinite(position) & np.isfinite(values))
    if keep.size > _MOST_POINTS:
        keep = keep[np.linspace(0, keep.size - 1, _MOST_POINTS).round().astype(int)]
    return " ".join(f"{axes.x(position[k]):.1f},{axes.y(values[k]):.1f}" for k in keep)
