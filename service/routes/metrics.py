"""Numbers for Prometheus, to be fetched from the service's own machine or by an administrator."""

import contextlib
import math

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from service.access import Caller
from service.door import is_at_home
from service.problems import Refused
from service.refusals import KEY_NEEDED, SCOPE_NEEDED
from service.routes.common import ServicesDep
from service.services import Services
from service.store.database import FAILURES

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def get_metrics(request: Request, services: ServicesDep) -> Response:
    """Return the numbers in Prometheus' text format."""
    caller: Caller | None = request.scope["state"].get("caller")
    if not is_at_home(request) and (caller is None or "admin" not in caller.scopes):
        raise Refused(KEY_NEEDED if caller is None else SCOPE_NEEDED)
    return Response(await run_in_threadpool(_told, services), media_type="text/plain; version=0.0.4")


def _told(services: Services) -> bytes:
    waiting = math.nan
    with contextlib.suppress(*FAILURES):  # numbers are wanted most when something is broken
        waiting = services.jobs.waiting()
    return services.metrics.exposition(
        tasks=services.readers.tasks, jobs=waiting, data=services.settings.data
    )
