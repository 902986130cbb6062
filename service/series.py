"""One subject's answers over time, the first first."""

import datetime as dt
import itertools
from dataclasses import dataclass
from typing import Final

from service.flat import answers_of
from service.kits import Kits
from service.store import Filters, ReadingStore, StoredReading

__all__ = ["LONGEST", "Point", "moment_of", "series_of"]

LONGEST: Final = 1000
"""Readings in a series at most; of more, the newest."""

# A picture may wait on a phone for months; a phone's clock may also stand at 1970, or be set wrong.
_LONGEST_WAIT: Final = dt.timedelta(days=366)
_AHEAD: Final = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Point:
    """One analyte on one strip of one reading.

    Attributes
    ----------
    at : str
        When the picture was taken, or arrived where that is not known, as UTC.
    reading_id, assay, status : str
        Of the reading.
    strip : int
        Number of the strip.
    analyte : str
        Id of the analyte.
    result : str
        The answer that counts.
    machine_result, human_result : str or None
        What the machine and a person said.
    confidence, ratio, ratio_sigma, concentration, height, height_sigma : float or None
        What the machine measured: of the answer, test line over control line, and the test line itself.
    """

    at: str
    reading_id: str
    assay: str
    status: str
    strip: int
    analyte: str
    result: str
    machine_result: str | None
    human_result: str | None
    confidence: float | None
    ratio: float | None
    ratio_sigma: float | None
    concentration: float | None
    height: float | None
    height_sigma: float | None


def series_of(store: ReadingStore, kits: Kits, asked: Filters) -> list[Point]:
    """Return the points of one subject's readings, in the order of time.

    Parameters
    ----------
    store : ReadingStore
        The readings.
    kits : Kits
        The known kits.
    asked : Filters
        With the subject, and the only site that may be seen.
    """
    found = itertools.islice(store.each(asked, at_once=200), LONGEST)
    points = [point for stored in found for point in _points(stored, kits)]
    return sorted(points, key=lambda point: (point.at, point.reading_id, point.strip))


def moment_of(stored: StoredReading) -> str:
    """Return when a picture was taken, or when it arrived where the phone's clock cannot be right."""
    if stored.taken_at is None:
        return stored.received_at
    waited = dt.datetime.fromisoformat(stored.received_at) - dt.datetime.fromisoformat(stored.taken_at)
    return stored.taken_at if -_AHEAD <= waited <= _LONGEST_WAIT else stored.received_at


def _points(stored: StoredReading, kits: Kits) -> list[Point]:
    return [
        Point(
            at=moment_of(stored),
            reading_id=stored.id,
            assay=stored.assay,
            status=stored.status,
            strip=answer.strip,
            analyte=answer.analyte,
            result=answer.counts,
            machine_result=answer.machine,
            human_result=answer.human,
            confidence=answer.numbers.get("confidence"),
            ratio=answer.numbers.get("ratio"),
            ratio_sigma=answer.numbers.get("ratio_sigma"),
            concentration=answer.numbers.get("concentration"),
            height=answer.line.get("height"),
            height_sigma=answer.line.get("height_sigma"),
        )
        for answer in answers_of(stored, kits.get(stored.assay))
    ]
