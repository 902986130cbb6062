"""What is kept: that it is whole, private and there, and that a full disk is told."""

import contextlib
import errno
import os
import sqlite3
import stat
import time
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import event

import reader
from service import Settings
from service.store import BlobFolder, ReadingStore
from service.store.database import open_database
from service.workers import ThreadReaders

from .service_helpers import open_client


@pytest.fixture
def blobs(tmp_path: Path) -> BlobFolder:
    folder = BlobFolder(tmp_path)
    folder.prepare()
    return folder


def keep(blobs: BlobFolder, content: bytes) -> Path:
    with blobs.spool() as spool:
        spool.write(content)
        blobs.keep(spool)
        return blobs.path(spool.sha256)


def test_a_kept_picture_lies_under_its_digest_for_its_owner_alone(blobs: BlobFolder, tmp_path: Path) -> None:
    place = keep(blobs, b"abc")
    digest = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
    assert place == tmp_path / "blobs" / "ba" / "78" / digest
    assert place.read_bytes() == b"abc"
    assert stat.S_IMODE(place.stat().st_mode) == 0o600
    assert {stat.S_IMODE(p.stat().st_mode) for p in (tmp_path / "blobs").rglob("*") if p.is_dir()} == {0o700}


def test_a_picture_that_is_not_kept_leaves_nothing(blobs: BlobFolder, tmp_path: Path) -> None:
    with blobs.spool() as spool:
        spool.write(b"abc")
    assert [p for p in tmp_path.rglob("*") if p.is_file()] == []


def test_a_picture_that_is_there_is_not_written_again(blobs: BlobFolder) -> None:
    first = keep(blobs, b"abc").stat()
    second = keep(blobs, b"abc").stat()
    assert (first.st_ino, first.st_mtime_ns) == (second.st_ino, second.st_mtime_ns)


@pytest.mark.parametrize("name", ["../../etc/passwd", "", "A" * 64, "0" * 63, "0" * 64 + "\n"])
def test_only_a_digest_leads_to_a_picture(blobs: BlobFolder, name: str) -> None:
    with pytest.raises(ValueError, match="digest"):
        blobs.path(name)


def test_what_a_killed_server_left_behind_is_cleared_away_in_time(blobs: BlobFolder, tmp_path: Path) -> None:
    old, new = tmp_path / "spool" / "old", tmp_path / "spool" / "new"
    for leftover in (old, new):
        leftover.write_bytes(b"x")
    os.utime(old, (time.time() - 7200,) * 2)
    blobs.prepare()
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize("call", ["fsync", "link", "mkdir"])
def test_a_disk_that_takes_no_more_is_told_and_leaves_nothing(
    settings: Settings, photo: bytes, monkeypatch: pytest.MonkeyPatch, call: str
) -> None:
    def full(*_args: Any, **_kwargs: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    path = f"/v1/readings/{uuid4()}"
    with open_client(settings) as client:
        with monkeypatch.context() as patched:
            patched.setattr(os, call, full)
            answer = client.put(path, content=photo)
        assert (answer.status_code, answer.json()["code"]) == (507, "output-not-writable")
        assert [p for p in (settings.data / "blobs").rglob("*") if p.is_file()] == []
        assert not list((settings.data / "spool").iterdir())
        assert client.get(path).status_code == 404
        assert client.put(path, content=photo).status_code == 201


def test_a_nearly_full_disk_takes_no_picture_and_is_not_ready(settings: Settings, photo: bytes) -> None:
    with open_client(replace(settings, min_free_bytes=1 << 60)) as client:
        assert client.put(f"/v1/readings/{uuid4()}", content=photo).status_code == 507
        ready = client.get("/readyz")
        assert (ready.status_code, ready.json()["code"]) == (503, "not-ready")
        assert client.get("/healthz").status_code == 200


class QuickReaders(ThreadReaders):
    """Readers that have read the picture before."""

    def __init__(self, document: dict[str, Any]) -> None:
        super().__init__()
        self.document = document

    async def run(self, *_args: Any, **_kwargs: Any) -> Any:
        return self.document


def test_a_database_that_takes_no_more_is_told_and_stays_whole(settings: Settings, photo: bytes) -> None:
    quick = QuickReaders(reader.read_bytes(photo).to_dict())
    with open_client(settings, readers=quick) as client:
        database = client.app.state.services.readings._engine
        with database.connect() as connection:
            pages = connection.exec_driver_sql("PRAGMA page_count").scalar_one()
        limit = f"PRAGMA max_page_count = {pages}"
        event.listen(database, "connect", lambda connection, _: connection.execute(limit).close())
        database.dispose()
        answers = [client.put(f"/v1/readings/{uuid4()}", content=photo) for _ in range(40)]
        kept = [answer.headers["location"] for answer in answers if answer.status_code == 201]
        assert {answer.status_code for answer in answers} == {201, 507}
        assert [item["href"] for item in client.get("/v1/readings").json()["items"]] == kept[::-1]
        assert client.get(f"{kept[-1]}").json() == quick.document
    with contextlib.closing(sqlite3.connect(settings.data / "lfa.sqlite3")) as whole:
        assert whole.execute("PRAGMA integrity_check").fetchone() == ("ok",)


def test_the_database_keeps_every_commit_and_is_for_its_owner_alone(tmp_path: Path) -> None:
    engine = open_database(tmp_path / "d.sqlite3")
    with engine.connect() as connection:
        asked = ("busy_timeout", "journal_mode", "synchronous", "foreign_keys")
        said = [connection.exec_driver_sql(f"PRAGMA {name}").scalar_one() for name in asked]
        modes = {stat.S_IMODE(p.stat().st_mode) for p in tmp_path.glob("d.sqlite3*")}
    engine.dispose()
    assert said == [5000, "wal", 2, 1]
    assert modes == {0o600}


def test_the_slower_of_two_servers_on_one_folder_finds_the_others_reading(
    settings: Settings, photo: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v1/readings/{uuid4()}"
    with open_client(settings) as first, open_client(settings) as second:
        answer = first.put(path, content=photo)
        store = second.app.state.services.readings
        looks = iter([None, store.find(path.rsplit("/", 1)[1])])
        monkeypatch.setattr(ReadingStore, "find", lambda _self, _id: next(looks))
        late = second.put(path, content=photo)
    assert (answer.status_code, late.status_code) == (201, 200)
    assert late.content == answer.content
