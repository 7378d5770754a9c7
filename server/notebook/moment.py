"""The instant at which an incident was decided, as its record tells it: alerts, evidence, what was done before.

Whoever decides here does it on a copy that has been wound back. No cluster is asked: what one would say is in the
evidence, but for a namespace's `sre-agent/mode` label, which no record keeps; the mode that the decision names has it.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

from graph import counsel
from graph.diagnosis import unresolved
from graph.policy import PolicySettings
from graph.recollection import recollect
from graph.services import Services
from server.notebook.stopping import NOTHING_DECIDED, Stop
from tools.adviser import Adviser
from tools.approvals import SqlApprovals
from tools.autonomy import SqlAutonomy
from tools.bundle import Bundle, BundleMeta
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.controls import SqlControls
from tools.database import Database
from tools.grants import SqlGrants
from tools.hold_signs import SqlSigns
from tools.holds import SqlHolds
from tools.incidents import SqlIncidents
from tools.ledger import SqlLedger
from tools.outbox import SqlOutbox
from tools.past_runs import PastRun, past_runs
from tools.record_copy import copy_record, rewind
from tools.records import Evidence
from tools.requested_actions import SqlRequestedActions
from tools.revisions import SqlRevisions
from tools.sandbox import Sandbox

Mode = Literal["shadow", "approve", "auto"]


@dataclass(frozen=True)
class Moment:
    """What was known when it was decided, and services to decide with."""

    services: Services
    case: counsel.Case

    def decide(self) -> dict[str, Any]:
        """The decision record."""
        decision, _ = counsel.decide(self.services, self.case)
        return decision.model_dump(mode="json")

    def weigh(self) -> tuple[counsel.Weighed, ...]:
        """Every candidate by itself."""
        return counsel.weigh(self.services, self.case)


@contextmanager
def at_decision(
    record: Path, run: PastRun, policy: PolicySettings, adviser: Adviser | None = None
) -> Iterator[Moment]:
    """The moment of `run`, in a copy of `record` that goes away. Raises Stop when there is nothing to decide from."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="sre-agent-moment-")))
        copy_record(record, folder / "record.db")
        database = Database.open(f"sqlite:///{folder / 'record.db'}")
        stack.callback(database.close)
        at = run.decided_at or run.began_at
        rewind(database, at)
        sandbox = stack.enter_context(Sandbox.frozen(Bundle(meta=BundleMeta(now=at))))
        cluster = KubernetesCluster.connect(str(sandbox.kubeconfig(folder / "kubeconfig")))
        services = _services(database, cluster, at, policy, adviser)
        yield Moment(services, case_on_record(services, run.id))


def mode_of(decision: dict[str, Any]) -> Mode:
    """The mode that it was decided in, as its blocks tell it."""
    blocks = " ".join(map(str, decision.get("blocked_by", ())))
    if "mode: mode is shadow" in blocks:
        return "shadow"
    return "approve" if "mode: mode is approve" in blocks else "auto"


def chosen_run(database: Database, incident_id: str = "") -> PastRun:
    """This one, or the newest that acted, or the newest that was decided. Raises Stop."""
    runs = past_runs(database)
    decided = [run for run in runs if run.decided_at]
    if incident_id:
        found = next((run for run in runs if run.id == incident_id), None)
        if found is None:
            some = ", ".join(run.id for run in decided[:5]) or "none yet"
            raise Stop(f"The record has no incident {incident_id}.\nIncidents that were decided: {some}.")
        return found
    with_action = (run for run in decided if run.action_taken)
    newest = next(with_action, decided[0] if decided else None)
    if newest is None:
        raise Stop(NOTHING_DECIDED)
    return newest


def case_on_record(services: Services, incident_id: str) -> counsel.Case:
    """What the incident was decided from, put together again. Raises Stop when nothing was read for it."""
    incident, evidence = services.incidents.get(incident_id), services.incidents.evidence(incident_id)
    if evidence is None and incident.target is not None:
        raise Stop(f"Nothing was read for incident {incident_id} yet: choose another one in the first cell.")
    case = counsel.case_of(
        services,
        incident_id,
        evidence or Evidence(collected_at=services.clock.now()),
        incident.target,
        why_no_target=incident.summary.removeprefix(unresolved("").summary),
    )
    similar, _ = recollect(services.incidents, None, case.finding, incident.target)
    return case.model_copy(update={"similar": tuple(similar)})


def _services(
    database: Database,
    cluster: KubernetesCluster,
    at: datetime,
    policy: PolicySettings,
    adviser: Adviser | None,
) -> Services:
    clock = ManualClock(at)
    return Services(
        clock=clock,
        cluster=cluster,
        incidents=SqlIncidents(database, clock),
        approvals=SqlApprovals(database),
        ledger=SqlLedger(database, clock),
        outbox=SqlOutbox(database),
        revisions=SqlRevisions(database),
        controls=SqlControls(database),
        autonomy=SqlAutonomy(database),
        grants=SqlGrants(database),
        requests=SqlRequestedActions(database),
        holds=SqlHolds(database),
        signs=SqlSigns(database),
        policy=policy,
        adviser=adviser,
    )
