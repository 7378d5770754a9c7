"""Who said yes first, where two people have to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"


def upgrade() -> None:
    op.add_column("approvals", sa.Column("first_actor", sa.Text(), server_default="", nullable=False))
    op.add_column("approvals", sa.Column("first_reason", sa.Text(), server_default="", nullable=False))
    op.add_column("approvals", sa.Column("first_at", sa.DateTime(timezone=True), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
