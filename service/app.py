"""The application: the parts put together, and every error turned into a problem."""

import contextlib
import logging
from collections.abc import AsyncIterator
from http import HTTPStatus
from typing import Any

from fastapi import Depends, FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from starlette.exceptions import HTTPException
from starlette.routing import Match

import reader
from reader import errors
from service.access import asked_of, require_scopes
from service.description import MOST_FIELD_BYTES, MOST_FIELDS, MOST_FILES, completed
from service.door import Door
from service.guard import Guard, request_id
from service.jobs import working_jobs
from service.parameters import refuse_unknown
from service.problems import HTTP_PROBLEMS, Problem, Refused, for_reader_error, for_status, respond
from service.refusals import PICTURE_DEFEATS_READER
from service.routes import ROUTERS
from service.routes.common import problems
from service.routes.page import render_problem, wants_page
from service.routes.sign_in import render_sign_in
from service.services import open_services
from service.settings import Settings
from service.store.database import FAILURES, FAULTS, told
from service.web.assets import Assets
from service.workers import ProcessReaders, Readers, WorkerLost, where

__all__ = ["create_app"]

_log = logging.getLogger(__name__)

_DESCRIPTION = (
    "Reads lateral-flow tests from photos. Decision support for trained users, not a cleared device."
)


def create_app(settings: Settings, *, readers: Readers | None = None) -> FastAPI:
    """Make the application.

    Parameters
    ----------
    settings : Settings
        How it runs. Nothing is opened before the application starts.
    readers : Readers, optional
        Who reads the pictures; processes of their own by default.

    Returns
    -------
    FastAPI
        An ASGI application with the routes under ``/v1`` and the page at ``/``.

    Examples
    --------
    >>> create_app(Settings()).title
    'lfa-reader'
    """
    workers = readers or ProcessReaders(settings.workers, settings.queue, settings.read_timeout_s)

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with open_services(settings, workers) as services, working_jobs(services):
            app.state.services = services
            yield

    app = _Described(
        title="lfa-reader",
        version=reader.__version__,
        description=_DESCRIPTION,
        lifespan=lifespan,
        openapi_url=None,  # a route of ours, which asks for a scope
        # The interactive documentation would load scripts from outside addresses.
        docs_url=None,
        redoc_url=None,
        form_limits={
            "max_files": MOST_FILES,
            "max_fields": MOST_FIELDS,
            "max_part_size": MOST_FIELD_BYTES,
        },
        generate_unique_id_function=_operation_id,
    )
    require_scopes(ROUTERS)
    for router in ROUTERS:
        if router.prefix.startswith("/v1"):
            told = problems(401, 403, 421, 422, 429)
            app.include_router(router, responses=told, dependencies=[Depends(refuse_unknown)])
        else:
            app.include_router(router, responses=problems(401, 403, 421, 429))
    app.mount("/static", Assets(), name="static")
    app.add_middleware(Door, answer=_answer)
    app.add_middleware(Guard, settings=settings)
    _handle_errors(app)
    return app


class _Described(FastAPI):
    """An application whose OpenAPI document is complete."""

    def openapi(self) -> dict[str, Any]:
        if self.openapi_schema:
            return self.openapi_schema
        asked = {
            route.name: asked_of(route)
            for router in ROUTERS
            for route in router.routes
            if isinstance(route, APIRoute)
        }
        return completed(super().openapi(), asked)


def _operation_id(route: APIRoute) -> str:
    return route.name


def _handle_errors(app: FastAPI) -> None:
    @app.exception_handler(errors.LfaError)
    async def reader_error(request: Request, error: errors.LfaError) -> Response:
        return _answer(request, for_reader_error(error))

    async def database_error(request: Request, error: Exception) -> Response:
        if isinstance(error, FAULTS):
            raise error
        problem = for_reader_error(told(error))
        _log.error("%s: %s", problem.code, where(error), extra={"request_id": request_id(request.scope)})
        return _answer(request, problem)

    for failure in FAILURES:
        app.add_exception_handler(failure, database_error)

    @app.exception_handler(Refused)
    async def refused(request: Request, error: Refused) -> Response:
        return _answer(request, error.problem, error.errors)

    @app.exception_handler(WorkerLost)
    async def worker_lost(request: Request, _error: WorkerLost) -> Response:
        return _answer(request, PICTURE_DEFEATS_READER)

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        response = _answer(request, for_status(error.status_code))
        response.headers.update(error.headers or {})
        if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
            response.headers["Allow"] = _allowed(request)
        return response

    @app.exception_handler(RequestValidationError)
    async def invalid(request: Request, error: RequestValidationError) -> Response:
        return _answer(request, HTTP_PROBLEMS[422], tuple(_part(e["loc"], e["type"]) for e in error.errors()))


def _allowed(request: Request) -> str:
    """Return what can be done at a path; the framework's own answer names its first route's methods only."""
    routes = [route for router in ROUTERS for route in router.routes if isinstance(route, APIRoute)]
    met = [route for route in routes if route.matches(request.scope)[0] is not Match.NONE]
    return ", ".join(sorted({method for route in met for method in route.methods or ()}))


# Kinds of a body are told by one of its fields, and no part of it.
_KINDS = frozenset({"confirm", "override"})


def _part(place: tuple[str | int, ...], code: str) -> dict[str, str]:
    """Name the part of the request that is wrong, and never what stood there; a name it made up is such."""
    place = tuple(part for part in place if part not in _KINDS)
    known = len(place) > 1 and code != "extra_forbidden"
    return {"where": str(place[0]), "name": str(place[1]) if known else "", "code": code}


def _answer(request: Request, problem: Problem, parts: tuple[dict[str, str], ...] = ()) -> Response:
    name = request_id(request.scope)
    if wants_page(request) and problem.status == HTTPStatus.UNAUTHORIZED:
        return render_sign_in(request, problem)
    if wants_page(request):
        return render_problem(request, problem, name, parts)
    return respond(problem, name, parts)
