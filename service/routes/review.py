"""The supervisor's pages: what waits for a look, and the place to confirm or to say otherwise."""

import re
from dataclasses import replace
from typing import Annotated, Any, Final, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData

from service.access import ALL_SITES, Caller, Reviews
from service.guard import request_id
from service.lookup import require_reading, site_of
from service.origin import PSEUDONYM
from service.problems import HTTP_PROBLEMS, Refused
from service.reviews import review
from service.routes.common import ASSAY_ID, ServicesDep
from service.services import Services
from service.store import Filters, StoredReading
from service.view import kit_names, problem_view, view_of
from service.web.pages import render
from service.web.review import SAID, choices_of, opinions_of, reasons_in, waiting_of
from service.web.words import Words, words_for

__all__ = ["router"]

router = APIRouter(prefix="/review", include_in_schema=False)

_LISTED: Final = 25
# Enough for every analyte on every strip of a crowded picture, and no more than a parser should take.
_MOST_FIELDS: Final = 200
_PLACE: Final = r"^\d{1,2}-\d{1,18}$"
_FIELD: Final = re.compile(r"answer\.(\d{1,4})\.(.{1,64})")


@router.get("")
async def show_waiting(
    *,
    request: Request,
    services: ServicesDep,
    caller: Reviews,
    site: Annotated[str | None, Query(pattern=f"^$|{PSEUDONYM}")] = None,
    kit: Annotated[str | None, Query(max_length=64, pattern=f"^$|{ASSAY_ID}")] = None,
    state: Literal["needed", "done"] = "needed",
    after: Annotated[str | None, Query(pattern=_PLACE)] = None,
) -> HTMLResponse:
    """List what waits for a look, or what persons have looked at."""
    words = words_for(request)
    asked = Filters(site=site_of(caller, site or None), assay=kit or None, review=state)
    found = await run_in_threadpool(_listed, services, asked, after)
    shown = found[:_LISTED]
    sites = await run_in_threadpool(services.monitoring.sites) if caller.site == ALL_SITES else []
    kits = kit_names(words, services.kits)
    return render(
        request,
        "review_list.html",
        waiting=[waiting_of(stored, lambda assay: kits.get(assay, assay), words) for stored in shown],
        following=_place(shown[-1]) if len(found) > _LISTED else "",
        state=state,
        site=site or "",
        kit=kit or "",
        sites=sites,
        kits=kits,
    )


@router.get("/{reading_id}")
async def show_one(
    request: Request,
    reading_id: UUID,
    services: ServicesDep,
    caller: Reviews,
    kept: Literal["1"] | None = None,
) -> HTMLResponse:
    """Show a reading with all that was said of it."""
    return await _page(request, services, caller, str(reading_id), kept=kept is not None)


@router.post("/{reading_id}")
async def answer_one(request: Request, reading_id: UUID, services: ServicesDep, caller: Reviews) -> Response:
    """Keep a person's answer beside the machine's, and show both."""
    async with request.form(max_files=0, max_fields=_MOST_FIELDS, max_part_size=4096) as form:
        said = _said(form)
    try:
        await review(services, caller, str(reading_id), **said)
    except Refused as refused:
        if refused.problem.status not in {409, 422}:
            raise
        return await _page(request, services, caller, str(reading_id), refused=refused)
    return RedirectResponse(f"/review/{reading_id}?kept=1", 303)


def _listed(services: Services, asked: Filters, after: str | None) -> list[StoredReading]:
    attention, seq = map(int, after.split("-")) if after else (0, 0)
    if asked.review == "done":
        return services.readings.page(before=seq or None, limit=_LISTED + 1, filters=asked)
    place = (attention, seq) if after else None
    return services.readings.to_review(after=place, limit=_LISTED + 1, filters=asked)


def _place(stored: StoredReading) -> str:
    return f"{stored.attention}-{stored.seq}"


async def _page(
    request: Request,
    services: Services,
    caller: Caller,
    reading_id: str,
    *,
    kept: bool = False,
    refused: Refused | None = None,
) -> HTMLResponse:
    words = words_for(request)
    stored = await require_reading(services, caller, reading_id)
    versions = await run_in_threadpool(services.answers.versions, stored.id)
    needed = Filters(site=site_of(caller), review="needed")
    following = await run_in_threadpool(services.readings.to_review, limit=2, filters=needed)
    kits = kit_names(words, services.kits)
    kit = services.kits.get(stored.assay)
    # Without what a person said: that stands beside it.
    result = view_of(replace(stored, review=None), kits.get(stored.assay, stored.assay), words, kit)
    opinions = opinions_of(versions, kit, words)
    return render(
        request,
        "review.html",
        200 if refused is None else refused.problem.status,
        stored=stored,
        result=replace(result, person="") if opinions else result,
        opinions=opinions,
        choices=choices_of(stored, kit, words),
        said=[(outcome, words(f"outcome.{outcome}.word")) for outcome in SAID],
        reasons=reasons_in(words),
        following=next((other.id for other in following if other.id != stored.id), None),
        kept=kept,
        problem=_problem(request, refused, words),
    )


def _problem(request: Request, refused: Refused | None, words: Words) -> Any:
    if refused is None:
        return None
    return problem_view(refused.problem, request_id(request.scope), refused.errors, words)


def _said(form: FormData) -> dict[str, Any]:
    """Take a form apart; what an answer means for the reading is checked where it is kept.

    Raises
    ------
    Refused
        422 if a field cannot be what it should be.
    """
    given = {name: value for name, value in form.items() if isinstance(value, str) and value}
    decision, seen = given.get("decision"), given.get("seen", "")
    answers: dict[int, dict[str, str]] = {}
    for name, value in given.items():
        if match := _FIELD.fullmatch(name):
            answers.setdefault(int(match[1]), {})[match[2]] = value
    outcomes = [given.get("outcome"), *(said for strip in answers.values() for said in strip.values())]
    if decision not in {"confirm", "override"} or not re.fullmatch(r"\d{1,6}", seen):
        raise Refused(HTTP_PROBLEMS[422], ({"where": "body", "name": "decision", "code": "missing"},))
    if not set(outcomes) <= {None, *SAID}:
        raise Refused(HTTP_PROBLEMS[422], ({"where": "body", "name": "answer", "code": "unknown"},))
    if decision == "confirm":
        return {"decision": decision, "seen": int(seen)}
    return {
        "decision": decision,
        "reason": given.get("reason"),
        "outcome": given.get("outcome"),
        "answers": answers,
        "seen": int(seen),
    }
