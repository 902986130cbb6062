"""The embedded database: how it is opened."""

import os
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

from reader import errors
from service.store.tables import Base

__all__ = ["SCHEMA_NUMBER", "open_database"]

SCHEMA_NUMBER = 1

# busy_timeout comes first, because changing the journal mode may itself have to wait. FULL keeps every
# commit through a power cut; it costs 0.3 ms, a reading a hundred times that.
_PRAGMAS = (
    "PRAGMA busy_timeout = 5000",
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
)


def open_database(path: Path) -> Engine:
    """Open the database, making it when it is not there.

    Parameters
    ----------
    path : Path
        File of the database; it gets mode 0600.

    Returns
    -------
    Engine
        Its connections begin with ``BEGIN IMMEDIATE`` when they have the option ``writes``.

    Raises
    ------
    OptionError
        If the file was written by a newer version of the service.
    """
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    engine = create_engine(URL.create("sqlite", database=str(path)))
    event.listen(engine, "connect", _set_pragmas)
    event.listen(engine, "begin", _begin)
    with engine.execution_options(writes=True).begin() as connection:
        number = connection.exec_driver_sql("PRAGMA user_version").scalar_one()
        if number > SCHEMA_NUMBER:
            raise errors.OptionError("The data folder was written by a newer version of lfa-reader.")
        Base.metadata.create_all(connection)
        connection.exec_driver_sql(f"PRAGMA user_version = {SCHEMA_NUMBER}")
    return engine


def _set_pragmas(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling is switched off: it starts none before a SELECT.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in _PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


def _begin(connection: Connection) -> None:
    # Two readers that both turn writer deadlock at once, whatever the busy timeout; a writer says so first.
    writes = connection.get_execution_options().get("writes", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")
