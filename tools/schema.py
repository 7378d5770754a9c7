"""The tables of the record, the same on SQLite and Postgres.

alerts ─┐                    episodes ── episode_keys     which workload keys an open episode answers to
        ├─ incidents ────────┘
        │      ├─ timeline, evidence, readings (what a decision was made from)
        │      ├─ claimed_targets      one unmerged run per target uid
        │      ├─ approvals ── grants  what a person lets be done once more
        │      ├─ actions              the write-ahead ledger
        │      ├─ rechecks             looks that are due after the run has ended
        │      ├─ aftermaths           what people did when the agent did nothing
        │      └─ marks                what people say of the decision
conversations ── turns
outbox, audit, revisions, controls, autonomy, holds     stand alone

Core tables, not mapped classes: rows become the frozen records of `tools.records` and its neighbours, so an
object layer between them would only cost memory. A change here needs a migration (a test compares the two).
Longer than most modules: all tables stand together.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    text,
)

from tools.column_types import JsonText, SafeText, UtcDateTime

SCHEMA_VERSION = "0014"
"""The newest migration: what `Database.open` expects to find."""

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)


def _number() -> BigInteger:
    """A row number: SQLite autoincrements only a plain INTEGER key."""
    return BigInteger().with_variant(Integer(), "sqlite")


def _words(name: str) -> Column[str]:
    """Text that is empty rather than null."""
    return Column(name, SafeText, nullable=False, server_default="")


def _where(condition: str) -> dict[str, Any]:
    """A partial index, for both databases."""
    return {"sqlite_where": text(condition), "postgresql_where": text(condition)}


def _incident(name: str = "incident_id", *, key: bool = False, optional: bool = False) -> Column[str]:
    return Column(name, SafeText, ForeignKey("incidents.id"), primary_key=key, nullable=optional)


episodes = Table(
    "episodes",
    metadata,
    Column("id", SafeText, primary_key=True),
    _words("workload_key"),
    Column("opened_at", UtcDateTime, nullable=False),
    Column("closed_at", UtcDateTime),
    _words("merged_into"),
)

episode_keys = Table(
    "episode_keys",
    metadata,
    Column("workload_key", SafeText, primary_key=True),
    Column("episode_id", SafeText, ForeignKey("episodes.id"), nullable=False, index=True),
)

incidents = Table(
    "incidents",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("episode_id", SafeText, ForeignKey("episodes.id"), nullable=False, index=True),
    _words("workload_key"),
    _words("status"),
    _words("alert_name"),
    _words("severity"),
    _words("namespace"),
    _words("pod"),
    _words("workload"),
    _words("description"),
    Column("began_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Column("ended_at", UtcDateTime),
    Column("wake_at", UtcDateTime),
    Column("looked_at", UtcDateTime),
    Column("target", JsonText),
    _words("target_kind"),
    _words("target_namespace"),
    _words("target_name"),
    _words("target_uid"),
    _words("merged_into"),
    _words("previous_id"),
    _words("problem"),
    _words("route"),
    Column("confidence", Float),
    _words("action"),
    _words("action_taken"),
    _words("verdict"),
    _words("verdict_reason"),
    _words("summary"),
    Column("decision", JsonText),
    Column("decided_at", UtcDateTime),
    _words("memory"),
    Index("ix_incidents_newest", "began_at", "id"),
    Index("ix_incidents_status", "status", "began_at", "id"),
    Index("ix_incidents_namespace", "namespace", "began_at", "id"),
    Index("ix_incidents_alert_name", "alert_name", "began_at", "id"),
    Index("ix_incidents_workload", "workload", "began_at", "id"),
    Index("ix_incidents_key", "workload_key", "began_at"),
    Index("ix_incidents_target", "target_namespace", "target_name", "ended_at"),
    Index("ix_incidents_target_uid", "target_uid", "began_at"),
    Index("ix_incidents_problem", "problem", "ended_at"),
    Index("ix_incidents_decided", "decided_at"),
    Index("ix_incidents_ended", "ended_at", **_where("ended_at IS NOT NULL")),
    Index("ix_incidents_running", "wake_at", **_where("ended_at IS NULL")),
    Index("ix_incidents_memory", "memory", "ended_at", **_where("ended_at IS NOT NULL AND merged_into = ''")),
)

alerts = Table(
    "alerts",
    metadata,
    Column("id", _number(), primary_key=True, autoincrement=True),
    _words("fingerprint"),
    _words("status"),
    _incident(optional=True),
    Column("episode_id", SafeText, ForeignKey("episodes.id"), index=True),
    _words("alert_name"),
    _words("severity"),
    _words("namespace"),
    Column("labels", JsonText, nullable=False),
    Column("annotations", JsonText, nullable=False),
    _words("generator_url"),
    Column("starts_at", UtcDateTime),
    Column("ends_at", UtcDateTime),
    Column("first_seen", UtcDateTime, nullable=False),
    Column("last_seen", UtcDateTime, nullable=False),
    Column("joined_at", UtcDateTime),
    Column("resolved_at", UtcDateTime),
    Column("times", Integer, nullable=False, server_default="1"),
    _words("note"),
    Index("uq_alerts_firing", "fingerprint", unique=True, **_where("status = 'firing'")),
    Index("ix_alerts_fingerprint", "fingerprint", "id"),
    Index("ix_alerts_incident", "incident_id", "status"),
    Index("ix_alerts_name", "alert_name", "id"),
)

timeline = Table(
    "timeline",
    metadata,
    Column("id", _number(), primary_key=True, autoincrement=True),
    _incident(),
    Column("at", UtcDateTime, nullable=False),
    _words("kind"),
    _words("text"),
    Index("ix_timeline_incident", "incident_id", "id"),
)

claimed_targets = Table(
    "claimed_targets",
    metadata,
    Column("uid", SafeText, primary_key=True),
    Column("incident_id", SafeText, ForeignKey("incidents.id"), nullable=False, index=True),
    Column("claimed_at", UtcDateTime, nullable=False),
)

evidence = Table(
    "evidence",
    metadata,
    _incident(key=True),
    Column("collected_at", UtcDateTime, nullable=False),
    Column("body", JsonText, nullable=False),
)

readings = Table(
    "readings",
    metadata,
    _incident(key=True),
    Column("kept_at", UtcDateTime, nullable=False),
    Column("body", LargeBinary),
    _words("missing"),
)

requested_actions = Table(
    "requested_actions",
    metadata,
    _incident(key=True),
    _words("name"),
    Column("args", JsonText, nullable=False),
    _words("actor"),
    _words("reason"),
    Column("at", UtcDateTime, nullable=False),
)

rechecks = Table(
    "rechecks",
    metadata,
    _incident(key=True),
    Column("kind", SafeText, primary_key=True),
    _words("key"),
    Column("judged_at", UtcDateTime, nullable=False),
    Column("last", JsonText),
    Column("due_at", UtcDateTime, nullable=False),
    Column("next_at", UtcDateTime, nullable=False),
    Column("done_at", UtcDateTime),
    _words("outcome"),
    Index("ix_rechecks_waiting", "next_at", **_where("done_at IS NULL")),
)

aftermaths = Table(
    "aftermaths",
    metadata,
    _incident(key=True),
    Column("seen_at", UtcDateTime, nullable=False),
    _words("action"),
    _words("outcome"),
    Column("changes", JsonText, nullable=False, server_default="[]"),
    _words("why"),
    Column("resolved", Boolean, nullable=False, server_default=text("false")),
    Index("ix_aftermaths_seen", "seen_at"),
)

approvals = Table(
    "approvals",
    metadata,
    Column("id", SafeText, primary_key=True),
    _incident(),
    _words("digest"),
    Column("proposal", JsonText, nullable=False),
    Column("shown", JsonText, nullable=False),
    _words("state"),
    Column("created_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    Column("decided_at", UtcDateTime),
    _words("actor"),
    _words("reason"),
    Column("override_hold", Boolean, nullable=False, server_default=text("false")),
    Column("overrides", JsonText, nullable=False, server_default="[]"),
    _words("replaced_by"),
    Column("edit", JsonText),
    _words("first_actor"),
    _words("first_reason"),
    Column("first_at", UtcDateTime),
    Index("ix_approvals_incident", "incident_id", "created_at"),
    Index("ix_approvals_pending", "created_at", **_where("state = 'pending'")),
)

grants = Table(
    "grants",
    metadata,
    Column("id", SafeText, primary_key=True),
    Column("approval_id", SafeText, ForeignKey("approvals.id"), nullable=False),
    _incident(),
    _words("action"),
    Column("target", JsonText, nullable=False),
    _words("target_uid"),
    _words("problem"),
    _words("actor"),
    _words("reason"),
    Column("given_at", UtcDateTime, nullable=False),
    Column("expires_at", UtcDateTime, nullable=False),
    _words("used_by"),
    _words("used_in"),
    Column("used_at", UtcDateTime),
    _words("revoked_by"),
    Column("revoked_at", UtcDateTime),
    Index("ix_grants_target", "target_uid", "action"),
    Index("ix_grants_given", "given_at"),
)

actions = Table(
    "actions",
    metadata,
    Column("key", SafeText, primary_key=True),
    _incident(),
    _words("episode_id"),
    Column("call", JsonText, nullable=False),
    Column("target", JsonText, nullable=False),
    _words("target_uid"),
    _words("namespace"),
    _words("problem"),
    Column("automatic", Boolean, nullable=False),
    Column("inverse", JsonText),
    _words("undo_of"),
    Column("claimed_at", UtcDateTime, nullable=False),
    Column("receipt", JsonText),
    _words("verdict"),
    Index("ix_actions_claimed", "claimed_at"),
    Index("ix_actions_target", "target_uid", "claimed_at"),
    Index("ix_actions_incident", "incident_id", "claimed_at"),
    Index("ix_actions_unjudged", "claimed_at", **_where("verdict = ''")),
)

autonomy = Table(
    "autonomy",
    metadata,
    Column("action", SafeText, primary_key=True),
    Column("problem", SafeText, primary_key=True),
    _words("level"),
    _words("actor"),
    _words("reason"),
    Column("at", UtcDateTime, nullable=False),
    _words("cause"),
)

outbox = Table(
    "outbox",
    metadata,
    Column("key", SafeText, primary_key=True),
    _words("incident_id"),
    _words("kind"),
    _words("subject"),
    _words("body"),
    Column("queued_at", UtcDateTime, nullable=False),
    Column("sent_at", UtcDateTime),
    Column("attempts", Integer, nullable=False, server_default="0"),
    _words("last_error"),
    _words("html"),
    _words("approval_id"),
    Column("escalated", Boolean, nullable=False, server_default=text("false")),
    Column("taken_by", JsonText, nullable=False, server_default="[]"),
    Column("next_at", UtcDateTime),
    _words("cause"),
    _words("how_soon"),
    Column("gist", JsonText, nullable=False, server_default="{}"),
    _words("sent_with"),
    Index("ix_outbox_unsent", "queued_at", **_where("sent_at IS NULL")),
    Index("ix_outbox_incident", "incident_id", "queued_at"),
    Index("ix_outbox_cause", "cause", "queued_at", **_where("cause <> ''")),
    Index("ix_outbox_letter", "sent_with", **_where("sent_with <> ''")),
)

audit = Table(
    "audit",
    metadata,
    Column("seq", _number(), primary_key=True, autoincrement=False),
    Column("at", UtcDateTime, nullable=False),
    _words("kind"),
    _words("actor"),
    _words("incident_id"),
    Column("detail", SafeText, nullable=False),
    _words("previous"),
    _words("digest"),
    Index("ix_audit_incident", "incident_id", "seq"),
)

revisions = Table(
    "revisions",
    metadata,
    Column("workload_uid", SafeText, primary_key=True),
    Column("template_digest", SafeText, primary_key=True),
    Column("revision", Integer, nullable=False),
    Column("healthy_since", UtcDateTime),
    Column("healthy_seconds", Float, nullable=False, server_default="0"),
    Column("ill_since", UtcDateTime),
    Column("ill_seconds", Float, nullable=False, server_default="0"),
    Column("last_seen", UtcDateTime, nullable=False),
)

controls = Table(
    "controls",
    metadata,
    Column("name", SafeText, primary_key=True),
    Column("engaged", Boolean, nullable=False, server_default=text("false")),
    _words("actor"),
    _words("reason"),
    Column("at", UtcDateTime),
    Column("probes", Integer, nullable=False, server_default="0"),
)

holds = Table(
    "holds",
    metadata,
    Column("id", _number(), primary_key=True, autoincrement=True),
    _words("cause"),
    _words("why"),
    Column("since", UtcDateTime, nullable=False),
    Column("weight", Integer, nullable=False, server_default="0"),
    Column("lifted_at", UtcDateTime),
    _words("lifted_by"),
    _words("lift_reason"),
    Index("uq_holds_cause", "cause", unique=True, **_where("lifted_at IS NULL")),
)

marks = Table(
    "marks",
    metadata,
    Column("id", _number(), primary_key=True, autoincrement=True),
    _incident(),
    Column("at", UtcDateTime, nullable=False),
    _words("actor"),
    _words("mark"),
    _words("note"),
    _words("better_action"),
    Index("ix_marks_incident", "incident_id", "id"),
)

conversations = Table(
    "conversations",
    metadata,
    Column("id", SafeText, primary_key=True),
    _words("actor"),
    Column("begun_at", UtcDateTime, nullable=False),
    Column("updated_at", UtcDateTime, nullable=False),
    Index("ix_conversations_updated", "updated_at"),
    Index("ix_conversations_actor", "actor", "updated_at"),
)

turns = Table(
    "turns",
    metadata,
    Column("id", _number(), primary_key=True, autoincrement=True),
    Column("conversation_id", SafeText, ForeignKey("conversations.id"), nullable=False),
    Column("at", UtcDateTime, nullable=False),
    _words("question"),
    _words("answer"),
    _words("answered_by"),
    Column("incidents", JsonText, nullable=False, server_default="[]"),
    Column("sources", JsonText, nullable=False, server_default="[]"),
    Column("topic", JsonText, nullable=False, server_default="{}"),
    Column("offer", JsonText),
    Index("ix_turns_conversation", "conversation_id", "id"),
)
