"""A server for tests: the real app over a real database, with a clock and a cluster's answers that tests set."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Literal

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert
from werkzeug.test import TestResponse

from graph.policy import PolicySettings
from graph.proof import Change
from server.app import AppParts, create_app
from server.health import Probes
from server.metrics import Metrics
from server.settings import Settings
from tools.approvals import Approval, SqlApprovals
from tools.audit import SqlAudit
from tools.clock import ManualClock
from tools.controls import SqlControls
from tools.database import Database
from tools.grants import SqlGrants
from tools.holds import SqlHolds
from tools.incidents import SqlIncidents
from tools.ledger import SqlLedger
from tools.listing import SqlListing
from tools.migrations.run import upgrade
from tools.outbox import SqlOutbox
from tools.schema import episodes, incidents
from tools.tallies import SqlTallies

START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)
VIEWER, APPROVER, ADMIN, WEBHOOK = (f"{name}-token-0123456789" for name in ("vera", "ana", "otto", "hook"))
PEOPLE = f"""
- {{name: vera, role: viewer, token: {VIEWER}}}
- {{name: ana, role: approver, token: {APPROVER}}}
- {{name: otto, role: admin, token: {ADMIN}}}
"""
HTML = {"Accept": "text/html,application/xhtml+xml,*/*;q=0.8"}
JSON = {"Accept": "application/json"}
DIFF = """--- before
+++ after
@@ -1,3 +1,3 @@
 containers:
