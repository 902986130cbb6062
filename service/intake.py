"""How a picture becomes a stored reading: once, whatever happens on the line."""

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, field
from typing import Any

from starlette.concurrency import run_in_threadpool

from reader import errors
from service import tasks
from service.attention import attention_of
from service.clock import utc_now
from service.origin import Origin
from service.problems import Problem, Refused
from service.refusals import READING_CONFLICT, READING_ERASED
from service.services import Services
from service.store import AlreadyStored, NewReading, Spool, StoredReading

__all__ = ["Accepted", "Submission", "accept", "label_of", "require_assay"]

_LONGEST_LABEL = 255


@dataclass(frozen=True, slots=True)
class Submission:
    """A picture that was sent.

    Attributes
    ----------
    id : str
        UUID of the reading it is to become.
    assay : str
        Id of a known assay.
    label : str
        What the document shall name as its source.
    site : str
        Where the reading belongs.
    key_id : str
        Who sent it.
    origin : Origin
        What the sender tells of it.
    conflict : Problem
        The answer when the id belongs to another picture.
    """

    id: str
    assay: str
    label: str
    site: str = "main"
    key_id: str = "local"
    origin: Origin = field(default_factory=Origin)
    conflict: Problem = READING_CONFLICT


@dataclass(frozen=True, slots=True)
class Accepted:
    """A reading that is stored, and whether this request made it."""

    reading: StoredReading
    new: bool


async def accept(services: Services, submission: Submission, spool: Spool) -> Accepted:
    """Read a received picture and store it, or find that this was done before.

    When this returns, picture and reading survive a power cut: the picture is kept first and the
    reading second, so that no reading is without its picture.

    Parameters
    ----------
    services : Services
        The running service.
    submission : Submission
        What the picture is to become.
    spool : Spool
        Its bytes.

    Returns
    -------
    Accepted
        The stored reading.

    Raises
    ------
    Refused
        If the id belongs to another picture or assay.
    WorkerLost
        If the picture defeats the reader.
    LfaError
        If the bytes are no picture, or there is no room for them.
    """
    spool.flush()
    async with services.locks.hold(submission.id):
        known = await run_in_threadpool(services.readings.find, submission.id)
        if known is not None:
            return _replay(known, submission, spool)
        document = await services.readers.run(
            tasks.read_document, str(spool.path), submission.assay, submission.label
        )
        return await run_in_threadpool(_store, services, submission, spool, document)


def _store(services: Services, submission: Submission, spool: Spool, document: dict[str, Any]) -> Accepted:
    services.blobs.keep(spool)
    new = NewReading(
        id=submission.id,
        image_sha256=spool.sha256,
        image_bytes=spool.size,
        assay=submission.assay,
        outcome=document["outcome"],
        software=document["software"]["version"],
        document=json.dumps(document, ensure_ascii=False, allow_nan=False),
        received_at=utc_now(),
        site=submission.site,
        key_id=submission.key_id,
        attention=attention_of(document),
        **asdict(submission.origin),
    )
    try:
        added = services.readings.add(new)
        services.metrics.read(new.assay, new.outcome)
        services.blobs.keep(spool)  # who let go of the same picture did so before the row was there
        return Accepted(added, new=True)
    except AlreadyStored:
        # Another server on the same data folder was faster.
        known = services.readings.find(submission.id)
        if known is None:
            raise
        return _replay(known, submission, spool)


def _replay(known: StoredReading, submission: Submission, spool: Spool) -> Accepted:
    if known.erased_at is not None and known.site == submission.site:
        raise Refused(READING_ERASED)
    told = submission.origin
    sent = (submission.site, spool.sha256, submission.assay, told.subject, told.operator, told.lot)
    if sent != (known.site, known.image_sha256, known.assay, known.subject, known.operator, known.lot):
        raise Refused(submission.conflict)
    return Accepted(known, new=False)


def require_assay(services: Services, assay: str) -> str:
    """Return the id of an assay that comes with the reader.

    The reader also takes the path of an assay file; nothing that comes over the network may.

    Raises
    ------
    AssayError
        If there is no such assay.
    """
    if assay not in services.assays:
        raise errors.AssayError
    return assay


def label_of(name: str | None) -> str:
    r"""Turn a file name as a client gave it into a label that is safe to keep and to show.

    Parameters
    ----------
    name : str or None
        Anything.

    Returns
    -------
    str
        Its last part, without control and direction signs, at most 255 characters; ``"upload"`` when
        nothing is left.

    Examples
    --------
    >>> label_of("../../etc/passwd"), label_of("C:\\photos\\strip 1.jpg"), label_of(None)
    ('passwd', 'strip 1.jpg', 'upload')
    """
    last = re.split(r"[/\\]", name or "")[-1]
    printable = "".join(c for c in last if unicodedata.category(c)[0] != "C").strip()
    return printable[:_LONGEST_LABEL] or "upload"
