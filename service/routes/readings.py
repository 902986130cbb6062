"""Readings: send a picture, look at a reading."""

from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import APIRouter, File, Form, Header, Query, Request, Response, UploadFile

from service.access import Writes
from service.intake import Accepted, Submission, accept, label_of, require_assay
from service.jobs import enqueue
from service.kits import UNNAMED
from service.origin import FormOrigin, QueryOrigin
from service.problems import HTTP_PROBLEMS, Refused
from service.refusals import KEY_REUSED
from service.routes.common import (
    ASSAY_ID,
    RAW_PICTURE,
    AssayQuery,
    ServicesDep,
    StoredDep,
    cached,
    problems,
    unchanged,
)
from service.routes.jobs import QUEUED, LaterDep, queued
from service.schemas import ReadingModel
from service.services import Services
from service.store import Job, Spool, StoredReading

__all__ = ["copy_upload", "router"]

router = APIRouter(prefix="/v1", tags=["readings"])

_CHUNK = 1 << 20
_KEYS = uuid5(NAMESPACE_URL, "urn:lfa:idempotency-key")
_ACCEPTED: dict[int | str, dict[str, Any]] = {
    200: {"model": ReadingModel, "description": "The same picture was sent before; this is its reading"},
    201: {
        "model": ReadingModel,
        "description": "A new reading",
        "headers": {"Location": {"schema": {"type": "string"}}, "ETag": {"schema": {"type": "string"}}},
    },
    **QUEUED,
    **problems(400, 403, 408, 409, 410, 413, 415, 422, 503, 507),
}
_PICTURE_PART: dict[str, Any] = {
    "requestBody": {"content": {"multipart/form-data": {"encoding": {"image": {"contentType": "image/*"}}}}}
}
_FOUND: dict[int | str, dict[str, Any]] = {
    304: {"description": "The reading has not changed"},
    **problems(404, 410, 422),
}


@router.put("/readings/{reading_id}", status_code=201, responses=_ACCEPTED, openapi_extra=RAW_PICTURE)
async def put_reading(
    *,
    reading_id: UUID,
    request: Request,
    caller: Writes,
    services: ServicesDep,
    origin: QueryOrigin,
    later: LaterDep,
    assay: AssayQuery = UNNAMED,
) -> Response:
    """Read a picture under an id that the client made.

    Name the kit: ``generic`` takes every test line for a positive, and in some kits, such as those for
    drugs, it means negative. May be repeated without harm: the same picture answers 200 with the first
    reading, another one 409.
    With ``Prefer: respond-async`` the answer is 202 with a job, and the picture is read when there is time.
    """
    name = str(reading_id)
    known = require_assay(services, assay)
    submission = Submission(name, known, name, caller.home, caller.key_id, origin)
    with services.blobs.spool() as spool:
        async for chunk in request.stream():
            spool.write(chunk)
        return await _take(services, submission, spool, later=later)


@router.post("/readings", status_code=201, responses=_ACCEPTED, openapi_extra=_PICTURE_PART)
async def post_reading(
    *,
    image: Annotated[
        UploadFile, File(json_schema_extra={"format": "binary"})
    ],  # so that generators see a file
    caller: Writes,
    services: ServicesDep,
    origin: FormOrigin,
    later: LaterDep,
    assay: Annotated[str | None, Form(max_length=64, pattern=ASSAY_ID)] = None,
    assay_query: Annotated[str | None, Query(alias="assay", max_length=64, pattern=ASSAY_ID)] = None,
    idempotency_key: Annotated[str | None, Header(min_length=1, max_length=255)] = None,
) -> Response:
    """Read a picture from a form.

    The assay may also stand in the query. With an ``Idempotency-Key`` it may be repeated without harm;
    ``PUT`` is the better way for programs.
    """
    # The id follows from the key, so that a repeated key finds its reading without a table of keys.
    reading_id = uuid4() if idempotency_key is None else uuid5(_KEYS, f"{caller.home} {idempotency_key}")
    submission = Submission(
        str(reading_id),
        require_assay(services, _one_assay(assay, assay_query)),
        label_of(image.filename),
        caller.home,
        caller.key_id,
        origin,
        KEY_REUSED,
    )
    with services.blobs.spool() as spool:
        await copy_upload(image, spool)
        return await _take(services, submission, spool, later=later)


@router.get("/readings/{reading_id}", response_model=ReadingModel, responses=_FOUND)  # noqa: FAST003  (the dependency takes it)
async def get_reading(request: Request, stored: StoredDep) -> Response:
    """Return what the machine said, as the document ``lfa-reading/1``.

    It stays as it is whatever a person says of it later: ``GET …/result`` has the answer that counts.
    """
    return unchanged(request, _etag(stored)) or _document(stored, 200)


async def copy_upload(image: UploadFile, spool: Spool) -> None:
    """Copy a form's file to the spool, a piece at a time."""
    while chunk := await image.read(_CHUNK):
        spool.write(chunk)


def _one_assay(in_form: str | None, in_query: str | None) -> str:
    """Return the assay that was asked for, in whichever place."""
    if None not in {in_form, in_query} and in_form != in_query:
        raise Refused(HTTP_PROBLEMS[422], ({"where": "query", "name": "assay", "code": "assay_twice"},))
    return in_form or in_query or UNNAMED


async def _take(services: Services, submission: Submission, spool: Spool, *, later: bool) -> Response:
    """Read a received picture now, or queue it where the client wishes so."""
    taken = await (enqueue if later else accept)(services, submission, spool)
    return await queued(services, taken) if isinstance(taken, Job) else _answer(taken)


def _answer(accepted: Accepted) -> Response:
    response = _document(accepted.reading, 201 if accepted.new else 200)
    response.headers["Location"] = f"/v1/readings/{accepted.reading.id}"
    return response


def _document(stored: StoredReading, status: int) -> Response:
    return Response(
        stored.document.encode(), status, media_type="application/json", headers=cached(_etag(stored))
    )


def _etag(stored: StoredReading) -> str:
    return f'"{stored.id}.{stored.version}"'
