"""What decisions were made from, compressed, so that an incident can be replayed elsewhere."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "readings",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("kept_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("missing", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_readings_incident_id"),
        sa.PrimaryKeyConstraint("incident_id", name="pk_readings"),
    )


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
