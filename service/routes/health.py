"""Whether the service lives, can work, and what it is."""

import asyncio

from fastapi import APIRouter
from sqlalchemy.exc import SQLAlchemyError
from starlette.concurrency import run_in_threadpool

import reader
from reader import errors
from service.problems import Refused
from service.refusals import NOT_READY
from service.routes.common import ServicesDep, problems
from service.schemas import VersionModel
from service.services import Services

__all__ = ["router"]

router = APIRouter(tags=["service"])

_PATIENCE_S = 10.0  # for a database or a store that does not answer; who asks has a limit of its own


@router.get("/healthz")
async def get_health() -> dict[str, str]:
    """Say that the service lives."""
    return {"status": "ok"}


@router.get("/readyz", responses=problems(503))
async def get_readiness(services: ServicesDep) -> dict[str, str]:
    """Say whether database and disk take a reading now."""
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await run_in_threadpool(_check, services)
    except (errors.LfaError, SQLAlchemyError, TimeoutError) as error:
        raise Refused(NOT_READY) from error
    return {"status": "ready"}


@router.get("/version")
async def get_version() -> VersionModel:
    """Say what is running."""
    return VersionModel.model_validate(
        {"name": "lfa-reader", "version": reader.__version__, "schema": "lfa-reading/1"}
    )


def _check(services: Services) -> None:
    services.readings.check()
    services.blobs.check()
