"""Tests as monitoring counts them, out of the database: the machine's columns with the persons' answers."""

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy import ColumnElement, Engine, Select, and_, case, func, select
from sqlalchemy.orm import Session, aliased

from service.monitoring.counts import Tally
from service.monitoring.lots import Control
from service.store.tables import ReadingRow, StripRow, VersionRow

__all__ = ["MonitoringStore", "Watched"]

_Machine, _Review = aliased(VersionRow), aliased(VersionRow)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """Which tests are asked for.

    Attributes
    ----------
    since, until : str
        First and last day of arrival, ``YYYY-MM-DD`` in UTC.
    site, assay, lot : str or None
        Only those with exactly this.
    """

    since: str
    until: str
    site: str | None = None
    assay: str | None = None
    lot: str | None = None


class MonitoringStore:
    """Counts and heights of tests in a database.

    Parameters
    ----------
    engine : Engine
        An open database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def tallies(self, asked: Watched) -> list[Tally]:
        """Count tests that are alike.

        Parameters
        ----------
        asked : Watched
            Which tests.

        Returns
        -------
        list of Tally
            By day. A test is one strip, or a picture in which none was found. Its day is that on which it
            was taken where the phone tells one between the first day and its arrival, else that of arrival:
            a clock that is wrong by years loses no test. Erased readings still count, without an operator.
        """
        with Session(self._engine) as session:
            found = Counter(self._unreviewed(session, asked))
            found.update(self._in_words(session, asked))
        tallies = (replace(tally, number=number) for tally, number in found.items())
        return sorted(tallies, key=lambda t: (t.day, t.site, t.assay, t.lot, t.operator, t.machine, t.person))

    def controls(self, asked: Watched) -> list[Control]:
        """List the control lines of the tests with a lot that could be read, in the order of arrival."""
        query = (
            _tests(asked, ReadingRow.id, StripRow.control_height, StripRow.control_sigma)
            .where(
                ReadingRow.lot.is_not(None),
                StripRow.control_height.is_not(None),
                StripRow.outcome != "not_read",
            )
            .order_by(ReadingRow.seq, StripRow.strip)
        )
        with Session(self._engine) as session:
            return [
                Control(
                    reading=row.id,
                    day=row.day,
                    site=row.site,
                    operator=row.operator,
                    assay=row.assay,
                    lot=row.lot,
                    height=row.control_height,
                    sigma=row.control_sigma or 0.0,
                )
                for row in session.execute(query)
            ]

    def sites(self) -> list[str]:
        """Return the names of all sites that have sent a picture."""
        with Session(self._engine) as session:
            return list(session.scalars(select(ReadingRow.site).distinct().order_by(ReadingRow.site)))

    def _unreviewed(self, session: Session, asked: Watched) -> dict[Tally, int]:
        """Let the database count the many that no person has looked at."""
        tests = _tests(asked).where(_Review.number.is_(None), StripRow.strip.is_not(None)).subquery()
        query = select(*tests.c, func.count().label("number")).group_by(*tests.c)
        return {_tally(row, "", row.flags): row.number for row in session.execute(query)}

    def _in_words(self, session: Session, asked: Watched) -> Iterator[Tally]:
        """Yield the few whose documents must be looked into: reviewed ones, and pictures without a strip."""
        query = _tests(asked, StripRow.strip, _Machine.document, _Review.document.label("review")).where(
            _Review.number.is_not(None) | StripRow.strip.is_(None)
        )
        for row in session.execute(query):
            flags = row.flags if row.strip is not None else " ".join(_said(row.document).get("flags", ()))
            yield _tally(row, _persons(row.review, row.strip or 1), flags)


def _day(asked: Watched) -> ColumnElement[str]:
    taken = ReadingRow.taken_at
    believed = and_(taken.is_not(None), taken <= ReadingRow.received_at, taken >= asked.since)
    return func.substr(case((believed, taken), else_=ReadingRow.received_at), 1, 10).label("day")


_SITE = ReadingRow.site.label("site")
_OPERATOR = func.coalesce(ReadingRow.operator, "").label("operator")
_LOT = func.coalesce(ReadingRow.lot, "").label("lot")
_ASSAY = func.coalesce(StripRow.assay, _Machine.assay).label("assay")
_OUTCOME = func.coalesce(StripRow.outcome, _Machine.outcome).label("machine")
_FLAGS = func.coalesce(StripRow.flags, "").label("flags")
_SHARED = (_SITE, _OPERATOR, _LOT, _ASSAY, _OUTCOME, _FLAGS)


def _tests(asked: Watched, *columns: Any) -> Select[Any]:
    """Select each strip with its reading, its machine's answer and the review that counts."""
    last = min(dt.date.fromisoformat(asked.until), dt.date.max - dt.timedelta(days=1))
    end = (last + dt.timedelta(days=1)).isoformat()
    query = (
        select(_day(asked), *_SHARED, *columns)
        .select_from(ReadingRow)
        .join(_Machine, and_(_Machine.reading_id == ReadingRow.id, _Machine.number == 1))
        .outerjoin(StripRow, StripRow.reading_id == ReadingRow.id)
        .outerjoin(
            _Review,
            and_(
                _Review.reading_id == ReadingRow.id,
                _Review.number == ReadingRow.latest,
                _Review.kind == "review",
            ),
        )
        # A day is a prefix of its moments, so that it comes before every one of them.
        .where(ReadingRow.received_at >= asked.since, ReadingRow.received_at < end)
    )
    equal = {ReadingRow.site: asked.site, _Machine.assay: asked.assay, ReadingRow.lot: asked.lot}
    return query.where(*(column == value for column, value in equal.items() if value is not None))


def _tally(row: Any, person: str, flags: str) -> Tally:
    return Tally(
        row.day, row.site, row.assay, row.lot, row.operator, row.machine, person, tuple(flags.split()), 1
    )


def _persons(review: str | None, strip: int) -> str:
    """Return what a person said of one strip; empty where none did."""
    if review is None:
        return ""
    said = _said(review)
    of_strip = (s["outcome"] for s in said.get("strips", ()) if s["id"] == strip)
    return str(next(of_strip, said.get("outcome", "")))


def _said(document: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document) if document else {}
    return found
