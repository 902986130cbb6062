"""The clinic's tables: sites and keys, reviews, strips, batches, jobs, deliveries, the audit trail."""

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# Programs older than migrations look at this number, and leave a database with a higher one alone.
_OLD_NUMBER, _NUMBER = 1, 2

_READING_INDEXES = (
    ("ix_readings_review", ["site", "attention", "seq"]),
    ("ix_readings_site", ["site"]),
    ("ix_readings_received_at", ["received_at"]),
    ("ix_readings_subject", ["subject"]),
    ("ix_readings_batch_id", ["batch_id"]),
)
_BATCH_KEY = "fk_readings_batch_id"


def upgrade() -> None:
    """Add the tables and columns."""
    _make_tables()
    with op.batch_alter_table("readings", table_kwargs={"sqlite_autoincrement": True}) as readings:
        for column in _reading_columns():
            readings.add_column(column)
        readings.create_foreign_key(_BATCH_KEY, "batches", ["batch_id"], ["id"])
    for name, columns in _READING_INDEXES:
        op.create_index(name, "readings", columns)
    with op.batch_alter_table("reading_versions") as versions:
        for column in _version_columns():
            versions.add_column(column)
    _note(_NUMBER)


def downgrade() -> None:
    """Take the tables and columns away, and persons' answers with them."""
    versions = sa.table("reading_versions", *map(sa.column, ("reading_id", "number", "kind")))
    readings = sa.table("readings", *map(sa.column, ("id", "latest")))
    last = sa.select(sa.func.max(versions.c.number)).where(versions.c.reading_id == readings.c.id)
    op.execute(versions.delete().where(versions.c.kind != "machine"))
    op.execute(readings.update().values(latest=last.scalar_subquery()))
    with op.batch_alter_table("reading_versions") as answers:
        for column in _version_columns():
            answers.drop_column(column.name)
    for name, _columns in _READING_INDEXES:
        op.drop_index(name, "readings")
    with op.batch_alter_table("readings", table_kwargs={"sqlite_autoincrement": True}) as pictures:
        pictures.drop_constraint(_BATCH_KEY, type_="foreignkey")
        for column in _reading_columns():
            pictures.drop_column(column.name)
    for table in ("audit", "deliveries", "jobs", "batches", "strips", "keys"):
        op.drop_table(table)
    _note(_OLD_NUMBER)


def _note(number: int) -> None:
    if op.get_context().dialect.name == "sqlite":
        op.execute(f"PRAGMA user_version = {number}")


def _make_tables() -> None:
    _make_keys()
    _make_strips()
    _make_batches()
    _make_jobs()
    _make_deliveries()
    _make_audit()


def _make_keys() -> None:
    op.create_table(
        "keys",
        sa.Column("id", sa.String(16)),
        sa.Column("secret_sha256", sa.String(64), nullable=False),
        sa.Column("label", sa.String(64), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("scopes", sa.String(64), nullable=False),
        sa.Column("reads_per_minute", sa.Integer, nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("revoked_at", sa.String(27)),
        sa.PrimaryKeyConstraint("id", name="pk_keys"),
        sa.UniqueConstraint("secret_sha256", name="uq_keys_secret_sha256"),
    )


def _make_strips() -> None:
    op.create_table(
        "strips",
        sa.Column("reading_id", sa.String(36)),
        sa.Column("strip", sa.Integer),
        sa.Column("assay", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("control_height", sa.Double),
        sa.Column("control_sigma", sa.Double),
        sa.Column("test_height", sa.Double),
        sa.Column("test_sigma", sa.Double),
        sa.Column("flags", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("reading_id", "strip", name="pk_strips"),
        sa.ForeignKeyConstraint(["reading_id"], ["readings.id"], name="fk_strips_reading_id"),
    )


def _make_batches() -> None:
    op.create_table(
        "batches",
        sa.Column("id", sa.String(36)),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("assay", sa.String(64), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("closed_at", sa.String(27)),
        sa.PrimaryKeyConstraint("id", name="pk_batches"),
    )
    op.create_index("ix_batches_site", "batches", ["site"])


def _make_jobs() -> None:
    op.create_table(
        "jobs",
        sa.Column("id", sa.String(36)),
        sa.Column("reading_id", sa.String(36), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("batch_id", sa.String(36)),
        sa.Column("assay", sa.String(64), nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("submission", sa.Text, nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("holder", sa.String(16)),
        sa.Column("leased_until", sa.String(27)),
        sa.Column("error", sa.String(32)),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("finished_at", sa.String(27)),
        sa.PrimaryKeyConstraint("id", name="pk_jobs"),
        sa.UniqueConstraint("reading_id", name="uq_jobs_reading_id"),
        sa.ForeignKeyConstraint(["batch_id"], ["batches.id"], name="fk_jobs_batch_id"),
    )
    op.create_index("ix_jobs_next", "jobs", ["state", "leased_until"])
    op.create_index("ix_jobs_batch_id", "jobs", ["batch_id"])
    op.create_index("ix_jobs_image_sha256", "jobs", ["image_sha256"])


def _make_deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(36)),
        sa.Column("reading_id", sa.String(36), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("state", sa.String(8), nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("next_at", sa.String(27), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
    )
    op.create_index("ix_deliveries_reading_id", "deliveries", ["reading_id"])
    op.create_index("ix_deliveries_state", "deliveries", ["state"])


def _make_audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", sa.Integer, autoincrement=True),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("key_id", sa.String(16), nullable=False),
        sa.Column("site", sa.String(64), nullable=False),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("target", sa.String(64), nullable=False),
        sa.Column("detail", sa.Text, nullable=False),
        sa.Column("previous_sha256", sa.String(64), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
        sa.UniqueConstraint("previous_sha256", name="uq_audit_previous_sha256"),
        sqlite_autoincrement=True,
    )


def _reading_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("site", sa.String(64), nullable=False, server_default="main"),
        sa.Column("image_removed_at", sa.String(27)),
        sa.Column("taken_at", sa.String(27)),
        sa.Column("key_id", sa.String(16)),
        sa.Column("operator", sa.String(64)),
        sa.Column("subject", sa.String(64)),
        sa.Column("lot", sa.String(64)),
        sa.Column("batch_id", sa.String(36)),
        sa.Column("attention", sa.Integer, nullable=False, server_default="0"),
        sa.Column("erased_at", sa.String(27)),
    )


def _version_columns() -> tuple[sa.Column[Any], ...]:
    return (
        sa.Column("kind", sa.String(8), nullable=False, server_default="machine"),
        sa.Column("reason", sa.String(32)),
        sa.Column("key_id", sa.String(16)),
    )
