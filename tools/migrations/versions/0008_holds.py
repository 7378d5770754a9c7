"""The global hold: one row for each cause and time; and alerts by name, which it asks for."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    instant = sa.DateTime(timezone=True)
    op.create_table(
        "holds",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("cause", sa.Text(), server_default="", nullable=False),
        sa.Column("why", sa.Text(), server_default="", nullable=False),
        sa.Column("since", instant, nullable=False),
        sa.Column("weight", sa.Integer(), server_default="0", nullable=False),
        sa.Column("lifted_at", instant, nullable=True),
        sa.Column("lifted_by", sa.Text(), server_default="", nullable=False),
        sa.Column("lift_reason", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_holds"),
    )
    in_force = sa.text("lifted_at IS NULL")
    op.create_index(
        "uq_holds_cause", "holds", ["cause"], unique=True, sqlite_where=in_force, postgresql_where=in_force
    )
    op.create_index("ix_alerts_name", "alerts", ["alert_name", "id"])


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
