"""Conversations of the chat with their turns, and what people say of decisions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

INSTANT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def words(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default="", nullable=False)


def json_text(name: str, empty: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), server_default=empty, nullable=False)


def upgrade() -> None:
    op.create_table(
        "marks",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        words("actor"),
        words("mark"),
        words("note"),
        words("better_action"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_marks_incident_id"),
        sa.PrimaryKeyConstraint("id", name="pk_marks"),
    )
    op.create_index("ix_marks_incident", "marks", ["incident_id", "id"])
    op.create_table(
        "conversations",
        sa.Column("id", sa.Text(), nullable=False),
        words("actor"),
        sa.Column("begun_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
    )
    op.create_index("ix_conversations_updated", "conversations", ["updated_at"])
    op.create_index("ix_conversations_actor", "conversations", ["actor", "updated_at"])
    op.create_table(
        "turns",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("conversation_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        words("question"),
        words("answer"),
        words("answered_by"),
        json_text("incidents", "[]"),
        json_text("sources", "[]"),
        json_text("topic", "{}"),
        sa.Column("offer", sa.Text(), nullable=True),
        sa.ForeignKeyConstraint(["conversation_id"], ["conversations.id"], name="fk_turns_conversation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_turns"),
    )
    op.create_index("ix_turns_conversation", "turns", ["conversation_id", "id"])


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")
