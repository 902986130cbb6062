"""A real file system of two megabytes: what fits is kept, what does not is told, and nothing is torn."""

import contextlib
import os
import sqlite3
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from starlette.testclient import TestClient

import reader
from reader import errors
from service import Settings, keeping
from service.store import BlobFolder

from .service_helpers import open_client
from .test_store import QuickReaders

MOUNT = "needs a file system of its own: run as root on Linux, where mount is allowed"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system with room for two megabytes."""
    place = tmp_path / "disk"
    place.mkdir()
    mounted = mount(place, "size=2m") if os.name == "posix" and os.geteuid() == 0 else False
    if not mounted:
        pytest.skip(MOUNT)
    try:
        yield place
    finally:
        subprocess.run(["umount", "-l", str(place)], check=True)


def mount(place: Path, options: str) -> bool:
    try:
        done = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(place)], capture_output=True, check=False
        )
    except FileNotFoundError:
        return False
    return done.returncode == 0


def send_until_full(client: TestClient, photo: bytes) -> dict[str, bytes]:
    """Send different pictures until three in a row are refused; return those that were taken."""
    taken: dict[str, bytes] = {}
    refused = 0
    while refused < 3:
        path, picture = f"/v1/readings/{uuid4()}", photo + os.urandom(40_000)
        answer = client.put(path, content=picture)
        if answer.status_code == 201:
            taken[path] = picture
        else:
            assert (answer.status_code, answer.json()["code"]) == (507, "output-not-writable")
            refused += 1
    return taken


def check_whole(data: Path, taken: dict[str, bytes]) -> None:
    """See that what was acknowledged is there, that nothing is torn, and that no row lacks its picture."""
    with contextlib.closing(sqlite3.connect(data / "lfa.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        rows = dict(database.execute("SELECT id, image_sha256 FROM readings").fetchall())
    assert {f"/v1/readings/{key}" for key in rows} == set(taken)
    blobs = BlobFolder(data)
    for path, picture in taken.items():
        digest = rows[path.rsplit("/", 1)[1]]
        assert digest == sha256(picture).hexdigest()
        assert blobs.path(digest).read_bytes() == picture
    assert not list((data / "spool").iterdir())
    for kept in (data / "blobs").rglob("*"):
        assert kept.is_dir() or sha256(kept.read_bytes()).hexdigest() == kept.name


def test_a_disk_that_fills_up_is_told_and_what_was_taken_stays_whole(
    small_disk: Path, settings: Settings, photo: bytes
) -> None:
    quick = QuickReaders(reader.read_bytes(photo).to_dict())
    settings = replace(settings, data=small_disk / "data")
    with open_client(settings, readers=quick) as client:
        taken = send_until_full(client, photo)
        assert len(taken) > 5
        for path in taken:
            assert client.get(path).status_code == 200
        assert client.get("/healthz").status_code == 200
        assert mount(small_disk, "remount,size=8m")
        path, picture = f"/v1/readings/{uuid4()}", photo + b"after"
        assert client.put(path, content=picture).status_code == 201
        assert client.get("/readyz").status_code == 200
    check_whole(settings.data, {**taken, path: picture})


def test_a_service_that_was_killed_on_a_full_disk_starts_again_when_there_is_room(
    small_disk: Path, settings: Settings, photo: bytes
) -> None:
    quick = QuickReaders(reader.read_bytes(photo).to_dict())
    settings = replace(settings, data=small_disk / "data")
    with open_client(settings, readers=quick) as client:
        taken = send_until_full(client, photo)
    filler = small_disk / "filler"
    with contextlib.suppress(OSError), filler.open("wb", buffering=0) as stream:
        while stream.write(bytes(4096)):
            pass
    with contextlib.suppress(errors.OutputError), open_client(settings, readers=quick) as client:
        assert client.put(f"/v1/readings/{uuid4()}", content=photo).status_code == 507
        assert {client.get(path).status_code for path in taken} == {200}
    filler.unlink()
    assert mount(small_disk, "remount,size=8m")
    with open_client(settings, readers=quick) as client:
        path = f"/v1/readings/{uuid4()}"
        assert client.put(path, content=photo).status_code == 201
    check_whole(settings.data, {**taken, path: photo})


def test_a_database_alone_that_fills_its_disk_is_told_and_stays_whole(
    small_disk: Path, settings: Settings, photo: bytes
) -> None:
    """The pictures' disk has room: only rows are refused, and their pictures are swept later."""
    quick = QuickReaders(reader.read_bytes(photo).to_dict())
    (small_disk / "blobs").mkdir()
    settings.data.mkdir()
    (settings.data / "lfa.sqlite3").symlink_to(small_disk / "lfa.sqlite3")
    with open_client(settings, readers=quick) as client:
        statuses = [client.put(f"/v1/readings/{uuid4()}", content=photo).status_code for _ in range(600)]
        assert set(statuses) == {201, 507}
        count = len(client.get("/v1/readings?limit=200").json()["items"])
        assert count == min(200, statuses.count(201))
    with contextlib.closing(sqlite3.connect(small_disk / "lfa.sqlite3")) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert database.execute("SELECT count(*) FROM readings").fetchone() == (statuses.count(201),)


def test_a_backup_that_does_not_fit_is_told_and_an_earlier_one_stays(
    small_disk: Path, settings: Settings, photo: bytes, tmp_path: Path
) -> None:
    quick = QuickReaders(reader.read_bytes(photo).to_dict())
    with open_client(settings, readers=quick) as client:
        first = f"/v1/readings/{uuid4()}"
        client.put(first, content=photo)
        keeping.back_up(settings, small_disk / "backup")
        for _ in range(40):
            client.put(f"/v1/readings/{uuid4()}", content=photo + os.urandom(100_000))
        with pytest.raises(errors.OutputError):
            keeping.back_up(settings, small_disk / "backup")
    elsewhere = replace(settings, data=tmp_path / "elsewhere")
    assert keeping.restore(elsewhere, small_disk / "backup").readings == 1
    with open_client(elsewhere, readers=quick) as client:
        assert client.get(first).status_code == 200
