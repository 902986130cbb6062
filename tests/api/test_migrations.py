"""The tables through the versions: up and down, empty and full, on SQLite and PostgreSQL."""

import contextlib
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, Engine, MetaData, inspect, text

from reader import errors
from service.store import ReadingStore
from service.store.database import open_database, open_engine
from service.store.schema import current_revision, downgrade, upgrade
from service.store.tables import Base

from .service_helpers import Server

REVISIONS = ("0001", "0002")
TABLES = {table.name for table in Base.metadata.sorted_tables}
MOMENT = "2026-11-21T08:00:00.000000Z"

# The tables as the first service made them, with what its programs wrote into the file's head.
FIRST = """
CREATE TABLE readings (seq INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT, id VARCHAR(36) NOT NULL,
    image_sha256 VARCHAR(64) NOT NULL, image_bytes INTEGER NOT NULL, received_at VARCHAR(27) NOT NULL,
    latest INTEGER NOT NULL, UNIQUE (id));
CREATE INDEX ix_readings_image_sha256 ON readings (image_sha256);
CREATE TABLE reading_versions (reading_id VARCHAR(36) NOT NULL, number INTEGER NOT NULL,
    assay VARCHAR(64) NOT NULL, outcome VARCHAR(16) NOT NULL, software VARCHAR(32) NOT NULL,
    document TEXT NOT NULL, created_at VARCHAR(27) NOT NULL, PRIMARY KEY (reading_id, number),
    FOREIGN KEY(reading_id) REFERENCES readings (id));
PRAGMA journal_mode = WAL;
PRAGMA user_version = 1;
"""


def fill(connection: Connection, count: int) -> None:
    """Add readings as the first service would."""
    ids = [f"00000000-0000-4000-8000-{number:012}" for number in range(count)]
    readings = text(
        "INSERT INTO readings (id, image_sha256, image_bytes, received_at, latest)"
        " VALUES (:id, :sha256, 3, :moment, 1)"
    )
    versions = text(
        "INSERT INTO reading_versions (reading_id, number, assay, outcome, software, document, created_at)"
        " VALUES (:id, 1, 'generic', 'negative', '0.1.0', :document, :moment)"
    )
    if ids:
        rows = [{"id": i, "sha256": f"{k:064x}", "moment": MOMENT} for k, i in enumerate(ids)]
        connection.execute(readings, rows)
        rows = [{"id": i, "document": f'{{"é": {k}}}', "moment": MOMENT} for k, i in enumerate(ids)]
        connection.execute(versions, rows)


def contents(connection: Connection) -> tuple[list[tuple[object, ...]], ...]:
    """What the first service's columns hold."""
    asked = (
        "SELECT seq, id, image_sha256, image_bytes, received_at, latest FROM readings ORDER BY seq",
        """SELECT reading_id, number, assay, outcome, software, document, created_at FROM reading_versions
        ORDER BY reading_id, number""",
    )
    return tuple([tuple(row) for row in connection.execute(text(question))] for question in asked)


@contextlib.contextmanager
def opened(place: Path | str):
    engine = open_engine(place)
    try:
        yield engine
    finally:
        engine.dispose()


def tables_of(engine: Engine) -> set[str]:
    return set(inspect(engine).get_table_names()) - {"alembic_version"}


@pytest.mark.parametrize("rows", [0, 10_000])
def test_every_migration_runs_up_and_down_and_loses_no_reading(place: Path | str, rows: int) -> None:
    with opened(place) as engine:
        upgrade(engine, REVISIONS[0])
        with engine.execution_options(writes=True).begin() as connection:
            fill(connection, rows)
        with engine.connect() as connection:
            before = contents(connection)
        assert len(before[0]) == rows
        for revision in (*REVISIONS[1:], *REVISIONS[-2::-1], *REVISIONS[1:]):
            move = upgrade if revision > (revision_of(engine) or "") else downgrade
            move(engine, revision)
            with engine.connect() as connection:
                assert contents(connection) == before
        assert tables_of(engine) == TABLES
        downgrade(engine, "base")
        assert tables_of(engine) == set()
        upgrade(engine)
        assert tables_of(engine) == TABLES


def revision_of(engine: Engine) -> str | None:
    with engine.connect() as connection:
        return current_revision(connection)


