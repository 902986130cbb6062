"""Errors as ``application/problem+json`` (RFC 9457): one table, one shape, nothing of the input in it.

::

    reader.errors  ──READER_PROBLEMS──┐
    Refused        ───────────────────┼──▶ Problem ──▶ problem+json, or a plain page for a browser
    HTTP and validation errors ───────┘
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from starlette.responses import Response

from reader import errors

__all__ = [
    "HTTP_PROBLEMS",
    "READER_PROBLEMS",
    "Problem",
    "Refused",
    "for_reader_error",
    "for_status",
    "respond",
]


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of error, as a client sees it.

    Attributes
    ----------
    status : int
        HTTP status.
    code : str
        Stable, kebab-case name.
    title : str
        What is wrong, in a sentence; always the same for the code.
    advice : str
        What to do, in a sentence.
    headers : mapping of str to str
        Further response headers.
    """

    status: int
    code: str
    title: str
    advice: str
    headers: Mapping[str, str] = field(default_factory=dict)


class Refused(Exception):  # noqa: N818  (a request that is refused, not a fault)
    """A request that cannot be granted.

    Parameters
    ----------
    problem : Problem
        Why.
    errors : tuple of dict
        Which parts of the request are wrong.
    """

    def __init__(self, problem: Problem, errors: tuple[dict[str, str], ...] = ()) -> None:
        self.problem = problem
        self.errors = errors
        super().__init__(problem.code)


@dataclass(frozen=True, slots=True)
class _Row:
    status: int
    advice: str | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


_SEND_ANOTHER = "Send a JPEG, PNG, WebP, HEIC or TIFF picture as the request's body."

# Every class of reader.errors and the status it becomes; advice where the class's own is not for HTTP.
READER_PROBLEMS: Mapping[type[errors.LfaError], _Row] = MappingProxyType(
    {
        errors.LfaError: _Row(500, "Ask the service's operator to look into its log."),
        errors.InputError: _Row(400),
        errors.EmptyInput: _Row(400, _SEND_ANOTHER),
        errors.UnsupportedFormat: _Row(415),
        errors.CorruptImage: _Row(422),
        errors.ImageTooSmall: _Row(422),
        errors.ImageTooLarge: _Row(413),
        errors.SourceUnreadable: _Row(500, "Ask the service's operator to check its data folder."),
        errors.WorkerCrashed: _Row(422),
        errors.WorkerTimeout: _Row(422),
        errors.WorkerOutOfMemory: _Row(422),
        errors.AssayError: _Row(422, "GET /v1/assays lists the known ones."),
        errors.LabelsError: _Row(422, "Send a correct file."),
        errors.RunError: _Row(500, "Ask the service's operator to look into its log."),
        errors.ExtraMissing: _Row(501, "Ask the service's operator to install it."),
        errors.KeysMissing: _Row(500, "Ask the service's operator to make one."),
        errors.OptionError: _Row(400, "GET /v1/openapi.json describes the options."),
        errors.OutputError: _Row(507, "Ask the service's operator to free disk space, then send it again."),
        errors.StoreError: _Row(
            503, "Ask the service's operator to look into its log.", headers={"Retry-After": "5"}
        ),
        errors.CapacityError: _Row(503, headers={"Retry-After": "2"}),
        errors.ClusterError: _Row(500, "Ask the service's operator to look into its log."),
    }
)

HTTP_PROBLEMS: Mapping[int, Problem] = MappingProxyType(
    {
        p.status: p
        for p in (
            Problem(400, "bad-request", "The request is malformed.", "GET /v1/openapi.json describes it."),
            Problem(404, "not-found", "There is nothing here.", "GET /v1/openapi.json lists what there is."),
            Problem(
                405,
                "method-not-allowed",
                "This cannot be done here.",
                "The Allow header names what can be done.",
            ),
            Problem(
                408,
                "sender-too-slow",
                "The request's body did not arrive in time.",
                "Send the request again.",
            ),
            Problem(
                413,
                "body-too-large",
                "The request has more bytes than are accepted.",
                "Send a picture of at most 20 MB.",
            ),
            Problem(
                422,
                "invalid-request",
                "A part of the request has no meaning.",
                "The list of errors names the part; GET /v1/openapi.json describes it.",
            ),
            Problem(
                500,
                "internal-error",
                "The service made a mistake.",
                "Send the request again; if it fails again, give the operator the request id.",
            ),
        )
    }
)


def for_status(status: int) -> Problem:
    """Return the problem for an HTTP status that has no more special one."""
    known = HTTP_PROBLEMS.get(status)
    if known is not None:
        return known
    nearest = HTTP_PROBLEMS[500 if status >= 500 else 400]
    return Problem(status, nearest.code, nearest.title, nearest.advice)


def for_reader_error(error: errors.LfaError) -> Problem:
    """Return the problem for an error of the reader.

    The error's own message is left out, because it may quote the input.
    """
    kind = next(cls for cls in type(error).__mro__ if cls in READER_PROBLEMS)
    row = READER_PROBLEMS[kind]
    title = (type(error).__doc__ or "").strip().split("\n")[0]
    return Problem(row.status, error.code, title, row.advice or error.advice, row.headers)


def respond(problem: Problem, request_id: str, parts: tuple[dict[str, str], ...] = ()) -> Response:
    """Write a problem as a response.

    Parameters
    ----------
    problem : Problem
        What is wrong.
    request_id : str
        Under which the log knows the request.
    parts : tuple of dict
        Which parts of the request are wrong.

    Returns
    -------
    Response
        ``application/problem+json``.
    """
    body: dict[str, Any] = {
        "type": f"urn:lfa:problem:{problem.code}",
        "title": problem.title,
        "status": problem.status,
        "detail": problem.advice,
        "instance": f"urn:lfa:request:{request_id}",
        "code": problem.code,
        "request_id": request_id,
    }
    if parts:
        body["errors"] = list(parts)
    return Response(
        json.dumps(body).encode(),
        problem.status,
        media_type="application/problem+json",
        headers={"Cache-Control": "no-store", **problem.headers},
    )
