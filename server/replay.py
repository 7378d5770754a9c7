"""Decide a stored incident again: the real agent over a frozen cluster, until it would ask, settle or end.

Mode is `auto` unless the bundle says what the live run had. Nothing is remembered but what `history.yaml` says,
and nothing is written: the frozen API refuses writes, and the record is a folder that goes away.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any

from server.bootstrap import Agent, build
from server.settings import Settings
from tools.alertmanager import parse
from tools.bundle import Bundle
from tools.cluster import KubernetesCluster
from tools.objects import metadata, revision_number, uid
from tools.revisions import RevisionLedger
from tools.sandbox import Sandbox
from tools.templates import template_digest

SIGHTING = timedelta(minutes=4)


def replay_bundle(path: Path) -> list[dict[str, Any]]:
    """The decision records of its unmerged incidents, oldest first. Raises BundleError, ToolError."""
    with _frozen_agent(Bundle.load(path)) as (bundle, agent):
        remember(bundle, agent.services.revisions)
        opened: dict[str, None] = {}
        for body in bundle.alerts:
            accepted = agent.inbox.accept(parse(body, now=bundle.meta.now))
            opened.update(dict.fromkeys(accepted.incident_ids))
            _drive(agent)
        found = [agent.services.incidents.get(incident_id) for incident_id in opened]
        kept = [incident.id for incident in found if incident.status != "merged"]
        decisions = [agent.services.incidents.decision(incident_id) for incident_id in kept]
        return [decision for decision in decisions if decision is not None]


def remember(bundle: Bundle, ledger: RevisionLedger) -> None:
    """Revisions seen healthy: `revisions: [{workload: shop/Deployment/web, revision: 3, minutes: 40}]`.

    Optional beside it: `healthy: false` for one that was seen ill, `ago`: minutes since it was last seen.
    """
    for seen in bundle.history.get("revisions", []):
        namespace, _, name = str(seen["workload"]).split("/")
        workload = _object(bundle, "Deployment", namespace, name)
        replicaset = _revision(bundle, uid(workload), int(seen["revision"]))
        digest = template_digest(replicaset["spec"]["template"])
        last = bundle.meta.now - timedelta(minutes=float(seen.get("ago", 0)))
        at = last - timedelta(minutes=float(seen["minutes"]))
        while at <= last:
            healthy = bool(seen.get("healthy", True))
            ledger.record(uid(workload), digest, int(seen["revision"]), healthy=healthy, at=at)
            at = last if at < last < at + SIGHTING else at + SIGHTING


@contextmanager
def _frozen_agent(bundle: Bundle) -> Iterator[tuple[Bundle, Agent]]:
    with tempfile.TemporaryDirectory(prefix="sre-agent-replay-") as name, Sandbox.frozen(bundle) as sandbox:
        folder = Path(name)
        kubeconfig = sandbox.kubeconfig(folder / "kubeconfig")
        environ = {"DATA_DIR": str(folder / "data"), "MODE": bundle.meta.mode or "auto"}
        settings = Settings.load(environ, sandbox=True)
        cluster = KubernetesCluster.connect(str(kubeconfig), sleep=lambda seconds: None)
        patience = {"read_patience_seconds": 0.0}
        agent = build(settings, clock=sandbox.clock, cluster=cluster, limits=patience)
        try:
            yield bundle, agent
        finally:
            agent.stop()


def _drive(agent: Agent) -> None:
    """As far as it goes while the clock stands still: a run that parks is not due again."""
    for _ in range(10):
        for incident_id in agent.services.incidents.due(agent.services.clock.now()):
            agent.runner.step(incident_id)


def _object(bundle: Bundle, kind: str, namespace: str, name: str) -> dict[str, Any]:
    for item in bundle.objects:
        found = (item["kind"], metadata(item).get("namespace"), metadata(item)["name"])
        if found == (kind, namespace, name):
            return item
    raise ValueError(f"history.yaml names {namespace}/{kind}/{name}, which cluster.yaml does not have")


def _revision(bundle: Bundle, owner: str, number: int) -> dict[str, Any]:
    for item in bundle.objects:
        owners = [reference.get("uid") for reference in metadata(item).get("ownerReferences", [])]
        if item["kind"] == "ReplicaSet" and owner in owners and revision_number(item) == number:
            return item
    raise ValueError(f"history.yaml names revision {number}, of which cluster.yaml has no ReplicaSet")