def test_the_migrations_make_the_tables_that_the_program_works_with(place: Path | str) -> None:
    with opened(place) as engine:
        upgrade(engine)
        with engine.connect() as connection:
            options = {"compare_type": True, "compare_server_default": True}
            context = MigrationContext.configure(connection, opts=options)
            assert compare_metadata(context, Base.metadata) == []
            made = MetaData()
            made.reflect(connection)
    for table in Base.metadata.sorted_tables:
        there = made.tables[table.name]
        assert {c.name for c in there.primary_key} == {c.name for c in table.primary_key}
        assert {(f.parent.name, f.target_fullname) for f in there.foreign_keys} == {
            (f.parent.name, f.target_fullname) for f in table.foreign_keys
        }


def test_a_review_is_lost_with_the_tables_that_hold_it_and_the_machines_answer_counts_again(
    place: Path | str,
) -> None:
    with opened(place) as engine:
        upgrade(engine, REVISIONS[0])
        with engine.execution_options(writes=True).begin() as connection:
            fill(connection, 2)
            before = contents(connection)
        upgrade(engine)
        with engine.execution_options(writes=True).begin() as connection:
            connection.execute(
                text(
                    "INSERT INTO reading_versions (reading_id, number, kind, assay, outcome, software,"
                    " document, created_at) SELECT reading_id, 2, 'review', assay, 'positive', software,"
                    " '{}', created_at FROM reading_versions"
                )
            )
            connection.execute(text("UPDATE readings SET latest = 2"))
        downgrade(engine, REVISIONS[0])
        with engine.connect() as connection:
            assert contents(connection) == before


def test_the_number_of_a_removed_reading_is_not_given_again(place: Path | str) -> None:
    with opened(place) as engine:
        upgrade(engine, REVISIONS[0])
        with engine.execution_options(writes=True).begin() as connection:
            fill(connection, 3)
        upgrade(engine)
        with engine.execution_options(writes=True).begin() as connection:
            connection.execute(text("DELETE FROM reading_versions"))
            connection.execute(text("DELETE FROM readings"))
            fill(connection, 1)
            assert connection.execute(text("SELECT seq FROM readings")).scalar_one() == 4


def test_a_data_folder_of_the_first_service_is_taken_over(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript(FIRST)
    with opened(path) as engine, engine.execution_options(writes=True).begin() as connection:
        fill(connection, 2)
    store = ReadingStore(open_database(path))
    found = store.page(before=None, limit=9)
    store.close()
    assert [(reading.seq, reading.document) for reading in found] == [(2, '{"é": 1}'), (1, '{"é": 0}')]
    with contextlib.closing(sqlite3.connect(path)) as new:
        # The first service's programs leave a file with a higher number alone.
        assert new.execute("PRAGMA user_version").fetchone() == (2,)


def test_a_database_of_a_newer_version_is_left_alone(place: Path | str) -> None:
    open_database(place).dispose()
    with opened(place) as engine:
        with engine.execution_options(writes=True).begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = 'from-tomorrow'"))
        for attempt in (lambda: open_database(place), lambda: downgrade(engine, "base")):
            with pytest.raises(errors.OptionError, match="newer version"):
                attempt()
        assert tables_of(engine) == TABLES


def test_a_migration_that_fails_changes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "d.sqlite3"
    with contextlib.closing(sqlite3.connect(path)) as old:
        old.executescript(FIRST)
        old.execute("INSERT INTO reading_versions VALUES ('gone', 1, 'a', 'b', 'c', 'd', 'e')")
        old.commit()
        before = old.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall()
    with pytest.raises(errors.StoreError, match="points to one that is not there"):
        open_database(path)
    with contextlib.closing(sqlite3.connect(path)) as after:
        assert after.execute("SELECT sql FROM sqlite_master ORDER BY name").fetchall() == before


def test_servers_that_start_at_once_make_the_tables_once(place: Path | str) -> None:
    code = (
        "import sys; from pathlib import Path; from service.store.database import open_database;"
        "place = sys.argv[1]; open_database(place if '://' in place else Path(place)).dispose()"
    )
    started = [
        subprocess.Popen([sys.executable, "-W", "error", "-c", code, str(place)], env=Server.environment())
        for _ in range(4)
    ]
    assert [process.wait(120) for process in started] == [0] * 4
    with opened(place) as engine:
        assert tables_of(engine) == TABLES
