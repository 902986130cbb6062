"""What the dashboard says: numbers turned into sections with charts, tables and sentences."""

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from markupsafe import Markup

import reader
from reader import Share
from service.monitoring.agreement import Agreement, agreement
from service.monitoring.counts import By, Rates, Tally, grouped, rates, reasons
from service.monitoring.drift import Drift, drifts
from service.monitoring.lots import Control, Lot, Ratio, beside_others, lots_of
from service.store.monitoring import Watched
from service.web.charts import (
    TONES,
    Bar,
    Mark,
    Series,
    control_chart,
    series_chart,
    stacked_bars,
    swatch,
)
from service.web.words import Words

__all__ = ["Dashboard", "Figure", "Section", "Table", "dashboard_of"]

LONG_PERIOD = 120  # days; in longer ones, days are too narrow to be seen
MOST_LOTS = 12  # charts on the page; the spreadsheet has all
LONGEST_CHART = 400  # tests; in longer ones, single tests cannot be told apart
_OUTCOMES: Final = tuple(TONES)


@dataclass(frozen=True, slots=True)
class Table:
    """A table: its heading, and rows of which the first cell is a heading too.

    ``marked`` are the numbers of the rows that stand out.
    """

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    marked: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Figure:
    """A chart, its title and key, and what it says in a sentence."""

    chart: Markup
    title: str = ""
    key: tuple[tuple[Markup, str], ...] = ()
    said: tuple[str, ...] = ()
    marked: bool = False


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the dashboard.

    Attributes
    ----------
    name : str
        Its anchor.
    title, note : str
        Heading, and how to read it.
    figures : tuple of Figure
        Its charts.
    table : Table or None
        The same as numbers.
    folded : bool
        Whether the table is shown only when it is asked for.
    sheet : str
        Address of the spreadsheet.
    """

    name: str
    title: str
    note: str = ""
    figures: tuple[Figure, ...] = ()
    table: Table | None = None
    folded: bool = False
    sheet: str = ""


@dataclass(frozen=True, slots=True)
class Dashboard:
    """All that the dashboard says; ``standing_out`` are sentences with the anchors of their sections."""

    tests: int
    totals: tuple[tuple[str, str, str], ...]
    standing_out: tuple[tuple[str, str], ...]
    sections: tuple[Section, ...]


@dataclass(frozen=True, slots=True)
class _Period:
    """What is shown: words, names of kits, the period and its tests."""

    t: Words
    kits: Callable[[str], str]
    watched: Watched
    tallies: Sequence[Tally]

    @property
    def days(self) -> tuple[str, str]:
        return self.watched.since, self.watched.until

    @property
    def step(self) -> By:
        length = dt.date.fromisoformat(self.watched.until) - dt.date.fromisoformat(self.watched.since)
        return "week" if length.days > LONG_PERIOD else "day"

    def told(self, key: str) -> str:
        """Return what a chart shows, for those who do not see it."""
        return self.t("dashboard.chart", title=self.t(key), since=self.days[0], until=self.days[1])

    def sheet(self, name: str, **more: str) -> str:
        asked = {
            "since": self.watched.since,
            "until": self.watched.until,
            "site": self.watched.site,
            "kit": self.watched.assay,
            **more,
        }
        return f"/v1/monitoring/{name}.csv?" + urlencode({k: v for k, v in asked.items() if v})


def dashboard_of(
    t: Words,
    kits: Callable[[str], str],
    watched: Watched,
    *,
    tallies: Sequence[Tally],
    controls: Sequence[Control],
    lately: str,
) -> Dashboard:
    """Say what a manager should know of some tests.

    Parameters
    ----------
    t : Words
        Of the page's language.
    kits : callable
        Returns what a kit is called.
    watched : Watched
        Which tests these are.
    tallies, controls : sequence
        The tests, and their control lines.
    lately : str
        Day on which "lately" begins.
    """
    period = _Period(t, kits, watched, tallies)
    lots = lots_of(controls)
    units = [*drifts(tallies, "site", lately), *drifts(tallies, "operator", lately)]
    weaker = {**beside_others(lots, "site"), **beside_others(lots, "operator")}
    whole = rates(tallies)
    weeks = [rates(found, key) for key, found in grouped(tallies, "week").items()]
    return Dashboard(
        tests=whole.tests,
        totals=_totals(t, whole),
        standing_out=(*_odd_lots(period, lots), *_odd_units(period, units, weaker)),
        sections=(
            _per_day(period),
            _positivity(period, weeks),
            _failures(period, weeks),
            _by(period, "site"),
            _by(period, "assay"),
            _reasons(period),
            _lots(period, lots),
            _units(period, units),
            _agreement(period),
        ),
    )


def _totals(t: Words, whole: Rates) -> tuple[tuple[str, str, str], ...]:
    """Return name, value and interval of what stands at the head of the page."""
    shares = (
        ("positivity", whole.positivity),
        ("invalid", whole.invalid),
        ("not-read", whole.not_read),
    )
    looked = t.percent(whole.reviewed / whole.tests, 0) if whole.tests else "–"
    return (
        (t("dashboard.tests"), str(whole.tests), ""),
        *((t(f"dashboard.{name}"), _percent(t, share), _interval(t, share)) for name, share in shares),
        (t("dashboard.looked"), str(whole.reviewed), looked),
    )


def _per_day(period: _Period) -> Section:
    t, step = period.t, period.step
    groups = grouped(period.tallies, step)
    numbers = {
        day: tuple(sum(x.number for x in found if x.outcome == outcome) for outcome in _OUTCOMES)
        for day, found in groups.items()
    }
    bars = [Bar(day, parts) for day, parts in numbers.items()]
    words = [t(f"outcome.{outcome}.word") for outcome in _OUTCOMES]
    chart = stacked_bars(period.told("dashboard.per-day"), bars, period.days, 7 if step == "week" else 1)
    key = tuple((swatch(colour), word) for colour, word in zip(TONES.values(), words, strict=True))
    rows = tuple((day, str(sum(parts)), *map(str, parts)) for day, parts in reversed(numbers.items()))
    heads = (t("dashboard.day"), t("dashboard.tests"), *words)
    return Section(
        "per-day",
        t("dashboard.per-day"),
        figures=(Figure(chart, key=key),),
        table=Table(heads, rows),
        folded=True,
        sheet=period.sheet("tests"),
    )


def _positivity(period: _Period, weeks: Sequence[Rates]) -> Section:
    t = period.t
    marks = _marks(t, weeks, lambda week: week.positivity)
    chart = series_chart(
        period.told("dashboard.per-week"), [Series(marks)], _stretched(period.days, marks), percent=True
    )
    rows = tuple(
        (
            week.key,
            str(int(week.positivity.whole)),
            _percent(t, week.positivity),
            _interval(t, week.positivity),
        )
        for week in reversed(weeks)
    )
    heads = (t("dashboard.week"), t("dashboard.tests"), t("dashboard.positivity"), t("dashboard.interval"))
    return Section(
        "positivity",
        t("dashboard.per-week"),
        t("dashboard.positivity-note"),
        (Figure(chart),),
        Table(heads, rows),
        folded=True,
        sheet=period.sheet("rates", by="week"),
    )


def _failures(period: _Period, weeks: Sequence[Rates]) -> Section:
    t = period.t
    invalid, unread = _marks(t, weeks, lambda w: w.invalid), _marks(t, weeks, lambda w: w.not_read)
    series = (Series(unread, TONES["negative"]), Series(invalid, TONES["invalid"], square=True))
    days = _stretched(period.days, (*invalid, *unread))
    chart = series_chart(period.told("dashboard.failures"), series, days, percent=True)
    key = (
        (swatch(TONES["negative"], round_=True), t("dashboard.not-read")),
        (swatch(TONES["invalid"]), t("dashboard.invalid")),
    )
    rows = tuple(
        (week.key, str(week.tests), _percent(t, week.not_read), _percent(t, week.invalid))
        for week in reversed(weeks)
    )
    heads = (
        t("dashboard.week"), t("dashboard.tests"), t("dashboard.not-read"), t("dashboard.invalid")
    )  # fmt: skip
    return Section(
        "failures",
        t("dashboard.failures"),
        figures=(Figure(chart, key=key),),
        table=Table(heads, rows),
        folded=True,
        sheet=period.sheet("rates", by="week"),
    )


def _by(period: _Period, by: By) -> Section:
    t = period.t
    name: Callable[[str], str] = period.kits if by == "assay" else str
    rows = tuple(
        (
            name(key),
            str(told.tests),
            _whole(t, told.positivity),
            _whole(t, told.invalid),
            _whole(t, told.not_read),
        )
        for key, found in grouped(period.tallies, by).items()
        for told in (rates(found),)
    )
    heads = ("positivity", "invalid", "not-read")
    named = t("dashboard.kit" if by == "assay" else "dashboard.site")
    return Section(
        f"by-{by}",
        t(f"dashboard.by-{by}"),
        t("dashboard.interval-note"),
        table=Table((named, t("dashboard.tests"), *(t(f"dashboard.{head}") for head in heads)), rows),
        sheet=period.sheet("rates", by=by),
    )


def _reasons(period: _Period) -> Section:
    t = period.t
    rows = tuple(
        (
            t(f"flags.{reason.flag}.what") if f"flags.{reason.flag}.what" in t else reason.flag,
            t(f"outcome.{reason.outcome}.word"),
            str(int(reason.of.part)),
            _percent(t, reason.of),
            t(f"flags.{reason.flag}.advice") if f"flags.{reason.flag}.advice" in t else "",
        )
        for reason in reasons(period.tallies)
        if reason.flag not in reader.FLAGS or not reader.FLAGS[reason.flag].technical
    )
    heads = (
        t("dashboard.reason"),
        t("dashboard.outcome"),
        t("dashboard.tests"),
        t("dashboard.share"),
        t("dashboard.what-helps"),
    )
    return Section(
        "reasons",
        t("dashboard.reasons"),
        t("dashboard.reasons-note"),
        table=Table(heads, rows),
        sheet=period.sheet("reasons"),
    )


def _lots(period: _Period, lots: Sequence[Lot]) -> Section:
    t = period.t
    heads = ("lot", "kit", "tests", "state", "against")
    charted = [lot for lot in lots if lot.alarming or lot.chart.limits is not None]
    return Section(
        "lots",
        t("dashboard.lots"),
        t("dashboard.lots-note"),
        tuple(_lot_figure(period, lot) for lot in charted[:MOST_LOTS]),
        Table(
            tuple(t(f"dashboard.{head}") for head in heads),
            tuple(
                (lot.lot, period.kits(lot.assay), str(len(lot.controls)), _state(t, lot), _against(t, lot))
                for lot in lots
            ),
            frozenset(k for k, lot in enumerate(lots) if lot.alarming),
        ),
        sheet=period.sheet("controls"),
    )


def _lot_figure(period: _Period, lot: Lot) -> Figure:
    title = f"{lot.lot} · {period.kits(lot.assay)}"
    links = [f"/readings/{control.reading}" for control in lot.controls]
    chart = control_chart(f"{title}: {_state(period.t, lot)}", lot.chart, links, most=LONGEST_CHART)
    against = _against(period.t, lot)
    said = (period.t("dashboard.against-others", percent=against),) if against else ()
    return Figure(chart, title, said=(_state(period.t, lot), *said), marked=lot.alarming)


def _state(t: Words, lot: Lot) -> str:
    since = lot.chart.drifted_at
    if since is None:
        return t(f"dashboard.state.{lot.chart.state}")
    return t(f"dashboard.state.{lot.chart.state}", date=t.date(lot.controls[since].day))


def _against(t: Words, lot: Lot) -> str:
    return "" if lot.against_others is None else _ratio(t, lot.against_others)


def _ratio(t: Words, ratio: Ratio) -> str:
    low, high = t.percent(ratio.low, 0), t.percent(ratio.high, 0)
    return t("dashboard.with-interval", value=t.percent(ratio.value, 0), low=low, high=high)


def _units(period: _Period, units: Sequence[Drift]) -> Section:
    t = period.t
    shown = sorted(units, key=lambda drift: not drift.clear)
    rows = tuple(
        (
            drift.key,
            t(f"dashboard.measure.{drift.measure}"),
            _whole(t, drift.lately),
            _percent(t, drift.before),
            _percent(t, drift.others),
        )
        for drift in shown
    )
    heads = ("who", "measure", "lately", "before", "others")
    return Section(
        "units",
        t("dashboard.units"),
        t("dashboard.units-note"),
        table=Table(
            tuple(t(f"dashboard.{head}") for head in heads),
            rows,
            frozenset(k for k, drift in enumerate(shown) if drift.clear),
        ),
        folded=True,
        sheet=period.sheet("drift", by="site"),
    )


def _agreement(period: _Period) -> Section:
    t = period.t
    looked = [tally for tally in period.tallies if tally.person]
    groups = [agreement(found, key) for key, found in grouped(looked, "week").items()]
    whole = agreement(looked)
    title, note = t("dashboard.agreement"), t("dashboard.agreement-note")
    if not looked:
        return Section("agreement", title, t("dashboard.agreement-none"))
    heads = ("machine", "person", "tests")
    return Section(
        "agreement",
        title,
        note,
        (_agreement_figure(period, groups, whole),),
        Table(
            tuple(t(f"dashboard.{head}") for head in heads),
            tuple(
                (t(f"outcome.{machine}.word"), t(f"outcome.{person}.word"), str(number))
                for machine, person, number in whole.pairs
            ),
            frozenset(k for k, (machine, person, _) in enumerate(whole.pairs) if machine != person),
        ),
        sheet=period.sheet("agreement", by="week"),
    )


def _agreement_figure(period: _Period, groups: Sequence[Agreement], whole: Agreement) -> Figure:
    t = period.t
    same = tuple(
        Mark(g.key, g.same.value, g.same.low, g.same.high, f"{g.key}: {_percent(t, g.same)}")
        for g in groups
        if g.same.value is not None
    )
    span = (min([0.5, *(mark.low for mark in same if mark.low is not None)]), 1.0)
    days = _stretched(period.days, same)
    chart = series_chart(period.told("dashboard.agreement"), [Series(same)], days, percent=True, span=span)
    said = [t("dashboard.agreement-same", percent=_whole(t, whole.same), tests=int(whole.same.whole))]
    kappa = whole.kappa
    if kappa.value is not None and kappa.low is not None and kappa.high is not None:
        told = {"value": kappa.value, "low": kappa.low, "high": kappa.high}
        numbers = {name: t.number(value, 2) for name, value in told.items()}
        said.append(t("dashboard.kappa", kappa=t("dashboard.with-interval", **numbers)))
    return Figure(chart, said=tuple(said))


def _odd_lots(period: _Period, lots: Iterable[Lot]) -> Iterable[tuple[str, str]]:
    t = period.t
    for lot in lots:
        about = {"lot": lot.lot, "kit": period.kits(lot.assay)}
        if lot.against_others is not None and lot.against_others.apart < 0:
            yield "lots", t("dashboard.lot-weak", percent=t.percent(lot.against_others.value, 0), **about)
        since = lot.chart.drifted_at
        if since is not None:
            date = t.date(lot.controls[since].day)
            yield "lots", t(f"dashboard.lot-{lot.chart.state}", date=date, **about)


def _odd_units(
    period: _Period, units: Iterable[Drift], ratios: dict[str, Ratio]
) -> Iterable[tuple[str, str]]:
    t = period.t
    for drift in units:
        if drift.clear:
            told = {
                "lately": _percent(t, drift.lately),
                "before": _percent(t, drift.before),
                "others": _percent(t, drift.others),
            }
            measure = t(f"dashboard.measure.{drift.measure}")
            yield "units", t("dashboard.differs", who=drift.key, measure=measure, **told)
    for key, ratio in ratios.items():
        if ratio.apart < 0:
            yield "units", t("dashboard.unit-weak", who=key, percent=t.percent(ratio.value, 0))


def _marks(t: Words, weeks: Iterable[Rates], share: Callable[[Rates], Share]) -> tuple[Mark, ...]:
    return tuple(
        Mark(
            week.key,
            told.value,
            told.low,
            told.high,
            f"{week.key}: {_whole(t, told)}",
        )
        for week in weeks
        for told in (share(week),)
        if told.value is not None
    )


def _stretched(days: tuple[str, str], marks: Sequence[Mark]) -> tuple[str, str]:
    """Let a period begin where its first week does."""
    return min([days[0], *(mark.day for mark in marks)]), days[1]


def _percent(t: Words, share: Share) -> str:
    return "–" if share.value is None else t.percent(share.value)


def _interval(t: Words, share: Share) -> str:
    if share.low is None or share.high is None:
        return ""
    return t("dashboard.range", low=t.percent(share.low), high=t.percent(share.high))


def _whole(t: Words, share: Share) -> str:
    if share.value is None or share.low is None or share.high is None:
        return "–"
    low, high = t.percent(share.low), t.percent(share.high)
    return t("dashboard.with-interval", value=t.percent(share.value), low=low, high=high)
