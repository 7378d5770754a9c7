"""In spite of what an approval was given, one by one."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("approvals", sa.Column("overrides", sa.Text(), server_default="[]", nullable=False))


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
