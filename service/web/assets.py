"""The files that pages ask for, each under an address that changes with its content: fetched only once."""

import functools
import hashlib
import os
from pathlib import Path
from typing import Any, Final

from starlette.responses import Response
from starlette.staticfiles import StaticFiles

__all__ = ["STATIC", "Assets", "asset", "edition"]

STATIC: Final = Path(__file__).parent / "static"
_DIGITS: Final = 12  # of a digest: enough to tell editions of a file apart


@functools.cache
def asset(name: str) -> str:
    """Return the address of a file of ``static``.

    Examples
    --------
    >>> asset("page.css").startswith("/static/page.css?v=")
    True
    """
    return f"/static/{name}?v={hashlib.sha256((STATIC / name).read_bytes()).hexdigest()[:_DIGITS]}"


@functools.cache
def edition() -> str:
    """Return a name for all files as they are, which changes with any of them."""
    digest = hashlib.sha256()
    for path in sorted(STATIC.iterdir()):
        digest.update(path.read_bytes())
    return digest.hexdigest()[:_DIGITS]


class Assets(StaticFiles):
    """Serves the files; what was asked for by its content's address may be kept for good."""

    def __init__(self) -> None:
        super().__init__(directory=STATIC)

    def file_response(
        self,
        full_path: str | os.PathLike[str],
        stat_result: os.stat_result,
        scope: Any,
        status_code: int = 200,
    ) -> Response:
        """Return a file."""
        response = super().file_response(full_path, stat_result, scope, status_code)
        known = asset(Path(full_path).name).partition("?")[2].encode() == scope["query_string"]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable" if known else "no-cache"
        return response
