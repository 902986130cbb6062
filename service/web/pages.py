"""How a page is made: a template, the words of the reader's language, and the cookie that remembers it."""

from pathlib import Path
from typing import Any, Final

import jinja2
from fastapi import Request
from fastapi.responses import HTMLResponse

from service.web.assets import asset
from service.web.words import COOKIE, LANGUAGES, words_for

__all__ = ["render"]

_TEMPLATES: Final = jinja2.Environment(
    loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=jinja2.StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
_TEMPLATES.globals["asset"] = asset
_YEAR_S: Final = 365 * 86_400


def render(request: Request, template: str, status: int = 200, **shown: Any) -> HTMLResponse:
    """Answer with a page in the language of the one who asks.

    Parameters
    ----------
    request : Request
        Who asks; its language, and the caller that the route's dependency has found, if any.
    template : str
        Name of a file in ``templates``, which extends ``layout.html``. It has the words as ``t``.
    status : int, default 200
        HTTP status.
    **shown
        What the template shows.

    Returns
    -------
    HTMLResponse
        Which also remembers the language that was asked for in the address.
    """
    words = words_for(request)
    caller = getattr(request.state, "caller", None)
    context = {"t": words, "languages": LANGUAGES, "caller": caller, "here": request.url.path, **shown}
    response = HTMLResponse(_TEMPLATES.get_template(template).render(context), status)
    if request.query_params.get("lang") == words.code:
        response.set_cookie(COOKIE, words.code, max_age=_YEAR_S, samesite="lax", httponly=True)
    return response
