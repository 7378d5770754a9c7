"""Which cause a message is about, and with which other one it went out."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"


def upgrade() -> None:
    for name in ("cause", "how_soon", "sent_with"):
        op.add_column("outbox", sa.Column(name, sa.Text(), server_default="", nullable=False))
    op.add_column("outbox", sa.Column("gist", sa.Text(), server_default="{}", nullable=False))
    _index("ix_outbox_cause", ["cause", "queued_at"], "cause <> ''")
    _index("ix_outbox_letter", ["sent_with"], "sent_with <> ''")


def _index(name: str, columns: list[str], only: str) -> None:
    op.create_index(name, "outbox", columns, sqlite_where=sa.text(only), postgresql_where=sa.text(only))


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
