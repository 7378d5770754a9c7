"""One incident as its record tells it, chapter by chapter, from the alert to the decision.

What came after the decision (approval, action, verdict) is told as far as it came.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from graph.counsel import Weighed
from graph.policy import RULES
from graph.state import Finding
from server.notebook.again import limits_of
from server.notebook.moment import at_decision
from server.notebook.opening import Opened
from server.notebook.stopping import told
from server.notebook.tables import Table, arguments, listed, pairs
from tools.approvals import SqlApprovals
from tools.clock import SystemClock
from tools.incidents import SqlIncidents
from tools.ledger import SqlLedger
from tools.past_runs import PastRun

NO_CANDIDATE = "None: no action would be right, so a person gets the explanation."


class Story:
    """Reads the copy; what was weighed is weighed again as of the decision."""

    def __init__(self, record: Opened, run: PastRun) -> None:
        """Raises Stop when nothing was read for the incident."""
        self._run = run
        self._incidents = SqlIncidents(record.database, SystemClock())
        self._approvals = SqlApprovals(record.database)
        self._ledger = SqlLedger(record.database, SystemClock())
        with told(), at_decision(record.file, run, limits_of(record, run)) as moment:
            self._case = moment.case
            self._weighed = moment.weigh()

    @property
    def finding(self) -> Finding:
        """What the evidence proves, proved again."""
        return self._case.finding

    def alerts(self) -> Table:
        """As they were when it was decided."""
        rows = [
            (alert.name, alert.status, f"{alert.starts_at:%Y-%m-%d %H:%M:%S}", _labels(alert.labels))
            for alert in self._case.alerts
        ]
        return Table("Alerts", ("name", "status", "since (UTC)", "labels"), rows)

    def target(self) -> Table:
        """What they are about."""
        target = self._case.target
        return pairs("Target", list(target) if target else [])

    def evidence(self) -> Table:
        """Everything that was asked for, also what could not be read."""
        items = self._case.evidence.items
        rows = [(item.id, item.kind, item.status, item.summary, item.query) for item in items]
        return Table("Evidence", ("id", "kind", "status", "what it says", "what was asked"), rows)

    def excerpts(self) -> Table:
        """The texts behind it: data, whatever they say."""
        rows = [(item.id, item.excerpt) for item in self._case.evidence.items if item.excerpt]
        return Table("Excerpts", ("id", "text"), rows, "No log and no event was there to read.")

    def found(self) -> Table:
        """The problem class and what proves it."""
        finding = self._case.finding
        rows = (
            ("problem", finding.problem),
            ("summary", finding.summary),
            ("how directly it is proved", finding.directness),
            ("facts", listed(finding.facts)),
            ("ruled out", listed(finding.ruled_out)),
            ("evidence", ", ".join(finding.evidence)),
            ("next step", finding.next_step),
        )
        return pairs("Finding", rows)

    def candidates(self) -> Table:
        """What could be done, best first."""
        rows = [
            (one.proposal.call.name, arguments(dict(one.proposal.call.args)), one.proposal.risk, _why(one))
            for one in self._weighed
        ]
        return Table("Candidates", ("action", "arguments", "risk", "why"), rows, NO_CANDIDATE)

    def policy(self) -> Table:
        """Every rule that stood in the way of a candidate."""
        rows = [row for one in self._weighed for row in _blocks(one)]
        title = f"Policy: what {len(RULES)} rules say"
        return Table(title, ("action", "rule", "effect", "why"), rows, NO_CANDIDATE)

    def similar(self) -> Table:
        """What was done before, and whether it helped."""
        rows = [
            (one.incident_id, one.problem, one.action, one.verdict, one.matched) for one in self._case.similar
        ]
        heads = ("incident", "problem", "action", "verdict", "why it counts")
        return Table("What was done before", heads, rows, "Nothing like it is in the record.")

    def decision(self) -> Table:
        """As it was recorded."""
        made = self._incidents.decision(self._run.id) or {}
        return pairs("Decision", _decision_rows(made))

    def approvals(self) -> Table:
        """Who was asked, for what change, and what they said."""
        rows = [
            (one.id, one.state, one.actor, one.reason, (one.proposal.get("preview") or {}).get("diff", ""))
            for one in self._approvals.for_incident(self._run.id)
        ]
        heads = ("id", "state", "by", "reason", "change")
        return Table("Approvals", heads, rows, "Nobody was asked.")

    def actions(self) -> Table:
        """What was written, and what verification found."""
        rows = [
            (
                entry.call.name,
                arguments(dict(entry.call.args)),
                "undo" if entry.undo_of else "automatic" if entry.automatic else "approved",
                entry.receipt.outcome if entry.receipt else "nobody knows",
                entry.verdict or "not judged",
            )
            for entry in self._ledger.for_incident(self._run.id)
        ]
        heads = ("action", "arguments", "by", "outcome", "verdict")
        return Table("Actions", heads, rows, "Nothing was written.")

    def timeline(self) -> Table:
        """Everything that was noted, oldest first."""
        lines = self._incidents.timeline(self._run.id)
        rows = [(f"{line.at:%H:%M:%S}", line.kind, line.text) for line in lines]
        return Table("Timeline", ("UTC", "kind", "what"), rows)


def _labels(labels: dict[str, str]) -> str:
    return listed(f"{name}={value}" for name, value in sorted(labels.items()) if name != "alertname")


def _why(one: Weighed) -> str:
    return f"{one.proposal.reason}\nconfidence {one.confidence:.2f}, would {one.route}"


def _blocks(one: Weighed) -> Iterator[tuple[str, str, str, str]]:
    name = one.proposal.call.name
    if not one.blocks:
        yield name, "", "act", "no rule stands in the way"
    yield from ((name, block.rule, block.effect, block.reason) for block in one.blocks)


def _decision_rows(made: dict[str, Any]) -> Iterator[tuple[str, object]]:
    action = made.get("action") or {}
    yield "route", made.get("route")
    yield "action", action.get("name")
    yield "arguments", arguments(action.get("args") or {})
    yield "confidence", made.get("confidence")
    yield "its parts", arguments(made.get("confidence_parts") or {})
    yield "reasons", listed(made.get("reasons", ()))
    yield "evidence", ", ".join(made.get("evidence", ()))
    yield "blocked by", listed(made.get("blocked_by", ()))
    yield "decider", made.get("decider")
