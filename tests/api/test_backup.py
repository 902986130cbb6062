"""A backup while the service works, and what comes back of it."""

import itertools
import json
import os
import random
import shutil
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import httpx2 as httpx
import pytest
from sqlalchemy import Engine, text

from reader import errors
from service import Settings, keeping
from service.store import BlobFolder, NewReading, ReadingStore, backup
from service.store.audit import AuditLog
from service.store.database import open_database
from service.store.restore import restore
from service.store.sweep import release

from .postgres import Cluster
from .service_helpers import Server
from .test_migrations import contents

NEW = NewReading(
    id="",
    image_sha256="",
    image_bytes=3,
    assay="generic",
    outcome="negative",
    software="0.1.0",
    document='{"é\\u0000": "\\ud83d"}',
    received_at="2026-11-21T08:00:00.000000Z",
)
WHEN_REMOVED = text("UPDATE readings SET image_removed_at = '2026-11-21T09:00:00.000000Z' WHERE id = :id")


class Clinic:
    """A database and pictures, filled as the service fills them."""

    def __init__(self, place: Path | str, folder: Path) -> None:
        self.place = place
        self.engine: Engine = open_database(place)
        self.readings = ReadingStore(self.engine)
        self.blobs = BlobFolder(folder)
        self.blobs.prepare()

    def add(self, content: bytes) -> NewReading:
        with self.blobs.spool() as spool:
            spool.write(content)
            self.blobs.keep(spool)
            new = replace(NEW, id=str(uuid4()), image_sha256=spool.sha256)
            self.readings.add(new)
            self.blobs.keep(spool)
        return new

    def all(self) -> list[NewReading]:
        return self.readings.page(before=None, limit=100_000)[::-1]

    def rows(self, table: str) -> list[tuple[object, ...]]:
        with self.engine.connect() as connection:
            return [tuple(row) for row in connection.execute(text(f"SELECT * FROM {table} ORDER BY 1, 2"))]


@pytest.fixture
def new_place(tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[str], Path | str]:
    """Say where a new database of a kind is."""
    numbers = itertools.count()

    def make(kind: str) -> Path | str:
        if kind == "sqlite":
            return tmp_path / f"{next(numbers)}.sqlite3"
        cluster: Cluster = request.getfixturevalue("cluster")
        return cluster.database()

    return make


@pytest.fixture
def clinic(tmp_path: Path) -> Iterator[Clinic]:
    made = Clinic(tmp_path / "clinic.sqlite3", tmp_path / "clinic")
    yield made
    made.engine.dispose()


@contextmanager
def restored(folder: Path, place: Path | str, pictures: Path) -> Iterator[Clinic]:
    pictures.mkdir()
    blobs = BlobFolder(pictures)
    blobs.prepare()
    restore(folder, place, blobs)
    back = Clinic(place, pictures)
    try:
        yield back
    finally:
        back.engine.dispose()


@pytest.mark.parametrize("source", ["sqlite", "postgresql"])
@pytest.mark.parametrize("target", ["sqlite", "postgresql"])
def test_a_backup_under_load_comes_back_as_it_was_at_one_moment(
    new_place: Callable[[str], Path | str], tmp_path: Path, source: str, target: str
) -> None:
    clinic = Clinic(new_place(source), tmp_path / "clinic")
    acknowledged: list[NewReading] = []
    enough = threading.Event()

    def work(worker: int) -> None:
        for number in itertools.count():
            if enough.is_set():
                return
            acknowledged.append(clinic.add(b"%d-%d" % (worker, number)))

    workers = [threading.Thread(target=work, args=(k,)) for k in range(3)]
    for worker in workers:
        worker.start()
    while len(acknowledged) < 50:
        os.sched_yield()
    before = {new.id for new in acknowledged}
    made = backup.back_up(clinic.engine, clinic.blobs, tmp_path / "backup")
    still_going = len(acknowledged) > made.readings
    enough.set()
    for worker in workers:
        worker.join()
    with restored(tmp_path / "backup", new_place(target), tmp_path / "back") as back:
        found = back.all()
        assert still_going
        assert found == clinic.all()[: made.readings]
        assert before <= {reading.id for reading in found}
        for reading in found:
            with back.blobs.fetch(reading.image_sha256) as path:
                assert sha256(path.read_bytes()).hexdigest() == reading.image_sha256
        chain = AuditLog(back.engine).verify()
        assert (chain.broken_at, chain.entries) == (None, made.tables["audit"].rows + 1)
        back.add(b"another")
        assert [reading.seq for reading in back.all()] == [*range(1, made.readings + 2)]
    clinic.engine.dispose()


