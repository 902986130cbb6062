"""Answers about a reading: a person's beside the machine's, and the one that counts in other forms."""

import json
from typing import Any
from uuid import UUID

from fastapi import APIRouter, Response
from starlette.concurrency import run_in_threadpool

from service.access import Admins, Reads, Reviews
from service.flat import flat_result
from service.health_records import as_fhir
from service.kits import profile_of
from service.lookup import find_reading
from service.problems import Refused
from service.refusals import READING_WAITS, REVIEW_CONFLICT
from service.reviews import review
from service.routes.common import ServicesDep, StoredDep, problems
from service.schemas import OverrideModel, ResultModel, ReviewedAnswer, ReviewModel, VersionItem, VersionList
from service.store import StoredVersion

__all__ = ["router"]

router = APIRouter(prefix="/v1/readings/{reading_id}", tags=["answers"])

_ADDED: dict[int | str, dict[str, Any]] = {
    200: {"model": VersionItem, "description": "The same review was sent before"},
    **problems(400, 403, 404, 409, 410, 422, 503, 507),
}
_FHIR: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A FHIR R4 Bundle",
        "content": {"application/fhir+json": {"schema": {"type": "object"}}},
    },
    **problems(404, 410, 422),
}


@router.post("/reviews", status_code=201, responses=_ADDED)
async def add_review(
    reading_id: UUID, said: ReviewModel, response: Response, caller: Reviews, services: ServicesDep
) -> VersionItem:
    """Confirm what the machine said, or say otherwise with a reason; nothing is overwritten.

    May be repeated without harm: the same review by the same key answers 200.
    """
    override: dict[str, Any] = {}
    if isinstance(said, OverrideModel):
        answers = _by_strip(said.answers)
        override = {"reason": said.reason, "answers": answers, "outcome": said.outcome}
    reviewed = await review(services, caller, str(reading_id), said.decision, seen=said.seen, **override)
    response.status_code = 201 if reviewed.new else 200
    return _item(reviewed.version)


@router.get("/versions", responses=problems(404, 410, 422))
async def list_versions(stored: StoredDep, services: ServicesDep) -> VersionList:
    """List every answer about a reading, the machine's and people's, the first first."""
    found = await run_in_threadpool(services.answers.versions, stored.id)
    return VersionList(items=[_item(version) for version in found])


@router.get("/result", responses=problems(404, 422))
async def get_result(reading_id: UUID, caller: Reads, services: ServicesDep) -> ResultModel:
    """Return the result in flat keys that keep their name and meaning, for forms on phones."""
    stored = await find_reading(services, caller, str(reading_id))
    return ResultModel.model_validate(flat_result(stored, services.kits.get(stored.assay)))


@router.get("/fhir", response_class=Response, responses=_FHIR)
async def get_fhir(stored: StoredDep, services: ServicesDep) -> Response:
    """Return a reading for health records; preliminary until a person has answered."""
    kit = profile_of(services.kits, stored.assay)
    body = json.dumps(as_fhir(stored, kit), ensure_ascii=False, allow_nan=False)
    return Response(body.encode(), media_type="application/fhir+json")


@router.delete("", status_code=204, responses=problems(403, 404, 409, 422, 503, 507))
async def erase_reading(reading_id: UUID, caller: Admins, services: ServicesDep) -> None:
    """Erase a reading: its picture, pseudonyms, label and answers. That there was one stays known."""
    try:
        stored = await find_reading(services, caller, str(reading_id))
    except Refused:
        job = await run_in_threadpool(services.jobs.of_reading, str(reading_id))
        if job is not None and not job.finished and caller.sees(job.site):
            raise Refused(READING_WAITS) from None
        raise
    async with services.locks.hold(stored.id):
        await run_in_threadpool(services.erasure.erase, stored.id, caller.key_id)


def _by_strip(said: list[ReviewedAnswer]) -> dict[int, dict[str, Any]]:
    answers: dict[int, dict[str, Any]] = {}
    for answer in said:
        of_strip = answers.setdefault(answer.strip, {})
        if of_strip.setdefault(answer.analyte, answer.outcome) != answer.outcome:
            part = {"where": "body", "name": "answers", "code": "answered_twice"}
            raise Refused(REVIEW_CONFLICT, (part,))
    return answers


def _item(version: StoredVersion) -> VersionItem:
    document = json.loads(version.document)
    return VersionItem.model_validate(
        {
            "number": version.number,
            "kind": version.kind,
            "decision": document.get("decision"),
            "reason": version.reason,
            "status": document.get("status", "preliminary"),
            "outcome": version.outcome,
            "assay": version.assay,
            "software": version.software,
            "key_id": version.key_id,
            "created_at": version.created_at,
            "document": document,
        }
    )
