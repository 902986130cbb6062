"""What makes the page an application that can be put on a phone: its manifest and its service worker."""

import json
from typing import Any, Final

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from service.web.assets import STATIC, asset, edition
from service.web.words import words_for

__all__ = ["router"]

router = APIRouter(include_in_schema=False)

# What the form needs without a connection.
_SHELL: Final = ("page.css", "icon.svg", "times.js", "outbox.js", "page.js")
_COLOUR: Final = "#0f6b63"


@router.get("/manifest.webmanifest")
async def get_manifest(request: Request) -> JSONResponse:
    """Describe the application to the phone that keeps it."""
    words = words_for(request)
    icons: list[dict[str, Any]] = [
        {"src": asset(f"icon-{side}.png"), "type": "image/png", "sizes": f"{side}x{side}", "purpose": purpose}
        for side in (192, 512)
        for purpose in ("any", "maskable")
    ]
    return JSONResponse(
        {
            "name": f"lfa-reader: {words('form.title')}",
            "short_name": "lfa-reader",
            "lang": words.code,
            "dir": words.direction,
            "id": "/",
            "start_url": "/",
            "scope": "/",
            "display": "standalone",
            "background_color": "#fbfaf7",
            "theme_color": _COLOUR,
            "icons": icons,
        },
        headers={"Cache-Control": "no-cache", "Vary": "Accept-Language, Cookie"},
        media_type="application/manifest+json",
    )


@router.get("/service-worker.js")
async def get_service_worker() -> Response:
    """Return the script that opens the page without a connection, anew with every change of the page."""
    shell = json.dumps([asset(name) for name in _SHELL])
    known = f'const VERSION = "lfa-{edition()}";\nconst SHELL = {shell};\n'
    text = known + (STATIC / "service-worker.js").read_text(encoding="utf-8")
    return Response(text, media_type="text/javascript", headers={"Cache-Control": "no-cache"})
