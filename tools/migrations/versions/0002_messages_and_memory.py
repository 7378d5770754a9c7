"""Messages that are sent over several channels and tried again later; incidents that a memory holds."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

INSTANT = sa.DateTime(timezone=True)


def upgrade() -> None:
    for name in ("html", "approval_id"):
        op.add_column("outbox", sa.Column(name, sa.Text(), server_default="", nullable=False))
    no = sa.text("false")
    op.add_column("outbox", sa.Column("escalated", sa.Boolean(), server_default=no, nullable=False))
    op.add_column("outbox", sa.Column("taken_by", sa.Text(), server_default="[]", nullable=False))
    op.add_column("outbox", sa.Column("next_at", INSTANT, nullable=True))
    op.add_column("incidents", sa.Column("memory", sa.Text(), server_default="", nullable=False))
    condition = sa.text("ended_at IS NOT NULL AND merged_into = ''")
    op.create_index(
        "ix_incidents_memory",
        "incidents",
        ["memory", "ended_at"],
        sqlite_where=condition,
        postgresql_where=condition,
    )


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
