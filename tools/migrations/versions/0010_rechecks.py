"""Looks at a write that are due after its run has ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"


def upgrade() -> None:
    op.create_table(
        "rechecks",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("key", sa.Text(), server_default="", nullable=False),
        sa.Column("judged_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("last", sa.Text(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("next_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_rechecks_incident_id"),
        sa.PrimaryKeyConstraint("incident_id", "kind", name="pk_rechecks"),
    )
    waiting = sa.text("done_at IS NULL")
    op.create_index(
        "ix_rechecks_waiting", "rechecks", ["next_at"], sqlite_where=waiting, postgresql_where=waiting
    )


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
