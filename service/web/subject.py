"""What a subject's page says: the strength of each test line over time, and every answer in a table."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from service.monitoring.lots import Z95
from service.series import Point
from service.view import SIGNS
from service.web.charts import TONES, Mark, Series, series_chart, swatch
from service.web.dashboard import Figure
from service.web.words import Words

__all__ = ["Row", "plots_of", "rows_of"]

# How far a plot's axis goes at least, so that the noise where no line is looks like nothing.
LEAST_RATIO: Final = 0.2
Analytes: TypeAlias = Mapping[tuple[str, str], str]
"""Names of analytes, by the kit's id and their own."""


@dataclass(frozen=True, slots=True)
class Row:
    """One answer in words."""

    reading: str
    at: str
    kit: str
    analyte: str
    outcome: str
    sign: str
    word: str
    status: str
    ratio: str


def plots_of(
    points: Sequence[Point], kits: Mapping[str, str], analytes: Analytes, t: Words
) -> tuple[Figure, ...]:
    """Draw the ratio of test line to control line over time, for each analyte of each kit.

    Parameters
    ----------
    points : sequence of Point
        Of one subject, in the order of time.
    kits : mapping of str to str
        Names of the kits.
    analytes : mapping of (str, str) to str
        Names of their analytes.
    t : Words
        Of the page's language.
    """
    lines: dict[tuple[str, str], list[Point]] = {}
    for point in points:
        if point.ratio is not None:
            lines.setdefault((point.assay, point.analyte), []).append(point)
    days = (points[0].at, points[-1].at)
    return tuple(_plot(found, f"{kits[key[0]]} · {analytes[key]}", days, t) for key, found in lines.items())


def rows_of(
    points: Sequence[Point], kits: Mapping[str, str], analytes: Analytes, t: Words
) -> tuple[Row, ...]:
    """Put every answer into words, the newest first."""
    return tuple(
        Row(
            reading=point.reading_id,
            at=point.at,
            kit=kits[point.assay],
            analyte=analytes[point.assay, point.analyte],
            outcome=point.result,
            sign=SIGNS[point.result],
            word=t(f"outcome.{point.result}.word"),
            status=t(f"subject.status.{point.status}"),
            ratio=_ratio(point, t),
        )
        for point in reversed(points)
    )


def _plot(points: Sequence[Point], title: str, days: tuple[str, str], t: Words) -> Figure:
    marks = tuple(
        Mark(
            point.at,
            point.ratio,
            None if point.ratio_sigma is None else point.ratio - Z95 * point.ratio_sigma,
            None if point.ratio_sigma is None else point.ratio + Z95 * point.ratio_sigma,
            f"{t.moment(point.at)}: {t(f'outcome.{point.result}.word')}, {_ratio(point, t)}",
            TONES.get(point.result, ""),
        )
        for point in points
        if point.ratio is not None
    )
    told = t("dashboard.chart", title=title, since=days[0][:10], until=days[1][:10])
    seen = dict.fromkeys(point.result for point in points if point.result in TONES)
    key = tuple((swatch(TONES[said], round_=True), t(f"outcome.{said}.word")) for said in seen)
    return Figure(series_chart(told, [Series(marks)], days, least=LEAST_RATIO), title, key)


def _ratio(point: Point, t: Words) -> str:
    if point.ratio is None:
        return "–"
    spread = "" if point.ratio_sigma is None else f" ± {t.number(point.ratio_sigma, 3)}"
    return t.number(point.ratio, 3) + spread
