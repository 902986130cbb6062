"""What an administrator does on the service's own machine: keys and the audit table.

Everything works while the service runs, and takes effect at once.
"""

import contextlib
import re
from collections.abc import Iterator
from typing import Final

from sqlalchemy import Engine

from reader import errors
from service.access import ALL_SITES, SCOPES
from service.services import open_engine, require_data
from service.settings import Settings
from service.store.audit import CONSOLE, AuditEntry, AuditLog, Chain
from service.store.keys import Key, KeyStore

__all__ = ["add_key", "keys_exist", "list_audit", "list_keys", "revoke_key", "verify_audit"]

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_MOST_READS: Final = 100_000  # a minute: more than any machine reads


def add_key(
    settings: Settings, *, label: str, site: str, scopes: tuple[str, ...], reads_per_minute: int
) -> tuple[Key, str]:
    """Make a key.

    Parameters
    ----------
    settings : Settings
        Where the database is.
    label : str
        What to call it: letters, digits, ``.``, ``_`` and ``-``, at most 64.
    site : str
        Where it belongs, written like a label; ``"*"`` belongs to all sites.
    scopes : tuple of str
        Some of ``read``, ``write``, ``review`` and ``admin``.
    reads_per_minute : int
        How many pictures may be read with it in a minute, 1..100000.

    Returns
    -------
    (Key, str)
        What is known of it, and its secret, which is nowhere else.

    Raises
    ------
    OptionError
        If a value has no meaning.
    """
    if not _NAME.fullmatch(label):
        raise errors.OptionError("A key's label is made of letters, digits, '.', '_' and '-', at most 64.")
    if site != ALL_SITES and not _NAME.fullmatch(site):
        raise errors.OptionError(
            "A site is made of letters, digits, '.', '_' and '-', at most 64, or is '*'."
        )
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        said = f"There is no scope {unknown[0]!r}" if unknown else "A key needs scopes"
        raise errors.OptionError(f"{said}; there are {', '.join(SCOPES)}.")
    if not 1 <= reads_per_minute <= _MOST_READS:
        raise errors.OptionError(f"The readings in a minute must be between 1 and {_MOST_READS}.")
    ordered = tuple(scope for scope in SCOPES if scope in scopes)
    with _opened(settings) as engine:
        return KeyStore(engine).add(
            CONSOLE, label=label, site=site, scopes=ordered, reads_per_minute=reads_per_minute
        )


def list_keys(settings: Settings) -> list[Key]:
    """Return every key, the oldest first.

    Raises
    ------
    OptionError
        If there are no data.
    """
    with _opened(settings, there=True) as engine:
        return KeyStore(engine).list()


def keys_exist(settings: Settings) -> bool:
    """Tell whether there ever was a key."""
    with _opened(settings) as engine:
        return KeyStore(engine).exist()


def revoke_key(settings: Settings, key_id: str) -> Key:
    """Make a key open nothing from now on.

    Raises
    ------
    OptionError
        If there is no such key.
    """
    with _opened(settings, there=True) as engine:
        revoked = KeyStore(engine).revoke(CONSOLE, key_id)
    if revoked is None:
        raise errors.OptionError("There is no key with this id; `lfa keys list` shows them.")
    return revoked


def list_audit(settings: Settings, *, limit: int) -> list[AuditEntry]:
    """Return the newest entries of the audit table, the newest first."""
    with _opened(settings, there=True) as engine:
        return AuditLog(engine).page(site=None, before=None, limit=limit)


def verify_audit(settings: Settings, *, noted: tuple[int, str] | None = None) -> Chain:
    """Check the whole audit table, and that an entry which was noted elsewhere is still in it."""
    with _opened(settings, there=True) as engine:
        return AuditLog(engine).verify(noted=noted)


@contextlib.contextmanager
def _opened(settings: Settings, *, there: bool = False) -> Iterator[Engine]:
    if there:
        require_data(settings)
    engine = open_engine(settings)
    try:
        yield engine
    finally:
        engine.dispose()