def test_a_later_backup_into_the_same_folder_replaces_the_earlier_one(clinic: Clinic, tmp_path: Path) -> None:
    kept, gone = clinic.add(b"kept"), clinic.add(b"gone")
    folder = tmp_path / "backup"
    backup.back_up(clinic.engine, clinic.blobs, folder)
    copy = BlobFolder(folder)
    first = copy.path(kept.image_sha256).stat().st_ino
    with clinic.engine.execution_options(writes=True).begin() as connection:
        connection.execute(WHEN_REMOVED, {"id": gone.id})
    assert release(clinic.engine, clinic.blobs, gone.image_sha256)
    new = clinic.add(b"new")
    backup.back_up(clinic.engine, clinic.blobs, folder)
    assert copy.path(kept.image_sha256).stat().st_ino == first
    assert (copy.has(gone.image_sha256), copy.has(new.image_sha256)) == (False, True)
    assert len(list(folder.glob("tables-*"))) == 1
    with restored(folder, tmp_path / "back.sqlite3", tmp_path / "back") as back:
        assert back.rows("readings") == clinic.rows("readings")


def test_a_picture_that_rotted_in_the_backup_is_copied_anew(clinic: Clinic, tmp_path: Path) -> None:
    new = clinic.add(b"picture")
    folder = tmp_path / "backup"
    backup.back_up(clinic.engine, clinic.blobs, folder)
    BlobFolder(folder).path(new.image_sha256).write_bytes(b"rotten")
    backup.back_up(clinic.engine, clinic.blobs, folder)
    assert BlobFolder(folder).path(new.image_sha256).read_bytes() == b"picture"


