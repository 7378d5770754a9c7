"""A whole agent on a live sandbox with a clock that stands still: tests say when time passes.

Nothing is patched: settings, store, cluster client, graph, runner and Flask app are the real ones; only the
threads that would sweep by themselves are left out, so that a test drives every step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from flask.testing import FlaskClient

from server.bootstrap import Agent, build
from server.settings import Settings
from tools.adviser import Adviser
from tools.clock import Clock, ManualClock
from tools.cluster import KubernetesCluster
from tools.incidents import Incident
from tools.sandbox import Sandbox
from tools.sightings import look


@dataclass
class Harness:
    """The agent, its cluster and its clock."""

    agent: Agent
    sandbox: Sandbox
    clock: ManualClock
    client: FlaskClient
    sight_at: datetime

    def advance(self, seconds: float, *, step: float = 5.0) -> None:
        """Let time pass in small steps: the cluster moves, sightings are made, due incidents are driven."""
        left = seconds
        while left > 0:
            self.sandbox.settle(min(step, left))
            left -= step
            self.drive()
            self._sight()

    def drive(self) -> None:
        """Drive what is due now until nothing is."""
        for _ in range(50):
            due = self.agent.services.incidents.due(self.agent.services.clock.now())
            if not due:
                return
            for incident_id in due:
                self.agent.runner.step(incident_id)

    def alert(self, *alerts: dict[str, Any]) -> list[str]:
        """Post a webhook body with these alerts; returns the incident ids of the answer."""
        answer = self.client.post("/webhook", json=webhook_body(*alerts))
        assert answer.status_code == 202, answer.get_data(as_text=True)
        ids: list[str] = answer.get_json()["incidents"]
        return ids

    def crash_alert(
        self, pod: dict[str, Any], *, status: str = "firing", name: str = "KubePodCrashLooping"
    ) -> dict[str, Any]:
        """An alert of kube-prometheus about this pod."""
        metadata = pod["metadata"]
        return alert(
            name,
            status=status,
            starts_at=self.clock.now().isoformat(),
            namespace=metadata["namespace"],
            pod=metadata["name"],
            uid=metadata["uid"],
            container=pod["spec"]["containers"][0]["name"],
        )

    def incident(self, incident_id: str) -> Incident:
        """The record's row."""
        return self.agent.services.incidents.get(incident_id)

    def pods(self, namespace: str) -> list[dict[str, Any]]:
        """Pods of the namespace as an administrator sees them."""
        return self.sandbox.list("Pod", namespace)

    def _sight(self) -> None:
        """Once a minute, as the worker's chore does it."""
        if self.clock.now() >= self.sight_at:
            self.sight_at = self.clock.now() + timedelta(seconds=60)
            services = self.agent.services
            look(services.cluster, services.revisions, services.clock)


@dataclass(frozen=True)
class Shifted:
    """A clock that is wrong by a fixed time."""

    clock: Clock
    by: timedelta

    def now(self) -> datetime:
        return self.clock.now() + self.by


@contextmanager
def harness(
    folder: Path,
    adviser: Adviser | None = None,
    *,
    metrics_server: bool = True,
    ahead: float = 0.0,
    **environ: str,
) -> Iterator[Harness]:
    """Start one; everything is stopped at the end. `adviser`: a model in place of the one that is configured;
    `ahead`: by how many seconds the agent's clock differs from the cluster's.
    """
    clock = ManualClock()
    with Sandbox(clock=clock, nodes=3, metrics=metrics_server) as sandbox:
        kubeconfig = sandbox.kubeconfig(folder / "kubeconfig")
        settings = Settings.load(
            {
                "DATA_DIR": str(folder / "data"),
                "KUBECONFIG": str(kubeconfig),
                "SETTLE_SECONDS": "30",
                **environ,
            },
            sandbox=True,
        )
        cluster = KubernetesCluster.connect(str(kubeconfig), sleep=lambda seconds: None)
        theirs = Shifted(clock, timedelta(seconds=ahead)) if ahead else clock
        agent = build(settings, clock=theirs, cluster=cluster, adviser=adviser)
        try:
            yield Harness(agent, sandbox, clock, agent.app.test_client(), clock.now())
        finally:
            agent.stop()


def alert(name: str, *, starts_at: str, status: str = "firing", **labels: str) -> dict[str, Any]:
    """One alert of a v4 body."""
    return {
        "status": status,
        "labels": {"alertname": name, "severity": "warning", **labels},
        "annotations": {"summary": f"{name} in a test"},
        "startsAt": starts_at,
        "endsAt": "0001-01-01T00:00:00Z" if status == "firing" else starts_at,
        "generatorURL": "",
        "fingerprint": hashlib.sha256(repr((name, sorted(labels.items()))).encode()).hexdigest()[:16],
    }


def webhook_body(*alerts: dict[str, Any]) -> dict[str, Any]:
    """A v4 body around alerts."""
    status = "firing" if any(a["status"] == "firing" for a in alerts) else "resolved"
    return {
        "version": "4",
        "groupKey": "{}:{}",
        "truncatedAlerts": 0,
        "status": status,
        "receiver": "sre-agent",
        "groupLabels": {},
        "commonLabels": {},
        "commonAnnotations": {},
        "externalURL": "http://alertmanager.invalid",
        "alerts": list(alerts),
    }


def deployment(
    name: str,
    namespace: str = "shop",
    *,
    replicas: int = 3,
    image: str = "registry.example/web:1.0",
    fault: str = "",
    env: dict[str, str] | None = None,
    **spec: Any,
) -> dict[str, Any]:
    """A Deployment; `fault` is the label that both servers' kubelets obey."""
    labels = {"app": name}
    template_labels = {**labels, **({"sim/fault": fault} if fault else {})}
    container = {
        "name": name,
        "image": image,
        "env": [{"name": k, "value": v} for k, v in (env or {}).items()],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": template_labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }
