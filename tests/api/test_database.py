"""Two kinds of database, one behaviour: what is written is there once, in order, and failures are told."""

import sqlite3
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from reader import errors
from service import Settings
from service.store import AlreadyStored, NewReading, ReadingStore, database
from service.store.database import open_database, told

from .postgres import Cluster, running
from .service_helpers import open_client

NEW = NewReading(
    id="00000000-0000-4000-8000-000000000001",
    image_sha256="0" * 64,
    image_bytes=3,
    assay="generic",
    outcome="negative",
    software="0.1.0",
    document='{"é": 1}',
    received_at="2026-11-21T08:00:00.000000Z",
)


@pytest.fixture
def readings(place: Path | str) -> Iterator[ReadingStore]:
    opened = ReadingStore(open_database(place))
    yield opened
    opened.close()


def test_a_stored_reading_is_found_as_it_was_given(readings: ReadingStore) -> None:
    added = readings.add(NEW)
    found = readings.find(NEW.id)
    assert added == found
    assert {name: getattr(found, name) for name in NewReading.__dataclass_fields__} == {
        name: getattr(NEW, name) for name in NewReading.__dataclass_fields__
    }
    assert readings.find(str(uuid4())) is None


def test_an_id_is_stored_once(readings: ReadingStore) -> None:
    readings.add(NEW)
    with pytest.raises(AlreadyStored):
        readings.add(replace(NEW, image_sha256="1" * 64))
    assert [reading.image_sha256 for reading in readings.page(before=None, limit=9)] == ["0" * 64]


def test_of_many_that_store_one_id_at_once_one_does(readings: ReadingStore) -> None:
    outcomes: list[bool] = []

    def add() -> None:
        try:
            readings.add(NEW)
        except AlreadyStored:
            outcomes.append(False)
        else:
            outcomes.append(True)

    work_at_once([add] * 20)
    assert sorted(outcomes) == [False] * 19 + [True]


def test_who_cannot_write_for_long_is_told_to_come_again(
    place: Path | str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "_PATIENCE_MS", 200)
    engine = open_database(place)
    readings = ReadingStore(engine)
    with engine.execution_options(writes=True).begin(), pytest.raises(errors.CapacityError):
        readings.add(NEW)
    assert readings.add(NEW).id == NEW.id
    readings.close()


def test_whoever_has_seen_a_row_has_seen_all_before_it(readings: ReadingStore) -> None:
    """Else a list that is read page by page, or by its last number, would miss some."""
    done = threading.Event()
    seen: list[list[int]] = []

    def add() -> None:
        for _ in range(15):
            readings.add(replace(NEW, id=str(uuid4())))

    def look() -> None:
        while not done.is_set():
            seen.append([reading.seq for reading in readings.page(before=None, limit=1000)])

    looker = threading.Thread(target=look)
    looker.start()
    work_at_once([add] * 6)
    done.set()
    looker.join()
    assert seen
    for listed in seen:
        assert listed == list(range(len(listed), 0, -1))


def work_at_once(tasks: list[Any]) -> None:
    threads = [threading.Thread(target=task) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_a_service_works_with_either_database(place: Path | str, settings: Settings, photo: bytes) -> None:
    if isinstance(place, str):
        settings = replace(settings, database=place)
    path = f"/v1/readings/{uuid4()}"
    with open_client(settings) as client:
        answer = client.put(path, content=photo)
        assert answer.status_code == 201
        assert client.put(path, content=photo).status_code == 200
        assert client.get("/v1/readings").json()["items"][0]["href"] == path
        assert client.get("/readyz").status_code == 200
    with open_client(settings) as client:
        assert client.get(path).content == answer.content
    assert (settings.data / "lfa.sqlite3").exists() == (not isinstance(place, str))


def test_a_database_that_goes_away_is_told_and_comes_back(settings: Settings, photo: bytes) -> None:
    path = f"/v1/readings/{uuid4()}"
    with running() as cluster, open_client(replace(settings, database=cluster.database())) as client:
        answer = client.put(path, content=photo)
        assert answer.status_code == 201
        cluster.end()
        for request in (client.get(path), client.put(f"/v1/readings/{uuid4()}", content=photo)):
            assert (request.status_code, request.json()["code"]) == (503, "store")
        assert client.get("/readyz").status_code == 503
        assert client.get("/healthz").status_code == 200
        cluster.start()
        assert client.get(path).content == answer.content
        assert client.get("/readyz").status_code == 200


def test_a_database_that_cannot_hold_all_letters_is_refused(cluster: Cluster) -> None:
    with pytest.raises(errors.OptionError, match="UTF8, not LATIN1"):
        open_database(cluster.database("ENCODING 'LATIN1' TEMPLATE template0"))


@pytest.mark.parametrize(
    ("address", "wrong"),
    [
        ("mysql://lfa:secret@db/lfa", "postgresql://"),
        ("postgresql:secret", "none"),
        ("sqlite:///secret", "postgresql://"),
    ],
)
def test_an_address_that_is_none_is_refused_and_not_repeated(address: str, wrong: str) -> None:
    with pytest.raises(errors.OptionError, match=wrong) as said:
        open_database(address)
    assert "secret" not in str(said.value)


def test_a_database_that_does_not_answer_is_told_without_its_password() -> None:
    with pytest.raises(errors.StoreError) as said:
        open_database("postgresql://lfa:secret@127.0.0.1:1/lfa?connect_timeout=2")
    assert "secret" not in str(said.value)


def test_without_psycopg_the_command_to_install_it_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(errors.ExtraMissing, match=r"pip install 'lfa-reader\[postgres\]'"):
        open_database("postgresql://lfa@db/lfa")


def test_a_file_that_is_no_database_is_told_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite3"
    path.write_bytes(b"not a database at all" * 100)
    with pytest.raises(errors.StoreError, match="damaged"):
        open_database(path)
    assert path.read_bytes() == b"not a database at all" * 100


def _sqlite(code: int) -> OperationalError:
    cause = sqlite3.OperationalError("quotes the input")
    cause.sqlite_errorcode = code
    return OperationalError("", {}, cause)


def _postgresql(cause: type[psycopg.Error]) -> OperationalError:
    return OperationalError("", {}, cause("quotes the input"))


@pytest.mark.parametrize(
    ("failure", "kind"),
    [
        (_sqlite(sqlite3.SQLITE_FULL), errors.OutputError),
        (_sqlite(sqlite3.SQLITE_IOERR_WRITE), errors.OutputError),
        (_sqlite(sqlite3.SQLITE_READONLY), errors.OutputError),
        (_sqlite(sqlite3.SQLITE_BUSY), errors.CapacityError),
        (_sqlite(sqlite3.SQLITE_CORRUPT), errors.StoreError),
        (_postgresql(psycopg.errors.DiskFull), errors.OutputError),
        (_postgresql(psycopg.errors.ReadOnlySqlTransaction), errors.OutputError),
        (_postgresql(psycopg.errors.TooManyConnections), errors.CapacityError),
        (_postgresql(psycopg.errors.DeadlockDetected), errors.CapacityError),
        (_postgresql(psycopg.errors.AdminShutdown), errors.StoreError),
        (InterfaceError("", {}, psycopg.InterfaceError("closed")), errors.StoreError),
        (NoConnectionFree(), errors.CapacityError),
    ],
)
def test_what_a_database_raises_has_a_meaning_and_its_text_is_not_passed_on(
    failure: Exception, kind: type[errors.LfaError]
) -> None:
    said = told(failure)
    assert type(said) is kind
    assert "quotes" not in str(said)
