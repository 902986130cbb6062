"""Pictures without a row go, pictures with one stay, whoever comes first."""

import asyncio
import os
import threading
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from service.store import BlobFolder
from service.store.sweep import ORPHAN_AFTER_S, release, sweep
from service.upkeep import keeping_up

from .test_backup import WHEN_REMOVED, Clinic

NOW = 1_800_000_000.0
ADD_JOB = text(
    "INSERT INTO jobs (id, reading_id, site, assay, state, submission, image_sha256, attempts, created_at)"
    " VALUES (:id, :id, 'main', 'generic', :state, '{}', :sha256, 0, '2026-11-21T08:00:00.000000Z')"
)


@pytest.fixture
def clinic(place: Path | str, tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(place, tmp_path / "clinic")
    yield made
    made.engine.dispose()


def keep(blobs: BlobFolder, content: bytes, age_s: float = 0.0) -> str:
    with blobs.spool() as spool:
        spool.write(content)
        blobs.keep(spool)
    os.utime(blobs.path(spool.sha256), (NOW - age_s,) * 2)
    return spool.sha256


def test_only_an_old_picture_that_nothing_needs_is_swept(clinic: Clinic) -> None:
    needed = clinic.add(b"needed").image_sha256
    removed = clinic.add(b"removed")
    queued, done = keep(clinic.blobs, b"queued"), keep(clinic.blobs, b"done")
    with clinic.engine.execution_options(writes=True).begin() as connection:
        connection.execute(WHEN_REMOVED, {"id": removed.id})
        connection.execute(ADD_JOB, {"id": str(uuid4()), "state": "queued", "sha256": queued})
        connection.execute(ADD_JOB, {"id": str(uuid4()), "state": "done", "sha256": done})
    for content in (b"needed", b"removed", b"queued", b"done", b"orphan"):
        keep(clinic.blobs, content, ORPHAN_AFTER_S + 1)
    young = keep(clinic.blobs, b"young", ORPHAN_AFTER_S - 1)
    assert sweep(clinic.engine, clinic.blobs, NOW) == 3
    left = {path.name for path in clinic.blobs._blobs.rglob("*") if path.is_file()}
    assert left == {needed, queued, young}


def test_many_orphans_are_swept_in_one_go(clinic: Clinic) -> None:
    for number in range(1200):
        folder = clinic.blobs.path(f"{number:064x}").parent
        folder.mkdir(parents=True, exist_ok=True)
        (folder / f"{number:064x}").touch()
    assert sweep(clinic.engine, clinic.blobs, 4e9) == 1200


def test_a_picture_is_released_only_with_the_last_reading_of_it(clinic: Clinic) -> None:
    first, second = clinic.add(b"same"), clinic.add(b"same")
    for new, gone in ((first, False), (second, True)):
        with clinic.engine.execution_options(writes=True).begin() as connection:
            connection.execute(WHEN_REMOVED, {"id": new.id})
        assert release(clinic.engine, clinic.blobs, new.image_sha256) is gone
        assert clinic.blobs.has(new.image_sha256) is not gone


def test_no_row_is_left_without_its_picture_by_whoever_removes_the_same_picture(clinic: Clinic) -> None:
    """One keeps the same picture over and over as the service does, another lets go of it."""
    done = threading.Event()

    def remove() -> None:
        while not done.is_set():
            release(clinic.engine, clinic.blobs, digest)

    with clinic.blobs.spool() as spool:
        spool.write(b"same")
        digest = spool.sha256
    remover = threading.Thread(target=remove)
    remover.start()
    try:
        for _ in range(30):
            new = clinic.add(b"same")
            assert clinic.blobs.has(digest)
            with clinic.engine.execution_options(writes=True).begin() as connection:
                connection.execute(WHEN_REMOVED, {"id": new.id})
    finally:
        done.set()
        remover.join()


def test_a_chore_that_fails_is_told_and_does_not_end_the_others(caplog: pytest.LogCaptureFixture) -> None:
    rounds = threading.Semaphore(0)

    def fail() -> None:
        raise ValueError("of Jane Doe")

    async def wait() -> None:
        async with keeping_up([fail, rounds.release], every_s=0.0):
            for _ in range(3):
                assert await asyncio.to_thread(rounds.acquire, timeout=30)

    asyncio.run(wait())
    assert "a chore failed: fail: ValueError" in caplog.text
    assert "Jane" not in caplog.text
