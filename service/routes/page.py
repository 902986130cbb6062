"""The page: a plain form that works without scripts, and the result in words."""

from typing import Annotated
from uuid import NAMESPACE_URL, UUID, uuid4, uuid5

import jinja2
from fastapi import APIRouter, Form, Request, Response, UploadFile
from fastapi.responses import HTMLResponse, RedirectResponse

from service.access import Writes
from service.intake import Submission, accept, label_of, require_assay
from service.origin import FormOrigin
from service.problems import Problem
from service.routes.common import ServicesDep, StoredDep
from service.routes.readings import copy_upload
from service.services import Services
from service.view import view_of

__all__ = ["render_problem", "router", "wants_page"]

router = APIRouter(include_in_schema=False)

_FORMS = uuid5(NAMESPACE_URL, "urn:lfa:form")
_TEMPLATES = jinja2.Environment(
    loader=jinja2.PackageLoader("service", "web/templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


@router.get("/")
async def show_form(services: ServicesDep) -> HTMLResponse:
    """Show the upload form."""
    return _form(services)


@router.post("/")
async def send_form(
    *,
    image: UploadFile,
    form_id: Annotated[UUID, Form()],
    caller: Writes,
    services: ServicesDep,
    origin: FormOrigin,
    assay: Annotated[str, Form(max_length=64)] = "generic",
) -> Response:
    """Take a picture from the form and go on to its result."""
    require_assay(services, assay)
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
async def show_result(stored: StoredDep, services: ServicesDep) -> HTMLResponse:
    """Show a reading."""
    name = services.assays.get(stored.assay, stored.assay)
    return _form(services, assay=stored.assay, result=view_of(stored, name))


def wants_page(request: Request) -> bool:
    """Tell whether a person's browser asks, and not a program."""
    return not request.url.path.startswith("/v1/") and "text/html" in request.headers.get("accept", "")


def render_problem(services: Services, problem: Problem, request_id: str) -> HTMLResponse:
    """Show a problem above the form, with its status."""
    response = _form(services, problem=problem, request_id=request_id)
    response.status_code = problem.status
    response.headers.update(problem.headers)
    return response


def _form(services: Services, *, assay: str = "generic", **shown: object) -> HTMLResponse:
    context = {"result": None, "problem": None, "request_id": "", **shown}
    text = _TEMPLATES.get_template("page.html").render(
        assay=assay,
        assays=services.assays,
        form_id=uuid4(),
        max_bytes=services.settings.max_body_bytes,
        **context,
    )
    return HTMLResponse(text)
