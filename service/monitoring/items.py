"""What monitoring tells a program or a spreadsheet: one flat record for each line of a table."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

import reader
from reader import Share
from service.monitoring.chart import State
from service.monitoring.counts import Reason, Tally, rates
from service.monitoring.drift import Difference, Drift, Measure
from service.monitoring.lots import Lot, Ratio

__all__ = [
    "ControlItem",
    "DayItem",
    "DriftItem",
    "LotItem",
    "ReasonItem",
    "control_items",
    "day_items",
    "drift_item",
    "lot_item",
    "reason_item",
]


@dataclass(frozen=True, slots=True)
class DayItem:
    """Tests of one kit at one site on one day, by the outcome that counts."""

    day: str
    site: str
    assay: str
    tests: int
    positive: int
    negative: int
    indeterminate: int
    invalid: int
    not_read: int
    reviewed: int


@dataclass(frozen=True, slots=True)
class ReasonItem:
    """A warning beside an outcome, in words, and how many of the tests with that outcome carry it."""

    outcome: str
    flag: str
    what: str
    advice: str
    of: Share


@dataclass(frozen=True, slots=True)
class LotItem:
    """One lot of a kit: its control lines against its own first tests and against the kit's other lots.

    Attributes
    ----------
    state : str
        ``few``, ``steady``, ``single`` (single tests were off), ``lower`` or ``higher`` (it drifts).
    alarming : bool
        True when someone should look at this lot now.
    drifted_on : str or None
        Day from which on it has drifted.
    centre, sigma, low, high : float or None
        Of the first tests: mean and standard deviation (absorbance), and the limits of single tests.
    against_others : Ratio or None
        Median height over that of the kit's other lots.
    invalid : Share
        Invalid tests of those that could be read.
    """

    assay: str
    lot: str
    tests: int
    first_day: str
    last_day: str
    state: State
    alarming: bool
    drifted_on: str | None
    centre: float | None
    sigma: float | None
    low: float | None
    high: float | None
    against_others: Ratio | None
    invalid: Share


@dataclass(frozen=True, slots=True)
class ControlItem:
    """One control line on its lot's control chart."""

    assay: str
    lot: str
    number: int
    reading: str
    day: str
    site: str
    operator: str
    height: float
    height_sigma: float
    reference: bool
    beyond: bool
    mean: float | None
    mean_low: float | None
    mean_high: float | None
    drift: int


@dataclass(frozen=True, slots=True)
class DriftItem:
    """How one site or operator did lately, against what it did before and against all others lately."""

    by: Literal["site", "operator"]
    key: str
    measure: Measure
    clear: bool
    lately: Share
    before: Share
    others: Share
    from_before: Difference | None
    from_others: Difference | None


def day_items(tallies: Iterable[Tally]) -> list[DayItem]:
    """Count tests by day, site and kit."""
    groups: dict[tuple[str, str, str], list[Tally]] = {}
    for tally in tallies:
        groups.setdefault((tally.day, tally.site, tally.assay), []).append(tally)
    return [_day(key, found) for key, found in sorted(groups.items())]


def _day(key: tuple[str, str, str], tallies: list[Tally]) -> DayItem:
    numbers: Counter[str] = Counter()
    for tally in tallies:
        numbers[tally.outcome] += tally.number
    day, site, assay = key
    return DayItem(
        day=day,
        site=site,
        assay=assay,
        tests=numbers.total(),
        positive=numbers["positive"],
        negative=numbers["negative"],
        indeterminate=numbers["indeterminate"],
        invalid=numbers["invalid"],
        not_read=numbers["not_read"],
        reviewed=sum(tally.number for tally in tallies if tally.person),
    )


def reason_item(reason: Reason) -> ReasonItem:
    """Put a reason into words."""
    known = reader.FLAGS.get(reason.flag)
    what, advice = (known.what, known.advice) if known else ("", "")
    return ReasonItem(reason.outcome, reason.flag, what, advice, reason.of)


def lot_item(lot: Lot, tallies: Sequence[Tally]) -> LotItem:
    """Sum up a lot.

    Parameters
    ----------
    lot : Lot
        The lot.
    tallies : sequence of Tally
        Tests, of this lot and others.
    """
    limits, since = lot.chart.limits, lot.chart.drifted_at
    own = (tally for tally in tallies if (tally.assay, tally.lot) == (lot.assay, lot.lot))
    days = [control.day for control in lot.controls]
    return LotItem(
        assay=lot.assay,
        lot=lot.lot,
        tests=len(lot.controls),
        first_day=min(days),
        last_day=max(days),
        state=lot.chart.state,
        alarming=lot.alarming,
        drifted_on=None if since is None else days[since],
        centre=limits.centre if limits else None,
        sigma=limits.sigma if limits else None,
        low=limits.low if limits else None,
        high=limits.high if limits else None,
        against_others=lot.against_others,
        invalid=rates(own).invalid,
    )


def control_items(lot: Lot) -> Iterator[ControlItem]:
    """Yield a lot's control lines as they stand on its chart."""
    for number, (control, point) in enumerate(zip(lot.controls, lot.chart.points, strict=True), 1):
        yield ControlItem(
            assay=lot.assay,
            lot=lot.lot,
            number=number,
            reading=control.reading,
            day=control.day,
            site=control.site,
            operator=control.operator,
            height=control.height,
            height_sigma=control.sigma,
            reference=point.reference,
            beyond=point.beyond,
            mean=point.mean,
            mean_low=point.low,
            mean_high=point.high,
            drift=point.drift,
        )


def drift_item(drift: Drift, by: Literal["site", "operator"]) -> DriftItem:
    """Put the comparison of a site or operator on one line."""
    return DriftItem(
        by=by,
        key=drift.key,
        measure=drift.measure,
        clear=drift.clear,
        lately=drift.lately,
        before=drift.before,
        others=drift.others,
        from_before=drift.from_before,
        from_others=drift.from_others,
    )
