"""Charts as inline SVG: no scripts, no style sheets, and a sentence for those who do not see them.

Shapes tell apart what colours do, and the pages put the same numbers into a table below.
"""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from markupsafe import Markup, escape

from service.monitoring.chart import Chart, Limits, Point

__all__ = ["TONES", "Bar", "Mark", "Series", "control_chart", "series_chart", "stacked_bars", "swatch"]

# As in page.css; they differ in lightness as well as in hue.
INK, MUTED, RULE, ACCENT, ALARM = "#1f2a33", "#5c6871", "#d8d5cc", "#0f6b63", "#b8450a"
TONES: Final = {
    "positive": "#b8450a",
    "negative": "#0b5f95",
    "indeterminate": "#c99a1a",
    "invalid": "#33302c",
    "not_read": "#a5adb3",
}
# A panel fills a small phone's width, where 12 px letters stay legible.
WIDTH, HEIGHT = 360.0, 220.0
LEFT, RIGHT, TOP, BOTTOM = 44.0, 10.0, 12.0, 26.0
SPARE = 0.06  # of an axis, beyond its outermost values
TICKS = 4


@dataclass(frozen=True, slots=True)
class Mark:
    """A value at a day, with its interval where it has one.

    Attributes
    ----------
    day : str
        ``YYYY-MM-DD``, or a moment in RFC 3339.
    value : float
        The value.
    low, high : float or None
        Ends of its interval.
    told : str
        What is said of it when it is pointed at.
    tone : str
        Its own colour, where it has one.
    """

    day: str
    value: float
    low: float | None = None
    high: float | None = None
    told: str = ""
    tone: str = ""


@dataclass(frozen=True, slots=True)
class Series:
    """Marks that are joined.

    Attributes
    ----------
    marks : tuple of Mark
        In the order of their days.
    colour : str
        ``#rrggbb``.
    square : bool
        Square marks instead of round ones, so that two series differ in shape.
    joined : bool
        Whether a line joins them.
    """

    marks: tuple[Mark, ...]
    colour: str = ACCENT
    square: bool = False
    joined: bool = True


@dataclass(frozen=True, slots=True)
class Bar:
    """What is stacked on one day: a number for each of `TONES`."""

    day: str
    parts: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Axis:
    """From values to px."""

    low: float
    high: float
    start: float
    stop: float

    def at(self, value: float) -> float:
        inside = min(max(value, self.low), self.high)
        return self.start + (inside - self.low) / (self.high - self.low) * (self.stop - self.start)


def stacked_bars(told: str, bars: Sequence[Bar], days: tuple[str, str], step: int = 1) -> Markup:
    """Draw numbers of tests as bars.

    Parameters
    ----------
    told : str
        What the chart shows, for those who do not see it.
    bars : sequence of Bar
        One for each day that has one.
    days : (str, str)
        First and last day.
    step : int
        Days from one bar to the next.
    """
    across = _days(*days, spare=step)
    most = max((sum(bar.parts) for bar in bars), default=1)
    upward = _Axis(0, max(most, 1) * (1 + SPARE), HEIGHT - BOTTOM, TOP)
    width = max(abs(across.at(_number(days[0]) + step) - across.at(_number(days[0]))) * 0.86, 0.8)
    parts = list(_frame(across, upward, days, whole=True))
    for k, colour in enumerate(TONES.values()):
        path = "".join(
            f"M{across.at(_number(bar.day)):.1f} {upward.at(sum(bar.parts[:k])):.1f}h{width:.1f}"
            f"V{upward.at(sum(bar.parts[: k + 1])):.1f}h{-width:.1f}z"
            for bar in bars
            if bar.parts[k]
        )
        parts.append(f'<path d="{path}" fill="{colour}"/>' if path else "")
    return _svg(told, parts)


