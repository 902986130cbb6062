"""Small charts side by side, as one SVG figure with one key.

Only presentation attributes are used, no scripts and no style sheets.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from textwrap import wrap

from reader.report.palette import INK, MUTED, PAPER, PLATE, RULE

__all__ = ["Panel", "Rule", "Series", "chart_svg"]

WIDTH, HEIGHT = 340.0, 250.0  # of a panel
LEFT, RIGHT, TOP, BOTTOM = 68.0, 14.0, 34.0, 42.0  # of the panel's inside from its borders
HEAD, KEY_ROW, NOTE_ROW = 34.0, 20.0, 17.0
KEY_WIDTH = 6.6  # px of a letter, for laying out the key
SPARE = 0.06  # of an axis, beyond its outermost points
DECADE = (1, 2, 5)


@dataclass(frozen=True, slots=True)
class Series:
    """Points of one kind.

    Attributes
    ----------
    name : str
        In the key; series of one name look alike in all panels.
    points : tuple of (float, float)
        What is not finite is left out.
    colour : str
        ``#rrggbb``.
    bars : tuple of (float, float), optional
        Lower and upper end of each point's interval.
    dash : str, default ""
        Of the line, as in SVG; by default it is solid.
    joined, marked : bool, default True and False
        Whether a line joins the points, and whether they themselves are shown.
    """

    name: str
    points: tuple[tuple[float, float], ...]
    colour: str
    bars: tuple[tuple[float, float], ...] = ()
    dash: str = ""
    joined: bool = True
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Rule:
    """A level that is named in the panel itself."""

    level: float
    name: str


@dataclass(frozen=True, slots=True)
class Panel:
    """One chart.

    Attributes
    ----------
    title, along, up : str
        Title, and what the two axes show.
    series : tuple of Series
        What is drawn.
    rules : tuple of Rule
        Levels across the whole panel.
    log_x, log_y : bool
        Whether an axis is logarithmic.
    ticks_x : tuple of float
        By default as many round numbers as have room.
    span_y : (float, float), optional
        Range of the upward axis; by default that of the series and rules.
    """

    title: str
    along: str
    up: str
    series: tuple[Series, ...]
    rules: tuple[Rule, ...] = ()
    log_x: bool = False
    log_y: bool = True
    ticks_x: tuple[float, ...] = ()
    span_y: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class _Axis:
    """From values to px."""

    low: float
    high: float
    start: float
    stop: float
    log: bool

    def at(self, value: float) -> float:
        low, high, v = (math.log10(x) if self.log else x for x in (self.low, self.high, value))
        return self.start + (v - low) / (high - low) * (self.stop - self.start)

    def holds(self, value: float) -> bool:
        return math.isfinite(value) and self.low <= value <= self.high


def chart_svg(
    title: str, description: str, panels: Sequence[Panel], *, columns: int = 2, notes: Sequence[str] = ()
) -> str:
    """Draw panels side by side.

    Parameters
    ----------
    title, description : str
        Title above the figure; description for those who do not see it.
    panels : sequence of Panel
        In reading order.
    columns : int, default 2
        Panels in a row.
    notes : sequence of str
        Sentences below, each from a row of its own on.

    Returns
    -------
    str
        A complete ``<svg>`` element.
    """
    width = WIDTH * columns
    rows_below = [row for note in notes for row in wrap(note, int((width - 32) / KEY_WIDTH))]
    key = list(_key(panels, width))
    top = HEAD + KEY_ROW * (max((row for row, _ in key), default=-1) + 1)
    rows = math.ceil(len(panels) / columns)
    height = top + rows * HEIGHT + NOTE_ROW * len(rows_below) + (12 if notes else 0)
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'font-family="system-ui, sans-serif" font-size="12" fill="{INK}"><title>{escape(title)}</title>'
        f'<desc>{escape(description)}</desc><rect width="{width:g}" height="{height:g}" fill="{PAPER}"/>'
        f'<text x="16" y="24" font-size="15" font-weight="600">{escape(title)}</text>'
    )
    parts = [head, *(part for _, part in key)]
    for k, panel in enumerate(panels):
        place = (k % columns * WIDTH, top + k // columns * HEIGHT)
        parts += [f'<g transform="translate({place[0]:g} {place[1]:g})">', *_panel(panel), "</g>"]
    for k, note in enumerate(rows_below):
        y = top + rows * HEIGHT + NOTE_ROW * (k + 0.7)
        parts.append(f'<text x="16" y="{y:.1f}" fill="{MUTED}">{escape(note)}</text>')
    return "".join([*parts, "</svg>"])


def _key(panels: Sequence[Panel], width: float) -> Iterator[tuple[int, str]]:
    """Return the row and the drawing of each name in the key."""
    seen = {s.name: s for panel in panels for s in panel.series}
    x, row = 16.0, 0
    for s in seen.values():
        needed = 34 + KEY_WIDTH * len(s.name) + 14
        if x + needed > width and x > 16:
            x, row = 16.0, row + 1
        y = HEAD + KEY_ROW * row + 10
        sample = f'<path d="M{x:.1f} {y:g}h24" {_stroke(s)}/>' if s.joined else ""
        mark = _mark(x + 12, y, s.colour) if s.marked else ""
        yield row, f'{sample}{mark}<text x="{x + 30:.1f}" y="{y + 4:g}">{escape(s.name)}</text>'
        x += needed


def _panel(panel: Panel) -> Iterator[str]:
    x_axis, y_axis = _axes(panel)
    yield (
        f'<rect x="{LEFT:g}" y="{TOP:g}" width="{WIDTH - LEFT - RIGHT:g}" '
        f'height="{HEIGHT - TOP - BOTTOM:g}" fill="{PLATE}" stroke="{RULE}"/>'
        f'<text x="{LEFT:g}" y="{TOP - 9:g}" font-weight="600">{escape(panel.title)}</text>'
    )
    yield from _ticks(panel, x_axis, y_axis)
    for rule in panel.rules:
        y = y_axis.at(rule.level)
        yield (
            f'<path d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}" stroke="{MUTED}" stroke-dasharray="2 3"/>'
            f'<text x="{WIDTH - RIGHT - 5:g}" y="{y - 4:.1f}" text-anchor="end" fill="{MUTED}" '
            f'font-size="11">{escape(rule.name)}</text>'
        )
    for series in panel.series:
        yield from _drawn(series, x_axis, y_axis)


def _axes(panel: Panel) -> tuple[_Axis, _Axis]:
    points = [p for s in panel.series for p in s.points if all(map(math.isfinite, p))]
    ends = [v for s in panel.series for bar in s.bars for v in bar if math.isfinite(v)]
    across = _span([x for x, _ in points] + list(panel.ticks_x), log=panel.log_x)
    levels = [y for _, y in points] + ends + [rule.level for rule in panel.rules]
    upward = panel.span_y or _span(levels, log=panel.log_y)
    return (
        _Axis(*across, LEFT, WIDTH - RIGHT, panel.log_x),
        _Axis(*upward, HEIGHT - BOTTOM, TOP, panel.log_y),
    )


def _span(values: Sequence[float], *, log: bool) -> tuple[float, float]:
    """Return a range with room around some values."""
    usable = [v for v in values if v > 0 or not log] or [1.0]
    low, high = min(usable), max(usable)
    if log:
        spare = max(high / low, 2.0) ** SPARE
        return low / spare, high * spare
    spare = SPARE * ((high - low) or 1.0)
    return low - spare, high + spare


def _ticks(panel: Panel, x_axis: _Axis, y_axis: _Axis) -> Iterator[str]:
    bottom = HEIGHT - BOTTOM
    for value in filter(y_axis.holds, _round_numbers(y_axis, 5)):
        y = y_axis.at(value)
        yield (
            f'<path d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}" stroke="{RULE}" stroke-width="0.7"/>'
            f'<text x="{LEFT - 6:g}" y="{y + 4:.1f}" text-anchor="end" fill="{MUTED}">{value:.6g}</text>'
        )
    for value in filter(x_axis.holds, panel.ticks_x or _round_numbers(x_axis, 6)):
        x = x_axis.at(value)
        yield (
            f'<path d="M{x:.1f} {bottom:g}v4" stroke="{MUTED}"/>'
            f'<text x="{x:.1f}" y="{bottom + 17:g}" text-anchor="middle" fill="{MUTED}">{value:.6g}</text>'
        )
    yield (
        f'<text x="{(LEFT + WIDTH - RIGHT) / 2:g}" y="{HEIGHT - 8:g}" text-anchor="middle" '
        f'fill="{MUTED}">{escape(panel.along)}</text>'
        f'<text transform="translate(16 {(TOP + bottom) / 2:g}) rotate(-90)" text-anchor="middle" '
        f'fill="{MUTED}">{escape(panel.up)}</text>'
    )


def _round_numbers(axis: _Axis, most: int) -> list[float]:
    """Return 1, 2 and 5 times powers of ten, or even steps of those."""
    if axis.log:
        powers = range(math.floor(math.log10(axis.low)), math.ceil(math.log10(axis.high)) + 1)
        every = [float(f"{m}e{p}") for p in powers for m in DECADE]
        shown = [v for v in every if axis.holds(v)]
        return shown if len(shown) <= most + 2 else [float(f"1e{p}") for p in powers]
    rough = (axis.high - axis.low) / most
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (*DECADE, 10) if power * m >= rough)
    return [round(step * k, 9) for k in range(math.ceil(axis.low / step), math.floor(axis.high / step) + 1)]


def _drawn(series: Series, x_axis: _Axis, y_axis: _Axis) -> Iterator[str]:
    shown = [(x_axis.at(x), y_axis.at(y)) for x, y in series.points if x_axis.holds(x) and y_axis.holds(y)]
    if series.joined and shown:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y in shown)
        yield f'<polyline points="{path}" fill="none" {_stroke(series)}/>'
    for (x, _), (low, high) in zip(series.points, series.bars, strict=False):
        if x_axis.holds(x) and y_axis.holds(low) and high > low:
            top = y_axis.at(min(high, y_axis.high))
            yield f'<path d="M{x_axis.at(x):.1f} {y_axis.at(low):.1f}V{top:.1f}" stroke="{series.colour}"/>'
    if series.marked:
        yield from (_mark(x, y, series.colour) for x, y in shown)


def _stroke(series: Series) -> str:
    dash = f' stroke-dasharray="{series.dash}"' if series.dash else ""
    return f'stroke="{series.colour}" stroke-width="1.7" stroke-linejoin="round"{dash}'


def _mark(x: float, y: float, colour: str) -> str:
    return f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.2" fill="{colour}"/>'
