"""Actions that people ask for, each beside the incident that its request opened."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.create_table(
        "requested_actions",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("name", sa.Text(), server_default="", nullable=False),
        sa.Column("args", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_requested_actions_incident_id"),
        sa.PrimaryKeyConstraint("incident_id", name="pk_requested_actions"),
    )


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
