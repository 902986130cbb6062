"""Monitoring: counts, rates, reasons, agreement, lots and drift, each as JSON and as a spreadsheet."""

import datetime as dt
import re
from collections.abc import Callable, Iterable
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, BeforeValidator, WithJsonSchema
from starlette.concurrency import run_in_threadpool

from service.access import Caller, Reads
from service.lookup import site_of
from service.monitoring.agreement import Agreement, agreement
from service.monitoring.chart import REFERENCE, SMALLEST_REFERENCE
from service.monitoring.counts import By, Rates, grouped, rates, reasons
from service.monitoring.drift import drifts
from service.monitoring.items import (
    ControlItem,
    DayItem,
    DriftItem,
    LotItem,
    ReasonItem,
    control_items,
    day_items,
    drift_item,
    lot_item,
    reason_item,
)
from service.monitoring.lots import lots_of
from service.monitoring.table import columns_of, rows_of
from service.origin import Pseudonym
from service.routes.common import ASSAY_ID, ServicesDep, problems
from service.services import Services
from service.spreadsheet import CSV_ANSWER, csv_response
from service.store.monitoring import Watched

__all__ = ["DEFAULT_DAYS", "LATELY_DAYS", "Day", "lately_of", "router", "watched_by"]

DEFAULT_DAYS = 90
LATELY_DAYS = 28

router = APIRouter(prefix="/v1/monitoring", tags=["monitoring"], responses=problems(401, 403, 422))


