"""The service's own reasons to refuse a request, each with what the client can do."""

import math

from service.problems import Problem

__all__ = [
    "BATCH_CLOSED",
    "BATCH_KEY_REUSED",
    "BATCH_NOT_FOUND",
    "CROSS_SITE",
    "JOB_NOT_FOUND",
    "KEY_NEEDED",
    "KEY_REUSED",
    "KEY_UNKNOWN",
    "NOT_READY",
    "NO_PICTURE",
    "PICTURE_DEFEATS_READER",
    "PICTURE_GONE",
    "READING_CHANGED",
    "READING_CONFLICT",
    "READING_ERASED",
    "READING_NOT_FOUND",
    "READING_OUTDATED",
    "READING_WAITS",
    "REVIEW_CONFLICT",
    "SCOPE_NEEDED",
    "STRIP_NOT_FOUND",
    "WRONG_HOST",
    "too_often",
]

_SHOW_A_KEY = {"WWW-Authenticate": 'Bearer realm="lfa"'}

READING_NOT_FOUND = Problem(
    404, "reading-not-found", "There is no reading with this id.", "Check the id, or send the picture again."
)
JOB_NOT_FOUND = Problem(
    404, "job-not-found", "There is no job with this id.", "Check the id, or send the picture again."
)
BATCH_NOT_FOUND = Problem(
    404, "batch-not-found", "There is no batch with this id.", "Check the id, or make a new batch."
)
BATCH_CLOSED = Problem(
    409, "batch-closed", "This batch is closed and takes no more pictures.", "Make a new batch for them."
)
BATCH_KEY_REUSED = Problem(
    422,
    "batch-key-reused",
    "This Idempotency-Key was used for a batch of another assay.",
    "Use a new key for every batch.",
)
STRIP_NOT_FOUND = Problem(
    404,
    "strip-not-found",
    "The reading has no such strip, or no profile of it.",
    "The reading lists its strips by number.",
)
PICTURE_GONE = Problem(
    410, "picture-gone", "The picture of this reading is no longer kept.", "The reading itself still stands."
)
READING_ERASED = Problem(
    410,
    "reading-erased",
    "This reading was erased.",
    "Nothing of it is kept; use a new id for a new picture.",
)
READING_WAITS = Problem(
    409,
    "reading-waits",
    "The picture with this id still waits to be read.",
    "Ask for its job, and erase the reading when that is done.",
    headers={"Retry-After": "5"},
)
READING_CHANGED = Problem(
    409,
    "reading-changed",
    "Someone else has answered in the meantime.",
    "Look at the newest answer, then decide again.",
)
REVIEW_CONFLICT = Problem(
    409,
    "review-conflict",
    "The review does not fit this reading.",
    "The list of errors names the part; the reading lists its strips and analytes.",
)
READING_CONFLICT = Problem(
    409,
    "reading-conflict",
    "There is a reading with this id, of another picture, for another assay or of another subject.",
    "Use a new id for every picture.",
)
KEY_REUSED = Problem(
    422,
    "idempotency-key-reused",
    "This Idempotency-Key was used with another picture or assay.",
    "Use a new key for every picture.",
)
READING_OUTDATED = Problem(
    409,
    "reading-outdated",
    "This version of the software reads the picture differently from the one that made the reading.",
    "Send the picture again under a new id to have it read by this version.",
)
PICTURE_DEFEATS_READER = Problem(
    422,
    "picture-not-processable",
    "The picture could not be processed within the limits of time and memory.",
    "Take a new picture, or send it as an ordinary JPEG.",
)
WRONG_HOST = Problem(
    421,
    "wrong-host",
    "The service is not known by this name.",
    "Use an address of its machine, or start it with this name: `--name` or LFA_ALLOWED_HOSTS.",
)
CROSS_SITE = Problem(
    403,
    "cross-site",
    "Another web page may not send to this service.",
    "Use the service's own page, or a program.",
)
NOT_READY = Problem(
    503, "not-ready", "The service cannot work at the moment.", "Try again soon.", {"Retry-After": "5"}
)
NO_PICTURE = Problem(
    422,
    "no-picture",
    "No picture was chosen.",
    "Take or choose a picture of the test, then press the button.",
)
KEY_NEEDED = Problem(
    401,
    "key-needed",
    "This needs an access key.",
    "Sign in on the page, or send the header `Authorization: Bearer` with a key.",
    _SHOW_A_KEY,
)
KEY_UNKNOWN = Problem(
    401,
    "key-unknown",
    "The access key is not known, or was revoked.",
    "Ask the service's administrator for another one.",
    _SHOW_A_KEY,
)
SCOPE_NEEDED = Problem(
    403,
    "scope-needed",
    "The access key does not open this.",
    "Ask the service's administrator for a key that does.",
)


def too_often(wait_s: float) -> Problem:
    """Return the problem of who asks too often.

    Parameters
    ----------
    wait_s : float
        Seconds after which asking again is welcome.
    """
    return Problem(
        429,
        "too-many-requests",
        "There were too many requests in the last minute.",
        "Send it again after the time that the Retry-After header tells, in seconds.",
        {"Retry-After": str(math.ceil(wait_s))},
    )
