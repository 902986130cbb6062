"""The description of every route, from which clients are made."""

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse

from service.access import Reads

__all__ = ["router"]

router = APIRouter(prefix="/v1", include_in_schema=False)


@router.get("/openapi.json")
async def get_description(request: Request, _caller: Reads) -> JSONResponse:
    """Return the OpenAPI document."""
    return JSONResponse(request.app.openapi())
