"""Keys: who may come in. Of a key's secret only the digest is kept."""

import hashlib
import re
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Engine, select
from sqlalchemy.orm import Session

from service.clock import utc_now
from service.store.audit import record
from service.store.tables import KeyRow

__all__ = ["Key", "KeyStore"]

_SECRET_BYTES: Final = 32  # 256 random bits: nothing that could be guessed, so that a plain digest is enough
_SECRET: Final = re.compile(r"lfa_[A-Za-z0-9_-]{43}")
_ID_BYTES: Final = 6


@dataclass(frozen=True, slots=True)
class Key:
    """What is known of a key.

    Attributes
    ----------
    id : str
        Its public name, by which it is revoked and told in the audit table.
    label : str
        What the administrator calls it.
    site : str
        Where it belongs, ``"*"`` to all sites.
    scopes : tuple of str
        What it opens.
    reads_per_minute : int
        How many pictures may be read with it in a minute.
    created_at : str
        When it was made, as UTC.
    revoked_at : str or None
        Since when it opens nothing.
    """

    id: str
    label: str
    site: str
    scopes: tuple[str, ...]
    reads_per_minute: int
    created_at: str
    revoked_at: str | None


class KeyStore:
    """Keys in the database.

    Parameters
    ----------
    engine : Engine
        An open database.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._writer = engine.execution_options(writes=True)

    def add(
        self, caller: str, *, label: str, site: str, scopes: tuple[str, ...], reads_per_minute: int
    ) -> tuple[Key, str]:
        """Make a key.

        Parameters
        ----------
        caller : str
            Who makes it, for the audit table.
        label, site, scopes, reads_per_minute
            As in `Key`.

        Returns
        -------
        (Key, str)
            What is known of it, and its secret, which is nowhere else.
        """
        secret = "lfa_" + secrets.token_urlsafe(_SECRET_BYTES)
        row = KeyRow(
            id=secrets.token_hex(_ID_BYTES),
            secret_sha256=_digest(secret),
            label=label,
            site=site,
            scopes=" ".join(scopes),
            reads_per_minute=reads_per_minute,
            created_at=utc_now(),
            revoked_at=None,
        )
        with Session(self._writer) as session, session.begin():
            session.add(row)
            record(session, caller, site, "key-added", row.id, {"label": label, "scopes": row.scopes})
            return _key(row), secret

    def revoke(self, caller: str, key_id: str) -> Key | None:
        """Make a key open nothing from now on; it stays in the list.

        Returns
        -------
        Key or None
            The key; None when there is none with this id.
        """
        with Session(self._writer) as session, session.begin():
            row = session.get(KeyRow, key_id)
            if row is None:
                return None
            if row.revoked_at is None:
                row.revoked_at = utc_now()
                record(session, caller, row.site, "key-revoked", row.id, {"label": row.label})
            return _key(row)

    def find(self, secret: str) -> Key | None:
        """Return the key with this secret if it still opens something, else None."""
        if not _SECRET.fullmatch(secret):
            return None
        # The time of the search can only tell of digests, from which no secret follows.
        query = select(KeyRow).where(KeyRow.secret_sha256 == _digest(secret), KeyRow.revoked_at.is_(None))
        with Session(self._engine) as session:
            row = session.scalar(query)
            return None if row is None else _key(row)

    def list(self) -> list[Key]:
        """Return every key, the oldest first."""
        with Session(self._engine) as session:
            return [_key(row) for row in session.scalars(select(KeyRow).order_by(KeyRow.created_at))]

    def exist(self) -> bool:
        """Tell whether there ever was a key; one that was revoked does not open the door to all."""
        with Session(self._engine) as session:
            return session.scalar(select(KeyRow.id).limit(1)) is not None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


def _key(row: KeyRow) -> Key:
    return Key(
        id=row.id,
        label=row.label,
        site=row.site,
        scopes=tuple(row.scopes.split()),
        reads_per_minute=row.reads_per_minute,
        created_at=row.created_at,
        revoked_at=row.revoked_at,
    )
