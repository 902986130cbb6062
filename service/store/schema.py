"""Which tables there are, and how those of an older version become them: migrations, run by Alembic.

Each migration runs in one transaction, alone, on SQLite and PostgreSQL: it happens wholly or not at all,
however many servers start at once.
"""

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, Engine, inspect

from reader import errors

__all__ = ["current_revision", "downgrade", "head_revision", "known_revision", "upgrade"]

_FOLDER: Final = Path(__file__).parent / "migrations"
_FIRST: Final = "0001"
_NEWER: Final = "The data were written by a newer version of lfa-reader."


def _scripts() -> ScriptDirectory:
    return ScriptDirectory(str(_FOLDER))


def upgrade(engine: Engine, revision: str = "head") -> None:
    """Make the tables, or bring them up to date.

    Parameters
    ----------
    engine : Engine
        Of the database.
    revision : str, default ``"head"``
        How far.

    Raises
    ------
    OptionError
        If the database was written by a newer version of the service.
    """
    with _alone(engine) as (config, connection):
        found = current_revision(connection)
        if found is None and inspect(connection).has_table("readings"):
            command.stamp(config, _FIRST)  # the first service kept no record of its tables' version
        command.upgrade(config, revision)


def downgrade(engine: Engine, revision: str) -> None:
    """Bring the tables back to an older version; what that has no place for is lost.

    Parameters
    ----------
    engine : Engine
        Of the database.
    revision : str
        How far; ``"base"`` leaves no table.

    Raises
    ------
    OptionError
        If the database was written by a newer version of the service.
    """
    with _alone(engine) as (config, connection):
        current_revision(connection)
        command.downgrade(config, revision)


def head_revision() -> str:
    """Return the revision of the tables that this version works with."""
    return _scripts().get_current_head() or ""


def known_revision(revision: str) -> bool:
    """Tell whether this version knows a revision of the tables."""
    return revision in {script.revision for script in _scripts().walk_revisions()}


def current_revision(connection: Connection) -> str | None:
    """Return the revision of a database's tables, None where none was ever noted.

    Raises
    ------
    OptionError
        If this version does not know it.
    """
    found = MigrationContext.configure(connection).get_current_revision()
    if found is not None and not known_revision(found):
        raise errors.OptionError(_NEWER)
    return found


@contextlib.contextmanager
def _alone(engine: Engine) -> Iterator[tuple[Config, Connection]]:
    """Hold the database for oneself until the transaction is done."""
    with engine.execution_options(writes=True, patient=True).connect() as connection:
        lite = connection.dialect.name == "sqlite"
        if lite:
            connection.detach()  # what is set here is for no one else
            _tell(connection, "PRAGMA busy_timeout = 60000")
            # SQLite changes a table by putting another in its place, at which what points to it would break.
            _tell(connection, "PRAGMA foreign_keys = OFF")
        with connection.begin():
            config = Config(attributes={"connection": connection})
            config.set_main_option("script_location", str(_FOLDER).replace("%", "%%"))
            yield config, connection
            if lite and connection.exec_driver_sql("PRAGMA foreign_key_check").first() is not None:
                raise errors.StoreError("A row of the database points to one that is not there.")


def _tell(connection: Connection, statement: str) -> None:
    """Have a statement of SQLite's done outside of any transaction."""
    with contextlib.closing(connection.connection.cursor()) as cursor:
        cursor.execute(statement)
