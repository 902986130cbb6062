"""What a request says beside what is asked for is refused: a misspelt name could turn an answer round."""

import difflib

from fastapi import Request, params

from service.access import parts_of
from service.problems import HTTP_PROBLEMS, Refused

__all__ = ["refuse_unknown"]


async def refuse_unknown(request: Request) -> None:
    """Refuse parameters and fields of a form that the route does not know; a dependency of routes.

    The answer names the nearest that is known, and never what was sent.

    Raises
    ------
    Refused
        422 with a part for each.
    """
    parts = tuple(parts_of(request.scope["route"].dependant))
    queries = {field.alias for part in parts for field in part.query_params}
    fields = {
        field.alias
        for part in parts
        for field in part.body_params
        if isinstance(field.field_info, params.Form)
    }
    unknown = [_part("query", name, queries) for name in request.query_params if name not in queries]
    if fields:
        sent = await request.form()
        unknown += [_part("body", name, fields) for name in sent if name not in fields]
    if unknown:
        raise Refused(HTTP_PROBLEMS[422], tuple(unknown))


def _part(where: str, name: str, known: set[str]) -> dict[str, str]:
    nearest = difflib.get_close_matches(name[:64], sorted(known), n=1)
    return {"where": where, "name": "".join(nearest), "code": "unknown_name"}
