"""The first schema of the record."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

INSTANT = sa.DateTime(timezone=True)
NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    _audit()
    _controls()
    _episodes()
    _outbox()
    _revisions()
    _episode_keys()
    _incidents()
    _actions()
    _alerts()
    _approvals()
    _claimed_targets()
    _evidence()
    _timeline()
    _seal_audit()
    op.execute("INSERT INTO controls (name) VALUES ('probe'), ('pause')")


def downgrade() -> None:
    raise NotImplementedError("schemas only go forward: restore a backup")


def _where(condition: str) -> dict[str, Any]:
    return {"sqlite_where": sa.text(condition), "postgresql_where": sa.text(condition)}


def _seal_audit() -> None:
    """The trail only grows, whoever writes SQL to it."""
    if op.get_context().dialect.name == "postgresql":
        op.execute(
            "CREATE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
            "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
        )
        op.execute(
            "CREATE TRIGGER audit_sealed BEFORE UPDATE OR DELETE OR TRUNCATE ON audit "
            "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()"
        )
        return
    for verb in ("UPDATE", "DELETE"):
        op.execute(
            f"CREATE TRIGGER audit_no_{verb.lower()} BEFORE {verb} ON audit "
            "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
        )
    # REPLACE deletes without firing the DELETE trigger.
    op.execute(
        "CREATE TRIGGER audit_in_order BEFORE INSERT ON audit "
        "WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM audit) "
        "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END"
    )


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("incident_id", sa.Text(), server_default="", nullable=False),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("previous", sa.Text(), server_default="", nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("seq", name="pk_audit"),
    )
    op.create_index("ix_audit_incident", "audit", ["incident_id", "seq"])


def _controls() -> None:
    op.create_table(
        "controls",
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("engaged", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("at", INSTANT, nullable=True),
        sa.Column("probes", sa.Integer(), server_default="0", nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_controls"),
    )


def _episodes() -> None:
    op.create_table(
        "episodes",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("workload_key", sa.Text(), server_default="", nullable=False),
        sa.Column("opened_at", INSTANT, nullable=False),
        sa.Column("closed_at", INSTANT, nullable=True),
        sa.Column("merged_into", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_episodes"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), server_default="", nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("subject", sa.Text(), server_default="", nullable=False),
        sa.Column("body", sa.Text(), server_default="", nullable=False),
        sa.Column("queued_at", INSTANT, nullable=False),
        sa.Column("sent_at", INSTANT, nullable=True),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("last_error", sa.Text(), server_default="", nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_outbox"),
    )
    op.create_index("ix_outbox_incident", "outbox", ["incident_id", "queued_at"])
    op.create_index("ix_outbox_unsent", "outbox", ["queued_at"], **_where("sent_at IS NULL"))


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("workload_uid", sa.Text(), nullable=False),
        sa.Column("template_digest", sa.Text(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("healthy_since", INSTANT, nullable=True),
        sa.Column("healthy_seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("ill_since", INSTANT, nullable=True),
        sa.Column("ill_seconds", sa.Float(), server_default="0", nullable=False),
        sa.Column("last_seen", INSTANT, nullable=False),
        sa.PrimaryKeyConstraint("workload_uid", "template_digest", name="pk_revisions"),
    )


def _episode_keys() -> None:
    op.create_table(
        "episode_keys",
        sa.Column("workload_key", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name="fk_episode_keys_episode_id"),
        sa.PrimaryKeyConstraint("workload_key", name="pk_episode_keys"),
    )
    op.create_index("ix_episode_keys_episode_id", "episode_keys", ["episode_id"])


def _incidents() -> None:
    op.create_table(
        "incidents",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), nullable=False),
        sa.Column("workload_key", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("alert_name", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Text(), server_default="", nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("pod", sa.Text(), server_default="", nullable=False),
        sa.Column("workload", sa.Text(), server_default="", nullable=False),
        sa.Column("description", sa.Text(), server_default="", nullable=False),
        sa.Column("began_at", INSTANT, nullable=False),
        sa.Column("updated_at", INSTANT, nullable=False),
        sa.Column("ended_at", INSTANT, nullable=True),
        sa.Column("wake_at", INSTANT, nullable=True),
        sa.Column("looked_at", INSTANT, nullable=True),
        sa.Column("target", sa.Text(), nullable=True),
        sa.Column("target_kind", sa.Text(), server_default="", nullable=False),
        sa.Column("target_namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("target_name", sa.Text(), server_default="", nullable=False),
        sa.Column("target_uid", sa.Text(), server_default="", nullable=False),
        sa.Column("merged_into", sa.Text(), server_default="", nullable=False),
        sa.Column("previous_id", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("route", sa.Text(), server_default="", nullable=False),
        sa.Column("confidence", sa.Float(), nullable=True),
        sa.Column("action", sa.Text(), server_default="", nullable=False),
        sa.Column("action_taken", sa.Text(), server_default="", nullable=False),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.Column("verdict_reason", sa.Text(), server_default="", nullable=False),
        sa.Column("summary", sa.Text(), server_default="", nullable=False),
        sa.Column("decision", sa.Text(), nullable=True),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name="fk_incidents_episode_id"),
        sa.PrimaryKeyConstraint("id", name="pk_incidents"),
    )
    op.create_index("ix_incidents_alert_name", "incidents", ["alert_name", "began_at", "id"])
    op.create_index("ix_incidents_decided", "incidents", ["decided_at"])
    op.create_index("ix_incidents_ended", "incidents", ["ended_at"], **_where("ended_at IS NOT NULL"))
    op.create_index("ix_incidents_episode_id", "incidents", ["episode_id"])
    op.create_index("ix_incidents_key", "incidents", ["workload_key", "began_at"])
    op.create_index("ix_incidents_namespace", "incidents", ["namespace", "began_at", "id"])
    op.create_index("ix_incidents_newest", "incidents", ["began_at", "id"])
    op.create_index("ix_incidents_problem", "incidents", ["problem", "ended_at"])
    op.create_index("ix_incidents_running", "incidents", ["wake_at"], **_where("ended_at IS NULL"))
    op.create_index("ix_incidents_status", "incidents", ["status", "began_at", "id"])
    op.create_index("ix_incidents_target", "incidents", ["target_namespace", "target_name", "ended_at"])
    op.create_index("ix_incidents_target_uid", "incidents", ["target_uid", "began_at"])
    op.create_index("ix_incidents_workload", "incidents", ["workload", "began_at", "id"])


def _actions() -> None:
    op.create_table(
        "actions",
        sa.Column("key", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("episode_id", sa.Text(), server_default="", nullable=False),
        sa.Column("call", sa.Text(), nullable=False),
        sa.Column("target", sa.Text(), nullable=False),
        sa.Column("target_uid", sa.Text(), server_default="", nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("problem", sa.Text(), server_default="", nullable=False),
        sa.Column("automatic", sa.Boolean(), nullable=False),
        sa.Column("inverse", sa.Text(), nullable=True),
        sa.Column("undo_of", sa.Text(), server_default="", nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.Column("receipt", sa.Text(), nullable=True),
        sa.Column("verdict", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_actions_incident_id"),
        sa.PrimaryKeyConstraint("key", name="pk_actions"),
    )
    op.create_index("ix_actions_claimed", "actions", ["claimed_at"])
    op.create_index("ix_actions_incident", "actions", ["incident_id", "claimed_at"])
    op.create_index("ix_actions_target", "actions", ["target_uid", "claimed_at"])
    op.create_index("ix_actions_unjudged", "actions", ["claimed_at"], **_where("verdict = ''"))


def _alerts() -> None:
    op.create_table(
        "alerts",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("fingerprint", sa.Text(), server_default="", nullable=False),
        sa.Column("status", sa.Text(), server_default="", nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=True),
        sa.Column("episode_id", sa.Text(), nullable=True),
        sa.Column("alert_name", sa.Text(), server_default="", nullable=False),
        sa.Column("severity", sa.Text(), server_default="", nullable=False),
        sa.Column("namespace", sa.Text(), server_default="", nullable=False),
        sa.Column("labels", sa.Text(), nullable=False),
        sa.Column("annotations", sa.Text(), nullable=False),
        sa.Column("generator_url", sa.Text(), server_default="", nullable=False),
        sa.Column("starts_at", INSTANT, nullable=True),
        sa.Column("ends_at", INSTANT, nullable=True),
        sa.Column("first_seen", INSTANT, nullable=False),
        sa.Column("last_seen", INSTANT, nullable=False),
        sa.Column("joined_at", INSTANT, nullable=True),
        sa.Column("resolved_at", INSTANT, nullable=True),
        sa.Column("times", sa.Integer(), server_default="1", nullable=False),
        sa.Column("note", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["episode_id"], ["episodes.id"], name="fk_alerts_episode_id"),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_alerts_incident_id"),
        sa.PrimaryKeyConstraint("id", name="pk_alerts"),
    )
    op.create_index("ix_alerts_episode_id", "alerts", ["episode_id"])
    op.create_index("ix_alerts_fingerprint", "alerts", ["fingerprint", "id"])
    op.create_index("ix_alerts_incident", "alerts", ["incident_id", "status"])
    op.create_index("uq_alerts_firing", "alerts", ["fingerprint"], unique=True, **_where("status = 'firing'"))


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("digest", sa.Text(), server_default="", nullable=False),
        sa.Column("proposal", sa.Text(), nullable=False),
        sa.Column("shown", sa.Text(), nullable=False),
        sa.Column("state", sa.Text(), server_default="", nullable=False),
        sa.Column("created_at", INSTANT, nullable=False),
        sa.Column("expires_at", INSTANT, nullable=False),
        sa.Column("decided_at", INSTANT, nullable=True),
        sa.Column("actor", sa.Text(), server_default="", nullable=False),
        sa.Column("reason", sa.Text(), server_default="", nullable=False),
        sa.Column("override_hold", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("replaced_by", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_approvals_incident_id"),
        sa.PrimaryKeyConstraint("id", name="pk_approvals"),
    )
    op.create_index("ix_approvals_incident", "approvals", ["incident_id", "created_at"])
    op.create_index("ix_approvals_pending", "approvals", ["created_at"], **_where("state = 'pending'"))


def _claimed_targets() -> None:
    op.create_table(
        "claimed_targets",
        sa.Column("uid", sa.Text(), nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("claimed_at", INSTANT, nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_claimed_targets_incident_id"),
        sa.PrimaryKeyConstraint("uid", name="pk_claimed_targets"),
    )
    op.create_index("ix_claimed_targets_incident_id", "claimed_targets", ["incident_id"])


def _evidence() -> None:
    op.create_table(
        "evidence",
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("collected_at", INSTANT, nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_evidence_incident_id"),
        sa.PrimaryKeyConstraint("incident_id", name="pk_evidence"),
    )


def _timeline() -> None:
    op.create_table(
        "timeline",
        sa.Column("id", NUMBER, autoincrement=True, nullable=False),
        sa.Column("incident_id", sa.Text(), nullable=False),
        sa.Column("at", INSTANT, nullable=False),
        sa.Column("kind", sa.Text(), server_default="", nullable=False),
        sa.Column("text", sa.Text(), server_default="", nullable=False),
        sa.ForeignKeyConstraint(["incident_id"], ["incidents.id"], name="fk_timeline_incident_id"),
        sa.PrimaryKeyConstraint("id", name="pk_timeline"),
    )
    op.create_index("ix_timeline_incident", "timeline", ["incident_id", "id"])
