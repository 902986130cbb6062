"""The tables: what the service remembers, on SQLite and PostgreSQL alike.

Times are UTC as text, RFC 3339 with microseconds, so that the order of text is the order of time. Nothing of
a person is kept but pseudonyms that the sender chose.
"""

from typing import Final

from sqlalchemy import ForeignKey, Index, MetaData, String, Text, UniqueConstraint
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

__all__ = [
    "AuditRow",
    "Base",
    "BatchRow",
    "DeliveryRow",
    "JobRow",
    "KeyRow",
    "ReadingRow",
    "StripRow",
    "VersionRow",
]

_ID: Final = 36  # a UUID in its usual form
_MOMENT: Final = 27
_NAME: Final = 64  # of a site, kit, lot, operator, subject: as much as their patterns allow
_DIGEST: Final = 64  # SHA-256 in hexadecimal
_CODE: Final = 32


# A migration can only change what has a name, and without these each database makes up its own.
_NAMES: Final = {
    "ix": "ix_%(table_name)s_%(column_0_name)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


class Base(DeclarativeBase):
    """The tables; what is changed here needs a migration in ``service/store/migrations``."""

    metadata = MetaData(naming_convention=_NAMES)


class KeyRow(Base):
    """A key that lets a program or a person in; of the secret only the digest is kept."""

    __tablename__ = "keys"

    id: Mapped[str] = mapped_column(String(16), primary_key=True)
    secret_sha256: Mapped[str] = mapped_column(String(_DIGEST), unique=True)
    label: Mapped[str] = mapped_column(String(_NAME))
    site: Mapped[str] = mapped_column(String(_NAME))  # "*" sees all sites
    scopes: Mapped[str] = mapped_column(String(_NAME))  # words with spaces between
    reads_per_minute: Mapped[int]
    created_at: Mapped[str] = mapped_column(String(_MOMENT))
    revoked_at: Mapped[str | None] = mapped_column(String(_MOMENT))


class ReadingRow(Base):
    """One accepted picture.

    ``seq`` is the order of arrival and what list cursors point to; ``id`` is the client's. ``latest`` is the
    number of the version that counts. ``attention`` orders the review list: the higher, the sooner a person
    should look; 0 where a person has.
    """

    __tablename__ = "readings"
    __table_args__ = (
        Index("ix_readings_review", "site", "attention", "seq"),
        {"sqlite_autoincrement": True},
    )

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    id: Mapped[str] = mapped_column(String(_ID), unique=True)
    site: Mapped[str] = mapped_column(String(_NAME), default="main", server_default="main", index=True)
    image_sha256: Mapped[str] = mapped_column(String(_DIGEST), index=True)
    image_bytes: Mapped[int]
    image_removed_at: Mapped[str | None] = mapped_column(String(_MOMENT))
    received_at: Mapped[str] = mapped_column(String(_MOMENT), index=True)
    taken_at: Mapped[str | None] = mapped_column(String(_MOMENT))
    key_id: Mapped[str | None] = mapped_column(String(16))
    operator: Mapped[str | None] = mapped_column(String(_NAME))
    subject: Mapped[str | None] = mapped_column(String(_NAME), index=True)
    lot: Mapped[str | None] = mapped_column(String(_NAME))
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id"), index=True)
    latest: Mapped[int]
    attention: Mapped[int] = mapped_column(default=0, server_default="0")
    erased_at: Mapped[str | None] = mapped_column(String(_MOMENT))


class VersionRow(Base):
    """One answer about a picture, a machine's or a person's; answers are added, never changed."""

    __tablename__ = "reading_versions"

    reading_id: Mapped[str] = mapped_column(ForeignKey("readings.id"), primary_key=True)
    number: Mapped[int] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(String(8), default="machine", server_default="machine")  # or "review"
    assay: Mapped[str] = mapped_column(String(_NAME))
    outcome: Mapped[str] = mapped_column(String(16))
    software: Mapped[str] = mapped_column(String(_CODE))
    document: Mapped[str] = mapped_column(Text)
    reason: Mapped[str | None] = mapped_column(String(_CODE))
    key_id: Mapped[str | None] = mapped_column(String(16))
    created_at: Mapped[str] = mapped_column(String(_MOMENT))


class StripRow(Base):
    """What the machine found on one strip, as columns for monitoring; never changed, kept when erased."""

    __tablename__ = "strips"

    reading_id: Mapped[str] = mapped_column(ForeignKey("readings.id"), primary_key=True)
    strip: Mapped[int] = mapped_column(primary_key=True)
    assay: Mapped[str] = mapped_column(String(_NAME))
    outcome: Mapped[str] = mapped_column(String(16))
    control_height: Mapped[float | None]  # absorbance
    control_sigma: Mapped[float | None]
    test_height: Mapped[float | None]  # of the strongest test line
    test_sigma: Mapped[float | None]
    flags: Mapped[str] = mapped_column(Text)  # codes with spaces between


class BatchRow(Base):
    """Pictures that belong together; no more are taken once it is closed."""

    __tablename__ = "batches"

    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    site: Mapped[str] = mapped_column(String(_NAME), index=True)
    assay: Mapped[str] = mapped_column(String(_NAME))
    created_at: Mapped[str] = mapped_column(String(_MOMENT))
    closed_at: Mapped[str | None] = mapped_column(String(_MOMENT))


class JobRow(Base):
    """A picture that is to be read later: kept already, and leased to whoever reads it."""

    __tablename__ = "jobs"
    __table_args__ = (Index("ix_jobs_next", "state", "leased_until"),)

    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    reading_id: Mapped[str] = mapped_column(String(_ID), unique=True)
    site: Mapped[str] = mapped_column(String(_NAME))
    batch_id: Mapped[str | None] = mapped_column(ForeignKey("batches.id"), index=True)
    assay: Mapped[str] = mapped_column(String(_NAME))
    state: Mapped[str] = mapped_column(String(8))  # queued, running, done, failed
    submission: Mapped[str] = mapped_column(Text)  # all that a reading needs, as JSON
    image_sha256: Mapped[str] = mapped_column(String(_DIGEST), index=True)
    attempts: Mapped[int]
    holder: Mapped[str | None] = mapped_column(String(16))  # drawn anew each time it is taken
    leased_until: Mapped[str | None] = mapped_column(String(_MOMENT))
    error: Mapped[str | None] = mapped_column(String(_CODE))
    created_at: Mapped[str] = mapped_column(String(_MOMENT))
    finished_at: Mapped[str | None] = mapped_column(String(_MOMENT))


class DeliveryRow(Base):
    """A message about a reading that is to be sent to a web hook, until it is taken or given up."""

    __tablename__ = "deliveries"

    id: Mapped[str] = mapped_column(String(_ID), primary_key=True)
    reading_id: Mapped[str] = mapped_column(String(_ID), index=True)
    version: Mapped[int]
    state: Mapped[str] = mapped_column(String(8), index=True)  # queued, done, failed
    attempts: Mapped[int]
    next_at: Mapped[str] = mapped_column(String(_MOMENT))
    created_at: Mapped[str] = mapped_column(String(_MOMENT))


class AuditRow(Base):
    """Who did what; each row holds the digest of the one before, so that none can be changed unseen."""

    __tablename__ = "audit"
    __table_args__ = (UniqueConstraint("previous_sha256"), {"sqlite_autoincrement": True})

    seq: Mapped[int] = mapped_column(primary_key=True, autoincrement=True)
    at: Mapped[str] = mapped_column(String(_MOMENT))
    key_id: Mapped[str] = mapped_column(String(16))
    site: Mapped[str] = mapped_column(String(_NAME))
    action: Mapped[str] = mapped_column(String(_CODE))
    target: Mapped[str] = mapped_column(String(_NAME))
    detail: Mapped[str] = mapped_column(Text)  # JSON with sorted keys
    previous_sha256: Mapped[str] = mapped_column(String(_DIGEST))
    sha256: Mapped[str] = mapped_column(String(_DIGEST))