def _day(text: object) -> dt.date:
    """Take a day as it is written, and nothing else: a bare number is not a day, whatever it may count."""
    if not (isinstance(text, str) and re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", text)):
        raise ValueError("not a day")
    return dt.date.fromisoformat(text)


Day = Annotated[dt.date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
"""A day, ``YYYY-MM-DD``."""
DayQuery = Annotated[Day | None, Query(description="In UTC; by default the last 90 days until today.")]
Name = Annotated[Pseudonym | None, Query(description="Only those with exactly this.")]
Kit = Annotated[str | None, Query(max_length=64, pattern=ASSAY_ID, description="Only those of this assay.")]


class DayList(BaseModel):
    """Tests by day, site and kit."""

    items: list[DayItem]


class RateList(BaseModel):
    """What became of tests, for each group of them."""

    items: list[Rates]


class ReasonList(BaseModel):
    """Why tests gave no result."""

    items: list[ReasonItem]


class AgreementList(BaseModel):
    """How often persons and the machine said the same, for each group of tests."""

    items: list[Agreement]


class LotList(BaseModel):
    """The lots of kits, those first that someone should look at."""

    items: list[LotItem]


class ControlList(BaseModel):
    """Control lines on the control charts of their lots."""

    items: list[ControlItem]


class DriftList(BaseModel):
    """Sites or operators, against what they were and against the others; clear differences come first."""

    items: list[DriftItem]


def watched_by(
    caller: Caller,
    since: dt.date | None,
    until: dt.date | None,
    *,
    site: str | None = None,
    assay: str | None = None,
    lot: str | None = None,
) -> Watched:
    """Return which tests are meant, as far as the caller may see them; none if they end before they begin."""
    last = until or dt.datetime.now(dt.UTC).date()
    first = since or _earlier(last, DEFAULT_DAYS - 1)
    return Watched(
        since=first.isoformat(), until=last.isoformat(), site=site_of(caller, site), assay=assay, lot=lot
    )


def lately_of(watched: Watched) -> str:
    """Return the first of the last four weeks of a period."""
    return _earlier(dt.date.fromisoformat(watched.until), LATELY_DAYS - 1).isoformat()


def _earlier(day: dt.date, days: int) -> dt.date:
    """Go back some days, but not beyond the calendar's first."""
    return dt.date.fromordinal(max(day.toordinal() - days, 1))


def _watched(
    caller: Reads,
    *,
    since: DayQuery = None,
    until: DayQuery = None,
    site: Name = None,
    kit: Kit = None,
    lot: Name = None,
) -> Watched:
    return watched_by(caller, since, until, site=site, assay=kit, lot=lot)


WatchedDep = Annotated[Watched, Depends(_watched)]
ByQuery = Annotated[By, Query(description="What the tests of a group have in common.")]
UnitQuery = Annotated[Literal["site", "operator"], Query(description="What is compared.")]
ReferenceQuery = Annotated[
    int,
    Query(ge=SMALLEST_REFERENCE, le=200, description="Number of a lot's first tests that give its limits."),
]


def _days(services: Services, watched: Watched) -> list[DayItem]:
    return day_items(services.monitoring.tallies(watched))


def _rates(services: Services, watched: Watched, by: By) -> list[Rates]:
    return [rates(found, key) for key, found in grouped(services.monitoring.tallies(watched), by).items()]


def _reasons(services: Services, watched: Watched) -> list[ReasonItem]:
    found = reasons(services.monitoring.tallies(watched), ("not_read", "invalid", "indeterminate"))
    return [reason_item(reason) for reason in found]


def _agreement(services: Services, watched: Watched, by: By) -> list[Agreement]:
    groups = grouped((t for t in services.monitoring.tallies(watched) if t.person), by)
    return [agreement(found, key) for key, found in groups.items()]


def _lots(services: Services, watched: Watched, reference: int) -> list[LotItem]:
    tallies = services.monitoring.tallies(watched)
    return [lot_item(lot, tallies) for lot in lots_of(services.monitoring.controls(watched), reference)]


def _controls(services: Services, watched: Watched, reference: int) -> list[ControlItem]:
    lots = lots_of(services.monitoring.controls(watched), reference)
    return [item for lot in sorted(lots, key=lambda lot: (lot.assay, lot.lot)) for item in control_items(lot)]


def _drift(services: Services, watched: Watched, by: Literal["site", "operator"]) -> list[DriftItem]:
    found = drifts(services.monitoring.tallies(watched), by, lately_of(watched))
    return [drift_item(drift, by) for drift in found]


async def _csv(
    name: str, kind: type[Any], made: Callable[..., Iterable[Any]], *given: Any
) -> StreamingResponse:
    records = await run_in_threadpool(made, *given)
    return csv_response(f"{name}.csv", columns_of(kind), rows_of(kind, records))


_CSV: dict[str, Any] = {"response_class": StreamingResponse, "responses": CSV_ANSWER}


@router.get("/tests")
async def list_test_counts(services: ServicesDep, watched: WatchedDep) -> DayList:
    """Count tests by day, site and kit."""
    return DayList(items=await run_in_threadpool(_days, services, watched))


@router.get("/tests.csv", **_CSV)
async def download_test_counts(services: ServicesDep, watched: WatchedDep) -> StreamingResponse:
    """Count tests by day, site and kit, as a spreadsheet."""
    return await _csv("tests", DayItem, _days, services, watched)


@router.get("/rates")
async def list_rates(services: ServicesDep, watched: WatchedDep, by: ByQuery = "site") -> RateList:
    """Tell positivity and how often tests gave no result, with 95 % intervals."""
    return RateList(items=await run_in_threadpool(_rates, services, watched, by))


@router.get("/rates.csv", **_CSV)
async def download_rates(
    services: ServicesDep, watched: WatchedDep, by: ByQuery = "site"
) -> StreamingResponse:
    """Tell positivity and how often tests gave no result, as a spreadsheet."""
    return await _csv("rates", Rates, _rates, services, watched, by)


@router.get("/reasons")
async def list_reasons(services: ServicesDep, watched: WatchedDep) -> ReasonList:
    """Tell why tests gave no result: the warnings beside them, the most frequent first."""
    return ReasonList(items=await run_in_threadpool(_reasons, services, watched))


@router.get("/reasons.csv", **_CSV)
async def download_reasons(services: ServicesDep, watched: WatchedDep) -> StreamingResponse:
    """Tell why tests gave no result, as a spreadsheet."""
    return await _csv("reasons", ReasonItem, _reasons, services, watched)


@router.get("/agreement")
async def list_agreement(services: ServicesDep, watched: WatchedDep, by: ByQuery = "month") -> AgreementList:
    """Tell how often persons and the machine said the same, of the tests that a person has looked at."""
    return AgreementList(items=await run_in_threadpool(_agreement, services, watched, by))


@router.get("/agreement.csv", **_CSV)
async def download_agreement(
    services: ServicesDep, watched: WatchedDep, by: ByQuery = "month"
) -> StreamingResponse:
    """Tell how often persons and the machine said the same, as a spreadsheet."""
    return await _csv("agreement", Agreement, _agreement, services, watched, by)


@router.get("/lots")
async def list_lots(
    services: ServicesDep, watched: WatchedDep, reference: ReferenceQuery = REFERENCE
) -> LotList:
    """Sum up the control lines of every lot of kits, those first that someone should look at."""
    return LotList(items=await run_in_threadpool(_lots, services, watched, reference))


@router.get("/lots.csv", **_CSV)
async def download_lots(
    services: ServicesDep, watched: WatchedDep, reference: ReferenceQuery = REFERENCE
) -> StreamingResponse:
    """Sum up the control lines of every lot of kits, as a spreadsheet."""
    return await _csv("lots", LotItem, _lots, services, watched, reference)


@router.get("/controls")
async def list_control_lines(
    services: ServicesDep, watched: WatchedDep, reference: ReferenceQuery = REFERENCE
) -> ControlList:
    """List control lines as they stand on the control charts of their lots."""
    return ControlList(items=await run_in_threadpool(_controls, services, watched, reference))


@router.get("/controls.csv", **_CSV)
async def download_control_lines(
    services: ServicesDep, watched: WatchedDep, reference: ReferenceQuery = REFERENCE
) -> StreamingResponse:
    """List control lines as they stand on the control charts of their lots, as a spreadsheet."""
    return await _csv("controls", ControlItem, _controls, services, watched, reference)


@router.get("/drift")
async def list_drift(services: ServicesDep, watched: WatchedDep, by: UnitQuery = "site") -> DriftList:
    """Compare the last four weeks of every site or operator with before, and with all others."""
    return DriftList(items=await run_in_threadpool(_drift, services, watched, by))


@router.get("/drift.csv", **_CSV)
async def download_drift(
    services: ServicesDep, watched: WatchedDep, by: UnitQuery = "site"
) -> StreamingResponse:
    """Compare the last four weeks of every site or operator, as a spreadsheet."""
    return await _csv("drift", DriftItem, _drift, services, watched, by)
