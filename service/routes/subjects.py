"""One subject's answers over time."""

from dataclasses import astuple, fields
from typing import Annotated

from fastapi import APIRouter, Path, Query
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from service.access import Reads
from service.lookup import site_of
from service.origin import PSEUDONYM
from service.routes.common import ASSAY_ID, ServicesDep, problems
from service.schemas import SeriesModel
from service.series import Point, series_of
from service.services import Services
from service.spreadsheet import CSV_ANSWER, csv_response
from service.store import Filters

__all__ = ["router"]

router = APIRouter(prefix="/v1/subjects/{subject}", tags=["subjects"])

SubjectPath = Annotated[str, Path(pattern=PSEUDONYM, description="Pseudonym of whom it is.")]
KitQuery = Annotated[str | None, Query(max_length=64, pattern=ASSAY_ID, description="Assay.")]


@router.get("/series", responses=problems(422))
async def get_series(
    subject: SubjectPath, caller: Reads, services: ServicesDep, kit: KitQuery = None
) -> SeriesModel:
    """Return a subject's answers over time, the first first; none where nothing is known."""
    asked = Filters(subject=subject, assay=kit, site=site_of(caller))
    points = await _series(services, asked)
    return SeriesModel.model_validate({"subject": subject, "points": points}, from_attributes=True)


@router.get(
    "/series.csv", response_class=StreamingResponse, responses={**CSV_ANSWER, **problems(422, 503, 507)}
)
async def export_series(
    subject: SubjectPath, caller: Reads, services: ServicesDep, kit: KitQuery = None
) -> StreamingResponse:
    """Write a subject's answers over time as a table."""
    asked = Filters(subject=subject, assay=kit, site=site_of(caller))
    points = await _series(services, asked)
    told = {"assay": kit, "points": len(points)}
    await run_in_threadpool(services.audit.note, caller.key_id, caller.site, "series-exported", told)
    # The subject stands in no file's name, for that outlives the table.
    return csv_response("series.csv", [field.name for field in fields(Point)], map(astuple, points))


async def _series(services: Services, asked: Filters) -> list[Point]:
    return await run_in_threadpool(series_of, services.readings, services.kits, asked)
