"""The audit table: nothing in it can be changed unseen."""

import shutil
import sqlite3
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine
from sqlalchemy.orm import Session

from service.store.audit import AuditLog, record
from service.store.database import open_database

COLUMNS = ("seq", "at", "key_id", "site", "action", "target", "detail", "previous_sha256", "sha256")


@pytest.fixture
def engine(tmp_path: Path) -> Iterator[Engine]:
    opened = open_database(tmp_path / "lfa.sqlite3")
    yield opened
    opened.dispose()


@pytest.fixture(scope="module")
def thousand(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """File of a database with a thousand entries."""
    path = tmp_path_factory.mktemp("audit") / "lfa.sqlite3"
    opened = open_database(path)
    write(opened, 1000)
    opened.dispose()
    return path


def write(engine: Engine, number: int, *, site: str = "main") -> None:
    with Session(engine.execution_options(writes=True)) as session, session.begin():
        for k in range(number):
            record(session, "0123456789ab", site, "reading-added", f"id-{k}", {"assay": "generic", "ä": k})


def flip(path: Path, seq: int, column: str) -> None:
    """Change one byte of one value, as whoever can write the file may."""
    with sqlite3.connect(path) as database:
        (value,) = database.execute(f"SELECT {column} FROM audit WHERE seq = ?", (seq,)).fetchone()
        changed = seq + 100_000 if column == "seq" else chr(ord(value[0]) ^ 1) + value[1:]
        database.execute(f"UPDATE audit SET {column} = ? WHERE seq = ?", (changed, seq))
    database.close()


def test_an_untouched_table_holds(engine: Engine) -> None:
    write(engine, 1000)
    found = AuditLog(engine).verify()
    assert (found.entries, found.broken_at) == (1000, None)


def test_an_empty_table_holds(engine: Engine) -> None:
    assert AuditLog(engine).verify().broken_at is None


@pytest.mark.parametrize("column", COLUMNS)
@pytest.mark.parametrize("seq", [1, 2, 500, 999, 1000])
def test_a_changed_byte_is_found_and_its_entry_named(
    thousand: Path, tmp_path: Path, seq: int, column: str
) -> None:
    shutil.copy(thousand, tmp_path / "lfa.sqlite3")
    flip(tmp_path / "lfa.sqlite3", seq, column)
    opened = open_database(tmp_path / "lfa.sqlite3")
    assert AuditLog(opened).verify().broken_at == seq
    opened.dispose()


@pytest.mark.parametrize("seq", [1, 7])
def test_a_missing_entry_is_found(engine: Engine, tmp_path: Path, seq: int) -> None:
    write(engine, 10)
    with sqlite3.connect(tmp_path / "lfa.sqlite3") as database:
        database.execute("DELETE FROM audit WHERE seq = ?", (seq,))
    database.close()
    assert AuditLog(engine).verify().broken_at == seq


def test_entries_cut_off_at_the_end_are_missed_by_a_noted_head(engine: Engine, tmp_path: Path) -> None:
    write(engine, 10)
    log = AuditLog(engine)
    noted = (10, log.verify().head)
    with sqlite3.connect(tmp_path / "lfa.sqlite3") as database:
        database.execute("DELETE FROM audit WHERE seq > 8")
    database.close()
    assert log.verify().broken_at is None
    assert log.verify(noted=noted).broken_at == 9
    write(engine, 4)
    assert log.verify(noted=noted).broken_at == 10


def test_an_entry_is_only_there_with_what_it_tells_about(engine: Engine) -> None:
    with Session(engine.execution_options(writes=True)) as session:
        record(session, "local", "main", "reading-added", "id", {})
        session.rollback()
    assert AuditLog(engine).page(site=None, before=None, limit=10) == []


def test_many_who_write_at_once_make_one_chain(place: Path | str) -> None:
    """On SQLite and on PostgreSQL."""
    opened = open_database(place)
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: write(opened, 3), range(40)))
    chain = AuditLog(opened).verify()
    opened.dispose()
    assert (chain.entries, chain.broken_at) == (120, None)


def test_entries_are_listed_newest_first_by_site(engine: Engine) -> None:
    write(engine, 2, site="north")
    write(engine, 3, site="south")
    log = AuditLog(engine)
    assert [e.seq for e in log.page(site=None, before=None, limit=10)] == [5, 4, 3, 2, 1]
    assert [e.seq for e in log.page(site="north", before=None, limit=10)] == [2, 1]
    assert [e.seq for e in log.page(site=None, before=4, limit=2)] == [3, 2]
