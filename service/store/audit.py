"""The audit table: who did what, each entry bound to the one before by its digest.

An entry is written in the transaction of what it tells about, so that neither is there without the other.
Whoever may write the database could make the whole chain anew; against that, and against entries cut off at
the end, a head that was noted elsewhere is compared.
"""

import hashlib
import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.clock import utc_now
from service.store.tables import AuditRow

__all__ = ["CONSOLE", "SERVICE", "AuditEntry", "AuditLog", "Chain", "record"]

CONSOLE: Final = "console"
"""The ``key_id`` of whoever uses the command line on the service's own machine."""
SERVICE: Final = "service"
"""The ``key_id`` of the service itself, such as when it removes old pictures."""

_START: Final = "0" * 64
_CHUNK: Final = 1000  # entries in memory at once while they are verified


@dataclass(frozen=True, slots=True)
class AuditEntry:
    """Who did what.

    Attributes
    ----------
    seq : int
        Its number, from 1 and without gaps.
    at : str
        When, as UTC.
    key_id : str
        Who: a key's id, ``"local"``, `CONSOLE` or `SERVICE`.
    site : str
        Where it belongs.
    action : str
        What was done, a word such as ``reading-added``.
    target : str
        Id of what it was done to.
    detail : str
        More, as JSON.
    sha256 : str
        Digest of all this and of the digest before.
    """

    seq: int
    at: str
    key_id: str
    site: str
    action: str
    target: str
    detail: str
    sha256: str


@dataclass(frozen=True, slots=True)
class Chain:
    """What a look at the whole table found.

    Attributes
    ----------
    entries : int
        Entries that are as they were written.
    head : str
        Digest of the last of them, 64 zeros when there is none.
    broken_at : int or None
        Number of the first entry that was changed, or that follows a missing one.
    """

    entries: int
    head: str
    broken_at: int | None


def record(  # noqa: PLR0917  (who, where, what, to what, in the order in which it is told)
    session: Session,
    caller_key_id: str,
    site: str,
    action: str,
    target: str,
    detail: Mapping[str, str | int | float | bool | None],
) -> None:
    """Write down who did what, in the transaction in which it is done.

    Parameters
    ----------
    session : Session
        In a transaction of the option ``writes``: who writes is alone, so that entries follow each other.
    caller_key_id : str
        Who did it.
    site : str
        Where it belongs.
    action : str
        What was done, a word such as ``reading-added``, at most 32 characters.
    target : str
        Id of what it was done to, at most 64 characters.
    detail : mapping
        More. An entry is never erased, so that nothing of a person belongs here, pseudonyms included.
    """
    session.flush()
    last = session.execute(_LAST).first()
    row = AuditRow(
        seq=1 if last is None else last.seq + 1,
        at=utc_now(),
        key_id=caller_key_id,
        site=site,
        action=action,
        target=target,
        detail=json.dumps(dict(detail), sort_keys=True, ensure_ascii=False, allow_nan=False),
        previous_sha256=_START if last is None else last.sha256,
    )
    row.sha256 = _digest(row)
    session.add(row)
    session.flush()


_LAST = select(AuditRow.seq, AuditRow.sha256).order_by(AuditRow.seq.desc()).limit(1)


class AuditLog:
    """The table, to be looked at.

    Parameters
    ----------
    engine : Engine
        An open database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def note(
        self,
        caller_key_id: str,
        site: str,
        action: str,
        detail: Mapping[str, str | int | float | bool | None],
    ) -> None:
        """Write down what changes nothing by itself, such as an export; parameters as for `record`."""
        with Session(self._engine.execution_options(writes=True)) as session, session.begin():
            record(session, caller_key_id, site, action, "", detail)

    def page(self, *, site: str | None, before: int | None, limit: int) -> list[AuditEntry]:
        """List entries, the newest first.

        Parameters
        ----------
        site : str or None
            Only those of this site; all when None.
        before : int or None
            Only those with a smaller number.
        limit : int
            At most so many.
        """
        query = select(AuditRow).order_by(AuditRow.seq.desc()).limit(limit)
        if site is not None:
            query = query.where(AuditRow.site == site)
        if before is not None:
            query = query.where(AuditRow.seq < before)
        with Session(self._engine) as session:
            return [_entry(row) for row in session.scalars(query)]

    def verify(self, *, noted: tuple[int, str] | None = None) -> Chain:
        """Check every entry against its digest and the one before.

        Parameters
        ----------
        noted : (int, str), optional
            Number and digest of an entry as they were noted earlier: they must still be there.

        Returns
        -------
        Chain
            How far the chain holds.
        """
        count, head = 0, _START
        for row in self._all():
            count += 1
            held = row.seq == count and row.previous_sha256 == head and row.sha256 == _digest(row)
            if not held or (noted is not None and noted[0] == count and noted[1] != row.sha256):
                return Chain(count - 1, head, count)
            head = row.sha256
        cut = noted is not None and noted[0] > count
        return Chain(count, head, count + 1 if cut else None)

    def _all(self) -> Iterator[AuditRow]:
        query = select(AuditRow).order_by(AuditRow.seq).execution_options(yield_per=_CHUNK)
        with Session(self._engine) as session:
            yield from session.scalars(query)


def _digest(row: AuditRow) -> str:
    fields = [
        row.seq,
        row.at,
        row.key_id,
        row.site,
        row.action,
        row.target,
        row.detail,
        row.previous_sha256,
    ]
    return hashlib.sha256(json.dumps(fields, ensure_ascii=False).encode()).hexdigest()


def _entry(row: AuditRow) -> AuditEntry:
    return AuditEntry(row.seq, row.at, row.key_id, row.site, row.action, row.target, row.detail, row.sha256)
