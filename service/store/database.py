"""The database: how it is opened, SQLite in a file or PostgreSQL, and what its errors mean.

One code path serves both. Whoever writes says so first (the option ``writes``), and then is the only one who
does: reading before writing is safe, and the order of ``seq`` is the order in which rows can be seen.
"""

import contextlib
import os
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    IntegrityError,
    InterfaceError,
    NotSupportedError,
    ProgrammingError,
)
from sqlalchemy.exc import TimeoutError as NoConnectionFree

from reader import errors
from service.store.schema import upgrade

__all__ = ["FAILURES", "FAULTS", "open_database", "open_engine", "told", "translated"]

FAILURES: Final = (DatabaseError, InterfaceError, NoConnectionFree)
"""What a database may raise; `told` says what each means that is not among the `FAULTS`."""
FAULTS: Final = (IntegrityError, ProgrammingError, DataError, NotSupportedError)
"""Those of them that are the program's own."""

_PATIENCE_MS: Final = 5000
"""How long who wants to write waits for others who do, ms; whoever is turned away may come again."""

# busy_timeout comes first, because changing the journal mode may itself have to wait. FULL keeps every
# commit through a power cut; it costs 0.3 ms, a reading a hundred times that.
_PRAGMAS: Final = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA secure_delete = ON",  # what is erased shall not stand in the file until its place is needed
)
_THREADS: Final = 40  # that may ask at once: as many as Starlette has
_CONNECT_S: Final = 10
# A server that vanishes in the middle of its work must not keep the others from theirs for hours.
_KEEPALIVE: Final = {"keepalives_idle": 30, "keepalives_interval": 10, "keepalives_count": 3}
_ABANDONED_MS: Final = 120_000
_WRITERS_LOCK: Final = 0x6C6661  # any number, the same for all: "lfa"

_SQLITE_FULL: Final = frozenset(
    {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN}
)
_SQLITE_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_POSTGRES_FULL: Final = frozenset({"53100", "25006"})  # disk full, read-only
_POSTGRES_BUSY: Final = ("53", "40", "55P03", "57014")  # of resources, rolled back, lock or time ran out


def open_database(place: Path | str) -> Engine:
    """Open the database, making its tables or bringing them up to date.

    Parameters
    ----------
    place : Path or str
        File of an SQLite database, which gets mode 0600, or the address of a PostgreSQL database.

    Returns
    -------
    Engine
        Connections with the option ``writes`` are the only ones that write until they are done. With the
        option ``patient`` a transaction may wait and last long.

    Raises
    ------
    OptionError
        If the address is none, or what is there was written by a newer version of the service.
    ExtraMissing
        If the package that speaks with PostgreSQL is not installed.
    StoreError, OutputError, CapacityError
        If the database does not answer, cannot be written, or is busy.
    """
    engine = open_engine(place)
    try:
        with translated():
            _check_encoding(engine)
            upgrade(engine)
    except BaseException:
        engine.dispose()
        raise
    return engine


def open_engine(place: Path | str) -> Engine:
    """Open the database as it is; see `open_database`."""
    return _sqlite(place) if isinstance(place, Path) else _postgresql(place)


def _sqlite(path: Path) -> Engine:
    try:
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise errors.OutputError("The database cannot be written.") from error
    url = URL.create("sqlite", database=str(path))
    engine = create_engine(url, pool_size=_THREADS, hide_parameters=True)
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _postgresql(address: str) -> Engine:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):
        raise errors.OptionError("The database's address is none.") from None  # it may hold a password
    if url.drivername not in {"postgresql", "postgres", "postgresql+psycopg"}:
        raise errors.OptionError("The database's address must begin with postgresql://.")
    try:
        engine = create_engine(
            url.set(drivername="postgresql+psycopg"),
            connect_args={"connect_timeout": _CONNECT_S, "options": _session_options(), **_KEEPALIVE},
            pool_pre_ping=True,  # a connection may have gone while nobody asked
            max_overflow=10,
            hide_parameters=True,
        )
    except ImportError as error:
        raise errors.ExtraMissing(
            "PostgreSQL needs psycopg, which is not installed: pip install 'lfa-reader[postgres]'."
        ) from error
    event.listen(engine, "begin", _begin_postgresql)
    return engine


def _session_options() -> str:
    said = {
        "lock_timeout": _PATIENCE_MS,
        "idle_in_transaction_session_timeout": _ABANDONED_MS,
        **{f"tcp_{name}": value for name, value in _KEEPALIVE.items()},
    }
    return " ".join(f"-c {name}={value}" for name, value in said.items())


def _set_pragmas(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling is switched off: it starts none before a SELECT.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (f"PRAGMA busy_timeout = {_PATIENCE_MS}", *_PRAGMAS):
        cursor.execute(pragma)
    cursor.close()


def _check_encoding(engine: Engine) -> None:
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            encoding = connection.exec_driver_sql("SHOW server_encoding").scalar_one()
        if encoding != "UTF8":
            raise errors.OptionError(f"The database must have the encoding UTF8, not {encoding}.")


def _begin_sqlite(connection: Connection) -> None:
    # Two readers that both turn writer deadlock at once, whatever the busy timeout; a writer says so first.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _begin_postgresql(connection: Connection) -> None:
    options = connection.get_execution_options()
    if options.get("patient", False):
        connection.exec_driver_sql("SET LOCAL lock_timeout = '1min'")
        connection.exec_driver_sql("SET LOCAL idle_in_transaction_session_timeout = 0")
    # Writers wait for each other as on SQLite; a reading takes a hundred times longer than its row.
    if options.get("writes", False):
        connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_WRITERS_LOCK})")


@contextlib.contextmanager
def translated() -> Iterator[None]:
    """Turn what a database may raise into errors of the reader's."""
    try:
        yield
    except FAULTS:
        raise
    except FAILURES as error:
        raise told(error) from error


def told(error: Exception) -> errors.LfaError:
    """Say in the reader's own errors what a failure of the database means, without what it quotes.

    Parameters
    ----------
    error : Exception
        One of `FAILURES`.

    Returns
    -------
    LfaError
        OutputError where the disk is full or cannot be written, CapacityError where waiting helps, and
        StoreError else.
    """
    if isinstance(error, NoConnectionFree):
        return errors.CapacityError("Too many ask the database at once.")
    cause = getattr(error, "orig", None)
    number = getattr(cause, "sqlite_errorcode", None)
    state = getattr(cause, "sqlstate", None) or ""
    plain = None if number is None else number & 0xFF  # the rest says more than is needed
    if plain in _SQLITE_FULL or state in _POSTGRES_FULL:
        return errors.OutputError("The database cannot be written.")
    if plain in _SQLITE_BUSY or state.startswith(_POSTGRES_BUSY):
        return errors.CapacityError("The database is busy.")
    return errors.StoreError("The database does not answer, or is damaged.")
