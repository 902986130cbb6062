"""The assays that can be asked for."""

from fastapi import APIRouter

from service.access import Reads
from service.routes.common import ServicesDep
from service.schemas import AssayItem, AssayList

__all__ = ["router"]

router = APIRouter(prefix="/v1", tags=["assays"])


@router.get("/assays")
async def list_assays(_caller: Reads, services: ServicesDep) -> AssayList:
    """List the known assays."""
    return AssayList(items=[AssayItem(id=kit.id, name=kit.name) for kit in services.kits.values()])
