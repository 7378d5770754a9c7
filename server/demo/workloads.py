"""The manifests of what runs in the demo's cluster."""

from __future__ import annotations

from typing import Any


def namespace(name: str) -> dict[str, Any]:
    """An empty one."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}


def deployment(
    namespace: str,
    name: str,
    version: str,
    *,
    replicas: int = 3,
    fault: str = "",
    env: dict[str, str] | None = None,
    limits: dict[str, str] | None = None,
) -> dict[str, Any]:
    """A Deployment of one container; `fault` is the label that the sandbox's kubelet obeys."""
    labels = {"app": name, **({"sim/fault": fault} if fault else {})}
    container: dict[str, Any] = {"name": name, "image": f"registry.example/{name}:{version}"}
    container["env"] = [{"name": key, "value": value} for key, value in (env or {}).items()]
    if limits:
        container["resources"] = {"limits": limits, "requests": limits}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": replicas,
            "selector": {"matchLabels": {"app": name}},
            "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}},
        },
    }


def with_database(namespace: str, name: str) -> list[dict[str, Any]]:
    """A database, its Service, and a workload that needs it."""
    service = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "database", "namespace": namespace},
        "spec": {"selector": {"app": "database"}, "ports": [{"port": 5432}]},
    }
    client = deployment(namespace, name, "3.2", env={"DATABASE_HOST": f"database.{namespace}.svc"})
    return [service, deployment(namespace, "database", "16", replicas=1), client]
