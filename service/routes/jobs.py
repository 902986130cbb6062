"""Jobs: what has become of a picture that is read later."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Header, Response
from starlette.concurrency import run_in_threadpool

from service.access import Reads
from service.jobs import JOB_PROBLEMS, seconds_to_wait
from service.problems import Refused
from service.refusals import JOB_NOT_FOUND
from service.routes.common import ServicesDep, problems
from service.schemas import JobModel, JobProblem
from service.services import Services
from service.store import Job

__all__ = ["QUEUED", "LaterDep", "job_problem", "queued", "router"]

router = APIRouter(prefix="/v1/jobs", tags=["jobs"])

QUEUED: dict[int | str, dict[str, Any]] = {
    202: {
        "model": JobModel,
        "description": "The picture is kept and will be read; Location names the job",
        "headers": {
            "Location": {"schema": {"type": "string"}},
            "Retry-After": {"schema": {"type": "integer"}},
        },
    }
}


async def _later(prefer: Annotated[str | None, Header(max_length=255)] = None) -> bool:
    wishes = (wish.strip().lower() for wish in (prefer or "").split(","))
    return "respond-async" in wishes


LaterDep = Annotated[bool, Depends(_later)]
"""Whether the client wishes to be answered before the picture is read (RFC 7240)."""


@router.get("/{job_id}", responses=problems(404, 422))
async def get_job(job_id: UUID, caller: Reads, services: ServicesDep, response: Response) -> JobModel:
    """Say what has become of a picture that is read later."""
    job = await run_in_threadpool(services.jobs.find, str(job_id))
    if job is None or not caller.sees(job.site):
        raise Refused(JOB_NOT_FOUND)
    if not job.finished:
        response.headers["Retry-After"] = await _pause(services)
    return _model(job)


async def queued(services: Services, job: Job) -> Response:
    """Answer that a picture is kept and will be read."""
    headers = {"Location": f"/v1/jobs/{job.id}", "Retry-After": await _pause(services)}
    if job.finished:
        del headers["Retry-After"]
    return Response(_model(job).model_dump_json(), 202, media_type="application/json", headers=headers)


def job_problem(job: Job) -> JobProblem | None:
    """Say why a job failed, if it did."""
    if job.error is None:
        return None
    problem = JOB_PROBLEMS[job.error]
    return JobProblem(code=problem.code, title=problem.title, detail=problem.advice)


async def _pause(services: Services) -> str:
    ahead = await run_in_threadpool(services.jobs.waiting)
    return str(seconds_to_wait(ahead, services.settings.workers))


def _model(job: Job) -> JobModel:
    return JobModel(
        id=job.id,
        state=job.state,
        assay=job.assay,
        reading_id=job.reading_id,
        reading=f"/v1/readings/{job.reading_id}" if job.state == "done" else None,
        batch_id=job.batch_id,
        error=job_problem(job),
        created_at=job.created_at,
        finished_at=job.finished_at,
    )
