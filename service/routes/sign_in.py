"""Signing in with a key once, after which the browser keeps it where no script can see it; signing out."""

import re
from typing import Final
from urllib.parse import parse_qs

from fastapi import APIRouter, Request, Response
from fastapi.responses import HTMLResponse, RedirectResponse
from starlette.exceptions import HTTPException

from service.door import COOKIE, admit
from service.problems import Problem, Refused
from service.refusals import KEY_UNKNOWN
from service.routes.common import ServicesDep
from service.routes.page import wants_page
from service.web.pages import render

__all__ = ["render_sign_in", "router"]

router = APIRouter(include_in_schema=False)

_LARGEST_FORM: Final = 4096  # bytes: a key and the path of a page
_KEPT_S: Final = 90 * 86_400  # a phone that is used less often than every three months signs in again
# A path of this service: neither an address elsewhere nor what a browser may take for one.
_OWN_PATH: Final = re.compile(r"/(?![/\\])[!-\[\]-~]*")


@router.get("/sign-in")
async def show_sign_in(request: Request) -> HTMLResponse:
    """Show the form."""
    return _form(request, "/")


@router.post("/sign-in")
async def sign_in(request: Request, services: ServicesDep) -> Response:
    """Take a key from the form, and go on to the page that asked for it."""
    given = await _fields(request)
    target = _own_path(given.get("next", "/"))
    secret = given.get("key", "").strip()
    try:
        await admit(services, request, secret)
    except Refused as refused:
        if refused.problem != KEY_UNKNOWN or not wants_page(request):
            raise
        return _form(request, target, wrong=True, status=401)
    response = RedirectResponse(target, 303)
    response.set_cookie(
        COOKIE,
        secret,
        max_age=_KEPT_S,
        httponly=True,
        samesite="strict",
        secure=request.url.scheme == "https",
    )
    return response


@router.post("/sign-out")
async def sign_out() -> Response:
    """Let the browser forget its key."""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, httponly=True, samesite="strict")
    return response


def render_sign_in(request: Request, problem: Problem) -> HTMLResponse:
    """Show the form to whoever asked for a page without a key that opens it."""
    target = request.url.path + (f"?{request.url.query}" if request.url.query else "")
    response = _form(request, _own_path(target), wrong=problem == KEY_UNKNOWN, status=problem.status)
    response.headers.update(problem.headers)
    return response


def _form(request: Request, target: str, *, wrong: bool = False, status: int = 200) -> HTMLResponse:
    return render(request, "sign_in.html", status, next=target, wrong=wrong)


async def _fields(request: Request) -> dict[str, str]:
    """Return the fields of a small form; whoever is not let in yet may send no large one."""
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            raise HTTPException(413)
    try:
        found = parse_qs(body.decode("ascii"), max_num_fields=8)
    except ValueError:
        raise HTTPException(400) from None
    return {name: values[0] for name, values in found.items()}


def _own_path(target: str) -> str:
    return target if _OWN_PATH.fullmatch(target) and not target.startswith("/sign-") else "/"
