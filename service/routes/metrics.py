"""Numbers for Prometheus, to be fetched from the service's own machine or by an administrator."""

from fastapi import APIRouter, Request, Response
from starlette.concurrency import run_in_threadpool

from service.access import Caller
from service.door import is_at_home
from service.problems import Refused
from service.refusals import KEY_NEEDED, SCOPE_NEEDED
from service.routes.common import ServicesDep

__all__ = ["router"]

router = APIRouter(include_in_schema=False)


@router.get("/metrics")
async def get_metrics(request: Request, services: ServicesDep) -> Response:
    """Return the numbers in Prometheus' text format."""
    caller: Caller | None = request.scope["state"].get("caller")
    if not is_at_home(request) and (caller is None or "admin" not in caller.scopes):
        raise Refused(KEY_NEEDED if caller is None else SCOPE_NEEDED)
    told = await run_in_threadpool(
        services.metrics.exposition, tasks=services.readers.tasks, data=services.settings.data
    )
    return Response(told, media_type="text/plain; version=0.0.4")
