"""What became of incidents about which the agent wrote nothing."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"


def upgrade() -> None:
    op.create_table(
        "aftermaths",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("action", sa.Text(), server_default="", nullable=False),
        sa.Column("outcome", sa.Text(), server_default="", nullable=False),
        sa.Column("changes", sa.Text(), server_default="[]", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("resolved", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_aftermaths_incident_id"),
        sa.PrimaryKeyConstraint("incident_id", name="pk_aftermaths"),
    )
    op.create_index("ix_aftermaths_seen", "aftermaths", ["seen_at"])


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
