"""Pictures that no reading and no job needs are let go: at once when the last is erased, or a day later.

A picture is kept first and its row second. So that no order of two servers' steps leaves a row without its
picture, a picture is only removed while nobody else writes a row, and whoever has written one keeps its
picture once more (see ``intake``).
"""

import itertools
import time
from collections.abc import Sequence
from typing import Final

from sqlalchemy import Connection, Engine, select

from service.store.blobs import Blobs
from service.store.tables import JobRow, ReadingRow

__all__ = ["ORPHAN_AFTER_S", "needed_digests", "release", "sweep"]

ORPHAN_AFTER_S: Final = 24 * 3600.0
"""Age from which a picture without a row is taken for one that a killed server left, s."""

_AT_ONCE: Final = 500  # digests in a question: SQLite takes up to 32,766 parameters


def release(engine: Engine, blobs: Blobs, sha256: str) -> bool:
    """Remove a picture that nothing needs any more.

    Parameters
    ----------
    engine : Engine
        The database; what freed the picture must be committed.
    blobs : Blobs
        The pictures.
    sha256 : str
        Digest of the picture.

    Returns
    -------
    bool
        Whether it was removed; not so while another reading or a job needs it.
    """
    with engine.execution_options(writes=True).begin() as connection:
        if needed_digests(connection, [sha256]):
            return False
        blobs.remove(sha256)
    return True


def sweep(engine: Engine, blobs: Blobs, now: float | None = None) -> int:
    """Remove every picture that nothing needs and that is older than `ORPHAN_AFTER_S`.

    Parameters
    ----------
    engine : Engine
        The database.
    blobs : Blobs
        The pictures.
    now : float, optional
        The time, in s since 1970.

    Returns
    -------
    int
        How many were removed.
    """
    old = blobs.kept_before((time.time() if now is None else now) - ORPHAN_AFTER_S)
    removed = 0
    while digests := list(itertools.islice(old, _AT_ONCE)):
        with engine.connect() as connection:
            needed = needed_digests(connection, digests)
        removed += sum(release(engine, blobs, digest) for digest in digests if digest not in needed)
    return removed


def needed_digests(connection: Connection, among: Sequence[str] | None = None) -> set[str]:
    """Find the pictures that a reading with its picture, or a job to be done, names.

    Parameters
    ----------
    connection : Connection
        To the database.
    among : sequence of str, optional
        Only these digests are asked for.
    """
    readings = select(ReadingRow.image_sha256).where(
        ReadingRow.image_removed_at.is_(None), ReadingRow.erased_at.is_(None)
    )
    jobs = select(JobRow.image_sha256).where(JobRow.state.in_(("queued", "running")))
    if among is not None:
        readings = readings.where(ReadingRow.image_sha256.in_(among))
        jobs = jobs.where(JobRow.image_sha256.in_(among))
    return set(connection.scalars(readings.union(jobs)))