def test_a_backup_that_fails_leaves_the_earlier_one_whole(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic.add(b"first")
    folder = tmp_path / "backup"
    made = backup.back_up(clinic.engine, clinic.blobs, folder)
    clinic.add(b"second")

    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(backup, "_write_manifest", full)
        with pytest.raises(errors.OutputError, match="No space left"):
            backup.back_up(clinic.engine, clinic.blobs, folder)
    with restored(folder, tmp_path / "back.sqlite3", tmp_path / "back") as back:
        assert len(back.all()) == made.readings == 1


def test_a_picture_removed_while_the_backup_is_made_is_noted_as_removed(
    clinic: Clinic, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = clinic.add(b"picture")
    copy = backup.copy_picture

    def late(*arguments: object) -> bool:
        with clinic.engine.execution_options(writes=True).begin() as connection:
            connection.execute(WHEN_REMOVED, {"id": new.id})
        release(clinic.engine, clinic.blobs, new.image_sha256)
        return copy(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(backup, "copy_picture", late)
        made = backup.back_up(clinic.engine, clinic.blobs, tmp_path / "backup")
    with restored(tmp_path / "backup", tmp_path / "back.sqlite3", tmp_path / "back") as back:
        with back.engine.connect() as connection:
            removed = connection.execute(text("SELECT image_removed_at FROM readings")).scalar_one()
        assert removed == made.made_at


@pytest.mark.parametrize("harm", ["missing", "damaged"])
def test_a_lost_picture_is_told_and_all_else_is_backed_up(clinic: Clinic, tmp_path: Path, harm: str) -> None:
    lost, there = clinic.add(b"lost"), clinic.add(b"there")
    path = clinic.blobs.path(lost.image_sha256)
    if harm == "missing":
        path.unlink()
    else:
        path.write_bytes(b"damaged")
    with pytest.raises(errors.StoreError, match="1 pictures are missing or damaged"):
        backup.back_up(clinic.engine, clinic.blobs, tmp_path / "backup")
    with restored(tmp_path / "backup", tmp_path / "back.sqlite3", tmp_path / "back") as back:
        assert len(back.all()) == 2
        assert back.blobs.has(there.image_sha256)


def test_a_backup_with_any_damaged_file_is_refused_and_nothing_restored(
    clinic: Clinic, tmp_path: Path
) -> None:
    clinic.add(b"one")
    clinic.add(b"two")
    backup.back_up(clinic.engine, clinic.blobs, tmp_path / "backup")
    files = [p.relative_to(tmp_path / "backup") for p in (tmp_path / "backup").rglob("*") if p.is_file()]
    assert len(files) > 10
    for number, file in enumerate(files):
        folder = tmp_path / f"damaged-{number}"
        shutil.copytree(tmp_path / "backup", folder)
        content = bytearray((folder / file).read_bytes())
        if content:
            content[random.Random(number).randrange(len(content))] ^= 1
        (folder / file).write_bytes(content or b"more")
        place = tmp_path / f"{number}.sqlite3"
        with pytest.raises((errors.OptionError, KeyError)) as told:
            restore(folder, place, _blobs(tmp_path / f"blobs-{number}"))
        assert told.type is errors.OptionError, file
        assert not place.exists() or Clinic(place, tmp_path / f"blobs-{number}").all() == []


def test_no_byte_of_what_a_backup_says_of_itself_can_change_unseen(clinic: Clinic, tmp_path: Path) -> None:
    backup.back_up(clinic.engine, clinic.blobs, tmp_path)
    path = tmp_path / "backup.json"
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        with pytest.raises(errors.OptionError):
            backup.read_manifest(tmp_path)


def _blobs(folder: Path) -> BlobFolder:
    made = BlobFolder(folder)
    made.prepare()
    return made


def test_a_backup_of_an_older_version_is_brought_up_to_date(clinic: Clinic, tmp_path: Path) -> None:
    clinic.add(b"picture")
    folder = tmp_path / "backup"
    backup.back_up(clinic.engine, clinic.blobs, folder)
    said = json.loads((folder / "backup.json").read_text())["backup"]
    older = {
        "readings": ("seq", "id", "image_sha256", "image_bytes", "received_at", "latest"),
        "reading_versions": (
            "reading_id",
            "number",
            "assay",
            "outcome",
            "software",
            "document",
            "created_at",
        ),
    }
    for name, columns in older.items():
        path = folder / said["folder"] / f"{name}.jsonl"
        rows = [json.loads(line) for line in path.read_text().splitlines()]
        path.write_text("".join(json.dumps({c: row[c] for c in columns}) + "\n" for row in rows))
        said["tables"][name]["sha256"] = sha256(path.read_bytes()).hexdigest()
    said["tables"] = {name: said["tables"][name] for name in older}
    (folder / "backup.json").write_text(json.dumps(backup.sealed({**said, "revision": "0001"})))
    with (
        restored(folder, tmp_path / "back.sqlite3", tmp_path / "back") as back,
        back.engine.connect() as restored_rows,
        clinic.engine.connect() as rows_there,
    ):
        assert contents(restored_rows) == contents(rows_there)


def test_a_backup_of_a_newer_version_is_refused(clinic: Clinic, tmp_path: Path) -> None:
    folder = tmp_path / "backup"
    backup.back_up(clinic.engine, clinic.blobs, folder)
    said = json.loads((folder / "backup.json").read_text())["backup"]
    (folder / "backup.json").write_text(json.dumps(backup.sealed({**said, "revision": "from-tomorrow"})))
    with pytest.raises(errors.OptionError, match="newer version"):
        restore(folder, tmp_path / "back.sqlite3", _blobs(tmp_path / "back"))


def test_nothing_is_restored_over_what_is_there(clinic: Clinic, tmp_path: Path) -> None:
    clinic.add(b"picture")
    backup.back_up(clinic.engine, clinic.blobs, tmp_path / "backup")
    with pytest.raises(errors.OptionError, match="data already"):
        restore(tmp_path / "backup", clinic.place, clinic.blobs)
    assert len(clinic.all()) == 1


def test_where_nothing_was_served_there_is_nothing_to_back_up(tmp_path: Path) -> None:
    with pytest.raises(errors.OptionError, match="no data"):
        keeping.back_up(Settings(data=tmp_path / "data"), tmp_path / "backup")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("backup_folder", ["data", "data/backup", "."])
def test_a_backup_does_not_lie_in_the_data_nor_they_in_it(tmp_path: Path, backup_folder: str) -> None:
    settings = Settings(data=tmp_path / "data")
    for do in (keeping.back_up, keeping.restore):
        with pytest.raises(errors.OptionError, match="each other's folder"):
            do(settings, tmp_path / backup_folder)


def test_a_running_service_is_backed_up_and_comes_back_elsewhere(tmp_path: Path, photo: bytes) -> None:
    running = Server(tmp_path / "data")
    try:
        stop = threading.Event()
        answers: dict[str, bytes] = {}

        def send() -> None:
            with httpx.Client(base_url=running.url, timeout=60) as client:
                while not stop.is_set():
                    path = f"/v1/readings/{uuid4()}"
                    answer = client.put(path, content=photo + uuid4().bytes)
                    assert answer.status_code == 201
                    answers[path] = answer.content

        sender = threading.Thread(target=send)
        sender.start()
        while len(answers) < 5:
            os.sched_yield()
        before = dict(answers)
        lfa("backup", tmp_path / "backup", "--data", tmp_path / "data")
        stop.set()
        sender.join()
    finally:
        running.end()
    lfa("restore", tmp_path / "backup", "--data", tmp_path / "elsewhere")
    running = Server(tmp_path / "elsewhere")
    try:
        for path, content in before.items():
            assert httpx.get(running.url + path, timeout=60).content == content
            assert httpx.get(f"{running.url}{path}/image", timeout=60).status_code == 200
    finally:
        running.end()


def lfa(*arguments: object) -> None:
    command = [sys.executable, "-c", "from reader.cli import main; main()", *map(str, arguments)]
    subprocess.run(command, check=True, env=Server.environment(), timeout=120)