def series_chart(
    told: str,
    series: Sequence[Series],
    days: tuple[str, str],
    *,
    percent: bool = False,
    span: tuple[float, float] | None = None,
    least: float = 0.0,
) -> Markup:
    """Draw values over time with their intervals.

    Parameters
    ----------
    told : str
        What the chart shows, for those who do not see it.
    series : sequence of Series
        What is drawn.
    days : (str, str)
        First and last day.
    percent : bool
        Whether the axis counts in hundredths.
    span : (float, float), optional
        Range of the upward axis; by default that of the marks and intervals, from zero.
    least : float
        How far the upward axis goes at least, without a span.
    """
    marks = [mark for one in series for mark in one.marks]
    values = [v for m in marks for v in (m.value, m.low, m.high) if v is not None]
    low, high = span or (min([0.0, *values]), max([least, *values]) if values else 1.0)
    spare = 0.0 if span else SPARE * ((high - low) or 1.0)
    upward = _Axis(low - (spare if low < 0 else 0.0), high + spare, HEIGHT - BOTTOM, TOP)
    across = _days(*days, spare=1)
    parts = [*_frame(across, upward, days, percent=percent)]
    for one in series:
        parts += _joined(one, across, upward)
    return _svg(told, parts)


def control_chart(told: str, chart: Chart, links: Sequence[str], most: int = 400) -> Markup:
    """Draw a control chart: values in their order, limits, and the weighted mean.

    Parameters
    ----------
    told : str
        What the chart shows, for those who do not see it.
    chart : Chart
        The chart.
    links : sequence of str
        Where each value leads; only values beyond the limits are links.
    most : int
        Values to draw; of more, the last ones.
    """
    limits, points, links = chart.limits, chart.points[-most:], links[-most:]
    before = len(chart.points) - len(points)
    upward = _Axis(*_room(limits, [point.value for point in points]), HEIGHT - BOTTOM, TOP)
    across = _Axis(0, max(len(points), 2) + 1, LEFT, WIDTH - RIGHT)
    parts = [*_levels(upward, percent=False, whole=False), *_counts(across, len(points), before)]
    if limits:
        used = sum(point.reference for point in points)
        parts += [_shade(across.at(0.5), across.at(used + 0.5))] if used else []
        for level, dash in ((limits.low, "5 3"), (limits.centre, ""), (limits.high, "5 3")):
            parts.append(_across(upward.at(level), dash))
    parts += _mean(points, across, upward)
    places = [(across.at(k), upward.at(point.value)) for k, point in enumerate(points, 1)]
    # A line without length, but with round ends: the shortest way to write a dot.
    dots = "".join(f"M{x:.1f} {y:.1f}h0" for x, y in places)
    parts.append(f'<path d="{dots}" stroke="{MUTED}" stroke-width="3.4" stroke-linecap="round"/>')
    for (x, y), point, link in zip(places, points, links, strict=True):
        if point.beyond:
            parts.append(
                f'<a href="{escape(link)}" aria-label="{point.value:.3f}"><path '
                f'd="M{x - 4.5:.1f} {y:.1f}l4.5 -4.5 4.5 4.5 -4.5 4.5z" fill="#fff" stroke="{ALARM}" '
                f'stroke-width="2"/></a>'
            )
    return _svg(told, parts, role="group")


def _room(limits: Limits | None, values: Sequence[float]) -> tuple[float, float]:
    """Return the range of a control chart: around its limits, so that what is far off stands at the edge."""
    low, high = min(values, default=0.0), max(values, default=1.0)
    if limits is not None:
        wide = limits.high - limits.low
        low, high = max(low, limits.low - wide / 2), min(high, limits.high + wide / 2)
        low, high = min(low, limits.low), max(high, limits.high)
    spare = SPARE * ((high - low) or 1.0)
    return low - spare, high + spare


def swatch(colour: str, *, round_: bool = False) -> Markup:
    """Draw a sample of a colour and shape, for a chart's key."""
    shape = '<circle cx="6" cy="6" r="5"' if round_ else '<rect x="1" y="1" width="10" height="10"'
    drawn = f'<svg class="swatch" viewBox="0 0 12 12" aria-hidden="true">{shape} fill="{colour}"/></svg>'
    return Markup(drawn)  # noqa: S704  (of our own colours)


def _svg(told: str, parts: Sequence[str], role: str = "img") -> Markup:
    # A chart's time runs from left to right in every language.
    head = (
        f'<svg class="chart" xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {HEIGHT:g}" '
        f'role="{role}" aria-label="{escape(told)}" direction="ltr" font-size="12" fill="{MUTED}">'
    )
    return Markup("".join([head, *parts, "</svg>"]))  # noqa: S704  (of numbers and escaped words)


def _number(day: str) -> float:
    """Return a day, or a moment, as a number of days."""
    moment = dt.datetime.fromisoformat(day)
    moment = moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)
    return moment.timestamp() / 86_400


