"""Lists of readings: by page for programs, whole for spreadsheets."""

from dataclasses import asdict
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import APIRouter, Depends, Query, Response
from fastapi.responses import StreamingResponse
from starlette.concurrency import run_in_threadpool

from service.access import Reads
from service.flat import CSV_COLUMNS, csv_rows
from service.lookup import site_of
from service.origin import Pseudonym, Since, Until
from service.routes.common import ASSAY_ID, ServicesDep, page_of, problems
from service.schemas import PictureOutcome, ReadingItem, ReadingPage
from service.spreadsheet import CSV_ANSWER, csv_response
from service.store import Filters, StoredReading

__all__ = ["FiltersDep", "router"]

router = APIRouter(prefix="/v1", tags=["readings"])

# Of a reading's need of a look and its number; clients take it as it comes.
_CURSOR = r"^\d{1,9}\.\d{1,18}$"
_EXPORTED: dict[int | str, dict[str, Any]] = {**CSV_ANSWER, **problems(422, 503, 507)}
_CHUNK = 500  # readings in memory at once while a table is written


async def _filters(
    *,
    caller: Reads,
    site: Annotated[Pseudonym | None, Query(description="Only those of this site.")] = None,
    kit: Annotated[str | None, Query(max_length=64, pattern=ASSAY_ID, description="Assay.")] = None,
    outcome: Annotated[PictureOutcome | None, Query(description="The answer that counts.")] = None,
    subject: Annotated[Pseudonym | None, Query(description="Pseudonym of whom it is.")] = None,
    lot: Annotated[Pseudonym | None, Query(description="Lot of the kit.")] = None,
    since: Annotated[
        Since | None, Query(description="Arrived at this moment (RFC 3339, with its zone) or day, or later.")
    ] = None,
    until: Annotated[
        Until | None, Query(description="Arrived before this moment, or on this day or before.")
    ] = None,
    review: Annotated[
        Literal["needed", "done"] | None,
        Query(description="`needed`: nobody has looked yet; what the reader was unsure of comes first."),
    ] = None,
) -> Filters:
    return Filters(
        site=site_of(caller, site),
        assay=kit,
        outcome=outcome,
        subject=subject,
        lot=lot,
        since=since,
        until=until,
        review=review,
    )


FiltersDep = Annotated[Filters, Depends(_filters)]


@router.get("/readings", responses=problems(422))
async def list_readings(
    response: Response,
    _caller: Reads,
    services: ServicesDep,
    asked: FiltersDep,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
    cursor: Annotated[str | None, Query(pattern=_CURSOR, description="From `next`.")] = None,
) -> ReadingPage:
    """List readings, the newest first; with ``review=needed`` those first that need a look the most."""
    after, store = _place(cursor), services.readings
    if asked.review == "needed":
        found = await run_in_threadpool(store.to_review, after=after, limit=limit + 1, filters=asked)
    else:
        before = None if after is None else after[1]
        found = await run_in_threadpool(store.page, before=before, limit=limit + 1, filters=asked)
    shown, following = page_of(found, limit, response, lambda last: _following(asked, limit, last))
    return ReadingPage(items=[_item(reading) for reading in shown], next=following)


@router.get("/readings.csv", response_class=StreamingResponse, responses=_EXPORTED)
async def export_readings(caller: Reads, services: ServicesDep, asked: FiltersDep) -> StreamingResponse:
    """Write every reading as a table, the newest first: a row for each strip and analyte."""
    told = {**asdict(asked), "subject": asked.subject is not None}  # an entry is never erased
    await run_in_threadpool(services.audit.note, caller.key_id, caller.site, "readings-exported", told)
    found, kits = services.readings.each(asked, _CHUNK), services.kits
    rows = (row for stored in found for row in csv_rows(stored, kits.get(stored.assay)))
    return csv_response("readings.csv", CSV_COLUMNS, rows)


def _following(asked: Filters, limit: int, last: StoredReading) -> str:
    given = {
        "site": asked.site,
        "kit": asked.assay,
        "outcome": asked.outcome,
        "subject": asked.subject,
        "lot": asked.lot,
        "since": asked.since,
        "until": asked.until,
        "review": asked.review,
    }
    query = {name: value for name, value in given.items() if value is not None}
    return "/v1/readings?" + urlencode({**query, "limit": limit, "cursor": f"{last.attention}.{last.seq}"})


def _item(stored: StoredReading) -> ReadingItem:
    human = stored.human
    return ReadingItem.model_validate(
        {
            "id": stored.id,
            "received_at": stored.received_at,
            "assay": stored.assay,
            "outcome": stored.counts,
            "machine_outcome": stored.outcome,
            "human_outcome": None if human is None else human["outcome"],
            "status": stored.status,
            "attention": stored.attention,
            "site": stored.site,
            "subject": stored.subject,
            "operator": stored.operator,
            "lot": stored.lot,
            "taken_at": stored.taken_at,
            "image_sha256": stored.image_sha256,
            "version": stored.latest,
            "href": f"/v1/readings/{stored.id}",
        }
    )


def _place(cursor: str | None) -> tuple[int, int] | None:
    if cursor is None:
        return None
    attention, _, seq = cursor.partition(".")
    return int(attention), int(seq)
