"""Batches: many pictures that belong together, sent one by one and read when there is time."""

from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import APIRouter, Header, Query, Request, Response
from starlette.concurrency import run_in_threadpool

from service.access import Caller, Reads, Writes
from service.clock import utc_now
from service.intake import Submission, require_assay
from service.jobs import enqueue_item
from service.kits import UNNAMED
from service.origin import QueryOrigin
from service.problems import Refused
from service.refusals import BATCH_KEY_REUSED, BATCH_NOT_FOUND
from service.routes.common import RAW_PICTURE, AssayQuery, ServicesDep, page_of, problems
from service.routes.jobs import QUEUED, job_problem, queued
from service.schemas import BatchItemModel, BatchModel, BatchResultPage
from service.services import Services
from service.store import Batch, BatchItem

__all__ = ["router"]

router = APIRouter(prefix="/v1/batches", tags=["batches"])

_KEYS = uuid5(NAMESPACE_URL, "urn:lfa:batch-key")
# When a picture came, and its job's id; clients take it as it comes.
_CURSOR = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}Z_[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
_MADE: dict[int | str, dict[str, Any]] = {
    200: {"model": BatchModel, "description": "This key has made this batch before"}
}


async def _seen(services: Services, caller: Caller, batch_id: UUID) -> Batch:
    batch = await run_in_threadpool(services.batches.find, str(batch_id))
    if batch is None or not caller.sees(batch.site):
        raise Refused(BATCH_NOT_FOUND)
    return batch


@router.post("", status_code=201, responses=_MADE | problems(403, 422, 507))
async def create_batch(
    caller: Writes,
    services: ServicesDep,
    response: Response,
    assay: AssayQuery = UNNAMED,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> BatchModel:
    """Make a batch, to which pictures are then sent.

    With an ``Idempotency-Key`` it may be repeated without harm.
    """
    made = uuid4() if idempotency_key is None else uuid5(_KEYS, f"{caller.home} {idempotency_key}")
    new = Batch(str(made), caller.home, require_assay(services, assay), utc_now())
    batch, added = await run_in_threadpool(services.batches.add, new, caller.key_id)
    if batch.assay != new.assay:
        raise Refused(BATCH_KEY_REUSED)
    response.status_code = 201 if added else 200
    response.headers["Location"] = f"/v1/batches/{batch.id}"
    return await _model(services, batch)


@router.put(
    "/{batch_id}/items/{reading_id}",
    status_code=202,
    response_class=Response,
    responses=QUEUED | problems(400, 403, 404, 408, 409, 410, 413, 422, 503, 507),
    openapi_extra=RAW_PICTURE,
)
async def put_batch_item(
    *,
    batch_id: UUID,
    reading_id: UUID,
    caller: Writes,
    request: Request,
    services: ServicesDep,
    origin: QueryOrigin,
) -> Response:
    """Send a picture to a batch, under the id that its reading shall have.

    May be repeated without harm, also after the batch was closed: the same picture answers with its job.
    """
    batch = await _seen(services, caller, batch_id)
    name = str(reading_id)
    submission = Submission(name, batch.assay, name, batch.site, caller.key_id, origin, batch_id=batch.id)
    with services.blobs.spool() as spool:
        async for chunk in request.stream():
            spool.write(chunk)
        job = await enqueue_item(services, submission, spool)
    return await queued(services, job)


@router.post("/{batch_id}/close", responses=problems(403, 404, 422, 507))
async def close_batch(batch_id: UUID, caller: Writes, services: ServicesDep) -> BatchModel:
    """Close a batch: it takes no more pictures. May be repeated without harm."""
    batch = await _seen(services, caller, batch_id)
    closed = await run_in_threadpool(services.batches.close, batch.id, utc_now(), caller.key_id)
    return await _model(services, closed)


@router.get("/{batch_id}", responses=problems(404, 422))
async def get_batch(batch_id: UUID, caller: Reads, services: ServicesDep) -> BatchModel:
    """Say how far a batch is."""
    return await _model(services, await _seen(services, caller, batch_id))


@router.get("/{batch_id}/results", responses=problems(404, 422))
async def list_batch_results(
    *,
    batch_id: UUID,
    caller: Reads,
    services: ServicesDep,
    response: Response,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern=_CURSOR, description="From `next`.")] = None,
) -> BatchResultPage:
    """List the pictures of a batch in the order in which they came, with what they say so far."""
    batch = await _seen(services, caller, batch_id)
    found = await run_in_threadpool(
        services.batches.items, batch.id, after=_position(cursor), limit=limit + 1
    )
    here = f"/v1/batches/{batch.id}/results?limit={limit}&cursor="
    shown, following = page_of(found, limit, response, lambda last: here + _cursor(last))
    return BatchResultPage(items=[_item(item) for item in shown], next=following)


async def _model(services: Services, batch: Batch) -> BatchModel:
    counts = await run_in_threadpool(services.batches.counts, batch.id)
    waits = counts["queued"] + counts["running"] > 0
    return BatchModel(
        id=batch.id,
        state="open" if batch.closed_at is None else "closed" if waits else "done",
        assay=batch.assay,
        created_at=batch.created_at,
        closed_at=batch.closed_at,
        counts=counts,
    )


def _item(item: BatchItem) -> BatchItemModel:
    job = item.job
    return BatchItemModel.model_validate(
        {
            "reading_id": job.reading_id,
            "job_id": job.id,
            "state": job.state,
            "outcome": item.outcome,
            "reading": f"/v1/readings/{job.reading_id}" if job.state == "done" else None,
            "error": job_problem(job),
        }
    )


def _cursor(item: BatchItem) -> str:
    return f"{item.job.created_at}_{item.job.id}"


def _position(cursor: str | None) -> tuple[str, str] | None:
    if cursor is None:
        return None
    moment, _, job_id = cursor.partition("_")
    return moment, job_id
