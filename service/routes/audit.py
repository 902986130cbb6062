"""Who did what, for whoever must be able to tell."""

import json
from typing import Annotated

from fastapi import APIRouter, Query, Response
from starlette.concurrency import run_in_threadpool

from service.access import Admins
from service.lookup import site_of
from service.routes.common import ServicesDep, page_of, problems
from service.schemas import AuditItem, AuditPage
from service.store.audit import AuditEntry

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["audit"])


@router.get("/audit", responses=problems(422))
async def list_audit(
    response: Response,
    caller: Admins,
    services: ServicesDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    before: Annotated[
        int | None, Query(ge=1, lt=1 << 62, description="Only entries before this one.")
    ] = None,
) -> AuditPage:
    """List who did what, the newest first: in all sites, or in the key's own."""
    page = services.audit.page
    found = await run_in_threadpool(page, site=site_of(caller), before=before, limit=limit + 1)
    shown, following = page_of(
        found, limit, response, lambda last: f"/v1/audit?limit={limit}&before={last.seq}"
    )
    return AuditPage(items=[_item(entry) for entry in shown], next=following)


def _item(entry: AuditEntry) -> AuditItem:
    return AuditItem(
        seq=entry.seq,
        at=entry.at,
        key_id=entry.key_id,
        site=entry.site,
        action=entry.action,
        target=entry.target,
        detail=json.loads(entry.detail),
        sha256=entry.sha256,
    )
