"""The manager's dashboard: one page of numbers, charts and what stands out, without scripts."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from fastapi.responses import HTMLResponse
from starlette.concurrency import run_in_threadpool

from service.access import ALL_SITES, Reads
from service.origin import PSEUDONYM
from service.routes.common import ASSAY_ID, ServicesDep
from service.routes.monitoring import Day, lately_of, watched_by
from service.services import Services
from service.store.monitoring import Watched
from service.view import kit_names
from service.web.dashboard import Dashboard, dashboard_of
from service.web.pages import render
from service.web.words import Words, words_for

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/dashboard")
async def show_dashboard(
    *,
    request: Request,
    services: ServicesDep,
    caller: Reads,
    since: Day | None = None,
    until: Day | None = None,
    site: Annotated[str | None, Query(pattern=f"^$|{PSEUDONYM}")] = None,
    kit: Annotated[str | None, Query(max_length=64, pattern=f"^$|{ASSAY_ID}")] = None,
) -> HTMLResponse:
    """Show counts, rates, reasons, lots, sites and agreement of a period."""
    watched = watched_by(caller, since, until, site=site or None, assay=kit or None)
    words = words_for(request)
    kits = kit_names(words, services.kits)
    shown, sites = await run_in_threadpool(_shown, services, words, kits, watched)
    seen = sites if caller.site == ALL_SITES else []
    return render(request, "dashboard.html", watched=watched, shown=shown, sites=seen, kits=kits)


def _shown(
    services: Services, words: Words, kits: dict[str, str], watched: Watched
) -> tuple[Dashboard, list[str]]:
    store = services.monitoring
    dashboard = dashboard_of(
        words,
        lambda assay: kits.get(assay, assay),
        watched,
        tallies=store.tallies(watched),
        controls=store.controls(watched),
        lately=lately_of(watched),
    )
    return dashboard, store.sites()
