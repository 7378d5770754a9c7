"""What a person wants instead of what was proposed, beside the approval that it ended."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    op.add_column("approvals", sa.Column("edit", sa.Text(), nullable=True))


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
