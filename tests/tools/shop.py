"""A small shop on the sandbox: manifests, an alert, and ledgers of revisions that remember what a test says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tools.cluster import JsonObject, KubernetesCluster
from tools.records import Alert, RbacRule
from tools.revisions import RevisionSeen
from tools.sandbox import Sandbox

NAMESPACE = "shop"
START = datetime(2026, 1, 5, 12, 0, tzinfo=UTC)


def deployment(
    name: str = "web",
    image: str = "registry.example/web:1",
    *,
    fault: str = "",
    replicas: int = 3,
    env: Mapping[str, str] | None = None,
    **spec: Any,
) -> JsonObject:
    """A Deployment of one container `web`; `fault` is one of the sandbox's template labels `sim/fault`."""
    labels = {"app": name}
    template_labels = labels | ({"sim/fault": fault} if fault else {})
    container: JsonObject = {"name": "web", "image": image}
    if env:
        container["env"] = [{"name": key, "value": value} for key, value in env.items()]
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": template_labels}, "spec": {"containers": [container]}},
            **spec,
        },
    }


def of_kind(kind: str, made: JsonObject) -> JsonObject:
    """The same workload as a StatefulSet or a DaemonSet."""
    spec = dict(made["spec"])
    if kind == "DaemonSet":
        del spec["replicas"]
    if kind == "StatefulSet":
        spec["serviceName"] = made["metadata"]["name"]
    return {**made, "kind": kind, "spec": spec}


def service(name: str, app: str) -> JsonObject:
    """A Service in front of the pods of `app`."""
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80}]},
    }


def alert(at: datetime = START, *, status: Any = "firing", **labels: str) -> Alert:
    """An alert with these labels."""
    return Alert(fingerprint="f", status=status, labels=labels, starts_at=at)


def connect(sandbox: Sandbox, folder: Path, token: str = "admin") -> KubernetesCluster:
    """The real adapter on the sandbox; waits between retries are skipped."""
    path = sandbox.kubeconfig(folder / f"{token[-8:]}.kubeconfig", token)
    return KubernetesCluster.connect(str(path), sleep=lambda _seconds: None)


def grant(sandbox: Sandbox, account: str, rules: Sequence[RbacRule]) -> str:
    """A token of a ServiceAccount that may do exactly what the rules say."""
    token = sandbox.token(NAMESPACE, account)
    subject = {"kind": "ServiceAccount", "name": account, "namespace": NAMESPACE}
    group = "rbac.authorization.k8s.io"
    policy = [
        {"apiGroups": [rule.group], "resources": [rule.resource], "verbs": list(rule.verbs)} for rule in rules
    ]
    role = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRole",
        "metadata": {"name": account},
        "rules": policy,
    }
    binding = {
        "apiVersion": f"{group}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": account},
        "roleRef": {"apiGroup": group, "kind": "ClusterRole", "name": account},
        "subjects": [subject],
    }
    sandbox.apply([role, binding])
    return token


class Remembered:
    """A ledger of revisions that holds what it was told."""

    def __init__(self, *seen: RevisionSeen) -> None:
        self.entries = list(seen)
        self.sightings: list[tuple[str, str, int, bool | None, datetime]] = []

    def record(
        self, workload_uid: str, template_digest: str, revision: int, *, healthy: bool | None, at: datetime
    ) -> None:
        self.sightings.append((workload_uid, template_digest, revision, healthy, at))

    def seen(self, workload_uid: str) -> list[RevisionSeen]:
        return [entry for entry in self.entries if entry.workload_uid == workload_uid]