def _days(first: str, last: str, spare: float) -> _Axis:
    return _Axis(_number(first), max(_number(last), _number(first)) + spare, LEFT, WIDTH - RIGHT)


def _frame(
    across: _Axis, upward: _Axis, days: tuple[str, str], *, percent: bool = False, whole: bool = False
) -> Iterator[str]:
    yield from _levels(upward, percent=percent, whole=whole)
    bottom = HEIGHT - BOTTOM
    first, last = dt.date.fromisoformat(days[0][:10]), dt.date.fromisoformat(days[1][:10])
    middle = first + (last - first) / 2
    for day, anchor in ((first, "start"), (middle, "middle"), (last, "end")):
        x = across.at(_number(day.isoformat()))
        yield (
            f'<path d="M{x:.1f} {bottom:g}v4" stroke="{MUTED}"/>'
            f'<text x="{x:.1f}" y="{bottom + 17:g}" text-anchor="{anchor}">{day.isoformat()}</text>'
        )


def _levels(upward: _Axis, *, percent: bool, whole: bool) -> Iterator[str]:
    """Yield the lines and numbers of the upward axis."""
    rough = (upward.high - upward.low) / TICKS
    power = 10.0 ** math.floor(math.log10(rough))
    step = next(power * m for m in (1, 2, 5, 10) if power * m >= rough)
    step = max(step, 1.0) if whole else step
    for k in range(math.ceil(upward.low / step), math.floor(upward.high / step) + 1):
        value, y = k * step, upward.at(k * step)
        text = f"{100 * value:.4g}%" if percent else f"{value:.4g}"
        yield (
            f'<path d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}" stroke="{RULE}"/>'
            f'<text x="{LEFT - 5:g}" y="{y + 4:.1f}" text-anchor="end">{text.replace("-", "−")}</text>'
        )


def _counts(across: _Axis, number: int, before: int) -> Iterator[str]:
    """Yield a few numbers of tests along a control chart."""
    for k in sorted({1, (number + 1) // 2, number} - {0}):
        x = f"{across.at(k):.1f}"
        yield f'<text x="{x}" y="{HEIGHT - BOTTOM + 17:g}" text-anchor="middle">{before + k}</text>'


def _shade(start: float, stop: float) -> str:
    return (
        f'<rect x="{start:.1f}" y="{TOP:g}" width="{stop - start:.1f}" '
        f'height="{HEIGHT - TOP - BOTTOM:g}" fill="{ACCENT}" opacity="0.08"/>'
    )


def _across(y: float, dash: str) -> str:
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<path d="M{LEFT:g} {y:.1f}H{WIDTH - RIGHT:g}" stroke="{INK}" stroke-width="1"{dashed}/>'


def _mean(points: Sequence[Point], across: _Axis, upward: _Axis) -> Iterator[str]:
    """Yield the weighted mean and its limits."""
    told = [(k, point) for k, point in enumerate(points, 1) if point.mean is not None]
    if not told:
        return
    for name, colour, wide, dash in (
        ("low", ACCENT, 1.0, "2 2"),
        ("high", ACCENT, 1.0, "2 2"),
        ("mean", ACCENT, 2.2, ""),
    ):
        path = " ".join(f"{across.at(k):.1f},{upward.at(getattr(point, name)):.1f}" for k, point in told)
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        yield f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="{wide:g}"{dashed}/>'


def _joined(one: Series, across: _Axis, upward: _Axis) -> Iterator[str]:
    places = [(across.at(_number(m.day)), upward.at(m.value), m) for m in one.marks]
    if one.joined and len(places) > 1:
        path = " ".join(f"{x:.1f},{y:.1f}" for x, y, _ in places)
        yield f'<polyline points="{path}" fill="none" stroke="{one.colour}" stroke-width="1.7"/>'
    for x, y, mark in places:
        colour = mark.tone or one.colour
        if mark.low is not None and mark.high is not None:
            ends = f"{upward.at(mark.low):.1f}V{upward.at(mark.high):.1f}"
            yield f'<path d="M{x:.1f} {ends}" stroke="{colour}" stroke-width="1.2"/>'
        told = f' fill="{colour}"><title>{escape(mark.told)}</title>'
        if one.square:
            yield f'<rect x="{x - 3:.1f}" y="{y - 3:.1f}" width="6" height="6"{told}</rect>'
        else:
            yield f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.4"{told}</circle>'
