"""One subject's answers over time as a page: a plot for each analyte, and a table."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from service.access import Reads
from service.lookup import site_of
from service.origin import PSEUDONYM
from service.problems import HTTP_PROBLEMS, Refused
from service.routes.common import ServicesDep
from service.series import series_of
from service.store import Filters
from service.view import analyte_name, kit_names
from service.web.pages import render
from service.web.subject import plots_of, rows_of
from service.web.words import words_for

__all__ = ["router"]

router = APIRouter(prefix="/subjects", include_in_schema=False)


@router.get("/{subject}")
async def show_series(
    request: Request,
    subject: Annotated[str, Path(pattern=PSEUDONYM)],
    services: ServicesDep,
    caller: Reads,
) -> HTMLResponse:
    """Show a subject's answers over time."""
    asked = Filters(subject=subject, site=site_of(caller))
    points = await run_in_threadpool(series_of, services.readings, services.kits, asked)
    if not points:
        raise Refused(HTTP_PROBLEMS[404])
    words = words_for(request)
    names = {point.assay: point.assay for point in points} | kit_names(words, services.kits)
    asked_for = {(point.assay, point.analyte) for point in points}
    analytes = {key: analyte_name(services.kits.get(key[0]), key[1]) for key in asked_for}
    return render(
        request,
        "subject.html",
        subject=subject,
        plots=plots_of(points, names, analytes, words),
        rows=rows_of(points, names, analytes, words),
    )
