"""What several routes need: parameters, errors for the OpenAPI document, conditional answers."""

from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, TypeVar
from uuid import UUID

from fastapi import Depends, Query, Request, Response

from service.access import Reads
from service.lookup import require_reading
from service.schemas import SCHEMAS, ProblemModel
from service.services import Services, get_services
from service.store import StoredReading

__all__ = [
    "ASSAY_ID",
    "RAW_PICTURE",
    "AssayQuery",
    "ServicesDep",
    "StoredDep",
    "cached",
    "page_of",
    "problems",
    "unchanged",
]

T = TypeVar("T")
ServicesDep = Annotated[Services, Depends(get_services)]
ASSAY_ID: Final = "^[a-z0-9][a-z0-9-]*$"
RAW_PICTURE: Final[dict[str, Any]] = {
    "requestBody": {
        "required": True,
        "description": "The picture as it is: JPEG, PNG, WebP, HEIC or TIFF.",
        # Many generators of clients know no type of pictures, and send plain bytes.
        "content": {
            kind: {"schema": {"type": "string", "format": "binary"}}
            for kind in ("image/*", "application/octet-stream")
        },
    }
}
AssayQuery = Annotated[
    str,
    Query(
        max_length=64,
        pattern=ASSAY_ID,
        description="Id of an assay in GET /v1/assays; `generic` is a control and any test lines.",
    ),
]


async def _stored(reading_id: UUID, services: ServicesDep, caller: Reads) -> StoredReading:
    return await require_reading(services, caller, str(reading_id))


StoredDep = Annotated[StoredReading, Depends(_stored)]


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Describe the errors of a route for the OpenAPI document.

    Parameters
    ----------
    *statuses : int
        HTTP statuses of the errors it may answer with.
    """
    content = {"application/problem+json": {"schema": {"$ref": SCHEMAS.format(model=ProblemModel.__name__)}}}
    return {status: {"description": "Problem", "content": content} for status in statuses}


def page_of(
    found: Sequence[T], limit: int, response: Response, address: Callable[[T], str]
) -> tuple[Sequence[T], str | None]:
    """Cut a list to one page; name the page that follows, also in a ``Link`` header (RFC 8288).

    Parameters
    ----------
    found : sequence
        One more than the page holds, where there is more.
    limit : int
        How many a page holds.
    response : Response
        Gets the header.
    address : callable
        Address of the page that follows the one which ends so.

    Returns
    -------
    tuple of (sequence, str or None)
        What is shown, and the address of what follows.
    """
    shown = found[:limit]
    following = address(shown[-1]) if len(found) > limit else None
    if following is not None:
        response.headers["Link"] = f'<{following}>; rel="next"'
    return shown, following


def unchanged(request: Request, etag: str) -> Response | None:
    """Return a 304 when the client has this very version, else None."""
    known = [tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")]
    return Response(status_code=304, headers=cached(etag)) if etag in known or "*" in known else None


def cached(etag: str) -> dict[str, str]:
    """Return the headers of something that may be kept by its reader alone, and is asked for again."""
    return {"ETag": etag, "Cache-Control": "private, no-cache"}
