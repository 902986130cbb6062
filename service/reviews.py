"""A person's answer about a reading, put beside the machine's: the one function behind API and page."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.concurrency import run_in_threadpool

from service.access import Caller
from service.answers import Contradiction, Decision, Judgement, Said, review_document
from service.kits import Kits
from service.lookup import require_reading
from service.problems import HTTP_PROBLEMS, Refused
from service.refusals import READING_CHANGED, READING_ERASED, REVIEW_CONFLICT
from service.services import Services
from service.store import Erased, StoredVersion

__all__ = ["Reviewed", "review"]


@dataclass(frozen=True, slots=True)
class Reviewed:
    """A review that is stored, and whether this request made it."""

    version: StoredVersion
    new: bool


async def review(
    services: Services,
    caller: Caller,
    reading_id: str,
    decision: Decision,
    reason: str | None = None,
    *,
    answers: Mapping[int, Mapping[str, Said]] | None = None,
    outcome: Said | None = None,
    seen: int | None = None,
) -> Reviewed:
    """Add a person's answer about a reading; nothing is overwritten.

    Parameters
    ----------
    services : Services
        The running service.
    caller : Caller
        The person, who may review.
    reading_id : str
        The reading.
    decision : {"confirm", "override"}
        Whether the machine is right.
    reason : str, optional
        Why not: one of `service.answers.OVERRIDE_REASONS`; only and always with an override.
    answers : mapping, optional
        With an override: the answers by number of the strip and id of the analyte.
    outcome : str, optional
        With an override: the answer for all that `answers` does not name; else the machine's own stands.
    seen : int, optional
        Number of the answer that the person looked at; the review is refused if there is a newer one.

    Returns
    -------
    Reviewed
        The answer that counts from now on. The same review by the same person again adds nothing.

    Raises
    ------
    Refused
        404 without such a reading of the caller's site, 410 if it was erased, 409 if there is a newer answer
        than the one that was looked at or the review does not fit the reading, 422 if it has no meaning.
    OutputError
        If the disk does not take it.
    """
    await require_reading(services, caller, reading_id)
    judgement = Judgement(decision, reason, answers or {}, outcome)

    def answer(known: Sequence[StoredVersion]) -> Mapping[str, Any] | None:
        made, last = _answered(judgement, known, services.kits), known[-1]
        if last.kind == "review" and last.key_id == caller.key_id and _same(last, made):
            return None
        if seen is not None and seen != last.number:
            raise Refused(READING_CHANGED)
        return made

    try:
        return Reviewed(
            *await run_in_threadpool(services.answers.add_review, reading_id, caller.key_id, answer)
        )
    except Erased as error:  # since it was found
        raise Refused(READING_ERASED) from error
    except Contradiction as error:
        part = {"where": "body", "name": error.part, "code": error.code}
        raise Refused(REVIEW_CONFLICT if error.of_reading else HTTP_PROBLEMS[422], (part,)) from error


def _answered(judgement: Judgement, known: Sequence[StoredVersion], kits: Kits) -> dict[str, Any]:
    machine = next(version for version in reversed(known) if version.kind == "machine")
    earlier = next((version for version in reversed(known) if version.kind == "review"), None)
    kit = kits.get(machine.assay)
    return review_document(
        judgement,
        json.loads(machine.document),
        version=machine.number,
        analytes=[] if kit is None else [analyte.id for analyte in kit.analytes],
        earlier=None if earlier is None else json.loads(earlier.document),
    )


def _same(last: StoredVersion, made: Mapping[str, Any]) -> bool:
    """Tell whether a review is sent once more; its status follows from what came before."""
    return {**json.loads(last.document), "status": ""} == {**made, "status": ""}
