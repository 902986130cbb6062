"""How a picture becomes a stored reading: once, whatever happens on the line."""

import json
import re
import unicodedata
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from service import tasks
from service.attention import attention_of
from service.clock import utc_now
from service.kits import profile_of
from service.origin import Origin
from service.problems import Problem, Refused
from service.refusals import READING_CONFLICT, READING_ERASED
from service.services import Services
from service.store import AlreadyStored, Job, NewReading, Spool, StoredReading

__all__ = [
    "Accepted",
    "KeptPicture",
    "Submission",
    "accept",
    "find_same",
    "label_of",
    "read_back",
    "require_assay",
    "require_same",
    "written",
]

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
    batch_id : str or None
        The batch it is part of.
    received_at : str or None
        When it came, as UTC; now by default.
    """

    id: str
    assay: str
    label: str
    site: str = "main"
    key_id: str = "local"
    origin: Origin = field(default_factory=Origin)
    conflict: Problem = READING_CONFLICT
    batch_id: str | None = None
    received_at: str | None = None


@dataclass(frozen=True, slots=True)
class Accepted:
    """A reading that is stored, and whether this request made it."""

    reading: StoredReading
    new: bool


@dataclass(frozen=True, slots=True)
class KeptPicture:
    """A picture that is kept already.

    Attributes
    ----------
    path : Path
        Where its bytes are.
    sha256 : str
        Their digest.
    size : int
        Their number.
    """

    path: Path
    sha256: str
    size: int


async def accept(services: Services, submission: Submission, picture: Spool | KeptPicture) -> Accepted:
    """Read a received picture and store it, or find that this was done before.

    When this returns, picture and reading survive a power cut: the picture is kept first and the
    reading second, so that no reading is without its picture.

    Parameters
    ----------
    services : Services
        The running service.
    submission : Submission
        What the picture is to become.
    picture : Spool or KeptPicture
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
    if isinstance(picture, Spool):
        picture.flush()
    async with services.locks.hold(submission.id):
        known = await find_same(services, submission, picture)
        if known is not None:
            return known
        kit = profile_of(services.kits, submission.assay)
        document = await services.readers.run(tasks.read_document, str(picture.path), kit, submission.label)
        return await run_in_threadpool(_store, services, submission, picture, document)


async def find_same(
    services: Services, submission: Submission, picture: Spool | KeptPicture
) -> Accepted | None:
    """Return the reading of this very picture if there is one; to be called under the lock of its id.

    Raises
    ------
    Refused
        If the id belongs to another picture, assay or subject, be it read or queued.
    """
    return await run_in_threadpool(_find_same, services, submission, picture)


def _find_same(services: Services, submission: Submission, picture: Spool | KeptPicture) -> Accepted | None:
    known = services.readings.find(submission.id)
    if known is not None:
        return _replay(known, submission, picture)
    job = services.jobs.of_reading(submission.id)
    if job is not None and not job.finished:
        require_same(job, submission, picture.sha256)
    return None


def require_same(job: Job, submission: Submission, sha256: str) -> None:
    """See that a job for the same reading is for the same picture, assay and subject.

    Raises
    ------
    Refused
        If it is not.
    """
    same = (job.site, job.image_sha256, job.assay) == (submission.site, sha256, submission.assay)
    if not same or not (job.finished or _pseudonyms(read_back(job.submission)[0]) == _pseudonyms(submission)):
        raise Refused(submission.conflict)


def _pseudonyms(submission: Submission) -> tuple[str | None, ...]:
    told = submission.origin
    return told.subject, told.operator, told.lot


def written(submission: Submission, image_bytes: int) -> str:
    """Write what a picture is to become, and its size, as JSON."""
    told = {key: value for key, value in asdict(submission).items() if key != "conflict"}
    return json.dumps({"submission": told, "image_bytes": image_bytes})


def read_back(text: str) -> tuple[Submission, int]:
    """Read what `written` wrote."""
    kept = json.loads(text)
    told = kept["submission"]
    return Submission(**{**told, "origin": Origin(**told["origin"])}), kept["image_bytes"]


def _store(
    services: Services, submission: Submission, picture: Spool | KeptPicture, document: dict[str, Any]
) -> Accepted:
    _keep(services, picture)
    new = NewReading(
        id=submission.id,
        image_sha256=picture.sha256,
        image_bytes=picture.size,
        assay=submission.assay,
        outcome=document["outcome"],
        software=document["software"]["version"],
        document=json.dumps(document, ensure_ascii=False, allow_nan=False),
        received_at=submission.received_at or utc_now(),
        site=submission.site,
        key_id=submission.key_id,
        batch_id=submission.batch_id,
        attention=attention_of(document),
        **asdict(submission.origin),
    )
    try:
        added = services.readings.add(new)
        services.metrics.read(new.assay, new.outcome)
        _keep(services, picture)  # who let go of the same picture did so before the row was there
        return Accepted(added, new=True)
    except AlreadyStored:
        # Another server on the same data folder was faster.
        known = services.readings.find(submission.id)
        if known is None:
            raise
        return _replay(known, submission, picture)


def _keep(services: Services, picture: Spool | KeptPicture) -> None:
    if isinstance(picture, Spool):
        services.blobs.keep(picture)


def _replay(known: StoredReading, submission: Submission, picture: Spool | KeptPicture) -> Accepted:
    if known.erased_at is not None and known.site == submission.site:
        raise Refused(READING_ERASED)
    sent = (submission.site, picture.sha256, submission.assay, *_pseudonyms(submission))
    if sent != (known.site, known.image_sha256, known.assay, known.subject, known.operator, known.lot):
        raise Refused(submission.conflict)
    return Accepted(known, new=False)


def require_assay(services: Services, assay: str) -> str:
    """Return the id of an assay that is known.

    Raises
    ------
    AssayError
        If there is no such assay.
    """
    return profile_of(services.kits, assay).id


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
