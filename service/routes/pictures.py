"""Pictures of a reading, drawn anew from the kept original; none carries what the camera wrote into it."""

import contextlib
import json
from collections.abc import AsyncIterator
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response
from starlette.concurrency import run_in_threadpool

import reader
from service import tasks
from service.kits import profile_of
from service.problems import Refused
from service.refusals import PICTURE_GONE, READING_OUTDATED, STRIP_NOT_FOUND
from service.routes.common import ServicesDep, StoredDep, cached, problems, unchanged
from service.services import Services
from service.store import BlobMissing, StoredReading

__all__ = ["router"]

router = APIRouter(prefix="/v1/readings/{reading_id}", tags=["pictures"])

# A drawing that is opened on its own may style itself and nothing else.
_DRAWING_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox; frame-ancestors 'none'"


def _answers(media_type: str) -> dict[int | str, dict[str, Any]]:
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {
        200: {"description": "The picture", "content": {media_type: schema}},
        304: {"description": "The picture has not changed"},
        **problems(404, 409, 410, 422, 503),
    }


@router.get("/image", response_class=Response, responses=_answers("image/jpeg"))
async def get_image(request: Request, stored: StoredDep, services: ServicesDep) -> Response:
    """Return the picture, upright, as JPEG without metadata."""
    etag = _etag(stored, "image")
    if (same := unchanged(request, etag)) is not None:
        return same
    async with _original(services, stored) as path:
        content = await services.readers.run(tasks.serve_picture, path)
    return Response(content, media_type="image/jpeg", headers=cached(etag))


@router.get("/overlay.png", response_class=Response, responses=_answers("image/png"))
async def get_overlay(request: Request, stored: StoredDep, services: ServicesDep) -> Response:
    """Return the picture with device, window, lines and result drawn into it."""
    etag = _etag(stored, "overlay")
    if (same := unchanged(request, etag)) is not None:
        return same
    kit = profile_of(services.kits, stored.assay)
    async with _original(services, stored) as path:
        drawing = await services.readers.run(tasks.draw_overlay, path, kit)
    return Response(_shown(drawing, stored), media_type="image/png", headers=cached(etag))


@router.get("/profile.svg", response_class=Response, responses=_answers("image/svg+xml"))
async def get_profile(
    request: Request,
    stored: StoredDep,
    services: ServicesDep,
    strip: Annotated[int, Query(ge=1, le=10_000)] = 1,
) -> Response:
    """Return the absorbance along one strip as a drawing."""
    etag = _etag(stored, f"profile-{strip}")
    if (same := unchanged(request, etag)) is not None:
        return same
    kit = profile_of(services.kits, stored.assay)
    async with _original(services, stored) as path:
        drawing = await services.readers.run(tasks.draw_profile, path, kit, strip)
    content = _shown(drawing, stored)
    if not content:
        raise Refused(STRIP_NOT_FOUND)
    headers = cached(etag) | {"Content-Security-Policy": _DRAWING_POLICY}
    return Response(content, media_type="image/svg+xml", headers=headers)


@contextlib.asynccontextmanager
async def _original(services: Services, stored: StoredReading) -> AsyncIterator[str]:
    if stored.image_removed_at is not None:  # though another reading may still show the same picture
        raise Refused(PICTURE_GONE)
    with contextlib.ExitStack() as held:
        try:
            found = services.blobs.fetch(stored.image_sha256)
            path = await run_in_threadpool(held.enter_context, found)
        except BlobMissing as error:
            raise Refused(PICTURE_GONE) from error
        yield str(path)


def _shown(drawing: tasks.Drawing, stored: StoredReading) -> bytes:
    """Return a drawing only if it shows the reading that is stored."""
    if drawing.strips != json.loads(stored.document)["strips"]:
        raise Refused(READING_OUTDATED)
    return drawing.content


def _etag(stored: StoredReading, drawing: str) -> str:
    return f'"{stored.id}.{stored.version}.{drawing}.{reader.__version__}"'