-- image: shop/web:2
+- image: shop/web:1
"""


def found_change(kind: Literal["resolved", "changed", "blocked", "unreadable"], reason: str) -> Change:
    """What proving again finds."""
    return Change(kind=kind, reason=reason)


@cache
def empty_database() -> Path:
    """A database with the schema and nothing in it, made once per run and copied."""
    path = Path(mkdtemp(prefix="sre-agent-")) / "empty.db"
    upgrade(f"sqlite:///{path}")
    return path


@dataclass
class Stand:
    """One server with everything that a test may set or look at."""

    settings: Settings
    database: Database
    clock: ManualClock = field(default_factory=lambda: ManualClock(START))
    change: Change | None = None
    """What proving again finds."""
    during_proof: Callable[[], object] = lambda: None
    """What happens elsewhere while the cluster is being read."""
    woken: list[str | None] = field(default_factory=list)
    reopened: list[str] = field(default_factory=list)
    proofs: list[str] = field(default_factory=list)
    """Approvals that were proved again."""
    worker_works: bool = True
    policy: PolicySettings | None = None

    def __post_init__(self) -> None:
        self.incidents = SqlIncidents(self.database, self.clock)
        self.approvals = SqlApprovals(self.database)
        self.controls = SqlControls(self.database)
        self.holds = SqlHolds(self.database)
        self.probes = Probes(self.clock, lambda: 0.0)
        self.metrics = Metrics()
        self.metrics.follow(SqlTallies(self.database), self.controls, self.holds, self.clock)

    def prove_again(self, approval: Approval) -> Change | None:
        self.proofs.append(approval.id)
        self.during_proof()
        return self.change

    def reopen(self, incident_id: str) -> str:
        self.reopened.append(incident_id)
        return f"{incident_id}-again"

    def parts(self) -> AppParts:
        return AppParts(
            settings=self.settings,
            clock=self.clock,
            incidents=self.incidents,
            approvals=self.approvals,
            ledger=SqlLedger(self.database, self.clock),
            outbox=SqlOutbox(self.database),
            controls=self.controls,
            holds=self.holds,
            audit=SqlAudit(self.database),
            metrics=self.metrics,
            listing=SqlListing(self.database),
            ping=self.database.ping,
            wake=self.woken.append,
            prove_again=self.prove_again,
            reopen=self.reopen,
            probe=self.probes,
            policy=self.policy,
            grants=SqlGrants(self.database),
            works=lambda: self.worker_works,
        )

    def app(self) -> Flask:
        return create_app(self.parts())

    def client(self) -> FlaskClient:
        """A program: no cookies, as curl."""
        return self.app().test_client(use_cookies=False)

    def browser(self) -> Browser:
        return Browser(self.app().test_client())

    def incident(self, incident_id: str = "i1", **columns: Any) -> str:
        """An incident in the record."""
        row = {
            "id": incident_id,
            "episode_id": f"ep-{incident_id}",
            "status": "awaiting_approval",
            "alert_name": "KubePodCrashLooping",
            "severity": "critical",
            "namespace": "shop",
            "pod": "web-7d9-x2x1z",
            "began_at": self.clock.now(),
            "updated_at": self.clock.now(),
            **columns,
        }
        with self.database.write() as connection:
            connection.execute(insert(episodes).values(id=row["episode_id"], opened_at=self.clock.now()))
            connection.execute(insert(incidents).values(**row))
        return incident_id

    def approval(self, approval_id: str = "a1", incident_id: str = "i1", **fields: Any) -> Approval:
        """A pending approval of a rollback, and its incident."""
        self.incident(incident_id)
        now = self.clock.now()
        return self.approvals.request(
            Approval(
                id=approval_id,
                incident_id=incident_id,
                digest="d" * 64,
                proposal=fields.pop("proposal", None) or proposal(),
                shown=fields.pop("shown", None) or shown(),
                created_at=now,
                expires_at=now + timedelta(minutes=60),
                **fields,
            )
        )


class Browser:
    """A browser with cookies that sends what browsers send."""

    def __init__(self, client: FlaskClient) -> None:
        self._client = client

    def get(self, path: str, **headers: str) -> TestResponse:
        return self._client.get(path, headers={**HTML, "Sec-Fetch-Site": "none", **headers})

    def token(self, path: str) -> str:
        """The form token of this page."""
        text = self.get(path).get_data(as_text=True)
        return text.split('name="csrf_token" value="')[1].split('"')[0]

    def post(self, path: str, fields: dict[str, str], **headers: str) -> TestResponse:
        sent = {**HTML, "Sec-Fetch-Site": "same-origin", "Origin": "http://localhost", **headers}
        return self._client.post(path, data=fields, headers=sent)


def proposal(**changes: Any) -> dict[str, Any]:
    """A rollback of shop/web, previewed."""
    return {
        "call": {
            "name": "rollback_deployment",
            "args": {"namespace": "shop", "name": "web", "to_revision": 1},
        },
        "target": {"kind": "Deployment", "namespace": "shop", "name": "web", "uid": "u1"},
        "risk": "high",
        "problem": "bad_release",
        "reason": "Revision 2 never became ready; revision 1 was healthy for 3 days.",
        "health_proof": "proved",
        "preview": {
            "diff": DIFF,
            "dry_run": "accepted",
            "accepted": True,
            "warnings": [],
            "pods_replaced": ["web-7d9-x2x1z"],
            "stays_ready": "2 of 3 pods serve meanwhile",
            "verification": "all pods ready and no restart for 120 s",
            "undo": "rollback_deployment to revision 2",
            "notes": [],
        },
        **changes,
    }


def shown() -> dict[str, Any]:
    """What stands beside the proposal."""
    return {
        "incident": [
            "KubePodCrashLooping in shop, since 2026-01-05 11:58:00 UTC",
            "Revision 2 crashes at start.",
        ],
        "finding": {"facts": ["exit code 1 within 2 s"], "ruled_out": ["no dependency is down"]},
        "decision": {
            "confidence": 0.91,
            "confidence_parts": {"directness": 1.0, "completeness": 0.9},
            "blocked_by": ["high_risk: a person decides"],
            "decider": "playbook",
        },
        "evidence": [
            {
                "id": "e5",
                "kind": "previous_logs",
                "status": "found",
                "query": "GET …/log",
                "summary": "log of the crashed container",
                "excerpt": "panic: no config",
            }
        ],
        "missing": [],
        "similar": [],
        "summary": "Go back to an earlier revision of a Deployment.",
    }


@contextmanager
def stand(folder: Path, environ: dict[str, str] | None = None, *, people: bool = False) -> Iterator[Stand]:
    """A server whose data is in `folder`; with `people`, tokens are configured."""
    given = {"DATA_DIR": str(folder), **(environ or {})}
    if people:
        (folder / "people.yaml").write_text(PEOPLE, encoding="utf-8")
        given |= {"AUTH_TOKENS_FILE": str(folder / "people.yaml"), "WEBHOOK_TOKEN": WEBHOOK}
    settings = Settings.load(given)
    shutil.copy(empty_database(), folder / "sre-agent.db")
    database = Database.open(settings.database_url)
    try:
        yield Stand(settings, database)
    finally:
        database.close()
