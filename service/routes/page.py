"""The page: a plain form that works without scripts, and the result in words."""

from typing import Annotated, Any
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from service.access import Reads, Writes
from service.intake import Submission, accept, label_of, require_assay
from service.kits import UNNAMED
from service.origin import FormOrigin
from service.problems import Problem, Refused
from service.refusals import NO_PICTURE
from service.routes.common import ServicesDep, StoredDep
from service.routes.readings import copy_upload
from service.services import Services
from service.view import CODES, kit_names, problem_view, view_of
from service.web.pages import render
from service.web.words import words_for

__all__ = ["render_problem", "router", "wants_page"]

router = APIRouter(include_in_schema=False)

_FORMS = uuid5(NAMESPACE_URL, "urn:lfa:form")
# What the page's script says, beside what stands on the page already.
_SCRIPT_WORDS = ("problem.", "outbox.", "form.reading", "sign-in.title")


@router.get("/")
async def show_form(_caller: Reads, request: Request, services: ServicesDep) -> HTMLResponse:
    """Show the upload form."""
    return _form(request, services)


@router.post("/")
async def send_form(
    *,
    form_id: Annotated[UUID, Form()],
    caller: Writes,
    services: ServicesDep,
    origin: FormOrigin,
    image: UploadFile | None = None,
    assay: Annotated[str, Form(max_length=64)] = UNNAMED,
) -> Response:
    """Take a picture from the form and go on to its result."""
    require_assay(services, assay)
    if image is None or not image.filename:
        raise Refused(NO_PICTURE)
    with services.blobs.spool() as spool:
        await copy_upload(image, spool)
        # A second press of the button finds the first one's reading; another picture gets its own.
        reading_id = uuid5(_FORMS, f"{form_id} {assay} {spool.sha256}")
        submission = Submission(
            str(reading_id), assay, label_of(image.filename), caller.home, caller.key_id, origin
        )
        accepted = await accept(services, submission, spool)
    return RedirectResponse(f"/readings/{accepted.reading.id}", 303)


@router.get("/readings/{reading_id}")  # noqa: FAST003  (the dependency takes it)
async def show_result(request: Request, stored: StoredDep, services: ServicesDep) -> HTMLResponse:
    """Show a reading."""
    words = words_for(request)
    name = kit_names(words, services.kits).get(stored.assay, stored.assay)
    result = view_of(stored, name, words, services.kits.get(stored.assay))
    return _form(request, services, assay=stored.assay, result=result)


def wants_page(request: Request) -> bool:
    """Tell whether a person's browser asks, and not a program."""
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def render_problem(
    request: Request, problem: Problem, request_id: str, parts: tuple[dict[str, str], ...] = ()
) -> HTMLResponse:
    """Show a problem above the form, with its status."""
    shown = problem_view(problem, request_id, parts, words_for(request))
    response = _form(request, request.app.state.services, status=problem.status, problem=shown)
    response.headers.update(problem.headers)
    return response


def _form(
    request: Request, services: Services, *, status: int = 200, assay: str = UNNAMED, **shown: Any
) -> HTMLResponse:
    words = words_for(request)
    context = {
        "result": None,
        "problem": None,
        "assay": assay,
        "assays": kit_names(words, services.kits),
        "codes": CODES,
        "form_id": uuid4(),
        "max_bytes": services.settings.max_body_bytes,
        "script_words": words.starting(*_SCRIPT_WORDS),
    }
    return render(request, "page.html", status, **context | shown)
