"""Clusters that questions are asked about, and what is true of them, computed from the cluster's own objects."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.chat import Answer, ChatServices, Topic, build
from tests.harness import deployment
from tools.approvals import SqlApprovals
from tools.autonomy import SqlAutonomy
from tools.bundle import Bundle
from tools.clock import ManualClock
from tools.cluster import KubernetesCluster
from tools.controls import SqlControls
from tools.database import Database
from tools.holds import SqlHolds
from tools.incidents import SqlIncidents
from tools.ledger import SqlLedger
from tools.listing import SqlListing
from tools.marks import SqlMarks
from tools.readonly import ReadOnlyCluster
from tools.record_reader import RecordViews, RevisionsView
from tools.revisions import SqlRevisions
from tools.sandbox import Sandbox
from tools.sandbox.hosting import Host

BAD_WAITS = {"CrashLoopBackOff", "ImagePullBackOff", "ErrImagePull", "CreateContainerConfigError"}
GRAPH = build()


@dataclass
class World:
    """One cluster with a record beside it, and the way to ask about both."""

    sandbox: Sandbox
    services: ChatServices
    clock: ManualClock
    topic: Topic = field(default_factory=Topic)

    def ask(self, question: str, *, follow: bool = False) -> Answer:
        """The answer; with `follow`, as the next question of the conversation so far."""
        given: Any = {"question": question, "topic": self.topic if follow else Topic()}
        answer: Answer = GRAPH.invoke(given, context=self.services)["answer"]
        self.topic = answer.topic
        return answer

    def pods(self, namespace: str = "") -> list[dict[str, Any]]:
        """As an administrator sees them."""
        return self.sandbox.list("Pod", namespace)

    def per_namespace(self) -> Counter[str]:
        """How many pods each namespace has."""
        return Counter(pod["metadata"]["namespace"] for pod in self.pods())

    def ill(self, namespace: str = "") -> set[str]:
        """Names of pods that are not well: waiting for a bad reason, or neither ready nor finished."""
        return {
            pod["metadata"]["name"]
            for pod in self.pods(namespace)
            if _waits(pod) & BAD_WAITS or _unready(pod)
        }

    def waiting(self, reason: str) -> set[str]:
        """Names of pods with a container that waits for this reason."""
        return {pod["metadata"]["name"] for pod in self.pods() if reason in _waits(pod)}

    def of(self, namespace: str, workload: str) -> list[dict[str, Any]]:
        """Pods of a Deployment."""
        return self.sandbox.pods(namespace, workload)

    def namespaces(self) -> set[str]:
        """All of them."""
        return {entry["metadata"]["name"] for entry in self.sandbox.list("Namespace")}


def _waits(pod: dict[str, Any]) -> set[str]:
    statuses = (pod.get("status") or {}).get("containerStatuses") or []
    return {
        entry["state"]["waiting"].get("reason", "")
        for entry in statuses
        if "waiting" in entry.get("state", {})
    }


def _unready(pod: dict[str, Any]) -> bool:
    conditions = {entry["type"]: entry["status"] for entry in pod["status"].get("conditions", [])}
    return pod["status"].get("phase") != "Succeeded" and conditions.get("Ready") != "True"


def services_over(host: Host, folder: Path, database: Database, clock: Any, **more: Any) -> ChatServices:
    """Chat's services over the real client and an empty record."""
    path = host.kubeconfig(folder / f"{id(host)}.kubeconfig")
    cluster = KubernetesCluster.connect(str(path), sleep=lambda _seconds: None)
    record = RecordViews(
        incidents=SqlIncidents(database, clock),
        listing=SqlListing(database),
        approvals=SqlApprovals(database),
        ledger=SqlLedger(database, clock),
        controls=SqlControls(database),
        marks=SqlMarks(database),
        holds=SqlHolds(database),
        autonomy=SqlAutonomy(database),
    )
    return ChatServices(
        clock=clock,
        cluster=ReadOnlyCluster(cluster),
        record=record,
        revisions=RevisionsView(SqlRevisions(database)),
        mode="approve",
        **more,
    )


@contextmanager
def world(folder: Path, database: Database, *, nodes: int = 3, seed: int = 1) -> Iterator[World]:
    """An empty cluster to be filled."""
    clock = ManualClock()
    with Sandbox(clock=clock, nodes=nodes, seed=seed) as sandbox:
        yield World(sandbox, services_over(sandbox, folder, database, clock), clock)


def fill_shop(made: World) -> None:
    """A release that crashes beside healthy neighbours."""
    made.sandbox.apply(
        [
            deployment("web"),
            deployment("checkout-api", "pay", replicas=2, image="registry.example/checkout:7.2"),
            deployment("database", "pay", replicas=1, image="registry.example/postgres:16"),
            _service("checkout", "pay", "checkout-api"),
        ]
    )
    made.sandbox.settle(1200)
    made.sandbox.apply(deployment("web", image="registry.example/web:1.1", fault="crashloop"))
    made.sandbox.settle(180)


def fill_media(made: World) -> None:
    """Images that cannot be pulled, a configuration that is missing, a node that has fallen silent."""
    made.sandbox.apply(
        [
            deployment("thumbs", "media", replicas=2, image="registry.example/thumbs:2.0", fault="imagepull"),
            deployment("encoder", "media", replicas=1, fault="configerror"),
            deployment("sensors", "fleet", replicas=6),
            deployment("ledger", "billing", replicas=3),
        ]
    )
    made.sandbox.settle(400)
    made.sandbox.stop_node("node-4")
    made.sandbox.settle(90)


def fill_ai(made: World) -> None:
    """Names that are common words, workloads of one name in two namespaces, memory that runs out, a StatefulSet."""
    made.sandbox.apply(
        [
            deployment("agent-core", "ai-sre", replicas=2),
            deployment("worker", "ai-sre", replicas=2, fault="oom"),
            deployment("worker", "batch", replicas=1),
            deployment("monitoring", "default", replicas=1),
            deployment("log-shipper", "ops", replicas=2),
            {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "metadata": {"name": "queue", "namespace": "batch"},
                "spec": {
                    "serviceName": "queue",
                    "replicas": 3,
                    "selector": {"matchLabels": {"app": "queue"}},
                    "template": {
                        "metadata": {"labels": {"app": "queue"}},
                        "spec": {"containers": [{"name": "queue", "image": "registry.example/queue:3"}]},
                    },
                },
            },
        ]
    )
    made.sandbox.settle(600)
    made.sandbox.apply(deployment("agent-core", "ai-sre", replicas=2, image="registry.example/agent:9"))
    made.sandbox.settle(300)


def _service(name: str, namespace: str, app: str) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"selector": {"app": app}, "ports": [{"port": 80}]},
    }


@contextmanager
def frozen(bundle: Bundle, folder: Path, database: Database) -> Iterator[ChatServices]:
    """A recorded cluster."""
    with Sandbox.frozen(bundle) as sandbox:
        yield services_over(sandbox, folder, database, sandbox.clock)
