"""The first service's tables: readings, and the answers about them."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make the tables."""
    op.create_table(
        "readings",
        sa.Column("seq", sa.Integer, autoincrement=True),
        sa.Column("id", sa.String(36), nullable=False),
        sa.Column("image_sha256", sa.String(64), nullable=False),
        sa.Column("image_bytes", sa.Integer, nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("latest", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_readings"),
        sa.UniqueConstraint("id", name="uq_readings_id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_readings_image_sha256", "readings", ["image_sha256"])
    op.create_table(
        "reading_versions",
        sa.Column("reading_id", sa.String(36)),
        sa.Column("number", sa.Integer),
        sa.Column("assay", sa.String(64), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("software", sa.String(32), nullable=False),
        sa.Column("document", sa.Text, nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("reading_id", "number", name="pk_reading_versions"),
        sa.ForeignKeyConstraint(["reading_id"], ["readings.id"], name="fk_reading_versions_reading_id"),
    )


def downgrade() -> None:
    """Leave no table."""
    op.drop_table("reading_versions")
    op.drop_table("readings")
